//! Users moved by Application Recovery Controller: two routing controls, of which one is on.
//!
//! A cluster has an endpoint in each of five Regions, any of which answers for all of them; whichever are lost, the
//! next one is asked (ARC Developer Guide, "Best practices for routing control"). Each incident begins at another
//! one, so that the first of the list is not the one that everybody leans on. The endpoints are a data plane (rule 2).
//!
//! Both controls change in one call, so that a safety rule sees the states before and after and nothing in between.
//! A safety rule is never overridden here: a person who wants that does it by hand.

use std::time::Duration;

use aws_sdk_route53recoverycluster::Client;
use aws_sdk_route53recoverycluster::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_route53recoverycluster::types::{RoutingControlState, UpdateRoutingControlStateEntry};
use domain::journal::Journal;
use domain::names::fnv1a;
use domain::step::{Error, Result};
use domain::system::region_failover::ClusterEndpoint;
use futures_util::future::try_join;
use journal::Hold;
use runtime::aws::classify;
use tokio::time::timeout;

const GET: &str = "route53-recovery-cluster:GetRoutingControlState";
const UPDATE: &str = "route53-recovery-cluster:UpdateRoutingControlStates";

/// How long one endpoint is waited for. A round trip to the other side of the world takes 0.3 s, and a first call
/// needs three; four endpoints that do not answer and one that does have to fit into one attempt of a step.
pub const PATIENCE: Duration = Duration::from_millis(1_500);

/// The two routing controls, and where they are reached.
#[derive(Clone, Copy, Debug)]
pub struct Controls<'a> {
    /// The cluster's endpoints.
    pub endpoints: &'a [ClusterEndpoint],
    /// ARN of the one that is to be on.
    pub here: &'a str,
    /// ARN of the one that is to be off.
    pub away: &'a str,
}

/// Ensures that the routing control that leads here is on, and the other one off.
///
/// # Errors
/// `NotYet` right after asking for it; `LockLost`; `Unsafe` when a safety rule forbids it; `Unavailable` when no
/// endpoint answers; `Refused`.
pub async fn shifted<J: Journal>(
    client_at: &(dyn Fn(&ClusterEndpoint) -> Client + Send + Sync),
    controls: &Controls<'_>,
    hold: &Hold<'_, J>,
) -> Result<String> {
    let mut failures = Vec::new();
    for endpoint in order(controls.endpoints, hold.run.incident.as_str()) {
        let client = client_at(endpoint);
        let states = match try_join(state(&client, controls.here), state(&client, controls.away)).await {
            Err(error) if passes(&error) => {
                failures.push(format!("{}: {error}", endpoint.region));
                continue;
            }
            states => states?,
        };
        let seen = format!("{}: {}", endpoint.region, words(controls, &states));
        if states == (RoutingControlState::On, RoutingControlState::Off) {
            return Ok(seen);
        }
        hold.check_lock().await?;
        match update(&client, controls).await {
            // Perhaps it took effect. The next endpoint is asked for the states first, and so sees it.
            Err(error) if passes(&error) => failures.push(format!("{}: {error}", endpoint.region)),
            Err(error) => return Err(error),
            Ok(()) => {
                return Err(Error::NotYet {
                    seen: format!("{seen}; {UPDATE} accepted"),
                });
            }
        }
    }
    Err(Error::Unavailable {
        call: UPDATE.to_owned(),
        why: format!("no endpoint of the cluster answered: {}", failures.join("; ")),
    })
}

/// The endpoints in the order in which an incident tries them: their own, begun somewhere.
fn order<'a>(endpoints: &'a [ClusterEndpoint], incident: &str) -> impl Iterator<Item = &'a ClusterEndpoint> {
    let count = endpoints.len().max(1);
    let first = usize::try_from(fnv1a(incident.as_bytes()) % count as u64).unwrap_or(0);
    endpoints.iter().cycle().skip(first).take(endpoints.len())
}

