//! What can be asked of CodeDeploy.

use domain::names::Region;

use super::rolling::Step;
use super::{Behaviour, Deployment, Deployments, Status, id, signed};
use crate::facts;
use crate::world::{Change, HOME, World};

/// Why CodeDeploy refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `ApplicationDoesNotExistException`
    NoApplication(String),
    /// `DeploymentGroupDoesNotExistException`
    NoGroup(String),
    /// `DeploymentDoesNotExistException`
    NoDeployment(String),
    /// `RevisionDoesNotExistException`
    NoRevision(String),
    /// `DeploymentAlreadyCompletedException`
    Over(String),
    /// `DeploymentLimitExceededException`
    Limit(String),
}

/// What a deployment is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Create {
    /// The application.
    pub application: String,
    /// The deployment group.
    pub group: String,
    /// The revision's key in S3.
    pub key: String,
    /// What whoever creates it writes.
    pub description: Option<String>,
}

impl World {
    /// The deployments of an application's group in a Region, as far as they are asked for.
    ///
    /// # Errors
    /// `NoApplication`, `NoGroup`.
    pub fn deployments_of(
        &self,
        region: &Region,
        application: &str,
        group: Option<&str>,
    ) -> Result<&Deployments, Refusal> {
        let known = self
            .deployments
            .as_ref()
            .filter(|known| known.application == application && self.home().region == *region)
            .ok_or_else(|| Refusal::NoApplication(format!("No application found for name: {application}")))?;
        if group.is_some_and(|group| group != known.group) {
            return Err(Refusal::NoGroup(format!(
                "No Deployment Group found for name: {}",
                group.unwrap_or_default()
            )));
        }
        Ok(known)
    }

    /// Somebody creates a deployment. Gives its id.
    /// Source of the rules: CodeDeploy API, CreateDeployment: a group has one deployment at a time.
    ///
    /// # Errors
    /// What CodeDeploy would refuse it with.
    pub fn create_deployment(&mut self, region: &Region, asked: &Create) -> Result<String, Refusal> {
        let known = self.deployments_of(region, &asked.application, Some(&asked.group))?;
        if let Some(running) = known.running() {
            return Err(Refusal::Limit(format!(
                "The Deployment Group '{}' already has an active Deployment '{}'",
                known.group, running.id
            )));
        }
        let revision = known
            .revisions
            .iter()
            .position(|revision| revision.key == asked.key)
            .ok_or_else(|| Refusal::NoRevision(format!("No revision found for {}", asked.key)))?;
        Ok(self.begin_deployment(revision, asked.description.clone()))
    }

    /// A new revision that does that is deployed by whoever deploys. Says what happens.
    pub(in crate::world) fn deploy_new(&mut self, does: Behaviour) -> String {
        let Some(known) = &mut self.deployments else {
            return "nothing is deployed: the system has no deployments".to_owned();
        };
        if let Some(running) = known.running() {
            return format!("nothing is deployed: {} runs", running.id);
        }
        let revision = known.revision_that(does);
        let key = known.revisions[revision].key.clone();
        let id = self.begin_deployment(revision, Some("by the pipeline".to_owned()));
        format!("{key} is deployed to {} ({id})", self.home().region)
    }

    fn begin_deployment(&mut self, revision: usize, description: Option<String>) -> String {
        let now = self.now;
        let Some(known) = &mut self.deployments else {
            return String::new();
        };
        let id = id(&known.group, known.all.len());
        known.all.push(Deployment {
            id: id.clone(),
            revision,
            status: Status::Created,
            description,
            created: signed(now),
            started: None,
            completed: None,
            error: None,
            instances: Vec::new(),
            stopping: false,
        });
        let begins = self.dice.draw(&facts::DEPLOYMENT_BEGINS).as_millis();
        self.enter(now + begins, Change::Deployment(Step::Begins(id.clone())));
        id
    }

    /// Somebody stops a deployment. It stops a little later.
    ///
    /// # Errors
    /// `NoDeployment`, `Over`.
    pub fn stop_deployment(&mut self, region: &Region, id: &str) -> Result<(), Refusal> {
        let missing = || Refusal::NoDeployment(format!("The deployment {id} could not be found"));
        if self.sites[HOME].region != *region {
            return Err(missing());
        }
        let deployment = self.deployment_mut(id).ok_or_else(missing)?;
        if deployment.status.is_over() {
            return Err(Refusal::Over(format!(
                "The deployment {id} is already {}",
                deployment.status.word()
            )));
        }
        if !std::mem::replace(&mut deployment.stopping, true) {
            let stops = self.dice.draw(&facts::DEPLOYMENT_STOPS).as_millis();
            self.enter(self.now + stops, Change::Deployment(Step::Stops(id.to_owned())));
        }
        Ok(())
    }
}
