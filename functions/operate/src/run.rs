//! A person starts a recovery.

use domain::journal::Journal;
use domain::names::{IncidentId, Recovery, SystemName};
use domain::step::output;
use domain::steps::Run;
use runtime::aws::classify;
use serde::Serialize;

use crate::{Error, Hands, Reason};

/// A recovery was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Started {
    /// Its incident, which is the execution's name.
    pub incident: IncidentId,
    /// The execution.
    pub execution_arn: String,
}

impl<J: Journal> Hands<J> {
    /// Starts a recovery in this Region. Cooldowns and missing signals do not hold a person back (rule 9); another
    /// run of the same system does (rule 7).
    ///
    /// # Errors
    /// [`Error::Running`], [`Error::NotHere`], [`Error::NoSuchSystem`], [`Error::Nobody`], [`Error::Aws`].
    pub async fn run(
        &self,
        system: &SystemName,
        recovery: Recovery,
        reason: Reason<'_>,
    ) -> Result<Started, Error> {
        let (by, because) = reason.kept()?;
        let system = self.system(system)?;
        if recovery.crosses_regions() {
            let refused = |error: domain::step::Error| Error::NotHere {
                why: error.to_string(),
            };
            system.moving_to(&self.region).map_err(refused)?;
        }
        let now = self.clock.now();
        if let Some(lock) = self.journal.lock(&system.name).await?
            && lock.is_held(now)
        {
            return Err(Error::Running {
                holder: lock.holder.to_string(),
                until: lock.expires_at,
            });
        }
        let key = format!("{by}@{}", now.as_millisecond());
        let run = Run {
            system: system.name.clone(),
            incident: IncidentId::derive(&system.name, recovery, &key, now),
            recovery,
            opened_at: now,
            because: format!("ordered by {by}: {because}"),
        };
        let started = self
            .sfn
            .start_execution()
            .state_machine_arn(recovery.state_machine_arn(&self.region, &system.account))
            .name(run.incident.as_str())
            .input(output(&run)?.to_string())
            .send()
            .await
            .map_err(|error| classify("states:StartExecution", error))?;
        Ok(Started {
            incident: run.incident,
            execution_arn: started.execution_arn().to_owned(),
        })
    }
}
