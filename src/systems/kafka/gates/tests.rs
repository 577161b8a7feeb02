//! The hand-over of a group, gate by gate: observations are supplied by hand, one after the other.

mod estate;

use std::time::Duration;

use self::estate::{Answer, Estate, snapshot};
use super::{super::facts::*, *};
use crate::{
    System,
    kafka::{Sync, Syncs},
    planner::played,
};
use base::observed::{Freshness, Stamp};

const BACK: &str = "[[kafka.mirror]]\nfrom = \"target\"\n";

#[test]
fn a_group_goes_over_gate_by_gate() {
    use GroupState::{Empty, Stable};
    let mut at = Estate::new(BACK);
    assert_eq!(at.levels(), "UUUUUUUUUU");
    assert_eq!(at.why(4), "–: unknown: waiting for the first answer");

    // Producers write, consumers consume; the target has only copies.
    let nobody = |ends| Answer { ends, group: None };
    for t in 0..4 {
        let source = Answer { ends: [100 + 10 * t, 130], group: Some(([95 + 10 * t, 130], Stable)) };
        at.poll(source, nobody([90 + 10 * t, 130]), (80, 80));
    }
    assert_eq!(at.levels(), "GGGRRRRRUG");
    assert_eq!(at.why(2), "2 partitions: checkout is Empty on ORE");
    assert_eq!(at.why(3), "0 of 6 polls: still written: orders-0");
    assert_eq!(at.why(4), "98 records: behind its last offset sync: orders 98");
    assert_eq!(at.why(5), "lag 5: checkout is Stable on VIR");
    assert_eq!(at.why(6), "0 of 2: behind or missing: orders-0, orders-1");
    assert_eq!(at.why(7), "0 records: only copies seen on ORE");
    assert!(at.why(8).contains("unknown: NOT FOUND: group checkout does not exist,"), "{}", at.why(8));

    // The freeze: everything is copied and consumed, then the consumers stop.
    let done = |state| Answer { ends: [130, 130], group: Some(([130, 130], state)) };
    for _ in 0..6 {
        at.poll(done(Stable), nobody([130, 130]), (120, 120));
    }
    assert_eq!((at.levels().as_str(), at.why(3).as_str()), ("GGGGRRRRUG", "6 of 6 polls: no end moves"));
    at.poll(done(Empty), Answer { ends: [130, 130], group: Some(([-1, -1], Empty)) }, (129, 129));
    assert_eq!(&at.levels()[..8], "GGGGGGRR", "{:?}", at.gates());

    // Its offsets are set, then it starts there, and works off the records since.
    let set = |ends, commits, state| Answer { ends, group: Some((commits, state)) };
    at.poll(done(Empty), set([130, 130], [130, 130], Empty), (129, 129));
    assert_eq!(&at.levels()[6..7], "G", "{:?}", at.gates());
    for t in 0..8 {
        at.poll(done(Empty), set([230, 130], [130 + 10 * t, 130], Stable), (129, 129));
    }
    assert_eq!(at.levels(), "GG----GGGG");
    assert_eq!(at.why(7), "100 records: written on ORE, not copied there: orders 100");
    assert!(at.why(8).starts_with("lag 30: Stable on ORE, drains in "), "{}", at.why(8));

    // The opposite mirror copies what is written there: the source grows as fast, and only its syncs show the writer of a record.
    for t in 1..8 {
        let end = 230 + 20 * t;
        at.back = Some((end - 1, end - 1));
        let source = Answer { ends: [end, 130], group: Some(([130, 130], Empty)) };
        at.poll(source, set([end, 130], [end - 30 + 2 * t, 130], Stable), (129, 129));
    }
    assert_eq!(at.levels(), "GG----GGGG");
    assert_eq!(at.why(7), "1 record: written on ORE, not copied there: orders 1");

    // For a while it keeps its last value. What is no longer observed is unknown, whatever it was.
    at.seconds += 16;
    assert_eq!(at.levels(), "UU----UUUU", "{:?}", at.gates());
    at.seconds += 3600;
    assert_eq!(at.levels(), "UUUUUUUUUU");
}

#[test]
fn what_is_missing_is_named() {
    let mut at = Estate::new("");
    let empty = Answer { ends: [100, 100], group: None };
    at.poll(empty, empty, (50, 50));
    at.poll(empty, empty, (50, 50));
    for gate in [0, 2, 3, 4, 5, 6, 7] {
        assert!(at.why(gate).contains("group checkout"), "{gate}: {}", at.why(gate));
    }
    assert_eq!(at.levels(), "UGUUUUUUUR");
    assert_eq!(at.why(9), "no mirror: the plan has no mirror to VIR: after gate 7 there is no rollback without loss");
}

