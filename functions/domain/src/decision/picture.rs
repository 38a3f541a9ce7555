//! What is known when a decision is made: the alarms that are up, what was found by looking, the past.

use events::Alarm;
use jiff::Timestamp;

use super::{Known, health};
use crate::duration::Duration;
use crate::facts::{Deployment, DeploymentStatus, Targets};
use crate::journal::{HealthIssue, HealthSeen};
use crate::names::Zone;
use crate::system::{DeclaredAlarm, Meaning, System};

/// A declared alarm that is in ALARM.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raised<'a> {
    pub(super) name: &'a str,
    pub(super) since: Timestamp,
    pub(super) declared: &'a DeclaredAlarm,
}

/// Everything that is known about a system at one moment.
pub(super) struct Picture<'a> {
    pub(super) system: &'a System,
    pub(super) known: Known<'a>,
    /// The alarm that came, if one did.
    pub(super) came: Option<&'a Alarm>,
    /// Every declared alarm that is in ALARM, by name.
    pub(super) raised: Vec<Raised<'a>>,
    /// The open issues of AWS Health in the Region that serves, the oldest first.
    pub(super) health: Vec<&'a HealthSeen>,
}

/// How long before a deployment began an alarm may have risen and still be its doing: CodeDeploy's clock and CloudWatch's
/// periods of a minute do not agree to the second.
const TOLERANCE: Duration = Duration::from_secs(60);

/// How long after a recovery a symptom may still be up: two periods of a minute, CloudWatch's evaluation, and a little.
const SETTLES: Duration = Duration::from_secs(180);

impl<'a> Picture<'a> {
    pub(super) fn new(system: &'a System, known: Known<'a>, came: Option<&'a Alarm>) -> Self {
        let noted = known
            .journal
            .alarms
            .iter()
            .filter(|(name, seen)| seen.in_alarm && came.is_none_or(|came| came.name != **name))
            .map(|(name, seen)| (name.as_str(), seen.changed_at));
        let came_too = came.map(|alarm| (alarm.name.as_str(), alarm.changed_at));
        let mut raised: Vec<Raised<'a>> = noted
            .chain(came_too)
            .filter_map(|(name, since)| {
                let declared = system.alarms.get(name)?;
                Some(Raised {
                    name,
                    since,
                    declared,
                })
            })
            .collect();
        raised.sort_by_key(|alarm| (alarm.since, alarm.name));
        let mut health: Vec<&'a HealthSeen> =
            health::remembered(system, known.journal, &system.regions.primary, known.now)
                .filter(|seen| seen.status == HealthIssue::Open)
                .collect();
        health.sort_by_key(|seen| (seen.since, &seen.event_type));
        Self {
            system,
            known,
            came,
            raised,
            health,
        }
    }

    /// The same with an open issue of AWS Health that came just now, in place of what was noted of it.
    #[must_use]
    pub(super) fn with_health(mut self, arn: &str, came: &'a HealthSeen) -> Self {
        let noted = self.known.journal.health.get(arn);
        self.health
            .retain(|seen| noted.is_none_or(|noted| !std::ptr::eq(*seen, noted)));
        self.health.push(came);
        self.health.sort_by_key(|seen| (seen.since, &seen.event_type));
        self
    }

    /// The alarms that mean that, the earliest first.
    pub(super) fn meaning(&self, means: Meaning) -> impl Iterator<Item = &Raised<'a>> {
        self.raised
            .iter()
            .filter(move |alarm| alarm.declared.means == means)
    }

    /// The earliest alarm that means that.
    pub(super) fn first(&self, means: Meaning) -> Option<Raised<'a>> {
        self.meaning(means).next().copied()
    }

    pub(super) fn targets(&self) -> Option<&'a Targets> {
        self.known.facts?.targets.as_ref().filter(|targets| {
            let all = targets.all();
            all.healthy + all.unhealthy > 0
        })
    }

    /// Whether an alarm rose before the last recovery ended, and has not had the time to fall since.
    pub(super) fn is_settling(&self, alarm: &Raised<'_>) -> bool {
        self.known
            .journal
            .last_closed()
            .is_some_and(|closed| alarm.since < closed && super::since(closed, self.known.now) < SETTLES)
    }

    /// What keeps instances from serving that should, if something does.
    pub(super) fn missing(&self) -> Option<String> {
        let facts = self.known.facts?;
        let newest = facts.deployments.as_ref().and_then(|all| all.first());
        let now = self.known.now;
        let just_now = |newest: &&Deployment| match newest.completed_at {
            Some(completed) => super::since(completed, now) < SETTLES,
            None => newest.status == DeploymentStatus::Running,
        };
        if let Some(release) = newest.filter(just_now) {
            return Some(format!(
                "{} takes instances out of service while it runs, or did a moment ago",
                release.id
            ));
        }
        let (healthy, desired) = (self.targets()?.all().healthy, facts.group.as_ref()?.desired);
        (healthy < desired).then(|| format!("{healthy} targets are healthy, of {desired} that are wanted"))
    }

    /// The deployment that explains what began at that time: the newest, if it is no rollback, and failed, or began not
    /// too long before.
    pub(super) fn blamed(&self, onset: Option<Timestamp>) -> Option<&'a Deployment> {
        let newest = self.known.facts?.deployments.as_ref()?.first()?;
        if newest.is_rollback || newest.status == DeploymentStatus::Stopped {
            return None;
        }
        let within = self.system.policy.blame_deployment_within;
        let explains = |onset: Timestamp| {
            let began = newest.created_at.as_millisecond();
            let after = onset.as_millisecond() - began;
            let (tolerance, within) = (TOLERANCE.as_millis(), within.as_millis());
            after >= -i64::try_from(tolerance).unwrap_or(0)
                && after <= i64::try_from(within).unwrap_or(i64::MAX)
        };
        let failed_lately = || {
            newest.status == DeploymentStatus::Failed
                && super::since(newest.completed_at.unwrap_or(newest.created_at), self.known.now) <= within
        };
        (onset.is_some_and(explains) || failed_lately()).then_some(newest)
    }

    /// Zones that some alarm calls impaired, each with the earliest of its alarms.
    pub(super) fn impaired_zones(&self) -> Vec<(&'a Zone, Raised<'a>)> {
        let mut zones: Vec<(&'a Zone, Raised<'a>)> = Vec::new();
        for alarm in self.meaning(Meaning::ZoneImpaired) {
            if let Some(zone) = &alarm.declared.zone
                && !zones.iter().any(|(known, _)| *known == zone)
            {
                zones.push((zone, *alarm));
            }
        }
        zones
    }
}
