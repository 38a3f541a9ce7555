//! People are asked, and the state that waits gets their answer.
//!
//! The token goes into the journal and nowhere else: whoever may answer reads it there. A retry of the state brings a
//! new token. If the answer came in between, it is handed over at once, or it would be lost with the old token.

use aws_sdk_sfn::error::ProvideErrorMetadata;
use domain::duration::Duration;
use domain::journal::{Journal, Question};
use domain::step::{Error, Result, output};
use domain::steps::Run;
use domain::steps::journal::Record;
use domain::steps::notify::Asked;
use domain::steps::region::{Approval, risks};
use domain::system::System;
use runtime::aws::classify;

use crate::message::Message;
use crate::{Steps, tell};

/// Errors of a task that is over: nobody waits for this answer any more.
/// Source: Step Functions API, SendTaskSuccess, Errors.
const OVER: [&str; 3] = ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"];

impl<J: Journal> Steps<J> {
    pub(crate) async fn ask(
        &self,
        system: &System,
        run: &Run,
        token: String,
        record: &Record,
        timeout_seconds: u64,
    ) -> Result<Asked> {
        let region = record.region.as_ref().ok_or_else(|| Error::InvalidInput {
            what: "nothing was assessed, so there is nothing to approve".to_owned(),
        })?;
        let now = self.clock.now();
        let expires_at = now
            .saturating_add(Duration::from_secs(timeout_seconds).signed())
            .unwrap_or(jiff::Timestamp::MAX);
        let question = Question {
            incident: run.incident.clone(),
            token,
            asked_at: now,
            expires_at,
            risks: risks(region, record.fencing.as_ref(), &system.objectives),
            answer: None,
        };
        let kept = self.journal.ask(&system.name, &question).await?;
        match &kept.answer {
            Some(answer) => self.hand_over(&kept.token, answer).await?,
            None => {
                let message = Message::question(system, &self.region, run, record, &kept);
                tell(&self.sns, &self.journal, system, &message, self.clock.as_ref()).await?;
            }
        }
        Ok(Asked { risks: kept.risks })
    }

    async fn hand_over(&self, token: &str, answer: &Approval) -> Result<()> {
        let sent = self
            .sfn
            .send_task_success()
            .task_token(token)
            .output(output(answer)?.to_string())
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) if error.code().is_some_and(|code| OVER.contains(&code)) => Ok(()),
            Err(error) => Err(classify("states:SendTaskSuccess", error)),
        }
    }
}
