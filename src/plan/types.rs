//! What a plan says, once it has been read and found free of faults: plain data, names resolved, units applied.
//!
//! Nothing here parses, and nothing here holds a secret: [`Secret`] only says where one is to be found.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{pattern::Pattern, secret::Secret};

/// One of the two sides of the move. Every panel, signal and credential is of one side or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Where the platform runs before the move.
    Source,
    /// Where it runs after it.
    Target,
}

impl Side {
    /// Both sides, source first: the order of every table.
    pub const BOTH: [Self; 2] = [Self::Source, Self::Target];

    /// `source` or `target`: the word used in plan files, labels and on screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// One value a side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sides<T> {
    /// The source's.
    pub source: T,
    /// The target's.
    pub target: T,
}

impl<T> Sides<T> {
    /// The value of one side.
    pub const fn get(&self, side: Side) -> &T {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    /// The value of one side, to be changed.
    pub const fn get_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Source => &mut self.source,
            Side::Target => &mut self.target,
        }
    }

    /// One value made for each side.
    pub fn from_fn(mut make: impl FnMut(Side) -> T) -> Self {
        Self { source: make(Side::Source), target: make(Side::Target) }
    }
}

/// A plan: what is to be watched and moved, by whom, how often, within which budgets.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// What the move is called; on screen and in reports.
    pub name: String,
    /// The two sites.
    pub sites: Sides<Site>,
    /// MongoDB replica sets, in the plan's order.
    pub replica_sets: Vec<ReplicaSet>,
    /// Pairs of Kafka clusters.
    pub kafka: Vec<KafkaPair>,
    /// Fleet roles.
    pub fleet: Vec<Role>,
    /// Weighted DNS names.
    pub dns: Vec<DnsName>,
    /// How Route 53 itself is reached (a global service: of no side).
    pub route53: Access,
    /// Named health queries.
    pub health: Vec<HealthQuery>,
    /// How often each system is asked.
    pub intervals: Intervals,
    /// What the move may cost.
    pub budgets: Budgets,
}

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

/// A pair of Kafka clusters, one a side.
#[derive(Debug, Clone, Serialize)]
pub struct KafkaPair {
    /// The pair's name.
    pub name: String,
    /// How each cluster is reached.
    pub clusters: Sides<KafkaCluster>,
    /// Groups that are watched.
    pub groups: Vec<Pattern>,
    /// Topics that are watched.
    pub topics: Vec<Pattern>,
    /// Which cluster's topics are copied to the other.
    pub mirrors: Vec<Mirror>,
    /// `read_committed` counts lag to the last stable offset, `read_uncommitted` to the high watermark.
    pub isolation: Isolation,
}

/// One Kafka cluster: librdkafka's properties.
#[derive(Debug, Clone, Serialize)]
pub struct KafkaCluster {
    /// Properties for reading.
    pub read: IndexMap<String, Property>,
    /// All properties for changing, those for reading included where nothing else is said; none = read only.
    pub write: Option<IndexMap<String, Property>>,
}

/// A property's value, in clear or by reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Property {
    /// In clear.
    Plain(String),
    /// By reference.
    Secret(Secret),
}

/// What a consumer may see of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Only committed records.
    ReadCommitted,
    /// All records.
    ReadUncommitted,
}

/// One direction of copying.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mirror {
    /// Copied from this side to the other.
    pub from: Side,
    /// Which topics.
    pub topics: Vec<Pattern>,
    /// What the copies' names begin with (MirrorMaker 2's default policy); empty = the same name.
    pub prefix: String,
}

/// One role of the fleet.
#[derive(Debug, Clone, Serialize)]
pub struct Role {
    /// The role's name.
    pub name: String,
    /// Instances of the role have this tag …
    pub tag: String,
    /// … with this value.
    pub value: String,
    /// Further EC2 filters, as DescribeInstances takes them.
    pub filters: IndexMap<String, Vec<String>>,
    /// How many instances are wanted on each side.
    pub wanted: Sides<u32>,
    /// Target groups (name or ARN).
    pub target_groups: Sides<Vec<String>>,
    /// Auto Scaling groups (name).
    pub auto_scaling_groups: Sides<Vec<String>>,
}

