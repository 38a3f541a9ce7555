//! The edge of a Region: what its load balancer's listener does with everybody who comes.
//!
//! To stop writes at the edge, the listener's default action answers 503 instead of forwarding to the target group.
//! Only an action that the system file describes in full is replaced, because only that one can be put back: a
//! listener that authenticates first, or that spreads its requests over several target groups, is left alone. The
//! listener's further rules are not looked at; Evenkeel's stacks make none.
//!
//! Freezing is a kindness to users and to the source, not the fence: the database's own isolation is. So a source
//! that does not answer holds nothing up (rule 1), and is never called frozen (rule 4).
//!
//! Source: Elastic Load Balancing API, DescribeListeners, ModifyListener and Action.

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, FixedResponseActionConfig, TargetGroupTuple,
};
use domain::journal::Journal;
use domain::names::Region;
use domain::step::{Error, Result};
use domain::steps::region::Fence;
use domain::system::region_failover::Web;
use journal::Hold;
use runtime::aws::classify;

const DESCRIBE: &str = "elasticloadbalancing:DescribeListeners";
const MODIFY: &str = "elasticloadbalancing:ModifyListener";

/// What a frozen edge answers.
const FROZEN_STATUS: &str = "503";
const FROZEN_BODY: &str = "The service is moving to another Region. Please try again in a few minutes.";

/// A Region's listener.
#[derive(Debug)]
pub struct Listener<'a> {
    /// Elastic Load Balancing in its Region.
    pub client: Client,
    /// Its Region.
    pub region: &'a Region,
    /// What the system file says about it.
    pub web: &'a Web,
}

/// Whether a source's edge is frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// What is known.
    pub fence: Fence,
    /// What was seen.
    pub seen: String,
}

/// Ensures that the source's edge answers 503 to everybody, or that it is known not to be known.
///
/// # Errors
/// `NotYet` right after asking for it; `LockLost`; `Unsafe` when a person wants the run to stop; `Refused`. A source
/// that does not answer is no error.
pub async fn frozen<J: Journal>(listener: &Listener<'_>, hold: &Hold<'_, J>) -> Result<Frozen> {
    let known = |fence: Fence, seen: &str| {
        Ok(Frozen {
            fence,
            seen: format!("{}: {seen}", listener.region),
        })
    };
    let observed = match listener.observe().await {
        Err(error) if is_unreachable(&error) => return known(Fence::Unknown, &error.to_string()),
        observed => observed?,
    };
    match observed.decide_to_freeze() {
        Freeze::Done(seen) => return known(Fence::Fenced, &seen),
        Freeze::LeaveAlone(seen) => return known(Fence::Unknown, &seen),
        Freeze::Act => hold.check().await?,
    }
    match listener.replace(frozen_action()).await {
        Ok(()) => Err(listener.accepted(&describe(&frozen_action()))),
        Err(error) if is_unreachable(&error) => {
            // It may have taken effect, and the machine goes on without asking again. So this looks once more itself.
            match listener.observe().await.map(Edge::decide_to_freeze) {
                Ok(Freeze::Done(seen)) => known(Fence::Fenced, &seen),
                Ok(Freeze::LeaveAlone(_) | Freeze::Act) | Err(_) => known(Fence::Unknown, &error.to_string()),
            }
        }
        Err(error) => Err(error),
    }
}

/// Ensures that the source's edge forwards to its targets again. The undo of [`frozen`]. A source that may be lost need not
/// answer.
///
/// # Errors
/// `NotYet` right after asking for it; `Throttled` and `Unavailable` where it has to answer, and once it is known to be
/// frozen, because leaving it so would be an outage; `Refused`.
pub async fn thawed(listener: &Listener<'_>, may_be_lost: bool) -> Result<String> {
    let region = listener.region;
    match listener.observe().await {
        Err(error) if may_be_lost && is_unreachable(&error) => {
            Ok(format!("{region}: not known to forward again: {error}"))
        }
        observed => match observed? {
            Edge::Open(seen) | Edge::Forwards(seen) | Edge::Other(seen) => Ok(format!("{region}: {seen}")),
            Edge::Frozen(_) => Err(listener.forward().await),
        },
    }
}

