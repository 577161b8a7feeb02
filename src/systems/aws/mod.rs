//! AWS as all systems share it: an identity in a region, readers that can only ask, and writers apart from them.
//!
//! Nothing here knows what an answer means. Every call of the watching side stands in `reads.rs`: a call that is not there cannot
//! be made with a [`Reader`]. Every call that changes something stands in `writes.rs`, with credentials of its own.
//!
//! The configuration is made of the plan alone, without any I/O: `AWS_ENDPOINT_URL`, `AWS_REGION` and a profile's endpoints are
//! not looked at, so that what is asked is what the plan says. Only credentials come from where the plan points to.

mod credentials;
mod fault;
mod reads;
#[cfg(test)]
pub(in crate::systems) mod served;
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
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use indexmap::IndexMap;

pub use self::writes::{Writer, Writing};

use self::credentials::Identity;
use crate::{
    core::estate::seen::{Fault, FaultKind},
    plan::{Access, AwsCredentials},
};

#[cfg(test)]
pub(in crate::systems) use self::writes::tests::{intended, journal};

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
}

impl Aws {
    /// For reading, as the plan says. Does no I/O: credentials are looked for when the first question is asked.
    #[must_use]
    pub fn reading(access: &Access, region: &str) -> Self {
        Self::with(access, &access.read, region)
    }

    fn with(access: &Access, credentials: &AwsCredentials, region: &str) -> Self {
        let mut aws = Self {
            region: region.to_owned(),
            endpoints: access.endpoints.clone(),
            identity: Identity::new(credentials.clone(), region),
        };
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
mod tests {
    use super::*;

    fn access(endpoints: &[(&str, &str)]) -> Access {
        Access {
            endpoints: endpoints.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Access::default()
        }
    }

    #[test]
    fn a_service_is_reached_by_its_own_endpoint_then_by_all_then_by_region() {
        let own = Aws::reading(&access(&[("all", "http://a"), ("ec2", "http://b")]), "eu-west-1");
        assert_eq!(own.endpoint("ec2"), Some("http://b"));
        assert_eq!(own.endpoint("autoscaling"), Some("http://a"));
        let none = Aws::reading(&access(&[]), "eu-west-1");
        assert_eq!(none.endpoint("ec2"), None);
        assert_eq!(none.place("ec2"), "eu-west-1");
    }

    #[test]
    fn the_sdk_never_retries_and_never_waits_for_ever() {
        let config = Aws::reading(&access(&[]), "eu-west-1").config("ec2");
        assert!(!config.retry_config().is_some_and(RetryConfig::has_retry), "retries hide throttling");
        assert_eq!(config.timeout_config().and_then(TimeoutConfig::operation_timeout), Some(REQUEST));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unreachable_and_is_named() {
        // Port 9 of the loopback: nothing listens there.
        let mut access = access(&[("all", "http://127.0.0.1:9")]);
        access.read.access_key = Some(crate::plan::Secret::Env("PATH".into()));
        access.read.secret_key = Some(crate::plan::Secret::Env("PATH".into()));
        let reader = Aws::reading(&access, "eu-west-1").ec2();
        let fault =
            reader.call("DescribeInstances", reader.describe_instances().send()).await.expect_err("nobody is there");
        assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
        assert!(fault.text.raw().starts_with("ec2:DescribeInstances at http://127.0.0.1:9: "), "{fault}");
    }

    #[tokio::test]
    async fn a_secret_that_is_missing_is_named_and_nothing_is_sent() {
        let mut access = access(&[("all", "http://127.0.0.1:9")]);
        access.read.access_key = Some(crate::plan::Secret::Env("LANDFALL_TEST_NOT_SET".into()));
        access.read.secret_key = Some(crate::plan::Secret::Env("LANDFALL_TEST_NOT_SET".into()));
        let reader = Aws::reading(&access, "eu-west-1").ec2();
        let fault = reader.call("DescribeInstances", reader.describe_instances().send()).await.expect_err("no secret");
        assert_eq!(fault.kind, FaultKind::Refused, "{fault}");
        assert!(fault.text.raw().contains("LANDFALL_TEST_NOT_SET"), "{fault}");
    }
}
