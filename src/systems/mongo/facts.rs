//! What is asked and what is answered, as plain data. No driver type, no judgement.
//!
//! Everything that some server version leaves out is an `Option`: `configTerm`, `votingMembersCount`, `lastAppliedWallTime` and
//! `topologyVersion` came with 4.2 and 4.4, and a member's own view of the set is empty while it starts.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{canary::Felt, operations::Operations};

/// One endpoint × one question. `set` is the set's place in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Query {
    /// `hello`, pushed by the member whenever something changes and every half second otherwise.
    Hello(Peer),
    /// `replSetGetStatus`, of the member itself: only it knows its initial sync and its own position without delay.
    Status(Peer),
    /// `serverStatus` with `oplog`: the cheapest oplog window there is, and flow control.
    Server(Peer),
    /// `replSetGetConfig`, of whoever leads; of any member, without the commitment, while nobody does.
    Config {
        /// The set.
        set: usize,
    },
    /// `$currentOp`, of whoever leads: what a step down would kill.
    Operations {
        /// The set.
        set: usize,
    },
    /// `connectionStatus` as the canary's login: whether it may write where the plan wants it to. It writes nothing.
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

/// An answer.
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
    /// To [`Query::Grants`]: it may.
    Granted,
    /// To [`Query::Status`] and [`Query::Server`]: it is an arbiter, without users that could log in and without an oplog.
    Arbiter,
    /// Of a canary.
    Felt(Felt),
}

/// A position in the oplog. Ordered as the server orders them: by term, then by time and counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct OpTime {
    /// Election term; −1 under protocol version 0.
    pub term: i64,
    /// Seconds of the Unix epoch.
    pub secs: u32,
    /// Counter within the second.
    pub inc: u32,
}

/// What a member says of itself.
#[derive(Debug, Clone, Default)]
pub struct Hello {
    /// When it was heard, on the boot clock: exact, where the time of its arrival in the core is good to a picture's spacing only.
    pub heard: Duration,
    /// The set it believes to be in; none before it has a configuration.
    pub set_name: Option<String>,
    /// Its address by the configuration.
    pub me: Option<String>,
    /// Accepts writes. A member can be in state PRIMARY and not do so yet.
    pub writable: bool,
    /// Was started for a set and has no configuration yet.
    pub waits: bool,
    /// Is a secondary that answers reads.
    pub secondary: bool,
    /// Votes without data.
    pub arbiter: bool,
    /// Whom it believes to lead.
    pub primary: Option<String>,
    /// Members with data by its configuration; hidden ones are not among them.
    pub hosts: Vec<String>,
    /// Arbiters by its configuration.
    pub arbiters: Vec<String>,
    /// How far it follows behind on purpose.
    pub delay: Duration,
    /// The term it leads in (the last eight bytes of `electionId`); only a primary says it.
    pub term: Option<u64>,
    /// Its last write.
    pub last_write: Option<OpTime>,
    /// Its clock.
    pub local_time: Option<Timestamp>,
}

/// What a member says of the set, or that it is in none.
#[derive(Debug, Clone)]
pub enum Membership {
    /// It is a member.
    In(Box<Status>),
    /// It waits for a configuration (error 94) …
    Waiting,
    /// … or was taken out of it (error 93).
    Removed,
}

/// `replSetGetStatus`.
#[derive(Debug, Clone)]
pub struct Status {
    /// Its own state.
    pub state: MemberState,
    /// Its term.
    pub term: Option<i64>,
    /// Its clock when it answered.
    pub date: Timestamp,
    /// The last operation it has applied.
    pub applied: Option<OpTime>,
    /// When the primary wrote that operation, by the clock of that primary.
    pub applied_wall: Option<Timestamp>,
    /// Whom it copies from.
    pub sync_source: Option<String>,
    /// How long its process has been up.
    pub uptime: Option<Duration>,
    /// For how long it has led, by its own clock; only of who leads.
    pub led: Option<Duration>,
    /// Votes that elect a primary.
    pub majority: Option<u32>,
    /// All members as this one sees them, up to a heartbeat old.
    pub members: Vec<Peering>,
    /// How far its first copy has come; only in STARTUP2.
    pub initial_sync: Option<InitialSync>,
}

