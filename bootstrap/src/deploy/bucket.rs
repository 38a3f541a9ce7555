//! The bucket that a stack takes its functions and machines from, and the template.
//!
//! Every call names the account that must own the bucket: a bucket's name can be guessed, and whoever took it first in another
//! account would otherwise be handed our code, or hand us his (S3 User Guide, bucket-owner-condition).

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};
use domain::names::{AccountId, Region};

use super::Error;
use crate::account;

/// A bucket in a Region.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    region: Region,
    account: AccountId,
    client: Client,
}

impl Bucket {
    /// The bucket that is Evenkeel's own, unless another was named.
    pub(crate) fn new(named: Option<&str>, account: &AccountId, region: &Region, client: Client) -> Self {
        Self {
            name: named.map_or_else(|| own(account, region), str::to_owned),
            region: region.clone(),
            account: account.clone(),
            client,
        }
    }

    /// Whether it is there.
    ///
    /// # Errors
    /// When S3 does not say, or it is somebody else's.
    pub(crate) async fn is_there(&self) -> Result<bool, Error> {
        let asked = self.client.head_bucket().bucket(&self.name);
        let answer = asked.expected_bucket_owner(self.account.as_str()).send().await;
        match answer {
            Ok(_) => Ok(true),
            Err(error) => match error.raw_response().map(|raw| raw.status().as_u16()) {
                Some(404) => Ok(false),
                Some(status @ (301 | 403)) => Err(Error::OtherBucket {
                    bucket: self.name.clone(),
                    account: self.account.clone(),
                    status,
                }),
                _ => Err(account::Error::of("s3:HeadBucket", error).into()),
            },
        }
    }

    /// Makes it, and makes sure that it is closed to the public, encrypted, and keeps what is overwritten. May be repeated.
    ///
    /// # Errors
    /// When S3 refuses.
    pub(crate) async fn make(&self) -> Result<(), Error> {
        let mut asked = self.client.create_bucket().bucket(&self.name);
        // us-east-1 is the one Region that must not be named. Source: S3 API, CreateBucket.
        if self.region.as_str() != "us-east-1" {
            let place = BucketLocationConstraint::from(self.region.as_str());
            let place = CreateBucketConfiguration::builder().location_constraint(place);
            asked = asked.create_bucket_configuration(place.build());
        }
        match asked.send().await {
            Ok(_) => {}
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => {}
            Err(error) => return Err(account::Error::of("s3:CreateBucket", error).into()),
        }
        let closed = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .block_public_policy(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true)
            .build();
        let owner = self.account.as_str();
        self.client
            .put_public_access_block()
            .bucket(&self.name)
            .expected_bucket_owner(owner)
            .public_access_block_configuration(closed)
            .send()
            .await
            .map_err(|error| account::Error::of("s3:PutBucketPublicAccessBlock", error))?;
        let by_default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::Aes256)
            .build()
            .map_err(|error| Error::Request(error.to_string()))?;
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default);
        let encrypted = ServerSideEncryptionConfiguration::builder()
            .rules(rule.build())
            .build()
            .map_err(|error| Error::Request(error.to_string()))?;
        self.client
            .put_bucket_encryption()
            .bucket(&self.name)
            .expected_bucket_owner(owner)
            .server_side_encryption_configuration(encrypted)
            .send()
            .await
            .map_err(|error| account::Error::of("s3:PutEncryptionConfiguration", error))?;
        let versioned = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled);
        self.client
            .put_bucket_versioning()
            .bucket(&self.name)
            .expected_bucket_owner(owner)
            .versioning_configuration(versioned.build())
            .send()
            .await
            .map_err(|error| account::Error::of("s3:PutBucketVersioning", error))?;
        Ok(())
    }

    /// Whether an object is there. Its key says what is in it, so nothing else is compared.
    ///
    /// # Errors
    /// When S3 does not say.
    pub(crate) async fn has(&self, key: &str) -> Result<bool, Error> {
        let asked = self.client.head_object().bucket(&self.name).key(key);
        match asked.expected_bucket_owner(self.account.as_str()).send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|raw| raw.status().as_u16() == 404) =>
            {
                Ok(false)
            }
            Err(error) => Err(account::Error::of("s3:GetObject", error).into()),
        }
    }

    /// Puts an object. S3 holds it against its checksum.
    ///
    /// # Errors
    /// When S3 refuses.
    pub(crate) async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let asked = self.client.put_object().bucket(&self.name).key(key);
        let asked = asked.expected_bucket_owner(self.account.as_str());
        asked
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| account::Error::of("s3:PutObject", error))?;
        Ok(())
    }

    /// The address of an object, as CloudFormation wants it: whatever partition or endpoint the SDK works with.
    ///
    /// # Errors
    /// When the SDK knows none.
    pub(crate) async fn url_of(&self, key: &str) -> Result<String, Error> {
        let signed_for = PresigningConfig::expires_in(Duration::from_secs(60))
            .map_err(|error| Error::Request(error.to_string()))?;
        let asked = self.client.get_object().bucket(&self.name).key(key);
        let signed = asked
            .presigned(signed_for)
            .await
            .map_err(|error| account::Error::of("s3:GetObject", error))?;
        let url = signed.uri().split('?').next().unwrap_or_default();
        Ok(url.to_owned())
    }
}

/// What our own bucket is called: of every account and Region another, because a bucket's name is the world's.
fn own(account: &AccountId, region: &Region) -> String {
    format!("evenkeel-code-{account}-{region}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3 to 63 lower-case letters, digits and hyphens. Source: S3 User Guide, bucketnamingrules.
    #[test]
    fn our_own_bucket_has_a_name_that_s3_takes() {
        let account: AccountId = "111122223333".parse().expect("an account");
        for region in ["eu-central-1", "us-gov-west-1", "ap-southeast-4"] {
            let name = own(&account, &region.parse().expect("a Region"));
            assert!(name.len() <= 63, "{name}");
            let fits = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-';
            assert!(name.chars().all(fits), "{name}");
        }
    }
}
