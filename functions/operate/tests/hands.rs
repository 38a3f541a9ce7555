//! What people do by hand, on a journal in memory and a Step Functions that answers as it is told.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::operation::redrive_execution::{RedriveExecutionError, RedriveExecutionOutput};
use aws_sdk_sfn::operation::send_task_success::SendTaskSuccessOutput;
use aws_sdk_sfn::operation::start_execution::StartExecutionOutput;
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sfn::types::error::ExecutionNotRedrivable;
use aws_smithy_mocks::{MockResponseInterceptor, RuleMode, create_mock_http_client, mock};
use domain::clock::Clock;
use domain::duration::Duration;
use domain::journal::{Journal, Question};
use domain::names::{IncidentId, Recovery, SystemName};
use domain::steps::Run;
use domain::steps::region::{Answer, Risk};
use domain::system::{Systems, read};
use jiff::Timestamp;
use journal::MemoryJournal;
use operate::{Error, Hands, Reason};

const SYSTEM: &str = r#"
name = "shop"
account = "111122223333"
[regions]
primary = "eu-central-1"
[database]
kind = "aurora"
identifier = "shop-db"
write-check = "https://shop.example.com/evenkeel/write-check"
[[alarms]]
name = "writer-unreachable"
means = "database-down"
[objectives]
rto = "5m"
[people]
page = "arn:aws:sns:eu-central-1:111122223333:page"
"#;

const REASON: Reason<'static> = Reason {
    by: "on-call",
    because: "the Region is gone",
};

#[derive(Default)]
struct Watch(AtomicI64);

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).expect("in range")
    }
}

/// Somebody at work, and what Step Functions was told.
struct Work {
    hands: Hands<MemoryJournal>,
    watch: Arc<Watch>,
    told: Arc<Mutex<Vec<String>>>,
}

impl Work {
    fn begin() -> Self {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let (answers, starts) = (Arc::clone(&told), Arc::clone(&told));
        let answer = mock!(aws_sdk_sfn::Client::send_task_success).then_compute_output(move |input| {
            answers
                .lock()
                .expect("whole")
                .push(input.task_token().unwrap_or_default().to_owned());
            SendTaskSuccessOutput::builder().build()
        });
        let start = mock!(aws_sdk_sfn::Client::start_execution).then_compute_output(move |input| {
            let name = input.name().unwrap_or_default().to_owned();
            starts.lock().expect("whole").push(name.clone());
            StartExecutionOutput::builder()
                .execution_arn(name)
                .start_date(DateTime::from_secs(0))
                .build()
                .expect("complete")
        });
        let describe = mock!(aws_sdk_sfn::Client::describe_execution).then_compute_output(|input| {
            let arn = input.execution_arn().unwrap_or_default();
            DescribeExecutionOutput::builder()
                .execution_arn(arn)
                .state_machine_arn("machine")
                .start_date(DateTime::from_secs(0))
                .status(ExecutionStatus::Failed)
                .error(if arn.ends_with("told") {
                    "Paged"
                } else {
                    "States.Runtime"
                })
                .redrive_status_reason("it ended 15 days ago")
                .build()
                .expect("complete")
        });
        let redriven = Arc::clone(&told);
        let redrive = mock!(aws_sdk_sfn::Client::redrive_execution)
            .match_requests(|input| !input.execution_arn().unwrap_or_default().ends_with("old"))
            .then_compute_output(move |input| {
                let arn = input.execution_arn().unwrap_or_default().to_owned();
                redriven.lock().expect("whole").push(arn);
                RedriveExecutionOutput::builder()
                    .redrive_date(DateTime::from_secs(7))
                    .build()
                    .expect("complete")
            });
        let refuse = mock!(aws_sdk_sfn::Client::redrive_execution)
            .match_requests(|input| input.execution_arn().unwrap_or_default().ends_with("old"))
            .then_error(|| {
                RedriveExecutionError::ExecutionNotRedrivable(ExecutionNotRedrivable::builder().build())
            });
        let mocks = MockResponseInterceptor::new()
            .rule_mode(RuleMode::MatchAny)
            .with_rule(&answer)
            .with_rule(&start)
            .with_rule(&describe)
            .with_rule(&redrive)
            .with_rule(&refuse);
        let config = aws_sdk_sfn::Config::builder()
            .behavior_version(aws_sdk_sfn::config::BehaviorVersion::latest())
            .region(aws_sdk_sfn::config::Region::new("eu-central-1"))
            .credentials_provider(aws_sdk_sfn::config::Credentials::new(
                "a", "b", None, None, "test",
            ))
            .http_client(create_mock_http_client())
            .interceptor(mocks)
            .build();
        let watch = Arc::new(Watch::default());
        #[expect(
            clippy::disallowed_methods,
            reason = "a test builds the client that it hands in"
        )]
        let sfn = aws_sdk_sfn::Client::from_conf(config);
        let journal = MemoryJournal::new();
        let hands = Hands {
            systems: Systems::from(vec![read(SYSTEM).expect("coherent")]),
            region: "eu-central-1".parse().expect("valid"),
            journal: journal.clone(),
            journal_in: Arc::new(move |_| journal.clone()),
            sfn,
            clock: watch.clone(),
        };
        Self { hands, watch, told }
    }

    /// A run holds the lock and asks, for fifteen minutes.
    async fn asked(self) -> Self {
        let Hands { journal, .. } = &self.hands;
        let now = self.watch.now();
        let lock = journal
            .take_lock(&shop(), &incident(), now, Duration::from_mins(60))
            .await;
        lock.expect("free");
        let question = Question {
            incident: incident(),
            token: "token-1".into(),
            asked_at: now,
            expires_at: now + Duration::from_mins(15).signed(),
            risks: vec![Risk::DataLoss, Risk::NotFenced],
            answer: None,
        };
        journal.ask(&shop(), &question).await.expect("asked");
        self
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().expect("whole").clone()
    }
}

