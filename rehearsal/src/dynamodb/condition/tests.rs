use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;

use super::*;
use crate::dynamodb::placeholders::Expressions;

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// With placeholders that any text may use.
fn with_placeholders<T>(use_them: impl FnOnce(&mut Placeholders<'_>) -> T) -> T {
    let names = HashMap::from([("#ttl".to_owned(), "ttl".to_owned())]);
    let values = [
        (":a", s("a")),
        (":b", s("b")),
        (":one", n(1)),
        (":nine", n(9)),
        (":yes", AttributeValue::Bool(true)),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value)).into();
    let placeholders = Placeholders::of(Some(&names), Some(&values), Expressions::Some);
    use_them(&mut placeholders.expect("valid"))
}

fn parsed(text: &str) -> Result<Condition, String> {
    let parse = |known: &mut Placeholders<'_>| Condition::parse("ConditionExpression", text, known);
    with_placeholders(parse).map_err(|refusal| match refusal {
        Refusal::Invalid(message) => message,
        Refusal::NoTable => panic!("no table is asked for here"),
    })
}

fn item() -> Item {
    let list = AttributeValue::L(vec![s("a"), n(1)]);
    let attributes = [
        ("name", s("abc")),
        ("count_", n(5)),
        ("ttl", n(9)),
        ("list_", list),
        ("on_", AttributeValue::Bool(true)),
    ];
    attributes.map(|(name, value)| (name.to_owned(), value)).into()
}

#[test]
fn conditions_hold_or_do_not() {
    for (text, expected) in [
        ("count_ > :one", true),
        ("count_ BETWEEN :one AND :nine", true),
        ("count_ between :nine and :nine", false),
        ("#ttl = :nine", true),
        ("#ttl IN (:one, :nine)", true),
        ("#ttl IN (:one)", false),
        ("on_ = :yes AND on_ <> :a", true),
        ("attribute_exists(count_)", true),
        ("attribute_not_exists(count_)", false),
        ("attribute_not_exists(absent)", true),
        ("contains(list_, :a) AND contains(list_, :one)", true),
        ("contains(list_, :b)", false),
        ("begins_with(#ttl, :a)", false),
        // A type that does not fit, or nothing at all, makes a comparison false, and its negation true.
        ("count_ > :a", false),
        ("NOT count_ > :a", true),
        ("absent < :nine", false),
        ("absent = :a", false),
        ("absent <> :a", true),
        ("absent IN (:a)", false),
        // AND binds closer than OR, NOT closer than AND.
        ("on_ = :yes OR on_ = :yes AND on_ = :a", true),
        ("(on_ = :yes OR on_ = :yes) AND on_ = :a", false),
        ("((on_ = :yes) OR on_ = :yes) AND on_ = :a", false),
        ("((on_ = :yes) AND on_ = :a OR on_ = :yes)", true),
        ("NOT on_ = :a AND on_ = :a", false),
        ("NOT (on_ = :a AND on_ = :yes)", true),
        ("not NOT on_ = :yes", true),
    ] {
        assert_eq!(
            parsed(text).map(|condition| condition.holds(&item())),
            Ok(expected),
            "{text}"
        );
    }
}

#[test]
fn what_is_wrong_is_said_in_the_words_of_dynamodb() {
    let errors: Vec<String> = [
        "ttl = :a",
        "size = :a",
        "#other = :a",
        "name_ = :other",
        "name_ = ",
        "name_ == :a",
        "= :a",
        "name_ = :a AND",
        "name_ = :a name_",
        "(name_ = :a",
        "((name_ = :a))",
        "name_ = name_",
        "on_ > :yes",
        "begins_with(name_, :one)",
        "begins_with(name_)",
        "attribute_exists(:a)",
        "ATTRIBUTE_EXISTS(name_)",
        "name_ BETWEEN :nine AND :one",
        "name_ BETWEEN :a AND :one",
        "name_ IN ()",
        "size(name_) > :one",
        "attribute_type(name_, :a)",
        "name_.first = :a",
        "list_[0] = :a",
    ]
    .into_iter()
    .map(|text| format!("{text}\n    {}", parsed(text).expect_err(text)))
    .collect();
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn nesting_has_an_end() {
    parsed(&format!("{}name_ = :a", "NOT ".repeat(32))).expect("as deep as may be");
    for text in [
        "NOT ".repeat(33) + "name_ = :a",
        "(name_ = :a AND ".repeat(200),
        "((".repeat(1_000),
    ] {
        let error = parsed(&text).expect_err("too deep");
        assert!(error.contains("nested more than 32 deep"), "{error}");
    }
}

/// Words of which expressions are made, in any order.
fn words() -> impl Strategy<Value = String> {
    const WORDS: [&str; 28] = [
        "(",
        ")",
        ",",
        "=",
        "<>",
        "<",
        "+",
        "-",
        ".",
        "[",
        "AND",
        "OR",
        "NOT",
        "BETWEEN",
        "IN",
        "SET",
        "REMOVE",
        "ADD",
        "attribute_exists(",
        "begins_with(",
        "if_not_exists(",
        "contains(",
        "size",
        "name_",
        "ttl",
        "#ttl",
        ":a",
        ":one",
    ];
    prop::collection::vec(prop::sample::select(&WORDS[..]), 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,200}") {
        let _ = parsed(&text).map(|condition| condition.holds(&item()));
    }

    #[test]
    fn no_order_of_words_makes_it_panic(text in words()) {
        let _ = parsed(&text).map(|condition| condition.holds(&item()));
        let update = with_placeholders(|known| crate::dynamodb::update::Update::parse(&text, known));
        let _ = update.map(|update| update.apply(&item()));
    }

    /// NOT is the opposite, whatever it stands before.
    #[test]
    fn a_negation_holds_where_the_condition_does_not(text in words()) {
        if let Ok(condition) = parsed(&text) && let Ok(negation) = parsed(&format!("NOT ({text})")) {
            prop_assert_ne!(condition.holds(&item()), negation.holds(&item()));
        }
    }
}
