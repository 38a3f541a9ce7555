//! A deployment against a CloudFormation that answers as it is told: what goes back, what is left of a first try, and what changes in
//! nested stacks.

use std::sync::{Arc, Mutex};

use aws_sdk_cloudformation::config::retry::RetryConfig;
use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials};
use aws_sdk_cloudformation::operation::create_change_set::CreateChangeSetOutput;
use aws_sdk_cloudformation::operation::delete_stack::DeleteStackOutput;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::operation::describe_change_set::builders::DescribeChangeSetOutputBuilder;
use aws_sdk_cloudformation::operation::describe_stack_events::DescribeStackEventsOutput;
use aws_sdk_cloudformation::types::{
    Change as Changed, ChangeAction, ChangeSetStatus, ChangeType, ResourceChange, ResourceStatus, StackEvent,
    StackStatus,
};
use aws_sdk_cloudformation::{Client, Config};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use serde_json::json;

use super::*;
use crate::deploy::stack::{Child, What};

const ROOT: &str = "arn:aws:cloudformation:eu-central-1:111122223333:stack/evenkeel/1";
const INSIDE: &str = "arn:aws:cloudformation:eu-central-1:111122223333:stack/evenkeel-StackOfShop/2";
const NESTED: &str = "AWS::CloudFormation::Stack";

fn stack(rules: &[Rule]) -> Stack {
    let answers = rules.iter().fold(
        MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
        MockResponseInterceptor::with_rule,
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_sdk_cloudformation::config::Region::from_static(
            "eu-central-1",
        ))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(create_mock_http_client())
        .interceptor(answers)
        .retry_config(RetryConfig::disabled())
        .build();
    Stack::new(
        "eu-central-1".parse().expect("a Region"),
        Client::from_conf(config),
    )
}

/// Resource, its type, what AWS calls it, status, reason: oldest first.
type Happened = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// What happened to a stack, as CloudFormation tells it: newest first, one event a page.
fn events(stack: &'static str, happened: &'static [Happened]) -> Rule {
    mock!(Client::describe_stack_events)
        .match_requests(move |asked| asked.stack_name() == Some(stack))
        .then_compute_output(move |asked| {
            let page: usize = asked.next_token().map_or(0, |page| page.parse().expect("ours"));
            let number = happened.len() - 1 - page;
            let (logical, kind, physical, status, reason) = happened[number];
            let event = StackEvent::builder()
                .stack_id(stack)
                .stack_name("evenkeel")
                .event_id(format!("{stack}-{number}"))
                .timestamp(aws_smithy_types::DateTime::from_secs(0))
                .logical_resource_id(logical)
                .resource_type(kind)
                .physical_resource_id(physical)
                .resource_status(ResourceStatus::from(status))
                .resource_status_reason(reason)
                .build();
            DescribeStackEventsOutput::builder()
                .stack_events(event)
                .set_next_token((number > 0).then(|| (page + 1).to_string()))
                .build()
        })
}

fn block_on<T>(asked: impl Future<Output = T>) -> T {
    account::block_on(asked).expect("timers")
}

/// What a person is told of it, and the exit code.
fn told(stack: &Stack, since: Option<String>) -> (String, String) {
    let ended = block_on(stack.follow(ROOT, since, |_| {})).expect("it ends");
    assert!(!ended.is_well(), "{ended:?}");
    let error = failed(stack, ended);
    let hint = error.hint();
    let failure = Failure::from(error);
    let said = failure.to_string();
    assert_eq!(failure.show(), ExitCode::FAILURE);
    (said, hint)
}

