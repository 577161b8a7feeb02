//! Lag in messages and in seconds, and what is no lag: lost records, open transactions, offsets without a record.

use super::{super::signals, *};

#[test]
fn lag_is_reported_in_messages_and_in_seconds() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    // Two partitions that get ten records a second each; the group's commits are 100 and 90.
    for t in 0..=20_i64 {
        let now = u64::try_from(t).unwrap();
        let facts = snapshot(&ends(&[100 + 10 * t, 100 + 10 * t]), &ends(&[100, 90 + 10 * t]));
        state.apply(&source(), Observation::Snapshot(facts), stamp(now));
    }
    let now = at(20);
    assert_eq!(signal(&state, now, "kafka.group.lag", &CHECKOUT).fresh(), Some(210.0));
    // The record after 100 was written at 0 s: twenty seconds ago; the other partition is one second behind.
    assert_eq!(signal(&state, now, "kafka.group.lag_seconds", &CHECKOUT).fresh(), Some(20.0));
    let grows = signal(&state, now, "kafka.group.drain_seconds", &CHECKOUT).fresh();
    assert_eq!(grows, Some(signals::NEVER), "a lag that grows never drains");
    let rate = signal(&state, now, "kafka.topic.produce_rate", &["events", "source", "orders"]).fresh().unwrap();
    assert!((rate - 20.0).abs() < 1e-9, "{rate}");
}

#[test]
fn a_lag_older_than_the_watch_is_never_little() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    state.apply(&source(), Observation::Snapshot(snapshot(&ends(&[5000]), &ends(&[10]))), stamp(1));
    assert_eq!(signal(&state, at(1), "kafka.group.lag_seconds", &CHECKOUT).fresh(), Some(signals::NEVER));
    let worst = signal(&state, at(1), "kafka.pair.worst_lag_seconds", &["events", "source"]);
    assert_eq!(worst.fresh(), Some(signals::NEVER));
}

#[test]
fn one_unknown_partition_takes_the_sum_away() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let facts = snapshot(&ends(&[100, -1001]), &ends(&[100, 50]));
    state.apply(&source(), Observation::Snapshot(facts), stamp(1));
    for id in ["kafka.group.lag", "kafka.group.lag_seconds", "kafka.group.drain_seconds"] {
        assert!(kind(&signal(&state, at(1), id, &CHECKOUT)).is_some(), "{id}");
    }
    assert_eq!(signal(&state, at(1), "kafka.group.unknown_partitions", &CHECKOUT).fresh(), Some(1.0));
    assert!(kind(&signal(&state, at(1), "kafka.pair.worst_lag_seconds", &["events", "source"])).is_some());
    let row = &state.panel(at(1)).tables[0].rows[0];
    assert!(row.cells.iter().any(|c| c.tone == Tone::Blind), "{row:?}");
}

#[test]
fn a_commit_beyond_the_end_is_unknown_and_a_missing_one_is_listed() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    state.apply(&source(), Observation::Snapshot(snapshot(&ends(&[5]), &ends(&[100]))), stamp(1));
    assert_eq!(kind(&signal(&state, at(1), "kafka.group.lag", &CHECKOUT)), Some(FaultKind::Malformed));

    let mut facts = snapshot(&ends(&[100, 100, 100]), &ends(&[60]));
    facts.commits.push(Commit { slot: 1, owner: 0, offset: Offset::NEVER });
    facts.groups[0].commits = 0..2;
    state.apply(&source(), Observation::Snapshot(facts), stamp(2));
    assert_eq!(signal(&state, at(2), "kafka.group.lag", &CHECKOUT).fresh(), Some(40.0));
    assert_eq!(signal(&state, at(2), "kafka.group.uncommitted_partitions", &CHECKOUT).fresh(), Some(2.0));
}

