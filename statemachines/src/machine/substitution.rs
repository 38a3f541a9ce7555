//! `${Name}` in a definition, as CloudFormation's `DefinitionSubstitutions` replaces it.

use std::collections::{BTreeMap, BTreeSet};

/// Names that no substitution was given for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no value for {}; hint: add it to the substitutions", .unresolved.iter().map(|name| format!("${{{name}}}")).collect::<Vec<_>>().join(", "))]
pub struct Error {
    /// The names, sorted.
    pub unresolved: Vec<String>,
}

/// Replace every `${Name}` by its value.
///
/// Names are letters, digits and underscores; anything else in braces is left alone, as CloudFormation leaves it. Values
/// are put in as they are: they are ARNs and names, and what needs quoting in JSON must come quoted.
///
/// # Errors
/// [`Error`] names every `${Name}` that has no value.
pub fn substitute(text: &str, values: &BTreeMap<String, String>) -> Result<String, Error> {
    let mut result = String::with_capacity(text.len());
    let mut unresolved = BTreeSet::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        result.push_str(&rest[..start]);
        let body = &rest[start + 2..];
        let end = body
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(body.len());
        let name = &body[..end];
        if name.is_empty() || !body[end..].starts_with('}') {
            result.push_str("${");
            rest = body;
            continue;
        }
        match values.get(name) {
            Some(value) => result.push_str(value),
            None => {
                unresolved.insert(name.to_owned());
            }
        }
        rest = &body[end + 1..];
    }
    result.push_str(rest);
    if unresolved.is_empty() {
        Ok(result)
    } else {
        Err(Error {
            unresolved: unresolved.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_replaced_and_every_missing_one_named() {
        let values = BTreeMap::from([("Arn".to_owned(), "arn:x".to_owned())]);
        assert_eq!(
            substitute("a ${Arn} b ${ } $Arn ${Arn}", &values).unwrap(),
            "a arn:x b ${ } $Arn arn:x"
        );
        let error = substitute("${B} ${Arn} ${A}", &values).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no value for ${A}, ${B}; hint: add it to the substitutions"
        );
    }
}
