//! What must be true in whatever order signals come, however often, however late.

use std::collections::{BTreeMap, BTreeSet};

use domain::decision::{Known, Verdict, decide, systems_of};
use domain::facts::{Deployment, DeploymentStatus, Facts};
use domain::journal::{AlarmSeen, Incident, Lock, Outcome, View, lease};
use domain::names::{Epoch, IncidentId, Recovery};
use domain::steps::Run;
use domain::system::{Systems, Watches};
use events::{AlarmState, Signal, Subject};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::language::{alarm, now, shop, signal};

const ALARMS: [&str; 9] = [
    "database",
    "users",
    "zone-a",
    "zone-b",
    "unhealthy",
    "load",
    "cache",
    "unreachable",
    "users-elsewhere",
];

/// What happens, one thing after another.
#[derive(Clone, Debug)]
enum Happens {
    /// An alarm changes its state, and the event comes that many seconds later, so many times.
    Turns {
        alarm: usize,
        up: bool,
        late: i64,
        times: usize,
    },
    /// CodeDeploy reports a failed deployment.
    DeploymentFails,
    /// It is looked.
    Look,
    /// The run that holds the lock ends.
    RunEnds,
    /// Minutes pass.
    Passes(i64),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => (0..ALARMS.len(), any::<bool>(), 0i64..90, 1usize..3)
            .prop_map(|(alarm, up, late, times)| Happens::Turns { alarm, up, late, times }),
        1 => Just(Happens::DeploymentFails),
        1 => Just(Happens::Look),
        2 => Just(Happens::RunEnds),
        2 => (1i64..45).prop_map(Happens::Passes),
    ]
}

/// A journal that is kept as the router and the machines keep it. Each Region has its own, with its own lock.
struct House {
    systems: Systems,
    journals: BTreeMap<String, View>,
    facts: Option<Facts>,
    now: Timestamp,
    started: Vec<(String, Run)>,
    epoch: u64,
    /// Whether some run died with its lock, unrecorded: then it may be started once more.
    died: bool,
}

impl House {
    fn new(deployed: bool) -> Self {
        let facts = Facts {
            at: now(),
            targets: None,
            group: None,
            deployments: Some(vec![Deployment {
                id: "d-2".to_owned(),
                status: DeploymentStatus::Running,
                revision: "s3://releases/2.zip".to_owned(),
                created_at: now(),
                completed_at: None,
                is_rollback: false,
            }]),
            unseen: vec![],
        };
        Self {
            systems: Systems::from(vec![shop()]),
            journals: BTreeMap::new(),
            facts: deployed.then_some(facts),
            now: now(),
            started: vec![],
            epoch: 0,
            died: false,
        }
    }

    /// The router: note, judge, start; the machine takes the lock, unless somebody has it.
    fn comes(&mut self, signal: &Signal) {
        let view = self.journals.entry(signal.region.clone()).or_default();
        if let Subject::Alarm(alarm) = &signal.subject {
            let seen = AlarmSeen {
                in_alarm: alarm.state == AlarmState::Alarm,
                changed_at: alarm.changed_at,
            };
            let noted = view.alarms.entry(alarm.name.clone()).or_insert(seen);
            if noted.changed_at < seen.changed_at {
                *noted = seen;
            }
        }
        let known = Known {
            facts: self.facts.as_ref(),
            journal: view,
            now: self.now,
        };
        let system = systems_of(signal, &self.systems).first().copied();
        let decision = decide(signal, system, known);
        let Verdict::Recover(run) = decision.verdict else {
            return;
        };
        assert!(
            view.lock.as_ref().is_none_or(|lock| !lock.is_held(self.now)),
            "a second recovery beside a running one: {run:?}"
        );
        self.died |= view.lock.is_some();
        self.epoch += 1;
        view.lock = Some(Lock {
            epoch: Epoch(self.epoch),
            holder: run.incident.clone(),
            taken_at: self.now,
            expires_at: self.now + lease(run.recovery).signed(),
        });
        self.started.push((signal.region.clone(), run));
    }

    fn runs_end(&mut self) {
        for view in self.journals.values_mut() {
            let Some(lock) = view.lock.take() else { continue };
            let Some((_, run)) = self.started.iter().find(|(_, run)| run.incident == lock.holder) else {
                continue;
            };
            view.incidents.insert(
                0,
                Incident {
                    id: run.incident.clone(),
                    system: run.system.clone(),
                    recovery: run.recovery,
                    opened_at: run.opened_at,
                    closed_at: self.now,
                    outcome: Outcome::Recovered,
                    seen: vec![],
                },
            );
        }
    }

