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

/// Memory of every function, GB.
pub const FUNCTION_MEMORY_GB: f64 = 0.25;

/// Every fact, in the order in which an incident meets them.
pub const ALL: [Fact; 16] = [
    ALARM_EVALUATION,
    EVENT_BUS,
    LAMBDA_WARM,
    LAMBDA_COLD,
    EXECUTION_START,
    STATE_TRANSITION,
    DYNAMODB_API,
    RDS_API,
    CLOUDWATCH_API,
    SNS_API,
    STATES_API,
    APPLICATION,
    RDS_NOTICES,
    MULTI_AZ_INSTANCE_FAILOVER,
    MULTI_AZ_CLUSTER_FAILOVER,
    AURORA_FAILOVER,
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
