//! What can be asked of a web tier, and what happens to it later.

use domain::names::Region;

use super::{Action, Dead, Lifecycle, Refusal, Step, Target};
use crate::facts;
use crate::timeline::Actor;
use crate::world::invariant::Invariant;
use crate::world::{AWAY, Change, World, envelope};

/// What a group is asked to be. What is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `MinSize`
    pub min: Option<u32>,
    /// `DesiredCapacity`
    pub desired: Option<u32>,
    /// `MaxSize`
    pub max: Option<u32>,
    /// `VPCZoneIdentifier`, taken apart.
    pub subnets: Option<Vec<String>>,
}

impl World {
    /// Somebody changes a group's size. What is left out stays, moved into the new bounds where it must be.
    ///
    /// # Errors
    /// `Validation`.
    pub fn update_group(
        &mut self,
        region: &Region,
        name: &str,
        min: Option<u32>,
        desired: Option<u32>,
        max: Option<u32>,
    ) -> Result<(), Refusal> {
        let wanted = Wanted {
            min,
            desired,
            max,
            subnets: None,
        };
        self.change_group(region, name, &wanted)
    }

    /// Somebody changes a group. What is left out stays, moved into the new bounds where it must be.
    /// Source of the rules: EC2 Auto Scaling API, UpdateAutoScalingGroup.
    ///
    /// # Errors
    /// `Validation`.
    pub fn change_group(&mut self, region: &Region, name: &str, asked: &Wanted) -> Result<(), Refusal> {
        let &Wanted {
            min, desired, max, ..
        } = asked;
        let missing = || Refusal::Validation("AutoScalingGroup name not found - null".to_owned());
        let index = self.index_of(region).ok_or_else(missing)?;
        let web = self.sites[index]
            .web
            .as_mut()
            .filter(|web| web.group == name)
            .ok_or_else(missing)?;
        let (least, most) = (min.unwrap_or(web.min), max.unwrap_or(web.max));
        if least > most {
            return Err(Refusal::Validation(format!(
                "Max bound, {most}, must be greater than or equal to min bound, {least}"
            )));
        }
        let wanted = match desired {
            Some(desired) if !(least..=most).contains(&desired) => {
                return Err(Refusal::Validation(format!(
                    "Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}"
                )));
            }
            Some(desired) => desired,
            None => web.desired.clamp(least, most),
        };
        if let Some(subnets) = &asked.subnets {
            let known = |subnet: &String| web.zones.subnets.values().any(|known| known == subnet);
            if let Some(unknown) = subnets.iter().find(|subnet| !known(subnet)) {
                return Err(Refusal::Validation(format!(
                    "The subnet ID '{unknown}' does not exist"
                )));
            }
            if subnets.is_empty() {
                return Err(Refusal::Validation(
                    "At least one Availability Zone or VPC Subnet is required.".to_owned(),
                ));
            }
            web.zones.used.clone_from(subnets);
        }
        (web.min, web.max, web.desired) = (least, most, wanted);
        if wanted >= web.needed && index == AWAY {
            self.moments.capacity_raised.get_or_insert(self.now);
        }
        self.reconcile(index);
        Ok(())
    }

