//! CodeDeploy.

use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::operation::batch_get_deployments::{
    BatchGetDeploymentsInput, BatchGetDeploymentsOutput,
};
use aws_sdk_codedeploy::operation::create_deployment::{CreateDeploymentInput, CreateDeploymentOutput};
use aws_sdk_codedeploy::operation::get_deployment::{GetDeploymentInput, GetDeploymentOutput};
use aws_sdk_codedeploy::operation::get_deployment_group::{
    GetDeploymentGroupInput, GetDeploymentGroupOutput,
};
use aws_sdk_codedeploy::operation::list_deployments::{ListDeploymentsInput, ListDeploymentsOutput};
use aws_sdk_codedeploy::operation::stop_deployment::{StopDeploymentInput, StopDeploymentOutput};
use aws_sdk_codedeploy::types::{
    AutoRollbackConfiguration, AutoScalingGroup, BundleType, ComputePlatform, DeploymentCreator,
    DeploymentGroupInfo, DeploymentInfo, DeploymentOverview, DeploymentStatus, ErrorCode, ErrorInformation,
    LastDeploymentInfo, RevisionLocation, RevisionLocationType, S3Location, StopStatus,
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::facts::DEPLOYMENTS_PER_PAGE;
use crate::timeline::Actor;
use crate::world::World;
use crate::world::deployments::{self, BUCKET, CONFIG, Create, Deployment, Deployments, OnInstance};

/// How many deployments BatchGetDeployments takes at once. Source: CodeDeploy API, BatchGetDeployments.
const BATCH: usize = 25;

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::list_deployments).then_compute_response(desk.control(route, list)),
        mock!(Client::batch_get_deployments).then_compute_response(desk.control(route, batch)),
        mock!(Client::get_deployment).then_compute_response(desk.control(route, get)),
        mock!(Client::get_deployment_group).then_compute_response(desk.control(route, get_group)),
        mock!(Client::create_deployment).then_compute_response(desk.control(route, create)),
        mock!(Client::stop_deployment).then_compute_response(desk.control(route, stop)),
    ]
}

/// The newest first. CodeDeploy API, ListDeployments, promises no order; its console shows this one.
fn list(
    world: &mut World,
    region: &Region,
    input: &ListDeploymentsInput,
) -> Result<ListDeploymentsOutput, Refusal> {
    let application = input.application_name().unwrap_or_default();
    let known = world
        .deployments_of(region, application, input.deployment_group_name())
        .map_err(refused)?;
    let from: usize = match input.next_token() {
        None => 0,
        Some(token) => token.parse().map_err(|_| {
            Refusal::new(
                "InvalidNextTokenException",
                "The next token was specified in an invalid format.",
            )
        })?,
    };
    let range = input.create_time_range();
    let wanted = |deployment: &&Deployment| {
        let created = instant(world, deployment.created);
        let statuses = input.include_only_statuses();
        (statuses.is_empty() || statuses.contains(&DeploymentStatus::from(deployment.status.word())))
            && range
                .and_then(|range| range.start())
                .is_none_or(|start| *start <= created)
            && range
                .and_then(|range| range.end())
                .is_none_or(|end| created <= *end)
    };
    let found: Vec<String> = known
        .all
        .iter()
        .rev()
        .filter(wanted)
        .map(|deployment| deployment.id.clone())
        .collect();
    let next = from + DEPLOYMENTS_PER_PAGE;
    let page = found.iter().skip(from).take(DEPLOYMENTS_PER_PAGE).cloned();
    Ok(ListDeploymentsOutput::builder()
        .set_deployments(Some(page.collect()))
        .set_next_token((next < found.len()).then(|| next.to_string()))
        .build())
}

/// Deployments that do not exist are left out.
fn batch(
    world: &mut World,
    region: &Region,
    input: &BatchGetDeploymentsInput,
) -> Result<BatchGetDeploymentsOutput, Refusal> {
    let asked = input.deployment_ids();
    if asked.len() > BATCH {
        let why = "The maximum number of names or IDs allowed for this request (25) was exceeded.";
        return Err(Refusal::new("BatchLimitExceededException", why));
    }
    let shown = asked.iter().filter_map(|id| {
        let (known, deployment) = find(world, region, id)?;
        Some(shown(world, known, deployment))
    });
    Ok(BatchGetDeploymentsOutput::builder()
        .set_deployments_info(Some(shown.collect()))
        .build())
}

fn get(
    world: &mut World,
    region: &Region,
    input: &GetDeploymentInput,
) -> Result<GetDeploymentOutput, Refusal> {
    let id = input.deployment_id().unwrap_or_default();
    let (known, deployment) = find(world, region, id).ok_or_else(|| {
        Refusal::new(
            "DeploymentDoesNotExistException",
            format!("The deployment {id} could not be found"),
        )
    })?;
    Ok(GetDeploymentOutput::builder()
        .deployment_info(shown(world, known, deployment))
        .build())
}

fn get_group(
    world: &mut World,
    region: &Region,
    input: &GetDeploymentGroupInput,
) -> Result<GetDeploymentGroupOutput, Refusal> {
    let application = input.application_name().unwrap_or_default();
    let known = world
        .deployments_of(region, application, input.deployment_group_name())
        .map_err(refused)?;
    let last = |deployment: &Deployment| {
        LastDeploymentInfo::builder()
            .deployment_id(&deployment.id)
            .status(DeploymentStatus::from(deployment.status.word()))
            .create_time(instant(world, deployment.created))
            .set_end_time(deployment.completed.map(|at| instant(world, at)))
            .build()
    };
    let group = world.site(region).and_then(|site| site.web.as_ref());
    let group = group.map(|web| AutoScalingGroup::builder().name(&web.group).build());
    let success = known.last_success();
    let off = AutoRollbackConfiguration::builder().enabled(false).build();
    let info = DeploymentGroupInfo::builder()
        .application_name(&known.application)
        .deployment_group_name(&known.group)
        .deployment_config_name(CONFIG)
        .set_auto_scaling_groups(group.map(|group| vec![group]))
        .set_target_revision(success.and_then(|success| location(known, success.revision)))
        .set_last_successful_deployment(success.map(last))
        .set_last_attempted_deployment(known.all.last().map(last))
        .auto_rollback_configuration(off)
        .compute_platform(ComputePlatform::Server)
        .build();
    Ok(GetDeploymentGroupOutput::builder()
        .deployment_group_info(info)
        .build())
}

