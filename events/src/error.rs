//! Why a payload is no signal.

/// Why a payload is no signal: what came, what was expected, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More bytes than anything that Evenkeel acts on.
    #[error("the payload has {bytes} bytes; expected at most {limit}")]
    TooLarge {
        /// How many came.
        bytes: usize,
        /// How many may come.
        limit: usize,
    },
}
