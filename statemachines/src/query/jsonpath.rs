//! JSONPath as Step Functions reads it.
//!
//! AWS evaluates paths with Jayway's library, which RFC 9535 (and so `serde_json_path`) differs from in two ways that
//! matter: `$.delivery-partner` needs no brackets, and a *definite* path gives the value itself or an error, where an
//! indefinite one gives a list. Definite paths, which are nearly all paths and every reference path, are walked here;
//! everything else (wildcards, slices, filters, descent) goes to `serde_json_path` with its names quoted.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::reference::Error;

/// A parsed path.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    written: Arc<str>,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Definite(Vec<Key>),
    /// Nothing there is an empty list, not an error: `test_json_path_array_wildcard_or_slice_with_no_input`.
    Indefinite(Arc<serde_json_path::JsonPath>),
}

/// One step of a definite path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    /// A field.
    Name(String),
    /// An item; negative counts from the end.
    Index(i64),
}

impl Path {
    /// Parse `text`; `written` is how the definition spells it, for messages.
    pub(crate) fn parse(text: &str, written: &str) -> Result<Self, String> {
        let kind = match definite(text)? {
            Scan::Definite(keys) => Kind::Definite(keys),
            Scan::Indefinite(normal) => {
                let path = serde_json_path::JsonPath::parse(&normal);
                Kind::Indefinite(Arc::new(path.map_err(|error| format!("'{written}': {error}"))?))
            }
        };
        Ok(Self {
            written: written.into(),
            kind,
        })
    }

    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// The keys of a reference path: one that names a single place, and so can be written to.
    pub(crate) fn keys(&self) -> Option<&[Key]> {
        match &self.kind {
            Kind::Definite(keys) => Some(keys),
            Kind::Indefinite(..) => None,
        }
    }

    /// Whether the path is `$` alone.
    pub(crate) fn is_root(&self) -> bool {
        self.keys().is_some_and(<[Key]>::is_empty)
    }

    /// Read it: the value of a definite path, the list of an indefinite one.
    pub(crate) fn read(&self, root: &Value) -> Result<Value, Error> {
        match &self.kind {
            Kind::Definite(keys) => self.walk(keys, root).cloned(),
            Kind::Indefinite(path) => Ok(Value::Array(
                path.query(root).all().into_iter().cloned().collect(),
            )),
        }
    }

    fn walk<'v>(&self, keys: &[Key], root: &'v Value) -> Result<&'v Value, Error> {
        let mut at = root;
        for (depth, key) in keys.iter().enumerate() {
            let next = match key {
                Key::Name(name) => at.get(name),
                Key::Index(index) => at
                    .as_array()
                    .and_then(|items| items.get(position(*index, items.len())?)),
            };
            at = next.ok_or_else(|| self.not_found(keys, depth, at))?;
        }
        Ok(at)
    }

    /// Jayway's three messages: a leaf that is missing, a missing property on the way, an index out of range.
    fn not_found(&self, keys: &[Key], depth: usize, at: &Value) -> Error {
        let why = match &keys[depth] {
            Key::Index(index) => match at {
                Value::Array(_) => format!(
                    "Index out of bounds when evaluating path {}",
                    bracketed(&keys[..=depth])
                ),
                _ => format!("Filter: [{index}] can only be applied to arrays. Current context is: {at}"),
            },
            Key::Name(_) if !at.is_object() && depth > 0 => {
                format!(
                    "Expected to find an object with property {} in path {} but found '{}'. This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'.",
                    bracketed(&keys[depth..=depth]).trim_start_matches('$'),
                    bracketed(&keys[..depth]),
                    jackson_type(at)
                )
            }
            Key::Name(_) if depth + 1 == keys.len() => format!("No results for path: {}", bracketed(keys)),
            Key::Name(_) => format!("Missing property in path {}", bracketed(&keys[..=depth])),
        };
        Error::NotFound {
            path: self.written().to_owned(),
            why,
        }
    }
}

fn jackson_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "com.fasterxml.jackson.databind.node.BooleanNode",
        Value::Number(_) => "com.fasterxml.jackson.databind.node.IntNode",
        Value::String(_) => "com.fasterxml.jackson.databind.node.TextNode",
        Value::Array(_) => "com.fasterxml.jackson.databind.node.ArrayNode",
        Value::Object(_) => "com.fasterxml.jackson.databind.node.ObjectNode",
    }
}

fn position(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        usize::try_from(index).ok()
    } else {
        length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    }
}

