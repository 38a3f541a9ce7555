//! Whatever arrives is a signal, or an error that helps and can be kept. Start it from `events/`, seeded by the samples:
//!
//! ```sh
//! mkdir -p fuzz/corpus/parse
//! cargo +nightly fuzz run parse fuzz/corpus/parse samples samples/rejected -- -max_len=65536 -max_total_time=60
//! ```
#![no_main]

use events::{Rejected, Signal, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|payload: &[u8]| {
    let result = parse(payload);
    assert_eq!(parse(payload), result, "parse is a function of its input");
    match result {
        Ok(signal) => {
            let written = serde_json::to_vec(&signal).expect("a signal can be written");
            let read: Signal = serde_json::from_slice(&written).expect("and read");
            assert_eq!(read, signal);
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("expected"), "{text}");
            assert!(!text.chars().any(char::is_control), "{text:?}");
            assert!(!error.hint().is_empty());
            let rejected = Rejected::new(&error, payload);
            assert_eq!(rejected.bytes, payload.len());
            assert!(serde_json::to_vec(&rejected).expect("a record can be written").len() < 256 * 1024);
        }
    }
});
