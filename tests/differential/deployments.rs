//! CodeDeploy.

use aws_sdk_codedeploy::types::{BundleType, RevisionLocation, RevisionLocationType, S3Location};
use deployment::described::Deployment;
use deployment::history::{self, Which, describe};
use domain::system::Deployments;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::side::{Side, heard, said};
use crate::table::Fields;

/// Evenkeel's own deployments begin so, and are found again by it.
const DESCRIPTION: &str = "evenkeel shop-roll-back-1";

/// What is read of a deployment, but for its times and its id.
fn read(fields: Fields, deployment: &Deployment) -> Fields {
    let location = deployment
        .revision
        .as_ref()
        .and_then(RevisionLocation::s3_location);
    let place = location.map(|location| (location.bucket(), location.key(), location.bundle_type()));
    fields
        .and("its purpose", format!("{:?}", deployment.purpose))
        .and("its description", &deployment.description)
        .and("its revision", format!("{place:?}"))
        .and("it is not over", deployment.completed_at.is_none())
}

fn declared(side: &Side) -> &Deployments {
    let declared = side.system.deployments.as_ref();
    declared.expect("deployments are declared")
}

const fn every(of: &Deployments) -> Which<'_> {
    Which {
        of,
        succeeded: false,
        since: None,
    }
}

pub(crate) fn listed(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let declared = declared(side);
        let client = (side.codedeploy)(&side.home);
        let which = every(declared);
        let found = history::read(&client, &which, |read| !read.is_empty()).await;
        let ask = |application: &str, group: &str| {
            let asked = client.list_deployments().application_name(application);
            asked.deployment_group_name(group).send()
        };
        Fields::default()
            .and(
                "there are some",
                heard(found, |found| (!found.read.is_empty()).to_string()),
            )
            .and(
                "an application that is none",
                said(ask("nobody", &declared.group).await),
            )
            .and(
                "a group that is none",
                said(ask(&declared.application, "nobody").await),
            )
    }
    .boxed_local()
}

pub(crate) fn created(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let declared = declared(side);
        let client = (side.codedeploy)(&side.home);
        let which = every(declared);
        let before = history::read(&client, &which, |read| !read.is_empty())
            .await
            .expect("read");
        let revision = before
            .read
            .iter()
            .find_map(|deployment| deployment.revision.clone());
        let revision = revision.expect("something was deployed before");
        let ask = |application: &str, group: &str| {
            let asked = client
                .create_deployment()
                .application_name(application)
                .deployment_group_name(group);
            asked.revision(revision.clone()).description(DESCRIPTION).send()
        };
        let no_application = said(ask("nobody", &declared.group).await);
        let no_group = said(ask(&declared.application, "nobody").await);
        let made = ask(&declared.application, &declared.group).await;
        let id = made
            .as_ref()
            .ok()
            .and_then(|made| made.deployment_id().map(str::to_owned));
        *side.kept.lock().expect("nobody panicked") = id.clone().unwrap_or_default();
        Fields::default()
            .and("an application that is none", no_application)
            .and("a group that is none", no_group)
            .and("a deployment", said(made))
            .and(
                "its id begins as AWS's do",
                id.is_some_and(|id| id.starts_with("d-")),
            )
    }
    .boxed_local()
}

pub(crate) fn described(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let client = (side.codedeploy)(&side.home);
        let id = side.kept.lock().expect("nobody panicked").clone();
        let one = client.get_deployment().deployment_id(&id).send().await;
        let one = one.expect("described").deployment_info().map(Deployment::from);
        let one = one.expect("a deployment");
        let unknown = client.get_deployment().deployment_id("d-000000000").send().await;
        read(Fields::default(), &one)
            .and("its error", format!("{:?}", one.error))
            .and("a deployment that is none", said(unknown))
    }
    .boxed_local()
}

pub(crate) fn among_several(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let id = side.kept.lock().expect("nobody panicked").clone();
        let asked = [id, "d-000000000".to_owned()];
        let found = describe(&(side.codedeploy)(&side.home), &asked)
            .await
            .expect("described");
        let fields = Fields::default().and("those that are none are left out", found.len() == 1);
        found.iter().fold(fields, read)
    }
    .boxed_local()
}

/// A revision in S3.
pub(crate) fn revision(bucket: &str, key: &str) -> RevisionLocation {
    let place = S3Location::builder()
        .bucket(bucket)
        .key(key)
        .bundle_type(BundleType::Zip);
    RevisionLocation::builder()
        .revision_type(RevisionLocationType::S3)
        .s3_location(place.build())
        .build()
}
