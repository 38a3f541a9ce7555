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

/// What an account keeps at one moment at which no state waits for an answer: by Region its tables, and the task tokens that were
/// given out.
#[derive(Clone, Debug)]
pub(crate) struct Stock(BTreeMap<Region, (Tables, Vec<String>)>);

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

    /// This is kept from now on, or nothing, for all who share it.
    pub(crate) fn begin(&self, stock: Option<&Stock>) {
        for (region, Regional { tables, tokens }) in &self.regions {
            let (kept, dead) = stock
                .and_then(|stock| stock.0.get(region))
                .cloned()
                .unwrap_or_else(|| (empty(), Vec::new()));
            *tables.lock().unwrap_or_else(PoisonError::into_inner) = kept;
            tokens.begin(&dead);
        }
    }

    /// Whether that is what is kept now.
    pub(crate) fn keeps(&self, stock: &Stock) -> bool {
        self.regions.iter().all(|(region, Regional { tables, tokens })| {
            let tables = tables.lock().unwrap_or_else(PoisonError::into_inner);
            stock
                .0
                .get(region)
                .is_some_and(|(kept, dead)| *kept == *tables && tokens.dead().as_ref() == Some(dead))
        })
    }

    /// What is kept now, if no state waits for an answer.
    pub(crate) fn stock(&self) -> Option<Stock> {
        let regions = self.regions.iter().map(|(region, Regional { tables, tokens })| {
            let tables = tables.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Some((region.clone(), (tables, tokens.dead()?)))
        });
        regions.collect::<Option<_>>().map(Stock)
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
