//! What crosses the files of the crate: samples against signals, rules and errors, and garbage against all of it.
#![allow(clippy::panic, reason = "a test fails by panicking, in its helpers as well")]

mod pattern;
mod properties;
mod refusals;
mod rules;
mod samples;
