//! How a deployment rolls over the instances.

use super::{Behaviour, Deployment, HEALTH_CONSTRAINTS, OnInstance, Status, signed};
use crate::facts;
use crate::timeline::Actor;
use crate::world::web::{Dead, Lifecycle, Target};
use crate::world::{Change, HOME, World, envelope};

/// Something that happens to a deployment later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::world) enum Step {
    /// It begins.
    Begins(String),
    /// A batch of instances has been deployed to.
    Deployed(String),
    /// It has stopped, as it was told to.
    Stops(String),
    /// A revision has broken the targets on these instances.
    Breaks(Vec<String>),
}

impl World {
    pub(in crate::world) fn deployment_steps(&mut self, step: Step) {
        let before = self.serves();
        match step {
            Step::Begins(id) => self.deployment_begins(&id),
            Step::Deployed(id) => self.batch_ends(&id),
            Step::Stops(id) => self.deployment_stops(&id),
            Step::Breaks(instances) => self.revision_breaks(&instances),
        }
        self.say_if_it_turned(before);
    }

    /// Where a deployment goes: the group's instances, those first that serve nobody.
    fn deployment_begins(&mut self, id: &str) {
        let now = signed(self.now);
        let Some(web) = &self.sites[HOME].web else { return };
        let in_service = || web.staying().filter(|i| i.lifecycle == Lifecycle::InService);
        let idle = in_service().filter(|i| web.target_of(i) != Target::Healthy);
        let busy = in_service().filter(|i| web.target_of(i) == Target::Healthy);
        let instances: Vec<(String, OnInstance)> = idle
            .chain(busy)
            .map(|instance| (instance.id.clone(), OnInstance::Pending))
            .collect();
        let Some(deployment) = self.deployment_mut(id).filter(|d| d.status == Status::Created) else {
            return;
        };
        (deployment.status, deployment.started) = (Status::InProgress, Some(now));
        deployment.instances = instances;
        self.tell_deployment(id, "START");
        self.next_batch(id);
    }

    /// Takes the next instances out of service and deploys to them; ends the deployment where there are none left, or
    /// where too few would stay healthy.
    fn next_batch(&mut self, id: &str) {
        let Some(deployment) = self.deployment(id) else {
            return;
        };
        if deployment.stopping {
            return;
        }
        let (all, failed) = (deployment.instances.len(), deployment.count(OnInstance::Failed));
        let at_once = (all / 2).max(1).saturating_sub(failed);
        let next: Vec<String> = deployment
            .instances
            .iter()
            .filter(|(_, far)| *far == OnInstance::Pending)
            .take(at_once)
            .map(|(instance, _)| instance.clone())
            .collect();
        if next.is_empty() {
            return self.deployment_ends(id);
        }
        for instance in &next {
            self.mark(id, instance, OnInstance::InProgress);
            let web = self.sites[HOME].web.as_mut();
            if let Some(instance) = web.and_then(|web| web.instance_mut(instance)) {
                // BlockTraffic. Source: CodeDeploy User Guide, integrations-aws-elastic-load-balancing.
                instance.target = Target::Draining;
            }
        }
        let took = self.dice.draw(&facts::DEPLOYED_TO).as_millis();
        self.enter(self.now + took, Change::Deployment(Step::Deployed(id.to_owned())));
    }

    fn batch_ends(&mut self, id: &str) {
        let Some(deployment) = self.deployment(id).filter(|d| d.status == Status::InProgress) else {
            return;
        };
        let (revision, batch) = (deployment.revision, in_progress(deployment));
        let Some((does, release)) = self.deployments.as_ref().and_then(|known| {
            let does = known.revisions.get(revision)?.does;
            Some((does, known.release(revision)?))
        }) else {
            return;
        };
        let mut ran = Vec::new();
        for id_of in batch {
            let web = self.sites[HOME].web.as_mut();
            let Some(instance) = web.and_then(|web| web.instance_mut(&id_of)) else {
                self.mark(id, &id_of, OnInstance::Skipped);
                continue;
            };
            if instance.lifecycle == Lifecycle::Terminating {
                self.mark(id, &id_of, OnInstance::Skipped);
                continue;
            }
            let broken = matches!(instance.dead, Some(Dead::Host | Dead::Instance));
            if broken || does == Behaviour::Fails {
                // What failed stays out of the target group: AllowTraffic is never reached.
                instance.target = Target::Unused;
                instance.dead = instance.dead.or(Some(Dead::Revision));
                instance.release = None;
                self.mark(id, &id_of, OnInstance::Failed);
                continue;
            }
            (instance.target, instance.dead) = (Target::Healthy, None);
            instance.release = Some(release.clone());
            self.mark(id, &id_of, OnInstance::Succeeded);
            ran.push(id_of);
        }
        if release.breaks && !ran.is_empty() {
            self.revision_will_break(HOME, ran);
        }
        if let Some(deployment) = self.deployment(id) {
            let line = format!(
                "CodeDeploy: {id} has succeeded on {} of {} instances, and failed on {}",
                deployment.count(OnInstance::Succeeded),
                deployment.instances.len(),
                deployment.count(OnInstance::Failed)
            );
            self.say(Actor::World, line);
        }
        self.next_batch(id);
    }

