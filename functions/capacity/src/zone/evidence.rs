//! Which zone is sick, decided without I/O.
//!
//! What speaks for it is an alarm that means zone-impaired, or AWS's own autoshift: an alarm falls silent as soon as
//! nobody is sent to the zone any more, so an autoshift would take its own evidence away. Where neither names a zone,
//! an alarm about unhealthy targets or failing users speaks for the one zone in which all of them are: the same evidence by which a run
//! is decided (`domain::decision`). What speaks against leaving is everything that would make it a move from bad to
//! worse: another zone that is sick too, or not able to carry the load.

use std::collections::{BTreeMap, BTreeSet};

use domain::facts::Health;
use domain::journal::View;
use domain::names::{Zone, ZoneId};
use domain::step::{Error, Result};
use domain::system::{Meaning, System, WebTier};
use domain::zone_alarms::{ALONE_FOR, SETTLED, ZoneAlarm, failed_with};
use jiff::Timestamp;

use super::observe::Observed;
use super::shift::Shifts;

/// An alarm about unhealthy targets that is in ALARM, or else one about failing users, in words, if there is one: together
/// with targets of which all those of one zone are unhealthy, either speaks for that zone. So it does where a run is decided.
pub fn unhealthy(system: &System, view: &View) -> Option<String> {
    let meaning = |means: Meaning| {
        let mut declared = system
            .alarms
            .iter()
            .filter(|(_, declared)| declared.means == means);
        declared.find_map(|(alarm, _)| {
            let seen = view.alarms.get(alarm).filter(|seen| seen.in_alarm)?;
            Some(format!("{alarm} is in ALARM since {}", seen.changed_at))
        })
    };
    meaning(Meaning::InstancesUnhealthy).or_else(|| meaning(Meaning::UserImpact))
}

/// What is known about a system's zones.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What the system file says of them.
    pub web: &'a WebTier,
    /// Alarms in ALARM.
    pub ringing: &'a [ZoneAlarm],
    /// Alarms that left ALARM a moment ago.
    pub settling: &'a [ZoneAlarm],
    /// An alarm about unhealthy targets, or about failing users, that is in ALARM.
    pub unhealthy: Option<&'a str>,
    /// Shifts of the load balancer, if the system file names one.
    pub shifts: Option<&'a Shifts>,
    /// The group and its targets.
    pub observed: &'a Observed,
}

/// A zone that is to be left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sick {
    /// The zone.
    pub zone: Zone,
    /// Its ID.
    pub zone_id: ZoneId,
    /// Why it is taken for sick.
    pub because: Vec<String>,
}

/// Judges which zone is to be left, if any.
///
/// # Errors
/// `NotYet` while it may be the last of several zones that failed together; `Unsafe` when more than one zone is sick,
/// when the others cannot carry the load, and when the system file does not say what leaving it takes; it names the key
/// that is missing.
pub fn judge(evidence: &Evidence<'_>) -> Result<Option<Sick>> {
    let sick = evidence.sick()?;
    let mut zones = sick.iter();
    let Some((zone, because)) = zones.next() else {
        return Ok(None);
    };
    if let Some((other, why)) = zones.next() {
        return not_safe(format!(
            "more than one zone is sick, and users would be moved from one into the other: {zone} ({}), {other} ({})",
            because.join("; "),
            why.join("; ")
        ));
    }
    evidence.fails_alone(zone)?;
    evidence.others_are_well(zone)?;
    evidence.others_can_carry(zone)?;
    Ok(Some(Sick {
        zone: zone.clone(),
        zone_id: evidence.can_be_shifted(zone)?,
        because: because.clone(),
    }))
}

/// The ID of a zone, as the system file has it.
///
/// # Errors
/// `Unsafe` with the key that is missing.
pub fn zone_id(web: &WebTier, zone: &Zone) -> Result<ZoneId> {
    web.zones.get(zone).cloned().map_or_else(
        || {
            not_safe(format!(
                "the system file has no ID of {zone}: add it to `zones` of [web]; `aws ec2 \
                 describe-availability-zones` prints it"
            ))
        },
        Ok,
    )
}

