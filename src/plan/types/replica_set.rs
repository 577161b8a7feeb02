//! MongoDB replica sets, and which of their members is of which side.

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
    /// Seed hosts (`host:port`) out of that string.
    pub seeds: Vec<String>,
    /// Login for reading; none where the servers ask for none.
    pub read: Option<Login>,
    /// Login for changing; none = read only.
    pub write: Option<Login>,
    /// Which member belongs to which side.
    pub sites: Sides<MemberRule>,
    /// Hosts (`host:port`) that wait outside the set to become target members.
    pub candidates: Vec<String>,
    /// Writes of its own that measure write downtime; none unless the plan asks for them.
    pub canary: Option<Canary>,
}

/// Writes of its own, by a console that steers, that measure write downtime as an application has it.
#[derive(Debug, Clone, Serialize)]
pub struct Canary {
    /// Database of its collection.
    pub database: String,
    /// Its collection, which nobody else writes to.
    pub collection: String,
    /// How often it writes: the resolution of what it measures.
    pub every: Duration,
    /// Whether it also writes with w: majority.
    pub majority: bool,
    /// Login that may insert and update in that collection; none where the servers ask for none.
    pub login: Option<Login>,
}

/// A name and a password, both by reference or, for the name, in clear.
#[derive(Debug, Clone, Serialize)]
pub struct Login {
    /// User name.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// Database that holds the user; `admin` where nothing is said.
    pub auth_source: String,
}

/// How the members of one side are told.
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
