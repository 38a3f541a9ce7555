//! What can go wrong at a place.

use std::fmt;
use std::str::FromStr;

use domain::duration::Duration;
use domain::names::Region;

use super::place::What;
use crate::world::region::Plane;

/// How late a call takes effect that its caller gave up, and an event that was held up on its way.
pub const PATIENT: Duration = Duration::from_secs(45);

/// Something that goes wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// To a call.
    Call(CallFault),
    /// To an invocation.
    Invocation(InvocationFault),
    /// To an execution, as it enters a state.
    Entry(EntryFault),
    /// To an event.
    Event(EventFault),
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallFault {
    /// AWS refuses it for good: access denied. No effect.
    Refused,
    /// AWS refuses it for now: too many requests. No effect.
    Throttled,
    /// Nobody answers. No effect.
    Unanswered,
    /// It takes effect, and the answer is lost.
    AnswerLost,
    /// It takes effect, and the function crashes before it learns of it.
    Crash,
    /// Nobody answers in time; it takes effect [`PATIENT`] later.
    Late,
    /// It is delivered twice, and takes effect twice if it can.
    Twice,
    /// It is answered as things were some seconds ago. Only what reads without asking for consistency can be.
    Stale,
}

/// What goes wrong with an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InvocationFault {
    /// Lambda refuses it: too many requests. Nothing runs.
    Throttled,
    /// The function's process dies before it did anything.
    Crash,
    /// The function does its work, and its answer is lost.
    AnswerLost,
    /// Two functions run for it at once; the first answer counts.
    Twice,
    /// The function never ends.
    Hangs,
    /// The run's lock has expired, and another run, which nobody hears of again, has taken it.
    LockTakenOver,
}

/// What goes wrong as a state is entered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryFault {
    /// The execution is killed, and started afresh a moment later: the same run from its beginning.
    Restarted,
    /// The execution is killed, and nobody starts it again.
    Killed,
    /// A Region's plane refuses or does not answer from now on, until the faults end.
    Down(Region, Plane),
    /// A person wants the run to stop.
    Stopped,
    /// A person says no, asked or not, and however late.
    Rejected,
    /// A person says yes, asked or not, perhaps once more, and accepts nothing by name.
    Approved,
}

/// What goes wrong with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventFault {
    /// It is delivered twice.
    Twice,
    /// It comes [`PATIENT`] late.
    Late,
    /// It never comes.
    Lost,
}

/// Words for those faults that need no more than their name.
const WORDS: [(&str, Fault); 17] = [
    ("call-refused", Fault::Call(CallFault::Refused)),
    ("call-throttled", Fault::Call(CallFault::Throttled)),
    ("call-unanswered", Fault::Call(CallFault::Unanswered)),
    ("call-answer-lost", Fault::Call(CallFault::AnswerLost)),
    ("call-crash", Fault::Call(CallFault::Crash)),
    ("call-late", Fault::Call(CallFault::Late)),
    ("call-twice", Fault::Call(CallFault::Twice)),
    ("call-stale", Fault::Call(CallFault::Stale)),
    (
        "invocation-throttled",
        Fault::Invocation(InvocationFault::Throttled),
    ),
    ("invocation-crash", Fault::Invocation(InvocationFault::Crash)),
    (
        "invocation-answer-lost",
        Fault::Invocation(InvocationFault::AnswerLost),
    ),
    ("invocation-twice", Fault::Invocation(InvocationFault::Twice)),
    ("invocation-hangs", Fault::Invocation(InvocationFault::Hangs)),
    (
        "lock-taken-over",
        Fault::Invocation(InvocationFault::LockTakenOver),
    ),
    ("event-twice", Fault::Event(EventFault::Twice)),
    ("event-late", Fault::Event(EventFault::Late)),
    ("event-lost", Fault::Event(EventFault::Lost)),
];

/// The same for those of an entry.
const ENTRY_WORDS: [(&str, EntryFault); 5] = [
    ("run-restarted", EntryFault::Restarted),
    ("run-killed", EntryFault::Killed),
    ("run-stopped", EntryFault::Stopped),
    ("run-rejected", EntryFault::Rejected),
    ("run-approved", EntryFault::Approved),
];

impl Fault {
    /// Everything that can go wrong at such a place, in these Regions.
    pub fn at(what: &What, regions: &[Region]) -> Vec<Self> {
        match what {
            What::Call { operation, .. } => {
                let (reads, consistent) = (only_reads(operation), operation.starts_with("dynamodb:"));
                Self::all(|fault| match fault {
                    // What has no effect cannot lose its answer after it, be late with it, or have it twice.
                    Self::Call(CallFault::AnswerLost | CallFault::Late | CallFault::Twice) => !reads,
                    // The journal reads consistently.
                    Self::Call(CallFault::Stale) => reads && !consistent,
                    Self::Call(_) => true,
                    Self::Invocation(_) | Self::Entry(_) | Self::Event(_) => false,
                })
            }
            What::Invocation => Self::all(|fault| matches!(fault, Self::Invocation(_))),
            What::Event { .. } => Self::all(|fault| matches!(fault, Self::Event(_))),
            What::Entry => {
                let named = ENTRY_WORDS.iter().map(|(_, fault)| fault.clone());
                let down = regions.iter().flat_map(|region| {
                    [Plane::Control, Plane::Data].map(|plane| EntryFault::Down(region.clone(), plane))
                });
                named.chain(down).map(Self::Entry).collect()
            }
        }
    }