    fn deployment_ends(&mut self, id: &str) {
        let now = signed(self.now);
        let Some(deployment) = self.deployment_mut(id) else {
            return;
        };
        let counted = deployment.instances.len() - deployment.count(OnInstance::Skipped);
        let enough = counted.div_ceil(2).max(1);
        let good = deployment.count(OnInstance::Succeeded) >= enough;
        deployment.completed = Some(now);
        deployment.status = if good { Status::Succeeded } else { Status::Failed };
        deployment.error = (!good).then_some(HEALTH_CONSTRAINTS);
        for (_, far) in &mut deployment.instances {
            if *far == OnInstance::Pending {
                *far = OnInstance::Skipped;
            }
        }
        self.settle_release();
        self.tell_deployment(id, if good { "SUCCESS" } else { "FAILURE" });
    }

    fn deployment_stops(&mut self, id: &str) {
        let now = signed(self.now);
        let Some(deployment) = self.deployment_mut(id).filter(|d| !d.status.is_over()) else {
            return;
        };
        let left = in_progress(deployment);
        (deployment.status, deployment.completed) = (Status::Stopped, Some(now));
        for (_, far) in &mut deployment.instances {
            if matches!(far, OnInstance::Pending | OnInstance::InProgress) {
                *far = OnInstance::Skipped;
            }
        }
        // Where it stopped half-way, the application is stopped and no traffic is allowed.
        for id in left {
            let web = self.sites[HOME].web.as_mut();
            if let Some(instance) = web.and_then(|web| web.instance_mut(&id)) {
                instance.target = Target::Unused;
                instance.dead = instance.dead.or(Some(Dead::Revision));
            }
        }
        self.tell_deployment(id, "STOP");
    }

    /// A revision will break the targets on these instances.
    pub(in crate::world) fn revision_will_break(&mut self, site: usize, instances: Vec<String>) {
        if site == HOME {
            let after = self.dice.draw(&facts::REVISION_BREAKS).as_millis();
            self.enter(self.now + after, Change::Deployment(Step::Breaks(instances)));
        }
    }

    fn revision_breaks(&mut self, ids: &[String]) {
        let mut broken = Vec::new();
        for id in ids {
            let web = self.sites[HOME].web.as_mut();
            let found = web.and_then(|web| web.instance_mut(id));
            let breaks = |i: &&mut crate::world::web::Instance| i.release.as_ref().is_some_and(|r| r.breaks);
            if let Some(instance) = found.filter(breaks) {
                instance.dead = instance.dead.or(Some(Dead::Revision));
                broken.push(id.clone());
            }
        }
        if !broken.is_empty() {
            let line = format!("the application stops answering on {} instances", broken.len());
            self.say(Actor::World, line);
        }
        self.targets_will_fail(HOME, broken);
    }

    /// New instances get what was deployed with success last.
    pub(in crate::world) fn settle_release(&mut self) {
        let release = self.deployments.as_ref().and_then(|known| {
            let last = known.last_success()?;
            known.release(last.revision)
        });
        if let Some(web) = &mut self.sites[HOME].web {
            web.release = release;
        }
    }

    fn tell_deployment(&mut self, id: &str, state: &str) {
        let (at, region) = (self.timestamp(self.now), self.sites[HOME].region.clone());
        let Some(known) = &self.deployments else { return };
        let of = (known.application.as_str(), known.group.as_str());
        let event = envelope::deployment(&self.system, &region, of, (id, state), at, self.entered);
        self.say(Actor::World, format!("CodeDeploy: {id}: {state}"));
        self.emit_best_effort(&region, event);
    }

    fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.deployments.as_ref()?.named(id)
    }

    pub(super) fn deployment_mut(&mut self, id: &str) -> Option<&mut Deployment> {
        let all = &mut self.deployments.as_mut()?.all;
        all.iter_mut().find(|deployment| deployment.id == id)
    }

    fn mark(&mut self, id: &str, instance: &str, far: OnInstance) {
        let Some(deployment) = self.deployment_mut(id) else {
            return;
        };
        for (known, is) in &mut deployment.instances {
            if known == instance {
                *is = far;
            }
        }
    }
}

fn in_progress(deployment: &Deployment) -> Vec<String> {
    let running = deployment
        .instances
        .iter()
        .filter(|(_, far)| *far == OnInstance::InProgress);
    running.map(|(instance, _)| instance.clone()).collect()
}
