//! The AWS parts that all systems share: an identity in a region, readers that can only read, and separate writers.
//!
//! Nothing here interprets an answer. `reads.rs` lists every read call: a call that is not listed cannot be made with a [`Reader`].
//! `writes.rs` lists every call that changes something; it uses separate credentials.
//!
//! The configuration is built from the plan alone, without I/O: `AWS_ENDPOINT_URL`, `AWS_REGION` and a profile's endpoints are ignored, so
//! that requests go where the plan says. Only the credentials come from where the plan points to, and the trusted certificate authorities
//! from the machine (`trust.rs`).

mod advice;
mod calls;
mod connection;
mod credentials;
mod fault;
mod http;
mod pages;
mod reads;
#[cfg(test)]
pub(crate) mod served;
mod shortened;
pub(crate) mod trust;
mod writes;

use std::{future::Future, time::Duration};

use aws_config::{
    BehaviorVersion, Region, SdkConfig, identity::IdentityCache, retry::RetryConfig,
    stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::{http::SharedHttpClient, orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use indexmap::IndexMap;

pub use self::{
    pages::token,
    writes::{Writer, Writing},
};

use self::{connection::Connection, credentials::Identity};
use base::observed::{Fault, FaultKind};
use plan::{Access, AwsCredentials};

#[cfg(test)]
pub(crate) use self::writes::tests::{intended, journal};

/// The time limit for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// The time limit for one request, its credentials included. A collector's own time-out covers all of its pages.
const REQUEST: Duration = Duration::from_secs(10);

/// An identity in a region. Clients are built from it.
#[derive(Debug, Clone)]
pub struct Aws {
    region: String,
    endpoints: IndexMap<String, String>,
    identity: Identity,
    /// Shared by all services of the region, including STS.
    http: SharedHttpClient,
}

impl Aws {
    /// For reading, as the plan says. Does no I/O: credentials are loaded with the first request.
    #[must_use]
    pub fn reading(access: &Access, region: &str) -> Self {
        Self::with(access, &access.read, region)
    }

    fn with(access: &Access, credentials: &AwsCredentials, region: &str) -> Self {
        let http = http::client();
        let identity = Identity::new(credentials.clone(), region, http.clone());
        let mut aws = Self { region: region.to_owned(), endpoints: access.endpoints.clone(), identity, http };
        if credentials.role.is_some() {
            aws.identity = aws.identity.clone().through(aws.config_with("sts", None));
        }
        aws
    }

    /// The address of a service: the plan's endpoint for it, else the plan's endpoint for all services; none: the region's own.
    #[must_use]
    pub fn endpoint(&self, service: &str) -> Option<&str> {
        self.endpoints.get(service).or_else(|| self.endpoints.get("all")).map(String::as_str)
    }

    /// The name of a service's server in messages: its endpoint where the plan gives one, else the region.
    #[must_use]
    pub fn place(&self, service: &str) -> &str {
        self.endpoint(service).unwrap_or(&self.region)
    }

    /// A service's configuration.
    fn config(&self, service: &str) -> SdkConfig {
        self.config_with(service, Some(SharedCredentialsProvider::new(self.identity.clone())))
    }

    fn config_with(&self, service: &str, credentials: Option<SharedCredentialsProvider>) -> SdkConfig {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .http_client(self.http.clone())
            // The identity has its own cache, which can be invalidated.
            .identity_cache(IdentityCache::no_cache())
            // The collector backs off. A retry below it would hide throttling and double it. A request that changes something is sent once.
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(REQUEST).build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(self.endpoint(service).map(str::to_owned));
        config.set_credentials_provider(credentials);
        config.build()
    }
}

/// A client that can only read. The SDK's client is not accessible from outside.
#[derive(Debug, Clone)]
pub struct Reader<C>(Connection<C>);

impl<C: 'static> Reader<C> {
    fn new(aws: &Aws, service: &'static str, make: impl FnOnce(&SdkConfig) -> C + Send + 'static) -> Self {
        Self(Connection::new(aws, service, make))
    }

    /// Waits for the answer to one call. Turns an error into a [`Fault`] with service, operation, place, and the server's code and message.
    ///
    /// Credentials that the server rejects are invalidated, so that the next request loads new ones.
    ///
    /// # Errors
    /// Those of the server and of the connection to it.
    pub async fn call<T, E>(
        &self,
        operation: &'static str,
        sent: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Fault>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let Connection { service, place, .. } = &self.0;
        self.0.call(sent, |error| fault::of(error, service, operation, place)).await
    }

    /// A fault found in an answer; `words` is our own text.
    #[must_use]
    pub fn fault(&self, operation: &str, kind: FaultKind, words: &str) -> Fault {
        Fault::new(kind, format!("{}:{operation} at {}: {words}", self.0.service, self.0.place))
    }
}

#[cfg(test)]
mod tests;
