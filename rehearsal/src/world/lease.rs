//! The application's write lease: a table that both Regions see, and an application in each that renews and obeys it.
//!
//! The application here does what the reference asks of a real one, with the same conditional call: while its Region is
//! the holder it puts the expiry forward, every quarter of the lease, and when its own clock says that the last renewal
//! is over it refuses writes. Clocks are exact in this world.

use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::system::System;

use super::{Change, HOME, Ms, World};
use crate::dynamodb::Tables;
use crate::timeline::Actor;
use domain::duration::Duration;

/// A write lease, and what the applications of both Regions know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteLease {
    /// The global table that it is kept in.
    tables: Tables,
    table: String,
    /// Whose it is, as the table's key.
    system: String,
    duration: Ms,
    /// Until when each site's application may take writes, as far as it knows.
    good_until: Vec<Ms>,
    /// What each site's renewal was answered since somebody else was at the table: the next one is answered the same.
    answered: Vec<Option<bool>>,
    /// A renewal that was answered so, and is written when somebody looks.
    unwritten: Option<Renewal>,
}

/// The call that puts a lease's expiry forward.
#[derive(Clone, Debug, PartialEq)]
struct Renewal {
    here: String,
    expires_at_ms: i64,
}

/// What happens to a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A site's application renews it, if it can.
    Renew,
    /// A renewal may be over.
    RunsOut,
}

/// The application renews its lease so many times while one lasts, so that a call that fails does not stop it.
const RENEWALS: Ms = 4;

impl WriteLease {
    /// The lease of a system that has one. Nobody has renewed it yet.
    pub(super) fn of(system: &System) -> Option<Self> {
        let shared = system.region_failover.as_ref()?;
        let declared = shared.write_lease.as_ref()?;
        let mut tables = Tables::new().with_simple_table(&declared.table, "system");
        let item = UpdateItemInput::builder()
            .table_name(&declared.table)
            .key("system", AttributeValue::S(system.name.to_string()))
            .update_expression("SET holder = :home, expires_at_ms = :never")
            .expression_attribute_values(":home", AttributeValue::S(system.regions.primary.to_string()))
            .expression_attribute_values(":never", AttributeValue::N("0".to_owned()));
        // The item that whoever sets it up writes once.
        tables.update_item(&item.build().ok()?).ok()?;
        Some(Self {
            tables,
            table: declared.table.clone(),
            system: system.name.to_string(),
            duration: declared.duration.as_millis(),
            good_until: vec![0; shared.sites.len()],
            answered: vec![None; shared.sites.len()],
            unwritten: None,
        })
    }

    /// The table, in the hands of somebody who may change it.
    pub(crate) fn tables(&mut self) -> &mut Tables {
        if let Some(renewal) = self.unwritten.take() {
            self.write(&renewal);
        }
        self.answered.fill(None);
        &mut self.tables
    }

    /// A site's application puts the expiry forward. Whether it holds the lease.
    fn renew(&mut self, site: usize, renewal: Renewal) -> bool {
        if let Some(known) = self.answered[site] {
            if known {
                self.unwritten = Some(renewal);
            }
            return known;
        }
        let granted = self.write(&renewal);
        self.answered[site] = Some(granted);
        granted
    }

    fn write(&mut self, renewal: &Renewal) -> bool {
        let call = UpdateItemInput::builder()
            .table_name(&self.table)
            .key("system", AttributeValue::S(self.system.clone()))
            .update_expression("SET expires_at_ms = :until")
            .condition_expression("holder = :here AND expires_at_ms <= :until")
            .expression_attribute_values(":here", AttributeValue::S(renewal.here.clone()))
            .expression_attribute_values(":until", AttributeValue::N(renewal.expires_at_ms.to_string()))
            .build();
        call.is_ok_and(|call| self.tables.update_item(&call).is_ok())
    }
}

impl World {
    /// Whether a site's application takes writes, as far as a lease goes.
    pub(super) fn may_write(&self, site: usize) -> bool {
        let lease = self.write_lease.as_ref();
        lease.is_none_or(|lease| lease.good_until.get(site).is_some_and(|until| self.now < *until))
    }

    /// The application of the home Region has the lease from the beginning; each renews it at moments of its own.
    pub(super) fn begin_leases(&mut self) {
        let Some(every) = self.write_lease.as_ref().map(|lease| lease.duration / RENEWALS) else {
            return;
        };
        self.renew(HOME);
        for site in 0..self.sites.len() {
            let phase = self.dice.between(
                "write lease's renewal",
                Duration::from_millis(1),
                Duration::from_millis(every.max(1)),
            );
            self.enter(phase.as_millis(), Change::Lease(site, Step::Renew));
        }
    }

    pub(super) fn lease_steps(&mut self, site: usize, step: Step) {
        match step {
            Step::Renew => {
                self.renew(site);
                let every = self.write_lease.as_ref().map(|lease| lease.duration / RENEWALS);
                if let Some(every) = every {
                    self.enter(self.now + every.max(1), Change::Lease(site, Step::Renew));
                }
            }
            Step::RunsOut => {
                let until = self
                    .write_lease
                    .as_ref()
                    .and_then(|lease| lease.good_until.get(site));
                if until == Some(&self.now) {
                    let line = format!(
                        "the write lease of the application in {} runs out: it takes no writes",
                        self.sites[site].region
                    );
                    self.say(Actor::World, line);
                }
            }
        }
    }

    /// Whether a step leaves it to the same applications to take writes.
    pub(super) fn lease_stays(&self, site: usize, step: Step, at: Ms) -> bool {
        let until = self
            .write_lease
            .as_ref()
            .and_then(|lease| lease.good_until.get(site));
        match step {
            Step::Renew => until.is_some_and(|until| at < *until),
            Step::RunsOut => until != Some(&at),
        }
    }

    /// A site's application asks for the lease until a while from now. A Region that agrees with no other cannot write
    /// to the table.
    fn renew(&mut self, site: usize) {
        let now = self.now;
        let region = self.sites[site].region.clone();
        if !self.regions.agrees_with_another(&region) {
            return;
        }
        let had = self.may_write(site);
        let at = self.timestamp(now).as_millisecond();
        let Some(lease) = &mut self.write_lease else {
            return;
        };
        let until = now + lease.duration;
        let renewal = Renewal {
            here: region.to_string(),
            expires_at_ms: at.saturating_add(i64::try_from(lease.duration).unwrap_or(i64::MAX)),
        };
        if !lease.renew(site, renewal) {
            return;
        }
        lease.good_until[site] = until;
        self.enter(until, Change::Lease(site, Step::RunsOut));
        if !had && now > 0 {
            self.say(
                Actor::World,
                format!("the application in {region} has the write lease: it may take writes"),
            );
        }
    }
}
