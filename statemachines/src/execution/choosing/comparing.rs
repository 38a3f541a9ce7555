//! The comparisons of JSONPath choice rules.

use std::cmp::Ordering as Order;

use jiff::Timestamp;
use serde_json::Value;

use super::super::scope::{Problem, Scope};
use crate::machine::{Comparand as Kind, Is, Operand, Ordering, Test};
use crate::query::Reference;

/// Whether the test holds for the variable. Values of another type than the test's are no error: it just does not hold.
pub(super) fn compare(scope: &Scope<'_, '_>, variable: &Reference, test: &Test) -> Result<bool, Problem> {
    let read = variable.read(scope);
    if let Test::Is(Is::Present, wanted) = test {
        return Ok(read.is_ok() == *wanted);
    }
    let value = read.map_err(|_| {
        scope.runtime(&format!(
            "Invalid path '{}': The choice state's condition path references an invalid value.",
            variable.written()
        ))
    })?;
    match test {
        Test::Is(is, wanted) => Ok(is_a(*is, &value) == *wanted),
        Test::Matches(pattern) => Ok(value.as_str().is_some_and(|text| matches(pattern, text))),
        Test::Order {
            kind,
            ordering,
            against: Operand::Literal(literal),
        } => Ok(ordered(*kind, *ordering, &value, literal)),
        Test::Order {
            kind,
            ordering,
            against: Operand::Path(reference),
        } => {
            let other = scope.select(reference)?;
            Ok(ordered(*kind, *ordering, &value, &other))
        }
    }
}

fn is_a(is: Is, value: &Value) -> bool {
    match is {
        Is::Null => value.is_null(),
        Is::Present => true,
        Is::Numeric => value.is_number(),
        Is::String => value.is_string(),
        Is::Boolean => value.is_boolean(),
        Is::Timestamp => timestamp(value).is_some(),
    }
}

fn ordered(kind: Kind, ordering: Ordering, left: &Value, right: &Value) -> bool {
    let order = match kind {
        Kind::String => left
            .as_str()
            .zip(right.as_str())
            .map(|(left, right)| left.cmp(right)),
        Kind::Numeric => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left
                .as_f64()
                .zip(right.as_f64())
                .and_then(|(left, right)| left.partial_cmp(&right)),
        },
        Kind::Boolean => left
            .as_bool()
            .zip(right.as_bool())
            .map(|(left, right)| left.cmp(&right)),
        Kind::Timestamp => timestamp(left)
            .zip(timestamp(right))
            .map(|(left, right)| left.cmp(&right)),
    };
    match (ordering, order) {
        (_, None) => false,
        (Ordering::Equals, Some(order)) => order == Order::Equal,
        (Ordering::LessThan, Some(order)) => order == Order::Less,
        (Ordering::GreaterThan, Some(order)) => order == Order::Greater,
        (Ordering::LessThanEquals, Some(order)) => order != Order::Greater,
        (Ordering::GreaterThanEquals, Some(order)) => order != Order::Less,
    }
}

/// RFC 3339 with a zone and a capital `T` and `Z`.
pub(in super::super) fn timestamp(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    let bytes = text.as_bytes();
    if bytes.get(10) != Some(&b'T') || text.contains(['z', ' ', '[']) {
        return None;
    }
    text.parse().ok()
}

/// `*` stands for any text, `\*` for an asterisk, `\\` for a backslash.
fn matches(pattern: &str, text: &str) -> bool {
    let mut tokens: Vec<Option<char>> = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => tokens.push(None),
            '\\' => tokens.push(Some(chars.next().unwrap_or('\\'))),
            _ => tokens.push(Some(c)),
        }
    }
    let text: Vec<char> = text.chars().collect();
    // Greedy with one point to fall back to: linear for patterns with one star, never exponential.
    let (mut at, mut token, mut star) = (0, 0, None);
    while at < text.len() {
        match tokens.get(token) {
            Some(None) => {
                star = Some((token, at));
                token += 1;
            }
            Some(Some(c)) if *c == text[at] => {
                at += 1;
                token += 1;
            }
            Some(Some(_)) | None => match star {
                Some((star_token, star_at)) => {
                    star = Some((star_token, star_at + 1));
                    token = star_token + 1;
                    at = star_at + 1;
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(Option::is_none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_any_text_and_backslashes_quote() {
        for (pattern, text, expected) in [
            ("log-*.txt", "log-1.txt", true),
            ("log-*.txt", "log-.txt.txt", true),
            ("*", "", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
