//! Every number of the embedded cloud, with where it comes from.
//!
//! A number is either documented by AWS, measured by somebody who says how, or assumed. An assumption is named as
//! one: a rehearsal is worth what its facts are worth, and its reader must be able to doubt them one by one.
//! `evenkeel rehearse --facts` prints this table.

use domain::duration::Duration;
use domain::system::DatabaseKind;
use serde::Serialize;

/// A modelled length of time: uniform between two bounds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What takes that long.
    pub what: &'static str,
    /// At least.
    pub least: Duration,
    /// At most.
    pub most: Duration,
    /// Where the bounds come from.
    pub basis: Basis,
}

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "basis", content = "source", rename_all = "kebab-case")]
pub enum Basis {
    /// AWS documents it.
    Documented(&'static str),
    /// Somebody measured and published it.
    Measured(&'static str),
    /// Nobody says; this is why it is believed.
    Assumed(&'static str),
}

impl Fact {
    const fn ms(what: &'static str, least: u64, most: u64, basis: Basis) -> Self {
        Self {
            what,
            least: Duration::from_millis(least),
            most: Duration::from_millis(most),
            basis,
        }
    }
}

/// Failover of an RDS Multi-AZ DB instance, from the request until the endpoint serves from the other zone.
pub const MULTI_AZ_INSTANCE_FAILOVER: Fact = Fact::ms(
    "failover of a Multi-AZ DB instance",
    60_000,
    120_000,
    Basis::Documented("RDS User Guide, Concepts.MultiAZ.Failover: typically 60-120 seconds"),
);

/// Failover of an RDS Multi-AZ DB cluster.
pub const MULTI_AZ_CLUSTER_FAILOVER: Fact = Fact::ms(
    "failover of a Multi-AZ DB cluster",
    15_000,
    35_000,
    Basis::Documented(
        "RDS API, FailoverDBCluster: typically less than 35 seconds; the lower bound is assumed",
    ),
);

/// Failover of an Aurora cluster that has a replica.
pub const AURORA_FAILOVER: Fact = Fact::ms(
    "failover of an Aurora cluster with a replica",
    15_000,
    60_000,
    Basis::Documented(
        "Aurora User Guide, Concepts.AuroraHighAvailability: under 60 s, often under 30 s; the lower bound is assumed",
    ),
);

/// Until RDS notices by itself that a writer's host is gone.
pub const RDS_NOTICES: Fact = Fact::ms(
    "RDS notices a lost host by itself",
    5_000,
    15_000,
    Basis::Assumed("contained in the documented failover times, which do not say how much of them it is"),
);

/// Between a metric's period and the alarm's evaluation of it.
pub const ALARM_EVALUATION: Fact = Fact::ms(
    "an alarm evaluates a period after it ended",
    1_000,
    4_000,
    Basis::Assumed(
        "CloudWatch User Guide, AlarmThatSendsEmail, says that high-resolution alarms evaluate every 10 s, not how long a datapoint takes to be seen",
    ),
);

/// AWS Health, from the loss of a Region to the first word about it.
pub const HEALTH_SPEAKS: Fact = Fact::ms(
    "AWS Health speaks of a lost Region",
    300_000,
    1_500_000,
    Basis::Assumed(
        "people at AWS look first; AWS promises no time, and its users tell of five minutes to more than half an hour",
    ),
);

/// AWS Health, from the return of a Region to the word that it is over.
pub const HEALTH_CLOSES: Fact = Fact::ms(
    "AWS Health closes an issue after its end",
    120_000,
    900_000,
    Basis::Assumed("AWS watches a recovery before it calls it one, and promises no time"),
);

/// EventBridge, from one Region's bus to another's.
pub const FORWARDED: Fact = Fact::ms(
    "EventBridge forwards an event to another Region",
    100,
    1_000,
    Basis::Assumed("a delivery like any other, and the way between two Regions; AWS publishes no figure"),
);

/// EventBridge, from the event to the invocation of its target.
pub const EVENT_BUS: Fact = Fact::ms(
    "EventBridge delivers an event",
    40,
    250,
    Basis::Measured(
        "AWS Architecture Blog, 2026-02-04, Amazon Key: 80 ms at the 90th percentile; the upper bound is assumed",
    ),
);

/// Lambda, from the invocation to the handler, in a warm environment.
pub const LAMBDA_WARM: Fact = Fact::ms(
    "Lambda reaches a warm handler",
    8,
    40,
    Basis::Assumed("round trips inside one Region; AWS publishes no figure"),
);

/// What a cold start adds.
pub const LAMBDA_COLD: Fact = Fact::ms(
    "a cold start adds",
    120,
    350,
    Basis::Assumed(
        "environment creation; the function's own initialisation is 14 ms of it (maxday/lambda-perf, 2026-08-22, Rust, arm64, 128 MB)",
    ),
);

/// Step Functions, between two states.
pub const STATE_TRANSITION: Fact = Fact::ms(
    "Step Functions moves to a task and calls Lambda",
    15,
    60,
    Basis::Assumed("AWS publishes no figure for Standard workflows"),
);

/// Step Functions, from StartExecution to the first state.
pub const EXECUTION_START: Fact = Fact::ms(
    "an execution starts",
    20,
    100,
    Basis::Assumed("AWS publishes no figure for Standard workflows"),
);

/// RDS API.
pub const RDS_API: Fact = Fact::ms(
    "a call of the RDS API",
    30,
    150,
    Basis::Assumed("control-plane calls; AWS publishes no figure"),
);

/// CloudWatch API.
pub const CLOUDWATCH_API: Fact = Fact::ms(
    "a call of the CloudWatch API",
    30,
    150,
    Basis::Assumed("AWS publishes no figure"),
);

/// DynamoDB API.
pub const DYNAMODB_API: Fact = Fact::ms(
    "a call of DynamoDB",
    3,
    15,
    Basis::Documented(
        "DynamoDB Developer Guide, Introduction: single-digit millisecond performance; the tail is assumed",
    ),
);

/// DynamoDB API, a global table with multi-Region strong consistency: whatever is written or read consistently takes a
/// round to a second Region.
pub const CONSISTENT_TABLE_API: Fact = Fact::ms(
    "a write to a global table with multi-Region strong consistency, or a consistent read",
    15,
    80,
    Basis::Assumed(
        "DynamoDB Developer Guide, V2globaltables_HowItWorks: answered when a second of its three Regions has it, so a Region that reaches no other can do neither, which is modelled; AWS publishes no figure for the latency",
    ),
);

/// SNS API.
pub const SNS_API: Fact = Fact::ms("a call of SNS", 15, 60, Basis::Assumed("AWS publishes no figure"));

/// Step Functions API.
pub const STATES_API: Fact = Fact::ms(
    "a call of Step Functions",
    20,
    80,
    Basis::Assumed("AWS publishes no figure"),
);

/// The application, answering a write check.
pub const APPLICATION: Fact = Fact::ms(
    "the application answers",
    10,
    60,
    Basis::Assumed("one small statement on a healthy database"),
);

/// Until an old writer that was restarted by a failover is a standby again.
pub const OLD_WRITER_RETURNS: Fact = Fact::ms(
    "the old writer returns as a standby",
    60_000,
    240_000,
    Basis::Assumed("the host is restarted or replaced, then catches up; AWS publishes no figure"),
);

/// What a call to another Region of the same continent takes longer.
pub const OTHER_REGION: Fact = Fact::ms(
    "a call to the other Region takes longer by",
    20,
    60,
    Basis::Assumed("a few round trips between neighbouring Regions; AWS publishes no figure"),
);

/// Auto Scaling API.
pub const AUTO_SCALING_API: Fact = Fact::ms(
    "a call of Auto Scaling",
    40,
    200,
    Basis::Assumed("control-plane calls; AWS publishes no figure"),
);

/// Elastic Load Balancing API.
pub const LOAD_BALANCING_API: Fact = Fact::ms(
    "a call of Elastic Load Balancing",
    40,
    200,
    Basis::Assumed("control-plane calls; AWS publishes no figure"),
);

/// ElastiCache API.
pub const ELASTICACHE_API: Fact = Fact::ms(
    "a call of ElastiCache",
    30,
    150,
    Basis::Assumed("control-plane calls; AWS publishes no figure"),
);

/// Service Quotas API.
pub const QUOTAS_API: Fact = Fact::ms(
    "a call of Service Quotas",
    40,
    200,
    Basis::Assumed("control-plane calls; AWS publishes no figure"),
);

/// Route 53 API.
pub const ROUTE53_API: Fact = Fact::ms(
    "a call of Route 53",
    150,
    400,
    Basis::Assumed("a control plane on another continent; AWS publishes no figure"),
);

/// A routing-control cluster's endpoint.
pub const ROUTING_CONTROL_API: Fact = Fact::ms(
    "a call of a routing-control endpoint",
    60,
    350,
    Basis::Assumed("five endpoints on several continents; AWS publishes no figure"),
);

/// S3 API.
pub const S3_API: Fact = Fact::ms(
    "a call of S3",
    20,
    120,
    Basis::Documented(
        "S3 User Guide, optimizing-performance: small objects in roughly 100-200 ms; the lower bound is assumed",
    ),
);

/// An authoritative name server.
pub const NAME_SERVER: Fact = Fact::ms(
    "a name server answers",
    5,
    40,
    Basis::Assumed("one round trip by UDP to a near edge location"),
);

/// How far the other Region's database lags behind on an ordinary day.
pub const REPLICATION_LAG: Fact = Fact::ms(
    "replication to the other Region lags",
    200,
    900,
    Basis::Documented(
        "Aurora User Guide, aurora-global-database: typically under a second; the lower bound is assumed, and the same is assumed for a read replica",
    ),
);

/// Until RDS has verified a request to move a global cluster.
pub const GLOBAL_PENDING: Fact = Fact::ms(
    "RDS verifies a move of a global cluster",
    1_000,
    4_000,
    Basis::Assumed("FailoverState is pending meanwhile; AWS publishes no figure"),
);

/// Failover of an Aurora Global Database to another Region, from the request on.
pub const GLOBAL_FAILOVER: Fact = Fact::ms(
    "failover of a global cluster with loss of data",
    60_000,
    110_000,
    Basis::Assumed(
        "Aurora User Guide, aurora-global-database-disaster-recovery, speaks of minutes, so nothing below one is believed; the upper bound is assumed",
    ),
);

/// Switchover of an Aurora Global Database to another Region, from the request on; what is on its way comes on top.
pub const GLOBAL_SWITCHOVER: Fact = Fact::ms(
    "switchover of a global cluster",
    30_000,
    90_000,
    Basis::Assumed(
        "RDS API, SwitchoverGlobalCluster, says that the database is unavailable for a short time",
    ),
);

/// Until RDS has fenced the old primary.
pub const GLOBAL_FENCE: Fact = Fact::ms(
    "RDS fences a reachable old primary",
    4_000,
    20_000,
    Basis::Assumed("contained in the failover; AWS publishes no figure"),
);

/// Until RDS gives up to fence the old primary.
pub const GLOBAL_FENCE_TIMES_OUT: Fact = Fact::ms(
    "RDS gives up to fence an old primary that it cannot reach",
    20_000,
    50_000,
    Basis::Assumed("contained in the failover, which does not wait for ever; AWS publishes no figure"),
);

/// Until a cluster that was detached from a global cluster takes writes.
pub const DETACH: Fact = Fact::ms(
    "a detached secondary cluster takes writes",
    30_000,
    60_000,
    Basis::Documented(
        "Amazon Aurora features, Global Database: promoted in less than a minute; the lower bound is assumed",
    ),
);

/// Until the old primary begins to be made anew, once it can be reached.
pub const RESYNC_BEGINS: Fact = Fact::ms(
    "a returned old primary begins to resynchronise",
    30_000,
    120_000,
    Basis::Assumed("Aurora adds it back by itself; AWS publishes no figure"),
);

/// How long that takes.
pub const RESYNC: Fact = Fact::ms(
    "a returned old primary resynchronises",
    360_000,
    1_200_000,
    Basis::Assumed(
        "a new volume is filled from the new primary; it depends on the size, and AWS publishes no figure",
    ),
);

/// Promotion of a read replica.
pub const REPLICA_PROMOTION: Fact = Fact::ms(
    "promotion of a read replica",
    90_000,
    240_000,
    Basis::Documented(
        "RDS User Guide, USER_ReadRepl.Promote: several minutes, with a reboot; both bounds are assumed",
    ),
);

/// Making a read replica in another Region.
pub const REPLICA_MADE: Fact = Fact::ms(
    "a read replica in another Region is made",
    480_000,
    1_200_000,
    Basis::Assumed("a snapshot is copied and restored; it depends on the size, and AWS publishes no figure"),
);

/// Giving a DB instance another identifier.
pub const RENAME: Fact = Fact::ms(
    "a DB instance is renamed",
    60_000,
    180_000,
    Basis::Assumed("RDS User Guide, USER_RenameInstance, speaks of a reboot and of minutes"),
);

/// Giving a database other security groups.
pub const SECURITY_GROUPS: Fact = Fact::ms(
    "other security groups are in force",
    2_000,
    12_000,
    Basis::Assumed("VpcSecurityGroupMembership is adding or removing meanwhile; AWS publishes no figure"),
);

/// Until an instance is in service.
pub const INSTANCE_BOOTS: Fact = Fact::ms(
    "a new instance is in service",
    60_000,
    100_000,
    Basis::Assumed("launch, boot and start of the application from a baked image"),
);

/// Until its first health checks have passed.
pub const TARGET_HEALTHY: Fact = Fact::ms(
    "a registered target is healthy",
    20_000,
    30_000,
    Basis::Assumed("two or three checks of ten seconds, which ELBv2 API, CreateTargetGroup, allows"),
);

/// Until a group tries again what failed for want of capacity.
pub const LAUNCH_RETRIED: Fact = Fact::ms(
    "a group tries a failed launch again",
    45_000,
    75_000,
    Basis::Assumed("EC2 Auto Scaling tries until it succeeds, and does not say how often"),
);

/// Until a group notices that instances fail.
pub const GROUP_NOTICES: Fact = Fact::ms(
    "a group notices failed instances",
    20_000,
    60_000,
    Basis::Assumed("with ELB health checks and no grace period left; AWS publishes no figure"),
);

/// Until the last name server has heard of a change of records.
pub const RECORDS_SPREAD: Fact = Fact::ms(
    "a change of records is on every name server",
    10_000,
    60_000,
    Basis::Documented(
        "Route 53 API, ChangeResourceRecordSets: generally within 60 seconds; the lower bound is assumed",
    ),
);

/// Until the last name server has heard of a health check's state.
pub const HEALTH_SPREADS: Fact = Fact::ms(
    "a health check's state is on every name server",
    1_000,
    5_000,
    Basis::Assumed("what the checkers say is put together and spread without the control plane; no figure"),
);

/// Until the last name server has heard of a routing control's state.
pub const ROUTING_CONTROL_SPREADS: Fact = Fact::ms(
    "a routing control's state is on every name server",
    1_000,
    5_000,
    Basis::Assumed("as for health checks, which routing controls are for Route 53; no figure"),
);

/// How long users keep a connection that still works after their resolver leads elsewhere.
pub const CONNECTIONS_HELD: Fact = Fact::ms(
    "a twentieth of the users keep open connections",
    60_000,
    60_000,
    Basis::Assumed(
        "the idle timeout of an Application Load Balancer is 60 s by default; how many do so is a guess",
    ),
);

/// Promotion of another Region's group in an ElastiCache global datastore.
pub const CACHE_GLOBAL_FAILOVER: Fact = Fact::ms(
    "failover of a global datastore",
    20_000,
    60_000,
    Basis::Documented(
        "Amazon ElastiCache features, Global Datastore: promoted in less than a minute; the lower bound is assumed",
    ),
);

/// Failover inside an ElastiCache replication group.
pub const CACHE_FAILOVER: Fact = Fact::ms(
    "failover of a replication group",
    10_000,
    35_000,
    Basis::Assumed("ElastiCache User Guide, AutoFailover, speaks of a brief interruption"),
);

/// CodeDeploy API.
pub const CODEDEPLOY_API: Fact = Fact::ms(
    "a call of CodeDeploy",
    40,
    250,
    Basis::Assumed("control-plane calls; AWS publishes no figure"),
);

/// Zonal-shift API.
pub const ZONAL_SHIFT_API: Fact = Fact::ms(
    "a call of the zonal-shift API",
    30,
    200,
    Basis::Assumed("AWS publishes no figure"),
);

/// Until a load balancer takes a target out that fails.
pub const TARGET_FAILS: Fact = Fact::ms(
    "a failing target is unhealthy",
    20_000,
    30_000,
    Basis::Assumed("two or three checks of ten seconds, which ELBv2 API, CreateTargetGroup, allows"),
);

/// Until an instance that is taken out of its group is gone.
pub const TERMINATES: Fact = Fact::ms(
    "an instance is drained and terminated",
    30_000,
    50_000,
    Basis::Assumed(
        "a deregistration delay of 30 s (ELBv2 API, ModifyTargetGroupAttributes: 300 s unless set), then the shutdown",
    ),
);

/// Until a deployment that was created begins.
pub const DEPLOYMENT_BEGINS: Fact = Fact::ms(
    "a deployment begins",
    1_000,
    4_000,
    Basis::Assumed("Created and Queued before InProgress; AWS publishes no figure"),
);

/// Deployment to instances that are deployed to at once.
pub const DEPLOYED_TO: Fact = Fact::ms(
    "CodeDeploy deploys to a batch of instances",
    20_000,
    40_000,
    Basis::Assumed(
        "traffic blocked, files installed, application started, traffic allowed; it depends on the application's own scripts",
    ),
);

/// Until a deployment that was told to stop has stopped.
pub const DEPLOYMENT_STOPS: Fact = Fact::ms(
    "a deployment stops",
    2_000,
    10_000,
    Basis::Assumed("the running scripts end first (CodeDeploy API, StopDeployment); AWS publishes no figure"),
);

/// Until a revision that breaks its targets has done so.
pub const REVISION_BREAKS: Fact = Fact::ms(
    "a revision that kills its targets runs well for",
    5_000,
    20_000,
    Basis::Assumed("long enough to pass the checks with which its deployment ends; it is an example"),
);

/// Until most users follow a zonal shift.
pub const ZONAL_SHIFT_FOLLOWED: Fact = Fact::ms(
    "a zonal shift is in force for users",
    5_000,
    60_000,
    Basis::Assumed(
        "Elastic Load Balancing User Guide, zonal-shift: created immediately, while connections take a short time to complete; the load balancer's name has a time to live of 60 s",
    ),
);

/// Until ElastiCache notices that a primary node is lost.
pub const CACHE_NOTICES: Fact = Fact::ms(
    "ElastiCache notices a lost primary node",
    10_000,
    30_000,
    Basis::Assumed("ElastiCache User Guide, AutoFailover, promises detection and gives no figure"),
);

/// How long the resolvers of a twentieth of the users keep an answer with a time to live of twenty seconds.
pub const KEPT_ANSWERS: Fact = Fact::ms(
    "one resolver in twenty keeps a 20 s answer for",
    40_000,
    40_000,
    Basis::Assumed(
        "twice as long as it may; Route 53 Developer Guide says that some do so, and neither how many nor for how long",
    ),
);

/// How many times as long as it may one resolver in twenty keeps an answer. Assumed: Route 53 Developer Guide says
/// that some resolvers ignore the time to live, and not how many or for how long.
pub const STUBBORN_RESOLVERS_TIMES: u64 = 2;

/// What an instance carries, in percent of its part of all users' requests. Assumed: a tier that can lose half of
/// itself to a deployment, or a zone, is sized like that.
pub const INSTANCE_CARRIES_PERCENT: u64 = 200;

/// How many of a hundred requests fail that meet a target in a zone that is grey: every target of it looks healthy.
/// Assumed: a zone whose network loses packets answers some.
pub const GREY_ZONE_FAILS_PERCENT: u64 = 60;

/// How many of a hundred requests a bad revision answers with an error while it passes its health check. Assumed: a page
/// that matters is broken, and the check asks for another.
pub const BAD_REVISION_FAILS_PERCENT: u64 = 50;

/// How many of a hundred requests fail while the cache's primary node does not serve. Assumed: what needs a session or
/// a basket, and cannot fall back to the database.
pub const WITHOUT_CACHE_FAILS_PERCENT: u64 = 40;

/// How many deployments a page of ListDeployments holds. Assumed: CodeDeploy API, ListDeployments, does not say; so few
/// here that a history of days has a second page in every rehearsal.
pub const DEPLOYMENTS_PER_PAGE: usize = 3;

/// How often a schedule asks for an assessment, in every Region in which a system lives: what a dropped event would have
/// told is found by looking. A choice of this house's, not a fact of AWS's.
pub const ASSESSED_EVERY: Duration = Duration::from_mins(1);

/// How many times as fast as they were made outstanding writes arrive once nothing holds them up. Assumed.
pub const CATCHES_UP_TIMES: u64 = 10;

/// What a write is on its way to the other Region, in bytes. Assumed.
pub const BYTES_PER_WRITE: u64 = 1_000;

/// Lambda's waits before the second and the third attempt of an asynchronous invocation.
/// Source: Lambda Developer Guide, invocation-async-error-handling.
pub const ASYNC_RETRIES: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];

/// How often an event is delivered a second time, of a thousand. EventBridge delivers at least once (EventBridge User
/// Guide, eb-delivery) and does not say how often more than once: often enough here to be met in every test run.
pub const DELIVERED_TWICE_PER_MILLE: u32 = 100;

/// Step Functions Standard, US dollars per state transition. Source: AWS Step Functions pricing, us-east-1.
pub const DOLLARS_PER_TRANSITION: f64 = 0.025 / 1_000.0;

/// Lambda, US dollars per request. Source: AWS Lambda pricing, us-east-1.
pub const DOLLARS_PER_REQUEST: f64 = 0.20 / 1_000_000.0;

/// Lambda on arm64, US dollars per GB-second. Source: AWS Lambda pricing, us-east-1.
pub const DOLLARS_PER_GB_SECOND: f64 = 0.000_013_333_4;

/// Memory of a function, MB, by its name in the house. A choice of this house's, and the one that the stack deploys:
/// `evenkeel::stack::functions` says why.
pub fn function_memory_mb(function: &str) -> u32 {
    match function {
        "assess" | "router" | "traffic" => 512,
        _ => 256,
    }
}

/// Every fact, in the order in which an incident meets them.
pub const ALL: &[Fact] = &[
    REPLICATION_LAG,
    ALARM_EVALUATION,
    HEALTH_SPEAKS,
    HEALTH_CLOSES,
    FORWARDED,
    EVENT_BUS,
    LAMBDA_WARM,
    LAMBDA_COLD,
    EXECUTION_START,
    STATE_TRANSITION,
    DYNAMODB_API,
    CONSISTENT_TABLE_API,
    RDS_API,
    CLOUDWATCH_API,
    SNS_API,
    STATES_API,
    AUTO_SCALING_API,
    LOAD_BALANCING_API,
    ELASTICACHE_API,
    QUOTAS_API,
    ROUTE53_API,
    ROUTING_CONTROL_API,
    S3_API,
    CODEDEPLOY_API,
    ZONAL_SHIFT_API,
    NAME_SERVER,
    OTHER_REGION,
    APPLICATION,
    RDS_NOTICES,
    MULTI_AZ_INSTANCE_FAILOVER,
    MULTI_AZ_CLUSTER_FAILOVER,
    AURORA_FAILOVER,
    OLD_WRITER_RETURNS,
    SECURITY_GROUPS,
    GLOBAL_PENDING,
    GLOBAL_FENCE,
    GLOBAL_FENCE_TIMES_OUT,
    GLOBAL_FAILOVER,
    GLOBAL_SWITCHOVER,
    DETACH,
    REPLICA_PROMOTION,
    CACHE_FAILOVER,
    CACHE_GLOBAL_FAILOVER,
    INSTANCE_BOOTS,
    TARGET_HEALTHY,
    TARGET_FAILS,
    TERMINATES,
    LAUNCH_RETRIED,
    GROUP_NOTICES,
    ZONAL_SHIFT_FOLLOWED,
    DEPLOYMENT_BEGINS,
    DEPLOYED_TO,
    DEPLOYMENT_STOPS,
    REVISION_BREAKS,
    CACHE_NOTICES,
    HEALTH_SPREADS,
    ROUTING_CONTROL_SPREADS,
    RECORDS_SPREAD,
    CONNECTIONS_HELD,
    RESYNC_BEGINS,
    RESYNC,
    REPLICA_MADE,
    RENAME,
    KEPT_ANSWERS,
];

/// How long a database of that kind takes to fail over.
pub const fn failover(kind: DatabaseKind) -> Fact {
    match kind {
        DatabaseKind::MultiAzInstance => MULTI_AZ_INSTANCE_FAILOVER,
        DatabaseKind::MultiAzCluster => MULTI_AZ_CLUSTER_FAILOVER,
        DatabaseKind::Aurora => AURORA_FAILOVER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failover_is_modelled_slower_than_the_system_file_believes() {
        for kind in [
            DatabaseKind::MultiAzInstance,
            DatabaseKind::MultiAzCluster,
            DatabaseKind::Aurora,
        ] {
            assert_eq!(failover(kind).most, kind.documented_failover(), "{kind}");
        }
    }

    #[test]
    fn every_fact_has_a_basis_and_an_order() {
        for fact in ALL {
            assert!(fact.least <= fact.most, "{}", fact.what);
            let (Basis::Documented(source) | Basis::Measured(source) | Basis::Assumed(source)) = fact.basis;
            assert!(source.len() > 10, "{}", fact.what);
        }
    }
}
