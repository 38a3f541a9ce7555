//! AWS's API in front of the world. The SDK clients are real; each operation that a function calls is a typed rule
//! here, and an operation without a rule is an error that names it.
//!
//! A call leads from a Region to a Region ([`Route`]). Before a rule is asked, the world says whether the call gets
//! there: what is refused or gets no answer takes no effect.

mod account;
pub mod application;
mod autoscaling;
mod balancing;
mod clients;
mod cloudwatch;
mod codedeploy;
pub mod desk;
pub mod dns;
mod dynamodb;
mod elasticache;
mod late;
mod quotas;
mod rds;
mod refusal;
mod route53;
mod routing_control;
mod s3;
mod shortcut;
mod sns;
mod states;
pub mod tokens;
mod wire;
mod zonal_shift;

pub(crate) use account::Stock;
pub use account::{Account, Regional, regions};
pub use clients::Clients;
pub use desk::{Desk, Route};
pub(crate) use late::{Wanted, as_of};

#[cfg(test)]
mod tests;
