//! EC2 Auto Scaling: instances launched and terminated, attempts that failed, and instances that wait for a lifecycle hook.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::event_bridge::Envelope;
use crate::json::Object;
use crate::signal::{Signal, Subject};

/// Auto Scaling says what it does to a group's instances. It delivers these as well as it can, no better (EC2 Auto Scaling
/// User Guide, `ec2-auto-scaling-event-reference`, "best effort").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct ScalingEvent {
    /// The group's name, as the Auto Scaling API takes it.
    pub group: String,
    /// The instance, e.g. `i-1234567890abcdef0`; absent when there is none, because the launch failed before.
    pub instance: Option<String>,
    /// Whether it is about a launch or about a termination.
    pub direction: Direction,
    /// How far that is.
    pub step: ScalingStep,
    /// Where the instance comes from, e.g. `EC2`, `WarmPool`, when Auto Scaling says.
    pub origin: Option<String>,
    /// Where the instance goes to, e.g. `AutoScalingGroup`, when Auto Scaling says.
    pub destination: Option<String>,
    /// When Auto Scaling said it.
    pub happened_at: Timestamp,
}

impl ScalingEvent {
    /// The activity, or the wait of one instance, by the identifiers that Auto Scaling gives them.
    fn id(&self, envelope: &Envelope) -> String {
        let Envelope { account, region, .. } = envelope;
        let direction = self.direction.as_str();
        let (id, step) = match &self.step {
            ScalingStep::Successful(activity) => (&activity.id, "successful"),
            ScalingStep::Unsuccessful(activity) => (&activity.id, "unsuccessful"),
            ScalingStep::Waiting { token, .. } => (token, "waiting"),
        };
        format!(
            "autoscaling/{account}/{region}/{}/{direction}/{step}/{id}",
            self.group
        )
    }
}

/// Which way an instance goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into service.
    Launch,
    /// Out of service.
    Terminate,
}

impl Direction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Launch => "launch",
            Self::Terminate => "terminate",
        }
    }

    /// The direction as a lifecycle hook says it.
    const fn transition(self) -> &'static str {
        match self {
            Self::Launch => "autoscaling:EC2_INSTANCE_LAUNCHING",
            Self::Terminate => "autoscaling:EC2_INSTANCE_TERMINATING",
        }
    }
}

/// How far a launch or a termination is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScalingStep {
    /// It is done.
    Successful(ScalingActivity),
    /// It failed.
    Unsuccessful(ScalingActivity),
    /// A lifecycle hook holds the instance until somebody completes the action, or it times out.
    Waiting {
        /// The hook's name.
        hook: String,
        /// The token that completes the action.
        token: String,
        /// What the hook's owner wrote into it.
        metadata: Option<String>,
    },
}

/// A scaling activity (EC2 Auto Scaling API Reference, `Activity`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct ScalingActivity {
    /// Its identifier.
    pub id: String,
    /// Why Auto Scaling did it, in its own words; empty when it gave none.
    pub cause: String,
    /// What became of it, in Auto Scaling's own words: why it failed; empty when it gave none.
    pub message: String,
    /// The zone by its name, e.g. `us-west-2b`, when Auto Scaling says.
    pub zone: Option<String>,
}

/// Which of Auto Scaling's events it is.
#[derive(Clone, Copy)]
pub(crate) struct Notice {
    direction: Direction,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Successful,
    Unsuccessful,
    Waiting,
}

impl Notice {
    /// The event of that detail type.
    pub(crate) fn from_text(detail_type: &str) -> Option<Self> {
        let (direction, kind) = match detail_type {
            "EC2 Instance Launch Successful" => (Direction::Launch, Kind::Successful),
            "EC2 Instance Launch Unsuccessful" => (Direction::Launch, Kind::Unsuccessful),
            "EC2 Instance Terminate Successful" => (Direction::Terminate, Kind::Successful),
            "EC2 Instance Terminate Unsuccessful" => (Direction::Terminate, Kind::Unsuccessful),
            "EC2 Instance-launch Lifecycle Action" => (Direction::Launch, Kind::Waiting),
            "EC2 Instance-terminate Lifecycle Action" => (Direction::Terminate, Kind::Waiting),
            _ => return None,
        };
        Some(Self { direction, kind })
    }
}

/// Reads what Auto Scaling does (EC2 Auto Scaling User Guide, `ec2-auto-scaling-event-reference`).
pub(crate) fn read(event: &Object<'_>, envelope: Envelope, notice: Notice) -> Result<Signal, Error> {
    let detail = event.object("detail", "what Auto Scaling did")?;
    let optional = |key, expected| -> Result<Option<String>, Error> {
        let text = detail.optional_string(key, expected)?;
        Ok(text.filter(|text| !text.is_empty()).map(|text| text.into_owned()))
    };
    let said = ScalingEvent {
        group: detail
            .string("AutoScalingGroupName", "the group's name")?
            .into_owned(),
        instance: optional("EC2InstanceId", "the instance, like i-1234567890abcdef0")?,
        direction: notice.direction,
        step: match notice.kind {
            Kind::Successful => ScalingStep::Successful(activity(&detail)?),
            Kind::Unsuccessful => ScalingStep::Unsuccessful(activity(&detail)?),
            Kind::Waiting => waiting(&detail, notice.direction)?,
        },
        origin: optional("Origin", "where the instance comes from, like EC2")?,
        destination: optional("Destination", "where the instance goes to, like AutoScalingGroup")?,
        happened_at: envelope.time,
    };
    let id = said.id(&envelope);
    Ok(envelope.signal(id, Subject::Scaling(said)))
}

fn activity(detail: &Object<'_>) -> Result<ScalingActivity, Error> {
    let words = |key, expected| -> Result<String, Error> {
        Ok(detail
            .optional_string(key, expected)?
            .unwrap_or_default()
            .into_owned())
    };
    let zone = match detail.optional_object("Details", "where the instance is")? {
        Some(details) => details.optional_string("Availability Zone", "a zone's name, like us-west-2b")?,
        None => None,
    };
    Ok(ScalingActivity {
        id: detail
            .string("ActivityId", "the scaling activity's identifier")?
            .into_owned(),
        cause: words("Cause", "why Auto Scaling did it")?,
        message: words("StatusMessage", "what became of it")?,
        zone: zone.map(|zone| zone.into_owned()),
    })
}

/// The detail type has said which way the instance goes; the detail must agree.
fn waiting(detail: &Object<'_>, direction: Direction) -> Result<ScalingStep, Error> {
    let transition = direction.transition();
    detail.read("LifecycleTransition", transition, |text| {
        (text == transition).then_some(())
    })?;
    let text = |key, expected| detail.string(key, expected).map(|text| text.into_owned());
    Ok(ScalingStep::Waiting {
        hook: text("LifecycleHookName", "the hook's name")?,
        token: text("LifecycleActionToken", "the token that completes the action")?,
        metadata: detail
            .optional_string("NotificationMetadata", "what the hook's owner wrote")?
            .map(|text| text.into_owned()),
    })
}
