//! RDS and CloudWatch in two Regions, and the application in front of them, as far as these tests need them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_rds::operation::create_db_instance_read_replica::{
    CreateDbInstanceReadReplicaInput, CreateDbInstanceReadReplicaOutput,
};
use aws_sdk_rds::operation::describe_db_clusters::{DescribeDbClustersInput, DescribeDbClustersOutput};
use aws_sdk_rds::operation::describe_db_instances::{DescribeDbInstancesInput, DescribeDbInstancesOutput};
use aws_sdk_rds::operation::describe_events::{DescribeEventsInput, DescribeEventsOutput};
use aws_sdk_rds::operation::describe_global_clusters::DescribeGlobalClustersOutput;
use aws_sdk_rds::operation::failover_global_cluster::{
    FailoverGlobalClusterInput, FailoverGlobalClusterOutput,
};
use aws_sdk_rds::operation::modify_db_cluster::{ModifyDbClusterInput, ModifyDbClusterOutput};
use aws_sdk_rds::operation::modify_db_instance::{ModifyDbInstanceInput, ModifyDbInstanceOutput};
use aws_sdk_rds::operation::promote_read_replica::{PromoteReadReplicaInput, PromoteReadReplicaOutput};
use aws_sdk_rds::operation::remove_from_global_cluster::{
    RemoveFromGlobalClusterInput, RemoveFromGlobalClusterOutput,
};
use aws_sdk_rds::operation::switchover_global_cluster::{
    SwitchoverGlobalClusterInput, SwitchoverGlobalClusterOutput,
};
use aws_sdk_rds::types::{
    DbCluster, DbClusterMember, DbInstance, DbInstanceStatusInfo, DbSubnetGroup, Event, FailoverState,
    FailoverStatus, GlobalCluster, GlobalClusterMember, PendingModifiedValues, VpcSecurityGroupMembership,
};
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
    pub(crate) members: Vec<(String, bool)>,
    /// Status, and ARN of the cluster that is to write.
    pub(crate) moving: Option<(&'static str, String)>,
    /// By Region and identifier.
    pub(crate) databases: BTreeMap<(Region, String), Database>,
    /// By Region.
    pub(crate) events: BTreeMap<Region, Vec<(Timestamp, String)>>,
    /// Datapoints in the metric's own unit, by Region.
    pub(crate) lag: BTreeMap<Region, Vec<(Timestamp, f64)>>,
    /// Regions that do not answer.
    pub(crate) lost: BTreeSet<Region>,
    /// What becomes of calls of an operation that does not go well.
    pub(crate) fates: BTreeMap<&'static str, Fate>,
    /// What was called, and where.
    pub(crate) calls: Vec<String>,
    /// Which metric was asked for, of which database.
    pub(crate) metrics: Vec<String>,
    /// By host: the application there.
    pub(crate) applications: BTreeMap<&'static str, Application>,
    /// The item of the write lease, if there is one.
    pub(crate) lease: Option<Item>,
    /// What happens to the lease between the next look at it and the next call that changes it.
    pub(crate) meanwhile: Option<Item>,
    /// By database: the value that was stored last.
    stored: BTreeMap<&'static str, String>,
}

/// An item of DynamoDB.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A cluster or an instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Database {
    pub(crate) status: &'static str,
    /// Security group and status.
    pub(crate) groups: Vec<(String, &'static str)>,
    pub(crate) source: Option<String>,
    pub(crate) encrypted: bool,
    /// What RDS says of its replication, if anything.
    pub(crate) replication: Option<&'static str>,
    pub(crate) new_name: Option<String>,
}

