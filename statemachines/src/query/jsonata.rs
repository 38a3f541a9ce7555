//! JSONata, by `jsonata-core`: the one module that knows that crate.
//!
//! An expression is parsed once, when the machine is; what it refers to (`$states` and which part of it, variables, the
//! functions that Step Functions adds) is noted then, so that an evaluation binds nothing that is not read.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use jsonata_core::ast::{AstNode, PathStep, Stage};
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

use crate::execution::random::Random;

mod bounds;
mod functions;

/// Longest sequence an expression may build; more ends in JSONata's D2015. AWS documents no number; a result must fit
/// 256 KiB anyway, so a million items is far above anything that can leave an expression.
const MAX_SEQUENCE: usize = 1_000_000;
/// Deepest evaluation, JSONata's D1011. Plenty for recursion over data that `serde_json` accepts (128 levels).
const MAX_DEPTH: usize = 2_000;
/// Wall-clock bound of one evaluation, JSONata's D1012: only hostile expressions ever meet it.
const MAX_MILLISECONDS: u64 = 2_000;
/// Nodes that a result may have once it leaves JSONata. Shared sub-trees count each time they appear: a small graph can
/// stand for an exponentially large tree.
const MAX_RESULT_NODES: usize = 2_000_000;
/// Bytes of text that a result may hold once it leaves JSONata.
const MAX_RESULT_BYTES: usize = 64 << 20;

/// A parsed `{% … %}`.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    /// The text between the delimiters, trimmed: as AWS quotes it in causes.
    pub(crate) source: Arc<str>,
    ast: Arc<AstNode>,
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
    /// A workflow variable.
    fn variable(&self, name: &str) -> Option<JValue>;
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
        let states = StatesUse::of(source);
        Ok(Self {
            source: source.into(),
            ast: Arc::new(bounds::bounded(ast)),
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

    /// Evaluate. Every call starts afresh: nothing an expression binds outlives it.
    pub(crate) fn evaluate(&self, bindings: &dyn Bindings) -> Result<Value, Error> {
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
        bounds::register(&mut evaluator).map_err(threw)?;
        functions::register(&mut evaluator, &self.functions, bindings).map_err(threw)?;
        let value = evaluator.evaluate(&self.ast, &JValue::Undefined).map_err(threw)?;
        to_json(&value)
    }
}

/// The message as JSONata 2.0.6 has it, which AWS runs: T1006 without the name that later versions add
/// (`test_math_random_seeded`).
fn threw(error: EvaluatorError) -> Error {
    let message = error.message();
    let message = match message.strip_prefix(NOT_A_FUNCTION) {
        Some(_) => NOT_A_FUNCTION,
        None => message,
    };
    Error::Threw(message.to_owned())
}

const NOT_A_FUNCTION: &str = "T1006: Attempted to invoke a non-function";

impl StatesUse {
    /// Reads the source instead of the syntax tree: `$states` always stands there literally, and a use that is not
    /// followed by one of the four names asks for everything.
    fn of(source: &str) -> Self {
        let mut used = Self::default();
        for (at, _) in source.match_indices("$states") {
            let rest = source[at + "$states".len()..].trim_start();
            let field = rest.strip_prefix('.').map(str::trim_start).unwrap_or_default();
            let field = field
                .split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap_or_default();
            match field {
                "input" => used.input = true,
                "result" => used.result = true,
                "errorOutput" => used.error_output = true,
                "context" => used.context = true,
                _ => used.whole = true,
            }
        }
        used
    }

    fn bind(self, bindings: &dyn Bindings) -> Option<JValue> {
        if !(self.input || self.result || self.error_output || self.context || self.whole) {
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
        }
        Some(JValue::object(
            states
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        ))
    }
}

/// JSON as JSONata sees it.
pub(crate) fn from_json(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(flag) => JValue::Bool(*flag),
        Value::Number(number) => JValue::Number(number.as_f64().unwrap_or_default()),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => JValue::array(items.iter().map(from_json).collect()),
        Value::Object(fields) => JValue::object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), from_json(value)))
                .collect(),
        ),
    }
}

/// JSONata's value as JSON.
///
/// # Errors
/// Undefined; a function (which has no JSON form); a number that is not finite; a value too large to leave.
pub(crate) fn to_json(value: &JValue) -> Result<Value, Error> {
    let mut budget = Budget {
        nodes: MAX_RESULT_NODES,
        bytes: MAX_RESULT_BYTES,
    };
    match budget.convert(value, 0)? {
        Some(value) => Ok(value),
        None => Err(Error::Undefined),
    }
}

struct Budget {
    nodes: usize,
    bytes: usize,
}

/// Deepest result: what `serde_json` would read back.
const MAX_RESULT_DEPTH: usize = 120;

impl Budget {
    fn text(&mut self, text: &str) -> Result<String, Error> {
        self.bytes = self.bytes.checked_sub(text.len()).ok_or_else(too_large)?;
        Ok(text.to_owned())
    }

