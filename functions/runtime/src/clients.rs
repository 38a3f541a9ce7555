//! What SDK clients are made of.
//!
//! The SDK's retries are off: a state machine retries a step, and two budgets would multiply. One attempt that ends
//! within [`ATTEMPT`] also means that a step ends while its function still lives, with an error that has a name,
//! instead of Lambda's own time-out, which has none.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use domain::system::Systems;

use crate::environment::Environment;
use crate::init::InitError;
use crate::{systems, trust};

/// How long a connection may take to be opened. Inside a Region it takes single milliseconds.
pub const CONNECT: Duration = Duration::from_secs(1);

/// How long one call may take from the first byte sent to the last byte read. Less than any function's time-out.
pub const ATTEMPT: Duration = Duration::from_secs(3);

/// How long an unused connection is kept. Short, because there is no retry to hide one that AWS has closed meanwhile,
/// and long enough for the calls of one invocation and of the next retry of its state.
const IDLE: Duration = Duration::from_secs(15);

/// The services that functions call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Zonal shift of Application Recovery Controller.
    ArcZonalShift,
    /// Amazon EC2 Auto Scaling.
    AutoScaling,
    /// Amazon CloudWatch.
    CloudWatch,
    /// AWS CodeDeploy.
    CodeDeploy,
    /// Amazon DynamoDB.
    DynamoDb,
    /// Amazon ElastiCache.
    ElastiCache,
    /// Elastic Load Balancing, version 2.
    Elbv2,
    /// Amazon RDS.
    Rds,
    /// Amazon Route 53.
    Route53,
    /// The data plane of Application Recovery Controller's routing controls.
    RoutingControl,
    /// Amazon S3.
    S3,
    /// Service Quotas.
    ServiceQuotas,
    /// AWS Step Functions.
    Sfn,
    /// Amazon SNS.
    Sns,
}

/// Where a function runs, and one connector for all its clients.
#[derive(Clone, Debug)]
pub struct Setup {
    environment: Environment,
    aws: SharedHttpClient,
    /// For what is not AWS: kept as its parts, because most functions call nothing but AWS.
    application: trust::Roots,
}

impl Setup {
    /// From the environment.
    ///
    /// # Errors
    /// When the certificates of `AWS_CA_BUNDLE` cannot be used.
    pub fn new(environment: Environment) -> Result<Self, InitError> {
        let added = environment.ca_bundle.as_deref().map(trust::bundle).transpose()?;
        let aws = trust::Roots::of_aws(&environment.region, added.clone());
        Ok(Self {
            aws: Builder::new()
                .pool_idle_timeout(IDLE)
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(tls(aws)?)
                .build_https(),
            application: trust::Roots::of_everybody(added),
            environment,
        })
    }

    /// What the client of any service is made of.
    pub fn sdk_config(&self) -> SdkConfig {
        self.builder().build()
    }

    /// What the client of one service is made of: [`Setup::sdk_config`] with the service's endpoint, if another one
    /// than AWS's own is to be used.
    pub fn sdk_config_for(&self, service: Service) -> SdkConfig {
        let mut builder = self.builder();
        builder.set_endpoint_url(self.environment.endpoints.of(service).map(str::to_owned));
        builder.build()
    }

    /// The same for another Region than the one that the function runs in.
    pub fn sdk_config_in(&self, service: Service, region: &domain::names::Region) -> SdkConfig {
        let mut builder = self.sdk_config_for(service).into_builder();
        builder.set_region(Region::new(region.to_string()));
        builder.build()
    }

    /// The Region that the function runs in.
    pub const fn region(&self) -> &domain::names::Region {
        &self.environment.region
    }

    /// The HTTP client that all clients share. It trusts who may speak for AWS, and nobody else.
    pub fn http_client(&self) -> SharedHttpClient {
        self.aws.clone()
    }

