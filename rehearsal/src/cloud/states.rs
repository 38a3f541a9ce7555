//! Step Functions' own API.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::send_task_failure::{SendTaskFailureInput, SendTaskFailureOutput};
use aws_sdk_sfn::operation::send_task_success::{SendTaskSuccessInput, SendTaskSuccessOutput};
use aws_sdk_sfn::operation::start_execution::{StartExecutionInput, StartExecutionOutput};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use domain::names::{Recovery, Region, execution_arn};

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use super::tokens::{Answer, Dead, Tokens};
use crate::world::World;
use crate::world::execution::Start;

pub(super) fn rules(desk: &Desk, route: &Route, tokens: &Tokens) -> Vec<Rule> {
    let (succeeding, failing) = (tokens.clone(), tokens.clone());
    vec![
        mock!(Client::start_execution).then_compute_response(desk.data(route, start_execution)),
        mock!(Client::send_task_success)
            .then_compute_response(desk.data(route, move |_, _, input| succeed(&succeeding, input))),
        mock!(Client::send_task_failure)
            .then_compute_response(desk.data(route, move |_, _, input| fail(&failing, input))),
    ]
}

fn start_execution(
    world: &mut World,
    region: &Region,
    input: &StartExecutionInput,
) -> Result<StartExecutionOutput, Refusal> {
    let machine = input.state_machine_arn().unwrap_or_default().to_owned();
    let name = input.name().unwrap_or_default().to_owned();
    let account = &world.system.account;
    let known = Recovery::of_state_machine(&machine);
    if known.is_none_or(|recovery| recovery.state_machine_arn(region, account) != machine) {
        let message = format!("State Machine Does Not Exist: '{machine}'");
        return Err(Refusal::new("StateMachineDoesNotExist", message));
    }
    let parsed = serde_json::from_str(input.input().unwrap_or("{}"))
        .map_err(|_| Refusal::new("InvalidExecutionInput", "the input is not JSON"))?;
    let arn = execution_arn(&machine, &name);
    match world.start_execution(region, &name, &machine, parsed) {
        Start::New | Start::Same => {
            let at = DateTime::from_millis(world.timestamp(world.now).as_millisecond());
            let output = StartExecutionOutput::builder()
                .execution_arn(arn)
                .start_date(at)
                .build();
            output.map_err(|error| Refusal::new("InternalFailure", error.to_string()))
        }
        Start::Exists => Err(Refusal::new(
            "ExecutionAlreadyExists",
            format!("Execution Already Exists: '{arn}'"),
        )),
    }
}

fn succeed(tokens: &Tokens, input: &SendTaskSuccessInput) -> Result<SendTaskSuccessOutput, Refusal> {
    let output = serde_json::from_str(input.output().unwrap_or_default())
        .map_err(|_| Refusal::new("InvalidOutput", "Invalid Output: 'the output is not JSON'"))?;
    settle(tokens, input.task_token(), Answer::Success(output))?;
    Ok(SendTaskSuccessOutput::builder().build())
}

fn fail(tokens: &Tokens, input: &SendTaskFailureInput) -> Result<SendTaskFailureOutput, Refusal> {
    let answer = Answer::Failure {
        error: input.error().map(str::to_owned),
        cause: input.cause().map(str::to_owned),
    };
    settle(tokens, input.task_token(), answer)?;
    Ok(SendTaskFailureOutput::builder().build())
}

/// Source of the errors: Step Functions API, SendTaskSuccess. A task that was answered or gave up, and one whose
/// execution is over, is "already closed": `TaskTimedOut`. `TaskDoesNotExist` is about activities, of which there are none.
fn settle(tokens: &Tokens, token: Option<&str>, answer: Answer) -> Result<(), Refusal> {
    let dead = |dead| match dead {
        Dead::Unknown => Refusal::new("InvalidToken", "Invalid Token: 'Invalid token'"),
        Dead::Closed => Refusal::new(
            "TaskTimedOut",
            "Task Timed Out: 'Provided task does not exist anymore'",
        ),
    };
    tokens.settle(token.unwrap_or_default(), answer).map_err(dead)
}
