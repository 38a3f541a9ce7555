//! What can be asked of a web tier, and what happens to it later.

use domain::names::Region;

use super::{Action, Lifecycle, Refusal, Step, Target};
use crate::facts;
use crate::timeline::Actor;
use crate::world::{AWAY, Change, World};

impl World {
    /// Somebody changes a group's size. What is left out stays, moved into the new bounds where it must be.
    /// Source of the rules: EC2 Auto Scaling API, UpdateAutoScalingGroup.
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
        (web.min, web.max, web.desired) = (least, most, wanted);
        if wanted >= web.needed && index == AWAY {
            self.moments.capacity_raised.get_or_insert(self.now);
        }
        self.reconcile(index);
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
        for (after, step) in web.reconcile(now, &mut self.dice) {
            self.enter(now + after, Change::Web(site, step));
        }
    }

    /// Something happens in a group.
    pub(in crate::world) fn web_steps(&mut self, site: usize, step: Step) {
        let now = self.now;
        let Some(web) = &mut self.sites[site].web else {
            return;
        };
        match step {
            Step::Booted(id) => {
                let Some(instance) = web.instance_mut(&id).filter(|i| i.target == Target::Unused) else {
                    return;
                };
                (instance.lifecycle, instance.target) = (Lifecycle::InService, Target::Initial);
                if let Some(activity) = web.activities.iter_mut().find(|activity| activity.id == id) {
                    (activity.ended, activity.status) = (Some(now), "Successful");
                }
                let passes = self.dice.draw(&facts::TARGET_HEALTHY).as_millis();
                self.enter(now + passes, Change::Web(site, Step::Passed(id)));
            }
            Step::Passed(id) => {
                let Some(instance) = web.instance_mut(&id).filter(|i| i.target == Target::Initial) else {
                    return;
                };
                instance.target = Target::Healthy;
                let (healthy, needed) = (web.healthy(), web.needed);
                let region = self.sites[site].region.clone();
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
            Step::Notice => {
                web.instances
                    .retain(|instance| instance.target != Target::Unhealthy);
                self.reconcile(site);
            }
            Step::Retry => self.reconcile(site),
        }
    }
}