    /// Speaks HTTPS with what is not AWS: the application, whose certificate any public authority may have signed.
    ///
    /// Made at once, certificates and all: Lambda gives a function its full CPU only while it starts.
    ///
    /// # Errors
    /// When no certificates can be set up.
    pub fn application_connector(&self) -> Result<SharedHttpConnector, InitError> {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT)
            .read_timeout(ATTEMPT)
            .build();
        let connector = Connector::builder()
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new())
            .pool_idle_timeout(IDLE)
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .tls_context(tls(self.application.clone())?)
            .build();
        Ok(SharedHttpConnector::new(connector))
    }

    /// The systems of this deployment, from the files packaged with the function.
    ///
    /// # Errors
    /// When there are none, when one is not right, or when two have the same name.
    pub fn systems(&self) -> Result<Systems, InitError> {
        Ok(systems::read(&self.environment.systems)?)
    }

    fn builder(&self) -> aws_types::sdk_config::Builder {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(ATTEMPT)
            .build();
        SdkConfig::builder()
            .app_name(AppName::new("evenkeel").expect("letters are allowed in an app name"))
            .behavior_version(BehaviorVersion::v2026_01_12())
            .credentials_provider(SharedCredentialsProvider::new(
                self.environment.credentials.clone(),
            ))
            .http_client(self.aws.clone())
            .region(Region::new(self.environment.region.as_str().to_owned()))
            .retry_config(RetryConfig::disabled())
            .sleep_impl(TokioSleep::new())
            .time_source(SystemTimeSource::new())
            .timeout_config(timeouts)
            .use_dual_stack(self.environment.use_dual_stack)
            .use_fips(self.environment.use_fips)
    }
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::ArcZonalShift,
        Self::AutoScaling,
        Self::CloudWatch,
        Self::CodeDeploy,
        Self::DynamoDb,
        Self::ElastiCache,
        Self::Elbv2,
        Self::Rds,
        Self::Route53,
        Self::RoutingControl,
        Self::S3,
        Self::ServiceQuotas,
        Self::Sfn,
        Self::Sns,
    ];

    /// The variable that sets its endpoint. Source: AWS SDKs and Tools Reference Guide, "Identifiers for
    /// service-specific endpoints".
    pub const fn endpoint_variable(self) -> &'static str {
        match self {
            Self::ArcZonalShift => "AWS_ENDPOINT_URL_ARC_ZONAL_SHIFT",
            Self::AutoScaling => "AWS_ENDPOINT_URL_AUTO_SCALING",
            Self::CloudWatch => "AWS_ENDPOINT_URL_CLOUDWATCH",
            Self::CodeDeploy => "AWS_ENDPOINT_URL_CODEDEPLOY",
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::ElastiCache => "AWS_ENDPOINT_URL_ELASTICACHE",
            Self::Elbv2 => "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2",
            Self::Rds => "AWS_ENDPOINT_URL_RDS",
            Self::Route53 => "AWS_ENDPOINT_URL_ROUTE_53",
            Self::RoutingControl => "AWS_ENDPOINT_URL_ROUTE53_RECOVERY_CLUSTER",
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::ServiceQuotas => "AWS_ENDPOINT_URL_SERVICE_QUOTAS",
            Self::Sfn => "AWS_ENDPOINT_URL_SFN",
            Self::Sns => "AWS_ENDPOINT_URL_SNS",
        }
    }
}

pub(crate) fn tls(roots: trust::Roots) -> Result<TlsContext, InitError> {
    let context = TlsContext::builder().with_trust_store(roots.into()).build();
    context.map_err(|error| InitError::Tls {
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn setup(more: &[(&str, &str)]) -> Setup {
        let variables: BTreeMap<&str, &str> = [
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("LAMBDA_TASK_ROOT", "/var/task"),
        ]
        .iter()
        .chain(more)
        .copied()
        .collect();
        let environment =
            Environment::read(|name| variables.get(name).map(|value| (*value).to_owned())).unwrap();
        Setup::new(environment).unwrap()
    }

    #[test]
    fn a_call_is_made_once_and_ends_in_time() {
        let config = setup(&[]).sdk_config();
        assert_eq!(config.retry_config().unwrap().max_attempts(), 1);
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.connect_timeout(), Some(CONNECT));
        assert_eq!(timeouts.operation_timeout(), Some(ATTEMPT));
        assert_eq!(timeouts.operation_attempt_timeout(), Some(ATTEMPT));
    }

    #[test]
    fn endpoints_and_flags_reach_the_clients() {
        let setup = setup(&[
            ("AWS_ENDPOINT_URL_RDS", "http://127.0.0.1:9"),
            ("AWS_USE_FIPS_ENDPOINT", "true"),
        ]);
        assert_eq!(
            setup.sdk_config_for(Service::Rds).endpoint_url(),
            Some("http://127.0.0.1:9")
        );
        assert_eq!(setup.sdk_config_for(Service::Sns).endpoint_url(), None);
        assert_eq!(setup.sdk_config_for(Service::Sns).use_fips(), Some(true));
    }

    #[test]
    fn the_application_can_be_spoken_to() {
        setup(&[]).application_connector().unwrap();
    }
}
