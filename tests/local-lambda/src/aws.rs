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
    body: String,
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
            body: body.to_string(),
        }
    }

    /// An answer in XML.
    pub fn xml(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            content_type: "text/xml",
            body: body.into(),
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
