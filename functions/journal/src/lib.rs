//! What is remembered between invocations, and the steps that remember it.
//!
//! | module | holds |
//! |---|---|
//! | `memory` | [`MemoryJournal`]: the twin that tests and rehearsals can hold in their hand |
//! | `dynamo` | [`DynamoJournal`]: the journal as it is on AWS, one DynamoDB table |
//! | `item` | how the journal's types are written as items of that table, and read back |
//! | `key` | the table's keys, and with them the order in which incidents are read |
//! | `lock` | what both implementations must agree on about a lock |
//! | `hold` | [`Hold`]: the lock re-read before every act |
//! | `claim` | [`Claim`]: the same for what carries no epoch, an undo or a way back |
//! | `other` | the lock of the other Region's journal, while a system is moved |
//! | `question` | a run's question to people and the wish to stop it, as items |
//! | `arming` | whether a system is armed, as an item |
//! | `steps` | [`Steps`]: the conditions that this Lambda function ensures |
//!
//! Both implementations pass one contract test, `tests/journal_contract.rs`, which also compares them step by step
//! over random sequences of operations.
//!
//! The journal keeps time to the millisecond, rounded down: that is what CloudWatch and EventBridge give, and what a
//! DynamoDB number holds without a second thought.

mod arming;
mod claim;
mod dynamo;
mod hold;
mod item;
mod key;
mod lock;
mod memory;
mod other;
mod question;
mod steps;

pub use claim::Claim;
pub use dynamo::DynamoJournal;
pub use hold::Hold;
pub use memory::MemoryJournal;
pub use steps::Steps;
