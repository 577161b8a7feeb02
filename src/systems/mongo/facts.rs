//! Queries and their observations, as plain data. No driver types and no decisions.
//!
//! Every field that some server version omits is an `Option`: `configTerm`, `votingMembersCount`, `lastAppliedWallTime` and
//! `topologyVersion` were added in 4.2 and 4.4, and a member reports no members of the set while it starts.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{canary::CanaryReading, operations::Operations};

/// One endpoint × one question. `set` is the index of the set in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Query {
    /// `hello`. The member pushes a reply whenever something changes, and every half second otherwise.
    Hello(Peer),
    /// `replSetGetStatus`, of the member itself: only the member knows its initial sync and its own position without delay.
    Status(Peer),
    /// `serverStatus` with `oplog`: the cheapest way to read the oplog window, and flow control.
    Server(Peer),
    /// `replSetGetConfig`, of the primary. Without a primary: of any member, without the commitment status.
    Config {
        /// The set.
        set: usize,
    },
    /// `$currentOp`, of the primary: the operations that a step down would kill.
    Operations {
        /// The set.
        set: usize,
    },
    /// `connectionStatus` with the canary's login: whether it may write to the plan's namespace. It writes nothing.
    Grants {
        /// The set.
        set: usize,
    },
}

/// One member of one set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The set.
    pub set: usize,
    /// `host:port`.
    pub host: Arc<str>,
}

/// The reply to a query.
#[derive(Debug, Clone)]
pub enum Observation {
    /// To [`Query::Hello`].
    Hello(Hello),
    /// To [`Query::Status`].
    Status(Membership),
    /// To [`Query::Server`].
    Server(Server),
    /// To [`Query::Config`].
    Config(Config),
    /// To [`Query::Operations`].
    Operations(Operations),
    /// To [`Query::Grants`]: the login may write.
    Granted,
    /// To [`Query::Status`] and [`Query::Server`]: the member is an arbiter. It has no users that could log in, and no oplog.
    Arbiter,
    /// A canary's measurement.
    CanaryReading(CanaryReading),
}

/// A position in the oplog. Ordered as the server orders positions: by term, then by time and counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct OpTime {
    /// Election term; −1 under protocol version 0.
    pub term: i64,
    /// Seconds of the Unix epoch.
    pub secs: u32,
    /// Counter within the second.
    pub inc: u32,
}

/// What a member reports in its `hello` reply.
#[derive(Debug, Clone, Default)]
pub struct Hello {
    /// When the reply was received, on the boot clock. Exact; its arrival in the engine is exact only to one snapshot interval.
    pub heard: Duration,
    /// The set of which it reports to be a member; none before it has a configuration.
    pub set_name: Option<String>,
    /// Its address in the configuration.
    pub me: Option<String>,
    /// Accepts writes. A member can be in state PRIMARY and not accept writes yet.
    pub writable: bool,
    /// Was started for a set and has no configuration yet.
    pub waits: bool,
    /// Is a secondary that serves reads.
    pub secondary: bool,
    /// Votes, holds no data.
    pub arbiter: bool,
    /// The member that it reports as primary.
    pub primary: Option<String>,
    /// Members with data in its configuration, without hidden ones.
    pub hosts: Vec<String>,
    /// Arbiters in its configuration.
    pub arbiters: Vec<String>,
    /// Its configured replication delay.
    pub delay: Duration,
    /// The term in which it is primary (the last eight bytes of `electionId`); only a primary reports it.
    pub term: Option<u64>,
    /// Its last write.
    pub last_write: Option<OpTime>,
    /// Its clock.
    pub local_time: Option<Timestamp>,
}

/// What a member reports of the set, or that it is not a member.
#[derive(Debug, Clone)]
pub enum Membership {
    /// It is a member.
    In(Box<Status>),
    /// It has no configuration yet (error 94).
    Waiting,
    /// It was removed from the set (error 93).
    Removed,
}

/// `replSetGetStatus`.
#[derive(Debug, Clone)]
pub struct Status {
    /// Its own state.
    pub state: MemberState,
    /// Its term.
    pub term: Option<i64>,
    /// Its clock at the time of its reply.
    pub date: Timestamp,
    /// The last operation it has applied.
    pub applied: Option<OpTime>,
    /// When the primary wrote that operation, by that primary's clock.
    pub applied_wall: Option<Timestamp>,
    /// The member from which it copies.
    pub sync_source: Option<String>,
    /// Uptime of its process.
    pub uptime: Option<Duration>,
    /// How long it has been primary, by its own clock; only reported by a primary.
    pub led: Option<Duration>,
    /// Votes needed to elect a primary.
    pub majority: Option<u32>,
    /// All members as this one sees them, up to one heartbeat old.
    pub members: Vec<Peering>,
    /// Progress of its initial sync; only in STARTUP2.
    pub initial_sync: Option<InitialSync>,
}

/// A member as another one sees it.
#[derive(Debug, Clone)]
pub struct Peering {
    /// `host:port`.
    pub host: String,
    /// Its state.
    pub state: MemberState,
    /// Whether it answers heartbeats. True for the member itself.
    pub up: bool,
    /// Round trip time of a heartbeat; none for the member itself.
    pub ping: Option<Duration>,
}

