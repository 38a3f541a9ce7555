//! Why AWS did not do what it was asked, in words that say what to do.
//!
//! `runtime::aws::classify` sorts a failed call for a machine: repeat, wait, give up. A person needs to know which of a few things is
//! wrong on their side, so its sentence is read once more here. It begins with AWS's error code.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use domain::names::AccountId;
use domain::step;
use runtime::InitError;

/// Why AWS did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There are no credentials anywhere.
    #[error("no AWS credentials were found{}", looked_in(.profile.as_deref()))]
    NoCredentials { profile: Option<String> },
    /// What should give credentials does not.
    #[error("the AWS credentials cannot be had: {why}")]
    Credentials { why: String },
    /// The credentials were valid once.
    #[error("the AWS credentials have expired: {why}")]
    Expired { why: String },
    /// AWS does not know the key, or the signature is not its.
    #[error("AWS does not accept the credentials: {why}")]
    Unknown { why: String },
    /// The signature's time is not AWS's.
    #[error("AWS takes the request for an old one: {why}")]
    Clock { why: String },
    /// The credentials are of another account.
    #[error("the system file says account {meant}, and the credentials are of account {found}")]
    OtherAccount { meant: AccountId, found: String },
    /// No Region was named.
    #[error("no Region is named")]
    NoRegion,
    /// The caller may not do it.
    #[error("not permitted to call {call}: {why}")]
    Denied { call: String, why: String },
    /// AWS asked for patience, again and again.
    #[error("AWS asks for patience: {call}: {why}")]
    Throttled { call: String, why: String },
    /// Nobody answered.
    #[error("no answer from AWS: {call}: {why}")]
    Unreachable { call: String, why: String },
    /// What Evenkeel needs there is not there.
    #[error("Evenkeel is not deployed there: {call}: {why}")]
    NotDeployed { call: String, why: String },
    /// AWS refused for another reason.
    #[error("AWS refused {call}: {why}")]
    Refused { call: String, why: String },
    /// Connections cannot be set up.
    #[error(transparent)]
    Setup(#[from] InitError),
}

impl Error {
    /// Explains a failed call. `call` is service and operation, as IAM names the action: `dynamodb:GetItem`.
    pub(crate) fn of<E>(call: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        runtime::aws::classify(call, error).into()
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::NoCredentials { .. } => {
                "sign in (`aws sso login`), name a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; an \
                 emulator takes any"
            }
            Self::Credentials { .. } => {
                "`aws sts get-caller-identity` with the same profile shows whether others can have them; `aws sso login` signs in"
            }
            Self::Expired { .. } => "sign in again (`aws sso login`, with the profile), and repeat; nothing was changed",
            Self::Unknown { .. } => {
                "check the profile, or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, which have to be of one set"
            }
            Self::Clock { .. } => "set this machine's clock right: AWS allows a few minutes; `evenkeel doctor` measures",
            Self::OtherAccount { .. } => {
                "name the profile of the account that the system file is about with --profile; nothing was changed"
            }
            Self::NoRegion => "name one with --region",
            Self::Denied { .. } => {
                "use credentials that may do that; docs/guide/operating.md lists what every verb needs, and `evenkeel doctor` tries it"
            }
            Self::Throttled { .. } => "it was repeated already; wait a little, and type it again",
            Self::Unreachable { .. } => {
                "check the network, proxies (HTTPS_PROXY, NO_PROXY) and --endpoint-url; if others reach AWS, the Region may be lost"
            }
            Self::NotDeployed { .. } => "check --region and the account, or deploy it: evenkeel deploy",
            Self::Refused { .. } => "nothing was changed unless it says so; it is safe to repeat",
            Self::Setup(_) => "correct or unset AWS_CA_BUNDLE",
        }
        .to_owned()
    }
}

/// Source: "Common Errors" in the API references of DynamoDB, Step Functions and STS.
impl From<step::Error> for Error {
    fn from(error: step::Error) -> Self {
        match error {
            step::Error::Throttled { call, why } => Self::Throttled { call, why },
            step::Error::Unavailable { call, why } | step::Error::Refused { call, why }
                if of_credentials(&why) =>
            {
                let _ = call;
                Self::having(why)
            }
            step::Error::Unavailable { call, why } => Self::Unreachable { call, why },
            step::Error::Refused { call, why } => match why.split([':', ' ']).next().unwrap_or_default() {
                "ExpiredToken" | "ExpiredTokenException" => Self::Expired { why },
                "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "InvalidAccessKeyId"
                | "MissingAuthenticationToken"
                | "MissingAuthenticationTokenException"
                | "IncompleteSignature"
                | "AuthFailure" => Self::Unknown { why },
                "RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture" => Self::Clock { why },
                "InvalidSignatureException" | "SignatureDoesNotMatch" => {
                    // One code for a wrong secret and for a wrong clock; the message says which.
                    if why.contains("expired") || why.contains("not yet current") {
                        Self::Clock { why }
                    } else {
                        Self::Unknown { why }
                    }
                }
                "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError" => {
                    Self::Denied { call, why }
                }
                "ResourceNotFoundException" | "StateMachineDoesNotExist" | "NoSuchBucket" => {
                    Self::NotDeployed { call, why }
                }
                _ => Self::Refused { call, why },
            },
            other => Self::Refused {
                call: "the journal".to_owned(),
                why: other.to_string(),
            },
        }
    }
}

