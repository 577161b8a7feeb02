//! An unknown value is not green, and what is not required blocks nothing.

use std::collections::BTreeMap;

use super::{
    super::{Config, parity, view},
    *,
};

const TARGET: [&str; 3] = ["events", "target", "checkout"];

fn side(side: Side) -> Query {
    Query::Snapshot { pair: 0, side }
}

/// What is reported as unknown.
fn unknown(state: &State, s: u64) -> Vec<String> {
    let all = state.watched(at(s)).into_iter().filter_map(|thing| thing.unknown("kafka"));
    all.map(|thing| format!("{}: {}", thing.what, thing.why)).collect()
}

fn read(state: &mut State, s: u64, answers: [Snapshot; 2]) {
    for (of, facts) in Side::BOTH.into_iter().zip(answers) {
        state.apply(&side(of), Observation::Snapshot(facts), stamp(s));
    }
}

/// An existing group, without commits.
fn group(name: &str) -> Group {
    Group {
        name: name.into(),
        state: GroupState::Stable,
        members: Some(vec![]),
        commits: 0..0,
        orphans: vec![],
        fault: None,
    }
}

fn refused() -> Fault {
    Fault::new(FaultKind::Refused, "ListGroups: no group is listed, and this login has no DESCRIBE on the cluster")
}

/// A topic that was created again with fewer partitions, while MirrorMaker's checkpoints keep the group on the other side.
#[test]
fn a_group_on_both_sides_is_known_only_if_both_are() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let good = || snapshot(&ends(&[9, 9]), &ends(&[5, 5]));
    let mut anew = good();
    anew.groups[0].orphans.push(Orphan { topic: "orders".into(), partition: 2, of: Some(2) });
    read(&mut state, 1, [anew, good()]);
    let described = unknown(&state, 1);
    assert!(
        described.len() == 1
            && described[0].contains("checkout of events, source")
            && described[0].contains("it was recreated"),
        "{described:?}"
    );

    let mut moved = good();
    moved.topics[0].fault = Some(Fault::new(FaultKind::NotFound, "ListOffsets: unknown topic or partition"));
    moved.ends[0] = Offset::UNKNOWN;
    read(&mut state, 2, [moved, good()]);
    let described = unknown(&state, 2);
    assert!(described.iter().any(|t| t.starts_with("topic orders of events, source: NOT FOUND")), "{described:?}");
}

/// ListGroups omits what a login may not describe, without an error.
#[test]
fn where_no_group_may_be_listed_none_is_known_to_be_absent() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let good = || snapshot(&ends(&[9]), &ends(&[5]));
    let denied = || Snapshot { partial: Some(refused()), groups: vec![], commits: vec![], ..good() };
    read(&mut state, 1, [good(), denied()]);
    for id in ["kafka.group.active", "kafka.group.lag", "kafka.group.stable"] {
        assert_eq!(kind(&signal(&state, at(1), id, &TARGET)), Some(FaultKind::Refused), "{id}");
    }
    let described = unknown(&state, 1);
    assert!(
        described.len() == 1 && described[0].starts_with("consumer group checkout of events, target: REFUSED"),
        "{described:?}"
    );
    // Nor are its commits there known: overwritten values could not be restored.
    let syncs = || {
        let mut syncs = super::super::Syncs::of_topics(vec!["mm2-offset-syncs.internal".into()]);
        syncs.take("orders", 0, super::super::Sync { upstream: 2, downstream: 2 });
        syncs
    };
    let over = plan::Action::CommitOffsets { pair: "events".into(), group: "checkout".into(), to: Side::Target };
    state.apply(&Query::Syncs { pair: 0, side: Side::Target }, Observation::Syncs(syncs()), stamp(1));
    let draft = |state: &State| crate::planner::Planner::draft(state, &over, at(1)).expect("ours");
    assert!(draft(&state).is_err_and(|faults| faults[0].kind == FaultKind::Refused));
    let empty = Snapshot { groups: vec![], commits: vec![], ..good() };
    read(&mut state, 1, [good(), empty]);
    assert!(draft(&state).is_ok(), "it is known to have nothing there");
    assert_eq!(signal(&state, at(1), "kafka.group.active", &TARGET).fresh(), Some(0.0));
    // The same at the origin: its position is unknown, not absent.
    read(&mut state, 1, [denied(), good()]);
    assert_eq!(kind(&signal(&state, at(1), "kafka.group.unled_partitions", &TARGET)), Some(FaultKind::Refused));
}