async fn state(client: &Client, control: &str) -> Result<RoutingControlState> {
    let request = client.get_routing_control_state().routing_control_arn(control);
    let answer = patiently(GET, request.send()).await?;
    answer
        .map(|answer| answer.routing_control_state)
        .map_err(|error| sorted(GET, error))
}

async fn update(client: &Client, controls: &Controls<'_>) -> Result<()> {
    let entries = [
        (controls.here, RoutingControlState::On),
        (controls.away, RoutingControlState::Off),
    ];
    let entries = entries.map(|(control, state)| {
        UpdateRoutingControlStateEntry::builder()
            .routing_control_arn(control)
            .routing_control_state(state)
            .build()
    });
    let mut request = client.update_routing_control_states();
    for entry in entries {
        request = request.update_routing_control_state_entries(entry.map_err(|error| Error::Refused {
            call: UPDATE.to_owned(),
            why: error.to_string(),
        })?);
    }
    let answer = patiently(UPDATE, request.send()).await?;
    answer.map(|_| ()).map_err(|error| sorted(UPDATE, error))
}

async fn patiently<T>(call: &str, answer: impl Future<Output = T>) -> Result<T> {
    timeout(PATIENCE, answer).await.map_err(|_| Error::Unavailable {
        call: call.to_owned(),
        why: format!("no answer within {} ms", PATIENCE.as_millis()),
    })
}

/// Source: Routing Control API for ARC, UpdateRoutingControlStates, Errors.
fn sorted<E>(
    call: &str,
    error: SdkError<E, aws_sdk_route53recoverycluster::config::http::HttpResponse>,
) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some("ConflictException") => Error::Unsafe {
            why: format!(
                "a safety rule of the routing-control cluster forbids it: {}",
                error.message().unwrap_or("no message")
            ),
        },
        Some("EndpointTemporarilyUnavailableException") => Error::Unavailable {
            call: call.to_owned(),
            why: format!(
                "EndpointTemporarilyUnavailableException: {}",
                error.message().unwrap_or("no message")
            ),
        },
        Some(_) | None => classify(call, error),
    }
}

/// Whether another endpoint may do better.
fn passes(error: &Error) -> bool {
    matches!(error, Error::Unavailable { .. } | Error::Throttled { .. })
}

