//! `[[fault]]`: what strikes, and when.

use domain::duration::Duration;
use domain::names::Zone;
use domain::system::System;
use serde::Deserialize;
use toml::Spanned;

use super::{Problems, TWO_REGIONS, misplaced, one_of, place};
use crate::world::deployments::Behaviour;
use crate::world::fault::{Fault, Kind, Since, Where};

/// A fault as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Table {
    /// The earliest instant.
    at: Spanned<Duration>,
    /// What it is counted from.
    since: Option<Spanned<SinceWord>>,
    /// How much later it may strike.
    #[serde(default)]
    within: Duration,
    /// What goes wrong.
    kind: Spanned<Word>,
    /// After how long it passes by itself.
    lasts: Option<Spanned<Duration>>,
    /// Where it strikes.
    region: Option<Spanned<String>>,
    /// How far the replication falls behind.
    lag: Option<Spanned<Duration>>,
    /// How many more instances can be had.
    at_most: Option<Spanned<u32>>,
    /// How many instances are lost, events come, or times an alarm flaps.
    count: Option<Spanned<u32>>,
    /// What the revision does that is deployed.
    revision: Option<Spanned<RevisionWord>>,
    /// The zone of the primary Region, by its letter.
    zone: Option<Spanned<char>>,
    /// How many requests there are in the end, in percent of an ordinary day's.
    percent: Option<Spanned<u32>>,
    /// How long it takes until there are as many.
    ramp: Option<Spanned<Duration>>,
    /// The alarm that flaps, or falls silent.
    alarm: Option<Spanned<String>>,
}

/// What a revision does, in one word.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RevisionWord {
    /// It serves.
    Well,
    /// It does not start: the deployment fails.
    Fails,
    /// It passes its health check, and answers part of the requests with an error.
    ServesErrors,
    /// It starts, and breaks its target a little later.
    KillsTargets,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SinceWord {
    Beginning,
    CapacityRaised,
}

/// What goes wrong, in one word.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    WriterHangs,
    WriterHostLost,
    StandbyMissing,
    RegionLost,
    RegionBack,
    ControlPlaneDown,
    DataPlaneDown,
    Partition,
    RegionIsolated,
    ReplicationSlow,
    CapacityShort,
    InstancesLost,
    WebUnreachable,
    DeploymentRunning,
    Deployment,
    ZoneLost,
    ZoneGrey,
    BootLoop,
    LoadSpike,
    CachePrimaryLost,
    AlarmStorm,
    AlarmFlaps,
    AlarmSilent,
    HealthStorm,
    EventDropped,
}

impl Word {
    /// Whether it strikes one Region, and has to say which.
    const fn needs_region(self) -> bool {
        match self {
            Self::RegionLost
            | Self::RegionBack
            | Self::ControlPlaneDown
            | Self::DataPlaneDown
            | Self::RegionIsolated
            | Self::CapacityShort
            | Self::InstancesLost
            | Self::WebUnreachable
            | Self::HealthStorm
            | Self::DeploymentRunning => true,
            Self::WriterHangs
            | Self::WriterHostLost
            | Self::StandbyMissing
            | Self::Partition
            | Self::ReplicationSlow
            | Self::Deployment
            | Self::ZoneLost
            | Self::ZoneGrey
            | Self::BootLoop
            | Self::LoadSpike
            | Self::CachePrimaryLost
            | Self::AlarmStorm
            | Self::AlarmFlaps
            | Self::AlarmSilent
            | Self::EventDropped => false,
        }
    }

    /// Whether it is over at once, or never.
    const fn cannot_pass(self) -> bool {
        matches!(
            self,
            Self::WriterHostLost
                | Self::StandbyMissing
                | Self::InstancesLost
                | Self::RegionBack
                | Self::Deployment
                | Self::AlarmStorm
                | Self::AlarmFlaps
                | Self::HealthStorm
        )
    }
}

