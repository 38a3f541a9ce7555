//! What people do by hand: each verb on an embedded cloud that is kept, or in an account.
//!
//! | module | holds |
//! |---|---|
//! | `target` | which of the two is meant |
//! | `embedded` | the verbs on the embedded cloud |
//! | `desk` | the systems of an account, and where a run of theirs is |
//! | `by_hand` | in an account: `run`, `approve`, `reject`, `stop`, `arm`, `disarm`, `redrive` |
//! | `status`, `watch`, `history` | in an account: how things stand, how a run goes on, how runs went |
//! | `events` | what of an execution's history people want to hear |
//! | `input` | the input of a run, from a file |

mod by_hand;
mod desk;
mod embedded;
pub(crate) mod events;
pub(crate) mod history;
mod input;
pub(crate) mod status;
pub(crate) mod target;
pub(crate) mod watch;

use std::path::Path;
use std::process::ExitCode;

use domain::names::Region;
use domain::system::System;
use evenkeel::stack::here;

use self::target::Target;
use crate::cli::{Answer, Approve, Arming, History, Place, Redrive, Run, Status, Watch};
use crate::failure::Failure;

pub(crate) use by_hand::json;
pub(crate) use embedded::Cloud;

pub(crate) fn run(asked: &Run) -> Result<ExitCode, Failure> {
    match target(&asked.place)? {
        Target::Embedded(file) => embedded::run(&file, asked),
        Target::Account => by_hand::run(asked),
    }
}

pub(crate) fn approve(asked: &Approve) -> Result<ExitCode, Failure> {
    match target(&asked.answer.place)? {
        Target::Embedded(file) => embedded::approve(&file, asked),
        Target::Account => by_hand::approve(asked),
    }
}

pub(crate) fn reject(asked: &Answer) -> Result<ExitCode, Failure> {
    match target(&asked.place)? {
        Target::Embedded(file) => embedded::reject(&file, asked),
        Target::Account => by_hand::reject(asked),
    }
}

pub(crate) fn stop(asked: &Answer) -> Result<ExitCode, Failure> {
    match target(&asked.place)? {
        Target::Embedded(file) => embedded::stop(&file, asked),
        Target::Account => by_hand::stop(asked),
    }
}

pub(crate) fn disarm(asked: &Arming) -> Result<ExitCode, Failure> {
    match target(&asked.place)? {
        Target::Embedded(file) => embedded::disarm(&file, asked),
        Target::Account => by_hand::disarm(asked),
    }
}

pub(crate) fn arm(asked: &Arming) -> Result<ExitCode, Failure> {
    match target(&asked.place)? {
        Target::Embedded(file) => embedded::arm(&file, asked),
        Target::Account => by_hand::arm(asked),
    }
}

pub(crate) fn status(asked: &Status) -> Result<ExitCode, Failure> {
    match target(&asked.place)? {
        Target::Embedded(file) => embedded::status(&file, asked),
        Target::Account => status::status(asked),
    }
}

pub(crate) fn watch(asked: &Watch) -> Result<ExitCode, Failure> {
    match target(&asked.place)? {
        Target::Embedded(file) => embedded::watch(&file, asked),
        Target::Account => watch::watch(asked),
    }
}

pub(crate) fn history(asked: &History) -> Result<ExitCode, Failure> {
    match target(&asked.place)? {
        Target::Embedded(file) => embedded::history(&file, asked),
        Target::Account => history::history(asked),
    }
}

pub(crate) fn redrive(asked: &Redrive) -> Result<ExitCode, Failure> {
    match target(&asked.place)? {
        Target::Embedded(_) => Err(Failure::NotEmbedded { verb: "redrive" }),
        Target::Account => by_hand::redrive(asked),
    }
}

fn target(place: &Place) -> Result<Target, Failure> {
    Ok(target::choose(place, Path::exists)?)
}

/// The Regions that systems live in, or the one that was named.
pub(crate) fn regions(systems: &[&System], named: Option<&Region>) -> Vec<Region> {
    if let Some(region) = named {
        return vec![region.clone()];
    }
    let lived_in = systems.iter().copied().flat_map(here::regions);
    let mut regions: Vec<Region> = lived_in.cloned().collect();
    regions.sort();
    regions.dedup();
    regions
}