/// `$['a'][0]`, Jayway's way of writing a path.
pub(crate) fn bracketed(keys: &[Key]) -> String {
    let mut text = String::from("$");
    for key in keys {
        match key {
            Key::Name(name) => text.push_str(&format!("['{name}']")),
            Key::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// Why a value could not be written at a reference path.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("cannot write at '{0}'")]
pub(crate) struct NotWritable(pub(crate) String);

/// Put `value` at `keys` inside `root`, making the objects on the way; a scalar on the way is an error, as on AWS.
pub(crate) fn write(root: &mut Value, keys: &[Key], value: Value) -> Result<(), NotWritable> {
    let mut at = root;
    for (depth, key) in keys.iter().enumerate() {
        let fail = || NotWritable(bracketed(&keys[..=depth]));
        at = match key {
            Key::Name(name) => {
                if at.is_null() {
                    *at = Value::Object(Map::new());
                }
                at.as_object_mut()
                    .ok_or_else(fail)?
                    .entry(name.clone())
                    .or_insert(Value::Null)
            }
            Key::Index(index) => {
                let items = at.as_array_mut().ok_or_else(fail)?;
                let place = position(*index, items.len()).ok_or_else(fail)?;
                items.get_mut(place).ok_or_else(fail)?
            }
        };
    }
    *at = value;
    Ok(())
}

enum Scan {
    Definite(Vec<Key>),
    /// Rewritten for RFC 9535: every dotted name in brackets.
    Indefinite(String),
}

fn quoted(name: &str) -> String {
    format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Read the path once: collect its keys, and its RFC spelling in case it turns out to be indefinite.
fn definite(text: &str) -> Result<Scan, String> {
    let mut rest = text
        .strip_prefix('$')
        .ok_or_else(|| format!("'{text}' does not start with $"))?;
    let (mut keys, mut normal) = (Vec::new(), String::from("$"));
    let mut indefinite = false;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("..") {
            indefinite = true;
            normal.push_str("..");
            rest = tail;
            if rest.is_empty() {
                return Err(format!("'{text}' must not end with '.'"));
            }
            if let Some(tail) = rest.strip_prefix('*') {
                normal.push('*');
                rest = tail;
            } else if !rest.starts_with('[') {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                normal.push_str(&quoted(&rest[..end]));
                rest = &rest[end..];
            }
        } else if let Some(tail) = rest.strip_prefix('.') {
            if let Some(tail) = tail.strip_prefix('*') {
                indefinite = true;
                normal.push_str("[*]");
                rest = tail;
                continue;
            }
            let end = tail.find(['.', '[']).unwrap_or(tail.len());
            let name = &tail[..end];
            if name.is_empty() {
                return Err(format!("'{text}' has an empty name after '.'"));
            }
            if name.contains([' ', '\'', '"', '(', ')', '{', '}', '*', ',', ']', '?', '@']) {
                return Err(format!(
                    "'{text}': the name '{name}' must stand in brackets and quotes"
                ));
            }
            normal.push_str(&quoted(name));
            keys.push(Key::Name(name.to_owned()));
            rest = &tail[end..];
        } else if rest.starts_with('[') {
            let end = bracket_end(rest).ok_or_else(|| format!("'{text}': a bracket is not closed"))?;
            let inside = rest[1..end].trim();
            match single_key(inside) {
                Some(key) => {
                    normal.push_str(&match &key {
                        Key::Name(name) => quoted(name),
                        Key::Index(index) => format!("[{index}]"),
                    });
                    keys.push(key);
                }
                None => {
                    indefinite = true;
                    normal.push_str(&rest[..=end]);
                }
            }
            rest = &rest[end + 1..];
        } else {
            return Err(format!("'{text}': expected '.' or '[' before '{rest}'"));
        }
    }
    Ok(if indefinite {
        Scan::Indefinite(normal)
    } else {
        Scan::Definite(keys)
    })
}

/// Index of the bracket that closes the one at the start, minding quotes and nested brackets.
fn bracket_end(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, c) {
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            (None, _) => {}
        }
    }
    None
}

/// `'name'`, `"name"` or an index; nothing for unions, slices, filters and wildcards.
fn single_key(inside: &str) -> Option<Key> {
    if let Ok(index) = inside.parse::<i64>() {
        return Some(Key::Index(index));
    }
    let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let body = inside.strip_prefix(quote)?.strip_suffix(quote)?;
    let (mut name, mut escaped) = (String::new(), false);
    for c in body.chars() {
        match c {
            _ if escaped => {
                // Only the quote and the backslash itself are escaped: `ESCAPE_SEQUENCES_JSONPATH`.
                if c != quote && c != '\\' {
                    name.push('\\');
                }
                name.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            _ if c == quote => return None,
            _ => name.push(c),
        }
    }
    Some(Key::Name(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(path: &str, root: &Value) -> Result<Value, Error> {
        Path::parse(path, path).unwrap().read(root)
    }

    #[test]
    fn definite_paths_give_the_value_and_indefinite_ones_a_list() {
        let data = json!({"a-b": {"c": [1, 2, {"d": null}]}, "items": [{"v": 1}, {"v": 2}]});
        assert_eq!(read("$.a-b.c[1]", &data), Ok(json!(2)));
        assert_eq!(read("$['a-b']['c'][-1].d", &data), Ok(Value::Null));
        assert_eq!(read("$.items[:1].v", &data), Ok(json!([1])));
        assert_eq!(read("$.items[*].v", &data), Ok(json!([1, 2])));
        assert_eq!(read("$..v", &data), Ok(json!([1, 2])));
        assert_eq!(read("$.no.such[1:]", &data), Ok(json!([])));
        assert_eq!(read("$.items[?(@.v > 1)]", &data), Ok(json!([{"v": 2}])));
    }

    #[test]
    fn a_missing_place_is_named_as_aws_names_it() {
        let why = |path| match read(path, &json!({"a": {}})) {
            Err(Error::NotFound { why, .. }) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(why("$.b"), "No results for path: $['b']");
        assert_eq!(why("$.no.such"), "Missing property in path $['no']");
    }

    #[test]
    fn writing_makes_the_objects_on_the_way() {
        let mut root = json!({"a": 1});
        write(
            &mut root,
            &[Key::Name("b".into()), Key::Name("c".into())],
            json!(2),
        )
        .unwrap();
        assert_eq!(root, json!({"a": 1, "b": {"c": 2}}));
        assert!(
            write(
                &mut root,
                &[Key::Name("a".into()), Key::Name("x".into())],
                json!(2)
            )
            .is_err()
        );
    }
}
