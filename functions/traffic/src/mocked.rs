//! What the tests of these steps stand on: the system `shop`, a run that holds its lock, and SDK clients that are
//! answered by rules.

use domain::duration::Duration;
use domain::journal::Journal;
use domain::names::{Epoch, Recovery};
use domain::steps::Run;
use domain::system::System;
use domain::system::region_failover::Traffic;
use jiff::Timestamp;
use journal::{Hold, MemoryJournal};

/// Makes a client of one SDK crate that is answered by rules. A macro, because each SDK crate has its own `Config`.
macro_rules! client {
    ($sdk:ident, $rules:expr) => {{
        let mut mocks =
            aws_smithy_mocks::MockResponseInterceptor::new().rule_mode(aws_smithy_mocks::RuleMode::MatchAny);
        for rule in $rules {
            mocks = mocks.with_rule(&rule);
        }
        let config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new("eu-west-1"))
            .credentials_provider($sdk::config::Credentials::new("test", "test", None, None, "test"))
            .http_client(aws_smithy_mocks::create_mock_http_client())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
            .stalled_stream_protection($sdk::config::StalledStreamProtectionConfig::disabled())
            .interceptor(mocks)
            .build();
        #[expect(clippy::disallowed_methods, reason = "a test builds its own clients")]
        let client = $sdk::Client::from_conf(config);
        client
    }};
}
pub(crate) use client;

/// An answer of AWS without a body that says anything: what a gateway answers, or a call whose answer was lost.
pub(crate) fn status<O, E>(status: u16) -> aws_smithy_mocks::MockResponse<O, E> {
    answer(status, "")
}

/// An error as the protocols in XML have it.
pub(crate) fn xml_error<O, E>(
    status: u16,
    code: &str,
    message: &str,
) -> aws_smithy_mocks::MockResponse<O, E> {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    answer(
        status,
        &format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"),
    )
}

/// An error as S3 has it.
pub(crate) fn s3_error<O, E>(status: u16, code: &str, message: &str) -> aws_smithy_mocks::MockResponse<O, E> {
    answer(
        status,
        &format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"),
    )
}

/// An error as the protocols in JSON have it.
pub(crate) fn json_error<O, E>(
    status: u16,
    code: &str,
    message: &str,
) -> aws_smithy_mocks::MockResponse<O, E> {
    let error = serde_json::json!({ "__type": code, "message": message });
    answer(status, &error.to_string())
}

fn answer<O, E>(status: u16, body: &str) -> aws_smithy_mocks::MockResponse<O, E> {
    aws_smithy_mocks::MockResponse::Http(aws_smithy_runtime_api::client::orchestrator::HttpResponse::new(
        aws_smithy_runtime_api::http::StatusCode::try_from(status).expect("a status"),
        aws_smithy_types::body::SdkBody::from(body),
    ))
}

/// The present.
pub(crate) fn now() -> Timestamp {
    "2026-10-01T07:16:00Z".parse().expect("a time")
}

/// The system `shop`, moved in that way.
pub(crate) fn shop(traffic: Option<Traffic>) -> System {
    let mut system = domain::system::read(include_str!("../tests/shop.toml")).expect("a system file");
    if let (Some(traffic), Some(shared)) = (traffic, &mut system.region_failover) {
        shared.traffic = traffic;
    }
    system
}

/// A run of `shop` that holds its lock.
pub(crate) struct Holding {
    pub(crate) journal: MemoryJournal,
    pub(crate) run: Run,
    pub(crate) epoch: Epoch,
}

impl Holding {
    pub(crate) async fn the_lock() -> Self {
        let run = Run {
            system: "shop".parse().expect("a name"),
            incident: "shop-fail-over-region-20261001T071509Z-8899aabbccddeeff"
                .parse()
                .expect("an incident"),
            recovery: Recovery::FailOverRegion,
            opened_at: "2026-10-01T07:15:09Z".parse().expect("a time"),
            because: "two alarms are in ALARM".to_owned(),
        };
        let journal = MemoryJournal::new();
        let lock = journal.take_lock(&run.system, &run.incident, now(), Duration::from_mins(120));
        let epoch = lock.await.expect("free").epoch;
        Self { journal, run, epoch }
    }

    /// A run that lost it.
    pub(crate) async fn no_more() -> Self {
        let holding = Self::the_lock().await;
        let released = holding
            .journal
            .release_lock(&holding.run.system, &holding.run.incident, now());
        assert!(released.await.expect("released"));
        holding
    }

    pub(crate) fn hold(&self) -> Hold<'_, MemoryJournal> {
        Hold {
            journal: &self.journal,
            run: &self.run,
            epoch: self.epoch,
            now: now(),
        }
    }
}
