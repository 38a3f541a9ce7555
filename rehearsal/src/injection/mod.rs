//! Faults laid on single calls, invocations, states and events of a run: the places they can be laid on, what they do, and
//! the list of those that were passed.
//!
//! A world's own faults ([`crate::world::fault`]) strike the system. These strike Evenkeel's own work, at a place that is
//! named: the second time that a state of a machine makes a call, the third event that reaches a router. A run without
//! faults says which places there are; nobody writes them down.

mod context;
mod fault;
mod injector;
mod place;
mod tape;

pub(crate) use context::{Context, crash, keep, within};
pub use fault::{CallFault, EntryFault, EventFault, Fault, InvocationFault, PATIENT};
pub use injector::{Injection, Injector, Noted, Passed};
pub use place::{NoPlace, Place, Spot, What, Within};
pub(crate) use tape::Deck;
pub use tape::Tape;