/// The subnet of a zone, as the system file has it.
///
/// # Errors
/// `Unsafe` with the key that is missing.
pub fn subnet<'a>(web: &'a WebTier, zone: &Zone) -> Result<&'a String> {
    web.subnets.get(zone).map_or_else(
        || {
            not_safe(format!(
                "the system file has no subnet of {zone}: add it to `subnets` of [web], as the group {} has it",
                web.group
            ))
        },
        Ok,
    )
}

/// That the system file knows every subnet of the group: otherwise nobody can say whether one is in the zone.
///
/// # Errors
/// `Unsafe` with those that it does not know.
pub fn every_subnet_is_known(web: &WebTier, observed: &Observed) -> Result<()> {
    let unknown = observed.unknown_subnets(web);
    if unknown.is_empty() {
        return Ok(());
    }
    not_safe(format!(
        "the group {} has subnets that the system file does not know, so they may be in any zone: add {} to `subnets` of \
         [web]",
        web.group,
        unknown.join(" and ")
    ))
}

/// The zone of an ID, as the system file has it.
///
/// # Errors
/// `Unsafe` with the key that is missing.
pub fn zone_of<'a>(web: &'a WebTier, id: &ZoneId) -> Result<&'a Zone> {
    let found = web.zones.iter().find(|(_, known)| *known == id);
    found.map_or_else(
        || {
            not_safe(format!(
                "users are kept away from {id}, and the system file has no zone of that ID: add it to `zones` of [web]"
            ))
        },
        |(zone, _)| Ok(zone),
    )
}

