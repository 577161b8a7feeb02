//! Two clusters whose answers a test supplies, one poll after the other.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{super::super::facts::*, super::*};
use crate::{
    System,
    kafka::{
        State, Sync, Syncs,
        tests::{TARGET, events},
    },
    planner::played,
};
use base::{
    observed::{Freshness, Stamp},
    side::Sides,
};

/// One group and one topic, with `more` appended.
pub(super) fn plan(more: &str) -> Arc<Plan> {
    let target = format!("{TARGET}\nwrite_properties = {{ \"client.id\" = \"operate\" }}");
    played::plan(&format!("{}{more}", events(&["checkout"], &["orders"], &target)))
}

/// One cluster's observation: the ends of the two partitions of orders, the group's commits there, and its state; none: there is no group.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub(super) ends: [i64; 2],
    pub(super) group: Option<([i64; 2], GroupState)>,
}

pub(super) struct Estate {
    pub(super) state: State,
    pub(super) seconds: u64,
    pub(super) read: i64,
    /// The starts of the logs on each side.
    pub(super) starts: Sides<[i64; 2]>,
    /// The last sync of the opposite mirror, of the first partition: the target's offset and the source's.
    pub(super) back: Option<(i64, i64)>,
}

impl Estate {
    pub(super) fn new(more: &str) -> Self {
        Self { state: State::new(&plan(more)).0, seconds: 1000, read: 0, starts: Sides::default(), back: None }
    }

    pub(super) fn now(&self) -> Now {
        Now { boot: Duration::from_secs(self.seconds), wall: jiff::Timestamp::UNIX_EPOCH }
    }

    /// Five seconds later everything is read once. `synced`: the mirror's last sync of each partition: original's offset, copy's offset.
    pub(super) fn poll(&mut self, source: Answer, target: Answer, synced: (i64, i64)) {
        self.seconds += 5;
        self.read += 1;
        self.answer(Side::Source, source, synced);
        self.answer(Side::Target, target, synced);
    }

    pub(super) fn answer(&mut self, side: Side, answer: Answer, synced: (i64, i64)) {
        let stamp = Stamp { at: self.now(), fresh: Freshness::of_interval(Duration::from_secs(5)) };
        let config = Config(Config::KEYS.into_iter().map(|key| (key, "same".to_owned())).collect());
        let configs = BTreeMap::from([(Arc::from("orders"), config)]);
        let mut syncs = Syncs::of_topics(vec!["mm2-offset-syncs.internal".into()]);
        syncs.read = self.read;
        if side == Side::Target {
            for partition in 0..2 {
                syncs.take("orders", partition, Sync { upstream: 0, downstream: 0 });
                syncs.take("orders", partition, Sync { upstream: synced.0, downstream: synced.1 });
            }
        }
        if let (Side::Source, Some((upstream, downstream))) = (side, self.back) {
            syncs.take("orders", 0, Sync { upstream, downstream });
        }
        let mut apply = |ask, facts| drop(self.state.apply(&ask, facts, stamp));
        let starts = self.starts.get(side).map(Offset::end).to_vec();
        apply(Query::Snapshot { pair: 0, side }, Observation::Snapshot(Snapshot { starts, ..snapshot(answer) }));
        apply(Query::Configs { pair: 0, side }, Observation::Configs(configs));
        apply(Query::Syncs { pair: 0, side }, Observation::Syncs(syncs));
    }

    pub(super) fn gates(&self) -> Vec<Gate> {
        HandOver::new(&self.state.plan, &self.state.pairs[0], "checkout", self.now()).gates()
    }

    /// One letter per gate, the first of the level's word; a dash for a gate that no longer applies.
    pub(super) fn levels(&self) -> String {
        self.gates().iter().map(|g| g.level.map_or('-', |level| level.word().chars().next().unwrap_or('?'))).collect()
    }

    pub(super) fn why(&self, gate: usize) -> String {
        let gate = &self.gates()[gate];
        format!("{}: {}", gate.value, gate.why)
    }
}

pub(super) fn snapshot(answer: Answer) -> Snapshot {
    let group = answer.group.map(|(_, state)| Group {
        name: "checkout".into(),
        state,
        members: Some(vec![]),
        commits: 0..2,
        orphans: vec![],
        fault: None,
    });
    let commits = answer.group.map_or([-1, -1], |(commits, _)| commits);
    let offset = |raw: i64| if raw < 0 { Offset::NEVER } else { Offset::end(raw) };
    Snapshot {
        topics: vec![Topic { name: "orders".into(), slots: 0..2, fault: None }],
        ends: answer.ends.map(Offset::end).to_vec(),
        stable: answer.ends.map(Offset::end).to_vec(),
        commits: match answer.group {
            Some(_) => (0..2).map(|slot| Commit { slot, owner: 0, offset: offset(commits[slot as usize]) }).collect(),
            None => vec![],
        },
        groups: group.into_iter().collect(),
        ..Snapshot::default()
    }
}
