//! The way of a call that nobody looks at on the wire.
//!
//! In a trial, whose point is thousands of runs, a call that its rule has answered is neither written, nor signed, nor parsed: it
//! takes its time, and the answer is there. Every other call, and every call of a rehearsal, goes the whole way through the
//! SDK. What a trial cannot find for that reason, a rehearsal does: an input that cannot be written.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveCachedIdentity, ResolveIdentity, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::ser_de::{SerializeRequest, SharedRequestSerializer};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use super::Desk;
use super::wire::takes;
use crate::facts::Fact;

/// A call that goes this way says so.
#[derive(Debug)]
struct Taken;

impl Storable for Taken {
    type Storer = StoreReplace<Self>;
}

/// From here on a call goes this way.
pub(super) fn take(cfg: &mut ConfigBag) {
    cfg.interceptor_state()
        .store_put(SharedRequestSerializer::new(Unwritten));
    cfg.interceptor_state().store_put(Taken);
}

/// A request that nobody reads.
#[derive(Debug)]
struct Unwritten;

impl SerializeRequest for Unwritten {
    fn serialize_input(&self, _: Input, _: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        Ok(HttpRequest::new(SdkBody::empty()))
    }
}

/// Stands where the SDK first waits for something: at the credentials.
#[derive(Debug)]
pub(super) struct Shortcut {
    desk: Desk,
    latency: [Option<Fact>; 2],
}

impl Shortcut {
    pub(super) fn new(desk: &Desk, latency: [Option<Fact>; 2]) -> Self {
        Self {
            desk: desk.clone(),
            latency,
        }
    }
}

impl ResolveCachedIdentity for Shortcut {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        runtime_components: &'a RuntimeComponents,
        config_bag: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        if config_bag.load::<Taken>().is_none() {
            return IdentityFuture::new(async move {
                resolver.resolve_identity(runtime_components, config_bag).await
            });
        }
        let (clock, takes) = (self.desk.clock(), takes(&self.desk, self.latency));
        IdentityFuture::new(async move {
            clock.pass(takes).await;
            Err("the rule has answered".into())
        })
    }
}
