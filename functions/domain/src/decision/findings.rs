//! What could be wrong, in the order in which it is believed: the first that holds and may be acted on settles it.
//!
//! | finding | believed when |
//! |---|---|
//! | the Region | two alarms that look at different things mean region-down (rule 8), or one does and AWS Health has an open issue there, and no deployment in a Region that still answers explains it |
//! | a zone | alarms call exactly one zone impaired, or all unhealthy targets are all the targets of one zone |
//! | the database | an alarm means database-down, confirmed where the policy wants that |
//! | a deployment | users or targets began to fail soon after the newest deployment began, or it failed |
//! | the cache | an alarm means cache-down |
//! | instances | an alarm means instances-unhealthy, some are healthy, and new ones become healthy |
//! | load | an alarm means load-high |
//! | several zones | alarms call more than one zone impaired, and none of the above explains it |
//! | nobody knows | users fail: grey where every target looks healthy |
//! | the way back | nothing is wrong, and a zone that was left has looked well for a while |
//!
//! Leaving a zone comes before the database, because it moves the writer as well; a deployment comes after the zone, because
//! a rollout that meets a dying zone fails too, and rolling back into that zone would fail again. A zone of which it is too
//! early to say that it fails alone holds up only what its own failure would look like: instances and load.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::picture::{Picture, Raised};
use super::proposal::Proposal;
use super::{Decision, Evidence, Verdict, Why, health, since, way_back};
use crate::duration::Duration;
use crate::facts::{DeploymentStatus, Targets};
use crate::journal::{Incident, Outcome};
use crate::names::{Recovery, Zone};
use crate::system::{Meaning, Watches};
use crate::zone_alarms::{ALONE_FOR, SETTLED, failed_with, settling};

/// What could be wrong.
pub(super) enum Finding {
    /// A recovery fits.
    Fits(Box<Proposal>),
    /// It has a name, and no recovery.
    Named(Box<Decision>),
}

/// How many signals that look at different things it takes before a Region counts as lost (rule 8).
pub const INDEPENDENT_SIGNALS: usize = 2;

/// From how many launches in vain on replacing more of them does not help.
const BOOT_LOOP: u32 = 3;

/// For how long it is a person's that instances were replaced in vain, while none that was launched since serves. After that
/// it is tried once more, which is a page once more.
const REMEMBERED: Duration = Duration::from_mins(24 * 60);

/// What a look at the system adds to a signal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Occasion<'a> {
    /// Nothing came: it is looked by schedule, or after a recovery.
    pub(super) is_a_look: bool,
    /// A deployment that CodeDeploy reports as failed.
    pub(super) failed_deployment: Option<&'a str>,
    /// A zone that AWS itself moves traffic away from.
    pub(super) autoshift: Option<&'a Zone>,
}

impl Occasion<'_> {
    /// It is looked, whatever the reason to.
    pub(super) fn look() -> Self {
        Self {
            is_a_look: true,
            ..Self::default()
        }
    }
}

/// Everything that could be wrong, the most believed first.
pub(super) fn all(picture: &Picture<'_>, occasion: Occasion<'_>) -> Vec<Finding> {
    let zone = zone(picture, occasion);
    // Unhealthy instances and a high load are what a zone that begins to fail looks like, too: they are known with it.
    let may_be_the_zones = matches!(zone, Some(Finding::Named(_)));
    let of_the_tier = |finding: Finding| (!may_be_the_zones).then_some(finding);
    [
        region(picture),
        zone,
        database(picture),
        deployment(picture, occasion),
        cache(picture),
        instances(picture, occasion).and_then(of_the_tier),
        load(picture, occasion).and_then(of_the_tier),
        several_zones(picture),
        nobody_knows(picture, occasion),
        way_back::finding(picture, occasion),
    ]
    .into_iter()
    .flatten()
    .map(|finding| beside_health(picture, finding))
    .collect()
}

