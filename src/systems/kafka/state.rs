//! The pairs of the plan, and the [`System`] made of them.

use std::{sync::Arc, time::Duration};

use super::{
    cluster::Cluster,
    facts::{Ask, Facts},
    signals, view,
};
use crate::{
    core::{
        estate::{
            seen::{Fault, Stamp},
            signal::{Samples, SignalDef},
            source::SourceSpec,
        },
        now::Now,
    },
    plan::{KafkaPair, Plan, Property, Side, Sides},
    systems::System,
    view::{Detail, Panel, Tile},
};

/// What is known of all pairs of clusters.
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
}

impl Pair {
    pub(super) const fn cluster(&self, side: Side) -> &Cluster {
        self.clusters.get(side)
    }
}

/// How many snapshots there are to one look at the topics' configuration: that changes by hand.
const CONFIGS_EVERY: u32 = 12;

/// How long one answer may take. Longer than the interval would allow on a healthy cluster: a snapshot of a large cluster over 70 ms of
/// distance still fits, and a hung one is called that before its last answer is stale.
pub(super) fn timeout(interval: Duration) -> Duration {
    (interval * 2).clamp(Duration::from_secs(5), Duration::from_secs(15))
}

const SNAPSHOT_CALLS: &[&str] = &["Metadata", "ListGroups", "DescribeGroups", "FindCoordinator", "OffsetFetch", "ListOffsets"];
const CONFIG_CALLS: &[&str] = &["DescribeConfigs"];

impl System for State {
    const ID: &'static str = "kafka";
    const TITLE: &'static str = "Kafka";
    const SIGNALS: &'static [&'static SignalDef] = signals::ALL;
    type Ask = Ask;
    type Facts = Facts;

    fn new(plan: &Arc<Plan>) -> (Self, Vec<SourceSpec<Ask>>) {
        let pairs =
            plan.kafka.iter().map(|p| Pair { plan: p.clone(), clusters: Sides::from_fn(|_| Cluster::default()) }).collect();
        let interval = plan.intervals.kafka;
        let mut specs = Vec::new();
        for (pair, of) in plan.kafka.iter().enumerate() {
            for side in Side::BOTH {
                let spec = |what, calls, interval, ask| SourceSpec {
                    id: format!("kafka/{}/{side}/{what}", of.name),
                    side: Some(side),
                    endpoint: bootstrap(of, side),
                    calls,
                    interval,
                    timeout: timeout(plan.intervals.kafka),
                    ask,
                };
                specs.push(spec("snapshot", SNAPSHOT_CALLS, interval, Ask::Snapshot { pair, side }));
                specs.push(spec("configs", CONFIG_CALLS, interval * CONFIGS_EVERY, Ask::Configs { pair, side }));
            }
        }
        (Self { plan: plan.clone(), pairs }, specs)
    }

    fn apply(&mut self, ask: &Ask, facts: Facts, stamp: Stamp) -> Vec<SourceSpec<Ask>> {
        if let Some(cluster) = self.cluster_mut(ask) {
            match facts {
                Facts::Snapshot(snapshot) => cluster.apply(snapshot, stamp),
                Facts::Configs(configs) => cluster.configs.set(configs, stamp),
            }
        }
        Vec::new()
    }

    fn fail(&mut self, ask: &Ask, fault: &Fault, _: Now) {
        if let Some(cluster) = self.cluster_mut(ask) {
            match ask {
                Ask::Snapshot { .. } => cluster.fail(fault),
                Ask::Configs { .. } => cluster.configs.fail(fault),
            }
        }
    }

    fn measure(&self, now: Now, out: &mut Samples) {
        signals::measure(self, now, out);
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
    fn cluster_mut(&mut self, ask: &Ask) -> Option<&mut Cluster> {
        let (Ask::Snapshot { pair, side } | Ask::Configs { pair, side }) = *ask;
        self.pairs.get_mut(pair).map(|p| p.clusters.get_mut(side))
    }

    /// Bytes kept for all clusters, without the allocator's own: what a hundred thousand pairs cost.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.pairs.iter().flat_map(|p| Side::BOTH.map(|s| p.cluster(s).bytes())).sum()
    }
}

/// The servers a cluster is reached through, as the plan gives them.
pub(super) fn bootstrap(pair: &KafkaPair, side: Side) -> String {
    match pair.clusters.get(side).read.get("bootstrap.servers") {
        Some(Property::Plain(servers)) => servers.clone(),
        Some(Property::Secret(at)) => at.to_string(),
        None => format!("{} {side}", pair.name),
    }
}
