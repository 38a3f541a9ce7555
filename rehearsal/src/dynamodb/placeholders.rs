//! `#names` and `:values`: each must be defined, and each must be used.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use super::refusal::Refusal;
use super::value;

/// The placeholders of one request, and which of them its expressions have used so far.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, AttributeValue>,
    unused_names: BTreeSet<String>,
    unused_values: BTreeSet<String>,
}

impl Placeholders {
    /// The placeholders of a request that has expressions, or has none.
    pub(super) fn of(
        names: Option<&HashMap<String, String>>,
        values: Option<&HashMap<String, AttributeValue>>,
        expressions: Expressions,
    ) -> Result<Self, Refusal> {
        check("ExpressionAttributeNames", names, '#', expressions)?;
        check("ExpressionAttributeValues", values, ':', expressions)?;
        let names: BTreeMap<_, _> = names
            .into_iter()
            .flatten()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let values = values
            .into_iter()
            .flatten()
            .map(|(k, v)| Ok((k.clone(), value::accepted(v)?)));
        let values: BTreeMap<_, _> = values.collect::<Result<_, Refusal>>()?;
        Ok(Self {
            unused_names: names.keys().cloned().collect(),
            unused_values: values.keys().cloned().collect(),
            names,
            values,
        })
    }

    /// The attribute that a `#name` stands for. The message lacks the expression's kind, which the caller knows.
    pub(super) fn name(&mut self, placeholder: &str) -> Result<String, String> {
        self.unused_names.remove(placeholder);
        self.names.get(placeholder).cloned().ok_or_else(|| {
            let what = "An expression attribute name used in the document path is not defined";
            format!("{what}; attribute name: {placeholder}")
        })
    }

    /// The value that a `:value` stands for.
    pub(super) fn value(&mut self, placeholder: &str) -> Result<AttributeValue, String> {
        self.unused_values.remove(placeholder);
        self.values.get(placeholder).cloned().ok_or_else(|| {
            let what = "An expression attribute value used in expression is not defined";
            format!("{what}; attribute value: {placeholder}")
        })
    }

    /// Refuses what no expression used: on AWS, too, that is taken for a mistake.
    pub(super) fn all_used(&self) -> Result<(), Refusal> {
        for (what, unused) in [
            ("ExpressionAttributeNames", &self.unused_names),
            ("ExpressionAttributeValues", &self.unused_values),
        ] {
            if !unused.is_empty() {
                let keys: Vec<&str> = unused.iter().map(String::as_str).collect();
                return Err(Refusal::invalid(format!(
                    "Value provided in {what} unused in expressions: keys: {{{}}}",
                    keys.join(", ")
                )));
            }
        }
        Ok(())
    }
}

/// Whether a request has any expression for its placeholders to stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expressions {
    /// At least one.
    Some,
    /// Not one.
    None,
}

fn check<V>(
    what: &str,
    map: Option<&HashMap<String, V>>,
    sign: char,
    expressions: Expressions,
) -> Result<(), Refusal> {
    let Some(map) = map else { return Ok(()) };
    if expressions == Expressions::None {
        return Err(Refusal::invalid(format!(
            "{what} can only be specified when using expressions"
        )));
    }
    if map.is_empty() {
        return Err(Refusal::invalid(format!("{what} must not be empty")));
    }
    let malformed = |key: &&String| {
        let rest = key.strip_prefix(sign).unwrap_or_default();
        rest.is_empty() || !rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match map.keys().filter(malformed).min() {
        Some(key) => Err(Refusal::invalid(format!(
            "{what} contains invalid key: Syntax error; key: \"{key}\""
        ))),
        None => Ok(()),
    }
}
