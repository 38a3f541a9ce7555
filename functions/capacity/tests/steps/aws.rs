//! Auto Scaling and Elastic Load Balancing in two Regions, as far as these tests need them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_autoscaling::error::ErrorMetadata;
use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsOutput;
use aws_sdk_autoscaling::operation::describe_scaling_activities::DescribeScalingActivitiesOutput;
use aws_sdk_autoscaling::operation::update_auto_scaling_group::UpdateAutoScalingGroupOutput;
use aws_sdk_autoscaling::types::{
    Activity, AutoScalingGroup, Instance, LifecycleState, ScalingActivityStatusCode, SuspendedProcess,
};
use aws_sdk_elasticloadbalancingv2::operation::describe_target_health::DescribeTargetHealthOutput;
use aws_sdk_elasticloadbalancingv2::types::{
    TargetDescription, TargetHealth, TargetHealthDescription, TargetHealthReasonEnum, TargetHealthStateEnum,
};
use aws_smithy_mocks::{
    MockResponse, MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use domain::names::Region;
use domain::steps::region::GroupSize;

/// Both Regions. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aws(Arc<Mutex<BTreeMap<Region, Site>>>);

/// One Region.
#[derive(Clone, Debug, Default)]
pub(crate) struct Site {
    /// The group's size, if there is a group.
    pub(crate) size: Option<GroupSize>,
    pub(crate) in_service: u32,
    pub(crate) suspended: Vec<&'static str>,
    /// Status and message, in AWS's order.
    pub(crate) activities: Vec<(ScalingActivityStatusCode, &'static str)>,
    /// State and reason, one for each target.
    pub(crate) targets: Vec<(TargetHealthStateEnum, Option<TargetHealthReasonEnum>)>,
    /// What becomes of calls of an operation that does not go well.
    pub(crate) fates: BTreeMap<&'static str, Fate>,
    /// What was called.
    pub(crate) calls: Vec<&'static str>,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It is refused: HTTP status, code and message.
    Refused(u16, &'static str, &'static str),
    /// It takes effect, and its answer is lost on the way.
    AnswerLost,
}

impl Aws {
    /// A Region, to be looked at or changed.
    pub(crate) fn with<T>(&self, region: &Region, change: impl FnOnce(&mut Site) -> T) -> T {
        change(self.sites().entry(region.clone()).or_default())
    }

    fn sites(&self) -> MutexGuard<'_, BTreeMap<Region, Site>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a rule computes: the effect, and its answer or what became of that.
    fn answer<I, O, E>(
        &self,
        region: &Region,
        call: &'static str,
        effect: impl Fn(&mut Site, &I) -> O + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let (aws, region) = (self.clone(), region.clone());
        move |input| {
            aws.with(&region, |site| {
                site.calls.push(call);
                match site.fates.get(call).copied() {
                    None => MockResponse::Output(effect(site, input)),
                    Some(Fate::AnswerLost) => {
                        effect(site, input);
                        MockResponse::Http(response(502, "<html>Bad Gateway</html>"))
                    }
                    Some(Fate::Refused(status, code, message)) => {
                        let meta = ErrorMetadata::builder().code(code).message(message).build();
                        MockResponse::Http(response(status, &error(&meta)))
                    }
                }
            })
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the client is handed in here, and answered by rules"
    )]
    pub(crate) fn autoscaling(&self, region: &Region) -> aws_sdk_autoscaling::Client {
        use aws_sdk_autoscaling::{Client, Config, config};
        let rules = [
            mock!(Client::describe_auto_scaling_groups)
                .then_compute_response(self.answer(region, "DescribeAutoScalingGroups", |site, _| groups(site))),
            mock!(Client::describe_scaling_activities)
                .then_compute_response(self.answer(region, "DescribeScalingActivities", |site, _| activities(site))),
            mock!(Client::update_auto_scaling_group).then_compute_response(self.answer(
                region,
                "UpdateAutoScalingGroup",
                |site, input: &aws_sdk_autoscaling::operation::update_auto_scaling_group::UpdateAutoScalingGroupInput| {
                    let count = |size: Option<i32>| u32::try_from(size.expect("said")).expect("a number");
                    site.size = Some(GroupSize {
                        min: count(input.min_size()),
                        desired: count(input.desired_capacity()),
                        max: count(input.max_size()),
                    });
                    UpdateAutoScalingGroupOutput::builder().build()
                },
            )),
        ];
        Client::from_conf(
            Config::builder()
                .behavior_version(config::BehaviorVersion::latest())
                .region(config::Region::new(region.to_string()))
                .credentials_provider(config::Credentials::new("test", "test", None, None, "test"))
                .http_client(create_mock_http_client())
                .retry_config(RetryConfig::disabled())
                .interceptor(answering(&rules))
                .build(),
        )
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the client is handed in here, and answered by rules"
    )]
    pub(crate) fn elbv2(&self, region: &Region) -> aws_sdk_elasticloadbalancingv2::Client {
        use aws_sdk_elasticloadbalancingv2::{Client, Config, config};
        let rules = [
            mock!(Client::describe_target_health).then_compute_response(self.answer(
                region,
                "DescribeTargetHealth",
                |site, _| targets(site),
            )),
        ];
        Client::from_conf(
            Config::builder()
                .behavior_version(config::BehaviorVersion::latest())
                .region(config::Region::new(region.to_string()))
                .credentials_provider(config::Credentials::new("test", "test", None, None, "test"))
                .http_client(create_mock_http_client())
                .retry_config(RetryConfig::disabled())
                .interceptor(answering(&rules))
                .build(),
        )
    }
}

/// CloudWatch, which a move asks nothing of: whatever it is asked, it does not answer.
#[expect(
    clippy::disallowed_methods,
    reason = "the client is handed in here, and answered by rules"
)]
pub(crate) fn cloudwatch() -> aws_sdk_cloudwatch::Client {
    use aws_sdk_cloudwatch::{Client, Config, config};
    Client::from_conf(
        Config::builder()
            .behavior_version(config::BehaviorVersion::latest())
            .region(config::Region::new("eu-west-1"))
            .credentials_provider(config::Credentials::new("test", "test", None, None, "test"))
            .http_client(create_mock_http_client())
            .retry_config(RetryConfig::disabled())
            .build(),
    )
}

