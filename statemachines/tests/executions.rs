//! How executions go: retries, timers, branches, limits. What was recorded from AWS is in `conformance.rs`; this is what the
//! documentation says and no record shows.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use statemachines::{
    Checkpoint, Clock as _, ErrorDetails, EventKind, Execution, ExecutionResult, ExecutionStatus,
    HistoryEvent, Limits, Observer, StateMachine, TaskReply, TaskRequest, Tasks, VirtualClock,
};

const INVOKE: &str = "arn:aws:states:::lambda:invoke";

fn machine(states: Value) -> StateMachine {
    StateMachine::from_value(&json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": states})).unwrap()
}

fn run(machine: &StateMachine, input: Value, tasks: &dyn Tasks) -> ExecutionResult {
    let clock = VirtualClock::default();
    clock
        .run(Execution::new(machine, input, &clock, tasks).seed(7).run())
        .unwrap()
}

fn idle(machine: &StateMachine, input: Value) -> ExecutionResult {
    run(machine, input, &|_: TaskRequest| async {
        TaskReply::Succeeded(Value::Null)
    })
}

fn types(result: &ExecutionResult) -> Vec<String> {
    result
        .history
        .iter()
        .map(|event| event.kind.type_name())
        .collect()
}

/// Seconds from the start at which tasks were scheduled.
fn scheduled(result: &ExecutionResult) -> Vec<f64> {
    let scheduled = result
        .history
        .iter()
        .filter(|event| matches!(event.kind, EventKind::TaskScheduled { .. }));
    scheduled
        .map(|event| {
            event
                .timestamp
                .duration_since(Timestamp::UNIX_EPOCH)
                .as_secs_f64()
        })
        .collect()
}

#[test]
fn retries_wait_longer_each_time_up_to_the_maximum_delay() {
    let machine = machine(json!({"A": {
        "Type": "Task", "Resource": INVOKE, "End": true,
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 4, "MaxDelaySeconds": 10}]
    }}));
    let result = run(&machine, json!({}), &|_: TaskRequest| async {
        TaskReply::failed("Busy", "")
    });
    assert_eq!(scheduled(&result), [0.0, 3.0, 9.0, 19.0, 29.0]);
    assert_eq!(
        (result.status, result.error.as_deref()),
        (ExecutionStatus::Failed, Some("Busy"))
    );
    assert_eq!(result.transitions, 5, "one for entering, one for each retry");
}

#[test]
fn full_jitter_draws_each_delay_from_the_seed() {
    let machine = machine(json!({"A": {
        "Type": "Task", "Resource": INVOKE, "End": true,
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 8, "MaxAttempts": 2, "JitterStrategy": "FULL"}]
    }}));
    let once = |seed| {
        let clock = VirtualClock::default();
        let tasks = |_: TaskRequest| async { TaskReply::failed("Busy", "") };
        clock
            .run(
                Execution::new(&machine, json!({}), &clock, &tasks)
                    .seed(seed)
                    .run(),
            )
            .unwrap()
    };
    let (first, again, other) = (once(1), once(1), once(2));
    assert_eq!(scheduled(&first), scheduled(&again));
    assert_ne!(scheduled(&first), scheduled(&other));
    let times = scheduled(&first);
    assert!(times[1] < 8.0 && times[2] - times[1] < 16.0, "{times:?}");
}

#[test]
fn each_retrier_counts_its_own_attempts_and_zero_means_none() {
    let machine = machine(json!({"A": {
        "Type": "Task", "Resource": INVOKE, "End": true,
        "Retry": [
            {"ErrorEquals": ["Never"], "MaxAttempts": 0},
            {"ErrorEquals": ["Odd"], "MaxAttempts": 2, "BackoffRate": 1},
            {"ErrorEquals": ["States.ALL"], "MaxAttempts": 2, "BackoffRate": 1}
        ]
    }}));
    let calls = Rc::new(Cell::new(0_u32));
    let counted = Rc::clone(&calls);
    let alternating = move |_: TaskRequest| {
        counted.set(counted.get() + 1);
        let error = if counted.get() % 2 == 1 { "Odd" } else { "Even" };
        async move { TaskReply::failed(error, "") }
    };
    let result = run(&machine, json!({}), &alternating);
    // Odd, Even, Odd, Even, and the third Odd is one too many.
    assert_eq!((calls.get(), result.error.as_deref()), (5, Some("Odd")));

    let result = run(&machine, json!({}), &|_: TaskRequest| async {
        TaskReply::failed("Never", "")
    });
    assert_eq!(
        scheduled(&result),
        [0.0],
        "the first retrier that names the error decides"
    );
}

