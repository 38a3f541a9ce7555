//! What a failed call of the SDK means for the step that made it.

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use domain::step::Error;

/// Sorts by what can be done about it: be patient, ask again, or tell a person.
pub(crate) fn classify<E, R>(call: &str, error: SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let call = call.to_owned();
    let code = error
        .as_service_error()
        .and_then(|service| service.code())
        .map(str::to_owned);
    let why = DisplayErrorContext(error).to_string();
    match code.as_deref() {
        Some(
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "Throttling",
        ) => Error::Throttled { call, why },
        None
        | Some(
            "InternalServerError"
            | "InternalFailure"
            | "ServiceUnavailable"
            | "TransactionConflictException"
            | "ReplicatedWriteConflictException",
        ) => Error::Unavailable { call, why },
        Some(_) => Error::Refused { call, why },
    }
}