/// Ensures that this Region's edge forwards to its targets, whatever froze it before.
///
/// # Errors
/// `NotYet` right after asking for it; `LockLost`; `Unsafe` when the listener does something that the system file
/// does not describe, or when a person wants the run to stop; `Throttled`, `Unavailable`, `Refused`.
pub async fn open<J: Journal>(listener: &Listener<'_>, hold: &Hold<'_, J>) -> Result<String> {
    match listener.observe().await? {
        Edge::Open(seen) | Edge::Forwards(seen) => Ok(format!("{}: {seen}", listener.region)),
        Edge::Frozen(_) => {
            hold.check().await?;
            Err(listener.forward().await)
        }
        Edge::Other(seen) => Err(Error::Unsafe {
            why: format!(
                "in {}, {seen}, and nobody here did that; set the default action of {} to forward to {} by hand",
                listener.region, listener.web.listener, listener.web.target_group
            ),
        }),
    }
}

impl Listener<'_> {
    async fn observe(&self) -> Result<Edge> {
        let answer = self
            .client
            .describe_listeners()
            .listener_arns(&self.web.listener)
            .send();
        let answer = answer.await.map_err(|error| classify(DESCRIBE, error))?;
        let listener = answer.listeners().first().ok_or_else(|| Error::Refused {
            call: DESCRIBE.to_owned(),
            why: format!("there is no listener {}", self.web.listener),
        })?;
        Ok(Edge::of(listener.default_actions(), &self.web.target_group))
    }

    async fn replace(&self, action: Action) -> Result<()> {
        let request = self.client.modify_listener().listener_arn(&self.web.listener);
        let answer = request.default_actions(action).send().await;
        answer.map(|_| ()).map_err(|error| classify(MODIFY, error))
    }

    async fn forward(&self) -> Error {
        let forward = forward_action(&self.web.target_group);
        let words = describe(&forward);
        match self.replace(forward).await {
            Ok(()) => self.accepted(&words),
            Err(error) => error,
        }
    }

    fn accepted(&self, action: &str) -> Error {
        Error::NotYet {
            seen: format!("{}: {MODIFY} to {action} accepted", self.region),
        }
    }
}

/// What an edge does, with the listener's own words for it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Edge {
    /// It forwards to the target group, and that is all.
    Open(String),
    /// It forwards to the target group, and does something else besides.
    Forwards(String),
    /// It answers 503 to everybody.
    Frozen(String),
    /// Something else.
    Other(String),
}

/// What is to be done to freeze an edge.
enum Freeze {
    Done(String),
    Act,
    LeaveAlone(String),
}

impl Edge {
    fn of(actions: &[Action], target_group: &str) -> Self {
        let words: Vec<String> = actions.iter().map(describe).collect();
        let words = match words.join(", then ") {
            none if none.is_empty() => "the listener has no default action".to_owned(),
            words => format!("the listener's default action is {words}"),
        };
        match actions {
            [only] if is_frozen(only) => Self::Frozen(words),
            [only] if forwards_to(only) == [target_group] => Self::Open(words),
            // The action that decides comes last. Source: Elastic Load Balancing API, Action.
            [.., last] if forwards_to(last).contains(&target_group) => Self::Forwards(words),
            _ => Self::Other(words),
        }
    }

    fn decide_to_freeze(self) -> Freeze {
        match self {
            Self::Frozen(seen) => Freeze::Done(seen),
            Self::Open(_) => Freeze::Act,
            Self::Forwards(seen) | Self::Other(seen) => Freeze::LeaveAlone(format!(
                "{seen}; it is left as it is, because thawing could not put that back"
            )),
        }
    }
}

