//! A deployment, as CodeDeploy describes it.

use std::fmt;

use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::primitives::DateTime;
use aws_sdk_codedeploy::types::{
    DeploymentCreator, DeploymentInfo, DeploymentMode, DeploymentOverview, DeploymentStatus as Word,
    RevisionLocation,
};
use domain::facts::{self, DeploymentStatus};
use domain::names::IncidentId;
use domain::step::{Error, Result};
use jiff::Timestamp;
use runtime::aws::classify;

use crate::revision;

const GET: &str = "codedeploy:GetDeployment";

/// How the description of every deployment begins that Evenkeel creates.
const OURS: &str = "evenkeel ";

/// The description of the one deployment that a run creates, by which it is found again. CodeDeploy keeps 100 characters
/// of it (CodeDeploy User Guide, limits); an incident has at most 80.
pub fn description(incident: &IncidentId) -> String {
    format!("{OURS}{incident}")
}

/// A deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Its id, as `d-ABCDEFGHI`.
    pub id: String,
    /// How it stands.
    pub status: DeploymentStatus,
    /// CodeDeploy's word for that.
    pub word: String,
    /// What it is for.
    pub purpose: Purpose,
    /// What whoever created it says about it.
    pub description: String,
    /// What it deploys.
    pub revision: Option<RevisionLocation>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ended, if it did.
    pub completed_at: Option<Timestamp>,
    /// CodeDeploy's own rollback of it, if there is one. Source: CodeDeploy API, RollbackInfo.
    pub rolled_back_by: Option<String>,
    /// Why it failed, in CodeDeploy's words.
    pub error: Option<String>,
    /// How many instances are how far, where CodeDeploy tells.
    pub counts: Option<Counts>,
}

/// What a deployment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To bring something new to the group.
    Release,
    /// To bring back what was there before.
    Rollback(By),
    /// To bring what the group has to an instance that lacks it, or to start it again: nothing new for anybody. Auto
    /// Scaling has one for every instance that it launches or terminates. Source: CodeDeploy API, DeploymentInfo,
    /// `creator` and `deploymentMode`; CodeDeploy User Guide, integrations-aws-auto-scaling.
    Upkeep,
}

/// Who brings back what was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// CodeDeploy, or CloudFormation.
    Aws,
    /// A run of ours.
    Evenkeel,
    /// A person or a pipeline, who deployed an older revision again.
    Hand,
}

/// How many instances of a deployment are how far. Source: CodeDeploy API, DeploymentOverview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts([(&'static str, i64); 6]);

impl Counts {
    /// On how many instances it succeeded.
    pub fn succeeded(&self) -> i64 {
        let found = self.0.iter().find(|(word, _)| *word == "Succeeded");
        found.map_or(0, |(_, count)| *count)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.0.iter().filter(|(_, count)| *count > 0);
        match told.next() {
            None => return f.write_str("no instances"),
            Some((word, count)) => write!(f, "instances: {count} {word}")?,
        }
        told.try_for_each(|(word, count)| write!(f, ", {count} {word}"))
    }
}

impl From<&DeploymentOverview> for Counts {
    fn from(overview: &DeploymentOverview) -> Self {
        Self([
            ("Succeeded", overview.succeeded()),
            ("Failed", overview.failed()),
            ("Skipped", overview.skipped()),
            ("InProgress", overview.in_progress()),
            ("Pending", overview.pending()),
            ("Ready", overview.ready()),
        ])
    }
}

impl Deployment {
    /// Whether it deploys what the other one does. What does not tell its revision deploys the same as nothing.
    pub fn deploys_the_same_as(&self, other: &Self) -> bool {
        match (&self.revision, &other.revision) {
            (Some(one), Some(other)) => revision::same(one, other),
            _ => false,
        }
    }

    /// What the judgement needs to know of it.
    pub fn as_fact(&self) -> facts::Deployment {
        facts::Deployment {
            id: self.id.clone(),
            status: self.status,
            revision: self.revision_in_words(),
            created_at: self.created_at,
            completed_at: self.completed_at,
            is_rollback: matches!(self.purpose, Purpose::Rollback(_)),
        }
    }