impl From<CredentialsError> for Error {
    fn from(error: CredentialsError) -> Self {
        let why = causes(&error);
        match error {
            CredentialsError::CredentialsNotLoaded(_) => Self::NoCredentials { profile: None },
            // The chain's last resort, which speaks for all of it: whoever is not on an instance of EC2 never meant that.
            _ if why.contains("IMDS") => Self::NoCredentials { profile: None },
            _ => Self::having(why),
        }
    }
}

impl Error {
    /// Credentials were looked for in that profile.
    pub(super) fn of_profile(self, named: Option<&String>) -> Self {
        match self {
            Self::NoCredentials { .. } => Self::NoCredentials {
                profile: named.cloned(),
            },
            other => other,
        }
    }

    /// Credentials could not be had.
    fn having(why: String) -> Self {
        let lower = why.to_lowercase();
        if lower.contains("expired") || lower.contains("unauthorizedexception") {
            Self::Expired { why }
        } else {
            Self::Credentials { why }
        }
    }
}

/// Whether a call failed before it was made, because its credentials could not be renewed. The SDK has no type for that: it is a
/// dispatch failure whose cause speaks of credentials.
fn of_credentials(why: &str) -> bool {
    let lower = why.to_lowercase();
    let unsent = lower.starts_with("the call got no answer") || lower.starts_with("the request could not be");
    unsent && (lower.contains("credentials") || lower.contains("sso token"))
}

fn looked_in(profile: Option<&str>) -> String {
    match profile {
        Some(profile) => format!(" in the profile `{profile}`"),
        None => ": not in the environment, not in a profile, and this machine has no role".to_owned(),
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        // Wrappers repeat what they wrap.
        if words.last().is_none_or(|last| !last.contains(&text)) {
            words.push(text);
        }
        next = cause.source();
    }
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn answered(status: u16, code: &str, message: &str) -> Error {
        let raw = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
        let meta = ErrorMetadata::builder().code(code).message(message).build();
        Error::of("dynamodb:GetItem", SdkError::service_error(meta, raw))
    }

    #[test]
    fn what_is_wrong_on_a_persons_side_is_told_apart() {
        let said = |code, message| answered(400, code, message).to_string();
        assert_eq!(
            [
                said(
                    "ExpiredTokenException",
                    "The security token included in the request is expired"
                ),
                said(
                    "UnrecognizedClientException",
                    "The security token included in the request is invalid."
                ),
                said(
                    "InvalidSignatureException",
                    "Signature expired: 20260101T000000Z is now earlier than …"
                ),
                said(
                    "InvalidSignatureException",
                    "The request signature we calculated does not match"
                ),
                said(
                    "AccessDeniedException",
                    "User: ana is not authorized to perform: dynamodb:GetItem"
                ),
                said("ResourceNotFoundException", "Requested resource not found"),
                said("ThrottlingException", "Rate exceeded"),
                said("ValidationException", "no"),
            ],
            [
                "the AWS credentials have expired: ExpiredTokenException: The security token included in the request is expired \
                 (HTTP 400)",
                "AWS does not accept the credentials: UnrecognizedClientException: The security token included in the request is \
                 invalid. (HTTP 400)",
                "AWS takes the request for an old one: InvalidSignatureException: Signature expired: 20260101T000000Z is now \
                 earlier than … (HTTP 400)",
                "AWS does not accept the credentials: InvalidSignatureException: The request signature we calculated does not \
                 match (HTTP 400)",
                "not permitted to call dynamodb:GetItem: AccessDeniedException: User: ana is not authorized to perform: \
                 dynamodb:GetItem (HTTP 400)",
                "Evenkeel is not deployed there: dynamodb:GetItem: ResourceNotFoundException: Requested resource not found \
                 (HTTP 400)",
                "AWS asks for patience: dynamodb:GetItem: ThrottlingException: Rate exceeded (HTTP 400)",
                "AWS refused dynamodb:GetItem: ValidationException: no (HTTP 400)",
            ]
        );
    }

    #[test]
    fn silence_is_not_a_refusal() {
        let silent: SdkError<ErrorMetadata, HttpResponse> =
            SdkError::dispatch_failure(ConnectorError::io("connection refused".into()));
        let error = Error::of("states:StartExecution", silent);
        assert!(matches!(error, Error::Unreachable { .. }), "{error}");
        assert!(error.hint().contains("--endpoint-url"));
    }

    #[test]
    fn credentials_that_cannot_be_renewed_are_no_silence() {
        let lost: SdkError<ErrorMetadata, HttpResponse> = SdkError::dispatch_failure(ConnectorError::other(
            Box::new(CredentialsError::provider_error("the SSO token has expired")),
            None,
        ));
        let error = Error::of("states:DescribeExecution", lost);
        assert!(matches!(error, Error::Expired { .. }), "{error}");
    }

    #[test]
    fn none_and_broken_are_told_apart() {
        let none = Error::from(CredentialsError::not_loaded_no_source());
        assert!(matches!(none, Error::NoCredentials { .. }), "{none}");
        assert_eq!(
            none.of_profile(Some(&"production".to_owned())).to_string(),
            "no AWS credentials were found in the profile `production`"
        );
        let last = Error::from(CredentialsError::provider_error(
            "failed to load IMDS session token",
        ));
        assert!(matches!(last, Error::NoCredentials { .. }), "{last}");
        let broken = Error::from(CredentialsError::invalid_configuration("no profile `x`"));
        assert!(matches!(broken, Error::Credentials { .. }), "{broken}");
    }
}
