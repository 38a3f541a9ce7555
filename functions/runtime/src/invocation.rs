//! One event: the handler is called, a panic is caught, a line is logged, and an error gets the name that a machine
//! matches.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use domain::clock::Clock;
use domain::step::{self, Error, Failure, Step};
use futures_util::FutureExt;
use serde_json::Value;

/// The error name of a step that panicked.
///
/// `lambda_runtime` catches panics too, and names them by Rust's name for what it caught
/// (`alloc::boxed::Box<dyn core::any::Any + core::marker::Send>` in 1.5.0), which no machine should have to know. A
/// machine retries it like any other crash: whatever was set going before it is what the next call observes.
pub const PANIC: &str = "Panic";

/// The longest answer that is logged, in characters.
const LONGEST_ANSWER: usize = 4_000;

/// What came of an event.
pub(crate) struct Ended {
    /// The condition that was to be ensured, where the event names one.
    pub(crate) condition: Option<String>,
    /// The answer.
    pub(crate) answer: Result<Value, Failure>,
}

/// Runs a handler to its end, whatever that is, and logs it.
pub(crate) async fn run(
    function: &str,
    request: &str,
    handler: impl Future<Output = Ended>,
) -> Result<Value, Failure> {
    let ended = AssertUnwindSafe(handler).catch_unwind().await;
    let ended = ended.unwrap_or_else(|panic| Ended {
        condition: None,
        answer: Err(panicked(panic.as_ref())),
    });
    log(function, request, &ended);
    ended.answer
}

/// Reads an event for a step and calls it.
pub(crate) async fn call<S: Step>(step: &S, clock: &dyn Clock, payload: &[u8]) -> Ended {
    let event: Value = match serde_json::from_slice(payload) {
        Ok(event) => event,
        Err(error) => {
            let what = format!("the event is not JSON: {error}");
            let answer = Err(Failure::from(&Error::InvalidInput { what }));
            return Ended {
                condition: None,
                answer,
            };
        }
    };
    // `domain::steps`: the field that names the condition.
    let condition = event.get("ensure").and_then(Value::as_str).map(str::to_owned);
    // A panic in the step itself must still be logged with its condition.
    let answer = AssertUnwindSafe(step::call(step, clock, event))
        .catch_unwind()
        .await;
    Ended {
        condition,
        answer: answer.unwrap_or_else(|panic| Err(panicked(panic.as_ref()))),
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Failure {
        error_type: PANIC.to_owned(),
        error_message: format!("the function panicked: {}", words.unwrap_or("no message")),
    }
}

fn log(function: &str, request: &str, ended: &Ended) {
    let condition = ended.condition.as_deref();
    match &ended.answer {
        Ok(answer) => {
            let answer: String = answer.to_string().chars().take(LONGEST_ANSWER).collect();
            tracing::info!(
                request,
                function,
                condition,
                outcome = "done",
                answer,
                "invocation"
            );
        }
        Err(Failure {
            error_type: error,
            error_message: cause,
        }) => match error.as_str() {
            Error::NOT_YET | Error::UNSETTLED => {
                tracing::info!(
                    request,
                    function,
                    condition,
                    outcome = "not-yet",
                    error,
                    cause,
                    "invocation"
                );
            }
            Error::THROTTLED | Error::UNAVAILABLE => {
                tracing::warn!(
                    request,
                    function,
                    condition,
                    outcome = "try-again",
                    error,
                    cause,
                    "invocation"
                );
            }
            _ => tracing::error!(
                request,
                function,
                condition,
                outcome = "failed",
                error,
                cause,
                "invocation"
            ),
        },
    }
}