fn is_frozen(action: &Action) -> bool {
    action.r#type() == Some(&ActionTypeEnum::FixedResponse)
        && action
            .fixed_response_config()
            .and_then(FixedResponseActionConfig::status_code)
            == Some(FROZEN_STATUS)
}

/// The target groups that get any of its requests.
fn forwards_to(action: &Action) -> Vec<&str> {
    if action.r#type() != Some(&ActionTypeEnum::Forward) {
        return Vec::new();
    }
    let groups = action.forward_config().map(|forward| forward.target_groups());
    match groups {
        Some(groups) if !groups.is_empty() => groups
            .iter()
            .filter(|group| group.weight() != Some(0))
            .filter_map(TargetGroupTuple::target_group_arn)
            .collect(),
        Some(_) | None => action.target_group_arn().into_iter().collect(),
    }
}

fn describe(action: &Action) -> String {
    let kind = action.r#type().map_or("unknown", ActionTypeEnum::as_str);
    let status = action
        .fixed_response_config()
        .and_then(FixedResponseActionConfig::status_code);
    let groups: Vec<&str> = forwards_to(action)
        .into_iter()
        // `arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID`: the last part names it.
        .map(|arn| arn.rsplit(':').next().unwrap_or(arn))
        .collect();
    match status {
        Some(status) => format!("{kind} {status}"),
        None if groups.is_empty() => kind.to_owned(),
        None => format!("{kind} to {}", groups.join(" and ")),
    }
}

fn frozen_action() -> Action {
    let answer = FixedResponseActionConfig::builder()
        .status_code(FROZEN_STATUS)
        .content_type("text/plain")
        .message_body(FROZEN_BODY)
        .build();
    Action::builder()
        .r#type(ActionTypeEnum::FixedResponse)
        .fixed_response_config(answer)
        .build()
}

fn forward_action(target_group: &str) -> Action {
    Action::builder()
        .r#type(ActionTypeEnum::Forward)
        .target_group_arn(target_group)
        .build()
}