fn shop() -> SystemName {
    "shop".parse().expect("valid")
}

fn incident() -> IncidentId {
    "shop-fail-over-region-1".parse().expect("valid")
}

const ALL: [Risk; 2] = [Risk::NotFenced, Risk::DataLoss];

#[tokio::test]
async fn an_approval_has_to_accept_every_risk_by_name() {
    let work = Work::begin().asked().await;
    let refused = work
        .hands
        .approve(&shop(), &incident(), REASON, &[Risk::DataLoss])
        .await;
    let missing = vec![Risk::NotFenced];
    assert_eq!(refused, Err(Error::NotAccepted { missing }));
    assert!(work.told().is_empty(), "and the run still waits");
    let answered = work
        .hands
        .approve(&shop(), &incident(), REASON, &ALL)
        .await
        .expect("all accepted");
    assert_eq!(answered.approval.answer, Answer::Approved);
    assert_eq!(
        answered.approval.seen,
        ["approved by on-call, because the Region is gone, accepting not-fenced and data-loss"]
    );
    assert_eq!(work.told(), ["token-1"]);
}

#[tokio::test]
async fn the_first_answer_stands_and_may_be_repeated() {
    let work = Work::begin().asked().await;
    work.hands
        .reject(&shop(), &incident(), REASON)
        .await
        .expect("asked");
    work.hands
        .reject(&shop(), &incident(), REASON)
        .await
        .expect("the same again");
    let error = work
        .hands
        .approve(&shop(), &incident(), REASON, &ALL)
        .await
        .expect_err("too late");
    assert!(matches!(error, Error::AnsweredBefore(_)), "{error}");
    assert!(
        error.to_string().starts_with("on-call rejected it at "),
        "{error}"
    );
}

#[tokio::test]
async fn after_its_time_no_answer_is_taken() {
    let work = Work::begin().asked().await;
    work.watch.0.store(900, Ordering::Relaxed);
    let error = work
        .hands
        .approve(&shop(), &incident(), REASON, &ALL)
        .await
        .expect_err("late");
    assert!(matches!(error, Error::TooLate { .. }), "{error}");
    let question = work
        .hands
        .journal
        .question(&shop(), &incident())
        .await
        .expect("in memory");
    assert_eq!(question.expect("asked").answer, None, "nothing is written");
}

#[tokio::test]
async fn what_asks_nothing_and_who_says_nothing_is_refused() {
    let work = Work::begin();
    let nothing = work
        .hands
        .reject(&shop(), &incident(), REASON)
        .await
        .expect_err("nothing asked");
    assert!(matches!(nothing, Error::NothingAsked { .. }), "{nothing}");
    let nobody = Reason {
        by: " ",
        because: "x",
    };
    assert_eq!(
        work.hands.reject(&shop(), &incident(), nobody).await,
        Err(Error::Nobody)
    );
    assert!(!Error::Nobody.hint().is_empty());
}

