//! How AWS says no: a code and a message on the wire, in the words of the service's protocol. The SDK reads them as it
//! reads AWS's own, so a step sees the typed fault that it would see on AWS.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    reason: Option<&'static str>,
}

/// The protocol in which a service speaks. Source: the traits of the services' Smithy models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `awsQuery`, and `restXml` as Route 53 speaks it: errors as XML in an envelope.
    Xml,
    /// `restXml` as S3 speaks it: errors as XML without an envelope.
    BareXml,
    /// `awsJson1_0`, `awsJson1_1` and `restJson1`.
    Json,
    /// `rpcv2Cbor`.
    Cbor,
}

impl Refusal {
    /// The caller asked for something that cannot be.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code,
            message: message.into(),
            reason: None,
        }
    }

    /// It does not go with how things are.
    pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 409,
            ..Self::new(code, message)
        }
    }

    /// The same with a `reason`, as some services of the JSON protocols give one.
    pub(super) fn because(self, reason: &'static str) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }

    /// There is no such thing.
    pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 404,
            ..Self::new(code, message)
        }
    }

    /// The service cannot, for now. Source: "Common errors" in the services' API references.
    pub(super) fn unavailable() -> Self {
        let message = "The request has failed due to a temporary failure of the server.";
        Self {
            status: 503,
            ..Self::new("ServiceUnavailable", message)
        }
    }

    /// Whoever calls may not. Source: "Common errors" in the services' API references.
    pub(super) fn denied() -> Self {
        let message = "The caller is not authorized to perform this action.";
        Self {
            status: 403,
            ..Self::new("AccessDenied", message)
        }
    }

    /// Too many requests. Source: "Common errors" in the services' API references.
    pub(super) fn throttled() -> Self {
        Self::new("ThrottlingException", "Rate exceeded")
    }

    /// Its code, as AWS spells it.
    pub(super) const fn code(&self) -> &'static str {
        self.code
    }

    /// As it stands on the wire.
    pub(super) fn response(&self, protocol: Protocol) -> HttpResponse {
        let Self {
            status,
            code,
            message,
            reason,
        } = self;
        let body = match protocol {
            Protocol::Xml => format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>{}</Message></Error></ErrorResponse>",
                escaped(message)
            )
            .into_bytes(),
            Protocol::BareXml => format!(
                "<Error><Code>{code}</Code><Message>{}</Message></Error>",
                escaped(message)
            )
            .into_bytes(),
            Protocol::Json => {
                let mut body = serde_json::json!({"__type": code, "message": message});
                if let Some(reason) = reason {
                    body["reason"] = (*reason).into();
                }
                body.to_string().into_bytes()
            }
            Protocol::Cbor => cbor(&[("__type", code), ("message", message)]),
        };
        let status = StatusCode::try_from(*status).expect("400, 403, 404, 409 and 503 are statuses");
        HttpResponse::new(status, SdkBody::from(body))
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A map of texts. Source: RFC 8949, section 3.1: major type 5 is a map, major type 3 a text with its length.
fn cbor(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![0xa0 | u8::try_from(fields.len()).unwrap_or(0)];
    for text in fields.iter().flat_map(|(name, value)| [name, value]) {
        let length = u16::try_from(text.len()).unwrap_or(0);
        bytes.push(0x79);
        bytes.extend(length.to_be_bytes());
        bytes.extend(text.as_bytes().iter().take(length.into()));
    }
    bytes
}
