//! What a move to another Region took, and whose time it was.
//!
//! The critical path is made of what Evenkeel can only wait for: until two signals said that the Region is lost, the
//! window of the policy, the person's answer, the promotion, the instances or the cache (whichever is ready last), the
//! name servers, and the resolvers that still keep the old answer. What is left of the recovery is Evenkeel's own.

use operate::Answered;
use serde::Serialize;

use crate::command::Done;
use crate::stage::Left;
use crate::timeline::{Actor, Entry};
use crate::world::{Moments, Ms};

/// What a move took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moving {
    /// From the first request that was lost until users were served again.
    pub recovery_ms: Ms,
    /// What of it Evenkeel could only wait for.
    pub critical_path_ms: Ms,
    /// The rest.
    pub own_ms: Ms,
    /// The rest, in percent of the whole.
    pub own_percent: f64,
    /// The critical path, leg by leg.
    pub legs: Vec<Leg>,
}

/// A part of the critical path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leg {
    /// What was waited for.
    pub what: &'static str,
    /// For how long.
    pub took_ms: Ms,
}

/// A loss that somebody accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Acceptance {
    /// Who.
    pub by: String,
    /// Why, in their words.
    pub because: String,
    /// The risks, by name.
    pub accepted: Vec<String>,
}

/// Measures the first move that came to its end.
pub(super) fn measure(left: &Left, timeline: &[Entry]) -> Option<Moving> {
    let world = &left.world;
    let moments = &world.moments;
    let shifted = moments.shift_accepted?;
    let served = moments.last_resolver_moved?;
    // The outage in which users were moved, if there was one: a planned move may be over between two requests.
    let outage = world
        .traffic
        .outages
        .iter()
        .find(|(from, until)| *from <= served && until.is_none_or(|until| until >= shifted));
    let began = outage.map(|(from, _)| *from)?;
    let until = outage.and_then(|(_, until)| *until)?;
    let window = world.system.policy.fail_over_region.window.as_millis();
    let legs = legs(moments, cache(timeline), (began, until), window);
    let recovery = until - began;
    let critical: Ms = legs.iter().map(|leg| leg.took_ms).sum();
    let own = recovery.saturating_sub(critical);
    Some(Moving {
        recovery_ms: recovery,
        critical_path_ms: critical,
        own_ms: own,
        // To the tenth of a percent.
        own_percent: (own as f64 * 1_000.0 / recovery.max(1) as f64).round() / 10.0,
        legs,
    })
}

fn legs(moments: &Moments, cache: Option<(Ms, Ms)>, (began, until): (Ms, Ms), window: Ms) -> Vec<Leg> {
    let between = |from: Option<Ms>, to: Option<Ms>| Some(to?.saturating_sub(from?.max(began)));
    // Only an unplanned move asks, and only alarms from before it asked have made it start.
    let asked = moments.approval_asked;
    let signals = moments
        .second_signal
        .filter(|second| asked.is_some_and(|asked| *second <= asked));
    let (what, readying) = readying(moments, cache, began);
    let legs = [
        ("two signals", between(Some(began), signals)),
        ("the policy's window", signals.map(|_| window)),
        ("a person's answer", between(asked, moments.approval_answered)),
        (what, readying),
        (
            "the name servers",
            between(moments.shift_accepted, moments.name_servers_moved),
        ),
        ("resolvers", between(moments.name_servers_moved, Some(until))),
    ];
    legs.into_iter()
        .filter_map(|(what, took)| Some(Leg { what, took_ms: took? }))
        .collect()
}

/// What was ready last, and for how long it was waited for. Everything gets ready at once; what was set going before
/// the answer came, or before users lost anything, counts from then on.
fn readying(moments: &Moments, cache: Option<(Ms, Ms)>, began: Ms) -> (&'static str, Option<Ms>) {
    let floor = moments
        .approval_answered
        .map_or(began, |answered| answered.max(began));
    let parts = [
        (
            "promotion",
            moments.promotion_accepted.zip(moments.promotion_done),
        ),
        ("instances", moments.capacity_raised.zip(moments.capacity_healthy)),
        ("the cache", cache),
    ];
    let last = parts
        .into_iter()
        .filter_map(|(what, span)| Some((what, span?)))
        .max_by_key(|(_, (_, done))| *done);
    match last {
        Some((what, (from, done))) => (what, Some(done.saturating_sub(from.max(floor)))),
        None => ("promotion", None),
    }
}

/// When the first promotion of a global datastore was accepted, and when it was over. The world keeps no moments of
/// it; the timeline does.
fn cache(timeline: &[Entry]) -> Option<(Ms, Ms)> {
    let accepted = timeline.iter().find(|entry| {
        entry.actor == Actor::Call
            && entry
                .what
                .starts_with("elasticache:FailoverGlobalReplicationGroup")
            && entry.what.ends_with("accepted")
    })?;
    let moved = timeline.iter().find(|entry| {
        entry.actor == Actor::World
            && entry.at >= accepted.at
            && entry.what.starts_with("the cache's primary is in")
    })?;
    Some((accepted.at, moved.at))
}

/// Who accepted what, if anybody did.
pub(super) fn acceptance(left: &Left) -> Option<Acceptance> {
    left.given.iter().find_map(|given| match &given.answer {
        Ok(Done::Answered(Answered { approval, .. })) if !approval.accepted.is_empty() => Some(Acceptance {
            by: approval.by.clone(),
            because: approval.because.clone(),
            accepted: approval.accepted.iter().map(ToString::to_string).collect(),
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loss at 1 s that is over at 201 s.
    fn moments() -> Moments {
        Moments {
            lost_at: Some(1_000),
            second_signal: Some(31_000),
            approval_asked: Some(74_000),
            approval_answered: Some(84_000),
            promotion_accepted: Some(85_000),
            promotion_done: Some(145_000),
            capacity_raised: Some(86_000),
            capacity_healthy: Some(156_000),
            shift_accepted: Some(158_000),
            name_servers_moved: Some(183_000),
            ..Moments::default()
        }
    }

    fn told(moments: &Moments, cache: Option<(Ms, Ms)>) -> Vec<(&'static str, Ms)> {
        let legs = legs(moments, cache, (1_000, 201_000), 40_000);
        legs.iter().map(|leg| (leg.what, leg.took_ms)).collect()
    }

    #[test]
    fn the_critical_path_of_an_unplanned_move_has_six_legs() {
        let legs = [
            ("two signals", 30_000),
            ("the policy's window", 40_000),
            ("a person's answer", 10_000),
            ("instances", 70_000),
            ("the name servers", 25_000),
            ("resolvers", 18_000),
        ];
        assert_eq!(told(&moments(), None), legs);
        let whole: Ms = legs.iter().map(|(_, took)| took).sum();
        assert_eq!(200_000 - whole, 7_000, "Evenkeel's own");
    }

    #[test]
    fn what_was_set_going_early_counts_from_the_answer_on() {
        let early = Moments {
            capacity_raised: Some(40_000),
            ..moments()
        };
        assert!(told(&early, None).contains(&("instances", 72_000)));
    }

    #[test]
    fn a_planned_move_waits_for_no_signals_though_alarms_may_rise_meanwhile() {
        let planned = Moments {
            approval_asked: None,
            approval_answered: None,
            second_signal: Some(100_000),
            capacity_raised: Some(500),
            capacity_healthy: Some(900),
            ..moments()
        };
        let legs = told(&planned, Some((86_000, 147_000)));
        assert_eq!(
            legs,
            [
                ("the cache", 61_000),
                ("the name servers", 25_000),
                ("resolvers", 18_000)
            ]
        );
    }
}
