//! ElastiCache in one Region, as far as these tests need it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_elasticache::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_elasticache::operation::describe_global_replication_groups::{
    DescribeGlobalReplicationGroupsInput, DescribeGlobalReplicationGroupsOutput,
};
use aws_sdk_elasticache::operation::describe_replication_groups::{
    DescribeReplicationGroupsInput, DescribeReplicationGroupsOutput,
};
use aws_sdk_elasticache::operation::failover_global_replication_group::{
    FailoverGlobalReplicationGroupInput, FailoverGlobalReplicationGroupOutput,
};
use aws_sdk_elasticache::operation::test_failover::{TestFailoverInput, TestFailoverOutput};
use aws_sdk_elasticache::types::{
    AutomaticFailoverStatus, GlobalReplicationGroup, GlobalReplicationGroupMember, NodeGroup,
    NodeGroupMember, ReplicationGroup,
};
use aws_sdk_elasticache::{Client, Config};
use aws_smithy_mocks::{MockResponse, MockResponseInterceptor, RuleMode, create_mock_http_client, mock};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;

/// ElastiCache. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Aws(Arc<Mutex<Caches>>);

/// What there is.
#[derive(Clone, Debug)]
pub(crate) struct Caches {
    /// Status of the global datastore, if there is one.
    pub(crate) datastore: Option<&'static str>,
    /// Its members: group, Region, role.
    pub(crate) members: Vec<(&'static str, &'static str, &'static str)>,
    /// Status of this Region's replication group, if there is one.
    pub(crate) group: Option<&'static str>,
    pub(crate) automatic_failover: AutomaticFailoverStatus,
    /// Its nodes: cache cluster and role.
    pub(crate) nodes: Vec<(&'static str, Option<&'static str>)>,
    /// Their zones, in the same order; all are in the first one, unless a test says otherwise.
    pub(crate) zones: Vec<&'static str>,
    /// What becomes of calls of an operation that does not go well.
    pub(crate) fates: BTreeMap<&'static str, Fate>,
    /// What was called, with what is said beside the name of the group or datastore.
    pub(crate) calls: Vec<(&'static str, String)>,
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
    /// A datastore whose primary is in Frankfurt, and a group here with two nodes.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Caches {
            datastore: Some("available"),
            members: vec![
                ("shop-cache", "eu-central-1", "PRIMARY"),
                ("shop-cache-standby", "eu-west-1", "SECONDARY"),
            ],
            group: Some("available"),
            automatic_failover: AutomaticFailoverStatus::Enabled,
            nodes: vec![("shop-001", Some("primary")), ("shop-002", Some("replica"))],
            zones: Vec::new(),
            fates: BTreeMap::new(),
            calls: Vec::new(),
        })))
    }

    /// What there is, to be looked at or changed.
    pub(crate) fn caches(&self) -> MutexGuard<'_, Caches> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a rule computes: the effect, and its answer or what became of that.
    fn answer<I: 'static, O: 'static, E>(
        &self,
        call: &'static str,
        said: fn(&I) -> String,
        effect: fn(&mut Caches, &I) -> O,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let aws = self.clone();
        move |input| {
            let mut caches = aws.caches();
            caches.calls.push((call, said(input)));
            match caches.fates.get(call).copied() {
                None => MockResponse::Output(effect(&mut caches, input)),
                Some(Fate::AnswerLost) => {
                    effect(&mut caches, input);
                    MockResponse::Http(response(502, "<html>Bad Gateway</html>".to_owned()))
                }
                Some(Fate::Refused(status, code, message)) => {
                    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
                    MockResponse::Http(response(
                        status,
                        format!("<ErrorResponse>{error}</ErrorResponse>"),
                    ))
                }
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the client is handed in here, and answered by rules"
    )]
    pub(crate) fn client(&self) -> Client {
        let rules = [
            mock!(Client::describe_global_replication_groups).then_compute_response(self.answer(
                "DescribeGlobalReplicationGroups",
                said_of_datastore,
                describe_datastore,
            )),
            mock!(Client::failover_global_replication_group).then_compute_response(self.answer(
                "FailoverGlobalReplicationGroup",
                said_of_failover,
                fail_over_datastore,
            )),
            mock!(Client::describe_replication_groups).then_compute_response(self.answer(
                "DescribeReplicationGroups",
                |_| String::new(),
                describe_group,
            )),
            mock!(Client::test_failover).then_compute_response(self.answer(
                "TestFailover",
                said_of_test,
                fail_over_group,
            )),
        ];
        let answering = rules.iter().fold(
            MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
            MockResponseInterceptor::with_rule,
        );
        Client::from_conf(
            Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-west-1"))
                .credentials_provider(Credentials::new("test", "test", None, None, "test"))
                .http_client(create_mock_http_client())
                .retry_config(RetryConfig::disabled())
                .interceptor(answering)
                .build(),
        )
    }
}

