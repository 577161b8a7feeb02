//! The identity of requests: keys by reference, a profile, or a role assumed with either. It is loaded when needed, cached while valid, and
//! invalidated when a server rejects it. It is never shown.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use aws_config::{
    Region, SdkConfig, default_provider::credentials::DefaultCredentialsChain, profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use super::advice;
use base::observed::{Fault, FaultKind};
use plan::{AwsCredentials, Secret};

/// Credentials without an expiry are loaded again after this long, so that a renewed file is noticed.
const KEEP: Duration = Duration::from_secs(15 * 60);
/// Credentials are replaced this long before they expire.
const MARGIN: Duration = Duration::from_secs(60);
/// Credentials that a server rejected are loaded again, but not more often than this: many collectors share one identity.
const AGAIN: Duration = Duration::from_secs(2);

/// One identity, shared by the readers that use it.
#[derive(Debug, Clone)]
pub(super) struct Identity(Arc<Inner>);

struct Inner {
    from: AwsCredentials,
    region: String,
    /// The configuration of STS, where a role is to be assumed.
    sts: Option<SdkConfig>,
    /// For the providers that query a server: STS, single sign-on, the instance.
    http: SharedHttpClient,
    held: Mutex<Option<Held>>,
    /// Tells the next user to load the credentials again. Separate from `held`, so that invalidation never waits for a load.
    refused: std::sync::atomic::AtomicBool,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("from", &self.from).field("region", &self.region).finish_non_exhaustive()
    }
}

struct Held {
    credentials: Credentials,
    since: Instant,
}

impl Held {
    fn good(&self, refused: bool) -> bool {
        let age = self.since.elapsed();
        let ends = self.credentials.expiry().is_some_and(|at| at <= SystemTime::now() + MARGIN);
        !ends && age < KEEP && !(refused && age >= AGAIN)
    }
}

impl Identity {
    pub(super) fn new(from: AwsCredentials, region: &str, http: SharedHttpClient) -> Self {
        Self::with(from, region.to_owned(), None, http)
    }

    fn with(from: AwsCredentials, region: String, sts: Option<SdkConfig>, http: SharedHttpClient) -> Self {
        Self(Arc::new(Inner { from, region, sts, http, held: Mutex::default(), refused: false.into() }))
    }

    /// The same identity with its role assumed at this STS.
    pub(super) fn through(self, sts: SdkConfig) -> Self {
        Self::with(self.0.from.clone(), self.0.region.clone(), Some(sts), self.0.http.clone())
    }

