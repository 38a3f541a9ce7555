//! `[[fault]]`: what strikes, and when.

use domain::duration::Duration;
use domain::system::System;
use serde::Deserialize;
use toml::Spanned;

use super::{Problems, TWO_REGIONS, misplaced, place};
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
    /// How many instances are lost.
    count: Option<Spanned<u32>>,
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
    ReplicationSlow,
    CapacityShort,
    InstancesLost,
    WebUnreachable,
    DeploymentRunning,
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
    let needs_region = !matches!(
        word,
        Word::WriterHangs
            | Word::WriterHostLost
            | Word::StandbyMissing
            | Word::Partition
            | Word::ReplicationSlow
    );
    if needs_region && table.region.is_none() {
        missing("region", "\"primary\"");
    }
    if word == Word::ReplicationSlow && table.lag.is_none() {
        missing("lag", "\"90s\"");
    }
    if word == Word::CapacityShort && table.at_most.is_none() {
        missing("at-most", "1");
    }
    if word == Word::InstancesLost && table.count.is_none() {
        missing("count", "2");
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
    if word != Word::InstancesLost {
        misplaced("count", table.count.as_ref(), "`instances-lost`", problems);
    }
    if matches!(
        word,
        Word::WriterHostLost | Word::StandbyMissing | Word::InstancesLost | Word::RegionBack
    ) {
        misplaced(
            "lasts",
            table.lasts.as_ref(),
            "faults that pass by themselves",
            problems,
        );
    }
    let place = match &table.region {
        Some(region) if needs_region => place(region, system, problems),
        _ => None,
    };
    let kind = kind(table, place)?;
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

/// What goes wrong, with what it needs; nothing if something is missing.
fn kind(table: &Table, place: Option<Where>) -> Option<Kind> {
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
        Word::ReplicationSlow => Kind::ReplicationSlow(*table.lag.as_ref()?.get_ref()),
        Word::CapacityShort => Kind::CapacityShort(place?, number(&table.at_most)?),
        Word::InstancesLost => Kind::InstancesLost(place?, number(&table.count)?),
        Word::WebUnreachable => Kind::WebUnreachable(place?),
        Word::DeploymentRunning => Kind::DeploymentRunning(place?),
    })
}
