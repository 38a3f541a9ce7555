//! The prover, held to account: it covers every state, it finds nothing in the house's own machines, it makes no call that is not
//! permitted, and it finds every one of those machines that were broken on purpose.

#![expect(clippy::panic, reason = "a test that cannot go on says why")]

mod broken;
#[path = "../permissions/call.rs"]
mod call;
mod machines;
mod whole;