/// A member as another one sees it.
#[derive(Debug, Clone)]
pub struct Peering {
    /// `host:port`.
    pub host: String,
    /// Its state.
    pub state: MemberState,
    /// Whether it answers heartbeats; itself always does.
    pub up: bool,
    /// Round trip of a heartbeat; none for itself.
    pub ping: Option<Duration>,
}

/// A first copy under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitialSync {
    /// Bytes copied, roughly.
    pub copied: u64,
    /// Bytes to copy, roughly; none before the source has been asked, and on versions before 5.0.
    pub total: Option<u64>,
    /// Databases done and in all: what there is before 5.0.
    pub databases: Option<(u32, u32)>,
    /// Attempts that failed.
    pub failed: u32,
}

/// States of a member, by the numbers the server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemberState {
    /// 0: has not read its configuration yet.
    Startup,
    /// 1: leads.
    Primary,
    /// 2: follows.
    Secondary,
    /// 3: cannot serve reads just now.
    Recovering,
    /// 5: makes its first copy.
    Startup2,
    /// 6: nothing known of it.
    Unknown,
    /// 7: votes without data.
    Arbiter,
    /// 8: does not answer.
    Down,
    /// 9: takes back writes that no majority had.
    Rollback,
    /// 10: not in the configuration any more.
    Removed,
}

impl MemberState {
    /// From the server's number; a number nobody knows is UNKNOWN.
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

    /// The server's word.
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

/// `serverStatus`, the little of it that is asked for.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// Server version.
    pub version: String,
    /// First and last operation in its oplog.
    pub oplog: Option<(Timestamp, Timestamp)>,
    /// Whether flow control holds writes back because a majority lags; absent where it is off or not supported.
    pub flow_lagged: Option<bool>,
    /// Uptime of the process.
    pub uptime: Option<Duration>,
}

impl Server {
    /// How far back its oplog reaches.
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
    /// The term it was made in.
    pub term: Option<i64>,
    /// Members, in the configuration's order.
    pub members: Vec<ConfigMember>,
    /// Whether a majority has it; only a primary can say.
    pub committed: Option<bool>,
    /// Whether somebody has set a default write concern for the whole set (`setDefaultRWConcern`). None: not known; only asked of whoever
    /// leads. Of a set with an arbiter it decides what the server takes, and of one without as soon as one comes in.
    pub default_write: Option<bool>,
    /// Who answered.
    pub from: String,
    /// How long a primary may be silent before the others elect.
    pub election_timeout: Option<Duration>,
}

/// A member as the configuration has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfigMember {
    /// `host:port` by which this side knows it: of the horizon that the plan's hosts are of, where the members have horizons.
    pub host: String,
    /// `host:port` by which the members know it, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// 0 or 1.
    pub votes: u32,
    /// 0 = never leads.
    pub priority: f64,
    /// Not offered to readers.
    pub hidden: bool,
    /// Votes without data.
    pub arbiter: bool,
    /// Follows this far behind on purpose.
    pub delay: Duration,
    /// Tags, in order.
    pub tags: Vec<(String, String)>,
}

impl ConfigMember {
    /// What the configuration calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inside.as_deref().unwrap_or(&self.host)
    }
}

impl Config {
    /// The member at this address.
    #[must_use]
    pub fn member(&self, host: &str) -> Option<&ConfigMember> {
        self.members.iter().find(|m| m.host == host)
    }

    /// What there is to say of a configuration that somebody has forced: it has no term until the next change, and every version that is
    /// spoken to has terms. None of any other. [measured, 4.4 to 6.0]
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

    /// Votes that elect a primary.
    #[must_use]
    pub fn majority(&self) -> u32 {
        self.votes() / 2 + 1
    }
}
