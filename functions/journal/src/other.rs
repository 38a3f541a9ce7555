//! The lock of the other Region's journal.
//!
//! Each Region has its own journal. While a system is moved out of a Region that still works, what the move does there
//! (a frozen edge, an isolated database) looks like an outage to that Region's own recoveries. So a move takes their
//! lock as well. A planned move insists on it. An unplanned one cannot: the Region may be lost, and a recovery that
//! runs there must not hold up the one that is needed (rule 9).

use domain::journal::{Journal, lease};
use domain::names::Recovery;
use domain::step::{Error, Result};
use domain::steps::Run;
use domain::steps::journal::OtherLocked;
use domain::steps::region::Seen;

use crate::Steps;

impl<J: Journal> Steps<J> {
    pub(crate) async fn take_other_lock(&self, run: &Run) -> Result<OtherLocked> {
        let moved = self.systems.of_run(run)?.moving_to(&self.region)?;
        let other = &moved.from.region;
        let now = self.clock.now();
        let journal = (self.journal_in)(other);
        let taken = journal
            .take_lock(&run.system, &run.incident, now, lease(run.recovery))
            .await;
        let insists = run.recovery != Recovery::FailOverRegion;
        let (taken, seen) = match taken {
            Ok(lock) => (
                true,
                format!("the lock of {other} is held too, epoch {}", lock.epoch),
            ),
            Err(error @ Error::LockHeld { .. }) if insists => {
                return Err(Error::Unsafe {
                    why: format!("in {other}, {error}"),
                });
            }
            Err(error @ Error::LockHeld { .. }) => {
                (false, format!("in {other}, {error}; it is left to itself"))
            }
            Err(error @ (Error::Unavailable { .. } | Error::Throttled { .. })) if !insists => {
                (false, format!("the journal of {other} does not answer: {error}"))
            }
            Err(error) => return Err(error),
        };
        Ok(OtherLocked {
            at: self.clock.now(),
            taken,
            seen: vec![seen],
        })
    }

    pub(crate) async fn release_other_lock(&self, run: &Run, taken: bool) -> Result<Seen> {
        let moved = self.systems.of_run(run)?.moving_to(&self.region)?;
        let other = &moved.from.region;
        let released = (self.journal_in)(other)
            .release_lock(&run.system, &run.incident, self.clock.now())
            .await;
        let seen = match released {
            Ok(true) => format!("the lock of {other} is released"),
            Ok(false) => format!("the lock of {other} was not held"),
            Err(error @ (Error::Unavailable { .. } | Error::Throttled { .. })) if !taken => {
                format!("the lock of {other} was not taken, and its journal does not answer: {error}")
            }
            Err(error) => return Err(error),
        };
        Ok(Seen {
            at: self.clock.now(),
            seen: vec![seen],
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_sdk_dynamodb::config::retry::RetryConfig;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_dynamodb::{Client, Config};
    use aws_smithy_mocks::{MockResponse, MockResponseInterceptor, RuleMode, create_mock_http_client, mock};
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_types::body::SdkBody;
    use domain::clock::Clock;
    use domain::duration::Duration;
    use domain::system::Systems;
    use jiff::Timestamp;

    use super::*;
    use crate::{DynamoJournal, MemoryJournal};

    /// Two Regions; the recovery runs in the standby.
    const SHOP: &str = include_str!("../../../rehearsal/systems/two-regions.toml");

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            "2026-10-01T12:00:00Z".parse().expect("a timestamp")
        }
    }

    fn beside<J: Journal + Clone + Send + Sync + 'static>(journal: &J) -> Steps<J> {
        let system = domain::system::read(SHOP).expect("a coherent system");
        let region = system.regions.standby.clone().expect("two Regions");
        let home = system.regions.primary.clone();
        let other = journal.clone();
        Steps {
            systems: Systems::from(vec![system]),
            region,
            journal: journal.clone(),
            journal_in: Arc::new(move |region| {
                assert_eq!(*region, home, "the other Region's journal");
                other.clone()
            }),
            clock: Arc::new(Noon),
        }
    }

    fn run(incident: &str, recovery: Recovery) -> Run {
        Run {
            system: "shop".parse().expect("valid"),
            incident: incident.parse().expect("valid"),
            recovery,
            opened_at: Noon.now(),
            because: "it is asked for".to_owned(),
        }
    }

