//! The pure parts together: from observations to signals and view models.

mod known;
mod lag;

use std::{sync::Arc, time::Duration};

use indexmap::IndexMap;

use super::{
    Observation, Query, State,
    facts::{Commit, Group, GroupState, Offset, Orphan, Snapshot, Topic},
};
use crate::{Simulated, System, planner::played};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Freshness, Observed, Stamp},
    side::{Side, Sides},
    signal::{Sample, Samples},
    view::Tone,
};
use plan::{Isolation, KafkaCluster, KafkaPair, Mirror, Pattern, Patterns, Plan, Property};

fn patterns(texts: &[&str]) -> Patterns {
    texts.iter().map(|t| Pattern::parse(t).unwrap()).collect::<Vec<_>>().into()
}

fn plan(groups: &[&str], topics: &[&str], prefix: &str) -> Arc<Plan> {
    let cluster = |port| KafkaCluster {
        read: IndexMap::from([("bootstrap.servers".to_owned(), Property::Plain(format!("127.0.0.1:{port}")))]),
        write: None,
    };
    let pair = KafkaPair {
        name: "events".into(),
        clusters: Sides { source: cluster(9092), target: cluster(9093) },
        groups: patterns(groups),
        topics: patterns(topics),
        mirrors: vec![Mirror {
            from: Side::Source,
            topics: patterns(topics),
            prefix: prefix.into(),
            offset_syncs_topic: None,
            offset_syncs_on: Side::Source,
        }],
        isolation: Isolation::ReadCommitted,
    };
    Arc::new(Plan { kafka: vec![pair], ..played::sites() })
}

/// The same pair in the plan file's format, with a mirror from the source; `target` describes the target's cluster.
pub(super) fn events(groups: &[&str], topics: &[&str], target: &str) -> String {
    format!(
        r#"
[[kafka]]
name = "events"
groups = {groups:?}
topics = {topics:?}
[kafka.source]
properties = {{ "bootstrap.servers" = "kafka-1.vir.example.net:9094" }}
[kafka.target]
{target}
[[kafka.mirror]]
from = "source"
"#
    )
}

/// The properties of the target's cluster.
pub(super) const TARGET: &str = r#"properties = { "bootstrap.servers" = "kafka-1.ore.example.net:9094" }"#;

fn at(seconds: u64) -> Now {
    Now { boot: Duration::from_secs(seconds), wall: jiff::Timestamp::UNIX_EPOCH }
}

fn stamp(seconds: u64) -> Stamp {
    Stamp { at: at(seconds), fresh: Freshness::of_interval(Duration::from_secs(5)) }
}

/// A cluster with the topic `orders` and the group `checkout`, which has these commits on its partitions.
fn snapshot(ends: &[Offset], commits: &[Offset]) -> Snapshot {
    let n = |n: usize| u32::try_from(n).unwrap();
    Snapshot {
        topics: vec![Topic { name: "orders".into(), slots: 0..n(ends.len()), fault: None }],
        ends: ends.to_vec(),
        starts: vec![Offset::end(0); ends.len()],
        stable: ends.to_vec(),
        groups: vec![Group {
            name: "checkout".into(),
            state: GroupState::Stable,
            members: Some(vec!["a@h".into()]),
            commits: 0..n(commits.len()),
            orphans: vec![],
            fault: None,
        }],
        commits: commits.iter().zip(0..).map(|(&offset, slot)| Commit { slot, owner: 0, offset }).collect(),
        ..Snapshot::default()
    }
}

fn ends(raw: &[i64]) -> Vec<Offset> {
    raw.iter().map(|&e| Offset::end(e)).collect()
}

fn source() -> Query {
    Query::Snapshot { pair: 0, side: Side::Source }
}

fn signal(state: &State, now: Now, id: &str, labels: &[&str]) -> Observed<f64> {
    let mut out = Samples::default();
    state.measure(now, &mut out);
    let found = |s: &Sample| s.def.id == id && *s.labels == *labels;
    out.into_vec().into_iter().find(found).map_or(Observed::Pending, |s| s.value)
}

const CHECKOUT: [&str; 3] = ["events", "source", "checkout"];

fn kind(seen: &Observed<f64>) -> Option<FaultKind> {
    match seen {
        Observed::Unknown(f) => Some(f.kind),
        _ => None,
    }
}

