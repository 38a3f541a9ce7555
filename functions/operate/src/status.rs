//! How a system's recoveries stand in one Region.

use domain::journal::{Armed, Disarmed, Incident, Journal, Lock, Question, Stop};
use domain::names::{Region, SystemName};
use jiff::Timestamp;
use serde::Serialize;

use crate::{Error, Hands};

/// How a system's recoveries stand.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// The system.
    pub system: SystemName,
    /// The Region whose journal was read.
    pub region: Region,
    /// When.
    pub at: Timestamp,
    /// The run that holds the lock, if any.
    pub open: Option<Open>,
    /// Who disarmed it, if it is disarmed: then nothing starts by itself.
    pub disarmed: Option<Disarmed>,
    /// Who armed it last, if anybody did.
    pub last_armed: Option<Armed>,
    /// Runs that ended, newest first.
    pub incidents: Vec<Incident>,
    /// Alarms in ALARM, with since when.
    pub alarms: Vec<(String, Timestamp)>,
}

/// A run that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Open {
    /// Its lock.
    pub lock: Lock,
    /// What it asks, without the token.
    pub question: Option<Question>,
    /// Whether somebody wants it to stop.
    pub stop: Option<Stop>,
}

impl<J: Journal> Hands<J> {
    /// Looks.
    ///
    /// # Errors
    /// [`Error::NoSuchSystem`], [`Error::Aws`].
    pub async fn status(&self, system: &SystemName) -> Result<Status, Error> {
        let name = self.system(system)?.name.clone();
        let now = self.clock.now();
        let view = self.journal.view(&name).await?;
        let open = match view.lock.filter(|lock| lock.is_held(now)) {
            None => None,
            Some(lock) => {
                let question = self.journal.question(&name, &lock.holder).await?;
                Some(Open {
                    question: question.map(|asked| Question {
                        token: String::new(),
                        ..asked
                    }),
                    stop: self.journal.stop(&name, &lock.holder).await?,
                    lock,
                })
            }
        };
        let last_armed = self.journal.last_armed(&name).await?;
        let alarms = view.alarms.into_iter().filter(|(_, seen)| seen.in_alarm);
        Ok(Status {
            system: name,
            region: self.region.clone(),
            at: now,
            open,
            disarmed: view.disarmed,
            last_armed,
            incidents: view.incidents,
            alarms: alarms.map(|(alarm, seen)| (alarm, seen.changed_at)).collect(),
        })
    }
}
