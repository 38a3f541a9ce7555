//! The step contract: every step ensures a condition, and may be called any number of times.
//!
//! ```text
//! observe → already true?        → Ok(what was seen)
//!         → not yet, in progress → NotYet(what was seen)
//!         → true, but just begun → Unsettled(what was seen)  (an undo: what it saw may be older than what it undoes)
//!         → safe to act → act    → NotYet              (the next call observes the effect)
//!         → not safe             → Unsafe(why)          (never retried; the machine's failure branch takes over)
//! ```
//!
//! A crash after the effect is harmless, because the next call sees it. The error's *name* is what `ErrorEquals`
//! in a machine matches; a contract test holds the names used in machines against [`Error::NAMES`] both ways.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;

/// How a step can end without its condition being true.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The condition is on its way, or was just set going. Retried at a fixed interval up to the step's deadline.
    #[error("not yet: {seen}")]
    NotYet {
        /// What was seen, in AWS's words.
        seen: String,
    },
    /// The condition looks true, and what was looked at may be older than what this run did last. Retried once a look can
    /// be believed: see [`Deadline::settled`].
    #[error("true as it seems, and looked at once more: {seen}")]
    Unsettled {
        /// What was seen.
        seen: String,
    },
    /// Acting would break a rule. Never retried.
    #[error("unsafe: {why}")]
    Unsafe {
        /// Which rule, and what was seen.
        why: String,
    },
    /// Another recovery of the same system holds the lock. Never retried by the step itself.
    #[error("another recovery holds the lock: {holder} since {since}, epoch {epoch}")]
    LockHeld {
        /// The incident that holds it.
        holder: String,
        /// When it was taken, RFC 3339.
        since: String,
        /// Its epoch.
        epoch: u64,
    },
    /// This run's lock expired or was taken over: whatever it was about to do, it is too late for it. Never retried.
    #[error("the lock is not this run's any more: {why}")]
    LockLost {
        /// What was found instead.
        why: String,
    },
    /// AWS asked for patience. Retried with backoff, up to the step's deadline.
    #[error("throttled: {call}: {why}")]
    Throttled {
        /// Service and operation.
        call: String,
        /// AWS's message.
        why: String,
    },
    /// AWS did not answer, or answered with a fault of its own. The call may or may not have taken effect; the next
    /// call of the step observes which. Retried with backoff, up to the step's deadline.
    #[error("unavailable: {call}: {why}")]
    Unavailable {
        /// Service and operation.
        call: String,
        /// What happened.
        why: String,
    },
    /// AWS refused the call: not permitted, not valid, no such thing. Retrying hardly helps: a machine does it a few times,
    /// and only where users wait for nothing else.
    #[error("refused: {call}: {why}")]
    Refused {
        /// Service and operation.
        call: String,
        /// AWS's error code and message.
        why: String,
    },
    /// The condition did not come true within the time that the machine gives it, or nobody could see whether it did.
    /// Never retried.
    #[error("not within {seconds} s: {seen}")]
    DeadlinePassed {
        /// The time that the machine gives it.
        seconds: u64,
        /// What was seen last.
        seen: String,
    },
    /// The step was called with something it does not understand. Retrying cannot help.
    #[error("invalid input: {what}")]
    InvalidInput {
        /// What came and what was expected.
        what: String,
    },
}

impl Error {
    /// Name of [`Error::NotYet`].
    pub const NOT_YET: &str = "NotYet";
    /// Name of [`Error::Unsettled`].
    pub const UNSETTLED: &str = "Unsettled";
    /// Name of [`Error::Unsafe`].
    pub const UNSAFE: &str = "Unsafe";
    /// Name of [`Error::LockHeld`].
    pub const LOCK_HELD: &str = "LockHeld";
    /// Name of [`Error::LockLost`].
    pub const LOCK_LOST: &str = "LockLost";
    /// Name of [`Error::Throttled`].
    pub const THROTTLED: &str = "Throttled";
    /// Name of [`Error::Unavailable`].
    pub const UNAVAILABLE: &str = "Unavailable";
    /// Name of [`Error::Refused`].
    pub const REFUSED: &str = "Refused";
    /// Name of [`Error::DeadlinePassed`].
    pub const DEADLINE_PASSED: &str = "DeadlinePassed";
    /// Name of [`Error::InvalidInput`].
    pub const INVALID_INPUT: &str = "InvalidInput";