    /// A server rejected the credentials: the next request loads them again.
    pub(super) fn forget(&self) {
        self.0.refused.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    async fn current(&self) -> Result<Credentials, Fault> {
        use std::sync::atomic::Ordering::Relaxed;
        let inner = &*self.0;
        // One load at a time; the others wait for it instead of each asking STS.
        let mut held = inner.held.lock().await;
        if let Some(kept) = held.as_ref().filter(|h| h.good(inner.refused.load(Relaxed))) {
            return Ok(kept.credentials.clone());
        }
        let credentials = inner.load().await?;
        keep(&credentials);
        inner.refused.store(false, Relaxed);
        *held = Some(Held { credentials: credentials.clone(), since: Instant::now() });
        Ok(credentials)
    }
}

/// An error message of a server may contain what it was sent. Only the SDK knows the credentials of a role or a profile, so they are
/// recorded here as secrets. They are renewed for as long as the program runs.
fn keep(credentials: &Credentials) {
    base::text::remember_for_now(credentials.secret_access_key());
    credentials.session_token().into_iter().for_each(base::text::remember_for_now);
}

impl Inner {
    async fn load(&self) -> Result<Credentials, Fault> {
        let base = self.base().await?;
        // They are sent to STS, whose messages may contain them.
        keep(&base);
        let (Some(role), Some(sts)) = (&self.from.role, &self.sts) else { return Ok(base) };
        let external_id = self.from.external_id.as_ref().map(read).transpose()?;
        let config = aws_sdk_sts::config::Builder::from(sts).credentials_provider(base).build();
        let place = sts.endpoint_url().unwrap_or(&self.region);
        let answer = aws_sdk_sts::Client::from_conf(config)
            .assume_role()
            .role_arn(role)
            .role_session_name("landfall")
            .set_external_id(external_id)
            .send()
            .await
            .map_err(|e| advice::of_role(super::fault::of(&e, "sts", "AssumeRole", place).0, role))?;
        let given = answer.credentials.ok_or_else(|| {
            Fault::new(FaultKind::Malformed, format!("sts:AssumeRole at {place}: the answer holds no credentials"))
        })?;
        let ends = SystemTime::try_from(given.expiration).ok();
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            ends,
            "AssumeRole",
        ))
    }

    /// The identity before any role is assumed.
    async fn base(&self) -> Result<Credentials, Fault> {
        let from = &self.from;
        if let (Some(access), Some(secret)) = (&from.access_key, &from.secret_key) {
            let token = from.session_token.as_ref().map(read).transpose()?;
            return Ok(Credentials::new(read(access)?, read(secret)?, token, None, "plan"));
        }
        // Created each time: a provider that is kept would keep the files that it has read once.
        let region = Some(Region::new(self.region.clone()));
        let config = ProviderConfig::empty().with_region(region.clone()).with_http_client(self.http.clone());
        let (found, whence) = match &from.profile {
            // Only the profile: the default chain would prefer keys that are set in the environment.
            Some(name) => {
                let provider = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name).build();
                (provider.provide_credentials().await, format!("profile {name}"))
            }
            None => {
                let chain = DefaultCredentialsChain::builder().configure(config).region(region).build().await;
                (chain.provide_credentials().await, "the default chain (environment, profile, instance)".to_owned())
            }
        };
        match found {
            Ok(credentials) => Ok(credentials),
            Err(e) => {
                let kind = match e {
                    CredentialsError::ProviderTimedOut(_) => FaultKind::TimedOut,
                    _ => FaultKind::Unauthenticated,
                };
                let advice = advice::of_sign_in(from.profile.as_deref(), &e).await;
                let text = format!("no AWS credentials from {whence}: {}; {advice}", super::fault::chain(&e));
                Err(Fault::new(kind, text))
            }
        }
    }
}

/// Reads a secret at the moment of use.
fn read(secret: &Secret) -> Result<String, Fault> {
    let text = secret.read().map_err(|e| Fault::new(FaultKind::Unauthenticated, e.to_string()))?;
    Ok(text.expose_secret().to_owned())
}

impl ProvideCredentials for Identity {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move { self.current().await.map_err(CredentialsError::provider_error) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_in(path: &std::path::Path) -> Identity {
        let secret = Some(Secret::File(path.to_owned()));
        Identity::new(
            AwsCredentials { access_key: secret.clone(), secret_key: secret, ..AwsCredentials::default() },
            "eu-west-1",
            super::super::http::client(),
        )
    }

    #[tokio::test]
    async fn refused_credentials_are_read_again_and_others_are_kept() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "first\n").unwrap();
        let identity = keys_in(file.path());
        assert_eq!(identity.current().await.unwrap().access_key_id(), "first");
        std::fs::write(file.path(), "second").unwrap();
        assert_eq!(identity.current().await.unwrap().access_key_id(), "first", "kept while good");
        identity.forget();
        assert_eq!(identity.current().await.unwrap().access_key_id(), "first", "not read again at once");
        tokio::time::sleep(AGAIN).await;
        assert_eq!(identity.current().await.unwrap().access_key_id(), "second");
    }

    #[test]
    fn credentials_near_their_end_are_not_good() {
        let held = |ends: Duration| Held {
            credentials: Credentials::new("a", "b", None, Some(SystemTime::now() + ends), "test"),
            since: Instant::now(),
        };
        assert!(held(MARGIN * 2).good(false));
        assert!(!held(MARGIN / 2).good(false));
    }

    #[tokio::test]
    async fn nothing_secret_is_printed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "do-not-print").unwrap();
        let identity = keys_in(file.path());
        identity.current().await.unwrap();
        assert!(!format!("{identity:?}").contains("do-not-print"));
    }
}
