//! Data on its way through a state, and the states that do nothing but hand it on.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Failure;
use super::run::{Left, Run, Strand, Visit};
use super::scope::{Problem, Scope};
use crate::machine::{QueryLanguage, ResultPath, Selection, Setting, SettingValue};
use crate::query::jsonpath;

/// What a state's expressions made of its result.
pub(super) struct Shaped {
    pub(super) output: Arc<Value>,
    pub(super) assigned: Option<Map<String, Value>>,
}

impl Run<'_> {
    /// JSONPath: the input after `InputPath`. JSONata: the input.
    pub(super) fn selected(&self, visit: &Visit<'_>, strand: &Strand) -> Result<Arc<Value>, Problem> {
        let input = visit.input.value();
        select(&visit.state.flow.input_path, input, || {
            Scope::new(self, visit, strand)
        })
    }

    /// What a Task is called with, a Parallel's branches get, a Pass takes for its result.
    pub(super) fn arguments(&self, visit: &Visit<'_>, strand: &Strand) -> Result<Arc<Value>, Problem> {
        let selected = self.selected(visit, strand)?;
        match &visit.state.flow.arguments {
            None => Ok(selected),
            Some(template) => {
                let field = match visit.state.language {
                    QueryLanguage::Jsonata => "Arguments",
                    QueryLanguage::JsonPath => "Parameters",
                };
                Scope::new(self, visit, strand)
                    .data(selected)
                    .template(template, field)
                    .map(Arc::new)
            }
        }
    }

    /// A result to the state's output and its variables.
    pub(super) fn shape(
        &self,
        visit: &Visit<'_>,
        strand: &Strand,
        result: Arc<Value>,
    ) -> Result<Shaped, Problem> {
        let flow = &visit.state.flow;
        match visit.state.language {
            QueryLanguage::Jsonata => {
                if flow.output.is_none() && flow.assign.is_empty() {
                    return Ok(Shaped {
                        output: result,
                        assigned: None,
                    });
                }
                let scope = Scope::new(self, visit, strand).result(Arc::clone(&result));
                let assigned = scope.assign(&flow.assign, "Assign")?;
                let output = match &flow.output {
                    Some(template) => Arc::new(scope.template(template, "Output")?),
                    None => result,
                };
                Ok(Shaped { output, assigned })
            }
            QueryLanguage::JsonPath => {
                // In `Assign`, `$` is what the task answered, before ResultSelector (Step Functions Developer Guide, "Passing
                // data between states with variables").
                let scope = Scope::new(self, visit, strand).data(Arc::clone(&result));
                let assigned = scope.assign(&flow.assign, "Assign")?;
                let result = match &flow.result_selector {
                    Some(template) => Arc::new(scope.template(template, "ResultSelector")?),
                    None => result,
                };
                let merged = self.place(visit, strand, &flow.result_path, result)?;
                let output = select(&flow.output_path, &merged, || scope.data(Arc::clone(&merged)))?;
                Ok(Shaped { output, assigned })
            }
        }
    }

    /// Put a result where `ResultPath` says, into the state's own input.
    pub(super) fn place(
        &self,
        visit: &Visit<'_>,
        strand: &Strand,
        path: &ResultPath,
        result: Arc<Value>,
    ) -> Result<Arc<Value>, Problem> {
        match path {
            ResultPath::Whole => Ok(result),
            ResultPath::Discard => Ok(Arc::clone(visit.input.value())),
            ResultPath::At(keys) => {
                let mut merged = visit.input.value().as_ref().clone();
                jsonpath::write(&mut merged, keys, result.as_ref().clone()).map_err(|_| {
                    let scope = Scope::new(self, visit, strand);
                    let what = format!(
                        "Unable to apply ReferencePath {} to input {}",
                        jsonpath::bracketed(keys),
                        visit.input.value()
                    );
                    Problem::Other(Failure::new("States.ResultPathMatchFailure", scope.cause(&what)))
                })?;
                Ok(Arc::new(merged))
            }
        }
    }

    pub(super) fn pass(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        result: Option<&Value>,
    ) -> Result<Left, Failure> {
        let shaped = match visit.state.language {
            QueryLanguage::Jsonata => self.shape_input(visit, strand),
            QueryLanguage::JsonPath => match result {
                Some(result) => self.shape(visit, strand, Arc::new(result.clone())),
                None => self
                    .arguments(visit, strand)
                    .and_then(|made| self.shape(visit, strand, made)),
            },
        };
        self.leave(visit, strand, visit.before, shaped)
    }

    pub(super) fn succeed(&self, visit: &Visit<'_>, strand: &mut Strand) -> Result<Left, Failure> {
        let shaped = self.shape_input(visit, strand);
        self.leave(visit, strand, visit.before, shaped)
    }

    /// The way out of a state that has no result: its input is all there is.
    pub(super) fn shape_input(&self, visit: &Visit<'_>, strand: &Strand) -> Result<Shaped, Problem> {
        let flow = &visit.state.flow;
        match visit.state.language {
            QueryLanguage::Jsonata => {
                let input = visit.input.value();
                if flow.output.is_none() && flow.assign.is_empty() {
                    return Ok(Shaped {
                        output: Arc::clone(input),
                        assigned: None,
                    });
                }
                let scope = Scope::new(self, visit, strand);
                let assigned = scope.assign(&flow.assign, "Assign")?;
                let output = match &flow.output {
                    Some(template) => Arc::new(scope.template(template, "Output")?),
                    None => Arc::clone(input),
                };
                Ok(Shaped { output, assigned })
            }
            QueryLanguage::JsonPath => {
                let selected = self.selected(visit, strand)?;
                let scope = Scope::new(self, visit, strand).data(Arc::clone(&selected));
                let assigned = scope.assign(&flow.assign, "Assign")?;
                let output = select(&flow.output_path, &selected, || scope)?;
                Ok(Shaped { output, assigned })
            }
        }
    }

    /// Out of the state by its `Next`, or into its `EvaluationFailed`.
    pub(super) fn leave(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        before: u64,
        shaped: Result<Shaped, Problem>,
    ) -> Result<Left, Failure> {
        let Shaped { output, assigned } =
            shaped.map_err(|problem| self.problem(visit, strand, before, problem))?;
        self.within_limit(visit.state, &output)?;
        Ok(Left {
            output,
            assigned,
            next: visit.state.next,
        })
    }

    /// A Fail state's error.
    pub(super) fn fail(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        error: Option<&Setting>,
        cause: Option<&Setting>,
    ) -> Failure {
        let text = |setting: Option<&Setting>| -> Result<Option<String>, Problem> {
            let Some(setting) = setting else { return Ok(None) };
            let scope = Scope::new(self, visit, strand);
            let value = match &setting.value {
                SettingValue::Path(reference) => scope.read(reference, setting.field)?,
                SettingValue::Literal(_) | SettingValue::Jsonata(_) => scope.setting(setting)?,
            };
            match value {
                Value::String(text) => Ok(Some(text)),
                other => Err(scope.mistyped(setting, "string", &other)),
            }
        };
        match text(error).and_then(|error| Ok((error, text(cause)?))) {
            Ok((error, cause)) => Failure {
                error,
                cause,
                ..Failure::default()
            },
            Err(problem) => self.problem(visit, strand, visit.before, problem),
        }
    }
}

