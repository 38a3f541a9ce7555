//! An event from the bus to the journal and back: what was deployed is not believed before that was seen.
//!
//! ```text
//! PutEvents ─► rule ─► router ─► machine ─► journal's function ─► table
//!                          DescribeExecution ◄─┘      GetItem ◄─────┘
//! ```

use std::time::Duration;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::ExecutionStatus;
use domain::clock::Clock;
use domain::names::{AccountId, Epoch, Region, SELF_TEST, SystemName, execution_arn, self_test_arn};
use events::{SELF_TEST_DETAIL_TYPE, SELF_TEST_SOURCE};
use jiff::Timestamp;
use journal::DynamoJournal;
use serde_json::{Value, json};

use super::{Error, wait};
use crate::account;

/// How long it may take. It takes seconds; a rule that was made just now may take longer to let anything through.
const LIMIT: Duration = Duration::from_secs(120);

/// How often it is looked whether it has come back.
const PAUSE: Duration = Duration::from_millis(500);

/// How often the event is put again while nothing has come of it, in looks: EventBridge lets pass unseen what comes just after a
/// rule was made (EventBridge API, PutRule). It is the same event, and starts nothing twice.
const AGAIN_EVERY: u32 = 20;

/// What it works with, in one Region.
pub(crate) struct SelfTest<'a> {
    pub(crate) region: &'a Region,
    pub(crate) account: &'a AccountId,
    pub(crate) events: aws_sdk_eventbridge::Client,
    pub(crate) sfn: aws_sdk_sfn::Client,
    pub(crate) journal: DynamoJournal,
    pub(crate) clock: &'a dyn Clock,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    /// The test's name, which is its execution's.
    pub(crate) name: String,
    /// How often the self-test's lock was taken by now, as the table says.
    pub(crate) epoch: u64,
    /// From the event to the last answer, in milliseconds.
    pub(crate) took_ms: u64,
}

impl SelfTest<'_> {
    /// Puts an event on the bus, and waits for what comes of it.
    ///
    /// # Errors
    /// Says how far it came.
    pub(crate) async fn run(&self) -> Result<Passed, Error> {
        let began = self.clock.now();
        let name = format!("self-test-{}", began.as_millisecond());
        let execution = execution_arn(&self_test_arn(self.region, self.account.as_str()), &name);
        let mut looks = 0;
        let output = wait::until(LIMIT, PAUSE, async || {
            if looks % AGAIN_EVERY == 0 {
                self.put(&name).await?;
            }
            looks += 1;
            self.output_of(&execution).await
        });
        let Some(output) = output.await? else {
            return Err(self.failed("nothing came of its event".to_owned()));
        };
        let claimed = output["epoch"].as_u64().unwrap_or_default();
        let noted = self.noted().await?;
        // Another self-test may have come in between, so it may be more, and never less.
        if claimed == 0 || noted.is_none_or(|epoch| epoch.0 < claimed) {
            return Err(self.failed(format!(
                "its machine says that the journal's epoch is {claimed}, and the table says {noted:?}"
            )));
        }
        Ok(Passed {
            name,
            epoch: claimed,
            took_ms: passed(began, self.clock.now()),
        })
    }

    async fn put(&self, name: &str) -> Result<(), Error> {
        let entry = PutEventsRequestEntry::builder()
            .source(SELF_TEST_SOURCE)
            .detail_type(SELF_TEST_DETAIL_TYPE)
            .detail(json!({ "test": name }).to_string())
            .build();
        let answer = self.events.put_events().entries(entry).send().await;
        let answer = answer.map_err(|error| account::Error::of("events:PutEvents", error))?;
        match answer.entries().iter().find_map(|entry| entry.error_code()) {
            None => Ok(()),
            Some(code) => Err(self.failed(format!("the bus did not take its event: {code}"))),
        }
    }

    /// What the execution came to; nothing while it runs, or before it was started.
    async fn output_of(&self, execution: &str) -> Result<Option<Value>, Error> {
        let asked = self.sfn.describe_execution().execution_arn(execution);
        let answer = match asked.send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => return Ok(None),
            Err(error) => return Err(account::Error::of("states:DescribeExecution", error).into()),
        };
        match answer.status() {
            ExecutionStatus::Running | ExecutionStatus::PendingRedrive => Ok(None),
            ExecutionStatus::Succeeded => {
                let output = answer.output().unwrap_or_default();
                let output = serde_json::from_str(output);
                output
                    .map(Some)
                    .map_err(|error| self.failed(format!("its machine answered what is no JSON: {error}")))
            }
            ended => Err(self.failed(format!(
                "its machine ended as {}: {} {}",
                ended.as_str(),
                answer.error().unwrap_or_default(),
                answer.cause().unwrap_or_default()
            ))),
        }
    }

    /// The epoch of the self-test's lock, as the table has it.
    async fn noted(&self) -> Result<Option<Epoch>, Error> {
        let system: SystemName = SELF_TEST
            .parse()
            .map_err(|error: domain::names::Error| Error::Request(error.to_string()))?;
        let noted = self.journal.epoch(&system).await;
        noted.map_err(|error| account::Error::from(error).into())
    }

    fn failed(&self, why: String) -> Error {
        Error::SelfTest {
            region: self.region.clone(),
            why,
        }
    }
}

fn passed(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond() - from.as_millisecond()).unwrap_or_default()
}