/// What AWS Health adds to what was found inside the Region: evidence, and no more.
fn beside_health(picture: &Picture<'_>, finding: Finding) -> Finding {
    match finding {
        Finding::Fits(mut proposal) => {
            let recovery = proposal.recovery;
            proposal.evidence.extend(health::beside(picture, recovery));
            Finding::Fits(proposal)
        }
        Finding::Named(mut decision) => {
            let unexplained = matches!(
                decision.why,
                Why::SymptomAlone { .. } | Why::GreyFailure { .. } | Why::Unexplained { .. }
            );
            if unexplained {
                decision
                    .evidence
                    .extend(picture.health.iter().map(|seen| health::spoken(seen)));
            }
            Finding::Named(decision)
        }
    }
}

fn up(alarm: &Raised<'_>) -> Evidence {
    Evidence::For(format!("{} in ALARM since {}", alarm.name, alarm.since))
}

/// An alarm's change of state makes the incident, not the message about it: by whatever way and however often the message
/// comes, and whichever of two alarms completes the picture, it is the same incident.
fn key(alarm: &Raised<'_>) -> String {
    format!("{}@{}", alarm.name, alarm.since.as_millisecond())
}

/// A recovery that may help a little and be needed again while its alarm stays up. Only a look counts rounds: the same
/// message again is the same incident.
///
/// What did not help is not tried once more, in no further round and for no alarm that rose while it was tried: it is a
/// person's by now, who was paged. `in_vain` is how many instances have been launched since one came to serve: while
/// there are any, an alarm that was away and is back says nothing that this person does not know, either.
fn again(
    picture: &Picture<'_>,
    alarm: &Raised<'_>,
    recovery: Recovery,
    why: Why,
    in_vain: u32,
    occasion: Occasion<'_>,
) -> Proposal {
    let (journal, now) = (picture.known.journal, picture.known.now);
    let of_kind = || journal.incidents.iter().filter(|past| past.recovery == recovery);
    let rounds: Vec<&Incident> = of_kind().filter(|past| past.opened_at == alarm.since).collect();
    let helped = rounds.iter().all(|past| past.outcome == Outcome::Recovered);
    let is_a_round = !rounds.is_empty() && helped && occasion.is_a_look;
    let key = if is_a_round {
        format!("{}#{}", key(alarm), rounds.len())
    } else {
        key(alarm)
    };
    let left = of_kind().max_by_key(|past| past.closed_at).filter(|last| {
        let lately = since(last.closed_at, now) < REMEMBERED;
        last.outcome == Outcome::Paged && (alarm.since < last.closed_at || in_vain > 0 && lately)
    });
    Proposal {
        is_a_round,
        left_to_people: left.cloned(),
        ..Proposal::inside(picture.system, recovery, key, alarm.since, why)
    }
}

/// The Region that serves is said to be lost: by an alarm, and by another that looks at something else or by AWS Health.
/// The earliest alarm makes the incident.
pub(super) fn region(picture: &Picture<'_>) -> Option<Finding> {
    let first = picture.first(Meaning::RegionDown)?;
    let watched: BTreeSet<Option<Watches>> = picture
        .meaning(Meaning::RegionDown)
        .map(|alarm| alarm.declared.watches)
        .collect();
    let mut evidence: Vec<Evidence> = picture.meaning(Meaning::RegionDown).map(up).collect();
    evidence.extend(picture.health.iter().map(|seen| health::spoken(seen)));
    if let Some(blamed) = picture.blamed(Some(first.since)) {
        evidence.push(Evidence::Against(format!(
            "the Region answers: {} of {} began at {}",
            blamed.id, blamed.revision, blamed.created_at
        )));
        let why = Why::DeploymentFirst {
            deployment: blamed.id.clone(),
        };
        return Some(Finding::Named(Box::new(Decision {
            verdict: Verdict::Watch,
            why,
            evidence,
            about: Some(key(&first)),
        })));
    }
    let signals = watched.len() + usize::from(!picture.health.is_empty());
    let unconfirmed = (signals < INDEPENDENT_SIGNALS).then(|| {
        evidence.push(Evidence::Against(
            "no second signal that looks at something else".to_owned(),
        ));
        evidence.push(health::would_settle(picture.system));
        let others = picture.system.alarms.iter().filter(|(_, declared)| {
            declared.means == Meaning::RegionDown && !watched.contains(&declared.watches)
        });
        Why::Unconfirmed {
            needs: others.map(|(name, _)| name.clone()).collect(),
        }
    });
    let policy = &picture.system.policy.fail_over_region;
    Some(Finding::Fits(Box::new(Proposal {
        recovery: Recovery::FailOverRegion,
        key: key(&first),
        opened_at: first.since,
        named_at: None,
        is_a_round: false,
        left_to_people: None,
        mode: policy.mode,
        cooldown: policy.cooldown,
        why: Why::RegionDown {
            alarms: picture
                .meaning(Meaning::RegionDown)
                .map(|alarm| alarm.name.to_owned())
                .collect(),
            health: picture.health.iter().map(|seen| seen.service.clone()).collect(),
        },
        evidence,
        unconfirmed,
    })))
}

