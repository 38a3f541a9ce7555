//! The world: Regions and what lives in them, alarms that evaluate, users that ask, and time that passes.
//!
//! A [`World`] is plain data that changes at known instants. [`World::advance`] carries it from one instant to a later
//! one, through every change that is due in between, in order. What has to reach somebody outside (an event, a line
//! for the reader) is put into its outbox and taken from there. It knows nothing of SDKs or of tokio: `cloud`
//! puts AWS's API in front of it, and `stage` lets time pass.
//!
//! A system that lives in one Region has one [`Site`], and its users reach its database directly. A system with a
//! second Region has two; then there is a name that leads to one of them ([`dns`]), resolvers that believe it for a
//! while ([`resolvers`]), a web tier in each ([`web`]), and replication between the databases ([`replication`]).

pub mod alarm;
mod application;
pub mod cache;
pub mod database;
pub mod deployments;
pub mod dns;
pub mod envelope;
pub mod execution;
pub mod fault;
pub mod health;
pub mod invariant;
pub mod lease;
pub mod moments;
pub mod person;
pub mod region;
pub mod replication;
pub mod resolvers;
mod signals;
pub mod site;
mod strike;
mod tier;
pub mod traffic;
pub mod web;
mod writer;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::duration::Duration;
use domain::names::{Region, TopicArn};
use domain::steps::region::Risk;
use domain::system::System;
use jiff::Timestamp;
use serde_json::Value;

pub use self::application::Answers;
pub use self::moments::Moments;
pub use self::person::Act;
pub use self::replication::Replication;
pub use self::site::Site;

use self::alarm::Alarm;
use self::cache::GlobalDatastore;
use self::database::{Database, Service};
use self::deployments::Deployments;
use self::dns::Dns;
use self::execution::Executions;
use self::fault::{Fault, Since};
use self::health::Issue;
use self::invariant::{Invariant, Ledger};
use self::lease::WriteLease;
use self::person::Person;
use self::region::Regions;
use self::resolvers::{GROUPS, Resolvers, Users};
use self::traffic::{ALL, SERVED, Traffic};
use crate::dice::Dice;
use crate::facts;
use crate::timeline::{Actor, Entry};

/// Virtual time, in milliseconds since the rehearsal began.
pub type Ms = u64;

/// The index of the site in the Region that is the primary on an ordinary day.
pub const HOME: usize = 0;

/// The index of the other site.
pub const AWAY: usize = 1;

/// A message that reached people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// When.
    pub at: Ms,
    /// By which topic.
    pub topic: TopicArn,
    /// What makes it this message.
    pub key: String,
    /// Its subject.
    pub subject: String,
    /// The whole of it.
    pub text: String,
    /// How the system was then.
    pub standing: Standing,
}

/// How the system is at an instant: what somebody who says that it recovered is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The database and its users.
    pub service: Service,
    /// Whether users who ask are led to where the database takes writes.
    pub leads: bool,
}

/// The world. See the module. From two that are the same the same comes.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Now.
    pub now: Ms,
    /// The system that lives in it. Copies of the world share it.
    pub system: Arc<System>,
    /// Which Regions answer.
    pub regions: Regions,
    /// The system's half in each of its Regions, home first. Never empty.
    pub sites: Vec<Site>,
    /// What lies between the databases of two Regions.
    pub replication: Option<Replication>,
    /// Where the name leads.
    pub dns: Option<Dns>,
    /// Who believes that it leads where.
    pub resolvers: Resolvers,
    /// The global datastore.
    pub cache: Option<GlobalDatastore>,
    /// The lease under which the application takes writes, where it has one.
    pub write_lease: Option<WriteLease>,
    /// Its deployments.
    pub deployments: Option<Deployments>,
    /// Its users.
    pub traffic: Traffic,
    /// The executions of state machines.
    pub executions: Executions,
    /// What people heard.
    pub heard: Vec<Heard>,
    /// What must never be, counted.
    pub ledger: Ledger,
    /// The measures that only the world can take.
    pub moments: Moments,
    /// What people have accepted by name.
    pub accepted: Vec<Risk>,
    storage: BTreeMap<(String, String), String>,
    alarms: Vec<Alarm>,
    faults: Vec<Fault>,
    persons: Vec<Person>,
    asked: Vec<(Ms, String)>,
    served: bool,
    raised: bool,
    drops_events: bool,
    /// How often a schedule looks at the system.
    pub(crate) assessed_every: Duration,
    issues: Vec<Issue>,
    dice: Dice,
    start: Timestamp,
    agenda: BTreeMap<(Ms, u64), Change>,
    entered: u64,
    outbox: Vec<Outgoing>,
    /// Whether somebody reads the timeline.
    is_read: bool,
}

