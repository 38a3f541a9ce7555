//! Choice: the first rule whose condition holds.

use std::sync::Arc;

use serde_json::Value;

use super::Failure;
use super::flow::{Shaped, type_name, unexpected_type};
use super::run::{Left, Run, Strand, Visit};
use super::scope::{Problem, Scope};
use crate::machine::{Condition, Next, QueryLanguage, Rule};

mod comparing;

pub(super) use comparing::timestamp;

impl Run<'_> {
    pub(super) fn choose(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        rules: &[Rule],
        default: Option<usize>,
    ) -> Result<Left, Failure> {
        let chosen = self.chosen(visit, strand, rules, default);
        let (next, shaped) = chosen.map_err(|problem| self.problem(visit, strand, visit.before, problem))?;
        let left = self.leave(visit, strand, visit.before, Ok(shaped))?;
        Ok(Left {
            next: Next::State(next),
            ..left
        })
    }

    fn chosen(
        &self,
        visit: &Visit<'_>,
        strand: &Strand,
        rules: &[Rule],
        default: Option<usize>,
    ) -> Result<(usize, Shaped), Problem> {
        let selected = self.selected(visit, strand)?;
        let scope = Scope::new(self, visit, strand).data(selected);
        for (index, rule) in rules.iter().enumerate() {
            let location = format!("Choices[{index}]");
            if !holds(&scope, &rule.condition, &location)? {
                continue;
            }
            let shaped = match visit.state.language {
                QueryLanguage::Jsonata => {
                    let assigned = scope.assign(&rule.assign, &format!("{location}/Assign"))?;
                    let output = match &rule.output {
                        Some(template) => Arc::new(scope.template(template, &format!("{location}/Output"))?),
                        None => Arc::clone(visit.input.value()),
                    };
                    Shaped { output, assigned }
                }
                QueryLanguage::JsonPath => {
                    let assigned = scope.assign(&rule.assign, &format!("{location}/Assign"))?;
                    Shaped {
                        assigned,
                        ..self.shape_path_only(visit, strand)?
                    }
                }
            };
            return Ok((rule.next, shaped));
        }
        match default {
            Some(next) => Ok((next, self.shape_input(visit, strand)?)),
            None => Err(Problem::Other(Failure::new(
                "States.NoChoiceMatched",
                scope.cause("Failed to transition out of the state. The state's Choice rules did not match, and it has no Default"),
            ))),
        }
    }

    /// JSONPath: `InputPath` and `OutputPath`, without the state's own `Assign`, which is for the default.
    fn shape_path_only(&self, visit: &Visit<'_>, strand: &Strand) -> Result<Shaped, Problem> {
        if visit.state.flow.assign.is_empty() {
            return self.shape_input(visit, strand);
        }
        let selected = self.selected(visit, strand)?;
        let output = match &visit.state.flow.output_path {
            crate::machine::Selection::Whole => selected,
            crate::machine::Selection::Nothing => Arc::new(Value::Object(serde_json::Map::new())),
            crate::machine::Selection::At(reference) => {
                Arc::new(Scope::new(self, visit, strand).data(selected).select(reference)?)
            }
        };
        Ok(Shaped {
            output,
            assigned: None,
        })
    }
}

fn holds(scope: &Scope<'_, '_>, condition: &Condition, location: &str) -> Result<bool, Problem> {
    match condition {
        Condition::Literal(flag) => Ok(*flag),
        Condition::Jsonata(expression) => {
            let field = format!("{location}/Condition");
            let value = scope.jsonata(expression, &field)?;
            match value {
                Value::Bool(flag) => Ok(flag),
                Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                    debug_assert_ne!(type_name(&value), "boolean");
                    let what = unexpected_type(&expression.source, &field, "boolean", &value);
                    Err(scope.query(&what, Some(&field)))
                }
            }
        }
        Condition::And(conditions) => {
            for condition in conditions {
                if !holds(scope, condition, location)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Condition::Or(conditions) => {
            for condition in conditions {
                if holds(scope, condition, location)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Condition::Not(condition) => holds(scope, condition, location).map(|holds| !holds),
        Condition::Compare { variable, test } => comparing::compare(scope, variable, test),
    }
}
