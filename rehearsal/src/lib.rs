//! The world: an embedded cloud in virtual time.
//!
//! The real step functions run here through the real SDK clients under the real state machines. What is modelled is
//! AWS: [`facts`] says how long it takes and who says so, [`world`] what it is, [`cloud`] what its API answers.
//!
//! ```text
//! scenario ─► stage ─► world ─► event ─► router ─► execution ─► steps ─► SDK clients ─► cloud ─► world
//!                                                                                          └─► report
//! ```

pub mod clock;
pub mod cloud;
pub mod command;
mod cores;
pub mod dice;
pub mod dynamodb;
pub mod facts;
pub mod injection;
pub mod kept;
pub mod lambda;
pub mod many;
pub mod prove;
pub mod report;
pub mod scenario;
pub mod stage;
pub mod timeline;
pub mod world;
