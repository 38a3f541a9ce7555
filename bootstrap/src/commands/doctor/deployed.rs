//! What is deployed: the stack, the journal's table, the machines. Looking is also how a permission is tried.

use domain::journal::Journal;
use domain::names::{JOURNAL_TABLE, Recovery};
use evenkeel::stack::{here, machines};
use journal::DynamoJournal;
use serde_json::Value;

use super::{Finding, Place, Verdict};
use crate::account::Error;

/// The stack, as `evenkeel deploy` names it.
const STACK: &str = "evenkeel";

/// What CloudFormation says of it, and when it was changed last.
pub(super) async fn stack(place: &Place<'_>) -> Finding {
    const WHAT: &str = "stack";
    let client = aws_sdk_cloudformation::Client::new(&place.account.config_in(place.region));
    let described = client.describe_stacks().stack_name(STACK).send().await;
    let described = match described {
        Ok(described) => described,
        Err(error) => {
            let error = Error::of("cloudformation:DescribeStacks", error);
            let absent = matches!(&error, Error::Refused { why, .. } if why.contains("does not exist"));
            if absent {
                let hint = "deploy it: evenkeel deploy".to_owned();
                return place.found(
                    WHAT,
                    Verdict::Wrong,
                    format!("there is no stack `{STACK}`"),
                    Some(hint),
                );
            }
            return place.failed(WHAT, &error);
        }
    };
    let Some(stack) = described.stacks().first() else {
        return place.found(
            WHAT,
            Verdict::Unknown,
            "CloudFormation describes none".to_owned(),
            None,
        );
    };
    let status = stack.stack_status().map_or("no status", |status| status.as_str());
    let changed = stack.last_updated_time().or(stack.creation_time());
    let changed = changed.map(crate::commands::operate::events::at);
    let since = changed.map_or_else(String::new, |at| {
        format!(" since {}", at.strftime("%Y-%m-%d %H:%M:%SZ"))
    });
    let seen = format!("{STACK}: {status}{since}");
    if status.ends_with("_COMPLETE") && status != "DELETE_COMPLETE" {
        place.good(WHAT, seen)
    } else {
        let hint = "look at its events in CloudFormation, and deploy again: evenkeel deploy".to_owned();
        place.found(WHAT, Verdict::Wrong, seen, Some(hint))
    }
}

/// Whether every system's part of the journal can be read.
pub(super) async fn journal(place: &Place<'_>) -> Finding {
    const WHAT: &str = "journal";
    let journal = DynamoJournal::new(place.account.dynamodb(place.region), JOURNAL_TABLE);
    for system in &place.systems {
        let read = async {
            journal.lock(&system.name).await?;
            journal.view(&system.name).await
        };
        if let Err(error) = read.await {
            return place.failed(WHAT, &error.into());
        }
    }
    place.good(
        WHAT,
        format!("{JOURNAL_TABLE} can be read (dynamodb:GetItem, Query)"),
    )
}

/// Whether each machine is there, and is the one that this program has.
pub(super) async fn machines(place: &Place<'_>) -> Finding {
    const WHAT: &str = "machines";
    let sfn = place.account.sfn(place.region);
    let (mut same, mut differ, mut missing) = (0, Vec::new(), Vec::new());
    for recovery in Recovery::ALL {
        let Some(system) = place
            .systems
            .iter()
            .find(|system| here::carries_out(system, recovery, place.region))
        else {
            continue;
        };
        let arn = recovery.state_machine_arn(place.region, &system.account);
        match sfn.describe_state_machine().state_machine_arn(arn).send().await {
            Ok(there) if is_the_same(there.definition(), &machines::deployed(recovery)) => same += 1,
            Ok(_) => differ.push(recovery.machine()),
            Err(error) => match Error::of("states:DescribeStateMachine", error) {
                Error::NotDeployed { .. } => missing.push(recovery.machine()),
                error => return place.failed(WHAT, &error),
            },
        }
    }
    let mut seen = format!("{same} as this program ({}) has them", env!("CARGO_PKG_VERSION"));
    if !differ.is_empty() {
        seen.push_str(&format!("; of another version: {}", differ.join(", ")));
    }
    if !missing.is_empty() {
        seen.push_str(&format!("; not there: {}", missing.join(", ")));
    }
    if differ.is_empty() && missing.is_empty() {
        return place.good(WHAT, seen);
    }
    let hint =
        "deploy what this program has: evenkeel deploy; or use the program that deployed it".to_owned();
    place.found(WHAT, Verdict::Wrong, seen, Some(hint))
}

/// Whether runs can be listed, as `watch` and `history` need it.
pub(super) async fn runs(place: &Place<'_>) -> Finding {
    const WHAT: &str = "runs";
    let runs_here = Recovery::ALL.into_iter().find_map(|recovery| {
        let mut systems = place.systems.iter();
        let system = systems.find(|system| here::carries_out(system, recovery, place.region))?;
        Some(recovery.state_machine_arn(place.region, &system.account))
    });
    let Some(arn) = runs_here else {
        return place.good(WHAT, "no recovery runs here".to_owned());
    };
    let sfn = place.account.sfn(place.region);
    match sfn
        .list_executions()
        .state_machine_arn(arn)
        .max_results(1)
        .send()
        .await
    {
        Ok(_) => place.good(WHAT, "can be listed (states:ListExecutions)".to_owned()),
        Err(error) => place.failed(WHAT, &Error::of("states:ListExecutions", error)),
    }
}

/// As JSON: white space and the order of keys mean nothing.
fn is_the_same(one: &str, other: &str) -> bool {
    match (
        serde_json::from_str::<Value>(one),
        serde_json::from_str::<Value>(other),
    ) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_its_meaning() {
        assert!(is_the_same(r#"{"a": 1, "b": [2]}"#, r#"{"b":[2],"a":1}"#));
        assert!(!is_the_same(r#"{"a": 1}"#, r#"{"a": 2}"#));
        assert!(!is_the_same("{", "}"));
    }

    #[test]
    fn no_placeholder_is_left_in_what_is_deployed() {
        for recovery in Recovery::ALL {
            let text = machines::deployed(recovery);
            assert!(!text.contains("Function}"), "{recovery}");
            assert!(text.contains("evenkeel-journal"), "{recovery}");
        }
    }
}
