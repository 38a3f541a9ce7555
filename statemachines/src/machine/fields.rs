//! Reading the fields of one JSON object, noting whatever is wrong with them.

use serde_json::{Map as Object, Value};

use super::settings::QueryLanguage;
use super::{ResultPath, Selection, Setting, SettingValue};
use crate::finding::Finding;
use crate::query::template::Wrong;
use crate::query::{Expression, Reference, Template, jsonata};

/// One object of the definition, where it stands, and the findings so far.
pub(super) struct Fields<'d, 'f> {
    pub(super) object: &'d Object<String, Value>,
    pub(super) path: String,
    pub(super) language: QueryLanguage,
    pub(super) findings: &'f mut Vec<Finding>,
}

impl<'d> Fields<'d, '_> {
    pub(super) fn at(&self, field: &str) -> String {
        format!("{}.{field}", self.path)
    }

    pub(super) fn get(&self, field: &str) -> Option<&'d Value> {
        self.object.get(field)
    }

    pub(super) fn wrong(&mut self, field: &str, message: impl Into<String>) {
        let path = self.at(field);
        self.findings.push(Finding::error(path, message));
    }

    fn mistyped(&mut self, field: &str, expected: &str, got: &Value) {
        self.wrong(field, format!("expected {expected}, got {}", brief(got)));
    }

    pub(super) fn string(&mut self, field: &str) -> Option<&'d str> {
        let value = self.get(field)?;
        if value.as_str().is_none() {
            self.mistyped(field, "a string", value);
        }
        value.as_str()
    }

    pub(super) fn required_string(&mut self, field: &str) -> Option<&'d str> {
        if self.get(field).is_none() {
            let path = self.path.clone();
            self.findings
                .push(Finding::error(path, format!("the field {field} is missing")));
        }
        self.string(field)
    }

    pub(super) fn boolean(&mut self, field: &str) -> Option<bool> {
        let value = self.get(field)?;
        if value.as_bool().is_none() {
            self.mistyped(field, "true or false", value);
        }
        value.as_bool()
    }

    pub(super) fn array(&mut self, field: &str) -> Option<&'d Vec<Value>> {
        let value = self.get(field)?;
        if value.as_array().is_none() {
            self.mistyped(field, "an array", value);
        }
        value.as_array()
    }

    pub(super) fn object(&mut self, field: &str) -> Option<&'d Object<String, Value>> {
        let value = self.get(field)?;
        if value.as_object().is_none() {
            self.mistyped(field, "an object", value);
        }
        value.as_object()
    }

    /// A number within bounds.
    pub(super) fn number(&mut self, field: &str, least: f64, most: f64) -> Option<f64> {
        let value = self.get(field)?;
        match value.as_f64() {
            Some(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                self.mistyped(field, &format!("a number from {least} to {most}"), value);
                None
            }
        }
    }

    /// A template in the state's language.
    pub(super) fn template(&mut self, field: &str) -> Option<Template> {
        let value = self.get(field)?;
        let mut wrong = Vec::new();
        let template = match self.language {
            QueryLanguage::Jsonata => Template::jsonata(value, &mut wrong),
            QueryLanguage::JsonPath => Template::jsonpath(value, &mut wrong),
        };
        for Wrong { place, what } in wrong {
            let path = format!("{}{place}", self.at(field));
            self.findings.push(Finding::error(path, what));
        }
        Some(template)
    }

    /// `Assign`: a template of one level of names.
    pub(super) fn assign(&mut self) -> Vec<(String, Template)> {
        if self.object("Assign").is_none() {
            return Vec::new();
        }
        match self.template("Assign") {
            Some(Template::Object(fields)) => fields,
            Some(Template::Literal(Value::Object(fields))) => fields
                .into_iter()
                .map(|(name, value)| (name, Template::Literal(value)))
                .collect(),
            Some(
                Template::Literal(_) | Template::Jsonata(_) | Template::Reference(_) | Template::Array(_),
            )
            | None => Vec::new(),
        }
    }

    pub(super) fn reference(&mut self, field: &str) -> Option<Reference> {
        let text = self.string(field)?;
        match Reference::parse(text) {
            Ok(reference) => Some(reference),
            Err(why) => {
                self.wrong(field, why);
                None
            }
        }
    }

    /// `field` as a literal (or a JSONata expression), or `fieldPath` as a path.
    pub(super) fn setting(&mut self, field: &'static str, path_field: &'static str) -> Option<Setting> {
        if self.language == QueryLanguage::JsonPath && self.object.contains_key(path_field) {
            let value = SettingValue::Path(self.reference(path_field)?);
            return Some(Setting {
                field: path_field,
                value,
            });
        }
        let value = self.get(field)?;
        let value = match value {
            Value::String(text)
                if self.language == QueryLanguage::Jsonata && jsonata::is_expression(text) =>
            {
                match Expression::parse(text) {
                    Ok(expression) => SettingValue::Jsonata(expression),
                    Err(why) => {
                        self.wrong(field, why);
                        return None;
                    }
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => SettingValue::Literal(value.clone()),
        };
        Some(Setting { field, value })
    }

    /// The same, where a literal must be a number.
    pub(super) fn number_setting(
        &mut self,
        field: &'static str,
        path_field: &'static str,
        least: f64,
        most: f64,
    ) -> Option<Setting> {
        let setting = self.setting(field, path_field)?;
        match &setting.value {
            SettingValue::Literal(_) => {
                self.number(field, least, most)?;
            }
            SettingValue::Jsonata(_) | SettingValue::Path(_) => {}
        }
        Some(setting)
    }

    pub(super) fn selection(&mut self, field: &str) -> Selection {
        match self.get(field) {
            None => Selection::Whole,
            Some(Value::Null) => Selection::Nothing,
            Some(Value::String(text)) if text == "$" => Selection::Whole,
            Some(
                Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
            ) => self.reference(field).map_or(Selection::Whole, Selection::At),
        }
    }

    pub(super) fn result_path(&mut self) -> ResultPath {
        const FIELD: &str = "ResultPath";
        match self.get(FIELD) {
            None => ResultPath::Whole,
            Some(Value::Null) => ResultPath::Discard,
            Some(
                Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
            ) => match self.reference(FIELD) {
                Some(Reference::Data(path)) if path.is_root() => ResultPath::Whole,
                Some(Reference::Data(path)) => match path.keys() {
                    Some(keys) => ResultPath::At(keys.to_vec()),
                    None => {
                        self.wrong(FIELD, "expected a reference path: one that names a single place");
                        ResultPath::Whole
                    }
                },
                Some(Reference::Context(_) | Reference::Variable { .. } | Reference::Intrinsic(_)) => {
                    self.wrong(
                        FIELD,
                        "expected a path into the state's input, starting with '$.'",
                    );
                    ResultPath::Whole
                }
                None => ResultPath::Whole,
            },
        }
    }

    /// A list of error names.
    pub(super) fn error_equals(&mut self) -> Vec<String> {
        let Some(list) = self.array("ErrorEquals") else {
            if !self.object.contains_key("ErrorEquals") {
                self.wrong("ErrorEquals", "expected a list of error names");
            }
            return Vec::new();
        };
        if list.is_empty() {
            self.wrong("ErrorEquals", "expected at least one error name");
        }
        let names: Vec<String> = list
            .iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        if names.len() != list.len() {
            self.wrong("ErrorEquals", "expected error names, as strings");
        }
        names
    }
}

/// A value in a message: short, whatever it is.
pub(super) fn brief(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::String(text) if text.chars().count() > 40 => {
            format!("\"{}…\"", text.chars().take(40).collect::<String>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}