/// What has to reach somebody outside the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Outgoing {
    /// AWS puts an event on a Region's bus.
    Event {
        /// The Region.
        region: Region,
        /// The event.
        event: Value,
    },
    /// Step Functions starts an execution.
    Start {
        /// Its Region.
        region: Region,
        /// Its name.
        name: String,
    },
    /// A person does something.
    Person(Act),
    /// Something for the timeline.
    Line(Entry),
}

/// Something that will happen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Strike(usize),
    Heal(usize),
    Tick(usize),
    Evaluate(usize, alarm::Datapoint),
    RdsNotices(usize),
    FailoverEnds(usize),
    OldWriterReturns(usize),
    Replication(replication::Step),
    Web(usize, web::Step),
    Look(usize),
    NameServerHears(usize, u64, Option<usize>),
    Resolve(usize),
    ConnectionsBreak,
    CacheMoved,
    CacheNodeMoved(usize),
    CacheNotices(usize),
    Deployment(deployments::Step),
    Demand(u64),
    Storm(u32),
    Flap(usize),
    Assess(usize),
    Health(health::Step),
    Lease(usize, lease::Step),
    Person(usize, Option<String>),
}

impl Change {
    /// Whether an invariant may be broken by it, or users' requests turn out otherwise: not where something is only measured.
    const fn touches_what_is_checked(&self) -> bool {
        !matches!(
            self,
            Self::Tick(_)
                | Self::Evaluate(..)
                | Self::Replication(replication::Step::LagVaries | replication::Step::Measure)
        )
    }
}

impl World {
    /// A healthy world in which these faults will strike.
    pub fn new(
        system: System,
        start: Timestamp,
        requests_per_second: u32,
        faults: &[Fault],
        seed: u64,
    ) -> Self {
        let mut dice = Dice::new(seed);
        let sites = site::founded(&system, &mut dice);
        let alarms: Vec<Alarm> = system
            .alarms
            .iter()
            .map(|(name, declared)| Alarm::quiet(name, declared, &mut dice))
            .collect();
        let shared = system.region_failover.as_ref();
        let resolvers = shared.map_or_else(Resolvers::default, |shared| {
            Resolvers::leading_home(shared.ttl, &mut dice)
        });
        let replication = shared.and_then(|_| {
            let lag = dice.draw(&facts::REPLICATION_LAG).as_millis();
            replication::of(&system, lag)
        });
        let datastore = shared.and_then(|shared| shared.global_datastore.clone());
        let mut world = Self {
            now: 0,
            regions: Regions::well(sites.iter().map(|site| site.region.clone()).collect()),
            sites,
            replication,
            dns: dns::of(&system, &mut dice),
            resolvers,
            cache: datastore.map(|id| GlobalDatastore {
                id,
                primary: HOME,
                moving_to: None,
            }),
            write_lease: WriteLease::of(&system),
            deployments: Deployments::of(&system),
            traffic: Traffic::steady(requests_per_second),
            executions: Executions::default(),
            heard: Vec::new(),
            ledger: Ledger::default(),
            moments: Moments::default(),
            accepted: Vec::new(),
            storage: BTreeMap::new(),
            alarms,
            faults: faults.to_vec(),
            persons: Vec::new(),
            asked: Vec::new(),
            served: true,
            raised: false,
            drops_events: false,
            assessed_every: facts::ASSESSED_EVERY,
            issues: Vec::new(),
            dice,
            start,
            agenda: BTreeMap::new(),
            entered: 0,
            outbox: Vec::new(),
            is_read: true,
            system: Arc::new(system),
        };
        for index in 0..world.alarms.len() {
            world.enter(world.alarms[index].phase, Change::Tick(index));
        }
        world.enter_faults(Since::Beginning);
        world.begin_replication();
        world.begin_leases();
        world.settle_release();
        if let Some(web) = &mut world.sites[HOME].web {
            for instance in &mut web.instances {
                instance.release.clone_from(&web.release);
            }
        }
        for site in 0..world.sites.len() {
            world.enter(facts::ASSESSED_EVERY.as_millis(), Change::Assess(site));
        }
        world
    }

