//! What becomes of a payload that is no signal: it is kept, with the reason, for a person to look at.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A record for the dead-letter queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Rejected {
    /// What came, what was expected, and where.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
    /// The payload as text; bytes that are no UTF-8 are replaced by `U+FFFD`.
    pub payload: String,
    /// How many bytes the payload had.
    pub bytes: usize,
    /// Whether `payload` is only the beginning of it.
    pub truncated: bool,
}

/// How long `payload` may get as a JSON string, in bytes: with it, the record stays below the 256 KiB that SNS and
/// Step Functions take, and SQS took until it took more (SNS Developer Guide, quotas).
const MAX_ESCAPED: usize = 240 * 1024;

impl Rejected {
    /// The record of a payload that was refused for that reason.
    pub fn new(error: &Error, payload: &[u8]) -> Self {
        // Nothing beyond the bound can be kept, so nothing beyond it is decoded.
        let head = &payload[..payload.len().min(MAX_ESCAPED)];
        let mut text = String::from_utf8_lossy(head).into_owned();
        let kept = longest_prefix(&text);
        let truncated = kept < text.len() || head.len() < payload.len();
        text.truncate(kept);
        Self {
            reason: error.to_string(),
            hint: error.hint().to_owned(),
            payload: text,
            bytes: payload.len(),
            truncated,
        }
    }
}

/// The length of the longest prefix that stays within the bound when it is written as a JSON string.
fn longest_prefix(text: &str) -> usize {
    let mut escaped = 0;
    for (start, c) in text.char_indices() {
        escaped += match c {
            '"' | '\\' => 2,
            // `\u0000`, at the longest.
            c if c.is_ascii_control() => 6,
            c => c.len_utf8(),
        };
        if escaped > MAX_ESCAPED {
            return start;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERROR: Error = Error::Records { count: 2 };

    #[test]
    fn a_payload_is_kept_whole_with_its_reason() {
        let rejected = Rejected::new(&ERROR, br#"{"Records":[{},{}]}"#);
        assert_eq!(rejected.payload, r#"{"Records":[{},{}]}"#);
        assert_eq!((rejected.bytes, rejected.truncated), (19, false));
        assert_eq!(rejected.reason, ERROR.to_string());
        assert_eq!(rejected.hint, ERROR.hint());
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(Rejected::new(&ERROR, b"a\xffb").payload, "a\u{fffd}b");
    }

    #[test]
    fn the_record_fits_into_a_message_whatever_came() {
        for byte in [b'a', b'"', b'\\', b'\n', 0, 0x7f, 0xff] {
            let rejected = Rejected::new(&ERROR, &vec![byte; 1024 * 1024]);
            assert!(rejected.truncated);
            assert_eq!(rejected.bytes, 1024 * 1024);
            assert!(
                rejected.payload.len() > 30 * 1024,
                "{byte}: only {} bytes kept",
                rejected.payload.len()
            );
            let record = serde_json::to_string(&rejected).expect("a record of strings is JSON");
            assert!(record.len() < 256 * 1024, "{byte}: {} bytes", record.len());
        }
    }
}
