//! The model: a state machine as parsed, every name resolved and every expression compiled.

mod choice;
mod fields;
mod listing;
mod parse;
mod parts;
mod settings;
mod substitution;

use std::sync::Arc;

use serde_json::Value;

use crate::query::jsonpath::Key;
use crate::query::{Expression, Reference, Template};

pub(crate) use choice::{Condition, Is, Kind as Comparand, Operand, Ordering, Test, is_operator};
pub use listing::{ErrorRule, StateInfo};
pub use parse::Error;
pub(crate) use parse::{nearest, parse_collecting};
pub use settings::{QueryLanguage, StateType};
pub use substitution::{Error as SubstitutionError, substitute};

/// A parsed state machine, ready to run any number of times.
#[derive(Debug, Clone)]
pub struct StateMachine {
    pub(crate) comment: Option<String>,
    pub(crate) query_language: QueryLanguage,
    /// Seconds that an execution may take.
    pub(crate) timeout_seconds: Option<f64>,
    pub(crate) body: Block,
}

impl StateMachine {
    /// Parse the text of an `.asl.json` file.
    ///
    /// # Errors
    /// [`Error::Json`] when the text is no JSON, [`Error::Definition`] with everything that is wrong with the definition.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let value: Value = serde_json::from_str(text).map_err(Error::Json)?;
        Self::from_value(&value)
    }

    /// Parse a definition that is JSON already.
    ///
    /// # Errors
    /// [`Error::Definition`] with everything that is wrong with the definition.
    pub fn from_value(definition: &Value) -> Result<Self, Error> {
        let (machine, findings) = parse_collecting(definition);
        match machine {
            Some(machine) if findings.is_empty() => Ok(machine),
            Some(_) | None => Err(Error::Definition(findings)),
        }
    }

    /// The machine's `Comment`.
    #[must_use]
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// The machine's query language; a state may choose another.
    #[must_use]
    pub fn query_language(&self) -> QueryLanguage {
        self.query_language
    }
}

/// `StartAt` and `States`: the machine itself, a branch, an item processor.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) start: usize,
    pub(crate) states: Vec<State>,
}

/// Where a state leads. States are found by position, so the cost of a step does not depend on how many there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Next {
    State(usize),
    End,
}

#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) name: Arc<str>,
    /// JSON path of the state in the definition.
    pub(crate) path: String,
    pub(crate) comment: Option<String>,
    pub(crate) language: QueryLanguage,
    /// What follows; `End` for the terminal types, unused by Choice.
    pub(crate) next: Next,
    pub(crate) flow: Flow,
    pub(crate) retry: Vec<Retrier>,
    pub(crate) catch: Vec<Catcher>,
    pub(crate) kind: Kind,
}

/// What a state makes of its input and its result. A field that belongs to the other query language has its neutral value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flow {
    /// JSONPath: `InputPath`.
    pub(crate) input_path: Selection,
    /// `Arguments` (JSONata) or `Parameters` (JSONPath).
    pub(crate) arguments: Option<Template>,
    /// JSONPath: `ResultSelector`.
    pub(crate) result_selector: Option<Template>,
    /// JSONPath: `ResultPath`.
    pub(crate) result_path: ResultPath,
    /// JSONPath: `OutputPath`.
    pub(crate) output_path: Selection,
    /// JSONata: `Output`.
    pub(crate) output: Option<Template>,
    pub(crate) assign: Vec<(String, Template)>,
}

/// `InputPath` and `OutputPath`.
#[derive(Debug, Clone, Default)]
pub(crate) enum Selection {
    #[default]
    Whole,
    /// `null`: an empty object instead.
    Nothing,
    At(Reference),
}

/// `ResultPath`.
#[derive(Debug, Clone, Default)]
pub(crate) enum ResultPath {
    /// `$`: the result replaces the input.
    #[default]
    Whole,
    /// `null`: the result is dropped.
    Discard,
    At(Vec<Key>),
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Pass {
        result: Option<Value>,
    },
    Task(Task),
    Choice {
        rules: Vec<Rule>,
        default: Option<usize>,
    },
    Wait(Wait),
    Parallel {
        branches: Vec<Block>,
    },
    Map(Box<Map>),
    Succeed,
    Fail {
        error: Option<Setting>,
        cause: Option<Setting>,
    },
}

/// A value that may be said outright or computed, and the field that says it (for messages).
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) field: &'static str,
    pub(crate) value: SettingValue,
}