    /// The same world with these people in it. To be called before time passes.
    #[must_use]
    pub fn with_people(mut self, people: &[Person]) -> Self {
        self.persons = people.to_vec();
        self.expect_people();
        self
    }

    /// The system's half in a Region.
    pub fn site(&self, region: &Region) -> Option<&Site> {
        self.sites.iter().find(|site| site.region == *region)
    }

    /// The same, to be changed.
    pub fn site_mut(&mut self, region: &Region) -> Option<&mut Site> {
        self.sites.iter_mut().find(|site| site.region == *region)
    }

    /// A site's index, by its Region.
    pub fn index_of(&self, region: &Region) -> Option<usize> {
        self.sites.iter().position(|site| site.region == *region)
    }

    /// The half that serves on an ordinary day.
    pub fn home(&self) -> &Site {
        &self.sites[HOME]
    }

    /// The home Region's database.
    pub fn database(&self) -> &Database {
        &self.home().database
    }

    /// The site whose data counts.
    pub fn serving_site(&self) -> usize {
        self.replication
            .as_ref()
            .map_or(HOME, |replication| replication.writer)
    }

    /// When the next change is due.
    pub fn next_change(&self) -> Option<Ms> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    /// When the next thing happens that may be felt outside: an event, a person, a fault. What comes before it only changes
    /// what is found by whoever looks.
    pub fn next_felt(&self) -> Option<Ms> {
        let served = OnceCell::new();
        let felt = |((at, _), change): &(&(Ms, u64), &Change)| !self.is_unfelt(*at, change, &served);
        self.agenda.iter().find(felt).map(|((at, _), _)| *at)
    }

    /// Whether the outbox holds more than lines.
    pub fn has_news(&self) -> bool {
        self.outbox
            .iter()
            .any(|outgoing| !matches!(outgoing, Outgoing::Line(_)))
    }

