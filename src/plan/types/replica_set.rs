//! MongoDB replica sets, and which of their members is of which side.

use serde::Serialize;

use super::Sides;
use crate::plan::{Pattern, Secret};

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
