//! A group that is spread over zones which are known one by one: balanced, and never smaller while it moves.
//!
//! Source: EC2 Auto Scaling User Guide, auto-scaling-benefits ("Instance distribution" and "Rebalancing activities"): a
//! group keeps its instances balanced over its zones; where a zone is lost it launches in the others; and when it
//! rebalances, it launches before it terminates, for which it may exceed its maximum by a tenth, or by one.

use super::{Activity, Checks, DIFFERENCE, Dead, Instance, Lifecycle, Step, Target, Web, count};
use crate::dice::Dice;
use crate::facts;
use crate::world::Ms;

impl Web {
    /// Makes a balanced group as large as it wants to be. What follows is to be done later.
    pub(super) fn reconcile_zones(&mut self, now: Ms, dice: &mut Dice) -> Vec<(Ms, Step)> {
        let mut later = Vec::new();
        loop {
            let (placed, misplaced) = (self.placed(), self.misplaced());
            let all = count(placed.iter()) + count(misplaced.iter());
            let limit = if misplaced.is_empty() {
                self.desired
            } else {
                self.max + (self.max / 10).max(1)
            };
            if count(placed.iter()) >= self.desired || all >= limit {
                break;
            }
            let zone = self.emptiest_zone().filter(|_| self.room != Some(0));
            let Some(zone) = zone else {
                self.note_shortage(now);
                later.push((dice.draw(&facts::LAUNCH_RETRIED).as_millis(), Step::Retry));
                break;
            };
            self.room = self.room.map(|room| room - 1);
            let instance = self.launch_in(zone, now);
            self.note_launch(&instance, DIFFERENCE);
            let boots = dice.draw(&facts::INSTANCE_BOOTS).as_millis();
            later.push((boots, Step::Booted(instance.id.clone())));
            self.instances.push(instance);
        }
        for id in self.surplus() {
            later.extend(self.terminate(&id, DIFFERENCE, now, dice));
        }
        later
    }

    /// The open zone with the fewest instances.
    pub(super) fn emptiest_zone(&self) -> Option<String> {
        let here = |zone: &str| count(self.staying().filter(|instance| instance.zone == zone));
        self.zones.open().min_by_key(|zone| here(zone)).map(str::to_owned)
    }

    /// An instance is drained and shut down.
    pub(super) fn terminate(
        &mut self,
        id: &str,
        cause: &str,
        now: Ms,
        dice: &mut Dice,
    ) -> Option<(Ms, Step)> {
        let instance = self
            .instance_mut(id)
            .filter(|instance| instance.lifecycle != Lifecycle::Terminating)?;
        instance.lifecycle = Lifecycle::Terminating;
        if instance.target != Target::Unused {
            instance.target = Target::Draining;
        }
        self.note(Activity {
            id: format!("{id}-ends"),
            at: now,
            ended: None,
            status: "InProgress",
            description: format!("Terminating EC2 instance: {id}"),
            cause: cause.to_owned(),
            status_message: None,
        });
        let gone = dice.draw(&facts::TERMINATES).as_millis();
        Some((gone, Step::Gone(id.to_owned())))
    }

    /// The instances that the group's own checks see as unhealthy, and the words in which it says so.
    /// Source of the words: EC2 Auto Scaling User Guide, ts-as-healthchecks.
    pub(super) fn noticed(&self) -> Vec<(String, &'static str)> {
        let seen = |instance: &Instance| match (instance.dead, self.checks) {
            (Some(Dead::Host), _) => Some(
                "an instance was taken out of service in response to an EC2 health check indicating it has been \
                 terminated or stopped",
            ),
            (_, Checks::Elb) if instance.target == Target::Unhealthy => {
                Some("an instance was taken out of service in response to an ELB system health check failure")
            }
            (_, Checks::Ec2 | Checks::Elb) => None,
        };
        self.staying()
            .filter_map(|instance| Some((instance.id.clone(), seen(instance)?)))
            .collect()
    }