#[test]
fn what_only_a_pattern_named_is_forgotten_once_it_is_gone_from_both_sides() {
    let (mut state, _) = State::new(&plan(&["*"], &["ord*"], ""));
    let good = || snapshot(&ends(&[9]), &ends(&[5]));
    let both = || Snapshot { groups: vec![good().groups.remove(0), group("console-consumer-83712")], ..good() };
    let without = || Snapshot {
        topics: vec![],
        ends: vec![],
        starts: vec![],
        stable: vec![],
        groups: vec![],
        commits: vec![],
        ..good()
    };
    let config = || BTreeMap::from([("orders".into(), Config::default())]);
    for of in Side::BOTH {
        state.apply(&Query::Configs { pair: 0, side: of }, Observation::Configs(config()), stamp(1));
    }
    let unequal = |state: &State, s| signal(state, at(s), "kafka.pair.unequal_topics", &["events"]);
    let worst = |state: &State, s| signal(state, at(s), "kafka.pair.worst_lag_seconds", &["events", "source"]);
    read(&mut state, 1, [both(), good()]);
    assert_eq!((unknown(&state, 1), unequal(&state, 1).fresh()), (vec![], Some(0.0)));

    // One observation without it may come from a broker with old metadata; an incomplete one shows nothing.
    read(&mut state, 2, [good(), good()]);
    assert_eq!(unknown(&state, 2).len(), 2, "{:?}", unknown(&state, 2));
    let partial = || Snapshot { partial: Some(refused()), ..good() };
    read(&mut state, 3, [partial(), good()]);
    assert_eq!(unknown(&state, 3).len(), 2, "{:?}", unknown(&state, 3));
    assert!(!worst(&state, 3).is_fresh());
    read(&mut state, 4, [good(), good()]);
    assert_eq!(unknown(&state, 4), Vec::<String>::new());
    assert!(worst(&state, 4).is_fresh() && !parity::group_names(&state.pairs[0]).contains("console-consumer-83712"));

    // If it is missing on one side only it stays, and what is copied counts as missing there.
    for s in 5..9 {
        read(&mut state, s, [good(), without()]);
    }
    assert_eq!(unequal(&state, 8).fresh(), Some(1.0));
    assert!(unknown(&state, 8).is_empty(), "it is on the source");
    for s in 9..12 {
        read(&mut state, s, [without(), without()]);
    }
    assert_eq!((unequal(&state, 11).fresh(), unknown(&state, 11)), (Some(0.0), vec![]));
    assert!(parity::topic_names(&state.pairs[0]).is_empty());
    // Created again it counts as new.
    read(&mut state, 12, [good(), good()]);
    read(&mut state, 13, [good(), good()]);
    assert_eq!((unknown(&state, 13), worst(&state, 13).is_fresh()), (vec![], true));
}

#[test]
fn what_the_plan_names_is_missed_for_as_long_as_it_is_gone() {
    let (mut state, _) = State::new(&plan(&["checkout", "*"], &["orders"], ""));
    read(&mut state, 1, [snapshot(&ends(&[9]), &ends(&[5])), snapshot(&ends(&[9]), &ends(&[5]))]);
    for s in 2..9 {
        read(&mut state, s, [Snapshot::default(), Snapshot::default()]);
    }
    let described = unknown(&state, 8);
    assert_eq!(described.len(), 4, "{described:?}");
    assert!(described.iter().all(|t| t.contains("no longer exists, last seen 7.0s ago")), "{described:?}");
}

