//! What a move to another Region took, and whose time it was.
//!
//! The critical path is made of what Evenkeel can only wait for: until two signals said that the Region is lost, the
//! window of the policy, until RDS has isolated the source, the person's answer, a datapoint of the lag, the promotion,
//! the instances or the cache (whichever is ready last), the name servers, and the resolvers that still keep the old
//! answer. What is left of the recovery is Evenkeel's own.
//!
//! The datapoint is waited for by a planned move to a read replica. Only `ReplicaLag` says that everything has arrived,
//! CloudWatch has one value of it a minute, and only a minute that began after the source was cut off proves anything:
//! so that is up to two minutes of AWS's own (RDS User Guide, rds-metrics). They end when the datapoint is there, not
//! when Evenkeel saw it.

use operate::Answered;
use serde::Serialize;

use crate::command::Done;
use crate::stage::Left;
use crate::timeline::{Actor, Entry};
use crate::world::{Moments, Ms, World};

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
    let isolation = isolation(timeline, moments);
    let waits = Waits {
        cache: cache(timeline),
        isolation,
        datapoint: isolation.and_then(|(_, in_force)| datapoint(world, in_force)),
    };
    let legs = legs(moments, &waits, (began, until), window);
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

/// Waits that the world keeps no moments of: from when, and until when.
#[derive(Clone, Copy, Debug, Default)]
struct Waits {
    /// The promotion of a global datastore.
    cache: Option<(Ms, Ms)>,
    /// Until RDS lets nobody into the source.
    isolation: Option<(Ms, Ms)>,
    /// From then until CloudWatch had a datapoint of the lag that began later.
    datapoint: Option<(Ms, Ms)>,
}

fn legs(moments: &Moments, waits: &Waits, (began, until): (Ms, Ms), window: Ms) -> Vec<Leg> {
    let between = |from: Option<Ms>, to: Option<Ms>| Some(to?.saturating_sub(from?.max(began)));
    // Only an unplanned move asks, and only alarms from before it asked have made it start.
    let asked = moments.approval_asked;
    let signals = moments
        .second_signal
        .filter(|second| asked.is_some_and(|asked| *second <= asked));
    let isolation = waits
        .isolation
        .filter(|(_, in_force)| asked.is_none_or(|asked| *in_force <= asked));
    // Only a planned move to a read replica waits for it, and only as long as it has not gone on.
    let datapoint = waits
        .datapoint
        .filter(|_| asked.is_none())
        .zip(moments.promotion_accepted)
        .map(|((from, to), accepted)| (from, to.min(accepted)));
    let (what, readying) = readying(moments, waits.cache, began);
    let spanned = |span: Option<(Ms, Ms)>| span.and_then(|(from, to)| between(Some(from), Some(to)));
    let legs = [
        ("two signals", between(Some(began), signals)),
        ("the policy's window", signals.map(|_| window)),
        ("the isolation", spanned(isolation)),
        ("a person's answer", between(asked, moments.approval_answered)),
        ("a datapoint of the lag", spanned(datapoint)),
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

/// When RDS accepted to isolate the source, and when that was in force, if both were before the promotion.
fn isolation(timeline: &[Entry], moments: &Moments) -> Option<(Ms, Ms)> {
    let before = |entry: &&Entry| {
        moments
            .promotion_accepted
            .is_some_and(|promoted| entry.at <= promoted)
    };
    let accepted = timeline.iter().filter(before).find(|entry| {
        entry.actor == Actor::Call
            && entry.what.starts_with("rds:ModifyDB")
            && entry.what.contains(" VpcSecurityGroupIds=")
            && entry.what.ends_with("accepted")
    })?;
    let in_force = timeline.iter().filter(before).find(|entry| {
        entry.actor == Actor::World && entry.at >= accepted.at && entry.what.ends_with("lets nobody in")
    })?;
    Some((accepted.at, in_force.at))
}

/// From an instant until CloudWatch had the first datapoint of the lag whose minute began after it, in either Region:
/// only the one that follows gets any.
fn datapoint(world: &World, since: Ms) -> Option<(Ms, Ms)> {
    let lags = world.sites.iter().flat_map(|site| &site.lags);
    let first = lags.map(|lag| lag.at).filter(|began| *began >= since).min()?;
    Some((since, first + METRIC_PERIOD))
}

/// A datapoint of a minute is there when the minute is over. Source: RDS User Guide, rds-metrics.
const METRIC_PERIOD: Ms = 60_000;

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

    fn told(moments: &Moments, waits: Waits) -> Vec<(&'static str, Ms)> {
        let legs = legs(moments, &waits, (1_000, 201_000), 40_000);
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
        assert_eq!(told(&moments(), Waits::default()), legs);
        let whole: Ms = legs.iter().map(|(_, took)| took).sum();
        assert_eq!(200_000 - whole, 7_000, "Evenkeel's own");
    }

    #[test]
    fn what_was_set_going_early_counts_from_the_answer_on() {
        let early = Moments {
            capacity_raised: Some(40_000),
            ..moments()
        };
        assert!(told(&early, Waits::default()).contains(&("instances", 72_000)));
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
        let cache = Waits {
            cache: Some((86_000, 147_000)),
            ..Waits::default()
        };
        assert_eq!(
            told(&planned, cache),
            [
                ("the cache", 61_000),
                ("the name servers", 25_000),
                ("resolvers", 18_000)
            ]
        );
    }

    #[test]
    fn a_planned_move_to_a_replica_waits_for_the_isolation_and_for_a_datapoint_that_began_after_it() {
        let planned = Moments {
            approval_asked: None,
            approval_answered: None,
            second_signal: None,
            capacity_raised: None,
            capacity_healthy: None,
            ..moments()
        };
        let waits = Waits {
            isolation: Some((1_500, 9_500)),
            datapoint: Some((9_500, 84_400)),
            ..Waits::default()
        };
        let legs = [
            ("the isolation", 8_000),
            ("a datapoint of the lag", 74_900),
            ("promotion", 60_000),
            ("the name servers", 25_000),
            ("resolvers", 18_000),
        ];
        assert_eq!(told(&planned, waits), legs);

        // What went on without it waited for it no longer.
        let late = Waits {
            datapoint: Some((9_500, 120_000)),
            ..waits
        };
        assert!(told(&planned, late).contains(&("a datapoint of the lag", 75_500)));
    }

    #[test]
    fn an_unplanned_move_waits_for_no_datapoint_and_for_the_isolation_only_before_it_asks() {
        let waits = Waits {
            isolation: Some((71_000, 73_000)),
            datapoint: Some((73_000, 150_000)),
            ..Waits::default()
        };
        let legs = told(&moments(), waits);
        assert!(legs.contains(&("the isolation", 2_000)));
        assert!(!legs.iter().any(|(what, _)| *what == "a datapoint of the lag"));

        let late = Waits {
            isolation: Some((71_000, 90_000)),
            ..waits
        };
        assert!(
            !told(&moments(), late)
                .iter()
                .any(|(what, _)| *what == "the isolation")
        );
    }
}
