//! Wait: until a time, or for a time.

use serde_json::Value;

use super::Failure;
use super::choosing::timestamp;
use super::run::{Left, Run, Strand, Visit};
use super::scope::{Problem, Scope};
use crate::machine::{Setting, SettingValue, Wait};

/// Longest wait that AWS takes, in seconds (Amazon States Language, Wait state).
const MAX_SECONDS: f64 = 99_999_999.0;

impl Run<'_> {
    pub(super) async fn wait(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        wait: &Wait,
    ) -> Result<Left, Failure> {
        let deadline = match self.deadline(visit, strand, wait) {
            Ok(deadline) => deadline,
            Err(problem) => return Err(self.problem(visit, strand, visit.event, problem)),
        };
        self.clock.sleep_until(deadline).await;
        let shaped = self.shape_input(visit, strand);
        self.leave(visit, strand, visit.event, shaped)
    }

    fn deadline(&self, visit: &Visit<'_>, strand: &Strand, wait: &Wait) -> Result<jiff::Timestamp, Problem> {
        let selected = self.selected(visit, strand)?;
        let scope = Scope::new(self, visit, strand).data(selected);
        match wait {
            Wait::Seconds(setting) => self.seconds(&scope, setting).map(|seconds| self.after(seconds)),
            Wait::Timestamp(setting) => {
                let value = read(&scope, setting)?;
                if matches!(setting.value, SettingValue::Jsonata(_)) && !value.is_string() {
                    return Err(scope.mistyped(setting, "string", &value));
                }
                timestamp(&value).ok_or_else(|| {
                    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    match &setting.value {
                        SettingValue::Path(reference) => scope.runtime(&format!(
                            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {} == {shown}",
                            reference.written()
                        )),
                        SettingValue::Jsonata(_) | SettingValue::Literal(_) => scope.query(
                            &format!("The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {shown}"),
                            Some(setting.field),
                        ),
                    }
                })
            }
        }
    }

    fn seconds(&self, scope: &Scope<'_, '_>, setting: &Setting) -> Result<f64, Problem> {
        let value = read(scope, setting)?;
        if matches!(setting.value, SettingValue::Jsonata(_)) && !value.is_number() {
            return Err(scope.mistyped(setting, "number", &value));
        }
        let wrong = |path_says: &str, query_says: &str| match &setting.value {
            SettingValue::Path(reference) => scope.runtime(&format!(
                "The SecondsPath parameter {path_says}: {} == {value}",
                reference.written()
            )),
            SettingValue::Jsonata(_) | SettingValue::Literal(_) => scope.query(
                &format!("The Seconds field {query_says}: {value}"),
                Some(setting.field),
            ),
        };
        if value.as_i64().is_none() && value.as_f64().is_none_or(|number| number.fract() != 0.0) {
            return Err(wrong(
                "cannot be parsed as a long value",
                "cannot be parsed as a long value",
            ));
        }
        let seconds = value.as_f64().unwrap_or_default();
        if seconds < 0.0 {
            return Err(wrong("references a negative value", "has a negative value"));
        }
        if seconds > MAX_SECONDS {
            return Err(wrong(
                "references a value that is too large",
                "has a value that is too large",
            ));
        }
        Ok(seconds)
    }
}

fn read(scope: &Scope<'_, '_>, setting: &Setting) -> Result<Value, Problem> {
    match &setting.value {
        SettingValue::Path(reference) => reference.read(scope).map_err(|_| {
            scope.runtime(&format!(
                "The {} parameter does not reference an input value: {}",
                setting.field,
                reference.written()
            ))
        }),
        SettingValue::Literal(_) | SettingValue::Jsonata(_) => scope.setting(setting),
    }
}
