//! Credentials that were asked for once, and are not asked for twice: a process that gives them may ask a person for a code.

use std::sync::{Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

/// Gives what it was made with the first time, and asks again afterwards: a `watch` may live longer than they do.
#[derive(Debug)]
pub(super) struct Seeded {
    first: Mutex<Option<Credentials>>,
    later: SharedCredentialsProvider,
}

impl Seeded {
    pub(super) fn new(first: Credentials, later: SharedCredentialsProvider) -> Self {
        Self {
            first: Mutex::new(Some(first)),
            later,
        }
    }
}

impl ProvideCredentials for Seeded {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        match first {
            Some(credentials) => future::ProvideCredentials::ready(Ok(credentials)),
            None => self.later.provide_credentials(),
        }
    }
}
