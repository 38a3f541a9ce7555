//! An Aurora global cluster, as RDS in the Region in which this runs describes it. The other Region is not asked, so
//! it is known although the other Region is lost.

use std::fmt;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{FailoverState, GlobalCluster};
use domain::step::{Error, Result};
use runtime::aws::classify;

use super::spoken;

/// A global cluster at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Global {
    /// Its identifier.
    pub identifier: String,
    /// Its status, in RDS's words.
    pub status: String,
    /// The engine's version.
    pub version: String,
    /// Its clusters.
    pub members: Vec<Member>,
    /// The switchover or failover that is under way, if one is.
    pub moving: Option<Moving>,
}

/// A cluster of a global cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its ARN.
    pub arn: String,
    /// Whether it is the one that takes writes.
    pub is_writer: bool,
    /// `connected` or `pending-resync`, if RDS says so.
    pub synchronization: Option<String>,
}

/// A switchover or failover that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moving {
    /// `pending`, `switching-over`, `failing-over` or `cancelling`. Source: RDS API, FailoverState, `Status`.
    pub status: String,
    /// ARN of the cluster that is to become the writer.
    pub to: String,
    /// Whether data loss was allowed: a failover. Otherwise a switchover.
    pub is_lossy: bool,
}

impl Moving {
    /// Whether it was called off, and everything returns to where it was.
    pub fn is_called_off(&self) -> bool {
        self.status == "cancelling"
    }
}

impl Global {
    /// The member of that ARN.
    pub fn member(&self, arn: &str) -> Option<&Member> {
        self.members
            .iter()
            .find(|member| member.arn.eq_ignore_ascii_case(arn))
    }

    /// The member that takes writes.
    pub fn writer(&self) -> Option<&Member> {
        self.members.iter().find(|member| member.is_writer)
    }
}

impl fmt::Display for Global {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "global cluster {}: status {}", self.identifier, self.status)?;
        for member in &self.members {
            let role = if member.is_writer { "writer" } else { "reader" };
            write!(f, ", {role} {}", spoken(&member.arn))?;
            if let Some(synchronization) = &member.synchronization {
                write!(f, " ({synchronization})")?;
            }
        }
        match &self.moving {
            Some(moving) => write!(
                f,
                ", {} to {}{}",
                moving.status,
                spoken(&moving.to),
                if moving.is_lossy {
                    ", data loss allowed"
                } else {
                    ""
                }
            ),
            None => Ok(()),
        }
    }
}

/// Describes a global cluster.
///
/// # Errors
/// `NotYet` while the answer is empty; `Throttled`, `Unavailable`, `Refused`.
pub async fn observe(rds: &Client, identifier: &str) -> Result<Global> {
    let answer = rds
        .describe_global_clusters()
        .global_cluster_identifier(identifier)
        .send()
        .await;
    let answer = answer.map_err(|error| classify("rds:DescribeGlobalClusters", error))?;
    let global = answer.global_clusters().first().ok_or_else(|| Error::NotYet {
        seen: format!("DescribeGlobalClusters answered without {identifier}"),
    })?;
    Ok(read(identifier, global))
}

fn read(identifier: &str, global: &GlobalCluster) -> Global {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let members = global.global_cluster_members().iter();
    Global {
        identifier: identifier.to_owned(),
        status: text(global.status()),
        version: text(global.engine_version()),
        members: members
            .map(|member| Member {
                arn: text(member.db_cluster_arn()),
                is_writer: member.is_writer() == Some(true),
                synchronization: member
                    .synchronization_status()
                    .map(|status| status.as_str().to_owned()),
            })
            .collect(),
        moving: global.failover_state().and_then(moving),
    }
}

/// The state is empty unless something is under way. Source: RDS API, FailoverState.
fn moving(state: &FailoverState) -> Option<Moving> {
    Some(Moving {
        status: state.status()?.as_str().to_owned(),
        to: state.to_db_cluster_arn().unwrap_or_default().to_owned(),
        is_lossy: state.is_data_loss_allowed() == Some(true),
    })
}