#[test]
fn an_update_that_goes_back_says_what_failed_first_and_that_all_is_as_before() {
    let stack = stack(&[events(
        ROOT,
        &[
            ("evenkeel", NESTED, ROOT, "UPDATE_COMPLETE", ""),
            ("evenkeel", NESTED, ROOT, "UPDATE_IN_PROGRESS", "User Initiated"),
            (
                "RouterFunction",
                "AWS::Lambda::Function",
                "evenkeel-router",
                "UPDATE_COMPLETE",
                "",
            ),
            (
                "TrafficFunctionRoleShelf1",
                "AWS::IAM::ManagedPolicy",
                "policy",
                "UPDATE_FAILED",
                "Cannot exceed quota for PolicySize: 6144",
            ),
            (
                "AssessFunction",
                "AWS::Lambda::Function",
                "evenkeel-assess",
                "UPDATE_FAILED",
                "Resource update cancelled",
            ),
            (
                "evenkeel",
                NESTED,
                ROOT,
                "UPDATE_ROLLBACK_IN_PROGRESS",
                "The following resource(s) failed",
            ),
            (
                "RouterFunction",
                "AWS::Lambda::Function",
                "evenkeel-router",
                "UPDATE_COMPLETE",
                "",
            ),
            ("evenkeel", NESTED, ROOT, "UPDATE_ROLLBACK_COMPLETE", ""),
        ],
    )]);
    let (what, hint) = told(&stack, Some(format!("{ROOT}-0")));
    assert_eq!(
        what,
        "eu-central-1: TrafficFunctionRoleShelf1 (AWS::IAM::ManagedPolicy) failed first: Cannot exceed quota for PolicySize: 6144; \
         the stack is UPDATE_ROLLBACK_COMPLETE"
    );
    assert!(
        hint.contains("Evenkeel works as before") && hint.contains("deploy again"),
        "{hint}"
    );
    // It can be updated as if nothing had been.
    assert_eq!(
        Standing::of(Some(&StackStatus::UpdateRollbackComplete)),
        Standing::Ready
    );
}

#[test]
fn what_failed_in_a_nested_stack_is_named_with_its_reason_and_not_that_of_an_earlier_change() {
    let around = [
        ("evenkeel", NESTED, ROOT, "UPDATE_IN_PROGRESS", "User Initiated"),
        (
            "StackOfShop",
            NESTED,
            INSIDE,
            "UPDATE_FAILED",
            "Embedded stack was not successfully updated",
        ),
        ("evenkeel", NESTED, ROOT, "UPDATE_ROLLBACK_COMPLETE", ""),
    ];
    let inside = [
        ("evenkeel-StackOfShop", NESTED, INSIDE, "UPDATE_IN_PROGRESS", ""),
        (
            "RuleOfShop",
            "AWS::Events::Rule",
            "r",
            "UPDATE_FAILED",
            "last year's trouble",
        ),
        (
            "evenkeel-StackOfShop",
            NESTED,
            INSIDE,
            "UPDATE_ROLLBACK_COMPLETE",
            "",
        ),
        ("evenkeel-StackOfShop", NESTED, INSIDE, "UPDATE_IN_PROGRESS", ""),
        (
            "RuleOfShop",
            "AWS::Events::Rule",
            "r",
            "UPDATE_FAILED",
            "Event pattern is not valid",
        ),
        (
            "evenkeel-StackOfShop",
            NESTED,
            INSIDE,
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "",
        ),
    ];
    let stack = stack(&[
        events(ROOT, around.to_vec().leak()),
        events(INSIDE, inside.to_vec().leak()),
    ]);
    let (what, _) = told(&stack, None);
    assert!(
        what.contains("StackOfShop/RuleOfShop (AWS::Events::Rule) failed first: Event pattern is not valid;"),
        "{what}"
    );
}

