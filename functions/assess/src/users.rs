//! Users are served, as the outside sees it: the last proof of every recovery inside a Region. Only observes.
//!
//! A healthy target and a write that was stored say that the system could serve. Whether it does, only those know who
//! use it: canaries and what clients report, behind alarms that the system file declares as `user-impact`.

use capacity::alarms::{self, AlarmObserved, State};
use domain::journal::Journal;
use domain::step::{Error, Result};
use domain::steps::Run;
use domain::steps::region::Seen;
use domain::system::Meaning;

use crate::Steps;

impl<J: Journal> Steps<J> {
    /// Ensures that no alarm of the primary Region says that users fail.
    ///
    /// # Errors
    /// `NotYet` while one is in ALARM, or does not know; `InvalidInput` elsewhere than in the primary Region;
    /// `Refused` when a declared alarm is not there; `Throttled`, `Unavailable`, `Refused`.
    pub(crate) async fn users(&self, run: &Run) -> Result<Seen> {
        let system = self.systems.of_run(run)?;
        let home = capacity::tier::at_home(system, &self.region)?;
        let alarms = alarms::that_mean(&self.cloudwatch, system, home, Meaning::UserImpact).await?;
        // An alarm without data is no proof: what reports to it may be what failed.
        let not_ok = || alarms.iter().filter(|(_, alarm)| alarm.state != State::Ok);
        if not_ok().next().is_some() {
            return Err(Error::NotYet {
                seen: spoken(not_ok()),
            });
        }
        let seen = if alarms.is_empty() {
            format!("no alarm of {home} means `user-impact`, so nobody outside was asked")
        } else {
            spoken(alarms.iter())
        };
        Ok(Seen {
            at: self.clock.now(),
            seen: vec![seen],
        })
    }
}

fn spoken<'a>(alarms: impl Iterator<Item = (&'a String, &'a AlarmObserved)>) -> String {
    let spoken: Vec<String> = alarms.map(|(name, alarm)| format!("{name} {alarm}")).collect();
    spoken.join(", ")
}
