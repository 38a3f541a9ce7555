//! A person starts a recovery.

use domain::journal::Journal;
use domain::names::{IncidentId, Recovery, SystemName};
use domain::step::output;
use domain::steps::Run;
use domain::system::System;
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
        let now = self.clock.now();
        let key = format!("{by}@{}", now.as_millisecond());
        let run = Run {
            system: system.name.clone(),
            incident: IncidentId::derive(&system.name, recovery, &key, now),
            recovery,
            opened_at: now,
            because: format!("ordered by {by}: {because}"),
        };
        self.start(system, &run).await
    }

    /// Starts a recovery with an input that is given, but for the reason: a person orders it now, whoever did before.
    ///
    /// # Errors
    /// As [`Hands::run`]. AWS refuses a name that another run has had within 90 days.
    pub async fn run_with(&self, input: Run, reason: Reason<'_>) -> Result<Started, Error> {
        let (by, because) = reason.kept()?;
        let system = self.system(&input.system)?;
        let run = Run {
            because: format!("ordered by {by}: {because}"),
            ..input
        };
        self.start(system, &run).await
    }

    async fn start(&self, system: &System, run: &Run) -> Result<Started, Error> {
        if run.recovery.crosses_regions() {
            let refused = |error: domain::step::Error| Error::NotHere {
                why: error.to_string(),
            };
            system.moving_to(&self.region).map_err(refused)?;
        }
        if let Some(lock) = self.journal.lock(&system.name).await?
            && lock.is_held(self.clock.now())
        {
            return Err(Error::Running {
                holder: lock.holder.to_string(),
                until: lock.expires_at,
            });
        }
        let started = self
            .sfn
            .start_execution()
            .state_machine_arn(run.recovery.state_machine_arn(&self.region, &system.account))
            .name(run.incident.as_str())
            .input(output(run)?.to_string())
            .send()
            .await
            .map_err(|error| classify("states:StartExecution", error))?;
        Ok(Started {
            incident: run.incident.clone(),
            execution_arn: started.execution_arn().to_owned(),
        })
    }
}
