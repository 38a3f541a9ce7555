//! What a JSONPath state may name: a path into its data, into the context object, a variable, or an intrinsic call.

use std::sync::Arc;

use serde_json::Value;

use super::intrinsic::{self, Call};
use super::jsonpath::Path;

/// The right-hand side of a `….$` field or of a `…Path` field.
#[derive(Debug, Clone)]
pub(crate) enum Reference {
    /// `$…`: the state's data.
    Data(Path),
    /// `$$…`: the context object.
    Context(Path),
    /// `$name…`: a variable, and a path into it.
    Variable {
        /// Name, without `$`.
        name: String,
        /// Path into its value.
        path: Path,
    },
    /// `States.…(…)`.
    Intrinsic(Box<Call>),
}

/// What a reference may read.
pub(crate) trait Source {
    /// What `$` is.
    fn data(&self) -> &Value;
    /// What `$$` is.
    fn context(&self) -> Arc<Value>;
    /// A workflow variable.
    fn variable(&self, name: &str) -> Option<Arc<Value>>;
    /// Draw for `States.UUID` and `States.MathRandom`.
    fn random(&self) -> std::rc::Rc<std::cell::RefCell<crate::execution::random::Random>>;
}

/// Why a reference gave nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Error {
    /// A path leads nowhere.
    #[error("path '{path}': {why}")]
    NotFound {
        /// The path as written.
        path: String,
        /// Jayway's words for it, which AWS repeats.
        why: String,
    },
    /// An intrinsic function refused its arguments.
    #[error("{0}")]
    Intrinsic(String),
}

impl Reference {
    /// Parse what stands at the right of `….$`.
    ///
    /// # Errors
    /// A sentence saying what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("States.") {
            return intrinsic::parse(text).map(|call| Self::Intrinsic(Box::new(call)));
        }
        Self::parse_path(text)
    }

    /// Parse a path: no intrinsic call.
    pub(crate) fn parse_path(text: &str) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("$$") {
            return Path::parse(&format!("${rest}"), text).map(Self::Context);
        }
        let Some(rest) = text.strip_prefix('$') else {
            return Err(format!(
                "expected a path that starts with $, $$ or a variable, got '{text}'"
            ));
        };
        if rest.is_empty() || rest.starts_with(['.', '[']) {
            return Path::parse(text, text).map(Self::Data);
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(format!("'{name}' is no name for a variable"));
        }
        Ok(Self::Variable {
            name: name.to_owned(),
            path: Path::parse(&format!("${tail}"), text)?,
        })
    }

    /// Variables read.
    pub(crate) fn variables<'r>(&'r self, names: &mut Vec<&'r str>) {
        match self {
            Self::Data(_) | Self::Context(_) => {}
            Self::Variable { name, .. } => names.push(name),
            Self::Intrinsic(call) => call.references(&mut |reference| reference.variables(names)),
        }
    }

    /// Read the value.
    pub(crate) fn read(&self, source: &dyn Source) -> Result<Value, Error> {
        match self {
            Self::Data(path) => path.read(source.data()),
            Self::Context(path) => path.read(&source.context()),
            Self::Variable { name, path } => match source.variable(name) {
                Some(value) => path.read(&value),
                None => Err(Error::NotFound {
                    path: path.written().to_owned(),
                    why: format!("Variable '{name}' is not defined"),
                }),
            },
            Self::Intrinsic(call) => call.evaluate(source),
        }
    }

    /// As written in the definition.
    pub(crate) fn written(&self) -> &str {
        match self {
            Self::Data(path) | Self::Context(path) | Self::Variable { path, .. } => path.written(),
            Self::Intrinsic(call) => call.written(),
        }
    }
}
