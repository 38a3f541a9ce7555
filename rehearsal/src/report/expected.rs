//! What a scenario expects, held against what came of it.

use domain::names::Recovery;

use crate::scenario::{Expectation, LostWrites, Outcome};
use crate::timeline::{Actor, Entry};
use crate::world::execution::Execution;
use crate::world::fault::Place;
use crate::world::{AWAY, HOME, World};

use super::{Moving, seconds};

/// What came out otherwise than expected, each in a sentence.
pub(super) fn unexpected(
    expect: &Expectation,
    world: &World,
    outcome: Outcome,
    moving: Option<&Moving>,
    timeline: &[Entry],
) -> Vec<String> {
    let mut all = Vec::new();
    let mut demand = |holds: bool, what: &dyn Fn() -> String| {
        if !holds {
            all.push(what());
        }
    };
    demand(expect.outcomes.contains(&outcome), &|| {
        format!("it ended as {outcome}")
    });
    let asked = world.moments.asked;
    demand(asked <= expect.failovers_at_most, &|| {
        format!(
            "RDS was asked for {asked} failovers, of at most {}",
            expect.failovers_at_most
        )
    });
    let (rto, rpo) = (
        world.traffic.longest_outage(world.now),
        world.traffic.lost_writes_ms,
    );
    demand(expect.rto.is_none_or(|most| rto <= most.as_millis()), &|| {
        format!("users were without service for {}", seconds(rto))
    });
    demand(expect.rpo.is_none_or(|most| rpo <= most.as_millis()), &|| {
        format!("writes of {} were lost", seconds(rpo))
    });
    if let Some(most) = expect.own_share_at_most {
        let own = moving.map(|moving| moving.own_percent);
        demand(own.is_some_and(|own| own <= f64::from(most)), &|| match own {
            Some(own) => format!("{own} % of the recovery were Evenkeel's own, of at most {most} %"),
            None => "nothing was moved, so nobody knows whose time it was".to_owned(),
        });
    }
    let lost = world.traffic.lost_writes;
    match expect.lost_writes {
        None => {}
        Some(LostWrites::None) => demand(lost == 0, &|| format!("{lost} acknowledged writes were lost")),
        Some(LostWrites::Accepted) => demand(lost == 0 || !world.accepted.is_empty(), &|| {
            format!("{lost} acknowledged writes were lost, and nobody accepted that")
        }),
    }
    if let Some(place) = &expect.serving {
        demand(serves(world, place), &|| {
            format!("in the end the system does not serve from {place:?}")
        });
    }
    within_a_region(expect, world, &mut demand);
    for call in &expect.without {
        let made = timeline
            .iter()
            .find(|entry| entry.actor == Actor::Call && entry.what.contains(call.as_str()));
        demand(made.is_none(), &|| {
            format!(
                "a call was made that should not be: {}",
                made.map_or("", |entry| &entry.what)
            )
        });
    }
    all
}

/// What is expected of recoveries inside a Region: which of them helped, how many there were, how many messages, and how
/// soon there were more instances.
fn within_a_region(expect: &Expectation, world: &World, demand: &mut impl FnMut(bool, &dyn Fn() -> String)) {
    let of = |run: &Execution, recovery: Recovery| run.input["recovery"] == recovery.machine();
    let runs = |recovery| {
        world
            .executions
            .iter()
            .map(|(_, run)| run)
            .filter(move |run| of(run, recovery))
    };
    for recovery in &expect.recovered_by {
        let mut ends = runs(*recovery).filter_map(|run| run.end.as_ref());
        demand(ends.any(|end| end.outcome == "recovered"), &|| {
            format!("no run of {recovery} recovered it")
        });
    }
    for recovery in &expect.never_started {
        // A run that stood down has only looked, and one that found the lock held has not even looked.
        let idle = |run: &&Execution| {
            let end = run.end.as_ref();
            end.is_some_and(|end| matches!(end.outcome.as_str(), "stood-down" | "left-to-the-other"))
        };
        let acted = runs(*recovery).filter(|run| !idle(run)).count();
        demand(acted == 0, &|| {
            format!("{recovery} was carried out, which is the wrong recovery")
        });
    }
    let (started, heard) = (world.executions.iter().count(), world.heard.len());
    let at_most = |most: Option<u32>, came: usize| most.is_none_or(|most| came <= most as usize);
    demand(at_most(expect.runs_at_most, started), &|| {
        format!("{started} runs were started")
    });
    demand(at_most(expect.messages_at_most, heard), &|| {
        format!("people got {heard} messages")
    });
    if let Some(most) = expect.in_service_within {
        let took = world.moments.more_in_service.zip(world.moments.load_rose);
        let took = took.map(|(there, rose)| there - rose);
        demand(
            took.is_some_and(|took| took <= most.as_millis()),
            &|| match took {
                Some(took) => format!("one instance more was in service after {}", seconds(took)),
                None => "there was never one instance more in service".to_owned(),
            },
        );
    }
}

/// Whether users are led to a place whose database takes their writes.
fn serves(world: &World, place: &Place) -> bool {
    let site = match place {
        Place::Primary => HOME,
        Place::Standby => AWAY,
    };
    let led_there = world.dns.as_ref().is_none_or(|dns| dns.all_lead_to(site));
    led_there && world.sites.get(site).is_some_and(|site| site.database.serves())
}
