//! Key conditions: which part of a partition a query reads.

use std::ops::{Bound, RangeBounds};

use aws_sdk_dynamodb::types::AttributeValue;

use super::condition::{Comparator, Condition};
use super::parser::Operand;
use super::placeholders::Placeholders;
use super::refusal::Refusal;

/// The expression's kind, as it stands in errors.
const KIND: &str = "KeyConditionExpression";

/// A stretch of one partition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeyRange {
    /// The partition key.
    pub(super) partition: String,
    /// Where the sort keys begin.
    pub(super) from: Bound<String>,
    /// Where they end.
    pub(super) to: Bound<String>,
    /// What they all begin with.
    pub(super) prefix: String,
}

impl KeyRange {
    /// Reads an expression for a table whose keys have those names.
    ///
    /// It is a condition of one shape: the partition key equals a value, and, if anything is said of the sort key, it
    /// is compared with values once (API Reference, Query, KeyConditionExpression).
    pub(super) fn parse(
        text: &str,
        placeholders: &mut Placeholders<'_>,
        partition_key: &str,
        sort_key: &str,
    ) -> Result<Self, Refusal> {
        let mut partition = None;
        let mut sort = None;
        let mut others = 0;
        for part in parts(Condition::parse(KIND, text, placeholders)?) {
            let place = match subject(&part) {
                Some(name) if name == partition_key => &mut partition,
                Some(name) if name == sort_key => &mut sort,
                Some(_) => {
                    others += 1;
                    continue;
                }
                None => return Err(unsupported()),
            };
            if place.replace(part).is_some() {
                let what = "KeyConditionExpressions must only contain one condition per key";
                return Err(Refusal::invalid(format!("Invalid {KIND}: {what}")));
            }
        }
        let partition = match partition {
            Some(Condition::Compare(_, Comparator::Equal, Operand::Value(value))) => {
                key(partition_key, value)?
            }
            Some(_) => return Err(unsupported()),
            None => return Err(missed(partition_key)),
        };
        if others > 0 {
            return Err(missed(sort_key));
        }
        let whole = Self {
            partition,
            from: Bound::Unbounded,
            to: Bound::Unbounded,
            prefix: String::new(),
        };
        match sort {
            Some(condition) => whole.narrowed(sort_key, condition),
            None => Ok(whole),
        }
    }

    fn narrowed(mut self, sort_key: &str, condition: Condition) -> Result<Self, Refusal> {
        match condition {
            Condition::Compare(_, comparator, Operand::Value(value)) => {
                let value = key(sort_key, value)?;
                match comparator {
                    Comparator::Equal => {
                        self.from = Bound::Included(value.clone());
                        self.to = Bound::Included(value);
                    }
                    Comparator::Less => self.to = Bound::Excluded(value),
                    Comparator::LessOrEqual => self.to = Bound::Included(value),
                    Comparator::Greater => self.from = Bound::Excluded(value),
                    Comparator::GreaterOrEqual => self.from = Bound::Included(value),
                    Comparator::NotEqual => return Err(unsupported()),
                }
            }
            Condition::Between(_, Operand::Value(low), Operand::Value(high)) => {
                self.from = Bound::Included(key(sort_key, low)?);
                self.to = Bound::Included(key(sort_key, high)?);
            }
            Condition::BeginsWith(_, Operand::Value(prefix)) => self.prefix = key(sort_key, prefix)?,
            Condition::Compare(..)
            | Condition::Between(..)
            | Condition::BeginsWith(..)
            | Condition::In(..)
            | Condition::Exists(_)
            | Condition::Contains(..)
            | Condition::Not(_)
            | Condition::And(..)
            | Condition::Or(..) => return Err(unsupported()),
        }
        Ok(self)
    }

    /// Whether a sort key lies in it.
    pub(super) fn holds(&self, sort: &str) -> bool {
        let bounds = (
            self.from.as_ref().map(String::as_str),
            self.to.as_ref().map(String::as_str),
        );
        RangeBounds::<str>::contains(&bounds, sort) && sort.starts_with(&self.prefix)
    }
}

