//! `#names` and `:values`: each must be defined, and each must be used.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::refusal::Refusal;
use super::value;

/// The placeholders of one request, and which of them its expressions have used so far.
#[derive(Debug, Default)]
pub(super) struct Placeholders<'r> {
    names: Vec<Placeholder<'r, &'r str>>,
    values: Vec<Placeholder<'r, AttributeValue>>,
}

/// One of them: there are a handful at most.
#[derive(Debug)]
struct Placeholder<'r, V> {
    key: &'r str,
    stands_for: V,
    is_used: bool,
}

impl<'r> Placeholders<'r> {
    /// The placeholders of a request that has expressions, or has none.
    pub(super) fn of(
        names: Option<&'r HashMap<String, String>>,
        values: Option<&'r HashMap<String, AttributeValue>>,
        expressions: Expressions,
    ) -> Result<Self, Refusal> {
        check("ExpressionAttributeNames", names, '#', expressions)?;
        check("ExpressionAttributeValues", values, ':', expressions)?;
        let names = names.into_iter().flatten();
        let values = values.into_iter().flatten();
        let values = values.map(|(key, value)| Ok(Placeholder::new(key, value::accepted(value)?)));
        Ok(Self {
            names: names
                .map(|(key, name)| Placeholder::new(key, name.as_str()))
                .collect(),
            values: values.collect::<Result<_, Refusal>>()?,
        })
    }

    /// The attribute that a `#name` stands for. The message lacks the expression's kind, which the caller knows.
    pub(super) fn name(&mut self, placeholder: &str) -> Result<String, String> {
        let name = used(&mut self.names, placeholder).copied();
        name.map(str::to_owned).ok_or_else(|| {
            let what = "An expression attribute name used in the document path is not defined";
            format!("{what}; attribute name: {placeholder}")
        })
    }

    /// The value that a `:value` stands for.
    pub(super) fn value(&mut self, placeholder: &str) -> Result<AttributeValue, String> {
        used(&mut self.values, placeholder).cloned().ok_or_else(|| {
            let what = "An expression attribute value used in expression is not defined";
            format!("{what}; attribute value: {placeholder}")
        })
    }

    /// Refuses what no expression used: on AWS, too, that is taken for a mistake.
    pub(super) fn all_used(&self) -> Result<(), Refusal> {
        for (what, mut unused) in [
            ("ExpressionAttributeNames", unused(&self.names)),
            ("ExpressionAttributeValues", unused(&self.values)),
        ] {
            if !unused.is_empty() {
                unused.sort_unstable();
                return Err(Refusal::invalid(format!(
                    "Value provided in {what} unused in expressions: keys: {{{}}}",
                    unused.join(", ")
                )));
            }
        }
        Ok(())
    }
}

impl<'r, V> Placeholder<'r, V> {
    const fn new(key: &'r str, stands_for: V) -> Self {
        Self {
            key,
            stands_for,
            is_used: false,
        }
    }
}

/// What one stands for, which is used from now on.
fn used<'p, V>(all: &'p mut [Placeholder<'_, V>], key: &str) -> Option<&'p V> {
    let found = all.iter_mut().find(|placeholder| placeholder.key == key)?;
    found.is_used = true;
    Some(&found.stands_for)
}

/// The keys that no expression used.
fn unused<'r, V>(all: &[Placeholder<'r, V>]) -> Vec<&'r str> {
    let unused = all.iter().filter(|placeholder| !placeholder.is_used);
    unused.map(|placeholder| placeholder.key).collect()
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
