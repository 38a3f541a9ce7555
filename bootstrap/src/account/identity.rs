//! Whose credentials they are.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use domain::names::{AccountId, Region};
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::{Account, Error};

const CALL: &str = "sts:GetCallerIdentity";

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The account that is charged, and changed.
    pub(crate) account: AccountId,
    /// The user or role.
    pub(crate) arn: String,
    /// The time in the answer's `Date` header, in whole seconds, if there was one.
    pub(crate) date: Option<Timestamp>,
}

impl Account {
    /// Asks STS, which answers whoever has valid credentials, whatever they permit (STS API, GetCallerIdentity).
    ///
    /// # Errors
    /// When the credentials are not valid, or STS does not answer.
    pub(crate) async fn identity(&self, region: &Region) -> Result<Identity, Error> {
        let sts = aws_sdk_sts::Client::new(&self.config_in(region));
        let date = DateHeader::default();
        let answer = sts
            .get_caller_identity()
            .customize()
            .interceptor(date.clone())
            .send()
            .await;
        let answer = answer.map_err(|error| Error::of(CALL, error))?;
        let account = answer.account().unwrap_or_default().parse();
        Ok(Identity {
            account: account.map_err(|error: domain::names::Error| Error::Refused {
                call: CALL.to_owned(),
                why: error.to_string(),
            })?,
            arn: answer.arn().unwrap_or_default().to_owned(),
            date: date.seen(),
        })
    }

    /// Makes sure that the credentials are of that account: a wish that is meant for one must not change another, which may hold
    /// systems of the same names. Any of the Regions may say so.
    ///
    /// # Errors
    /// [`Error::OtherAccount`]; what STS says, if it does not answer in any of the Regions.
    pub(crate) async fn is(&self, account: &AccountId, regions: &[Region]) -> Result<(), Error> {
        // Single sign-on, a role and most processes say the account beside the key: then nobody has to be asked.
        let found = match self.credentials.account_id() {
            Some(known) => known.as_str().to_owned(),
            None => self.identity_in_any(regions).await?.account.to_string(),
        };
        if found == account.as_str() {
            Ok(())
        } else {
            Err(Error::OtherAccount {
                meant: account.clone(),
                found,
            })
        }
    }

    /// The first answer counts: one Region may be lost.
    async fn identity_in_any(&self, regions: &[Region]) -> Result<Identity, Error> {
        let mut asked = JoinSet::new();
        for region in regions {
            let (account, region) = (self.clone(), region.clone());
            asked.spawn(async move { account.identity(&region).await });
        }
        let mut failed = Error::NoRegion;
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(identity)) => return Ok(identity),
                Ok(Err(error)) => failed = error,
                Err(lost) => {
                    failed = Error::Unreachable {
                        call: CALL.to_owned(),
                        why: lost.to_string(),
                    }
                }
            }
        }
        Err(failed)
    }
}

/// Keeps what an answer's `Date` header says: the SDK reads it for itself, and shows it to nobody.
#[derive(Clone, Debug, Default)]
struct DateHeader(Arc<Mutex<Option<String>>>);

impl DateHeader {
    fn seen(&self) -> Option<Timestamp> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let date = DateTime::from_str(&text, Format::HttpDate).ok()?;
        Timestamp::from_second(date.secs()).ok()
    }
}

impl Intercept for DateHeader {
    fn name(&self) -> &'static str {
        "DateHeader"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").map(str::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}
