//! The pure part of Evenkeel: what a system is, what to do about a signal, what a step promises, and what the
//! journal holds.
//!
//! Nothing here performs I/O, reads a clock or draws a random number. That is what lets the judgement be tested as
//! a table, explained to a person at 3 a.m., and rehearsed in virtual time with the code that runs on AWS.
//!
//! | module | holds |
//! |---|---|
//! | [`system`] | the system file: its types, its checks, its errors with places and hints |
//! | [`facts`] | what was found by looking: targets, instances, deployments |
//! | [`zone_alarms`] | what the alarms of zones say, and how long to wait before one zone is believed |
//! | [`decision`] | signal + system + journal → a decision with its reasons |
//! | [`step`] | the step contract: what a step may answer, and the error names that machines match |
//! | [`steps`] | input and output of every step |
//! | [`journal`] | lock, incidents, alarms seen; the trait that DynamoDB and the in-memory twin implement |
//! | [`names`] | identifiers as types, and the names of what Evenkeel owns in an account |

pub mod clock;
pub mod decision;
pub mod duration;
pub mod facts;
pub mod journal;
pub mod names;
pub mod step;
pub mod steps;
pub mod system;
pub mod zone_alarms;
