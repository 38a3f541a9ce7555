//! CodeDeploy: how far a deployment is, as a whole and on each instance.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::event_bridge::Envelope;
use crate::json::Object;
use crate::signal::{Signal, Subject};

/// CodeDeploy says how far a deployment is.
///
/// CodeDeploy delivers these as well as it can, no better (EventBridge Events Reference, `events-ref-codedeploy`, "best
/// effort"): one that never comes is found by looking. They do not say either whether the deployment is a rollback: that
/// stands in the deployment itself (CodeDeploy API Reference, `DeploymentInfo.creator`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct DeploymentEvent {
    /// The application, as the CodeDeploy API takes it.
    pub application: String,
    /// The deployment group, unique in its application.
    pub group: String,
    /// The deployment, e.g. `d-123456789`.
    pub deployment: String,
    /// Whether it is about the whole deployment or about one instance of it.
    pub scope: DeploymentScope,
    /// How far that is.
    pub state: DeploymentState,
    /// When it came so far, to the second.
    pub changed_at: Timestamp,
}

impl DeploymentEvent {
    /// The deployment, what of it, and how far: each comes into a state once. The deployment's own id is unique in its
    /// account and Region.
    fn id(&self, envelope: &Envelope) -> String {
        let Envelope { account, region, .. } = envelope;
        let (deployment, state) = (&self.deployment, self.state.as_str());
        match &self.scope {
            DeploymentScope::Deployment => format!("codedeploy/{account}/{region}/{deployment}/{state}"),
            DeploymentScope::Instance { id } => {
                format!("codedeploy/{account}/{region}/{deployment}/{id}/{state}")
            }
        }
    }
}

/// What an event of CodeDeploy is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentScope {
    /// The deployment as a whole.
    Deployment,
    /// The deployment on one instance.
    Instance {
        /// The instance, e.g. `i-0000000aaaaaaaaaa`.
        id: String,
    },
}

/// How far a deployment is (the states that aws/aws-lambda-go lists, `events/codedeploy.go`; AWS's documents show them only
/// in examples).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// It began.
    Start,
    /// It is done.
    Success,
    /// It failed.
    Failure,
    /// It was stopped, by a person, an alarm or a timeout.
    Stop,
    /// The replacement instances of a blue/green deployment are ready for traffic.
    Ready,
}

impl DeploymentState {
    /// The state as CodeDeploy writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Stop => "STOP",
            Self::Ready => "READY",
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "START" => Some(Self::Start),
            "SUCCESS" => Some(Self::Success),
            "FAILURE" => Some(Self::Failure),
            "STOP" => Some(Self::Stop),
            "READY" => Some(Self::Ready),
            _ => None,
        }
    }
}

/// Which of CodeDeploy's events it is.
#[derive(Clone, Copy)]
pub(crate) enum Notice {
    Deployment,
    Instance,
}

impl Notice {
    /// The event of that detail type.
    pub(crate) fn from_text(detail_type: &str) -> Option<Self> {
        match detail_type {
            "CodeDeploy Deployment State-change Notification" => Some(Self::Deployment),
            "CodeDeploy Instance State-change Notification" => Some(Self::Instance),
            _ => None,
        }
    }
}

/// Reads how far a deployment is (CodeDeploy User Guide, `monitoring-cloudwatch-events`).
pub(crate) fn read(event: &Object<'_>, envelope: Envelope, notice: Notice) -> Result<Signal, Error> {
    let detail = event.object("detail", "the deployment's change of state")?;
    let text = |key, expected| detail.string(key, expected).map(|text| text.into_owned());
    let said = DeploymentEvent {
        application: text("application", "the application's name")?,
        group: text("deploymentGroup", "the deployment group's name")?,
        deployment: text("deploymentId", "the deployment, like d-123456789")?,
        scope: match notice {
            Notice::Deployment => DeploymentScope::Deployment,
            Notice::Instance => DeploymentScope::Instance {
                id: text("instanceId", "the instance, like i-0000000aaaaaaaaaa")?,
            },
        },
        state: detail.read(
            "state",
            "one of START, SUCCESS, FAILURE, STOP, READY",
            DeploymentState::from_text,
        )?,
        changed_at: envelope.time,
    };
    let id = said.id(&envelope);
    Ok(envelope.signal(id, Subject::Deployment(said)))
}
