//! The conditions of a Choice state.

use serde_json::Value;

use super::fields::Fields;
use super::settings::QueryLanguage;
use crate::finding::Finding;
use crate::query::{Expression, Reference, Template, jsonata};

/// A compiled condition.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    /// JSONata: `Condition` with an expression.
    Jsonata(Expression),
    /// JSONata: `Condition` with `true` or `false`.
    Literal(bool),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    /// JSONPath: `Variable` and one test.
    Compare {
        variable: Reference,
        test: Test,
    },
}

/// What a comparison asks of its variable.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Order {
        kind: Kind,
        ordering: Ordering,
        against: Operand,
    },
    Matches(String),
    Is(Is, bool),
}

/// What a comparison compares with.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Literal(Value),
    Path(Reference),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    String,
    Numeric,
    Boolean,
    Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ordering {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Is {
    Null,
    Present,
    Numeric,
    String,
    Boolean,
    Timestamp,
}

/// Conditions nest; a definition nested deeper than this is an attack, not a rule.
const MAX_DEPTH: usize = 64;

/// Parse the condition of a choice rule (or of an operand of `And`, `Or`, `Not`).
pub(super) fn parse(fields: &mut Fields<'_, '_>, depth: usize) -> Option<Condition> {
    if depth > MAX_DEPTH {
        let path = fields.path.clone();
        fields
            .findings
            .push(Finding::error(path, "conditions are nested too deeply"));
        return None;
    }
    match fields.language {
        QueryLanguage::Jsonata => parse_jsonata(fields),
        QueryLanguage::JsonPath => parse_jsonpath(fields, depth),
    }
}

fn parse_jsonata(fields: &mut Fields<'_, '_>) -> Option<Condition> {
    match fields.get("Condition") {
        Some(Value::Bool(flag)) => Some(Condition::Literal(*flag)),
        Some(Value::String(text)) if jsonata::is_expression(text) => match Expression::parse(text) {
            Ok(expression) => Some(Condition::Jsonata(expression)),
            Err(why) => {
                fields.wrong("Condition", why);
                None
            }
        },
        Some(_) => {
            fields.wrong(
                "Condition",
                "expected true, false or an expression between {% and %}",
            );
            None
        }
        None => {
            let path = fields.path.clone();
            fields
                .findings
                .push(Finding::error(path, "the field Condition is missing"));
            None
        }
    }
}

fn parse_jsonpath(fields: &mut Fields<'_, '_>, depth: usize) -> Option<Condition> {
    for (name, make) in [
        ("And", Condition::And as fn(Vec<Condition>) -> Condition),
        ("Or", Condition::Or),
    ] {
        if fields.get(name).is_some() {
            let items = fields.array(name)?;
            let path = fields.at(name);
            if items.is_empty() {
                fields.wrong(name, "expected at least one condition");
            }
            let mut parsed = Vec::new();
            for (index, item) in items.iter().enumerate() {
                parsed.push(nested(fields, item, format!("{path}[{index}]"), depth)?);
            }
            return Some(make(parsed));
        }
    }
    if let Some(item) = fields.get("Not") {
        let path = fields.at("Not");
        return nested(fields, item, path, depth).map(|condition| Condition::Not(Box::new(condition)));
    }
    if fields.get("Variable").is_none() {
        let path = fields.path.clone();
        fields.findings.push(
            Finding::error(path, "expected a condition")
                .hint("a rule has And, Or, Not, or Variable with one comparison"),
        );
        return None;
    }
    let variable = fields.reference("Variable")?;
    let mut tests = fields
        .object
        .iter()
        .filter_map(|(name, value)| operator(name).map(|test| (name, test, value)));
    let Some((name, operator, value)) = tests.next() else {
        let path = fields.path.clone();
        fields.findings.push(
            Finding::error(path, "the comparison is missing")
                .hint("such as StringEquals or NumericGreaterThan"),
        );
        return None;
    };
    if let Some((second, ..)) = tests.next() {
        fields.wrong(
            second,
            format!("a rule has one comparison, and this one has {name} already"),
        );
    }
    test(fields, name, operator, value).map(|test| Condition::Compare { variable, test })
}

fn nested(fields: &mut Fields<'_, '_>, item: &Value, path: String, depth: usize) -> Option<Condition> {
    let Some(object) = item.as_object() else {
        fields
            .findings
            .push(Finding::error(path, "expected a condition: an object"));
        return None;
    };
    let mut inner = Fields {
        object,
        path,
        language: fields.language,
        findings: &mut *fields.findings,
    };
    parse(&mut inner, depth + 1)
}

enum Operator {
    Order(Kind, Ordering, bool),
    Matches,
    Is(Is),
}

/// Whether a field of a rule is a comparison.
pub(crate) fn is_operator(name: &str) -> bool {
    operator(name).is_some()
}

fn operator(name: &str) -> Option<Operator> {
    let is = match name {
        "StringMatches" => return Some(Operator::Matches),
        "IsNull" => Some(Is::Null),
        "IsPresent" => Some(Is::Present),
        "IsNumeric" => Some(Is::Numeric),
        "IsString" => Some(Is::String),
        "IsBoolean" => Some(Is::Boolean),
        "IsTimestamp" => Some(Is::Timestamp),
        _ => None,
    };
    if let Some(is) = is {
        return Some(Operator::Is(is));
    }
    let (kind, rest) = [
        ("String", Kind::String),
        ("Numeric", Kind::Numeric),
        ("Boolean", Kind::Boolean),
        ("Timestamp", Kind::Timestamp),
    ]
    .into_iter()
    .find_map(|(prefix, kind)| name.strip_prefix(prefix).map(|rest| (kind, rest)))?;
    let (rest, path) = match rest.strip_suffix("Path") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let ordering = match rest {
        "Equals" => Ordering::Equals,
        "LessThan" => Ordering::LessThan,
        "GreaterThan" => Ordering::GreaterThan,
        "LessThanEquals" => Ordering::LessThanEquals,
        "GreaterThanEquals" => Ordering::GreaterThanEquals,
        _ => return None,
    };
    if kind == Kind::Boolean && ordering != Ordering::Equals {
        return None;
    }
    Some(Operator::Order(kind, ordering, path))
}

fn test(fields: &mut Fields<'_, '_>, name: &str, operator: Operator, value: &Value) -> Option<Test> {
    match operator {
        Operator::Is(is) => fields.boolean(name).map(|wanted| Test::Is(is, wanted)),
        Operator::Matches => fields
            .string(name)
            .map(|pattern| Test::Matches(pattern.to_owned())),
        Operator::Order(kind, ordering, true) => {
            let against = Operand::Path(fields.reference(name)?);
            Some(Test::Order {
                kind,
                ordering,
                against,
            })
        }
        Operator::Order(kind, ordering, false) => {
            let (fits, expected) = match kind {
                Kind::String => (value.is_string(), "a string"),
                Kind::Numeric => (value.is_number(), "a number"),
                Kind::Boolean => (value.is_boolean(), "true or false"),
                Kind::Timestamp => (value.is_string(), "a timestamp such as \"2026-01-31T12:00:00Z\""),
            };
            if !fits {
                fields.wrong(
                    name,
                    format!("expected {expected}, got {}", super::fields::brief(value)),
                );
                return None;
            }
            Some(Test::Order {
                kind,
                ordering,
                against: Operand::Literal(value.clone()),
            })
        }
    }
}

impl Condition {
    /// Visit each expression and reference, as templates.
    pub(crate) fn each(&self, visit: &mut dyn FnMut(Template)) {
        match self {
            Self::Literal(_) => {}
            Self::Jsonata(expression) => visit(Template::Jsonata(expression.clone())),
            Self::And(conditions) | Self::Or(conditions) => {
                conditions.iter().for_each(|condition| condition.each(visit));
            }
            Self::Not(condition) => condition.each(visit),
            Self::Compare { variable, test } => {
                visit(Template::Reference(variable.clone()));
                match test {
                    Test::Order {
                        against: Operand::Path(reference),
                        ..
                    } => {
                        visit(Template::Reference(reference.clone()));
                    }
                    Test::Order {
                        against: Operand::Literal(_),
                        ..
                    }
                    | Test::Matches(_)
                    | Test::Is(..) => {}
                }
            }
        }
    }
}
