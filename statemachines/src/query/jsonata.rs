//! JSONata, by `jsonata-core`: the one module that knows that crate.
//!
//! An expression is parsed once, when the machine is; what it refers to (`$states` and which part of it, variables, the
//! functions that Step Functions adds) is noted then, so that an evaluation binds nothing that is not read.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::Value;

use crate::execution::random::Random;

mod bounds;
mod functions;
mod json;
mod names;
mod path;

pub(crate) use json::{from_json, json_number, to_json};
use names::Names;
use path::Path;
pub(crate) use path::Root;

/// Longest sequence an expression may build, and deepest evaluation: `[1..873782]` and a depth of 100 are accepted by AWS,
/// one more is not (measured against AWS: github.com/floci-io/floci, issue 2737).
const MAX_SEQUENCE: usize = 873_782;
const MAX_DEPTH: usize = 100;
/// Wall-clock bound of one evaluation: only loops without end ever meet it.
const MAX_MILLISECONDS: u64 = 2_000;

/// A parsed `{% … %}`.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    /// The text between the delimiters, trimmed: as AWS quotes it in causes.
    pub(crate) source: Arc<str>,
    ast: Arc<AstNode>,
    /// The same, where it is nothing but a way to a field.
    path: Option<Path>,
    /// Whether the tree calls the functions that bound it.
    guarded: bool,
    /// Names of the variables that the expression reads and does not bind, without `$`.
    variables: Vec<String>,
    /// Names of functions called with `$`, without it.
    functions: Vec<String>,
    states: StatesUse,
}

/// Which parts of `$states` an expression reads.
#[derive(Debug, Clone, Copy, Default)]
struct StatesUse {
    input: bool,
    result: bool,
    error_output: bool,
    /// `$states.context.State`.
    state: bool,
    /// Anything else of `$states.context`.
    context: bool,
    /// `$states` itself: everything that is there.
    whole: bool,
}

/// What an expression may read.
pub(crate) trait Bindings {
    /// `$states.input`.
    fn input(&self) -> Option<JValue>;
    /// `$states.result`.
    fn result(&self) -> Option<JValue>;
    /// `$states.errorOutput`.
    fn error_output(&self) -> Option<JValue>;
    /// `$states.context`.
    fn context(&self) -> JValue;
    /// `$states.context.State`, without the rest of it: an execution's input may be large.
    fn state(&self) -> JValue;
    /// A workflow variable.
    fn variable(&self, name: &str) -> Option<JValue>;
    /// A field of `$states.context.State`, if it is to be had without making the whole context object.
    fn of_state(&self, field: &str) -> Option<Value>;
    /// The same things as workflow values.
    fn value(&self, root: &Root) -> Option<Arc<Value>>;
    /// Where `$random` and `$uuid` draw.
    fn random(&self) -> Rc<RefCell<Random>>;
    /// What `$now` and `$millis` say.
    fn now(&self) -> jiff::Timestamp;
}

/// Why an expression gave nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Error {
    /// The evaluation threw; the message starts with JSONata's code.
    #[error("{0}")]
    Threw(String),
    /// A bound was met: AWS says so without a code.
    #[error("{0}")]
    Bound(&'static str),
    /// The value is JSONata's undefined.
    #[error("the expression returned nothing (undefined)")]
    Undefined,
}

/// A workflow value and, once asked for, its JSONata form.
#[derive(Debug)]
pub(crate) struct Shared {
    value: Arc<Value>,
    converted: OnceCell<JValue>,
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Shared {
    pub(crate) fn new(value: Arc<Value>) -> Self {
        Self {
            value,
            converted: OnceCell::new(),
        }
    }

    pub(crate) fn value(&self) -> &Arc<Value> {
        &self.value
    }

    pub(crate) fn jsonata(&self) -> JValue {
        self.converted.get_or_init(|| from_json(&self.value)).clone()
    }
}

/// Whether a string is an expression: AWS wants the delimiters at its very ends.
pub(crate) fn is_expression(text: &str) -> bool {
    text.len() >= 4 && text.starts_with("{%") && text.ends_with("%}")
}

impl Expression {
    /// Parse a delimited expression.
    ///
    /// # Errors
    /// The parser's message, when the text between the delimiters is no JSONata.
    pub(crate) fn parse(delimited: &str) -> Result<Self, String> {
        let source = delimited
            .strip_prefix("{%")
            .and_then(|rest| rest.strip_suffix("%}"))
            .ok_or_else(|| "expected an expression between {% and %}".to_owned())?
            .trim();
        let ast = parser::parse(source).map_err(|error| error.to_string())?;
        let mut names = Names::default();
        names.visit(&ast);
        let ast = bounds::bounded(ast);
        let states = StatesUse::of(source);
        Ok(Self {
            source: source.into(),
            path: Path::of(source),
            guarded: bounds::is_guarded(&ast),
            ast: Arc::new(ast),
            variables: names
                .variables
                .into_iter()
                .filter(|name| !name.is_empty() && name != "states")
                .collect(),
            functions: names.functions.into_iter().collect(),
            states,
        })
    }