fn create(
    world: &mut World,
    region: &Region,
    input: &CreateDeploymentInput,
) -> Result<CreateDeploymentOutput, Refusal> {
    let revision = input.revision();
    let location = revision.and_then(RevisionLocation::s3_location);
    let location = location.filter(|location| location.bucket() == Some(BUCKET));
    let asked = Create {
        application: input.application_name().unwrap_or_default().to_owned(),
        group: input.deployment_group_name().unwrap_or_default().to_owned(),
        key: location
            .and_then(S3Location::key)
            .ok_or_else(|| Refusal::new("RevisionRequiredException", "The revision ID was not specified."))?
            .to_owned(),
        description: input.description().map(str::to_owned),
    };
    let line = format!(
        "codedeploy:CreateDeployment {} to {} in {region}",
        asked.key, asked.group
    );
    match world.create_deployment(region, &asked) {
        Ok(id) => {
            world.say(Actor::Call, format!("{line}: accepted as {id}"));
            Ok(CreateDeploymentOutput::builder().deployment_id(id).build())
        }
        Err(refusal) => {
            let refusal = refused(refusal);
            world.say(Actor::Call, format!("{line}: {}", refusal.code()));
            Err(refusal)
        }
    }
}

fn stop(
    world: &mut World,
    region: &Region,
    input: &StopDeploymentInput,
) -> Result<StopDeploymentOutput, Refusal> {
    let id = input.deployment_id().unwrap_or_default();
    let line = format!("codedeploy:StopDeployment {id} in {region}");
    match world.stop_deployment(region, id) {
        Ok(()) => {
            world.say(Actor::Call, format!("{line}: accepted"));
            Ok(StopDeploymentOutput::builder()
                .status(StopStatus::Pending)
                .build())
        }
        Err(refusal) => {
            let refusal = refused(refusal);
            world.say(Actor::Call, format!("{line}: {}", refusal.code()));
            Err(refusal)
        }
    }
}

fn find<'w>(world: &'w World, region: &Region, id: &str) -> Option<(&'w Deployments, &'w Deployment)> {
    let known = world.deployments.as_ref()?;
    if world.home().region != *region {
        return None;
    }
    Some((known, known.named(id)?))
}

fn shown(world: &World, known: &Deployments, deployment: &Deployment) -> DeploymentInfo {
    let count = |far| i64::try_from(deployment.count(far)).unwrap_or(i64::MAX);
    let overview = DeploymentOverview::builder()
        .pending(count(OnInstance::Pending))
        .in_progress(count(OnInstance::InProgress))
        .succeeded(count(OnInstance::Succeeded))
        .failed(count(OnInstance::Failed))
        .skipped(count(OnInstance::Skipped))
        .ready(0)
        .build();
    let error = deployment.error.map(|(code, message)| {
        ErrorInformation::builder()
            .code(ErrorCode::from(code))
            .message(message)
            .build()
    });
    let at = |at: Option<i64>| at.map(|at| instant(world, at));
    DeploymentInfo::builder()
        .application_name(&known.application)
        .deployment_group_name(&known.group)
        .deployment_config_name(CONFIG)
        .deployment_id(&deployment.id)
        .set_revision(location(known, deployment.revision))
        .status(DeploymentStatus::from(deployment.status.word()))
        .set_error_information(error)
        .create_time(instant(world, deployment.created))
        .set_start_time(at(deployment.started))
        .set_complete_time(at(deployment.completed))
        .set_deployment_overview(deployment.started.map(|_| overview))
        .set_description(deployment.description.clone())
        .creator(DeploymentCreator::User)
        .compute_platform(ComputePlatform::Server)
        .build()
}

fn location(known: &Deployments, revision: usize) -> Option<RevisionLocation> {
    let revision = known.revisions.get(revision)?;
    let location = S3Location::builder()
        .bucket(BUCKET)
        .key(&revision.key)
        .bundle_type(BundleType::Zip)
        .e_tag(&revision.etag)
        .build();
    Some(
        RevisionLocation::builder()
            .revision_type(RevisionLocationType::S3)
            .s3_location(location)
            .build(),
    )
}

/// An instant that may lie before the rehearsal began.
fn instant(world: &World, at: i64) -> DateTime {
    DateTime::from_millis(world.timestamp(0).as_millisecond() + at)
}

fn refused(refusal: deployments::Refusal) -> Refusal {
    match refusal {
        deployments::Refusal::NoApplication(why) => Refusal::new("ApplicationDoesNotExistException", why),
        deployments::Refusal::NoGroup(why) => Refusal::new("DeploymentGroupDoesNotExistException", why),
        deployments::Refusal::NoDeployment(why) => Refusal::new("DeploymentDoesNotExistException", why),
        deployments::Refusal::NoRevision(why) => Refusal::new("RevisionDoesNotExistException", why),
        deployments::Refusal::Over(why) => Refusal::new("DeploymentAlreadyCompletedException", why),
        deployments::Refusal::Limit(why) => Refusal::new("DeploymentLimitExceededException", why),
    }
}
