//! What a person does to recoveries, by the code that stands behind the program's own commands.

use domain::names::{IncidentId, Recovery, Region, SystemName};
use domain::steps::region::Risk;
use operate::{Answered, Arming, Disarming, Hands, NotIn, Reason, Started, Status, Stopped};
use serde::{Deserialize, Serialize};

use crate::world::Ms;
use crate::world::person::{Act, Does};

/// Something that a person does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// In which Region. Left out: where a recovery is under way, or where this one belongs.
    pub region: Option<Region>,
    /// What.
    pub order: Order,
    /// Who.
    pub by: String,
    /// Why, in their words.
    pub because: String,
}

/// What a person wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A recovery to run.
    Run(Recovery),
    /// A run's question answered with yes. Left out which: the one that is open.
    Approve {
        /// The run.
        incident: Option<IncidentId>,
        /// The risks that are accepted by name.
        accepts: Vec<Risk>,
    },
    /// A run's question answered with no.
    Reject {
        /// The run.
        incident: Option<IncidentId>,
    },
    /// A run to stop.
    Stop {
        /// The run.
        incident: Option<IncidentId>,
    },
    /// That nothing starts by itself any more.
    Disarm,
    /// That recoveries start by themselves again.
    Arm,
    /// To know how things stand.
    Status,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// When it was given.
    pub at: Ms,
    /// In which Region.
    pub region: Region,
    /// The command.
    pub command: Command,
    /// What the program would say.
    pub answer: Result<Done, operate::Error>,
}

/// What a command did.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// It started a recovery.
    Started(Started),
    /// It answered a question.
    Answered(Answered),
    /// It stopped a run.
    Stopped(Stopped),
    /// It disarmed the system.
    Disarmed(Disarming),
    /// It armed the system.
    Armed(Arming),
    /// It looked.
    Seen(Box<Status>),
}

impl Done {
    /// Where it could not be done, and why.
    pub fn not_in(&self) -> &[NotIn] {
        match self {
            Self::Disarmed(Disarming { not_in, .. }) | Self::Armed(Arming { not_in, .. }) => not_in,
            Self::Started(_) | Self::Answered(_) | Self::Stopped(_) | Self::Seen(_) => &[],
        }
    }
}

impl Command {
    /// What a person of a scenario does; nothing if they do nothing.
    pub fn of(act: &Act) -> Option<Self> {
        let incident = act.incident.as_ref().and_then(|incident| incident.parse().ok());
        let (region, order) = match &act.does {
            Does::Approve { accepts } => {
                let accepts = accepts.clone();
                (None, Order::Approve { incident, accepts })
            }
            Does::Reject => (None, Order::Reject { incident }),
            Does::Run { machine, region } => (Some(region.clone()), Order::Run(*machine)),
            Does::Stop => (None, Order::Stop { incident }),
            Does::Disarm => (None, Order::Disarm),
            Does::Arm => (None, Order::Arm),
            Does::Nothing => return None,
        };
        Some(Self {
            region,
            order,
            by: act.by.clone(),
            because: act.because.clone(),
        })
    }

    /// The run that it names, if it names one.
    pub const fn incident(&self) -> Option<&IncidentId> {
        match &self.order {
            Order::Approve { incident, .. } | Order::Reject { incident } | Order::Stop { incident } => {
                incident.as_ref()
            }
            Order::Run(_) | Order::Disarm | Order::Arm | Order::Status => None,
        }
    }

    /// The recovery that it starts, if it starts one.
    pub const fn recovery(&self) -> Option<Recovery> {
        match &self.order {
            Order::Run(recovery) => Some(*recovery),
            Order::Approve { .. }
            | Order::Reject { .. }
            | Order::Stop { .. }
            | Order::Disarm
            | Order::Arm
            | Order::Status => None,
        }
    }

    /// Whether it is only noted: no run goes on because of it, so nobody waits for what comes of it.
    pub const fn is_only_noted(&self) -> bool {
        matches!(self.order, Order::Disarm | Order::Arm)
    }

    /// The same in words, for the timeline.
    pub fn words(&self) -> String {
        let because = &self.because;
        match &self.order {
            Order::Run(recovery) => format!("runs {recovery}: {because}"),
            Order::Approve { accepts, .. } => {
                let risks: Vec<&str> = accepts.iter().map(|risk| risk.word()).collect();
                format!("approves, accepting {}: {because}", risks.join(", "))
            }
            Order::Reject { .. } => format!("rejects: {because}"),
            Order::Stop { .. } => format!("stops it: {because}"),
            Order::Disarm => format!("disarms the system: {because}"),
            Order::Arm => format!("arms the system: {because}"),
            Order::Status => "looks how things stand".to_owned(),
        }
    }

    /// Does it.
    pub(crate) async fn carry_out<J: domain::journal::Journal>(
        &self,
        hands: &Hands<J>,
        system: &SystemName,
    ) -> Result<Done, operate::Error> {
        let reason = Reason {
            by: &self.by,
            because: &self.because,
        };
        match &self.order {
            Order::Run(recovery) => hands.run(system, *recovery, reason).await.map(Done::Started),
            Order::Approve { incident, accepts } => {
                let incident = meant(hands, system, incident.as_ref()).await?;
                hands
                    .approve(system, &incident, reason, accepts)
                    .await
                    .map(Done::Answered)
            }
            Order::Reject { incident } => {
                let incident = meant(hands, system, incident.as_ref()).await?;
                hands.reject(system, &incident, reason).await.map(Done::Answered)
            }
            Order::Stop { incident } => {
                let incident = meant(hands, system, incident.as_ref()).await?;
                hands.stop(system, &incident, reason).await.map(Done::Stopped)
            }
            Order::Disarm => hands.disarm(system, reason).await.map(Done::Disarmed),
            Order::Arm => hands.arm(system, reason).await.map(Done::Armed),
            Order::Status => hands
                .status(system)
                .await
                .map(|status| Done::Seen(Box::new(status))),
        }
    }
}

/// The run that a command means: the one it names, or the one that is under way.
async fn meant<J: domain::journal::Journal>(
    hands: &Hands<J>,
    system: &SystemName,
    named: Option<&IncidentId>,
) -> Result<IncidentId, operate::Error> {
    if let Some(named) = named {
        return Ok(named.clone());
    }
    let open = hands.status(system).await?.open;
    open.map(|open| open.lock.holder)
        .ok_or_else(|| operate::Error::NoSuchRun {
            incident: "that is under way".to_owned(),
        })
}
