//! Expressions that are nothing but a way to a field, such as `$run.incident`: they are walked, not evaluated, which is most of what
//! a machine's arguments are.
//!
//! Only where that comes to the same: an array on the way, a value that is not there, and a number that JSONata would write
//! otherwise are left to the evaluator.

use serde_json::Value;

use super::Bindings;

/// Where a way begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    /// `$states.input`.
    Input,
    /// `$states.result`.
    Result,
    /// `$states.errorOutput`.
    ErrorOutput,
    /// `$states.context`.
    Context,
    /// A workflow variable.
    Variable(String),
}

/// A way to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    root: Root,
    fields: Vec<String>,
}

impl Path {
    /// The way that an expression is, if it is nothing else.
    pub(super) fn of(source: &str) -> Option<Self> {
        let mut names = source.strip_prefix('$')?.split('.');
        let first = names.next().filter(|name| is_name(name))?;
        let root = if first == "states" {
            match names.next()? {
                "input" => Root::Input,
                "result" => Root::Result,
                "errorOutput" => Root::ErrorOutput,
                "context" => Root::Context,
                _ => return None,
            }
        } else {
            Root::Variable(first.to_owned())
        };
        let fields: Vec<String> = names.map(str::to_owned).collect();
        fields
            .iter()
            .all(|name| is_name(name))
            .then_some(Self { root, fields })
    }

    /// What is at its end.
    pub(super) fn walk(&self, bindings: &dyn Bindings) -> Option<Value> {
        if let (Root::Context, [state, field]) = (&self.root, self.fields.as_slice())
            && state == "State"
            && let Some(value) = bindings.of_state(field)
        {
            return Some(value);
        }
        let root = bindings.value(&self.root)?;
        let mut at = root.as_ref();
        for field in &self.fields {
            at = at.as_object()?.get(field)?;
        }
        let is_one = matches!(
            at,
            Value::Bool(_) | Value::String(_) | Value::Object(_) | Value::Number(_)
        );
        (is_one && is_plain(at)).then(|| at.clone())
    }
}

/// Whether JSONata would write it as it stands: its numbers are doubles, and 1.0 becomes 1.
fn is_plain(value: &Value) -> bool {
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number
            .as_i64()
            .is_some_and(|number| number.unsigned_abs() <= EXACT),
        Value::Array(all) => all.iter().all(is_plain),
        Value::Object(fields) => fields.values().all(is_plain),
    }
}

/// Whether it can be nothing but the name of a variable or a field. `and`, `or` and `in` can be operators.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !matches!(text, "and" | "or" | "in" | "true" | "false" | "null" | "function")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_way_to_a_field_is_walked() {
        let path = |source: &str| Path::of(source).map(|path| (path.root, path.fields.join(".")));
        let variable = |name: &str| Root::Variable(name.to_owned());
        assert_eq!(
            path("$run.incident"),
            Some((variable("run"), "incident".to_owned()))
        );
        assert_eq!(path("$epoch"), Some((variable("epoch"), String::new())));
        assert_eq!(
            path("$states.context.State.EnteredTime"),
            Some((Root::Context, "State.EnteredTime".to_owned()))
        );
        for other in [
            "$states",
            "$states.other",
            "$",
            "$$.x",
            "$now()",
            "$x.y[0]",
            "$x . y",
            "$x.`y`",
            "$x.*",
            "$x.%",
            "$x & $y",
            "x.y",
            "$x.in",
            "$x.",
        ] {
            assert_eq!(path(other), None, "{other}");
        }
    }

    #[test]
    fn a_number_that_jsonata_writes_otherwise_is_left_to_it() {
        assert!(is_plain(&serde_json::json!({"a": [1, "x", null], "b": -7})));
        assert!(!is_plain(&serde_json::json!({"a": 1.0})));
        assert!(!is_plain(&serde_json::json!(9_007_199_254_740_993_u64)));
    }
}