/// One weighted DNS name.
#[derive(Debug, Clone, Serialize)]
pub struct DnsName {
    /// Fully qualified, with the last dot.
    pub name: String,
    /// Hosted zone id.
    pub zone: String,
    /// Record type asked and listed.
    pub record_type: RecordType,
    /// Set identifiers of each side.
    pub set_identifiers: Sides<Vec<String>>,
    /// Weight that the plan wants now, a side; none = not said.
    pub planned: Option<Sides<u8>>,
    /// Authoritative servers to ask.
    pub servers: Vec<SocketAddr>,
    /// Resolvers to ask.
    pub resolvers: Vec<SocketAddr>,
    /// Answers (addresses, networks in CIDR form, or names) that are of each side; where empty, the records' own values tell.
    pub answers: Sides<Vec<String>>,
    /// Questions a second to each server.
    pub rate: NonZeroU32,
}

/// DNS record types that can be weighted and are of use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RecordType {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Canonical name.
    Cname,
}

impl RecordType {
    /// As Route 53 spells it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
        }
    }
}

/// One named health query, asked on both sides.
#[derive(Debug, Clone, Serialize)]
pub struct HealthQuery {
    /// Name, unique in the plan.
    pub name: String,
    /// What it measures: the overview shows the first of each kind.
    pub kind: HealthKind,
    /// Unit of its value.
    pub unit: HealthUnit,
    /// Name of the request-count query that says whether there is traffic at all: an error ratio without requests is no reading.
    pub volume: Option<String>,
    /// The query, a side; none = that side is not asked.
    pub queries: Sides<Option<Query>>,
}

/// What a health query measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthKind {
    /// Requests a second.
    Requests,
    /// Share of requests that fail, 0 to 1.
    Errors,
    /// A latency quantile.
    Latency,
    /// Anything else.
    Other,
}

/// Unit of a health query's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthUnit {
    /// A share, 0 to 1.
    Ratio,
    /// Seconds.
    Seconds,
    /// Things a second.
    PerSecond,
    /// Things.
    Count,
    /// Bytes.
    Bytes,
}

/// How a health value is got.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// Prometheus-compatible HTTP API, instant query.
    Prometheus {
        /// Base URL, without `/api/v1/query`.
        url: String,
        /// PromQL that gives one number.
        expr: String,
        /// Bearer token.
        bearer: Option<Secret>,
    },
    /// CloudWatch GetMetricData, with the site's access.
    CloudWatch {
        /// Namespace.
        namespace: String,
        /// Metric name.
        metric: String,
        /// Statistic (`Sum`, `Average`, `p99` …).
        stat: String,
        /// Dimensions.
        dimensions: IndexMap<String, String>,
        /// Period.
        period: Duration,
        /// What the value is multiplied with, to come to the query's unit.
        scale: f64,
    },
}

/// How often each system is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Intervals {
    /// Each member's status.
    pub mongo: Duration,
    /// Each cluster.
    pub kafka: Duration,
    /// Each region.
    pub ec2: Duration,
    /// Record sets.
    pub route53: Duration,
    /// The window over which served shares are sampled and given.
    pub dns: Duration,
    /// Health queries.
    pub health: Duration,
}

impl Default for Intervals {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self { mongo: s(2), kafka: s(5), ec2: s(15), route53: s(30), dns: s(10), health: s(15) }
    }
}

/// What the move may cost.
#[derive(Debug, Clone, Serialize)]
pub struct Budgets {
    /// Seconds without a writable primary that one replica set may use up in the whole run.
    pub write_downtime: Duration,
    /// When the work may start and end.
    pub window: Option<Window>,
}

/// A time window.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Window {
    /// Not before.
    pub start: jiff::Timestamp,
    /// Not after.
    pub end: jiff::Timestamp,
}
