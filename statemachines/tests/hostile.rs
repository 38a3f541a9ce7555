//! Definitions and inputs made to hurt: they end in an error, in bounded time and memory, and never in a panic.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use serde_json::{Value, json};
use statemachines::{
    Execution, ExecutionResult, ExecutionStatus, Limits, StateMachine, TaskReply, TaskRequest, VirtualClock,
    check,
};

fn run(definition: &Value, input: Value) -> Option<ExecutionResult> {
    let machine = StateMachine::from_value(definition).ok()?;
    let clock = VirtualClock::default();
    let tasks = |request: TaskRequest| async move {
        if request.attempt == 0 {
            TaskReply::failed("First", "")
        } else {
            TaskReply::invoked(Value::Null)
        }
    };
    let limits = Limits {
        events: 2_000,
        ..Limits::default()
    };
    clock
        .run(
            Execution::new(&machine, input, &clock, &tasks)
                .limits(limits)
                .run(),
        )
        .ok()
}

fn output(expression: &str) -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Output": format!("{{% {expression} %}}"), "End": true}
    }})
}

#[test]
fn expressions_that_would_never_end_or_fill_memory_fail() {
    for expression in [
        "($f := function() { $f() }; $f())",
        "($f := function($x) { 1 + $f($x) }; $f(1))",
        "[1..10000000]",
        "$reduce([1..60], function($a, $i) { $a & $a }, 'x')",
        "$reduce([1..60], function($a, $i) { [$a, $a] }, [1])",
        "$reduce([1..3000], function($a, $i) { {'a': $a} }, 1)",
        "$pad('x', 1000000000)",
        "$range(0, 1000000000, 1)",
        "$match($pad('a', 50000, 'a'), /(a*)*b/)",
        "$eval('1')",
        "$error('no')",
        "$parse($pad('[', 100000, '['))",
    ] {
        let result = run(&output(expression), json!({})).unwrap();
        assert_eq!(
            result.status,
            ExecutionStatus::Failed,
            "{expression}: {:?}",
            result.output
        );
    }
}

#[test]
fn deep_texts_are_refused_not_followed() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    assert!(StateMachine::parse(&deep("[", "]")).is_err());
    assert!(StateMachine::parse(&deep("{\"a\":", "}")).is_err());
    assert!(StateMachine::from_value(&output(&deep("(", ")"))).is_err());
    assert!(StateMachine::from_value(&output(&deep("[", "]"))).is_err());
    let _ = StateMachine::from_value(&output(&"-".repeat(100_000)));
    let _ = StateMachine::from_value(&output(&"1+".repeat(100_000)));
    let path = format!("$.a{}", "[0]".repeat(100_000));
    let definition =
        json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": path, "End": true}}});
    assert_eq!(
        run(&definition, json!({})).unwrap().status,
        ExecutionStatus::Failed
    );
    let calls = format!("{}1{}", "States.Array(".repeat(1_000), ")".repeat(1_000));
    let definition =
        json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"x.$": calls}, "End": true}}});
    assert!(StateMachine::from_value(&definition).is_err());
}

#[test]
fn blocks_nest_only_so_deep() {
    let mut block = json!({"StartAt": "S", "States": {"S": {"Type": "Pass", "End": true}}});
    for level in 0..60 {
        let name = format!("P{level}");
        block = json!({"StartAt": name, "States": {name: {"Type": "Parallel", "Branches": [block], "End": true}}});
    }
    let error = StateMachine::from_value(&block).unwrap_err().to_string();
    assert!(error.contains("nested too deeply"), "{error}");
    assert!(!check(&block).is_empty());
}

#[test]
fn a_fan_out_of_fan_outs_ends_at_the_history_limit() {
    let each = |name: &str, inner: Value| {
        json!({"StartAt": name, "States": {name: {
            "Type": "Map", "Items": "{% [1..1000] %}", "ItemProcessor": inner, "End": true
        }}})
    };
    let mut definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    for name in ["C", "B", "A"] {
        definition = each(name, definition);
    }
    definition["QueryLanguage"] = json!("JSONata");
    let result = run(&definition, json!({})).unwrap();
    assert_eq!(result.status, ExecutionStatus::Failed);
    assert!(result.history.len() <= 2_000);
}