    /// Somebody takes an instance out of its group for good. With `fewer` the group wants one less from then on.
    /// Source of the rules: EC2 Auto Scaling API, TerminateInstanceInAutoScalingGroup.
    ///
    /// # Errors
    /// `Validation`, `InProgress`.
    pub fn terminate_instance(&mut self, region: &Region, id: &str, fewer: bool) -> Result<(), Refusal> {
        let missing = || {
            Refusal::Validation(format!(
                "Instance Id not found - No managed instance found for instance ID: {id}"
            ))
        };
        let now = self.now;
        let site = self.index_of(region).ok_or_else(missing)?;
        let web = self.sites[site].web.as_mut().ok_or_else(missing)?;
        let found = web.instances.iter().find(|instance| instance.id == id);
        let instance = found.ok_or_else(missing)?;
        if instance.lifecycle == Lifecycle::Terminating {
            return Err(Refusal::InProgress(format!("{id} is being terminated already")));
        }
        if fewer && web.desired <= web.min {
            return Err(Refusal::Validation(format!(
                "Currently, desired capacity: {} and min size: {}: terminating without replacement would go below it",
                web.desired, web.min
            )));
        }
        let was_well = web.target_of(instance) == Target::Healthy && instance.dead.is_none();
        web.desired -= u32::from(fewer);
        let cause = format!("instance {id} was taken out of service in response to a user request");
        let gone = web.terminate(id, &cause, now, &mut self.dice);
        if let Some((after, step)) = gone {
            self.enter(now + after, Change::Web(site, step));
        }
        // What a recovery promises: it never takes away what serves.
        self.ledger.demand(Invariant::NoWorse, now, !was_well, || {
            format!("{id} was terminated while it served users")
        });
        self.reconcile(site);
        Ok(())
    }

    /// Somebody changes what a listener does.
    ///
    /// # Errors
    /// `ListenerNotFound`.
    pub fn set_listener(&mut self, region: &Region, listener: &str, action: Action) -> Result<(), Refusal> {
        let missing = || Refusal::ListenerNotFound(format!("One or more listeners not found: {listener}"));
        let index = self.index_of(region).ok_or_else(missing)?;
        let web = self.sites[index]
            .web
            .as_mut()
            .filter(|web| web.listener == listener)
            .ok_or_else(missing)?;
        web.action = action;
        Ok(())
    }

    /// A group acts on what it wants.
    pub(in crate::world) fn reconcile(&mut self, site: usize) {
        let now = self.now;
        let Some(web) = &mut self.sites[site].web else {
            return;
        };
        let later = if web.zones.are_declared() {
            web.reconcile_zones(now, &mut self.dice)
        } else {
            web.reconcile(now, &mut self.dice)
        };
        for (after, step) in later {
            self.enter(now + after, Change::Web(site, step));
        }
    }

    /// The load balancer's checks will see that these targets do not answer.
    pub(in crate::world) fn targets_will_fail(&mut self, site: usize, ids: Vec<String>) {
        for id in ids {
            let after = self.dice.draw(&facts::TARGET_FAILS).as_millis();
            self.enter(self.now + after, Change::Web(site, Step::Fails(id)));
        }
    }

    /// The group's own checks will look at its instances.
    pub(in crate::world) fn group_will_notice(&mut self, site: usize) {
        let after = self.dice.draw(&facts::GROUP_NOTICES).as_millis();
        self.enter(self.now + after, Change::Web(site, Step::Notice));
    }

    /// Something happens in a group.
    pub(in crate::world) fn web_steps(&mut self, site: usize, step: Step) {
        let Some(web) = &mut self.sites[site].web else {
            return;
        };
        match step {
            Step::Booted(id) => self.booted(site, &id),
            Step::Passed(id) => self.passed(site, &id),
            Step::Notice if web.zones.are_declared() => self.notice(site),
            Step::Notice => {
                web.instances
                    .retain(|instance| instance.target != Target::Unhealthy);
                self.reconcile(site);
            }
            Step::Retry => self.reconcile(site),
            Step::Fails(id) => {
                let by_elb = web.checks == super::Checks::Elb;
                let found = web
                    .instance_mut(&id)
                    .filter(|i| i.dead.is_some() && matches!(i.target, Target::Healthy | Target::Initial));
                if let Some(instance) = found {
                    instance.target = Target::Unhealthy;
                    if by_elb {
                        self.group_will_notice(site);
                    }
                }
            }
            Step::Gone(id) => self.gone(site, &id),
            Step::Followed(id) => self.shift_followed(site, &id),
            Step::Expires(id) => self.shift_expires(site, &id),
        }
    }

