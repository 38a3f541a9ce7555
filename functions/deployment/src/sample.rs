//! Deployments to test with.

use aws_sdk_codedeploy::types::{RevisionLocation, RevisionLocationType, S3Location};
use domain::facts::DeploymentStatus;
use jiff::{SignedDuration, Timestamp};

use crate::described::{Deployment, Purpose};

/// That many minutes after a certain moment.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    Timestamp::constant(1_790_838_000, 0) + SignedDuration::from_mins(minutes)
}

/// A deployment `d-MINUTE` of the object `REVISION.zip`, created in that minute, and over two minutes later.
pub(crate) fn deployment(
    minutes: i64,
    revision: &str,
    purpose: Purpose,
    status: DeploymentStatus,
) -> Deployment {
    let object = S3Location::builder()
        .bucket("shop-releases")
        .key(format!("{revision}.zip"))
        .build();
    let revision = RevisionLocation::builder()
        .revision_type(RevisionLocationType::S3)
        .s3_location(object)
        .build();
    let runs = status == DeploymentStatus::Running;
    Deployment {
        id: format!("d-{minutes}"),
        status,
        word: if runs {
            "InProgress".to_owned()
        } else {
            format!("{status:?}")
        },
        purpose,
        description: String::new(),
        revision: Some(revision),
        created_at: minute(minutes),
        completed_at: (!runs).then(|| minute(minutes + 2)),
        rolled_back_by: None,
        error: None,
        counts: None,
    }
}
