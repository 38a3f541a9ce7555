//! DynamoDB: the journal's table, one in each Region, and the write lease's, which is one table for all of them.

#![allow(
    clippy::result_large_err,
    reason = "the tables give the SDK's own error types, which are as large as they are"
)]

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_smithy_mocks::{Rule, mock};

use super::desk::{Desk, Route};
use crate::dynamodb::{Tables, unlocked};

pub(super) fn rules(desk: &Desk, route: &Route, tables: &Arc<Mutex<Tables>>) -> Vec<Rule> {
    let held = || Arc::clone(tables);
    let (get, put, update, delete, query) = (held(), held(), held(), held(), held());
    vec![
        mock!(Client::get_item)
            .then_compute_response(desk.aside(route, move |input| unlocked(&get).get_item(input))),
        mock!(Client::put_item)
            .then_compute_response(desk.aside(route, move |input| unlocked(&put).put_item(input))),
        mock!(Client::update_item)
            .then_compute_response(desk.aside(route, move |input| unlocked(&update).update_item(input))),
        mock!(Client::delete_item)
            .then_compute_response(desk.aside(route, move |input| unlocked(&delete).delete_item(input))),
        mock!(Client::query)
            .then_compute_response(desk.aside(route, move |input| unlocked(&query).query(input))),
    ]
}

/// The write lease's table. Evenkeel reads one item of it, and changes its holder.
pub(super) fn lease_rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::get_item)
            .then_compute_response(desk.global_item(route, |tables, input| tables.get_item(input))),
        mock!(Client::update_item).then_compute_response(desk.global_item(route, Tables::update_item)),
    ]
}
