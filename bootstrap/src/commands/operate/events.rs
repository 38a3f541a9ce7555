//! What happened in an execution, as people want to hear it: which state is entered, and what a step waits for or fails with.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use jiff::Timestamp;
use serde::Serialize;

use crate::account::Error;

/// The most events of one page.
const PAGE: i32 = 200;

/// The most pages that are read at once: an execution has 25,000 events at most (Step Functions Developer Guide, Quotas).
const MOST_PAGES: usize = 125;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct News {
    /// Its number in the history.
    pub(crate) id: i64,
    pub(crate) at: Timestamp,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    /// A state was entered.
    Enters(String),
    /// A step did not end well: the name that the machine matches, and its cause.
    Answers {
        /// As in `NotYet`.
        error: String,
        cause: String,
    },
    /// It goes on after a redrive.
    Redriven,
    /// Nothing that people want to hear.
    #[serde(rename = "other")]
    Silent,
}

/// What happened after the event of that number, in order.
pub(super) async fn since(sfn: &Client, execution_arn: &str, seen: i64) -> Result<Vec<News>, Error> {
    let mut found = Vec::new();
    let mut next = None;
    for _ in 0..MOST_PAGES {
        let page = sfn
            .get_execution_history()
            .execution_arn(execution_arn)
            .reverse_order(true)
            .max_results(PAGE)
            .set_next_token(next)
            .send()
            .await
            .map_err(|error| Error::of("states:GetExecutionHistory", error))?;
        let known = page.events().iter().any(|event| event.id() <= seen);
        found.extend(page.events().iter().filter(|event| event.id() > seen).map(news));
        next = page.next_token().map(str::to_owned);
        if known || next.is_none() {
            break;
        }
    }
    found.sort_by_key(|news| news.id);
    Ok(found)
}

/// The SDK's time as ours.
pub(crate) fn at(time: &aws_smithy_types::DateTime) -> Timestamp {
    let ms = time.to_millis().unwrap_or_default();
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn news(event: &HistoryEvent) -> News {
    News {
        id: event.id(),
        at: at(event.timestamp()),
        what: what(event),
    }
}

fn what(event: &HistoryEvent) -> What {
    let entered = event.state_entered_event_details().map(|details| details.name());
    let told = |error: Option<&str>, cause: Option<&str>| What::Answers {
        error: error.unwrap_or("unknown").to_owned(),
        cause: words(cause.unwrap_or_default()),
    };
    match event.r#type() {
        HistoryEventType::TaskStateEntered
        | HistoryEventType::WaitStateEntered
        | HistoryEventType::ParallelStateEntered
        | HistoryEventType::MapStateEntered
        | HistoryEventType::FailStateEntered
        | HistoryEventType::SucceedStateEntered => {
            entered.map_or(What::Silent, |name| What::Enters(name.to_owned()))
        }
        HistoryEventType::TaskFailed => match event.task_failed_event_details() {
            Some(details) => told(details.error(), details.cause()),
            None => told(None, None),
        },
        HistoryEventType::TaskTimedOut => match event.task_timed_out_event_details() {
            Some(details) => told(details.error().or(Some("States.Timeout")), details.cause()),
            None => told(Some("States.Timeout"), None),
        },
        HistoryEventType::LambdaFunctionFailed => match event.lambda_function_failed_event_details() {
            Some(details) => told(details.error(), details.cause()),
            None => told(None, None),
        },
        HistoryEventType::EvaluationFailed => match event.evaluation_failed_event_details() {
            Some(details) => told(details.error(), details.cause()),
            None => told(None, None),
        },
        HistoryEventType::ExecutionRedriven => What::Redriven,
        _ => What::Silent,
    }
}

/// The message of a cause: Lambda's are JSON with an `errorMessage`.
pub(crate) fn words(cause: &str) -> String {
    let parsed = serde_json::from_str::<serde_json::Value>(cause).ok();
    let message = parsed
        .as_ref()
        .and_then(|cause| cause.get("errorMessage")?.as_str());
    message.unwrap_or(cause).to_owned()
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::types::{StateEnteredEventDetails, TaskFailedEventDetails};

    use super::*;

    fn event(kind: HistoryEventType) -> aws_sdk_sfn::types::builders::HistoryEventBuilder {
        let time = aws_smithy_types::DateTime::from_millis(1_500);
        HistoryEvent::builder().id(7).timestamp(time).r#type(kind)
    }

    #[test]
    fn a_state_and_a_steps_answer_are_news() {
        let entered = StateEnteredEventDetails::builder()
            .name("Promote")
            .build()
            .unwrap();
        let entered = event(HistoryEventType::TaskStateEntered)
            .state_entered_event_details(entered)
            .build()
            .unwrap();
        assert_eq!(news(&entered).what, What::Enters("Promote".to_owned()));
        assert_eq!(news(&entered).at.as_millisecond(), 1_500);
        let failed = TaskFailedEventDetails::builder()
            .resource_type("lambda")
            .resource("invoke")
            .error("NotYet")
            .cause(r#"{"errorType":"NotYet","errorMessage":"not yet: status failing-over"}"#)
            .build()
            .unwrap();
        let failed = event(HistoryEventType::TaskFailed)
            .task_failed_event_details(failed)
            .build()
            .unwrap();
        assert_eq!(
            news(&failed).what,
            What::Answers {
                error: "NotYet".to_owned(),
                cause: "not yet: status failing-over".to_owned()
            }
        );
    }

    #[test]
    fn what_only_the_console_cares_for_is_none() {
        for kind in [
            HistoryEventType::TaskScheduled,
            HistoryEventType::PassStateEntered,
        ] {
            assert_eq!(news(&event(kind).build().unwrap()).what, What::Silent);
        }
    }

    #[test]
    fn a_cause_that_is_no_json_is_said_as_it_is() {
        assert_eq!(words("lost"), "lost");
        assert_eq!(words("{}"), "{}");
    }
}
