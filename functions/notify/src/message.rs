//! What people read. The first line says whether anybody has to act.

use domain::decision::{Decision, Why};
use domain::journal::Outcome;
use domain::names::{self, Recovery, TopicArn};
use domain::step::Error;
use domain::steps::Run;
use domain::steps::journal::Record;
use domain::system::System;
use jiff::Timestamp;

/// SNS takes subjects of at most 100 ASCII characters. Source: SNS API, Publish, `Subject`.
const LONGEST_SUBJECT: usize = 100;

/// A message to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What makes it this message: a repetition has the same key.
    pub key: String,
    /// Where it goes.
    pub topic: TopicArn,
    /// One line, ASCII.
    pub subject: String,
    /// The whole of it.
    pub text: String,
}

impl Message {
    /// How a run ended.
    pub fn about_run(system: &System, run: &Run, record: &Record, now: Timestamp) -> Self {
        let outcome = record.outcome();
        let Run {
            system: name,
            incident,
            recovery,
            opened_at,
            because,
        } = run;
        let (topic, headline, next) = match outcome {
            Outcome::Recovered => (
                &system.people.report,
                format!("{name} recovered: {recovery}"),
                "Nothing to do.",
            ),
            Outcome::StoodDown => (
                &system.people.report,
                format!("{name} is healthy: {recovery} stood down"),
                "Nothing was changed. Look at why the alarm rose.",
            ),
            Outcome::Paged => (
                &system.people.page,
                format!("{name} NEEDS YOU: {recovery} could not go on"),
                by_hand(*recovery),
            ),
        };
        let mut text = format!("{headline}\n\n{next}\n\nWhy it ran: {because}, since {opened_at}.\n");
        text.push_str(&format!(
            "It took {} from the alarm to this message.\n\nWhat was seen:\n",
            took(*opened_at, now)
        ));
        for seen in record.seen() {
            text.push_str(&format!("- {seen}\n"));
        }
        text.push_str(&format!(
            "\nIncident: {incident}\nExecution: {}\n",
            execution_arn(system, run)
        ));
        Self {
            key: format!("{incident}/{outcome}"),
            topic: topic.clone(),
            subject: subject(&headline),
            text,
        }
    }

    /// Something that nobody but a person can settle. `signal` is the signal's stable identifier.
    pub fn about_decision(system: &System, signal: &str, decision: &Decision) -> Self {
        let headline = match &decision.why {
            Why::UndeclaredAlarm { alarm, .. } => format!("{alarm} is in an alarm that nobody declared"),
            why => format!("{} NEEDS YOU: {why}", system.name),
        };
        let mut text = format!(
            "{headline}\n\nDecision: {}, because {}.\n",
            decision.verdict.word(),
            decision.why
        );
        for evidence in &decision.evidence {
            text.push_str(&format!("- {evidence}\n"));
        }
        text.push_str(&format!(
            "\nNothing was started. {}\n\nSignal: {signal}\n",
            advice(&decision.why)
        ));
        Self {
            key: format!("signal/{signal}"),
            topic: system.people.page.clone(),
            subject: subject(&headline),
            text,
        }
    }

    /// A recovery was decided and Step Functions did not start it.
    pub fn cannot_start(system: &System, run: &Run, error: &Error) -> Self {
        let headline = format!("{} NEEDS YOU: {} could not be started", system.name, run.recovery);
        let text = format!(
            "{headline}\n\n{}\n\nWhy it was to run: {}, since {}.\nWhy it did not: {error}.\n\nLambda tries twice more. \
             Incident: {}\n",
            by_hand(run.recovery),
            run.because,
            run.opened_at,
            run.incident
        );
        let key = format!("{}/not-started", run.incident);
        Self {
            key,
            topic: system.people.page.clone(),
            subject: subject(&headline),
            text,
        }
    }
}

/// What a person can do when a recovery could not.
const fn by_hand(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::FailOverDatabase => {
            "Look at the database in the RDS console; what was seen last is below. The lock is released: an alarm after \
             the cooldown, or a failover by hand, is free to run."
        }
    }
}

const fn advice(why: &Why) -> &'static str {
    match why {
        Why::UndeclaredAlarm { .. } => {
            "Declare it in an [[alarms]] table of the system file and deploy, or take it out of the EventBridge rule."
        }
        Why::Cooldown { .. } => {
            "It failed again shortly after a recovery, so another failover by itself is unlikely to help: look for the cause."
        }
        Why::DatabaseDown { .. }
        | Why::AlarmEnded { .. }
        | Why::AlarmBlind { .. }
        | Why::HeldBack { .. }
        | Why::Stale { .. }
        | Why::Superseded { .. }
        | Why::RecoveryRunning { .. }
        | Why::Repeated { .. }
        | Why::Unconfirmed { .. }
        | Why::SymptomAlone { .. }
        | Why::PolicyPages { .. }
        | Why::DatabaseFailoverFailed { .. }
        | Why::DatabaseNews { .. }
        | Why::UndeclaredDatabase { .. } => "It waits for you.",
    }
}

fn subject(headline: &str) -> String {
    headline
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .take(LONGEST_SUBJECT)
        .collect()
}

fn took(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    if seconds < 60 {
        format!("{seconds} s")
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

fn execution_arn(system: &System, run: &Run) -> String {
    let machine = run
        .recovery
        .state_machine_arn(&system.regions.primary, &system.account);
    names::execution_arn(&machine, run.incident.as_str())
}

#[cfg(test)]
mod tests;
