//! The pairs of the plan, and the [`System`] that consists of them.

use std::{sync::Arc, time::Duration};

use indexmap::IndexMap;

use super::{
    cluster::Cluster,
    facts::{Observation, Query},
    parity::{self, Handovers},
    signals,
    syncs::Syncs,
    view,
};
use crate::System;
use base::{
    collector::CollectorSpec,
    now::Now,
    observed::{Fault, FaultKind, Observed, Reading, Stamp, Worth},
    side::{Side, Sides},
    signal::{Samples, SignalDef},
    view::{Cell, Detail, Memo, Panel, Row, Tile},
    watched::Watched,
};
use plan::{KafkaPair, Mirror, Plan, Property};

/// The state of all pairs of clusters.
#[derive(Debug)]
pub struct State {
    pub(super) plan: Arc<Plan>,
    pub(super) pairs: Vec<Pair>,
}

/// One pair.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) plan: KafkaPair,
    clusters: Sides<Cluster>,
    /// The offset syncs of the mirrors that copy to a side.
    syncs: Sides<Reading<Stated>>,
    /// By the versions of the commits from which they are computed.
    handovers: Memo<[u64; 2], Arc<Handovers>>,
    /// Number of observations and failures so far.
    heard: u64,
    /// The rows of its groups with their ranks, and of its topics, both without the age, which alone changes while nothing is heard.
    pub(super) group_rows: Memo<Known, Arc<[(view::Rank, Row)]>>,
    pub(super) topic_rows: Memo<Known, Arc<[Row]>>,
}

/// What the rows of a pair depend on: what has been heard, and the state of each side's observation and configuration.
pub(super) type Known = (u64, [(Worth, Worth); 2]);

/// The offset syncs read so far.
#[derive(Debug)]
pub(super) struct Stated {
    pub(super) syncs: Syncs,
    /// When the last new sync was read; none: none since the start of the observation.
    pub(super) news: Option<Now>,
}

impl Pair {
    /// The rows stay the same while this does.
    pub(super) fn known(&self, now: Now) -> Known {
        let worth = |side| (self.cluster(side).seen(now).worth(), self.cluster(side).configs.at(now).worth());
        (self.heard, Side::BOTH.map(worth))
    }

    /// The age column: as fresh and as old as the worse of both clusters' observations. What is missing on one side still has an age.
    pub(super) fn age(&self, now: Now) -> Cell {
        let of = |side| self.cluster(side).seen(now).map(|_| ());
        Cell::age(&of(Side::Source).zip(of(Side::Target)))
    }

    /// The mirrors that copy to a side.
    pub(super) fn mirrors_to(&self, side: Side) -> impl Iterator<Item = &Mirror> {
        self.plan.mirrors.iter().filter(move |m| m.from == side.other())
    }

    /// The offset syncs of the mirrors that copy to a side.
    pub(super) fn announced(&self, side: Side, now: Now) -> Observed<&Stated> {
        if self.mirrors_to(side).next().is_none() {
            let text = format!("{}: the plan has no mirror to the {side}", self.plan.name);
            return Observed::Unknown(Fault::new(FaultKind::Unsupported, text));
        }
        self.syncs.get(side).at(now)
    }

    fn on_syncs(&mut self, side: Side, syncs: Syncs, stamp: Stamp) {
        let reading = self.syncs.get_mut(side);
        let news = match reading.last() {
            Some((last, _)) if syncs.read > last.syncs.read => Some(stamp.at),
            Some((last, _)) => last.news,
            None => None,
        };
        reading.set(Stated { syncs, news }, stamp);
    }

    /// Removes what only a pattern matched and what no longer exists on either side, like console consumers and the groups of tests. What
    /// the plan names literally counts as missing for as long as it does not exist.
    fn forget(&mut self, now: Now) {
        let whole = |side| self.cluster(side).seen(now).fresh().is_some_and(|latest| latest.facts.partial.is_none());
        if !Side::BOTH.into_iter().all(whole) {
            return;
        }
        let memory = |side| &self.cluster(side).memory;
        let groups = Side::BOTH.into_iter().flat_map(|side| memory(side).missed_groups());
        let gone = |name: &&Arc<str>| {
            !self.plan.groups.has_name(name) && Side::BOTH.into_iter().all(|s| memory(s).lacks_group(name))
        };
        let groups: Vec<Arc<str>> = groups.filter(gone).cloned().collect();
        let topics = Side::BOTH.into_iter().flat_map(|side| memory(side).missed_topics().map(move |name| (side, name)));
        let topics = topics.map(|(side, name)| parity::names(&self.plan, side, name));
        let gone = |names: &Sides<String>| {
            !self.plan.topics.has_name(&names.source)
                && Side::BOTH.into_iter().all(|s| memory(s).lacks_topic(names.get(s)))
        };
        let topics: Vec<Sides<String>> = topics.filter(gone).collect();
        for side in Side::BOTH {
            let memory = &mut self.clusters.get_mut(side).memory;
            groups.iter().for_each(|name| memory.forget_group(name));
            topics.iter().for_each(|names| memory.forget_topic(names.get(side)));
        }
    }

    /// For each group, how many of its commits on the source it also has on the target, by the last observations; none while one is
    /// missing.
    pub(super) fn handovers(&self, now: Now) -> Option<Arc<Handovers>> {
        let (source, target) = (self.clusters.source.seen(now).shown()?, self.clusters.target.seen(now).shown()?);
        Some(self.handovers.get([source.commits_version, target.commits_version], || {
            Arc::new(parity::handovers(&self.plan, source, target))
        }))
    }

    pub(super) const fn cluster(&self, side: Side) -> &Cluster {
        self.clusters.get(side)
    }
}