    /// Variables that the expression reads and does not bind itself.
    pub(crate) fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Whether `$states.result` is read.
    pub(crate) fn reads_result(&self) -> bool {
        self.states.result
    }

    /// Whether `$states.errorOutput` is read.
    pub(crate) fn reads_error_output(&self) -> bool {
        self.states.error_output
    }

    /// Names of called functions that nobody defines.
    pub(crate) fn unknown_functions(&self) -> impl Iterator<Item = &str> {
        self.functions
            .iter()
            .map(String::as_str)
            .filter(|name| !functions::is_known(name))
    }

    /// The first name that is read of a context which is not there: `$`, `$$`, a field without anything before it. AWS
    /// refuses a definition that has one (Amazon States Language, "JSONata").
    pub(crate) fn top_level_reference(&self) -> Option<String> {
        names::top_level(&self.ast)
    }

    /// Evaluate. Every call starts afresh: nothing an expression binds outlives it.
    pub(crate) fn evaluate(&self, bindings: &dyn Bindings) -> Result<Value, Error> {
        if let Some(value) = self.path.as_ref().and_then(|path| path.walk(bindings)) {
            return Ok(value);
        }
        match self.evaluate_once(bindings) {
            // A process that was suspended has used up its time without a loop. One that loops does so again.
            Err(Error::Bound(TIMEOUT)) => self.evaluate_once(bindings),
            ended => ended,
        }
    }

    fn evaluate_once(&self, bindings: &dyn Bindings) -> Result<Value, Error> {
        let mut context = Context::new();
        if let Some(states) = self.states.bind(bindings) {
            context.bind("states".to_owned(), states);
        }
        for name in &self.variables {
            if let Some(value) = bindings.variable(name) {
                context.bind(name.clone(), value);
            }
        }
        let options = EvaluatorOptions {
            timeout_ms: Some(MAX_MILLISECONDS),
            max_stack_depth: Some(MAX_DEPTH),
            max_sequence_length: Some(MAX_SEQUENCE),
            ..EvaluatorOptions::default()
        };
        let mut evaluator = Evaluator::with_options(context, options);
        if self.guarded {
            bounds::register(&mut evaluator).map_err(threw)?;
        }
        functions::register(&mut evaluator, &self.functions, bindings).map_err(threw)?;
        let value = evaluator.evaluate(&self.ast, &JValue::Undefined).map_err(threw)?;
        to_json(&value)
    }
}

/// The message as JSONata 2.0.6 has it, which AWS runs: T1006 without the name that later versions add
/// (`test_math_random_seeded`), and the words of AWS for the bounds (floci issue 2737).
fn threw(error: EvaluatorError) -> Error {
    const NOT_A_FUNCTION: &str = "T1006: Attempted to invoke a non-function";
    let message = error.message();
    match error.code() {
        Some("T1006") => Error::Threw(NOT_A_FUNCTION.to_owned()),
        Some("D2014" | "D2015") => Error::Bound(MEMORY),
        Some("D1011" | "U1001") => Error::Bound(
            "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive",
        ),
        Some("D1012") => Error::Bound(TIMEOUT),
        Some(_) | None => Error::Threw(message.to_owned()),
    }
}

const TIMEOUT: &str = "Expression evaluation timeout: Check for infinite loop";
const MEMORY: &str = "Expression evaluation memory limit exceeded: Check for excessive memory usage";

impl StatesUse {
    /// Reads the source instead of the syntax tree: `$states` always stands there literally, and a use that is not
    /// followed by one of the four names asks for everything.
    fn of(source: &str) -> Self {
        let mut used = Self::default();
        for (at, _) in source.match_indices("$states") {
            let (field, rest) = field(&source[at + "$states".len()..]);
            match field {
                "input" => used.input = true,
                "result" => used.result = true,
                "errorOutput" => used.error_output = true,
                "context" if self::field(rest).0 == "State" => used.state = true,
                "context" => used.context = true,
                _ => used.whole = true,
            }
        }
        used
    }

    fn bind(self, bindings: &dyn Bindings) -> Option<JValue> {
        if !(self.input || self.result || self.error_output || self.state || self.context || self.whole) {
            return None;
        }
        let mut states = Vec::with_capacity(4);
        if self.input || self.whole {
            states.extend(bindings.input().map(|value| ("input", value)));
        }
        if self.result || self.whole {
            states.extend(bindings.result().map(|value| ("result", value)));
        }
        if self.error_output || self.whole {
            states.extend(bindings.error_output().map(|value| ("errorOutput", value)));
        }
        if self.context || self.whole {
            states.push(("context", bindings.context()));
        } else if self.state {
            let context = [("State".to_owned(), bindings.state())];
            states.push(("context", JValue::object(context.into_iter().collect())));
        }
        Some(JValue::object(
            states
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        ))
    }
}

/// The name behind a dot that a text begins with, and what comes after it.
fn field(text: &str) -> (&str, &str) {
    let name = text
        .trim_start()
        .strip_prefix('.')
        .unwrap_or_default()
        .trim_start();
    let length = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
    name.split_at(length)
}
