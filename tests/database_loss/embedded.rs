//! An embedded cloud to put one's hands on: a system whose writer hangs from the first instant.

use domain::duration::Duration;
use domain::names::{IncidentId, JOURNAL_TABLE, Recovery};
use domain::steps::Run;
use domain::system::{DatabaseKind, System};
use jiff::Timestamp;
use journal::DynamoJournal;
use rehearsal::clock::VirtualClock;
use rehearsal::cloud::{Account, Clients, Desk};
use rehearsal::scenario::SYSTEMS;
use rehearsal::timeline::{Actor, Entry};
use rehearsal::world::fault::{Fault, Kind, Since};
use rehearsal::world::{Outgoing, World};

/// When everything here begins.
const START: Timestamp = Timestamp::constant(1_767_603_600, 0);

/// A cloud, and what was seen in it so far.
pub(crate) struct Embedded {
    pub(crate) desk: Desk,
    pub(crate) clients: Clients,
    seen: Vec<Entry>,
}

/// Runs something in virtual time.
pub(crate) fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    rehearsal::clock::runtime().expect("a runtime").block_on(work)
}

/// The example system of each kind of database in one Region.
pub(crate) fn systems() -> impl Iterator<Item = System> {
    let all = SYSTEMS.iter().map(|system| {
        system
            .read()
            .expect("a test of the rehearsal holds that it is right")
    });
    all.filter(|system| system.region_failover.is_none())
}

/// The example system with a Multi-AZ instance.
pub(crate) fn shop() -> System {
    systems()
        .find(|system| system.database.kind == DatabaseKind::MultiAzInstance)
        .expect("an example of each kind")
}

/// The run of an incident of that system.
pub(crate) fn run(system: &System, signal: &str) -> Run {
    Run {
        system: system.name.clone(),
        incident: IncidentId::derive(&system.name, Recovery::FailOverDatabase, signal, START),
        recovery: Recovery::FailOverDatabase,
        opened_at: START,
        because: "shop-writer-unreachable is in ALARM".to_owned(),
    }
}

impl Embedded {
    /// A cloud in which the system's writer hangs. To be called in virtual time.
    pub(crate) fn with_hung_writer(system: &System) -> Self {
        let hangs = Fault {
            at: Duration::from_millis(0),
            within: Duration::default(),
            kind: Kind::WriterHangs,
            lasts: None,
            since: Since::Beginning,
        };
        let world = World::new(system.clone(), START, 200, &[hangs], 1);
        let desk = Desk::new(world, VirtualClock::starting(START));
        let account = Account::of(system);
        Self {
            clients: Clients::new(&desk, &account, &system.regions.primary),
            desk,
            seen: Vec::new(),
        }
    }

    /// The journal.
    pub(crate) fn journal(&self) -> DynamoJournal {
        DynamoJournal::new(self.clients.dynamodb.clone(), JOURNAL_TABLE)
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, time: Duration) {
        self.desk.clock().pass(time).await;
    }

    /// The calls so far that RDS was asked to change something with, as the timeline shows them.
    pub(crate) fn calls_of_rds(&mut self) -> Vec<&str> {
        let outgoing = self.desk.world().take_outbox();
        self.seen
            .extend(outgoing.into_iter().filter_map(|outgoing| match outgoing {
                Outgoing::Line(entry) => Some(entry),
                Outgoing::Event { .. } | Outgoing::Start { .. } | Outgoing::Person(_) => None,
            }));
        calls_of_rds(&self.seen).collect()
    }
}

/// The calls among these that RDS was asked to change something with.
pub(crate) fn calls_of_rds(timeline: &[Entry]) -> impl Iterator<Item = &str> {
    let calls = timeline.iter().filter(|entry| entry.actor == Actor::Call);
    calls
        .map(|entry| entry.what.as_str())
        .filter(|what| what.starts_with("rds:"))
}
