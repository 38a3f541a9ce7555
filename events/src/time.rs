//! The ways in which AWS writes a time.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

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

/// The time at a key, if there is one, as AWS Health writes it in a detail: `Fri, 27 Jan 2023 06:02:51 GMT` (Health User
/// Guide, `aws-health-events-eventbridge-schema`). The day of the week is not held against the date: in that document's own
/// examples the two disagree.
pub(crate) fn optional_date(object: &Object<'_>, key: &str) -> Result<Option<Timestamp>, Error> {
    const EXPECTED: &str = "a time like Fri, 27 Jan 2023 06:02:51 GMT";
    static PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    if object.optional_string(key, EXPECTED)?.is_none() {
        return Ok(None);
    }
    let date = |text: &str| text.parse().or_else(|_| PARSER.parse_timestamp(text)).ok();
    object.read(key, EXPECTED, date).map(Some)
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

    #[test]
    fn a_date_is_read_whatever_its_day_of_the_week() {
        let date = |value: &str| {
            let json = format!(r#"{{"startTime":{value}}}"#);
            optional_date(
                &Object::from_bytes(json.as_bytes()).expect("the test's JSON is an object"),
                "startTime",
            )
        };
        for text in [
            "Tue, 27 Jan 2026 13:44:13 GMT",
            "Thu, 27 Jan 2026 13:44:13 GMT",
            "2026-01-27T13:44:13Z",
        ] {
            let read = date(&format!("\"{text}\"")).unwrap();
            assert_eq!(read.map(Timestamp::as_second), Some(1_769_521_453), "{text}");
        }
        assert_eq!(date("null").unwrap(), None);
        for text in ["\"\"", "\"27 January\"", "7", "\"2026-01-27 13:44:13\""] {
            assert!(date(text).is_err(), "{text}");
        }
    }
}