/// Snapshots per query of the topics' configuration, which is changed by hand.
const CONFIGS_EVERY: u32 = 12;

/// The time-out of a query. Longer than the interval of a healthy cluster: a snapshot of a large cluster at 70 ms of distance still fits,
/// and a cluster that hangs is reported before its last observation is stale.
pub(super) fn timeout(interval: Duration) -> Duration {
    (interval * 2).clamp(Duration::from_secs(5), Duration::from_secs(15))
}

const SNAPSHOT_CALLS: &[&str] =
    &["Metadata", "ListGroups", "DescribeGroups", "FindCoordinator", "OffsetFetch", "ListOffsets"];
const CONFIG_CALLS: &[&str] = &["DescribeConfigs"];
const SYNC_CALLS: &[&str] = &["Metadata", "ListOffsets", "Fetch"];

impl System for State {
    const ID: &'static str = "kafka";
    const TITLE: &'static str = "Kafka";
    const SIGNALS: &'static [&'static SignalDef] = signals::ALL;
    type Query = Query;
    type Observation = Observation;

    fn new(plan: &Arc<Plan>) -> (Self, Vec<CollectorSpec<Query>>) {
        let pair = |p: &KafkaPair| Pair {
            plan: p.clone(),
            clusters: Sides::default(),
            syncs: Sides::default(),
            handovers: Memo::default(),
            heard: 0,
            group_rows: Memo::default(),
            topic_rows: Memo::default(),
        };
        let pairs = plan.kafka.iter().map(pair).collect();
        let interval = plan.intervals.kafka;
        let mut specs = Vec::new();
        for (pair, of) in plan.kafka.iter().enumerate() {
            for side in Side::BOTH {
                let spec = |what: &str, calls, interval, ask, at: Side| CollectorSpec {
                    id: format!("kafka/{}/{at}/{what}", of.name),
                    side: Some(at),
                    endpoint: bootstrap(of, at),
                    calls,
                    interval,
                    timeout: timeout(plan.intervals.kafka),
                    query: ask,
                };
                specs.push(spec("snapshot", SNAPSHOT_CALLS, interval, Query::Snapshot { pair, side }, side));
                specs.push(spec(
                    "configs",
                    CONFIG_CALLS,
                    interval * CONFIGS_EVERY,
                    Query::Configs { pair, side },
                    side,
                ));
                if let Some(mirror) = of.mirrors.iter().find(|m| m.from == side.other()) {
                    specs.push(spec(
                        &format!("syncs-to-{side}"),
                        SYNC_CALLS,
                        interval,
                        Query::Syncs { pair, side },
                        mirror.offset_syncs_on,
                    ));
                }
            }
        }
        (Self { plan: plan.clone(), pairs }, specs)
    }

    fn apply(&mut self, query: &Query, observation: Observation, stamp: Stamp) -> Vec<CollectorSpec<Query>> {
        let (Query::Snapshot { pair, side } | Query::Configs { pair, side } | Query::Syncs { pair, side }) = *query;
        if let Some(pair) = self.pairs.get_mut(pair) {
            pair.heard += 1;
            match observation {
                Observation::Snapshot(snapshot) => {
                    pair.clusters.get_mut(side).apply(snapshot, stamp);
                    pair.forget(stamp.at);
                }
                Observation::Configs(configs) => pair.clusters.get_mut(side).configs.set(configs, stamp),
                Observation::Syncs(syncs) => pair.on_syncs(side, syncs, stamp),
            }
        }
        Vec::new()
    }

    fn fail(&mut self, query: &Query, fault: &Fault, _: Now) {
        let (Query::Snapshot { pair, side } | Query::Configs { pair, side } | Query::Syncs { pair, side }) = *query;
        if let Some(pair) = self.pairs.get_mut(pair) {
            pair.heard += 1;
            match query {
                Query::Snapshot { .. } => pair.clusters.get_mut(side).fail(fault),
                Query::Configs { .. } => pair.clusters.get_mut(side).configs.fail(fault),
                Query::Syncs { .. } => pair.syncs.get_mut(side).fail(fault),
            }
        }
    }

    fn measure(&self, now: Now, out: &mut Samples) {
        signals::measure(self, now, out);
    }

    fn watched(&self, now: Now) -> Vec<Watched> {
        self.pairs.iter().flat_map(|pair| signals::watched(pair, now)).collect()
    }

    fn panel(&self, now: Now) -> Panel {
        view::panel(self, now)
    }

    fn tiles(&self, now: Now) -> Vec<Tile> {
        view::tiles(self, now)
    }

    fn detail(&self, table: &str, row: &str, now: Now) -> Option<Detail> {
        view::detail(self, table, row, now)
    }
}

impl State {
    /// Bytes kept for all clusters, without allocator overhead: the memory cost of a hundred thousand pairs.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.pairs.iter().flat_map(|p| Side::BOTH.map(|s| p.cluster(s).bytes())).sum()
    }
}

/// The property with a cluster's servers: librdkafka's name for it, and its older one.
const BOOTSTRAP: [&str; 2] = ["bootstrap.servers", "metadata.broker.list"];

/// The bootstrap servers of a cluster, from its properties.
pub(super) fn servers(properties: &IndexMap<String, Property>) -> Option<&Property> {
    BOOTSTRAP.iter().find_map(|name| properties.get(*name))
}

/// The bootstrap servers of a cluster, from the plan.
pub(super) fn bootstrap(pair: &KafkaPair, side: Side) -> String {
    match servers(&pair.clusters.get(side).read) {
        Some(Property::Plain(servers)) => servers.clone(),
        Some(Property::Secret(at)) => at.to_string(),
        None => format!("{} {side}", pair.name),
    }
}
