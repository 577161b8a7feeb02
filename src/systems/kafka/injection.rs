//! What a scenario can inject into the simulation of this system: a slow consumer, producers that move, a mirror that syncs seldom, retention, open transactions.

use std::time::Duration;

use crate::injection::{OF_SIDE, Parameters, SIDE, SPAN, injections};
use base::side::Side;
use plan::spec::{
    Key,
    Kind::{Bool, Integer, List},
    tables::{NAME, TEXT, must, or},
};
use plan::{lower::runbook::names::dangling, things, tree::At};

/// One injected fault. Each lasts until another one changes it.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultInjection {
    /// A group consumes at this multiple of the produce rate; 0: it stops, 1: its lag stays constant.
    Pace {
        /// The pair of clusters.
        pair: String,
        /// The group.
        group: String,
        /// The multiple.
        of_produced: f64,
    },
    /// The producers of a pair write to this side. The producers of the topics in `stragglers` do not move.
    Producers {
        /// The pair of clusters.
        pair: String,
        /// The side they write to.
        on: Side,
        /// Topics whose producers are not moved.
        stragglers: Vec<String>,
    },
    /// The mirror syncs offsets at this interval: the longer it is, the more records are read again after a hand-over.
    SyncEvery {
        /// The pair of clusters.
        pair: String,
        /// The interval.
        every: Duration,
    },
    /// Retention deletes the oldest records of a topic, on one side.
    Retention {
        /// The pair of clusters.
        pair: String,
        /// The cluster's side.
        side: Side,
        /// The topic's name on that side.
        topic: String,
        /// Records that remain in each partition.
        keeps: u32,
    },
    /// A producer begins a transaction on a topic and leaves it open, or ends it. Records continue to be written.
    Transaction {
        /// The pair of clusters.
        pair: String,
        /// The topic's name on the source.
        topic: String,
        /// Whether it begins; else it ends.
        open: bool,
    },
}

const PAIR: Key = must("pair", NAME, "The pair of clusters.");

injections! { FaultInjection:
    "pace", "A group consumes faster or slower.",
        [PAIR, must("group", NAME, "The group."), must("percent", Integer(0, 10_000), "Of what is produced.")],
        pace;
    "producers", "The producers of a pair write to a side.",
        [PAIR, must("on", SIDE, "Where to."), or("stragglers", List(&TEXT, 0), "[]", "Topics whose producers nobody moved.")],
        |it| {
            let stragglers = it.table.list::<String>("stragglers").into_iter().map(|at| at.value).collect();
            Some(FaultInjection::Producers { on: it.side("on")?, pair: pair(it)?, stragglers })
        };
    "sync_every", "The mirror writes down offsets so seldom.",
        [PAIR, must("every", SPAN, "How often it does.")],
        |it| Some(FaultInjection::SyncEvery { pair: pair(it)?, every: it.get("every")? });
    "retention", "Retention deletes the oldest records of a topic.",
        [PAIR, OF_SIDE, must("topic", NAME, "The topic, as it is called there."), must("keeps", Integer(0, 1_000_000_000), "Records that are left of each partition.")],
        |it| {
            let (side, topic, keeps) = (it.side("side")?, it.get("topic")?, it.number("keeps")?);
            Some(FaultInjection::Retention { pair: pair(it)?, side, topic, keeps })
        };
    "transaction", "A producer begins a transaction and leaves it open, or ends it.",
        [PAIR, must("topic", NAME, "The topic."), must("open", Bool, "It begins.")],
        |it| Some(FaultInjection::Transaction { pair: pair(it)?, topic: it.get("topic")?, open: it.get("open")? });
}

fn pair(it: &mut Parameters<'_>) -> Option<String> {
    it.thing("pair", &things::PAIRS)
}

fn pace(it: &mut Parameters<'_>) -> Option<FaultInjection> {
    let of_produced = f64::from(it.number::<u16>("percent")?) / 100.0;
    let watched = it.plan.kafka.iter().flat_map(|pair| &pair.groups);
    let group: At<String> = it.table.at("group")?;
    if !watched.clone().any(|pattern| pattern.matches(&group.value)) {
        let known: Vec<String> = watched.map(ToString::to_string).collect();
        dangling(&group, "no pair of clusters watches the group", &known, it.faults);
    }
    Some(FaultInjection::Pace { pair: pair(it)?, group: group.value, of_produced })
}