    /// Lets time pass until `to`, through every change that is due by then.
    pub fn advance(&mut self, to: Ms) {
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= to) {
            let ((at, _), change) = entry.remove_entry();
            self.pass(at);
            #[cfg(debug_assertions)]
            let (unfelt, news) = (self.is_unfelt(at, &change, &OnceCell::new()), self.has_news());
            let is_checked = change.touches_what_is_checked();
            self.change(change);
            #[cfg(debug_assertions)]
            assert!(!unfelt || news == self.has_news(), "felt, and not said before");
            if is_checked {
                self.check();
            }
        }
        self.pass(to);
    }

    /// Whether nothing outside feels a change as it happens, nor what follows from it, as long as nothing else changes that is
    /// felt. `served` keeps which share of users' requests is served now.
    fn is_unfelt(&self, at: Ms, change: &Change, served: &OnceCell<u64>) -> bool {
        match change {
            Change::Tick(alarm) => {
                let served = || *served.get_or_init(|| self.shares().iter().sum());
                self.is_steady(*alarm, served)
            }
            Change::Evaluate(alarm, datapoint) => self.alarms[*alarm].stays(datapoint.breaching),
            Change::Lease(site, step) => self.lease_stays(*site, *step, at),
            Change::Replication(replication::Step::LagVaries | replication::Step::Measure) => true,
            Change::Look(_)
            | Change::NameServerHears(..)
            | Change::Resolve(_)
            | Change::ConnectionsBreak
            | Change::Strike(_)
            | Change::Heal(_)
            | Change::RdsNotices(_)
            | Change::FailoverEnds(_)
            | Change::OldWriterReturns(_)
            | Change::Replication(_)
            | Change::Web(..)
            | Change::CacheMoved
            | Change::CacheNodeMoved(_)
            | Change::CacheNotices(_)
            | Change::Deployment(_)
            | Change::Demand(_)
            | Change::Storm(_)
            | Change::Flap(_)
            | Change::Assess(_)
            | Change::Health(_)
            | Change::Person(..) => false,
        }
    }

    /// What has gathered in the outbox since the last time.
    pub fn take_outbox(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.outbox)
    }

    /// An instant of the world as a timestamp.
    pub fn timestamp(&self, at: Ms) -> Timestamp {
        self.start + domain::duration::Duration::from_millis(at).signed()
    }

    /// The dice, for whoever stands in front of the world.
    pub const fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// Nobody reads the timeline: it is not written.
    pub(crate) const fn unread(&mut self) {
        self.is_read = false;
    }

    /// Whether somebody reads the timeline. What takes work to say is worked out only then.
    pub(crate) const fn is_read(&self) -> bool {
        self.is_read
    }

    /// Something for the timeline.
    pub fn say(&mut self, actor: Actor, what: impl Into<String>) {
        if !self.is_read {
            return;
        }
        let entry = Entry {
            at: self.now,
            actor,
            what: what.into(),
        };
        self.outbox.push(Outgoing::Line(entry));
    }

    /// Somebody starts an execution in a Region. Says whether it is a new one.
    pub fn start_execution(
        &mut self,
        region: &Region,
        name: &str,
        machine_arn: &str,
        input: Value,
    ) -> execution::Start {
        let found = self.service();
        let start = self.executions.start(name, machine_arn, input, found, self.now);
        if start == execution::Start::New {
            self.outbox.push(Outgoing::Start {
                region: region.clone(),
                name: name.to_owned(),
            });
        }
        start
    }

    /// Somebody starts a run once more from its beginning, as a new execution with the input of an old one.
    pub fn start_again(&mut self, region: &Region, name: &str) {
        if let Some(old) = self.executions.get(name).cloned() {
            self.start_execution(
                region,
                &format!("{name}{}", execution::AGAIN),
                &old.machine_arn,
                old.input,
            );
        }
    }

    /// Whether nothing is under way: no execution, no fault and no person still to come.
    pub fn is_quiet(&self) -> bool {
        let mut runs = self.executions.iter();
        runs.all(|(_, run)| run.end.is_some())
            && !self
                .agenda
                .values()
                .any(|change| matches!(change, Change::Strike(_) | Change::Heal(_) | Change::Person(..)))
    }

    /// Whether a person was paged since users began to fail, if they do.
    pub fn paged_since_it_failed(&self) -> bool {
        let began = self.traffic.outages.last().map_or(0, |(began, _)| *began);
        let pages: Vec<&TopicArn> = self.page_topics().collect();
        self.heard
            .iter()
            .any(|heard| heard.at >= began && pages.contains(&&heard.topic))
    }

    /// The topics by which people are woken.
    pub fn page_topics(&self) -> impl Iterator<Item = &TopicArn> {
        let sites = self
            .system
            .region_failover
            .iter()
            .flat_map(|shared| &shared.sites);
        sites
            .map(|site| &site.people.page)
            .chain([&self.system.people.page])
    }

    /// Whether users are served: at least [`SERVED`] of them.
    pub fn serves(&self) -> bool {
        are_enough(&self.shares())
    }

    /// Where users are served from, in words.
    pub fn serving(&self) -> String {
        let led = self.dns.as_ref().map_or(Some(HOME), Dns::told);
        let region = led.and_then(|site| self.sites.get(site)).map(|site| &site.region);
        match (self.serves(), region) {
            (true, Some(region)) => region.to_string(),
            (false, Some(region)) => format!("not everybody; the name leads to {region}"),
            (_, None) => "nobody; the name leads nowhere".to_owned(),
        }
    }

    /// What the system offers now, from nothing to all.
    pub fn service(&self) -> Service {
        let serving = self.sites[self.serving_site()].database.service();
        let writers = self.sites.iter().filter(|site| site.database.may_be_written());
        Service {
            serves: self.serves(),
            has_writer: writers.count() > 0,
            standbys: serving.standbys,
        }
    }

    /// Whether it offers no less than that, or comes to it with nobody acting. Five minutes are what name servers and resolvers take;
    /// an outage that a trial lays lasts ten.
    pub(crate) fn rests_no_worse_than(&self, found: Service) -> bool {
        if self.service().is_no_worse_than(found) {
            return true;
        }
        let mut later = self.clone();
        [5, 15, 20].into_iter().any(|minutes| {
            later.advance(self.now + minutes * 60_000);
            later.service().is_no_worse_than(found)
        })
    }

    /// How it is now.
    pub fn standing(&self) -> Standing {
        Standing {
            service: self.service(),
            leads: self.leads_to_the_writer(),
        }
    }

    /// Whether users who ask now are led to where the database takes writes. Without a name there is nowhere else. Where two databases
    /// follow nobody, it is the one that lets users in.
    pub fn leads_to_the_writer(&self) -> bool {
        let led = self.dns.as_ref().map_or(Some(HOME), Dns::told);
        led.is_some_and(|site| self.sites[site].database.serves())
    }

    /// Which share of all users' requests each site serves; where there is one, the other's is nothing.
    pub fn shares(&self) -> [u64; 2] {
        let demand = self.traffic.demand;
        if self.dns.is_none() {
            let home = &self.sites[HOME];
            if !home.database.serves() {
                return [0; 2];
            }
            let share = home
                .web
                .as_ref()
                .map_or(ALL, |web| web.share_of(ALL * demand / 100));
            return [share - share * self.cache_fails(HOME) / 100, 0];
        }
        let reach: [(bool, bool); 2] = std::array::from_fn(|index| {
            self.sites.get(index).map_or((false, false), |site| {
                let all = self.regions.users_reach(&site.region);
                let near = all || index == HOME && self.regions.serves_near(&site.region);
                (all, near)
            })
        });
        let answers = |site: usize, users: Users| {
            let (all, near) = reach.get(site).copied().unwrap_or_default();
            match users {
                Users::Elsewhere => all,
                Users::NearHome => near,
            }
        };
        let went = self.resolvers.at(self.now, answers);
        std::array::from_fn(|index| {
            let Some(site) = self.sites.get(index) else {
                return 0;
            };
            if !site.database.serves() || !self.may_write(index) {
                return 0;
            }
            let load = went[index] as u64 * ALL / GROUPS as u64;
            let share = site
                .web
                .as_ref()
                .map_or(ALL, |web| web.share_of(load * demand / 100));
            let share = share - share * self.cache_fails(index) / 100;
            load * share / ALL
        })
    }

    fn pass(&mut self, to: Ms) {
        debug_assert!(to >= self.now, "time does not run backwards");
        if to == self.now {
            return;
        }
        let shares = self.shares();
        self.replicate(self.now, to, &shares);
        self.traffic.pass(self.now, to, shares.iter().sum());
        self.now = to;
    }

    fn enter(&mut self, at: Ms, change: Change) {
        self.entered += 1;
        self.agenda.insert((at.max(self.now), self.entered), change);
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Strike(fault) => self.strike(fault),
            Change::Heal(fault) => self.heal(fault),
            Change::Tick(alarm) => self.tick(alarm),
            Change::Evaluate(alarm, datapoint) => self.evaluate(alarm, datapoint),
            Change::RdsNotices(site) => self.rds_notices(site),
            Change::FailoverEnds(site) => self.failover_ends(site),
            Change::OldWriterReturns(site) => self.old_writer_returns(site),
            Change::Replication(step) => self.replication_steps(step),
            Change::Web(site, step) => self.web_steps(site, step),
            Change::Look(checker) => self.checker_looks(checker),
            Change::NameServerHears(server, version, to) => self.name_server_hears(server, version, to),
            Change::Resolve(group) => self.resolver_asks(group),
            // Only the instant matters: from now on these users follow their resolvers.
            Change::ConnectionsBreak => {}
            Change::CacheMoved => self.cache_moved(),
            Change::CacheNodeMoved(site) => self.cache_node_moved(site),
            Change::CacheNotices(site) => self.cache_notices(site),
            Change::Deployment(step) => self.deployment_steps(step),
            Change::Demand(percent) => self.demand_is(percent),
            Change::Storm(number) => self.storm_alarm(number),
            Change::Flap(alarm) => self.flap_once(alarm),
            Change::Assess(site) => self.assess(site),
            Change::Health(step) => self.health_steps(step),
            Change::Lease(site, step) => self.lease_steps(site, step),
            Change::Person(person, incident) => self.person_acts(person, incident),
        }
    }

    /// Says that requests begin to fail, or succeed again, if that is so. Where there is a name, [`Self::check`] sees it
    /// whoever brought it about.
    fn say_if_it_turned(&mut self, before: bool) {
        if self.is_watched_closely() {
            return;
        }
        match (before, self.serves()) {
            (true, false) => self.say(Actor::Users, "requests begin to fail"),
            (false, true) => self.say(Actor::Users, "requests succeed again"),
            (true, true) | (false, false) => {}
        }
    }

    /// What must be true whatever happens.
    pub fn check(&mut self) {
        for site in 0..self.sites.len() {
            let database = &self.sites[site].database;
            let (writable, misled) = (database.writable().count(), database.endpoint_leads_to_a_reader());
            self.ledger
                .demand(Invariant::OneWriter, self.now, writable <= 1, || {
                    let zones: Vec<String> = database.writable().map(ToString::to_string).collect();
                    format!("{writable} primaries take writes: {}", zones.join(", "))
                });
            self.ledger
                .demand(Invariant::TrafficOnlyWhereWritable, self.now, !misled, || {
                    "the writer endpoint leads to an instance that takes no writes".to_owned()
                });
        }
        // Where there is a name, it is watched closely too.
        if !self.is_watched_closely() {
            return;
        }
        let shares = self.shares();
        if self.dns.is_some() {
            self.check_both_regions(&shares);
        }
        self.say_what_turned(are_enough(&shares));
    }

    fn check_both_regions(&mut self, shares: &[u64]) {
        let written = shares.iter().filter(|share| **share > 0).count();
        let accepted = self.accepted.contains(&Risk::NotFenced);
        self.ledger
            .demand(Invariant::OneWriter, self.now, written <= 1 || accepted, || {
                "users write to a primary in each Region, and nobody had accepted that".to_owned()
            });
        if self.moments.capacity_raised.is_some() && !std::mem::replace(&mut self.raised, true) {
            self.enter_faults(Since::CapacityRaised);
        }
    }

    /// Says that requests begin to fail, or succeed again, whoever brought it about.
    fn say_what_turned(&mut self, serves: bool) {
        match (std::mem::replace(&mut self.served, serves), serves) {
            (true, false) => self.say(Actor::Users, "requests begin to fail"),
            (false, true) => self.say(Actor::Users, "requests succeed again"),
            (true, true) | (false, false) => {}
        }
    }
}

/// Whether so many of users' requests are served, of all sites together, that users are.
fn are_enough(shares: &[u64]) -> bool {
    shares.iter().sum::<u64>() >= SERVED
}

#[cfg(test)]
mod tests;
