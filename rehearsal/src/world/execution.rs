//! Executions of state machines, as Step Functions keeps them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::database::Service;
use super::{Ms, Standing};

/// What the name of an execution ends with that was started once more for the same run.
pub const AGAIN: &str = "-again";

/// All executions, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Executions(BTreeMap<String, Execution>);

/// An execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// The state machine's ARN.
    pub machine_arn: String,
    /// Its input.
    pub input: Value,
    /// When it was started.
    pub started: Ms,
    /// How the database was when it started.
    pub found: Service,
    /// How the system was when the execution had verified it last.
    pub verified: Option<Standing>,
    /// How it ended, if it did.
    pub end: Option<End>,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// When.
    pub at: Ms,
    /// How the system was when it ended.
    pub left: Standing,
    /// Whether that is no worse than what it found, or becomes so with nobody acting: what AWS was asked for goes on, outages end,
    /// and health checks, name servers and resolvers follow. Not known where another run was at work.
    pub no_worse: Option<bool>,
    /// As `DescribeExecution` spells it.
    pub status: &'static str,
    /// What its output calls the outcome, or the error's name.
    pub outcome: String,
    /// State transitions, as AWS bills them.
    pub transitions: u64,
}

/// What StartExecution comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// A new execution.
    New,
    /// The name is running with the same input: the call succeeds and starts nothing.
    Same,
    /// The name was used before, with another input or by an execution that is over.
    Exists,
}

impl Executions {
    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Execution)> {
        self.0.iter().map(|(name, execution)| (name.as_str(), execution))
    }

    /// The one of that name.
    pub fn get(&self, name: &str) -> Option<&Execution> {
        self.0.get(name)
    }

    /// Starts one on a database in that state. Source of the rule: Step Functions API, StartExecution (idempotent while running with the same name
    /// and input; otherwise `ExecutionAlreadyExists` for 90 days).
    pub fn start(&mut self, name: &str, machine_arn: &str, input: Value, found: Service, now: Ms) -> Start {
        match self.0.get(name) {
            None => {
                let execution = Execution {
                    machine_arn: machine_arn.to_owned(),
                    input,
                    started: now,
                    found,
                    verified: None,
                    end: None,
                };
                self.0.insert(name.to_owned(), execution);
                Start::New
            }
            Some(known) if known.end.is_none() && known.input == input => Start::Same,
            Some(_) => Start::Exists,
        }
    }

    /// Notes how the system is, which one has just verified.
    pub fn verified(&mut self, name: &str, standing: Standing) {
        if let Some(execution) = self.0.get_mut(name) {
            execution.verified = Some(standing);
        }
    }

    /// Notes how one ended.
    pub fn end(&mut self, name: &str, end: End) {
        if let Some(execution) = self.0.get_mut(name) {
            execution.end = Some(end);
        }
    }
}
