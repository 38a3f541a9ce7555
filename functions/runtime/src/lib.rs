//! What every Lambda's `main` shares, so that a `main` only says which clients its steps need:
//!
//! ```ignore
//! fn main() -> ExitCode {
//!     runtime::serve(|setup| {
//!         Ok(Steps {
//!             systems: setup.systems()?,
//!             rds: aws_sdk_rds::Client::new(&setup.sdk_config_for(Service::Rds)),
//!             clock: Arc::new(SystemClock),
//!         })
//!     })
//! }
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`aws`] | what a failed call of an AWS SDK means for a step |
//! | [`clients`] | [`Setup`]: what SDK clients are made of: endpoints, credentials, time-outs, one shared connector |
//! | [`environment`] | what Lambda and the deployment say through environment variables |
//! | `clock` | [`SystemClock`], the one reader of the wall clock |
//! | `in_region` | [`InRegion`]: clients for whichever Region a step speaks to |
//! | `init` | [`InitError`]: why a function cannot start, and how Lambda hears of it |
//! | `invocation` | one event: call, catch a panic, log a line, name the error |
//! | `logs` | JSON lines |
//! | [`metrics`] | what is counted, as JSON lines that CloudWatch reads |
//! | `people` | what a person's machine trusts: the program at a terminal is not a function |
//! | `payload` | the event's bytes, past the parser of `lambda_runtime` |
//! | `serve` | [`serve`] and [`serve_raw`]: the process from start to SIGTERM |
//! | `systems` | the system files packaged with the function |
//! | `trust` | which certificates are trusted |

pub mod aws;
pub mod clients;
mod clock;
pub mod environment;
mod in_region;
mod init;
mod invocation;
mod logs;
pub mod metrics;
mod payload;
mod people;
mod serve;
mod systems;
mod trust;

pub use clients::{Service, Setup};
pub use clock::SystemClock;
pub use in_region::InRegion;
pub use init::InitError;
pub use invocation::PANIC;
pub use people::tls_for_people;
pub use serve::{serve, serve_raw};
