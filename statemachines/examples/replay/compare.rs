//! Whether an event is the recorded one, minding what the recording replaced by placeholders.

use serde_json::{Map, Value};

use crate::record::Mask;

/// Decides whether values agree with the record.
pub(crate) struct Comparison {
    masks: Vec<String>,
}

/// Placeholders that stand for anything wherever they are (the records' README lists them).
const FIXED: &[&str] = &[
    "RandomNumberGenerated",
    "generated-uuid",
    "<task_token>",
    "a_task_token",
    "snf_role_arn",
    "sfn_role_arn",
    "<request_id>",
    "<extended_request_id>",
    "<stop-date>",
    "<entered-time>",
    "start-date",
    "start-time",
    "entered-time",
    "<date>",
    "date",
];

impl Comparison {
    /// A comparison that knows the record's own replacements.
    pub(crate) fn new(masks: &[Mask]) -> Self {
        Self {
            masks: masks.iter().map(|mask| mask.to.clone()).collect(),
        }
    }

    /// The first place at which `actual` differs from the record, as `path: recorded … got …`.
    pub(crate) fn difference(&self, expected: &Value, actual: &Value) -> Option<String> {
        self.at("", expected, actual)
    }

    fn at(&self, path: &str, expected: &Value, actual: &Value) -> Option<String> {
        let differs = || {
            Some(format!(
                "{path}: recorded {} got {}",
                brief(expected),
                brief(actual)
            ))
        };
        match (expected, actual) {
            (Value::Object(expected), Value::Object(actual)) => self.objects(path, expected, actual),
            (Value::Array(left), Value::Array(right)) => {
                if left.len() != right.len() {
                    return differs();
                }
                left.iter()
                    .zip(right)
                    .enumerate()
                    .find_map(|(index, (left, right))| self.at(&format!("{path}[{index}]"), left, right))
            }
            (Value::Number(left), Value::Number(right)) => {
                if left == right || left.as_f64() == right.as_f64() {
                    None
                } else {
                    differs()
                }
            }
            (Value::String(expected), actual) => {
                if self.text(path, expected, actual) {
                    None
                } else {
                    differs()
                }
            }
            (expected, actual) => {
                if expected == actual {
                    None
                } else {
                    differs()
                }
            }
        }
    }

    fn objects(
        &self,
        path: &str,
        expected: &Map<String, Value>,
        actual: &Map<String, Value>,
    ) -> Option<String> {
        // A cause that was rebuilt from parsed JSON is compared as JSON.
        let reencoded = expected.get("cause_reencoded") == Some(&Value::Bool(true));
        for (name, value) in expected {
            let place = format!("{path}.{name}");
            if name == "cause_reencoded" || name == "masked" {
                continue;
            }
            let Some(other) = actual.get(name) else {
                return Some(format!("{place}: recorded {} got nothing", brief(value)));
            };
            if name.to_lowercase().contains("timestamp") && value == "timestamp" {
                continue;
            }
            if reencoded && name == "cause" {
                let decode = |value: &Value| value.as_str().and_then(|text| serde_json::from_str(text).ok());
                if let Some((left, right)) = decode(value).zip(decode(other)) {
                    let (left, right): (Value, Value) = (left, right);
                    if self.at(&place, &left, &right).is_none() {
                        continue;
                    }
                }
            }
            if let Some(difference) = self.at(&place, value, other) {
                return Some(difference);
            }
        }
        // Redrive came in November 2023; contexts recorded earlier do not have its count.
        let extra = actual
            .keys()
            .find(|name| !expected.contains_key(*name) && *name != "RedriveCount")?;
        Some(format!(
            "{path}.{extra}: recorded nothing got {}",
            brief(&actual[extra])
        ))
    }

    fn text(&self, path: &str, expected: &str, actual: &Value) -> bool {
        if actual.as_str() == Some(expected) {
            return true;
        }
        let pieces = self.pieces(expected);
        if pieces.len() == 1 {
            return false;
        }
        if pieces.iter().all(String::is_empty) && pieces.len() == 2 {
            // The whole value is a placeholder: anything goes, except that a date is a text.
            return expected != "date" || actual.is_string() || path.is_empty();
        }
        actual.as_str().is_some_and(|actual| in_order(&pieces, actual))
    }

    /// The text around placeholders.
    fn pieces(&self, text: &str) -> Vec<String> {
        let (mut pieces, mut piece, mut rest) = (Vec::new(), String::new(), text);
        while !rest.is_empty() {
            match self.placeholder(rest) {
                Some(length) => {
                    pieces.push(std::mem::take(&mut piece));
                    rest = &rest[length..];
                }
                None => {
                    let length = rest.chars().next().map_or(1, char::len_utf8);
                    piece.push_str(&rest[..length]);
                    rest = &rest[length..];
                }
            }
        }
        pieces.push(piece);
        pieces
    }

    /// Length of the placeholder that the text starts with.
    fn placeholder(&self, text: &str) -> Option<usize> {
        if let Some(inner) = text.strip_prefix('<').filter(|inner| inner.starts_with('<')) {
            // A placeholder inside another's name: `<<task_token>:1>`.
            let end = self.placeholder(inner)? + 1;
            let close = text[end..].find('>')?;
            return (close < 20).then_some(end + close + 1);
        }
        if text.starts_with('<') {
            let end = text.find('>')?;
            let inside = &text[1..end];
            let plain = |c: char| c.is_alphanumeric() || "_-:".contains(c);
            if !inside.is_empty() && inside.len() < 60 && inside.chars().all(plain) {
                return Some(end + 1);
            }
        }
        if let Some(fixed) = FIXED.iter().find(|fixed| text.starts_with(**fixed)) {
            return Some(fixed.len());
        }
        self.masks.iter().find_map(|mask| {
            let stem = mask.strip_suffix('N').unwrap_or(mask);
            (stem.len() > 3 && !stem.contains('<') && text.starts_with(stem)).then_some(stem.len())
        })
    }
}

/// Whether the pieces occur in this order, the first and last at the ends.
fn in_order(pieces: &[String], text: &str) -> bool {
    let Some((first, rest)) = pieces.split_first() else {
        return true;
    };
    let Some(mut text) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    let Some((last, middle)) = rest.split_last() else {
        return text.is_empty();
    };
    for piece in middle {
        match text.find(piece.as_str()) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    text.ends_with(last.as_str())
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
