//! Where a fault can be laid.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use domain::names::{Recovery, Region};

/// A place in a run: a spot, and the how manieth time it is passed, from 1.
///
/// As text: `fail-over-region/Promote/rds:FailoverGlobalCluster@eu-west-1#2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Where.
    pub spot: Spot,
    /// The how manieth time, from 1.
    pub nth: u32,
}

/// A place that a run may pass more than once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// Whose work it is part of.
    pub within: Within,
    /// What happens there.
    pub what: What,
}

/// Whose work it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Within {
    /// A state of a machine.
    State {
        /// The machine.
        machine: Recovery,
        /// The state.
        state: Arc<str>,
    },
    /// The router of a Region.
    Router(Region),
    /// The event bus of a Region.
    Bus(Region),
    /// A person's command.
    Person,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// A state is entered.
    Entry,
    /// A function is invoked.
    Invocation,
    /// A call goes out.
    Call {
        /// The operation, as `rds:DescribeDBInstances`.
        operation: Arc<str>,
        /// The Region whose endpoint is called.
        to: Region,
    },
    /// An event arrives.
    Event {
        /// Its `detail-type`.
        kind: Arc<str>,
    },
}

impl Spot {
    /// The machine whose work it is part of, if it is one's.
    pub const fn machine(&self) -> Option<Recovery> {
        match &self.within {
            Within::State { machine, .. } => Some(*machine),
            Within::Router(_) | Within::Bus(_) | Within::Person => None,
        }
    }

    /// The machine's state, if it is part of one.
    pub fn state(&self) -> Option<&str> {
        match &self.within {
            Within::State { state, .. } => Some(state),
            Within::Router(_) | Within::Bus(_) | Within::Person => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.spot, self.nth)
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.within {
            Within::State { machine, state } => write!(f, "{}/{state}/", machine.machine())?,
            Within::Router(region) => write!(f, "router@{region}/")?,
            Within::Bus(region) => write!(f, "bus@{region}/")?,
            Within::Person => f.write_str("person/")?,
        }
        match &self.what {
            What::Entry => f.write_str("entry"),
            What::Invocation => f.write_str("invocation"),
            What::Call { operation, to } => write!(f, "{operation}@{to}"),
            What::Event { kind } => f.write_str(kind),
        }
    }
}

/// Why a text is no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no place: expected MACHINE/STATE/WHAT#N, router@REGION/WHAT#N, bus@REGION/KIND#N or person/WHAT#N, where WHAT is entry, invocation or SERVICE:Operation@REGION"
)]
pub struct NoPlace(pub String);

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        read(text).ok_or_else(|| NoPlace(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Place> {
    let (spot, nth) = text.rsplit_once('#')?;
    let nth = nth.parse().ok().filter(|nth| *nth > 0)?;
    let (whose, rest) = spot.split_once('/')?;
    let within_region = |name: &str| whose.strip_prefix(name)?.parse::<Region>().ok();
    let (within, what) = if let Some(region) = within_region("bus@") {
        let kind = rest.into();
        (Within::Bus(region), What::Event { kind })
    } else if let Some(region) = within_region("router@") {
        (Within::Router(region), what(rest)?)
    } else if whose == "person" {
        (Within::Person, what(rest)?)
    } else {
        let (state, rest) = rest.split_once('/')?;
        let machine = Recovery::named(whose)?;
        let state = state.into();
        (Within::State { machine, state }, what(rest)?)
    };
    let spot = Spot { within, what };
    Some(Place { spot, nth })
}

fn what(text: &str) -> Option<What> {
    match text {
        "entry" => Some(What::Entry),
        "invocation" => Some(What::Invocation),
        call => {
            let (operation, to) = call.rsplit_once('@')?;
            Some(What::Call {
                operation: operation.contains(':').then(|| operation.into())?,
                to: to.parse().ok()?,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_as_it_is_written() {
        for text in [
            "fail-over-region/Promote/rds:FailoverGlobalCluster@eu-west-1#2",
            "fail-over-region/Promote/invocation#1",
            "fail-over-region/Promote/entry#1",
            "router@eu-west-1/dynamodb:Query@eu-west-1#5",
            "router@eu-west-1/invocation#5",
            "bus@eu-west-1/CloudWatch Alarm State Change#3",
            "person/dynamodb:UpdateItem@eu-west-1#1",
        ] {
            let place: Place = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(place.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_place_is_named() {
        for text in [
            "",
            "fail-over-region/Promote/entry",
            "fail-over-region/Promote/entry#0",
            "fail-over-everything/Promote/entry#1",
            "fail-over-region/entry#1",
            "router@eu-west-1/Query#1",
        ] {
            assert_eq!(text.parse::<Place>(), Err(NoPlace(text.to_owned())));
        }
    }
}
