//! What CloudFormation and IAM take, held against a template before anybody deploys it.

use serde_json::Value;

use super::policy;

/// Something of which a template has too much.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} has {has} {unit}, and may have {limit}")]
pub struct Excess {
    what: String,
    has: usize,
    unit: &'static str,
    limit: usize,
}

/// CloudFormation User Guide, cloudformation-limits: resources of a template.
const RESOURCES: usize = 500;
/// The same: bytes of a template that is in S3.
const BYTES: usize = 1_000_000;

/// Of what a template, written as `text`, has too much.
pub fn exceeded(template: &Value, text: &str) -> Vec<Excess> {
    let none = serde_json::Map::new();
    let resources = template["Resources"].as_object().unwrap_or(&none);
    let whole = || "the template".to_owned();
    let mut checked = vec![
        (whole(), resources.len(), "resources", RESOURCES),
        (whole(), text.len(), "bytes", BYTES),
    ];
    for (logical, resource) in resources {
        let (kind, properties) = (resource["Type"].as_str(), &resource["Properties"]);
        let of = |what: &str| format!("{what} {logical}");
        match kind {
            Some("AWS::IAM::Role") => {
                let inline = policy::length(&properties["Policies"][0]["PolicyDocument"]);
                let attached = properties["ManagedPolicyArns"].as_array().map_or(0, Vec::len);
                checked.push((of("the policy of"), inline, "characters", policy::INLINE));
                checked.push((of("the role"), attached, "managed policies", policy::ATTACHED));
            }
            Some("AWS::IAM::ManagedPolicy") => {
                let managed = policy::length(&properties["PolicyDocument"]);
                checked.push((of("the policy"), managed, "characters", policy::MANAGED));
            }
            Some(_) | None => {}
        }
    }
    let over = checked.into_iter().filter(|(_, has, _, limit)| has > limit);
    over.map(|(what, has, unit, limit)| Excess {
        what,
        has,
        unit,
        limit,
    })
    .collect()
}
