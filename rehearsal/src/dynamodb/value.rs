//! Attribute values: what is accepted, how they compare, what they add up to, and how much room they take.

use std::cmp::Ordering;

use aws_sdk_dynamodb::types::AttributeValue;

use super::refusal::Refusal;

/// How deep lists and maps may be nested (Developer Guide, "Quotas", nested attribute depth).
const DEEPEST: usize = 32;

/// DynamoDB's numbers have 38 digits (Developer Guide, "Supported data types", Number). Whole numbers of that size
/// fit in 128 bits.
const LARGEST: i128 = 99_999_999_999_999_999_999_999_999_999_999_999_999;

/// The value as DynamoDB would store it: numbers lose leading zeros.
pub(super) fn accepted(value: &AttributeValue) -> Result<AttributeValue, Refusal> {
    at_depth(value, 0)
}

fn at_depth(value: &AttributeValue, depth: usize) -> Result<AttributeValue, Refusal> {
    if depth > DEEPEST {
        return Err(Refusal::invalid(format!(
            "Nesting Levels have exceeded supported limits: {depth}"
        )));
    }
    Ok(match value {
        AttributeValue::N(digits) => AttributeValue::N(number(digits)?.to_string()),
        AttributeValue::L(values) => {
            let values = values.iter().map(|value| at_depth(value, depth + 1));
            AttributeValue::L(values.collect::<Result<_, _>>()?)
        }
        AttributeValue::M(values) => {
            let values = values
                .iter()
                .map(|(name, value)| Ok((name.clone(), at_depth(value, depth + 1)?)));
            AttributeValue::M(values.collect::<Result<_, Refusal>>()?)
        }
        AttributeValue::S(_) | AttributeValue::B(_) | AttributeValue::Bool(_) | AttributeValue::Null(_) => {
            value.clone()
        }
        other => {
            return Err(Refusal::no_model(format_args!(
                "an attribute of type {}",
                type_name(other)
            )));
        }
    })
}

/// The type as requests name it.
pub(super) fn type_name(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::S(_) => "S",
        AttributeValue::N(_) => "N",
        AttributeValue::B(_) => "B",
        AttributeValue::Bool(_) => "BOOL",
        AttributeValue::Null(_) => "NULL",
        AttributeValue::L(_) => "L",
        AttributeValue::M(_) => "M",
        AttributeValue::Ss(_) => "SS",
        AttributeValue::Ns(_) => "NS",
        AttributeValue::Bs(_) => "BS",
        _ => "unknown",
    }
}

/// Whether `<`, `<=`, `>`, `>=` and BETWEEN are for that type.
pub(super) fn has_order(value: &AttributeValue) -> bool {
    matches!(
        value,
        AttributeValue::S(_) | AttributeValue::N(_) | AttributeValue::B(_)
    )
}

/// The order of two values of one type that has an order: numbers by size, strings and binaries by their bytes.
pub(super) fn compare(left: &AttributeValue, right: &AttributeValue) -> Option<Ordering> {
    match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (AttributeValue::B(left), AttributeValue::B(right)) => Some(left.as_ref().cmp(right.as_ref())),
        (AttributeValue::N(left), AttributeValue::N(right)) => {
            Some(number(left).ok()?.cmp(&number(right).ok()?))
        }
        _ => None,
    }
}

/// Whether one value begins with the other; both strings or both binaries.
pub(super) fn begins_with(value: &AttributeValue, prefix: &AttributeValue) -> bool {
    match (value, prefix) {
        (AttributeValue::S(value), AttributeValue::S(prefix)) => value.starts_with(prefix.as_str()),
        (AttributeValue::B(value), AttributeValue::B(prefix)) => value.as_ref().starts_with(prefix.as_ref()),
        _ => false,
    }
}

/// Whether a string holds another, or a list an element.
pub(super) fn contains(value: &AttributeValue, part: &AttributeValue) -> bool {
    match (value, part) {
        (AttributeValue::S(value), AttributeValue::S(part)) => value.contains(part.as_str()),
        (AttributeValue::L(values), part) => values.contains(part),
        _ => false,
    }
}

/// Sum or difference.
pub(super) fn calculate(
    left: &AttributeValue,
    sign: Sign,
    right: &AttributeValue,
) -> Result<AttributeValue, Refusal> {
    let (AttributeValue::N(left), AttributeValue::N(right)) = (left, right) else {
        return Err(Refusal::invalid(
            "An operand in the update expression has an incorrect data type",
        ));
    };
    let (left, right) = (number(left)?, number(right)?);
    // Both are below 10³⁸, so neither their sum nor their difference leaves 128 bits.
    let result = match sign {
        Sign::Plus => left.saturating_add(right),
        Sign::Minus => left.saturating_sub(right),
    };
    if result.abs() > LARGEST {
        let message =
            "Number overflow. Attempting to store a number with magnitude larger than supported range";
        return Err(Refusal::invalid(message));
    }
    Ok(AttributeValue::N(result.to_string()))
}

/// What [`calculate`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Adds.
    Plus,
    /// Subtracts.
    Minus,
}

fn number(digits: &str) -> Result<i128, Refusal> {
    match digits.parse::<i128>() {
        Ok(number) if number.abs() <= LARGEST => Ok(number),
        _ => Err(Refusal::no_model(format_args!(
            "the number `{digits}`: it knows whole ones of at most 38 digits"
        ))),
    }
}

/// The value's size in bytes (Developer Guide, "DynamoDB item sizes and formats").
pub(super) fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::N(digits) => digits.trim_start_matches('-').len().div_ceil(2) + 1,
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::M(values) => {
            3 + values
                .iter()
                .map(|(name, value)| 1 + name.len() + size(value))
                .sum::<usize>()
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(digits: &str) -> AttributeValue {
        AttributeValue::N(digits.to_owned())
    }

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    #[test]
    fn numbers_compare_by_size_and_strings_by_bytes() {
        assert_eq!(compare(&n("9"), &n("10")), Some(Ordering::Less));
        assert_eq!(compare(&s("9"), &s("10")), Some(Ordering::Greater));
        assert_eq!(compare(&s("9"), &n("9")), None);
    }

    #[test]
    fn numbers_are_stored_without_decoration() {
        assert_eq!(accepted(&n("+007")), Ok(n("7")));
        assert_eq!(accepted(&n("-0")), Ok(n("0")));
    }

    #[test]
    fn what_has_no_model_is_named() {
        for (value, name) in [
            (n("1.5"), "`1.5`"),
            (n("100000000000000000000000000000000000000"), "38 digits"),
            (AttributeValue::Ss(vec!["a".to_owned()]), "type SS"),
            (AttributeValue::L(vec![AttributeValue::Ns(vec![])]), "type NS"),
        ] {
            let Err(Refusal::Invalid(message)) = accepted(&value) else {
                panic!("{value:?} was accepted")
            };
            assert!(message.contains(name), "{message}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth| (0..depth).fold(s("x"), |inner, _| AttributeValue::L(vec![inner]));
        accepted(&nested(32)).expect("as deep as may be");
        accepted(&nested(33)).expect_err("one too deep");
    }

    #[test]
    fn sums_stay_within_38_digits() {
        let largest = n(&"9".repeat(38));
        assert_eq!(
            calculate(&largest, Sign::Minus, &n("1")),
            Ok(n(&format!("{}8", "9".repeat(37))))
        );
        calculate(&largest, Sign::Plus, &n("1")).expect_err("one digit too many");
        calculate(&largest, Sign::Plus, &s("1")).expect_err("a string");
    }
}
