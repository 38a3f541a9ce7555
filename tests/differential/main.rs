//! The same calls, made of the embedded cloud and of an AWS that somebody else wrote, are answered alike in what we read.
//!
//! Both sides are asked by the same SDK clients, and what they answer is read by our own functions where there is one. So
//! what is compared is what a recovery sees. [`table`] has one row per operation, with the differences that are known and
//! why they are there: one that is not listed fails, and so does a listed one that is none any more.
//!
//! It needs two emulators, which `tests/emulator/run` starts: ministack with its shim, and moto for what ministack lacks.
//! Without them there is nothing to compare with, and the test is left out.
//!
//! | module | holds |
//! |---|---|
//! | [`table`] | the rows, and how two answers are held against each other |
//! | [`side`] | one cloud, as a row asks it |
//! | [`likeness`] | a system on an emulator like the one in the embedded cloud |
//! | the others | the questions, one module per room of AWS |

#![expect(clippy::panic, reason = "a test that cannot go on says why")]
#![expect(
    clippy::print_stdout,
    reason = "a line per row: what was compared is as good to know as what failed"
)]

mod caches;
mod databases;
mod deployments;
mod likeness;
mod locks;
mod objects;
mod people;
mod replicas;
mod side;
mod table;
mod watching;
mod web;
mod zone;

use side::{Embedded, Side};
use table::{MOTO, OBJECTS, REPLICAS, Row, TABLE};

/// Where ministack listens, as `http://127.0.0.1:PORT`.
const MINISTACK_URL: &str = "EVENKEEL_MINISTACK";
/// Where moto listens.
const MOTO_URL: &str = "EVENKEEL_MOTO";

/// An application in two Regions. The name is moved by its records, which is what Route 53 can be asked about.
fn two_regions() -> String {
    let text = include_str!("../../rehearsal/systems/two-regions.toml");
    let steered =
        "traffic = { kind = \"health-check\", bucket = \"shop-switch-eu-west-1\", key = \"standby-serves\" }";
    let by_records = "traffic = { kind = \"record\", hosted-zone = \"Z0123456789EXAMPLE\", policy = \"failover\", \
                      primary = \"shop-eu-central-1\", standby = \"shop-eu-west-1\" }";
    assert!(
        text.contains(steered),
        "the system file steers in another way now"
    );
    in_account("444455556666", &text.replace(steered, by_records))
}

/// The same, and the name is moved by an object.
fn with_a_switch() -> String {
    in_account(
        "777788889999",
        include_str!("../../rehearsal/systems/two-regions.toml"),
    )
}

fn with_a_replica() -> String {
    in_account(
        "444455556666",
        include_str!("../../rehearsal/systems/two-regions-replica.toml"),
    )
}

fn one_region() -> String {
    in_account(
        "444455556666",
        include_str!("../../rehearsal/systems/one-region.toml"),
    )
}

/// In an account of its own: the flows run in the file's, on the same emulator.
fn in_account(account: &str, text: &str) -> String {
    text.replace("111122223333", account)
}

#[test]
fn the_embedded_cloud_answers_as_somebody_elses_does() {
    let url = |variable: &str| std::env::var(variable).ok().filter(|url| !url.is_empty());
    let (Some(ministack), Some(moto)) = (url(MINISTACK_URL), url(MOTO_URL)) else {
        println!(
            "not run: {MINISTACK_URL} and {MOTO_URL} name no emulators; bash tests/emulator/run starts them"
        );
        return;
    };
    let mut wrong = compared(&two_regions(), "ministack", &ministack, TABLE);
    wrong.extend(compared(&with_a_switch(), "ministack", &ministack, OBJECTS));
    wrong.extend(compared(&one_region(), "moto", &moto, MOTO));
    wrong.extend(compared(&with_a_replica(), "moto", &moto, REPLICAS));
    assert!(
        wrong.is_empty(),
        "{} rows are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Asks both every row, in the order of the table. What is wrong, in sentences.
fn compared(system: &str, emulator: &str, url: &str, rows: &[Row]) -> Vec<String> {
    let system = domain::system::read(system).unwrap_or_else(|problems| panic!("{problems:?}"));
    let virtual_time = rehearsal::clock::runtime().expect("a runtime");
    let real_time = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");

    let embedded = virtual_time.block_on(async { Embedded::of(&system) });
    let like = virtual_time.block_on(likeness::of(&embedded.side));
    let other = real_time.block_on(async {
        let side = Side::of_emulator(url, &system);
        if emulator == "moto" {
            likeness::on_moto(side, &like).await
        } else {
            likeness::on_ministack(side, &like).await
        }
    });

    let mut wrong = Vec::new();
    for row in rows {
        let ours = virtual_time.block_on((row.asked)(&embedded.side));
        let theirs = real_time.block_on((row.asked)(&other));
        let complaints = row.held_against(&ours, &theirs);
        let listed = match row.differs.len() {
            0 => String::new(),
            1 => ", 1 listed difference".to_owned(),
            many => format!(", {many} listed differences"),
        };
        let fields = match ours.0.len() {
            1 => "1 field".to_owned(),
            many => format!("{many} fields"),
        };
        let verdict = if complaints.is_empty() { "ok  " } else { "FAIL" };
        println!("{verdict} {emulator:<9} {}: {fields}{listed}", row.operation);
        for difference in row.differs {
            println!("     {}: {}", difference.field, difference.why);
        }
        wrong.extend(complaints.into_iter().map(|complaint| {
            println!("     {complaint}");
            format!("{emulator}, {}: {complaint}", row.operation)
        }));
    }
    wrong
}
