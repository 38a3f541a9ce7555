//! JSON lines on standard output, which Lambda carries to CloudWatch Logs.
//!
//! `AWS_LAMBDA_LOG_LEVEL` sets how much Evenkeel says. Libraries say warnings at most, whatever it is set to: in
//! detail they print requests, and with them credentials. Source of the variable and of the keys `timestamp` and
//! `level`: Lambda Developer Guide, "Configuring advanced logging controls".

use std::panic::PanicHookInfo;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The crates that are Evenkeel's.
const OURS: [&str; 12] = [
    "assess",
    "cache",
    "capacity",
    "database",
    "deployment",
    "domain",
    "events",
    "journal",
    "notify",
    "router",
    "runtime",
    "traffic",
];

/// From now on what is traced is printed, and so is a panic.
pub(crate) fn start(level: Option<&str>) {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_ansi(false);
    // A second start in one process, as in a test, keeps the first.
    let _ = tracing_subscriber::registry()
        .with(targets(level))
        .with(lines)
        .try_init();
    std::panic::set_hook(Box::new(print_panic));
}

fn targets(level: Option<&str>) -> Targets {
    let ours = self::level(level);
    let theirs = ours.min(LevelFilter::WARN);
    let targets = Targets::new()
        .with_default(theirs)
        // It repeats every error that a step ends with; `invocation` has said it already.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    targets.with_targets(OURS.map(|name| (name, ours)))
}

fn level(level: Option<&str>) -> LevelFilter {
    match level.unwrap_or_default().to_ascii_uppercase().as_str() {
        "TRACE" => LevelFilter::TRACE,
        "DEBUG" => LevelFilter::DEBUG,
        "WARN" => LevelFilter::WARN,
        "ERROR" | "FATAL" => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    }
}

fn print_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(
        place,
        what = panic.payload_as_str().unwrap_or("no message"),
        "panic"
    );
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_level_is_ours_and_libraries_stay_quiet() {
        let targets = targets(Some("TRACE"));
        assert!(targets.would_enable("router", &Level::TRACE));
        assert!(!targets.would_enable("hyper", &Level::INFO));
        assert!(!targets.would_enable("aws_sigv4::http_request", &Level::DEBUG));
        assert!(targets.would_enable("aws_smithy_runtime", &Level::WARN));
        assert!(!targets.would_enable("lambda_runtime::layers::panic", &Level::ERROR));
    }

    #[test]
    fn what_every_function_says_is_kept() {
        let functions = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut heard = 0;
        for folder in std::fs::read_dir(functions).expect("the folder of the functions") {
            let name = folder.expect("a readable entry").file_name();
            let name = name.to_str().expect("a plain name");
            // What a person does by hand is no function.
            if name == "operate" {
                continue;
            }
            assert!(targets(None).would_enable(name, &Level::INFO), "{name}");
            heard += 1;
        }
        assert_eq!(heard, OURS.len() - 1, "all of them, and `events`");
    }

    #[test]
    fn a_quiet_function_keeps_libraries_quieter() {
        let targets = targets(Some("error"));
        assert!(!targets.would_enable("runtime", &Level::WARN));
        assert!(!targets.would_enable("hyper", &Level::WARN));
        assert!(targets.would_enable("runtime", &Level::ERROR));
    }

    #[test]
    fn without_a_level_it_is_info() {
        assert_eq!(level(None), LevelFilter::INFO);
        assert_eq!(level(Some("whatever")), LevelFilter::INFO);
    }
}
