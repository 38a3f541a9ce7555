//! Metrics, as lines of the log from which CloudWatch reads them: no call, nothing that could fail or be waited for.
//!
//! Format: CloudWatch User Guide, CloudWatch_Embedded_Metric_Format_Specification, which says of Lambda that a line on standard output
//! is enough.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};

/// The namespace of everything that Evenkeel counts.
pub const NAMESPACE: &str = "Evenkeel";

/// How often the router looked at all systems because the schedule asked it to, and came to an end.
pub const LOOKS: &str = "Looks";

/// Counts one, now.
///
/// # Errors
/// When standard output is gone.
pub fn count(name: &str, now: Timestamp) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{}", counted(name, now))
}

fn counted(name: &str, now: Timestamp) -> Value {
    json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[]],
                "Metrics": [{ "Name": name, "Unit": "Count" }],
            }],
        },
        name: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_one_line_in_the_embedded_format() {
        let now = "2026-01-01T00:00:00.5Z".parse().expect("a time");
        let line = counted(LOOKS, now).to_string();
        assert!(!line.contains('\n'));
        let metrics = json!({
            "Namespace": "Evenkeel",
            "Dimensions": [[]],
            "Metrics": [{ "Name": "Looks", "Unit": "Count" }],
        });
        let metadata = json!({ "Timestamp": 1_767_225_600_500_u64, "CloudWatchMetrics": [metrics] });
        let read: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(read, json!({ "_aws": metadata, "Looks": 1 }));
    }
}