#[test]
fn a_first_creation_that_failed_is_taken_back_and_what_is_left_of_it_is_deleted_before_the_next() {
    let creation = stack(&[events(
        ROOT,
        &[
            ("evenkeel", NESTED, ROOT, "CREATE_IN_PROGRESS", "User Initiated"),
            (
                "Journal",
                "AWS::DynamoDB::Table",
                "",
                "CREATE_FAILED",
                "evenkeel-journal already exists",
            ),
            ("evenkeel", NESTED, ROOT, "ROLLBACK_IN_PROGRESS", ""),
            ("evenkeel", NESTED, ROOT, "ROLLBACK_COMPLETE", ""),
        ],
    )]);
    let (what, hint) = told(&creation, None);
    assert!(
        what.contains("Journal (AWS::DynamoDB::Table) failed first: evenkeel-journal already exists"),
        "{what}"
    );
    assert!(
        hint.contains("what is left of this try is deleted then"),
        "{hint}"
    );
    assert_eq!(
        Standing::of(Some(&StackStatus::RollbackComplete)),
        Standing::Remains
    );

    let deleted: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&deleted);
    let delete = mock!(Client::delete_stack).then_compute_output(move |asked| {
        noted
            .lock()
            .expect("whole")
            .push(asked.stack_name().unwrap_or_default().to_owned());
        DeleteStackOutput::builder().build()
    });
    // Before it is deleted its newest event is that it was rolled back; afterwards, that it is gone.
    let before = &[("evenkeel", NESTED, ROOT, "ROLLBACK_COMPLETE", "")];
    let after = &[
        ("evenkeel", NESTED, ROOT, "ROLLBACK_COMPLETE", ""),
        ("evenkeel", NESTED, ROOT, "DELETE_IN_PROGRESS", ""),
        ("evenkeel", NESTED, ROOT, "DELETE_COMPLETE", ""),
    ];
    let (is_deleted, is_not) = (Arc::clone(&deleted), Arc::clone(&deleted));
    let one = |happened: &Happened, number: usize| {
        StackEvent::builder()
            .stack_id(ROOT)
            .event_id(number.to_string())
            .logical_resource_id(happened.0)
            .resource_type(happened.1)
            .physical_resource_id(happened.2)
            .resource_status(ResourceStatus::from(happened.3))
            .build()
    };
    let page = move |happened: &[Happened]| {
        let events = happened
            .iter()
            .enumerate()
            .rev()
            .map(|(number, happened)| one(happened, number));
        DescribeStackEventsOutput::builder()
            .set_stack_events(Some(events.collect()))
            .build()
    };
    let rules = [
        mock!(Client::describe_stack_events)
            .match_requests(move |_| is_not.lock().expect("whole").is_empty())
            .then_compute_output(move |_| page(before)),
        mock!(Client::describe_stack_events)
            .match_requests(move |_| !is_deleted.lock().expect("whole").is_empty())
            .then_compute_output(move |_| page(after)),
        delete,
    ];
    let found = Found {
        id: ROOT.to_owned(),
        status: StackStatus::RollbackComplete,
        parameters: BTreeMap::new(),
    };
    block_on(clear_away(&stack(&rules), &found)).expect("it is gone");
    assert_eq!(*deleted.lock().expect("whole"), [ROOT], "by its ARN, and once");
}

fn resource(logical: &str, kind: &str, action: ChangeAction, inside: Option<&str>) -> Changed {
    let change = ResourceChange::builder()
        .logical_resource_id(logical)
        .resource_type(kind)
        .action(action)
        .set_change_set_id(inside.map(str::to_owned));
    Changed::builder()
        .r#type(ChangeType::Resource)
        .resource_change(change.build())
        .build()
}

fn change_set(id: &'static str, of: &'static str, answer: fn() -> DescribeChangeSetOutputBuilder) -> Rule {
    mock!(Client::describe_change_set)
        .match_requests(move |asked| asked.change_set_name() == Some(id))
        .then_compute_output(move |_| answer().stack_id(of).build())
}

fn compared(changes: Vec<Changed>) -> DescribeChangeSetOutputBuilder {
    DescribeChangeSetOutput::builder()
        .status(ChangeSetStatus::CreateComplete)
        .set_changes(Some(changes))
}

fn refused(why: &str) -> DescribeChangeSetOutputBuilder {
    DescribeChangeSetOutput::builder()
        .status(ChangeSetStatus::Failed)
        .status_reason(why)
}

fn created(nested: bool) -> Rule {
    mock!(Client::create_change_set)
        .match_requests(move |asked| asked.include_nested_stacks() == nested.then_some(true))
        .then_output(|| CreateChangeSetOutput::builder().id("root").stack_id(ROOT).build())
}

fn given(nests: bool) -> Given<'static> {
    Given {
        template_url: "https://bucket/template.json",
        bucket: "bucket",
        prefix: "evenkeel/1",
        kept: &[],
        nests,
    }
}

