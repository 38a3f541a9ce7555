//! Quotas that a recovery would meet: it must not be a neighbour's load that keeps it from running.

use super::{Finding, Place, Verdict};
use crate::account::Error;

/// Concurrent executions of Lambda functions, in a Region of an account. Source: Lambda Developer Guide, gettingstarted-limits.
const CONCURRENCY: (&str, &str) = ("lambda", "L-B99A9384");

/// What a recovery needs of it at once, and the router in a storm of alarms beside it, with room for what else runs in the account. New
/// accounts begin below it (the same page), and are raised on request.
const ENOUGH: f64 = 100.0;

pub(super) async fn concurrency(place: &Place<'_>) -> Finding {
    const WHAT: &str = "quotas";
    let quotas = place.account.quotas(place.region);
    let (service, code) = CONCURRENCY;
    let asked = quotas
        .get_service_quota()
        .service_code(service)
        .quota_code(code)
        .send()
        .await;
    let value = match asked {
        Ok(answer) => answer
            .quota()
            .and_then(aws_sdk_servicequotas::types::ServiceQuota::value),
        Err(error) => {
            // Nothing but this check needs it: whoever may not ask is not kept from anything.
            let error = Error::of("servicequotas:GetServiceQuota", error);
            return place.found(WHAT, Verdict::Unseen, error.to_string(), None);
        }
    };
    match value {
        Some(value) if value >= ENOUGH => place.good(WHAT, format!("Lambda may run {value} at once")),
        Some(value) => {
            let hint = format!("have {code} of Lambda raised to {ENOUGH} or more in Service Quotas");
            place.found(
                WHAT,
                Verdict::Wrong,
                format!("Lambda may run {value} at once"),
                Some(hint),
            )
        }
        None => place.found(WHAT, Verdict::Unseen, "no value is given".to_owned(), None),
    }
}
