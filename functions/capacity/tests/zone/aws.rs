//! A group over three zones, its targets, and the shifts of its load balancer, as far as these tests need them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_arczonalshift::operation::get_managed_resource::GetManagedResourceOutput;
use aws_sdk_arczonalshift::types::{
    AppliedStatus, AutoshiftAppliedStatus, AutoshiftInResource, PracticeRunOutcome, ShiftType,
    ZonalShiftInResource,
};
use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsOutput;
use aws_sdk_autoscaling::operation::describe_scaling_activities::DescribeScalingActivitiesOutput;
use aws_sdk_autoscaling::operation::update_auto_scaling_group::{
    UpdateAutoScalingGroupInput, UpdateAutoScalingGroupOutput,
};
use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance, LifecycleState, SuspendedProcess};
use aws_sdk_elasticloadbalancingv2::operation::describe_target_health::DescribeTargetHealthOutput;
use aws_sdk_elasticloadbalancingv2::types::{
    TargetDescription, TargetHealth, TargetHealthDescription, TargetHealthStateEnum,
};
use aws_smithy_mocks::{
    MockResponse, MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use domain::steps::region::GroupSize;

pub(crate) const UPDATE: &str = "UpdateAutoScalingGroup";
/// The comment of a practice run.
pub(crate) const PRACTICED: &str = "practice run";
pub(crate) const DESCRIBE_SHIFTS: &str = "GetManagedResource";

/// Everything. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Aws(Arc<Mutex<State>>);

/// What there is.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) size: GroupSize,
    pub(crate) subnets: String,
    /// Its instances, each a target: id, zone, state.
    pub(crate) instances: Vec<(String, &'static str, TargetHealthStateEnum)>,
    /// Targets that are no instances of it.
    pub(crate) strangers: u32,
    pub(crate) suspended: Vec<&'static str>,
    /// Whether zonal shift may move the load balancer's traffic.
    pub(crate) enabled: bool,
    /// Zone ID and comment.
    pub(crate) shifts: Vec<(&'static str, &'static str)>,
    /// Whether the shifts are told as older answers told them: a practice run by its outcome, and no shift by its type.
    pub(crate) untyped: bool,
    /// Zone IDs.
    pub(crate) autoshifts: Vec<&'static str>,
    /// What becomes of calls of an operation that does not go well.
    pub(crate) fates: BTreeMap<&'static str, Fate>,
    /// What a group was asked for.
    pub(crate) asked: Vec<String>,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It is refused: HTTP status and code.
    Refused(u16, &'static str),
    /// It takes effect, and its answer is lost on the way.
    AnswerLost,
}

macro_rules! client {
    ($sdk:ident, $rules:expr) => {{
        use $sdk::{Client, Config, config};
        let rules: Vec<Rule> = $rules;
        let answering = rules.iter().fold(
            MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
            MockResponseInterceptor::with_rule,
        );
        let config = Config::builder()
            .behavior_version(config::BehaviorVersion::latest())
            .region(config::Region::new("eu-central-1"))
            .credentials_provider(config::Credentials::new("test", "test", None, None, "test"))
            .http_client(create_mock_http_client())
            .retry_config(RetryConfig::disabled())
            .interceptor(answering)
            .build();
        #[expect(clippy::disallowed_methods, reason = "a test builds its own clients")]
        let client = Client::from_conf(config);
        client
    }};
}

impl Aws {
    /// Two healthy instances in each of three zones, and room for twice as many.
    pub(crate) fn new() -> Self {
        let zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
        let instances = zones.into_iter().flat_map(|zone| {
            let letter = zone.chars().last().expect("a letter");
            (1..=2).map(move |n| (format!("i-{letter}{n}"), zone, TargetHealthStateEnum::Healthy))
        });
        Self(Arc::new(Mutex::new(State {
            size: GroupSize {
                min: 3,
                desired: 6,
                max: 8,
            },
            subnets: "subnet-a,subnet-b, subnet-c".to_owned(),
            instances: instances.collect(),
            strangers: 0,
            suspended: Vec::new(),
            enabled: true,
            shifts: Vec::new(),
            untyped: false,
            autoshifts: Vec::new(),
            fates: BTreeMap::new(),
            asked: Vec::new(),
        })))
    }

    /// What there is, to be looked at or changed.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every target of a zone is in that state from now on.
    pub(crate) fn turn(&self, zone: &str, to: TargetHealthStateEnum) {
        for (_, there, state) in &mut self.state().instances {
            if *there == zone {
                *state = to.clone();
            }
        }
    }

    /// Instances that the group launched meanwhile.
    pub(crate) fn launched(&self, zone: &'static str, count: usize) {
        let mut state = self.state();
        for _ in 0..count {
            let id = format!("i-new-{}", state.instances.len());
            state.instances.push((id, zone, TargetHealthStateEnum::Healthy));
        }
    }

    fn answer<I, O, E>(
        &self,
        call: &'static str,
        json: bool,
        effect: impl Fn(&mut State, &I) -> O + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let aws = self.clone();
        move |input| {
            let mut state = aws.state();
            match state.fates.get(call).copied() {
                None => MockResponse::Output(effect(&mut state, input)),
                Some(Fate::AnswerLost) => {
                    effect(&mut state, input);
                    MockResponse::Http(response(502, "<html>Bad Gateway</html>"))
                }
                Some(Fate::Refused(status, code)) if json => MockResponse::Http(response(
                    status,
                    &format!("{{\"__type\":\"{code}\",\"message\":\"in AWS's words\"}}"),
                )),
                Some(Fate::Refused(status, code)) => {
                    let error =
                        format!("<Error><Code>{code}</Code><Message>in AWS's words</Message></Error>");
                    MockResponse::Http(response(
                        status,
                        &format!("<ErrorResponse>{error}</ErrorResponse>"),
                    ))
                }
            }
        }
    }

    pub(crate) fn autoscaling(&self) -> aws_sdk_autoscaling::Client {
        client!(
            aws_sdk_autoscaling,
            vec![
                mock!(Client::describe_auto_scaling_groups).then_compute_response(self.answer(
                    "DescribeAutoScalingGroups",
                    false,
                    |state, _| groups(state)
                )),
                mock!(Client::describe_scaling_activities).then_compute_response(self.answer(
                    "DescribeScalingActivities",
                    false,
                    |_, _| {
                        DescribeScalingActivitiesOutput::builder()
                            .set_activities(Some(Vec::new()))
                            .build()
                    }
                )),
                mock!(Client::update_auto_scaling_group)
                    .then_compute_response(self.answer(UPDATE, false, update)),
            ]
        )
    }

    pub(crate) fn elbv2(&self) -> aws_sdk_elasticloadbalancingv2::Client {
        client!(
            aws_sdk_elasticloadbalancingv2,
            vec![
                mock!(Client::describe_target_health).then_compute_response(self.answer(
                    "DescribeTargetHealth",
                    false,
                    |state, _| targets(state)
                ))
            ]
        )
    }

    pub(crate) fn zonal_shift(&self) -> aws_sdk_arczonalshift::Client {
        let (known, enabled) = (self.clone(), self.clone());
        let not_found = || {
            MockResponse::Http(response(
                404,
                "{\"__type\":\"ResourceNotFoundException\",\"message\":\"no managed resource\"}",
            ))
        };
        client!(
            aws_sdk_arczonalshift,
            vec![
                mock!(Client::get_managed_resource)
                    .match_requests(move |_| !enabled.state().enabled)
                    .then_compute_response(move |_| not_found()),
                mock!(Client::get_managed_resource).then_compute_response(known.answer(
                    DESCRIBE_SHIFTS,
                    true,
                    |state, _| managed(state)
                )),
            ]
        )
    }
}

/// CloudWatch, which these conditions ask nothing of.
pub(crate) fn cloudwatch() -> aws_sdk_cloudwatch::Client {
    client!(aws_sdk_cloudwatch, Vec::new())
}

fn response(status: u16, body: &str) -> HttpResponse {
    let status = StatusCode::try_from(status).expect("a status");
    HttpResponse::new(status, SdkBody::from(body.to_owned()))
}

fn groups(state: &mut State) -> DescribeAutoScalingGroupsOutput {
    let count = |size: u32| i32::try_from(size).expect("a size");
    let instances = state.instances.iter().map(|(id, zone, _)| {
        Instance::builder()
            .instance_id(id)
            .availability_zone(*zone)
            .lifecycle_state(LifecycleState::InService)
            .health_status("Healthy")
            .build()
    });
    let suspended = state
        .suspended
        .iter()
        .map(|name| SuspendedProcess::builder().process_name(*name).build());
    let group = AutoScalingGroup::builder()
        .min_size(count(state.size.min))
        .desired_capacity(count(state.size.desired))
        .max_size(count(state.size.max))
        .vpc_zone_identifier(&state.subnets)
        .set_instances(Some(instances.collect()))
        .set_suspended_processes(Some(suspended.collect()))
        .build();
    DescribeAutoScalingGroupsOutput::builder()
        .auto_scaling_groups(group)
        .build()
}

fn update(state: &mut State, input: &UpdateAutoScalingGroupInput) -> UpdateAutoScalingGroupOutput {
    let count = |size: i32| u32::try_from(size).expect("a number");
    assert_eq!(input.min_size(), None, "the minimum is nobody's business here");
    let mut asked = Vec::new();
    if let Some(subnets) = input.vpc_zone_identifier() {
        state.subnets = subnets.to_owned();
        asked.push(subnets.to_owned());
    }
    if let Some(desired) = input.desired_capacity() {
        state.size.desired = count(desired);
        asked.push(format!("desired {desired}"));
    }
    if let Some(max) = input.max_size() {
        state.size.max = count(max);
        asked.push(format!("max {max}"));
    }
    state.asked.push(asked.join(" "));
    UpdateAutoScalingGroupOutput::builder().build()
}

fn targets(state: &mut State) -> DescribeTargetHealthOutput {
    let target = |id: &str, health: TargetHealthStateEnum| {
        TargetHealthDescription::builder()
            .target(TargetDescription::builder().id(id).port(80).build())
            .target_health(TargetHealth::builder().state(health).build())
            .build()
    };
    let own = state
        .instances
        .iter()
        .map(|(id, _, health)| target(id, health.clone()));
    let strangers =
        (0..state.strangers).map(|n| target(&format!("i-stranger-{n}"), TargetHealthStateEnum::Healthy));
    DescribeTargetHealthOutput::builder()
        .set_target_health_descriptions(Some(own.chain(strangers).collect()))
        .build()
}

fn managed(state: &mut State) -> GetManagedResourceOutput {
    let time = DateTime::from_secs(1_790_882_160);
    let shifts = state.shifts.iter().map(|(away_from, comment)| {
        ZonalShiftInResource::builder()
            .applied_status(AppliedStatus::Applied)
            .zonal_shift_id("s-1")
            .resource_identifier("arn")
            .away_from(*away_from)
            .expiry_time(time)
            .start_time(time)
            .comment(*comment)
            .set_shift_type((!state.untyped).then_some(ShiftType::ZonalShift))
            .set_practice_run_outcome(
                (state.untyped && *comment == PRACTICED).then_some(PracticeRunOutcome::Pending),
            )
            .build()
            .expect("complete")
    });
    let autoshifts = state.autoshifts.iter().map(|away_from| {
        AutoshiftInResource::builder()
            .applied_status(AutoshiftAppliedStatus::Applied)
            .away_from(*away_from)
            .start_time(time)
            .build()
            .expect("complete")
    });
    GetManagedResourceOutput::builder()
        .set_applied_weights(Some(HashMap::new()))
        .set_zonal_shifts(Some(shifts.collect()))
        .set_autoshifts(Some(autoshifts.collect()))
        .build()
        .expect("complete")
}
