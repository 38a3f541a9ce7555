//! One attempt at a Task state: scheduled, started, answered or given up.

use std::sync::Arc;

use futures_util::future::{Either, pending, select};
use serde_json::Value;

use super::clock::give_way;
use super::run::{Left, Run, Strand, Visit};
use super::scope::{Problem, Scope};
use super::task::{Heartbeat, TaskReply, TaskRequest};
use super::{EventKind, Failure, TaskKind};
use crate::machine::{Pattern, Resource, Setting, Task};

/// A task, ready to be called.
struct Call {
    arguments: Arc<Value>,
    timeout: Option<f64>,
    heartbeat: Option<f64>,
    credentials: Option<Arc<Value>>,
}

impl Run<'_> {
    pub(super) async fn attempt(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        task: &Task,
    ) -> Result<Left, Failure> {
        let pattern = pattern(&task.resource);
        // `.sync` has a token as well: `test_sync_with_task_token`.
        if pattern != Pattern::RequestResponse {
            *visit.token.borrow_mut() = Some(self.random.borrow_mut().uuid());
        }
        let call = self.prepare(visit, strand, task);
        let call = call.map_err(|problem| self.problem(visit, strand, visit.before, problem))?;
        self.within_limit(visit.state, &call.arguments)?;
        let kind = task_kind(&task.resource);
        let heartbeat = call.heartbeat.map(|_| Heartbeat::default());
        let scheduled = EventKind::TaskScheduled {
            task: kind.clone(),
            resource_arn: Arc::clone(task.resource.arn()),
            parameters: Arc::clone(&call.arguments),
            region: self.region(),
            timeout_seconds: call.timeout,
            heartbeat_seconds: call.heartbeat,
            credentials: call.credentials.clone(),
        };
        strand.previous = self.append(strand.previous, scheduled)?;
        let request = TaskRequest {
            resource: Arc::clone(task.resource.arn()),
            state: Arc::clone(&visit.state.name),
            arguments: Arc::clone(&call.arguments),
            attempt: visit.retries.get(),
            pattern,
            token: visit.token.borrow().clone(),
            timeout_seconds: call.timeout,
            heartbeat: heartbeat.clone(),
            credentials: call.credentials.clone(),
            event: strand.previous,
        };
        // Scheduling is one step of AWS's, starting another: other branches schedule theirs in between.
        give_way().await;
        let worker = match &kind {
            TaskKind::Activity => self.tasks.worker(&request),
            TaskKind::Function | TaskKind::Service { .. } => None,
        };
        let started = EventKind::TaskStarted {
            task: kind.clone(),
            worker,
        };
        strand.previous = self.append(strand.previous, started)?;
        let reply = {
            let answer = Box::pin(self.answer(strand, &kind, pattern, request));
            let limit = Box::pin(self.out_of_time(call.timeout, call.heartbeat, heartbeat));
            match select(answer, limit).await {
                Either::Left((reply, _)) => reply?,
                Either::Right((heartbeat, _)) => Answer::Failed(Failure::timeout(heartbeat)),
            }
        };
        let reply = match reply {
            Answer::Succeeded(output) if !crate::size::fits(&output, self.limits.payload_bytes) => {
                Answer::Failed(super::run::too_large(task_name(&task.resource)))
            }
            Answer::Succeeded(_) | Answer::Failed(_) => reply,
        };
        match reply {
            Answer::Succeeded(output) => {
                let output = Arc::new(output);
                let event = EventKind::TaskSucceeded {
                    task: kind,
                    output: Arc::clone(&output),
                };
                strand.previous = self.append(strand.previous, event)?;
                let shaped = self.shape(visit, strand, output);
                let before = strand.previous;
                self.leave(visit, strand, before, shaped)
            }
            Answer::Failed(failure) => {
                let details = failure.clone().details();
                let event = if failure.error.as_deref() == Some("States.Timeout") {
                    EventKind::TaskTimedOut { task: kind, details }
                } else {
                    EventKind::TaskFailed { task: kind, details }
                };
                strand.previous = self.append(strand.previous, event)?;
                // What fails at the same instant elsewhere is recorded before this failure is acted on.
                give_way().await;
                Err(failure)
            }
        }
    }

    fn prepare(&self, visit: &Visit<'_>, strand: &Strand, task: &Task) -> Result<Call, Problem> {
        let arguments = self.arguments(visit, strand)?;
        if let Some(wrong) = super::services::refusal(&task.resource, &arguments) {
            let what = format!("The Parameters '{arguments}' could not be used to start the Task: [{wrong}]");
            return Err(Scope::new(self, visit, strand).runtime(&what));
        }
        let selected = self.selected(visit, strand)?;
        let scope = Scope::new(self, visit, strand).data(selected);
        let credentials = match &task.credentials {
            Some(template) => Some(Arc::new(scope.template(template, "Credentials")?)),
            None => None,
        };
        Ok(Call {
            arguments,
            timeout: seconds(&scope, task.timeout.as_ref())?,
            heartbeat: seconds(&scope, task.heartbeat.as_ref())?,
            credentials,
        })
    }

    /// Call, and for the patterns that answer twice wait for the second answer.
    async fn answer(
        &self,
        strand: &mut Strand,
        kind: &TaskKind,
        pattern: Pattern,
        request: TaskRequest,
    ) -> Result<Answer, Failure> {
        let mut reply = self.tasks.call(request).await;
        loop {
            reply = match reply {
                TaskReply::Succeeded(output) => return Ok(Answer::Succeeded(output)),
                TaskReply::Failed { error, cause } => {
                    return Ok(Answer::Failed(Failure {
                        error,
                        cause,
                        ..Failure::default()
                    }));
                }
                TaskReply::TimedOut { cause } => {
                    return Ok(Answer::Failed(Failure {
                        cause,
                        ..Failure::timeout(false)
                    }));
                }
                TaskReply::Submitted { output, result } => {
                    match pattern {
                        Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken => {
                            let event = EventKind::TaskSubmitted {
                                task: kind.clone(),
                                output: Arc::new(output),
                            };
                            strand.previous = self.append(strand.previous, event)?;
                        }
                        Pattern::RequestResponse => {}
                    }
                    result.await
                }
            };
        }
    }

    /// Returns when the attempt's time is up; true if it was the heartbeat's.
    async fn out_of_time(
        &self,
        timeout: Option<f64>,
        interval: Option<f64>,
        heartbeat: Option<Heartbeat>,
    ) -> bool {
        let timeout = timeout.map(|seconds| self.after(seconds));
        let Some((interval, heartbeat)) = interval.zip(heartbeat) else {
            match timeout {
                Some(deadline) => self.clock.sleep_until(deadline).await,
                None => pending().await,
            }
            return false;
        };
        let span = jiff::SignedDuration::try_from_secs_f64(interval).unwrap_or(jiff::SignedDuration::MAX);
        let mut silent_since = self.clock.now();
        loop {
            let missed = silent_since.checked_add(span).unwrap_or(jiff::Timestamp::MAX);
            let deadline = timeout.map_or(missed, |timeout| timeout.min(missed));
            self.clock.sleep_until(deadline).await;
            if timeout.is_some_and(|timeout| self.clock.now() >= timeout) {
                return false;
            }
            match heartbeat.last().filter(|last| *last > silent_since) {
                Some(last) => silent_since = last,
                None => return true,
            }
        }
    }

    /// The Region that the execution runs in, from its ARN.
    pub(super) fn region(&self) -> Arc<str> {
        self.context
            .execution_arn
            .split(':')
            .nth(3)
            .unwrap_or("us-east-1")
            .into()
    }
}

