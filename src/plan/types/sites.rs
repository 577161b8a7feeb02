//! The two sites, and how AWS is reached at each.

use indexmap::IndexMap;
use serde::Serialize;

use crate::Secret;

/// One site: a region, and how its AWS endpoints are reached.
#[derive(Debug, Clone, Serialize)]
pub struct Site {
    /// Short name for tables, for example `VIR`.
    pub label: String,
    /// AWS region, for example `us-east-1`.
    pub region: String,
    /// How its AWS services are reached.
    pub access: Access,
}

/// How AWS is reached: apart for reading and for writing.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Access {
    /// Credentials for reading; the environment's default chain where nothing is said.
    pub read: AwsCredentials,
    /// Credentials for changing; none = this site is read only.
    pub write: Option<AwsCredentials>,
    /// Endpoint URLs by service (`ec2`, `elasticloadbalancing`, `autoscaling`, `cloudwatch`, `route53`, `sts`) that replace AWS's own;
    /// `all` stands for every service that is not named.
    pub endpoints: IndexMap<String, String>,
}

/// Which AWS identity to use. Keys never stand in a plan: a profile or references.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AwsCredentials {
    /// A profile of the shared AWS configuration.
    pub profile: Option<String>,
    /// A role to assume with that profile.
    pub role: Option<String>,
    /// The external id the role asks for.
    pub external_id: Option<Secret>,
    /// Access key, by reference; both or none.
    pub access_key: Option<Secret>,
    /// Secret key, by reference.
    pub secret_key: Option<Secret>,
    /// Session token, by reference.
    pub session_token: Option<Secret>,
}
