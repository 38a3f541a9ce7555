//! A server that stands where AWS would, for functions whose `AWS_ENDPOINT_URL` names it.

use std::collections::VecDeque;
use std::future::{Ready, ready};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::HeaderValue;
use hyper::{Request, Response};
use serde_json::Value;

use crate::loopback::{Certificate, Server, response, serve, serve_tls};

/// How answers in CBOR call themselves. Source: Smithy RPC v2 CBOR protocol.
const CBOR: &str = "application/cbor";

/// AWS, as far as a test needs it. Ends when dropped.
#[derive(Debug)]
pub struct StubAws {
    server: Server,
    certificate: Option<Certificate>,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// A call of an AWS API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The service, as it stands in the signature: `rds`, `dynamodb`, `states`, `sns`, `monitoring`.
    pub service: String,
    /// The operation: `RebootDBInstance`.
    pub action: String,
    /// The request's body: JSON, or a form for services that speak the query protocol.
    pub body: String,
}

/// An answer of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
}

impl StubAws {
    /// Starts one that answers every call by `answer`, in the clear.
    ///
    /// # Errors
    /// When there is no port for it.
    pub async fn start(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> io::Result<Self> {
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let server = serve(handler(Arc::clone(&calls), answer)).await?;
        Ok(Self {
            server,
            certificate: None,
            calls,
        })
    }

    /// Starts one that gives these answers in their order, in the clear, and faults when there are no more.
    ///
    /// # Errors
    /// When there is no port for it.
    pub async fn start_script(answers: impl IntoIterator<Item = Answer>) -> io::Result<Self> {
        let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
        Self::start(move |call| {
            let next = answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            next.unwrap_or_else(|| Answer::xml(501, format!("no answer is left for {}", call.action)))
        })
        .await
    }

    /// Starts one that speaks TLS.
    ///
    /// # Errors
    /// When there is no port or no certificate for it.
    pub async fn start_tls(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> io::Result<Self> {
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let certificate = Certificate::new()?;
        let server = serve_tls(&certificate, handler(Arc::clone(&calls), answer)).await?;
        Ok(Self {
            server,
            certificate: Some(certificate),
            calls,
        })
    }

    /// Its certificate as a PEM file, for `AWS_CA_BUNDLE`, if it has one.
    pub fn certificate(&self) -> Option<&Path> {
        self.certificate.as_ref().map(Certificate::file)
    }

    /// What `AWS_ENDPOINT_URL` has to be.
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.server.address)
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The operations called so far.
    pub fn actions(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.action).collect()
    }
}

fn handler(
    calls: Arc<Mutex<Vec<Call>>>,
    answer: impl Fn(&Call) -> Answer,
) -> impl Fn(Request<Bytes>) -> Ready<Response<Full<Bytes>>> {
    move |request| {
        let call = Call::read(&request);
        let Answer {
            status,
            content_type,
            body,
        } = answer(&call);
        calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        let mut response = response(status, content_type, body);
        response
            .headers_mut()
            .insert("x-amzn-requestid", HeaderValue::from_static("stub"));
        if content_type == CBOR {
            let protocol = HeaderValue::from_static("rpc-v2-cbor");
            response.headers_mut().insert("smithy-protocol", protocol);
        }
        ready(response)
    }
}

impl Call {
    fn read(request: &Request<Bytes>) -> Self {
        let header = |name: &str| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let body = String::from_utf8_lossy(request.body()).into_owned();
        // AWS Signature Version 4: Credential=<key>/<date>/<Region>/<service>/aws4_request
        let service = header("authorization")
            .split('/')
            .nth(3)
            .unwrap_or_default()
            .to_owned();
        let action = header("x-amz-target")
            .rsplit('.')
            .next()
            .filter(|target| !target.is_empty());
        let action = action.or_else(|| body.split('&').find_map(|pair| pair.strip_prefix("Action=")));
        // The protocol in CBOR has it at the end of the path.
        let action = action.or_else(|| request.uri().path().rsplit('/').next());
        let action = action.unwrap_or_default().to_owned();
        Self {
            service,
            action,
            body,
        }
    }
}

impl Answer {
    /// An answer in JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            content_type: "application/x-amz-json-1.0",
            body: body.to_string().into_bytes(),
        }
    }

    /// An answer in XML.
    pub fn xml(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            content_type: "text/xml",
            body: body.into().into_bytes(),
        }
    }

    /// An answer in CBOR, as CloudWatch gives it.
    pub fn cbor(body: &Value) -> Self {
        let mut bytes = Vec::new();
        encode(body, &mut bytes);
        Self {
            status: 200,
            content_type: CBOR,
            body: bytes,
        }
    }

    /// An error in JSON, as DynamoDB and Step Functions answer it.
    pub fn json_error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &serde_json::json!({ "__type": code, "message": message }))
    }

    /// An error in XML, as RDS and SNS answer it.
    pub fn xml_error(status: u16, code: &str, message: &str) -> Self {
        let error =
            format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
        Self::xml(
            status,
            format!("<ErrorResponse>{error}<RequestId>stub</RequestId></ErrorResponse>"),
        )
    }
}

/// JSON as CBOR, as far as these tests need it: whole numbers are instants, in seconds, because that is where CloudWatch
/// has such numbers. Source: RFC 8949, 3.
fn encode(value: &Value, to: &mut Vec<u8>) {
    let head = |major: u8, argument: usize, to: &mut Vec<u8>| {
        let argument = u32::try_from(argument).expect("small");
        to.push((major << 5) | 26);
        to.extend(argument.to_be_bytes());
    };
    match value {
        Value::Null => to.push(0xf6),
        Value::Bool(value) => to.push(if *value { 0xf5 } else { 0xf4 }),
        Value::Number(number) => {
            if !number.is_f64() {
                // Tag 1: an instant, in seconds.
                to.push(0xc1);
            }
            to.push(0xfb);
            to.extend(number.as_f64().expect("a number").to_be_bytes());
        }
        Value::String(text) => {
            head(3, text.len(), to);
            to.extend(text.as_bytes());
        }
        Value::Array(values) => {
            head(4, values.len(), to);
            values.iter().for_each(|value| encode(value, to));
        }
        Value::Object(fields) => {
            head(5, fields.len(), to);
            for (name, value) in fields {
                head(3, name.len(), to);
                to.extend(name.as_bytes());
                encode(value, to);
            }
        }
    }
}