enum Answer {
    Succeeded(Value),
    Failed(Failure),
}

fn seconds(scope: &Scope<'_, '_>, setting: Option<&Setting>) -> Result<Option<f64>, Problem> {
    let Some(setting) = setting else { return Ok(None) };
    let value = scope.setting(setting)?;
    // A path may lead to a number written as text, as for MaxConcurrencyPath.
    let number = value
        .as_f64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    match number.filter(|seconds| *seconds > 0.0 && seconds.fract() == 0.0) {
        Some(seconds) => Ok(Some(seconds)),
        None => Err(scope.mistyped(setting, "integer", &value)),
    }
}

fn pattern(resource: &Resource) -> Pattern {
    match resource {
        Resource::Function(_) | Resource::Activity(_) => Pattern::RequestResponse,
        Resource::Service { pattern, .. } => *pattern,
    }
}

/// What AWS calls a task in the causes of its own errors.
fn task_name(resource: &Resource) -> &str {
    match resource {
        Resource::Function(arn) | Resource::Activity(arn) => arn,
        Resource::Service { service, .. } => service,
    }
}

fn task_kind(resource: &Resource) -> TaskKind {
    match resource {
        Resource::Function(_) => TaskKind::Function,
        Resource::Activity(_) => TaskKind::Activity,
        Resource::Service { service, action, .. } => TaskKind::Service {
            resource_type: Arc::clone(service),
            resource: Arc::clone(action),
        },
    }
}
