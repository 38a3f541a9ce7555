//! JSON in, JSON out.

use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

use super::Error;

/// Nodes that a result may have once it leaves JSONata. Shared sub-trees count each time they appear: a small graph can
/// stand for an exponentially large tree.
const MAX_RESULT_NODES: usize = 2_000_000;
/// Bytes of text that a result may hold once it leaves JSONata.
const MAX_RESULT_BYTES: usize = 64 << 20;

/// JSON as JSONata sees it.
pub(crate) fn from_json(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(flag) => JValue::Bool(*flag),
        Value::Number(number) => JValue::Number(number.as_f64().unwrap_or_default()),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => JValue::array(items.iter().map(from_json).collect()),
        Value::Object(fields) => JValue::object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), from_json(value)))
                .collect(),
        ),
    }
}

/// JSONata's value as JSON.
///
/// # Errors
/// Undefined; a function (which has no JSON form); a number that is not finite; a value too large to leave.
pub(crate) fn to_json(value: &JValue) -> Result<Value, Error> {
    let mut budget = Budget {
        nodes: MAX_RESULT_NODES,
        bytes: MAX_RESULT_BYTES,
    };
    match budget.convert(value, 0)? {
        Some(value) => Ok(value),
        None => Err(Error::Undefined),
    }
}

struct Budget {
    nodes: usize,
    bytes: usize,
}

/// Deepest result: what `serde_json` would read back.
const MAX_RESULT_DEPTH: usize = 120;

impl Budget {
    fn text(&mut self, text: &str) -> Result<String, Error> {
        self.bytes = self.bytes.checked_sub(text.len()).ok_or_else(too_large)?;
        Ok(text.to_owned())
    }

    fn convert(&mut self, value: &JValue, depth: usize) -> Result<Option<Value>, Error> {
        if depth > MAX_RESULT_DEPTH {
            return Err(Error::Threw("D1011: the result is nested too deeply".to_owned()));
        }
        self.nodes = self.nodes.checked_sub(1).ok_or_else(too_large)?;
        Ok(Some(match value {
            JValue::Undefined => return Ok(None),
            JValue::Null => Value::Null,
            JValue::Bool(flag) => Value::Bool(*flag),
            // AWS writes these as texts: `1/0` is "Infinity" (floci issue 2737).
            JValue::Number(number) if number.is_nan() => Value::from("NaN"),
            JValue::Number(number) if number.is_infinite() => {
                Value::from(if *number > 0.0 { "Infinity" } else { "-Infinity" })
            }
            JValue::Number(number) => Value::Number(json_number(*number)?),
            JValue::String(text) => Value::String(self.text(text)?),
            JValue::Array(items) => {
                let mut array = Vec::with_capacity(items.len().min(self.nodes));
                for item in items.iter() {
                    // JSON.stringify writes null for an undefined item.
                    array.push(self.convert(item, depth + 1)?.unwrap_or(Value::Null));
                }
                Value::Array(array)
            }
            JValue::Object(_) => {
                let mut object = Map::new();
                if let Some(fields) = value.as_object() {
                    for (name, field) in fields {
                        if let Some(field) = self.convert(field, depth + 1)? {
                            object.insert(self.text(name)?, field);
                        }
                    }
                }
                Value::Object(object)
            }
            JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => return Ok(None),
        }))
    }
}

fn too_large() -> Error {
    Error::Bound(super::MEMORY)
}

/// Whole numbers as integers, as AWS writes them.
pub(crate) fn json_number(number: f64) -> Result<Number, Error> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "whole and within 2^53, checked above"
        )]
        return Ok(Number::from(number as i64));
    }
    Number::from_f64(number).ok_or_else(|| Error::Threw("D1001: Number out of range".to_owned()))
}
