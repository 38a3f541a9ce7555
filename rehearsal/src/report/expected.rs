//! What a scenario expects, held against what came of it.

use std::collections::BTreeSet;

use crate::scenario::{Expectation, LostWrites, Outcome};
use crate::timeline::{Actor, Entry};
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
    let runs = || world.executions.iter().map(|(_, run)| run);
    if let Some(wanted) = &expect.recovered_by {
        let recovered = runs().filter(|run| run.end.as_ref().is_some_and(|end| end.outcome == "recovered"));
        let came: BTreeSet<&str> = recovered
            .filter_map(|run| run.input["recovery"].as_str())
            .collect();
        let wanted: BTreeSet<&str> = wanted.iter().map(|recovery| recovery.machine()).collect();
        let listed = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(", ");
        demand(came == wanted, &|| {
            format!(
                "it was recovered by [{}], and not by [{}]",
                listed(&came),
                listed(&wanted)
            )
        });
    }
    let (started, heard) = (runs().count(), world.heard.len());
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