fn response(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(
        StatusCode::try_from(status).expect("a status"),
        SdkBody::from(body),
    )
}

fn said_of_datastore(input: &DescribeGlobalReplicationGroupsInput) -> String {
    format!("{:?}", input.show_member_info())
}

fn said_of_failover(input: &FailoverGlobalReplicationGroupInput) -> String {
    let (group, region) = (input.primary_replication_group_id(), input.primary_region());
    format!("{} in {}", group.unwrap_or_default(), region.unwrap_or_default())
}

fn said_of_test(input: &TestFailoverInput) -> String {
    input.node_group_id().unwrap_or_default().to_owned()
}

fn describe_datastore(
    caches: &mut Caches,
    input: &DescribeGlobalReplicationGroupsInput,
) -> DescribeGlobalReplicationGroupsOutput {
    let members = caches.members.iter().map(|(group, region, role)| {
        GlobalReplicationGroupMember::builder()
            .replication_group_id(*group)
            .replication_group_region(*region)
            .role(*role)
            .status("associated")
            .build()
    });
    let datastore = caches.datastore.map(|status| {
        GlobalReplicationGroup::builder()
            .set_global_replication_group_id(input.global_replication_group_id().map(str::to_owned))
            .status(status)
            .set_members(Some(members.collect()))
            .build()
    });
    DescribeGlobalReplicationGroupsOutput::builder()
        .set_global_replication_groups(Some(datastore.into_iter().collect()))
        .build()
}

fn fail_over_datastore(
    caches: &mut Caches,
    input: &FailoverGlobalReplicationGroupInput,
) -> FailoverGlobalReplicationGroupOutput {
    caches.datastore = Some("modifying");
    for (_, region, role) in &mut caches.members {
        *role = if input.primary_region() == Some(*region) {
            "PRIMARY"
        } else {
            "SECONDARY"
        };
    }
    FailoverGlobalReplicationGroupOutput::builder().build()
}

fn describe_group(
    caches: &mut Caches,
    input: &DescribeReplicationGroupsInput,
) -> DescribeReplicationGroupsOutput {
    let nodes = caches.nodes.iter().enumerate().map(|(index, (cluster, role))| {
        NodeGroupMember::builder()
            .cache_cluster_id(*cluster)
            .preferred_availability_zone(caches.zones.get(index).copied().unwrap_or("eu-west-1a"))
            .set_current_role(role.map(str::to_owned))
            .build()
    });
    let nodes = NodeGroup::builder()
        .node_group_id("0001")
        .status("available")
        .set_node_group_members(Some(nodes.collect()))
        .build();
    let group = caches.group.map(|status| {
        ReplicationGroup::builder()
            .set_replication_group_id(input.replication_group_id().map(str::to_owned))
            .status(status)
            .automatic_failover(caches.automatic_failover.clone())
            .node_groups(nodes)
            .build()
    });
    DescribeReplicationGroupsOutput::builder()
        .set_replication_groups(Some(group.into_iter().collect()))
        .build()
}

fn fail_over_group(caches: &mut Caches, _: &TestFailoverInput) -> TestFailoverOutput {
    caches.group = Some("modifying");
    for (_, role) in &mut caches.nodes {
        *role = role.map(|role| if role == "primary" { "replica" } else { "primary" });
    }
    TestFailoverOutput::builder().build()
}
