//! A cross-Region replica made anew, in the place of a database that was promoted or left.
//!
//! The old instance is renamed, never deleted: it may hold the last writes before a failover, which nobody else has. So
//! that it is not the living one that is renamed, users decide: a value written through the name they use has to be
//! read back at the other Region's database (rule 7: re-read state before every change).

use aws_sdk_rds::Client;
use aws_sdk_rds::types::DbInstance;
use domain::journal::Journal;
use domain::names::Epoch;
use domain::step::{Error, Result};
use domain::steps::region::Seen;
use runtime::aws::classify;

use super::follow::{Pair, Side};
use super::half::Half;
use super::{Regions, asked};

/// The longest identifier of a DB instance. Source: RDS API, CreateDBInstance, `DBInstanceIdentifier`.
const LONGEST_IDENTIFIER: usize = 63;

/// How many pages of a hundred instances are searched for the old one at most.
const PAGES: usize = 10;

/// A follower that is to be made anew.
pub(super) struct Renewal<'a, J> {
    /// The move.
    pub(super) regions: &'a Regions<'a, J>,
    /// The epoch under which the run holds the lock.
    pub(super) epoch: Epoch,
    /// Who is to follow whom.
    pub(super) pair: Pair<'a>,
    /// RDS in the follower's Region.
    pub(super) rds: &'a Client,
}

/// Gives way: the instance that has the follower's name, and follows nobody, is renamed.
///
/// # Errors
/// `NotYet` right after asking for it, until it is done, and while nobody knows which of the two databases lives;
/// `Unsafe` when it is the living one that is to follow; `LockLost`; `Throttled`, `Unavailable`, `Refused`.
pub(super) async fn retire<J: Journal>(renewal: &Renewal<'_, J>, half: &Half) -> Result<Seen> {
    let Renewal {
        regions,
        epoch,
        pair,
        rds,
    } = renewal;
    if let Some(new_name) = &half.new_name {
        return Err(Error::NotYet {
            seen: format!("{half}, becomes {new_name}"),
        });
    }
    match living(regions, *pair).await? {
        Living::Leader => {}
        Living::Follower if pair.side == Side::Here => {
            return Ok(regions.seen([half.to_string(), "users are served by it already".to_owned()]));
        }
        Living::Follower => {
            return Err(Error::Unsafe {
                why: format!("users are still served by it: {half}"),
            });
        }
    }
    let new_name = retired_name(pair.follower.database.as_str(), regions.run.opened_at);
    regions.hold(*epoch).check().await?;
    let request = rds
        .modify_db_instance()
        .db_instance_identifier(pair.follower.database.as_str())
        .new_db_instance_identifier(&new_name)
        .apply_immediately(true);
    let about = format!("{} NewDBInstanceIdentifier={new_name}", pair.follower.database);
    Err(asked("rds:ModifyDBInstance", &about, request.send().await))
}

/// Whose database users are served by.
enum Living {
    /// The one that is to be followed.
    Leader,
    /// The one that is to follow.
    Follower,
}

async fn living<J: Journal>(regions: &Regions<'_, J>, pair: Pair<'_>) -> Result<Living> {
    let name = &regions.moved.shared.request;
    let token = regions.token();
    let at = async |url| {
        regions
            .write_check
            .stored_at_and_read_back_from(name, url, &token)
            .await
    };
    let Err(not_there) = at(&pair.leader.write_check).await else {
        return Ok(Living::Leader);
    };
    let Err(not_here) = at(&pair.follower.write_check).await else {
        return Ok(Living::Follower);
    };
    Err(Error::NotYet {
        seen: format!(
            "nobody knows by which database users are served: {} at {}: {not_there}; at {}: {not_here}",
            name.as_str(),
            pair.leader.region,
            pair.follower.region
        ),
    })
}

/// Asks for a new replica under the follower's name, like the old instance in what does not come with the data.
pub(super) async fn create<J: Journal>(renewal: &Renewal<'_, J>) -> Error {
    match like_the_old_one(renewal).await {
        Ok(error) | Err(error) => error,
    }
}

