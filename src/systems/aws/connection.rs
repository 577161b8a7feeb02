//! What readers and writers share: the SDK's client of one service, and the names that messages give it.

use std::{
    future::Future,
    sync::{Arc, LazyLock},
};

use aws_config::SdkConfig;

use super::{Aws, credentials::Identity};

/// A client of one service. It stays inside `aws`: outside, only the listed calls are accessible.
#[derive(Debug, Clone)]
pub(super) struct Connection<C> {
    /// Built on first use: this loads all certificates of all authorities, and the screen must not wait for it.
    pub(super) client: Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>,
    /// The service, as IAM names it.
    pub(super) service: &'static str,
    /// The server's name in messages.
    pub(super) place: Arc<str>,
    identity: Identity,
}

impl<C: 'static> Connection<C> {
    pub(super) fn new(aws: &Aws, service: &'static str, make: impl FnOnce(&SdkConfig) -> C + Send + 'static) -> Self {
        let own = aws.clone();
        Self {
            client: Arc::new(LazyLock::new(Box::new(move || make(&own.config(service))))),
            service,
            place: aws.place(service).into(),
            identity: aws.identity.clone(),
        }
    }

    /// Waits for an answer. `failure` interprets an error and reports whether the server rejected the credentials: they are invalidated, so
    /// that the next request loads new ones.
    pub(super) async fn call<T, E, F>(
        &self,
        sent: impl Future<Output = Result<T, E>>,
        failure: impl FnOnce(&E) -> (F, bool),
    ) -> Result<T, F> {
        sent.await.map_err(|error| {
            let (failure, rejected) = failure(&error);
            if rejected {
                self.identity.forget();
            }
            failure
        })
    }
}