    fn live(&mut self, all: &[Happens]) {
        for happening in all {
            self.now += SignedDuration::from_secs(7);
            match happening {
                Happens::Turns {
                    alarm: index,
                    up,
                    late,
                    times,
                } => {
                    let state = if *up { AlarmState::Alarm } else { AlarmState::Ok };
                    let signal = alarm(ALARMS[*index], state, self.now, false);
                    self.now += SignedDuration::from_secs(*late);
                    for _ in 0..*times {
                        self.comes(&signal);
                    }
                }
                Happens::DeploymentFails => self.comes(&signal("failed d-2")),
                Happens::Look => self.comes(&signal("look")),
                Happens::RunEnds => self.runs_end(),
                Happens::Passes(minutes) => self.now += SignedDuration::from_mins(*minutes),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// [`House::comes`] looks at the lock whenever something starts.
    #[test]
    fn no_order_of_signals_starts_two_recoveries_at_once(all in prop::collection::vec(happens(), 1..60), deployed: bool) {
        House::new(deployed).live(&all);
    }

    /// What happened once has one name, whoever reports it: only where help may be needed again while an alarm stays up, and a
    /// schedule looks, does the same alarm open more than one incident.
    #[test]
    fn what_happened_once_has_one_name(all in prop::collection::vec(happens(), 1..60), deployed: bool) {
        let mut house = House::new(deployed);
        house.live(&all);
        let again = [Recovery::ScaleOut, Recovery::ReplaceInstances];
        let mut names: BTreeMap<(&str, Recovery, Timestamp), BTreeSet<&IncidentId>> = BTreeMap::new();
        for (region, run) in &house.started {
            names.entry((region, run.recovery, run.opened_at)).or_default().insert(&run.incident);
        }
        for ((_, recovery, opened_at), names) in names {
            prop_assert!(names.len() == 1 || house.died || again.contains(&recovery), "{recovery} of {opened_at}: {names:?}");
        }
    }

    /// Whatever came before, all of it once more, in any order and an hour later, starts nothing.
    #[test]
    fn what_came_before_changes_nothing_when_it_comes_again(
        all in prop::collection::vec(happens(), 1..40), deployed: bool, order in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        let mut house = House::new(deployed);
        let begin = house.now;
        house.live(&all);
        let mut sent = Vec::new();
        let mut at = begin;
        for happening in &all {
            at += SignedDuration::from_secs(7);
            match happening {
                Happens::Turns { alarm: index, up, late, .. } => {
                    let state = if *up { AlarmState::Alarm } else { AlarmState::Ok };
                    sent.push(alarm(ALARMS[*index], state, at, false));
                    at += SignedDuration::from_secs(*late);
                }
                Happens::Passes(minutes) => at += SignedDuration::from_mins(*minutes),
                Happens::DeploymentFails | Happens::Look | Happens::RunEnds => {}
            }
        }
        house.runs_end();
        house.now += SignedDuration::from_mins(61);
        let before = house.started.len();
        if !sent.is_empty() {
            for index in order {
                house.comes(index.get(&sent));
            }
        }
        prop_assert_eq!(house.started.len(), before);
    }

    /// The only recovery that can lose data starts on two signals that look at different things, and never on the word of a
    /// schedule, a deployment or a zone. (That its machine asks a person before it promotes is held by tests/machine_contract.)
    #[test]
    fn what_can_lose_data_needs_two_independent_signals(all in prop::collection::vec(happens(), 1..60), deployed: bool) {
        let mut house = House::new(deployed);
        house.live(&all);
        let system = shop();
        for (region, run) in house.started.iter().filter(|(_, run)| run.recovery.crosses_regions()) {
            prop_assert_eq!(region, "eu-west-1");
            prop_assert_eq!(run.recovery, Recovery::FailOverRegion);
            let watched: BTreeSet<Option<Watches>> = system
                .alarms
                .iter()
                .filter(|(name, _)| run.because.contains(name.as_str()))
                .map(|(_, declared)| declared.watches)
                .collect();
            prop_assert!(watched.len() >= 2, "{}", run.because);
        }
    }
}

/// Ten thousand alarms of every kind in a minute are one incident.
#[test]
fn a_storm_is_one_incident() {
    let mut house = House::new(false);
    for n in 0..10_000usize {
        if n % 200 == 0 {
            house.now += SignedDuration::from_secs(1);
        }
        // The alarms of the primary Region; each turns once, and its event comes again and again.
        let up = alarm(ALARMS[n % 7], AlarmState::Alarm, now(), false);
        house.comes(&up);
    }
    assert_eq!(house.started.len(), 1, "{:?}", house.started);
}
