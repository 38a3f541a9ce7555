//! DynamoDB, as far as Evenkeel uses it: tables in memory that answer the SDK's typed requests.
//!
//! | module | holds |
//! |---|---|
//! | `tables` | [`Tables`]: the operations, from the SDK's inputs to its outputs and errors |
//! | `table` | one table: its keys, its order, its limits |
//! | `placeholders` | `#names` and `:values`, and the rule that each is defined and used |
//! | `tokens`, `parser` | what the expressions' grammars share |
//! | `condition`, `update`, `key_condition` | the three kinds of expression |
//! | `value` | comparing, adding and measuring attribute values |
//! | `reserved` | the words that no expression may use bare |
//! | `refusal` | the errors, in DynamoDB's words, as the SDK's types |
//! | `rules` | [`rules()`]: a real SDK client that is answered from the tables |
//!
//! It is strict where DynamoDB is: an unused placeholder, a reserved word, an empty key or a redundant parenthesis is
//! a `ValidationException` here too, so that an expression that works in a rehearsal works on AWS. And it is stricter
//! where it does not know: what it has no model for (sets, nested paths, fractions, indexes, transactions) is a
//! `ValidationException` that names the construct and says that the embedded table lacks it. It never guesses.
//!
//! There is no clock and no randomness in it: time to live deletes nothing, as it may on AWS for days
//! (Developer Guide, "Using time to live"), and reads are always consistent. Stale reads, throttling and lost
//! responses are faults, and faults are laid around [`answer`].

#![expect(
    clippy::result_large_err,
    reason = "the operations give the SDK's own error types, which are as large as they are"
)]

mod condition;
mod key_condition;
mod parser;
mod placeholders;
mod refusal;
mod reserved;
mod rules;
mod table;
mod tables;
mod tokens;
mod update;
mod value;

pub use rules::{answer, rules, unlocked};
pub use tables::{Item, Tables};
