//! A run goes on from the state that failed: for one that ended without its machine's own failure path, by a fault of Step Functions'
//! or by somebody's hand.

use domain::journal::{Journal, Redrive};
use domain::names::{IncidentId, Recovery, SystemName, execution_arn};
use jiff::Timestamp;
use runtime::aws::classify;
use serde::Serialize;

use crate::{Error, Hands, Reason};

/// The ends of a machine that has told people: what was done is undone or left to them, and the lock is released.
const TOLD: [&str; 2] = ["Paged", "Unheard"];

/// A run that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redriven {
    /// The run.
    pub incident: IncidentId,
    /// Since when.
    pub at: Timestamp,
    /// Who let it go on, and why: as the journal keeps it.
    pub redrive: Redrive,
}

impl<J: Journal> Hands<J> {
    /// Redrives a run's execution. The journal is told before AWS is asked: what AWS refuses then is a wish that stays. The run's
    /// steps carry the lock's epoch: where another run took the lock meanwhile, they refuse.
    ///
    /// # Errors
    /// [`Error::NotRedrivable`] when AWS refuses (it succeeded, it runs, it ended more than 14 days ago: Step Functions Developer Guide,
    /// redrive-executions), or when the machine has come to its own end; [`Error::Running`] while another run holds the lock;
    /// [`Error::NoSuchRun`], [`Error::NoSuchSystem`], [`Error::Nobody`], [`Error::Aws`].
    pub async fn redrive(
        &self,
        system: &SystemName,
        recovery: Recovery,
        incident: &IncidentId,
        reason: Reason<'_>,
    ) -> Result<Redriven, Error> {
        let (by, because) = reason.kept()?;
        let system = self.system(system)?;
        let now = self.clock.now();
        if let Some(lock) = self.journal.lock(&system.name).await?
            && lock.is_held(now)
            && lock.holder != *incident
        {
            return Err(Error::Running {
                holder: lock.holder.to_string(),
                until: lock.expires_at,
            });
        }
        let machine = recovery.state_machine_arn(&self.region, &system.account);
        let arn = execution_arn(&machine, incident.as_str());
        let described = self.sfn.describe_execution().execution_arn(&arn).send().await;
        let described = match described {
            Ok(described) => described,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_execution_does_not_exist()) =>
            {
                return Err(Error::NoSuchRun {
                    incident: incident.to_string(),
                });
            }
            Err(error) => return Err(classify("states:DescribeExecution", error).into()),
        };
        if described.error().is_some_and(|error| TOLD.contains(&error)) {
            return Err(Error::NotRedrivable {
                incident: incident.to_string(),
                why: "its machine has taken its failure path to the end, and people were told".to_owned(),
            });
        }
        let redrive = Redrive { at: now, by, because };
        self.journal
            .note_redrive(&system.name, incident, &redrive)
            .await?;
        let redriven = self.sfn.redrive_execution().execution_arn(&arn).send().await;
        match redriven {
            Ok(redriven) => Ok(Redriven {
                incident: incident.clone(),
                at: Timestamp::from_millisecond(redriven.redrive_date().to_millis().unwrap_or_default())
                    .unwrap_or(now),
                redrive,
            }),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_execution_not_redrivable()) =>
            {
                let told = described.redrive_status_reason().map(str::to_owned);
                let refusal = error.as_service_error().and_then(|error| error.meta().message());
                Err(Error::NotRedrivable {
                    incident: incident.to_string(),
                    why: told
                        .or(refusal.map(str::to_owned))
                        .unwrap_or_else(|| "AWS gives no reason".to_owned()),
                })
            }
            Err(error) => Err(classify("states:RedriveExecution", error).into()),
        }
    }
}
