//! What RDS tells of a move in its events: the only evidence of a fence that Aurora laid itself (rule 4).
//!
//! DescribeEvents gives no event numbers, only messages, so the messages are what is read. All events of the last hour
//! are asked for, whatever their source: a fence is told of a DB *instance*, everything else of a DB *cluster*. They
//! are read in both Regions, because Aurora records a fence in the old primary's Region if it reaches that, and in the
//! new one's otherwise. Sources: RDS API, DescribeEvents; Aurora User Guide, USER_Events.Messages and
//! aurora-global-database-disaster-recovery.

use std::fmt;

use aws_sdk_rds::Client;
use domain::journal::Journal;
use domain::names::Region;
use domain::step::Result;
use domain::steps::region::Fence;
use domain::system::Site;
use jiff::Timestamp;
use runtime::aws::classify;

use super::Regions;

/// How far back RDS is asked, in minutes: what it answers by default. Source: RDS API, DescribeEvents, `Duration`.
const MINUTES: i32 = 60;

/// How many pages of a hundred events are read at most. A Region in which more happens within an hour has worse
/// troubles, and a bound keeps the step within its time.
const PAGES: usize = 5;

/// An event of RDS that is about a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// The cluster that the message names.
    pub cluster: String,
    /// The Region that the message names.
    pub region: String,
    /// RDS's words.
    pub message: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.event.number(), self.at, self.message)
    }
}

/// What can happen in a move, as far as something follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// The old primary was shut down in a switchover: it takes no writes, and every volume has everything.
    ShutDown,
    /// Aurora blocks writes to the old primary at the storage layer.
    WritesBlocked,
    /// It could not: the old primary may still take writes.
    BlockTimedOut,
    /// A switchover was called off.
    SwitchoverCancelled,
    /// A switchover failed.
    SwitchoverFailed,
    /// A failover was completed.
    FailoverCompleted,
    /// A failover failed.
    FailoverFailed,
    /// After a failover, the others begin to be brought into step.
    ResynchronizationStarted,
    /// They are in step.
    ResynchronizationFinished,
}

impl Event {
    /// Its number, with the words around the cluster and the Region. Source: Aurora User Guide, USER_Events.Messages.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ShutDown => (
                "RDS-EVENT-0182",
                "Old primary DB cluster ",
                "successfully shut down",
            ),
            Self::WritesBlocked => (
                "RDS-EVENT-0390",
                "Attempt to block writes for DB cluster ",
                "succeeded",
            ),
            Self::BlockTimedOut => (
                "RDS-EVENT-0391",
                "Attempt to block writes for DB cluster ",
                "timed out",
            ),
            Self::SwitchoverCancelled => (
                "RDS-EVENT-0186",
                "Global switchover to DB cluster ",
                "is cancelled",
            ),
            Self::SwitchoverFailed => ("RDS-EVENT-0187", "Global switchover to DB cluster ", "failed"),
            Self::FailoverCompleted => ("RDS-EVENT-0238", "Global failover to DB cluster ", "completed"),
            Self::FailoverFailed => ("RDS-EVENT-0239", "Global failover to DB cluster ", "failed"),
            Self::ResynchronizationStarted => (
                "RDS-EVENT-0240",
                "Started resynchronizing members of DB cluster ",
                "after global failover",
            ),
            Self::ResynchronizationFinished => (
                "RDS-EVENT-0241",
                "Finished resynchronizing members of DB cluster ",
                "after global failover",
            ),
        }
    }

    const ALL: [Self; 9] = [
        Self::ShutDown,
        Self::WritesBlocked,
        Self::BlockTimedOut,
        Self::SwitchoverCancelled,
        Self::SwitchoverFailed,
        Self::FailoverCompleted,
        Self::FailoverFailed,
        Self::ResynchronizationStarted,
        Self::ResynchronizationFinished,
    ];

    /// Its number.
    pub const fn number(self) -> &'static str {
        self.words().0
    }

    /// Reads a message: the event, the cluster and the Region that it names.
    fn read(message: &str) -> Option<(Self, &str, &str)> {
        Self::ALL.into_iter().find_map(|event| {
            let (_, before, after) = event.words();
            let (cluster, rest) = message.strip_prefix(before)?.split_once(" in Region ")?;
            let (region, rest) = rest.split_once(' ')?;
            rest.starts_with(after).then_some((event, cluster, region))
        })
    }

    const fn fence(self) -> Option<Fence> {
        match self {
            Self::ShutDown | Self::WritesBlocked => Some(Fence::Fenced),
            Self::BlockTimedOut => Some(Fence::TimedOut),
            Self::SwitchoverCancelled
            | Self::SwitchoverFailed
            | Self::FailoverCompleted
            | Self::FailoverFailed
            | Self::ResynchronizationStarted
            | Self::ResynchronizationFinished => None,
        }
    }

    const fn is_failure(self) -> bool {
        matches!(
            self,
            Self::SwitchoverCancelled | Self::SwitchoverFailed | Self::FailoverFailed
        )
    }
}