#[test]
fn a_timeout_is_for_each_attempt_and_is_caught_by_name() {
    let machine = machine(json!({
        "A": {
            "Type": "Task", "Resource": INVOKE, "TimeoutSeconds": 5, "Next": "B",
            "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}],
            "Catch": [
                {"ErrorEquals": ["States.TaskFailed"], "Next": "Wrong"},
                {"ErrorEquals": ["States.Timeout"], "Output": "{% $states.errorOutput.Error %}", "Next": "B"}
            ]
        },
        "B": {"Type": "Succeed"},
        "Wrong": {"Type": "Fail"}
    }));
    let result = run(&machine, json!({}), &|_: TaskRequest| {
        std::future::pending::<TaskReply>()
    });
    assert_eq!(scheduled(&result), [0.0, 6.0]);
    assert_eq!(result.output.as_deref(), Some(&json!("States.Timeout")));
    assert_eq!(
        result.history.last().unwrap().timestamp,
        Timestamp::from_second(11).unwrap()
    );
}

/// Beats every three seconds, four times, and then never again.
struct Beating<'c>(&'c VirtualClock);

impl Tasks for Beating<'_> {
    fn call(&self, request: TaskRequest) -> LocalBoxFuture<'_, TaskReply> {
        Box::pin(async move {
            for _ in 0..4 {
                let deadline = self.0.now().checked_add(SignedDuration::from_secs(3)).unwrap();
                self.0.sleep_until(deadline).await;
                request.heartbeat.as_ref().unwrap().beat(self.0.now());
            }
            std::future::pending().await
        })
    }
}

#[test]
fn a_missed_heartbeat_ends_the_attempt() {
    let machine = machine(json!({
        "A": {
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Arguments": {"MessageBody": "{% $states.context.Task.Token %}"},
            "HeartbeatSeconds": 5, "TimeoutSeconds": 600, "Next": "B",
            "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "B"}]
        },
        "B": {"Type": "Succeed"}
    }));
    let clock = VirtualClock::default();
    let tasks = Beating(&clock);
    let result = clock
        .run(Execution::new(&machine, json!({}), &clock, &tasks).run())
        .unwrap();
    assert_eq!(result.status, ExecutionStatus::Succeeded);
    assert_eq!(clock.now(), Timestamp::from_second(12 + 5).unwrap());
}

#[test]
fn a_task_token_task_answers_twice() {
    let machine = machine(json!({"A": {
        "Type": "Task", "Resource": "arn:aws:states:::sns:publish.waitForTaskToken",
        "Arguments": {"Token": "{% $states.context.Task.Token %}"}, "End": true
    }}));
    let approve = |request: TaskRequest| async move {
        assert_eq!(request.arguments["Token"].as_str(), request.token.as_deref());
        let result = Box::pin(async { TaskReply::Succeeded(json!({"approved": true})) });
        TaskReply::Submitted {
            output: json!({"MessageId": "1"}),
            result,
        }
    };
    let result = run(&machine, json!({}), &approve);
    assert_eq!(
        types(&result)[2..6],
        ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    );
    assert_eq!(result.output.as_deref(), Some(&json!({"approved": true})));
}

