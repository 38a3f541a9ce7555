//! How long a policy may be, and what becomes of one that would be longer: it is divided, and the role has several.
//!
//! A statement that is divided permits what it permitted: where an action needs several resources (a failover of a global cluster),
//! IAM asks for each of them whether any statement permits it.

use serde_json::{Value, json};

/// Characters of a role's inline policies together, blanks not counted. Source of this and the next: IAM User Guide,
/// reference_iam-quotas.
pub(super) const INLINE: usize = 10_240;
/// Characters of a managed policy, blanks not counted.
pub(super) const MANAGED: usize = 6_144;
/// Managed policies of a role, unless the account's quota was raised.
pub(super) const ATTACHED: usize = 10;

/// A policy of these statements.
pub(super) fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The statements of the inline policy, and of as many managed ones as it takes. In order; a statement is divided where a policy
/// is full.
pub(super) fn divided(statements: Vec<Value>) -> Vec<Vec<Value>> {
    let empty = length(&document(&[]));
    let mut policies: Vec<Vec<Value>> = vec![Vec::new()];
    let mut room = INLINE - empty;
    for mut statement in statements {
        let Value::Array(resources) = statement["Resource"].take() else {
            continue;
        };
        let around = length(&statement);
        let mut part: Vec<Value> = Vec::new();
        for resource in resources {
            let own = length(&resource) + 1;
            let needs = if part.is_empty() { around + own } else { own };
            if needs > room {
                close(&mut policies, &statement, &mut part);
                policies.push(Vec::new());
                room = (MANAGED - empty).saturating_sub(around + own);
            } else {
                room -= needs;
            }
            part.push(resource);
        }
        close(&mut policies, &statement, &mut part);
    }
    policies
}

/// Adds a part of a statement to the policy that is being filled.
fn close(policies: &mut [Vec<Value>], statement: &Value, part: &mut Vec<Value>) {
    if let Some(policy) = policies.last_mut().filter(|_| !part.is_empty()) {
        let mut statement = statement.clone();
        statement["Resource"] = Value::Array(std::mem::take(part));
        policy.push(statement);
    }
}

/// How long a policy is at most once CloudFormation has filled it in. An attribute becomes an ARN of ours, of a hundred characters at
/// most.
pub(super) fn length(value: &Value) -> usize {
    const ARN: usize = 100;
    const LONGEST_PARTITION: &str = "aws-us-gov";
    match value {
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get("Fn::Sub") {
                text.replace("${AWS::Partition}", LONGEST_PARTITION).len() + 2
            } else if object.contains_key("Fn::GetAtt") {
                ARN
            } else {
                2 + object
                    .iter()
                    .map(|(key, value)| key.len() + 4 + length(value))
                    .sum::<usize>()
            }
        }
        Value::Array(array) => 2 + array.iter().map(|value| length(value) + 1).sum::<usize>(),
        Value::String(text) => text.len() + 2,
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sid: &str, resources: usize) -> Value {
        let arn = |nth| {
            Value::from(format!(
                "arn:aws:rds:eu-central-1:111122223333:cluster:{sid}-{nth:04}"
            ))
        };
        let resources: Vec<Value> = (0..resources).map(arn).collect();
        json!({ "Sid": sid, "Effect": "Allow", "Action": ["rds:DescribeDBClusters"], "Resource": resources })
    }

    fn resources(statements: &[Value]) -> Vec<Value> {
        let of = |statement: &Value| statement["Resource"].as_array().expect("resources").clone();
        statements.iter().flat_map(of).collect()
    }

    #[test]
    fn what_fits_stays_together() {
        let statements = vec![statement("One", 3), statement("Two", 1)];
        assert_eq!(divided(statements.clone()), [statements]);
    }

    #[test]
    fn what_does_not_is_divided_and_nothing_is_lost() {
        let statements = vec![
            statement("One", 150),
            statement("Two", 2),
            statement("Three", 250),
        ];
        let policies = divided(statements.clone());
        assert_eq!(resources(&policies.concat()), resources(&statements));
        for (nth, policy) in policies.iter().enumerate() {
            let limit = if nth == 0 { INLINE } else { MANAGED };
            let written = document(policy).to_string();
            assert!(length(&document(policy)) <= limit, "{nth}");
            assert!(written.len() <= limit, "{nth}: {}", written.len());
            assert!(!policy.is_empty(), "{nth}");
        }
        assert_eq!(policies.len(), 4);
    }
}