/// Bug reports of two other consoles: retention has deleted all unread records of a group, and the lag that is counted never drains.
#[test]
fn what_lies_before_the_start_of_the_log_is_lost_and_no_lag() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let mut read = |commits: [i64; 2], starts: &[i64], at| {
        let facts = Snapshot { starts: ends(starts), ..snapshot(&ends(&[100, 100]), &ends(&commits)) };
        state.apply(&source(), Observation::Snapshot(facts), stamp(at));
    };
    read([10, 40], &[100, 0], 1);
    read([10, 40], &[100, 70], 2);
    let figure = |state: &State, id: &str| signal(state, at(3), id, &CHECKOUT);
    assert_eq!(
        figure(&state, "kafka.group.lag").fresh(),
        Some(30.0),
        "of the one partition nothing is left, of the other thirty"
    );
    assert_eq!(figure(&state, "kafka.group.lost_records").fresh(), Some(120.0));
    let mut read = |commits: [i64; 2], starts: &[i64], at| {
        let facts = Snapshot { starts: ends(starts), ..snapshot(&ends(&[100, 100]), &ends(&commits)) };
        state.apply(&source(), Observation::Snapshot(facts), stamp(at));
    };
    read([10, 100], &[100, 70], 3);
    assert_eq!(figure(&state, "kafka.group.lag").fresh(), Some(0.0));
    assert_eq!(figure(&state, "kafka.group.drain_seconds").fresh(), Some(0.0));
    assert_eq!(figure(&state, "kafka.group.lag_seconds").fresh(), Some(0.0));
    assert_eq!(figure(&state, "kafka.group.lost_records").fresh(), Some(90.0));
    // An unknown start is not zero: without it neither the lost nor the remaining records are known.
    let facts = Snapshot { starts: ends(&[-1001, 70]), ..snapshot(&ends(&[100, 100]), &ends(&[10, 100])) };
    state.apply(&source(), Observation::Snapshot(facts), stamp(4));
    assert_eq!(kind(&figure(&state, "kafka.group.lag")), Some(FaultKind::Malformed));
    assert_eq!(kind(&figure(&state, "kafka.group.lost_records")), Some(FaultKind::Malformed));
}

#[test]
fn an_open_transaction_is_neither_drained_nor_standing_still() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let mut second = 0;
    let mut read = |state: &mut State, end: i64, stable: i64| {
        second += 1;
        let facts = Snapshot { stable: ends(&[stable]), ..snapshot(&ends(&[end]), &ends(&[200])) };
        state.apply(&source(), Observation::Snapshot(facts), stamp(second));
    };
    let figure = |state: &State, id: &str| signal(state, at(9), id, &CHECKOUT).fresh();
    let topic = |state: &State, id: &str| signal(state, at(9), id, &["events", "source", "orders"]);
    // Nothing is written any more, and read_committed has read all that it can.
    (0..5).for_each(|_| read(&mut state, 1663, 200));
    assert_eq!(figure(&state, "kafka.group.lag"), Some(1463.0));
    assert_eq!(topic(&state, "kafka.topic.still_polls").fresh(), Some(0.0));
    assert_eq!(topic(&state, "kafka.topic.open_records").fresh(), Some(1463.0));
    read(&mut state, 1663, -1001);
    assert_eq!(
        kind(&topic(&state, "kafka.topic.still_polls")),
        Some(FaultKind::Malformed),
        "what is not known is not still"
    );
    // Aborted: the marker is one offset more.
    (0..3).for_each(|_| read(&mut state, 1664, 1664));
    assert_eq!(topic(&state, "kafka.topic.still_polls").fresh(), Some(2.0));
    assert_eq!(topic(&state, "kafka.topic.open_records").fresh(), Some(0.0));
}

#[test]
fn offsets_at_the_end_that_are_no_records_are_no_lag() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let mut read = |commit: i64, end: i64, at| {
        let hollow = std::collections::BTreeMap::from([(0, 10)]);
        let facts = Snapshot { hollow, ..snapshot(&ends(&[end]), &ends(&[commit])) };
        state.apply(&source(), Observation::Snapshot(facts), stamp(at));
        signal(&state, self::at(at), "kafka.group.lag", &CHECKOUT).fresh()
    };
    assert_eq!(read(10, 11, 1), Some(0.0), "behind the last record there is a marker");
    assert_eq!(read(7, 11, 2), Some(3.0));
    assert_eq!(read(11, 11, 3), Some(0.0));
}

#[test]
fn a_topic_made_anew_is_reported_by_its_name() {
    let (mut state, _) = State::new(&plan(&["checkout"], &["orders"], ""));
    let words = |state: &State| match signal(state, at(2), "kafka.group.lag", &CHECKOUT) {
        Observed::Unknown(fault) => fault.text.to_string(),
        other => panic!("{other:?}"),
    };
    let mut facts = snapshot(&ends(&[7, 7]), &ends(&[5, 5]));
    facts.groups[0].orphans.push(Orphan { topic: "orders".into(), partition: 2, of: Some(2) });
    state.apply(&source(), Observation::Snapshot(facts), stamp(1));
    assert_eq!(
        words(&state),
        "group checkout has commits on orders-2, but the topic has only 2 partitions: it was recreated"
    );
    state.apply(&source(), Observation::Snapshot(snapshot(&ends(&[7, 7]), &ends(&[5, 100]))), stamp(2));
    assert_eq!(
        words(&state),
        "group checkout stands at 100 of orders-1, which ends at 7: the topic was recreated or truncated"
    );
}