#[test]
fn of_a_group_that_is_denied_nothing_is_live() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    for side in Side::BOTH {
        let mut facts = snapshot(&ends(&[7]), &[]);
        facts.groups[0].state = GroupState::Unknown;
        facts.groups[0].members = None;
        facts.groups[0].fault = Some(Fault::new(FaultKind::Refused, "denied"));
        state.apply(&Query::Snapshot { pair: 0, side }, Observation::Snapshot(facts), stamp(1));
        let syncs = super::Syncs::of_topics(vec!["mm2-offset-syncs.internal".into()]);
        state.apply(&Query::Syncs { pair: 0, side }, Observation::Syncs(syncs), stamp(1));
    }
    let mut out = Samples::default();
    state.measure(at(1), &mut out);
    let of_group: Vec<Sample> =
        out.into_vec().into_iter().filter(|s| s.labels.last().is_some_and(|l| &**l == "checkout")).collect();
    assert!(of_group.len() > 10, "{of_group:?}");
    for sample in of_group {
        let described = kind(&sample.value);
        let unsaid = sample.def.id == "kafka.group.members" && described == Some(FaultKind::Unsupported);
        assert!(unsaid || described == Some(FaultKind::Refused), "{sample:?}");
    }
}

#[test]
fn what_is_named_and_not_there_is_never_zero() {
    let (mut state, _) = State::new(&plan(&["checkout", "ghost"], &["orders", "gone"], ""));
    state.apply(&source(), Observation::Snapshot(snapshot(&ends(&[100]), &ends(&[100]))), stamp(1));
    let ghost = signal(&state, at(1), "kafka.group.lag", &["events", "source", "ghost"]);
    assert_eq!(kind(&ghost), Some(FaultKind::NotFound));
    assert_eq!(signal(&state, at(1), "kafka.group.lag", &CHECKOUT).fresh(), Some(0.0));
    assert_eq!(
        kind(&signal(&state, at(1), "kafka.pair.worst_lag_seconds", &["events", "source"])),
        Some(FaultKind::NotFound)
    );
    let gone = signal(&state, at(1), "kafka.topic.partitions", &["events", "source", "gone"]);
    assert_eq!(kind(&gone), Some(FaultKind::NotFound));
    assert_eq!(kind(&signal(&state, at(1), "kafka.cluster.brokers", &["events", "source"])), Some(FaultKind::Empty));
}

#[test]
fn a_topic_that_vanishes_says_since_when() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    state.apply(&source(), Observation::Snapshot(snapshot(&ends(&[100]), &ends(&[90]))), stamp(1));
    let mut without = snapshot(&[], &[]);
    without.topics.clear();
    without.groups[0].orphans.push(Orphan { topic: "orders".into(), partition: 0, of: None });
    state.apply(&source(), Observation::Snapshot(without), stamp(31));
    let Observed::Unknown(fault) = signal(&state, at(31), "kafka.topic.partitions", &["events", "source", "orders"])
    else {
        panic!("a topic that is gone has no partitions to count")
    };
    assert_eq!(fault.kind, FaultKind::NotFound);
    assert!(fault.text.raw().contains("no longer exists, last seen 30s ago"), "{fault}");
    assert_eq!(kind(&signal(&state, at(31), "kafka.group.lag", &CHECKOUT)), Some(FaultKind::NotFound));
}

#[test]
fn nothing_is_live_after_a_fault_or_for_an_empty_pattern() {
    let (mut state, _) = State::new(&plan(&["check*"], &["orders"], ""));
    let empty = Snapshot { groups: vec![], commits: vec![], ..snapshot(&ends(&[1]), &[]) };
    state.apply(&source(), Observation::Snapshot(empty), stamp(1));
    let worst = |state: &State, t| signal(state, at(t), "kafka.pair.worst_lag_seconds", &["events", "source"]);
    assert_eq!(kind(&worst(&state, 1)), Some(FaultKind::Empty));

    state.apply(&source(), Observation::Snapshot(snapshot(&ends(&[100]), &ends(&[100]))), stamp(2));
    assert_eq!(worst(&state, 2).fresh(), Some(0.0));
    assert!(!worst(&state, 20).is_fresh(), "stale by age");
    state.fail(&source(), &Fault::new(FaultKind::Unreachable, "down"), at(3));
    let mut out = Samples::default();
    state.measure(at(3), &mut out);
    let live: Vec<_> = out.into_vec().into_iter().filter(|s| s.value.is_fresh()).collect();
    assert!(live.is_empty(), "{live:?}");
}

