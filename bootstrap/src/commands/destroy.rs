//! `evenkeel destroy`: the stacks go; the journal and the code stay.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use aws_sdk_sfn::types::ExecutionStatus;
use domain::names::{AccountId, Region};

use super::deploy::{failed, is_confirmed, is_of, regions, sources_of_one_account, stack_in};
use crate::account::{self, Account};
use crate::cli::Destroy;
use crate::deploy::Error;
use crate::deploy::stack::{Resource, STACK, Stack};
use crate::deploy::standing::Standing;
use crate::failure::Failure;
use crate::show;
use crate::show::following::Following;

/// A stack that is to go.
struct Going {
    stack: Stack,
    id: String,
    /// How many resources it has.
    resources: usize,
}

pub(crate) fn run(asked: &Destroy) -> Result<ExitCode, Failure> {
    if !asked.yes && !std::io::stdin().is_terminal() {
        return Err(Error::NobodyToAsk.into());
    }
    let (sources, account) = sources_of_one_account(&asked.files)?;
    let regions = regions(&sources, asked.aws.region.as_ref());
    account::block_on(destroy(asked, &account, regions))?
}

async fn destroy(asked: &Destroy, owner: &AccountId, regions: Vec<Region>) -> Result<ExitCode, Failure> {
    let account = Account::open(&asked.aws).await.map_err(Error::from)?;
    if let Some(region) = regions.first() {
        is_of(&account, owner, region).await?;
    }
    let mut going = Vec::new();
    for region in regions {
        going.extend(look(&account, &region).await?);
    }
    if going.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if !asked.yes && !is_confirmed("Remove this?")? {
        anstream::eprintln!("Nothing was changed.");
        return Ok(ExitCode::FAILURE);
    }
    for one in &going {
        remove(one).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks at the stack of a Region, and shows what would go and what would stay.
async fn look(account: &Account, region: &Region) -> Result<Option<Going>, Error> {
    let stack = stack_in(account, region);
    let Some(found) = stack.found().await? else {
        anstream::eprintln!("{region}: there is no stack {STACK}");
        return Ok(None);
    };
    if Standing::of(Some(&found.status)) == Standing::Busy {
        return Err(Error::not_now(region, &found.status));
    }
    let resources = stack.resources().await?;
    let template = stack.template().await?;
    let is_kept =
        |resource: &Resource| template["Resources"][&resource.logical]["DeletionPolicy"] == "Retain";
    let (kept, gone): (Vec<Resource>, Vec<Resource>) = resources.into_iter().partition(is_kept);
    let running = running(account, region, &gone).await?;
    if let Some(run) = running {
        return Err(Error::Running {
            region: region.clone(),
            run,
        });
    }
    let mut staying: Vec<String> = kept
        .iter()
        .map(|resource| format!("{} {}", resource.kind, resource.physical))
        .collect();
    if let Some(bucket) = found.parameters.get("CodeBucket") {
        staying.push(format!(
            "AWS::S3::Bucket {bucket}, with the code that was deployed"
        ));
    }
    let mut out = anstream::stdout().lock();
    show::difference::write_end(&mut out, region, &gone, &staying)
        .map_err(|error| Error::Request(error.to_string()))?;
    Ok(Some(Going {
        stack,
        id: found.id,
        resources: gone.len(),
    }))
}

/// A run that is under way, if one is: its machine must not be taken away from it.
#[expect(
    clippy::disallowed_methods,
    reason = "the program builds the clients of a person's account"
)]
async fn running(
    account: &Account,
    region: &Region,
    resources: &[Resource],
) -> Result<Option<String>, Error> {
    let sfn = aws_sdk_sfn::Client::new(&account.config_in(region));
    let machines = resources
        .iter()
        .filter(|resource| resource.kind == "AWS::StepFunctions::StateMachine");
    for machine in machines {
        let asked = sfn.list_executions().state_machine_arn(&machine.physical);
        let asked = asked.status_filter(ExecutionStatus::Running).max_results(1);
        let answer = asked.send().await;
        let answer = answer.map_err(|error| account::Error::of("states:ListExecutions", error))?;
        if let Some(run) = answer.executions.into_iter().next() {
            return Ok(Some(run.name));
        }
    }
    Ok(None)
}

async fn remove(going: &Going) -> Result<(), Error> {
    let stack = &going.stack;
    let since = stack.newest_event(&going.id).await?;
    stack.delete(&going.id).await?;
    let following = Following::of(&stack.region, going.resources);
    let ended = stack
        .follow(&going.id, since, |event| following.tell(event))
        .await;
    following.finish();
    let ended = ended?;
    if !ended.is_well() {
        return Err(failed(stack, ended));
    }
    anstream::eprintln!("{}: {}", stack.region, ended.status);
    Ok(())
}
