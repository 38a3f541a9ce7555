//! What passes between the two databases while time passes, what is lost of it, and what CloudWatch shows.

use domain::duration::Duration;
use domain::names::Region;
use domain::steps::region::Risk;

use super::{Loss, Step};
use crate::facts;
use crate::timeline::Actor;
use crate::world::invariant::Invariant;
use crate::world::site::Datapoint;
use crate::world::traffic::ALL;
use crate::world::{AWAY, Change, Ms, World};

impl World {
    /// Time passes for the replication: users' writes are acknowledged at these sites, `shares` of all requests.
    pub(in crate::world) fn replicate(&mut self, from: Ms, to: Ms, shares: &[u64]) {
        let sent = self.traffic.sent_between(from, to);
        let Some(replication) = &mut self.replication else {
            return;
        };
        let mut doomed = Loss::default();
        for (site, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0) {
            let count = sent * share / ALL;
            if site == replication.writer {
                replication.write(from, to, count);
            } else {
                // Whatever is written to a database that has been replaced is lost when it follows the other.
                (doomed.ms, doomed.writes) = (to - from, doomed.writes + count);
            }
        }
        let joined = replication.link.is_some_and(|link| {
            let region = |site: usize| self.sites.get(site).map(|site| &site.region);
            match (region(link.from), region(link.to)) {
                (Some(from), Some(to)) => self.regions.are_joined(from, to),
                _ => false,
            }
        });
        replication.flow(from, to, joined);
        if doomed.writes > 0 {
            self.lost(
                doomed,
                &[Risk::NotFenced],
                "users wrote to a primary that had been replaced",
            );
        }
    }

    /// Acknowledged writes are lost; one of these risks must have been accepted by name.
    fn lost(&mut self, loss: Loss, excused_by: &[Risk], how: &str) {
        self.traffic.lost_writes_ms += loss.ms;
        self.traffic.lost_writes += loss.writes;
        let excused = excused_by.iter().any(|risk| self.accepted.contains(risk));
        self.ledger.demand(
            Invariant::NoSilentDataLoss,
            self.now,
            loss.ms == 0 || excused,
            || format!("acknowledged writes were lost, and nobody had accepted that: {how}"),
        );
    }

    /// A site's database becomes the primary with what it has; the rest is lost.
    pub(super) fn promote_with_loss(&mut self, site: usize) {
        let Some(replication) = &mut self.replication else {
            return;
        };
        let (link, loss) = (replication.link.take(), replication.lose());
        replication.writer = site;
        let arrived = link.and_then(|link| {
            let mut stored = self.sites.get(link.from)?.database.stored.clone();
            stored.retain(|(at, _)| *at <= link.position);
            Some(stored)
        });
        let database = &mut self.sites[site].database;
        database.become_primary();
        if let Some(arrived) = arrived {
            database.stored = arrived;
        }
        let budget = self.system.objectives.rpo.as_millis();
        let excused: &[Risk] = if loss.ms > budget {
            &[Risk::LagOverBudget, Risk::LagUnknown, Risk::NotFenced]
        } else {
            &[Risk::DataLoss, Risk::LagOverBudget, Risk::LagUnknown]
        };
        if loss.writes > 0 || loss.ms > 0 {
            let how = format!("{} was promoted without them", self.sites[site].region);
            self.lost(loss, excused, &how);
            self.say(
                Actor::Rds,
                format!(
                    "{} ms of acknowledged writes ({}) did not arrive",
                    loss.ms, loss.writes
                ),
            );
        }
        self.promoted(site);
    }

    /// The database in a site is the primary now.
    pub(super) fn promoted(&mut self, site: usize) {
        self.moments.moved.get_or_insert(self.now);
        if site == AWAY {
            self.moments.promotion_done.get_or_insert(self.now);
        }
        let line = format!("the database in {} takes writes", self.sites[site].region);
        self.say(Actor::World, line);
    }