/// Whether a call did not come through. A refusal is an answer.
fn is_unreachable(error: &Error) -> bool {
    matches!(error, Error::Unavailable { .. } | Error::Throttled { .. })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_sdk_elasticloadbalancingv2::operation::describe_listeners::DescribeListenersOutput;
    use aws_sdk_elasticloadbalancingv2::operation::modify_listener::ModifyListenerOutput;
    use aws_sdk_elasticloadbalancingv2::types::{ForwardActionConfig, Listener as Described};
    use aws_smithy_mocks::{MockResponse, mock};
    use domain::system::Site;

    use super::*;
    use crate::mocked::{Holding, client, shop, status, xml_error};

    /// What happens to a call that arrives.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Weather {
        Fair,
        LostAnswer,
        Throttled,
        Down,
        Denied,
    }

    /// A load balancer with one listener.
    #[derive(Clone)]
    struct LoadBalancer {
        actions: Arc<Mutex<Vec<Action>>>,
        changes: Arc<Mutex<u32>>,
        describing: Weather,
        changing: Weather,
    }

    impl LoadBalancer {
        fn with(actions: Vec<Action>) -> Self {
            Self {
                actions: Arc::new(Mutex::new(actions)),
                changes: Arc::default(),
                describing: Weather::Fair,
                changing: Weather::Fair,
            }
        }

        fn client(&self) -> Client {
            let (read, written) = (self.clone(), self.clone());
            let describe = mock!(Client::describe_listeners).then_compute_response(move |_| {
                let actions = read.actions.lock().expect("whole").clone();
                let listener = Described::builder().set_default_actions(Some(actions)).build();
                let described = DescribeListenersOutput::builder().listeners(listener).build();
                weathered(read.describing, described)
            });
            let modify = mock!(Client::modify_listener).then_compute_response(move |input| {
                if matches!(written.changing, Weather::Fair | Weather::LostAnswer) {
                    *written.actions.lock().expect("whole") = input.default_actions().to_vec();
                    *written.changes.lock().expect("whole") += 1;
                }
                weathered(written.changing, ModifyListenerOutput::builder().build())
            });
            client!(aws_sdk_elasticloadbalancingv2, [describe, modify])
        }

        fn now(&self) -> Edge {
            Edge::of(&self.actions.lock().expect("whole"), &site().web.target_group)
        }

        fn changes(&self) -> u32 {
            *self.changes.lock().expect("whole")
        }
    }

    fn weathered<O, E>(weather: Weather, output: O) -> MockResponse<O, E> {
        match weather {
            Weather::Fair => MockResponse::Output(output),
            Weather::LostAnswer | Weather::Down => status(503),
            Weather::Throttled => xml_error(400, "Throttling", "Rate exceeded"),
            Weather::Denied => xml_error(403, "AccessDenied", "not authorized"),
        }
    }

    fn site() -> Site {
        let [primary, _] = shop(None).region_failover.expect("two Regions").sites;
        primary
    }

    fn ours() -> Action {
        forward_action(&site().web.target_group)
    }

    fn another() -> Action {
        forward_action("arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/green/7")
    }

    fn spread(weights: [(&str, i32); 2]) -> Action {
        let groups = weights.map(|(arn, weight)| {
            TargetGroupTuple::builder()
                .target_group_arn(arn)
                .weight(weight)
                .build()
        });
        let config = ForwardActionConfig::builder().set_target_groups(Some(groups.to_vec()));
        Action::builder()
            .r#type(ActionTypeEnum::Forward)
            .forward_config(config.build())
            .build()
    }

    fn of_kind(kind: ActionTypeEnum) -> Action {
        Action::builder().r#type(kind).build()
    }

    fn fixed(status: &str) -> Action {
        let answer = FixedResponseActionConfig::builder().status_code(status).build();
        let action = Action::builder().r#type(ActionTypeEnum::FixedResponse);
        action.fixed_response_config(answer).build()
    }

    async fn freeze(load_balancer: &LoadBalancer, holding: &Holding) -> Result<Frozen> {
        let site = site();
        frozen(&listener(load_balancer, &site), &holding.hold()).await
    }

    fn listener<'a>(load_balancer: &LoadBalancer, site: &'a Site) -> Listener<'a> {
        Listener {
            client: load_balancer.client(),
            region: &site.region,
            web: &site.web,
        }
    }

    #[test]
    fn a_listener_does_one_of_four_things() {
        let ours_arn = site().web.target_group;
        let open = "the listener's default action is forward to targetgroup/shop/1111111111111111";
        let cases = [
            (vec![ours()], Edge::Open(open.to_owned())),
            (
                vec![spread([(&ours_arn, 1), ("green", 0)])],
                Edge::Open(open.to_owned()),
            ),
            (
                vec![spread([(&ours_arn, 1), ("green", 1)])],
                Edge::Forwards(format!("{open} and green")),
            ),
            (
                vec![of_kind(ActionTypeEnum::AuthenticateOidc), ours()],
                Edge::Forwards(
                    "the listener's default action is authenticate-oidc, then forward to \
                     targetgroup/shop/1111111111111111"
                        .to_owned(),
                ),
            ),
            (
                vec![frozen_action()],
                Edge::Frozen("the listener's default action is fixed-response 503".to_owned()),
            ),
            (
                vec![fixed("200")],
                Edge::Other("the listener's default action is fixed-response 200".to_owned()),
            ),
            (
                vec![spread([(&ours_arn, 0), ("green", 1)])],
                Edge::Other("the listener's default action is forward to green".to_owned()),
            ),
            (
                vec![another()],
                Edge::Other("the listener's default action is forward to targetgroup/green/7".to_owned()),
            ),
            (
                vec![of_kind(ActionTypeEnum::Redirect)],
                Edge::Other("the listener's default action is redirect".to_owned()),
            ),
            (
                vec![],
                Edge::Other("the listener has no default action".to_owned()),
            ),
        ];
        for (actions, edge) in cases {
            assert_eq!(Edge::of(&actions, &ours_arn), edge, "{actions:?}");
        }
    }

    #[tokio::test]
    async fn it_is_frozen_once_and_then_seen_to_be() {
        let (load_balancer, holding) = (LoadBalancer::with(vec![ours()]), Holding::the_lock().await);
        let asked = freeze(&load_balancer, &holding).await.expect_err("asked for");
        assert_eq!(
            asked.to_string(),
            "not yet: eu-central-1: elasticloadbalancing:ModifyListener to fixed-response 503 accepted"
        );
        let frozen = freeze(&load_balancer, &holding).await.expect("frozen");
        assert_eq!(frozen.fence, Fence::Fenced);
        assert_eq!(
            frozen.seen,
            "eu-central-1: the listener's default action is fixed-response 503"
        );
        assert_eq!(load_balancer.changes(), 1);
    }

    #[tokio::test]
    async fn a_run_without_the_lock_freezes_nothing() {
        let (load_balancer, holding) = (LoadBalancer::with(vec![ours()]), Holding::no_more().await);
        let lost = freeze(&load_balancer, &holding).await.expect_err("lost");
        assert_eq!(lost.name(), Error::LOCK_LOST);
        assert_eq!(load_balancer.changes(), 0);
    }

    #[tokio::test]
    async fn a_source_that_does_not_answer_is_unknown_and_never_frozen() {
        let holding = Holding::the_lock().await;
        for describing in [Weather::Down, Weather::Throttled] {
            let load_balancer = LoadBalancer {
                describing,
                ..LoadBalancer::with(vec![frozen_action()])
            };
            let known = freeze(&load_balancer, &holding).await.expect("no failure");
            assert_eq!(known.fence, Fence::Unknown, "{describing:?}");
            assert!(known.seen.contains(DESCRIBE), "{}", known.seen);
        }
        for changing in [Weather::Down, Weather::Throttled] {
            let load_balancer = LoadBalancer {
                changing,
                ..LoadBalancer::with(vec![ours()])
            };
            let known = freeze(&load_balancer, &holding).await.expect("no failure");
            assert_eq!(known.fence, Fence::Unknown, "{changing:?}");
            assert!(known.seen.contains(MODIFY), "{}", known.seen);
        }
    }

    #[tokio::test]
    async fn an_answer_that_was_lost_is_looked_for() {
        let load_balancer = LoadBalancer {
            changing: Weather::LostAnswer,
            ..LoadBalancer::with(vec![ours()])
        };
        let known = freeze(&load_balancer, &Holding::the_lock().await)
            .await
            .expect("frozen");
        assert_eq!((known.fence, load_balancer.changes()), (Fence::Fenced, 1));
    }

    #[tokio::test]
    async fn a_refusal_is_no_silence() {
        let holding = Holding::the_lock().await;
        for (describing, changing) in [(Weather::Denied, Weather::Fair), (Weather::Fair, Weather::Denied)] {
            let load_balancer = LoadBalancer {
                describing,
                changing,
                ..LoadBalancer::with(vec![ours()])
            };
            let error = freeze(&load_balancer, &holding).await.expect_err("refused");
            assert_eq!(error.name(), Error::REFUSED);
        }
    }

    #[tokio::test]
    async fn what_could_not_be_put_back_is_left_alone() {
        let holding = Holding::the_lock().await;
        for actions in [
            vec![another()],
            vec![of_kind(ActionTypeEnum::AuthenticateOidc), ours()],
        ] {
            let load_balancer = LoadBalancer::with(actions);
            let known = freeze(&load_balancer, &holding).await.expect("no failure");
            assert_eq!((known.fence, load_balancer.changes()), (Fence::Unknown, 0));
            assert!(known.seen.contains("left as it is"), "{}", known.seen);
        }
    }

    #[tokio::test]
    async fn thawing_undoes_freezing_and_nothing_else() {
        let site = site();
        let load_balancer = LoadBalancer::with(vec![frozen_action()]);
        let asked = thawed(&listener(&load_balancer, &site), true)
            .await
            .expect_err("asked for");
        assert_eq!(asked.name(), Error::NOT_YET);
        assert!(matches!(load_balancer.now(), Edge::Open(_)));
        let seen = thawed(&listener(&load_balancer, &site), true)
            .await
            .expect("open");
        assert!(seen.contains("forward to targetgroup/shop"), "{seen}");

        let load_balancer = LoadBalancer::with(vec![another()]);
        thawed(&listener(&load_balancer, &site), true)
            .await
            .expect("none of ours");
        assert_eq!(load_balancer.changes(), 0);
    }

    #[tokio::test]
    async fn thawing_what_does_not_answer_says_so_but_what_is_known_to_be_frozen_is_asked_again() {
        let site = site();
        let load_balancer = LoadBalancer {
            describing: Weather::Down,
            ..LoadBalancer::with(vec![frozen_action()])
        };
        let seen = thawed(&listener(&load_balancer, &site), true)
            .await
            .expect("as far as it answers");
        assert!(seen.contains("not known to forward again"), "{seen}");
        let error = thawed(&listener(&load_balancer, &site), false)
            .await
            .expect_err("it has to answer");
        assert_eq!(error.name(), Error::UNAVAILABLE);
        for (changing, name) in [
            (Weather::Down, Error::UNAVAILABLE),
            (Weather::Throttled, Error::THROTTLED),
            (Weather::Denied, Error::REFUSED),
        ] {
            let load_balancer = LoadBalancer {
                changing,
                ..LoadBalancer::with(vec![frozen_action()])
            };
            let error = thawed(&listener(&load_balancer, &site), true)
                .await
                .expect_err("frozen still");
            assert_eq!(error.name(), name);
        }
    }

    #[tokio::test]
    async fn an_edge_is_opened_whoever_froze_it() {
        let (site, holding) = (site(), Holding::the_lock().await);
        let load_balancer = LoadBalancer::with(vec![fixed("503")]);
        let asked = open(&listener(&load_balancer, &site), &holding.hold()).await;
        assert_eq!(asked.expect_err("asked for").name(), Error::NOT_YET);
        open(&listener(&load_balancer, &site), &holding.hold())
            .await
            .expect("open");
        assert_eq!(load_balancer.changes(), 1);

        let holding = Holding::no_more().await;
        let load_balancer = LoadBalancer::with(vec![fixed("503")]);
        let lost = open(&listener(&load_balancer, &site), &holding.hold()).await;
        assert_eq!(lost.expect_err("lost").name(), Error::LOCK_LOST);
        assert_eq!(load_balancer.changes(), 0);
    }

    #[tokio::test]
    async fn an_edge_that_does_something_unknown_is_not_overwritten() {
        let (site, holding) = (site(), Holding::the_lock().await);
        let load_balancer = LoadBalancer::with(vec![of_kind(ActionTypeEnum::Redirect)]);
        let error = open(&listener(&load_balancer, &site), &holding.hold()).await;
        let error = error.expect_err("unsafe");
        assert_eq!((error.name(), load_balancer.changes()), (Error::UNSAFE, 0));
        assert!(error.to_string().contains("by hand"), "{error}");
    }

    #[tokio::test]
    async fn an_own_edge_that_does_not_answer_is_a_failure() {
        let (site, holding) = (site(), Holding::the_lock().await);
        let load_balancer = LoadBalancer {
            describing: Weather::Down,
            ..LoadBalancer::with(vec![ours()])
        };
        let error = open(&listener(&load_balancer, &site), &holding.hold()).await;
        assert_eq!(error.expect_err("down").name(), Error::UNAVAILABLE);
    }
}
