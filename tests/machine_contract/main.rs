//! What every state machine keeps, whatever it recovers: its definition is sound, it speaks the names of the step
//! contract, its waits are bounded, and wherever it fails people hear of it and the lock is released.
//!
//! The machines come from the folder `statemachines`, and their states from the definitions: what is added there is
//! held to all of this without a line here. The steps are played by an [`understudy`] that answers plausibly, and fails
//! where the script says so, in virtual time.

#![expect(clippy::panic, reason = "a test that cannot go on says why")]

mod deadlines;
mod definitions;
mod failures;
mod names;
mod payloads;
mod play;
mod shared;
mod understudy;
