//! The event bus: from what AWS says to the router that hears it.

use domain::decision::{Verdict, Why};
use domain::names::Region;
use serde_json::Value;

use super::run::Stage;
use crate::facts;
use crate::injection::{EventFault, PATIENT};
use crate::timeline::Actor;

impl Stage<'_> {
    /// EventBridge invokes the router, at least once. Lambda tries an asynchronous invocation three times and then
    /// keeps the event in the function's dead-letter queue.
    pub(super) async fn deliver(&self, region: Region, event: Value) {
        let clock = self.desk.clock();
        let (latency, again) = {
            let mut world = self.desk.world();
            let again = world
                .dice()
                .happens("delivered twice", facts::DELIVERED_TWICE_PER_MILLE);
            let again = again.then(|| world.dice().draw(&facts::EVENT_BUS));
            (world.dice().draw(&facts::EVENT_BUS), again)
        };
        let fault = self.desk.sent(&region, detail_type(&event));
        let again = match fault {
            Some(EventFault::Lost) => return,
            Some(EventFault::Late) => {
                clock.pass(PATIENT).await;
                again
            }
            Some(EventFault::Twice) => again.or(Some(latency)),
            None => again,
        };
        clock.pass(latency).await;
        self.invoke_router(&region, &event).await;
        if let Some(later) = again {
            clock.pass(later).await;
            if !is_a_look(&event) {
                self.desk.world().say(
                    Actor::Bus,
                    format!("delivers the same event again: {}", detail_type(&event)),
                );
            }
            self.invoke_router(&region, &event).await;
        }
    }

    async fn invoke_router(&self, region: &Region, event: &Value) {
        let Some(functions) = self.functions.get(region) else {
            return;
        };
        let payload = event.to_string();
        let mut waits = facts::ASYNC_RETRIES.iter();
        loop {
            let failure = match functions.route(payload.as_bytes()).await {
                Ok(routed) => {
                    for routed in routed {
                        let decision = &routed.decision;
                        let mut said = format!("decides to {}: {}", decision.verdict.word(), decision.why);
                        if let Some(execution) = &routed.execution {
                            let how = if execution.existed {
                                "was started before"
                            } else {
                                "starts"
                            };
                            said.push_str(&format!("; execution {} {how}", execution.name));
                        }
                        // Not how long it has lasted: that is longer each time.
                        let matter = format!(
                            "{} {} {:?}",
                            decision.verdict.word(),
                            decision.why.name(),
                            decision.about
                        );
                        if is_a_look(event) && self.says_as_before(region, matter) {
                            continue;
                        }
                        // Every look says so again; what people hear of it has its own line.
                        if matches!(
                            (&decision.verdict, &decision.why),
                            (Verdict::Note, Why::AllIsWell | Why::ZoneLooksWell { .. })
                        ) {
                            continue;
                        }
                        self.desk.world().say(Actor::Router, said);
                    }
                    return;
                }
                Err(failure) => failure,
            };
            self.desk.world().say(
                Actor::Router,
                format!("{}: {}", failure.error_type, failure.error_message),
            );
            let Some(wait) = waits.next() else {
                self.desk
                    .world()
                    .say(Actor::Bus, "the event is kept in the dead-letter queue");
                return self.dead_letters.borrow_mut().push(event.clone());
            };
            self.desk.clock().pass(*wait).await;
        }
    }
}

impl Stage<'_> {
    /// Whether a look of a Region came to the same as the one before: that is one line for the reader, not one a minute.
    fn says_as_before(&self, region: &Region, matter: String) -> bool {
        let mut looked = self.looked.borrow_mut();
        let same = looked.get(region) == Some(&matter);
        looked.insert(region.clone(), matter);
        same
    }
}

/// Whether a schedule sent it.
pub(super) fn is_a_look(event: &Value) -> bool {
    event["evenkeel"] == "assess"
}

fn detail_type(event: &Value) -> &str {
    event["detail-type"].as_str().unwrap_or("a schedule's request")
}
