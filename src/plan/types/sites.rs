//! The two sites, and the access to AWS at each.

use indexmap::IndexMap;
use serde::Serialize;

use crate::Secret;

/// One site: a region, and the access to its AWS endpoints.
#[derive(Debug, Clone, Serialize)]
pub struct Site {
    /// Short name for tables, for example `VIR`.
    pub label: String,
    /// AWS region, for example `us-east-1`.
    pub region: String,
    /// The access to its AWS services.
    pub access: Access,
}

/// The access to AWS: separate for reading and for writing.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Access {
    /// Credentials for reading; by default the environment's default chain.
    pub read: AwsCredentials,
    /// Credentials for writing; none: this site is read-only.
    pub write: Option<AwsCredentials>,
    /// Endpoint URLs by service (`ec2`, `elasticloadbalancing`, `autoscaling`, `cloudwatch`, `route53`, `sts`) that replace AWS's own;
    /// `all` applies to every service that is not named.
    pub endpoints: IndexMap<String, String>,
}

/// The AWS identity to use. A plan never contains keys: it names a profile or references.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AwsCredentials {
    /// A profile of the shared AWS configuration.
    pub profile: Option<String>,
    /// A role to assume with that profile.
    pub role: Option<String>,
    /// The external id that the role requires.
    pub external_id: Option<Secret>,
    /// Access key, by reference; both or none.
    pub access_key: Option<Secret>,
    /// Secret key, by reference.
    pub secret_key: Option<Secret>,
    /// Session token, by reference.
    pub session_token: Option<Secret>,
}
