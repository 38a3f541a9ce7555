//! A real SDK client that is answered from tables.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_smithy_mocks::{MockResponse, Rule, mock};

use super::tables::Tables;

/// One rule per operation that the tables know.
///
/// The client needs `RuleMode::MatchAny` and no retries of its own: a rule is asked once per call, and a second
/// attempt of the same call would reach it without its input.
pub fn rules(tables: Arc<Mutex<Tables>>) -> Vec<Rule> {
    vec![
        mock!(Client::get_item)
            .then_compute_response(answer(&tables, |tables, input| tables.get_item(input))),
        mock!(Client::put_item).then_compute_response(answer(&tables, Tables::put_item)),
        mock!(Client::update_item).then_compute_response(answer(&tables, Tables::update_item)),
        mock!(Client::delete_item).then_compute_response(answer(&tables, Tables::delete_item)),
        mock!(Client::query).then_compute_response(answer(&tables, |tables, input| tables.query(input))),
    ]
}

/// What a rule computes for one operation on the tables. Whoever lays faults on calls puts them around this: before
/// it, the call is refused without effect; after it, the effect is there and the response is lost.
pub fn answer<I, O, E>(
    tables: &Arc<Mutex<Tables>>,
    operation: impl Fn(&mut Tables, &I) -> Result<O, E> + Send + Sync + 'static,
) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
    let tables = Arc::clone(tables);
    move |input| match operation(&mut unlocked(&tables), input) {
        Ok(output) => MockResponse::Output(output),
        Err(error) => MockResponse::Error(error),
    }
}

/// The tables, whoever panicked while holding them: an operation changes a table by its last step only, so what a
/// poisoned mutex holds is whole.
pub fn unlocked(tables: &Mutex<Tables>) -> MutexGuard<'_, Tables> {
    tables.lock().unwrap_or_else(PoisonError::into_inner)
}