/// Reads a fault, and notes what is wrong with it.
pub(super) fn fault(
    table: &Spanned<Table>,
    window: Duration,
    system: Option<&System>,
    problems: &mut Problems,
) -> Option<Fault> {
    let (span, table) = (table.span(), table.get_ref());
    let known = problems.0.len();
    let mut missing = |key: &str, example: &str| {
        problems.note(
            span.clone(),
            format!("this fault does not say `{key}`"),
            format!("add `{key} = {example}`"),
        );
    };
    let word = *table.kind.get_ref();
    let needs_region = word.needs_region();
    if needs_region && table.region.is_none() {
        missing("region", "\"primary\"");
    }
    // Of each further key: whether this fault needs it, whether it is there, an example, and what it goes with.
    let counted = matches!(
        word,
        Word::InstancesLost | Word::AlarmStorm | Word::AlarmFlaps | Word::HealthStorm
    );
    let named = matches!(word, Word::AlarmFlaps | Word::AlarmSilent);
    let zoned = matches!(word, Word::ZoneLost | Word::ZoneGrey);
    for (key, needed, is_there, example) in [
        (
            "lag",
            word == Word::ReplicationSlow,
            table.lag.is_some(),
            "\"90s\"",
        ),
        (
            "at-most",
            word == Word::CapacityShort,
            table.at_most.is_some(),
            "1",
        ),
        ("count", counted, table.count.is_some(), "2"),
        (
            "revision",
            word == Word::Deployment,
            table.revision.is_some(),
            "\"serves-errors\"",
        ),
        ("zone", zoned, table.zone.is_some(), "\"a\""),
        ("percent", word == Word::LoadSpike, table.percent.is_some(), "200"),
        ("ramp", word == Word::LoadSpike, table.ramp.is_some(), "\"2m\""),
        ("alarm", named, table.alarm.is_some(), "\"shop-checkout-failing\""),
    ] {
        if needed && !is_there {
            missing(key, example);
        }
    }
    if !needs_region {
        misplaced("region", table.region.as_ref(), "faults of one Region", problems);
    }
    if word != Word::ReplicationSlow {
        misplaced("lag", table.lag.as_ref(), "`replication-slow`", problems);
    }
    if word != Word::CapacityShort {
        misplaced("at-most", table.at_most.as_ref(), "`capacity-short`", problems);
    }
    if !counted {
        let goes_with = "`instances-lost`, `alarm-storm`, `alarm-flaps` and `health-storm`";
        misplaced("count", table.count.as_ref(), goes_with, problems);
    }
    if word != Word::Deployment {
        misplaced("revision", table.revision.as_ref(), "`deployment`", problems);
    }
    if !zoned {
        let goes_with = "`zone-lost` and `zone-grey`";
        misplaced("zone", table.zone.as_ref(), goes_with, problems);
    }
    if word != Word::LoadSpike {
        misplaced("percent", table.percent.as_ref(), "`load-spike`", problems);
        misplaced("ramp", table.ramp.as_ref(), "`load-spike`", problems);
    }
    if !named {
        let goes_with = "`alarm-flaps` and `alarm-silent`";
        misplaced("alarm", table.alarm.as_ref(), goes_with, problems);
    }
    if word.cannot_pass() {
        misplaced(
            "lasts",
            table.lasts.as_ref(),
            "faults that pass by themselves",
            problems,
        );
    }
    undeclared(table, system, problems);
    let place = match &table.region {
        Some(region) if needs_region => place(region, system, problems),
        _ => None,
    };
    let kind = kind(table, place, system)?;
    if let Some(needs) = kind.needs()
        && system.is_some_and(|system| !needs.is_in(system))
    {
        problems.note(
            table.kind.span(),
            format!("this fault needs a system with {}", needs.table()),
            ONE_REGION,
        );
    }
    if kind.needs_two_regions() && system.is_some_and(|system| system.region_failover.is_none()) {
        problems.note(
            table.kind.span(),
            "this fault needs a system that lives in two Regions",
            TWO_REGIONS,
        );
    }
    let fault = Fault {
        since: match table.since.as_ref().map(|since| *since.get_ref()) {
            None | Some(SinceWord::Beginning) => Since::Beginning,
            Some(SinceWord::CapacityRaised) => Since::CapacityRaised,
        },
        at: *table.at.get_ref(),
        within: table.within,
        kind,
        lasts: table.lasts.as_ref().map(|lasts| *lasts.get_ref()),
    };
    if fault.since == Since::Beginning && fault.latest() >= window {
        problems.note(
            table.at.span(),
            format!(
                "a fault at {} strikes after the window of {window}: nobody would see it",
                fault.latest()
            ),
            "let it strike earlier, or watch for longer",
        );
    }
    (problems.0.len() == known).then_some(fault)
}