    fn booted(&mut self, site: usize, id: &str) {
        let now = self.now;
        let Some(web) = &mut self.sites[site].web else {
            return;
        };
        let (boots_well, release) = (web.boots_well, web.release.clone());
        let zone_lost = web
            .instances
            .iter()
            .any(|instance| instance.id == id && web.zones.is_lost(&instance.zone));
        let Some(instance) = web
            .instance_mut(id)
            .filter(|i| i.target == Target::Unused && i.lifecycle == Lifecycle::Pending)
        else {
            return;
        };
        (instance.lifecycle, instance.target) = (Lifecycle::InService, Target::Initial);
        // CodeDeploy brings a new instance to what was deployed with success last.
        // Source: CodeDeploy User Guide, integrations-aws-auto-scaling.
        instance.release = release;
        if !boots_well {
            instance.dead = Some(Dead::Instance);
        }
        if zone_lost {
            instance.dead = Some(Dead::Host);
        }
        if let Some(activity) = web.activities.iter_mut().find(|activity| activity.id == id) {
            (activity.ended, activity.status) = (Some(now), "Successful");
        }
        let (dead, declared) = (
            web.instances.iter().any(|i| i.id == id && i.dead.is_some()),
            web.zones.are_declared(),
        );
        if dead {
            self.targets_will_fail(site, vec![id.to_owned()]);
        } else {
            let passes = self.dice.draw(&facts::TARGET_HEALTHY).as_millis();
            self.enter(now + passes, Change::Web(site, Step::Passed(id.to_owned())));
        }
        if declared {
            let spike = self.moments.load_rose;
            if spike.is_some() {
                self.moments.more_in_service.get_or_insert(now);
            }
            self.emit_scaling(site, id, envelope::Scaling::Launched);
            self.reconcile(site);
        }
    }

    fn passed(&mut self, site: usize, id: &str) {
        let now = self.now;
        let Some(web) = &mut self.sites[site].web else {
            return;
        };
        let Some(instance) = web.instance_mut(id).filter(|i| i.target == Target::Initial) else {
            return;
        };
        if instance.dead.is_some() {
            instance.target = Target::Unhealthy;
            return;
        }
        instance.target = Target::Healthy;
        let breaks = instance.release.as_ref().is_some_and(|release| release.breaks);
        let (healthy, needed) = (web.healthy(), web.needed);
        let region = self.sites[site].region.clone();
        if breaks {
            self.revision_will_break(site, vec![id.to_owned()]);
        }
        if healthy == needed {
            self.say(
                Actor::World,
                format!("{healthy} targets are healthy in {region}, as many as are needed"),
            );
            if site == AWAY && self.moments.shift_accepted.is_none() {
                self.moments.capacity_healthy = Some(now);
            }
        }
    }

    /// The group replaces what its own checks see as unhealthy.
    fn notice(&mut self, site: usize) {
        let now = self.now;
        let Some(web) = &mut self.sites[site].web else {
            return;
        };
        let noticed = web.noticed();
        if noticed.is_empty() {
            return;
        }
        let line = format!(
            "{} replaces {} instances that it finds dead",
            web.group,
            noticed.len()
        );
        for (id, cause) in noticed {
            let Some(web) = &mut self.sites[site].web else {
                return;
            };
            if let Some((after, step)) = web.terminate(&id, cause, now, &mut self.dice) {
                self.enter(now + after, Change::Web(site, step));
            }
        }
        self.say(Actor::World, line);
        self.reconcile(site);
    }

    fn gone(&mut self, site: usize, id: &str) {
        let now = self.now;
        let Some(web) = &mut self.sites[site].web else {
            return;
        };
        let ends = format!("{id}-ends");
        if let Some(activity) = web.activities.iter_mut().find(|activity| activity.id == ends) {
            (activity.ended, activity.status) = (Some(now), "Successful");
        }
        self.emit_scaling(site, id, envelope::Scaling::Terminated);
        if let Some(web) = &mut self.sites[site].web {
            web.instances.retain(|instance| instance.id != id);
        }
        self.reconcile(site);
    }
}