/// A JSON value of small words, many of which mean something in a definition.
fn value() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "A",
        "B",
        "$",
        "$$",
        "$.a",
        "$.a[0]",
        "$..b",
        "$[?(@.a)]",
        "$x",
        "$$.Map.Item.Value",
        "States.Format('{}', $.a)",
        "States.ArrayRange(0, 5, 1)",
        "States.MathAdd($.a, 1)",
        "{% $states.input %}",
        "{% $states.input.a + 1 %}",
        "{% $x %}",
        "{% [1..3] %}",
        "{% $random() %}",
        "{% $uuid() %}",
        "{% 1 %}",
        "{% $states.context %}",
        "First",
        "States.ALL",
        "2026-01-01T00:00:00Z",
        "JSONata",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let key = prop::sample::select(vec!["a", "b", "a.$", "Error", "Payload"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(key.prop_map(str::to_owned), inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A state with a likely type and fields that are likely to be wrong.
fn state() -> impl Strategy<Value = Value> {
    let types = prop::sample::select(vec![
        "Pass", "Task", "Choice", "Wait", "Parallel", "Map", "Succeed", "Fail",
    ]);
    let fields = prop::sample::select(vec![
        "Output",
        "Assign",
        "Arguments",
        "Parameters",
        "InputPath",
        "OutputPath",
        "ResultPath",
        "ResultSelector",
        "Result",
        "Items",
        "ItemsPath",
        "ItemSelector",
        "MaxConcurrency",
        "Seconds",
        "Timestamp",
        "TimestampPath",
        "SecondsPath",
        "Error",
        "Cause",
        "ErrorPath",
        "TimeoutSeconds",
        "HeartbeatSeconds",
        "QueryLanguage",
        "Condition",
    ]);
    let onward = prop::sample::select(vec!["A", "B", "C", ""]);
    let extra = prop::collection::btree_map(fields.prop_map(str::to_owned), value(), 0..4);
    (types, onward, extra, value()).prop_map(|(state_type, next, extra, literal)| {
        let block = json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}});
        let mut state = json!({"Type": state_type});
        match state_type {
            "Task" => {
                state["Resource"] = json!("arn:aws:states:::lambda:invoke");
                state["Retry"] = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]);
                state["Catch"] = json!([{"ErrorEquals": ["States.ALL"], "Next": "B"}]);
            }
            "Choice" => {
                state["Choices"] = json!([
                    {"Variable": "$.a", "NumericEquals": 1, "Condition": "{% $states.input.a = 1 %}", "Next": "B"}
                ]);
                state["Default"] = json!("A");
            }
            "Parallel" => state["Branches"] = json!([block, block]),
            "Map" => state["ItemProcessor"] = block,
            "Pass" => state["Result"] = literal,
            _ => {}
        }
        if !matches!(state_type, "Choice" | "Succeed" | "Fail") {
            if next.is_empty() { state["End"] = json!(true) } else { state["Next"] = json!(next) }
        }
        for (name, value) in extra {
            state[name] = value;
        }
        state
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_definition_and_any_input_end_in_a_result(
        language in prop::sample::select(vec!["JSONata", "JSONPath"]),
        a in state(), b in state(), c in state(), input in value(),
    ) {
        let definition = json!({
            "QueryLanguage": language, "StartAt": "A", "TimeoutSeconds": 1_000, "States": {"A": a, "B": b, "C": c}
        });
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let _ = check(&definition);
            if let Some(result) = run(&definition, input) {
                assert!(result.history.len() <= 2_000);
                for event in &result.history {
                    serde_json::to_string(event).unwrap();
                    assert!(event.previous < event.id);
                }
            }
        }));
        prop_assert!(outcome.is_ok(), "{definition}");
    }

    #[test]
    fn any_text_is_a_machine_or_an_error(text in "\\PC{0,80}") {
        let _ = StateMachine::parse(&text);
        let _ = StateMachine::from_value(&output(&text));
        let _ = check(&json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"x.$": text}, "End": true}}}));
    }
}
