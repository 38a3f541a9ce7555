//! What lies between an SDK client and the desk: latency, and the refusal of operations that nobody modelled.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;

use super::Desk;
use crate::clock::VirtualClock;
use crate::facts::Fact;

/// Makes a client of one SDK crate that is answered by rules. A macro, because each SDK crate has its own `Config`.
macro_rules! client {
    ($sdk:ident, $desk:expr, $latency:expr, $rules:expr) => {{
        let desk: &$crate::cloud::Desk = $desk;
        let mut mocks = aws_smithy_mocks::MockResponseInterceptor::new()
            .rule_mode(aws_smithy_mocks::RuleMode::MatchAny)
            .allow_passthrough();
        for rule in $rules {
            mocks = mocks.with_rule(&rule);
        }
        let region = desk.world().system.regions.primary.to_string();
        let timeouts = aws_smithy_types::timeout::TimeoutConfig::builder()
            .connect_timeout(runtime::clients::CONNECT)
            .operation_attempt_timeout(runtime::clients::ATTEMPT)
            .operation_timeout(runtime::clients::ATTEMPT)
            .build();
        let config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new(region))
            .credentials_provider($sdk::config::Credentials::new(
                "embedded",
                "embedded",
                None,
                None,
                "embedded cloud",
            ))
            .http_client($crate::cloud::wire::http(desk, $latency))
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(desk.clock())
            .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection($sdk::config::StalledStreamProtectionConfig::disabled())
            .interceptor(mocks)
            .interceptor($crate::cloud::wire::NobodyAnswers::new(desk))
            .build();
        #[expect(
            clippy::disallowed_methods,
            reason = "the embedded cloud builds the clients that its functions get"
        )]
        let client = $sdk::Client::from_conf(config);
        client
    }};
}
pub(crate) use client;

impl TimeSource for VirtualClock {
    fn now(&self) -> std::time::SystemTime {
        VirtualClock::now(self).into()
    }
}

/// HTTP that takes its time and says nothing: the rules say it.
pub(super) fn http(desk: &Desk, latency: Fact) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Slow {
        desk: desk.clone(),
        latency,
    });
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct Slow {
    desk: Desk,
    latency: Fact,
}

impl HttpConnector for Slow {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let (clock, latency) = (self.desk.clock(), self.desk.world().dice().draw(&self.latency));
        HttpConnectorFuture::new(async move {
            clock.pass(latency).await;
            Ok(HttpResponse::new(
                StatusCode::try_from(200_u16).expect("200 is a status"),
                SdkBody::empty(),
            ))
        })
    }
}

/// Stops a call that no rule has answered, and names it. Stands after the interceptor that holds the rules.
#[derive(Debug)]
pub(super) struct NobodyAnswers {
    desk: Desk,
    before: AtomicU64,
}

impl NobodyAnswers {
    pub(super) fn new(desk: &Desk) -> Self {
        Self {
            desk: desk.clone(),
            before: AtomicU64::new(0),
        }
    }
}

impl Intercept for NobodyAnswers {
    fn name(&self) -> &'static str {
        "NobodyAnswers"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.before.store(self.desk.answered(), Ordering::Relaxed);
        Ok(())
    }

    // Between the two hooks the SDK awaits nothing, so no other call can have been answered in between.
    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.desk.answered() > self.before.load(Ordering::Relaxed) {
            return Ok(());
        }
        let called = cfg.load::<Metadata>().map_or_else(
            || "an operation".to_owned(),
            |m| format!("{}:{}", m.service(), m.name()),
        );
        Err(format!("the embedded cloud has no rule for {called}; add one in rehearsal/src/cloud").into())
    }
}
