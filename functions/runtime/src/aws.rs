//! What a failed call of an AWS SDK means for the step that made it.
//!
//! The SDK's own retries are off (see [`crate::clients`]), so every failure arrives here once, and its name decides
//! what the state machine does: be patient ([`Error::Throttled`]), ask again ([`Error::Unavailable`]), or stop
//! ([`Error::Refused`]). An answer that a step understands (`DBClusterNotFoundFault` where a cluster may be missing,
//! a failed condition of the journal) is read by the step before it asks here.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{DispatchFailure, SdkError, ServiceError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use domain::step::Error;

/// The longest cause that is kept, in characters. AWS's own messages are far shorter; a proxy's error page is not.
const LONGEST_CAUSE: usize = 1_000;

/// Sorts a failed call by what can be done about it. `call` is service and operation, as in `rds:FailoverDBCluster`.
///
/// The cause holds AWS's code, its message and its request ID, which is what AWS Support asks for.
pub fn classify<E>(call: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let unavailable = |why: String| Error::Unavailable {
        call: call.to_owned(),
        why: shorten(why),
    };
    let refused = |why: String| Error::Refused {
        call: call.to_owned(),
        why: shorten(why),
    };
    match error {
        SdkError::ServiceError(answer) => answered(call, &answer),
        SdkError::ResponseError(_) => unavailable(format!("the answer could not be read: {}", chain(&error))),
        SdkError::TimeoutError(_) => unavailable(format!("no answer in time: {}", chain(&error))),
        SdkError::DispatchFailure(ref failure) if DispatchFailure::is_user(failure) => refused(format!(
            "the request could not be sent as it is: {}",
            chain(&error)
        )),
        SdkError::DispatchFailure(_) => unavailable(format!("the call got no answer: {}", chain(&error))),
        SdkError::ConstructionFailure(_) => {
            refused(format!("the request could not be made: {}", chain(&error)))
        }
        // `SdkError` may grow. Of an unknown failure it is unknown whether the call took effect.
        _ => unavailable(chain(&error)),
    }
}

/// AWS answered with an error. Its code says more than the HTTP status: DynamoDB throttles with 400.
fn answered<E>(call: &str, answer: &ServiceError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = answer.raw().status().as_u16();
    let code = answer.err().code();
    let call = call.to_owned();
    let why = shorten(words(answer.err(), status, answer.raw().request_id()));
    match code {
        Some(code) if asks_for_patience(code) => Error::Throttled { call, why },
        Some(code) if is_a_fault_of_aws(code) => Error::Unavailable { call, why },
        Some(_) | None => match status {
            429 => Error::Throttled { call, why },
            500.. => Error::Unavailable { call, why },
            _ => Error::Refused { call, why },
        },
    }
}

/// Source: the standard retry strategy's throttling codes, AWS SDKs and Tools Reference Guide, "Retry behavior";
/// beside them DynamoDB's `RequestLimitExceeded`, SNS's and Step Functions' KMS throttling, and Step Functions'
/// `ExecutionLimitExceeded`, which ends when a running execution does.
fn asks_for_patience(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "Throttled"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "BandwidthLimitExceeded"
            | "LimitExceededException"
            | "SlowDown"
            | "PriorRequestNotComplete"
            | "KMSThrottling"
            | "KmsThrottlingException"
            | "ExecutionLimitExceeded"
    )
}

/// Source: "Common error types" in the API references of RDS, SNS and Step Functions, and DynamoDB Developer Guide,
/// "Error handling"; the conflicts of DynamoDB's transactions and global tables pass by themselves.
fn is_a_fault_of_aws(code: &str) -> bool {
    matches!(
        code,
        "InternalFailure"
            | "InternalError"
            | "InternalServerError"
            | "InternalServerException"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "RequestTimeout"
            | "RequestTimeoutException"
            | "TransactionInProgressException"
            | "TransactionConflictException"
            | "ReplicatedWriteConflictException"
    )
}

fn words<E: ProvideErrorMetadata>(error: &E, status: u16, request_id: Option<&str>) -> String {
    let code = error.code().unwrap_or("no error code");
    let message = error.message().unwrap_or("no message");
    match request_id {
        Some(id) => format!("{code}: {message} (HTTP {status}, request {id})"),
        None => format!("{code}: {message} (HTTP {status})"),
    }
}

