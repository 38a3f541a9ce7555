//! A zone that was left, and looks well again: people hear of it once, with the way back.
//!
//! That a zone was left is known from the journal, and that the group is still out of it from a look. What nobody knows is
//! whether it is well: nobody is sent there, so its alarm may just have nothing to look at. Hence a person decides, unless
//! the policy says otherwise, and even then nothing returns while any declared alarm is up, within the cooldown of the
//! last return (rule 9), while the system is disarmed, or where more than one zone was left.

use jiff::Timestamp;

use super::findings::{Finding, Occasion};
use super::picture::Picture;
use super::proposal::Proposal;
use super::{Decision, Evidence, Verdict, Why, since};
use crate::duration::Duration;
use crate::journal::{Incident, ZoneLeft};
use crate::names::{Recovery, Zone};
use crate::system::{Meaning, Mode};

/// How long a zone that was left has to look well before anything is said about it. An assumption: an impairment that
/// comes and goes does so within minutes, and half an hour more without the zone costs little.
pub const WELL_FOR: Duration = Duration::from_mins(30);

/// The zone that was left last, if it has looked well for long enough, and nothing else is wrong.
pub(super) fn finding(picture: &Picture<'_>, occasion: Occasion<'_>) -> Option<Finding> {
    if !occasion.is_a_look || !picture.raised.is_empty() {
        return None;
    }
    let evacuations = picture.known.journal.evacuations();
    let (run, ZoneLeft { zone, .. }) = evacuations.first()?;
    let well_since = well_since(picture, run, zone)?;
    if since(well_since, picture.known.now) < WELL_FOR || is_used(picture, zone)? {
        return None;
    }
    let why = Why::ZoneLooksWell {
        zone: zone.clone(),
        since: well_since,
        left_by: run.id.clone(),
    };
    let evidence = [
        Evidence::For(format!(
            "no declared alarm is in ALARM; {zone}'s own is not since {well_since}"
        )),
        Evidence::Against(format!(
            "nobody is sent to {zone}, so its alarm may have nothing to look at"
        )),
        Evidence::WouldSettle(format!(
            "whether an instance in {zone} answers, and what the AWS Health Dashboard says of it"
        )),
    ];
    let one_zone = evacuations.iter().all(|(_, left)| left.zone == *zone);
    if one_zone && may_return_by_itself(picture) {
        let key = format!("{zone} left by {}", run.id);
        let proposal = Proposal::inside(picture.system, Recovery::ReturnToZone, key, well_since, why);
        return Some(Finding::Fits(Box::new(proposal.with(evidence))));
    }
    Some(Finding::Named(Box::new(Decision {
        verdict: Verdict::Note,
        why,
        evidence: evidence.into(),
        about: Some(run.id.to_string()),
    })))
}

/// Since when nothing has said that the zone is sick; nothing where no alarm could say so.
fn well_since(picture: &Picture<'_>, run: &Incident, zone: &Zone) -> Option<Timestamp> {
    let declared = picture.system.alarms.iter().filter(|(_, declared)| {
        declared.means == Meaning::ZoneImpaired && declared.zone.as_ref() == Some(zone)
    });
    let alarms: Vec<&String> = declared.map(|(name, _)| name).collect();
    if alarms.is_empty() {
        return None;
    }
    let seen = alarms
        .iter()
        .filter_map(|name| picture.known.journal.alarms.get(*name));
    Some(
        seen.map(|seen| seen.changed_at)
            .fold(run.closed_at, Timestamp::max),
    )
}

/// Whether the group has targets in the zone again, by whoever's hand; nothing where nobody could look.
fn is_used(picture: &Picture<'_>, zone: &Zone) -> Option<bool> {
    let targets = picture.targets()?;
    let there = targets.zones.get(zone);
    Some(there.is_some_and(|health| health.healthy + health.unhealthy > 0))
}