    /// What it deploys, in one line.
    pub fn revision_in_words(&self) -> String {
        revision::in_words(self.revision.as_ref())
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, word, created) = (&self.id, &self.word, &self.created_at);
        write!(f, "{id} {word}, {}, created {created}", self.revision_in_words())?;
        match self.purpose {
            Purpose::Release => {}
            Purpose::Rollback(By::Aws) => f.write_str(", CodeDeploy's own rollback")?,
            Purpose::Rollback(By::Evenkeel) => {
                write!(f, ", a rollback of Evenkeel's ({})", self.description)?
            }
            Purpose::Rollback(By::Hand) => f.write_str(", an older revision deployed again by hand")?,
            Purpose::Upkeep => f.write_str(", for single instances")?,
        }
        if let Some(counts) = &self.counts {
            write!(f, ", {counts}")?;
        }
        match &self.error {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}

impl From<&DeploymentInfo> for Deployment {
    fn from(info: &DeploymentInfo) -> Self {
        let id = info.deployment_id().unwrap_or_default();
        let error = info.error_information().map(|error| {
            let code = error.code().map_or("no error code", |code| code.as_str());
            format!("{code}: {}", error.message().unwrap_or("no message"))
        });
        Self {
            id: id.to_owned(),
            status: status(info.status()),
            word: info.status().map_or("without a status", Word::as_str).to_owned(),
            purpose: purpose(info),
            description: info.description().unwrap_or_default().to_owned(),
            revision: info.revision().cloned(),
            // Every deployment has one.
            created_at: info
                .create_time()
                .and_then(moment)
                .unwrap_or(Timestamp::UNIX_EPOCH),
            completed_at: info.complete_time().and_then(moment),
            rolled_back_by: info
                .rollback_info()
                .and_then(|rollback| rollback.rollback_deployment_id())
                .filter(|rollback| *rollback != id)
                .map(str::to_owned),
            error,
            counts: info.deployment_overview().map(Counts::from),
        }
    }
}

/// Source: CodeDeploy API, DeploymentInfo, `status`. A word that is not known yet is nothing that has ended.
fn status(word: Option<&Word>) -> DeploymentStatus {
    match word {
        Some(Word::Succeeded) => DeploymentStatus::Succeeded,
        Some(Word::Failed) => DeploymentStatus::Failed,
        Some(Word::Stopped) => DeploymentStatus::Stopped,
        _ => DeploymentStatus::Running,
    }
}

fn purpose(info: &DeploymentInfo) -> Purpose {
    use DeploymentCreator::{
        Autoscaling, AutoscalingTermination, CloudFormationRollback, CodeDeployAutoUpdate, CodeDeployRollback,
    };

    match info.creator() {
        Some(CodeDeployRollback | CloudFormationRollback) => Purpose::Rollback(By::Aws),
        Some(Autoscaling | AutoscalingTermination | CodeDeployAutoUpdate) => Purpose::Upkeep,
        _ if info.description().is_some_and(|told| told.starts_with(OURS)) => Purpose::Rollback(By::Evenkeel),
        _ if info.deployment_mode() == Some(&DeploymentMode::Restart) => Purpose::Upkeep,
        _ => Purpose::Release,
    }
}

fn moment(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.to_millis().ok()?).ok()
}

/// Asks CodeDeploy how a deployment stands.
///
/// # Errors
/// `Refused` when there is no such deployment; `Throttled`, `Unavailable`.
pub async fn get(codedeploy: &Client, id: &str) -> Result<Deployment> {
    let answer = codedeploy.get_deployment().deployment_id(id).send().await;
    let answer = answer.map_err(|error| classify(GET, error))?;
    answer
        .deployment_info()
        .map(Deployment::from)
        .ok_or_else(|| Error::Unavailable {
            call: GET.to_owned(),
            why: format!("the answer says nothing about {id}"),
        })
}
