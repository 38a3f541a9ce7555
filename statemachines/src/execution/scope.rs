//! What expressions see: data, variables, the context object; and how their errors become the state's.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use jsonata_core::value::JValue;
use serde_json::{Map, Value, json};

use super::random::Random;
use super::run::{Run, Strand, Visit};
use super::{EventKind, Failure};
use crate::machine::{Setting, SettingValue};
use crate::query::jsonata::{self, Bindings, Root, Shared};
use crate::query::reference::{self, Source};
use crate::query::{Expression, Reference, Template};

/// The surroundings of one evaluation.
pub(super) struct Scope<'s, 'a> {
    pub(super) run: &'s Run<'a>,
    pub(super) visit: &'s Visit<'s>,
    pub(super) strand: &'s Strand,
    /// `$` in JSONPath.
    pub(super) data: Arc<Value>,
    pub(super) result: Option<Shared>,
    pub(super) error_output: Option<Shared>,
    context: OnceCell<Shared>,
}

/// An error of an evaluation, before it has its event.
pub(super) enum Problem {
    /// JSONata: becomes `EvaluationFailed` and `States.QueryEvaluationError`.
    Query { cause: String, location: Option<String> },
    /// JSONPath: `States.Runtime` and its kin.
    Other(Failure),
}

impl<'s, 'a> Scope<'s, 'a> {
    pub(super) fn new(run: &'s Run<'a>, visit: &'s Visit<'s>, strand: &'s Strand) -> Self {
        Self {
            run,
            visit,
            strand,
            data: Arc::clone(visit.input.value()),
            result: None,
            error_output: None,
            context: OnceCell::new(),
        }
    }

    pub(super) fn data(mut self, data: Arc<Value>) -> Self {
        self.data = data;
        self
    }

    pub(super) fn result(mut self, result: Arc<Value>) -> Self {
        self.result = Some(Shared::new(result));
        self
    }

    pub(super) fn error_output(mut self, output: Arc<Value>) -> Self {
        self.error_output = Some(Shared::new(output));
        self
    }

    /// `An error occurred while executing the state …`, AWS's opening.
    pub(super) fn cause(&self, what: &str) -> String {
        format!(
            "An error occurred while executing the state '{}' (entered at the event id #{}). {what}",
            self.visit.state.name, self.visit.event
        )
    }

    pub(super) fn runtime(&self, what: &str) -> Problem {
        Problem::Other(Failure::runtime(self.cause(what)))
    }

    pub(super) fn query(&self, what: &str, location: Option<&str>) -> Problem {
        Problem::Query {
            cause: self.cause(what),
            location: location.map(str::to_owned),
        }
    }

    /// Evaluate one JSONata expression that stands at `location`.
    pub(super) fn jsonata(&self, expression: &Expression, location: &str) -> Result<Value, Problem> {
        expression.evaluate(self).map_err(|error| {
            let opening = format!(
                "The JSONata expression '{}' specified for the field '{location}'",
                expression.source
            );
            let what = match error {
                jsonata::Error::Threw(message) => {
                    format!("{opening} threw an error during evaluation. {message}")
                }
                jsonata::Error::Bound(message) => {
                    format!("{opening} threw an error during evaluation: {message}")
                }
                jsonata::Error::Undefined => format!("{opening} returned nothing (undefined)."),
            };
            self.query(&what, Some(location))
        })
    }