#[tokio::test]
async fn a_stop_is_noted_and_answers_the_open_question_with_no() {
    let work = Work::begin().asked().await;
    let stopped = work
        .hands
        .stop(&shop(), &incident(), REASON)
        .await
        .expect("it runs");
    assert!(stopped.rejected);
    let question = work
        .hands
        .journal
        .question(&shop(), &incident())
        .await
        .expect("in memory");
    let answer = question.and_then(|asked| asked.answer).expect("answered");
    assert_eq!(answer.answer, Answer::Rejected);
    let again = work
        .hands
        .stop(&shop(), &incident(), REASON)
        .await
        .expect("it still runs");
    assert_eq!((again.stop, again.rejected), (stopped.stop, false));
    let other: IncidentId = "shop-other".parse().expect("valid");
    let error = work
        .hands
        .stop(&shop(), &other, REASON)
        .await
        .expect_err("no such run");
    assert!(matches!(error, Error::NoSuchRun { .. }), "{error}");
}

#[tokio::test]
async fn a_run_is_started_unless_another_one_holds_the_lock_or_it_does_not_belong_here() {
    let work = Work::begin();
    let started = work
        .hands
        .run(&shop(), Recovery::FailOverDatabase, REASON)
        .await
        .expect("free");
    assert_eq!(work.told(), [started.incident.to_string()]);
    let elsewhere = work
        .hands
        .run(&shop(), Recovery::FailOverRegion, REASON)
        .await
        .expect_err("one Region");
    assert!(matches!(elsewhere, Error::NotHere { .. }), "{elsewhere}");
    let work = Work::begin().asked().await;
    let held = work
        .hands
        .run(&shop(), Recovery::FailOverDatabase, REASON)
        .await
        .expect_err("held");
    assert!(matches!(held, Error::Running { .. }), "{held}");
    let status = work.hands.status(&shop()).await.expect("known");
    let open = status.open.expect("it runs");
    assert_eq!(
        open.question.map(|asked| asked.token),
        Some(String::new()),
        "the token stays where it is"
    );
}

#[tokio::test]
async fn a_disarmed_system_says_so_until_somebody_arms_it_and_says_who_did() {
    let work = Work::begin();
    let disarming = work.hands.disarm(&shop(), REASON).await.expect("it was armed");
    assert_eq!((disarming.regions.len(), disarming.not_in.len()), (1, 0));
    let (region, disarmed) = disarming.regions.first().expect("one Region");
    assert_eq!(
        (region.as_str(), disarmed.by.as_str()),
        ("eu-central-1", "on-call")
    );
    let status = work.hands.status(&shop()).await.expect("known");
    assert_eq!(status.disarmed, Some(disarmed.clone()));
    // A person may still run a recovery.
    let run = work.hands.run(&shop(), Recovery::FailOverDatabase, REASON).await;
    run.expect("disarming holds nobody back who types");
    work.watch.0.store(3_600, Ordering::Relaxed);
    let done = Reason {
        by: "manager",
        because: "the work is done",
    };
    let arming = work.hands.arm(&shop(), done).await.expect("it answers");
    assert_eq!(arming.regions, [(region.clone(), Some(disarmed.clone()))]);
    let status = work.hands.status(&shop()).await.expect("known");
    assert_eq!(status.disarmed, None);
    let armed = status.last_armed.expect("somebody armed it");
    assert_eq!((armed.by.as_str(), armed.at.as_second()), ("manager", 3_600));
    let again = work.hands.arm(&shop(), REASON).await.expect("it answers");
    assert_eq!(again.regions, [(region.clone(), None)], "it was armed");
}

#[tokio::test]
async fn whoever_disarms_a_disarmed_system_is_told_who_did_it_before() {
    let work = Work::begin();
    let first = work.hands.disarm(&shop(), REASON).await.expect("it was armed");
    work.watch.0.store(60, Ordering::Relaxed);
    let again = work.hands.disarm(&shop(), REASON).await;
    assert_eq!(again, Ok(first), "a repetition is the same");
    let other = Reason {
        by: "manager",
        because: "I had not heard",
    };
    let error = work
        .hands
        .disarm(&shop(), other)
        .await
        .expect_err("disarmed before");
    assert_eq!(
        error.to_string(),
        "it is disarmed already, by on-call since 1970-01-01T00:00:00Z: the Region is gone"
    );
    assert!(error.hint().contains("evenkeel arm"), "{}", error.hint());
}