/// What both Regions tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The events, oldest first.
    pub events: Vec<Told>,
    /// Which Region could not be asked, and why.
    pub unheard: Vec<String>,
}

impl Heard {
    /// Whether the source takes writes, on RDS's word, and which word. Only what happened since the incident opened
    /// counts: an older event is about an earlier move, and the source may have been opened again since. The newest
    /// one stands.
    pub fn fence(&self, source: &Site, since: Timestamp) -> Option<(Fence, &Told)> {
        self.about(source, since)
            .filter_map(|told| Some((told.event.fence()?, told)))
            .max_by_key(|(fence, told)| (told.at, *fence == Fence::TimedOut))
    }

    /// That the move to there failed or was called off since then.
    pub fn failure(&self, target: &Site, since: Timestamp) -> Option<&Told> {
        self.about(target, since)
            .filter(|told| told.event.is_failure())
            .max_by_key(|told| told.at)
    }

    /// What was told about bringing the others into step, whichever of them is named.
    pub fn resynchronization(&self) -> impl Iterator<Item = &Told> {
        self.events.iter().filter(|told| match told.event {
            Event::ResynchronizationStarted | Event::ResynchronizationFinished => true,
            Event::ShutDown
            | Event::WritesBlocked
            | Event::BlockTimedOut
            | Event::SwitchoverCancelled
            | Event::SwitchoverFailed
            | Event::FailoverCompleted
            | Event::FailoverFailed => false,
        })
    }

    fn about(&self, site: &Site, since: Timestamp) -> impl Iterator<Item = &Told> {
        self.events.iter().filter(move |told| {
            told.at >= since
                && told.region == site.region.as_str()
                && told.cluster.eq_ignore_ascii_case(site.database.as_str())
        })
    }
}

/// Asks both Regions. That one does not answer is said, and is no failure.
pub async fn hear<J: Journal>(regions: &Regions<'_, J>) -> Heard {
    let (here, there) = (&regions.moved.to.region, &regions.moved.from.region);
    let (in_here, in_there) = futures_util::join!(hear_in(regions, here), hear_in(regions, there));
    in_here.and(in_there)
}

/// Asks one Region.
pub async fn hear_in<J: Journal>(regions: &Regions<'_, J>, region: &Region) -> Heard {
    match events(&regions.rds(region)).await {
        Ok(events) => Heard {
            events,
            unheard: vec![],
        },
        Err(error) => Heard {
            events: vec![],
            unheard: vec![format!("the events of {region} are not known: {error}")],
        },
    }
}

impl Heard {
    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        self.events.extend(other.events);
        self.events.sort_by_key(|told| (told.at, told.event));
        self.unheard.extend(other.unheard);
        self
    }
}

