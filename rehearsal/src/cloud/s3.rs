//! S3: the objects of a bucket in the standby Region. Strongly consistent, as S3 is (S3 User Guide, "Amazon S3 data
//! consistency model").

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::delete_object::{DeleteObjectInput, DeleteObjectOutput};
use aws_sdk_s3::operation::get_object::{GetObjectInput, GetObjectOutput};
use aws_sdk_s3::operation::head_object::{HeadObjectInput, HeadObjectOutput};
use aws_sdk_s3::operation::put_object::{PutObjectInput, PutObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_mocks::{Rule, mock};
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::timeline::Actor;
use crate::world::World;
use crate::world::dns::NoSuchBucket;

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::put_object).then_compute_response(desk.stream(route, copy_of, put)),
        mock!(Client::delete_object).then_compute_response(desk.data(route, delete)),
        mock!(Client::head_object).then_compute_response(desk.data(route, head)),
        mock!(Client::get_object).then_compute_response(desk.data(route, get)),
    ]
}

/// The same request once more.
fn copy_of(input: &PutObjectInput) -> PutObjectInput {
    let body = input.body().bytes().unwrap_or_default().to_vec();
    let copy = PutObjectInput::builder()
        .set_bucket(input.bucket().map(str::to_owned))
        .set_key(input.key().map(str::to_owned))
        .set_expected_bucket_owner(input.expected_bucket_owner().map(str::to_owned))
        .body(ByteStream::from(body));
    copy.build().expect("nothing that it needs is left out")
}

fn put(world: &mut World, region: &Region, input: &PutObjectInput) -> Result<PutObjectOutput, Refusal> {
    let (bucket, key) = place(
        world,
        region,
        input.bucket(),
        input.key(),
        input.expected_bucket_owner(),
    )?;
    let body = String::from_utf8_lossy(input.body().bytes().unwrap_or_default()).into_owned();
    world.put_object(&bucket, &key, body).map_err(no_bucket)?;
    world.say(Actor::Call, format!("s3:PutObject {bucket}/{key}: accepted"));
    Ok(PutObjectOutput::builder().build())
}

fn delete(
    world: &mut World,
    region: &Region,
    input: &DeleteObjectInput,
) -> Result<DeleteObjectOutput, Refusal> {
    let (bucket, key) = place(
        world,
        region,
        input.bucket(),
        input.key(),
        input.expected_bucket_owner(),
    )?;
    world.delete_object(&bucket, &key).map_err(no_bucket)?;
    world.say(Actor::Call, format!("s3:DeleteObject {bucket}/{key}: accepted"));
    Ok(DeleteObjectOutput::builder().build())
}

/// Source: S3 API, HeadObject: an object that is not there, and a bucket that is not there, are 404 without a body.
fn head(world: &mut World, region: &Region, input: &HeadObjectInput) -> Result<HeadObjectOutput, Refusal> {
    let not_found = || Refusal::not_found("NotFound", "Not Found");
    let (bucket, key) = place(
        world,
        region,
        input.bucket(),
        input.key(),
        input.expected_bucket_owner(),
    )?;
    let body = world.object(&bucket, &key).map_err(|_| not_found())?;
    let body = body.ok_or_else(not_found)?;
    Ok(HeadObjectOutput::builder()
        .content_length(i64::try_from(body.len()).unwrap_or(i64::MAX))
        .build())
}

fn get(world: &mut World, region: &Region, input: &GetObjectInput) -> Result<GetObjectOutput, Refusal> {
    let (bucket, key) = place(
        world,
        region,
        input.bucket(),
        input.key(),
        input.expected_bucket_owner(),
    )?;
    let body = world.object(&bucket, &key).map_err(no_bucket)?;
    let body = body.ok_or_else(|| Refusal::not_found("NoSuchKey", "The specified key does not exist."))?;
    Ok(GetObjectOutput::builder()
        .body(ByteStream::from(body.as_bytes().to_vec()))
        .build())
}

/// Bucket and key, if the bucket belongs to the account that the caller expects and lives in the Region that is called.
fn place(
    world: &World,
    region: &Region,
    bucket: Option<&str>,
    key: Option<&str>,
    owner: Option<&str>,
) -> Result<(String, String), Refusal> {
    if owner.is_some_and(|owner| owner != world.system.account.as_str()) {
        return Err(Refusal::new("AccessDenied", "Access Denied"));
    }
    if world.system.regions.standby.as_ref() != Some(region) {
        return Err(Refusal::new(
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
        ));
    }
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    Ok((text(bucket), text(key)))
}

fn no_bucket(NoSuchBucket(_): NoSuchBucket) -> Refusal {
    Refusal::not_found("NoSuchBucket", "The specified bucket does not exist")
}
