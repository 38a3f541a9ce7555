//! Whether a system is armed, as an item of the table: who disarmed it last, and who armed it last.
//!
//! The item keeps both, so that each leaves a trace that outlives the other. Where there is no item, nobody ever
//! disarmed the system.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::journal::{Armed, Disarmed};
use domain::step::Result;

use crate::item::{self, Item, text};
use crate::lock;

/// Whether it is armed now.
pub(crate) const ARMED: &str = "armed";

/// Two people may disarm it at once: the condition lets one of them through.
pub(crate) const IS_ARMED: &str = "attribute_not_exists(armed) OR armed = :yes";

/// What `disarm` sets.
pub(crate) const DISARM: &str =
    "SET armed = :no, disarmed_at_ms = :at, disarmed_by = :by, disarmed_because = :because";

/// What has to be true for `arm`.
pub(crate) const IS_DISARMED: &str = "armed = :no";

/// What `arm` sets. What was written by `disarm` stays.
pub(crate) const ARM: &str = "SET armed = :yes, armed_at_ms = :at, armed_by = :by, armed_because = :because";

/// What both expressions call by these names.
pub(crate) fn values(at: jiff::Timestamp, by: &str, because: &str) -> [(&'static str, AttributeValue); 5] {
    [
        (":yes", AttributeValue::Bool(true)),
        (":no", AttributeValue::Bool(false)),
        (":at", item::millis(at)),
        (":by", text(by)),
        (":because", text(because)),
    ]
}

/// The disarming as the journal keeps time.
pub(crate) fn in_millis(disarmed: &Disarmed) -> Disarmed {
    Disarmed {
        at: lock::in_millis(disarmed.at),
        ..disarmed.clone()
    }
}

/// Who disarmed it, if it is disarmed now.
pub(crate) fn standing(item: &Item) -> Result<Option<Disarmed>> {
    match item.get(ARMED) {
        Some(AttributeValue::Bool(true)) => Ok(None),
        Some(AttributeValue::Bool(false)) => last_disarmed(item).map(Some),
        other => Err(item::unreadable(item, ARMED, "true or false", other)),
    }
}

/// Who disarmed it last.
pub(crate) fn last_disarmed(item: &Item) -> Result<Disarmed> {
    Ok(Disarmed {
        at: item::instant(item, "disarmed_at_ms")?,
        by: item::string(item, "disarmed_by")?.to_owned(),
        because: item::string(item, "disarmed_because")?.to_owned(),
    })
}

/// Who armed it last, if anybody did.
pub(crate) fn last_armed(item: &Item) -> Result<Option<Armed>> {
    if !item.contains_key("armed_at_ms") {
        return Ok(None);
    }
    Ok(Some(Armed {
        at: item::instant(item, "armed_at_ms")?,
        by: item::string(item, "armed_by")?.to_owned(),
        because: item::string(item, "armed_because")?.to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_says_neither_is_an_error_and_no_guess() {
        let error = standing(&Item::new()).expect_err("neither armed nor disarmed");
        assert!(error.to_string().contains("`armed`"), "{error}");
        let half = Item::from([(ARMED.to_owned(), AttributeValue::Bool(false))]);
        let error = standing(&half).expect_err("nobody disarmed it");
        assert!(error.to_string().contains("`disarmed_at_ms`"), "{error}");
    }
}
