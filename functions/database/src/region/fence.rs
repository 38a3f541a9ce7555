//! The source takes no writes any more, or it is known that this is not known (rule 4).
//!
//! Three things count as evidence: an event of RDS; the isolation seen in force while the source's own write check
//! does not pass; and, of a source that neither RDS nor we can reach, a write lease that has run out and was taken over
//! ([`lease`]). That a call timed out is none. The write check alone is none either: the load balancer in front of it
//! is frozen at the same time.
//!
//! What the isolation does not do: it keeps new connections out, and those that are open stay open until they end
//! (EC2 User Guide, security-group-connection-tracking). Users cannot use them, because the edge is frozen; something
//! that writes in the background can.

use domain::journal::Journal;
use domain::names::Epoch;
use domain::step::{Error, Result};
use domain::steps::region::{Fence, Fencing, Seen};
use domain::system::region_failover::Replication;

use super::half::{self, Half};
use super::isolation::{self, State};
use super::told::{self, Heard};
use super::{Regions, is_unreachable, lease, place};

/// Ensures that the source's database is cut off from everybody, or that it is known that this is not known.
///
/// # Errors
/// `NotYet` right after asking for the isolation, until it is in force, and while writes still pass; `LockLost`;
/// `Unsafe` when a person stopped the run. `Refused`, `Throttled` and `Unavailable` only in a planned move, whose
/// source has to answer: in an unplanned one, that it cannot be fenced is known and not a failure.
pub async fn ensure<J: Journal>(regions: &Regions<'_, J>, epoch: Epoch) -> Result<Fencing> {
    let planned = regions.is_planned()?;
    let source = regions.moved.from;
    let replication = &regions.moved.shared.replication;
    let rds = regions.rds(&source.region);
    let is_global = matches!(replication, Replication::AuroraGlobal { .. });
    if planned && is_global {
        let why = "a switchover of the global cluster stops writes by itself before it hands over, and AWS refuses \
                   it while the global cluster is not healthy";
        return Ok(concluded(regions, Fence::Fenced, vec![why.to_owned()]));
    }
    // Only Aurora lays fences of its own, and tells of them.
    let heard = async {
        if is_global {
            told::hear(regions).await
        } else {
            Heard::default()
        }
    };
    let observed = half::observe(&rds, replication, source.database.as_str());
    // In a planned move the application is well, and keeps its lease until the promotion.
    let leased = async {
        match regions.moved.shared.write_lease.as_ref().filter(|_| !planned) {
            Some(terms) => Some((terms, lease::observe(regions, terms).await)),
            None => None,
        }
    };
    let (heard, observed, leased) = futures_util::join!(heard, observed, leased);
    let mut seen = heard.unheard.clone();
    let word = heard.fence(source, regions.run.opened_at);
    seen.extend(word.map(|(_, told)| told.to_string()));
    if let Some((Fence::Fenced, _)) = word {
        return Ok(concluded(regions, Fence::Fenced, seen));
    }
    // Without evidence of our own, RDS's word is what is known.
    let otherwise = word.map_or(Fence::Unknown, |(fence, _)| fence);

    let isolated = match observed {
        Ok(Some(half)) => isolate(regions, epoch, &half, &mut seen).await,
        Ok(None) => Err(Error::Refused {
            call: "source-fenced".to_owned(),
            why: half::missing(source.database.as_str(), &source.region),
        }),
        Err(error) => Err(error),
    };
    let mut unproven = false;
    let fence = match isolated {
        Ok(Fence::Unknown) => otherwise,
        Ok(fence) => fence,
        Err(error) if !planned && (is_unreachable(&error) || matches!(error, Error::Refused { .. })) => {
            seen.push(format!(
                "{} in {} could not be cut off: {error}",
                source.database, source.region
            ));
            unproven = true;
            otherwise
        }
        Err(error) => return Err(error),
    };
    let leased = leased.filter(|_| fence != Fence::Fenced);
    if let Some((terms, observed)) = leased {
        let (writes_until, words) = lease::evidence(regions, epoch, terms, observed).await?;
        seen.push(words);
        if writes_until.is_some() {
            return Ok(Fencing {
                writes_until,
                ..concluded(regions, Fence::Fenced, seen)
            });
        }
    }
    if unproven {
        seen.push("nothing proves that it takes no writes".to_owned());
    }
    Ok(concluded(regions, fence, seen))
}

