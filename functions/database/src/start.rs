//! A failover away from the assessed writer was started, by us or by AWS.
//!
//! The race that is meant here: this call may be a repetition, may come after a crash, or may come late, when the
//! run it belongs to is over. So the lock is re-read first, and RDS is asked last: it refuses a second failover while
//! one is under way, and a writer that has moved already is left where it is.

use aws_sdk_rds::Client;
use aws_sdk_rds::error::ProvideErrorMetadata;
use domain::journal::Journal;
use domain::step::{Error, Result};
use domain::steps::assess::{Assessment, Verdict};
use domain::steps::database::Started;
use domain::system::{Database, DatabaseKind};
use journal::Hold;
use runtime::aws::classify;

use crate::observe::{Observed, observe};

/// Ensures that a failover away from the assessed writer was started.
///
/// # Errors
/// `NotYet` right after asking RDS for it; `LockLost`; `Unsafe` when the database was assessed as healthy, or when a
/// person stopped the run; `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    rds: &Client,
    database: &Database,
    assessment: &Assessment,
    hold: &Hold<'_, J>,
) -> Result<Started> {
    let observed = observe(rds, database).await?;
    if observed.writer != assessment.writer {
        return Ok(Started {
            seen: format!("the writer has moved: {observed}"),
        });
    }
    match Progress::of(&observed) {
        Progress::UnderWay => Ok(Started {
            seen: format!("RDS is failing over: {observed}"),
        }),
        Progress::Busy => Err(Error::NotYet {
            seen: format!("RDS allows no failover now: {observed}"),
        }),
        Progress::None => match assessment.verdict {
            Verdict::FailOver => {
                hold.check().await?;
                Err(fail_over(rds, database, assessment.target.as_deref()).await)
            }
            Verdict::Healthy => Err(Error::Unsafe {
                why: "the database was assessed as healthy".to_owned(),
            }),
        },
    }
}

/// What RDS is doing about its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing: a failover may be asked for.
    None,
    /// A failover, or a restart that counts as one.
    UnderWay,
    /// Something during which it refuses to fail over.
    Busy,
}

impl Progress {
    /// Reads it from the statuses. Sources: RDS User Guide, accessing-monitoring (DB instance status); Aurora User
    /// Guide, accessing-monitoring (DB cluster status).
    pub fn of(observed: &Observed) -> Self {
        match (observed.status.as_str(), observed.writer_status.as_str()) {
            ("failing-over" | "rebooting", _) | (_, "rebooting") => Self::UnderWay,
            ("available", "available") => Self::None,
            // A cluster can be failed over while its writer's instance is in a bad way: that is what it is for.
            ("available", "failed" | "storage-full" | "restore-error") => Self::None,
            _ => Self::Busy,
        }
    }
}

/// Asks for a failover, to that instance where one is named. There is no success to answer: the next call observes.
pub(crate) async fn fail_over(rds: &Client, database: &Database, target: Option<&str>) -> Error {
    let identifier = database.identifier.as_str();
    let asked = match database.kind {
        DatabaseKind::MultiAzInstance => {
            let call = "rds:RebootDBInstance";
            let answer = rds
                .reboot_db_instance()
                .db_instance_identifier(identifier)
                .force_failover(true)
                .send()
                .await;
            answer
                .map(|_| format!("{call} with ForceFailover accepted"))
                .map_err(|error| {
                    (
                        error.code() == Some("InvalidDBInstanceState"),
                        classify(call, error),
                    )
                })
        }
        DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => {
            let call = "rds:FailoverDBCluster";
            let to = target.map_or_else(String::new, |target| format!(" to {target}"));
            let request = rds.failover_db_cluster().db_cluster_identifier(identifier);
            let target = target.map(str::to_owned);
            let answer = request.set_target_db_instance_identifier(target).send().await;
            answer.map(|_| format!("{call}{to} accepted")).map_err(|error| {
                let busy = matches!(
                    error.code(),
                    Some("InvalidDBClusterStateFault" | "InvalidDBInstanceState")
                );
                (busy, classify(call, error))
            })
        }
    };
    match asked {
        Ok(accepted) => Error::NotYet { seen: accepted },
        // The state changed between our look and our call, perhaps by our own call of a moment ago: look again.
        Err((true, error)) => Error::NotYet {
            seen: error.to_string(),
        },
        Err((false, error)) => error,
    }
}
