//! How many bytes a value takes as JSON text, and whether two values are the same.

use serde_json::Value;

/// Whether a value's JSON text has at most `limit` bytes. Stops counting at the limit. Most values are far below it: those are not
/// read byte by byte for what has to be escaped.
pub(crate) fn fits(value: &Value, limit: usize) -> bool {
    take(value, limit, longest).is_some() || take(value, limit, quoted).is_some()
}

/// What is left of a budget after writing the value, whose texts take so many bytes each.
fn take(value: &Value, left: usize, text_takes: fn(&str) -> usize) -> Option<usize> {
    match value {
        Value::Null => left.checked_sub(4),
        Value::Bool(flag) => left.checked_sub(if *flag { 4 } else { 5 }),
        Value::Number(number) => left.checked_sub(match number.as_i64() {
            Some(integer) => digits(integer),
            None => number.to_string().len(),
        }),
        Value::String(text) => left.checked_sub(text_takes(text)),
        Value::Array(items) => {
            let mut left = left.checked_sub(2 + items.len().saturating_sub(1))?;
            for item in items {
                left = take(item, left, text_takes)?;
            }
            Some(left)
        }
        Value::Object(fields) => {
            let mut left = left.checked_sub(2 + fields.len().saturating_sub(1))?;
            for (name, field) in fields {
                left = take(field, left.checked_sub(text_takes(name) + 1)?, text_takes)?;
            }
            Some(left)
        }
    }
}

fn digits(integer: i64) -> usize {
    let count = integer
        .unsigned_abs()
        .checked_ilog10()
        .map_or(1, |log| log as usize + 1);
    count + usize::from(integer < 0)
}

/// What a text takes at most: six bytes for each, as `\u0001`.
const fn longest(text: &str) -> usize {
    text.len() * 6 + 2
}

/// What a text takes.
fn quoted(text: &str) -> usize {
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    });
    text.len() + 2 + escapes.sum::<usize>()
}

/// Equality of JSON values with numbers compared by value: `1` is `1.0`.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, left)| right.get(name).is_some_and(|right| same(left, right)))
        }
        (
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
            _,
        ) => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counts_what_serde_writes() {
        for value in [
            json!({"a": [1, -20, 2.5, null, true, "x\"\n\u{1}ü"], "b": {}}),
            json!([]),
            json!(0),
        ] {
            let length = value.to_string().len();
            assert!(fits(&value, length), "{value}");
            assert!(!fits(&value, length - 1), "{value}");
        }
    }
}
