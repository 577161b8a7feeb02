//! AWS as all systems share it: an identity in a region, readers that can only ask, and writers apart from them.
//!
//! Nothing here knows what an answer means. Every call of the watching side stands in `reads.rs`: a call that is not there cannot
//! be made with a [`Reader`]. Every call that changes something stands in `writes.rs`, with credentials of its own.
//!
//! The configuration is made of the plan alone, without any I/O: `AWS_ENDPOINT_URL`, `AWS_REGION` and a profile's endpoints are
//! not looked at, so that what is asked is what the plan says. Only credentials come from where the plan points to, and whom HTTPS trusts from
//! the machine (`trust.rs`).

mod advice;
mod credentials;
mod fault;
mod http;
mod reads;
#[cfg(test)]
pub(crate) mod served;
pub(crate) mod trust;
mod writes;

use std::{
    future::Future,
    sync::{Arc, LazyLock},
    time::Duration,
};

use aws_config::{
    BehaviorVersion, Region, SdkConfig, identity::IdentityCache, retry::RetryConfig,
    stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::{http::SharedHttpClient, orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use indexmap::IndexMap;

pub use self::writes::{Writer, Writing};

use self::credentials::Identity;
use base::observed::{Fault, FaultKind};
use plan::{Access, AwsCredentials};

#[cfg(test)]
pub(crate) use self::writes::tests::{intended, journal};

/// A connection that is not there after this long is not coming.
const CONNECT: Duration = Duration::from_secs(3);
/// One request, its credentials included. A source's own time-out spans all of its pages.
const REQUEST: Duration = Duration::from_secs(10);

/// An identity in a region: what clients are made of.
#[derive(Debug, Clone)]
pub struct Aws {
    region: String,
    endpoints: IndexMap<String, String>,
    identity: Identity,
    /// Shared by all services of the region, STS among them.
    http: SharedHttpClient,
}

impl Aws {
    /// For reading, as the plan says. Does no I/O: credentials are looked for when the first question is asked.
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

    /// Where a service is reached: the plan's endpoint, else the region's own.
    #[must_use]
    pub fn endpoint(&self, service: &str) -> Option<&str> {
        self.endpoints.get(service).or_else(|| self.endpoints.get("all")).map(String::as_str)
    }

    /// How a person names the server of a service: its endpoint where the plan gives one, else the region.
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
            // The identity caches by itself, because it has to be able to forget.
            .identity_cache(IdentityCache::no_cache())
            // Whoever polls backs off; a retry below that would hide throttling and double it. What changes something is sent once.
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(REQUEST).build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(self.endpoint(service).map(str::to_owned));
        config.set_credentials_provider(credentials);
        config.build()
    }
}

/// A client that can only ask. The client itself never comes out.
#[derive(Debug, Clone)]
pub struct Reader<C> {
    /// Made when it is first asked with: that reads the certificates of all authorities there are, and nothing on screen should wait for it.
    client: Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>,
    service: &'static str,
    place: Arc<str>,
    identity: Identity,
}

impl<C: 'static> Reader<C> {
    fn new(aws: &Aws, service: &'static str, make: impl FnOnce(&SdkConfig) -> C + Send + 'static) -> Self {
        let own = aws.clone();
        Self {
            client: Arc::new(LazyLock::new(Box::new(move || make(&own.config(service))))),
            service,
            place: aws.place(service).into(),
            identity: aws.identity.clone(),
        }
    }

    /// Waits for one call's answer and makes a [`Fault`] of an error: service and operation, where, the server's code and words.
    ///
    /// Credentials that the server no longer takes are forgotten, so that the next question is asked with new ones.
    ///
    /// # Errors
    /// As the server or the way to it would have it.
    pub async fn call<T, E>(
        &self,
        operation: &'static str,
        sent: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Fault>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        sent.await.map_err(|error| {
            let (fault, stale) = fault::of(&error, self.service, operation, &self.place);
            if stale {
                self.identity.forget();
            }
            fault
        })
    }

    /// A fault in what was answered: `words` are ours.
    #[must_use]
    pub fn fault(&self, operation: &str, kind: FaultKind, words: &str) -> Fault {
        Fault::new(kind, format!("{}:{operation} at {}: {words}", self.service, self.place))
    }
}

#[cfg(test)]
mod tests;
