//! Lambda: the real steps, called as Lambda calls them. A cold start the first time, a panic as an error, and a bill.

mod deploy;
mod words;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;

use domain::duration::Duration;
use domain::journal::{Journal, lease};
use domain::names::{IncidentId, Recovery, Region};
use domain::step::{self, Failure};
use domain::steps::Run;
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
use crate::clock::VirtualClock;
use crate::cloud::Desk;
use crate::cloud::tokens::{Answer, Tokens};
use crate::facts;
use crate::injection::{Context, Deck, InvocationFault, Within};
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
    deck: Rc<Deck>,
    tokens: Tokens,
    warm: RefCell<BTreeSet<String>>,
    usage: Cell<Usage>,
    said: RefCell<BTreeMap<String, String>>,
    pub(crate) sabotage: Option<Sabotage>,
}

/// What answers in a step's place, to see whether a proof finds it out: given the event, an answer, or nothing where the step
/// itself is to answer.
pub type Sabotage = fn(&Value) -> Option<Result<Value, Failure>>;

/// The functions that only a system needs that says what serves its users, in one Region or two.
struct Moving {
    capacity: capacity::Steps<DynamoJournal>,
    cache: cache::Steps<DynamoJournal>,
    traffic: traffic::Steps<DynamoJournal>,
}

/// What ran in a Region so far: which functions are warm, and what Lambda bills.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ran {
    warm: BTreeSet<String>,
    usage: Usage,
}

/// What Lambda bills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Invocations.
    pub requests: u64,
    /// Milliseconds times the MB of memory of the function that ran, of all together.
    pub billed_mb_ms: u64,
}

