//! The switch that a health check watches: an object in the standby Region's S3.
//!
//! The primary record's health check is inverted: while the object is there, it calls the primary Region unhealthy,
//! and Route 53 answers with the standby's record. Putting or deleting the object, checking and answering are all
//! data planes; neither Route 53's control plane nor the lost Region is needed (rule 2). S3 shows at once what was put
//! or deleted. Source: S3 User Guide, "Amazon S3 data consistency model".

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use domain::journal::Journal;
use domain::names::AccountId;
use domain::step::{Error, Result};
use journal::Hold;
use runtime::aws::classify;

const HEAD: &str = "s3:HeadObject";
const PUT: &str = "s3:PutObject";
const DELETE: &str = "s3:DeleteObject";

/// The object, and where it should be.
#[derive(Debug)]
pub struct Switch<'a> {
    /// S3 in the standby Region.
    pub client: Client,
    /// The account that has to own the bucket: nobody else's is believed or written to.
    pub owner: &'a AccountId,
    /// The bucket.
    pub bucket: &'a str,
    /// The object's key.
    pub key: &'a str,
    /// Whether the object is to be there: it is while the standby Region serves.
    pub stands: bool,
}

/// Ensures that the object is there, or that it is not.
///
/// # Errors
/// `NotYet` right after asking for it; `LockLost`; `Throttled`, `Unavailable`, `Refused`.
pub async fn shifted<J: Journal>(switch: &Switch<'_>, hold: &Hold<'_, J>) -> Result<String> {
    if switch.observe().await? == switch.stands {
        return Ok(switch.words(switch.stands));
    }
    hold.check_lock().await?;
    let call = if switch.stands {
        switch.put(hold.run.incident.to_string()).await?;
        PUT
    } else {
        switch.delete().await?;
        DELETE
    };
    Err(Error::NotYet {
        seen: format!("{call} {}/{} accepted", switch.bucket, switch.key),
    })
}

/// Ensures, without doing anything about it, that the switch still stands as it was put.
///
/// # Errors
/// `NotYet` when somebody has put it back; `Throttled`, `Unavailable`, `Refused`.
pub async fn stands(switch: &Switch<'_>) -> Result<String> {
    let there = switch.observe().await?;
    if there == switch.stands {
        Ok(switch.words(there))
    } else {
        Err(Error::NotYet {
            seen: format!("somebody has put the switch back: {}", switch.words(there)),
        })
    }
}

