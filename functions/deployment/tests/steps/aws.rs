//! CodeDeploy in one Region, as far as these tests need it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_codedeploy::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_codedeploy::operation::batch_get_deployments::{
    BatchGetDeploymentsInput, BatchGetDeploymentsOutput,
};
use aws_sdk_codedeploy::operation::create_deployment::{CreateDeploymentInput, CreateDeploymentOutput};
use aws_sdk_codedeploy::operation::get_deployment::{GetDeploymentInput, GetDeploymentOutput};
use aws_sdk_codedeploy::operation::list_deployments::{ListDeploymentsInput, ListDeploymentsOutput};
use aws_sdk_codedeploy::operation::stop_deployment::{StopDeploymentInput, StopDeploymentOutput};
use aws_sdk_codedeploy::primitives::DateTime;
use aws_sdk_codedeploy::types::{
    DeploymentCreator, DeploymentInfo, DeploymentMode, DeploymentOverview, DeploymentStatus, ErrorCode,
    ErrorInformation, RevisionLocation, RevisionLocationType, RollbackInfo, S3Location, StopStatus,
};
use aws_sdk_codedeploy::{Client, Config};
use aws_smithy_mocks::{MockResponse, MockResponseInterceptor, RuleMode, create_mock_http_client, mock};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;

/// When minute 0 is: 2026-10-01T07:00:00Z.
const START: i64 = 1_790_838_000;

/// CodeDeploy. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Aws(Arc<Mutex<Group>>);

/// What there is.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The deployments of shop/shop-web, in the order in which they are listed.
    pub(crate) deployments: Vec<Deployment>,
    /// How many ids a page of the list has.
    pub(crate) page: usize,
    /// Whether the list shows what was created by these tests.
    pub(crate) lists_the_new: bool,
    /// What becomes of calls of an operation that does not go well.
    pub(crate) fates: BTreeMap<&'static str, Fate>,
    /// What was called, with what was said.
    pub(crate) calls: Vec<(&'static str, String)>,
}

/// A deployment.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    /// The minute in which it was created.
    pub(crate) minute: i64,
    pub(crate) revision: String,
    pub(crate) status: DeploymentStatus,
    pub(crate) creator: DeploymentCreator,
    pub(crate) description: String,
    pub(crate) rolled_back_by: Option<&'static str>,
    pub(crate) error: Option<(ErrorCode, &'static str)>,
    /// On how many instances it succeeded, and on how many it is pending.
    pub(crate) counts: (i64, i64),
    /// Whether it restarts what is deployed, and deploys nothing.
    pub(crate) restarts: bool,
    /// Whether these tests created it.
    pub(crate) new: bool,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It is refused: HTTP status, code and message.
    Refused(u16, &'static str, &'static str),
    /// It takes effect, and its answer is lost on the way.
    AnswerLost,
}

/// A release `d-MINUTE` of an object in S3.
pub(crate) fn release(minute: i64, revision: &str, status: DeploymentStatus) -> Deployment {
    Deployment {
        id: format!("d-{minute}"),
        minute,
        revision: revision.to_owned(),
        status,
        creator: DeploymentCreator::User,
        description: String::new(),
        rolled_back_by: None,
        error: None,
        counts: (6, 0),
        restarts: false,
        new: false,
    }
}

/// CodeDeploy's own rollback `d-MINUTE`.
pub(crate) fn rollback(minute: i64, revision: &str, status: DeploymentStatus) -> Deployment {
    Deployment {
        creator: DeploymentCreator::CodeDeployRollback,
        ..release(minute, revision, status)
    }
}

