//! An application with a write check, over TLS.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hyper::{Method, Request};

use crate::loopback::{Certificate, Server, response, serve_tls};

/// An application that stores what is PUT to it, and answers GET with it, as its database lets it.
#[derive(Debug)]
pub struct StubApplication {
    server: Server,
    certificate: Certificate,
    database: Arc<Database>,
}

#[derive(Debug)]
struct Database {
    takes_writes: AtomicBool,
    value: Mutex<Bytes>,
}

impl StubApplication {
    /// Starts one whose database takes writes.
    ///
    /// # Errors
    /// When there is no port or no certificate for it.
    pub async fn start() -> io::Result<Self> {
        let certificate = Certificate::new()?;
        let database = Arc::new(Database {
            takes_writes: AtomicBool::new(true),
            value: Mutex::default(),
        });
        let behind = Arc::clone(&database);
        let server = serve_tls(&certificate, move |request| {
            let (status, body) = behind.answer(request);
            std::future::ready(response(status, "text/plain", body))
        })
        .await?;
        Ok(Self {
            server,
            certificate,
            database,
        })
    }

    /// Where its write check is.
    pub fn url(&self) -> String {
        format!("https://{}/write-check", self.server.address)
    }

    /// Its certificate as a PEM file, for `AWS_CA_BUNDLE`.
    pub fn certificate(&self) -> &Path {
        self.certificate.file()
    }

    /// From now on its database takes writes, or does not.
    pub fn take_writes(&self, takes_writes: bool) {
        self.database.takes_writes.store(takes_writes, Ordering::SeqCst);
    }
}

impl Database {
    fn answer(&self, request: Request<Bytes>) -> (u16, Bytes) {
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        if request.method() == Method::GET {
            (200, value.clone())
        } else if self.takes_writes.load(Ordering::SeqCst) {
            *value = request.into_body();
            (204, Bytes::new())
        } else {
            (503, Bytes::from_static(b"the database is read-only"))
        }
    }
}
