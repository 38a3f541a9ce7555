//! What the rest of Evenkeel sees of the outside world: one type, whatever it came in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alarm::Alarm;
use crate::cache::CacheEvent;
use crate::database::DatabaseEvent;
use crate::deployment::DeploymentEvent;
use crate::execution::ExecutionEvent;
use crate::health::HealthEvent;
use crate::request::Request;
use crate::scaling::ScalingEvent;
use crate::self_test::SelfTest;
use crate::zonal_shift::ZonalShiftEvent;

/// Something that happened, said by AWS; or something that a schedule or a person asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Signal {
    /// Stable across repeated deliveries and across ways of arriving, for de-duplication: EventBridge and SNS deliver at
    /// least once, and an alarm that reaches us by two ways is still one alarm. It is made of what AWS gives the thing:
    ///
    /// | Subject | Identity |
    /// |---|---|
    /// | alarm | its ARN, the state, when ([`Alarm::id`]) |
    /// | database | its ARN, the event, when ([`DatabaseEvent::id`]) |
    /// | deployment | account, Region, deployment, the instance if it is about one, the state |
    /// | AWS Health | account, communication, page: the same in the copies of both Regions |
    /// | scaling | account, Region, group, and the activity, or the token of the lifecycle action |
    /// | zonal shift | account, Region, zone, what, when, of which resources |
    /// | execution | account, Region, execution, status, when |
    /// | cache | account, Region, cache, the event, when |
    /// | request | account, Region, system, what, when, by whom |
    /// | self-test | account, Region, its name |
    pub id: String,
    /// The account in which it happened, twelve digits.
    pub account: String,
    /// The Region in which it happened, as a code (`eu-central-1`), never as a display name; `global` for what AWS Health
    /// says of a service that has no Region. Not always the Region of the delivery: see [`HealthEvent`].
    pub region: String,
    /// When the sender says that it happened; deliveries may be up to 24 hours later (EventBridge User Guide,
    /// `eb-rule-retry-policy`).
    pub time: Timestamp,
    /// How it reached us.
    pub via: Via,
    /// What it is about.
    pub subject: Subject,
}

/// The way by which a signal arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// An EventBridge rule invoked us.
    EventBridge,
    /// An SNS topic invoked us.
    Sns,
    /// A CloudWatch alarm invoked us as its own action.
    AlarmAction,
    /// EventBridge Scheduler invoked us.
    Scheduler,
    /// A person invoked us.
    ByHand,
}

/// What a signal is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A CloudWatch alarm changed its state.
    Alarm(Alarm),
    /// RDS says that something happened to a database.
    Database(DatabaseEvent),
    /// CodeDeploy says how far a deployment is.
    Deployment(DeploymentEvent),
    /// AWS Health says how AWS itself is.
    Health(HealthEvent),
    /// EC2 Auto Scaling launched or terminated an instance, could not, or waits to.
    Scaling(ScalingEvent),
    /// Application Recovery Controller moves a resource's traffic away from a zone, or back.
    ZonalShift(ZonalShiftEvent),
    /// ElastiCache says that something happened to a cache.
    Cache(CacheEvent),
    /// Step Functions says how an execution is.
    Execution(ExecutionEvent),
    /// A schedule or a person asks for something.
    Request(Request),
    /// Evenkeel asks itself whether an event gets through.
    SelfTest(SelfTest),
}
