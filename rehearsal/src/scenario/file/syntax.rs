//! A text that is no scenario file: what the reader of TOML says about it, in the words of whoever wrote it.

use domain::system::Problem;

use super::one_of;

/// The first place at which the text is not what it should be.
pub(super) fn problem(error: &toml::de::Error, text: &str) -> Problem {
    let (what, hint) = words(error.message().lines().next().unwrap_or_default());
    Problem {
        span: error.span().unwrap_or(0..text.len().min(1)),
        what,
        hint,
    }
}

/// What it is, and what to do about it.
fn words(said: &str) -> (String, String) {
    let quoted: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
    let (came, allowed) = quoted
        .split_first()
        .map_or(("", [].as_slice()), |(came, allowed)| (*came, allowed));
    if said.starts_with("unknown field") {
        return (format!("there is no key `{came}` here"), one_of(came, allowed));
    }
    if said.starts_with("unknown variant") {
        return (format!("`{came}` cannot stand here"), one_of(came, allowed));
    }
    if said.starts_with("missing field") {
        return (format!("`{came}` is missing"), format!("add `{came} = …`"));
    }
    if said.starts_with("duplicate key") {
        let hint =
            "write each key once, and each fault or person as a table of its own: `[[fault]]`, `[[person]]`";
        return ("this stands here twice".to_owned(), hint.to_owned());
    }
    if let Some((what, _)) = said.split_once("; write it like") {
        return (what.to_owned(), TIME.to_owned());
    }
    if let Some((came, expected)) = said
        .strip_prefix("invalid type: ")
        .or_else(|| said.strip_prefix("invalid value: "))
        .and_then(|rest| rest.split_once(", expected "))
    {
        return misfit(came, expected);
    }
    (said.to_owned(), EXAMPLES.to_owned())
}

/// One kind of value where another belongs.
fn misfit(came: &str, expected: &str) -> (String, String) {
    let (wanted, hint) = match expected {
        "a string" => ("text in quotes", TIME_OR_TEXT),
        "u32" => ("a whole number", "write 0 or more, without quotes"),
        "a sequence" => ("a list", "put it in brackets, as in `[\"recovered\"]`"),
        table if table.starts_with("struct ") => ("a table", EXAMPLES),
        other => (other, EXAMPLES),
    };
    let what = format!("{wanted} belongs here, and this is {}", said_plainly(came));
    (what, hint.to_owned())
}

/// As TOML's kinds of values are called by people.
fn said_plainly(came: &str) -> String {
    let (kind, value) = came.split_once(' ').unwrap_or((came, ""));
    let kind = match kind {
        "integer" => "the number",
        "floating" => return format!("the number {}", value.trim_start_matches("point ")),
        "string" => "the text",
        "boolean" => "the word",
        "sequence" => "a list",
        "map" => "a table",
        other => other,
    };
    format!("{kind} {value}").trim_end().to_owned()
}

const TIME: &str = "put a number and its unit in quotes, as in `\"90s\"`, `\"5m\"` or `\"1h 30m\"`";

const TIME_OR_TEXT: &str = "put it in quotes; a time has a unit, too, as in `\"90s\"`";

const EXAMPLES: &str = "docs/guide/scenario-files.md has every key, rehearsal/scenarios has examples";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_reader_of_toml_says_is_said_in_plain_words() {
        for (said, what, hint) in [
            (
                "unknown field `expected`, expected one of `summary`, `expect`",
                "there is no key `expected` here",
                "did you mean `expect`?",
            ),
            (
                "unknown variant `fixed`, expected `recovered` or `paged`",
                "`fixed` cannot stand here",
                "use one of: recovered, paged",
            ),
            (
                "missing field `outcomes`",
                "`outcomes` is missing",
                "add `outcomes = …`",
            ),
            (
                "invalid type: integer `3600`, expected a string",
                "text in quotes belongs here, and this is the number `3600`",
                TIME_OR_TEXT,
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "a whole number belongs here, and this is the number `-1`",
                "write 0 or more, without quotes",
            ),
            (
                "invalid type: floating point `5.5`, expected u32",
                "a whole number belongs here, and this is the number `5.5`",
                "write 0 or more, without quotes",
            ),
            (
                "`10` is not a length of time: no number with a unit; write it like `90s`, `5m` or `1h 30m`",
                "`10` is not a length of time: no number with a unit",
                TIME,
            ),
            (
                "invalid basic string, expected `\"`",
                "invalid basic string, expected `\"`",
                EXAMPLES,
            ),
        ] {
            assert_eq!(words(said), (what.to_owned(), hint.to_owned()), "{said}");
        }
    }
}
