//! A group, its targets and the alarms on them, in one Region, as far as these tests need them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsOutput;
use aws_sdk_autoscaling::operation::describe_scaling_activities::{
    DescribeScalingActivitiesInput, DescribeScalingActivitiesOutput,
};
use aws_sdk_autoscaling::operation::terminate_instance_in_auto_scaling_group::{
    TerminateInstanceInAutoScalingGroupInput, TerminateInstanceInAutoScalingGroupOutput,
};
use aws_sdk_autoscaling::operation::update_auto_scaling_group::{
    UpdateAutoScalingGroupInput, UpdateAutoScalingGroupOutput,
};
use aws_sdk_autoscaling::types::{
    Activity, AutoScalingGroup, Instance, LifecycleState, ScalingActivityStatusCode, SuspendedProcess,
};
use aws_sdk_cloudwatch::operation::describe_alarms::{DescribeAlarmsInput, DescribeAlarmsOutput};
use aws_sdk_cloudwatch::types::{ComparisonOperator, CompositeAlarm, MetricAlarm, StateValue};
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

/// The Region. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aws(Arc<Mutex<Site>>);

/// What is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Site {
    pub(crate) size: Option<GroupSize>,
    pub(crate) grace: i32,
    pub(crate) members: Vec<Member>,
    pub(crate) targets: BTreeMap<String, TargetHealthStateEnum>,
    pub(crate) suspended: BTreeSet<&'static str>,
    /// As they are answered.
    pub(crate) activities: Vec<Told>,
    pub(crate) alarms: BTreeMap<&'static str, Alarm>,
    /// What becomes of calls of an operation that does not go well.
    pub(crate) fates: BTreeMap<&'static str, Fate>,
    pub(crate) calls: Vec<&'static str>,
}

/// An instance of the group.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) zone: &'static str,
    pub(crate) state: LifecycleState,
    pub(crate) healthy: bool,
}

/// A scaling activity.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) at: i64,
    pub(crate) status: ScalingActivityStatusCode,
    pub(crate) description: String,
    pub(crate) cause: &'static str,
}

/// An alarm.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    pub(crate) state: StateValue,
    /// `StateReasonData`; a composite alarm has none.
    pub(crate) data: Option<&'static str>,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It is refused: HTTP status, code and message.
    Refused(u16, &'static str, &'static str),
    /// It takes effect, and its answer is lost on the way.
    AnswerLost,
    /// It is refused, because the instance went by itself just now.
    GoneMeanwhile,
}

/// Makes a client that is answered by rules. A macro, because each SDK crate has its own `Config`.
macro_rules! client {
    ($sdk:ident, $rules:expr) => {{
        use $sdk::{Client, Config, config};
        let rules: Vec<Rule> = $rules;
        let config = Config::builder()
            .behavior_version(config::BehaviorVersion::latest())
            .region(config::Region::new("eu-west-1"))
            .credentials_provider(config::Credentials::new("test", "test", None, None, "test"))
            .http_client(create_mock_http_client())
            .retry_config(RetryConfig::disabled())
            .interceptor(answering(&rules))
            .build();
        #[expect(
            clippy::disallowed_methods,
            reason = "the client is handed in here, and answered by rules"
        )]
        let client = Client::from_conf(config);
        client
    }};
}

impl Aws {
    /// The Region, to be looked at or changed.
    pub(crate) fn site(&self) -> MutexGuard<'_, Site> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a rule computes: the effect, and its answer or what became of that.
    fn answer<I, O, E>(
        &self,
        call: &'static str,
        effect: impl Fn(&mut Site, &I) -> O + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let aws = self.clone();
        move |input| {
            let mut site = aws.site();
            site.calls.push(call);
            match site.fates.get(call).copied() {
                None => MockResponse::Output(effect(&mut site, input)),
                Some(Fate::AnswerLost) => {
                    effect(&mut site, input);
                    MockResponse::Http(response(502, "<html>Bad Gateway</html>"))
                }
                Some(Fate::GoneMeanwhile) => {
                    effect(&mut site, input);
                    MockResponse::Http(response(
                        400,
                        &error("ValidationError", "No managed instance found"),
                    ))
                }
                Some(Fate::Refused(status, code, message)) => {
                    MockResponse::Http(response(status, &error(code, message)))
                }
            }
        }
    }

    pub(crate) fn autoscaling(&self) -> aws_sdk_autoscaling::Client {
        use aws_sdk_autoscaling::Client as AutoScaling;
        client!(
            aws_sdk_autoscaling,
            vec![
                mock!(AutoScaling::describe_auto_scaling_groups)
                    .then_compute_response(self.answer("DescribeAutoScalingGroups", |site, _| groups(site))),
                mock!(AutoScaling::describe_scaling_activities)
                    .then_compute_response(self.answer("DescribeScalingActivities", activities)),
                mock!(AutoScaling::update_auto_scaling_group)
                    .then_compute_response(self.answer("UpdateAutoScalingGroup", update)),
                mock!(AutoScaling::terminate_instance_in_auto_scaling_group)
                    .then_compute_response(self.answer("TerminateInstanceInAutoScalingGroup", terminate)),
            ]
        )
    }

    pub(crate) fn elbv2(&self) -> aws_sdk_elasticloadbalancingv2::Client {
        use aws_sdk_elasticloadbalancingv2::Client as Elbv2;
        client!(
            aws_sdk_elasticloadbalancingv2,
            vec![
                mock!(Elbv2::describe_target_health)
                    .then_compute_response(self.answer("DescribeTargetHealth", |site, _| targets(site)))
            ]
        )
    }

