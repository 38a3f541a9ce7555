//! Why a function cannot start, and how Lambda hears of it.
//!
//! A process that only exits reaches the caller as `Runtime.ExitError`. One that posts its reason to the Runtime API
//! first reaches it with that reason, which a machine's failure branch then carries to people. Source: Lambda
//! Developer Guide, "Using the Lambda runtime API", initialization error.

use std::time::Duration;

use domain::step::Failure;
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{BoxError, PooledClient, build_request};

use crate::{environment, systems, trust};

/// The error name of a function that cannot start.
pub(crate) const INIT_FAILED: &str = "InitFailed";

/// How long the Runtime API, which is on the same machine, may take to hear of it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The environment is not that of a deployed function.
    #[error(transparent)]
    Environment(#[from] environment::Error),
    /// The systems are not known.
    #[error(transparent)]
    Systems(#[from] systems::Error),
    /// The certificates of `AWS_CA_BUNDLE` cannot be used.
    #[error(transparent)]
    Trust(#[from] trust::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {why}")]
    Tls {
        /// What the TLS library said.
        why: String,
    },
    /// The system gives no threads, timers or sockets.
    #[error("the process cannot be set up: {0}")]
    Process(#[from] std::io::Error),
}

/// Tells Lambda. The process has to end afterwards.
pub(crate) async fn report(error: &InitError) {
    let failure = Failure {
        error_type: INIT_FAILED.to_owned(),
        error_message: error.to_string(),
    };
    let told = async {
        let request = build_request()
            .method("POST")
            .uri("/2018-06-01/runtime/init/error")
            .header("lambda-runtime-function-error-type", INIT_FAILED)
            .body(Body::from(serde_json::to_vec(&failure)?))?;
        PooledClient::builder().build().call(request).await?;
        Ok::<(), BoxError>(())
    };
    match tokio::time::timeout(PATIENCE, told).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(error = %error, "Lambda could not be told"),
        Err(_) => tracing::error!("Lambda could not be told in time"),
    }
}
