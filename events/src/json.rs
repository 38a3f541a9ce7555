//! JSON that knows where it stands.
//!
//! An object is split into its fields once, and every field stays raw text until somebody asks for it: an alarm's
//! `configuration` is skipped, not built. Whoever asks gets the value, or an [`Error`] that names the place, what was
//! expected there and what came.
//!
//! The price is that an object's text is scanned once for each level around it, three times at the most for an event.
//! Measured on a 1.6 KB alarm that is 6 µs, about what `aws_lambda_events` takes to build the same event as a tree;
//! what it buys is an error with a place.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::error::Error;

/// A JSON object whose fields are still raw.
pub(crate) struct Object<'a> {
    path: String,
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// The object that is the whole payload.
    pub(crate) fn from_bytes(payload: &'a [u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(payload).map_err(|error| not_utf8(payload, error.valid_up_to()))?;
        Self::from_text(text, "$".to_owned())
    }

    /// The object that a text holds; `path` says where the text came from.
    pub(crate) fn from_text(text: &'a str, path: String) -> Result<Self, Error> {
        match serde_json::from_str::<Fields<'a>>(text) {
            Ok(Fields(fields)) => Ok(Self { path, fields }),
            Err(error) => Err(match error.classify() {
                // It parsed so far, and was no object.
                Category::Data => Error::Mismatch {
                    path,
                    expected: "an object",
                    found: describe(text.trim_start()),
                },
                Category::Syntax | Category::Eof | Category::Io => Error::NotJson {
                    path,
                    line: error.line(),
                    column: error.column(),
                    what: without_place(&error),
                },
            }),
        }
    }

    /// Whether the key is there, whatever its value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.fields.iter().any(|(name, _)| name == key)
    }

    /// The path of a field of this object, whether it is there or not.
    pub(crate) fn path_of(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// The string at a key.
    pub(crate) fn string(&self, key: &str, expected: &'static str) -> Result<Cow<'a, str>, Error> {
        let raw = self.raw(key, expected)?;
        text(raw).ok_or_else(|| self.mismatch(key, expected, raw))
    }

    /// The string at a key, if there is one; `null` counts as absent.
    pub(crate) fn optional_string(
        &self,
        key: &str,
        expected: &'static str,
    ) -> Result<Option<Cow<'a, str>>, Error> {
        if self.is_absent(key) {
            Ok(None)
        } else {
            self.string(key, expected).map(Some)
        }
    }

    /// The string at a key, made into something by a function that knows what it takes.
    pub(crate) fn read<T>(
        &self,
        key: &str,
        expected: &'static str,
        make: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Error> {
        let raw = self.raw(key, expected)?;
        text(raw)
            .and_then(|text| make(&text))
            .ok_or_else(|| self.mismatch(key, expected, raw))
    }

    /// The object at a key.
    pub(crate) fn object(&self, key: &str, expected: &'static str) -> Result<Self, Error> {
        self.split(self.raw(key, expected)?, self.path_of(key), expected)
    }

    /// The object at a key, if there is one; `null` counts as absent.
    pub(crate) fn optional_object(&self, key: &str, expected: &'static str) -> Result<Option<Self>, Error> {
        if self.is_absent(key) {
            Ok(None)
        } else {
            self.object(key, expected).map(Some)
        }
    }

    /// The whole number at a key, if there is one: a JSON number, or a string of digits (AWS Health counts its pages so);
    /// `null` counts as absent.
    pub(crate) fn optional_count(&self, key: &str, expected: &'static str) -> Result<Option<u32>, Error> {
        if self.is_absent(key) {
            return Ok(None);
        }
        let raw = self.raw(key, expected)?;
        let digits = raw.get().trim_matches('"');
        let number = digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok());
        number
            .flatten()
            .map(Some)
            .ok_or_else(|| self.mismatch(key, expected, raw))
    }

    /// What stands at a key, if it can be read as that; for what is worth having and not worth an error.
    pub(crate) fn if_readable<T: Deserialize<'a>>(&self, key: &str) -> Option<T> {
        let raw = self.raw(key, "anything").ok()?;
        serde_json::from_str(raw.get()).ok()
    }

    /// What follows a prefix in the one key that begins with it; nothing when no key or more than one does.
    pub(crate) fn key_after(&self, prefix: &str) -> Option<&str> {
        let mut after = self
            .fields
            .iter()
            .filter_map(|(name, _)| name.strip_prefix(prefix));
        let first = after.next()?;
        after.next().is_none().then_some(first)
    }

    /// The object at a key, if an object stands there; anything else counts as absent.
    pub(crate) fn object_if_one(&self, key: &str, expected: &'static str) -> Result<Option<Self>, Error> {
        let mut values = self.fields.iter().filter(|(name, _)| name == key);
        if values.any(|(_, raw)| raw.get().starts_with('{')) {
            self.object(key, expected).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The objects in the array at a key; none when there is no such key, or `null`.
    pub(crate) fn optional_objects(&self, key: &str, expected: &'static str) -> Result<Vec<Self>, Error> {
        if self.is_absent(key) {
            return Ok(vec![]);
        }
        let elements = self.array(key, expected)?.into_iter().enumerate();
        elements
            .map(|(index, raw)| self.element(key, index, raw))
            .collect()
    }

    /// The objects in the array at a key, each still raw.
    pub(crate) fn array(&self, key: &str, expected: &'static str) -> Result<Vec<&'a RawValue>, Error> {
        let raw = self.raw(key, expected)?;
        serde_json::from_str(raw.get()).map_err(|_| self.mismatch(key, expected, raw))
    }

    /// The strings in the array at a key.
    pub(crate) fn strings(&self, key: &str, expected: &'static str) -> Result<Vec<String>, Error> {
        let raw = self.raw(key, expected)?;
        serde_json::from_str(raw.get()).map_err(|_| self.mismatch(key, expected, raw))
    }

    /// An element of the array at a key, as an object.
    pub(crate) fn element(&self, key: &str, index: usize, raw: &'a RawValue) -> Result<Self, Error> {
        self.split(raw, format!("{}[{index}]", self.path_of(key)), "an object")
    }

    /// The error for an object that is valid JSON and nothing that we know.
    pub(crate) fn unrecognised(&self) -> Error {
        const KEYS: usize = 8;
        let said = |key| {
            self.fields
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, raw)| shorten(raw.get()))
        };
        Error::Unrecognised {
            path: self.path.clone(),
            event_source: said("source")
                .or_else(|| said("EventSource"))
                .or_else(|| said("eventSource")),
            detail_type: said("detail-type"),
            keys: self
                .fields
                .iter()
                .take(KEYS)
                .map(|(name, _)| shorten(name))
                .collect(),
        }
    }

    fn split(&self, raw: &'a RawValue, path: String, expected: &'static str) -> Result<Self, Error> {
        match serde_json::from_str::<Fields<'a>>(raw.get()) {
            Ok(Fields(fields)) => Ok(Self { path, fields }),
            Err(_) => Err(Error::Mismatch {
                path,
                expected,
                found: describe(raw.get()),
            }),
        }
    }

    /// The value at a key: exactly one, because of two we would have to guess which was meant.
    fn raw(&self, key: &str, expected: &'static str) -> Result<&'a RawValue, Error> {
        let mut found = self.fields.iter().filter(|(name, _)| name == key);
        match (found.next(), found.next()) {
            (None, _) => Err(Error::Missing {
                path: self.path_of(key),
                expected,
            }),
            (Some((_, raw)), None) => Ok(raw),
            (Some(_), Some(_)) => Err(Error::Mismatch {
                path: self.path_of(key),
                expected,
                found: "the same key more than once".to_owned(),
            }),
        }
    }

    fn is_absent(&self, key: &str) -> bool {
        let mut values = self.fields.iter().filter(|(name, _)| name == key);
        values.all(|(_, raw)| raw.get() == "null")
    }

    fn mismatch(&self, key: &str, expected: &'static str, raw: &RawValue) -> Error {
        Error::Mismatch {
            path: self.path_of(key),
            expected,
            found: describe(raw.get()),
        }
    }
}