    /// Every name that a step can end with.
    pub const NAMES: [&str; 10] = [
        Self::NOT_YET,
        Self::UNSETTLED,
        Self::UNSAFE,
        Self::LOCK_HELD,
        Self::LOCK_LOST,
        Self::THROTTLED,
        Self::UNAVAILABLE,
        Self::REFUSED,
        Self::DEADLINE_PASSED,
        Self::INVALID_INPUT,
    ];

    /// The name that Step Functions matches.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotYet { .. } => Self::NOT_YET,
            Self::Unsettled { .. } => Self::UNSETTLED,
            Self::Unsafe { .. } => Self::UNSAFE,
            Self::LockHeld { .. } => Self::LOCK_HELD,
            Self::LockLost { .. } => Self::LOCK_LOST,
            Self::Throttled { .. } => Self::THROTTLED,
            Self::Unavailable { .. } => Self::UNAVAILABLE,
            Self::Refused { .. } => Self::REFUSED,
            Self::DeadlinePassed { .. } => Self::DEADLINE_PASSED,
            Self::InvalidInput { .. } => Self::INVALID_INPUT,
        }
    }
}

/// A step's answer.
pub type Result<T> = std::result::Result<T, Error>;

/// Reads a step's input, or says what is wrong with it.
///
/// # Errors
/// [`Error::InvalidInput`] with serde's description of the place.
pub fn input<'de, T: Deserialize<'de>>(value: &'de serde_json::Value) -> Result<T> {
    T::deserialize(value).map_err(|error| Error::InvalidInput {
        what: error.to_string(),
    })
}

/// What Lambda answers when a step fails: the shape that Step Functions reads error name and cause from.
/// Source: Lambda Developer Guide, "Using the Lambda runtime API", invocation error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The name that `ErrorEquals` matches.
    pub error_type: String,
    /// For people.
    pub error_message: String,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            error_type: error.name().to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// One Lambda function's steps. Its `main` serves it on AWS; a rehearsal calls it directly.
pub trait Step: Send + Sync {
    /// The function's name: `database`, `journal`, …
    const NAME: &str;

    /// What it can be asked to ensure.
    type Input: for<'de> Deserialize<'de> + Send;

    /// Ensures the condition, or says why it is not true.
    fn ensure(&self, input: Self::Input) -> impl Future<Output = Result<serde_json::Value>> + Send;

    /// The same, for a step that does not begin at the last moment what it could not see begun.
    fn ensure_within(
        &self,
        input: Self::Input,
        _: Option<Deadline>,
    ) -> impl Future<Output = Result<serde_json::Value>> + Send {
        self.ensure(input)
    }
}

/// Until when a machine waits for a condition. The machine says it beside the step's input, as
/// `"deadline": {"since": …, "seconds": …}` with the time at which the state was entered; that time stays the same
/// while the state is retried. Step Functions itself bounds one attempt and the number of attempts, but not the time
/// that all attempts take together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// When the state was entered.
    pub since: Timestamp,
    /// How long it may last.
    pub seconds: u64,
    /// How long it lasts at least, in seconds. An undo sets it to [`SETTLED_SECONDS`]: right after an act, a look may
    /// show what was before it, and an undo that believed such a look would leave undone what it is there for.
    #[serde(default)]
    pub settled: u64,
}

/// How old a look at a resource may be, in seconds; what was done longer ago than that is seen. An assumption: EC2 Auto
/// Scaling, RDS and Elastic Load Balancing say that what describes resources is eventually consistent, and AWS says
/// nowhere how eventually.
pub const SETTLED_SECONDS: u64 = 20;