/// Zonal shift, which a move asks nothing of either.
#[expect(
    clippy::disallowed_methods,
    reason = "the client is handed in here, and answered by rules"
)]
pub(crate) fn zonal_shift() -> aws_sdk_arczonalshift::Client {
    use aws_sdk_arczonalshift::{Client, Config, config};
    Client::from_conf(
        Config::builder()
            .behavior_version(config::BehaviorVersion::latest())
            .region(config::Region::new("eu-west-1"))
            .credentials_provider(config::Credentials::new("test", "test", None, None, "test"))
            .http_client(create_mock_http_client())
            .retry_config(RetryConfig::disabled())
            .build(),
    )
}

fn answering(rules: &[Rule]) -> MockResponseInterceptor {
    rules.iter().fold(
        MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
        MockResponseInterceptor::with_rule,
    )
}

fn response(status: u16, body: &str) -> HttpResponse {
    HttpResponse::new(
        StatusCode::try_from(status).expect("a status"),
        SdkBody::from(body.to_owned()),
    )
}

fn error(meta: &ErrorMetadata) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error></ErrorResponse>",
        meta.code().unwrap_or_default(),
        meta.message().unwrap_or_default()
    )
}

fn groups(site: &mut Site) -> DescribeAutoScalingGroupsOutput {
    let count = |size: u32| i32::try_from(size).expect("a size");
    let group = site.size.map(|size| {
        let instances = (0..site.in_service)
            .map(|_| LifecycleState::InService)
            .chain([
                LifecycleState::Pending,
                LifecycleState::WarmedStopped,
                LifecycleState::Standby,
            ])
            .map(|state| Instance::builder().lifecycle_state(state).build());
        let suspended = site
            .suspended
            .iter()
            .map(|name| SuspendedProcess::builder().process_name(*name).build());
        AutoScalingGroup::builder()
            .min_size(count(size.min))
            .desired_capacity(count(size.desired))
            .max_size(count(size.max))
            .set_instances(Some(instances.collect()))
            .set_suspended_processes(Some(suspended.collect()))
            .build()
    });
    DescribeAutoScalingGroupsOutput::builder()
        .set_auto_scaling_groups(Some(group.into_iter().collect()))
        .build()
}

fn activities(site: &mut Site) -> DescribeScalingActivitiesOutput {
    let activities = site.activities.iter().map(|(status, message)| {
        Activity::builder()
            .start_time(aws_smithy_types::DateTime::from_secs(1_790_838_970))
            .status_code(status.clone())
            .status_message(*message)
            .build()
    });
    DescribeScalingActivitiesOutput::builder()
        .set_activities(Some(activities.collect()))
        .next_token("there is more")
        .build()
}

fn targets(site: &mut Site) -> DescribeTargetHealthOutput {
    let targets = site.targets.iter().enumerate().map(|(index, (state, reason))| {
        TargetHealthDescription::builder()
            .target(
                TargetDescription::builder()
                    .id(format!("i-{index}"))
                    .port(80)
                    .build(),
            )
            .target_health(
                TargetHealth::builder()
                    .state(state.clone())
                    .set_reason(reason.clone())
                    .build(),
            )
            .build()
    });
    DescribeTargetHealthOutput::builder()
        .set_target_health_descriptions(Some(targets.collect()))
        .build()
}
