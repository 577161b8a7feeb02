//! Pairs of Kafka clusters, and what is copied between them.

use indexmap::IndexMap;
use serde::Serialize;

use crate::{Patterns, Secret};
use base::side::{Side, Sides};

/// A pair of Kafka clusters, one a side.
#[derive(Debug, Clone, Serialize)]
pub struct KafkaPair {
    /// The pair's name.
    pub name: String,
    /// How each cluster is reached.
    pub clusters: Sides<KafkaCluster>,
    /// Groups that are watched.
    pub groups: Patterns,
    /// Topics that are watched.
    pub topics: Patterns,
    /// Which cluster's topics are copied to the other.
    pub mirrors: Vec<Mirror>,
    /// What consumers read. With `read_committed` the last stable offsets are asked for: while a transaction is open nothing is drained, and
    /// nothing stands still. Lag counts to the high watermark either way: what a transaction holds back will have to be read.
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
    pub topics: Patterns,
    /// What the copies' names begin with (MirrorMaker 2's default policy); empty = the same name.
    pub prefix: String,
    /// The topic that its offset syncs are in; none: whichever is named as MirrorMaker 2 names it.
    pub offset_syncs_topic: Option<String>,
    /// On which side that topic is.
    pub offset_syncs_on: Side,
}
