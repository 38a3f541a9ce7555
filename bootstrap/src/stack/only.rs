//! Conditions: what a permission is held to beyond its resource.

use domain::system::System;
use domain::system::region_failover::{LEADING_TYPES, Traffic};
use serde_json::{Value, json};

use super::on::On;

/// What a statement is held to. Two systems of one resource and different conditions have a statement each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Only {
    /// Changes of the records of one name, of types that lead anywhere, by writing over what is there.
    Records {
        /// The name, as Route 53 compares it: in lower case, without the final dot. What it would write as an octal code, a host
        /// name has not (RFC 1123, section 2.1).
        name: String,
    },
}

impl Only {
    /// What permissions for a thing are held to, for a system.
    pub fn of(on: On, system: &System) -> Option<Self> {
        let shared = system.region_failover.as_ref()?;
        match (on, &shared.traffic) {
            (On::Records, Traffic::Record { .. }) => Some(Self::Records {
                name: shared.hostname.to_string(),
            }),
            _ => None,
        }
    }

    /// What tells statements about one thing apart that are held to different conditions, in a `Sid`, which takes letters and digits.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Records { name } => format!("{:016x}", domain::names::fnv1a(name.as_bytes())),
        }
    }

    /// As it stands in a statement.
    ///
    /// All values of a batch have to be among these. An operator for all values is met by none at all, so the key has to be there
    /// (IAM User Guide, `reference_policies_condition-single-vs-multi-valued-context-keys`). The keys, and how their values are
    /// written: Route 53 Developer Guide, specifying-conditions-route53.
    pub(super) fn condition(&self) -> Value {
        match self {
            Self::Records { name } => json!({
                "ForAllValues:StringEquals": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": [name],
                    "route53:ChangeResourceRecordSetsRecordTypes": LEADING_TYPES,
                    "route53:ChangeResourceRecordSetsActions": ["UPSERT"],
                },
                "Null": { "route53:ChangeResourceRecordSetsNormalizedRecordNames": "false" },
            }),
        }
    }
}
