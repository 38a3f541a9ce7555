//! A database is lost: what users, RDS, people and the journal see of it, from the scenario down to one call.
//!
//! | module | plays |
//! |---|---|
//! | [`scenarios`] | whole outages, as `evenkeel rehearse` does |
//! | [`steps`] | the steps by hand, repeated, together and late |
//! | [`functions`] | the deployed functions: duplicates, lost answers, a panic |
//! | [`calls`] | AWS's API as the embedded cloud has it |

#![expect(clippy::panic, reason = "a test that cannot go on says why")]

mod calls;
mod embedded;
mod functions;
mod scenarios;
mod steps;
