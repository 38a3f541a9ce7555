//! Lambda: the real steps, called as Lambda calls them. A cold start the first time, a panic as an error, and a bill.

mod deploy;
mod words;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;

use domain::names::Region;
use domain::step::{self, Failure};
use domain::steps::region::{self, Approval};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use journal::DynamoJournal;
use operate::Hands;
use router::{Routed, Router};
use serde_json::Value;
use statemachines::{Pattern, TaskReply, TaskRequest, Tasks};
use tokio::sync::oneshot;

use self::words::{ageless, seen};
use crate::cloud::Desk;
use crate::cloud::tokens::{Answer, Tokens};
use crate::facts;
use crate::timeline::Actor;

/// The functions of one deployment in one Region.
pub struct Functions {
    region: Region,
    router: Router<DynamoJournal>,
    assess: assess::Steps<DynamoJournal>,
    database: database::Steps<DynamoJournal>,
    /// For a system that says how it is deployed.
    deployment: Option<deployment::Steps<DynamoJournal>>,
    journal: journal::Steps<DynamoJournal>,
    notify: notify::Steps<DynamoJournal>,
    moving: Option<Moving>,
    hands: Hands<DynamoJournal>,
    desk: Desk,
    tokens: Tokens,
    warm: RefCell<BTreeSet<String>>,
    usage: Cell<Usage>,
    said: RefCell<BTreeMap<String, String>>,
}

/// The functions that only a system needs that says what serves its users, in one Region or two.
struct Moving {
    capacity: capacity::Steps<DynamoJournal>,
    cache: cache::Steps<DynamoJournal>,
    traffic: traffic::Steps<DynamoJournal>,
}

/// What Lambda bills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Invocations.
    pub requests: u64,
    /// Milliseconds, of all together.
    pub billed_ms: u64,
}

impl std::ops::Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            billed_ms: self.billed_ms + other.billed_ms,
        }
    }
}

impl Functions {
    /// The Region in which they are deployed.
    pub const fn region(&self) -> &Region {
        &self.region
    }

    /// What a person works with in this Region.
    pub const fn hands(&self) -> &Hands<DynamoJournal> {
        &self.hands
    }

    /// Names of the functions that machines call, as their definitions substitute them.
    pub fn substitutions() -> BTreeMap<String, String> {
        [
            "Assess",
            "Cache",
            "Capacity",
            "Database",
            "Deployment",
            "Journal",
            "Notify",
            "Traffic",
        ]
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

    /// An event reaches the router.
    ///
    /// # Errors
    /// What the router answered.
    pub async fn route(&self, payload: &[u8]) -> Result<Vec<Routed>, Failure> {
        self.hosted("evenkeel-router", self.router.route(payload)).await
    }

    /// Step Functions invokes a function.
    async fn invoke(&self, function: &str, event: Value) -> Result<Value, Failure> {
        let clock = &self.desk.clock();
        if let ("evenkeel-deployment", Some(deployment)) = (function, &self.deployment) {
            return self.hosted(function, step::call(deployment, clock, event)).await;
        }
        match (function, &self.moving) {
            ("evenkeel-assess", _) => {
                self.hosted(function, step::call(&self.assess, clock, event))
                    .await
            }
            ("evenkeel-database", _) => {
                self.hosted(function, step::call(&self.database, clock, event))
                    .await
            }
            ("evenkeel-journal", _) => {
                self.hosted(function, step::call(&self.journal, clock, event))
                    .await
            }
            ("evenkeel-notify", _) => {
                self.hosted(function, step::call(&self.notify, clock, event))
                    .await
            }
            ("evenkeel-capacity", Some(Moving { capacity, .. })) => {
                self.hosted(function, step::call(capacity, clock, event)).await
            }
            ("evenkeel-cache", Some(Moving { cache, .. })) => {
                self.hosted(function, step::call(cache, clock, event)).await
            }
            ("evenkeel-traffic", Some(Moving { traffic, .. })) => {
                self.hosted(function, step::call(traffic, clock, event)).await
            }
            (other, _) => Err(Failure {
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
        let (mut said, ageless) = (self.said.borrow_mut(), ageless(&line));
        if said.insert(ensure.to_owned(), ageless.clone()).as_ref() != Some(&ageless) {
            self.desk.world().say(Actor::Step, line);
        }
    }

    async fn answer(&self, request: TaskRequest) -> TaskReply {
        let latency = self.desk.world().dice().draw(&facts::STATE_TRANSITION);
        self.desk.clock().pass(latency).await;
        let function = request.arguments["FunctionName"].as_str().unwrap_or_default();
        let event = request.arguments["Payload"].clone();
        let ensure = event["ensure"].as_str().unwrap_or_default().to_owned();
        let incident = event["run"]["incident"].as_str().unwrap_or_default().to_owned();
        // The token is good from the moment at which the function gets it.
        let token = request
            .token
            .filter(|_| request.pattern == Pattern::WaitForTaskToken);
        let waiting = token.map(|token| self.tokens.issue(&token));
        let answer = self.invoke(function, event).await;
        self.report(&ensure, &answer);
        if answer.is_ok() {
            match ensure.as_str() {
                "writable" | "served" => self.desk.world().verified(),
                "approval-asked" => self.desk.world().approval_asked(&incident),
                _ => {}
            }
        }
        match (answer, waiting) {
            (Ok(output), None) => TaskReply::invoked(output),
            (Ok(output), Some(waiting)) => TaskReply::Submitted {
                output,
                result: Box::pin(answered(self.desk.clone(), waiting)),
            },
            (Err(failure), _) => {
                let cause = serde_json::to_string(&failure).unwrap_or_default();
                TaskReply::failed(failure.error_type, cause)
            }
        }
    }
}

/// Waits for whoever holds the token. Dropped when the state is left: nobody can answer it any more.
async fn answered(desk: Desk, waiting: oneshot::Receiver<Answer>) -> TaskReply {
    match waiting.await {
        Ok(Answer::Success(output)) => {
            if let Ok(approval) = step::input::<Approval>(&output) {
                let approved = approval.answer == region::Answer::Approved;
                desk.world().approval_answered(approved, &approval.accepted);
            }
            TaskReply::Succeeded(output)
        }
        Ok(Answer::Failure { error, cause }) => TaskReply::Failed { error, cause },
        // Every token is kept for as long as the rehearsal lasts.
        Err(_) => TaskReply::TimedOut { cause: None },
    }
}

impl Tasks for Functions {
    fn call(&self, request: TaskRequest) -> LocalBoxFuture<'_, TaskReply> {
        Box::pin(self.answer(request))
    }
}
