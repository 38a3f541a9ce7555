//! A template in the making: resources in the order in which they were added.

use serde_json::{Map, Value, json};

/// A template in the making.
#[derive(Debug, Default)]
pub(super) struct Template {
    resources: Map<String, Value>,
}

impl Template {
    /// Adds a resource.
    pub(super) fn add(&mut self, logical: &str, kind: &str, properties: Value) {
        let resource = json!({ "Type": kind, "Properties": properties });
        self.resources.insert(logical.to_owned(), resource);
    }

    /// Sets a property of a resource that was added.
    pub(super) fn set(&mut self, logical: &str, property: &str, value: Value) {
        if let Some(resource) = self.resources.get_mut(logical) {
            resource["Properties"][property] = value;
        }
    }

    /// Adds one that is there only where a condition holds.
    pub(super) fn add_if(&mut self, condition: &str, logical: &str, kind: &str, properties: Value) {
        let resource = json!({ "Type": kind, "Condition": condition, "Properties": properties });
        self.resources.insert(logical.to_owned(), resource);
    }

    /// Adds one that outlives the stack.
    pub(super) fn add_kept(&mut self, logical: &str, kind: &str, properties: Value) {
        let resource = json!({
            "Type": kind,
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": properties,
        });
        self.resources.insert(logical.to_owned(), resource);
    }

    /// The whole template.
    pub(super) fn finished(self, description: &str, parameters: &Value, conditions: &Value) -> Value {
        json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": description,
            "Parameters": parameters,
            "Conditions": conditions,
            "Resources": self.resources,
        })
    }
}

/// A name as a logical ID: letters and digits only, each word with a capital (CloudFormation User Guide,
/// resources-section-structure).
pub(super) fn logical(name: &str) -> String {
    name.split(|one: char| !one.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        })
        .collect()
}
