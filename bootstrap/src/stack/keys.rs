//! Keys of one's own: topics that are encrypted with one.
//!
//! Topics belong to the systems, and may be encrypted with a key that the account's owner manages. Whoever publishes to such a topic needs
//! the key as well (SNS Developer Guide, sns-key-management), and so do the alarms, by the key's own policy (CloudWatch User Guide,
//! AlarmThatSendsEmail). What belongs to Evenkeel itself is encrypted with keys that AWS owns: a key in the path of a recovery is one
//! more thing that a person can disable, a policy can refuse, and a Region can lose (rule 1). The same holds for the object that
//! moves users: health checkers read it without credentials, and cannot read what is encrypted with a key.

use domain::names::Region;
use serde_json::{Value, json};

use super::arn::reference;
use super::functions::{Function, role_of};
use super::policy;
use super::template::Template;

const PARAMETER: &str = "TopicKeys";
const CONDITION: &str = "TopicsHaveKeys";

/// The functions that publish.
const PUBLISHERS: [Function; 2] = [Function::Notify, Function::Router];

/// The parameter that names the keys.
pub(super) fn parameter() -> (&'static str, Value) {
    let parameter = json!({
        "Type": "CommaDelimitedList",
        "Default": "",
        "Description": "ARNs of the KMS keys with which topics are encrypted that people are told by, if any are",
    });
    (PARAMETER, parameter)
}

/// Whether it names any.
pub(super) fn condition() -> (&'static str, Value) {
    let joined = json!({ "Fn::Join": ["", reference(PARAMETER)] });
    (CONDITION, json!({ "Fn::Not": [{ "Fn::Equals": [joined, ""] }] }))
}

/// The permission to use them, for publishing alone.
pub(super) fn add(template: &mut Template, region: &Region) {
    let statement = json!({
        "Sid": "TopicKeys",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": reference(PARAMETER),
        "Condition": { "StringEquals": { "kms:ViaService": format!("sns.{region}.amazonaws.com") } },
    });
    template.add_if(
        CONDITION,
        "TopicKeysPolicy",
        "AWS::IAM::ManagedPolicy",
        json!({
            "Description": "Publishing to topics that are encrypted with keys of the account's owner",
            "PolicyDocument": policy::document(&[statement]),
            "Roles": PUBLISHERS.map(|function| reference(&role_of(function))),
        }),
    );
}
