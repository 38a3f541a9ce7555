//! The reasons that settle decisions.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::duration::Duration;
use crate::journal::Outcome;
use crate::names::{IncidentId, Recovery, Region, Zone};

/// The reason that settled a decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// An alarm that means database-down is in ALARM, and nothing speaks against recovering.
    DatabaseDown {
        /// The alarm.
        alarm: String,
    },
    /// Alarms that mean region-down and look at different things are in ALARM, or one is and AWS Health agrees, and
    /// nothing speaks against moving.
    RegionDown {
        /// The alarms.
        alarms: Vec<String>,
        /// The services of which AWS Health has an open issue there.
        #[serde(skip_serializing_if = "BTreeSet::is_empty")]
        health: BTreeSet<String>,
    },
    /// No system declares the alarm.
    UndeclaredAlarm {
        /// The alarm.
        alarm: String,
        /// Its account.
        account: String,
        /// Its Region.
        region: String,
    },
    /// The alarm left ALARM.
    AlarmEnded {
        /// The alarm.
        alarm: String,
    },
    /// The alarm has no data to judge by.
    AlarmBlind {
        /// The alarm.
        alarm: String,
    },
    /// The alarm's owner holds its actions back.
    HeldBack {
        /// The alarm.
        alarm: String,
    },
    /// The signal is older than the policy allows for starting anything.
    Stale {
        /// How late it came.
        age: Duration,
        /// The limit.
        limit: Duration,
    },
    /// A later state of the alarm is known already.
    Superseded {
        /// The alarm.
        alarm: String,
        /// When it changed to the later state.
        since: Timestamp,
    },
    /// A recovery of the system is running.
    RecoveryRunning {
        /// Its incident.
        incident: IncidentId,
    },
    /// This very incident was dealt with already.
    Repeated {
        /// The incident.
        incident: IncidentId,
        /// How it ended.
        outcome: Outcome,
    },
    /// The last run of the same recovery ended too short a time ago.
    Cooldown {
        /// The last run's incident.
        last: IncidentId,
        /// How it ended.
        outcome: Outcome,
        /// From when on a run may start by itself again.
        until: Timestamp,
    },
    /// The policy asks for a second signal, which is not there.
    Unconfirmed {
        /// Alarms of which one must be in ALARM too.
        needs: Vec<String>,
    },
    /// Users are failing, and nothing says why.
    SymptomAlone {
        /// The alarm.
        alarm: String,
    },
    /// The policy wants a person to start this recovery.
    PolicyPages {
        /// The recovery that would fit.
        recovery: Recovery,
    },
    /// RDS reported that a failover did not work.
    DatabaseFailoverFailed {
        /// RDS's words.
        message: String,
    },
    /// RDS reported something that changes nothing for us.
    DatabaseNews {
        /// RDS's words.
        message: String,
    },
    /// A signal about something that no system declares.
    NotOurs {
        /// What.
        what: String,
    },
    /// An RDS event about a database that no system declares.
    UndeclaredDatabase {
        /// The database.
        identifier: String,
    },
    /// An Availability Zone does not serve as the others do.
    ZoneSick {
        /// The zone.
        zone: Zone,
    },
    /// One zone fails, and it is too early to say that it is the only one.
    AloneSoFar {
        /// The zone.
        zone: Zone,
    },
    /// A deployment failed, or users began to fail soon after it began.
    BadDeployment {
        /// The deployment.
        deployment: String,
    },
    /// The cache's primary does not serve.
    CacheDown {
        /// The alarm.
        alarm: String,
    },
    /// Some instances are unhealthy, and nothing else explains it.
    InstancesUnhealthy {
        /// The alarm.
        alarm: String,
    },
    /// The load comes near what the instances carry.
    LoadHigh {
        /// The alarm.
        alarm: String,
    },
    /// The load is high because instances are missing: what took them is to be found first.
    LoadOfTooFew {
        /// The alarm.
        alarm: String,
    },
    /// A Region looks lost, and a deployment in it explains that as well: it is for that Region's recovery to undo.
    DeploymentFirst {
        /// The deployment.
        deployment: String,
    },
    /// Targets look healthy, and users fail: what the load balancer sees is not what users see.
    GreyFailure {
        /// The alarm.
        alarm: String,
    },
    /// Several zones fail alike, and nothing explains it.
    SeveralZones {
        /// The zones.
        zones: Vec<Zone>,
    },
    /// New instances do not become healthy: replacing more would not help.
    BootLoop {
        /// How many launches in a row were in vain.
        in_vain: u32,
    },
    /// Every target is unhealthy: that is no problem of instances.
    EveryTargetUnhealthy,
    /// Users have been failing for longer than the policy lets that go without a person.
    Unexplained {
        /// The alarm.
        alarm: String,
        /// For how long.
        lasted: Duration,
    },
    /// A recovery holds the lock, and users have been failing for long all the same.
    Stuck {
        /// The run.
        incident: IncidentId,
        /// For how long they have failed beside it.
        lasted: Duration,
    },
    /// A person has disarmed the system: nothing starts by itself.
    Disarmed {
        /// The recovery that would fit.
        recovery: Recovery,
        /// Who disarmed it, and why.
        by: String,
    },
    /// A zone that was left looks well again, and nothing else is wrong.
    ZoneLooksWell {
        /// The zone.
        zone: Zone,
        /// Since when nothing has said otherwise.
        since: Timestamp,
        /// The run that left it.
        left_by: IncidentId,
    },
    /// It was looked at, and nothing is wrong.
    AllIsWell,
    /// A person asked for it.
    Asked {
        /// Who, and why.
        by: String,
    },
    /// What was asked for is not to be had.
    CannotBeAsked {
        /// What it is.
        what: String,
    },
    /// A run ended without its own failure path: nobody was told.
    RunDied {
        /// The run.
        run: String,
        /// How it ended, as Step Functions says it.
        status: String,
    },
    /// AWS Health says that a service is impaired that users depend on, and no alarm of the system's own agrees.
    HealthAlone {
        /// The service.
        service: String,
        /// The Region.
        region: Region,
    },
    /// Evenkeel asks itself whether an event gets through.
    SelfTest,
    /// AWS tells something from which nothing follows by itself.
    News {
        /// What.
        message: String,
    },
}

