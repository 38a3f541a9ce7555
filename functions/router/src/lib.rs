//! The `router` Lambda: from what arrives to a started recovery, or to the reason why none was started.
//!
//! It notes what the alarm says, or AWS Health, reads the journal, lets [`domain::decision::decide`] judge, and carries the verdict
//! out. An event may be delivered any number of times: the incident's identifier is the execution's name, so a
//! repetition starts nothing.
//!
//! A payload that is no signal ends as the error `InvalidEvent`. Lambda then keeps the payload: after its retries the
//! function's dead-letter queue has it, with the error beside it.

mod each;
pub mod heartbeat;
pub mod look;

use std::sync::Arc;

use aws_sdk_sfn::error::ProvideErrorMetadata;
use domain::clock::Clock;
use domain::decision::{Decision, Known, Verdict, decide, health, is_worth_a_look, systems_of};
use domain::journal::{AlarmSeen, Journal, View};
use domain::names::{Region, self_test_arn};
use domain::step::{self, Error, Failure};
use domain::steps::Run;
use domain::system::{System, Systems};
use events::{AlarmState, Asked, SelfTest, Signal, Subject};
use notify::message::Message;
use runtime::aws::classify;
use serde::Serialize;
use serde_json::{Value, json};

pub use look::Look;

/// Error name of a payload that is no signal.
pub const INVALID_EVENT: &str = "InvalidEvent";

/// The router, with everything it needs handed in.
pub struct Router<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// The Region that it runs in, and in which it starts recoveries.
    pub region: Region,
    /// What is remembered.
    pub journal: J,
    /// Step Functions in that Region.
    pub sfn: aws_sdk_sfn::Client,
    /// SNS in that Region.
    pub sns: aws_sdk_sns::Client,
    /// Who looks at a system before a signal is judged.
    pub look: Look,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What came of an event, for one system that it is about, or for none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Routed {
    /// The signal's stable identifier.
    pub signal: String,
    /// The system it is about, if any.
    pub system: Option<String>,
    /// What was decided.
    pub decision: Decision,
    /// What was started, or had been.
    pub execution: Option<Execution>,
    /// Keys of the messages that people got.
    pub told: Vec<String>,
}

/// An execution of a recovery.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Execution {
    /// Its name, which is the incident's identifier.
    pub name: String,
    /// Whether it existed before this event.
    pub existed: bool,
}

/// How many systems are looked at at once. Each has several calls under way, of which each ends after three seconds; the router
/// has thirty for all (`runtime::clients::ATTEMPT`, `evenkeel::stack::functions`). So a fleet as large as a deployment may be
/// (some 140 systems, decision 32) is looked at in time where a call of each hangs: nine times three seconds.
pub const AT_ONCE: usize = 16;

impl<J: Journal> Router<J> {
    /// Deals with whatever arrived.
    ///
    /// # Errors
    /// `InvalidEvent` for what is no signal; `Throttled`, `Unavailable`, `Refused` when AWS does not play along, which
    /// Lambda retries.
    pub async fn route(&self, payload: &[u8]) -> Result<Vec<Routed>, Failure> {
        let signal = events::parse(payload).map_err(|error| Failure {
            error_type: INVALID_EVENT.to_owned(),
            error_message: error.to_string(),
        })?;
        self.deal_with(&signal).await
    }

    /// Every system that it is about is dealt with, whatever becomes of another.
    async fn deal_with(&self, signal: &Signal) -> Result<Vec<Routed>, Failure> {
        let alone = async |system| {
            let routed = self.deal_with_one(signal, system).await;
            routed
                .map(|routed| vec![routed])
                .map_err(|error| Failure::from(&error))
        };
        match systems_of(signal, &self.systems).as_slice() {
            [] => alone(None).await,
            [system] => alone(Some(*system)).await,
            systems => {
                let one = |system| self.deal_with_one(signal, Some(system));
                let dealt_with = each::at_once(systems.iter().copied(), AT_ONCE, one).await;
                whole(systems, dealt_with)
            }
        }
    }

