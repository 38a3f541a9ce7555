//! The Lambda functions: one package each, one role each, and what each is given.
//!
//! | function | memory | time-out | why |
//! |---|---|---|---|
//! | `router` | 512 MB | 30 s | looks at several services at once while alarms come in storms; asynchronous, so nobody waits |
//! | `assess`, `traffic` | 512 MB | 10 s | open a dozen connections at once, to two Regions; the share of a core is what a handshake needs |
//! | the others | 256 MB | 10 s | one or two services; they peak at 14 MB, and more memory is only a larger share of a core |
//!
//! Ten seconds are what a state waits for one attempt (`TimeoutSeconds` in every definition): a function that lived longer
//! would act after its state had given up. A call that hangs ends after three (`runtime::clients::ATTEMPT`), with a name.
//! Lambda gives a function a share of a core by its memory: a whole one at 1,769 MB (Lambda Developer Guide,
//! configuration-memory).

use std::collections::BTreeMap;

use serde_json::json;

use super::arn::{attribute, reference, text};
use super::here::Here;
use super::only::Only;
use super::permissions::Permission;
use super::policy::{self, Needed, Shelf};
use super::role;
use super::template::Template;

/// How long logs are kept, in days: as long as an execution's name is taken (Step Functions API, StartExecution), so that
/// whoever finds a run finds what it said.
pub(super) const LOGS_KEPT_FOR: u32 = 90;

/// The logical ID of the queue that keeps what the router could not deal with.
pub(super) const DEAD_LETTERS: &str = "DeadLetters";

/// A Lambda function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// What stands before and behind a recovery.
    Assess,
    /// ElastiCache.
    Cache,
    /// Auto Scaling groups and their targets.
    Capacity,
    /// RDS.
    Database,
    /// CodeDeploy.
    Deployment,
    /// The lock and the record of a run.
    Journal,
    /// People.
    Notify,
    /// From an event to a run.
    Router,
    /// Where users go.
    Traffic,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Assess,
        Self::Cache,
        Self::Capacity,
        Self::Database,
        Self::Deployment,
        Self::Journal,
        Self::Notify,
        Self::Router,
        Self::Traffic,
    ];

    /// Its name in the house, which is its package's and its key's in the bucket.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Assess => "assess",
            Self::Cache => "cache",
            Self::Capacity => "capacity",
            Self::Database => "database",
            Self::Deployment => "deployment",
            Self::Journal => "journal",
            Self::Notify => "notify",
            Self::Router => "router",
            Self::Traffic => "traffic",
        }
    }

    /// Its name in an account.
    pub fn name(self) -> String {
        format!("evenkeel-{}", self.word())
    }

    /// Its logical ID, which is also what stands for its name in a machine's definition.
    pub const fn logical(self) -> &'static str {
        match self {
            Self::Assess => "AssessFunction",
            Self::Cache => "CacheFunction",
            Self::Capacity => "CapacityFunction",
            Self::Database => "DatabaseFunction",
            Self::Deployment => "DeploymentFunction",
            Self::Journal => "JournalFunction",
            Self::Notify => "NotifyFunction",
            Self::Router => "RouterFunction",
            Self::Traffic => "TrafficFunction",
        }
    }

    /// The function of that name in an account.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }

    /// In MB. Rehearsals reckon with the same.
    fn memory(self) -> u32 {
        rehearsal::facts::function_memory_mb(self.word())
    }

    /// In seconds.
    const fn time_out(self) -> u32 {
        match self {
            Self::Router => 30,
            Self::Assess
            | Self::Cache
            | Self::Capacity
            | Self::Database
            | Self::Deployment
            | Self::Journal
            | Self::Notify
            | Self::Traffic => 10,
        }
    }

    const fn does(self) -> &'static str {
        match self {
            Self::Assess => "Looks before a recovery acts, and whether users are served after it",
            Self::Cache => "Moves the primary of a cache",
            Self::Capacity => "Sizes Auto Scaling groups, and watches their targets",
            Self::Database => "Moves the writer of a database, and proves that it takes writes",
            Self::Deployment => "Repeats the last deployment that went well",
            Self::Journal => "Takes the lock, and records what a run did",
            Self::Notify => "Tells people, and asks them",
            Self::Router => "Decides what is wrong, and starts the recovery that fits",
            Self::Traffic => "Moves users, and proves where they are",
        }
    }
}

/// A function's log group, role and code.
pub(super) fn add(template: &mut Template, function: Function, here: &Here<'_>) {
    let logical = function.logical();
    let (logs, role) = (format!("{logical}Logs"), role_of(function));
    template.add(
        &logs,
        "AWS::Logs::LogGroup",
        json!({ "LogGroupName": log_group(function), "RetentionInDays": LOGS_KEPT_FOR }),
    );
    let (everywhere, named) = permissions(function, here);
    let mut statements = everywhere.statements();
    statements.push(role::allow(
        "Logs",
        &["logs:CreateLogStream", "logs:PutLogEvents"],
        vec![attribute(&logs, "Arn")],
    ));
    statements.push(role::traces(&[
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    ]));
    if function == Function::Router {
        let queue = attribute(DEAD_LETTERS, "Arn");
        statements.push(role::allow("DeadLetters", &["sqs:SendMessage"], vec![queue]));
    }
    role::add(template, &role, "lambda", &statements);
    // The policy names its role, and not the role its policies: a shelf more leaves the role as it is.
    for (number, shelf) in named {
        template.add(
            &format!("{role}Shelf{}", number + 1),
            "AWS::IAM::ManagedPolicy",
            json!({
                "Description": format!("What {} may do to the systems of shelf {}", function.name(), number + 1),
                "PolicyDocument": policy::document(&shelf.statements()),
                "Roles": [reference(&role)],
            }),
        );
    }
    template.add(
        logical,
        "AWS::Lambda::Function",
        json!({
            "FunctionName": function.name(),
            "Description": function.does(),
            "Runtime": "provided.al2023",
            "Architectures": ["arm64"],
            "Handler": "bootstrap",
            "Code": {
                "S3Bucket": reference("CodeBucket"),
                "S3Key": text(&format!("${{CodePrefix}}/{}.zip", function.word())),
            },
            "Role": attribute(&role, "Arn"),
            "MemorySize": function.memory(),
            "Timeout": function.time_out(),
            "LoggingConfig": { "LogFormat": "JSON", "LogGroup": reference(&logs) },
            "TracingConfig": { "Mode": "Active" },
        }),
    );
}

/// The logical ID of a function's role.
pub(super) fn role_of(function: Function) -> String {
    format!("{}Role", function.logical())
}

/// The name of a function's log group.
pub(super) fn log_group(function: Function) -> String {
    format!("/aws/lambda/{}", function.name())
}

/// What a function's role permits it to do: what is the same whichever the systems are, and what names them, by shelf.
fn permissions(function: Function, here: &Here<'_>) -> (Shelf, BTreeMap<usize, Shelf>) {
    let (mut everywhere, mut named) = (Shelf::default(), Vec::new());
    for system in &here.systems {
        let all = Permission::of(function, &[system], &here.region);
        let (same, own): (Vec<Needed>, Vec<Needed>) = all
            .into_iter()
            .map(|(on, actions, resources)| Needed {
                on,
                only: Only::of(on, system),
                actions,
                resources,
            })
            .partition(|needed| needed.resources.contains("*"));
        everywhere.put(&same);
        named.push((&system.name, own));
    }
    (everywhere, policy::shelves(named))
}