/// AWS's sentence for a value of the wrong type.
pub(super) fn unexpected(setting: &Setting, expected: &str, got: &Value) -> String {
    match &setting.value {
        SettingValue::Jsonata(expression) => {
            // JSONata has numbers only; that one has to be whole is said of paths.
            let expected = if expected == "integer" { "number" } else { expected };
            unexpected_type(&expression.source, setting.field, expected, got)
        }
        SettingValue::Path(reference) => {
            format!(
                "The {} field refers to value \"{got}\" which is not a valid {expected}: {}",
                setting.field,
                reference.written()
            )
        }
        SettingValue::Literal(_) => {
            format!(
                "The field '{}' wants a {expected}, but was '{}' for value: {got}",
                setting.field,
                type_name(got)
            )
        }
    }
}

/// The same for a template that is one expression.
pub(super) fn unexpected_type(source: &str, field: &str, expected: &str, got: &Value) -> String {
    format!(
        "The JSONata expression '{source}' specified for the field '{field}' returned an unexpected result type. Expected '{expected}', but was '{}' for value: {got}",
        type_name(got)
    )
}

pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Apply `InputPath` or `OutputPath`; the scope is made only when it is needed.
fn select<'s, 'a: 's>(
    selection: &Selection,
    data: &Arc<Value>,
    scope: impl FnOnce() -> Scope<'s, 'a>,
) -> Result<Arc<Value>, Problem> {
    match selection {
        Selection::Whole => Ok(Arc::clone(data)),
        Selection::Nothing => Ok(Arc::new(Value::Object(Map::new()))),
        Selection::At(reference) => scope().select(reference).map(Arc::new),
    }
}
