use std::collections::BTreeMap;

use domain::names::Zone;
use domain::steps::region::GroupSize;
use jiff::SignedDuration;

use super::*;

/// Six instances, three days old and well.
struct Scene {
    web: WebTier,
    group: GroupObserved,
    states: BTreeMap<String, State>,
    history: History,
}

fn now() -> Timestamp {
    Timestamp::from_second(1_790_838_960).expect("in range")
}

fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

fn id(index: usize) -> String {
    format!("i-{index}")
}

impl Scene {
    fn well() -> Self {
        let members = (1..=6).map(|index| Member {
            id: id(index),
            zone: Zone("eu-central-1a".to_owned()),
            stage: Stage::InService,
            healthy: true,
        });
        Self {
            web: WebTier {
                group: "shop-web".to_owned(),
                target_group: "t".to_owned(),
                load_balancer: None,
                instances: 5,
                max_instances: 12,
                zones: BTreeMap::new(),
                subnets: BTreeMap::new(),
            },
            group: GroupObserved {
                size: GroupSize {
                    min: 2,
                    desired: 6,
                    max: 12,
                },
                in_service: 6,
                members: members.collect(),
                grace: SignedDuration::from_mins(2),
                newest_failure: None,
                suspended: BTreeSet::new(),
                subnets: Default::default(),
            },
            states: (1..=6).map(|index| (id(index), State::Healthy)).collect(),
            history: History::default(),
        }
    }

    /// Those targets are unhealthy.
    fn sick(mut self, these: &[usize]) -> Self {
        self.states
            .extend(these.iter().map(|index| (id(*index), State::Unhealthy)));
        self
    }

    /// That one was launched so many minutes ago.
    fn launched(mut self, index: usize, minutes: i64) -> Self {
        self.history.launched.insert(id(index), ago(minutes));
        self
    }