    pub(crate) fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        use aws_sdk_cloudwatch::Client as CloudWatch;
        client!(
            aws_sdk_cloudwatch,
            vec![
                mock!(CloudWatch::describe_alarms)
                    .then_compute_response(self.answer("DescribeAlarms", alarms))
            ]
        )
    }
}

/// Zonal shifts, of which nothing is asked here: whatever it is asked, it does not answer.
pub(crate) fn zonal_shift() -> aws_sdk_arczonalshift::Client {
    client!(aws_sdk_arczonalshift, vec![])
}

fn answering(rules: &[Rule]) -> MockResponseInterceptor {
    rules.iter().fold(
        MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
        MockResponseInterceptor::with_rule,
    )
}

fn response(status: u16, body: &str) -> HttpResponse {
    let status = StatusCode::try_from(status).expect("a status");
    HttpResponse::new(status, SdkBody::from(body.to_owned()))
}

fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}

fn groups(site: &mut Site) -> DescribeAutoScalingGroupsOutput {
    let count = |size: u32| i32::try_from(size).expect("a size");
    let group = site.size.map(|size| {
        let instances = site.members.iter().map(|member| {
            Instance::builder()
                .instance_id(&member.id)
                .availability_zone(member.zone)
                .lifecycle_state(member.state.clone())
                .health_status(if member.healthy { "Healthy" } else { "Unhealthy" })
                .build()
        });
        let suspended = site.suspended.iter();
        AutoScalingGroup::builder()
            .min_size(count(size.min))
            .desired_capacity(count(size.desired))
            .max_size(count(size.max))
            .health_check_grace_period(site.grace)
            .set_instances(Some(instances.collect()))
            .set_suspended_processes(Some(
                suspended
                    .map(|name| SuspendedProcess::builder().process_name(*name).build())
                    .collect(),
            ))
            .build()
    });
    DescribeAutoScalingGroupsOutput::builder()
        .set_auto_scaling_groups(Some(group.into_iter().collect()))
        .build()
}

/// In pages as large as they are asked for.
fn activities(site: &mut Site, input: &DescribeScalingActivitiesInput) -> DescribeScalingActivitiesOutput {
    let from: usize = input.next_token().map_or(0, |token| token.parse().expect("ours"));
    let most = usize::try_from(input.max_records().expect("said")).expect("a number");
    let shown = site.activities.iter().skip(from).take(most).map(|told| {
        Activity::builder()
            .start_time(DateTime::from_secs(told.at))
            .status_code(told.status.clone())
            .status_message("no capacity")
            .description(&told.description)
            .cause(told.cause)
            .build()
    });
    let next = from + most;
    DescribeScalingActivitiesOutput::builder()
        .set_activities(Some(shown.collect()))
        .set_next_token((next < site.activities.len()).then(|| next.to_string()))
        .build()
}

/// What is not said stays.
fn update(site: &mut Site, input: &UpdateAutoScalingGroupInput) -> UpdateAutoScalingGroupOutput {
    let size = site.size.as_mut().expect("a group");
    let said = |size: Option<i32>| size.map(|size| u32::try_from(size).expect("a number"));
    size.min = said(input.min_size()).unwrap_or(size.min);
    size.desired = said(input.desired_capacity()).unwrap_or(size.desired);
    size.max = said(input.max_size()).unwrap_or(size.max);
    UpdateAutoScalingGroupOutput::builder().build()
}

/// The instance begins to go, and its target with it.
fn terminate(
    site: &mut Site,
    input: &TerminateInstanceInAutoScalingGroupInput,
) -> TerminateInstanceInAutoScalingGroupOutput {
    assert_eq!(
        input.should_decrement_desired_capacity(),
        Some(false),
        "it is replaced"
    );
    let id = input.instance_id().expect("said");
    for member in site.members.iter_mut().filter(|member| member.id == id) {
        member.state = LifecycleState::Terminating;
    }
    site.targets
        .insert(id.to_owned(), TargetHealthStateEnum::Draining);
    TerminateInstanceInAutoScalingGroupOutput::builder().build()
}

fn targets(site: &mut Site) -> DescribeTargetHealthOutput {
    let targets = site.targets.iter().map(|(id, state)| {
        TargetHealthDescription::builder()
            .target(TargetDescription::builder().id(id).port(80).build())
            .target_health(TargetHealth::builder().state(state.clone()).build())
            .build()
    });
    DescribeTargetHealthOutput::builder()
        .set_target_health_descriptions(Some(targets.collect()))
        .build()
}

fn alarms(site: &mut Site, input: &DescribeAlarmsInput) -> DescribeAlarmsOutput {
    let asked = |name: &str| input.alarm_names().iter().any(|asked| asked == name);
    let (mut metric, mut composite) = (vec![], vec![]);
    for (name, alarm) in site.alarms.iter().filter(|(name, _)| asked(name)) {
        let at = DateTime::from_secs(1_790_838_900);
        match alarm.data {
            Some(data) => metric.push(
                MetricAlarm::builder()
                    .alarm_name(*name)
                    .state_value(alarm.state.clone())
                    .state_updated_timestamp(at)
                    .comparison_operator(ComparisonOperator::GreaterThanThreshold)
                    .state_reason_data(data)
                    .build(),
            ),
            None => composite.push(
                CompositeAlarm::builder()
                    .alarm_name(*name)
                    .state_value(alarm.state.clone())
                    .state_updated_timestamp(at)
                    .build(),
            ),
        }
    }
    DescribeAlarmsOutput::builder()
        .set_metric_alarms(Some(metric))
        .set_composite_alarms(Some(composite))
        .build()
}
