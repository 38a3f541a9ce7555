//! What can only be judged when everything is over: how each run ended, who heard of it, and what was left locked.
//!
//! A run that was lost with its Region ends in silence, and its lock stays until it expires: nobody is there to do
//! better. It is left out here, and the runs of the other Region are held to everything.

use domain::names::{JOURNAL_TABLE, Recovery, Region};

use super::promise;
use crate::dynamodb::{Item, unlocked};
use crate::injection::Injection;
use crate::scenario::Outcome;
use crate::stage::{LOST, Left};
use crate::world::execution::{AGAIN, Execution};
use crate::world::invariant::Invariant;
use crate::world::{Ms, World};

/// Judges, and notes breaches in the world's ledger.
pub(crate) fn judge(left: &mut Left) {
    let locks = held_locks(left);
    let tried = left.tried.clone();
    let struck = tried.as_ref().map_or(&[][..], |(_, struck)| struck);
    let world = &mut left.world;
    let runs: Vec<(String, Execution)> = world
        .executions
        .iter()
        .filter(|(_, run)| !is_lost(run) && !ended_in_silence(run))
        .map(|(name, run)| (name.to_owned(), run.clone()))
        .collect();
    let dead: Vec<(String, Execution)> = world
        .executions
        .iter()
        .filter(|(_, run)| ended_in_silence(run))
        .map(|(name, run)| (name.to_owned(), run.clone()))
        .collect();
    for (name, run) in &dead {
        let heard = promise::death_was_told(world, &left.dead_letters, name);
        let (now, status) = (world.now, run.end.as_ref().map_or("", |end| end.status));
        world
            .ledger
            .demand(Invariant::EveryRunEndsAndIsHeardOnce, now, heard, || {
                format!("{name} ended as {status}, and nobody heard of it")
            });
        // One that was killed could undo nothing; one that nobody could be paged of had done so before.
        if status == "FAILED" {
            left_no_worse(world, name, run, struck);
        }
    }
    for (name, run) in &runs {
        run_ended(world, name, run, struck);
        let broken = promise::unkept(world, run, struck);
        let said = || {
            format!(
                "{name} says that it recovered, and {}",
                broken.unwrap_or_default()
            )
        };
        let now = world.now;
        world
            .ledger
            .demand(Invariant::PromiseKept, now, broken.is_none(), said);
    }
    let now = world.now;
    if let Some((ends_by, _)) = &tried {
        let over = now < *ends_by;
        let open = promise::what_is_open(world);
        world.ledger.demand(Invariant::ServedOrPaged, now, over, || open);
    }
    world.ledger.demand(
        Invariant::LockReleased,
        now,
        locks.is_empty() || promise::could_not_release(struck),
        || format!("still locked: {}", locks.join(", ")),
    );
    let mut openings: Vec<(&str, &str)> = runs
        .iter()
        .filter(|(name, run)| !may_come_again(run) && !name.ends_with(AGAIN))
        .filter_map(|(_, run)| Some((run.input["recovery"].as_str()?, run.input["opened_at"].as_str()?)))
        .collect();
    let all = openings.len();
    openings.sort_unstable();
    openings.dedup();
    world.ledger.demand(
        Invariant::NothingTwice,
        now,
        openings.len() == all || promise::never_began(struck),
        || format!("{all} runs for {} incidents", openings.len()),
    );
}

/// Whether a run says nothing about a second one for the same incident: it left the incident to another run, or is of those
/// that help a little and may be needed again while the alarm stays up.
fn may_come_again(run: &Execution) -> bool {
    let left = run
        .end
        .as_ref()
        .is_some_and(|end| end.outcome == "left-to-the-other");
    let again = [Recovery::ScaleOut, Recovery::ReplaceInstances].map(Recovery::machine);
    left || run.input["recovery"]
        .as_str()
        .is_some_and(|recovery| again.contains(&recovery))
}

/// Whether an execution ended without its own failure path, or without being heard: the router tells people of it.
fn ended_in_silence(run: &Execution) -> bool {
    run.end.as_ref().is_some_and(|end| {
        matches!(end.status, "ABORTED" | "TIMED_OUT") || (end.status == "FAILED" && end.outcome == "Unheard")
    })
}

/// Whether a run was lost with its Region.
pub(super) fn is_lost(run: &Execution) -> bool {
    run.end.as_ref().is_some_and(|end| end.status == LOST)
}

