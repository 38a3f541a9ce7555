//! The intrinsic functions of JSONPath states: `States.Format('…', $.a)` and its kin.
//!
//! Source: Step Functions Developer Guide, "Intrinsics for JSONPath states".

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::Digest as _;
use serde_json::Value;

use super::reference::{Error, Reference, Source};

mod parser;

pub(crate) use parser::parse;

/// Most items that `States.ArrayRange` makes, AWS's limit.
const MAX_RANGE: usize = 1_000;
/// Longest text that hashing and Base64 take, AWS's limit.
const MAX_TEXT: usize = 10_000;

/// A parsed call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    written: Arc<str>,
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone)]
enum Argument {
    Literal(Value),
    Reference(Reference),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Function {
    Format,
    StringToJson,
    JsonToString,
    Array,
    ArrayPartition,
    ArrayContains,
    ArrayRange,
    ArrayGetItem,
    ArrayLength,
    ArrayUnique,
    Base64Encode,
    Base64Decode,
    Hash,
    JsonMerge,
    MathRandom,
    MathAdd,
    StringSplit,
    Uuid,
}

impl Call {
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    pub(crate) fn references<'r>(&'r self, visit: &mut dyn FnMut(&'r Reference)) {
        for argument in &self.arguments {
            match argument {
                Argument::Literal(_) => {}
                Argument::Reference(reference) => visit(reference),
            }
        }
    }

    pub(crate) fn evaluate(&self, source: &dyn Source) -> Result<Value, Error> {
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            values.push(match argument {
                Argument::Literal(value) => value.clone(),
                Argument::Reference(reference) => reference.read(source)?,
            });
        }
        apply(self.function, values, source)
            .map_err(|why| Error::Intrinsic(format!("{why} In the intrinsic function '{}'", self.written)))
    }
}

fn apply(function: Function, arguments: Vec<Value>, source: &dyn Source) -> Result<Value, String> {
    match (function, arguments.as_slice()) {
        (Function::Array, _) => Ok(Value::Array(arguments)),
        (Function::Format, [Value::String(template), rest @ ..]) => format(template, rest),
        (Function::StringToJson, [Value::String(text)]) => {
            // Jackson reads an empty text as a missing node, which AWS writes as null (`test_string_to_json`).
            if text.trim().is_empty() {
                return Ok(Value::Null);
            }
            serde_json::from_str(text).map_err(|error| format!("Failed to parse the JSON text: {error}."))
        }
        (Function::JsonToString, [value]) => Ok(Value::String(value.to_string())),
        (Function::ArrayPartition, [Value::Array(items), size]) => {
            let size = whole(size)
                .and_then(|size| usize::try_from(size).ok())
                .filter(|size| *size > 0);
            let size = size.ok_or("The chunk size must be a positive integer.")?;
            Ok(items
                .chunks(size)
                .map(|chunk| Value::Array(chunk.to_vec()))
                .collect())
        }
        (Function::ArrayContains, [Value::Array(items), wanted]) => {
            Ok(Value::Bool(items.iter().any(|item| crate::same(item, wanted))))
        }
        (Function::ArrayRange, [first, last, step]) => range(first, last, step),
        (Function::ArrayGetItem, [Value::Array(items), index]) => {
            let index = whole(index).and_then(|index| usize::try_from(index).ok());
            index
                .and_then(|index| items.get(index))
                .cloned()
                .ok_or_else(|| "Index is out of bounds.".to_owned())
        }
        (Function::ArrayLength, [Value::Array(items)]) => Ok(Value::from(items.len())),
        (Function::ArrayUnique, [Value::Array(items)]) => {
            let mut unique: Vec<&Value> = Vec::new();
            let mut seen = std::collections::HashSet::new();
            for item in items {
                if seen.insert(item.to_string()) {
                    unique.push(item);
                }
            }
            Ok(unique.into_iter().cloned().collect())
        }
        (Function::Base64Encode, [Value::String(text)]) => Ok(Value::String(BASE64.encode(short(text)?))),
        (Function::Base64Decode, [Value::String(text)]) => {
            let bytes = BASE64
                .decode(short(text)?)
                .map_err(|error| format!("Failed to decode: {error}."))?;
            Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned()))
        }
        (Function::Hash, [value, Value::String(algorithm)]) => {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            hash(short(&text)?, algorithm)
                .map(Value::String)
                .ok_or_else(|| "Unknown algorithm.".to_owned())
        }
        (Function::JsonMerge, [Value::Object(left), Value::Object(right), Value::Bool(false)]) => {
            let mut merged = left.clone();
            merged.extend(right.iter().map(|(name, value)| (name.clone(), value.clone())));
            Ok(Value::Object(merged))
        }
        (Function::MathRandom, [first, last, seed @ ..]) if seed.len() < 2 => {
            let (first, last) = (integer(first)?, integer(last)?);
            if last <= first {
                return Err("The range of a random number must not be empty.".to_owned());
            }
            let unit = match seed.first() {
                Some(seed) => crate::execution::random::Random::new(integer(seed)?.unsigned_abs()).unit(),
                None => source.random().borrow_mut().unit(),
            };
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "a draw between two integers; the exact distribution is not specified"
            )]
            let drawn = first.saturating_add((unit * last.saturating_sub(first) as f64) as i64);
            Ok(Value::from(drawn.min(last - 1)))
        }
        (Function::MathAdd, [left, right]) => {
            let sum = integer(left)?.checked_add(integer(right)?);
            sum.map(Value::from)
                .ok_or_else(|| "The sum is out of range.".to_owned())
        }
        (Function::StringSplit, [Value::String(text), Value::String(separators)]) => {
            // Any character of the second argument separates, and empty parts are left out, as recorded.
            let parts = text
                .split(|c| separators.contains(c))
                .filter(|part| !part.is_empty());
            Ok(parts.map(|part| Value::String(part.to_owned())).collect())
        }
        (Function::Uuid, []) => Ok(Value::String(source.random().borrow_mut().uuid())),
        _ => Err("Invalid arguments.".to_owned()),
    }
}