async fn like_the_old_one<J: Journal>(renewal: &Renewal<'_, J>) -> Result<Error> {
    let Renewal {
        regions,
        epoch,
        pair,
        rds,
    } = renewal;
    let follower = pair.follower;
    let by_hand = |why: &str| Error::Unsafe {
        why: format!(
            "{why}: make {} in {} by hand, as a replica of {}, and run this again",
            follower.database,
            follower.region,
            regions.arn(pair.leader)
        ),
    };
    let old = old_instance(rds, follower.database.as_str()).await?;
    let old = old.ok_or_else(|| {
        by_hand("the old instance is gone, and with it the knowledge of its subnets, its class and its key")
    })?;
    let is_encrypted = old.storage_encrypted() == Some(true);
    // Source: RDS API, CreateDBInstanceReadReplica, `PreSignedUrl`.
    if is_encrypted && follower.region.partition() != "aws" {
        return Err(by_hand(
            "an encrypted replica in another Region of this partition needs a presigned URL",
        ));
    }
    regions.hold(*epoch).check().await?;
    let groups = follower.isolation.security_groups.clone();
    let subnets = old
        .db_subnet_group()
        .and_then(|group| group.db_subnet_group_name());
    let key = old.kms_key_id().filter(|_| is_encrypted);
    let source = regions.arn(pair.leader);
    let request = rds
        .create_db_instance_read_replica()
        .db_instance_identifier(follower.database.as_str())
        .source_db_instance_identifier(&source)
        .set_db_instance_class(old.db_instance_class().map(str::to_owned))
        .set_db_subnet_group_name(subnets.map(str::to_owned))
        .set_vpc_security_group_ids(Some(groups))
        .set_kms_key_id(key.map(str::to_owned))
        .set_multi_az(old.multi_az())
        .set_publicly_accessible(old.publicly_accessible())
        .set_copy_tags_to_snapshot(old.copy_tags_to_snapshot())
        .set_deletion_protection(old.deletion_protection());
    let about = format!("{} of {source}", follower.database);
    Ok(asked(
        "rds:CreateDBInstanceReadReplica",
        &about,
        request.send().await,
    ))
}

/// The instance that gave way last, whichever run renamed it.
async fn old_instance(rds: &Client, identifier: &str) -> Result<Option<DbInstance>> {
    let prefix = retired_prefix(identifier);
    let (mut newest, mut marker): (Option<DbInstance>, _) = (None, None);
    for _ in 0..PAGES {
        let page = rds.describe_db_instances().set_marker(marker).send().await;
        let page = page.map_err(|error| classify("rds:DescribeDBInstances", error))?;
        let old = page.db_instances().iter().filter(|instance| {
            let name = instance.db_instance_identifier().unwrap_or_default();
            name.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(&prefix))
        });
        newest = old
            .chain(newest.as_ref())
            .max_by_key(|instance| instance.db_instance_identifier().unwrap_or_default().to_owned())
            .cloned();
        marker = page
            .marker()
            .filter(|marker| !marker.is_empty())
            .map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    Ok(newest)
}

/// The name of an instance that gave way: its own, and the minute in which the incident opened, so that a repetition
/// gives the same one.
fn retired_name(identifier: &str, opened_at: jiff::Timestamp) -> String {
    format!(
        "{}{}",
        retired_prefix(identifier),
        opened_at.strftime("%Y%m%d%H%M")
    )
}

fn retired_prefix(identifier: &str) -> String {
    const OLD: &str = "-old-";
    const MINUTE: usize = "yyyymmddhhmm".len();
    // Identifiers are ASCII, so that every byte is a character.
    let kept = identifier.len().min(LONGEST_IDENTIFIER - OLD.len() - MINUTE);
    let kept = identifier.get(..kept).unwrap_or(identifier).trim_end_matches('-');
    format!("{kept}{OLD}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::names::DbIdentifier;

    #[test]
    fn the_name_of_what_gave_way_is_one_that_rds_takes() {
        let opened_at = "2026-10-01T07:15:09Z".parse().expect("a time");
        assert_eq!(retired_name("shop-db", opened_at), "shop-db-old-202610010715");
        let cut_at_a_hyphen = format!("{}-{}", "x".repeat(45), "y".repeat(17));
        for identifier in ["a".to_owned(), "x".repeat(63), cut_at_a_hyphen] {
            let name = retired_name(&identifier, opened_at);
            name.parse::<DbIdentifier>().expect("valid");
        }
    }
}