#[test]
fn a_configuration_that_was_not_read_is_neither_like_another_nor_unlike() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let unequal = |state: &State| signal(state, at(1), "kafka.pair.unequal_topics", &["events"]);
    let configs = |state: &mut State, of, topics: &[&str], retention: &str| {
        let config = Config(BTreeMap::from([("retention.ms", retention.to_owned())]));
        let all = topics.iter().map(|topic| (Arc::from(*topic), config.clone())).collect();
        state.apply(&Query::Configs { pair: 0, side: of }, Observation::Configs(all), stamp(1));
    };
    let of = |partitions: &[i64]| snapshot(&ends(partitions), &[]);
    read(&mut state, 1, [of(&[9, 9]), of(&[9, 9])]);
    configs(&mut state, Side::Source, &["orders"], "1");
    configs(&mut state, Side::Target, &[], "1");
    match unequal(&state) {
        Observed::Unknown(fault) => {
            assert_eq!(fault.text.raw(), "the configuration of topic orders on the target was not read")
        }
        other => panic!("{other:?}"),
    }
    read(&mut state, 1, [of(&[9, 9]), of(&[9])]);
    assert_eq!(unequal(&state).fresh(), Some(1.0), "whatever its configuration is");
    read(&mut state, 1, [of(&[9, 9]), of(&[9, 9])]);
    configs(&mut state, Side::Target, &["orders"], "1");
    assert_eq!(unequal(&state).fresh(), Some(0.0));
    configs(&mut state, Side::Target, &["orders"], "2");
    assert_eq!(unequal(&state).fresh(), Some(1.0));
}

/// With `groups = ["*"]` all groups of all other topics are included, too.
#[test]
fn a_group_that_never_committed_blinds_no_sum_and_one_that_is_named_does() {
    let described = |groups: &[&str]| {
        let (mut state, _) = State::new(&plan(groups, &["orders"], ""));
        let good = || snapshot(&ends(&[100]), &ends(&[100]));
        let facts = || Snapshot { groups: vec![good().groups.remove(0), group("others")], ..good() };
        read(&mut state, 1, [facts(), facts()]);
        state
    };
    let worst = |state: &State| signal(state, at(1), "kafka.pair.worst_lag_seconds", &["events", "source"]);
    let others = |state: &State, id: &str| signal(state, at(1), id, &["events", "source", "others"]);
    let state = described(&["*"]);
    assert_eq!(worst(&state).fresh(), Some(0.0));
    assert_eq!(others(&state, "kafka.group.lag"), Observed::Pending, "there is no such series");
    assert_eq!(others(&state, "kafka.group.active").fresh(), Some(1.0));
    assert_ne!(view::tiles(&state, at(1))[0].value.tone, Tone::Blind);

    let state = described(&["checkout", "others"]);
    assert_eq!(
        (kind(&worst(&state)), kind(&others(&state, "kafka.group.lag"))),
        (Some(FaultKind::Empty), Some(FaultKind::Empty))
    );

    // A group that had a lag and no longer has a commit is not one that never had any.
    let (mut state, _) = State::new(&plan(&["*"], &["orders"], ""));
    read(&mut state, 1, [snapshot(&ends(&[100]), &ends(&[90])), snapshot(&ends(&[100]), &ends(&[100]))]);
    read(&mut state, 2, [snapshot(&ends(&[100]), &[]), snapshot(&ends(&[100]), &ends(&[100]))]);
    assert_eq!(kind(&signal(&state, at(2), "kafka.group.lag", &CHECKOUT)), Some(FaultKind::Empty));
}

#[test]
fn a_group_that_is_still_to_come_over_does_not_blind_the_tile() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let none = || Snapshot { groups: vec![], commits: vec![], ..snapshot(&ends(&[100]), &[]) };
    read(&mut state, 1, [snapshot(&ends(&[100]), &ends(&[100])), none()]);
    let tone = |state: &State| view::tiles(state, at(1))[0].value.tone;
    assert_ne!(tone(&state), Tone::Blind);
    read(&mut state, 1, [none(), none()]);
    assert_eq!(tone(&state), Tone::Blind, "it is nowhere");
    let denied = Snapshot { partial: Some(refused()), ..none() };
    read(&mut state, 1, [snapshot(&ends(&[100]), &ends(&[100])), denied]);
    assert_eq!(tone(&state), Tone::Blind, "whether it is there is not known");
}

