//! What every Lambda's `main` shares.
//!
//! | module | holds |
//! |---|---|
//! | [`aws`] | what a failed call of an AWS SDK means for a step |

pub mod aws;