/// What to do about a fault of a web tier, of deployments, or of a cache.
const ONE_REGION: &str = "write `system = \"one-region\"`";

/// A zone or an alarm that the system does not have.
fn undeclared(table: &Table, system: Option<&System>, problems: &mut Problems) {
    let Some(system) = system else { return };
    if let (Some(letter), Some(web)) = (&table.zone, &system.web) {
        let zone = zone(*letter.get_ref(), system);
        if !web.zones.contains_key(&zone) {
            let known: Vec<&str> = web.zones.keys().map(|zone| zone.0.as_str()).collect();
            problems.note(
                letter.span(),
                format!("{zone} is no zone of the system"),
                format!("write the last letter of one of: {}", known.join(", ")),
            );
        }
    }
    if let Some(alarm) = &table.alarm
        && !system.alarms.contains_key(alarm.get_ref())
    {
        let known: Vec<&str> = system.alarms.keys().map(String::as_str).collect();
        problems.note(
            alarm.span(),
            format!("the system declares no alarm `{}`", alarm.get_ref()),
            one_of(alarm.get_ref(), &known),
        );
    }
}

fn zone(letter: char, system: &System) -> Zone {
    Zone(format!("{}{letter}", system.regions.primary))
}

/// What goes wrong, with what it needs; nothing if something is missing.
fn kind(table: &Table, place: Option<Where>, system: Option<&System>) -> Option<Kind> {
    let struck = || Some(zone(*table.zone.as_ref()?.get_ref(), system?));
    let number = |value: &Option<Spanned<u32>>| value.as_ref().map(|value| *value.get_ref());
    Some(match *table.kind.get_ref() {
        Word::WriterHangs => Kind::WriterHangs,
        Word::WriterHostLost => Kind::WriterHostLost,
        Word::StandbyMissing => Kind::StandbyMissing,
        Word::RegionLost => Kind::RegionLost(place?),
        Word::RegionBack => Kind::RegionBack(place?),
        Word::ControlPlaneDown => Kind::ControlPlaneDown(place?),
        Word::DataPlaneDown => Kind::DataPlaneDown(place?),
        Word::Partition => Kind::Partition,
        Word::RegionIsolated => Kind::RegionIsolated(place?),
        Word::ReplicationSlow => Kind::ReplicationSlow(*table.lag.as_ref()?.get_ref()),
        Word::CapacityShort => Kind::CapacityShort(place?, number(&table.at_most)?),
        Word::InstancesLost => Kind::InstancesLost(place?, number(&table.count)?),
        Word::WebUnreachable => Kind::WebUnreachable(place?),
        Word::DeploymentRunning => Kind::DeploymentRunning(place?),
        Word::Deployment => Kind::Deployment(match table.revision.as_ref()?.get_ref() {
            RevisionWord::Well => Behaviour::Well,
            RevisionWord::Fails => Behaviour::Fails,
            RevisionWord::ServesErrors => Behaviour::ServesErrors,
            RevisionWord::KillsTargets => Behaviour::KillsTargets,
        }),
        Word::ZoneLost => Kind::ZoneLost(struck()?),
        Word::ZoneGrey => Kind::ZoneGrey(struck()?),
        Word::BootLoop => Kind::BootLoop,
        Word::LoadSpike => Kind::LoadSpike(number(&table.percent)?.into(), *table.ramp.as_ref()?.get_ref()),
        Word::CachePrimaryLost => Kind::CachePrimaryLost,
        Word::AlarmStorm => Kind::AlarmStorm(number(&table.count)?),
        Word::AlarmFlaps => Kind::AlarmFlaps(table.alarm.as_ref()?.get_ref().clone(), number(&table.count)?),
        Word::AlarmSilent => Kind::AlarmSilent(table.alarm.as_ref()?.get_ref().clone()),
        Word::HealthStorm => Kind::HealthStorm(place?, number(&table.count)?),
        Word::EventDropped => Kind::EventsDropped,
    })
}
