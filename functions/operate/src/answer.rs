//! A person answers a run's question.
//!
//! First the journal, then Step Functions: the first answer in the journal stands, and whoever repeats it after a
//! crash hands the same answer over again.

use aws_sdk_sfn::error::ProvideErrorMetadata;
use domain::journal::{Journal, Question};
use domain::names::{IncidentId, SystemName};
use domain::step::output;
use domain::steps::region::{Answer, Approval, Risk};
use runtime::aws::classify;
use serde::Serialize;

use crate::{Error, Hands, Reason};

/// The answer that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// The run.
    pub incident: IncidentId,
    /// The answer.
    pub approval: Approval,
}

/// Errors of a task that is over. Source: Step Functions API, SendTaskSuccess, Errors.
const OVER: [&str; 3] = ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"];

impl<J: Journal> Hands<J> {
    /// Says yes. Every risk of the question has to be accepted by its name.
    ///
    /// # Errors
    /// [`Error::NothingAsked`], [`Error::AnsweredBefore`], [`Error::TooLate`], [`Error::NotAccepted`],
    /// [`Error::Nobody`], [`Error::Aws`].
    pub async fn approve(
        &self,
        system: &SystemName,
        incident: &IncidentId,
        reason: Reason<'_>,
        accepted: &[Risk],
    ) -> Result<Answered, Error> {
        self.answer(system, incident, reason, Answer::Approved, accepted)
            .await
    }

    /// Says no: what was done is undone.
    ///
    /// # Errors
    /// As [`Hands::approve`], without the risks.
    pub async fn reject(
        &self,
        system: &SystemName,
        incident: &IncidentId,
        reason: Reason<'_>,
    ) -> Result<Answered, Error> {
        self.answer(system, incident, reason, Answer::Rejected, &[]).await
    }

    async fn answer(
        &self,
        system: &SystemName,
        incident: &IncidentId,
        reason: Reason<'_>,
        answer: Answer,
        accepted: &[Risk],
    ) -> Result<Answered, Error> {
        let (by, because) = reason.kept()?;
        let system = &self.system(system)?.name;
        let asked = self.journal.question(system, incident).await?;
        let asked = asked.ok_or_else(|| Error::NothingAsked {
            incident: incident.to_string(),
        })?;
        let now = self.clock.now();
        let words = match accepted {
            [] => String::new(),
            risks => {
                let risks: Vec<&str> = risks.iter().map(|risk| risk.word()).collect();
                format!(", accepting {}", risks.join(" and "))
            }
        };
        let approval = Approval {
            at: now,
            answer,
            seen: vec![format!("{answer} by {by}, because {because}{words}")],
            by,
            because,
            accepted: accepted.to_vec(),
        };
        let standing = match &asked.answer {
            Some(_) => asked.clone(),
            None if now >= asked.expires_at => return Err(Error::TooLate { at: asked.expires_at }),
            None => {
                if answer == Answer::Approved {
                    enough(&asked, accepted)?;
                }
                self.journal.answer(system, incident, &approval).await?
            }
        };
        let Some(given) = standing.answer.clone() else {
            return Err(Error::NothingAsked {
                incident: incident.to_string(),
            });
        };
        let same =
            given.answer == approval.answer && given.by == approval.by && given.because == approval.because;
        if !same {
            return Err(Error::AnsweredBefore(Box::new(given)));
        }
        self.hand_over(&standing, &given).await?;
        Ok(Answered {
            incident: incident.clone(),
            approval: given,
        })
    }

    async fn hand_over(&self, question: &Question, given: &Approval) -> Result<(), Error> {
        let sent = self
            .sfn
            .send_task_success()
            .task_token(&question.token)
            .output(output(given)?.to_string())
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            // Handed over before, or undone meanwhile: which of the two, the clock says.
            Err(error) if error.code().is_some_and(|code| OVER.contains(&code)) => {
                if self.clock.now() < question.expires_at {
                    Ok(())
                } else {
                    Err(Error::TooLate {
                        at: question.expires_at,
                    })
                }
            }
            Err(error) => Err(classify("states:SendTaskSuccess", error).into()),
        }
    }
}

fn enough(question: &Question, accepted: &[Risk]) -> Result<(), Error> {
    let missing: Vec<Risk> = question
        .risks
        .iter()
        .filter(|risk| !accepted.contains(risk))
        .copied()
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Error::NotAccepted { missing })
    }
}