async fn events(rds: &Client) -> Result<Vec<Told>> {
    let mut told = Vec::new();
    let mut marker = None;
    for _ in 0..PAGES {
        let page = rds
            .describe_events()
            .duration(MINUTES)
            .set_marker(marker)
            .send()
            .await;
        let page = page.map_err(|error| classify("rds:DescribeEvents", error))?;
        told.extend(page.events().iter().filter_map(read));
        marker = page
            .marker()
            .filter(|marker| !marker.is_empty())
            .map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    Ok(told)
}

fn read(event: &aws_sdk_rds::types::Event) -> Option<Told> {
    let message = event.message()?;
    let (kind, cluster, region) = Event::read(message)?;
    Some(Told {
        at: Timestamp::from_millisecond(event.date()?.to_millis().ok()?).ok()?,
        event: kind,
        cluster: cluster.to_owned(),
        region: region.to_owned(),
        message: message.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::sample::{frankfurt_site, system};

    const BLOCKED: &str = "Attempt to block writes for DB cluster shop-db in Region eu-central-1 succeeded.";
    const TIMED_OUT: &str =
        "Attempt to block writes for DB cluster shop-db in Region eu-central-1 timed out.";
    const SHUT_DOWN: &str = "Old primary DB cluster shop-db in Region eu-central-1 successfully shut down.";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn heard(messages: &[(i64, &str)]) -> Heard {
        let told = |(second, message): &(i64, &str)| {
            let (event, cluster, region) = Event::read(message).expect(message);
            Told {
                at: at(*second),
                event,
                cluster: cluster.into(),
                region: region.into(),
                message: (*message).into(),
            }
        };
        Heard {
            events: messages.iter().map(told).collect(),
            unheard: vec![],
        }
    }

    #[test]
    fn rds_is_taken_at_its_words() {
        for (message, number) in [
            (BLOCKED, "RDS-EVENT-0390"),
            (TIMED_OUT, "RDS-EVENT-0391"),
            (SHUT_DOWN, "RDS-EVENT-0182"),
            (
                "Global switchover to DB cluster shop-db in Region eu-central-1 is cancelled.",
                "RDS-EVENT-0186",
            ),
            (
                "Global switchover to DB cluster shop-db in Region eu-central-1 failed.",
                "RDS-EVENT-0187",
            ),
            (
                "Global failover to DB cluster shop-db in Region eu-central-1 completed.",
                "RDS-EVENT-0238",
            ),
            (
                "Global failover to DB cluster shop-db in Region eu-central-1 failed.",
                "RDS-EVENT-0239",
            ),
            (
                "Started resynchronizing members of DB cluster shop-db in Region eu-central-1 after global failover.",
                "RDS-EVENT-0240",
            ),
            (
                "Finished resynchronizing members of DB cluster shop-db in Region eu-central-1 after global failover.",
                "RDS-EVENT-0241",
            ),
        ] {
            let (event, cluster, region) = Event::read(message).expect(message);
            assert_eq!(
                (event.number(), cluster, region),
                (number, "shop-db", "eu-central-1")
            );
        }
    }

    #[test]
    fn nothing_is_read_into_other_words() {
        for message in [
            "",
            "DB instance restarted.",
            "Global switchover to DB cluster shop-db in Region eu-central-1 started.",
            "Global switchover to DB cluster shop-db in Region eu-central-1 finished.",
            "Attempt to block writes for DB cluster shop-db",
            "Attempt to block writes for DB cluster shop-db in Region ",
        ] {
            assert_eq!(Event::read(message), None, "{message}");
        }
    }

    #[test]
    fn evidence_is_new_and_about_the_source_and_the_newest_stands() {
        let system = system("aurora");
        let source = frankfurt_site(&system);
        let elsewhere = BLOCKED.replace("eu-central-1", "eu-west-1");
        let another = BLOCKED.replace("shop-db", "other-db");
        type Messages<'a> = &'a [(i64, &'a str)];
        let cases: [(Messages<'_>, Option<Fence>); 8] = [
            (&[], None),
            (&[(100, BLOCKED)], Some(Fence::Fenced)),
            (&[(100, SHUT_DOWN)], Some(Fence::Fenced)),
            (&[(100, TIMED_OUT)], Some(Fence::TimedOut)),
            (&[(99, BLOCKED)], None),
            (&[(100, &elsewhere), (100, &another)], None),
            (&[(100, BLOCKED), (101, TIMED_OUT)], Some(Fence::TimedOut)),
            (&[(101, TIMED_OUT), (101, BLOCKED)], Some(Fence::TimedOut)),
        ];
        for (messages, expected) in cases {
            let heard = heard(messages);
            let fence = heard.fence(source, at(100)).map(|(fence, _)| fence);
            assert_eq!(fence, expected, "{messages:?}");
        }
    }

    #[test]
    fn a_failure_counts_once_the_incident_is_open() {
        let system = system("aurora");
        let target = frankfurt_site(&system);
        let failed = "Global failover to DB cluster shop-db in Region eu-central-1 failed.";
        assert!(heard(&[(99, failed)]).failure(target, at(100)).is_none());
        assert!(heard(&[(100, failed)]).failure(target, at(100)).is_some());
    }
}