#[test]
fn a_lag_behind_an_unknown_start_is_not_known() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let mut lag = |starts: [i64; 2], commits: [i64; 2], s: u64| {
        let facts = Snapshot { starts: ends(&starts), ..snapshot(&ends(&[280, 100]), &ends(&commits)) };
        state.apply(&source(), Observation::Snapshot(facts), stamp(s));
        signal(&state, at(s), "kafka.group.lag", &CHECKOUT)
    };
    assert_eq!(lag([280, 0], [10, 100], 1).fresh(), Some(0.0));
    match lag([-1001, 0], [10, 100], 2) {
        Observed::Unknown(fault) => assert!(fault.text.raw().contains("the start of orders-0 is not known"), "{fault}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        lag([-1001, -1001], [280, 100], 3).fresh(),
        Some(0.0),
        "nothing lies behind the end, wherever the log starts"
    );
    assert_eq!(lag([-1001, 0], [300, 100], 4).fresh(), None);
}

/// A transactional topic ends with a marker, which no mirror copies.
#[test]
fn what_is_no_record_is_not_waited_for_to_be_copied() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let mut syncs = super::super::Syncs::of_topics(vec!["mm2-offset-syncs.internal".into()]);
    syncs.take("orders", 0, super::super::Sync { upstream: 9, downstream: 9 });
    state.apply(&Query::Syncs { pair: 0, side: Side::Target }, Observation::Syncs(syncs), stamp(1));
    let mut uncopied = |end: i64, hollow: &[(u32, i64)]| {
        let facts = Snapshot { hollow: hollow.iter().copied().collect(), ..snapshot(&ends(&[end]), &ends(&[9])) };
        state.apply(&source(), Observation::Snapshot(facts), stamp(1));
        signal(&state, at(1), "kafka.topic.uncopied", &["events", "source", "orders"]).fresh()
    };
    assert_eq!(uncopied(11, &[]), Some(1.0), "it may be a record");
    assert_eq!(uncopied(11, &[(0, 10)]), Some(0.0));
    assert_eq!(uncopied(15, &[(0, 14)]), Some(4.0), "records before the marker count");
}

/// Without READ on the topic a lag of markers stays: the reason is shown beside it.
#[test]
fn a_lag_that_could_not_be_read_says_why() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let denied = || {
        BTreeMap::from([(
            Arc::from("orders"),
            Fault::new(FaultKind::Refused, "the end of orders could not be looked at"),
        )])
    };
    let mut described = |commit: i64| {
        let facts = Snapshot { unread: denied(), ..snapshot(&ends(&[11]), &ends(&[commit])) };
        state.apply(&source(), Observation::Snapshot(facts), stamp(1));
        let detail = state.detail("groups", "events/checkout", at(1)).expect("a row");
        detail.fields.into_iter().any(|(name, cell)| {
            name == "VIR lag may be transaction markers only" && cell.text.contains("could not be looked at")
        })
    };
    assert!(described(10));
    assert!(!described(11), "there is no lag");
}

/// Two copies of one topic with two prefixes, by patterns whose overlap no plan shows.
#[test]
fn of_a_topic_that_two_mirrors_copy_no_offset_sync_is_gone_by() {
    let mut plan = plan(&["checkout"], &["orders"], "");
    let pair = &mut Arc::make_mut(&mut plan).kafka[0];
    let second = Mirror { topics: patterns(&["ord*"]), prefix: "vir.".into(), ..pair.mirrors[0].clone() };
    pair.mirrors.push(second);
    let (mut state, _) = State::new(&plan);
    let good = || snapshot(&ends(&[9]), &ends(&[5]));
    read(&mut state, 1, [good(), good()]);
    let mut syncs = super::super::Syncs::of_topics(vec!["mm2-offset-syncs.internal".into()]);
    syncs.take("orders", 0, super::super::Sync { upstream: 2, downstream: 2 });
    state.apply(&Query::Syncs { pair: 0, side: Side::Target }, Observation::Syncs(syncs), stamp(1));
    let over = plan::Action::CommitOffsets { pair: "events".into(), group: "checkout".into(), to: Side::Target };
    let faults =
        crate::planner::Planner::draft(&state, &over, at(1)).expect("ours").expect_err("neither can be gone by");
    assert!(faults[0].text.raw().contains("two mirrors from the source copy orders"), "{faults:?}");
    let uncopied = signal(&state, at(1), "kafka.topic.uncopied", &["events", "source", "orders"]);
    let own = signal(&state, at(1), "kafka.topic.own_records", &["events", "target", "orders"]);
    assert_eq!((kind(&uncopied), kind(&own)), (Some(FaultKind::Unsupported), Some(FaultKind::Unsupported)));
}
