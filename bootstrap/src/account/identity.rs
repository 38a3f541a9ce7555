//! Whose credentials they are.

use domain::names::{AccountId, Region};

use super::{Account, Error};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The account that is charged, and changed.
    pub(crate) account: AccountId,
    /// The user or role.
    pub(crate) arn: String,
}

impl Account {
    /// Asks STS, which answers whoever has valid credentials, whatever they permit (STS API, GetCallerIdentity).
    ///
    /// # Errors
    /// When the credentials are not valid, or STS does not answer.
    pub(crate) async fn identity(&self, region: &Region) -> Result<Identity, Error> {
        const CALL: &str = "sts:GetCallerIdentity";
        let sts = aws_sdk_sts::Client::new(&self.config_in(region));
        let answer = sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| Error::of(CALL, error))?;
        let account = answer.account().unwrap_or_default().parse();
        Ok(Identity {
            account: account.map_err(|error: domain::names::Error| Error::Refused {
                call: CALL.to_owned(),
                why: error.to_string(),
            })?,
            arn: answer.arn().unwrap_or_default().to_owned(),
        })
    }
}
