//! Identifiers as types, so that a Region is never passed where a zone is meant; and the names of what Evenkeel
//! owns in an account, so that nothing has to be looked up while a recovery runs (rule 1 of the guide).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Why a text is no such identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: expected {expected}")]
pub struct Error {
    /// What came.
    pub text: String,
    /// What it was meant to be, with its article.
    pub what: &'static str,
    /// The form it must have.
    pub expected: &'static str,
}

/// Declares a string newtype with a validity rule that is enforced on every way in.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $pattern:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Error { text: text.chars().take(120).collect(), what: $what, expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self, Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": concat!("Expected: ", $expected, ".") })
            }
        }
    };
}

identifier!(
    /// The name of a system: what people call the application. It becomes part of execution names, which AWS
    /// limits to 80 characters, hence its own limit.
    SystemName, "a system name", "1 to 24 lower-case letters, digits and hyphens, beginning with a letter",
    "^[a-z][a-z0-9-]{0,23}$",
    |text| {
        text.len() <= 24
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    }
);

identifier!(
    /// An AWS account number.
    AccountId, "an AWS account number", "12 digits", "^[0-9]{12}$",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);

identifier!(
    /// An AWS Region's code, as in `eu-central-1`.
    Region, "an AWS Region", "a Region code like `eu-central-1`", "^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$",
    |text| {
        let parts: Vec<&str> = text.split('-').collect();
        let Some((number, words)) = parts.split_last() else { return false };
        text.len() <= 25
            && words.len() >= 2
            && words.iter().all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
            && (1..=2).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit())
    }
);

identifier!(
    /// The identifier of a DB instance or cluster. Source of the rule: RDS API, CreateDBInstance and
    /// CreateDBCluster, parameter `DBInstanceIdentifier`/`DBClusterIdentifier`.
    DbIdentifier, "a DB identifier",
    "1 to 63 letters, digits and hyphens, beginning with a letter, without a hyphen at the end or two in a row",
    "^[A-Za-z](-?[A-Za-z0-9])*$",
    |text| {
        text.len() <= 63
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !text.ends_with('-')
            && !text.contains("--")
    }
);

identifier!(
    /// The ARN of an SNS topic.
    TopicArn, "the ARN of an SNS topic", "`arn:aws:sns:REGION:ACCOUNT:NAME`", "^arn:aws[a-z-]*:sns:[^:]+:[0-9]{12}:[^:]+$",
    |text| {
        let parts: Vec<&str> = text.split(':').collect();
        parts.len() == 6
            && parts[0] == "arn"
            && parts[1].starts_with("aws")
            && parts[2] == "sns"
            && parts[3].parse::<Region>().is_ok()
            && parts[4].parse::<AccountId>().is_ok()
            && !parts[5].is_empty()
    }
);

identifier!(
    /// One outage and what is done about it. The same signal gives the same identifier however often and however
    /// late it is delivered, and the identifier is the execution's name, so a repeated delivery starts nothing.
    IncidentId, "an incident", "1 to 80 letters, digits, hyphens and underscores", "^[A-Za-z0-9_-]{1,80}$",
    |text| {
        (1..=80).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    }
);

impl Region {
    /// The partition the Region belongs to, as it stands in ARNs.
    pub fn partition(&self) -> &'static str {
        if self.0.starts_with("cn-") {
            "aws-cn"
        } else if self.0.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }
}

impl TopicArn {
    /// The Region the topic lives in.
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }

    /// The account the topic lives in.
    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }
}

impl IncidentId {
    /// Derives the identifier from what makes the incident itself: the system, the recovery and the signal.
    pub fn derive(system: &SystemName, recovery: Recovery, signal_id: &str, at: Timestamp) -> Self {
        let at = at.strftime("%Y%m%dT%H%M%SZ");
        Self(format!(
            "{system}-{}-{at}-{:016x}",
            recovery.machine(),
            fnv1a(signal_id.as_bytes())
        ))
    }
}

/// FNV-1a, 64 bits: short, the same on every build and platform, and nobody gains by a collision here.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// An Availability Zone's name, as in `eu-central-1a`. Names are per account; a zonal shift needs the zone's
/// [`ZoneId`] instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Zone(pub String);

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An Availability Zone's ID, as in `euc1-az2`: the same zone in every account. A zonal shift wants it.
/// Source: EC2 User Guide, az-ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ZoneId(pub String);

impl fmt::Display for ZoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A number that grows with every holder of a system's lock. A destructive step that carries an older one is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A recovery: what can be done about an outage. Each is one state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Recovery {
    /// Move the database's writer to another Availability Zone of its Region.
    FailOverDatabase,
    /// The Region that serves is lost: move the system to the one in which this runs.
    FailOverRegion,
    /// Move a healthy system to the Region in which this runs, without loss.
    SwitchOverRegion,
    /// Bring the Region in which this runs back into step with the one that serves, and move the system to it.
    FailBackRegion,
    /// Deploy the last revision that was deployed with success.
    RollBackDeployment,
    /// Move users, instances, the writer and the cache out of one Availability Zone.
    EvacuateZone,
    /// Use a zone again that was evacuated.
    ReturnToZone,
    /// Replace instances that are unhealthy.
    ReplaceInstances,
    /// More instances, before users notice that there are too few.
    ScaleOut,
    /// Move the cache's primary to another node.
    FailOverCache,
}