#[test]
fn branches_run_at_once_and_the_first_failure_ends_the_others() {
    let wait = |seconds: u64, next: Value| {
        let name = format!("Wait{seconds}");
        let end = format!("End{seconds}");
        json!({"StartAt": name, "States": {name.clone(): {"Type": "Wait", "Seconds": seconds, "Next": end}, end: next}})
    };
    let both = machine(json!({"A": {
        "Type": "Parallel", "End": true,
        "Branches": [
            wait(5, json!({"Type": "Pass", "Output": 5, "End": true})),
            wait(9, json!({"Type": "Pass", "Output": 9, "End": true}))
        ]
    }}));
    let result = idle(&both, json!({}));
    assert_eq!(result.output.as_deref(), Some(&json!([5, 9])));
    assert_eq!(result.history.last().unwrap().timestamp.as_second(), 9);

    let failing = machine(json!({
        "A": {
            "Type": "Parallel", "End": true,
            "Branches": [
                wait(5, json!({"Type": "Fail", "Error": "Unsafe", "Cause": "not fenced"})),
                wait(9, json!({"Type": "Pass", "End": true}))
            ],
            "Catch": [{"ErrorEquals": ["Unsafe"], "Output": "{% $states.errorOutput.Cause %}", "Next": "B"}]
        },
        "B": {"Type": "Succeed"}
    }));
    let result = idle(&failing, json!({}));
    assert_eq!(result.output.as_deref(), Some(&json!("not fenced")));
    assert_eq!(result.history.last().unwrap().timestamp.as_second(), 5);
    assert!(
        types(&result).contains(&"WaitStateAborted".to_owned()),
        "{:?}",
        types(&result)
    );
}

#[test]
fn a_map_keeps_the_order_of_its_items_and_at_most_so_many_at_once() {
    let machine = machine(json!({"A": {
        "Type": "Map", "Items": "{% $states.input.seconds %}", "MaxConcurrency": 2, "End": true,
        "ItemSelector": {"index": "{% $states.context.Map.Item.Index %}", "seconds": "{% $states.context.Map.Item.Value %}"},
        "ItemProcessor": {"StartAt": "W", "States": {
            "W": {"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "Next": "P"},
            "P": {"Type": "Pass", "Output": "{% $states.input.index %}", "End": true}
        }}
    }}));
    let result = idle(&machine, json!({"seconds": [4, 1, 1, 1]}));
    assert_eq!(result.output.as_deref(), Some(&json!([0, 1, 2, 3])));
    assert_eq!(
        result.history.last().unwrap().timestamp.as_second(),
        4,
        "three short ones beside the long one"
    );
}

#[test]
fn inner_assignments_stay_inside() {
    let machine = machine(json!({
        "A": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "M"},
        "M": {
            "Type": "Map", "Items": [1, 2], "Assign": {"sum": "{% $sum($states.result) %}"}, "Next": "Z",
            "ItemProcessor": {"StartAt": "P", "States": {
                "P": {"Type": "Pass", "Assign": {"inner": "{% $states.input + $outer %}"}, "Next": "Q"},
                "Q": {"Type": "Pass", "Output": "{% $inner %}", "End": true}
            }}
        },
        "Z": {"Type": "Pass", "Output": {"sum": "{% $sum %}", "inner": "{% $exists($inner) %}"}, "End": true}
    }));
    let result = idle(&machine, json!({}));
    assert_eq!(result.output.as_deref(), Some(&json!({"sum": 5, "inner": false})));
}

#[test]
fn the_machine_has_a_timeout_of_its_own() {
    let machine = StateMachine::from_value(&json!({
        "QueryLanguage": "JSONata", "StartAt": "A", "TimeoutSeconds": 30,
        "States": {"A": {"Type": "Wait", "Seconds": 60, "End": true}}
    }))
    .unwrap();
    let result = idle(&machine, json!({}));
    assert_eq!(result.status, ExecutionStatus::TimedOut);
    assert_eq!(
        types(&result),
        ["ExecutionStarted", "WaitStateEntered", "ExecutionTimedOut"]
    );
    assert_eq!(result.history[2].timestamp.as_second(), 30);
}

