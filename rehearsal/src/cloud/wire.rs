//! What lies between an SDK client and the desk: latency, silence, and the refusal of operations that nobody modelled.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use domain::duration::Duration;
use domain::names::Region;

use super::refusal::{Protocol, Refusal};
use super::{Desk, Route, shortcut};
use crate::clock::VirtualClock;
use crate::facts::Fact;

/// Makes a client of one SDK crate that is answered by rules. A macro, because each SDK crate has its own `Config`.
macro_rules! client {
    ($sdk:ident, $protocol:ident, $desk:expr, $route:expr, $latency:expr, $rules:expr) => {{
        let desk: &$crate::cloud::Desk = $desk;
        let mut mocks = aws_smithy_mocks::MockResponseInterceptor::new()
            .rule_mode(aws_smithy_mocks::RuleMode::MatchAny)
            .allow_passthrough();
        for rule in $rules {
            mocks = mocks.with_rule(&rule);
        }
        let route: &$crate::cloud::desk::Route = $route;
        let latency = [
            Some($latency),
            route.is_far().then_some($crate::facts::OTHER_REGION),
        ];
        // With one attempt, the attempt's patience is the operation's too.
        let timeouts = aws_smithy_types::timeout::TimeoutConfig::builder()
            .connect_timeout(runtime::clients::CONNECT)
            .operation_attempt_timeout(runtime::clients::ATTEMPT)
            .build();
        let config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new(route.to.to_string()))
            .credentials_provider($sdk::config::Credentials::new(
                "embedded",
                "embedded",
                None,
                None,
                "embedded cloud",
            ))
            .http_client($crate::cloud::wire::http(
                desk,
                $crate::cloud::refusal::Protocol::$protocol,
                latency,
            ))
            .identity_cache($crate::cloud::shortcut::Shortcut::new(desk, latency))
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(desk.clock())
            .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection($sdk::config::StalledStreamProtectionConfig::disabled())
            .interceptor($crate::cloud::wire::Announced::new(desk, route))
            .interceptor(mocks)
            .interceptor($crate::cloud::wire::Outcome::new(desk))
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

/// What becomes of a call. The rule decides it at the instant of the call; the wire lets the caller feel it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It takes effect and is answered, by the rule.
    Answered,
    /// The rule answers with one of the operation's own errors.
    AnsweredWithError,
    /// The service answers with an error. Nothing takes effect.
    Refused(Refusal),
    /// Nobody answers. Nothing takes effect.
    Silent,
    /// It got there, and no answer comes back.
    Lost,
}

impl Storable for Fate {
    type Storer = StoreReplace<Self>;
}

/// HTTP that takes its time: what the rules do not say themselves, it says.
pub(super) fn http(desk: &Desk, protocol: Protocol, latency: [Option<Fact>; 2]) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Wire {
        desk: desk.clone(),
        protocol,
        latency,
    });
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct Wire {
    desk: Desk,
    protocol: Protocol,
    latency: [Option<Fact>; 2],
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let clock = self.desk.clock();
        let response = match request.extension::<Fate>() {
            Some(Fate::Silent) => return HttpConnectorFuture::new(unreachable(clock)),
            // The client gives up by its own patience.
            Some(Fate::Lost) => return HttpConnectorFuture::new(std::future::pending()),
            Some(Fate::Refused(refusal)) => refusal.response(self.protocol),
            Some(Fate::Answered | Fate::AnsweredWithError) | None => nothing(),
        };
        let latency = takes(&self.desk, self.latency);
        HttpConnectorFuture::new(async move {
            clock.pass(latency).await;
            Ok(response)
        })
    }
}

/// How long a call takes.
pub(super) fn takes(desk: &Desk, facts: [Option<Fact>; 2]) -> Duration {
    desk.keep(|desk| {
        move || {
            draw(&desk, facts);
        }
    });
    draw(desk, facts)
}

fn draw(desk: &Desk, facts: [Option<Fact>; 2]) -> Duration {
    let mut world = desk.look();
    let dice = world.dice();
    let drawn = facts.iter().flatten().map(|fact| dice.draw(fact).as_millis());
    Duration::from_millis(drawn.sum())
}

/// An answer without a word, for those that the rule puts in afterwards.
pub(super) fn nothing() -> HttpResponse {
    HttpResponse::new(
        StatusCode::try_from(200_u16).expect("200 is a status"),
        SdkBody::empty(),
    )
}

/// A connection to nobody: no packet is answered, and the connector gives up when it has waited for as long as the
/// functions' connectors do.
pub(super) async fn unreachable(clock: VirtualClock) -> Result<HttpResponse, ConnectorError> {
    let patience = runtime::clients::CONNECT.as_secs();
    clock.pass(Duration::from_secs(patience)).await;
    let what = format!("no connection within {patience} s");
    Err(ConnectorError::timeout(what.into()))
}

/// Says which call is about to be made, before any rule is asked. Stands before the interceptor that holds the rules.
#[derive(Debug)]
pub(super) struct Announced {
    desk: Desk,
    to: Region,
    /// Operations of this client that were called, by their names: each is put into words once.
    called: Mutex<BTreeMap<String, Arc<str>>>,
}

impl Announced {
    pub(super) fn new(desk: &Desk, route: &Route) -> Self {
        Self {
            desk: desk.clone(),
            to: route.to.clone(),
            called: Mutex::default(),
        }
    }

    /// The operation in the words of a place: `rds:DescribeDBInstances`.
    fn words(&self, called: &Metadata) -> Arc<str> {
        let mut known = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(words) = known.get(called.name()) {
            return Arc::clone(words);
        }
        let service: String = called.service().split_whitespace().collect();
        let words: Arc<str> = format!("{}:{}", service.to_lowercase(), called.name()).into();
        known.insert(called.name().to_owned(), Arc::clone(&words));
        words
    }
}

impl Intercept for Announced {
    fn name(&self) -> &'static str {
        "Announced"
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.desk.is_watched()
            && let Some(called) = cfg.load::<Metadata>()
        {
            self.desk.announce(&self.words(called), &self.to);
        }
        Ok(())
    }
}

/// Carries a call's fate from the rule to the wire, and stops a call that no rule has answered. Stands after the
/// interceptor that holds the rules.
#[derive(Debug)]
pub(super) struct Outcome {
    desk: Desk,
}

impl Outcome {
    pub(super) fn new(desk: &Desk) -> Self {
        Self { desk: desk.clone() }
    }
}

impl Intercept for Outcome {
    fn name(&self) -> &'static str {
        "Outcome"
    }

    // Between the rule's answer and this hook the SDK awaits nothing, so no other call can have been answered in between.
    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(fate) = self.desk.take_fate() {
            if fate == Fate::Answered && self.desk.is_watched() {
                shortcut::take(cfg);
            }
            cfg.interceptor_state().store_put(fate);
            return Ok(());
        }
        let called = cfg.load::<Metadata>().map_or_else(
            || "an operation".to_owned(),
            |m| format!("{}:{}", m.service(), m.name()),
        );
        Err(format!("the embedded cloud has no rule for {called}; add one in rehearsal/src/cloud").into())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(fate) = cfg.load::<Fate>() {
            context.request_mut().add_extension(fate.clone());
        }
        Ok(())
    }
}
