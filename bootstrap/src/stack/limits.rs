//! What CloudFormation and IAM take, held against a template before anybody deploys it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Stack, policy};

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

/// The same: parameters of a template.
const PARAMETERS: usize = 200;
/// Composite alarms in whose rule one alarm may stand (CloudWatch API, PutCompositeAlarm).
const COMPOSITES: usize = 150;

/// Whether CloudFormation takes a template as one.
pub(super) fn has_room(template: &Value) -> bool {
    let resources = template["Resources"].as_object().map_or(0, serde_json::Map::len);
    resources <= RESOURCES && written(template).is_ok_and(|text| text.len() <= BYTES)
}

/// A template as it is written: to be read where it has room for that, and else without blanks.
///
/// # Errors
/// When a template cannot be written as text.
pub fn written(template: &Value) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(template)?;
    if text.len() < BYTES {
        Ok(text)
    } else {
        serde_json::to_string(template)
    }
}

/// Of what a stack has too much.
///
/// # Errors
/// When a template cannot be written as text.
pub fn exceeded(stack: &Stack) -> serde_json::Result<Vec<Excess>> {
    let nested = stack
        .nested
        .iter()
        .map(|(name, template)| (name.as_str(), template));
    let mut all = of("the template", &stack.root, &written(&stack.root)?);
    for (name, template) in nested {
        all.extend(of(name, template, &written(template)?));
    }
    Ok(all)
}

fn of(name: &str, template: &Value, text: &str) -> Vec<Excess> {
    let none = serde_json::Map::new();
    let resources = template["Resources"].as_object().unwrap_or(&none);
    let whole = || name.to_owned();
    let parameters = template["Parameters"].as_object().map_or(0, serde_json::Map::len);
    let of_kind = |kind: &str| resources.values().filter(|one| one["Type"] == kind).count();
    let composites = of_kind("AWS::CloudWatch::CompositeAlarm");
    let mut checked = vec![
        (whole(), resources.len(), "resources", RESOURCES),
        (whole(), parameters, "parameters", PARAMETERS),
        (whole(), text.len(), "bytes", BYTES),
        (whole(), composites, "topics that are paged", COMPOSITES),
    ];
    let mut attached: BTreeMap<String, usize> = BTreeMap::new();
    for (logical, resource) in resources {
        let (kind, properties) = (resource["Type"].as_str(), &resource["Properties"]);
        let of = |what: &str| format!("{what} {logical}");
        match kind {
            Some("AWS::IAM::Role") => {
                let inline = policy::length(&properties["Policies"][0]["PolicyDocument"]);
                checked.push((of("the policy of"), inline, "characters", policy::INLINE));
            }
            Some("AWS::IAM::ManagedPolicy") => {
                let managed = policy::length(&properties["PolicyDocument"]);
                checked.push((of("the policy"), managed, "characters", policy::MANAGED));
                for role in properties["Roles"].as_array().into_iter().flatten() {
                    *attached
                        .entry(role["Ref"].as_str().unwrap_or_default().to_owned())
                        .or_default() += 1;
                }
            }
            Some(_) | None => {}
        }
    }
    for (role, policies) in attached {
        checked.push((
            format!("the role {role}"),
            policies,
            "managed policies",
            policy::ATTACHED,
        ));
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
