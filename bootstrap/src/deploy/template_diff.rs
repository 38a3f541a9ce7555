//! What differs between the template that is deployed and the one that is to be, by resource and by place.
//!
//! A change set says which resources change and whether they are replaced. What exactly changes in them stands there only for
//! some types, and in CloudFormation's own words; the two templates say it of all.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Something that differs at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    /// The place below the resource's properties, as in `EventPattern.detail.alarmName`.
    pub(crate) path: String,
    /// What stands there, and is to go.
    pub(crate) before: Option<String>,
    /// What is to stand there.
    pub(crate) after: Option<String>,
}

/// By logical ID, what differs in resources that both templates have.
pub(crate) fn of(before: &Value, after: &Value) -> BTreeMap<String, Vec<Line>> {
    let none = Map::new();
    let resources = |template: &Value| template["Resources"].as_object().unwrap_or(&none).clone();
    let (old, new) = (resources(before), resources(after));
    let mut found = BTreeMap::new();
    for (logical, resource) in &new {
        let Some(was) = old.get(logical) else { continue };
        let mut lines = Vec::new();
        walk("", &was["Properties"], &resource["Properties"], &mut lines);
        if !lines.is_empty() {
            found.insert(logical.clone(), lines);
        }
    }
    found
}

fn walk(path: &str, before: &Value, after: &Value, lines: &mut Vec<Line>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) if !is_function(old) && !is_function(new) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let at = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                walk(
                    &at,
                    old.get(key).unwrap_or(&Value::Null),
                    new.get(key).unwrap_or(&Value::Null),
                    lines,
                );
            }
        }
        (Value::Array(old), Value::Array(new)) => match (named(old), named(new)) {
            (Some(old), Some(new)) => {
                let names: BTreeSet<&&str> = old.keys().chain(new.keys()).collect();
                for name in names {
                    let of = |all: &BTreeMap<&str, &Value>| {
                        all.get(*name).copied().cloned().unwrap_or(Value::Null)
                    };
                    walk(&format!("{path}[{name}]"), &of(&old), &of(&new), lines);
                }
            }
            _ => {
                for gone in old.iter().filter(|one| !new.contains(one)) {
                    lines.push(line(path, Some(gone), None));
                }
                for come in new.iter().filter(|one| !old.contains(one)) {
                    lines.push(line(path, None, Some(come)));
                }
            }
        },
        (Value::Null, after) => lines.push(line(path, None, Some(after))),
        (before, Value::Null) => lines.push(line(path, Some(before), None)),
        (before, after) => lines.push(line(path, Some(before), Some(after))),
    }
}

fn line(path: &str, before: Option<&Value>, after: Option<&Value>) -> Line {
    Line {
        path: path.to_owned(),
        before: before.map(spoken),
        after: after.map(spoken),
    }
}

/// The elements by the name that each has, if each has one and no two the same.
fn named(elements: &[Value]) -> Option<BTreeMap<&str, &Value>> {
    const NAMES: [&str; 4] = ["Sid", "PolicyName", "Id", "Name"];
    let name_of = |one: &Value| NAMES.into_iter().find(|name| one[*name].is_string());
    let mut found = BTreeMap::new();
    for element in elements {
        let name = element[name_of(element)?].as_str()?;
        if found.insert(name, element).is_some() {
            return None;
        }
    }
    Some(found)
}

/// Whether it is one of CloudFormation's own functions: one value, whatever it is written with.
fn is_function(object: &Map<String, Value>) -> bool {
    let mut keys = object.keys();
    match (keys.next(), keys.next()) {
        (Some(one), None) => one == "Ref" || one.starts_with("Fn::"),
        _ => false,
    }
}

/// A value as one would say it.
fn spoken(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(object) if is_function(object) => match object.values().next() {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => {
                let parts: Vec<String> = parts.iter().map(spoken).collect();
                parts.join(".")
            }
            _ => value.to_string(),
        },
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(properties: Value) -> Value {
        json!({ "Resources": { "One": { "Type": "T", "Properties": properties } } })
    }

    fn lines(before: Value, after: Value) -> Vec<String> {
        let found = of(&template(before), &template(after));
        let all = found.into_values().flatten();
        all.map(|line| {
            let said = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            format!("{}: {} -> {}", line.path, said(line.before), said(line.after))
        })
        .collect()
    }

    #[test]
    fn a_value_a_list_and_what_has_a_name_are_told_by_their_place() {
        assert_eq!(
            lines(
                json!({ "MemorySize": 256, "Same": [1], "Gone": "x" }),
                json!({ "MemorySize": 512, "Same": [1] })
            ),
            ["Gone: x -> -", "MemorySize: 256 -> 512"]
        );
        assert_eq!(
            lines(
                json!({ "EventPattern": { "detail": { "alarmName": ["a", "b"] } } }),
                json!({ "EventPattern": { "detail": { "alarmName": ["b", "c"] } } })
            ),
            [
                "EventPattern.detail.alarmName: a -> -",
                "EventPattern.detail.alarmName: - -> c"
            ]
        );
        let statement = |sid: &str, on: Value| json!({ "Sid": sid, "Resource": [on] });
        let arn = json!({ "Fn::Sub": "arn:${AWS::Partition}:x" });
        assert_eq!(
            lines(
                json!({ "Statement": [statement("Journal", json!("*")), statement("Logs", json!("*"))] }),
                json!({ "Statement": [statement("Logs", json!("*")), statement("Journal", arn)] })
            ),
            [
                "Statement[Journal].Resource: * -> -",
                "Statement[Journal].Resource: - -> arn:${AWS::Partition}:x"
            ]
        );
        assert_eq!(
            lines(
                json!({ "Role": { "Ref": "A" } }),
                json!({ "Role": { "Fn::GetAtt": ["B", "Arn"] } })
            ),
            ["Role: A -> B.Arn"]
        );
    }

    #[test]
    fn what_only_one_template_has_is_not_told_twice() {
        let empty = json!({ "Resources": {} });
        assert!(of(&empty, &template(json!({ "A": 1 }))).is_empty());
        assert!(of(&Value::Null, &template(json!({ "A": 1 }))).is_empty());
    }
}