impl Switch<'_> {
    async fn observe(&self) -> Result<bool> {
        let request = self.client.head_object().bucket(self.bucket).key(self.key);
        match request.expected_bucket_owner(self.owner.as_str()).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(false),
            Err(error) => Err(classify(HEAD, error)),
        }
    }

    async fn put(&self, who: String) -> Result<()> {
        let request = self.client.put_object().bucket(self.bucket).key(self.key);
        let request = request.expected_bucket_owner(self.owner.as_str());
        let request = request
            .content_type("text/plain")
            .body(ByteStream::from(who.into_bytes()));
        let answer = request.send().await;
        answer.map(|_| ()).map_err(|error| classify(PUT, error))
    }

    async fn delete(&self) -> Result<()> {
        let request = self.client.delete_object().bucket(self.bucket).key(self.key);
        let answer = request.expected_bucket_owner(self.owner.as_str()).send().await;
        answer.map(|_| ()).map_err(|error| classify(DELETE, error))
    }

    fn words(&self, there: bool) -> String {
        let seen = if there { "is there" } else { "is not there" };
        format!("{HEAD}: the object {}/{} {seen}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_sdk_s3::operation::delete_object::DeleteObjectOutput;
    use aws_sdk_s3::operation::head_object::HeadObjectOutput;
    use aws_sdk_s3::operation::put_object::PutObjectOutput;
    use aws_smithy_mocks::{MockResponse, mock};

    use super::*;
    use crate::mocked::{Holding, client, s3_error, shop, status};

    /// A bucket with one object in it, or none.
    #[derive(Clone, Default)]
    struct Bucket {
        there: Arc<Mutex<bool>>,
        /// What is answered to a look instead of what is there.
        hidden: Option<u16>,
        changes: Arc<Mutex<u32>>,
        /// What is answered to a change instead of what it did, after it did it.
        lost: bool,
        /// What is answered to a change instead of doing it.
        refused: Option<(u16, &'static str)>,
    }

    impl Bucket {
        fn client(&self) -> Client {
            let (head, put, delete) = (self.clone(), self.clone(), self.clone());
            client!(
                aws_sdk_s3,
                [
                    mock!(Client::head_object)
                        .match_requests(|input| input.expected_bucket_owner() == Some("111122223333"))
                        .then_compute_response(move |_| {
                            if let Some(code) = head.hidden {
                                status(code)
                            } else if *head.there.lock().expect("whole") {
                                MockResponse::Output(HeadObjectOutput::builder().build())
                            } else {
                                // S3 answers HEAD without a body.
                                status(404)
                            }
                        }),
                    mock!(Client::put_object)
                        .match_requests(|input| input.expected_bucket_owner() == Some("111122223333"))
                        .then_compute_response(
                            move |_| put.changed(true, || PutObjectOutput::builder().build())
                        ),
                    mock!(Client::delete_object)
                        .match_requests(|input| input.expected_bucket_owner() == Some("111122223333"))
                        .then_compute_response(
                            move |_| delete.changed(false, || DeleteObjectOutput::builder().build())
                        ),
                ]
            )
        }

        fn changed<O, E>(&self, there: bool, output: impl Fn() -> O) -> MockResponse<O, E> {
            if let Some((status, code)) = self.refused {
                return s3_error(status, code, "said S3");
            }
            *self.there.lock().expect("whole") = there;
            *self.changes.lock().expect("whole") += 1;
            if self.lost {
                status(500)
            } else {
                MockResponse::Output(output())
            }
        }

        fn changes(&self) -> u32 {
            *self.changes.lock().expect("whole")
        }

        async fn shifted(&self, stands: bool, holding: &Holding) -> Result<String> {
            let owner = shop(None).account;
            shifted(&self.switch(stands, &owner), &holding.hold()).await
        }

        fn switch<'a>(&self, stands: bool, owner: &'a AccountId) -> Switch<'a> {
            Switch {
                client: self.client(),
                owner,
                bucket: "shop-switch-eu-west-1",
                key: "standby-serves",
                stands,
            }
        }
    }

    #[tokio::test]
    async fn moving_away_puts_the_object_and_moving_home_deletes_it() {
        let (bucket, holding) = (Bucket::default(), Holding::the_lock().await);
        let asked = bucket.shifted(true, &holding).await.expect_err("asked for");
        assert_eq!(
            asked.to_string(),
            "not yet: s3:PutObject shop-switch-eu-west-1/standby-serves accepted"
        );
        let seen = bucket.shifted(true, &holding).await.expect("there");
        assert_eq!(
            seen,
            "s3:HeadObject: the object shop-switch-eu-west-1/standby-serves is there"
        );
        let asked = bucket.shifted(false, &holding).await.expect_err("asked for");
        assert!(asked.to_string().contains("s3:DeleteObject"), "{asked}");
        bucket.shifted(false, &holding).await.expect("gone");
        assert_eq!(bucket.changes(), 2);
    }

    #[tokio::test]
    async fn an_answer_that_was_lost_is_seen_by_the_next_call() {
        let holding = Holding::the_lock().await;
        let bucket = Bucket {
            lost: true,
            ..Bucket::default()
        };
        let error = bucket.shifted(true, &holding).await.expect_err("lost");
        assert_eq!(error.name(), Error::UNAVAILABLE);
        bucket.shifted(true, &holding).await.expect("there");
        assert_eq!(bucket.changes(), 1);
    }

    #[tokio::test]
    async fn a_run_without_the_lock_puts_nothing() {
        let (bucket, holding) = (Bucket::default(), Holding::no_more().await);
        let error = bucket.shifted(true, &holding).await.expect_err("lost");
        assert_eq!((error.name(), bucket.changes()), (Error::LOCK_LOST, 0));
    }

    #[tokio::test]
    async fn a_failure_has_its_name() {
        let holding = Holding::the_lock().await;
        for (refused, name) in [
            ((403, "AccessDenied"), Error::REFUSED),
            ((404, "NoSuchBucket"), Error::REFUSED),
            ((503, "SlowDown"), Error::THROTTLED),
            ((500, "InternalError"), Error::UNAVAILABLE),
        ] {
            let bucket = Bucket {
                refused: Some(refused),
                ..Bucket::default()
            };
            let error = bucket.shifted(true, &holding).await.expect_err("fails");
            assert_eq!(error.name(), name, "{refused:?}: {error}");
        }
    }

    #[tokio::test]
    async fn an_object_that_cannot_be_seen_is_not_gone() {
        let holding = Holding::the_lock().await;
        for (hidden, name) in [(403, Error::REFUSED), (503, Error::UNAVAILABLE)] {
            let bucket = Bucket {
                there: Arc::new(Mutex::new(true)),
                hidden: Some(hidden),
                ..Bucket::default()
            };
            let error = bucket.shifted(false, &holding).await.expect_err("not seen");
            assert_eq!(error.name(), name, "{error}");
            assert_eq!(bucket.changes(), 0);
        }
    }

    #[tokio::test]
    async fn a_switch_that_was_put_back_is_noticed() {
        let (bucket, owner) = (Bucket::default(), shop(None).account);
        stands(&bucket.switch(false, &owner))
            .await
            .expect("as it should be");
        let error = stands(&bucket.switch(true, &owner)).await.expect_err("put back");
        assert_eq!(error.name(), Error::NOT_YET);
        assert_eq!(bucket.changes(), 0);
    }
}