fn may_return_by_itself(picture: &Picture<'_>) -> bool {
    let (system, journal, now) = (picture.system, picture.known.journal, picture.known.now);
    let Some(policy) = system.policy.others.get(&Recovery::ReturnToZone) else {
        return false;
    };
    let mut returns = journal
        .incidents
        .iter()
        .filter(|past| past.recovery == Recovery::ReturnToZone);
    policy.mode == Mode::Automatic
        && journal.disarmed.is_none()
        && returns.all(|past| since(past.closed_at, now) >= policy.cooldown)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::SignedDuration;

    use super::super::{Known, weigh};
    use super::*;
    use crate::facts::{Facts, Health, Targets};
    use crate::journal::{Disarmed, Outcome, View};
    use crate::steps::plan::Raise;
    use crate::steps::region::GroupSize;
    use crate::system::{self, System};

    const SHOP: &str = include_str!("../../tests/decision/shop.toml");

    fn shop(policy: &str) -> System {
        system::read(&format!("{SHOP}\n[policy.return-to-zone]\n{policy}\n")).expect("a coherent system")
    }

    fn now() -> Timestamp {
        "2026-10-01T12:00:00Z".parse().expect("a timestamp")
    }

    fn past(recovery: Recovery, minutes: i64, outcome: Outcome, zone: Option<&str>) -> Incident {
        let closed_at = now() - SignedDuration::from_mins(minutes);
        let size = GroupSize {
            min: 6,
            desired: 6,
            max: 12,
        };
        Incident {
            id: format!("shop-{recovery}-{minutes}").parse().expect("valid"),
            system: "shop".parse().expect("valid"),
            recovery,
            opened_at: closed_at - SignedDuration::from_mins(3),
            closed_at,
            outcome,
            seen: vec![],
            left: zone.map(|zone| ZoneLeft {
                zone: Zone(format!("eu-central-1{zone}")),
                raise: Raise::of(size, 6),
            }),
        }
    }

    fn left(zone: &str, minutes: i64) -> Incident {
        past(Recovery::EvacuateZone, minutes, Outcome::Recovered, Some(zone))
    }

    fn looked(system: &System, journal: &View) -> Option<Decision> {
        let health = Health {
            healthy: 3,
            unhealthy: 0,
        };
        let zones = ["b", "c"].map(|zone| (Zone(format!("eu-central-1{zone}")), health));
        let facts = Facts {
            at: now(),
            targets: Some(Targets {
                zones: BTreeMap::from(zones),
            }),
            group: None,
            deployments: None,
            unseen: vec![],
        };
        let known = Known {
            facts: Some(&facts),
            journal,
            now: now(),
        };
        let occasion = Occasion {
            is_a_look: true,
            ..Occasion::default()
        };
        weigh(system, known, None, occasion)
    }

    fn of(incidents: Vec<Incident>) -> View {
        View {
            incidents,
            ..View::default()
        }
    }

    #[test]
    fn a_person_decides_unless_the_policy_says_otherwise() {
        for (policy, verdict) in [
            ("", "note"),
            ("mode = \"page\"", "note"),
            ("mode = \"automatic\"", "recover"),
        ] {
            let decision = looked(&shop(policy), &of(vec![left("a", 40)])).expect("something is said");
            assert_eq!(decision.verdict.word(), verdict, "{policy}");
            assert!(
                matches!(&decision.why, Why::ZoneLooksWell { zone, .. } if zone.0 == "eu-central-1a"),
                "{decision:?}"
            );
            if let Verdict::Recover(run) = decision.verdict {
                assert_eq!(run.recovery, Recovery::ReturnToZone);
            }
        }
    }

    #[test]
    fn what_may_return_by_itself_does_so_once() {
        let system = shop("mode = \"automatic\"\ncooldown = \"12h\"");
        let journal = of(vec![left("a", 40)]);
        let Some(Verdict::Recover(run)) = looked(&system, &journal).map(|decision| decision.verdict) else {
            panic!("it returns");
        };
        // It failed: a person has it.
        let mut failed = journal.clone();
        failed.incidents.push(Incident {
            id: run.incident.clone(),
            opened_at: run.opened_at,
            ..past(Recovery::ReturnToZone, 1, Outcome::Paged, None)
        });
        let again = looked(&system, &failed).expect("something is said");
        assert_eq!(again.verdict, Verdict::Note, "{again:?}");
        // It went well: nothing is left to be said.
        let mut returned = journal;
        returned
            .incidents
            .push(past(Recovery::ReturnToZone, 1, Outcome::Recovered, None));
        assert_eq!(looked(&system, &returned), None);
    }

    #[test]
    fn a_zone_that_failed_again_after_a_return_is_a_persons() {
        let journal = || {
            of(vec![
                left("a", 40),
                past(Recovery::ReturnToZone, 100, Outcome::Recovered, None),
                left("a", 200),
            ])
        };
        let verdict = |policy: &str| looked(&shop(policy), &journal()).expect("said").verdict.word();
        assert_eq!(verdict("mode = \"automatic\""), "note", "within the twelve hours");
        assert_eq!(verdict("mode = \"automatic\"\ncooldown = \"90m\""), "recover");
    }

    #[test]
    fn nothing_returns_by_itself_while_it_is_disarmed_or_two_zones_were_left() {
        let system = shop("mode = \"automatic\"");
        let mut disarmed = of(vec![left("a", 40)]);
        disarmed.disarmed = Some(Disarmed {
            at: now(),
            by: "on-call".to_owned(),
            because: "maintenance".to_owned(),
        });
        let two = of(vec![left("a", 40), left("b", 90)]);
        for journal in [disarmed, two] {
            let decision = looked(&system, &journal).expect("something is said");
            assert_eq!(decision.verdict, Verdict::Note, "{decision:?}");
            assert!(decision.tells_people());
        }
    }
}
