//! The prover, held to account: it covers every state, it finds nothing in the house's own machines, and it finds every one of
//! those that were broken on purpose.

#![expect(clippy::panic, reason = "a test that cannot go on says why")]

mod broken;
mod machines;
mod whole;