impl Why {
    /// Its name, as programs read it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::DatabaseDown { .. } => "database-down",
            Self::RegionDown { .. } => "region-down",
            Self::UndeclaredAlarm { .. } => "undeclared-alarm",
            Self::AlarmEnded { .. } => "alarm-ended",
            Self::AlarmBlind { .. } => "alarm-blind",
            Self::HeldBack { .. } => "held-back",
            Self::Stale { .. } => "stale",
            Self::Superseded { .. } => "superseded",
            Self::RecoveryRunning { .. } => "recovery-running",
            Self::Repeated { .. } => "repeated",
            Self::Cooldown { .. } => "cooldown",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::SymptomAlone { .. } => "symptom-alone",
            Self::PolicyPages { .. } => "policy-pages",
            Self::DatabaseFailoverFailed { .. } => "database-failover-failed",
            Self::DatabaseNews { .. } => "database-news",
            Self::NotOurs { .. } => "not-ours",
            Self::UndeclaredDatabase { .. } => "undeclared-database",
            Self::ZoneSick { .. } => "zone-sick",
            Self::AloneSoFar { .. } => "alone-so-far",
            Self::BadDeployment { .. } => "bad-deployment",
            Self::CacheDown { .. } => "cache-down",
            Self::InstancesUnhealthy { .. } => "instances-unhealthy",
            Self::LoadHigh { .. } => "load-high",
            Self::LoadOfTooFew { .. } => "load-of-too-few",
            Self::DeploymentFirst { .. } => "deployment-first",
            Self::GreyFailure { .. } => "grey-failure",
            Self::SeveralZones { .. } => "several-zones",
            Self::BootLoop { .. } => "boot-loop",
            Self::EveryTargetUnhealthy => "every-target-unhealthy",
            Self::Unexplained { .. } => "unexplained",
            Self::Stuck { .. } => "stuck",
            Self::Disarmed { .. } => "disarmed",
            Self::ZoneLooksWell { .. } => "zone-looks-well",
            Self::AllIsWell => "all-is-well",
            Self::Asked { .. } => "asked",
            Self::CannotBeAsked { .. } => "cannot-be-asked",
            Self::RunDied { .. } => "run-died",
            Self::HealthAlone { .. } => "health-alone",
            Self::SelfTest => "self-test",
            Self::News { .. } => "news",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DatabaseDown { alarm } => write!(f, "{alarm} is in ALARM and means database-down"),
            Self::RegionDown { alarms, health } => {
                let (are, mean) = if alarms.len() == 1 {
                    ("is", "means")
                } else {
                    ("are", "mean")
                };
                write!(
                    f,
                    "{} {are} in ALARM and {mean} region-down",
                    alarms.join(" and ")
                )?;
                if health.is_empty() {
                    return Ok(());
                }
                let services: Vec<&str> = health.iter().map(String::as_str).collect();
                write!(
                    f,
                    ", and AWS Health has an open issue of {} there",
                    services.join(" and ")
                )
            }
            Self::UndeclaredAlarm {
                alarm,
                account,
                region,
            } => {
                write!(
                    f,
                    "no system declares the alarm {alarm} of account {account} in {region}"
                )
            }
            Self::AlarmEnded { alarm } => write!(f, "{alarm} is OK"),
            Self::AlarmBlind { alarm } => write!(f, "{alarm} has insufficient data"),
            Self::HeldBack { alarm } => write!(f, "the owner of {alarm} holds its actions back"),
            Self::Stale { age, limit } => {
                write!(f, "it came {age} after it happened; the policy allows {limit}")
            }
            Self::Superseded { alarm, since } => write!(f, "{alarm} has been in another state since {since}"),
            Self::RecoveryRunning { incident } => write!(f, "a recovery is running: {incident}"),
            Self::Repeated { incident, outcome } => {
                write!(f, "it was dealt with: {incident} ended as {outcome}")
            }
            Self::Cooldown { last, outcome, until } => {
                write!(f, "cooldown until {until}: {last} ended as {outcome}")
            }
            Self::Unconfirmed { needs } => write!(f, "it needs a second signal: one of {}", needs.join(", ")),
            Self::SymptomAlone { alarm } => write!(f, "{alarm} says that users fail, and nothing says why"),
            Self::PolicyPages { recovery } => {
                write!(f, "{recovery} fits, and the policy wants a person to start it")
            }
            Self::DatabaseFailoverFailed { message } => write!(f, "RDS reports a failed failover: {message}"),
            Self::DatabaseNews { message } => write!(f, "RDS reports: {message}"),
            Self::NotOurs { what } => write!(f, "no system declares {what}"),
            Self::UndeclaredDatabase { identifier } => {
                write!(f, "no system declares the database {identifier}")
            }
            Self::ZoneSick { zone } => write!(f, "{zone} does not serve as the other zones do"),
            Self::AloneSoFar { zone } => write!(f, "{zone} fails, alone so far: others may follow"),
            Self::BadDeployment { deployment } => write!(f, "the deployment {deployment} is to blame"),
            Self::CacheDown { alarm } => write!(f, "{alarm} is in ALARM and means cache-down"),
            Self::InstancesUnhealthy { alarm } => {
                write!(f, "{alarm} is in ALARM, and only some instances are unhealthy")
            }
            Self::LoadOfTooFew { alarm } => {
                write!(
                    f,
                    "{alarm} is in ALARM because instances are missing, not because users are many"
                )
            }
            Self::LoadHigh { alarm } => write!(f, "{alarm} is in ALARM and means load-high"),
            Self::DeploymentFirst { deployment } => write!(
                f,
                "the Region answers, and the deployment {deployment} in it explains the failure: it is undone there first"
            ),
            Self::GreyFailure { alarm } => write!(
                f,
                "a grey failure: {alarm} says that users fail, and every target looks healthy"
            ),
            Self::SeveralZones { zones } => {
                let zones: Vec<String> = zones.iter().map(ToString::to_string).collect();
                write!(f, "{} fail alike: that is no zone's problem", zones.join(" and "))
            }
            Self::BootLoop { in_vain } => {
                write!(
                    f,
                    "the last {in_vain} launches were in vain: new instances do not become healthy"
                )
            }
            Self::EveryTargetUnhealthy => {
                f.write_str("every target is unhealthy: that is no problem of instances")
            }
            Self::Unexplained { alarm, lasted } => {
                write!(
                    f,
                    "{alarm} has said for {lasted} that users fail, and nothing says why"
                )
            }
            Self::Stuck { incident, lasted } => {
                write!(
                    f,
                    "users have been failing for {lasted} while {incident} holds the lock"
                )
            }
            Self::Disarmed { recovery, by } => write!(f, "{recovery} fits, and the system is disarmed: {by}"),
            Self::ZoneLooksWell { zone, since, left_by } => {
                write!(f, "{zone}, which {left_by} left, has looked well since {since}")
            }
            Self::AllIsWell => f.write_str("no declared alarm is in ALARM"),
            Self::Asked { by } => write!(f, "asked for by {by}"),
            Self::CannotBeAsked { what } => f.write_str(what),
            Self::SelfTest => f.write_str("Evenkeel tests itself"),
            Self::RunDied { run, status } => write!(
                f,
                "{run} ended as {status}, and could tell nobody; what it had done stands as it was left"
            ),
            Self::HealthAlone { service, region } => write!(
                f,
                "AWS Health has an open issue of {service} in {region}, and no alarm says that the Region is lost"
            ),
            Self::News { message } => f.write_str(message),
        }
    }
}