fn zone(picture: &Picture<'_>, occasion: Occasion<'_>) -> Option<Finding> {
    let impaired = picture.impaired_zones();
    if impaired.len() > 1 {
        // That is no zone's problem; what they have in common comes below.
        return None;
    }
    let by_alarm = impaired
        .first()
        .map(|(zone, alarm)| (*zone, alarm.since, key(alarm), up(alarm)));
    let by_autoshift = || {
        let zone = occasion.autoshift?;
        let at = picture.known.now;
        let says = Evidence::For(format!("AWS moves traffic away from {zone} by itself"));
        Some((
            zone,
            at,
            format!("autoshift of {zone}@{}", at.as_millisecond()),
            says,
        ))
    };
    let by_targets = || {
        let alarm = picture
            .first(Meaning::InstancesUnhealthy)
            .or_else(|| picture.first(Meaning::UserImpact))?;
        let (zone, _) = picture.targets()?.dead_zone()?;
        let says = Evidence::For(format!("every target in {zone} is unhealthy, and no other is"));
        Some((zone, alarm.since, key(&alarm), says))
    };
    let (zone, at, key, says) = by_alarm.or_else(by_autoshift).or_else(by_targets)?;
    let mut evidence = vec![says];
    let healthy_there =
        |targets: &Targets| targets.zones.get(zone).is_none_or(|health| health.unhealthy == 0);
    if picture.targets().is_some_and(healthy_there) && picture.blamed(Some(at)).is_some() {
        // What the load balancer does not see, and began with a deployment, began with the deployment.
        return None;
    }
    if let Some(targets) = picture.targets() {
        let elsewhere: Vec<&Zone> = targets
            .sick()
            .map(|(sick, _)| sick)
            .filter(|sick| *sick != zone)
            .collect();
        match elsewhere.first() {
            Some(other) => {
                // Only a zone that fails alone is a zone's problem.
                if picture.blamed(Some(at)).is_some() {
                    return None;
                }
                evidence.push(Evidence::Against(format!("targets in {other} are unhealthy too")));
            }
            None => evidence.push(Evidence::For("no target in another zone is unhealthy".to_owned())),
        }
    }
    // What AWS or the load balancer says of the zone itself needs no patience.
    let is_known =
        occasion.autoshift.is_some() || picture.targets().is_some_and(|targets| targets.is_dead(zone));
    if let Some(patience) = not_alone_for_long(picture, zone, at).filter(|_| !is_known) {
        evidence.push(patience);
        return Some(Finding::Named(Box::new(Decision {
            verdict: Verdict::Watch,
            why: Why::AloneSoFar { zone: zone.clone() },
            evidence,
            about: Some(key),
        })));
    }
    let why = Why::ZoneSick { zone: zone.clone() };
    let proposal = Proposal::inside(picture.system, Recovery::EvacuateZone, key, at, why);
    Some(Finding::Fits(Box::new(proposal.with(evidence))))
}

/// What speaks for waiting until it is clear that no other zone has failed with this one. The evacuation's plan holds the
/// same against it (`capacity::zone`).
fn not_alone_for_long(picture: &Picture<'_>, zone: &Zone, at: Timestamp) -> Option<Evidence> {
    let now = picture.known.now;
    if since(at, now) < ALONE_FOR {
        return Some(Evidence::WouldSettle(format!(
            "whether other zones follow within {ALONE_FOR}: what strikes all zones alike shows in one of them first"
        )));
    }
    let settling = settling(picture.system, picture.known.journal, now);
    failed_with(&settling, zone, at).map(|other| {
        Evidence::WouldSettle(format!(
            "whether {zone} still fails {SETTLED} after {} ended, at {}: what struck all zones alike ends in one of them \
             last",
            other.alarm, other.since
        ))
    })
}