/// What stands there, in a few words: the kind for what is long, the value for what is short.
pub(crate) fn describe(json: &str) -> String {
    match json.as_bytes().first() {
        Some(b'{') => "an object".to_owned(),
        Some(b'[') => "an array".to_owned(),
        Some(b'"') => format!("the string {}", shorten(json)),
        Some(b'-' | b'0'..=b'9') => format!("the number {}", shorten(json)),
        Some(_) => shorten(json),
        None => "nothing".to_owned(),
    }
}

/// At most a line of it, without control characters: error texts go to terminals and logs.
fn shorten(text: &str) -> String {
    const CHARS: usize = 80;
    let mut short: String = text
        .chars()
        .take(CHARS)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(CHARS).is_some() {
        short.push('…');
    }
    short
}

/// The text of a JSON string. `None` also for a string whose escapes make no text, such as half a surrogate pair.
fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(raw.get())
        .ok()
        .map(|Text(text)| text)
}

fn not_utf8(payload: &[u8], valid_up_to: usize) -> Error {
    let valid = &payload[..valid_up_to];
    let line_start = valid
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |newline| newline + 1);
    Error::NotJson {
        path: "$".to_owned(),
        line: valid.iter().filter(|byte| **byte == b'\n').count() + 1,
        column: valid_up_to - line_start,
        what: "the next byte is not UTF-8".to_owned(),
    }
}

