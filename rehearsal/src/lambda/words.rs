//! What a step says to a reader.

use serde_json::Value;

/// A line without the ages in it (", 97 s old"): that something is a second older is nothing new.
pub(super) fn ageless(line: &str) -> String {
    let digits = |c: char| c.is_ascii_digit();
    let parts: Vec<&str> = line.split(" s old").collect();
    let ages = parts.len() - 1;
    let kept = parts.iter().enumerate().map(|(index, part)| {
        if index < ages {
            part.trim_end_matches(digits)
        } else {
            part
        }
    });
    kept.collect()
}

/// What a step's output says to a reader.
pub(super) fn seen(output: &Value) -> String {
    match (&output["seen"], output) {
        (Value::String(seen), _) => seen.clone(),
        (Value::Array(all), _) => all
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("; "),
        (_, Value::Object(fields)) => {
            let shown = fields.iter().map(|(key, value)| match value {
                Value::String(text) => format!("{key} {text}"),
                other => format!("{key} {other}"),
            });
            shown.collect::<Vec<_>>().join(", ")
        }
        (_, other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::ageless;

    #[test]
    fn ages_are_nothing_new() {
        assert_eq!(
            ageless("lag 0 ms, 97 s old: 2 of 6"),
            ageless("lag 0 ms, 98 s old: 2 of 6")
        );
        assert_ne!(
            ageless("lag 0 ms, 97 s old: 2 of 6"),
            ageless("lag 0 ms, 97 s old: 3 of 6")
        );
        assert_eq!(ageless("not yet"), "not yet");
    }
}
