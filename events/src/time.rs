//! The ways in which AWS writes a time.

use jiff::Timestamp;

use crate::error::Error;
use crate::json::Object;

/// The time at a key.
///
/// EventBridge writes `2019-10-02T17:04:40Z`, RDS `2018-09-27T22:36:43.292Z`, and CloudWatch
/// `2019-10-02T17:04:40.989+0000`, with an offset that has no colon. A time without an offset is refused: which one was
/// meant cannot be known.
pub(crate) fn at(object: &Object<'_>, key: &str) -> Result<Timestamp, Error> {
    object.read(
        key,
        "a time with an offset, like 2019-10-02T17:04:40.989+0000",
        |text| text.parse().ok(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Timestamp, Error> {
        let json = format!(r#"{{"time":"{text}"}}"#);
        at(
            &Object::from_bytes(json.as_bytes()).expect("the test's JSON is an object"),
            "time",
        )
    }

    #[test]
    fn every_way_of_aws_is_read() {
        for (text, millisecond) in [
            ("2019-10-02T17:04:40Z", 1_570_035_880_000),
            ("2018-09-27T22:36:43.292Z", 1_538_087_803_292),
            ("2019-10-02T17:04:40.989+0000", 1_570_035_880_989),
            ("2019-10-02T17:04:40.989+00:00", 1_570_035_880_989),
            ("2019-10-02T19:04:40.989+0200", 1_570_035_880_989),
        ] {
            assert_eq!(read(text).unwrap().as_millisecond(), millisecond, "{text}");
        }
    }

    #[test]
    fn a_time_that_could_be_two_is_refused() {
        for text in [
            "2019-10-02T17:04:40",
            "2019-10-02 17:04:40.989",
            "2019-10-02",
            "17:04:40Z",
            "1570035880",
            "",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
