//! Update expressions: what a write does to an item.
//!
//! The grammar is that of the Developer Guide, "Update expressions", without ADD, DELETE and `list_append`.

use aws_sdk_dynamodb::types::AttributeValue;

use super::parser::{Operand, Parser, no_model, parse};
use super::placeholders::Placeholders;
use super::refusal::Refusal;
use super::tables::Item;
use super::value::{self, Sign};

/// The changes, each attribute at most once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Update {
    set: Vec<(String, Sum)>,
    remove: Vec<String>,
}

/// What an attribute is set to.
#[derive(Clone, Debug, PartialEq)]
enum Sum {
    One(Term),
    Two(Term, Sign, Term),
}

/// A part of it.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    Operand(Operand),
    /// `if_not_exists(a, b)`: the attribute if it is there, otherwise the other.
    IfNotExists(String, Box<Term>),
}

impl Update {
    /// Reads an expression.
    pub(super) fn parse(text: &str, placeholders: &mut Placeholders<'_>) -> Result<Self, Refusal> {
        parse("UpdateExpression", text, placeholders, clauses)
    }

    /// The attributes that it changes.
    pub(super) fn changes(&self) -> impl Iterator<Item = &str> {
        self.set
            .iter()
            .map(|(name, _)| name)
            .chain(&self.remove)
            .map(String::as_str)
    }

    /// The item after the change. Everything is calculated from the item as it was before (API Reference,
    /// UpdateItem), so that the order of the clauses does not matter.
    pub(super) fn apply(&self, before: &Item) -> Result<Item, Refusal> {
        let mut after = before.clone();
        for (name, sum) in &self.set {
            after.insert(name.clone(), sum.of(before)?);
        }
        for name in &self.remove {
            after.remove(name);
        }
        Ok(after)
    }
}

impl Sum {
    fn of(&self, item: &Item) -> Result<AttributeValue, Refusal> {
        match self {
            Self::One(term) => term.of(item).cloned(),
            Self::Two(left, sign, right) => value::calculate(left.of(item)?, *sign, right.of(item)?),
        }
    }
}

impl Term {
    fn of<'v>(&'v self, item: &'v Item) -> Result<&'v AttributeValue, Refusal> {
        match self {
            Self::Operand(operand) => operand.of(item).ok_or_else(|| {
                Refusal::invalid(
                    "The provided expression refers to an attribute that does not exist in the item",
                )
            }),
            Self::IfNotExists(name, otherwise) => match item.get(name) {
                Some(value) => Ok(value),
                None => otherwise.of(item),
            },
        }
    }
}

fn clauses(parser: &mut Parser<'_, '_>) -> Result<Update, String> {
    let mut update = Update::default();
    while let Some(token) = parser.peek() {
        if token.is_keyword("ADD") || token.is_keyword("DELETE") {
            return Err(no_model(&format!("the clause {}", token.as_str())));
        }
        let (clause, again) = if parser.take_keyword("SET") {
            ("SET", !update.set.is_empty())
        } else if parser.take_keyword("REMOVE") {
            ("REMOVE", !update.remove.is_empty())
        } else {
            return Err(parser.unexpected());
        };
        if again {
            return Err(format!(
                "The \"{clause}\" section can only be used once in an update expression;"
            ));
        }
        loop {
            let name = parser.path()?;
            if update.changes().any(|changed| changed == name) {
                let what =
                    "Two document paths overlap with each other; must remove or rewrite one of these paths";
                return Err(format!("{what}; path one: [{name}], path two: [{name}]"));
            }
            if clause == "SET" {
                parser.expect_sign("=")?;
                let sum = sum(parser)?;
                update.set.push((name, sum));
            } else {
                update.remove.push(name);
            }
            if !parser.take_sign(",") {
                break;
            }
        }
    }
    Ok(update)
}

fn sum(parser: &mut Parser<'_, '_>) -> Result<Sum, String> {
    let left = term(parser)?;
    let sign = if parser.take_sign("+") {
        Sign::Plus
    } else if parser.take_sign("-") {
        Sign::Minus
    } else {
        return Ok(Sum::One(left));
    };
    let right = term(parser)?;
    for term in [&left, &right] {
        if let Term::Operand(Operand::Value(value)) = term
            && !matches!(value, AttributeValue::N(_))
        {
            let what = "Incorrect operand type for operator or function";
            let sign = if sign == Sign::Plus { '+' } else { '-' };
            let found = value::type_name(value);
            return Err(format!(
                "{what}; operator or function: {sign}, operand type: {found}"
            ));
        }
    }
    Ok(Sum::Two(left, sign, right))
}

