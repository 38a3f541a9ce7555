//! What people read. The first line says whether anybody has to act.

use domain::decision::{Decision, Why};
use domain::journal::{Outcome, Question, ZoneLeft};
use domain::names::{self, Recovery, Region, SystemName, TopicArn, Zone};
use domain::step::Error;
use domain::steps::Run;
use domain::steps::journal::Record;
use domain::steps::region::{Answer, Approval, Loss, Risk, loss};
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
    pub fn about_run(system: &System, here: &Region, run: &Run, record: &Record, now: Timestamp) -> Self {
        let people = system.people_in(here);
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
                &people.report,
                format!("{name} recovered: {recovery}"),
                stays_away(name, record).unwrap_or_else(|| "Nothing to do.".to_owned()),
            ),
            Outcome::StoodDown => (
                &people.report,
                format!("{name} is healthy: {recovery} stood down"),
                "Nothing was changed. Look at why the alarm rose.".to_owned(),
            ),
            Outcome::RolledBack => (
                &people.report,
                format!("{name} stays where it is: {recovery} was rejected"),
                "What had been done was undone. Nothing was promoted.".to_owned(),
            ),
            Outcome::Paged => (
                &people.page,
                format!("{name} NEEDS YOU: {recovery} could not go on"),
                by_hand(run, record),
            ),
        };
        let mut text = format!("{headline}\n\n{next}\n\nWhy it ran: {because}, since {opened_at}.\n");
        text.push_str(&format!(
            "It took {} from the alarm to this message.\n",
            took(*opened_at, now)
        ));
        if let Some(lost) = lost_under_a_lease(record) {
            text.push_str(&format!("{lost}\n"));
        }
        text.push_str("\nWhat was seen:\n");
        for seen in record.seen() {
            text.push_str(&format!("- {seen}\n"));
        }
        text.push_str(&format!(
            "\nIncident: {incident}\nExecution: {}\n",
            execution_arn(system, here, run)
        ));
        Self {
            key: format!("{incident}/{outcome}"),
            topic: topic.clone(),
            subject: subject(&headline),
            text,
        }
    }

    /// A run wants to know whether it may go on. Says what would be lost, and how to answer; never the token.
    pub fn question(system: &System, here: &Region, run: &Run, record: &Record, question: &Question) -> Self {
        let Run {
            system: name,
            incident,
            recovery,
            opened_at,
            because,
        } = run;
        let headline = format!("{name} ASKS YOU: may {recovery} promote {here}?");
        let accepts: String = question
            .risks
            .iter()
            .map(|risk| format!(" --accept {risk}"))
            .collect();
        let mut text = format!(
            "{headline}\n\nUntil {} you can say yes:\n\n  evenkeel approve {incident} --by YOU --because WHY{accepts}\n\n\
             or no:\n\n  evenkeel reject {incident} --by YOU --because WHY\n\nWithout an answer it is undone, and \
             nothing is promoted.\n\nWhat you accept:\n",
            question.expires_at.strftime("%H:%M:%SZ")
        );
        for risk in &question.risks {
            text.push_str(&format!("- {risk}: {}\n", meaning(*risk, record, system)));
        }
        if question.risks.is_empty() {
            text.push_str("- nothing: no write would be lost\n");
        }
        text.push_str(&format!(
            "\nWhy it runs: {because}, since {opened_at}.\n\nWhat was seen:\n"
        ));
        for seen in record.seen() {
            text.push_str(&format!("- {seen}\n"));
        }
        text.push_str(&format!(
            "\nIncident: {incident}\nExecution: {}\n",
            execution_arn(system, here, run)
        ));
        Self {
            key: format!("{incident}/approval"),
            topic: system.people_in(here).page.clone(),
            subject: subject(&headline),
            text,
        }
    }

    /// Something that nobody but a person can settle. `signal` is the signal's stable identifier.
    pub fn about_decision(system: &System, here: &Region, signal: &str, decision: &Decision) -> Self {
        let people = system.people_in(here);
        let (topic, headline) = match &decision.why {
            Why::UndeclaredAlarm { alarm, .. } => (
                &people.page,
                format!("{alarm} is in an alarm that nobody declared"),
            ),
            // Nobody has to be woken for it.
            Why::ZoneLooksWell { zone, .. } => (
                &people.report,
                format!("{}: {zone} looks well again, and is not used", system.name),
            ),
            why => (&people.page, format!("{} NEEDS YOU: {why}", system.name)),
        };
        let mut text = format!(
            "{headline}\n\nDecision: {}, because {}.\n",
            decision.verdict.word(),
            decision.why
        );
        for evidence in &decision.evidence {
            text.push_str(&format!("- {evidence}\n"));
        }
        let advice = match &decision.why {
            Why::ZoneLooksWell { zone, .. } => format!(
                "Where you know that it is well:\n\n{}\n\nIt looks once more before it does anything, and is undone where \
                 instances there do not become healthy.",
                way_back(&system.name, zone)
            ),
            why => advice(why).to_owned(),
        };
        text.push_str(&format!("\nNothing was started. {advice}\n\nSignal: {signal}\n"));
        Self {
            key: match &decision.about {
                Some(about) => format!("decided/{}/{about}", decision.why.name()),
                None => format!("signal/{signal}"),
            },
            topic: topic.clone(),
            subject: subject(&headline),
            text,
        }
    }

    /// A recovery fits whose run was started before, is over, and recorded nothing: it died, and its name is used up.
    pub fn used_up(system: &System, here: &Region, run: &Run) -> Self {
        let headline = format!("{} NEEDS YOU: {} died", system.name, run.recovery);
        let text = format!(
            "{headline}\n\n{} was started, is over, and recorded nothing. It still fits: {}, since {}. Nothing starts it once \
             more by itself.\n\nLook at what it had done, then start it by hand:\n\n{}\n",
            run.incident,
            run.because,
            run.opened_at,
            started_by_hand(run)
        );
        Self {
            key: format!("{}/used-up", run.incident),
            topic: system.people_in(here).page.clone(),
            subject: subject(&headline),
            text,
        }
    }

    /// A recovery was decided and Step Functions did not start it.
    pub fn cannot_start(system: &System, here: &Region, run: &Run, error: &Error) -> Self {
        let headline = format!("{} NEEDS YOU: {} could not be started", system.name, run.recovery);
        let text = format!(
            "{headline}\n\n{}\n\nWhy it was to run: {}, since {}.\nWhy it did not: {error}.\n\nLambda tries twice more. \
             Incident: {}\n",
            by_hand(run, &Record::default()),
            run.because,
            run.opened_at,
            run.incident
        );
        let key = format!("{}/not-started", run.incident);
        Self {
            key,
            topic: system.people_in(here).page.clone(),
            subject: subject(&headline),
            text,
        }
    }
}

