//! HTTP on 127.0.0.1, at a port that the system picks, in the clear or over TLS.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// A server that ends, with its connections, when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A certificate for 127.0.0.1 that nobody trusts who is not told to.
pub(crate) struct Certificate {
    acceptor: TlsAcceptor,
    file: NamedTempFile,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate")
            .field("file", &self.file.path())
            .finish_non_exhaustive()
    }
}

impl Certificate {
    pub(crate) fn new() -> io::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(io::Error::other)?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(vec![made.cert.der().clone()], key.into())
            })
            .map_err(io::Error::other)?;
        let file = NamedTempFile::new()?;
        std::fs::write(file.path(), made.cert.pem())?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            file,
        })
    }

    /// The certificate in PEM form.
    pub(crate) fn file(&self) -> &Path {
        self.file.path()
    }
}

/// Answers every request by `handler`, which sees it with its body read.
pub(crate) async fn serve<H, F>(handler: H) -> io::Result<Server>
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    listen(None, handler).await
}

/// [`serve`], over TLS.
pub(crate) async fn serve_tls<H, F>(certificate: &Certificate, handler: H) -> io::Result<Server>
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    listen(Some(certificate.acceptor.clone()), handler).await
}

async fn listen<H, F>(tls: Option<TlsAcceptor>, handler: H) -> io::Result<Server>
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let handler = Arc::new(handler);
    let task = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(accept(stream, tls.clone(), Arc::clone(&handler)));
        }
    });
    Ok(Server { address, task })
}

async fn accept<H, F>(stream: TcpStream, tls: Option<TlsAcceptor>, handler: Arc<H>)
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    // Small messages both ways: waiting to fill a packet would be the largest part of what is measured.
    let _ = stream.set_nodelay(true);
    match tls {
        None => converse(stream, handler).await,
        Some(tls) => {
            // A client that does not trust the certificate goes away here, and says so itself.
            if let Ok(stream) = tls.accept(stream).await {
                converse(stream, handler).await;
            }
        }
    }
}

async fn converse<S, H, F>(stream: S, handler: Arc<H>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Request<Bytes>) -> F,
    F: Future<Output = Response<Full<Bytes>>>,
{
    let service = service_fn(|request: Request<Incoming>| {
        let handler = Arc::clone(&handler);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, hyper::Error>(handler(Request::from_parts(head, body)).await)
        }
    });
    // A client that goes away in the middle is no failure of the server.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A response of a status and a body.
pub(crate) fn response(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let built = Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(Full::new(body.into()));
    built.unwrap_or_else(|error| {
        let mut response = Response::new(Full::new(Bytes::from(error.to_string())));
        *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
