//! To be written.

pub mod dynamodb;