/// That users stay away from the zone that a run left, and how they return; nothing where it left none.
fn stays_away(system: &SystemName, record: &Record) -> Option<String> {
    let ZoneLeft { zone, raise } = record.zone_left()?;
    let size = if raise.is_one() {
        format!(
            " The group wants {} instances instead of {}: that is taken back then.",
            raise.to.desired, raise.from.desired
        )
    } else {
        String::new()
    };
    Some(format!(
        "Users and instances stay away from {zone} until somebody brings them back. When it is well:\n\n{}\n\nYou hear of it \
         once it looks well.{size}",
        way_back(system, &zone)
    ))
}

/// The command that starts a recovery by hand, on a line of its own.
fn started_by_hand(run: &Run) -> String {
    format!(
        "  evenkeel run {} --system {} --by YOU --because \"WHY\"",
        run.recovery, run.system
    )
}

/// The command that uses a zone again, on a line of its own.
fn way_back(system: &SystemName, zone: &Zone) -> String {
    format!(
        "  evenkeel run {} --system {system} --by YOU --because \"{zone} is well\"",
        Recovery::ReturnToZone
    )
}

/// What a person can do when a recovery could not.
fn by_hand(run: &Run, record: &Record) -> String {
    let Run {
        system,
        recovery,
        incident,
        ..
    } = run;
    match recovery {
        Recovery::FailOverDatabase => {
            "Look at the database in the RDS console; what was seen last is below. The lock is released: an alarm after \
             the cooldown, or a failover by hand, is free to run."
                .to_owned()
        }
        Recovery::RollBackDeployment => {
            "Look at the deployment group in the CodeDeploy console; what was seen last is below. The lock is released: \
             deploy a revision that works, or stop what runs."
                .to_owned()
        }
        Recovery::EvacuateZone if record.away.is_some() => {
            let stays = stays_away(system, record).unwrap_or_default();
            format!(
                "What was seen last is below. The lock is released. To finish it: evenkeel run {recovery} --system {system} \
                 --by YOU --because \"finish {incident}\"\n\n{stays}"
            )
        }
        Recovery::ReturnToZone if record.proven.is_some() => {
            "Users are served from all zones again. What was seen last is below, and the lock is released: what is left is the \
             group's size, which the evacuation had raised."
                .to_owned()
        }
        Recovery::EvacuateZone
        | Recovery::ReturnToZone
        | Recovery::ReplaceInstances
        | Recovery::ScaleOut
        | Recovery::FailOverCache => {
            format!(
                "What was seen last is below. The lock is released. To try again: evenkeel run {recovery} --system \
                 {system} --by YOU --because \"finish {incident}\""
            )
        }
        Recovery::FailOverRegion | Recovery::SwitchOverRegion | Recovery::FailBackRegion => {
            let next = format!(
                "  evenkeel run {recovery} --system {system} --by YOU --because \"finish {incident}\""
            );
            match (&record.promoted, &record.region) {
                (Some(_), Some(region)) => format!(
                    "The database in {} is the primary now: there is no way back, only forward. Mend what is named \
                     below, then:\n\n{next}\n\nIt goes on from what it finds.",
                    region.to
                ),
                _ => format!(
                    "Nothing was promoted as far as was seen; what had been done before was undone where it could be. \
                     What was seen last is below. The lock is released: to try again,\n\n{next}"
                ),
            }
        }
    }
}

