//! Whose the credentials are, and whether this machine's clock is AWS's.

use domain::clock::Clock;
use jiff::Timestamp;

use super::{Finding, Place, Verdict};
use crate::account::Error;

/// What the finding about the account is called.
pub(super) const ACCOUNT: &str = "account";

const CLOCK: &str = "clock";

/// How far this machine's clock may be off, in seconds. AWS refuses a signature after five minutes (IAM User Guide, signature
/// elements); an approval's deadline and a lock's end are told by this clock, too. The header has whole seconds.
const OFF_BY: i64 = 10;

pub(super) async fn examine(place: &Place<'_>) -> Vec<Finding> {
    let who = match place.account.identity(place.region).await {
        Ok(who) => who,
        Err(error) => return vec![place.failed(ACCOUNT, &error)],
    };
    let now = runtime::SystemClock.now();
    let account = match place.systems.iter().find(|system| system.account != who.account) {
        None => place.good(ACCOUNT, format!("{}, as {}", who.account, who.arn)),
        Some(other) => {
            let error = Error::OtherAccount {
                meant: other.account.clone(),
                found: who.account.to_string(),
            };
            place.failed(ACCOUNT, &error)
        }
    };
    vec![account, clock(place, now, who.date)]
}

fn clock(place: &Place<'_>, now: Timestamp, date: Option<Timestamp>) -> Finding {
    let Some(date) = date else {
        return place.found(CLOCK, Verdict::Unknown, "the answer has no date".to_owned(), None);
    };
    let off = now.as_second() - date.as_second();
    if off.abs() <= OFF_BY {
        return place.good(CLOCK, format!("within {OFF_BY} s of AWS's"));
    }
    let direction = if off > 0 { "ahead of" } else { "behind" };
    let hint = "set it right, as by NTP: deadlines of approvals are told by it".to_owned();
    place.found(
        CLOCK,
        Verdict::Wrong,
        format!("{} s {direction} AWS's", off.abs()),
        Some(hint),
    )
}
