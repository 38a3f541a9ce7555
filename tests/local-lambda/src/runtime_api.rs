//! Lambda's Runtime API. Source: Lambda Developer Guide, "Using the Lambda runtime API".

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Response};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

use crate::loopback::{Server, response, serve};

/// How a function failed, as its caller sees it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, thiserror::Error)]
#[error("{error_type}: {error_message}")]
#[serde(rename_all = "camelCase")]
pub struct FunctionError {
    /// The name that `ErrorEquals` matches.
    pub error_type: String,
    /// For people.
    pub error_message: String,
}

/// What a function says to Lambda.
#[derive(Debug)]
pub(crate) enum Said {
    /// It wants the next event: it has started, or is done with the last.
    Ready,
    /// It answers the event of that request.
    Answered {
        request: String,
        answer: Result<Value, FunctionError>,
    },
    /// It cannot start.
    CannotStart(FunctionError),
}

/// An event on its way to a function.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) request: String,
    pub(crate) payload: Bytes,
    pub(crate) timeout: Duration,
}

/// The API, as Lambda's side sees it.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    pub(crate) server: Server,
    pub(crate) events: mpsc::UnboundedSender<Event>,
    pub(crate) said: mpsc::UnboundedReceiver<Said>,
}

/// Opens one for one function.
pub(crate) async fn open() -> io::Result<RuntimeApi> {
    let (events, waiting) = mpsc::unbounded_channel();
    let (say, said) = mpsc::unbounded_channel();
    let function = Arc::new(Function {
        events: Mutex::new(waiting),
        say,
    });
    let server = serve(move |request| {
        let function = Arc::clone(&function);
        async move { function.answer(request).await }
    })
    .await?;
    Ok(RuntimeApi { server, events, said })
}

/// The API, as the function sees it.
struct Function {
    events: Mutex<mpsc::UnboundedReceiver<Event>>,
    say: mpsc::UnboundedSender<Said>,
}

impl Function {
    async fn answer(&self, request: Request<Bytes>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let path: Vec<&str> = path
            .trim_start_matches("/2018-06-01/runtime/")
            .split('/')
            .collect();
        match (request.method(), path.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => {
                self.answered(id, serde_json::from_slice(request.body()).map(Ok))
            }
            (&Method::POST, ["invocation", id, "error"]) => {
                self.answered(id, serde_json::from_slice(request.body()).map(Err))
            }
            (&Method::POST, ["init", "error"]) => match serde_json::from_slice(request.body()) {
                Ok(error) => self.accepted(Said::CannotStart(error)),
                Err(error) => response(400, "text/plain", error.to_string()),
            },
            _ => response(404, "text/plain", "no such thing in the Runtime API"),
        }
    }

    /// Waits for an event, however long: a function that is asked nothing waits here.
    async fn next(&self) -> Response<Full<Bytes>> {
        // Whoever started the function may be gone already.
        let _ = self.say.send(Said::Ready);
        let Some(event) = self.events.lock().await.recv().await else {
            return response(500, "text/plain", "no more events");
        };
        let mut next = response(200, "application/json", event.payload);
        let headers = [
            ("lambda-runtime-aws-request-id", event.request),
            (
                "lambda-runtime-deadline-ms",
                in_epoch_ms(event.timeout).to_string(),
            ),
            (
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:123456789012:function:evenkeel-test".to_owned(),
            ),
            (
                "lambda-runtime-trace-id",
                "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".to_owned(),
            ),
        ];
        for (name, value) in headers {
            if let Ok(value) = value.parse() {
                next.headers_mut().insert(name, value);
            }
        }
        next
    }

    fn answered(
        &self,
        request: &str,
        answer: serde_json::Result<Result<Value, FunctionError>>,
    ) -> Response<Full<Bytes>> {
        match answer {
            Ok(answer) => self.accepted(Said::Answered {
                request: request.to_owned(),
                answer,
            }),
            Err(error) => response(400, "text/plain", error.to_string()),
        }
    }

    fn accepted(&self, said: Said) -> Response<Full<Bytes>> {
        let _ = self.say.send(said);
        response(202, "application/json", r#"{"status":"OK"}"#)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "Lambda tells its functions the wall-clock time of their deadline"
)]
fn in_epoch_ms(timeout: Duration) -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now + timeout).as_millis()
}