#[test]
fn what_the_mirror_has_never_said_cannot_be_led_over() {
    let mut at = Estate::new("");
    let source = Answer { ends: [100, 100], group: Some(([40, 100], GroupState::Stable)) };
    let target = Answer { ends: [100, 100], group: Some(([40, 100], GroupState::Stable)) };
    at.poll(source, target, (50, 50));
    at.poll(source, target, (50, 50));
    assert_eq!(at.why(2), "2 partitions: checkout has members on ORE", "an offset can be set on an Empty group only");
    assert_eq!(&at.levels()[2..3], "R");
    // The oldest known sync is behind the commit.
    let stamp = Stamp { at: at.now(), fresh: Freshness::of_interval(Duration::from_secs(5)) };
    let mut syncs = Syncs::of_topics(vec!["mm2-offset-syncs.internal".into()]);
    (0..2).for_each(|partition| syncs.take("orders", partition, Sync { upstream: 50, downstream: 50 }));
    drop(at.state.apply(&Query::Syncs { pair: 0, side: Side::Target }, Observation::Syncs(syncs), stamp));
    assert_eq!(at.why(2), "1 cannot: orders-0: the mirror has no offset sync at or before 40");
    assert_eq!(&at.levels()[2..3], "R");
    assert_eq!(at.why(6), "–: unknown: UNSUPPORTED: orders-0: the mirror has no offset sync at or before 40");
}

/// A consumer before the start of a log follows `auto.offset.reset`, by default past all records.
#[test]
fn a_place_that_retention_has_taken_away_is_not_led_to() {
    let mut at = Estate::new("");
    let source = Answer { ends: [100, 100], group: Some(([40, 100], GroupState::Empty)) };
    let target = Answer { ends: [100, 100], group: None };
    let draft = |at: &Estate| {
        let action = Action::CommitOffsets { pair: "events".into(), group: "checkout".into(), to: Side::Target };
        let draft = crate::planner::Planner::draft(&at.state, &action, at.now()).expect("an action of this system");
        draft.map(|draft| draft.ops.into_iter().map(|op| op.call).collect::<Vec<_>>())
    };
    let unled = |at: &Estate| {
        let mut out = base::signal::Samples::default();
        at.state.measure(at.now(), &mut out);
        out.into_vec().into_iter().find(|s| s.def.id == "kafka.group.unled_partitions").and_then(|s| s.value.fresh())
    };
    // On the first partition all records behind 40 are unread, and its copy begins among them. On the second all are read.
    at.starts.target = [30, 80];
    at.poll(source, target, (50, 50));
    at.poll(source, target, (50, 50));
    let why = at.why(2);
    assert!(
        why.starts_with(
            "1 cannot: orders-0: its offset would be 1 of orders-0 on the target, which begins at 30: 29 earlier records"
        ),
        "{why}"
    );
    assert_eq!((&at.levels()[2..3], unled(&at)), ("R", Some(1.0)));
    assert_eq!(draft(&at).expect_err("a fault").len(), 1);

    at.starts.target = [1, 80];
    at.poll(source, target, (50, 50));
    assert_eq!((&at.levels()[2..3], unled(&at)), ("G", Some(0.0)));
    let calls = draft(&at).expect("a draft");
    let [crate::kafka::Call::Commit { offsets, .. }] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(offsets[0].offsets, [(0, 1), (1, 80)], "what is gone there of the second had been read here");

    // With another writer's records among the copies that is not known.
    let mut both = Estate::new(BACK);
    both.starts.target = [1, 80];
    both.poll(source, target, (50, 50));
    both.poll(source, target, (50, 50));
    assert!(both.why(2).contains("orders-1: its offset would be 51 of orders-1"), "{}", both.why(2));

    // An unknown start is no start.
    at.starts.target = [-1001, 80];
    at.poll(source, target, (50, 50));
    assert_eq!((&at.levels()[2..3], unled(&at)), ("U", None));
}