impl Recovery {
    /// Every recovery that has a machine.
    pub const ALL: [Self; 10] = [
        Self::FailOverDatabase,
        Self::FailOverRegion,
        Self::SwitchOverRegion,
        Self::FailBackRegion,
        Self::RollBackDeployment,
        Self::EvacuateZone,
        Self::ReturnToZone,
        Self::ReplaceInstances,
        Self::ScaleOut,
        Self::FailOverCache,
    ];

    /// The state machine's name, which is also the name of its file.
    pub const fn machine(self) -> &'static str {
        match self {
            Self::FailOverDatabase => "fail-over-database",
            Self::FailOverRegion => "fail-over-region",
            Self::SwitchOverRegion => "switch-over-region",
            Self::FailBackRegion => "fail-back-region",
            Self::RollBackDeployment => "roll-back-deployment",
            Self::EvacuateZone => "evacuate-zone",
            Self::ReturnToZone => "return-to-zone",
            Self::ReplaceInstances => "replace-instances",
            Self::ScaleOut => "scale-out",
            Self::FailOverCache => "fail-over-cache",
        }
    }

    /// Whether it moves a system to another Region.
    pub const fn crosses_regions(self) -> bool {
        match self {
            Self::FailOverRegion | Self::SwitchOverRegion | Self::FailBackRegion => true,
            Self::FailOverDatabase
            | Self::RollBackDeployment
            | Self::EvacuateZone
            | Self::ReturnToZone
            | Self::ReplaceInstances
            | Self::ScaleOut
            | Self::FailOverCache => false,
        }
    }

    /// The recovery of that name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|recovery| recovery.machine() == name)
    }

    /// The state machine's name in an account.
    pub fn state_machine_name(self) -> String {
        format!("{STATE_MACHINE_PREFIX}{}", self.machine())
    }

    /// The state machine's ARN in an account.
    pub fn state_machine_arn(self, region: &Region, account: &AccountId) -> String {
        format!(
            "arn:{}:states:{region}:{account}:stateMachine:{}",
            region.partition(),
            self.state_machine_name()
        )
    }

    /// The recovery whose state machine has that ARN, whatever the account and the Region, if it is one of ours.
    pub fn of_state_machine(arn: &str) -> Option<Self> {
        let name = arn.rsplit(':').next()?;
        Self::named(name.strip_prefix(STATE_MACHINE_PREFIX)?)
    }
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.machine())
    }
}

/// The ARN of an execution of a state machine. Source: Step Functions Developer Guide, resource types of its ARNs.
pub fn execution_arn(state_machine_arn: &str, name: &str) -> String {
    format!(
        "{}:{name}",
        state_machine_arn.replace(":stateMachine:", ":execution:")
    )
}

/// How the names of our state machines begin in an account.
const STATE_MACHINE_PREFIX: &str = "evenkeel-";

/// What a self-test is called in an account: its state machine, and the system whose lock it takes, which is none.
pub const SELF_TEST: &str = "evenkeel-self-test";

/// The ARN of the self-test's state machine in an account.
pub fn self_test_arn(region: &Region, account: &str) -> String {
    let partition = region.partition();
    format!("arn:{partition}:states:{region}:{account}:stateMachine:{SELF_TEST}")
}

/// The journal's DynamoDB table.
pub const JOURNAL_TABLE: &str = "evenkeel-journal";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn regions_are_told_from_zones() {
        for good in [
            "eu-central-1",
            "us-gov-west-1",
            "ap-southeast-4",
            "cn-north-1",
            "us-iso-east-1",
        ] {
            good.parse::<Region>().expect(good);
        }
        for bad in [
            "eu-central-1a",
            "frankfurt",
            "eu-1",
            "eu-central",
            "EU-central-1",
            "",
        ] {
            bad.parse::<Region>().expect_err(bad);
        }
    }

    #[test]
    fn db_identifiers_follow_rds() {
        for good in ["shop-db", "a", "A1-b2"] {
            good.parse::<DbIdentifier>().expect(good);
        }
        for bad in ["1db", "db-", "d--b", "d_b", ""] {
            bad.parse::<DbIdentifier>().expect_err(bad);
        }
    }

    #[test]
    fn a_recovery_is_found_by_its_name_and_by_its_state_machine() {
        let (region, account) = (
            "eu-central-1".parse().expect("valid"),
            "111122223333".parse().expect("valid"),
        );
        for recovery in Recovery::ALL {
            assert_eq!(Recovery::named(recovery.machine()), Some(recovery));
            let arn = recovery.state_machine_arn(&region, &account);
            assert_eq!(Recovery::of_state_machine(&arn), Some(recovery), "{arn}");
        }
        assert_eq!(Recovery::named("evenkeel-scale-out"), None);
        for other in [
            "",
            "scale-out",
            "arn:aws:states:eu-central-1:111122223333:stateMachine:scale-out",
        ] {
            assert_eq!(Recovery::of_state_machine(other), None, "{other}");
        }
    }

    proptest! {
        /// Execution names may have 80 characters (Step Functions API, StartExecution).
        #[test]
        fn an_incident_is_always_a_valid_execution_name(system in "[a-z][a-z0-9-]{0,23}", id in ".*", s in 0i64..253_402_000_000) {
            let at = Timestamp::from_second(s).expect("in range");
            let incident = IncidentId::derive(&system.parse().expect("valid"), Recovery::FailOverDatabase, &id, at);
            prop_assert!(incident.as_str().parse::<IncidentId>().is_ok(), "{}", incident);
        }

        #[test]
        fn nothing_panics(text in ".{0,200}") {
            let _ = (text.parse::<Region>(), text.parse::<TopicArn>(), text.parse::<DbIdentifier>(), text.parse::<SystemName>());
        }
    }
}
