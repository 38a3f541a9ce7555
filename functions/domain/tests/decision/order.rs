//! What must be true in whatever order signals come, however often, however late.

use std::collections::{BTreeMap, BTreeSet};

use domain::decision::{Known, Verdict, decide, health, systems_of};
use domain::facts::{Deployment, DeploymentStatus, Facts};
use domain::journal::{AlarmSeen, Incident, Lock, Outcome, View, lease};
use domain::names::{Epoch, IncidentId, Recovery};
use domain::steps::Run;
use domain::system::{Systems, Watches};
use events::{AlarmState, Signal, Subject};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::language::{alarm, aws_health, now, shop, signal};

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

/// Of these AWS Health has issues; of the last one nothing is declared.
const SERVICES: [&str; 3] = ["EC2", "RDS", "SAGEMAKER"];

const STANDBY: &str = "eu-west-1";

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
    /// AWS Health says that an issue of a service is open or over, and that comes that many seconds later, so many times,
    /// to both Regions: its own copy to the one, the backup Region's to the other.
    Health {
        service: usize,
        open: bool,
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
        2 => (0..SERVICES.len(), any::<bool>(), 0i64..90, 1usize..3)
            .prop_map(|(service, open, late, times)| Happens::Health { service, open, late, times }),
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
        self.comes_to(&signal.region, signal);
    }

    /// The same in the Region whose bus it reached.
    fn comes_to(&mut self, region: &str, signal: &Signal) {
        let view = self.journals.entry(region.to_owned()).or_default();
        if let Subject::Health(event) = &signal.subject
            && let Some(system) = systems_of(signal, &self.systems).first()
            && let Some(seen) = health::noted(signal, event, system, self.now)
        {
            let noted = view
                .health
                .entry(event.arn.clone())
                .or_insert_with(|| seen.clone());
            if seen.replaces(noted) {
                *noted = seen;
            }
        }
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
        self.started.push((region.to_owned(), run));
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
                    left: None,
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
                Happens::Health {
                    service,
                    open,
                    late,
                    times,
                } => {
                    let signal = aws_health(SERVICES[*service], *open, self.now);
                    self.now += SignedDuration::from_secs(*late);
                    for _ in 0..*times {
                        self.comes(&signal);
                        self.comes_to(STANDBY, &signal);
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
                Happens::Health { service, open, late, .. } => {
                    sent.push(aws_health(SERVICES[*service], *open, at));
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
                let signal: &Signal = index.get(&sent);
                house.comes(signal);
                if matches!(signal.subject, Subject::Health(_)) {
                    house.comes_to(STANDBY, signal);
                }
            }
        }
        prop_assert_eq!(house.started.len(), before);
    }

    /// The only recovery that can lose data starts on two signals that look at different things, one of them an alarm of the
    /// system's own, and never on the word of a schedule, a deployment, a zone, or AWS Health alone. (That its machine asks a person before it promotes is held by tests/machine_contract.)
    #[test]
    fn what_can_lose_data_needs_two_independent_signals(all in prop::collection::vec(happens(), 1..60), deployed: bool) {
        let mut house = House::new(deployed);
        house.live(&all);
        let system = shop();
        for (region, run) in house.started.iter().filter(|(_, run)| run.recovery.crosses_regions()) {
            prop_assert_eq!(region, STANDBY);
            prop_assert_eq!(run.recovery, Recovery::FailOverRegion);
            let watched: BTreeSet<Option<Watches>> = system
                .alarms
                .iter()
                .filter(|(name, _)| run.because.contains(name.as_str()))
                .map(|(_, declared)| declared.watches)
                .collect();
            let aws = usize::from(run.because.contains("AWS Health"));
            prop_assert!(!watched.is_empty() && watched.len() + aws >= 2, "{}", run.because);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whichever comes last completes the picture, and it is the same incident: alarms, AWS Health, its copies.
    #[test]
    fn the_order_of_alarms_and_aws_health_makes_no_difference(
        order in Just(vec![0usize, 1, 2, 3, 3]).prop_shuffle(), second in any::<bool>(),
    ) {
        let (rose, said) = (now() - SignedDuration::from_secs(90), now() - SignedDuration::from_secs(30));
        let mut house = House::new(false);
        for which in order {
            house.now += SignedDuration::from_secs(5);
            match which {
                0 => house.comes(&alarm("unreachable", AlarmState::Alarm, rose, false)),
                // Looks at the same thing, or at another one.
                1 if second => house.comes(&alarm("users-elsewhere", AlarmState::Alarm, said, false)),
                1 => house.comes(&alarm("also-unreachable", AlarmState::Alarm, said, false)),
                2 => house.comes_to(STANDBY, &aws_health("EC2", true, said)),
                _ => house.comes_to(STANDBY, &aws_health("RDS", true, said)),
            }
        }
        prop_assert_eq!(house.started.len(), 1, "{:?}", house.started);
        let (region, run) = &house.started[0];
        prop_assert_eq!((region.as_str(), run.recovery), (STANDBY, Recovery::FailOverRegion));
    }

    /// An issue that goes on, told as often and in as many copies as AWS likes, starts nothing beside anything but an alarm
    /// that means region-down.
    #[test]
    fn aws_health_starts_nothing_by_itself(all in prop::collection::vec(happens(), 1..60), deployed: bool) {
        let region_down = ["unreachable", "users-elsewhere"];
        let others: Vec<Happens> = all
            .into_iter()
            .filter(|happens| !matches!(happens, Happens::Turns { alarm, .. } if region_down.contains(&ALARMS[*alarm])))
            .collect();
        let started = |all: &[Happens]| {
            let mut house = House::new(deployed);
            house.live(all);
            house.started.into_iter().map(|(region, run)| (region, run.incident)).collect::<Vec<_>>()
        };
        let quiet: Vec<Happens> = others
            .iter()
            .map(|happens| match happens {
                // Of a service that does not count: time passes alike.
                Happens::Health { late, times, .. } => Happens::Health { service: 2, open: false, late: *late, times: *times },
                other => other.clone(),
            })
            .collect();
        prop_assert_eq!(started(&others), started(&quiet));
    }
}

/// Ten thousand copies of what AWS Health says, and one alarm among them, are one incident.
#[test]
fn a_storm_of_aws_health_is_one_incident() {
    let mut house = House::new(false);
    for n in 0..10_000usize {
        if n % 200 == 0 {
            house.now += SignedDuration::from_secs(1);
        }
        let issue = aws_health(SERVICES[n % 2], true, now());
        house.comes(&issue);
        house.comes_to(STANDBY, &issue);
        if n == 5_000 {
            assert!(house.started.is_empty(), "{:?}", house.started);
            house.comes(&alarm("unreachable", AlarmState::Alarm, now(), false));
        }
    }
    assert_eq!(house.started.len(), 1, "{:?}", house.started);
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