/// A mirror that began after a purge has copied nothing of the purged records: no sync covers them, and they will never be read.
#[test]
fn a_group_whose_records_were_purged_is_led_over_from_where_it_can_still_read() {
    let mut at = Estate::new("");
    let source = Answer { ends: [180, 100], group: Some(([10, 100], GroupState::Empty)) };
    let target = Answer { ends: [80, 100], group: None };
    let detail = |at: &mut Estate, first: &[(i64, i64)]| {
        at.poll(source, target, (180, 180));
        let stamp = Stamp { at: at.now(), fresh: Freshness::of_interval(Duration::from_secs(5)) };
        let mut syncs = Syncs::of_topics(vec!["mm2-offset-syncs.internal".into()]);
        first.iter().for_each(|(upstream, downstream)| {
            syncs.take("orders", 0, Sync { upstream: *upstream, downstream: *downstream })
        });
        syncs.take("orders", 1, Sync { upstream: 99, downstream: 99 });
        drop(at.state.apply(&Query::Syncs { pair: 0, side: Side::Target }, Observation::Syncs(syncs), stamp));
        let stands =
            HandOver::new(&at.state.plan, &at.state.pairs[0], "checkout", at.now()).stands().fresh().expect("known");
        stands
            .map(|places| places.iter().map(|p| p.offset).collect::<Vec<_>>())
            .map_err(|faults| faults[0].text.raw().to_owned())
    };
    at.starts.source = [100, 0];
    assert_eq!(detail(&mut at, &[(100, 0), (179, 79)]), Ok(vec![0, 100]));
    assert_eq!(at.why(2), "2 partitions: checkout is Empty on ORE");
    // One that began before the purge has the records that were deleted here, and the group has not read them.
    assert_eq!(detail(&mut at, &[(5, 5), (179, 79)]), Ok(vec![6, 100]));
    // Records that were not purged are not skipped.
    at.starts.source = [0, 0];
    assert!(detail(&mut at, &[(100, 0)]).expect_err("nothing leads there").contains("no offset sync at or before 10"));
    at.starts.source = [-1001, 0];
    assert!(detail(&mut at, &[(100, 0)]).expect_err("nothing leads there").contains("no known start of the log"));
    assert_eq!(&at.levels()[2..3], "U");
}

/// Records that a group lost before do not prevent a drain; records held back by a transaction do.
#[test]
fn the_drain_is_green_of_what_is_lost_and_red_of_what_is_open() {
    let mut at = Estate::new("");
    let nobody = Answer { ends: [130, 130], group: None };
    let behind = Answer { ends: [130, 130], group: Some(([10, 130], GroupState::Empty)) };
    at.starts.source = [130, 0];
    at.poll(behind, nobody, (129, 129));
    at.poll(behind, nobody, (129, 129));
    assert_eq!(at.why(5), "lag 0: checkout is Empty on VIR; at most 120 records gone before it read them");
    assert_eq!(&at.levels()[5..6], "G");

    at.starts.source = [0, 0];
    at.seconds += 5;
    let stamp = Stamp { at: at.now(), fresh: Freshness::of_interval(Duration::from_secs(5)) };
    let level = Answer { ends: [130, 130], group: Some(([100, 130], GroupState::Empty)) };
    let open = Snapshot {
        stable: [100, 130].map(Offset::end).to_vec(),
        starts: [0; 2].map(Offset::end).to_vec(),
        ..snapshot(level)
    };
    drop(at.state.apply(&Query::Snapshot { pair: 0, side: Side::Source }, Observation::Snapshot(open), stamp));
    assert_eq!(at.why(5), "lag 30: checkout is Empty on VIR; 30 records in open transactions");
    assert_eq!(at.why(3), "0 of 6 polls: still written: orders-0 (a transaction is open, 30 records)");
    assert_eq!((&at.levels()[3..4], &at.levels()[5..6]), ("R", "R"));
}

#[test]
fn copies_that_are_read_late_are_not_taken_for_records_of_others() {
    let mut at = Estate::new("");
    // Ten records a second, copied at once; the copy is always read four seconds after the original.
    let there = |ends| Answer { ends, group: Some(([0, 0], GroupState::Stable)) };
    let mut last = String::new();
    for t in 0..12 {
        let end = 100 + 50 * t;
        at.seconds += 1;
        at.answer(Side::Source, there([end, end]), (80, 80));
        at.seconds += 4;
        at.answer(Side::Target, there([end + 40, end + 40]), (80, 80));
        last = at.why(7);
        assert!(!last.contains("written on ORE"), "{last}");
    }
    assert_eq!(last, "0 records: only copies seen on ORE");
}

#[test]
fn the_plans_own_limits_are_taken() {
    let mut step = played::one_step(r#"commit_offsets = { pair = "events", group = "checkout", to = "target" }"#);
    step += r#"gates = [
    { metric = "kafka.topic.still_polls", where = { pair = "events", side = "source", topic = "orders" }, op = ">=", value = 2 },
    { metric = "kafka.mirror.silent_seconds", where = { pair = "events", side = "target" }, op = "<=", value = "3s" },
]
"#;
    let mut at = Estate::new(&step);
    let both = Answer { ends: [100, 100], group: Some(([100, 100], GroupState::Empty)) };
    for _ in 0..4 {
        at.poll(both, both, (99, 99));
    }
    assert_eq!(at.why(3), "3 of 2 polls: no end moves");
    at.seconds += 4;
    assert_eq!(
        (at.levels().as_str(), at.why(1).as_str()),
        ("GRGGGGGRRR", "4.0s: since the last offset sync to ORE, of 3.0s")
    );
}
