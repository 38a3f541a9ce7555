//! A person stops a run. It stops before its next step that changes anything, undoes what can be undone, pages, and
//! releases the lock: ending the execution from outside would do none of that.

use domain::journal::{Journal, Stop};
use domain::names::{IncidentId, SystemName};
use serde::Serialize;

use crate::{Error, Hands, Reason};

/// A run will stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// The run.
    pub incident: IncidentId,
    /// Whose wish it is: the first one stands.
    pub stop: Stop,
    /// Whether its open question was answered with no.
    pub rejected: bool,
}

impl<J: Journal> Hands<J> {
    /// Stops a run.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`] when it does not hold its system's lock, [`Error::NoSuchSystem`], [`Error::Nobody`],
    /// [`Error::Aws`].
    pub async fn stop(
        &self,
        system: &SystemName,
        incident: &IncidentId,
        reason: Reason<'_>,
    ) -> Result<Stopped, Error> {
        let (by, because) = reason.kept()?;
        let name = &self.system(system)?.name;
        let now = self.clock.now();
        let runs = self
            .journal
            .lock(name)
            .await?
            .is_some_and(|lock| lock.holder == *incident && lock.is_held(now));
        if !runs {
            return Err(Error::NoSuchRun {
                incident: incident.to_string(),
            });
        }
        let wish = Stop { at: now, by, because };
        let stop = self.journal.request_stop(name, incident, &wish).await?;
        let open = self
            .journal
            .question(name, incident)
            .await?
            .is_some_and(|asked| asked.answer.is_none() && now < asked.expires_at);
        if open {
            self.reject(name, incident, reason).await?;
        }
        Ok(Stopped {
            incident: incident.clone(),
            stop,
            rejected: open,
        })
    }
}
