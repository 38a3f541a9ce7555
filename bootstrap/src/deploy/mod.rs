//! Bringing Evenkeel into an account, and taking it out again.
//!
//! ```text
//! binaries ─► package ─► bucket ─► change set ─► a person's yes ─► follow ─► self-test
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `binaries` | the functions' programs: from cargo-lambda, or from a folder |
//! | `archive` | a zip whose bytes depend on what is in it, and on nothing else |
//! | `package` | [`Package`]: everything that one Region's stack takes from its bucket, under a name that says what it is |
//! | `bucket` | the bucket for it, and what of it is missing there |
//! | `standing` | what a stack's status permits |
//! | `stack` | CloudFormation: look, prepare a change set, carry it out, delete |
//! | `template_diff` | what differs between two templates |
//! | `follow` | what happens while CloudFormation works, until it is done |
//! | `self_test` | an event from the bus to the journal and back |
//! | `wait` | asking again until there is an answer, or the time is up |
//! | `error` | [`Error`]: why it did not come to that |

mod archive;
pub(crate) mod binaries;
pub(crate) mod bucket;
mod error;
pub(crate) mod follow;
pub(crate) mod package;
pub(crate) mod self_test;
pub(crate) mod stack;
pub(crate) mod standing;
pub(crate) mod template_diff;
mod wait;

pub(crate) use error::Error;
pub(crate) use package::Package;
