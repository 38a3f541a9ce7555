//! CodeDeploy: revisions, one after the other, rolled over a group's instances half at a time.
//!
//! Source of the rules: CodeDeploy User Guide, deployment-configurations: `CodeDeployDefault.HalfAtATime` deploys to up to
//! half of the instances at a time, fractions rounded down, and the deployment succeeds when at least half of them have
//! the revision, fractions rounded up; and instances-health: it fails as soon as fewer than that would be left healthy.
//! Automatic rollback is off: whoever wants one starts it.

mod operations;
mod rolling;

use domain::system::System;

use super::Ms;
use super::web::Release;
use crate::facts;

pub use self::operations::{Create, Refusal};
pub(super) use self::rolling::Step;

/// The bucket that holds the application's revisions.
pub const BUCKET: &str = "shop-releases";

/// The deployment configuration of every deployment.
pub const CONFIG: &str = "CodeDeployDefault.HalfAtATime";

/// A deployment group and its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployments {
    /// The application.
    pub application: String,
    /// The deployment group.
    pub group: String,
    /// Its deployments, oldest first.
    pub all: Vec<Deployment>,
    /// Every revision that there is.
    pub revisions: Vec<Revision>,
}

/// A revision: an archive in S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its key in [`BUCKET`].
    pub key: String,
    /// Its entity tag.
    pub etag: String,
    /// What it does.
    pub does: Behaviour,
}

/// What a revision does on an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It serves.
    Well,
    /// It does not start: deploying it fails.
    Fails,
    /// It passes its health check, and answers part of the requests with an error.
    ServesErrors,
    /// It starts, and breaks its target a little later.
    KillsTargets,
}

/// A deployment. Instants before the rehearsal began are negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its id.
    pub id: String,
    /// The revision, by its index.
    pub revision: usize,
    /// How it stands.
    pub status: Status,
    /// What whoever created it wrote.
    pub description: Option<String>,
    /// When it was created.
    pub created: i64,
    /// When it began.
    pub started: Option<i64>,
    /// When it ended.
    pub completed: Option<i64>,
    /// Why it failed, in AWS's words.
    pub error: Option<(&'static str, &'static str)>,
    /// Its instances, in the order in which they are deployed to.
    pub instances: Vec<(String, OnInstance)>,
    stopping: bool,
}

/// How a deployment stands. Source: CodeDeploy API, DeploymentInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It will begin.
    Created,
    /// It runs.
    InProgress,
    /// It is done.
    Succeeded,
    /// It failed.
    Failed,
    /// It was stopped.
    Stopped,
}

impl Status {
    /// As the API spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }

    /// Whether it is over.
    pub const fn is_over(self) -> bool {
        match self {
            Self::Created | Self::InProgress => false,
            Self::Succeeded | Self::Failed | Self::Stopped => true,
        }
    }
}

/// How far a deployment is on one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnInstance {
    /// It is still to come.
    Pending,
    /// It is being deployed to.
    InProgress,
    /// It has the revision.
    Succeeded,
    /// It has not.
    Failed,
    /// It was left out: the deployment ended before, or the instance did.
    Skipped,
}

impl Deployment {
    /// How many instances are that far.
    pub fn count(&self, far: OnInstance) -> usize {
        self.instances.iter().filter(|(_, is)| *is == far).count()
    }
}

impl Deployments {
    /// The history of an application that was deployed to now and then: what runs now, three older revisions, and one
    /// that had not worked.
    pub(super) fn of(system: &System) -> Option<Self> {
        let declared = system.deployments.as_ref()?;
        let mut deployments = Self {
            application: declared.application.clone(),
            group: declared.group.clone(),
            all: Vec::new(),
            revisions: Vec::new(),
        };
        for (days, does) in [
            (21, Behaviour::Well),
            (14, Behaviour::Well),
            (9, Behaviour::Fails),
            (8, Behaviour::Well),
            (2, Behaviour::Well),
        ] {
            let revision = deployments.revision_that(does);
            let began = -days * DAY;
            let (status, error) = match does {
                Behaviour::Fails => (Status::Failed, Some(HEALTH_CONSTRAINTS)),
                Behaviour::Well | Behaviour::ServesErrors | Behaviour::KillsTargets => {
                    (Status::Succeeded, None)
                }
            };
            let number = deployments.all.len();
            deployments.all.push(Deployment {
                id: id(&deployments.group, number),
                revision,
                status,
                description: None,
                created: began,
                started: Some(began + 2_000),
                completed: Some(began + 90_000),
                error,
                instances: Vec::new(),
                stopping: false,
            });
        }
        Some(deployments)
    }

    /// A new revision that does that. Gives its index.
    pub(super) fn revision_that(&mut self, does: Behaviour) -> usize {
        let number = self.revisions.len() + 41;
        self.revisions.push(Revision {
            key: format!("{}-{number}.zip", self.application),
            etag: format!("{:016x}", domain::names::fnv1a(&number.to_be_bytes())),
            does,
        });
        self.revisions.len() - 1
    }

    /// The deployment of that id.
    pub fn named(&self, id: &str) -> Option<&Deployment> {
        self.all.iter().find(|deployment| deployment.id == id)
    }

    /// The one that runs, or is about to.
    pub fn running(&self) -> Option<&Deployment> {
        self.all.iter().find(|deployment| !deployment.status.is_over())
    }

    /// The last one that succeeded.
    pub fn last_success(&self) -> Option<&Deployment> {
        self.all
            .iter()
            .filter(|deployment| deployment.status == Status::Succeeded)
            .max_by_key(|deployment| deployment.completed)
    }

    /// A revision as it is on an instance.
    pub fn release(&self, revision: usize) -> Option<Release> {
        let Revision { key, does, .. } = self.revisions.get(revision)?;
        Some(Release {
            key: key.clone(),
            errors_percent: match does {
                Behaviour::ServesErrors => facts::BAD_REVISION_FAILS_PERCENT,
                Behaviour::Well | Behaviour::Fails | Behaviour::KillsTargets => 0,
            },
            breaks: *does == Behaviour::KillsTargets,
        })
    }
}

/// A day.
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// Source: CodeDeploy API, ErrorInformation, and the words in which CodeDeploy says it.
const HEALTH_CONSTRAINTS: (&str, &str) = (
    "HEALTH_CONSTRAINTS",
    "The overall deployment failed because too many individual instances failed deployment, too few healthy instances \
     are available for deployment, or some instances in your deployment group are experiencing problems.",
);

/// An id like CodeDeploy's.
fn id(group: &str, number: usize) -> String {
    let hash = domain::names::fnv1a(format!("{group} {number}").as_bytes());
    let letter = |place: u32| char::from(b'A' + u8::try_from((hash >> (place * 5)) % 26).unwrap_or(0));
    format!("d-{}", (0..9).map(letter).collect::<String>())
}

/// An instant of the rehearsal, beside those before it.
fn signed(at: Ms) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}