/// serde_json ends its messages with the place, which we say ourselves.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message
        .strip_suffix(&place)
        .map_or_else(|| message.clone(), str::to_owned)
}

struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        // The widest object that we read, CloudWatch's notification, has fifteen keys.
        let mut fields = Vec::with_capacity(16);
        while let Some(Key(key)) = map.next_key()? {
            fields.push((key, map.next_value()?));
        }
        Ok(Fields(fields))
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn object(json: &str) -> Object<'_> {
        Object::from_bytes(json.as_bytes()).expect("the test's JSON is an object")
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let error = object(r#"{"state":"OK","state":"ALARM"}"#)
            .string("state", "a state")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the same key more than once at $.state; expected a state"
        );
    }

    #[test]
    fn null_is_absent_where_absence_is_allowed() {
        assert_eq!(
            object(r#"{"by":null}"#)
                .optional_string("by", "a string")
                .unwrap(),
            None
        );
        assert!(object(r#"{"by":null}"#).string("by", "a string").is_err());
    }

    #[test]
    fn escapes_are_read_in_keys_and_values() {
        let json = object(r#"{"st\u0061te":"O\u004b"}"#);
        assert_eq!(json.string("state", "a state").unwrap(), "OK");
    }

    #[test]
    fn half_a_surrogate_pair_is_no_text() {
        let error = object(r#"{"state":"\ud800"}"#)
            .string("state", "a state")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"the string "\ud800" at $.state; expected a state"#
        );
    }

    #[test]
    fn what_stands_there_is_cut_to_a_line() {
        let long = format!(r#"{{"state":"{}"}}"#, "a".repeat(1000));
        let error = object(&long)
            .read("state", "a state", |_| None::<()>)
            .unwrap_err();
        assert!(error.to_string().chars().count() < 140, "{error}");
    }

    #[test]
    fn a_byte_that_is_no_text_has_a_place() {
        let Err(error) = Object::from_bytes(b"{\n  \"a\": \xff}") else {
            panic!("it is not UTF-8")
        };
        assert_eq!(
            error.to_string(),
            "expected JSON at $; line 2, column 7: the next byte is not UTF-8"
        );
    }
}
