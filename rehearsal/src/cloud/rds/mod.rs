//! RDS.
//!
//! | module | holds |
//! |---|---|
//! | `instances` | DB instances: described, rebooted, modified |
//! | `clusters` | DB clusters: described, failed over, modified |
//! | `global` | global clusters: switched and failed over, left |
//! | `replicas` | cross-Region read replicas: promoted, created |
//! | `events` | what RDS noted down |

mod clusters;
mod events;
mod global;
mod instances;
mod replicas;

use aws_sdk_rds::types::VpcSecurityGroupMembership;
use aws_smithy_mocks::Rule;
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::timeline::Actor;
use crate::world::World;
use crate::world::database::{self, Database};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    [
        instances::rules(desk, route),
        clusters::rules(desk, route),
        global::rules(desk, route),
        replicas::rules(desk, route),
        events::rules(desk, route),
    ]
    .concat()
}

/// A change was asked for: the timeline shows it, and what RDS says to it.
fn asked<T>(world: &mut World, line: &str, answer: Result<T, Refusal>) -> Result<T, Refusal> {
    let said = match &answer {
        Ok(_) => "accepted",
        Err(refusal) => refusal.code(),
    };
    world.say(Actor::Call, format!("{line}: {said}"));
    answer
}

/// What RDS calls a DB instance's refusal.
fn of_instance(refusal: database::Refusal) -> Refusal {
    use database::Refusal as Why;
    match refusal {
        Why::State(why) | Why::Global(why) => Refusal::new("InvalidDBInstanceState", why),
        Why::Combination(why) => Refusal::new("InvalidParameterCombination", why),
        Why::NotFound(why) => Refusal::not_found("DBInstanceNotFound", why),
        Why::Exists(why) => Refusal::new("DBInstanceAlreadyExists", why),
    }
}

/// What RDS calls a DB cluster's refusal.
fn of_cluster(refusal: database::Refusal) -> Refusal {
    use database::Refusal as Why;
    match refusal {
        Why::State(why) | Why::Combination(why) => Refusal::new("InvalidDBClusterStateFault", why),
        Why::Global(why) => Refusal::new("InvalidGlobalClusterStateFault", why),
        Why::NotFound(why) => Refusal::not_found("DBClusterNotFoundFault", why),
        Why::Exists(why) => Refusal::new("DBClusterAlreadyExistsFault", why),
    }
}

fn no_instance(id: &str) -> Refusal {
    Refusal::not_found("DBInstanceNotFound", format!("DBInstance {id} not found."))
}

fn no_cluster(id: &str) -> Refusal {
    Refusal::not_found("DBClusterNotFoundFault", format!("DBCluster {id} not found."))
}

/// What a parameter asks for that the world has no model of.
fn not_modelled(what: &str) -> Refusal {
    Refusal::new("InternalFailure", format!("{what} is not modelled"))
}

/// The databases of a Region.
fn databases<'w>(world: &'w World, region: &Region) -> impl Iterator<Item = &'w Database> {
    world
        .site(region)
        .into_iter()
        .flat_map(|site| std::iter::once(&site.database).chain(&site.retired))
        .filter(|database| database.exists())
}

/// Source of the words: RDS API, VpcSecurityGroupMembership: "the membership status of the VPC security group,
/// currently only active is valid" – and, while a change is being applied, `adding` and `removing` (RDS User Guide).
fn security_groups(database: &Database) -> Vec<VpcSecurityGroupMembership> {
    let membership = |group: &String, status: &str| {
        VpcSecurityGroupMembership::builder()
            .vpc_security_group_id(group)
            .status(status)
            .build()
    };
    let now = &database.security_groups;
    let Some(coming) = &database.coming_security_groups else {
        return now.iter().map(|group| membership(group, "active")).collect();
    };
    let kept = now.iter().map(|group| {
        let stays = coming.contains(group);
        membership(group, if stays { "active" } else { "removing" })
    });
    let added = coming.iter().filter(|group| !now.contains(group));
    kept.chain(added.map(|group| membership(group, "adding")))
        .collect()
}