/// The causes below the SDK's own words, outermost first. `Display` only: a `Debug` dump of a request holds headers.
fn chain<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: std::error::Error + 'static,
{
    let mut causes: Vec<String> = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let words = cause.to_string();
        // Wrappers repeat what they wrap.
        if causes.last().is_none_or(|last| !last.contains(&words)) {
            causes.push(words);
        }
        next = cause.source();
    }
    if causes.is_empty() {
        error.to_string()
    } else {
        causes.join(": ")
    }
}

fn shorten(mut why: String) -> String {
    if let Some((end, _)) = why.char_indices().nth(LONGEST_CAUSE) {
        why.truncate(end);
        why.push('…');
    }
    why
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn response(status: u16) -> HttpResponse {
        HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty())
    }

    fn answer(status: u16, code: Option<&str>) -> Error {
        let mut meta = ErrorMetadata::builder().message("said AWS");
        if let Some(code) = code {
            meta = meta.code(code);
        }
        classify(
            "rds:RebootDBInstance",
            SdkError::service_error(meta.build(), response(status)),
        )
    }

    #[test]
    fn a_request_for_patience_is_throttled() {
        for code in [
            "Throttling",
            "ThrottlingException",
            "ProvisionedThroughputExceededException",
            "SlowDown",
        ] {
            assert_eq!(answer(400, Some(code)).name(), Error::THROTTLED, "{code}");
        }
        assert_eq!(
            answer(503, Some("SlowDown")).name(),
            Error::THROTTLED,
            "the code says more than the status"
        );
        assert_eq!(answer(429, None).name(), Error::THROTTLED);
    }

    #[test]
    fn a_fault_of_aws_is_unavailable() {
        for (status, code) in [
            (500, Some("InternalFailure")),
            (503, Some("ServiceUnavailable")),
            (502, None),
            (400, Some("RequestTimeout")),
        ] {
            assert_eq!(
                answer(status, code).name(),
                Error::UNAVAILABLE,
                "{status} {code:?}"
            );
        }
        assert_eq!(answer(500, Some("SomethingNew")).name(), Error::UNAVAILABLE);
    }

    #[test]
    fn a_refusal_stays_one() {
        for (status, code) in [
            (403, Some("AccessDenied")),
            (400, Some("ValidationException")),
            (404, Some("DBClusterNotFoundFault")),
            (400, Some("InvalidDBClusterStateFault")),
            (403, None),
        ] {
            assert_eq!(answer(status, code).name(), Error::REFUSED, "{status} {code:?}");
        }
    }

    #[test]
    fn no_answer_is_unavailable_and_says_why() {
        let errors: [SdkError<ErrorMetadata, HttpResponse>; 3] = [
            SdkError::timeout_error("operation timed out after 3 s"),
            SdkError::dispatch_failure(ConnectorError::io("connection refused".into())),
            SdkError::response_error("end of stream", response(200)),
        ];
        let words: Vec<String> = errors
            .into_iter()
            .map(|error| classify("sns:Publish", error).to_string())
            .collect();
        assert_eq!(
            words,
            [
                "unavailable: sns:Publish: no answer in time: operation timed out after 3 s",
                "unavailable: sns:Publish: the call got no answer: io error: connection refused",
                "unavailable: sns:Publish: the answer could not be read: end of stream",
            ]
        );
    }

    #[test]
    fn a_request_that_cannot_be_made_is_refused() {
        let error: SdkError<ErrorMetadata, HttpResponse> = SdkError::construction_failure("no Region");
        assert_eq!(
            classify("sns:Publish", error).to_string(),
            "refused: sns:Publish: the request could not be made: no Region"
        );
    }

    #[test]
    fn the_cause_is_in_awss_words_with_the_request_id() {
        let mut raw = response(403);
        raw.headers_mut().insert("x-amzn-requestid", "8f0a");
        let meta = ErrorMetadata::builder()
            .code("AccessDenied")
            .message("not authorized")
            .build();
        assert_eq!(
            classify("rds:DescribeDBClusters", SdkError::service_error(meta, raw)).to_string(),
            "refused: rds:DescribeDBClusters: AccessDenied: not authorized (HTTP 403, request 8f0a)"
        );
    }

    #[test]
    fn a_long_cause_is_cut_at_a_character() {
        let meta = ErrorMetadata::builder()
            .code("X")
            .message("é".repeat(5_000))
            .build();
        let Error::Refused { why, .. } =
            classify("sns:Publish", SdkError::service_error(meta, response(400)))
        else {
            panic!("a refusal")
        };
        assert_eq!(why.chars().count(), LONGEST_CAUSE + 1);
    }
}
