//! Whose a signal is, where two systems live side by side, and which signals are worth a look at the system.

use domain::decision::{is_worth_a_look, systems_of};
use domain::system::{System, Systems};
use events::{Asked, Asker, CacheChange, CacheEvent, ExecutionStatus, Request, Scope, Signal, Subject};

use super::PAGE;
use super::language::{now, rows, shop, signal, words};

/// A neighbour of the shop's: the same account, the same Regions, everything else its own.
fn books() -> System {
    let text = include_str!("shop.toml")
        .replace("shop", "books")
        .replace("[[alarms]]\nname = \"", "[[alarms]]\nname = \"books-");
    domain::system::read(&text).expect("a coherent system")
}

/// The neighbour stands first: whoever looks at less than everything finds it.
fn owners(signal: &Signal) -> Vec<String> {
    let systems = Systems::from(vec![books(), shop()]);
    let found = systems_of(signal, &systems);
    found.iter().map(|system| system.name.to_string()).collect()
}

fn of(subject: Subject) -> Signal {
    Signal {
        subject,
        ..signal("look")
    }
}

fn cache(name: &str) -> Signal {
    of(Subject::Cache(CacheEvent {
        name: name.to_owned(),
        change: CacheChange::FailoverComplete,
        event: "FailoverComplete".to_owned(),
        happened_at: now(),
    }))
}

/// One of every subject that names something of the shop's.
fn all_of_the_shop() -> Vec<Signal> {
    let comes = [
        "database",
        "unreachable",
        "rds 49",
        "failed d-2",
        "launch failed",
        "autoshift a",
        "ended well",
        "look",
    ];
    comes
        .map(signal)
        .into_iter()
        .chain([cache("shop-cache")])
        .collect()
}

#[test]
fn what_names_something_of_a_system_is_that_systems() {
    for signal in all_of_the_shop() {
        assert_eq!(owners(&signal), ["shop"], "{signal:?}");
    }
}

#[test]
fn in_another_account_it_is_nobodys() {
    for signal in all_of_the_shop() {
        let elsewhere = Signal {
            account: "999999999999".to_owned(),
            ..signal
        };
        assert_eq!(owners(&elsewhere), [""; 0], "{elsewhere:?}");
    }
}

#[test]
fn in_another_region_it_is_nobodys_but_what_somebody_asks_for() {
    for signal in all_of_the_shop() {
        let elsewhere = Signal {
            region: "us-east-1".to_owned(),
            ..signal
        };
        let expected: &[&str] = match elsewhere.subject {
            // It says itself which system is meant.
            Subject::Request(_) => &["shop"],
            _ => &[],
        };
        assert_eq!(owners(&elsewhere), expected, "{elsewhere:?}");
    }
}

#[test]
fn what_names_half_of_it_is_nobodys() {
    let mut deployment = signal("failed d-2");
    if let Subject::Deployment(event) = &mut deployment.subject {
        event.group = "shop-batch".to_owned();
    }
    let mut run = signal("ended well");
    if let Subject::Execution(event) = &mut run.subject {
        event.name = event.name.replace("shop-fail-over-database", "shop-scale-out");
    }
    for signal in [deployment, run, cache("shop-cachet"), cache("shop")] {
        assert_eq!(owners(&signal), [""; 0], "{signal:?}");
    }
    assert_eq!(owners(&cache("shop-cache-001")), ["shop"], "a node of its cache");
}

#[test]
fn what_is_about_a_region_is_of_all_that_live_there() {
    let all = of(Subject::Request(Request {
        what: Asked::Assess,
        scope: Scope::AllSystems,
        by: Asker::Schedule { arn: String::new() },
        asked_at: now(),
    }));
    for signal in [signal("health open"), signal("health open standby"), all] {
        assert_eq!(owners(&signal), ["books", "shop"], "{signal:?}");
        let elsewhere = Signal {
            region: "us-east-1".to_owned(),
            ..signal
        };
        assert_eq!(owners(&elsewhere), [""; 0], "{elsewhere:?}");
    }
}

#[test]
fn what_a_look_may_settle_is_worth_one_and_nothing_else_is() {
    let mut runs = signal("ended well");
    if let Subject::Execution(event) = &mut runs.subject {
        event.status = ExecutionStatus::Running;
    }
    let mut launched = signal("launch failed");
    if let Subject::Scaling(event) = &mut launched.subject {
        event.direction = events::Direction::Terminate;
    }
    let worth = [
        "database",
        "failed d-2",
        "autoshift a",
        "look",
        "ended well",
        "ended failed Paged",
        "launch failed",
        "health open",
    ];
    let not = [
        "database ok",
        "database blind",
        "database muted",
        "start d-2",
        "success d-2",
        "failed d-2 on i-1",
        "practice a",
        "launch worked",
        "asks scale-out",
        "rds 69",
        "health closed",
        "health open standby",
        "health open SAGEMAKER",
    ];
    for comes in worth {
        assert!(is_worth_a_look(&signal(comes), &shop()), "{comes}");
    }
    for signal in not
        .map(signal)
        .into_iter()
        .chain([runs, launched, cache("shop-cache")])
    {
        assert!(!is_worth_a_look(&signal, &shop()), "{signal:?}");
    }
    let nothing_to_look_at = System { web: None, ..shop() };
    assert!(!is_worth_a_look(&signal("look"), &nothing_to_look_at));
}

/// Nobody looks where the judgement would not be another one; where it would be, somebody does.
#[test]
fn what_is_judged_otherwise_after_a_look_was_worth_it() {
    let mut otherwise = 0;
    for row in rows(PAGE) {
        let (blind, seen) = (row.decided_blindly(), row.decided());
        if words(&blind) != words(&seen) {
            otherwise += 1;
            assert!(is_worth_a_look(&signal(&row.comes), &shop()), "{}", row.situation);
        }
    }
    assert!(otherwise >= 20, "{otherwise} rows");
}