fn database(picture: &Picture<'_>) -> Option<Finding> {
    let policy = &picture.system.policy.fail_over_database;
    // The latest: an alarm that has been up since before an earlier failover says nothing new.
    let cause = picture.meaning(Meaning::DatabaseDown).max_by_key(|alarm| {
        (
            picture.came.is_some_and(|came| came.name == alarm.name),
            alarm.since,
        )
    })?;
    // Another alarm than the one that came speaks up only where the policy waits for its confirmation.
    let came_otherwise = picture.came.filter(|came| came.name != cause.name);
    if came_otherwise.is_some_and(|came| !policy.confirmed_by.contains(&came.name)) {
        return None;
    }
    let mut evidence = vec![up(cause)];
    let confirms = |name: &&String| picture.raised.iter().any(|alarm| alarm.name == name.as_str());
    let unconfirmed = match policy.confirmed_by.iter().find(confirms) {
        Some(by) => {
            evidence.push(Evidence::For(format!("confirmed by {by} in ALARM")));
            None
        }
        None if policy.confirmed_by.is_empty() => None,
        None => {
            evidence.push(Evidence::Against("no second signal".to_owned()));
            Some(Why::Unconfirmed {
                needs: policy.confirmed_by.clone(),
            })
        }
    };
    if let Some(blamed) = picture.blamed(Some(cause.since)) {
        evidence.push(Evidence::Against(format!(
            "{} began at {}, shortly before",
            blamed.id, blamed.created_at
        )));
    }
    Some(Finding::Fits(Box::new(Proposal {
        recovery: Recovery::FailOverDatabase,
        key: key(cause),
        opened_at: cause.since,
        named_at: None,
        is_a_round: false,
        left_to_people: None,
        mode: policy.mode,
        cooldown: policy.cooldown,
        why: Why::DatabaseDown {
            alarm: cause.name.to_owned(),
        },
        evidence,
        unconfirmed,
    })))
}

/// One deployment is rolled back once: it makes the incident.
fn deployment(picture: &Picture<'_>, occasion: Occasion<'_>) -> Option<Finding> {
    picture.system.deployments.as_ref()?;
    let symptom = picture
        .first(Meaning::UserImpact)
        .or_else(|| picture.first(Meaning::InstancesUnhealthy))
        .or_else(|| picture.first(Meaning::ZoneImpaired));
    let blamed = picture.blamed(symptom.map(|alarm| alarm.since));
    let (id, mut evidence) = match (blamed, occasion.failed_deployment) {
        (Some(blamed), _) => {
            let says = match blamed.status {
                DeploymentStatus::Failed => format!("{} of {} failed", blamed.id, blamed.revision),
                status => format!(
                    "{} of {} ({status}) began at {}",
                    blamed.id, blamed.revision, blamed.created_at
                ),
            };
            (blamed.id.clone(), vec![Evidence::For(says)])
        }
        (None, Some(failed)) => {
            // What was looked at says that it was a rollback, or is history.
            let looked = picture.known.facts.and_then(|facts| facts.deployments.as_ref());
            if looked.is_some_and(|all| {
                all.first()
                    .is_some_and(|newest| newest.id != failed || newest.is_rollback)
            }) {
                return None;
            }
            let says = format!("CodeDeploy reports that {failed} failed");
            (failed.to_owned(), vec![Evidence::For(says)])
        }
        (None, None) => return None,
    };
    // A deployment that works and is followed by nothing is not to blame for anything.
    let failed = occasion.failed_deployment.is_some()
        || blamed.is_some_and(|blamed| blamed.status == DeploymentStatus::Failed);
    if symptom.is_none() && !failed {
        return None;
    }
    evidence.extend(symptom.as_ref().map(up));
    let opened_at = symptom.map_or_else(
        || {
            blamed.map_or(picture.known.now, |blamed| {
                blamed.completed_at.unwrap_or(blamed.created_at)
            })
        },
        |alarm| alarm.since,
    );
    let why = Why::BadDeployment {
        deployment: id.clone(),
    };
    let mut proposal = Proposal::inside(picture.system, Recovery::RollBackDeployment, id, opened_at, why);
    // The deployment makes the incident, not the alarm: two alarms that blame one deployment are one incident.
    proposal.named_at = blamed.map(|blamed| blamed.created_at);
    Some(Finding::Fits(Box::new(proposal.with(evidence))))
}

