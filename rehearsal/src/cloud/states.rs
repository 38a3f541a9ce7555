//! Step Functions' own API.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::start_execution::{
    StartExecutionError, StartExecutionInput, StartExecutionOutput,
};
use aws_sdk_sfn::types::error::{ExecutionAlreadyExists, InvalidExecutionInput, StateMachineDoesNotExist};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use domain::names::{Recovery, execution_arn};

use super::Desk;
use super::refusal::{fault, meta};
use crate::world::World;
use crate::world::execution::Start;

pub(super) fn rules(desk: &Desk) -> Vec<Rule> {
    vec![mock!(Client::start_execution).then_compute_response(desk.answer(start_execution))]
}

fn start_execution(
    world: &mut World,
    input: &StartExecutionInput,
) -> Result<StartExecutionOutput, StartExecutionError> {
    let machine = input.state_machine_arn().unwrap_or_default().to_owned();
    let name = input.name().unwrap_or_default().to_owned();
    let (region, account) = (&world.system.regions.primary, &world.system.account);
    if !Recovery::ALL
        .iter()
        .any(|recovery| recovery.state_machine_arn(region, account) == machine)
    {
        let fault = fault!(
            StateMachineDoesNotExist,
            "StateMachineDoesNotExist",
            format!("State Machine Does Not Exist: '{machine}'")
        );
        return Err(StartExecutionError::StateMachineDoesNotExist(fault));
    }
    let Ok(parsed) = serde_json::from_str(input.input().unwrap_or("{}")) else {
        let fault = fault!(
            InvalidExecutionInput,
            "InvalidExecutionInput",
            "the input is not JSON"
        );
        return Err(StartExecutionError::InvalidExecutionInput(fault));
    };
    let arn = execution_arn(&machine, &name);
    match world.start_execution(&name, &machine, parsed) {
        Start::New | Start::Same => {
            let at = DateTime::from_millis(world.timestamp(world.now).as_millisecond());
            let output = StartExecutionOutput::builder()
                .execution_arn(arn)
                .start_date(at)
                .build();
            output.map_err(|error| StartExecutionError::generic(meta("InternalFailure", error.to_string())))
        }
        Start::Exists => {
            let fault = fault!(
                ExecutionAlreadyExists,
                "ExecutionAlreadyExists",
                format!("Execution Already Exists: '{arn}'")
            );
            Err(StartExecutionError::ExecutionAlreadyExists(fault))
        }
    }
}