/// `{}` takes the next argument; `\{`, `\}`, `\'` and `\\` are the characters themselves.
fn format(template: &str, arguments: &[Value]) -> Result<Value, String> {
    let mut text = String::with_capacity(template.len());
    let mut arguments = arguments.iter();
    let mut rest = template.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => text.extend(rest.next()),
            '{' if rest.peek() == Some(&'}') => {
                rest.next();
                let argument = arguments.next().ok_or("More placeholders than arguments.")?;
                java_text(argument, &mut text);
            }
            _ => text.push(c),
        }
    }
    if arguments.next().is_some() {
        return Err("More arguments than placeholders.".to_owned());
    }
    Ok(Value::String(text))
}

/// A value as Java's `toString` writes it: `{a=1, b=[x, y]}` (`test_format_2`).
fn java_text(value: &Value, text: &mut String) {
    match value {
        Value::String(string) => text.push_str(string),
        Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                java_text(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (index, (name, field)) in fields.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                text.push_str(name);
                text.push('=');
                java_text(field, text);
            }
            text.push('}');
        }
    }
}

fn range(first: &Value, last: &Value, step: &Value) -> Result<Value, String> {
    let (first, last, step) = (integer(first)?, integer(last)?, integer(step)?);
    if step == 0 {
        return Err("The step of a range must not be zero.".to_owned());
    }
    let mut items = Vec::new();
    let mut next = Some(first);
    while let Some(item) = next.filter(|item| if step > 0 { *item <= last } else { *item >= last }) {
        if items.len() == MAX_RANGE {
            return Err("A range has at most 1000 items.".to_owned());
        }
        items.push(Value::from(item));
        next = item.checked_add(step);
    }
    Ok(Value::Array(items))
}

fn short(text: &str) -> Result<&str, String> {
    if text.chars().count() > MAX_TEXT {
        return Err("The text is longer than 10,000 characters.".to_owned());
    }
    Ok(text)
}

fn whole(value: &Value) -> Option<i64> {
    integer(value).ok()
}

/// Integers as AWS takes them: other numbers are rounded.
fn integer(value: &Value) -> Result<i64, String> {
    if let Some(number) = value.as_i64() {
        return Ok(number);
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "`as` saturates, which is what is meant"
    )]
    match value.as_f64() {
        // Halves go up, as Java rounds: -2.5 to -2 (`test_math_add`).
        Some(number) => Ok((number + 0.5).floor() as i64),
        None => Err(format!("Expected a number, got {value}.")),
    }
}

/// Hexadecimal digest of a text, or nothing for an unknown algorithm.
pub(crate) fn hash(text: &str, algorithm: &str) -> Option<String> {
    let bytes = match algorithm {
        "MD5" => md5::Md5::digest(text).to_vec(),
        "SHA-1" => sha1::Sha1::digest(text).to_vec(),
        "SHA-256" => sha2::Sha256::digest(text).to_vec(),
        "SHA-384" => sha2::Sha384::digest(text).to_vec(),
        "SHA-512" => sha2::Sha512::digest(text).to_vec(),
        _ => return None,
    };
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