/// How long before its deadline a step begins, at the latest, what cannot be undone, in seconds: long enough to ask, to wait in vain for
/// an answer, and to be tried again. Begun later, it would be given up at once, and be under way all the same.
pub const BEGUN_BEFORE_SECONDS: u64 = 15;

impl Deadline {
    /// Whether there is time to begin what cannot be undone.
    ///
    /// # Errors
    /// `NotYet`, which becomes `DeadlinePassed` with the deadline.
    pub fn may_begin(self, now: Timestamp, seen: &str) -> Result<()> {
        let gone = now.duration_since(self.since).as_secs();
        let latest = i64::try_from(self.seconds.saturating_sub(BEGUN_BEFORE_SECONDS)).unwrap_or(i64::MAX);
        if gone < latest {
            return Ok(());
        }
        let seconds = self.seconds;
        Err(Error::NotYet {
            seen: format!("{gone} s of {seconds} s are gone, too late to begin: {seen}"),
        })
    }

    /// Holds back an answer that may rest on a look from before the state was entered.
    fn settles(self, answer: serde_json::Value, now: Timestamp) -> Result<serde_json::Value> {
        if now.duration_since(self.since).as_secs() >= i64::try_from(self.settled).unwrap_or(i64::MAX) {
            return Ok(answer);
        }
        let seen = answer.get("seen").unwrap_or(&answer).to_string();
        Err(Error::Unsettled { seen })
    }

    /// Turns what would be tried again into `DeadlinePassed` once it has passed: `NotYet`, and with it `Throttled` and
    /// `Unavailable`, so that a failure that passes is waited out for as long as the step may take, and no longer.
    /// What is done is done, however late.
    fn applied_to(self, error: Error, now: Timestamp) -> Error {
        let Self { since, seconds, .. } = self;
        let passed = now.duration_since(since).as_secs() >= i64::try_from(seconds).unwrap_or(i64::MAX);
        match error {
            Error::NotYet { seen } | Error::Unsettled { seen } if passed => {
                Error::DeadlinePassed { seconds, seen }
            }
            Error::Throttled { .. } | Error::Unavailable { .. } if passed => Error::DeadlinePassed {
                seconds,
                seen: error.to_string(),
            },
            error => error,
        }
    }
}

/// Calls a step as Lambda does: JSON in, JSON or a [`Failure`] out, within the deadline that stands in the event.
///
/// # Errors
/// What the step answered, or `InvalidInput` for an event that is no input of it.
pub async fn call<S: Step>(
    step: &S,
    clock: &dyn Clock,
    mut event: serde_json::Value,
) -> std::result::Result<serde_json::Value, Failure> {
    let answer = async {
        let deadline = event.as_object_mut().and_then(|event| event.remove("deadline"));
        let deadline: Option<Deadline> = deadline.as_ref().map(input).transpose()?;
        let ensured = step.ensure_within(input(&event)?, deadline).await;
        match (ensured, deadline) {
            (Ok(answer), Some(deadline)) => deadline.settles(answer, clock.now()),
            (Err(error), Some(deadline)) => Err(deadline.applied_to(error, clock.now())),
            (ensured, None) => ensured,
        }
    };
    answer.await.map_err(|error| Failure::from(&error))
}