#[test]
fn a_group_that_is_denied_and_a_partition_without_leader_are_not_known_while_their_source_is_live() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let unknown = |state: &State| -> Vec<String> {
        let all = state.watched(at(1)).into_iter().filter_map(|thing| thing.unknown("kafka"));
        all.map(|thing| format!("{}: {}", thing.what, thing.why)).collect()
    };
    // The target has neither yet: the runbook creates them.
    let there = Snapshot::default();
    state.apply(&Query::Snapshot { pair: 0, side: Side::Target }, Observation::Snapshot(there), stamp(1));
    let good = || snapshot(&ends(&[9, 9]), &ends(&[5, 5]));
    state.apply(&source(), Observation::Snapshot(good()), stamp(1));
    assert_eq!(unknown(&state), Vec::<String>::new());

    let mut denied = good();
    denied.groups[0].fault = Some(Fault::new(FaultKind::Refused, "group checkout: not authorized"));
    state.apply(&source(), Observation::Snapshot(denied), stamp(1));
    assert!(
        unknown(&state)[0].starts_with("consumer group checkout of events, source: REFUSED: "),
        "{:?}",
        unknown(&state)
    );

    let leaderless = snapshot(&ends(&[9, -1]), &ends(&[5, 5]));
    state.apply(&source(), Observation::Snapshot(leaderless), stamp(1));
    let described = unknown(&state);
    assert!(described.iter().any(|t| t.starts_with("topic orders of events, source: ")), "{described:?}");
    assert!(described.iter().any(|t| t.starts_with("consumer group checkout of events, source: ")), "{described:?}");

    let gone = Snapshot { groups: vec![], commits: vec![], ..good() };
    state.apply(&source(), Observation::Snapshot(gone), stamp(1));
    let described = unknown(&state);
    assert!(
        described.iter().all(|t| t.contains("group checkout of events, ")) && described.len() == 2,
        "on neither side: {described:?}"
    );
}

#[test]
fn copies_are_paired_by_the_mirrors_prefix() {
    let plan = plan(&["checkout"], &["orders"], "vir.");
    let pair = &plan.kafka[0];
    assert!(super::parity::watched(pair, Side::Target, "vir.orders"));
    assert!(!super::parity::watched(pair, Side::Source, "vir.orders"));
    let names = super::parity::names(pair, Side::Target, "vir.orders");
    assert_eq!((names.source.as_str(), names.target.as_str()), ("orders", "vir.orders"));
    assert_eq!(super::parity::copied(pair, &names), super::parity::Copied::From(Side::Source));

    let (mut state, _) = State::new(&plan);
    state.apply(&source(), Observation::Snapshot(snapshot(&ends(&[9, 9]), &ends(&[5, 5]))), stamp(1));
    let mut there = snapshot(&ends(&[900, 900]), &ends(&[880]));
    there.topics[0].name = "vir.orders".into();
    state.apply(&Query::Snapshot { pair: 0, side: Side::Target }, Observation::Snapshot(there), stamp(1));
    let panel = state.panel(at(1));
    let text = |row: usize, id: &str, table: usize| {
        let t = &panel.tables[table];
        let column = t.columns.iter().position(|c| c.id == id).unwrap();
        t.rows[row].cells[column].text.to_string()
    };
    assert_eq!(text(0, "parity", 0), "1 of 2");
    assert_eq!(panel.tables[1].rows.len(), 1, "one row for the original and its copy");
    assert_eq!(text(0, "copied", 1), "VIR to ORE");
}

#[test]
fn the_simulated_estate_moves_and_repeats() {
    let plan = plan(&["checkout", "ingest-*"], &["orders", "events.*"], "");
    let run = || {
        let (mut state, specs) = State::new(&plan);
        let mut sim = State::simulate(&plan, 7);
        for t in (0..120).step_by(5) {
            State::advance(&mut sim, at(t));
            for spec in &specs {
                let facts = State::answer(&mut sim, &spec.query, at(t)).unwrap();
                state.apply(&spec.query, facts, stamp(t));
            }
        }
        let mut out = Samples::default();
        state.measure(at(116), &mut out);
        let tile = state.tiles(at(116)).remove(0);
        let details = state.panel(at(116)).tables.iter().map(|t| (t.id, t.rows[0].id.clone())).collect::<Vec<_>>();
        for (table, row) in details {
            assert!(state.detail(table, &row, at(116)).is_some(), "{table} {row}");
        }
        (out.into_vec(), format!("{tile:?}"))
    };
    let (samples, tile) = run();
    assert_eq!((&samples, &tile), (&run().0, &run().1), "the same seed, the same run");
    let rates = samples.iter().filter(|s| s.def.id == "kafka.topic.produce_rate" && s.labels[1] == "source");
    let total: f64 = rates.map(|s| s.value.clone().fresh().unwrap()).sum();
    assert!((20_000.0..28_000.0).contains(&total), "{total} events a second");
    let dead: Vec<_> = samples.iter().filter(|s| !s.value.is_fresh()).collect();
    assert!(dead.is_empty(), "{dead:?}");
}
