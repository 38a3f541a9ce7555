//! CloudWatch: replica lag.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::get_metric_data::{
    GetMetricDataError, GetMetricDataInput, GetMetricDataOutput,
};
use aws_sdk_cloudwatch::types::{MetricDataQuery, MetricDataResult};
use aws_smithy_mocks::{Rule, mock};

use super::Desk;
use crate::world::World;

pub(super) fn rules(desk: &Desk) -> Vec<Rule> {
    vec![mock!(Client::get_metric_data).then_compute_response(desk.answer(get_metric_data))]
}

fn get_metric_data(
    world: &mut World,
    input: &GetMetricDataInput,
) -> Result<GetMetricDataOutput, GetMetricDataError> {
    let results = input.metric_data_queries().iter().map(|query| {
        let result = MetricDataResult::builder().set_id(query.id().map(str::to_owned));
        match lag(world, query) {
            Some(value) => result.values(value).build(),
            None => result.build(),
        }
    });
    Ok(GetMetricDataOutput::builder()
        .set_metric_data_results(Some(results.collect()))
        .build())
}

/// The newest datapoint: Aurora's lag in milliseconds, a Multi-AZ cluster's in seconds.
fn lag(world: &World, query: &MetricDataQuery) -> Option<f64> {
    let metric = query.metric_stat()?.metric()?;
    let dimension = metric
        .dimensions()
        .iter()
        .find(|dimension| dimension.name() == Some("DBInstanceIdentifier"))?;
    let host = world
        .database
        .hosts
        .iter()
        .find(|host| Some(host.instance.as_str()) == dimension.value())?;
    match metric.metric_name()? {
        "AuroraReplicaLag" => Some(host.lag_ms as f64),
        "ReplicaLag" => Some(host.lag_ms as f64 / 1_000.0),
        _ => None,
    }
}