/// An initial sync in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitialSync {
    /// Bytes copied, approximately.
    pub copied: u64,
    /// Bytes to copy, approximately; none before the sync source has been queried, and on versions before 5.0.
    pub total: Option<u64>,
    /// Databases done and in total: the only progress reported before 5.0.
    pub databases: Option<(u32, u32)>,
    /// Failed attempts.
    pub failed: u32,
}

/// States of a member, by the numbers the server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemberState {
    /// 0: has not read its configuration yet.
    Startup,
    /// 1: primary.
    Primary,
    /// 2: secondary.
    Secondary,
    /// 3: cannot serve reads at present.
    Recovering,
    /// 5: initial sync in progress.
    Startup2,
    /// 6: state not known.
    Unknown,
    /// 7: votes, holds no data.
    Arbiter,
    /// 8: does not answer.
    Down,
    /// 9: reverts writes that no majority had.
    Rollback,
    /// 10: no longer in the configuration.
    Removed,
}

impl MemberState {
    /// From the server's number. An unlisted number is UNKNOWN.
    #[must_use]
    pub const fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Startup,
            1 => Self::Primary,
            2 => Self::Secondary,
            3 => Self::Recovering,
            5 => Self::Startup2,
            7 => Self::Arbiter,
            8 => Self::Down,
            9 => Self::Rollback,
            10 => Self::Removed,
            _ => Self::Unknown,
        }
    }

    /// The server's name of the state.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Startup => "STARTUP",
            Self::Primary => "PRIMARY",
            Self::Secondary => "SECONDARY",
            Self::Recovering => "RECOVERING",
            Self::Startup2 => "STARTUP2",
            Self::Unknown => "UNKNOWN",
            Self::Arbiter => "ARBITER",
            Self::Down => "DOWN",
            Self::Rollback => "ROLLBACK",
            Self::Removed => "REMOVED",
        }
    }

    /// Whether a member in this state votes in an election. Only STARTUP, UNKNOWN, DOWN and REMOVED do not.
    #[must_use]
    pub const fn votes(self) -> bool {
        !matches!(self, Self::Startup | Self::Unknown | Self::Down | Self::Removed)
    }
}

/// The fields of `serverStatus` that are read.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// Server version.
    pub version: String,
    /// First and last operation in its oplog.
    pub oplog: Option<(Timestamp, Timestamp)>,
    /// Whether flow control throttles writes because a majority lags; absent where it is off or not supported.
    pub flow_lagged: Option<bool>,
    /// Uptime of the process.
    pub uptime: Option<Duration>,
}

impl Server {
    /// The oplog window: the time between its first and its last operation.
    #[must_use]
    pub fn window(&self) -> Option<Duration> {
        let (first, last) = self.oplog?;
        Duration::try_from(last.duration_since(first)).ok()
    }
}

/// `replSetGetConfig`.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The set's name.
    pub set: String,
    /// Its version.
    pub version: i64,
    /// The term in which it was made.
    pub term: Option<i64>,
    /// Members, in the configuration's order.
    pub members: Vec<ConfigMember>,
    /// Whether a majority has it; only a primary reports this.
    pub committed: Option<bool>,
    /// Whether a default write concern has been set for the whole set (`setDefaultRWConcern`). None: not known; only the primary is
    /// queried. In a set with an arbiter it decides which configurations the server accepts; in one without, once an arbiter is added.
    pub default_write: Option<bool>,
    /// The member that answered.
    pub from: String,
    /// How long a primary may be silent before the other members hold an election.
    pub election_timeout: Option<Duration>,
}

/// A member as listed in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfigMember {
    /// `host:port` by which this side knows it. Where members have horizons: of the horizon to which the plan's hosts belong.
    pub host: String,
    /// `host:port` by which the other members know it, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// 0 or 1.
    pub votes: u32,
    /// 0 = never becomes primary.
    pub priority: f64,
    /// Not visible to readers.
    pub hidden: bool,
    /// Votes, holds no data.
    pub arbiter: bool,
    /// Configured replication delay.
    pub delay: Duration,
    /// Tags, in order.
    pub tags: Vec<(String, String)>,
}

impl ConfigMember {
    /// The member's address in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inside.as_deref().unwrap_or(&self.host)
    }
}

impl Config {
    /// The member with this address.
    #[must_use]
    pub fn member(&self, host: &str) -> Option<&ConfigMember> {
        self.members.iter().find(|m| m.host == host)
    }

    /// The description of a forced configuration: it has no term until the next change, and every supported version has terms. None for
    /// any other configuration. [measured, 4.4 to 6.0]
    #[must_use]
    pub fn forced(&self) -> Option<String> {
        let (version, from) = (self.version, &self.from);
        self.term.is_none().then(|| {
            format!(
                "version {version} of its configuration has no term: somebody has forced a reconfiguration, which may undo writes that a \
                 majority had. Find out who and why; once its members are as they should be, `rs.reconfig(rs.conf())` at {from}, without \
                 force, gives it a term again"
            )
        })
    }

    /// All votes.
    #[must_use]
    pub fn votes(&self) -> u32 {
        self.members.iter().map(|m| m.votes).sum()
    }

    /// Votes needed to elect a primary.
    #[must_use]
    pub fn majority(&self) -> u32 {
        self.votes() / 2 + 1
    }
}
