//! What `assess` asks of AWS in two Regions, and the application in front of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsOutput;
use aws_sdk_autoscaling::operation::describe_scaling_activities::DescribeScalingActivitiesOutput;
use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance, LifecycleState};
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_elasticloadbalancingv2::operation::describe_target_health::DescribeTargetHealthOutput;
use aws_sdk_elasticloadbalancingv2::types::{
    TargetDescription, TargetHealth, TargetHealthDescription, TargetHealthStateEnum,
};
use aws_sdk_rds::operation::describe_db_clusters::DescribeDbClustersOutput;
use aws_sdk_rds::operation::describe_db_instances::DescribeDbInstancesOutput;
use aws_sdk_rds::operation::describe_global_clusters::DescribeGlobalClustersOutput;
use aws_sdk_rds::types::{DbCluster, DbClusterMember, DbInstance, GlobalCluster, GlobalClusterMember};
use aws_sdk_servicequotas::operation::get_service_quota::GetServiceQuotaOutput;
use aws_sdk_servicequotas::types::ServiceQuota;
use aws_smithy_mocks::{
    MockResponse, MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock,
};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use domain::names::Region;
use jiff::Timestamp;

/// Both Regions. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cloud(Arc<Mutex<State>>);

/// Everything there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// ARN, and whether it writes.
    pub(crate) members: Vec<(&'static str, bool)>,
    /// Version by Region.
    pub(crate) versions: BTreeMap<Region, &'static str>,
    /// What the replica in Dublin follows.
    pub(crate) source: Option<&'static str>,
    /// The newest datapoint of the lag, in the metric's unit.
    pub(crate) lag: Option<(Timestamp, f64)>,
    /// The DB instances of the cluster in a Region, the writer first, each in a zone of its own, and how far readers lag, in
    /// milliseconds. Where nobody asks for them there is one, and it is no writer.
    pub(crate) instances: Vec<(&'static str, f64)>,
    /// Instances in service by Region.
    pub(crate) in_service: BTreeMap<Region, usize>,
    pub(crate) quota: f64,
    /// Regions that do not answer.
    pub(crate) lost: BTreeSet<Region>,
    /// Refusals by operation and Region: HTTP status and code.
    pub(crate) refused: BTreeMap<(&'static str, Region), (u16, &'static str)>,
    /// What was called, and where.
    pub(crate) calls: Vec<String>,
    /// By host: the database that the application there writes to, if it does.
    pub(crate) applications: BTreeMap<&'static str, Option<&'static str>>,
    stored: BTreeMap<&'static str, String>,
}

/// Makes a client that is answered by rules. A macro, because each SDK crate has its own `Config`.
macro_rules! client {
    ($sdk:ident, $region:expr, $rules:expr) => {{
        use $sdk::{Client, Config, config};
        let rules: Vec<Rule> = $rules;
        let config = Config::builder()
            .behavior_version(config::BehaviorVersion::latest())
            .region(config::Region::new($region.to_string()))
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

impl Cloud {
    /// Everything, to be looked at or changed.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer<I, O, E>(
        &self,
        region: &Region,
        call: &'static str,
        output: impl Fn(&State, &Region) -> O + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let (cloud, region) = (self.clone(), region.clone());
        move |_| {
            let mut state = cloud.state();
            state.calls.push(format!("{region} {call}"));
            if state.lost.contains(&region) {
                return MockResponse::Http(error(503, "ServiceUnavailable"));
            }
            match state.refused.get(&(call, region.clone())) {
                Some((status, code)) => MockResponse::Http(error(*status, code)),
                None => MockResponse::Output(output(&state, &region)),
            }
        }
    }

    pub(crate) fn rds(&self, region: &Region) -> aws_sdk_rds::Client {
        use aws_sdk_rds::Client as Rds;
        let rules = vec![
            mock!(Rds::describe_global_clusters).then_compute_response(self.answer(
                region,
                "DescribeGlobalClusters",
                |state, _| global_clusters(state),
            )),
            mock!(Rds::describe_db_clusters).then_compute_response(self.answer(
                region,
                "DescribeDBClusters",
                clusters,
            )),
            mock!(Rds::describe_db_instances).then_compute_response(self.answer(
                region,
                "DescribeDBInstances",
                instances,
            )),
        ];
        client!(aws_sdk_rds, region, rules)
    }

    pub(crate) fn cloudwatch(&self, region: &Region) -> aws_sdk_cloudwatch::Client {
        use aws_sdk_cloudwatch::Client as CloudWatch;
        let rule = mock!(CloudWatch::get_metric_data).then_compute_response(self.answer(
            region,
            "GetMetricData",
            |state, _| {
                if let [_, readers @ ..] = state.instances.as_slice() {
                    let result = |(index, (_, lag)): (usize, &(_, f64))| {
                        MetricDataResult::builder()
                            .id(format!("lag{index}"))
                            .values(*lag)
                            .build()
                    };
                    let results = readers.iter().enumerate().map(result).collect();
                    return GetMetricDataOutput::builder()
                        .set_metric_data_results(Some(results))
                        .build();
                }
                let mut result = MetricDataResult::builder().id("lag0");
                if let Some((at, value)) = state.lag {
                    result = result
                        .timestamps(DateTime::from_millis(at.as_millisecond()))
                        .values(value);
                }
                GetMetricDataOutput::builder()
                    .metric_data_results(result.build())
                    .build()
            },
        ));
        client!(aws_sdk_cloudwatch, region, vec![rule])
    }

    pub(crate) fn autoscaling(&self, region: &Region) -> aws_sdk_autoscaling::Client {
        use aws_sdk_autoscaling::Client as AutoScaling;
        let rules = vec![
            mock!(AutoScaling::describe_auto_scaling_groups).then_compute_response(self.answer(
                region,
                "DescribeAutoScalingGroups",
                groups,
            )),
            mock!(AutoScaling::describe_scaling_activities).then_compute_response(self.answer(
                region,
                "DescribeScalingActivities",
                |_, _| DescribeScalingActivitiesOutput::builder().build(),
            )),
        ];
        client!(aws_sdk_autoscaling, region, rules)
    }

    pub(crate) fn elbv2(&self, region: &Region) -> aws_sdk_elasticloadbalancingv2::Client {
        use aws_sdk_elasticloadbalancingv2::Client as Elbv2;
        let rule = mock!(Elbv2::describe_target_health).then_compute_response(self.answer(
            region,
            "DescribeTargetHealth",
            |_, _| {
                let health = TargetHealth::builder().state(TargetHealthStateEnum::Healthy);
                let target = TargetHealthDescription::builder()
                    .target(TargetDescription::builder().id("i-1").build())
                    .target_health(health.build())
                    .build();
                DescribeTargetHealthOutput::builder()
                    .target_health_descriptions(target)
                    .build()
            },
        ));
        client!(aws_sdk_elasticloadbalancingv2, region, vec![rule])
    }

    pub(crate) fn servicequotas(&self, region: &Region) -> aws_sdk_servicequotas::Client {
        use aws_sdk_servicequotas::Client as ServiceQuotas;
        let quota = mock!(ServiceQuotas::get_service_quota)
            .match_requests(|input| {
                (input.service_code(), input.quota_code()) == (Some("ec2"), Some("L-1216C47A"))
            })
            .then_compute_response(self.answer(region, "GetServiceQuota", |state, _| {
                let quota = ServiceQuota::builder().value(state.quota).build();
                GetServiceQuotaOutput::builder().quota(quota).build()
            }));
        client!(aws_sdk_servicequotas, region, vec![quota])
    }

    /// A connector to the application.
    pub(crate) fn connector(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(Door(self.clone()))
    }
}

#[derive(Debug)]
struct Door(Cloud);

impl HttpConnector for Door {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let host = request.uri().split('/').nth(2).unwrap_or_default().to_owned();
        let mut state = self.0.state();
        let application = state.applications.get(host.as_str()).copied();
        HttpConnectorFuture::ready(match (application, request.method()) {
            (None, _) => Err(ConnectorError::io("connection refused".into())),
            (Some(None), _) => Ok(http(503, String::new())),
            (Some(Some(database)), "PUT") => {
                let body = request.body().bytes().unwrap_or_default();
                let body = String::from_utf8_lossy(body).into_owned();
                state.stored.insert(database, body);
                Ok(http(204, String::new()))
            }
            (Some(Some(database)), _) => {
                Ok(http(200, state.stored.get(database).cloned().unwrap_or_default()))
            }
        })
    }
}

fn answering(rules: &[Rule]) -> MockResponseInterceptor {
    rules.iter().fold(
        MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
        MockResponseInterceptor::with_rule,
    )
}

/// In XML for the services that speak the query protocol; the others take the code from the header.
fn error(status: u16, code: &str) -> HttpResponse {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    );
    let mut response = http(status, body);
    response.headers_mut().insert("x-amzn-errortype", code.to_owned());
    response
}

fn http(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(
        StatusCode::try_from(status).expect("a status"),
        SdkBody::from(body),
    )
}

fn global_clusters(state: &State) -> DescribeGlobalClustersOutput {
    let members = state.members.iter().map(|(arn, is_writer)| {
        GlobalClusterMember::builder()
            .db_cluster_arn(*arn)
            .is_writer(*is_writer)
            .build()
    });
    let global = GlobalCluster::builder()
        .status("available")
        .engine_version("16.4")
        .set_global_cluster_members(Some(members.collect()))
        .build();
    DescribeGlobalClustersOutput::builder()
        .global_clusters(global)
        .build()
}

fn clusters(state: &State, region: &Region) -> DescribeDbClustersOutput {
    let mut members: Vec<DbClusterMember> = (state.instances.iter().enumerate())
        .map(|(index, (instance, _))| {
            DbClusterMember::builder()
                .db_instance_identifier(*instance)
                .is_cluster_writer(index == 0)
                .promotion_tier(1)
                .build()
        })
        .collect();
    if members.is_empty() {
        members.push(DbClusterMember::builder().db_instance_identifier("a").build());
    }
    let cluster = DbCluster::builder()
        .db_cluster_identifier("a-cluster")
        .status("available")
        .engine("aurora-postgresql")
        .engine_version(state.versions.get(region).copied().unwrap_or("16.4"))
        .set_db_cluster_members(Some(members))
        .build();
    DescribeDbClustersOutput::builder().db_clusters(cluster).build()
}

fn instances(state: &State, region: &Region) -> DescribeDbInstancesOutput {
    if !state.instances.is_empty() {
        let instance = |((instance, _), letter): (&(&str, f64), char)| {
            DbInstance::builder()
                .db_instance_identifier(*instance)
                .db_instance_status("available")
                .availability_zone(format!("{region}{letter}"))
                .build()
        };
        let instances = state.instances.iter().zip('a'..).map(instance).collect();
        return DescribeDbInstancesOutput::builder()
            .set_db_instances(Some(instances))
            .build();
    }
    let source = state.source.filter(|_| region.as_str() == "eu-west-1");
    let instance = DbInstance::builder()
        .db_instance_identifier("an-instance")
        .db_instance_status("available")
        .engine("postgres")
        .engine_version(state.versions.get(region).copied().unwrap_or("16.4"))
        .set_read_replica_source_db_instance_identifier(source.map(str::to_owned))
        .build();
    DescribeDbInstancesOutput::builder()
        .db_instances(instance)
        .build()
}

fn groups(state: &State, region: &Region) -> DescribeAutoScalingGroupsOutput {
    let in_service = state.in_service.get(region).copied().unwrap_or(0);
    let instance = || {
        Instance::builder()
            .lifecycle_state(LifecycleState::InService)
            .build()
    };
    let group = AutoScalingGroup::builder()
        .min_size(2)
        .desired_capacity(2)
        .max_size(4)
        .set_instances(Some((0..in_service).map(|_| instance()).collect()))
        .build();
    DescribeAutoScalingGroupsOutput::builder()
        .auto_scaling_groups(group)
        .build()
}
