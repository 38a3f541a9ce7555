//! S3: the object that a health check watches.

use aws_sdk_s3::primitives::ByteStream;
use domain::system::region_failover::Traffic;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::side::{Side, said};
use crate::table::Fields;

impl Side {
    /// The bucket and the key of the switch, if the name is moved by one.
    pub(crate) fn switch(&self) -> Option<(&str, &str)> {
        match self.traffic()? {
            Traffic::HealthCheck { bucket, key } => Some((bucket, key)),
            Traffic::Record { .. } | Traffic::RoutingControl { .. } => None,
        }
    }

    async fn head(&self, key: &str) -> String {
        let (bucket, _) = self.switch().expect("a switch");
        let asked = (self.s3)(&self.away).head_object().bucket(bucket).key(key);
        said(
            asked
                .expected_bucket_owner(self.system.account.as_str())
                .send()
                .await,
        )
    }
}

pub(crate) fn put(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let (client, account) = ((side.s3)(&side.away), side.system.account.as_str());
        let (bucket, key) = side.switch().expect("a switch");
        let ask = |bucket: &str, owner: &str| {
            let asked = client
                .put_object()
                .bucket(bucket)
                .key(key)
                .expected_bucket_owner(owner);
            asked.body(ByteStream::from_static(b"shop-1")).send()
        };
        Fields::default()
            .and(
                "a bucket that is none",
                said(ask("no-such-bucket", account).await),
            )
            .and(
                "a bucket of somebody else",
                said(ask(bucket, "000000000000").await),
            )
            .and("the bucket", said(ask(bucket, account).await))
    }
    .boxed_local()
}

pub(crate) fn head(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let (_, key) = side.switch().expect("a switch");
        Fields::default()
            .and("the object", side.head(key).await)
            .and("an object that is none", side.head("nothing").await)
    }
    .boxed_local()
}

pub(crate) fn delete(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let client = (side.s3)(&side.away);
        let (bucket, key) = side.switch().expect("a switch");
        let ask = |bucket: &str| client.delete_object().bucket(bucket).key(key).send();
        Fields::default()
            .and("a bucket that is none", said(ask("no-such-bucket").await))
            .and("the object", said(ask(bucket).await))
            .and("the object again", said(ask(bucket).await))
            .and("it is gone", side.head(key).await)
    }
    .boxed_local()
}