    async fn deal_with_one(&self, signal: &Signal, system: Option<&System>) -> step::Result<Routed> {
        let view = match system {
            Some(system) => {
                self.note(signal, system).await?;
                self.journal.view(&system.name).await?
            }
            None => View::default(),
        };
        let facts = match system.filter(|system| is_worth_a_look(signal, system)) {
            Some(system) => Some(self.look.at(system, self.clock.now()).await),
            None => None,
        };
        let known = Known {
            facts: facts.as_ref(),
            journal: &view,
            now: self.clock.now(),
        };
        let decision = decide(signal, system, known);
        let execution = match (&decision.verdict, system) {
            (Verdict::Recover(run), Some(system)) => Some(self.start(system, run).await?),
            (Verdict::Recover(_) | Verdict::Watch | Verdict::Note | Verdict::Ignore | Verdict::Page, _) => {
                None
            }
        };
        let execution = match &signal.subject {
            Subject::SelfTest(test) if self.is_ours(signal) => {
                Some(self.start_self_test(signal, test).await?)
            }
            _ => execution,
        };
        let mut told = Vec::new();
        // A look that would start what was started before, and nobody recorded how it ended: it died.
        let is_a_look = matches!(&signal.subject, Subject::Request(request) if request.what == Asked::Assess);
        if let (true, Verdict::Recover(run), Some(system), Some(Execution { existed: true, .. })) =
            (is_a_look, &decision.verdict, system, &execution)
        {
            let message = Message::used_up(system, &self.region, run);
            told.push(
                notify::tell(&self.sns, &self.journal, system, &message, self.clock.as_ref())
                    .await?
                    .key,
            );
        }
        if decision.tells_people() {
            for system in self.responsible(system) {
                let message = Message::about_decision(system, &self.region, &signal.id, &decision);
                told.push(
                    notify::tell(&self.sns, &self.journal, system, &message, self.clock.as_ref())
                        .await?
                        .key,
                );
            }
        }
        Ok(Routed {
            signal: signal.id.clone(),
            system: system.map(|system| system.name.to_string()),
            decision,
            execution,
            told,
        })
    }

    async fn note(&self, signal: &Signal, system: &System) -> step::Result<()> {
        match &signal.subject {
            Subject::Alarm(alarm) => {
                let seen = AlarmSeen {
                    in_alarm: alarm.state == AlarmState::Alarm,
                    changed_at: alarm.changed_at,
                };
                self.journal.note_alarm(&system.name, &alarm.name, seen).await
            }
            Subject::Health(event) => match health::noted(signal, event, system, self.clock.now()) {
                Some(seen) => self.journal.note_health(&system.name, &event.arn, &seen).await,
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Who hears of something that belongs to no system: everybody, because silence is the one wrong answer.
    fn responsible<'a>(&'a self, system: Option<&'a System>) -> Vec<&'a System> {
        system.map_or_else(|| self.systems.iter().collect(), |system| vec![system])
    }

    async fn start(&self, system: &System, run: &Run) -> step::Result<Execution> {
        let machine = run.recovery.state_machine_arn(&self.region, &system.account);
        let input = step::output(run)?;
        match self.start_execution(machine, run.incident.as_str(), &input).await {
            Ok(execution) => Ok(execution),
            Err(error) => Err(self.cannot_start(system, run, error).await),
        }
    }

    /// Whether it happened in this Region of the systems' account: another account's events may be forwarded to this bus.
    fn is_ours(&self, signal: &Signal) -> bool {
        let mut systems = self.systems.iter();
        signal.region == self.region.as_str()
            && systems.any(|system| system.account.as_str() == signal.account)
    }

    /// Nobody is paged about a self-test: whoever asked for it waits for it.
    async fn start_self_test(&self, signal: &Signal, test: &SelfTest) -> step::Result<Execution> {
        let machine = self_test_arn(&self.region, &signal.account);
        let input = json!({ "test": test.name, "at": signal.time });
        self.start_execution(machine, &test.name, &input).await
    }

    async fn start_execution(&self, machine: String, name: &str, input: &Value) -> step::Result<Execution> {
        let started = self
            .sfn
            .start_execution()
            .state_machine_arn(machine)
            .name(name)
            .input(input.to_string())
            .send()
            .await;
        let existed = match started {
            Ok(_) => false,
            // The same incident was started before: within 90 days Step Functions refuses the name.
            // Source: Step Functions API, StartExecution.
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => true,
            Err(error) => return Err(classify("states:StartExecution", error)),
        };
        Ok(Execution {
            name: name.to_owned(),
            existed,
        })
    }

    /// A recovery that cannot be started is a page now, not after Lambda's retries. The error still goes to Lambda,
    /// which tries again.
    async fn cannot_start(&self, system: &System, run: &Run, error: Error) -> Error {
        let message = Message::cannot_start(system, &self.region, run, &error);
        match notify::tell(&self.sns, &self.journal, system, &message, self.clock.as_ref()).await {
            Ok(_) => error,
            Err(also) => Error::Unavailable {
                call: "page".to_owned(),
                why: format!("{error}; and paging failed: {also}"),
            },
        }
    }
}

/// What came of all systems, or which of them failed: then Lambda brings the event again, and what was done is found done.
/// Several failures have the name of the first.
fn whole(systems: &[&System], dealt_with: Vec<step::Result<Routed>>) -> Result<Vec<Routed>, Failure> {
    let mut failed: Option<Failure> = None;
    let mut routed = Vec::with_capacity(systems.len());
    for (system, dealt_with) in systems.iter().zip(dealt_with) {
        match (dealt_with, &mut failed) {
            (Ok(one), _) => routed.push(one),
            (Err(error), None) => {
                failed = Some(Failure {
                    error_type: error.name().to_owned(),
                    error_message: format!("{}: {error}", system.name),
                });
            }
            (Err(error), Some(failed)) => {
                failed
                    .error_message
                    .push_str(&format!("; {}: {error}", system.name));
            }
        }
    }
    match failed {
        None => Ok(routed),
        Some(failed) => Err(failed),
    }
}
