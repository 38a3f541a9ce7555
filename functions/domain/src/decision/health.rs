//! AWS Health: AWS's own view of its services, which is one signal among others.
//!
//! An issue counts that is open, in the Region that serves, and of a service that the system's users depend on. The
//! system file says which: only what it declares.
//!
//! | service | counts where the file declares |
//! |---|---|
//! | `RDS` | a database: every system has one |
//! | `EC2`, `ELASTICLOADBALANCING` | instances that serve users, behind a load balancer: `[web]`, or the halves of `[region-failover]` |
//! | `ELASTICACHE` | a cache |
//! | `DYNAMODB` | a write lease: an application that cannot renew it takes no writes |
//!
//! Others do not count, although the file names things of theirs: without Auto Scaling and CodeDeploy what runs goes on
//! running, and Route 53 has no Region (AWS Health calls it `global`).
//!
//! However many issues are open, they are one signal: AWS sees them all with the same eyes. It never starts anything by
//! itself, because it says nothing about this system; beside an alarm of the system's own it is the second look at the
//! Region (rule 8). Which zone an issue is about the event does not tell (AWS Health User Guide,
//! aws-health-events-eventbridge-schema), so that it speaks neither for nor against a zone.

use std::collections::BTreeSet;

use events::{HealthEvent, HealthStatus, Signal};
use jiff::Timestamp;

use super::picture::Picture;
use super::{Decision, Evidence, Known, Verdict, Why, findings, news, stale};
use crate::journal::{HealthIssue, HealthSeen, View};
use crate::names::{Recovery, Region};
use crate::system::{Meaning, System};

const DATABASE: &str = "RDS";
const INSTANCES: &str = "EC2";
const LOAD_BALANCER: &str = "ELASTICLOADBALANCING";
const CACHE: &str = "ELASTICACHE";
const LEASE: &str = "DYNAMODB";

/// The services that a system's users depend on, as AWS Health names them.
pub fn depended_on(system: &System) -> BTreeSet<&'static str> {
    let shared = system.region_failover.as_ref();
    let mut services = BTreeSet::from([DATABASE]);
    if system.web.is_some() || shared.is_some() {
        services.extend([INSTANCES, LOAD_BALANCER]);
    }
    let caches = shared.iter().flat_map(|shared| &shared.sites);
    if system.cache.is_some() || caches.into_iter().any(|site| site.cache.is_some()) {
        services.insert(CACHE);
    }
    if shared.is_some_and(|shared| shared.write_lease.is_some()) {
        services.insert(LEASE);
    }
    services
}

/// What the journal is to remember of an event of AWS Health: nothing, unless it is about an issue, of a service that
/// the system's users depend on, in one of the system's Regions.
pub fn noted(signal: &Signal, event: &HealthEvent, system: &System, now: Timestamp) -> Option<HealthSeen> {
    let region: Region = signal.region.parse().ok()?;
    let ours = system.lives_in(&signal.account, region.as_str())
        && depended_on(system).contains(event.service.as_str());
    let said = ours && event.is_issue() && event.status != Some(HealthStatus::Upcoming);
    said.then(|| HealthSeen {
        service: event.service.clone(),
        region,
        event_type: event.event_type.clone(),
        status: if event.is_open_issue(signal.time) {
            HealthIssue::Open
        } else {
            HealthIssue::Closed
        },
        since: event.started_at.unwrap_or_else(|| event.said_at(signal.time)),
        said_at: event.said_at(signal.time),
        heard_at: now,
    })
}

/// The issues in that Region that are not forgotten yet, of services that the system's users depend on.
pub fn remembered<'a>(
    system: &System,
    view: &'a View,
    region: &Region,
    now: Timestamp,
) -> impl Iterator<Item = &'a HealthSeen> {
    let services = depended_on(system);
    view.health.values().filter(move |seen| {
        seen.region == *region && services.contains(seen.service.as_str()) && seen.is_remembered(now)
    })
}

