//! MongoDB replica sets, and the side of each of their members.

use std::time::Duration;

use serde::Serialize;

use crate::{Pattern, Secret};
use base::side::Sides;

/// A MongoDB replica set.
#[derive(Debug, Clone, Serialize)]
pub struct ReplicaSet {
    /// The set's name, as in `replSetGetConfig`'s `_id`.
    pub name: String,
    /// Connection string, without credentials.
    pub uri: String,
    /// Seed hosts (`host:port`) from that string.
    pub seeds: Vec<String>,
    /// Login for reading; none where the servers require none.
    pub read: Option<Login>,
    /// Login for writing; none: read-only.
    pub write: Option<Login>,
    /// The members of each side.
    pub sites: Sides<MemberRule>,
    /// Hosts (`host:port`) outside the set that are to become target members.
    pub candidates: Vec<String>,
    /// Test writes that measure write downtime; none unless the plan asks for them.
    pub canary: Option<Canary>,
}

/// Test writes by the console that has control; they measure write downtime as an application experiences it.
#[derive(Debug, Clone, Serialize)]
pub struct Canary {
    /// Database of its collection.
    pub database: String,
    /// Its collection, which no other client writes to.
    pub collection: String,
    /// The interval of its writes: the resolution of the measurement.
    pub every: Duration,
    /// Whether it also writes with w: majority.
    pub majority: bool,
    /// Login that may insert and update in that collection; none where the servers require none.
    pub login: Option<Login>,
}

/// A name and a password: the password by reference, the name in clear text.
#[derive(Debug, Clone, Serialize)]
pub struct Login {
    /// User name.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// Database that holds the user; `admin` by default.
    pub auth_source: String,
}

/// How the members of one side are recognised.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberRule {
    /// A member tag has this value.
    Tag {
        /// Tag name.
        name: String,
        /// Tag value.
        value: String,
    },
    /// The host (`host:port`) matches one of these.
    Hosts(Vec<Pattern>),
}
