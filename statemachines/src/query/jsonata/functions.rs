//! The functions that Step Functions adds to JSONata, and the ones it takes its own view of.

use std::rc::Rc;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;
use serde_json::Value;

use super::Bindings;
use crate::query::intrinsic::hash;

/// Give the evaluator those of the functions that the expression names.
pub(super) fn register(
    evaluator: &mut Evaluator,
    named: &[String],
    bindings: &dyn Bindings,
) -> Result<(), EvaluatorError> {
    for name in named {
        match name.as_str() {
            "partition" => evaluator.register_fn("partition", partition)?,
            "range" => evaluator.register_fn("range", range)?,
            "hash" => evaluator.register_fn("hash", hash_text)?,
            "parse" => evaluator.register_fn("parse", parse)?,
            "uuid" => {
                let random = bindings.random();
                evaluator.register_fn("uuid", move |_: &[JValue]| {
                    Ok(JValue::from(random.borrow_mut().uuid()))
                })?;
            }
            "random" => {
                let random = bindings.random();
                evaluator.register_fn_override("random", move |arguments: &[JValue]| {
                    // With a seed, the same numbers for the same seed, like AWS.
                    match arguments.first().and_then(JValue::as_f64) {
                        Some(seed) => Ok(JValue::Number(java_random(seed))),
                        None => Ok(JValue::Number(random.borrow_mut().unit())),
                    }
                })?;
            }
            "now" => {
                let now = bindings.now();
                evaluator
                    .register_fn_override("now", move |_: &[JValue]| Ok(JValue::from(format!("{now:.3}"))))?;
            }
            "millis" => {
                let now = bindings.now();
                evaluator.register_fn_override("millis", move |_: &[JValue]| {
                    Ok(JValue::from(now.as_millisecond()))
                })?;
            }
            "shuffle" => {
                let random = bindings.random();
                evaluator.register_fn_override("shuffle", move |arguments: &[JValue]| {
                    let Some(items) = arguments.first().and_then(JValue::as_array) else {
                        return Ok(JValue::Undefined);
                    };
                    let mut items = items.clone();
                    for last in (1..items.len()).rev() {
                        items.swap(last, random.borrow_mut().below(last + 1));
                    }
                    Ok(JValue::array(items))
                })?;
            }
            "eval" => {
                evaluator.register_fn_override("eval", |_: &[JValue]| {
                    // Step Functions leaves $eval out; see "Transforming data with JSONata" in its guide.
                    Err::<JValue, _>(EvaluatorError::EvaluationError(
                        "T1006: Attempted to invoke a non-function".into(),
                    ))
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Functions of JSONata and of Step Functions; `$eval` is left out on purpose.
const KNOWN: &[&str] = &[
    "abs",
    "append",
    "assert",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "clone",
    "contains",
    "count",
    "decodeUrl",
    "decodeUrlComponent",
    "distinct",
    "each",
    "encodeUrl",
    "encodeUrlComponent",
    "error",
    "exists",
    "filter",
    "floor",
    "formatBase",
    "formatInteger",
    "formatNumber",
    "fromMillis",
    "hash",
    "join",
    "keys",
    "length",
    "lookup",
    "lowercase",
    "map",
    "match",
    "max",
    "merge",
    "millis",
    "min",
    "not",
    "now",
    "number",
    "pad",
    "parse",
    "parseInteger",
    "partition",
    "power",
    "random",
    "range",
    "reduce",
    "replace",
    "reverse",
    "round",
    "shuffle",
    "sift",
    "single",
    "sort",
    "split",
    "spread",
    "sqrt",
    "string",
    "substring",
    "substringAfter",
    "substringBefore",
    "sum",
    "toMillis",
    "trim",
    "type",
    "uppercase",
    "uuid",
    "zip",
];

/// Whether a function of that name exists.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

/// The first number of `java.util.Random`, which AWS draws from when it is given a seed: 42 gives 0.7275636800328681
/// (floci issue 2662).
fn java_random(seed: f64) -> f64 {
    const MASK: u64 = (1 << 48) - 1;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "Java's long, as the bits it has; `as` saturates"
    )]
    let mut state = ((seed as i64 as u64) ^ 0x5_DEEC_E66D) & MASK;
    let mut bits = |count: u32| {
        state = state.wrapping_mul(0x5_DEEC_E66D).wrapping_add(0xB) & MASK;
        state >> (48 - count)
    };
    let whole = (bits(26) << 27) + bits(27);
    #[allow(clippy::cast_precision_loss, reason = "53 bits are exact")]
    let drawn = whole as f64 / 9_007_199_254_740_992.0;
    drawn
}

fn wrong(message: &str) -> EvaluatorError {
    EvaluatorError::EvaluationError(message.to_owned())
}

/// `$partition(array, size)`.
fn partition(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let (Some(array), Some(size)) = (arguments.first(), arguments.get(1).and_then(JValue::as_f64)) else {
        return Err(wrong("T0410: $partition expects an array and a size"));
    };
    if size.fract() != 0.0 || size < 1.0 {
        return Err(wrong(
            "T0410: $partition expects a positive whole number for its size",
        ));
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and positive; `as` saturates"
    )]
    let size = size as usize;
    match array {
        JValue::Undefined => Ok(JValue::Undefined),
        other => match other.as_array() {
            Some(items) => Ok(JValue::array(
                items
                    .chunks(size)
                    .map(|chunk| JValue::array(chunk.to_vec()))
                    .collect(),
            )),
            None => Err(wrong(
                "T0410: Argument 1 of function \"partition\" does not match function signature",
            )),
        },
    }
}

/// `$range(first, last, step)`, both ends included.
fn range(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let number = |index: usize| arguments.get(index).and_then(JValue::as_f64);
    let (Some(first), Some(last), Some(step)) = (number(0), number(1), number(2)) else {
        return Err(wrong("T0410: $range expects three numbers"));
    };
    if step == 0.0 {
        return Err(wrong("D3141: $range expects a step other than zero"));
    }
    // Halves are cut off, towards zero: measured against AWS (floci pull request 2676).
    let (first, last, step) = (first.trunc(), last.trunc(), step.trunc());
    let count = ((last - first) / step).floor() + 1.0;
    if count.is_nan() || count <= 0.0 {
        return Ok(JValue::Undefined);
    }
    if count > 873_782.0 {
        return Err(wrong("D2014: the range is too large"));
    }
    let mut items = Vec::new();
    let mut next = first;
    while (step > 0.0 && next <= last) || (step < 0.0 && next >= last) {
        items.push(JValue::Number(next));
        next += step;
    }
    // A sequence, which is unwrapped when it has one item: `test_array_range#exec_hist_resp_2`.
    Ok(JValue::sequence(items).unwrap_sequence())
}

/// `$hash(text, algorithm)`.
fn hash_text(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let Some(text) = arguments.first() else {
        return Err(wrong("T0410: $hash expects a value and an algorithm"));
    };
    let algorithm = arguments.get(1).and_then(JValue::as_str).unwrap_or("SHA-256");
    let text: Rc<str> = match text.as_rc_str() {
        Some(text) => text.clone(),
        None => text
            .to_json_string()
            .map_err(|error| wrong(&error.to_string()))?
            .into(),
    };
    hash(&text, algorithm)
        .map(JValue::from)
        .ok_or_else(|| wrong("D3142: $hash knows MD5, SHA-1, SHA-256, SHA-384 and SHA-512"))
}

/// `$parse(text)`: JSON text to its value.
fn parse(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    match arguments.first() {
        None | Some(JValue::Undefined) => Ok(JValue::Undefined),
        Some(text) => {
            let text = text
                .as_str()
                .ok_or_else(|| wrong("T0410: $parse expects a string"))?;
            let value: Value =
                serde_json::from_str(text).map_err(|error| wrong(&format!("D3137: {error}")))?;
            Ok(super::from_json(&value))
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_seed_gives_the_number_that_aws_gives() {
        assert_eq!(super::java_random(42.0), 0.727_563_680_032_868_1);
    }
}