fn cache(picture: &Picture<'_>) -> Option<Finding> {
    let alarm = picture.first(Meaning::CacheDown)?;
    let why = Why::CacheDown {
        alarm: alarm.name.to_owned(),
    };
    let proposal = Proposal::inside(
        picture.system,
        Recovery::FailOverCache,
        key(&alarm),
        alarm.since,
        why,
    );
    Some(Finding::Fits(Box::new(proposal.with([up(&alarm)]))))
}

fn instances(picture: &Picture<'_>, occasion: Occasion<'_>) -> Option<Finding> {
    let alarm = picture.first(Meaning::InstancesUnhealthy)?;
    if picture.is_settling(&alarm) {
        return None;
    }
    if picture.system.deployments.is_some() && picture.blamed(Some(alarm.since)).is_some() {
        // New instances would run the same revision.
        return None;
    }
    let mut evidence = vec![up(&alarm)];
    let in_vain = picture
        .known
        .facts
        .and_then(|facts| facts.group.as_ref())
        .map_or(0, |group| group.launches_in_vain);
    let named = |why, evidence| {
        Some(Finding::Named(Box::new(Decision {
            verdict: Verdict::Page,
            why,
            evidence,
            about: Some(key(&alarm)),
        })))
    };
    let recovery = Recovery::ReplaceInstances;
    let why = Why::InstancesUnhealthy {
        alarm: alarm.name.to_owned(),
    };
    let proposal = again(picture, &alarm, recovery, why, in_vain, occasion);
    // Whoever was paged about the last replacement knows.
    if in_vain >= BOOT_LOOP && proposal.left_to_people.is_none() {
        evidence.push(Evidence::WouldSettle(
            "what an instance does between its launch and its first health check: image, user data, the revision".to_owned(),
        ));
        return named(Why::BootLoop { in_vain }, evidence);
    }
    if let Some(targets) = picture.targets() {
        let all = targets.all();
        if all.healthy == 0 {
            evidence.push(Evidence::WouldSettle(
                "what all targets have in common: the health check itself, the database, the cache"
                    .to_owned(),
            ));
            return named(Why::EveryTargetUnhealthy, evidence);
        }
        evidence.push(Evidence::For(format!(
            "{} targets are healthy, {} are not",
            all.healthy, all.unhealthy
        )));
    }
    Some(Finding::Fits(Box::new(proposal.with(evidence))))
}

fn load(picture: &Picture<'_>, occasion: Occasion<'_>) -> Option<Finding> {
    let alarm = picture.first(Meaning::LoadHigh)?;
    if picture.is_settling(&alarm) {
        return None;
    }
    let mut evidence = vec![up(&alarm)];
    let why = Why::LoadHigh {
        alarm: alarm.name.to_owned(),
    };
    if let Some(missing) = picture.missing() {
        // More instances would share the load, and hide what took the others.
        evidence.push(Evidence::Against(missing));
        return Some(Finding::Named(Box::new(Decision {
            verdict: Verdict::Watch,
            why: Why::LoadOfTooFew {
                alarm: alarm.name.to_owned(),
            },
            evidence,
            about: Some(key(&alarm)),
        })));
    }
    if let Some(group) = picture.known.facts.and_then(|facts| facts.group.as_ref()) {
        evidence.push(Evidence::For(format!(
            "{} instances in service, {} at most",
            group.in_service, group.max
        )));
    }
    let proposal = again(picture, &alarm, Recovery::ScaleOut, why, 0, occasion);
    Some(Finding::Fits(Box::new(proposal.with(evidence))))
}

/// How long users may fail while a run holds the lock before a person hears of it, however the run fares: a run whose Region
/// died with it, and whose lock another Region still keeps, tells nobody.
pub const STUCK_AFTER: Duration = Duration::from_mins(30);