    /// Whether it is tried in pairs as well. Each of the others does to a run what one of these does, by another name, and is tried
    /// singly.
    pub const fn is_tried_in_pairs(&self) -> bool {
        match self {
            // Without an effect, and asked again by the same retrier: as when nobody answers.
            Self::Call(CallFault::Throttled) => false,
            // The invocation is repeated: after a read as if it had crashed at once, after an act as if its answer was lost.
            Self::Call(CallFault::Crash) => false,
            // Nothing ran, and it is repeated: as when it crashes at once.
            Self::Invocation(InvocationFault::Throttled | InvocationFault::Hangs) => false,
            Self::Call(_) | Self::Invocation(_) | Self::Entry(_) | Self::Event(_) => true,
        }
    }

    /// Whether it can happen at such a place at all.
    pub const fn fits(&self, what: &What) -> bool {
        matches!(
            (self, what),
            (Self::Call(_), What::Call { .. })
                | (Self::Invocation(_), What::Invocation)
                | (Self::Entry(_), What::Entry)
                | (Self::Event(_), What::Event { .. })
        )
    }

    fn all(is_meant: impl Fn(&Self) -> bool) -> Vec<Self> {
        let known = WORDS.iter().map(|(_, fault)| fault);
        known.filter(|fault| is_meant(fault)).cloned().collect()
    }

    /// Its name, without the Region that it may be about: what a table of coverage counts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Entry(EntryFault::Down(_, Plane::Control)) => "control-plane-down",
            Self::Entry(EntryFault::Down(_, Plane::Data)) => "data-plane-down",
            Self::Entry(fault) => {
                let known = ENTRY_WORDS.iter().find(|(_, known)| known == fault);
                known.map_or("", |(word, _)| *word)
            }
            Self::Call(_) | Self::Invocation(_) | Self::Event(_) => {
                let known = WORDS.iter().find(|(_, known)| known == self);
                known.map_or("", |(word, _)| *word)
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(EntryFault::Down(region, _)) => write!(f, "{} {region}", self.name()),
            Self::Entry(_) | Self::Call(_) | Self::Invocation(_) | Self::Event(_) => f.write_str(self.name()),
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = WORDS.iter().find(|(word, _)| *word == text);
        if let Some((_, fault)) = named {
            return Ok(fault.clone());
        }
        if let Some((_, fault)) = ENTRY_WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(Self::Entry(fault.clone()));
        }
        let plane = |word: &str| match word {
            "control-plane-down" => Some(Plane::Control),
            "data-plane-down" => Some(Plane::Data),
            _ => None,
        };
        let down = text.split_once(' ').and_then(|(word, region)| {
            Some(Self::Entry(EntryFault::Down(region.parse().ok()?, plane(word)?)))
        });
        down.ok_or_else(|| {
            let words = WORDS.iter().map(|(word, _)| *word);
            let entries = ENTRY_WORDS.iter().map(|(word, _)| *word);
            let all: Vec<&str> = words.chain(entries).collect();
            format!(
                "`{text}` is no fault: expected one of {}, `control-plane-down REGION` or `data-plane-down REGION`",
                all.join(", ")
            )
        })
    }
}

/// Whether an operation only reads, by the verb of its name.
fn only_reads(operation: &str) -> bool {
    let name = operation.rsplit_once(':').map_or(operation, |(_, name)| name);
    ["Describe", "List", "Get", "BatchGet", "Head", "Query"]
        .iter()
        .any(|verb| name.starts_with(verb))
        || name == "GET"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_reads_as_it_is_written() {
        let region: Region = "eu-west-1".parse().expect("a Region");
        let kinds = [
            What::Entry,
            What::Invocation,
            What::Call {
                operation: "rds:DescribeDBInstances".into(),
                to: region.clone(),
            },
            What::Event {
                kind: "a schedule's request".into(),
            },
        ];
        let mut seen = 0;
        for what in &kinds {
            for fault in Fault::at(what, std::slice::from_ref(&region)) {
                assert_eq!(fault.to_string().parse(), Ok(fault.clone()));
                assert!(!fault.name().is_empty(), "{fault:?}");
                seen += 1;
            }
        }
        // Of a call's, three mean nothing to one that only reads.
        assert_eq!(seen, WORDS.len() - 3 + ENTRY_WORDS.len() + 2);
    }

    #[test]
    fn what_is_no_fault_is_answered_with_those_that_are() {
        let error = "call-lost".parse::<Fault>().expect_err("no fault");
        assert!(error.contains("call-answer-lost"), "{error}");
    }
}
