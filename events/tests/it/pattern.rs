//! EventBridge's matching, as far as our rules use it: exact values and prefixes (EventBridge User Guide,
//! `eb-event-patterns` and `eb-create-pattern-operators`).

use serde_json::Value;

/// Whether the event matches. Every key of the pattern must match; of a key's alternatives one must; where the event
/// has an array, one of its elements must.
///
/// # Panics
///
/// On a pattern that EventBridge would not take, or that uses an operator which is not known here: a test must not
/// pass because a rule was not understood.
pub(crate) fn matches(pattern: &Value, event: &Value) -> bool {
    let Value::Object(pattern) = pattern else {
        panic!("a pattern is an object, not {pattern}")
    };
    assert!(!pattern.is_empty(), "a pattern has keys");
    // No `all` over the lazy answer alone: a later key that is not understood must be noticed as well.
    let answers: Vec<bool> = pattern
        .iter()
        .map(|(key, wanted)| match (wanted, event.get(key)) {
            (Value::Array(alternatives), value) => one_of(alternatives, value),
            (Value::Object(_), Some(nested)) => matches(wanted, nested),
            (Value::Object(_), None) => false,
            (other, _) => panic!("`{key}` is neither an array nor an object: {other}"),
        })
        .collect();
    answers.into_iter().all(|answer| answer)
}

fn one_of(alternatives: &[Value], value: Option<&Value>) -> bool {
    assert!(!alternatives.is_empty(), "an array of alternatives has some");
    let answers: Vec<bool> = alternatives.iter().map(|wanted| is(wanted, value)).collect();
    answers.into_iter().any(|answer| answer)
}

fn is(wanted: &Value, value: Option<&Value>) -> bool {
    let test: Box<dyn Fn(&Value) -> bool + '_> = match wanted {
        Value::Object(operator) => match operator.iter().next() {
            Some((name, Value::String(prefix))) if name == "prefix" && operator.len() == 1 => {
                Box::new(move |it| it.as_str().is_some_and(|text| text.starts_with(prefix.as_str())))
            }
            _ => panic!("an operator that is not known here: {wanted}"),
        },
        Value::Array(_) => panic!("an array among the alternatives: {wanted}"),
        exact => Box::new(move |it| it == exact),
    };
    match value {
        Some(Value::Array(elements)) => elements.iter().any(test),
        Some(value) => test(value),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn exact_values_are_alternatives_and_keys_are_conditions() {
        let pattern = json!({"source": ["aws.rds", "aws.cloudwatch"], "region": ["eu-central-1"]});
        assert!(matches(
            &pattern,
            &json!({"source": "aws.rds", "region": "eu-central-1", "other": 1})
        ));
        assert!(!matches(
            &pattern,
            &json!({"source": "aws.rds", "region": "us-east-1"})
        ));
        assert!(!matches(&pattern, &json!({"source": "aws.rds"})));
        assert!(!matches(
            &pattern,
            &json!({"source": "aws.ec2", "region": "eu-central-1"})
        ));
    }

    #[test]
    fn nested_keys_and_elements_of_arrays_match() {
        let pattern =
            json!({"detail": {"EventCategories": ["failover"], "EventID": [{"prefix": "RDS-EVENT-"}]}});
        let event =
            |id: &str| json!({"detail": {"EventCategories": ["notification", "failover"], "EventID": id}});
        assert!(matches(&pattern, &event("RDS-EVENT-0049")));
        assert!(!matches(&pattern, &event("EC2-EVENT-0049")));
        assert!(!matches(
            &pattern,
            &json!({"detail": {"EventID": "RDS-EVENT-0049"}})
        ));
        assert!(!matches(&pattern, &json!({})));
    }

    #[test]
    #[should_panic(expected = "not known here")]
    fn an_operator_that_is_not_known_fails_the_test() {
        matches(
            &json!({"source": [{"suffix": "rds"}]}),
            &json!({"source": "aws.rds"}),
        );
    }
}