fn term(parser: &mut Parser<'_, '_>) -> Result<Term, String> {
    if parser.at_sign("(") {
        return Err(no_model("parentheses in an update expression"));
    }
    match parser.take_function() {
        None => parser.operand().map(Term::Operand),
        Some("if_not_exists") => if_not_exists(parser),
        Some("list_append") => Err(no_model("the function `list_append`")),
        Some(function) => Err(format!("Invalid function name; function: {function}")),
    }
}

fn if_not_exists(parser: &mut Parser<'_, '_>) -> Result<Term, String> {
    let mut arguments = parser.nested(|parser| parser.arguments(term))?;
    let count = arguments.len();
    let (Some(otherwise), Some(attribute), None) = (arguments.pop(), arguments.pop(), arguments.pop()) else {
        let what = "Incorrect number of operands for operator or function";
        return Err(format!(
            "{what}; operator or function: if_not_exists, number of operands: {count}"
        ));
    };
    match attribute {
        Term::Operand(Operand::Path(name)) => Ok(Term::IfNotExists(name, Box::new(otherwise))),
        Term::Operand(Operand::Value(_)) | Term::IfNotExists(..) => Err(
            "Operator or function requires a document path; operator or function: if_not_exists".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::dynamodb::placeholders::Expressions;

    fn n(number: i64) -> AttributeValue {
        AttributeValue::N(number.to_string())
    }

    fn item(attributes: &[(&str, i64)]) -> Item {
        attributes
            .iter()
            .map(|(name, number)| ((*name).to_owned(), n(*number)))
            .collect()
    }

    fn updated(text: &str, before: &[(&str, i64)]) -> Result<Item, String> {
        let values = HashMap::from([
            (":zero".to_owned(), n(0)),
            (":one".to_owned(), n(1)),
            (":text".to_owned(), AttributeValue::S("text".to_owned())),
        ]);
        let mut placeholders = Placeholders::of(None, Some(&values), Expressions::Some).expect("valid");
        let after = Update::parse(text, &mut placeholders).and_then(|update| update.apply(&item(before)));
        after.map_err(|refusal| match refusal {
            Refusal::Invalid(message) => message,
            Refusal::NoTable => panic!("no table is asked for here"),
        })
    }

    #[test]
    fn a_counter_starts_and_counts() {
        let count = "SET epoch = if_not_exists(epoch, :zero) + :one";
        assert_eq!(updated(count, &[]), Ok(item(&[("epoch", 1)])));
        assert_eq!(updated(count, &[("epoch", 41)]), Ok(item(&[("epoch", 42)])));
        assert_eq!(
            updated("set epoch = epoch - :one", &[("epoch", 0)]),
            Ok(item(&[("epoch", -1)]))
        );
    }

    #[test]
    fn changes_are_calculated_from_the_item_as_it_was() {
        let before = [("a", 1), ("b", 2), ("c", 3)];
        assert_eq!(
            updated("SET a = b, b = a REMOVE c", &before),
            Ok(item(&[("a", 2), ("b", 1)]))
        );
        assert_eq!(
            updated("REMOVE a SET b = a", &before),
            Ok(item(&[("b", 1), ("c", 3)]))
        );
        assert_eq!(updated("REMOVE absent", &before), Ok(item(&before)));
        let nested = "SET d = if_not_exists(x, if_not_exists(y, c))";
        assert_eq!(
            updated(nested, &before),
            Ok(item(&[("a", 1), ("b", 2), ("c", 3), ("d", 3)]))
        );
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_dynamodb() {
        let errors: Vec<String> = [
            "SET a = absent",
            "SET a = absent + :one",
            "SET a = :text + :one",
            "SET a = b + a",
            "SET a = :one SET b = :one",
            "SET a = :one, a = :one",
            "SET a = :one REMOVE a",
            "SET ttl = :one",
            "SET a = :one + :one + :one",
            "SET a",
            "SET",
            "UPDATE a = :one",
            "SET a = if_not_exists(:one, :one)",
            "SET a = if_not_exists(a)",
            "SET a = size(a)",
            "ADD a :one",
            "SET a = list_append(a, :one)",
            "SET a = (:one)",
            "SET a.b = :one",
        ]
        .into_iter()
        .map(|text| {
            let before = [("a", 1)];
            format!("{text}\n    {}", updated(text, &before).expect_err(text))
        })
        .collect();
        insta::assert_snapshot!(errors.join("\n"));
    }
}
