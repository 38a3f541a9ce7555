//! Roles: who may take one, and what it permits.

use serde_json::{Value, json};

use super::arn::reference;
use super::policy;
use super::template::Template;

/// A role that one service may take, for this account only.
pub(super) fn add(template: &mut Template, logical: &str, service: &str, statements: &[Value]) {
    let mut trust = json!({
        "Effect": "Allow",
        "Principal": { "Service": format!("{service}.amazonaws.com") },
        "Action": "sts:AssumeRole",
    });
    // Step Functions and Scheduler say for whom they act, so that nobody else's machine takes our role (IAM User Guide,
    // confused-deputy). Lambda does not when it takes an execution role.
    if service != "lambda" {
        trust["Condition"] = json!({ "StringEquals": { "aws:SourceAccount": reference("AWS::AccountId") } });
    }
    let role = json!({
        "AssumeRolePolicyDocument": policy::document(&[trust]),
        "Policies": [{ "PolicyName": "what-it-needs", "PolicyDocument": policy::document(statements) }],
    });
    template.add(logical, "AWS::IAM::Role", role);
}

/// A statement that permits these actions on these resources.
pub(super) fn allow(sid: &str, actions: &[&str], resources: Vec<Value>) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources })
}

/// The same, where a condition holds.
pub(super) fn allow_where(sid: &str, actions: &[&str], resources: Vec<Value>, condition: Value) -> Value {
    let mut statement = allow(sid, actions, resources);
    statement["Condition"] = condition;
    statement
}

/// Traces. `*`: X-Ray's actions on them know no resource. Source: Service Authorization Reference, AWS X-Ray.
pub(super) fn traces(actions: &[&str]) -> Value {
    allow("Traces", actions, vec![Value::from("*")])
}