fn words(controls: &Controls<'_>, (here, away): &(RoutingControlState, RoutingControlState)) -> String {
    // `arn:aws:route53-recovery-control::ACCOUNT:controlpanel/…/routingcontrol/ID`: the last part tells them apart.
    let id = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    let (here_id, away_id) = (id(controls.here), id(controls.away));
    format!(
        "{GET}: {here_id} is {}, {away_id} is {}",
        here.as_str(),
        away.as_str()
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};

    use RoutingControlState::{Off, On};
    use aws_sdk_route53recoverycluster::operation::get_routing_control_state::GetRoutingControlStateOutput;
    use aws_sdk_route53recoverycluster::operation::update_routing_control_states::UpdateRoutingControlStatesOutput;
    use aws_smithy_mocks::{MockResponse, mock};

    use super::*;
    use crate::mocked::{Holding, client, json_error, status};

    const HERE: &str = "arn:aws:route53-recovery-control::111122223333:controlpanel/p/routingcontrol/here";
    const AWAY: &str = "arn:aws:route53-recovery-control::111122223333:controlpanel/p/routingcontrol/away";
    const REGIONS: [&str; 5] = [
        "us-east-1",
        "us-west-2",
        "eu-west-1",
        "ap-northeast-1",
        "ap-southeast-2",
    ];

    /// What an endpoint does with a call that changes something, and with all calls.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Endpoint {
        Up,
        Down,
        LosesAnswers,
        Says(u16, &'static str),
    }

    /// A cluster of five endpoints that agree.
    #[derive(Clone)]
    struct Cluster {
        states: Arc<Mutex<(RoutingControlState, RoutingControlState)>>,
        /// Which endpoints were asked, in order.
        asked: Arc<Mutex<Vec<String>>>,
        updates: Arc<Mutex<u32>>,
        endpoint: Arc<dyn Fn(&str) -> Endpoint + Send + Sync>,
    }

    impl Cluster {
        fn with(endpoint: impl Fn(&str) -> Endpoint + Send + Sync + 'static) -> Self {
            Self {
                states: Arc::new(Mutex::new((Off, On))),
                asked: Arc::default(),
                updates: Arc::default(),
                endpoint: Arc::new(endpoint),
            }
        }

        fn client_at(&self, endpoint: &ClusterEndpoint) -> Client {
            let region = endpoint.region.to_string();
            self.asked.lock().expect("whole").push(region.clone());
            let does = (self.endpoint)(&region);
            let (read, written) = (self.clone(), self.clone());
            let get = mock!(Client::get_routing_control_state).then_compute_response(move |input| {
                let (here, away) = read.states.lock().expect("whole").clone();
                let state = if input.routing_control_arn() == Some(HERE) {
                    here
                } else {
                    away
                };
                let output = GetRoutingControlStateOutput::builder()
                    .routing_control_arn(HERE)
                    .routing_control_state(state)
                    .build();
                match does {
                    Endpoint::Down => status(503),
                    Endpoint::Up | Endpoint::LosesAnswers | Endpoint::Says(..) => {
                        MockResponse::Output(output.expect("an answer"))
                    }
                }
            });
            let update = mock!(Client::update_routing_control_states).then_compute_response(move |input| {
                assert!(input.safety_rules_to_override().is_empty());
                if let Endpoint::Says(status, code) = does {
                    return json_error(status, code, "said the endpoint");
                }
                for entry in input.update_routing_control_state_entries() {
                    let mut states = written.states.lock().expect("whole");
                    let state = entry.routing_control_state().clone();
                    if entry.routing_control_arn() == HERE {
                        states.0 = state;
                    } else {
                        states.1 = state;
                    }
                }
                *written.updates.lock().expect("whole") += 1;
                match does {
                    Endpoint::LosesAnswers => status(500),
                    _ => MockResponse::Output(UpdateRoutingControlStatesOutput::builder().build()),
                }
            });
            client!(aws_sdk_route53recoverycluster, [get, update])
        }

        async fn shifted(&self, holding: &Holding) -> Result<String> {
            let (cluster, endpoints) = (self.clone(), endpoints());
            let controls = Controls {
                endpoints: &endpoints,
                here: HERE,
                away: AWAY,
            };
            let client_at = move |endpoint: &ClusterEndpoint| cluster.client_at(endpoint);
            shifted(&client_at, &controls, &holding.hold()).await
        }

        fn asked(&self) -> Vec<String> {
            std::mem::take(&mut self.asked.lock().expect("whole"))
        }

        fn updates(&self) -> u32 {
            *self.updates.lock().expect("whole")
        }
    }

    fn endpoints() -> Vec<ClusterEndpoint> {
        let endpoint = |region: &str| ClusterEndpoint {
            region: region.parse().expect("a Region"),
            url: format!("https://aaaaaaaa.route53-recovery-cluster.{region}.amazonaws.com/v1")
                .parse()
                .expect("a URL"),
        };
        REGIONS.map(endpoint).to_vec()
    }

    #[test]
    fn every_endpoint_is_tried_once_and_incidents_begin_at_different_ones() {
        let endpoints = endpoints();
        let mut first = BTreeSet::new();
        for incident in 0..50 {
            let order: Vec<&str> = order(&endpoints, &format!("incident-{incident}"))
                .map(|endpoint| endpoint.region.as_str())
                .collect();
            assert_eq!(BTreeSet::from_iter(&order), BTreeSet::from_iter(&REGIONS));
            first.insert(order[0].to_owned());
        }
        assert_eq!(first.len(), REGIONS.len());
        assert_eq!(order(&[], "incident").count(), 0);
    }

    #[tokio::test]
    async fn both_controls_change_in_one_call_and_are_then_seen_to_have() {
        let (cluster, holding) = (Cluster::with(|_| Endpoint::Up), Holding::the_lock().await);
        let asked = cluster.shifted(&holding).await.expect_err("asked for");
        assert_eq!(asked.name(), Error::NOT_YET);
        let seen = cluster.shifted(&holding).await.expect("shifted");
        assert!(seen.ends_with("here is On, away is Off"), "{seen}");
        assert_eq!(cluster.updates(), 1);
        let asked = cluster.asked();
        assert_eq!((asked.len(), &asked[0]), (2, &asked[1]), "one endpoint is enough");
    }

    #[tokio::test]
    async fn one_endpoint_of_five_is_enough() {
        let holding = Holding::the_lock().await;
        for up in REGIONS {
            let cluster = Cluster::with(move |region| {
                if region == up {
                    Endpoint::Up
                } else {
                    Endpoint::Down
                }
            });
            let asked = cluster.shifted(&holding).await.expect_err("asked for");
            assert_eq!(asked.name(), Error::NOT_YET, "{up}: {asked}");
            let seen = cluster.shifted(&holding).await.expect("shifted");
            assert!(seen.starts_with(up), "{seen}");
            assert_eq!(cluster.updates(), 1);
        }
    }

    #[tokio::test]
    async fn when_none_answers_that_is_said_of_each() {
        let cluster = Cluster::with(|_| Endpoint::Down);
        let error = cluster
            .shifted(&Holding::the_lock().await)
            .await
            .expect_err("down");
        assert_eq!(error.name(), Error::UNAVAILABLE);
        for region in REGIONS {
            assert!(error.to_string().contains(region), "{error}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_was_lost_is_seen_at_the_next_endpoint() {
        let cluster = Cluster::with(|_| Endpoint::LosesAnswers);
        let seen = cluster
            .shifted(&Holding::the_lock().await)
            .await
            .expect("it took effect");
        assert!(seen.ends_with("here is On, away is Off"), "{seen}");
        assert_eq!((cluster.asked().len(), cluster.updates()), (2, 1));
    }

    #[tokio::test]
    async fn a_safety_rule_is_never_overridden() {
        let cluster = Cluster::with(|_| Endpoint::Says(409, "ConflictException"));
        let error = cluster
            .shifted(&Holding::the_lock().await)
            .await
            .expect_err("unsafe");
        assert_eq!(error.name(), Error::UNSAFE);
        assert!(error.to_string().contains("safety rule"), "{error}");
        assert_eq!(cluster.asked().len(), 1, "no other endpoint is asked to break it");
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_elsewhere_and_what_will_not_is_not() {
        let holding = Holding::the_lock().await;
        for (status, code, name, tried) in [
            (429, "ThrottlingException", Error::UNAVAILABLE, 5),
            (500, "InternalServerException", Error::UNAVAILABLE, 5),
            (
                503,
                "EndpointTemporarilyUnavailableException",
                Error::UNAVAILABLE,
                5,
            ),
            (403, "AccessDeniedException", Error::REFUSED, 1),
            (404, "ResourceNotFoundException", Error::REFUSED, 1),
        ] {
            let cluster = Cluster::with(move |_| Endpoint::Says(status, code));
            let error = cluster.shifted(&holding).await.expect_err(code);
            assert_eq!(
                (error.name(), cluster.asked().len()),
                (name, tried),
                "{code}: {error}"
            );
        }
    }

    #[tokio::test]
    async fn a_run_without_the_lock_moves_nobody() {
        let cluster = Cluster::with(|_| Endpoint::Up);
        let error = cluster
            .shifted(&Holding::no_more().await)
            .await
            .expect_err("lost");
        assert_eq!((error.name(), cluster.updates()), (Error::LOCK_LOST, 0));
    }
}