    /// Everything in a zone is gone. Says which instances died.
    pub(in crate::world) fn lose_zone(&mut self, zone: &str) -> Vec<String> {
        let there = self.instances.iter_mut().filter(|instance| instance.zone == zone);
        there
            .map(|instance| {
                instance.dead = Some(Dead::Host);
                instance.id.clone()
            })
            .collect()
    }

    /// A zone is back: what the group has not given up works again. Says which instances do.
    pub(in crate::world) fn regain_zone(&mut self, zone: &str) -> Vec<String> {
        let there = self.instances.iter_mut().filter(|instance| {
            instance.zone == zone
                && instance.dead == Some(Dead::Host)
                && instance.lifecycle != Lifecycle::Terminating
        });
        there
            .map(|instance| {
                instance.dead = None;
                if instance.target == Target::Unhealthy {
                    instance.target = Target::Initial;
                }
                instance.id.clone()
            })
            .collect()
    }

    /// The newest instances break, in a way that EC2 does not see. Says which ones.
    pub(in crate::world) fn break_newest(&mut self, how_many: u32) -> Vec<String> {
        let alive = self
            .instances
            .iter_mut()
            .rev()
            .filter(|instance| instance.dead.is_none() && instance.lifecycle == Lifecycle::InService);
        alive
            .take(how_many as usize)
            .map(|instance| {
                instance.dead = Some(Dead::Instance);
                instance.id.clone()
            })
            .collect()
    }

    /// The instances that are not on their way out.
    pub(in crate::world) fn staying(&self) -> impl Iterator<Item = &Instance> {
        let stays = |instance: &&Instance| instance.lifecycle != Lifecycle::Terminating;
        self.instances.iter().filter(stays)
    }

    /// How many instances each open zone of a balanced group holds: as many as every other, and the rest where there are
    /// most already. Two zones of it never differ by more than one.
    fn shares(&self) -> Vec<(&str, usize)> {
        let here = |zone: &str| count(self.staying().filter(|instance| instance.zone == zone));
        let mut zones: Vec<&str> = self.zones.open().collect();
        zones.sort_by_key(|zone| std::cmp::Reverse(here(zone)));
        let (desired, all) = (self.desired as usize, zones.len().max(1));
        let rest = desired % all;
        let share = |(index, zone)| (zone, desired / all + usize::from(index < rest));
        zones.into_iter().enumerate().map(share).collect()
    }

    /// The instances that are where the group wants them, oldest first.
    fn placed(&self) -> Vec<&Instance> {
        self.shares()
            .into_iter()
            .flat_map(|(zone, share)| {
                let there = self.staying().filter(move |instance| instance.zone == zone);
                there.take(share)
            })
            .collect()
    }

    /// Those that are elsewhere: in a zone that the group has left, in a lost one, or too many in one.
    fn misplaced(&self) -> Vec<&Instance> {
        let placed: Vec<&str> = self.placed().iter().map(|i| i.id.as_str()).collect();
        self.staying()
            .filter(|instance| !placed.contains(&instance.id.as_str()))
            .collect()
    }

    /// The instances that are too many: misplaced ones as soon as others are in service in their place, and the newest
    /// of the rest.
    fn surplus(&self) -> Vec<String> {
        let (placed, misplaced) = (self.placed(), self.misplaced());
        let serving = placed
            .iter()
            .filter(|instance| instance.lifecycle == Lifecycle::InService && instance.dead.is_none());
        let spare = (count(serving) + count(misplaced.iter())).saturating_sub(self.desired);
        let mut surplus: Vec<String> = misplaced
            .iter()
            .take(spare as usize)
            .map(|instance| instance.id.clone())
            .collect();
        let rest = misplaced.len() - surplus.len();
        let too_many = (placed.len() + rest).saturating_sub(self.desired.max(1) as usize);
        if rest == 0 {
            let newest = placed.iter().rev().take(too_many);
            surplus.extend(newest.map(|instance| instance.id.clone()));
        }
        surplus
    }
}
