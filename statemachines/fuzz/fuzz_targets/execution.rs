//! A definition and an input, both from the fuzzer: checked, parsed and run, to an end or an error.
//!
//! The first line of the data is the input, the rest the definition. A good start for the corpus is any `.asl.json` under a
//! line that says `{}`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use statemachines::{Execution, Limits, StateMachine, TaskReply, TaskRequest, VirtualClock, check};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (input, definition) = text.split_once('\n').unwrap_or(("{}", text));
    let Ok(definition) = serde_json::from_str::<Value>(definition) else { return };
    let input: Value = serde_json::from_str(input).unwrap_or(Value::Null);
    let _ = check(&definition);
    let Ok(machine) = StateMachine::from_value(&definition) else { return };
    let clock = VirtualClock::default();
    let tasks = |request: TaskRequest| async move {
        match request.attempt {
            0 => TaskReply::failed("First", "the first attempt fails"),
            _ => TaskReply::invoked(request.arguments.as_ref().clone()),
        }
    };
    let limits = Limits { events: 2_000, ..Limits::default() };
    // A machine that waits for ever is no error: the clock says that it is stalled.
    let _ = clock.run(Execution::new(&machine, input, &clock, &tasks).limits(limits).run());
});