    /// A journal whose Region answers every call like this.
    #[expect(
        clippy::disallowed_methods,
        reason = "the client is handed in here, and no call of it leaves the process"
    )]
    fn answering(status: u16, body: &'static str) -> DynamoJournal {
        let answer = move || {
            let status = status.try_into().expect("a status");
            HttpResponse::new(status, SdkBody::from(body))
        };
        let rule = mock!(Client::update_item)
            .match_requests(|_| true)
            .then_compute_response(move |_| MockResponse::Http(answer()));
        let answers = MockResponseInterceptor::new()
            .rule_mode(RuleMode::MatchAny)
            .with_rule(&rule);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(create_mock_http_client())
            .interceptor(answers)
            .retry_config(RetryConfig::disabled())
            .build();
        DynamoJournal::new(Client::from_conf(config), "journal")
    }

    #[tokio::test]
    async fn a_lock_that_is_free_there_is_taken_and_released_once() {
        let steps = beside(&MemoryJournal::new());
        let run = run("this", Recovery::SwitchOverRegion);
        let taken = steps.take_other_lock(&run).await.expect("free");
        assert!(taken.taken, "{taken:?}");
        for words in ["is released", "was not held"] {
            let released = steps.release_other_lock(&run, true).await.expect("answers");
            assert!(released.seen[0].ends_with(words), "{released:?}");
        }
    }

    #[tokio::test]
    async fn what_runs_there_holds_up_a_planned_move_and_not_an_unplanned_one() {
        let journal = MemoryJournal::new();
        let theirs = run("theirs", Recovery::FailOverDatabase);
        let taken = journal.take_lock(
            &theirs.system,
            &theirs.incident,
            Noon.now(),
            Duration::from_mins(5),
        );
        taken.await.expect("free");
        let steps = beside(&journal);
        for planned in [Recovery::SwitchOverRegion, Recovery::FailBackRegion] {
            let refused = steps.take_other_lock(&run("this", planned)).await;
            assert_eq!(refused.expect_err("held").name(), Error::UNSAFE, "{planned}");
        }
        let unplanned = run("this", Recovery::FailOverRegion);
        let left = steps.take_other_lock(&unplanned).await.expect("goes on");
        assert!(!left.taken, "{left:?}");
        let there = journal.lock(&theirs.system).await.expect("in memory");
        assert_eq!(there.expect("a lock").holder, theirs.incident, "left to itself");
    }

    #[tokio::test]
    async fn a_journal_that_does_not_answer_holds_up_a_planned_move_and_not_an_unplanned_one() {
        let (planned, unplanned) = (
            run("this", Recovery::SwitchOverRegion),
            run("this", Recovery::FailOverRegion),
        );
        let throttled = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#;
        for (status, body, name) in [(503, "", Error::UNAVAILABLE), (400, throttled, Error::THROTTLED)] {
            let steps = beside(&answering(status, body));
            let refused = steps.take_other_lock(&planned).await.expect_err("no answer");
            assert_eq!(refused.name(), name);
            let left = steps.take_other_lock(&unplanned).await.expect("goes on");
            assert!(!left.taken, "{left:?}");
            // What may have been taken has to be given back; what was not has not.
            let held = steps.release_other_lock(&unplanned, true).await;
            assert_eq!(held.expect_err("no answer").name(), name);
            let free = steps
                .release_other_lock(&unplanned, false)
                .await
                .expect("goes on");
            assert!(free.seen[0].contains("was not taken"), "{free:?}");
        }
    }

    #[tokio::test]
    async fn a_journal_that_refuses_is_passed_on_whoever_asks() {
        let denied = r#"{"__type":"com.amazon.coral.service#AccessDeniedException"}"#;
        let steps = beside(&answering(400, denied));
        let unplanned = run("this", Recovery::FailOverRegion);
        let taken = steps.take_other_lock(&unplanned).await;
        assert_eq!(taken.expect_err("refused").name(), Error::REFUSED);
        let released = steps.release_other_lock(&unplanned, false).await;
        assert_eq!(released.expect_err("refused").name(), Error::REFUSED);
    }
}
