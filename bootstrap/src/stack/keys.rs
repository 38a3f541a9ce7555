//! Keys of one's own: topics and databases that are encrypted with one.
//!
//! Both belong to the systems, and may be encrypted with a key that the account's owner manages. Parameters of the stack name
//! such keys, and the functions that need them get a policy for them, through the service alone.
//!
//! - Whoever publishes to such a topic needs the key as well (SNS Developer Guide, sns-key-management), and so do the alarms, by the key's
//!   own policy (CloudWatch User Guide, AlarmThatSendsEmail).
//! - Whoever makes an encrypted database needs `kms:CreateGrant` and `kms:DescribeKey` of its key, because RDS acts for whoever
//!   asks (RDS User Guide, Overview.Encryption.Keys); the same page advises to permit grants only through RDS. A replica in
//!   another Region has a key of that Region (RDS API, CreateDBInstanceReadReplica, `KmsKeyId`), and one is made in either, by
//!   whichever of the two runs the way back. A global cluster's halves are made by people, and need no key here.
//!
//! What belongs to Evenkeel itself is encrypted with keys that AWS owns: a key in the path of a recovery is one
//! more thing that a person can disable, a policy can refuse, and a Region can lose (rule 1). The same holds for the object that
//! moves users: health checkers read it without credentials, and cannot read what is encrypted with a key.

use std::collections::BTreeSet;

use domain::names::Region;
use domain::system::region_failover::Replication;
use serde_json::{Map, Value, json};

use super::arn::reference;
use super::functions::{Function, role_of};
use super::here::Here;
use super::policy;
use super::template::Template;

/// Keys that a parameter of the stack names.
struct Keys {
    parameter: &'static str,
    asks_for: &'static str,
    /// The condition that it names any.
    condition: &'static str,
    policy: &'static str,
    permits: &'static str,
    /// Who may use them.
    functions: &'static [Function],
    /// What they may do with them, each with what has to be so besides the service through which it is asked for.
    actions: &'static [(&'static [&'static str], Option<Only>)],
    service: &'static str,
    /// The Regions of the service.
    regions: BTreeSet<Region>,
}

/// What has to be so: an operator, a key of the request and its value.
type Only = (&'static str, &'static str, &'static str);

/// Only a grant that a service of AWS's asks for on somebody's behalf. Source: KMS Developer Guide, conditions-kms.
const FOR_A_SERVICE: Only = ("Bool", "kms:GrantIsForAWSResource", "true");

/// All that this stack's functions need, because of which systems live here.
fn all(here: &Here<'_>) -> Vec<Keys> {
    let topics = Keys {
        parameter: "TopicKeys",
        asks_for: "ARNs of the KMS keys with which topics are encrypted that people are told by, if any are",
        condition: "TopicsHaveKeys",
        policy: "TopicKeysPolicy",
        permits: "Publishing to topics that are encrypted with keys of the account's owner",
        functions: &[Function::Notify, Function::Router],
        actions: &[(&["kms:Decrypt", "kms:GenerateDataKey"], None)],
        service: "sns",
        regions: [here.region.clone()].into(),
    };
    let databases = Keys {
        parameter: "DatabaseKeys",
        asks_for: "ARNs of the KMS keys, of both Regions, with which databases are encrypted that a replica follows from another \
                   Region, if any are",
        condition: "DatabasesHaveKeys",
        policy: "DatabaseKeysPolicy",
        permits: "Making replicas that are encrypted with keys of the account's owner",
        functions: &[Function::Database],
        actions: &[
            (&["kms:DescribeKey"], None),
            (&["kms:CreateGrant"], Some(FOR_A_SERVICE)),
        ],
        service: "rds",
        regions: with_replicas(here),
    };
    let needed = |keys: &Keys| !keys.regions.is_empty();
    [topics, databases].into_iter().filter(needed).collect()
}

/// The Regions in which a replica may be made anew.
fn with_replicas(here: &Here<'_>) -> BTreeSet<Region> {
    let moving = here
        .systems
        .iter()
        .filter_map(|system| system.region_failover.as_ref());
    moving
        .filter(|shared| shared.replication == Replication::ReadReplica)
        .flat_map(|shared| &shared.sites)
        .map(|site| site.region.clone())
        .collect()
}

/// The parameters that name the keys.
pub(super) fn parameters(here: &Here<'_>) -> Map<String, Value> {
    let parameter = |keys: Keys| {
        let parameter = json!({
            "Type": "CommaDelimitedList",
            "Default": "",
            "Description": keys.asks_for,
        });
        (keys.parameter.to_owned(), parameter)
    };
    all(here).into_iter().map(parameter).collect()
}

/// Whether they name any.
pub(super) fn conditions(here: &Here<'_>) -> Map<String, Value> {
    let condition = |keys: Keys| {
        let joined = json!({ "Fn::Join": ["", reference(keys.parameter)] });
        let names_any = json!({ "Fn::Not": [{ "Fn::Equals": [joined, ""] }] });
        (keys.condition.to_owned(), names_any)
    };
    all(here).into_iter().map(condition).collect()
}

/// The permissions to use them, through the service alone.
pub(super) fn add(template: &mut Template, here: &Here<'_>) {
    for keys in all(here) {
        let statements: Vec<Value> = keys
            .actions
            .iter()
            .enumerate()
            .map(|(nth, actions)| keys.statement(nth, actions))
            .collect();
        let roles: Vec<Value> = keys
            .functions
            .iter()
            .map(|function| reference(&role_of(*function)))
            .collect();
        template.add_if(
            keys.condition,
            keys.policy,
            "AWS::IAM::ManagedPolicy",
            json!({
                "Description": keys.permits,
                "PolicyDocument": policy::document(&statements),
                "Roles": roles,
            }),
        );
    }
}

impl Keys {
    fn statement(&self, nth: usize, (actions, only): &(&[&str], Option<Only>)) -> Value {
        let through: Vec<String> = self
            .regions
            .iter()
            .map(|region| format!("{}.{region}.amazonaws.com", self.service))
            .collect();
        let through = match through.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        let mut condition = json!({ "StringEquals": { "kms:ViaService": through } });
        if let Some((operator, key, value)) = only {
            condition[*operator] = json!({ *key: value });
        }
        let sid = match nth {
            0 => self.parameter.to_owned(),
            _ => format!("{}{}", self.parameter, nth + 1),
        };
        json!({
            "Sid": sid,
            "Effect": "Allow",
            "Action": actions,
            "Resource": reference(self.parameter),
            "Condition": condition,
        })
    }
}