/// A step's output as JSON.
///
/// # Errors
/// `InvalidInput` if it has no JSON form, which no output type of [`crate::steps`] lacks.
pub fn output(value: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|error| Error::InvalidInput {
        what: format!("the output is not JSON: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0).expect("in range")
        }
    }

    /// A step that always ends with this.
    struct Ends(Result<serde_json::Value>);

    impl Step for Ends {
        const NAME: &str = "ends";

        type Input = serde_json::Value;

        async fn ensure(&self, _: serde_json::Value) -> Result<serde_json::Value> {
            self.0.clone()
        }
    }

    fn called(now: i64, event: serde_json::Value) -> Failure {
        let seen = "status rebooting".into();
        called_with(Error::NotYet { seen }, now, event)
    }

    fn called_with(error: Error, now: i64, event: serde_json::Value) -> Failure {
        answer(Err(error), now, event).expect_err("never done")
    }

    fn answer(
        ends: Result<serde_json::Value>,
        now: i64,
        event: serde_json::Value,
    ) -> std::result::Result<serde_json::Value, Failure> {
        let (step, clock) = (Ends(ends), At(now));
        match pin!(call(&step, &clock, event)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("a step that waits for nothing is ready at once"),
        }
    }

    fn event() -> serde_json::Value {
        serde_json::json!({"deadline": {"since": "1970-01-01T00:01:00Z", "seconds": 30}})
    }

    #[test]
    fn before_the_deadline_it_is_not_yet() {
        assert_eq!(called(89, event()).error_type, Error::NOT_YET);
    }

    #[test]
    fn at_the_deadline_it_is_over_and_says_what_was_seen_last() {
        let failure = called(90, event());
        assert_eq!(failure.error_type, Error::DEADLINE_PASSED);
        assert_eq!(failure.error_message, "not within 30 s: status rebooting");
    }

    #[test]
    fn what_cannot_be_undone_is_begun_while_there_is_time_to_see_it() {
        let deadline = Deadline {
            since: Timestamp::from_second(60).expect("in range"),
            seconds: 100,
            settled: 0,
        };
        let at = |second: i64| Timestamp::from_second(second).expect("in range");
        deadline.may_begin(at(144), "it follows").expect("in time");
        let error = deadline.may_begin(at(145), "it follows").expect_err("too late");
        assert_eq!(
            error,
            Error::NotYet {
                seen: "85 s of 100 s are gone, too late to begin: it follows".to_owned()
            }
        );
        let short = Deadline {
            seconds: BEGUN_BEFORE_SECONDS,
            ..deadline
        };
        short.may_begin(at(60), "it follows").expect_err("never");
    }

    #[test]
    fn what_has_to_settle_is_believed_once_a_look_cannot_be_older() {
        let undo = serde_json::json!(
            {"deadline": {"since": "1970-01-01T00:01:00Z", "seconds": 30, "settled": SETTLED_SECONDS}}
        );
        let done = serde_json::json!({"at": "1970-01-01T00:01:00Z", "seen": ["it forwards"]});
        let early = answer(Ok(done.clone()), 79, undo.clone()).expect_err("too early");
        assert_eq!(early.error_type, Error::UNSETTLED);
        assert_eq!(
            early.error_message,
            "true as it seems, and looked at once more: [\"it forwards\"]"
        );
        assert_eq!(answer(Ok(done.clone()), 80, undo), Ok(done.clone()));
        assert_eq!(answer(Ok(done.clone()), 60, event()), Ok(done));
    }

    #[test]
    fn what_passes_may_be_tried_again_up_to_the_deadline_and_no_longer() {
        let (call, why) = ("rds:Call".to_owned(), "HTTP 503".to_owned());
        let throttled = Error::Throttled {
            call: call.clone(),
            why: why.clone(),
        };
        let unavailable = Error::Unavailable { call, why };
        for (error, said) in [
            (throttled, "not within 30 s: throttled: rds:Call: HTTP 503"),
            (unavailable, "not within 30 s: unavailable: rds:Call: HTTP 503"),
        ] {
            let name = error.name();
            assert_eq!(called_with(error.clone(), 89, event()).error_type, name);
            let over = called_with(error, 90, event());
            assert_eq!(
                (over.error_type.as_str(), over.error_message.as_str()),
                (Error::DEADLINE_PASSED, said)
            );
        }
    }

    #[test]
    fn what_cannot_be_helped_keeps_its_name_however_late_it_comes() {
        let error = Error::Unsafe { why: "late".into() };
        assert_eq!(called_with(error, 900, event()).error_type, Error::UNSAFE);
    }

    #[test]
    fn a_deadline_that_is_none_is_invalid_input() {
        let failure = called(0, serde_json::json!({"deadline": {"seconds": 30}}));
        assert_eq!(failure.error_type, Error::INVALID_INPUT);
    }
}