    /// Those were replaced within the last hour.
    fn replaced(mut self, these: &[&str]) -> Self {
        let half_an_hour_ago = these.iter().map(|id| ((*id).to_owned(), ago(30)));
        self.history.replaced.extend(half_an_hour_ago);
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn judged(&self) -> Result<Judgement> {
        let count = |state| u32::try_from(self.states.values().filter(|found| **found == state).count());
        let targets = TargetsObserved {
            healthy: count(State::Healthy).expect("few"),
            unhealthy: count(State::Unhealthy).expect("few"),
            states: self.states.clone(),
            ..TargetsObserved::default()
        };
        judge(&Found {
            web: &self.web,
            per_hour: 4,
            group: &self.group,
            targets: &targets,
            history: &self.history,
            now: now(),
        })
    }

    /// What it is, and the instances or the words of the refusal.
    fn said(&self) -> (&'static str, String) {
        match self.judged() {
            Ok(Judgement {
                verdict: Verdict::Act,
                instances,
                ..
            }) => ("act", instances.join(" ")),
            Ok(judgement) => ("stand-down", judgement.because),
            Err(error) => (error.name(), error.to_string()),
        }
    }
}

#[test]
fn what_is_seen_says_what_to_do() {
    let member = |index: usize, scene: &mut Scene, change: fn(&mut Member)| {
        change(&mut scene.group.members[index - 1])
    };
    let table = [
        (
            "all are well",
            Scene::well(),
            "stand-down",
            "no instance is unhealthy",
        ),
        ("two targets fail", Scene::well().sick(&[1, 4]), "act", "i-1 i-4"),
        (
            "the group's own check fails",
            Scene::well().with(|scene| member(2, scene, |member| member.healthy = false)),
            "act",
            "i-2",
        ),
        (
            "the group is at it already",
            Scene::well().with(|scene| {
                member(2, scene, |member| {
                    (member.healthy, member.stage) = (false, Stage::Leaving)
                });
            }),
            "act",
            "i-2",
        ),
        (
            "one leaves because it is not needed any more",
            Scene::well().with(|scene| {
                member(2, scene, |member| member.stage = Stage::Leaving);
                scene.states.insert(id(2), State::Draining);
            }),
            "stand-down",
            "no instance is unhealthy",
        ),
        (
            "one in a warm pool is stopped",
            Scene::well().with(|scene| {
                member(2, scene, |member| {
                    (member.healthy, member.stage) = (false, Stage::Aside)
                });
                scene.states.remove("i-2");
            }),
            "stand-down",
            "no instance is unhealthy",
        ),
        (
            "as many as may be",
            Scene::well().sick(&[1, 2, 3, 4]),
            "act",
            "i-1 i-2 i-3 i-4",
        ),
        (
            "more than may be",
            Scene::well().sick(&[1, 2, 3, 4, 5]),
            Error::UNSAFE,
            "0 were replaced within the last hour and 5 more would be",
        ),
        (
            "with those of the last hour, as many as may be",
            Scene::well().sick(&[1, 2]).replaced(&["i-8", "i-9"]),
            "act",
            "i-1 i-2",
        ),
        (
            "with those of the last hour, more than may be",
            Scene::well().sick(&[1, 2]).replaced(&["i-7", "i-8", "i-9"]),
            Error::UNSAFE,
            "`per-hour` in [policy.replace-instances]",
        ),
        (
            "what the group is replacing already counts once",
            Scene::well().sick(&[1]).replaced(&["i-1", "i-7", "i-8", "i-9"]),
            "act",
            "i-1",
        ),
        (
            "more happened than can be read",
            Scene::well()
                .sick(&[1])
                .with(|scene| scene.history.cut_off = true),
            Error::UNSAFE,
            "0 at least were replaced",
        ),
        (
            "a new instance is unhealthy too",
            Scene::well().sick(&[1, 6]).launched(6, 10),
            Error::UNSAFE,
            "new instances are unhealthy too: i-6",
        ),
        (
            "only new instances are unhealthy",
            Scene::well().sick(&[5, 6]).launched(5, 6).launched(6, 10),
            Error::UNSAFE,
            "i-5, i-6",
        ),
        (
            "a new instance was unhealthy and is gone",
            Scene::well().sick(&[1]).launched(9, 6).replaced(&["i-9"]),
            Error::UNSAFE,
            "i-9",
        ),
        (
            "a new instance has not had time to boot",
            Scene::well().sick(&[1, 6]).launched(6, 1),
            "act",
            "i-1",
        ),
        (
            "an instance has not had the time that its group gives it",
            Scene::well()
                .sick(&[1, 6])
                .launched(6, 8)
                .with(|scene| scene.group.grace = SignedDuration::from_mins(10)),
            "act",
            "i-1",
        ),
        (
            "it came in the place of one that was given up",
            Scene::well().sick(&[1, 6]).launched(6, 29).replaced(&["i-9"]),
            Error::UNSAFE,
            "new instances are unhealthy too: i-6",
        ),
        (
            "it was there before one was given up",
            Scene::well().sick(&[1, 6]).launched(6, 31).replaced(&["i-9"]),
            "act",
            "i-1 i-6",
        ),
        (
            "nothing else is unhealthy",
            Scene::well().sick(&[6]).launched(6, 1),
            "stand-down",
            "no instance is unhealthy, but i-6, which may still be starting",
        ),
        (
            "an instance is not new any more",
            Scene::well().sick(&[6]).launched(6, 16),
            "act",
            "i-6",
        ),
        (
            "a new instance that is well",
            Scene::well().sick(&[1]).launched(6, 10),
            "act",
            "i-1",
        ),
        (
            "all are unhealthy",
            Scene::well().sick(&[1, 2, 3, 4, 5, 6]),
            Error::UNSAFE,
            "no target is healthy (0 healthy, 6 unhealthy)",
        ),
        (
            "there are no targets",
            Scene::well().with(|scene| scene.states.clear()),
            Error::UNSAFE,
            "no target is healthy (0 healthy)",
        ),
        (
            "the unhealthy target is none of the group's",
            Scene::well().with(|scene| {
                scene.states.insert("i-77".to_owned(), State::Unhealthy);
            }),
            Error::NOT_YET,
            "not an instance of group shop-web (any more): i-77",
        ),
        (
            "the group cannot launch",
            Scene::well()
                .sick(&[1])
                .with(|scene| scene.history.failing = Some("at 7: no capacity".to_owned())),
            Error::UNSAFE,
            "cannot launch instances, so replacing would only take some away: at 7: no capacity",
        ),
    ];
    for (case, scene, verdict, words) in table {
        let (found, said) = scene.said();
        assert_eq!(found, verdict, "{case}: {said}");
        assert!(said.contains(words), "{case}: {said}");
    }
}

#[test]
fn a_process_that_replacing_needs_must_not_be_suspended() {
    for (process, expected) in [
        ("Launch", Error::UNSAFE),
        ("Terminate", Error::UNSAFE),
        ("ReplaceUnhealthy", Error::UNSAFE),
        ("AZRebalance", "act"),
    ] {
        let suspended = |scene: &mut Scene| {
            scene.group.suspended.insert(process.to_owned());
        };
        let (found, said) = Scene::well().sick(&[1]).with(suspended).said();
        assert_eq!(found, expected, "{process}: {said}");
        // Where there is nothing to do it does not matter.
        assert_eq!(Scene::well().with(suspended).said().0, "stand-down");
    }
}

#[test]
fn as_many_are_needed_as_serve_all_users_or_as_are_wanted() {
    for (instances, desired, needed) in [(5, 6, 6), (6, 4, 6)] {
        let scene = Scene::well().sick(&[1]).with(|scene| {
            scene.web.instances = instances;
            scene.group.size.desired = desired;
        });
        assert_eq!(scene.judged().expect("act").needed, needed);
    }
}