fn run_ended(world: &mut World, name: &str, run: &Execution, struck: &[(Ms, Injection)]) {
    // An execution that was started once more is another one for the same incident.
    let name = run.input["incident"].as_str().unwrap_or(name);
    let (now, ended) = (world.now, run.end.as_ref());
    let well = ended
        .is_some_and(|end| end.status == "SUCCEEDED" || (end.status == "FAILED" && end.outcome == "Paged"));
    world
        .ledger
        .demand(Invariant::EveryRunEndsAndIsHeardOnce, now, well, || match ended {
            None => format!("{name} did not end"),
            Some(end) => format!("{name} ended as {} with {}", end.status, end.outcome),
        });
    // One message says how it ended. A run that had told of a recovery and then could not release its lock is the
    // one that says a second thing: that page must be heard too.
    let silent = ended.is_some_and(|end| end.outcome == "left-to-the-other");
    let heard = |outcome: Outcome| {
        let key = format!("{name}/{outcome}");
        world.heard.iter().filter(|heard| heard.key == key).count()
    };
    let good = heard(Outcome::Recovered) + heard(Outcome::StoodDown) + heard(Outcome::RolledBack);
    let paged = heard(Outcome::Paged);
    let failed = ended.is_some_and(|end| end.status == "FAILED");
    let once = if failed {
        good <= 1 && paged == 1
    } else {
        good == usize::from(!silent) && paged == 0
    };
    // Where the answer to a message may have been lost, nobody can know that it was sent, and it is sent again (decision 0010).
    let once = once || (promise::may_be_told_again(struck) && good + paged > 0);
    world
        .ledger
        .demand(Invariant::EveryRunEndsAndIsHeardOnce, now, once, || {
            format!("of {name} people heard {good} times that it ended well, and were paged {paged} times")
        });
    left_no_worse(world, name, run, struck);
}

/// Who has lost the lock may not act any more, not even to undo. What another run mended is not this one's merit, and what another
/// was in the middle of is not its fault: then the end of everything says it.
fn left_no_worse(world: &mut World, name: &str, run: &Execution, struck: &[(Ms, Injection)]) {
    let (now, ended) = (world.now, run.end.as_ref());
    let at_the_end = || world.service().is_no_worse_than(run.found);
    let kept =
        promise::lost_its_lock(struck) || ended.is_none_or(|end| end.no_worse.unwrap_or_else(at_the_end));
    world.ledger.demand(Invariant::NoWorse, now, kept, || {
        format!(
            "{name} failed and left {}, having found {}",
            ended.map_or_else(
                || "nobody knows what".to_owned(),
                |end| end.left.service.to_string()
            ),
            run.found
        )
    });
}

/// Holders of locks that have not expired, but for those that were lost.
fn held_locks(left: &Left) -> Vec<String> {
    let now = left.world.timestamp(left.world.now).as_millisecond();
    // A holder without an execution is one that a fault made up: nobody hears of it again.
    let lost = |holder: &str| {
        let runs = left.world.executions.iter();
        let mut of_it = runs.filter(|(_, run)| run.input["incident"] == holder);
        of_it.all(|(_, run)| is_lost(run) || ended_in_silence(run))
    };
    let mut held = Vec::new();
    for (_, item) in items(left) {
        let binds = text(&item, "sk").as_deref() == Some("state#lock")
            && number(&item, "expires_at_ms").is_some_and(|expires| expires > now);
        held.extend(text(&item, "holder").filter(|holder| binds && !lost(holder)));
    }
    held
}

/// What a run wrote about itself: what was seen, in order, and where.
pub(super) fn journal(left: &Left, incident: &str) -> Vec<String> {
    let written = items(left)
        .into_iter()
        .find(|(_, item)| text(item, "incident").as_deref() == Some(incident) && item.contains_key("seen"));
    let seen = written.and_then(|(_, item)| item.get("seen")?.as_l().ok().cloned());
    let texts = seen.unwrap_or_default();
    texts
        .iter()
        .filter_map(|text| text.as_s().ok().cloned())
        .collect()
}

/// Every item of every journal, lost Regions' included: on AWS a table outlives an outage.
fn items(left: &Left) -> Vec<(Region, Item)> {
    left.account
        .iter()
        .flat_map(|(region, regional)| {
            let tables = unlocked(&regional.tables);
            let items: Vec<Item> = tables.items(JOURNAL_TABLE).cloned().collect();
            items.into_iter().map(|item| (region.clone(), item))
        })
        .collect()
}

fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned()
}

fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
