//! Whatever arrives is a signal, or an error that helps and can be kept. Start it from `events/`, seeded by the samples:
//!
//! ```sh
//! mkdir -p fuzz/corpus/parse
//! cargo +nightly fuzz run parse fuzz/corpus/parse samples samples/rejected -- -max_len=65536 -max_total_time=60
//! ```
#![no_main]

use events::{Rejected, Signal, Subject, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|payload: &[u8]| {
    let result = parse(payload);
    assert_eq!(parse(payload), result, "parse is a function of its input");
    match result {
        Ok(signal) => {
            let written = serde_json::to_vec(&signal).expect("a signal can be written");
            let read: Signal = serde_json::from_slice(&written).expect("and read");
            assert_eq!(read, signal);
            assert!(!signal.id.is_empty());
            assert_eq!(signal.account.len(), 12, "{}", signal.account);
            if let Subject::Alarm(alarm) = &signal.subject {
                // The zone, if there is one, is what every metric that has a zone says.
                let zone = alarm.zone();
                let mut zones = alarm
                    .metrics
                    .iter()
                    .filter_map(|metric| metric.dimensions.get("AvailabilityZone"));
                assert!(zone.is_none_or(|zone| zones.all(|other| other == zone)));
            }
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("expected"), "{text}");
            assert!(!text.chars().any(char::is_control), "{text:?}");
            assert!(!error.hint().is_empty());
            let rejected = Rejected::new(&error, payload);
            assert_eq!(rejected.bytes, payload.len());
            assert!(
                serde_json::to_vec(&rejected)
                    .expect("a record can be written")
                    .len()
                    < 256 * 1024
            );
        }
    }
});
