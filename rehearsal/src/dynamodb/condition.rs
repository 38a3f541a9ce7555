//! Condition expressions: whether a write may happen.
//!
//! The grammar is that of the Developer Guide, "Condition and filter expressions, operators, and functions", without
//! `attribute_type` and `size`.

use std::cmp::Ordering;

use super::parser::{Operand, Parser, no_model, parse};
use super::placeholders::Placeholders;
use super::refusal::Refusal;
use super::tables::Item;
use super::tokens::Token;
use super::value;

/// What has to be true of an item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// `a = b` and its kin.
    Compare(Operand, Comparator, Operand),
    /// `a BETWEEN b AND c`, both ends included.
    Between(Operand, Operand, Operand),
    /// `a IN (b, c)`
    In(Operand, Vec<Operand>),
    /// `attribute_exists(a)`
    Exists(String),
    /// `begins_with(a, b)`
    BeginsWith(Operand, Operand),
    /// `contains(a, b)`
    Contains(Operand, Operand),
    /// `NOT a`, and `attribute_not_exists(a)`
    Not(Box<Condition>),
    /// `a AND b`
    And(Box<Condition>, Box<Condition>),
    /// `a OR b`
    Or(Box<Condition>, Box<Condition>),
}

/// How two operands are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparator {
    const ALL: [(&'static str, Self); 6] = [
        ("=", Self::Equal),
        ("<>", Self::NotEqual),
        ("<", Self::Less),
        ("<=", Self::LessOrEqual),
        (">", Self::Greater),
        (">=", Self::GreaterOrEqual),
    ];

    /// Whether it holds for two values in that order.
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Condition {
    /// Reads an expression.
    pub(super) fn parse(
        kind: &str,
        text: &str,
        placeholders: &mut Placeholders<'_>,
    ) -> Result<Self, Refusal> {
        parse(kind, text, placeholders, disjunction)
    }

    /// Whether it holds for an item; an item that does not exist is one without attributes.
    pub(super) fn holds(&self, item: &Item) -> bool {
        match self {
            Self::Compare(left, comparator, right) => match (left.of(item), right.of(item)) {
                (Some(left), Some(right)) => match comparator {
                    Comparator::Equal => left == right,
                    Comparator::NotEqual => left != right,
                    Comparator::Less
                    | Comparator::LessOrEqual
                    | Comparator::Greater
                    | Comparator::GreaterOrEqual => {
                        value::compare(left, right).is_some_and(|order| comparator.accepts(order))
                    }
                },
                // What is not there differs from everything, and compares with nothing.
                _ => *comparator == Comparator::NotEqual,
            },
            Self::Between(operand, low, high) => {
                let within = |bound: &Operand, comparator: Comparator| {
                    let order = value::compare(operand.of(item)?, bound.of(item)?)?;
                    Some(comparator.accepts(order))
                };
                within(low, Comparator::GreaterOrEqual) == Some(true)
                    && within(high, Comparator::LessOrEqual) == Some(true)
            }
            Self::In(operand, choices) => {
                let value = operand.of(item);
                value.is_some() && choices.iter().any(|choice| choice.of(item) == value)
            }
            Self::Exists(name) => item.contains_key(name),
            Self::BeginsWith(operand, prefix) => match (operand.of(item), prefix.of(item)) {
                (Some(operand), Some(prefix)) => value::begins_with(operand, prefix),
                _ => false,
            },
            Self::Contains(operand, part) => match (operand.of(item), part.of(item)) {
                (Some(operand), Some(part)) => value::contains(operand, part),
                _ => false,
            },
            Self::Not(condition) => !condition.holds(item),
            Self::And(left, right) => left.holds(item) && right.holds(item),
            Self::Or(left, right) => left.holds(item) || right.holds(item),
        }
    }
}

fn disjunction(parser: &mut Parser<'_, '_>) -> Result<Condition, String> {
    let mut condition = conjunction(parser)?;
    while parser.take_keyword("OR") {
        condition = Condition::Or(Box::new(condition), Box::new(conjunction(parser)?));
    }
    Ok(condition)
}

fn conjunction(parser: &mut Parser<'_, '_>) -> Result<Condition, String> {
    let mut condition = negation(parser)?;
    while parser.take_keyword("AND") {
        condition = Condition::And(Box::new(condition), Box::new(negation(parser)?));
    }
    Ok(condition)
}

fn negation(parser: &mut Parser<'_, '_>) -> Result<Condition, String> {
    if parser.take_keyword("NOT") {
        return Ok(Condition::Not(Box::new(parser.nested(negation)?)));
    }
    if !parser.at_sign("(") {
        return predicate(parser);
    }
    if matches!(parser.peek_second(), Some(Token::Sign("("))) {
        // DynamoDB refuses `((a = b))` and takes `((a = b) OR c = d)`: only a whole that is wrapped twice is too much.
        return wrapped_twice(parser);
    }
    parenthesised(parser)
}

fn parenthesised(parser: &mut Parser<'_, '_>) -> Result<Condition, String> {
    parser.expect_sign("(")?;
    let condition = parser.nested(disjunction)?;
    parser.expect_sign(")")?;
    Ok(condition)
}

fn wrapped_twice(parser: &mut Parser<'_, '_>) -> Result<Condition, String> {
    parser.expect_sign("(")?;
    let first = parser.nested(negation)?;
    if parser.at_sign(")") {
        return Err("The expression has redundant parentheses;".to_owned());
    }
    let condition = parser.nested(|parser| continued(parser, first))?;
    parser.expect_sign(")")?;
    Ok(condition)
}

/// What follows a condition inside parentheses: more of its conjunction, then more of the disjunction.
fn continued(parser: &mut Parser<'_, '_>, mut condition: Condition) -> Result<Condition, String> {
    while parser.take_keyword("AND") {
        condition = Condition::And(Box::new(condition), Box::new(negation(parser)?));
    }
    while parser.take_keyword("OR") {
        condition = Condition::Or(Box::new(condition), Box::new(conjunction(parser)?));
    }
    Ok(condition)
}

fn predicate(parser: &mut Parser<'_, '_>) -> Result<Condition, String> {
    if let Some(function) = parser.take_function() {
        return call(parser, function);
    }
    let left = parser.operand()?;
    if parser.take_keyword("BETWEEN") {
        let low = parser.operand()?;
        parser.expect_keyword("AND")?;
        let high = parser.operand()?;
        return between(left, low, high);
    }
    if parser.take_keyword("IN") {
        parser.expect_sign("(")?;
        let choices = parser.arguments(Parser::operand)?;
        return Ok(Condition::In(left, choices));
    }
    let Some((sign, comparator)) = Comparator::ALL
        .into_iter()
        .find(|(sign, _)| parser.take_sign(sign))
    else {
        return Err(parser.unexpected());
    };
    let right = parser.operand()?;
    if left == right && matches!(left, Operand::Path(_)) {
        let what =
            "The first operand must be distinct from the remaining operands for this operator or function";
        return Err(format!("{what}; operator: {sign}"));
    }
    match comparator {
        Comparator::Equal | Comparator::NotEqual => {}
        Comparator::Less | Comparator::LessOrEqual | Comparator::Greater | Comparator::GreaterOrEqual => {
            check_types(sign, [&left, &right], value::has_order)?;
        }
    }
    Ok(Condition::Compare(left, comparator, right))
}

fn between(operand: Operand, low: Operand, high: Operand) -> Result<Condition, String> {
    check_types("BETWEEN", [&operand, &low, &high], value::has_order)?;
    if let (Operand::Value(low), Operand::Value(high)) = (&low, &high) {
        match value::compare(low, high) {
            None => {
                return Err(
                    "The BETWEEN operator requires same data type for lower and upper bounds".to_owned(),
                );
            }
            Some(Ordering::Greater) => {
                let what =
                    "The BETWEEN operator requires upper bound to be greater than or equal to lower bound";
                return Err(what.to_owned());
            }
            Some(Ordering::Less | Ordering::Equal) => {}
        }
    }
    Ok(Condition::Between(operand, low, high))
}

fn call(parser: &mut Parser<'_, '_>, function: &str) -> Result<Condition, String> {
    match function {
        "attribute_exists" | "attribute_not_exists" => {
            let [operand] = operands(parser, function)?;
            let Operand::Path(name) = operand else {
                let what = "Operator or function requires a document path";
                return Err(format!("{what}; operator or function: {function}"));
            };
            let exists = Condition::Exists(name);
            Ok(if function == "attribute_exists" {
                exists
            } else {
                Condition::Not(Box::new(exists))
            })
        }
        "begins_with" => {
            let [operand, prefix] = operands(parser, function)?;
            let types = |value: &_| matches!(value::type_name(value), "S" | "B");
            check_types(function, [&operand, &prefix], types)?;
            Ok(Condition::BeginsWith(operand, prefix))
        }
        "contains" => {
            let [operand, part] = operands(parser, function)?;
            Ok(Condition::Contains(operand, part))
        }
        "attribute_type" | "size" => Err(no_model(&format!("the function `{function}`"))),
        _ => Err(format!("Invalid function name; function: {function}")),
    }
}

fn operands<const N: usize>(parser: &mut Parser<'_, '_>, function: &str) -> Result<[Operand; N], String> {
    let operands = parser.arguments(Parser::operand)?;
    let count = operands.len();
    operands.try_into().map_err(|_| {
        let what = "Incorrect number of operands for operator or function";
        format!("{what}; operator or function: {function}, number of operands: {count}")
    })
}

/// Refuses literal values of a type that the operator is not for. Attributes have a type only once an item is there,
/// and then the wrong one just makes the condition false.
fn check_types<const N: usize>(
    operator: &str,
    operands: [&Operand; N],
    fits: impl Fn(&aws_sdk_dynamodb::types::AttributeValue) -> bool,
) -> Result<(), String> {
    for operand in operands {
        if let Operand::Value(value) = operand
            && !fits(value)
        {
            let what = "Incorrect operand type for operator or function";
            let found = value::type_name(value);
            return Err(format!(
                "{what}; operator or function: {operator}, operand type: {found}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
