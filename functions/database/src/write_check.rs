//! The proof that a database takes writes: a value is stored through the application and read back.
//!
//! The application offers one URL. PUT stores the body through the database's writer endpoint; GET answers with what
//! is read back from there. The orchestrator thus needs no password and no driver of the database, and what it proves
//! is what users need: name resolution, the application's connections and the writer, all at once.
//! `docs/guide/write-check.md` says how to offer it.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use domain::step::{Error, Result};
use domain::system::HttpsUrl;

/// The longest answer that is looked at: a token is far shorter.
const LONGEST_ANSWER_BYTES: usize = 4_096;

/// How long storing and reading back may take together. A database that needs longer for a few bytes serves nobody.
pub const PATIENCE: Duration = Duration::from_millis(1_000);

const CALL: &str = "write check";

/// Asks an application to store a value and to read it back.
#[derive(Clone, Debug)]
pub struct WriteCheck {
    /// How HTTP is spoken.
    pub connector: SharedHttpConnector,
}

impl WriteCheck {
    /// Ensures that a value is stored and read back.
    ///
    /// # Errors
    /// `NotYet` while the application does not answer, answers with a fault of its own or answers with another value;
    /// `Refused` when it says that there is no such thing to ask for, which no waiting will change.
    pub async fn stored_and_read_back(&self, url: &HttpsUrl, token: &str) -> Result<()> {
        let both = async {
            self.ask("PUT", url, token).await?;
            self.ask("GET", url, "").await
        };
        let read = tokio::time::timeout(PATIENCE, both)
            .await
            .map_err(|_| Error::NotYet {
                seen: format!("no answer within {} ms", PATIENCE.as_millis()),
            })??;
        if read.trim() == token {
            Ok(())
        } else {
            let seen: String = read.chars().take(80).collect();
            Err(Error::NotYet {
                seen: format!("stored `{token}`, read back `{seen}`"),
            })
        }
    }

    async fn ask(&self, method: &'static str, url: &HttpsUrl, body: &str) -> Result<String> {
        let refused = |why: String| Error::Refused {
            call: CALL.to_owned(),
            why,
        };
        let mut request = HttpRequest::new(SdkBody::from(body));
        request
            .set_method(method)
            .map_err(|error| refused(error.to_string()))?;
        request
            .set_uri(url.as_str())
            .map_err(|error| refused(format!("{}: {error}", url.as_str())))?;
        request.headers_mut().insert("content-type", "text/plain");
        request.headers_mut().insert("user-agent", "evenkeel");

        let answer = self.connector.call(request).await;
        let answer = answer.map_err(|error| Error::NotYet {
            seen: format!("{method} {}: {error}", url.as_str()),
        })?;
        let status = answer.status().as_u16();
        match status {
            200..=299 => {}
            // Time-outs and "too many requests" pass; every other 4xx is about the question, not about the database.
            400..=407 | 409..=428 | 430..=499 => {
                return Err(refused(format!(
                    "{method} {} answered {status}; see docs/guide/write-check.md",
                    url.as_str()
                )));
            }
            _ => {
                return Err(Error::NotYet {
                    seen: format!("{method} {} answered {status}", url.as_str()),
                });
            }
        }
        let bytes = ByteStream::new(answer.into_body()).collect().await;
        let bytes = bytes
            .map_err(|error| Error::NotYet {
                seen: format!("{method}: {error}"),
            })?
            .into_bytes();
        Ok(String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_ANSWER_BYTES)]).into_owned())
    }
}
