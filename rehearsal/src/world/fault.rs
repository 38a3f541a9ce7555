//! What can go wrong, and when.

use domain::duration::Duration;
use domain::names::{Region, Zone};
use domain::system::System;
use serde::Deserialize;

use super::deployments::Behaviour;

/// A fault that strikes within a span of time; where exactly, the seed decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the time is counted from.
    pub since: Since,
    /// The earliest instant.
    pub at: Duration,
    /// How much later it may strike.
    pub within: Duration,
    /// What goes wrong.
    pub kind: Kind,
    /// After how long it passes by itself, where it can.
    pub lasts: Option<Duration>,
}

/// What a fault's time is counted from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Since {
    /// The beginning of the rehearsal.
    #[default]
    Beginning,
    /// The first moment at which the standby's group wants as many instances as are needed.
    CapacityRaised,
}

impl Fault {
    /// The latest instant at which it strikes.
    pub const fn latest(&self) -> Duration {
        Duration::from_millis(self.at.as_millis() + self.within.as_millis())
    }
}

/// A Region, by what it is to the system on an ordinary day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Where the system serves from.
    Primary,
    /// Where it would serve from if that were lost.
    Standby,
}

impl Place {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
        }
    }
}

/// A Region, by what it is to the system or by its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// One of the system's own.
    At(Place),
    /// Any.
    In(Region),
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A grey failure: the writer's process stops answering, and RDS sees nothing wrong.
    WriterHangs,
    /// The writer's host is lost. RDS notices, and fails over by itself.
    WriterHostLost,
    /// Nobody could take over: the standby, or every reader, is gone.
    StandbyMissing,
    /// A Region is lost with everything in it.
    RegionLost(Where),
    /// A lost Region is back, as it was.
    RegionBack(Where),
    /// A Region's control plane refuses everything. In us-east-1 that takes Route 53's with it.
    ControlPlaneDown(Where),
    /// Nothing in a Region serves, while its control plane answers.
    DataPlaneDown(Where),
    /// The network between the two Regions is cut; users reach both.
    Partition,
    /// A Region is cut off from every other Region and from users elsewhere; users near it still reach it.
    RegionIsolated(Where),
    /// The replication between the Regions falls behind to that.
    ReplicationSlow(Duration),
    /// At most so many more instances can be had in a Region.
    CapacityShort(Where, u32),
    /// So many instances of a Region's group fail, the newest first.
    InstancesLost(Where, u32),
    /// The instances in a Region do not answer, and everything else is well.
    WebUnreachable(Where),
    /// Half of a Region's instances are out of service for a deployment.
    DeploymentRunning(Where),
    /// Whoever deploys deploys a new revision to the primary Region, half of the instances at a time.
    Deployment(Behaviour),
    /// A zone of the primary Region is lost with what is in it: instances, the writer or a standby, a cache node. RDS,
    /// ElastiCache and the group's own checks notice.
    ZoneLost(Zone),
    /// A grey zone: its targets look healthy, and part of the requests that meet them fails.
    ZoneGrey(Zone),
    /// What is launched in the primary Region from now on boots, and never becomes healthy: a bad launch template.
    BootLoop,
    /// The number of users' requests rises to so many percent of an ordinary day's, evenly over that time.
    LoadSpike(u64, Duration),
    /// A grey failure: the cache's primary node stops serving, and ElastiCache sees nothing wrong.
    CachePrimaryLost,
    /// Within a minute so many events of alarms come: those that are in ALARM once more, and alarms that nobody declared.
    AlarmStorm(u32),
    /// An alarm goes to ALARM and back so many times, and nothing is behind it.
    AlarmFlaps(String, u32),
    /// An alarm's metric has no data any more: it goes to INSUFFICIENT_DATA, and stays there.
    AlarmSilent(String),
    /// Within a minute so many copies come of what AWS Health says of a Region.
    HealthStorm(Where, u32),
    /// Events that AWS delivers as well as it can, no better, are not delivered: CodeDeploy's and Auto Scaling's.
    EventsDropped,
}

