//! A length of time as people write it in a system or scenario file: `90s`, `5m`, `1h 30m`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest duration a file may hold. Nothing in a recovery is planned for more than a month, and a bound
/// keeps every sum of durations far from overflow.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 31);

/// A non-negative length of time, at most 31 days, with millisecond precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

impl Duration {
    /// From milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// From seconds.
    pub const fn from_secs(s: u64) -> Self {
        Self(s * 1_000)
    }

    /// From minutes.
    pub const fn from_mins(m: u64) -> Self {
        Self(m * 60_000)
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Without what is less than a second: as people say how long something has lasted.
    pub const fn whole_seconds(self) -> Self {
        Self(self.0 - self.0 % 1_000)
    }

    /// As jiff's type, for arithmetic with timestamps.
    pub fn signed(self) -> SignedDuration {
        SignedDuration::from_millis(i64::try_from(self.0).unwrap_or(i64::MAX))
    }

    /// As the standard library's type.
    pub const fn std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }
}

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a length of time: {why}; write it like `90s`, `5m` or `1h 30m`")]
pub struct Error {
    text: String,
    why: &'static str,
}

impl FromStr for Duration {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let error = |why| Error {
            text: text.to_owned(),
            why,
        };
        let parsed: SignedDuration = text.parse().map_err(|_| error("no number with a unit"))?;
        if parsed.is_negative() {
            return Err(error("it is negative"));
        }
        if parsed > LONGEST {
            return Err(error("it is longer than 31 days"));
        }
        u64::try_from(parsed.as_millis())
            .map(Self)
            .map_err(|_| error("it is out of range"))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (h, rest) = (self.0 / 3_600_000, self.0 % 3_600_000);
        let (m, rest) = (rest / 60_000, rest % 60_000);
        let (s, ms) = (rest / 1_000, rest % 1_000);
        let mut written = false;
        let mut part = |f: &mut fmt::Formatter<'_>, value: u64, unit: &str| -> fmt::Result {
            if value == 0 {
                return Ok(());
            }
            if written {
                f.write_str(" ")?;
            }
            written = true;
            write!(f, "{value}{unit}")
        };
        part(f, h, "h")?;
        part(f, m, "m")?;
        part(f, s, "s")?;
        part(f, ms, "ms")?;
        if !written {
            f.write_str("0s")?;
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A length of time, at most 31 days.",
            "examples": ["90s", "5m", "1h 30m"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!("90s".parse(), Ok(Duration::from_secs(90)));
        assert_eq!("1h 30m".parse(), Ok(Duration::from_mins(90)));
        assert_eq!("250ms".parse(), Ok(Duration::from_millis(250)));
        assert_eq!("0s".parse(), Ok(Duration::default()));
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("soon", "no number"),
            ("-5m", "negative"),
            ("60", "no number"),
            ("900h", "31 days"),
        ] {
            let error = text.parse::<Duration>().expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(ms in 0u64..31 * 24 * 3_600_000) {
            let duration = Duration::from_millis(ms);
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }
    }
}