#[test]
fn an_execution_can_be_stopped() {
    let machine = machine(json!({"A": {"Type": "Wait", "Seconds": 60, "End": true}}));
    let clock = VirtualClock::default();
    let tasks = |_: TaskRequest| async { TaskReply::Succeeded(Value::Null) };
    let stop = async {
        clock.sleep_until(Timestamp::from_second(10).unwrap()).await;
        ErrorDetails {
            error: Some("Operator".to_owned()),
            cause: None,
        }
    };
    let result = clock
        .run(
            Execution::new(&machine, json!({}), &clock, &tasks)
                .stop_when(stop)
                .run(),
        )
        .unwrap();
    assert_eq!(
        (result.status, result.error.as_deref()),
        (ExecutionStatus::Aborted, Some("Operator"))
    );
    assert_eq!(clock.now().as_second(), 10);
}

#[test]
fn a_loop_without_end_ends_at_the_history_limit() {
    let machine = machine(json!({
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Condition": true, "Next": "A"}]}
    }));
    let result = idle(&machine, json!({}));
    assert_eq!(
        (result.history.len(), result.error.as_deref()),
        (25_000, Some("States.Runtime"))
    );
    assert!(result.cause.unwrap().contains("25000"));
}

#[test]
fn an_output_over_the_payload_limit_ends_the_execution() {
    let machine = machine(json!({
        "A": {
            "Type": "Task", "Resource": INVOKE, "Next": "B", "Output": "{% $pad('x', 300000, 'x') %}",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
        },
        "B": {"Type": "Succeed"}
    }));
    let result = idle(&machine, json!({}));
    assert_eq!(
        (result.status, result.error.as_deref()),
        (ExecutionStatus::Failed, Some("States.DataLimitExceeded"))
    );
    let clock = VirtualClock::default();
    let tasks = |_: TaskRequest| async { TaskReply::Succeeded(Value::Null) };
    let limits = Limits {
        payload_bytes: 1 << 20,
        ..Limits::default()
    };
    let wide = clock
        .run(
            Execution::new(&machine, json!({}), &clock, &tasks)
                .limits(limits)
                .run(),
        )
        .unwrap();
    assert_eq!(wide.status, ExecutionStatus::Succeeded);
}

#[test]
fn observers_see_each_event_as_it_happens() {
    let machine = machine(json!({"A": {"Type": "Wait", "Seconds": 5, "End": true}}));
    let clock = VirtualClock::default();
    let tasks = |_: TaskRequest| async { TaskReply::Succeeded(Value::Null) };
    let seen = RefCell::new(Vec::new());
    let mut observer = |event: &HistoryEvent| seen.borrow_mut().push((event.id, clock.now().as_second()));
    clock
        .run(
            Execution::new(&machine, json!({}), &clock, &tasks)
                .observer(&mut observer)
                .run(),
        )
        .unwrap();
    assert_eq!(seen.into_inner(), [(1, 0), (2, 0), (3, 5), (4, 5)]);
}

#[test]
fn dropping_the_future_kills_the_execution() {
    let machine = machine(json!({"A": {"Type": "Task", "Resource": INVOKE, "End": true}}));
    let clock = VirtualClock::default();
    let alive = Rc::new(());
    let held = Rc::clone(&alive);
    let tasks = move |_: TaskRequest| {
        let held = Rc::clone(&held);
        async move {
            let _held = held;
            std::future::pending().await
        }
    };
    let result = clock.run(Execution::new(&machine, json!({}), &clock, &tasks).run());
    assert!(result.is_err(), "nothing can run any more");
    drop(tasks);
    assert_eq!(
        Rc::strong_count(&alive),
        1,
        "the task's future is gone with the execution's"
    );
}

#[test]
fn states_are_listed_with_what_leads_on() {
    let machine = machine(json!({
        "A": {
            "Type": "Parallel", "Next": "C",
            "Branches": [{"StartAt": "B", "States": {"B": {
                "Type": "Task", "Resource": INVOKE, "Arguments": {"FunctionName": "assess", "Payload": "{% $states.input %}"},
                "Retry": [{"ErrorEquals": ["NotYet"], "MaxAttempts": 9}], "End": true
            }}}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "D"}]
        },
        "C": {"Type": "Succeed"},
        "D": {"Type": "Fail"}
    }));
    let states = machine.states();
    let paths: Vec<&str> = states.iter().map(|state| state.path.as_str()).collect();
    assert_eq!(paths, ["A", "A/branch 0/B", "C", "D"]);
    assert_eq!(states[0].next, ["C", "D"]);
    assert_eq!(
        (states[1].function_name, states[1].terminal),
        (Some("assess"), true)
    );
    assert_eq!(states[1].retry[0].error_equals, ["NotYet"]);
    assert_eq!(states[1].json_path, "$.States.A.Branches[0].States.B");
}

