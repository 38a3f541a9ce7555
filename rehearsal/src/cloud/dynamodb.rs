//! DynamoDB: the journal's table.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_smithy_mocks::{Rule, mock};

use super::Desk;
use crate::dynamodb::{Tables, answer};

pub(super) fn rules(desk: &Desk, tables: &Arc<Mutex<Tables>>) -> Vec<Rule> {
    vec![
        mock!(Client::get_item)
            .then_compute_response(desk.counting(answer(tables, |tables, input| tables.get_item(input)))),
        mock!(Client::put_item).then_compute_response(desk.counting(answer(tables, Tables::put_item))),
        mock!(Client::update_item).then_compute_response(desk.counting(answer(tables, Tables::update_item))),
        mock!(Client::delete_item).then_compute_response(desk.counting(answer(tables, Tables::delete_item))),
        mock!(Client::query)
            .then_compute_response(desk.counting(answer(tables, |tables, input| tables.query(input)))),
    ]
}
