//! The event's bytes, past the parser of `lambda_runtime`.
//!
//! `lambda_runtime` parses an event before it calls the handler, and answers a malformed one itself, with the name of
//! a Rust type as the error. Here the bytes are taken out before it looks, so that our own parser meets whatever
//! arrived and our own names come of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use lambda_runtime::LambdaInvocation;
use lambda_runtime::tower::{Layer, Service};

/// Where the bytes of the current event wait for its handler. There is one event at a time: Lambda hands a process
/// the next one when it has answered the last, and `lambda_runtime` runs them in sequence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payload(Arc<Mutex<Bytes>>);

impl Payload {
    /// The bytes, which are gone afterwards.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.replace(Bytes::new()).into()
    }

    fn replace(&self, bytes: Bytes) -> Bytes {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *waiting, bytes)
    }
}

impl<S> Layer<S> for Payload {
    type Service = TakePayload<S>;

    fn layer(&self, inner: S) -> TakePayload<S> {
        TakePayload {
            payload: self.clone(),
            inner,
        }
    }
}

/// Puts an event's bytes aside and hands on a `null`.
#[derive(Clone, Debug)]
pub(crate) struct TakePayload<S> {
    payload: Payload,
    inner: S,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for TakePayload<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        let bytes = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        self.payload.replace(bytes);
        self.inner.call(invocation)
    }
}
