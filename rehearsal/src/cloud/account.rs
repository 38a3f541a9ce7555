//! What AWS keeps for an account beside the world: a journal and task tokens in each Region.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::names::{JOURNAL_TABLE, Region};
use domain::system::System;

use super::tokens::Tokens;
use crate::dynamodb::Tables;

/// What AWS keeps for an account beside the world: tables and task tokens, in each of a system's Regions.
#[derive(Clone, Debug)]
pub struct Account {
    regions: BTreeMap<Region, Regional>,
}

/// What AWS keeps in one Region. Clones share it.
#[derive(Clone, Debug)]
pub struct Regional {
    /// The journal's table.
    pub tables: Arc<Mutex<Tables>>,
    /// Task tokens.
    pub tokens: Tokens,
}

impl Default for Regional {
    fn default() -> Self {
        Self {
            tables: Arc::new(Mutex::new(empty())),
            tokens: Tokens::default(),
        }
    }
}

fn empty() -> Tables {
    Tables::new().with_table(JOURNAL_TABLE, "pk", "sk")
}

impl Account {
    /// The account of a system: an empty journal in each of its Regions.
    pub fn of(system: &System) -> Self {
        let regions = regions(system).map(|region| (region.clone(), Regional::default()));
        Self {
            regions: regions.collect(),
        }
    }

    /// Nothing is kept any more, for all who share it.
    pub(crate) fn begin(&self) {
        for Regional { tables, tokens } in self.regions.values() {
            *tables.lock().unwrap_or_else(PoisonError::into_inner) = empty();
            tokens.clear();
        }
    }

    /// What is kept in a Region. Nothing is kept in Regions that the system does not live in.
    pub fn of_region(&self, region: &Region) -> Regional {
        self.regions.get(region).cloned().unwrap_or_default()
    }

    /// The Regions that the system lives in, with what is kept there.
    pub fn iter(&self) -> impl Iterator<Item = (&Region, &Regional)> {
        self.regions.iter()
    }
}

/// The Regions that a system lives in, the primary first.
pub fn regions(system: &System) -> impl Iterator<Item = &Region> {
    std::iter::once(&system.regions.primary).chain(system.regions.standby.as_ref())
}