/// What a fault strikes, if that is not the database or a Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A web tier.
    Web,
    /// Deployments.
    Deployments,
    /// A cache in the primary Region.
    Cache,
}

impl Needs {
    /// Whether a system has it.
    pub const fn is_in(self, system: &System) -> bool {
        match self {
            Self::Web => system.web.is_some() || system.region_failover.is_some(),
            Self::Deployments => system.deployments.is_some(),
            Self::Cache => system.cache.is_some(),
        }
    }

    /// The table of the system file that says what it is.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Web => "[web]",
            Self::Deployments => "[deployments]",
            Self::Cache => "[cache]",
        }
    }
}

impl Kind {
    /// The Region that it strikes, if it strikes one in particular.
    pub const fn place(&self) -> Option<&Where> {
        match self {
            Self::WriterHangs
            | Self::WriterHostLost
            | Self::StandbyMissing
            | Self::Partition
            | Self::ReplicationSlow(_)
            | Self::Deployment(_)
            | Self::ZoneLost(_)
            | Self::ZoneGrey(_)
            | Self::BootLoop
            | Self::LoadSpike(..)
            | Self::CachePrimaryLost
            | Self::AlarmStorm(_)
            | Self::AlarmFlaps(..)
            | Self::AlarmSilent(_)
            | Self::EventsDropped => None,
            Self::RegionLost(place)
            | Self::RegionBack(place)
            | Self::ControlPlaneDown(place)
            | Self::DataPlaneDown(place)
            | Self::RegionIsolated(place)
            | Self::CapacityShort(place, _)
            | Self::InstancesLost(place, _)
            | Self::WebUnreachable(place)
            | Self::HealthStorm(place, _)
            | Self::DeploymentRunning(place) => Some(place),
        }
    }

    /// Whether it means nothing to a system that lives in one Region.
    pub const fn needs_two_regions(&self) -> bool {
        match self {
            Self::WriterHangs
            | Self::WriterHostLost
            | Self::StandbyMissing
            | Self::CapacityShort(..)
            | Self::InstancesLost(..)
            | Self::WebUnreachable(_)
            | Self::DeploymentRunning(_)
            | Self::Deployment(_)
            | Self::ZoneLost(_)
            | Self::ZoneGrey(_)
            | Self::BootLoop
            | Self::LoadSpike(..)
            | Self::CachePrimaryLost
            | Self::AlarmStorm(_)
            | Self::AlarmFlaps(..)
            | Self::AlarmSilent(_)
            | Self::HealthStorm(..)
            | Self::EventsDropped => false,
            Self::RegionLost(_)
            | Self::RegionBack(_)
            | Self::ControlPlaneDown(_)
            | Self::DataPlaneDown(_)
            | Self::Partition
            | Self::RegionIsolated(_)
            | Self::ReplicationSlow(_) => true,
        }
    }

    /// What a system has to have, besides a database, for it to mean anything: a table of its file, and words for it.
    pub const fn needs(&self) -> Option<Needs> {
        match self {
            Self::CapacityShort(..)
            | Self::InstancesLost(..)
            | Self::WebUnreachable(_)
            | Self::DeploymentRunning(_)
            | Self::ZoneLost(_)
            | Self::ZoneGrey(_)
            | Self::BootLoop
            | Self::LoadSpike(..) => Some(Needs::Web),
            Self::Deployment(_) => Some(Needs::Deployments),
            Self::CachePrimaryLost => Some(Needs::Cache),
            Self::WriterHangs
            | Self::WriterHostLost
            | Self::StandbyMissing
            | Self::RegionLost(_)
            | Self::RegionBack(_)
            | Self::ControlPlaneDown(_)
            | Self::DataPlaneDown(_)
            | Self::Partition
            | Self::RegionIsolated(_)
            | Self::ReplicationSlow(_)
            | Self::AlarmStorm(_)
            | Self::AlarmFlaps(..)
            | Self::AlarmSilent(_)
            | Self::HealthStorm(..)
            | Self::EventsDropped => None,
        }
    }
}
