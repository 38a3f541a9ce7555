//! A person keeps recoveries from starting by themselves, and lets them again.
//!
//! Each Region decides by its own journal: the primary's about recoveries inside it, the standby's about a lost Region.
//! So both are written to. A Region that does not answer keeps nobody from writing to the other, but it is named: its
//! recoveries go on as before.
//!
//! What runs already goes on, and so does what is started in the very moment: `evenkeel stop` stops a run.

use domain::journal::{Armed, Disarmed, Journal};
use domain::names::{Region, SystemName};
use domain::step;
use serde::Serialize;

use crate::{Error, Hands, Reason};

/// A system was disarmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disarming {
    /// The system.
    pub system: SystemName,
    /// Who it is disarmed by in each Region that answered. The first one stands.
    pub regions: Vec<(Region, Disarmed)>,
    /// Regions in which it could not be written, and why: there, recoveries still start by themselves.
    pub not_in: Vec<NotIn>,
}

/// A system was armed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Arming {
    /// The system.
    pub system: SystemName,
    /// How it was disarmed until now in each Region that answered, or nothing where it was armed.
    pub regions: Vec<(Region, Option<Disarmed>)>,
    /// Regions in which it could not be written, and why: if it was disarmed there, it still is.
    pub not_in: Vec<NotIn>,
}

/// A Region in which a wish could not be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotIn {
    /// Which.
    pub region: Region,
    /// What its journal answered, if anything.
    pub why: String,
}

impl<J: Journal> Hands<J> {
    /// Disarms a system in every Region that answers: nothing starts by itself there, until somebody arms it. People
    /// may still run a recovery.
    ///
    /// # Errors
    /// [`Error::DisarmedBefore`] when somebody else, or for another reason, did it before in every Region that
    /// answers; [`Error::Aws`] when none answers; [`Error::NoSuchSystem`], [`Error::Nobody`].
    pub async fn disarm(&self, system: &SystemName, reason: Reason<'_>) -> Result<Disarming, Error> {
        let (by, because) = reason.kept()?;
        let at = self.clock.now();
        let wish = Disarmed { at, by, because };
        let (name, mut regions, mut failed) = (&self.system(system)?.name, Vec::new(), Vec::new());
        for region in self.regions(system)? {
            match (self.journal_in)(region).disarm(name, &wish).await {
                Ok(standing) => regions.push((region.clone(), standing)),
                Err(error) => failed.push((region.clone(), error)),
            }
        }
        let not_in = unless_all(&regions, failed)?;
        // A repetition is as good as the first: whoever got no answer asks again.
        let theirs = |standing: &Disarmed| standing.by != wish.by || standing.because != wish.because;
        match regions.first() {
            Some((_, standing)) if regions.iter().all(|(_, standing)| theirs(standing)) => {
                Err(Error::DisarmedBefore {
                    standing: Box::new(standing.clone()),
                    not_in,
                })
            }
            _ => Ok(Disarming {
                system: name.clone(),
                regions,
                not_in,
            }),
        }
    }

    /// Arms a system in every Region that answers. One that is armed stays so.
    ///
    /// # Errors
    /// [`Error::Aws`] when no Region answers; [`Error::NoSuchSystem`], [`Error::Nobody`].
    pub async fn arm(&self, system: &SystemName, reason: Reason<'_>) -> Result<Arming, Error> {
        let (by, because) = reason.kept()?;
        let at = self.clock.now();
        let wish = Armed { at, by, because };
        let (name, mut regions, mut failed) = (&self.system(system)?.name, Vec::new(), Vec::new());
        for region in self.regions(system)? {
            match (self.journal_in)(region).arm(name, &wish).await {
                Ok(was) => regions.push((region.clone(), was)),
                Err(error) => failed.push((region.clone(), error)),
            }
        }
        let not_in = unless_all(&regions, failed)?;
        Ok(Arming {
            system: name.clone(),
            regions,
            not_in,
        })
    }

    /// The Regions that a system lives in, the primary first.
    fn regions(&self, system: &SystemName) -> Result<impl Iterator<Item = &Region>, Error> {
        let regions = &self.system(system)?.regions;
        Ok(std::iter::once(&regions.primary).chain(&regions.standby))
    }
}

/// What failed, if something else did not.
fn unless_all<T>(answered: &[T], failed: Vec<(Region, step::Error)>) -> Result<Vec<NotIn>, Error> {
    let mut not_in = Vec::new();
    for (region, error) in failed {
        if answered.is_empty() {
            return Err(Error::Aws(error));
        }
        not_in.push(NotIn {
            region,
            why: error.to_string(),
        });
    }
    Ok(not_in)
}