/// Whether an event may complete the picture of a lost Region.
pub(super) fn may_settle(signal: &Signal, event: &HealthEvent, system: &System) -> bool {
    noted(signal, event, system, signal.time)
        .is_some_and(|seen| seen.status == HealthIssue::Open && seen.region == system.regions.primary)
}

/// Judges an event of AWS Health. The one thing that it can settle is whether the Region that serves is lost.
pub(super) fn judge(signal: &Signal, event: &HealthEvent, system: &System, known: Known<'_>) -> Decision {
    let Some(seen) = noted(signal, event, system, known.now) else {
        return news::health(event, signal.time);
    };
    if let Some(later) = known.journal.health.get(&event.arn)
        && later.replaces(&seen)
    {
        return Decision::of(
            Verdict::Ignore,
            Why::Superseded {
                alarm: event.event_type.clone(),
                since: later.said_at,
            },
        );
    }
    if !may_settle(signal, event, system) {
        return news::health(event, signal.time);
    }
    if let Some(stale) = stale(signal.time, system, known) {
        return stale;
    }
    let picture = Picture::new(system, known, None).with_health(&event.arn, &seen);
    match findings::region(&picture) {
        Some(findings::Finding::Fits(proposal)) => proposal.judge(system, known, false),
        Some(findings::Finding::Named(decision)) => Decision::running(known).unwrap_or(*decision),
        None => alone(&seen, system),
    }
}

/// AWS says that something is wrong, and no alarm of the system's own does.
fn alone(seen: &HealthSeen, system: &System) -> Decision {
    let names: Vec<&str> = system
        .alarms
        .iter()
        .filter(|(_, declared)| declared.means == Meaning::RegionDown)
        .map(|(name, _)| name.as_str())
        .collect();
    let settles = if names.is_empty() {
        "an alarm of the system's own: AWS Health does not know how this system is".to_owned()
    } else {
        format!(
            "one of {} in ALARM: AWS Health does not know how this system is",
            names.join(", ")
        )
    };
    Decision {
        evidence: vec![spoken(seen), Evidence::WouldSettle(settles)],
        ..Decision::of(
            Verdict::Watch,
            Why::HealthAlone {
                service: seen.service.clone(),
                region: seen.region.clone(),
            },
        )
    }
}

/// An open issue as evidence.
pub(super) fn spoken(seen: &HealthSeen) -> Evidence {
    Evidence::For(format!(
        "AWS Health has an open issue of {} in {} since {}: {}",
        seen.service, seen.region, seen.since, seen.event_type
    ))
}

/// What AWS Health could add to a single alarm.
pub(super) fn would_settle(system: &System) -> Evidence {
    let services: Vec<&str> = depended_on(system).into_iter().collect();
    Evidence::WouldSettle(format!(
        "an open issue of AWS Health in {}, of one of {}",
        system.regions.primary,
        services.join(", ")
    ))
}

/// The services of which an open issue speaks for a recovery inside a Region. That of a zone is none of them: which zone
/// an issue is about nobody tells. Nor is one of load or of a deployment, which AWS does not cause.
const fn behind(recovery: Recovery) -> &'static [&'static str] {
    match recovery {
        Recovery::FailOverDatabase => &[DATABASE],
        Recovery::FailOverCache => &[CACHE],
        Recovery::ReplaceInstances => &[INSTANCES],
        Recovery::RollBackDeployment
        | Recovery::EvacuateZone
        | Recovery::ReturnToZone
        | Recovery::ScaleOut
        | Recovery::FailOverRegion
        | Recovery::SwitchOverRegion
        | Recovery::FailBackRegion => &[],
    }
}

/// The open issues that speak for a recovery inside the Region.
pub(super) fn beside(picture: &Picture<'_>, recovery: Recovery) -> impl Iterator<Item = Evidence> {
    let services = behind(recovery);
    picture
        .health
        .iter()
        .filter(|seen| services.contains(&seen.service.as_str()))
        .map(|seen| spoken(seen))
}