/// A recovery runs, and users have been failing for too long all the same.
pub(super) fn stuck(picture: &Picture<'_>) -> Option<Decision> {
    let now = picture.known.now;
    let lock = picture.known.journal.held_lock(now)?;
    // Whatever says that users are not served: a lost Region's own alarms may be silent.
    let fail = [Meaning::UserImpact, Meaning::RegionDown, Meaning::DatabaseDown];
    let failing = fail.into_iter().filter_map(|means| picture.first(means));
    let alarm = failing.min_by_key(|alarm| (alarm.since, alarm.name))?;
    let lasted = since(alarm.since.max(lock.taken_at), now);
    (lasted > STUCK_AFTER).then(|| Decision {
        verdict: Verdict::Page,
        why: Why::Stuck {
            incident: lock.holder.clone(),
            lasted: lasted.whole_seconds(),
        },
        evidence: vec![
            up(&alarm),
            Evidence::WouldSettle(format!(
                "whether {} still runs, in whichever Region it runs",
                lock.holder
            )),
        ],
        about: Some(lock.holder.to_string()),
    })
}

/// More than one zone fails, and nothing above explains it.
fn several_zones(picture: &Picture<'_>) -> Option<Finding> {
    let impaired = picture.impaired_zones();
    let (_, first) = impaired.first().filter(|_| impaired.len() > 1)?;
    let zones: Vec<Zone> = impaired.iter().map(|(zone, _)| (*zone).clone()).collect();
    Some(Finding::Named(Box::new(Decision {
        verdict: Verdict::Page,
        why: Why::SeveralZones { zones },
        evidence: vec![
            up(first),
            Evidence::WouldSettle(
                "what the zones have in common: a deployment, the database, the load".to_owned(),
            ),
        ],
        about: Some(key(first)),
    })))
}

/// How long users may go on failing after a person was paged about it before one is paged again.
const PAGED_AGAIN_AFTER: Duration = Duration::from_mins(60);

/// Users fail, and nothing above explains it, or not enough of it: watched at first, and then a person's to look at.
fn nobody_knows(picture: &Picture<'_>, occasion: Occasion<'_>) -> Option<Finding> {
    let alarm = picture.first(Meaning::UserImpact)?;
    let name = || alarm.name.to_owned();
    let all = picture.targets().map(Targets::all);
    let grey = all.is_some_and(|all| all.unhealthy == 0);
    let mut evidence = vec![up(&alarm)];
    if let Some(all) = all {
        evidence.push(Evidence::Against(format!(
            "{} targets are healthy, {} are not",
            all.healthy, all.unhealthy
        )));
    }
    for unseen in picture.known.facts.iter().flat_map(|facts| &facts.unseen) {
        evidence.push(Evidence::WouldSettle(unseen.clone()));
    }
    evidence.push(Evidence::WouldSettle(if grey {
        "errors by zone and by instance as users see them: the load balancer's health check passes".to_owned()
    } else {
        "an alarm on the database, a zone, the targets, or a deployment just before".to_owned()
    }));
    // What a recovery has just done needs its time to show.
    let closed = picture.known.journal.last_closed();
    let lasted = since(
        closed.map_or(alarm.since, |closed| closed.max(alarm.since)),
        picture.known.now,
    );
    // Who was paged about it is at it, even where the page came a little before users noticed.
    let patience = picture.system.policy.page_after;
    let incidents = &picture.known.journal.incidents;
    let woken = incidents
        .iter()
        .filter(|past| past.outcome == Outcome::Paged)
        .any(|past| since(past.closed_at, alarm.since) <= patience);
    let patience = if woken {
        patience.max(PAGED_AGAIN_AFTER)
    } else {
        patience
    };
    let (verdict, why) = if occasion.is_a_look && lasted > patience {
        let why = Why::Unexplained {
            alarm: name(),
            lasted: lasted.whole_seconds(),
        };
        (Verdict::Page, why)
    } else if grey {
        (Verdict::Watch, Why::GreyFailure { alarm: name() })
    } else {
        (Verdict::Watch, Why::SymptomAlone { alarm: name() })
    };
    Some(Finding::Named(Box::new(Decision {
        verdict,
        why,
        evidence,
        about: Some(key(&alarm)),
    })))
}
