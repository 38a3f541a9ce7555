//! Lambda: the real steps, called as Lambda calls them. A cold start the first time, a panic as an error, and a bill.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use database::write_check::WriteCheck;
use domain::names::JOURNAL_TABLE;
use domain::step::{self, Failure};
use domain::system::Systems;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use journal::DynamoJournal;
use router::{Routed, Router};
use serde_json::Value;
use statemachines::{TaskReply, TaskRequest, Tasks};

use crate::cloud::{Clients, Desk, application};
use crate::facts;
use crate::timeline::Actor;
use crate::world::Ms;

/// The functions of one deployment.
pub struct Functions {
    router: Router<DynamoJournal>,
    assess: assess::Steps,
    database: database::Steps<DynamoJournal>,
    journal: journal::Steps<DynamoJournal>,
    notify: notify::Steps<DynamoJournal>,
    desk: Desk,
    warm: RefCell<BTreeSet<String>>,
    usage: Cell<Usage>,
    said: RefCell<BTreeMap<String, String>>,
    verified: Cell<Option<Ms>>,
}

/// What Lambda bills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Invocations.
    pub requests: u64,
    /// Milliseconds, of all together.
    pub billed_ms: u64,
}

impl Functions {
    /// The functions, deployed in front of a world.
    pub fn deploy(desk: &Desk, clients: &Clients) -> Self {
        let clock = Arc::new(desk.clock());
        let systems = || Systems::from(vec![desk.world().system.clone()]);
        let journal = || DynamoJournal::new(clients.dynamodb.clone(), JOURNAL_TABLE);
        let write_check = WriteCheck {
            connector: application::connector(desk),
        };
        Self {
            router: Router {
                systems: systems(),
                journal: journal(),
                sfn: clients.sfn.clone(),
                sns: clients.sns.clone(),
                clock: clock.clone(),
            },
            assess: assess::Steps {
                systems: systems(),
                rds: clients.rds.clone(),
                cloudwatch: clients.cloudwatch.clone(),
                write_check: write_check.clone(),
                clock: clock.clone(),
            },
            database: database::Steps {
                systems: systems(),
                rds: clients.rds.clone(),
                journal: journal(),
                write_check,
                clock: clock.clone(),
            },
            journal: journal::Steps::new(journal(), clock.clone()),
            notify: notify::Steps {
                systems: systems(),
                sns: clients.sns.clone(),
                journal: journal(),
                clock,
            },
            desk: desk.clone(),
            warm: RefCell::default(),
            usage: Cell::default(),
            said: RefCell::default(),
            verified: Cell::default(),
        }
    }

    /// Names of the functions that machines call, as their definitions substitute them.
    pub fn substitutions() -> BTreeMap<String, String> {
        ["Assess", "Database", "Journal", "Notify"]
            .map(|name| {
                (
                    format!("{name}Function"),
                    format!("evenkeel-{}", name.to_lowercase()),
                )
            })
            .into()
    }

    /// What Lambda bills so far.
    pub const fn usage(&self) -> Usage {
        self.usage.get()
    }

    /// When a run first saw the database take writes after moving its writer.
    pub const fn verified(&self) -> Option<Ms> {
        self.verified.get()
    }

    /// An event reaches the router.
    ///
    /// # Errors
    /// What the router answered.
    pub async fn route(&self, payload: &[u8]) -> Result<Routed, Failure> {
        self.hosted("evenkeel-router", self.router.route(payload)).await
    }

    /// Step Functions invokes a function.
    async fn invoke(&self, function: &str, event: Value) -> Result<Value, Failure> {
        let clock = self.desk.clock();
        match function {
            "evenkeel-assess" => {
                self.hosted(function, step::call(&self.assess, &clock, event))
                    .await
            }
            "evenkeel-database" => {
                self.hosted(function, step::call(&self.database, &clock, event))
                    .await
            }
            "evenkeel-journal" => {
                self.hosted(function, step::call(&self.journal, &clock, event))
                    .await
            }
            "evenkeel-notify" => {
                self.hosted(function, step::call(&self.notify, &clock, event))
                    .await
            }
            other => Err(Failure {
                error_type: "Lambda.ResourceNotFoundException".to_owned(),
                error_message: format!("Function not found: {other}"),
            }),
        }
    }

    async fn hosted<T>(
        &self,
        function: &str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let (clock, cold) = (
            self.desk.clock(),
            self.warm.borrow_mut().insert(function.to_owned()),
        );
        let reached = {
            let mut world = self.desk.world();
            let warm = world.dice().draw(&facts::LAMBDA_WARM).as_millis();
            warm + if cold {
                world.dice().draw(&facts::LAMBDA_COLD).as_millis()
            } else {
                0
            }
        };
        clock.pass(domain::duration::Duration::from_millis(reached)).await;
        let began = clock.elapsed_ms();
        // The runtime of a real function turns a panic into an error with this name too.
        let answer = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
            Err(Failure {
                error_type: runtime::PANIC.to_owned(),
                error_message: format!("{function} panicked"),
            })
        });
        let Usage { requests, billed_ms } = self.usage.get();
        self.usage.set(Usage {
            requests: requests + 1,
            billed_ms: billed_ms + (clock.elapsed_ms() - began).max(1),
        });
        answer
    }

    /// One line per thing seen: a condition that is asked for every second says something only when it sees
    /// something else.
    fn report(&self, ensure: &str, answer: &Result<Value, Failure>) {
        let line = match answer {
            Ok(output) => format!("{ensure}: {}", seen(output)),
            Err(failure) => format!("{ensure}: {}", failure.error_message),
        };
        let mut said = self.said.borrow_mut();
        if said.insert(ensure.to_owned(), line.clone()).as_ref() != Some(&line) {
            self.desk.world().say(Actor::Step, line);
        }
    }

    async fn answer(&self, request: TaskRequest) -> TaskReply {
        let latency = self.desk.world().dice().draw(&facts::STATE_TRANSITION);
        self.desk.clock().pass(latency).await;
        let function = request.arguments["FunctionName"].as_str().unwrap_or_default();
        let event = request.arguments["Payload"].clone();
        let ensure = event["ensure"].as_str().unwrap_or_default().to_owned();
        let answer = self.invoke(function, event).await;
        self.report(&ensure, &answer);
        if ensure == "writable" && answer.is_ok() && self.verified.get().is_none() {
            self.verified.set(Some(self.desk.clock().elapsed_ms()));
        }
        match answer {
            Ok(output) => TaskReply::invoked(output),
            Err(failure) => {
                let cause = serde_json::to_string(&failure).unwrap_or_default();
                TaskReply::failed(failure.error_type, cause)
            }
        }
    }
}

impl Tasks for Functions {
    fn call(&self, request: TaskRequest) -> LocalBoxFuture<'_, TaskReply> {
        Box::pin(self.answer(request))
    }
}

/// What a step's output says to a reader.
fn seen(output: &Value) -> String {
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
