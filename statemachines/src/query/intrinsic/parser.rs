//! The text of an intrinsic call, taken apart.

use serde_json::Value;

use super::{Argument, Call, Function};
use crate::query::reference::Reference;

/// AWS allows calls to nest ten deep.
const MAX_DEPTH: usize = 10;

/// Parse `States.Name(argument, …)`.
///
/// # Errors
/// A sentence saying what was expected, and where.
pub(crate) fn parse(text: &str) -> Result<Call, String> {
    let mut parser = Parser { text, rest: text };
    let call = parser.call(0)?;
    parser.space();
    if !parser.rest.is_empty() {
        return Err(parser.expected("the end"));
    }
    Ok(call)
}

struct Parser<'t> {
    text: &'t str,
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn expected(&self, what: &str) -> String {
        let at = self.text.len() - self.rest.len();
        format!("'{}': expected {what} at character {at}", self.text)
    }

    fn take(&mut self, token: char) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn call(&mut self, depth: usize) -> Result<Call, String> {
        if depth == MAX_DEPTH {
            return Err(format!("'{}': calls nest more than {MAX_DEPTH} deep", self.text));
        }
        self.space();
        let start = self.rest;
        let end = self.rest.find('(').ok_or_else(|| self.expected("'('"))?;
        let name = self.rest[..end].trim();
        let function = function(name).ok_or_else(|| format!("'{name}' is no intrinsic function"))?;
        self.rest = &self.rest[end + 1..];
        let mut arguments = Vec::new();
        if !self.take(')') {
            loop {
                arguments.push(self.argument(depth)?);
                if self.take(')') {
                    break;
                }
                if !self.take(',') {
                    return Err(self.expected("',' or ')'"));
                }
            }
        }
        let written = &start[..start.len() - self.rest.len()];
        Ok(Call {
            written: written.into(),
            function,
            arguments,
        })
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, String> {
        self.space();
        if self.rest.starts_with("States.") {
            return self
                .call(depth + 1)
                .map(|call| Argument::Reference(Reference::Intrinsic(Box::new(call))));
        }
        if self.rest.starts_with('$') {
            let end = path_end(self.rest);
            let (path, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Reference::parse_path(path.trim_end()).map(Argument::Reference);
        }
        if let Some(rest) = self.rest.strip_prefix('\'') {
            return self
                .quoted(rest)
                .map(|text| Argument::Literal(Value::String(text)));
        }
        let end = self.rest.find([',', ')']).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        let value = match serde_json::from_str::<Value>(token.trim()) {
            Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
            Ok(_) | Err(_) => return Err(self.expected("a path, a number, null, true, false, or 'text'")),
        };
        self.rest = rest;
        Ok(Argument::Literal(value))
    }

    /// `\'` and `\\` lose their backslash; `\{` and `\}` keep it, for `States.Format` to see.
    fn quoted(&mut self, body: &'t str) -> Result<String, String> {
        let mut text = String::new();
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.rest = &body[at + 1..];
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, next @ ('\'' | '"'))) => text.push(next),
                    Some((_, next)) => {
                        text.push('\\');
                        text.push(next);
                    }
                    None => break,
                },
                _ => text.push(c),
            }
        }
        Err(self.expected("a closing quote"))
    }
}

/// Where a path that starts here ends: at a comma or parenthesis outside brackets.
fn path_end(text: &str) -> usize {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if depth > 0 => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, ',' | ')') if depth == 0 => return at,
            (None, _) => {}
        }
    }
    text.len()
}

fn function(name: &str) -> Option<Function> {
    Some(match name {
        "States.Format" => Function::Format,
        "States.StringToJson" => Function::StringToJson,
        "States.JsonToString" => Function::JsonToString,
        "States.Array" => Function::Array,
        "States.ArrayPartition" => Function::ArrayPartition,
        "States.ArrayContains" => Function::ArrayContains,
        "States.ArrayRange" => Function::ArrayRange,
        "States.ArrayGetItem" => Function::ArrayGetItem,
        "States.ArrayLength" => Function::ArrayLength,
        "States.ArrayUnique" => Function::ArrayUnique,
        "States.Base64Encode" => Function::Base64Encode,
        "States.Base64Decode" => Function::Base64Decode,
        "States.Hash" => Function::Hash,
        "States.JsonMerge" => Function::JsonMerge,
        "States.MathRandom" => Function::MathRandom,
        "States.MathAdd" => Function::MathAdd,
        "States.StringSplit" => Function::StringSplit,
        "States.UUID" => Function::Uuid,
        _ => return None,
    })
}
