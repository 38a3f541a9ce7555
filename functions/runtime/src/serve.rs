//! The process from start to SIGTERM.

use std::process::ExitCode;
use std::sync::Arc;

use domain::step::{Failure, Step};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

use crate::clients::Setup;
use crate::clock::SystemClock;
use crate::environment::{Environment, Error};
use crate::init::{self, InitError};
use crate::invocation::{self, Ended};
use crate::logs;
use crate::payload::Payload;

/// Variables without which `lambda_runtime` panics, and which tell a Lambda environment from a terminal.
const LAMBDA: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// What answers events, with its type forgotten: a step's futures hold those of the SDK, and the compiler would have to
/// look through all of them at once.
type Handler = Box<dyn Fn(Vec<u8>) -> LocalBoxFuture<'static, Ended>>;

/// Serves a step: the whole of a function's `main`. `build` makes it, with every client it needs, while the function
/// starts.
///
/// The process ends with 0 on SIGTERM, which Lambda sends where an extension is registered and containers send
/// anywhere. A call in flight is dropped: whether it took effect is for the next call of the step to observe.
/// It ends with 1, and tells Lambda why, when `build` fails or the Runtime API is lost.
pub fn serve<S: Step + 'static>(build: impl FnOnce(&Setup) -> Result<S, InitError>) -> ExitCode {
    process(S::NAME, |setup| {
        let step = Arc::new(build(setup)?);
        Ok(Box::new(move |payload| {
            let step = Arc::clone(&step);
            async move { invocation::call(step.as_ref(), &SystemClock, &payload).await }.boxed_local()
        }))
    })
}

/// Serves a handler that reads the event's bytes itself, so that even one that is no JSON gets the handler's own error.
/// Otherwise like [`serve`].
pub fn serve_raw<H, F>(function: &str, build: impl FnOnce(&Setup) -> Result<H, InitError>) -> ExitCode
where
    H: Fn(Vec<u8>) -> F + 'static,
    F: Future<Output = Result<Value, Failure>> + 'static,
{
    process(function, |setup| {
        let handler = build(setup)?;
        Ok(Box::new(move |payload| {
            let condition = None;
            handler(payload)
                .map(|answer| Ended { condition, answer })
                .boxed_local()
        }))
    })
}

fn process(function: &str, build: impl FnOnce(&Setup) -> Result<Handler, InitError>) -> ExitCode {
    logs::start(variable("AWS_LAMBDA_LOG_LEVEL").as_deref());
    // One event at a time and I/O only: more threads would cost start-up time and bring nothing.
    let tokio = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(tokio) => tokio,
        Err(error) => return ended(function, &InitError::from(error).to_string()),
    };
    tokio.block_on(async {
        if let Err(error) = on_lambda() {
            return ended(
                function,
                &format!("{error}. This is a Lambda function; `evenkeel deploy` deploys it"),
            );
        }
        let handler = Environment::read(variable)
            .map_err(InitError::from)
            .and_then(Setup::new);
        match handler.and_then(|setup| build(&setup)) {
            Ok(handler) => run(function, handler).await,
            Err(error) => {
                init::report(&error).await;
                ended(function, &error.to_string())
            }
        }
    })
}

async fn run(function: &str, handler: Handler) -> ExitCode {
    // Before the first event is asked for: whoever sees that may already send the signal.
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => return ended(function, &InitError::from(error).to_string()),
    };
    let (payload, handler) = (Payload::default(), &handler);
    let service = service_fn(|event: LambdaEvent<IgnoredAny>| {
        let bytes = payload.take();
        async move {
            // The handler is called inside, so that a panic in it is caught like one in its future.
            let answer = async { handler(bytes).await };
            invocation::run(function, &event.context.request_id, answer)
                .await
                .map_err(diagnostic)
        }
    });
    let lambda = Runtime::new(service).layer(payload.clone());
    tokio::select! {
        lost = lambda.run() => {
            let why = lost.err().map_or_else(|| "it ended".to_owned(), |error| error.to_string());
            ended(function, &format!("the Runtime API is lost: {why}"))
        }
        _ = terminate.recv() => ExitCode::SUCCESS,
    }
}

fn diagnostic(failure: Failure) -> Diagnostic {
    Diagnostic {
        error_type: failure.error_type,
        error_message: failure.error_message,
    }
}

fn on_lambda() -> Result<(), Error> {
    LAMBDA.into_iter().try_for_each(|name| match variable(name) {
        Some(_) => Ok(()),
        None => Err(Error::Missing {
            variable: name,
            needed: "Lambda sets it",
        }),
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn ended(function: &str, why: &str) -> ExitCode {
    tracing::error!(function, why, "the function ends");
    ExitCode::FAILURE
}
