//! The functions as deployed, under the router and the real machine: what is repeated, lost or broken on the way.

use std::cell::RefCell;
use std::collections::BTreeSet;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_types::config_bag::ConfigBag;
use domain::journal::Journal;
use domain::step;
use domain::system::System;
use futures_util::future::LocalBoxFuture;
use rehearsal::lambda::Functions;
use rehearsal::stage::machines;
use serde_json::{Value, json};
use statemachines::{Execution, ExecutionResult, TaskReply, TaskRequest, Tasks};

use crate::embedded::{Embedded, in_virtual_time, run, shop, systems};

/// Runs the machine of a run in front of an embedded cloud.
async fn executed(cloud: &Embedded, system: &System, tasks: &dyn Tasks) -> ExecutionResult {
    let run = run(system, "a");
    let machines = machines().expect("the machines are right");
    let machine = &machines[run.recovery.machine()];
    let input = step::output(&run).expect("a run is JSON");
    let clock = cloud.desk.clock();
    Execution::new(machine, input, &clock, tasks).run().await
}

/// Loses the first answer of every state, and its first good one: the function has done its work, and nobody hears of it.
struct Forgetful {
    functions: Functions,
    forgotten: RefCell<BTreeSet<(String, bool)>>,
}

impl Tasks for Forgetful {
    fn call(&self, request: TaskRequest) -> LocalBoxFuture<'_, TaskReply> {
        Box::pin(async move {
            let state = request.state.to_string();
            let reply = self.functions.call(request).await;
            let good = matches!(&reply, TaskReply::Succeeded(_));
            if self.forgotten.borrow_mut().insert((state, good)) {
                return TaskReply::failed("Lambda.Unknown", "the answer was lost");
            }
            reply
        })
    }
}

#[test]
fn a_run_that_never_hears_a_first_answer_fails_over_once_and_tells_people_once() {
    for system in systems() {
        in_virtual_time(async {
            let mut cloud = Embedded::with_hung_writer(&system);
            let tasks = Forgetful {
                functions: Functions::deploy(&cloud.desk, &cloud.clients),
                forgotten: RefCell::default(),
            };
            let result = executed(&cloud, &system, &tasks).await;
            assert_eq!(
                result.output.map(|output| output["outcome"].clone()),
                Some(json!("recovered"))
            );
            let forgotten = tasks.forgotten.take();
            let good = forgotten.iter().filter(|(_, good)| *good).count();
            assert_eq!(
                good, 8,
                "every state of the way lost a good answer: {forgotten:?}"
            );
            assert!(
                forgotten.contains(&("FailOver".to_owned(), false)),
                "{forgotten:?}"
            );
            assert_eq!(cloud.calls_of_rds().len(), 1);
            assert_eq!(cloud.desk.world().heard.len(), 1);
            let view = cloud.journal().view(&system.name).await.expect("a journal");
            assert_eq!((view.lock, view.incidents.len()), (None, 1));
        });
    }
}

#[test]
fn an_event_that_is_routed_twice_starts_one_execution() {
    in_virtual_time(async {
        let cloud = Embedded::with_hung_writer(&shop());
        let functions = Functions::deploy(&cloud.desk, &cloud.clients);
        // The alarm as the embedded CloudWatch puts it on the bus.
        cloud.pass(domain::duration::Duration::from_mins(5)).await;
        let outbox = cloud.desk.world().take_outbox();
        let alarm = outbox.into_iter().find_map(|outgoing| match outgoing {
            rehearsal::world::Outgoing::Event { event, .. } => Some(event.to_string()),
            rehearsal::world::Outgoing::Line(_)
            | rehearsal::world::Outgoing::Start { .. }
            | rehearsal::world::Outgoing::Person(_) => None,
        });
        let alarm = alarm.expect("the alarm rose");

        let first = functions.route(alarm.as_bytes()).await.expect("an alarm");
        let again = functions.route(alarm.as_bytes()).await.expect("an alarm");
        let mut started = first.into_iter().filter_map(|routed| routed.execution);
        let started = started.next().expect("it starts a recovery");
        assert!(!started.existed, "{started:?}");
        for repeated in again.into_iter().filter_map(|routed| routed.execution) {
            assert_eq!(repeated.name, started.name);
        }
        assert_eq!(cloud.desk.world().executions.iter().count(), 1);
    });
}

/// Breaks whoever asks RDS for anything.
#[derive(Debug)]
struct Breaks;

impl Intercept for Breaks {
    fn name(&self) -> &'static str {
        "Breaks"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        panic!("a defect in a step")
    }
}

#[test]
fn a_function_that_panics_ends_in_a_page_that_says_so() {
    in_virtual_time(async {
        let system = shop();
        let mut cloud = Embedded::with_hung_writer(&system);
        let broken = cloud
            .clients
            .rds
            .config()
            .to_builder()
            .interceptor(Breaks)
            .build();
        #[expect(
            clippy::disallowed_methods,
            reason = "an embedded client, with a defect put into it"
        )]
        let broken = aws_sdk_rds::Client::from_conf(broken);
        cloud.clients.rds = broken;
        let functions = Functions::deploy(&cloud.desk, &cloud.clients);

        let result = executed(&cloud, &system, &functions).await;
        assert_eq!(result.error.as_deref(), Some("Paged"));
        let cause = result.cause.unwrap_or_default();
        assert!(cause.contains("Assess failed with Panic"), "{cause}");
        let heard = cloud.desk.world().heard.clone();
        assert_eq!(heard.len(), 1);
        assert!(
            heard[0].text.contains("Assess failed with Panic"),
            "{}",
            heard[0].text
        );
        let view = cloud.journal().view(&system.name).await.expect("a journal");
        assert_eq!(view.lock, None);
    });
}

#[test]
fn a_function_that_nobody_deployed_is_named() {
    in_virtual_time(async {
        let cloud = Embedded::with_hung_writer(&shop());
        let functions = Functions::deploy(&cloud.desk, &cloud.clients);
        let machine = statemachines::StateMachine::parse(
            &json!({
                "QueryLanguage": "JSONata", "StartAt": "Call",
                "States": { "Call": {
                    "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
                    "Arguments": { "FunctionName": "evenkeel-nobody", "Payload": {} },
                } },
            })
            .to_string(),
        )
        .expect("a machine");
        let clock = cloud.desk.clock();
        let result = Execution::new(&machine, Value::Null, &clock, &functions)
            .run()
            .await;
        assert_eq!(result.error.as_deref(), Some("Lambda.ResourceNotFoundException"));
    });
}
