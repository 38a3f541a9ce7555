//! Task tokens: a state that waits for somebody, and the answer that ends its waiting.
//!
//! A token lives from the call of the task until its state is left, by an answer, a time-out or the execution's end.
//! After that it is known and dead: whoever answers is told that the task does not exist any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::oneshot;

/// The tokens of one Region. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<Mutex<BTreeMap<String, Option<oneshot::Sender<Answer>>>>>);

/// What ends the waiting of a state.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// SendTaskSuccess, with the task's output.
    Success(Value),
    /// SendTaskFailure.
    Failure {
        /// The name that `ErrorEquals` matches.
        error: Option<String>,
        /// For people.
        cause: Option<String>,
    },
}

/// Why an answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dead {
    /// Step Functions never gave that token out.
    Unknown,
    /// The task was answered, gave up, or its execution is over.
    Closed,
}

impl Tokens {
    /// A task begins to wait. Whoever holds the other end waits for the answer; who drops it gives up.
    pub fn issue(&self, token: &str) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.held().insert(token.to_owned(), Some(sender));
        receiver
    }

    /// These alone were ever given out, and nobody waits for any of them.
    pub(crate) fn begin(&self, dead: &[String]) {
        *self.held() = dead.iter().map(|token| (token.clone(), None)).collect();
    }

    /// All that were ever given out, if nobody waits for any of them.
    pub(crate) fn dead(&self) -> Option<Vec<String>> {
        let held = self.held();
        let waits = |sender: &Option<oneshot::Sender<Answer>>| {
            sender.as_ref().is_some_and(|sender| !sender.is_closed())
        };
        (!held.values().any(waits)).then(|| held.keys().cloned().collect())
    }

    /// Somebody answers.
    ///
    /// # Errors
    /// When nobody waits for it.
    pub fn settle(&self, token: &str, answer: Answer) -> Result<(), Dead> {
        let mut held = self.held();
        let sender = held.get_mut(token).ok_or(Dead::Unknown)?.take();
        sender.ok_or(Dead::Closed)?.send(answer).map_err(|_| Dead::Closed)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Option<oneshot::Sender<Answer>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_counts_and_a_left_state_takes_none() {
        let tokens = Tokens::default();
        let yes = || Answer::Success(Value::Bool(true));
        assert_eq!(tokens.settle("a", yes()), Err(Dead::Unknown));

        let mut waiting = tokens.issue("a");
        assert_eq!(tokens.settle("a", yes()), Ok(()));
        assert_eq!(tokens.settle("a", yes()), Err(Dead::Closed));
        assert_eq!(waiting.try_recv(), Ok(yes()));

        drop(tokens.issue("b"));
        assert_eq!(tokens.settle("b", yes()), Err(Dead::Closed));
    }
}