const fn advice(why: &Why) -> &'static str {
    match why {
        Why::UndeclaredAlarm { .. } => {
            "Declare it in an [[alarms]] table of the system file and deploy, or take it out of the EventBridge rule. Others that \
             nobody declared are not paged one by one within this hour: the router's log has them all."
        }
        Why::Cooldown { .. } => {
            "It failed again shortly after a recovery, so another failover by itself is unlikely to help: look for the cause."
        }
        Why::GreyFailure { .. } | Why::Unexplained { .. } | Why::SeveralZones { .. } => {
            "Nothing was started, because nothing that is known says what would help. What would settle it is below."
        }
        Why::BootLoop { .. } | Why::EveryTargetUnhealthy => {
            "Replacing instances would not help and might hurt: find what the failing ones have in common."
        }
        Why::Stuck { .. } => {
            "The run may have died with its Region. `evenkeel status` shows what is frozen or fenced; `evenkeel stop` ends a run \
             that lives, and a lock that nobody holds any more expires."
        }
        Why::RunDied { .. } => {
            "Look at what it had done, with `evenkeel status`; its lock keeps other recoveries out until it expires."
        }
        Why::Disarmed { .. } => {
            "Nothing starts by itself while it is disarmed. `evenkeel arm` arms it; `evenkeel run` starts this one now."
        }
        _ => "It waits for you.",
    }
}

/// What is lost at most, if anybody knows.
fn at_stake(record: &Record) -> Option<Loss> {
    loss(record.region.as_ref()?, record.fencing.as_ref())
}

/// The loss that nobody would read out of the lag: what was written under a lease while nothing arrived. Only where
/// something was promoted, or may have been.
fn lost_under_a_lease(record: &Record) -> Option<String> {
    let loss = at_stake(record).filter(|loss| loss.writes_until.is_some())?;
    let approved = |approval: &&Approval| approval.answer == Answer::Approved;
    match (&record.promoted, record.approval.as_ref().filter(approved)) {
        (Some(_), _) => Some(format!("By the promotion, {loss}.")),
        (None, Some(_)) => Some(format!("If the promotion took place, {loss}.")),
        (None, None) => None,
    }
}

/// What a risk means here and now.
fn meaning(risk: Risk, record: &Record, system: &System) -> String {
    let lost = at_stake(record).map_or_else(
        || "writes of an unknown time are lost".to_owned(),
        |loss| loss.to_string(),
    );
    match risk {
        Risk::DataLoss => format!("{lost}; the objective allows {}", system.objectives.rpo),
        Risk::LagOverBudget => format!("{lost}, more than the objective of {}", system.objectives.rpo),
        Risk::LagUnknown => "nobody knows how many writes are lost: the lag is missing or too old".to_owned(),
        Risk::NotFenced => {
            "nothing proves that the old primary takes no writes; what users write there from now on is lost"
                .to_owned()
        }
        Risk::Detach => "the global cluster is given up: the way back needs a new one".to_owned(),
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

fn execution_arn(system: &System, here: &Region, run: &Run) -> String {
    let machine = run.recovery.state_machine_arn(here, &system.account);
    names::execution_arn(&machine, run.incident.as_str())
}

#[cfg(test)]
mod tests;
