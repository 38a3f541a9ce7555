//! The world: a database and its zones, alarms that evaluate, users that ask, and time that passes.
//!
//! A [`World`] is plain data that changes at known instants. [`World::advance`] carries it from one instant to a later
//! one, through every change that is due in between, in order. What has to reach somebody outside (an event, a line
//! for the reader) is put into its outbox and taken from there. It knows nothing of SDKs or of tokio: `cloud`
//! puts AWS's API in front of it, and `stage` lets time pass.

pub mod alarm;
pub mod database;
pub mod envelope;
pub mod execution;
pub mod fault;
pub mod invariant;
pub mod traffic;

use std::collections::BTreeMap;

use domain::names::TopicArn;
use domain::system::System;
use jiff::Timestamp;
use serde_json::Value;

use self::alarm::Alarm;
use self::database::{Database, Refusal};
use self::execution::Executions;
use self::fault::{Fault, Kind};
use self::invariant::{Invariant, Ledger};
use self::traffic::Traffic;
use crate::dice::Dice;
use crate::facts;
use crate::timeline::{Actor, Entry};

/// Virtual time, in milliseconds since the rehearsal began.
pub type Ms = u64;

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
}

/// The world. See the module.
#[derive(Clone, Debug)]
pub struct World {
    /// Now.
    pub now: Ms,
    /// The system that lives in it.
    pub system: System,
    /// Its database.
    pub database: Database,
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
    alarms: Vec<Alarm>,
    dice: Dice,
    start: Timestamp,
    agenda: BTreeMap<(Ms, u64), Change>,
    entered: u64,
    outbox: Vec<Outgoing>,
}

/// Instants that measures are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// When an alarm that means database-down first rose.
    pub alarm: Option<Ms>,
    /// When RDS first accepted a failover that we asked for.
    pub accepted: Option<Ms>,
    /// How many failovers RDS accepted from us.
    pub asked: u32,
    /// When a writer in another place began to serve.
    pub moved: Option<Ms>,
    /// How long the first failover that we asked for took, as the facts drew it.
    pub failover: Option<Ms>,
}

/// What has to reach somebody outside the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Outgoing {
    /// AWS puts an event on the bus.
    Event(Value),
    /// Step Functions starts an execution of that name.
    Start(String),
    /// Something for the timeline.
    Line(Entry),
}