    fn convert(&mut self, value: &JValue, depth: usize) -> Result<Option<Value>, Error> {
        if depth > MAX_RESULT_DEPTH {
            return Err(Error::Threw("D1011: the result is nested too deeply".to_owned()));
        }
        self.nodes = self.nodes.checked_sub(1).ok_or_else(too_large)?;
        Ok(Some(match value {
            JValue::Undefined => return Ok(None),
            JValue::Null => Value::Null,
            JValue::Bool(flag) => Value::Bool(*flag),
            JValue::Number(number) => Value::Number(json_number(*number)?),
            JValue::String(text) => Value::String(self.text(text)?),
            JValue::Array(items) => {
                let mut array = Vec::with_capacity(items.len().min(self.nodes));
                for item in items.iter() {
                    // JSON.stringify writes null for an undefined item.
                    array.push(self.convert(item, depth + 1)?.unwrap_or(Value::Null));
                }
                Value::Array(array)
            }
            JValue::Object(_) => {
                let mut object = Map::new();
                if let Some(fields) = value.as_object() {
                    for (name, field) in fields {
                        if let Some(field) = self.convert(field, depth + 1)? {
                            object.insert(self.text(name)?, field);
                        }
                    }
                }
                Value::Object(object)
            }
            JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => return Ok(None),
        }))
    }
}

fn too_large() -> Error {
    Error::Threw("D2015: the result is too large".to_owned())
}

/// Whole numbers as integers, as AWS writes them.
pub(crate) fn json_number(number: f64) -> Result<Number, Error> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "whole and within 2^53, checked above"
        )]
        return Ok(Number::from(number as i64));
    }
    Number::from_f64(number).ok_or_else(|| Error::Threw("D1001: Number out of range".to_owned()))
}

/// The free names of an expression.
#[derive(Default)]
struct Names {
    variables: BTreeSet<String>,
    functions: BTreeSet<String>,
    bound: Vec<String>,
}

impl Names {
    fn variable(&mut self, name: &str) {
        if !self.bound.iter().any(|bound| bound == name) {
            self.variables.insert(name.to_owned());
        }
    }

    fn all<'n>(&mut self, nodes: impl IntoIterator<Item = &'n AstNode>) {
        for node in nodes {
            self.visit(node);
        }
    }

    fn pairs(&mut self, pairs: &[(AstNode, AstNode)]) {
        for (key, value) in pairs {
            self.visit(key);
            self.visit(value);
        }
    }

    fn step(&mut self, step: &PathStep) {
        self.visit(&step.node);
        self.bound
            .extend(step.focus.iter().chain(&step.index_var).cloned());
        for stage in &step.stages {
            match stage {
                Stage::Filter(node) => self.visit(node),
                Stage::Index(name) => self.bound.push(name.clone()),
                Stage::KeepArray => {}
            }
        }
    }

    fn visit(&mut self, node: &AstNode) {
        jsonata_core::value::with_stack(|| self.visit_here(node));
    }

    fn visit_here(&mut self, node: &AstNode) {
        let scope = self.bound.len();
        match node {
            AstNode::String(_)
            | AstNode::Name(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. }
            | AstNode::ParentVariable(_)
            | AstNode::Wildcard
            | AstNode::Descendant
            | AstNode::Parent(_) => return,
            AstNode::Variable(name) => return self.variable(name),
            AstNode::Path { steps } => steps.iter().for_each(|step| self.step(step)),
            AstNode::Binary {
                op: jsonata_core::ast::BinaryOp::ColonEqual,
                lhs,
                rhs,
            } => {
                if let AstNode::Variable(name) = lhs.as_ref() {
                    // Bound before its value is read, so that a function may call itself.
                    self.bound.push(name.clone());
                }
                // The binding lasts to the end of the block, so the scope is not closed here.
                return self.visit(rhs);
            }
            AstNode::Binary { op: _, lhs, rhs } => self.all([lhs.as_ref(), rhs.as_ref()]),
            AstNode::Unary { op: _, operand } => self.visit(operand),
            AstNode::Function {
                name,
                args,
                is_builtin: _,
            } => {
                if !self.bound.contains(name) {
                    self.functions.insert(name.clone());
                }
                self.all(args);
            }
            AstNode::Call { procedure, args } => {
                self.visit(procedure);
                self.all(args);
            }
            AstNode::Lambda { params, body, .. } => {
                self.bound.extend(params.iter().cloned());
                self.visit(body);
            }
            AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => self.all(items),
            AstNode::Object(pairs) => self.pairs(pairs),
            AstNode::ObjectTransform { input, pattern } => {
                self.visit(input);
                self.pairs(pattern);
            }
            AstNode::Conditional {
                condition,
                then_branch,
                else_branch,
            } => {
                self.all([condition.as_ref(), then_branch.as_ref()]);
                self.all(else_branch.as_deref());
            }
            AstNode::FunctionApplication(inner) => self.visit(inner),
            AstNode::Sort { input, terms } => {
                self.visit(input);
                self.all(terms.iter().map(|(term, _)| term));
            }
            AstNode::Transform {
                location,
                update,
                delete,
            } => {
                self.all([location.as_ref(), update.as_ref()]);
                self.all(delete.as_deref());
            }
        }
        if !matches!(
            node,
            AstNode::Path { .. } | AstNode::Array(_) | AstNode::Binary { .. } | AstNode::Object(_)
        ) {
            self.bound.truncate(scope);
        }
    }
}
