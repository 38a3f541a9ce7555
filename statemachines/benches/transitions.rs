//! How fast the interpreter goes from state to state, and what a large Map takes.
//!
//! `cargo bench -p statemachines`. Plain timing, no framework: the measures are wide, and a regression by half is what matters.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock; the interpreter does not"
)]

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use statemachines::{Execution, ExecutionStatus, Limits, StateMachine, TaskReply, TaskRequest, VirtualClock};

fn main() {
    println!("{:<44} {:>14} {:>12}", "machine", "per second", "each");
    for states in [10, 1_000, 10_000] {
        let machine = passes(states, None);
        report(&format!("{states} Pass states, JSONPath"), states, || {
            run(&machine, payload(), states)
        });
    }
    let machine = passes(1_000, Some(json!({"count": "{% $states.input.count + 1 %}"})));
    report("1000 Pass states, JSONata Output", 1_000, || {
        run(&machine, payload(), 1_000)
    });
    let map = each_item();
    let items = 10_000;
    report("Map of 10000 items (transitions)", items * 2, || {
        run(
            &map,
            Value::Array(
                (0..items)
                    .map(|index| json!({"id": index, "zone": "use1-az1"}))
                    .collect(),
            ),
            items,
        )
    });
    if let Some(kilobytes) = peak_memory() {
        println!("peak memory of the whole run: {} MB", kilobytes / 1024);
    }
}

fn payload() -> Value {
    json!({"count": 1, "system": "shop", "writer": "db-2", "zones": ["use1-az1", "use1-az2"]})
}

fn passes(states: usize, output: Option<Value>) -> StateMachine {
    let language = if output.is_some() { "JSONata" } else { "JSONPath" };
    let states: Map<String, Value> = (0..states)
        .map(|index| {
            let mut state = json!({"Type": "Pass"});
            if index + 1 == states {
                state["End"] = json!(true);
            } else {
                state["Next"] = json!(format!("S{}", index + 1));
            }
            if let Some(output) = &output {
                state["Output"] = output.clone();
            }
            (format!("S{index}"), state)
        })
        .collect();
    StateMachine::from_value(&json!({"QueryLanguage": language, "StartAt": "S0", "States": states}))
        .expect("the machine above is sound")
}

fn each_item() -> StateMachine {
    StateMachine::from_value(&json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Each",
        "States": {"Each": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "One",
                "States": {"One": {"Type": "Pass", "Output": "{% $states.input.id %}", "End": true}},
            },
            "End": true,
        }},
    }))
    .expect("the machine above is sound")
}

fn run(machine: &StateMachine, input: Value, size: usize) {
    let clock = VirtualClock::default();
    let tasks = |_: TaskRequest| async { TaskReply::Succeeded(Value::Null) };
    // A history of this size is over AWS's limit; the interpreter's speed is what is asked.
    let limits = Limits {
        events: size as u64 * 10 + 100,
        payload_bytes: 64 << 20,
    };
    let execution = Execution::new(machine, input, &clock, &tasks).limits(limits);
    let result = clock.run(execution.run()).expect("nothing here waits");
    assert_eq!(result.status, ExecutionStatus::Succeeded, "{:?}", result.cause);
}

fn report(name: &str, transitions: usize, mut work: impl FnMut()) {
    work();
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed());
    }
    #[allow(clippy::cast_precision_loss, reason = "figures to look at")]
    let each = best.as_secs_f64() / transitions as f64;
    println!("{name:<44} {:>14.0} {:>9.0} ns", 1.0 / each, each * 1e9);
}

/// Peak resident memory in KiB, where the system says.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