/// What a call does, or the code and the message with which it is refused.
type Effect<I, O> = fn(&mut Group, &I) -> Result<O, (&'static str, String)>;

impl Deployment {
    fn runs(&self) -> bool {
        use DeploymentStatus::{Failed, Stopped, Succeeded};
        !matches!(self.status, Failed | Stopped | Succeeded)
    }

    fn info(&self) -> DeploymentInfo {
        let object = S3Location::builder()
            .bucket("shop-releases")
            .key(format!("{}.zip", self.revision))
            .build();
        let revision = RevisionLocation::builder()
            .revision_type(RevisionLocationType::S3)
            .s3_location(object);
        let (succeeded, pending) = self.counts;
        let counts = DeploymentOverview::builder()
            .succeeded(succeeded)
            .pending(pending)
            .failed(0)
            .in_progress(0)
            .skipped(0)
            .ready(0);
        let error = self.error.clone().map(|(code, message)| {
            let error = ErrorInformation::builder().code(code).message(message);
            error.build()
        });
        let rollback = self
            .rolled_back_by
            .map(|id| RollbackInfo::builder().rollback_deployment_id(id).build());
        let created = START + self.minute * 60;
        DeploymentInfo::builder()
            .application_name("shop")
            .deployment_group_name("shop-web")
            .deployment_id(&self.id)
            .revision(revision.build())
            .status(self.status.clone())
            .creator(self.creator.clone())
            .description(&self.description)
            .create_time(DateTime::from_secs(created))
            .set_complete_time((!self.runs()).then(|| DateTime::from_secs(created + 120)))
            .set_rollback_info(rollback)
            .set_error_information(error)
            .set_deployment_mode(self.restarts.then_some(DeploymentMode::Restart))
            .deployment_overview(counts.build())
            .build()
    }
}

impl Group {
    /// A deployment that must be there.
    pub(crate) fn deployment(&mut self, id: &str) -> &mut Deployment {
        let found = self.deployments.iter_mut().find(|one| one.id == id);
        found.unwrap_or_else(|| panic!("there is no {id}"))
    }
}

impl Aws {
    /// A group with these deployments, newest first.
    pub(crate) fn new(deployments: Vec<Deployment>) -> Self {
        Self(Arc::new(Mutex::new(Group {
            deployments,
            page: 100,
            lists_the_new: true,
            fates: BTreeMap::new(),
            calls: Vec::new(),
        })))
    }

    /// What there is, to be looked at or changed.
    pub(crate) fn group(&self) -> MutexGuard<'_, Group> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a rule computes: the effect, and its answer or what became of that.
    fn answer<I: 'static, O: 'static, E>(
        &self,
        call: &'static str,
        said: fn(&I) -> String,
        effect: Effect<I, O>,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let aws = self.clone();
        move |input| {
            let mut group = aws.group();
            group.calls.push((call, said(input)));
            let refused = |status: u16, code: &str, message: &str| {
                let error = format!(r#"{{"__type":"{code}","message":"{message}"}}"#);
                MockResponse::Http(response(status, error))
            };
            match group.fates.get(call).copied() {
                Some(Fate::Refused(status, code, message)) => refused(status, code, message),
                fate => match (effect(&mut group, input), fate) {
                    (Err((code, message)), _) => refused(400, code, &message),
                    (Ok(_), Some(_)) => {
                        MockResponse::Http(response(502, "<html>Bad Gateway</html>".to_owned()))
                    }
                    (Ok(output), None) => MockResponse::Output(output),
                },
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the client is handed in here, and answered by rules"
    )]
    pub(crate) fn client(&self) -> Client {
        let rules = [
            mock!(Client::list_deployments).then_compute_response(self.answer(
                "ListDeployments",
                said_of_list,
                list,
            )),
            mock!(Client::batch_get_deployments).then_compute_response(self.answer(
                "BatchGetDeployments",
                |input| input.deployment_ids().len().to_string(),
                describe,
            )),
            mock!(Client::get_deployment).then_compute_response(self.answer(
                "GetDeployment",
                |input| input.deployment_id().unwrap_or_default().to_owned(),
                get,
            )),
            mock!(Client::stop_deployment).then_compute_response(self.answer(
                "StopDeployment",
                |input| {
                    format!(
                        "{} {:?}",
                        input.deployment_id().unwrap_or_default(),
                        input.auto_rollback_enabled()
                    )
                },
                stop,
            )),
            mock!(Client::create_deployment).then_compute_response(self.answer(
                "CreateDeployment",
                said_of_create,
                create,
            )),
        ];
        let answering = rules.iter().fold(
            MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
            MockResponseInterceptor::with_rule,
        );
        Client::from_conf(
            Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-central-1"))
                .credentials_provider(Credentials::new("test", "test", None, None, "test"))
                .http_client(create_mock_http_client())
                .retry_config(RetryConfig::disabled())
                .interceptor(answering)
                .build(),
        )
    }
}

fn response(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(
        StatusCode::try_from(status).expect("a status"),
        SdkBody::from(body),
    )
}

fn said_of_list(input: &ListDeploymentsInput) -> String {
    format!(
        "{}/{} {:?} from {}",
        input.application_name().unwrap_or_default(),
        input.deployment_group_name().unwrap_or_default(),
        input.include_only_statuses(),
        input.next_token().unwrap_or("the beginning")
    )
}

fn said_of_create(input: &CreateDeploymentInput) -> String {
    let object = input.revision().and_then(RevisionLocation::s3_location);
    format!(
        "{} to {}/{} as {}, ignoring failures to stop {:?}, files {:?}, alarms {:?}, rollback {:?}",
        object.and_then(S3Location::key).unwrap_or_default(),
        input.application_name().unwrap_or_default(),
        input.deployment_group_name().unwrap_or_default(),
        input.description().unwrap_or_default(),
        input.ignore_application_stop_failures(),
        input.file_exists_behavior(),
        input
            .override_alarm_configuration()
            .map(|alarms| alarms.enabled()),
        input
            .auto_rollback_configuration()
            .map(|rollback| rollback.enabled()),
    )
}

fn list(
    group: &mut Group,
    input: &ListDeploymentsInput,
) -> Result<ListDeploymentsOutput, (&'static str, String)> {
    let wanted = |one: &&Deployment| {
        let statuses = input.include_only_statuses();
        let since = input.create_time_range().and_then(|range| range.start());
        (statuses.is_empty() || statuses.contains(&one.status))
            && since.is_none_or(|since| since.secs() <= START + one.minute * 60)
            && (group.lists_the_new || !one.new)
    };
    let from: usize = input
        .next_token()
        .map_or(0, |token| token.parse().expect("a number"));
    let all: Vec<String> = group
        .deployments
        .iter()
        .filter(wanted)
        .map(|one| one.id.clone())
        .collect();
    let next = from + group.page;
    let page = all.iter().skip(from).take(group.page).cloned().collect();
    Ok(ListDeploymentsOutput::builder()
        .set_deployments(Some(page))
        .set_next_token((next < all.len()).then(|| next.to_string()))
        .build())
}

fn describe(
    group: &mut Group,
    input: &BatchGetDeploymentsInput,
) -> Result<BatchGetDeploymentsOutput, (&'static str, String)> {
    let ids = input.deployment_ids();
    if ids.len() > 25 {
        return Err(("BatchLimitExceededException", "more than 25".to_owned()));
    }
    // In an order of its own.
    let wanted = group.deployments.iter().rev().filter(|one| ids.contains(&one.id));
    Ok(BatchGetDeploymentsOutput::builder()
        .set_deployments_info(Some(wanted.map(Deployment::info).collect()))
        .build())
}

fn get(group: &mut Group, input: &GetDeploymentInput) -> Result<GetDeploymentOutput, (&'static str, String)> {
    let wanted = input.deployment_id().unwrap_or_default();
    let found = group.deployments.iter().find(|one| one.id == wanted);
    match found {
        Some(found) => Ok(GetDeploymentOutput::builder()
            .deployment_info(found.info())
            .build()),
        None => Err(("DeploymentDoesNotExistException", format!("no {wanted}"))),
    }
}

fn stop(
    group: &mut Group,
    input: &StopDeploymentInput,
) -> Result<StopDeploymentOutput, (&'static str, String)> {
    let wanted = group.deployment(input.deployment_id().unwrap_or_default());
    if !wanted.runs() {
        return Err(("DeploymentAlreadyCompletedException", "it is over".to_owned()));
    }
    Ok(StopDeploymentOutput::builder()
        .status(StopStatus::Pending)
        .status_message("the instances in progress are waited for")
        .build())
}

fn create(
    group: &mut Group,
    input: &CreateDeploymentInput,
) -> Result<CreateDeploymentOutput, (&'static str, String)> {
    if let Some(active) = group.deployments.iter().find(|one| one.runs()) {
        let message = format!(
            "The Deployment Group 'shop-web' already has an active Deployment '{}'",
            active.id
        );
        return Err(("DeploymentLimitExceededException", message));
    }
    let key = input
        .revision()
        .and_then(RevisionLocation::s3_location)
        .and_then(S3Location::key);
    let created = Deployment {
        description: input.description().unwrap_or_default().to_owned(),
        counts: (2, 4),
        new: true,
        ..release(
            20,
            key.unwrap_or_default().trim_end_matches(".zip"),
            DeploymentStatus::Created,
        )
    };
    let id = created.id.clone();
    group.deployments.insert(0, created);
    Ok(CreateDeploymentOutput::builder().deployment_id(id).build())
}