/// An application: what it answers, and the database that it writes to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Application {
    Writes(&'static str),
    Answers(u16),
    Silent,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It is refused: HTTP status and code.
    Refused(u16, &'static str),
    /// It takes effect, and its answer is lost on the way.
    AnswerLost,
}

impl Cloud {
    /// Everything, to be looked at or changed.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was called since the last look, in both Regions.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    /// What was called since the last look and changes something.
    pub(crate) fn changes(&self) -> Vec<String> {
        let calls = self.calls().into_iter();
        calls
            .filter(|call| {
                !["Describe", "GetMetricData", "GetItem"]
                    .iter()
                    .any(|look| call.contains(look))
            })
            .collect()
    }

    /// What a rule computes: the effect, and its answer or what became of that.
    fn answer<I, O, E>(
        &self,
        region: &Region,
        call: &'static str,
        effect: impl Fn(&mut State, &Region, &I) -> Result<O, &'static str> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let (cloud, region) = (self.clone(), region.clone());
        move |input| {
            let mut state = cloud.state();
            state.calls.push(format!("{region} {call}"));
            if state.lost.contains(&region) {
                return MockResponse::Http(response(503, "ServiceUnavailable"));
            }
            match state.fates.get(call).copied() {
                Some(Fate::Refused(status, code)) => MockResponse::Http(response(status, code)),
                fate => match (effect(&mut state, &region, input), fate) {
                    (Ok(_), Some(_)) => MockResponse::Http(response(502, "BadGateway")),
                    (Ok(output), None) => MockResponse::Output(output),
                    (Err(code), _) => MockResponse::Http(response(404, code)),
                },
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the client is handed in here, and answered by rules"
    )]
    pub(crate) fn rds(&self, region: &Region) -> aws_sdk_rds::Client {
        use aws_sdk_rds::{Client, Config, config};
        let rules = [
            mock!(Client::describe_global_clusters).then_compute_response(self.answer(
                region,
                "DescribeGlobalClusters",
                |state, _, _| Ok(global_clusters(state)),
            )),
            mock!(Client::describe_db_clusters).then_compute_response(self.answer(
                region,
                "DescribeDBClusters",
                clusters,
            )),
            mock!(Client::describe_db_instances).then_compute_response(self.answer(
                region,
                "DescribeDBInstances",
                instances,
            )),
            mock!(Client::describe_events).then_compute_response(self.answer(
                region,
                "DescribeEvents",
                events,
            )),
            mock!(Client::modify_db_cluster).then_compute_response(self.answer(
                region,
                "ModifyDBCluster",
                modify_cluster,
            )),
            mock!(Client::modify_db_instance).then_compute_response(self.answer(
                region,
                "ModifyDBInstance",
                modify_instance,
            )),
            mock!(Client::switchover_global_cluster).then_compute_response(self.answer(
                region,
                "SwitchoverGlobalCluster",
                switch_over,
            )),
            mock!(Client::failover_global_cluster).then_compute_response(self.answer(
                region,
                "FailoverGlobalCluster",
                fail_over,
            )),
            mock!(Client::remove_from_global_cluster).then_compute_response(self.answer(
                region,
                "RemoveFromGlobalCluster",
                remove,
            )),
            mock!(Client::promote_read_replica).then_compute_response(self.answer(
                region,
                "PromoteReadReplica",
                promote,
            )),
            mock!(Client::create_db_instance_read_replica).then_compute_response(self.answer(
                region,
                "CreateDBInstanceReadReplica",
                create,
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
    pub(crate) fn cloudwatch(&self, region: &Region) -> aws_sdk_cloudwatch::Client {
        use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataInput, GetMetricDataOutput};
        use aws_sdk_cloudwatch::types::MetricDataResult;
        use aws_sdk_cloudwatch::{Client, Config, config};
        let metric_data = |state: &mut State, region: &Region, input: &GetMetricDataInput| {
            let query = input.metric_data_queries().first().expect("a query");
            let metric = query
                .metric_stat()
                .and_then(|stat| stat.metric())
                .expect("a metric");
            let dimension = metric.dimensions().first().expect("a dimension");
            state.metrics.push(format!(
                "{} {}={}",
                metric.metric_name().unwrap_or_default(),
                dimension.name().unwrap_or_default(),
                dimension.value().unwrap_or_default()
            ));
            let mut result = MetricDataResult::builder().set_id(query.id().map(str::to_owned));
            for (at, value) in state.lag.get(region).into_iter().flatten() {
                result = result.timestamps(moment(*at)).values(*value);
            }
            Ok(GetMetricDataOutput::builder()
                .metric_data_results(result.build())
                .build())
        };
        let rules = [mock!(Client::get_metric_data).then_compute_response(self.answer(
            region,
            "GetMetricData",
            metric_data,
        ))];
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

    /// What a rule computes for DynamoDB, which speaks JSON.
    fn item<I, O, E>(
        &self,
        region: &Region,
        call: &'static str,
        effect: impl Fn(&mut State, &I) -> Answer<O> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let (cloud, region) = (self.clone(), region.clone());
        move |input| {
            let mut state = cloud.state();
            state.calls.push(format!("{region} {call}"));
            let refused = |status, code: &str| {
                let error =
                    format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"no"}}"#);
                MockResponse::Http(http(status, error))
            };
            match state.fates.get(call).copied() {
                Some(Fate::Refused(status, code)) => refused(status, code),
                fate => match (effect(&mut state, input), fate) {
                    (Ok(_), Some(_)) => refused(500, "InternalServerError"),
                    (Ok(output), None) => MockResponse::Output(output),
                    (Err(code), _) => refused(400, code),
                },
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the client is handed in here, and answered by rules"
    )]
    pub(crate) fn dynamodb(&self, region: &Region) -> aws_sdk_dynamodb::Client {
        use aws_sdk_dynamodb::{Client, Config, config};
        let rules = [
            mock!(Client::get_item).then_compute_response(self.item(region, "GetItem", get_item)),
            mock!(Client::update_item).then_compute_response(self.item(region, "UpdateItem", update_item)),
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
            (None | Some(Application::Silent), _) => Err(ConnectorError::io("connection refused".into())),
            (Some(Application::Answers(status)), _) => Ok(http(status, String::new())),
            (Some(Application::Writes(database)), "PUT") => {
                let body = request.body().bytes().unwrap_or_default();
                let body = String::from_utf8_lossy(body).into_owned();
                state.stored.insert(database, body);
                Ok(http(204, String::new()))
            }
            (Some(Application::Writes(database)), _) => {
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

fn response(status: u16, code: &str) -> HttpResponse {
    let error = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    );
    http(status, error)
}

fn http(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(
        StatusCode::try_from(status).expect("a status"),
        SdkBody::from(body),
    )
}

fn moment(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millisecond())
}

type Answer<O> = Result<O, &'static str>;

fn global_clusters(state: &State) -> DescribeGlobalClustersOutput {
    let members = state.members.iter().map(|(arn, is_writer)| {
        GlobalClusterMember::builder()
            .db_cluster_arn(arn)
            .is_writer(*is_writer)
            .build()
    });
    let moving = state.moving.as_ref().map(|(status, to)| {
        FailoverState::builder()
            .status(FailoverStatus::from(*status))
            .is_data_loss_allowed(*status == "failing-over")
            .to_db_cluster_arn(to)
            .build()
    });
    let global = GlobalCluster::builder()
        .global_cluster_identifier("shop-global")
        .status("available")
        .engine_version("16.4")
        .set_global_cluster_members(Some(members.collect()))
        .set_failover_state(moving)
        .build();
    DescribeGlobalClustersOutput::builder()
        .global_clusters(global)
        .build()
}

fn memberships(database: &Database) -> Vec<VpcSecurityGroupMembership> {
    let groups = database.groups.iter().map(|(id, status)| {
        VpcSecurityGroupMembership::builder()
            .vpc_security_group_id(id)
            .status(*status)
            .build()
    });
    groups.collect()
}

fn clusters(
    state: &mut State,
    region: &Region,
    input: &DescribeDbClustersInput,
) -> Answer<DescribeDbClustersOutput> {
    let id = input.db_cluster_identifier().unwrap_or_default();
    let database = state.databases.get(&(region.clone(), id.to_owned()));
    let database = database.ok_or("DBClusterNotFoundFault")?;
    let cluster = DbCluster::builder()
        .db_cluster_identifier(id)
        .status(database.status)
        .engine("aurora-postgresql")
        .engine_version("16.4")
        .db_cluster_members(DbClusterMember::builder().db_instance_identifier("a").build())
        .set_vpc_security_groups(Some(memberships(database)))
        .build();
    Ok(DescribeDbClustersOutput::builder().db_clusters(cluster).build())
}

/// One instance a page, when all are asked for.
fn instances(
    state: &mut State,
    region: &Region,
    input: &DescribeDbInstancesInput,
) -> Answer<DescribeDbInstancesOutput> {
    let all: Vec<(&String, &Database)> = state
        .databases
        .iter()
        .filter(|((there, _), _)| there == region)
        .map(|((_, id), database)| (id, database))
        .collect();
    let page: usize = input.marker().map_or(0, |marker| marker.parse().expect("ours"));
    let found = match input.db_instance_identifier() {
        Some(asked) => Some(
            *all.iter()
                .find(|(id, _)| *id == asked)
                .ok_or("DBInstanceNotFound")?,
        ),
        None => all.get(page).copied(),
    };
    let more = input.db_instance_identifier().is_none() && page + 1 < all.len();
    let instance = found.map(|(id, database)| {
        let replication = database.replication.map(|status| {
            DbInstanceStatusInfo::builder()
                .status_type("read replication")
                .status(status)
                .build()
        });
        let pending = PendingModifiedValues::builder().set_db_instance_identifier(database.new_name.clone());
        DbInstance::builder()
            .db_instance_identifier(id)
            .db_instance_status(database.status)
            .db_instance_class("db.r7g.large")
            .db_subnet_group(DbSubnetGroup::builder().db_subnet_group_name("private").build())
            .engine("postgres")
            .engine_version("16.4")
            .multi_az(true)
            .storage_encrypted(database.encrypted)
            .kms_key_id("arn:aws:kms:key")
            .set_vpc_security_groups(Some(memberships(database)))
            .set_read_replica_source_db_instance_identifier(database.source.clone())
            .set_status_infos(Some(replication.into_iter().collect()))
            .pending_modified_values(pending.build())
            .build()
    });
    Ok(DescribeDbInstancesOutput::builder()
        .set_db_instances(Some(instance.into_iter().collect()))
        .set_marker(more.then(|| (page + 1).to_string()))
        .build())
}

/// One event a page.
fn events(state: &mut State, region: &Region, input: &DescribeEventsInput) -> Answer<DescribeEventsOutput> {
    assert_eq!(input.duration(), Some(60));
    let all = state.events.get(region).cloned().unwrap_or_default();
    let page: usize = input.marker().map_or(0, |marker| marker.parse().expect("ours"));
    let event = all
        .get(page)
        .map(|(at, message)| Event::builder().date(moment(*at)).message(message).build());
    Ok(DescribeEventsOutput::builder()
        .set_events(Some(event.into_iter().collect()))
        .set_marker((page + 1 < all.len()).then(|| (page + 1).to_string()))
        .build())
}

/// The new groups come and the old ones go; nothing is in force at once.
fn regroup(database: &mut Database, groups: &[String]) {
    let going = database.groups.iter().filter(|(id, _)| !groups.contains(id));
    let going: Vec<_> = going.map(|(id, _)| (id.clone(), "removing")).collect();
    let coming = groups.iter().map(|id| (id.clone(), "adding"));
    database.groups = coming.chain(going).collect();
}

fn modify_cluster(
    state: &mut State,
    region: &Region,
    input: &ModifyDbClusterInput,
) -> Answer<ModifyDbClusterOutput> {
    assert_eq!(input.apply_immediately(), Some(true));
    let id = input.db_cluster_identifier().unwrap_or_default();
    let database = state.databases.get_mut(&(region.clone(), id.to_owned()));
    regroup(
        database.ok_or("DBClusterNotFoundFault")?,
        input.vpc_security_group_ids(),
    );
    Ok(ModifyDbClusterOutput::builder().build())
}

fn modify_instance(
    state: &mut State,
    region: &Region,
    input: &ModifyDbInstanceInput,
) -> Answer<ModifyDbInstanceOutput> {
    assert_eq!(input.apply_immediately(), Some(true));
    let id = input.db_instance_identifier().unwrap_or_default();
    let database = state.databases.get_mut(&(region.clone(), id.to_owned()));
    let database = database.ok_or("DBInstanceNotFound")?;
    match input.new_db_instance_identifier() {
        Some(new_name) => database.new_name = Some(new_name.to_owned()),
        None => regroup(database, input.vpc_security_group_ids()),
    }
    Ok(ModifyDbInstanceOutput::builder().build())
}

fn switch_over(
    state: &mut State,
    _: &Region,
    input: &SwitchoverGlobalClusterInput,
) -> Answer<SwitchoverGlobalClusterOutput> {
    let target = input.target_db_cluster_identifier().unwrap_or_default();
    state.moving = Some(("switching-over", target.to_owned()));
    Ok(SwitchoverGlobalClusterOutput::builder().build())
}

fn fail_over(
    state: &mut State,
    _: &Region,
    input: &FailoverGlobalClusterInput,
) -> Answer<FailoverGlobalClusterOutput> {
    assert_eq!(input.allow_data_loss(), Some(true));
    let target = input.target_db_cluster_identifier().unwrap_or_default();
    state.moving = Some(("failing-over", target.to_owned()));
    Ok(FailoverGlobalClusterOutput::builder().build())
}

fn remove(
    state: &mut State,
    _: &Region,
    input: &RemoveFromGlobalClusterInput,
) -> Answer<RemoveFromGlobalClusterOutput> {
    state
        .members
        .retain(|(arn, _)| Some(arn.as_str()) != input.db_cluster_identifier());
    Ok(RemoveFromGlobalClusterOutput::builder().build())
}

fn promote(
    state: &mut State,
    region: &Region,
    input: &PromoteReadReplicaInput,
) -> Answer<PromoteReadReplicaOutput> {
    let id = input.db_instance_identifier().unwrap_or_default();
    let database = state.databases.get_mut(&(region.clone(), id.to_owned()));
    database.ok_or("DBInstanceNotFound")?.status = "modifying";
    Ok(PromoteReadReplicaOutput::builder().build())
}

fn create(
    state: &mut State,
    region: &Region,
    input: &CreateDbInstanceReadReplicaInput,
) -> Answer<CreateDbInstanceReadReplicaOutput> {
    assert_eq!(
        (
            input.db_subnet_group_name(),
            input.db_instance_class(),
            input.multi_az()
        ),
        (Some("private"), Some("db.r7g.large"), Some(true))
    );
    let replica = Database {
        status: "creating",
        groups: input
            .vpc_security_group_ids()
            .iter()
            .map(|id| (id.clone(), "active"))
            .collect(),
        source: input.source_db_instance_identifier().map(str::to_owned),
        encrypted: input.kms_key_id().is_some(),
        ..Database::default()
    };
    let id = input.db_instance_identifier().unwrap_or_default().to_owned();
    state.databases.insert((region.clone(), id), replica);
    Ok(CreateDbInstanceReadReplicaOutput::builder().build())
}

fn get_item(state: &mut State, input: &GetItemInput) -> Answer<GetItemOutput> {
    assert_eq!(input.consistent_read(), Some(true));
    assert_eq!(input.table_name(), Some("shop-write-lease"));
    let found = state.lease.clone();
    if let Some(changed) = state.meanwhile.take() {
        state.lease = Some(changed);
    }
    Ok(GetItemOutput::builder().set_item(found).build())
}

/// The two updates there are: of a lease that was seen, and of one that is missing.
#[expect(clippy::panic, reason = "a request that is not understood fails the test")]
fn update_item(state: &mut State, input: &UpdateItemInput) -> Answer<UpdateItemOutput> {
    let values = input.expression_attribute_values().expect("values");
    let of = |name: &str| values.get(name).cloned();
    let update = input.update_expression().expect("an update");
    let met = match input.condition_expression().expect("a condition") {
        "holder = :from AND expires_at_ms = :seen" => state.lease.as_ref().is_some_and(|lease| {
            lease.get("holder") == of(":from").as_ref() && lease.get("expires_at_ms") == of(":seen").as_ref()
        }),
        "attribute_not_exists(holder)" => state.lease.is_none(),
        other => panic!("not a condition of ours: {other}"),
    };
    if !met {
        return Err("ConditionalCheckFailedException");
    }
    let lease = state.lease.get_or_insert_default();
    for assignment in update.trim_start_matches("SET ").split(", ") {
        let (name, value) = assignment.split_once(" = ").expect("an assignment");
        lease.insert(name.to_owned(), of(value).expect("a value"));
    }
    Ok(UpdateItemOutput::builder().build())
}