/// Something that will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Strike(Fault),
    Heal,
    Tick(usize),
    Evaluate(usize, bool),
    RdsNotices,
    FailoverEnds,
    OldWriterReturns,
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
        let database = Database::healthy(&system, &mut dice);
        let alarms: Vec<Alarm> = system
            .alarms
            .iter()
            .map(|(name, meaning)| Alarm::quiet(name, *meaning, &mut dice))
            .collect();
        let mut world = Self {
            now: 0,
            database,
            traffic: Traffic::steady(requests_per_second),
            executions: Executions::default(),
            heard: Vec::new(),
            ledger: Ledger::default(),
            moments: Moments::default(),
            dice,
            start,
            agenda: BTreeMap::new(),
            entered: 0,
            outbox: Vec::new(),
            alarms,
            system,
        };
        for index in 0..world.alarms.len() {
            world.enter(world.alarms[index].phase, Change::Tick(index));
        }
        for fault in faults {
            let at = world.dice.between("fault", fault.at, fault.latest()).as_millis();
            world.enter(at, Change::Strike(*fault));
        }
        world
    }

    /// When the next change is due.
    pub fn next_change(&self) -> Option<Ms> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    /// Lets time pass until `to`, through every change that is due by then.
    pub fn advance(&mut self, to: Ms) {
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= to) {
            let ((at, _), change) = entry.remove_entry();
            self.pass(at);
            self.change(change);
            self.check();
        }
        self.pass(to);
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

    /// Something for the timeline.
    pub fn say(&mut self, actor: Actor, what: impl Into<String>) {
        let entry = Entry {
            at: self.now,
            actor,
            what: what.into(),
        };
        self.outbox.push(Outgoing::Line(entry));
    }

    /// Somebody asks for a failover, to a target if the kind allows one.
    ///
    /// # Errors
    /// What RDS would refuse it with.
    pub fn ask_for_failover(&mut self, target: Option<&str>) -> Result<(), Refusal> {
        let took = self.dice.draw(&facts::failover(self.database.kind));
        self.database.begin_failover(target)?;
        self.moments.asked += 1;
        self.moments.accepted.get_or_insert(self.now);
        self.moments.failover.get_or_insert(took.as_millis());
        self.failover_began(took.as_millis());
        Ok(())
    }

    /// Somebody starts an execution. Says whether it is a new one.
    pub fn start_execution(&mut self, name: &str, machine_arn: &str, input: Value) -> execution::Start {
        let start = self
            .executions
            .start(name, machine_arn, input, self.database.service(), self.now);
        if start == execution::Start::New {
            self.outbox.push(Outgoing::Start(name.to_owned()));
        }
        start
    }

    /// Whether the application can write.
    pub fn serves(&self) -> bool {
        self.database.serves()
    }

    fn pass(&mut self, to: Ms) {
        debug_assert!(to >= self.now, "time does not run backwards");
        self.traffic.pass(self.now, to, self.database.serves());
        self.now = to;
    }

    fn enter(&mut self, at: Ms, change: Change) {
        self.entered += 1;
        self.agenda.insert((at.max(self.now), self.entered), change);
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Strike(fault) => self.strike(fault),
            Change::Heal => self.heal(),
            Change::Tick(alarm) => self.tick(alarm),
            Change::Evaluate(alarm, breaching) => self.evaluate(alarm, breaching),
            Change::RdsNotices => self.rds_notices(),
            Change::FailoverEnds => self.failover_ends(),
            Change::OldWriterReturns => {
                self.database.old_writer_returns();
                self.say(Actor::World, "the old writer is back as a standby");
            }
        }
    }

    fn strike(&mut self, fault: Fault) {
        let before = self.database.serves();
        let what = self.database.strike(fault.kind);
        self.say(Actor::Fault, what);
        if before && !self.database.serves() {
            self.say(Actor::Users, "requests begin to fail");
        }
        match fault.kind {
            Kind::StandbyMissing => {}
            Kind::WriterHangs => {
                if let Some(lasts) = fault.lasts {
                    self.enter(self.now + lasts.as_millis(), Change::Heal);
                }
            }
            Kind::WriterHostLost => {
                let notices = self.dice.draw(&facts::RDS_NOTICES).as_millis();
                self.enter(self.now + notices, Change::RdsNotices);
            }
        }
    }

    fn heal(&mut self) {
        let before = self.database.serves();
        self.database.heal();
        if !before && self.database.serves() {
            self.say(Actor::World, "the writer answers again, by itself");
            self.say(Actor::Users, "requests succeed again");
        }
    }

    fn rds_notices(&mut self) {
        if self.database.begin_failover(None).is_ok() {
            let whole = self.dice.draw(&facts::failover(self.database.kind)).as_millis();
            self.say(Actor::Rds, "notices the lost host and fails over by itself");
            self.failover_began(whole);
        }
    }

    fn failover_began(&mut self, lasts: Ms) {
        let event = self.database.started_event();
        self.say(Actor::Rds, format!("{}: {}", event.id, event.message));
        self.emit_rds(&event);
        self.enter(self.now + lasts, Change::FailoverEnds);
    }

    fn failover_ends(&mut self) {
        let promotion = self.database.end_failover();
        self.moments.moved.get_or_insert(self.now);
        self.ledger.demand(
            Invariant::NoSilentDataLoss,
            self.now,
            promotion.lost_ms == 0,
            || {
                format!(
                    "{} ms of acknowledged writes were lost by promoting {}",
                    promotion.lost_ms, promotion.writer
                )
            },
        );
        self.traffic.lost_writes_ms += promotion.lost_ms;
        let event = self.database.completed_event();
        self.say(Actor::Rds, format!("{}: {}", event.id, event.message));
        self.say(
            Actor::World,
            format!("the writer is {} in {}", promotion.writer, promotion.zone),
        );
        if self.database.serves() {
            self.say(Actor::Users, "requests succeed again");
        }
        self.emit_rds(&event);
        let returns = self.dice.draw(&facts::OLD_WRITER_RETURNS).as_millis();
        self.enter(self.now + returns, Change::OldWriterReturns);
    }

    fn tick(&mut self, index: usize) {
        let serves = self.database.serves();
        let alarm = &mut self.alarms[index];
        let breaching = alarm.sample(serves, &self.traffic);
        let period = alarm.period_ms();
        let delay = self.dice.draw(&facts::ALARM_EVALUATION).as_millis();
        self.enter(self.now + delay, Change::Evaluate(index, breaching));
        self.enter(self.now + period, Change::Tick(index));
    }

    fn evaluate(&mut self, index: usize, breaching: bool) {
        let (now, at) = (self.now, self.timestamp(self.now));
        let Some(turn) = self.alarms[index].evaluate(breaching, at) else {
            return;
        };
        let alarm = &self.alarms[index];
        if alarm.rose_for_database() {
            self.moments.alarm.get_or_insert(now);
        }
        let line = format!("{}: {} -> {}", alarm.name, turn.from.as_str(), turn.to.as_str());
        let event = envelope::alarm(&self.system, alarm, &turn, at, self.entered);
        self.say(Actor::Alarm, line);
        self.outbox.push(Outgoing::Event(event));
    }

    fn emit_rds(&mut self, event: &database::Event) {
        let at = self.timestamp(self.now);
        let event = envelope::rds(&self.system, event, at, self.entered);
        self.outbox.push(Outgoing::Event(event));
    }

    /// What must be true whatever happens.
    pub fn check(&mut self) {
        let writable = self.database.writable();
        self.ledger
            .demand(Invariant::OneWriter, self.now, writable.len() <= 1, || {
                format!(
                    "{} primaries take writes: {}",
                    writable.len(),
                    writable.join(", ")
                )
            });
        let misled = self.database.endpoint_leads_to_a_reader();
        self.ledger
            .demand(Invariant::TrafficOnlyWhereWritable, self.now, !misled, || {
                "the writer endpoint leads to an instance that takes no writes".to_owned()
            });
    }
}
