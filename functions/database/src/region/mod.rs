//! Moving a database's writer to the Region in which this runs.
//!
//! | condition | ensured by | rules of the guide |
//! |---|---|---|
//! | `source-fenced`, `source-opened` | [`fence`]: the source's security groups; events of RDS and the [`lease`] as evidence | 3, 4 |
//! | `promotion-started` | [`promote`]: switchover, failover behind the gate, replica promotion, detachment | 4, 5, 6, 7 |
//! | `promoted` | [`promoted`]: only observes | 4, 8 |
//! | `place-known` | [`place`]: only observes | 3 |
//! | `rejoined`, `standby-armed` | [`follow`]: a database follows again; a replica is made anew by [`replica`] | 5, 7, 10 |
//!
//! What is seen, and how: [`global`], the global cluster; [`half`], one Region's cluster or instance; [`lag`], how far
//! it is behind and since when that is known; [`told`], RDS's events. `assess` sees the same. [`isolation`] sets
//! security groups, [`lease`] moves the write lease of a system that has one, [`consent`] holds an approval against the
//! risks.

pub mod consent;
pub mod fence;
pub mod follow;
pub mod global;
pub mod half;
pub mod isolation;
pub mod lag;
pub mod lease;
pub mod place;
pub mod promote;
pub mod promoted;
pub mod replica;
pub mod told;

use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use domain::journal::Journal;
use domain::names::{Epoch, Recovery, Region};
use domain::step::{Error, Result};
use domain::steps::Run;
use domain::steps::region::Seen;
use domain::system::region_failover::Replication;
use domain::system::{Move, Site};
use jiff::Timestamp;
use journal::Hold;
use runtime::InRegion;
use runtime::aws::classify;

use crate::write_check::WriteCheck;

/// A move, and everything that its conditions need.
pub struct Regions<'a, J> {
    /// From where to where. Its target is the Region in which this runs.
    pub moved: Move<'a>,
    /// The run.
    pub run: &'a Run,
    /// RDS in either Region.
    pub rds_in: &'a InRegion<aws_sdk_rds::Client>,
    /// CloudWatch in either Region.
    pub cloudwatch_in: &'a InRegion<aws_sdk_cloudwatch::Client>,
    /// DynamoDB in this Region: the write lease.
    pub dynamodb: &'a aws_sdk_dynamodb::Client,
    /// Where the lock is re-read before anything is changed.
    pub journal: &'a J,
    /// How the application's write checks are reached.
    pub write_check: &'a WriteCheck,
    /// The time.
    pub now: Timestamp,
}

impl<J: Journal> Regions<'_, J> {
    /// RDS there.
    pub fn rds(&self, region: &Region) -> aws_sdk_rds::Client {
        (self.rds_in)(region)
    }

    /// CloudWatch there.
    pub fn cloudwatch(&self, region: &Region) -> aws_sdk_cloudwatch::Client {
        (self.cloudwatch_in)(region)
    }

    /// Whether the source is expected to be well.
    ///
    /// # Errors
    /// `InvalidInput` for a recovery that moves nothing to another Region.
    pub fn is_planned(&self) -> Result<bool> {
        is_planned(self.run)
    }

    /// The run's claim to its lock, to be checked before every change.
    pub fn hold(&self, epoch: Epoch) -> Hold<'_, J> {
        Hold {
            journal: self.journal,
            run: self.run,
            epoch,
            now: self.now,
        }
    }

    /// A value to be written and read back that nobody wrote before.
    pub fn token(&self) -> String {
        format!("{}-{}", self.run.incident, self.now.as_millisecond())
    }

    /// The ARN of a Region's database.
    pub fn arn(&self, site: &Site) -> String {
        arn(&self.moved, site)
    }

    fn seen(&self, seen: impl Into<Vec<String>>) -> Seen {
        Seen {
            at: self.now,
            seen: seen.into(),
        }
    }
}

/// Whether a run expects the source to be well.
///
/// # Errors
/// `InvalidInput` for a recovery that moves nothing to another Region.
pub fn is_planned(run: &Run) -> Result<bool> {
    match run.recovery {
        Recovery::FailOverRegion => Ok(false),
        Recovery::SwitchOverRegion | Recovery::FailBackRegion => Ok(true),
        _ => Err(Error::InvalidInput {
            what: format!("{} moves nothing to another Region", run.recovery),
        }),
    }
}

/// The ARN of a Region's database. RDS keeps identifiers in lower case.
/// Source: RDS User Guide, USER_Tagging.ARN; RDS API, CreateDBCluster, `DBClusterIdentifier`.
pub fn arn(moved: &Move<'_>, site: &Site) -> String {
    let resource = match moved.shared.replication {
        Replication::AuroraGlobal { .. } => "cluster",
        Replication::ReadReplica => "db",
    };
    format!(
        "arn:{}:rds:{}:{}:{resource}:{}",
        site.region.partition(),
        site.region,
        moved.system.account,
        site.database.as_str().to_ascii_lowercase()
    )
}

/// A database's ARN as people say it: `shop-db in eu-central-1`.
pub(crate) fn spoken(arn: &str) -> String {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        [_, _, _, region, _, _, name] => format!("{name} in {region}"),
        _ => arn.to_owned(),
    }
}

/// Whether the other Region did not answer, as opposed to having refused. What did not answer is not thereby fenced
/// (rule 4), and it is no failure of an unplanned move that it did not.
pub const fn is_unreachable(error: &Error) -> bool {
    matches!(error, Error::Unavailable { .. } | Error::Throttled { .. })
}

/// What a call that changes something comes to: never that the condition is true, for that has to be observed.
///
/// A state in which RDS refuses the call is no refusal for good: it changed between our look and our call, perhaps by
/// our own call of a moment ago, whose answer was lost. Look again.
fn asked<T, E>(call: &str, about: &str, answer: std::result::Result<T, SdkError<E, HttpResponse>>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(_) => Error::NotYet {
            seen: format!("{call} {about} accepted"),
        },
        Err(error) => {
            let passes = forbids_now(error.code());
            let error = classify(call, error);
            if passes {
                Error::NotYet {
                    seen: error.to_string(),
                }
            } else {
                error
            }
        }
    }
}

/// Source: the errors of SwitchoverGlobalCluster, FailoverGlobalCluster, RemoveFromGlobalCluster, PromoteReadReplica,
/// ModifyDBCluster, ModifyDBInstance and CreateDBInstanceReadReplica, RDS API.
fn forbids_now(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("InvalidGlobalClusterStateFault" | "InvalidDBClusterStateFault" | "InvalidDBInstanceState")
    )
}

#[cfg(test)]
mod sample;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_said_as_people_say_it() {
        assert_eq!(
            spoken("arn:aws:rds:eu-west-1:111122223333:cluster:shop-db"),
            "shop-db in eu-west-1"
        );
        assert_eq!(spoken("shop-db"), "shop-db");
    }

    #[test]
    fn what_did_not_answer_is_told_from_what_refused() {
        let (call, why) = (String::new(), String::new());
        assert!(is_unreachable(&Error::Unavailable {
            call: call.clone(),
            why: why.clone()
        }));
        assert!(is_unreachable(&Error::Throttled {
            call: call.clone(),
            why: why.clone()
        }));
        assert!(!is_unreachable(&Error::Refused { call, why }));
    }
}