/// Keeps every checkpoint that is offered, and when.
#[derive(Default)]
struct Keeper<'c> {
    clock: Option<&'c VirtualClock>,
    kept: Vec<(Timestamp, Checkpoint)>,
}

impl Observer for Keeper<'_> {
    fn event(&mut self, _: &HistoryEvent) {}

    fn stands(&mut self, checkpoint: &dyn Fn() -> Checkpoint) {
        let now = self.clock.expect("a clock").now();
        self.kept.push((now, checkpoint()));
    }
}

/// From each place where an execution stood another one goes on to the same end: the same events at the same times, variables, draws,
/// transitions, and the machine's own deadline.
#[test]
fn an_execution_goes_on_from_where_another_one_stood() {
    // In time, and given up within C.
    for (timeout, stood) in [(60, 3), (12, 2)] {
        let states = json!({
            "A": {"Type": "Pass", "Assign": {"said": "{% $uuid() %}"}, "Next": "B"},
            "B": {"Type": "Wait", "Seconds": 10, "Next": "C"},
            "C": {"Type": "Parallel", "Next": "D", "Branches": [
                {"StartAt": "E", "States": {"E": {"Type": "Wait", "Seconds": 5, "End": true}}},
                {"StartAt": "F", "States": {"F": {"Type": "Task", "Resource": INVOKE, "End": true}}},
            ]},
            "D": {"Type": "Task", "Resource": INVOKE, "Arguments": {"said": "{% $said %}", "drawn": "{% $random() %}"}, "Next": "G",
                "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 8, "MaxAttempts": 1, "JitterStrategy": "FULL"}]},
            "G": {"Type": "Succeed", "Output": "{% {'said': $said, 'input': $states.context.Execution.Input, \
                'since': $states.context.Execution.StartTime, 'result': $states.input} %}"},
        });
        let machine = StateMachine::from_value(&json!({
            "QueryLanguage": "JSONata", "StartAt": "A", "States": states, "TimeoutSeconds": timeout,
        }))
        .unwrap();
        let tasks = |request: TaskRequest| async move {
            if request.state.as_ref() == "D" && request.attempt == 0 {
                return TaskReply::failed("Busy", "");
            }
            TaskReply::Succeeded(request.arguments.as_ref().clone())
        };
        let clock = VirtualClock::default();
        let mut keeper = Keeper {
            clock: Some(&clock),
            ..Keeper::default()
        };
        let execution = Execution::new(&machine, json!({"from": "here"}), &clock, &tasks).seed(7);
        let whole = clock.run(execution.observer(&mut keeper).run()).unwrap();
        assert_eq!(keeper.kept.len(), stood, "before B, C and D, and not within C");
        for (now, checkpoint) in &keeper.kept {
            let clock = VirtualClock::new(*now);
            let resumed = clock
                .run(Execution::resume(&machine, checkpoint, &clock, &tasks).run())
                .unwrap();
            let clock = VirtualClock::new(*now);
            let unkept = Execution::resume(&machine, checkpoint, &clock, &tasks).without_history();
            let unkept = clock.run(unkept.run()).unwrap();
            assert_eq!(unkept.history, []);
            assert_eq!(
                (unkept.output, unkept.transitions),
                (resumed.output.clone(), resumed.transitions)
            );
            let known = whole.history.len() - resumed.history.len();
            assert_eq!(resumed.history, whole.history[known..]);
            assert_eq!(
                (resumed.status, &resumed.output, resumed.transitions),
                (whole.status, &whole.output, whole.transitions)
            );
        }
    }
}
