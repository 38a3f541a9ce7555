//! Connections to AWS from a person's machine: through the proxy that `HTTPS_PROXY` and `NO_PROXY` name, but never to what is on this
//! machine or beside it (an emulator, the metadata service of an instance), for which no proxy can speak.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use super::Error;

/// The HTTP client of all clients of a command.
///
/// # Errors
/// When the certificates of `AWS_CA_BUNDLE` cannot be used.
pub(super) fn client() -> Result<SharedHttpClient, Error> {
    let bundle = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty());
    let tls = runtime::tls_for_people(bundle.as_deref().map(Path::new))?;
    let known: Arc<Mutex<BTreeMap<Patience, SharedHttpConnector>>> = Arc::default();
    Ok(http_client_fn(move |settings, _| {
        let patience = (settings.connect_timeout(), settings.read_timeout());
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let roads = known
            .entry(patience)
            .or_insert_with(|| SharedHttpConnector::new(Roads::new(&tls, settings)));
        roads.clone()
    }))
}

/// How long a connection may take to be opened, and an answer to come. Connections are shared among those who agree about both.
type Patience = (Option<Duration>, Option<Duration>);

/// The way to AWS, and the way to what is near.
#[derive(Debug)]
struct Roads {
    far: Connector,
    near: Connector,
}

impl Roads {
    fn new(tls: &TlsContext, settings: &HttpConnectorSettings) -> Self {
        let connector = |proxy: ProxyConfig| {
            Connector::builder()
                .connector_settings(settings.clone())
                .proxy_config(proxy)
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(tls.clone())
                .build()
        };
        Self {
            far: connector(ProxyConfig::from_env()),
            near: connector(ProxyConfig::disabled()),
        }
    }
}

impl HttpConnector for Roads {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if is_near(request.uri()) {
            self.near.call(request)
        } else {
            self.far.call(request)
        }
    }
}

/// Whether a URL names this machine or its own link.
fn is_near(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    match host.parse() {
        Ok(IpAddr::V4(four)) => four.is_loopback() || four.is_link_local(),
        Ok(IpAddr::V6(six)) => six.is_loopback() || six.is_unicast_link_local(),
        Err(_) => host == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn no_proxy_speaks_for_what_is_near() {
        for near in [
            "http://127.0.0.1:4566/x",
            "http://localhost:1?y",
            "http://[::1]:80/",
            "http://169.254.169.254/latest/meta-data",
        ] {
            assert!(is_near(near), "{near}");
        }
        for far in [
            "https://states.eu-west-1.amazonaws.com/",
            "https://127.0.0.1.example/",
            "https://10.0.0.1/",
            "127.0.0.1",
        ] {
            assert!(!is_near(far), "{far}");
        }
    }
}
