//! This Region's replication group is the primary of the system's global datastore.
//!
//! The same call serves planned and unplanned moves. A repetition is harmless, because it names the primary that is
//! wanted, and ElastiCache refuses it while a change is under way.

use std::fmt;

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::error::ProvideErrorMetadata;
use aws_sdk_elasticache::types::GlobalReplicationGroup;
use domain::journal::Journal;
use domain::names::Region;
use domain::step::{Error, Result};
use domain::system::Move;
use journal::Hold;
use runtime::aws::classify;

const DESCRIBE: &str = "elasticache:DescribeGlobalReplicationGroups";
const FAIL_OVER: &str = "elasticache:FailoverGlobalReplicationGroup";

/// Ensures that this Region's replication group is the primary, and answers what was seen. True at once for a system
/// without a global datastore.
///
/// # Errors
/// `NotYet` right after asking for it and while ElastiCache changes the datastore; `Unsafe` when this Region's group
/// is no member of it, when it is being deleted, or when a person stopped the run; `LockLost`; `Throttled`,
/// `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    elasticache: &Client,
    moving: &Move<'_>,
    hold: &Hold<'_, J>,
) -> Result<String> {
    let Some(datastore) = &moving.shared.global_datastore else {
        return Ok(format!("{} has no global datastore", moving.system.name));
    };
    let region = &moving.to.region;
    let group = moving.to.cache.as_deref().ok_or_else(|| Error::InvalidInput {
        what: format!("the system file names the global datastore {datastore}, and no `cache` in {region}"),
    })?;
    let observed = observe(elasticache, datastore).await?;
    match observed.next(group, region) {
        Next::Nothing => Ok(observed.to_string()),
        Next::Wait => Err(Error::NotYet {
            seen: observed.to_string(),
        }),
        Next::FailOver => {
            hold.check().await?;
            Err(fail_over(elasticache, datastore, group, region).await)
        }
        Next::Never(why) => Err(Error::Unsafe {
            why: format!("{why}: {observed}"),
        }),
    }
}

/// A global datastore as ElastiCache describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Observed {
    datastore: String,
    status: String,
    members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    group: String,
    region: String,
    role: String,
    status: String,
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.datastore, self.status)?;
        self.members.iter().try_for_each(|member| {
            write!(
                f,
                ", {} in {} {} {}",
                member.group, member.region, member.role, member.status
            )
        })
    }
}

/// What is to be done about a global datastore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// It is as it should be.
    Nothing,
    /// ElastiCache is at it.
    Wait,
    /// It may be failed over.
    FailOver,
    /// It never will be as it should be.
    Never(&'static str),
}

impl Observed {
    /// Statuses: `available`, `primary-only` (which has no secondary to fail over to), and what passes. Sources:
    /// ElastiCache API, FailoverGlobalReplicationGroup, `InvalidGlobalReplicationGroupState`; ElastiCache User Guide,
    /// Redis-Global-Datastores-Console.
    fn next(&self, group: &str, region: &Region) -> Next {
        let ours = self
            .members
            .iter()
            .find(|member| member.group.eq_ignore_ascii_case(group) && member.region == region.as_str());
        let is_primary = ours.map(|member| member.role.eq_ignore_ascii_case("primary"));
        match (self.status.as_str(), is_primary) {
            ("deleting" | "deleted", _) => Next::Never("the global datastore is being deleted"),
            ("available" | "primary-only", Some(true)) => Next::Nothing,
            ("available", Some(false)) => Next::FailOver,
            ("available" | "primary-only", None) => {
                Next::Never("this Region's replication group is no member of the global datastore")
            }
            _ => Next::Wait,
        }
    }
}

/// One datastore is asked for, so one at most is answered: the call has no second page.
async fn observe(elasticache: &Client, datastore: &str) -> Result<Observed> {
    let answer = elasticache
        .describe_global_replication_groups()
        .global_replication_group_id(datastore)
        .show_member_info(true)
        .send()
        .await;
    let answer = answer.map_err(|error| classify(DESCRIBE, error))?;
    let found = answer
        .global_replication_groups()
        .first()
        .ok_or_else(|| Error::Refused {
            call: DESCRIBE.to_owned(),
            why: format!("there is no global datastore `{datastore}`"),
        })?;
    Ok(Observed::from(found))
}

impl From<&GlobalReplicationGroup> for Observed {
    fn from(group: &GlobalReplicationGroup) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            datastore: text(group.global_replication_group_id()),
            status: text(group.status()),
            members: group
                .members()
                .iter()
                .map(|member| Member {
                    group: text(member.replication_group_id()),
                    region: text(member.replication_group_region()),
                    role: text(member.role()),
                    status: text(member.status()),
                })
                .collect(),
        }
    }
}

async fn fail_over(elasticache: &Client, datastore: &str, group: &str, region: &Region) -> Error {
    let answer = elasticache
        .failover_global_replication_group()
        .global_replication_group_id(datastore)
        .primary_region(region.as_str())
        .primary_replication_group_id(group)
        .send()
        .await;
    match answer {
        Ok(_) => Error::NotYet {
            seen: format!("{FAIL_OVER} of {datastore} to {group} in {region} accepted"),
        },
        Err(error) => {
            // It changed between our look and our call, perhaps by our own call of a moment ago: look again.
            let busy = error.code() == Some("InvalidGlobalReplicationGroupState");
            let error = classify(FAIL_OVER, error);
            if busy {
                Error::NotYet {
                    seen: error.to_string(),
                }
            } else {
                error
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(status: &str, here: Option<&str>) -> Observed {
        let member = |group: &str, region: &str, role: &str| Member {
            group: group.to_owned(),
            region: region.to_owned(),
            role: role.to_owned(),
            status: "associated".to_owned(),
        };
        // The other Region's group may have the same name.
        let mut members = vec![member("shop-cache", "eu-central-1", "PRIMARY")];
        members.extend(here.map(|role| member("shop-cache", "eu-west-1", role)));
        Observed {
            datastore: "ldgnf-shop".to_owned(),
            status: status.to_owned(),
            members,
        }
    }

    #[test]
    fn what_is_next_follows_from_role_and_status() {
        let deleted = Next::Never("the global datastore is being deleted");
        let stranger = Next::Never("this Region's replication group is no member of the global datastore");
        let table = [
            ("available", Some("PRIMARY"), Next::Nothing),
            ("primary-only", Some("PRIMARY"), Next::Nothing),
            ("modifying", Some("PRIMARY"), Next::Wait),
            ("creating", Some("PRIMARY"), Next::Wait),
            ("deleting", Some("PRIMARY"), deleted),
            ("available", Some("SECONDARY"), Next::FailOver),
            ("available", Some("secondary"), Next::FailOver),
            ("available", Some(""), Next::FailOver),
            ("modifying", Some("SECONDARY"), Next::Wait),
            ("primary-only", Some("SECONDARY"), Next::Wait),
            ("of-tomorrow", Some("SECONDARY"), Next::Wait),
            ("available", None, stranger),
            ("primary-only", None, stranger),
            ("modifying", None, Next::Wait),
            ("deleted", None, deleted),
        ];
        let region = "eu-west-1".parse().unwrap();
        for (status, role, next) in table {
            assert_eq!(
                observed(status, role).next("shop-cache", &region),
                next,
                "{status} {role:?}"
            );
        }
    }

    #[test]
    fn a_group_is_told_from_its_namesake_by_its_region() {
        let elsewhere = "us-east-1".parse().unwrap();
        assert!(matches!(
            observed("available", Some("PRIMARY")).next("shop-cache", &elsewhere),
            Next::Never(_)
        ));
    }
}