async fn isolate<J: Journal>(
    regions: &Regions<'_, J>,
    epoch: Epoch,
    half: &Half,
    seen: &mut Vec<String>,
) -> Result<Fence> {
    let source = regions.moved.from;
    let words = isolation::spoken(half);
    match isolation::isolated(&half.groups, &source.isolation) {
        State::Changing => Err(Error::NotYet { seen: words }),
        State::Undone => {
            regions.hold(epoch).check().await?;
            let rds = regions.rds(&source.region);
            let nobody = [source.isolation.isolating_security_group.clone()];
            Err(isolation::ask(&rds, &regions.moved.shared.replication, half, &nobody).await)
        }
        State::Done => {
            let check = &source.write_check;
            let written = regions
                .write_check
                .stored_and_read_back(check, &regions.token())
                .await;
            match written {
                Ok(()) => Err(Error::NotYet {
                    seen: format!("{words}, but {} still stores and reads back", check.as_str()),
                }),
                Err(Error::NotYet { seen: instead }) => {
                    seen.push(words);
                    seen.push(format!("its write check does not pass: {instead}"));
                    Ok(Fence::Fenced)
                }
                Err(error) => {
                    seen.push(words);
                    seen.push(format!("its write check could not be asked: {error}"));
                    Ok(Fence::Unknown)
                }
            }
        }
    }
}

/// The undo of `source-fenced`: ensures that the write lease is not this Region's, and that the source's database is rid
/// of the isolation. A source that `answered` before the move is waited for, and so is that of a planned move; any other
/// is opened as far as it answers.
///
/// Where the database is written to is looked at once more: to open a source that was left is to split the brain.
///
/// # Errors
/// `NotYet` right after asking for it, and until it is in force; `Unsafe` when the database may be written to in the
/// other Region; `Throttled`, `Unavailable`, `Refused` when that cannot be seen, or when the source that is waited for
/// does not answer.
pub async fn undo<J: Journal>(regions: &Regions<'_, J>, answered: bool) -> Result<Seen> {
    let lease = lease::given_back(regions).await?;
    let mut opened = open(regions, answered).await?;
    opened.seen.extend(lease);
    Ok(opened)
}

async fn open<J: Journal>(regions: &Regions<'_, J>, answered: bool) -> Result<Seen> {
    let source = regions.moved.from;
    let replication = &regions.moved.shared.replication;
    let rds = regions.rds(&source.region);
    let waited_for = answered || regions.is_planned()?;
    let observed = half::observe(&rds, replication, source.database.as_str()).await;
    let half = match observed {
        Ok(Some(half)) => half,
        Ok(None) => {
            return Ok(regions.seen([half::missing(source.database.as_str(), &source.region)]));
        }
        Err(error) if !waited_for && is_unreachable(&error) => return Ok(not_opened(regions, &error)),
        Err(error) => return Err(error),
    };
    let words = isolation::spoken(&half);
    match isolation::opened(&half.groups, &source.isolation) {
        State::Done => Ok(regions.seen([words])),
        State::Changing => Err(Error::NotYet { seen: words }),
        State::Undone => {
            let known = place::known(regions).await?;
            if !known.in_place {
                return Err(Error::Unsafe {
                    why: format!(
                        "the source stays fenced, or two databases would take writes: {}",
                        known.seen.join("; ")
                    ),
                });
            }
            let groups = &source.isolation.security_groups;
            match isolation::ask(&rds, replication, &half, groups).await {
                error if !waited_for && is_unreachable(&error) => Ok(not_opened(regions, &error)),
                error => Err(error),
            }
        }
    }
}

fn not_opened<J: Journal>(regions: &Regions<'_, J>, error: &Error) -> Seen {
    let source = regions.moved.from;
    regions.seen([
        format!("{} does not answer: {error}", source.region),
        format!(
            "if {} has {}, it has to be given back {} by hand",
            source.database,
            source.isolation.isolating_security_group,
            source.isolation.security_groups.join(", ")
        ),
    ])
}

fn concluded<J: Journal>(regions: &Regions<'_, J>, fence: Fence, seen: Vec<String>) -> Fencing {
    Fencing {
        at: regions.now,
        fence,
        writes_until: None,
        seen,
    }
}
