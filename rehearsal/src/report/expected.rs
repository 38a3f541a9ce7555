//! What a scenario expects, held against what came of it.

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

/// Whether users are led to a place whose database takes their writes.
fn serves(world: &World, place: &Place) -> bool {
    let site = match place {
        Place::Primary => HOME,
        Place::Standby => AWAY,
    };
    let led_there = world.dns.as_ref().is_none_or(|dns| dns.all_lead_to(site));
    led_there && world.sites.get(site).is_some_and(|site| site.database.serves())
}
