//! The proof that a database takes writes: a value is stored through the application and read back.
//!
//! The application offers one URL. PUT stores the body through the database's writer endpoint; GET answers with what
//! is read back from there. The orchestrator thus needs no password and no driver of the database, and what it proves
//! is what users need: name resolution, the application's connections and the writer, all at once.
//! `docs/guide/write-check.md` says how to offer it.

use std::time::Duration;

use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
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
        self.stored_at_and_read_back_from(url, url, token).await
    }

    /// Ensures that a value stored at one URL is read back from another: that the two lead to the same database.
    ///
    /// The connection over which it was stored is not used again. A name that was moved is looked up when a
    /// connection is opened; a connection that is kept leads for ever to where the name led once.
    ///
    /// # Errors
    /// As [`WriteCheck::stored_and_read_back`].
    pub async fn stored_at_and_read_back_from(
        &self,
        put: &HttpsUrl,
        get: &HttpsUrl,
        token: &str,
    ) -> Result<()> {
        let stored_over = CaptureSmithyConnection::new();
        let read = self.both(put, get, token, &stored_over).await;
        if let Some(connection) = stored_over.get() {
            connection.poison();
        }
        let read = read?;
        if read.trim() == token {
            Ok(())
        } else {
            let seen: String = read.chars().take(80).collect();
            Err(Error::NotYet {
                seen: format!("stored `{token}`, read back `{seen}`"),
            })
        }
    }

    async fn both(
        &self,
        put: &HttpsUrl,
        get: &HttpsUrl,
        token: &str,
        stored_over: &CaptureSmithyConnection,
    ) -> Result<String> {
        let both = async {
            self.ask("PUT", put, token, Some(stored_over)).await?;
            self.ask("GET", get, "", None).await
        };
        tokio::time::timeout(PATIENCE, both)
            .await
            .map_err(|_| Error::NotYet {
                seen: format!("no answer within {} ms", PATIENCE.as_millis()),
            })?
    }

    async fn ask(
        &self,
        method: &'static str,
        url: &HttpsUrl,
        body: &str,
        over: Option<&CaptureSmithyConnection>,
    ) -> Result<String> {
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
        if let Some(over) = over {
            request.add_extension(over.clone());
        }

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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex};

    use aws_smithy_runtime_api::client::connection::ConnectionMetadata;
    use aws_smithy_runtime_api::client::http::HttpConnectorFuture;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::http::StatusCode;

    use super::*;

    const NAME: &str = "https://shop.example.com/check";
    const HERE: &str = "https://here.shop.example.com/check";
    const AWAY: &str = "https://away.shop.example.com/check";

    /// One application in two Regions, each with a database of its own. The name leads to one of them.
    #[derive(Clone, Debug, Default)]
    struct Applications {
        stored: Arc<Mutex<String>>,
        asked: Arc<Mutex<Vec<String>>>,
        connections_given_up: Arc<AtomicU32>,
        silent: bool,
    }

    impl HttpConnector for Applications {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let line = format!("{} {}", request.method(), request.uri());
            let body = request.body().bytes().unwrap_or_default().to_vec();
            let request = request.try_into_http1x().unwrap();
            if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
                let given_up = Arc::clone(&self.connections_given_up);
                capture.set_connection_retriever(move || {
                    let given_up = Arc::clone(&given_up);
                    let give_up = move || {
                        given_up.fetch_add(1, Ordering::Relaxed);
                    };
                    let connection = ConnectionMetadata::builder().proxied(false);
                    Some(connection.poison_fn(give_up).build())
                });
            }
            let answer = match line.split_once(' ') {
                Some(("PUT", _)) => {
                    *self.stored.lock().unwrap() = String::from_utf8(body).unwrap();
                    String::new()
                }
                Some(("GET", AWAY)) => "of another database".to_owned(),
                _ => self.stored.lock().unwrap().clone(),
            };
            self.asked.lock().unwrap().push(line);
            let silent = self.silent;
            HttpConnectorFuture::new(async move {
                if silent {
                    std::future::pending::<()>().await;
                }
                let status = StatusCode::try_from(200).unwrap();
                Ok(HttpResponse::new(status, SdkBody::from(answer)))
            })
        }
    }

    async fn checked(applications: &Applications, get: &str) -> Result<()> {
        let connector = SharedHttpConnector::new(applications.clone());
        let (put, get) = (NAME.parse().unwrap(), get.parse().unwrap());
        WriteCheck { connector }
            .stored_at_and_read_back_from(&put, &get, "token")
            .await
    }

    #[tokio::test]
    async fn what_was_stored_by_name_is_read_back_where_the_name_leads_and_nowhere_else() {
        let applications = Applications::default();
        checked(&applications, HERE).await.unwrap();
        assert_eq!(
            *applications.asked.lock().unwrap(),
            [format!("PUT {NAME}"), format!("GET {HERE}")]
        );
        assert_eq!(
            checked(&applications, AWAY).await.unwrap_err().to_string(),
            "not yet: stored `token`, read back `of another database`"
        );
    }

    #[tokio::test]
    async fn a_connection_is_given_up_whatever_came_of_it() {
        let applications = Applications::default();
        checked(&applications, HERE).await.unwrap();
        checked(&applications, AWAY).await.unwrap_err();
        assert_eq!(applications.connections_given_up.load(Ordering::Relaxed), 2);

        let silent = Applications {
            silent: true,
            ..Applications::default()
        };
        assert_eq!(
            checked(&silent, HERE).await.unwrap_err().to_string(),
            "not yet: no answer within 1000 ms"
        );
        assert_eq!(silent.connections_given_up.load(Ordering::Relaxed), 1);
    }
}
