//! This Region's database is the primary, and RDS calls it available. Only observes: whoever started the promotion,
//! this is what it is for. That it takes writes is proven by `writable-here`.

use domain::journal::Journal;
use domain::step::{Deadline, Error, Result};
use domain::steps::region::{Fence, Promoted, Promotion};
use domain::system::region_failover::Replication;

use super::half;
use super::place::{self, Place};
use super::told::{hear, hear_in};
use super::{Regions, global};

/// How long a planned move waits for a promotion of which nothing is seen, in seconds: a request that nobody answered takes effect by
/// then, and is seen, or never does. An assumption; AWS says neither.
pub const BEGUN_WITHIN_SECONDS: i64 = 60;

/// Ensures that this Region's database is the primary.
///
/// # Errors
/// `NotYet` until then; `Refused` when RDS tells that the move failed, after which the last resort may be tried;
/// `Unsafe` when the database is not one that could become the primary, and in a planned move when nothing is seen of a promotion for
/// [`BEGUN_WITHIN_SECONDS`]; `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    regions: &Regions<'_, J>,
    how: Promotion,
    fence: Fence,
    deadline: Option<Deadline>,
) -> Result<Promoted> {
    let moved = &regions.moved;
    let replication = &moved.shared.replication;
    let rds = regions.rds(&moved.to.region);
    let half = half::observe(&rds, replication, moved.to.database.as_str());
    match replication {
        Replication::AuroraGlobal { global_cluster } => {
            let (global, half) = futures_util::join!(global::observe(&rds, global_cluster.as_str()), half);
            let (global, half) = (global?, place::here(half?, regions)?);
            let words = vec![global.to_string(), half.to_string()];
            let (target, source) = (regions.arn(moved.to), regions.arn(moved.from));
            match place::of_global(&global, &target, &source) {
                Place::Here | Place::Alone if half.serves() => with_evidence(regions, fence, words).await,
                Place::Here | Place::Alone | Place::Coming | Place::Unsettled => Err(not_yet(&words)),
                Place::There => Err(not_begun(regions, how, deadline, &words).await),
                Place::Elsewhere => Err(Error::Unsafe {
                    why: words.join("; "),
                }),
            }
        }
        Replication::ReadReplica => {
            let half = place::here(half.await?, regions)?;
            if half.source.is_none() && half.serves() {
                Ok(concluded(regions, fence, vec![half.to_string()]))
            } else if half.serves() && half.is_replicating != Some(false) {
                Err(awaited(regions, deadline, &[half.to_string()]))
            } else {
                Err(not_yet(&[half.to_string()]))
            }
        }
    }
}

/// What RDS tells since the incident opened is newer than what was known before the promotion, and stands. It tells of
/// a fence that timed out as well: then a person has to be paged, although the target serves (rule 4). Aurora records
/// it here if the old primary's Region is out of reach, and then that Region is not waited for.
async fn with_evidence<J: Journal>(
    regions: &Regions<'_, J>,
    before: Fence,
    mut seen: Vec<String>,
) -> Result<Promoted> {
    let (source, since) = (regions.moved.from, regions.run.opened_at);
    let mut heard = hear_in(regions, &regions.moved.to.region).await;
    if heard.fence(source, since).is_none() {
        heard = heard.and(hear_in(regions, &source.region).await);
    }
    let word = heard.fence(source, since);
    let fence = word.map_or(before, |(fence, _)| fence);
    seen.extend(word.map(|(_, told)| told.to_string()));
    if word.is_none() {
        seen.extend(heard.unheard);
    }
    Ok(concluded(regions, fence, seen))
}

/// Nothing is under way although it was started: it ended, or its beginning cannot be seen yet.
async fn not_begun<J: Journal>(
    regions: &Regions<'_, J>,
    how: Promotion,
    deadline: Option<Deadline>,
    words: &[String],
) -> Error {
    let heard = hear(regions).await;
    match (how, heard.failure(regions.moved.to, regions.run.opened_at)) {
        (Promotion::Regular, Some(failed)) => Error::Refused {
            call: "rds:DescribeEvents".to_owned(),
            why: failed.to_string(),
        },
        // What failed then was the regular way, and is why this one is taken.
        (Promotion::Detach, Some(_)) | (_, None) => awaited(regions, deadline, words),
    }
}

/// Nothing is seen of a promotion. In a planned move users wait behind the fence, and the source is well: it is not left fenced for long.
fn awaited<J: Journal>(regions: &Regions<'_, J>, deadline: Option<Deadline>, words: &[String]) -> Error {
    let since = deadline.map_or(regions.now, |deadline| deadline.since);
    let waited = regions.now.duration_since(since).as_secs();
    match regions.is_planned() {
        Ok(true) if waited >= BEGUN_WITHIN_SECONDS => Error::Unsafe {
            why: format!("no promotion is under way: {}", words.join("; ")),
        },
        Ok(_) => not_yet(words),
        Err(error) => error,
    }
}

fn not_yet(words: &[String]) -> Error {
    Error::NotYet {
        seen: words.join("; "),
    }
}

fn concluded<J: Journal>(regions: &Regions<'_, J>, fence: Fence, seen: Vec<String>) -> Promoted {
    Promoted {
        at: regions.now,
        fence,
        seen,
    }
}

/// Ensures that a value is stored through this Region's own load balancer and read back through it.
///
/// # Errors
/// `NotYet` until it is; `Refused` when the application says that there is no such thing to ask for.
pub async fn writable<J: Journal>(regions: &Regions<'_, J>) -> Result<domain::steps::region::Seen> {
    let (check, token) = (&regions.moved.to.write_check, regions.token());
    regions.write_check.stored_and_read_back(check, &token).await?;
    Ok(regions.seen([format!("{} stored and read back {token}", check.as_str())]))
}
