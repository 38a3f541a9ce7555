//! What stands around a function on AWS, on loopback: the Lambda service, and AWS itself.
//!
//! Tests of compiled functions use it. What a test sees is what Lambda's caller sees: an answer, or an error's name
//! and message. Every wait is bounded, and a process does not outlive its test.
//!
//! | module | holds |
//! |---|---|
//! | `function` | [`LocalLambda`]: starts a compiled function, hands it events, ends it |
//! | `runtime_api` | Lambda's Runtime API, as the Lambda Developer Guide describes it |
//! | `aws` | [`StubAws`]: answers the calls that functions make to AWS |
//! | `application` | [`StubApplication`]: an application with a write check |
//! | `systems` | [`Systems`]: the system files of a deployment |
//! | `loopback` | HTTP on 127.0.0.1, in the clear or over TLS |

mod application;
mod aws;
mod function;
mod loopback;
mod runtime_api;
mod systems;

pub use application::StubApplication;
pub use aws::{Answer, Call, StubAws};
pub use function::{ACCESS_KEY, Ended, LocalLambda, NotStarted, SECRET_KEY, SESSION_TOKEN};
pub use runtime_api::FunctionError;
pub use systems::Systems;