impl Evidence<'_> {
    /// What says that more than one zone fails, if that is so: then it is no zone's problem, and nothing for this recovery.
    pub fn several_ring(&self) -> Option<String> {
        let zones: BTreeSet<&Zone> = self.ringing.iter().map(|alarm| &alarm.zone).collect();
        (zones.len() > 1).then(|| {
            let alarms: Vec<String> = self.ringing.iter().map(ToString::to_string).collect();
            format!(
                "more than one zone fails, so it is no zone's problem: {}",
                alarms.join("; ")
            )
        })
    }

    /// That the alarms of other zones had the time to follow, or that the load balancer sees the one zone dead and all others
    /// well.
    ///
    /// # Errors
    /// `NotYet` until then.
    pub fn others_had_their_time(&self, now: Timestamp) -> Result<()> {
        let Some(first) = self.ringing.iter().min_by_key(|alarm| alarm.since) else {
            return Ok(());
        };
        let until = first
            .since
            .saturating_add(ALONE_FOR.signed())
            .unwrap_or(Timestamp::MAX);
        if self.observed.targets.is_dead(&first.zone) || now >= until {
            return Ok(());
        }
        Err(Error::NotYet {
            seen: format!("{first}, alone so far; the other zones' alarms may follow until {until}"),
        })
    }

    /// The zones that something speaks against, each with what does.
    fn sick(&self) -> Result<BTreeMap<Zone, Vec<String>>> {
        let mut sick: BTreeMap<Zone, Vec<String>> = BTreeMap::new();
        for alarm in self.ringing {
            sick.entry(alarm.zone.clone())
                .or_default()
                .push(alarm.to_string());
        }
        for shift in self.shifts.into_iter().flat_map(Shifts::autoshifts) {
            let zone = zone_of(self.web, &shift.away_from)?;
            sick.entry(zone.clone()).or_default().push(shift.to_string());
        }
        if sick.is_empty() {
            sick.extend(self.by_targets());
        }
        Ok(sick)
    }

    /// The one zone whose targets are all unhealthy, and more than one of them: that is no problem of an instance.
    fn by_targets(&self) -> Option<(Zone, Vec<String>)> {
        let alarm = self.unhealthy?.to_owned();
        let (zone, health) = self.observed.targets.dead_zone()?;
        let words = format!(
            "all {} targets in {zone} are unhealthy, and no other is",
            health.unhealthy
        );
        Some((zone.clone(), vec![alarm, words]))
    }

    /// An alarm of another zone that was in ALARM while this one was, and is over, speaks of something that they have in
    /// common, and that may be over here in a moment too. What AWS or the load balancer says of the zone itself needs no
    /// such patience.
    fn fails_alone(&self, zone: &Zone) -> Result<()> {
        let shifted = self.shifts.into_iter().flat_map(Shifts::autoshifts).count() > 0;
        let is_known = shifted || self.observed.targets.is_dead(zone);
        let own = self.ringing.iter().filter(|alarm| alarm.zone == *zone);
        let Some(began) = own.map(|alarm| alarm.since).min().filter(|_| !is_known) else {
            return Ok(());
        };
        match failed_with(self.settling, zone, began) {
            None => Ok(()),
            Some(other) => Err(Error::NotYet {
                seen: format!(
                    "{zone} did not fail alone: {} was in ALARM until {}; it is watched whether {zone} still fails when \
                     that is {SETTLED} ago",
                    other.alarm, other.since
                ),
            }),
        }
    }

    /// A single bad instance is no sick zone: as many as are healthy have to be unhealthy.
    fn others_are_well(&self, zone: &Zone) -> Result<()> {
        let zones = self.observed.targets.sick();
        let also = zones
            .filter(|(other, Health { healthy, unhealthy })| *other != zone && unhealthy >= healthy)
            .map(|(other, Health { healthy, unhealthy })| {
                format!("{other} has {unhealthy} unhealthy targets and {healthy} healthy ones")
            });
        let also: Vec<String> = also.collect();
        if also.is_empty() {
            return Ok(());
        }
        not_safe(format!(
            "{zone} is not the only zone that is not well, so this may be no problem of a zone: {}",
            also.join("; ")
        ))
    }

    fn others_can_carry(&self, zone: &Zone) -> Result<()> {
        let Self { web, observed, .. } = *self;
        let own = subnet(web, zone)?;
        every_subnet_is_known(web, observed)?;
        if observed.group.subnets.iter().all(|subnet| subnet == own) {
            return not_safe(format!(
                "the group {} has no subnet in another zone than {zone}: {observed}",
                web.group
            ));
        }
        if web.instances > web.max_instances {
            return not_safe(format!(
                "the other zones would need {} instances, and there may be {} at most: `max-instances` of [web]",
                web.instances, web.max_instances
            ));
        }
        if observed.healthy_outside(zone) >= web.instances {
            return Ok(());
        }
        may_launch(web, observed)
    }

    fn can_be_shifted(&self, zone: &Zone) -> Result<ZoneId> {
        let id = zone_id(self.web, zone)?;
        let Some(shifts) = self.shifts else {
            return not_safe(
                "the system file names no load balancer, and only there users can be kept away from a zone: add \
                 `load-balancer` to [web]"
                    .to_owned(),
            );
        };
        if !shifts.enabled {
            return not_safe(
                "zonal shift is not enabled for the load balancer: set its attribute zonal_shift.config.enabled to true"
                    .to_owned(),
            );
        }
        match shifts.in_force() {
            Some(shift) if shift.away_from != id => not_safe(format!(
                "users are kept away from another zone already, and a load balancer leaves one at a time: {shift}"
            )),
            Some(_) | None => Ok(id),
        }
    }
}

/// Processes without which a group does not make up elsewhere for what it loses in a zone. Source: EC2 Auto Scaling
/// User Guide, understand-how-suspending-processes-affects-other-processes.
const NEEDED: [&str; 2] = ["AZRebalance", "Launch"];

fn may_launch(web: &WebTier, observed: &Observed) -> Result<()> {
    let needed: BTreeSet<String> = NEEDED.map(str::to_owned).into();
    let missing: Vec<&String> = needed.intersection(&observed.group.suspended).collect();
    match missing.first() {
        None => Ok(()),
        Some(process) => not_safe(format!(
            "the group {} would not make up for the zone in the others: resume its process {process}",
            web.group
        )),
    }
}

fn not_safe<T>(why: String) -> Result<T> {
    Err(Error::Unsafe { why })
}