/// The conditions that ANDs connect.
fn parts(condition: Condition) -> Vec<Condition> {
    match condition {
        Condition::And(left, right) => {
            let mut parts = parts(*left);
            parts.extend(self::parts(*right));
            parts
        }
        Condition::Compare(..)
        | Condition::Between(..)
        | Condition::In(..)
        | Condition::Exists(_)
        | Condition::BeginsWith(..)
        | Condition::Contains(..)
        | Condition::Not(_)
        | Condition::Or(..) => vec![condition],
    }
}

/// The attribute that a condition is about, if it is one that a key may have.
fn subject(condition: &Condition) -> Option<&str> {
    match condition {
        Condition::Compare(Operand::Path(name), ..)
        | Condition::Between(Operand::Path(name), ..)
        | Condition::BeginsWith(Operand::Path(name), _) => Some(name),
        Condition::Compare(Operand::Value(_), ..)
        | Condition::Between(Operand::Value(_), ..)
        | Condition::BeginsWith(Operand::Value(_), _)
        | Condition::In(..)
        | Condition::Exists(_)
        | Condition::Contains(..)
        | Condition::Not(_)
        | Condition::And(..)
        | Condition::Or(..) => None,
    }
}

/// Keys are strings, and never empty.
fn key(name: &str, value: AttributeValue) -> Result<String, Refusal> {
    match value {
        AttributeValue::S(text) if text.is_empty() => Err(Refusal::invalid(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an \
             empty string value. Key: {name}"
        ))),
        AttributeValue::S(text) => Ok(text),
        _ => Err(Refusal::invalid(
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        )),
    }
}

/// DynamoDB names the key that it missed, not the attribute that it got instead.
fn missed(key: &str) -> Refusal {
    Refusal::invalid(format!("Query condition missed key schema element: {key}"))
}

fn unsupported() -> Refusal {
    Refusal::invalid("Query key condition not supported")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::dynamodb::placeholders::Expressions;

    fn parsed(text: &str) -> Result<KeyRange, Refusal> {
        let value = |text: &str| AttributeValue::S(text.to_owned());
        let values = HashMap::from([
            (":p".to_owned(), value("p")),
            (":b".to_owned(), value("b")),
            (":d".to_owned(), value("d")),
            (":empty".to_owned(), value("")),
            (":n".to_owned(), AttributeValue::N("1".to_owned())),
        ]);
        let mut placeholders = Placeholders::of(None, Some(&values), Expressions::Some).expect("valid");
        KeyRange::parse(text, &mut placeholders, "pk", "sk")
    }

    #[test]
    fn a_range_holds_its_sort_keys() {
        for (text, expected) in [
            ("pk = :p", "a b bb c d e"),
            ("pk = :p AND sk = :b", "b"),
            ("sk = :b AND pk = :p", "b"),
            ("pk = :p AND sk < :b", "a"),
            ("pk = :p AND sk <= :b", "a b"),
            ("pk = :p AND sk > :b", "bb c d e"),
            ("pk = :p AND sk >= :d", "d e"),
            ("pk = :p AND sk BETWEEN :b AND :d", "b bb c d"),
            ("pk = :p AND begins_with(sk, :b)", "b bb"),
        ] {
            let range = parsed(text).expect(text);
            let held: Vec<&str> = "a b bb c d e"
                .split(' ')
                .filter(|sort| range.holds(sort))
                .collect();
            assert_eq!(held.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_key_condition_is_refused() {
        let errors: Vec<String> = [
            "sk = :b",
            "pk < :p",
            "begins_with(pk, :p)",
            "pk = :p OR sk = :b",
            "pk = :p AND NOT sk = :b",
            "pk = :p AND sk <> :b",
            "pk = :p AND sk = :b AND sk = :d",
            "pk = :p AND third = :b",
            "third = :b",
            "pk = :p AND sk IN (:b)",
            "pk = :p AND attribute_exists(sk)",
            "pk = :p AND sk = pk",
            "pk = :n",
            "pk = :empty",
            "pk = :p AND sk BETWEEN :d AND :b",
        ]
        .into_iter()
        .map(|text| format!("{text}\n    {:?}", parsed(text).expect_err(text)))
        .collect();
        insta::assert_snapshot!(errors.join("\n"));
    }
}