impl std::ops::Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            billed_mb_ms: self.billed_mb_ms + other.billed_mb_ms,
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

    /// This is what ran here so far, or nothing.
    pub(crate) fn begin(&self, past: Option<&Ran>) {
        let Ran { warm, usage } = past.cloned().unwrap_or_default();
        self.warm.replace(warm);
        self.usage.set(usage);
        self.said.take();
    }

    /// Whether the same functions are warm that were then. What they cost changes nothing.
    pub(crate) fn are_warm_as(&self, then: &Ran) -> bool {
        *self.warm.borrow() == then.warm
    }

    /// What ran here so far.
    pub(crate) fn ran(&self) -> Ran {
        Ran {
            warm: self.warm.borrow().clone(),
            usage: self.usage.get(),
        }
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
        let context = Context::of(Within::Router(self.region.clone()));
        let function = "evenkeel-router";
        let route = || self.hosted(function, &context, || self.router.route(payload).boxed_local());
        match self.desk.invoked(&context) {
            None => route().await,
            Some(InvocationFault::Throttled) => Err(throttled()),
            Some(InvocationFault::Crash) => Err(crashed(function)),
            // Lambda invokes it asynchronously: nobody waits for its answer, and one that hangs is ended by its time-out.
            Some(InvocationFault::AnswerLost) => {
                route().await?;
                Err(crashed(function))
            }
            Some(InvocationFault::Hangs) => {
                self.desk.clock().pass(FUNCTION_TIMES_OUT).await;
                Err(crashed(function))
            }
            // A router has no lock that it could lose.
            Some(InvocationFault::LockTakenOver) => route().await,
            Some(InvocationFault::Twice) => {
                let apart = context.apart();
                let other = self.hosted(function, &apart, || self.router.route(payload).boxed_local());
                futures_util::join!(route(), other).0
            }
        }
    }

    /// Step Functions invokes a function.
    async fn invoke(&self, function: &str, context: &Context, event: &Value) -> Result<Value, Failure> {
        if let Some(answer) = self.sabotage.and_then(|sabotage| sabotage(event)) {
            return answer;
        }
        let clock = self.desk.clock();
        self.hosted(function, context, || self.step(function, &clock, event.clone()))
            .await
    }

    /// A function's own work.
    fn step<'s>(
        &'s self,
        function: &'s str,
        clock: &'s VirtualClock,
        event: Value,
    ) -> LocalBoxFuture<'s, Result<Value, Failure>> {
        match (function, &self.moving, &self.deployment) {
            ("evenkeel-assess", ..) => step::call(&self.assess, clock, event).boxed_local(),
            ("evenkeel-database", ..) => step::call(&self.database, clock, event).boxed_local(),
            ("evenkeel-journal", ..) => step::call(&self.journal, clock, event).boxed_local(),
            ("evenkeel-notify", ..) => step::call(&self.notify, clock, event).boxed_local(),
            ("evenkeel-deployment", _, Some(deployment)) => {
                step::call(deployment, clock, event).boxed_local()
            }
            ("evenkeel-capacity", Some(Moving { capacity, .. }), _) => {
                step::call(capacity, clock, event).boxed_local()
            }
            ("evenkeel-cache", Some(Moving { cache, .. }), _) => {
                step::call(cache, clock, event).boxed_local()
            }
            ("evenkeel-traffic", Some(Moving { traffic, .. }), _) => {
                step::call(traffic, clock, event).boxed_local()
            }
            (other, ..) => {
                let failure = Failure {
                    error_type: "Lambda.ResourceNotFoundException".to_owned(),
                    error_message: format!("Function not found: {other}"),
                };
                std::future::ready(Err(failure)).boxed_local()
            }
        }
    }

    async fn hosted<'w, T: Clone + 'static>(
        &self,
        function: &str,
        context: &Context,
        work: impl FnOnce() -> LocalBoxFuture<'w, Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let (clock, cold) = (
            self.desk.clock(),
            self.warm.borrow_mut().insert(function.to_owned()),
        );
        let reached = {
            let mut world = self.desk.look();
            let warm = world.dice().draw(&facts::LAMBDA_WARM).as_millis();
            warm + if cold {
                world.dice().draw(&facts::LAMBDA_COLD).as_millis()
            } else {
                0
            }
        };
        clock.pass(Duration::from_millis(reached)).await;
        let began = clock.elapsed_ms();
        let answer = match self.deck.next() {
            (_, Some((known, answer))) => {
                context.host(known.again(&clock)).await;
                answer
            }
            (None, None) => run(function, context, work()).await,
            (Some(index), None) => {
                let context = context.recorded();
                let answer = run(function, &context, work()).await;
                self.deck.keep(index, context.acts(), clock.elapsed_ms(), &answer);
                answer
            }
        };
        let house_name = function.strip_prefix("evenkeel-").unwrap_or(function);
        let memory = u64::from(facts::function_memory_mb(house_name));
        let billed_mb_ms = (clock.elapsed_ms() - began).max(1) * memory;
        self.usage.set(
            self.usage.get()
                + Usage {
                    requests: 1,
                    billed_mb_ms,
                },
        );
        answer
    }

    /// The run's lock is another run's from now on, for as long as that one's lease lasts.
    async fn lock_is_taken_over(&self, event: &Value) {
        let Ok(run) = step::input::<Run>(&event["run"]) else {
            return;
        };
        let (journal, now) = (&self.hands.journal, self.desk.clock().now());
        let other = IncidentId::derive(&run.system, run.recovery, "another", now);
        // Where the journal does not answer, nobody can take anything over.
        if journal
            .release_lock(&run.system, &run.incident, now)
            .await
            .is_ok()
        {
            drop(
                journal
                    .take_lock(&run.system, &other, now, lease(run.recovery))
                    .await,
            );
        }
    }

    /// Whose work an invocation is: the machine's that the run is of.
    fn within(&self, event: &Value, state: &Arc<str>) -> Within {
        match event["run"]["recovery"].as_str().and_then(Recovery::named) {
            Some(machine) => Within::State {
                machine,
                state: Arc::clone(state),
            },
            None => Within::Router(self.region.clone()),
        }
    }

    /// One line per thing seen: a condition that is asked for every second says something only when it sees
    /// something else.
    fn report(&self, ensure: &str, answer: &Result<Value, Failure>) {
        if !self.desk.look().is_read() {
            return;
        }
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
        let latency = self.desk.look().dice().draw(&facts::STATE_TRANSITION);
        self.desk.clock().pass(latency).await;
        let function = request.arguments["FunctionName"].as_str().unwrap_or_default();
        let event = &request.arguments["Payload"];
        let ensure = event["ensure"].as_str().unwrap_or_default().to_owned();
        let incident = event["run"]["incident"].as_str().unwrap_or_default().to_owned();
        // The token is good from the moment at which the function gets it.
        let token = request
            .token
            .filter(|_| request.pattern == Pattern::WaitForTaskToken);
        let waiting = token.map(|token| self.tokens.issue(&token));
        let context = Context::of(self.within(event, &request.state));
        let invoke = || self.invoke(function, &context, event);
        let answer = match self.desk.invoked(&context) {
            None => invoke().await,
            Some(InvocationFault::Throttled) => Err(throttled()),
            Some(InvocationFault::Crash) => Err(crashed(function)),
            Some(InvocationFault::AnswerLost) => {
                drop(invoke().await);
                // The state's own time-out ends the attempt.
                std::future::pending().await
            }
            Some(InvocationFault::Hangs) => std::future::pending().await,
            Some(InvocationFault::LockTakenOver) => {
                self.lock_is_taken_over(event).await;
                invoke().await
            }
            Some(InvocationFault::Twice) => {
                let apart = context.apart();
                let other = self.invoke(function, &apart, event);
                futures_util::join!(invoke(), other).0
            }
        };
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

/// Runs a function's code in its process.
async fn run<T>(
    function: &str,
    context: &Context,
    work: LocalBoxFuture<'_, Result<T, Failure>>,
) -> Result<T, Failure> {
    match context.host(AssertUnwindSafe(work).catch_unwind()).await {
        None => Err(crashed(function)),
        Some(Ok(answer)) => answer,
        // The runtime of a real function turns a panic into an error with this name too.
        Some(Err(_)) => Err(Failure {
            error_type: runtime::PANIC.to_owned(),
            error_message: format!("{function} panicked"),
        }),
    }
}

/// How long the router may take on AWS before Lambda ends it: the time-out of an asynchronous function is its own, and
/// nobody has deployed this one yet; 30 s is what its calls' own patience needs, and a little.
const FUNCTION_TIMES_OUT: Duration = Duration::from_secs(30);

/// Lambda refuses an invocation. Source: Step Functions Developer Guide, "Handling transient Lambda service exceptions".
fn throttled() -> Failure {
    Failure {
        error_type: "Lambda.TooManyRequestsException".to_owned(),
        error_message: "Rate Exceeded.".to_owned(),
    }
}

/// A function's process ends before it answered. Source: Lambda Developer Guide, "Understanding retry behavior in Lambda".
fn crashed(function: &str) -> Failure {
    Failure {
        error_type: "Runtime.ExitError".to_owned(),
        error_message: format!("{function}: the runtime exited before it answered"),
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