    /// Evaluate a template that stands at `location`.
    pub(super) fn template(&self, template: &Template, location: &str) -> Result<Value, Problem> {
        match template {
            Template::Literal(value) => Ok(value.clone()),
            Template::Jsonata(expression) => self.jsonata(expression, location),
            Template::Reference(reference) => self.read(reference, &format!("{}.$", last(location))),
            Template::Array(items) => {
                let mut array = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    array.push(self.template(item, &format!("{location}[{index}]"))?);
                }
                Ok(Value::Array(array))
            }
            Template::Object(fields) => {
                let mut object = Map::with_capacity(fields.len());
                for (name, field) in fields {
                    let value = match field {
                        Template::Literal(value) => value.clone(),
                        Template::Jsonata(_)
                        | Template::Reference(_)
                        | Template::Array(_)
                        | Template::Object(_) => self.template(field, &format!("{location}/{name}"))?,
                    };
                    object.insert(name.clone(), value);
                }
                Ok(Value::Object(object))
            }
        }
    }

    /// Evaluate `Assign`.
    pub(super) fn assign(
        &self,
        assign: &[(String, Template)],
        location: &str,
    ) -> Result<Option<Map<String, Value>>, Problem> {
        if assign.is_empty() {
            return Ok(None);
        }
        let mut assigned = Map::with_capacity(assign.len());
        for (name, template) in assign {
            assigned.insert(
                name.clone(),
                self.template(template, &format!("{location}/{name}"))?,
            );
        }
        Ok(Some(assigned))
    }

    /// Read a reference of a payload template.
    pub(super) fn read(&self, reference: &Reference, field: &str) -> Result<Value, Problem> {
        reference.read(self).map_err(|error| match error {
            reference::Error::NotFound { path, .. } => self.runtime(&format!(
                "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{}'",
                self.data
            )),
            reference::Error::Intrinsic(why) => {
                Problem::Other(Failure::new("States.IntrinsicFailure", self.cause(&why)))
            }
        })
    }

    /// Read a `…Path` field: other words for the same misfortune.
    pub(super) fn select(&self, reference: &Reference) -> Result<Value, Problem> {
        reference.read(self).map_err(|error| match error {
            reference::Error::NotFound { path, why } => {
                self.runtime(&format!("Invalid path '{path}' : {why}"))
            }
            reference::Error::Intrinsic(why) => {
                Problem::Other(Failure::new("States.IntrinsicFailure", self.cause(&why)))
            }
        })
    }

    /// The value of a setting, from wherever it comes.
    pub(super) fn setting(&self, setting: &Setting) -> Result<Value, Problem> {
        match &setting.value {
            SettingValue::Literal(value) => Ok(value.clone()),
            SettingValue::Jsonata(expression) => self.jsonata(expression, setting.field),
            SettingValue::Path(reference) => self.select(reference),
        }
    }

    /// A setting's value is not of the type it has to be.
    pub(super) fn mistyped(&self, setting: &Setting, expected: &str, got: &Value) -> Problem {
        let what = super::flow::unexpected(setting, expected, got);
        match &setting.value {
            SettingValue::Jsonata(_) => self.query(&what, Some(setting.field)),
            SettingValue::Path(_) | SettingValue::Literal(_) => self.runtime(&what),
        }
    }

    fn context_shared(&self) -> &Shared {
        self.context
            .get_or_init(|| Shared::new(Arc::new(self.context_object())))
    }

    fn context_state(&self) -> Value {
        let visit = self.visit;
        let mut state = json!({
            "Name": visit.state.name.as_ref(),
            "EnteredTime": written(visit.entered),
        });
        match visit.state.kind.state_type() {
            crate::machine::StateType::Task
            | crate::machine::StateType::Parallel
            | crate::machine::StateType::Map => {
                state["RetryCount"] = json!(visit.retries.get());
            }
            crate::machine::StateType::Pass
            | crate::machine::StateType::Choice
            | crate::machine::StateType::Wait
            | crate::machine::StateType::Succeed
            | crate::machine::StateType::Fail => {}
        }
        state
    }

    fn context_object(&self) -> Value {
        let (run, visit) = (self.run, self.visit);
        let mut context = json!({
            "Execution": {
                "Id": run.context.execution_arn,
                "Input": run.input.as_ref(),
                "StartTime": written(run.started),
                "Name": run.context.execution_name,
                "RoleArn": run.context.role_arn,
                "RedriveCount": 0,
            },
            "StateMachine": {
                "Id": run.context.state_machine_arn,
                "Name": run.context.state_machine_name,
            },
            "State": self.context_state(),
        });
        if let Some(token) = visit.token.borrow().as_deref() {
            context["Task"] = json!({"Token": token});
        }
        if let Some(item) = &self.strand.item {
            context["Map"] = json!({"Item": {"Index": item.index, "Value": item.value.as_ref()}});
        }
        context
    }
}

/// `Output/a/b` to `b`.
fn last(location: &str) -> &str {
    location.rsplit('/').next().unwrap_or(location)
}

/// A time as the context object writes it.
fn written(time: Timestamp) -> String {
    format!("{time:.3}")
}

impl Bindings for Scope<'_, '_> {
    fn input(&self) -> Option<JValue> {
        Some(self.visit.input.jsonata())
    }

    fn result(&self) -> Option<JValue> {
        self.result.as_ref().map(Shared::jsonata)
    }

    fn error_output(&self) -> Option<JValue> {
        self.error_output.as_ref().map(Shared::jsonata)
    }

    fn context(&self) -> JValue {
        self.context_shared().jsonata()
    }

    fn state(&self) -> JValue {
        jsonata::from_json(&self.context_state())
    }

    fn variable(&self, name: &str) -> Option<JValue> {
        self.strand.variables.get(name).map(|value| value.jsonata())
    }

    fn of_state(&self, field: &str) -> Option<Value> {
        match field {
            "Name" => Some(json!(self.visit.state.name.as_ref())),
            "EnteredTime" => Some(json!(written(self.visit.entered))),
            _ => None,
        }
    }

    fn value(&self, root: &Root) -> Option<Arc<Value>> {
        let of = |shared: &Shared| Arc::clone(shared.value());
        match root {
            Root::Input => Some(of(&self.visit.input)),
            Root::Result => self.result.as_ref().map(of),
            Root::ErrorOutput => self.error_output.as_ref().map(of),
            Root::Context => Some(of(self.context_shared())),
            Root::Variable(name) => self.strand.variables.get(name).map(|value| of(value)),
        }
    }

    fn random(&self) -> Rc<RefCell<Random>> {
        Rc::clone(&self.run.random)
    }

    fn now(&self) -> Timestamp {
        self.run.clock.now()
    }
}

impl Source for Scope<'_, '_> {
    fn data(&self) -> &Value {
        &self.data
    }

    fn context(&self) -> Arc<Value> {
        Arc::clone(self.context_shared().value())
    }

    fn variable(&self, name: &str) -> Option<Arc<Value>> {
        self.strand
            .variables
            .get(name)
            .map(|value| Arc::clone(value.value()))
    }

    fn random(&self) -> Rc<RefCell<Random>> {
        Rc::clone(&self.run.random)
    }
}

impl Run<'_> {
    /// Give a problem its event, and the strand its place. `before` is the event to hang it on.
    pub(super) fn problem(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        before: u64,
        problem: Problem,
    ) -> Failure {
        match problem {
            Problem::Other(failure) => failure,
            Problem::Query { cause, location } => {
                let error = "States.QueryEvaluationError".to_owned();
                let event = EventKind::EvaluationFailed {
                    error: error.clone(),
                    cause: cause.clone(),
                    location,
                    state: Arc::clone(&visit.state.name),
                };
                match self.append(before, event) {
                    Ok(id) => strand.previous = id,
                    Err(full) => return full,
                }
                Failure {
                    error: Some(error),
                    cause: Some(cause),
                    ..Failure::default()
                }
            }
        }
    }
}