    /// RDS accepted a promotion.
    pub(super) fn promotion_accepted(&mut self, site: usize, takes: Ms) {
        self.moments.asked += 1;
        if site == AWAY {
            self.moments.promotion_accepted.get_or_insert(self.now);
            self.moments.promotion_took.get_or_insert(takes);
        }
    }

    /// How far a Region's database lags behind the other's, as CloudWatch has it there: newest last.
    pub fn lags(&self, region: &Region) -> &[Datapoint] {
        self.site(region).map_or(&[], |site| &site.lags)
    }

    /// Whether data arrives at a site's database within that time.
    pub(in crate::world) fn arrives_within(&self, site: usize, limit: Ms) -> bool {
        let Some(replication) = &self.replication else {
            return false;
        };
        let Some(link) = replication.link.filter(|link| link.to == site && link.flows) else {
            return false;
        };
        let joined = self
            .regions
            .are_joined(&self.sites[link.from].region, &self.sites[link.to].region);
        joined && replication.lag_ms(self.now) <= limit
    }

    pub(in crate::world) fn begin_replication(&mut self) {
        if self.replication.is_none() {
            return;
        }
        self.measure();
        self.enter(LAG_VARIES_EVERY, Change::Replication(Step::LagVaries));
        let phase = self.dice.between(
            "lag metric's phase",
            Duration::from_millis(1),
            Duration::from_millis(METRIC_PERIOD),
        );
        self.enter(phase.as_millis(), Change::Replication(Step::Measure));
    }

    pub(in crate::world) fn replication_steps(&mut self, step: Step) {
        match step {
            Step::LagVaries => {
                let lag = self.dice.draw(&facts::REPLICATION_LAG).as_millis();
                if let Some(replication) = &mut self.replication {
                    replication.steady_ms = lag;
                }
                self.enter(self.now + LAG_VARIES_EVERY, Change::Replication(Step::LagVaries));
            }
            Step::Measure => {
                self.measure();
                self.enter(self.now + METRIC_PERIOD, Change::Replication(Step::Measure));
            }
            Step::GlobalBegins(serial) => self.global_begins(serial),
            Step::GlobalEnds(serial) => self.global_ends(serial),
            Step::Fenced(serial) => self.fenced(serial),
            Step::FenceTimesOut(serial) => self.fence_times_out(serial),
            Step::ResyncBegins => self.resync_begins(),
            Step::ResyncEnds => self.resync_ends(),
            Step::Detached(site) | Step::ReplicaPromoted(site) => self.promote_with_loss(site),
            Step::ReplicaMade(site) => self.replica_made(site),
            Step::Renamed(site) => self.renamed(site),
            Step::GroupsInForce(site, retired) => self.groups_in_force(site, retired),
        }
    }

    /// CloudWatch gets a datapoint in the follower's Region, if anything arrives there.
    fn measure(&mut self) {
        let now = self.now;
        let Some(link) = self.replication.as_ref().and_then(|replication| replication.link) else {
            return;
        };
        if !self.arrives_within(link.to, Ms::MAX) {
            return;
        }
        let Some(replication) = &self.replication else {
            return;
        };
        let datapoint = Datapoint {
            at: now.saturating_sub(METRIC_PERIOD),
            lag_ms: replication.lag_ms(now),
            lag_bytes: replication.lag_bytes(),
        };
        let lags = &mut self.sites[link.to].lags;
        lags.push(datapoint);
        if lags.len() > DATAPOINTS {
            lags.remove(0);
        }
    }

    /// The replication gets slow, or as fast as before.
    pub(in crate::world) fn set_slow(&mut self, lag: Option<Ms>) {
        if let Some(replication) = &mut self.replication {
            replication.slow_ms = lag;
        }
    }
}

/// How often the lag is another one.
const LAG_VARIES_EVERY: Ms = 10_000;

/// RDS metrics have periods of a minute. Source: Aurora User Guide, Aurora.AuroraMonitoring.Metrics.
const METRIC_PERIOD: Ms = 60_000;

/// How many datapoints are kept.
const DATAPOINTS: usize = 180;
