//! Measures compiled functions: from the start of the process to its asking for the first event, the first event, and
//! a later one, each against a stub of AWS behind TLS. Medians of 15 rounds, in which the functions take turns.
//!
//! ```text
//! cargo build --profile lambda -p journal -p database -p router
//! cargo run --profile lambda -p local-lambda --example measure -- target/lambda/{journal,database,router}
//! ```

use std::path::PathBuf;
use std::time::{Duration, Instant};

use local_lambda::{Answer, Call, LocalLambda, StubAws, Systems};
use serde_json::{Value, json};

const ROUNDS: usize = 15;

#[derive(Default)]
struct Figures {
    init: Vec<Duration>,
    first: Vec<Duration>,
    warm: Vec<Duration>,
    peak_kb: Vec<u64>,
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "printing figures is its purpose")]
async fn main() {
    let binaries: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let aws = StubAws::start_tls(answer).await.expect("a stub");
    let systems = Systems::shop().expect("written");
    let mut figures: Vec<Figures> = binaries.iter().map(|_| Figures::default()).collect();
    for _ in 0..ROUNDS {
        for (binary, figures) in binaries.iter().zip(&mut figures) {
            round(binary, &aws, &systems, figures).await;
        }
    }
    println!(
        "{:<12} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "", "MB", "init ms", "first ms", "warm ms", "peak MB"
    );
    for (binary, figures) in binaries.iter().zip(figures) {
        let bytes = std::fs::metadata(binary).expect("a binary").len();
        println!(
            "{:<12} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>8.1}",
            name(binary),
            bytes as f64 / 1e6,
            ms(median(figures.init)),
            ms(median(figures.first)),
            ms(median(figures.warm)),
            median(figures.peak_kb) as f64 / 1e3,
        );
    }
}

async fn round(binary: &PathBuf, aws: &StubAws, systems: &Systems, figures: &mut Figures) {
    let (url, systems) = (aws.url(), systems.path().to_str().expect("UTF-8"));
    let certificate = aws.certificate().and_then(|file| file.to_str()).expect("UTF-8");
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("EVENKEEL_SYSTEMS", systems),
        ("AWS_CA_BUNDLE", certificate),
    ];
    let mut function = LocalLambda::start(binary, &variables).await.expect("starts");
    figures.init.push(function.started_in());
    let event = event(&name(binary));
    figures.first.push(timed(&mut function, &event).await);
    timed(&mut function, &event).await;
    figures.warm.push(timed(&mut function, &event).await);
    let id = function.process_id().expect("it lives");
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("a peak");
    figures
        .peak_kb
        .push(peak.trim().trim_end_matches(" kB").parse().expect("a number"));
    function.shut_down().await.expect("ends");
}

async fn timed(function: &mut LocalLambda, event: &str) -> Duration {
    let begun = now();
    function.invoke(event.to_owned()).await.expect("answers");
    now() - begun
}

fn name(binary: &std::path::Path) -> String {
    binary
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn event(function: &str) -> String {
    let run = json!({
        "system": "shop", "incident": "shop-x", "recovery": "fail-over-database",
        "opened_at": "2026-10-01T07:15:09Z", "because": "measured",
    });
    let assessment = json!({
        "verdict": "fail-over", "writer": { "instance": "shop-db", "zone": "us-east-1a" }, "target": null, "seen": [],
    });
    let event = match function {
        "journal" => json!({ "ensure": "lock-taken", "run": run }),
        "database" => json!({ "ensure": "writer-moved", "run": run, "assessment": assessment }),
        "assess" => json!({ "ensure": "database-assessed", "run": run }),
        "notify" => json!({ "ensure": "people-told", "run": run, "record": {} }),
        _ => {
            return include_str!("../../../events/samples/example-cloudwatch-alarm-state-change.json")
                .to_owned();
        }
    };
    event.to_string()
}

fn answer(call: &Call) -> Answer {
    match call.action.as_str() {
        "UpdateItem" => Answer::json(200, &json!({ "Attributes": lock() })),
        "Query" => Answer::json(200, &json!({ "Items": [], "Count": 0 })),
        "Publish" => Answer::xml(200, "<PublishResponse><PublishResult/></PublishResponse>"),
        "DescribeDBInstances" => Answer::xml(
            200,
            "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
             <DBInstanceIdentifier>shop-db</DBInstanceIdentifier><DBInstanceStatus>available</DBInstanceStatus>\
             <AvailabilityZone>us-east-1b</AvailabilityZone><MultiAZ>true</MultiAZ>\
             <SecondaryAvailabilityZone>us-east-1a</SecondaryAvailabilityZone></DBInstance></DBInstances>\
             </DescribeDBInstancesResult></DescribeDBInstancesResponse>",
        ),
        _ => Answer::json(200, &json!({})),
    }
}

fn lock() -> Value {
    json!({
        "epoch": { "N": "4" }, "holder": { "S": "shop-x" },
        "changed_at_ms": { "N": "1790838909000" }, "expires_at_ms": { "N": "4102444800000" },
    })
}

fn median<T: Ord + Copy>(mut figures: Vec<T>) -> T {
    figures.sort();
    figures[figures.len() / 2]
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[expect(
    clippy::disallowed_methods,
    reason = "real processes are measured in real time"
)]
fn now() -> Instant {
    Instant::now()
}
