//! Which node is the primary of a system's cache, and whether it serves. Only looks.
//!
//! ElastiCache replaces a primary that it finds dead by itself, so AWS goes first: while it changes the group, nothing
//! is planned. What it does not see is a node that answers its checks and not the application; of that an alarm that
//! means cache-down tells.

use std::fmt;

use aws_sdk_elasticache::Client;
use domain::duration::Duration;
use domain::journal::View;
use domain::step::{Error, Result};
use domain::steps::plan::{Plan, Verdict, What};
use domain::system::{Meaning, System};
use jiff::Timestamp;

use crate::observe::{Observed, observe};

/// Plans the failover of a replication group.
///
/// # Errors
/// `NotYet` while ElastiCache changes the group; `Unsafe` when there is no replica to promote, when the group cannot
/// fail over by itself, or does not tell its nodes' roles; `Throttled`, `Unavailable`, `Refused`.
pub async fn plan(
    elasticache: &Client,
    group: &str,
    system: &System,
    view: &View,
    now: Timestamp,
) -> Result<Plan> {
    let observed = observe(elasticache, group).await?;
    let ringing = ringing(system, view);
    let words = |said: &str| match &ringing {
        Some(alarm) => vec![alarm.to_string(), said.to_owned(), observed.to_string()],
        None => vec![said.to_owned(), observed.to_string()],
    };
    let (verdict, away_from, seen) = match judge(&observed, ringing.is_some()) {
        Judged::Serves(primary) => (
            Verdict::StandDown,
            primary,
            words("no alarm that means cache-down is in ALARM"),
        ),
        Judged::Fails(_) if ringing.as_ref().is_some_and(|alarm| now < alarm.settled()) => {
            return Err(Error::NotYet {
                seen: format!(
                    "{}: ElastiCache may have failed over by itself, and the alarm not have noticed; {observed}",
                    words("watched a little longer").join(", ")
                ),
            });
        }
        Judged::Fails(primary) => (
            Verdict::Act,
            primary,
            words("ElastiCache sees nothing wrong with it"),
        ),
        Judged::Wait => {
            return Err(Error::NotYet {
                seen: observed.to_string(),
            });
        }
        Judged::Never(why) => {
            return Err(Error::Unsafe {
                why: format!("{why}: {observed}"),
            });
        }
    };
    Ok(Plan {
        at: now,
        verdict,
        what: What::FailOverCache {
            away_from: away_from.to_owned(),
        },
        seen,
    })
}

/// An alarm that means cache-down, and is in ALARM.
struct Ringing<'a> {
    alarm: &'a str,
    since: Timestamp,
}

/// How long the alarm has to be up before the primary is moved. ElastiCache fails over by itself where it sees a node dead, and
/// the alarm of that minute rises all the same: moved once more then, the primary would come back to the dead node's place.
const SETTLES: Duration = Duration::from_secs(75);

impl Ringing<'_> {
    fn settled(&self) -> Timestamp {
        self.since
            .saturating_add(SETTLES.signed())
            .unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Ringing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is in ALARM since {}", self.alarm, self.since)
    }
}

fn ringing<'a>(system: &'a System, view: &View) -> Option<Ringing<'a>> {
    let declared = system.alarms.iter();
    let mut declared = declared.filter(|(_, declared)| declared.means == Meaning::CacheDown);
    declared.find_map(|(alarm, _)| {
        let seen = view.alarms.get(alarm).filter(|seen| seen.in_alarm)?;
        Some(Ringing {
            alarm,
            since: seen.changed_at,
        })
    })
}

/// What a replication group comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged<'a> {
    /// Its primary serves.
    Serves(&'a str),
    /// Its primary does not, and a replica may be promoted.
    Fails(&'a str),
    /// ElastiCache is at it.
    Wait,
    /// Nobody can be promoted.
    Never(&'static str),
}

fn judge(observed: &Observed, ringing: bool) -> Judged<'_> {
    if observed.is_gone() {
        return Judged::Never("the replication group cannot be used");
    }
    if observed.has_no_roles() && observed.is_settled() {
        return Judged::Never("ElastiCache does not tell the roles of nodes where cluster mode is enabled");
    }
    let first = observed
        .shards
        .first()
        .and_then(|shard| Some((shard, shard.primary()?)));
    let Some((shard, primary)) = first.filter(|_| observed.has_primaries()) else {
        return Judged::Wait;
    };
    match (ringing, observed.is_settled()) {
        // Also while a node is being replaced that is no primary any more.
        (false, _) => Judged::Serves(&primary.cluster),
        (true, false) => Judged::Wait,
        (true, true) if shard.nodes.len() < 2 => Judged::Never("there is no replica to promote"),
        (true, true) if !observed.fails_over_by_itself => {
            Judged::Never("the replication group's automatic failover is not enabled")
        }
        (true, true) => Judged::Fails(&primary.cluster),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Node, Shard};

    fn group(status: &str, roles: &[Option<&str>]) -> Observed {
        let nodes = roles.iter().enumerate().map(|(index, role)| Node {
            cluster: format!("shop-00{}", index + 1),
            zone: "eu-central-1a".to_owned(),
            role: role.map(str::to_owned),
        });
        Observed {
            group: "shop-cache".to_owned(),
            status: status.to_owned(),
            fails_over_by_itself: true,
            shards: vec![Shard {
                id: "0001".to_owned(),
                status: status.to_owned(),
                nodes: nodes.collect(),
            }],
        }
    }

    #[test]
    fn aws_goes_first_and_an_alarm_tells_what_it_does_not_see() {
        let (primary, replica) = (Some("primary"), Some("replica"));
        for (observed, ringing, expected) in [
            (
                group("available", &[primary, replica]),
                false,
                Judged::Serves("shop-001"),
            ),
            (
                group("available", &[primary, replica]),
                true,
                Judged::Fails("shop-001"),
            ),
            (
                group("available", &[replica, primary]),
                true,
                Judged::Fails("shop-002"),
            ),
            (group("modifying", &[primary, replica]), true, Judged::Wait),
            (
                group("modifying", &[replica, primary]),
                false,
                Judged::Serves("shop-002"),
            ),
            (group("modifying", &[replica, replica]), false, Judged::Wait),
            (group("available", &[replica, replica]), true, Judged::Wait),
            (group("available", &[primary]), false, Judged::Serves("shop-001")),
        ] {
            assert_eq!(judge(&observed, ringing), expected, "{observed}, {ringing}");
        }
        let mut alone = group("available", &[primary, replica]);
        alone.fails_over_by_itself = false;
        for observed in [
            alone,
            group("available", &[primary]),
            group("available", &[None, None]),
            group("deleting", &[primary, replica]),
        ] {
            assert!(matches!(judge(&observed, true), Judged::Never(_)), "{observed}");
        }
    }
}
