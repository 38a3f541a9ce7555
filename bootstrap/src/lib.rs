//! What the program makes, for those who hold it to account: tests of other packages, which cannot see into a binary.

pub mod stack;