#[test]
fn what_changes_in_nested_stacks_is_found_out_stack_by_stack() {
    let rules = [
        created(true),
        change_set("root", ROOT, || {
            compared(vec![
                resource(
                    "RouterFunction",
                    "AWS::Lambda::Function",
                    ChangeAction::Modify,
                    None,
                ),
                resource("StackOfShop", NESTED, ChangeAction::Modify, Some("shop")),
                resource("StackOfTill", NESTED, ChangeAction::Modify, Some("till")),
                resource("StackOfDesk", NESTED, ChangeAction::Add, Some("desk")),
                resource("StackOfAttic", NESTED, ChangeAction::Remove, None),
            ])
        }),
        change_set("shop", INSIDE, || {
            compared(vec![
                resource("RuleOfShop", "AWS::Events::Rule", ChangeAction::Modify, None),
                resource("Rule2OfShop", "AWS::Events::Rule", ChangeAction::Remove, None),
            ])
        }),
        change_set("till", INSIDE, || {
            refused("The submitted information didn't contain changes.")
        }),
        change_set("desk", INSIDE, || {
            compared(vec![resource(
                "RuleOfDesk",
                "AWS::Events::Rule",
                ChangeAction::Add,
                None,
            )])
        }),
    ];
    let prepared = block_on(stack(&rules).prepare(Standing::Ready, "try", &given(true)));
    let prepared = prepared.expect("compared").expect("it differs");
    let said: Vec<(&str, What)> = prepared
        .changes
        .iter()
        .map(|change| (change.logical.as_str(), change.what))
        .collect();
    assert_eq!(
        said,
        [
            ("RouterFunction", What::Changed),
            ("StackOfShop", What::Changed),
            ("StackOfTill", What::Changed),
            ("StackOfDesk", What::Added),
            ("StackOfAttic", What::Removed),
            ("StackOfShop/RuleOfShop", What::Changed),
            ("StackOfShop/Rule2OfShop", What::Removed),
            ("StackOfDesk/RuleOfDesk", What::Added),
        ]
    );
    let child = Child {
        logical: "StackOfShop".to_owned(),
        stack: INSIDE.to_owned(),
    };
    assert_eq!(
        prepared.children,
        [child],
        "the one whose template is there, and differs"
    );
}

#[test]
fn a_nested_stack_that_cloudformation_refuses_refuses_the_whole_and_names_itself() {
    let rules = [
        created(true),
        change_set("root", ROOT, || {
            compared(vec![resource(
                "StackOfShop",
                NESTED,
                ChangeAction::Modify,
                Some("shop"),
            )])
        }),
        change_set("shop", INSIDE, || refused("Template format error")),
        mock!(Client::delete_change_set).then_output(|| {
            aws_sdk_cloudformation::operation::delete_change_set::DeleteChangeSetOutput::builder().build()
        }),
        mock!(Client::describe_stacks).then_output(|| {
            aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksOutput::builder().build()
        }),
    ];
    let answer = block_on(stack(&rules).prepare(Standing::Ready, "try", &given(true)));
    let said = answer.expect_err("refused").to_string();
    assert!(said.contains("in StackOfShop: Template format error"), "{said}");
}

#[test]
fn a_stack_without_nested_ones_asks_for_none() {
    let rules = [
        created(false),
        change_set("root", ROOT, || {
            compared(vec![resource(
                "Look",
                "AWS::Scheduler::Schedule",
                ChangeAction::Modify,
                None,
            )])
        }),
    ];
    let prepared = block_on(stack(&rules).prepare(Standing::Ready, "try", &given(false)));
    let prepared = prepared.expect("compared").expect("it differs");
    assert_eq!((prepared.changes.len(), prepared.children.len()), (1, 0));
}

#[test]
fn the_template_of_a_nested_stack_is_found_among_the_files() {
    let url = "https://${CodeBucket}.s3.${AWS::Region}.${AWS::URLSuffix}/${CodePrefix}/systems/shop.json";
    let root = json!({ "Resources": {
        "StackOfShop": { "Type": NESTED, "Properties": { "TemplateURL": { "Fn::Sub": url } } },
        "Look": { "Type": "AWS::Scheduler::Schedule", "Properties": {} },
    } });
    let files = BTreeMap::from([("systems/shop.json".to_owned(), b"{\"Resources\":{}}".to_vec())]);
    assert_eq!(
        nested(&root, "StackOfShop", &files),
        Some(json!({ "Resources": {} }))
    );
    assert_eq!(nested(&root, "Look", &files), None);
    assert_eq!(nested(&root, "StackOfShop", &BTreeMap::new()), None);
    assert!(nests(&root));
    assert!(!nests(
        &json!({ "Resources": { "Look": { "Type": "AWS::Scheduler::Schedule" } } })
    ));
}