#[tokio::test]
async fn nobody_disarms_without_a_name_or_a_system_that_is_not_there() {
    let work = Work::begin();
    let nobody = Reason {
        by: "on-call",
        because: "",
    };
    assert_eq!(work.hands.disarm(&shop(), nobody).await, Err(Error::Nobody));
    assert_eq!(work.hands.arm(&shop(), nobody).await, Err(Error::Nobody));
    let other: SystemName = "books".parse().expect("valid");
    let error = work
        .hands
        .disarm(&other, REASON)
        .await
        .expect_err("no such system");
    assert!(matches!(error, Error::NoSuchSystem { .. }), "{error}");
    let status = work.hands.status(&shop()).await.expect("known");
    assert_eq!(status.disarmed, None, "nothing is written");
}

#[tokio::test]
async fn a_run_goes_on_unless_it_has_told_people_or_aws_refuses() {
    let work = Work::begin();
    let redrive = async |name: &str| {
        let incident: IncidentId = name.parse().expect("valid");
        let recovery = Recovery::FailOverDatabase;
        work.hands.redrive(&shop(), recovery, &incident, REASON).await
    };
    let noted = async |name: &str| {
        let incident: IncidentId = name.parse().expect("valid");
        let noted = work.hands.journal.redrives(&shop(), &incident).await;
        noted.expect("in memory")
    };
    let nobody = Reason { by: " ", ..REASON };
    let incident = "shop-fail-over-database-broken".parse().expect("valid");
    let unsigned = work
        .hands
        .redrive(&shop(), Recovery::FailOverDatabase, &incident, nobody)
        .await;
    assert_eq!(unsigned, Err(Error::Nobody));
    assert!(noted("shop-fail-over-database-broken").await.is_empty());
    let redriven = redrive("shop-fail-over-database-broken")
        .await
        .expect("it goes on");
    assert_eq!(redriven.at.as_second(), 7);
    assert_eq!(
        (redriven.redrive.by.as_str(), redriven.redrive.because.as_str()),
        (REASON.by, REASON.because)
    );
    let kept = noted("shop-fail-over-database-broken").await;
    assert_eq!(kept, [redriven.redrive], "who let it go on, and why");
    assert_eq!(
        work.told(),
        [
            "arn:aws:states:eu-central-1:111122223333:execution:evenkeel-fail-over-database:shop-fail-over-database-broken"
        ]
    );
    let told = redrive("shop-fail-over-database-told").await;
    assert!(matches!(told, Err(Error::NotRedrivable { .. })), "{told:?}");
    let old = redrive("shop-fail-over-database-old").await.expect_err("too old");
    assert_eq!(
        old.to_string(),
        "shop-fail-over-database-old cannot be redriven: it ended 15 days ago"
    );
    assert_eq!(work.told().len(), 1, "nothing else was redriven");
    assert!(noted("shop-fail-over-database-told").await.is_empty());
}

#[tokio::test]
async fn a_run_does_not_go_on_beside_another() {
    let work = Work::begin().asked().await;
    let other = "shop-fail-over-database-broken".parse().expect("valid");
    let refused = work
        .hands
        .redrive(&shop(), Recovery::FailOverDatabase, &other, REASON)
        .await;
    assert!(matches!(refused, Err(Error::Running { .. })), "{refused:?}");
    assert!(work.told().is_empty());
}

#[tokio::test]
async fn an_input_that_is_given_names_the_run() {
    let work = Work::begin();
    let input = Run {
        system: shop(),
        incident: "shop-fail-over-database-again".parse().expect("valid"),
        recovery: Recovery::FailOverDatabase,
        opened_at: Timestamp::UNIX_EPOCH,
        because: "an alarm of another day".to_owned(),
    };
    let started = work
        .hands
        .run_with(input.clone(), REASON)
        .await
        .expect("it starts");
    assert_eq!(started.incident, input.incident);
    assert_eq!(work.told(), ["shop-fail-over-database-again"]);
    let work = Work::begin().asked().await;
    let refused = work.hands.run_with(input, REASON).await;
    assert!(matches!(refused, Err(Error::Running { .. })), "{refused:?}");
}
