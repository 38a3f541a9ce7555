use serde_json::{Value, json};

use super::check;

/// A machine in JSONata of these states.
fn machine(states: Value) -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": states})
}

fn found(definition: &Value) -> Vec<String> {
    check(definition).iter().map(ToString::to_string).collect()
}

/// One finding, which contains the text.
#[track_caller]
fn finds(definition: &Value, text: &str) {
    let found = found(definition);
    assert!(
        found.iter().any(|finding| finding.contains(text)),
        "{text}\nnot in {found:#?}"
    );
}

#[test]
fn a_sound_machine_has_no_findings() {
    let sound = machine(json!({
        "A": {"Type": "Pass", "Assign": {"x": "{% $states.input.x %}"}, "Next": "B"},
        "B": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "f", "Payload": "{% $map([1..3], function($i) { $i + $x }) %}"},
            "Output": "{% $states.result.Payload %}",
            "Retry": [{"ErrorEquals": ["NotYet"]}, {"ErrorEquals": ["States.ALL"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"error": "{% $states.errorOutput %}"}, "Next": "C"}],
            "Next": "C"
        },
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% $exists($error) %}", "Next": "D"}], "Default": "E"},
        "D": {"Type": "Fail", "Error": "{% $states.input.Error %}"},
        "E": {"Type": "Succeed"}
    }));
    assert_eq!(found(&sound), Vec::<String>::new());
}

#[test]
fn unknown_and_unreachable_states_are_named() {
    let typo = machine(json!({"A": {"Type": "Pass", "Next": "Bee"}, "Bees": {"Type": "Succeed"}}));
    finds(
        &typo,
        "$.States.A.Next: error: there is no state \"Bee\" here (hint: did you mean \"Bees\"?)",
    );
    let lonely = machine(json!({"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}));
    finds(&lonely, "$.States.B: error: no way leads to the state \"B\"");
}

#[test]
fn a_machine_has_an_end() {
    let circle = machine(json!({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}));
    finds(&circle, "$.States: error: no terminal state can be reached");
    let neither = machine(json!({"A": {"Type": "Pass"}}));
    finds(&neither, "add \"Next\": \"…\" or \"End\": true");
}

#[test]
fn fields_belong_to_their_state_and_language() {
    let unknown = machine(json!({"A": {"Type": "Pass", "Outptu": 1, "End": true}}));
    finds(
        &unknown,
        "$.States.A.Outptu: error: unknown field Outptu (hint: did you mean Output?)",
    );
    let foreign = machine(json!({"A": {"Type": "Pass", "Parameters": {}, "End": true}}));
    finds(
        &foreign,
        "Parameters belongs to JSONPath, and this state is in JSONata (hint: in JSONata: Arguments)",
    );
    let path = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Output": 1, "End": true}}});
    finds(&path, "Output belongs to JSONata, and this state is in JSONPath");
    let dollar = machine(json!({"A": {"Type": "Pass", "Output": {"x.$": "$.x"}, "End": true}}));
    finds(
        &dollar,
        "$.States.A.Output.x.$: warning: a field that ends in .$ belongs to JSONPath",
    );
}

#[test]
fn expressions_parse_and_call_what_exists() {
    let broken = machine(json!({"A": {"Type": "Pass", "Output": {"x": "{% 1 + %}"}, "End": true}}));
    finds(&broken, "$.States.A.Output.x: error: ");
    let nobody = machine(json!({"A": {"Type": "Pass", "Output": "{% $uuuid() %}", "End": true}}));
    finds(&nobody, "there is no function $uuuid");
    let bare = machine(json!({"A": {"Type": "Pass", "Output": {"v": "{% phone & '!' %}"}, "End": true}}));
    finds(&bare, "reference to 'phone' at the top level");
    let nested = machine(
        json!({"A": {"Type": "Pass", "Output": "{% $states.input.items[price > 1].{'p': price} %}", "End": true}}),
    );
    assert_eq!(found(&nested), Vec::<String>::new());
    let early = machine(json!({"A": {"Type": "Pass", "Output": "{% $states.result %}", "End": true}}));
    finds(&early, "$states.result is not there yet");
}

#[test]
fn variables_are_assigned_before_they_are_used() {
    let never = machine(json!({"A": {"Type": "Pass", "Output": "{% $x %}", "End": true}}));
    finds(
        &never,
        "$.States.A.Output: error: the variable $x is used before it is assigned",
    );
    let own = machine(json!({"A": {"Type": "Pass", "Assign": {"x": 1, "y": "{% $x %}"}, "End": true}}));
    finds(
        &own,
        "$.States.A.Assign.y: error: the variable $x is used before it is assigned",
    );
    let sometimes = machine(json!({
        "A": {"Type": "Choice", "Default": "C", "Choices": [{"Condition": true, "Assign": {"x": 1}, "Next": "C"}]},
        "C": {"Type": "Pass", "Output": "{% $x %}", "End": true}
    }));
    finds(
        &sometimes,
        "$.States.C.Output: warning: the variable $x is not assigned on every way here",
    );
}

#[test]
fn rules_that_are_never_matched_are_named() {
    let task = |catch: Value| {
        machine(json!({
            "A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Catch": catch, "End": true},
            "B": {"Type": "Succeed"}
        }))
    };
    let late = task(json!([
        {"ErrorEquals": ["States.ALL"], "Next": "B"},
        {"ErrorEquals": ["Unsafe"], "Next": "B"}
    ]));
    finds(
        &late,
        "$.States.A.Catch[1]: error: this catcher is never matched: States.ALL comes before it",
    );
    let twice = task(json!([
        {"ErrorEquals": ["Unsafe", "NotYet"], "Next": "B"},
        {"ErrorEquals": ["NotYet"], "Next": "B"}
    ]));
    finds(
        &twice,
        "$.States.A.Catch[1]: warning: this catcher is never matched",
    );
    let misspelt = task(json!([{"ErrorEquals": ["States.TimeOut"], "Next": "B"}]));
    finds(&misspelt, "\"States.TimeOut\" is no reserved error name");
}

#[test]
fn a_heartbeat_is_shorter_than_its_timeout() {
    let task = |heartbeat: u32| {
        machine(json!({"A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "TimeoutSeconds": 60,
            "HeartbeatSeconds": heartbeat,
            "End": true
        }}))
    };
    assert_eq!(found(&task(20)), Vec::<String>::new());
    for heartbeat in [60, 90] {
        finds(
            &task(heartbeat),
            "$.States.A.HeartbeatSeconds: error: the heartbeat",
        );
    }
}

#[test]
fn what_is_no_machine_says_what_a_machine_is() {
    finds(&json!([]), "$: error: expected an object, got an array");
    finds(&json!({}), "the field StartAt is missing");
    finds(
        &json!({"StartAt": "A", "States": {}}),
        "expected at least one state",
    );
    finds(
        &machine(json!({"A": {"Type": "Psas"}})),
        "unknown type of state \"Psas\"",
    );
    finds(
        &machine(json!({"A": {"Type": "Task", "Resource": "x", "End": true}})),
        "is no resource of a Task",
    );
}
