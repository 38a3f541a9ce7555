//! Cross-Region read replicas.

use aws_sdk_rds::Client;
use aws_sdk_rds::operation::create_db_instance_read_replica::{
    CreateDbInstanceReadReplicaInput, CreateDbInstanceReadReplicaOutput,
};
use aws_sdk_rds::operation::promote_read_replica::{PromoteReadReplicaInput, PromoteReadReplicaOutput};
use aws_smithy_mocks::{Rule, mock};
use domain::names::Region;

use super::instances::described;
use super::{asked, of_instance};
use crate::cloud::desk::{Desk, Route};
use crate::cloud::refusal::Refusal;
use crate::world::World;

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::promote_read_replica).then_compute_response(desk.control(route, promote)),
        mock!(Client::create_db_instance_read_replica).then_compute_response(desk.control(route, create)),
    ]
}

fn promote(
    world: &mut World,
    region: &Region,
    input: &PromoteReadReplicaInput,
) -> Result<PromoteReadReplicaOutput, Refusal> {
    let id = input.db_instance_identifier().unwrap_or_default();
    let answer = world.promote_replica(region, id).map_err(of_instance);
    asked(world, &format!("rds:PromoteReadReplica {id}"), answer)?;
    Ok(PromoteReadReplicaOutput::builder()
        .set_db_instance(described(world, region, id))
        .build())
}

fn create(
    world: &mut World,
    region: &Region,
    input: &CreateDbInstanceReadReplicaInput,
) -> Result<CreateDbInstanceReadReplicaOutput, Refusal> {
    let id = input.db_instance_identifier().unwrap_or_default();
    let source = input.source_db_instance_identifier().unwrap_or_default();
    let line = format!("rds:CreateDBInstanceReadReplica {id} of {source}");
    let answer = world.create_replica(region, id, source).map_err(of_instance);
    asked(world, &line, answer)?;
    Ok(CreateDbInstanceReadReplicaOutput::builder()
        .set_db_instance(described(world, region, id))
        .build())
}