#[derive(Debug, Clone)]
pub(crate) enum SettingValue {
    Literal(Value),
    Jsonata(Expression),
    Path(Reference),
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) resource: Resource,
    pub(crate) timeout: Option<Setting>,
    pub(crate) heartbeat: Option<Setting>,
    pub(crate) credentials: Option<Template>,
}

/// A task's `Resource`, by what AWS calls and which events it records.
#[derive(Debug, Clone)]
pub(crate) enum Resource {
    /// A Lambda function's ARN.
    Function(Arc<str>),
    /// An activity's ARN.
    Activity(Arc<str>),
    /// `arn:aws:states:::service:action.pattern`.
    Service {
        arn: Arc<str>,
        service: Arc<str>,
        action: Arc<str>,
        pattern: Pattern,
    },
}

impl Resource {
    pub(crate) fn arn(&self) -> &Arc<str> {
        match self {
            Self::Function(arn) | Self::Activity(arn) | Self::Service { arn, .. } => arn,
        }
    }
}

/// How a service integration answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// The reply is the result.
    RequestResponse,
    /// `.sync`: the job that the call started gives the result.
    Sync,
    /// `.sync:2`: the same, its output decoded.
    Sync2,
    /// `.waitForTaskToken`: whoever holds the token gives the result.
    WaitForTaskToken,
}

#[derive(Debug, Clone)]
pub(crate) struct Retrier {
    pub(crate) errors: Vec<String>,
    pub(crate) interval_seconds: f64,
    pub(crate) max_attempts: u64,
    pub(crate) backoff_rate: f64,
    pub(crate) max_delay_seconds: Option<f64>,
    pub(crate) full_jitter: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Catcher {
    pub(crate) errors: Vec<String>,
    pub(crate) next: usize,
    pub(crate) output: Option<Template>,
    pub(crate) result_path: ResultPath,
    pub(crate) assign: Vec<(String, Template)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) condition: Condition,
    pub(crate) next: usize,
    pub(crate) output: Option<Template>,
    pub(crate) assign: Vec<(String, Template)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Wait {
    Seconds(Setting),
    Timestamp(Setting),
}

#[derive(Debug, Clone)]
pub(crate) struct Map {
    pub(crate) items: Items,
    pub(crate) selector: Option<Template>,
    pub(crate) max_concurrency: Option<Setting>,
    pub(crate) processor: Block,
    pub(crate) distributed: Option<Distributed>,
}

/// Where a Map's items come from.
#[derive(Debug, Clone)]
pub(crate) enum Items {
    /// The state's (effective) input.
    Input,
    /// JSONPath: `ItemsPath`.
    Path(Reference),
    /// JSONata: `Items`.
    Template(Template),
}

/// What only a Distributed Map has.
#[derive(Debug, Clone)]
pub(crate) struct Distributed {
    pub(crate) label: Option<String>,
    pub(crate) reader: Option<Reader>,
    pub(crate) batcher: Option<Batcher>,
    pub(crate) writer: Option<Reader>,
    pub(crate) tolerated_count: Option<Setting>,
    pub(crate) tolerated_percentage: Option<Setting>,
}

/// `ItemReader` and `ResultWriter`: a call whose answer is the items, or which takes the results.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub(crate) resource: Arc<str>,
    pub(crate) arguments: Option<Template>,
    pub(crate) max_items: Option<Setting>,
}

#[derive(Debug, Clone)]
pub(crate) struct Batcher {
    pub(crate) max_items: Option<Setting>,
    pub(crate) max_bytes: Option<Setting>,
    pub(crate) input: Option<Template>,
}

impl Kind {
    pub(crate) fn state_type(&self) -> StateType {
        match self {
            Self::Pass { .. } => StateType::Pass,
            Self::Task(_) => StateType::Task,
            Self::Choice { .. } => StateType::Choice,
            Self::Wait(_) => StateType::Wait,
            Self::Parallel { .. } => StateType::Parallel,
            Self::Map(_) => StateType::Map,
            Self::Succeed => StateType::Succeed,
            Self::Fail { .. } => StateType::Fail,
        }
    }

    /// Whether time may pass in such a state.
    pub(crate) fn takes_time(&self) -> bool {
        match self {
            Self::Task(_) | Self::Wait(_) | Self::Parallel { .. } | Self::Map(_) => true,
            Self::Pass { .. } | Self::Choice { .. } | Self::Succeed | Self::Fail { .. } => false,
        }
    }
}
