//! An account with credentials that were found.

use std::time::Duration;

use aws_config::{AppName, BehaviorVersion};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use domain::names::Region;

use super::seeded::Seeded;
use super::{Aws, Error, https};

/// How long a connection may take to be opened: a Region that is gone keeps a person waiting for three of these.
const CONNECT: Duration = Duration::from_secs(3);

/// How long one attempt of a call may take.
const ATTEMPT: Duration = Duration::from_secs(15);

/// How long a call may take with its repetitions. These are the SDK's standard ones, three attempts unless `AWS_MAX_ATTEMPTS` says
/// otherwise: a person waits, and no state machine repeats what failed.
const CALL: Duration = Duration::from_secs(45);

/// An account that a person reaches.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    config: SdkConfig,
    pub(super) credentials: Credentials,
}

impl Account {
    /// Finds credentials as every AWS tool does, and tries them out on nothing: whose they are, [`Account::identity`] asks.
    ///
    /// # Errors
    /// When there are none, or the profile, the single sign-on or the process that should give them does not.
    pub(crate) async fn open(asked: &Aws) -> Result<Self, Error> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(CALL)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .app_name(AppName::new("evenkeel").expect("letters are allowed in an app name"))
            .http_client(https::client()?)
            .timeout_config(timeouts);
        if let Some(region) = &asked.region {
            loader = loader.region(aws_config::Region::new(region.to_string()));
        }
        if let Some(profile) = &asked.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &asked.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        let provider = config
            .credentials_provider()
            .ok_or(Error::NoCredentials { profile: None })?;
        let credentials = provider.provide_credentials().await;
        let credentials =
            credentials.map_err(|error| Error::from(error).of_profile(asked.profile.as_ref()))?;
        let seeded = SharedCredentialsProvider::new(Seeded::new(credentials.clone(), provider));
        let config = config.into_builder().credentials_provider(seeded).build();
        Ok(Self { config, credentials })
    }

    /// What the client of any service is made of, for a Region. A call may take [`ATTEMPT`]: whoever uploads takes more.
    pub(crate) fn config_in(&self, region: &Region) -> SdkConfig {
        let region = aws_config::Region::new(region.to_string());
        self.config.clone().into_builder().region(region).build()
    }

    /// DynamoDB in a Region.
    #[expect(
        clippy::disallowed_methods,
        reason = "here a person's clients are made, and handed on"
    )]
    pub(crate) fn dynamodb(&self, region: &Region) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config_in(region))
    }

    /// Step Functions in a Region.
    #[expect(
        clippy::disallowed_methods,
        reason = "here a person's clients are made, and handed on"
    )]
    pub(crate) fn sfn(&self, region: &Region) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.config_in(region))
    }

    /// Service Quotas in a Region.
    #[expect(
        clippy::disallowed_methods,
        reason = "here a person's clients are made, and handed on"
    )]
    pub(crate) fn quotas(&self, region: &Region) -> aws_sdk_servicequotas::Client {
        aws_sdk_servicequotas::Client::new(&self.config_in(region))
    }
}
