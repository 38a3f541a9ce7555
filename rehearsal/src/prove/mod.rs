//! The prover: every fault at every place of every machine's run, and what became of the system.
//!
//! ```text
//! scenarios ─► subject ─► course: a run without faults, and the places it passed
//!                            └─► space: each place × each fault that can strike there (and pairs of them)
//!                                  └─► search ─► trial ─► verdict ─► coverage
//!                                                   └─► counterexample: shrunk, and a scenario that `rehearse` replays
//! ```
//!
//! Nobody writes down what is tried. Machines come from [`Recovery::ALL`], their states from their definitions, places from a
//! run. A machine that no scenario plays, or a state that no trial enters, is said.
//!
//! [`Recovery::ALL`]: domain::names::Recovery::ALL

mod counterexample;
mod course;
mod coverage;
mod search;
mod space;
mod subject;
mod trial;

pub use counterexample::{scenario_file, shrink};
pub use course::Course;
pub use coverage::Coverage;
pub use search::{Entered, Found, Outcome, Progress, Search, Then, Unit, search};
pub use space::{pairs_after, singles};
pub use subject::{Subject, Unplayed, subjects};
pub use trial::{Bench, Follows, Known, Setting, Tried, attempt};
