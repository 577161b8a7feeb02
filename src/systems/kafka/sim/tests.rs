use std::time::Duration;

use super::super::{
    State,
    facts::GroupState,
    handover,
    ops::{
        Call, Version, read_again, stands,
        tests::{plan, to},
    },
};
use crate::{
    kafka::FaultInjection,
    planner::{Planner, SimulateWrites, played::Played},
};
use base::{
    operation::Precondition,
    side::Side,
    step::{Reply, Truth},
};

fn estate() -> Played<State> {
    let mut at = Played::new(&plan());
    at.pass(30);
    at
}

/// A group's state and its lag, on a side.
fn group(at: &Played<State>, side: Side) -> (GroupState, i64) {
    let seen = at.state.pairs[0].cluster(side).group("checkout", at.now).fresh().expect("known");
    (seen.facts.state, seen.figures().expect("a lag").lag)
}

#[test]
fn a_group_goes_over_reads_a_little_again_and_drains() {
    let mut at = estate();
    let (was, behind) = group(&at, Side::Target);
    assert_eq!((group(&at, Side::Source).0, was), (GroupState::Stable, GroupState::Empty));
    let over = at.draft(&to(Side::Target)).expect("a draft");
    at.play(&over.ops);
    assert!(group(&at, Side::Target).1 <= behind, "it stands nearer to the end than before");
    at.pass(25);
    let (state, start) = group(&at, Side::Target);
    assert_eq!(at.verify("t1", &over.ops[0]).truth, Truth::Conflict, "it has gone on from there, or from anywhere");
    assert_eq!((state, group(&at, Side::Source).0), (GroupState::Stable, GroupState::Empty));
    assert!(start > 0, "what lies between the last sync and its commit is read again");
    for _ in 0..30 {
        at.pass(10);
    }
    let (_, end) = group(&at, Side::Target);
    assert!(end < start / 2, "{end} of {start}");
    assert_eq!(at.is_satisfied(&to(Side::Target)), Some(true), "it has gone on from there");
}

#[test]
fn the_way_back_needs_an_empty_group_and_puts_back_what_was_there() {
    let mut at = estate();
    let over = at.draft(&to(Side::Target)).expect("a draft");
    at.play(&over.ops);
    at.pass(60);
    let back = at.state.inverse(&over.inverse, at.now).expect("a way back");
    assert!(back.notes.iter().any(|n| n.contains("refuses it until it is Empty")), "{:?}", back.notes);
    let refused = at.send("early", &back.ops[0]);
    assert_eq!(refused.reply, Reply::Refused);
    assert!(refused.detail.starts_with("NON_EMPTY_GROUP"), "{}", refused.detail);
    assert_ne!(at.verify("early", &back.ops[0]).truth, Truth::Applied);
    at.pass(30);
    assert_eq!(group(&at, Side::Target).0, GroupState::Empty, "whoever runs it has stopped it");
    let back = at.state.inverse(&over.inverse, at.now).expect("a way back");
    at.play(&back.ops);
    at.pass(30);
    assert_eq!((group(&at, Side::Source).0, group(&at, Side::Target).0), (GroupState::Stable, GroupState::Empty));
    assert!(at.state.inverse(&over.inverse, at.now).expect("a way back").ops.is_empty());
    assert_eq!(at.log(), ["t1", "t2"]);
}

#[test]
fn an_external_change_is_found_out() {
    let mut at = estate();
    let first = at.draft(&to(Side::Target)).expect("a draft").ops;
    // The mirror translates until a commit is made: only then is there a position to compare with.
    assert_eq!(at.verify("a", &first[0]).truth, Truth::NotApplied);
    State::external_change(&mut at.sim, &to(Side::Target), at.now);
    assert_eq!(at.verify("a", &first[0]).truth, Truth::Conflict);
    assert_eq!(at.send("a", &first[0]).reply, Reply::Accepted);
    assert_eq!(at.verify("a", &first[0]).truth, Truth::Applied);
    State::external_change(&mut at.sim, &to(Side::Target), at.now);
    assert_eq!(at.verify("a", &first[0]).truth, Truth::Conflict);
    assert_eq!(at.log(), ["a"]);
}

#[test]
fn the_same_values_twice_change_nothing() {
    let mut at = estate();
    let ops = at.draft(&to(Side::Target)).expect("a draft").ops;
    assert_eq!((at.send("a", &ops[0]).reply, at.send("a", &ops[0]).reply), (Reply::Accepted, Reply::Accepted));
    assert_eq!(at.verify("a", &ops[0]).truth, Truth::Applied);
    assert_eq!(at.log(), ["a", "a"]);
    at.read();
    assert!(at.draft(&to(Side::Target)).expect("a draft").ops.is_empty(), "it is where it should be");
}

#[test]
fn what_nobody_can_see_is_unobservable() {
    let mut at = estate();
    let op = at.draft(&to(Side::Target)).expect("a draft").ops.remove(0);
    let look = |at: &mut Played<State>, call: &Call, mark: Option<&Version>| {
        State::verify(&mut at.sim, "a", call, mark, at.now).truth
    };
    assert_eq!(look(&mut at, &op.call, None), Truth::Unobservable, "nothing tells not applied from a conflict");
    let Call::Commit { pair, side, offsets, .. } = op.call.clone();
    let other = Call::Commit { pair, side, offsets, group: "nobody".to_owned() };
    let Precondition::Observed(mark) = op.precondition else { panic!("no mark") };
    assert_eq!(look(&mut at, &other, Some(&mark)), Truth::Unobservable);
    assert_eq!(State::write(&mut at.sim, "a", &other, None, at.now).reply, Reply::Refused);
    assert!(at.log().is_empty());
}

fn inject(at: &mut Played<State>, what: &FaultInjection) {
    State::inject(&mut at.sim, what, at.now).expect("it is there");
}

fn pace(group: &str, of_produced: f64) -> FaultInjection {
    FaultInjection::Pace { pair: "events".to_owned(), group: group.to_owned(), of_produced }
}

fn producers(on: Side, stragglers: &[&str]) -> FaultInjection {
    let stragglers = stragglers.iter().map(|s| (*s).to_owned()).collect();
    FaultInjection::Producers { pair: "events".to_owned(), on, stragglers }
}

fn sync_every(seconds: u64) -> FaultInjection {
    FaultInjection::SyncEvery { pair: "events".to_owned(), every: Duration::from_secs(seconds) }
}

/// Advances time, read every few seconds.
fn live(at: &mut Played<State>, seconds: u64) {
    (0..seconds / 5).for_each(|_| at.pass(5));
}

/// A group's lag on the source.
fn lag(at: &Played<State>, group: &str) -> i64 {
    let seen = at.state.pairs[0].cluster(Side::Source).group(group, at.now).fresh().expect("known");
    seen.figures().expect("a lag").lag
}

fn end(at: &Played<State>, side: Side, topic: &str) -> i64 {
    let seen = at.state.pairs[0].cluster(side).seen(at.now).fresh().expect("known");
    let topic = seen.facts.topic(topic).expect("a topic");
    seen.facts.ends_of(topic).iter().map(|end| end.known().expect("known")).sum()
}

fn rate(at: &Played<State>, side: Side, topic: &str) -> f64 {
    at.state.pairs[0].cluster(side).topic(topic, at.now).fresh().expect("there").rate().expect("a rate")
}

fn missing(at: &Played<State>, topic: &str) -> Option<i64> {
    handover::uncopied(&at.state.pairs[0], Side::Source, topic, at.now).fresh()
}

fn own(at: &Played<State>, topic: &str) -> Option<i64> {
    handover::own_records(&at.state.pairs[0], Side::Target, topic, Duration::from_secs(1), at.now).fresh()
}

/// Records that are read again according to the preview.
fn again(at: &Played<State>) -> i64 {
    let seen = |side| at.state.pairs[0].cluster(side).seen(at.now).fresh().expect("known");
    let message = at.state.pairs[0].announced(Side::Target, at.now).fresh().expect("known");
    let places =
        stands(&at.state.pairs[0], "checkout", Side::Target, (seen(Side::Source), seen(Side::Target), message), at.now);
    let places = places.expect("known").unwrap_or_else(|faults| panic!("{faults:?}"));
    read_again(&places).iter().map(|(_, n)| n).sum()
}

#[test]
fn a_group_that_is_given_its_pace_keeps_it() {
    let mut at = estate();
    let made = |at: &Played<State>| ["orders", "payments"].map(|t| end(at, Side::Source, t)).iter().sum::<i64>();
    inject(&mut at, &pace("checkout", 0.0));
    let (before, started) = (lag(&at, "checkout"), made(&at));
    live(&mut at, 60);
    // It is stopped: all produced records are added to its lag.
    let (grown, produced) = (lag(&at, "checkout") - before, made(&at) - started);
    assert!((grown - produced).abs() < 100, "{grown} of {produced}");
    inject(&mut at, &pace("checkout", 1.0));
    let kept = lag(&at, "checkout");
    live(&mut at, 60);
    assert!(kept > 50 * before && (lag(&at, "checkout") - kept).abs() < 100, "it keeps its distance: {kept}");
    inject(&mut at, &pace("checkout", 3.0));
    live(&mut at, 60);
    let level = lag(&at, "checkout");
    assert!((before / 2..before * 2).contains(&level), "only what is in flight: {level}, {before} before");
}

#[test]
fn producers_go_over_and_the_groups_they_leave_drain() {
    let mut at = estate();
    live(&mut at, 30);
    assert!(lag(&at, "billing") > lag(&at, "checkout") && lag(&at, "checkout") > 0);
    let usual = rate(&at, Side::Source, "orders");
    inject(&mut at, &producers(Side::Target, &[]));
    let stood = end(&at, Side::Source, "orders");
    live(&mut at, 60);
    assert_eq!((end(&at, Side::Source, "orders"), rate(&at, Side::Source, "orders")), (stood, 0.0));
    let there = rate(&at, Side::Target, "orders");
    assert!((there / usual - 1.0).abs() < 0.2, "{there} for {usual}");
    assert_eq!((lag(&at, "checkout"), missing(&at, "orders")), (0, Some(0)));
    assert!(own(&at, "orders").expect("known") > 0, "what producers write there is no copy");
    live(&mut at, 240);
    assert_eq!(
        at.is_satisfied(&to(Side::Target)),
        Some(false),
        "a translated commit does not go on among records that are no copies"
    );
    assert_eq!((lag(&at, "billing"), again(&at)), (0, 0));
    inject(&mut at, &producers(Side::Source, &[]));
    live(&mut at, 120);
    assert!((rate(&at, Side::Source, "orders") / usual - 1.0).abs() < 0.3);
    assert!(lag(&at, "checkout") > 0 && again(&at) > 0, "in flight again");
    // After the mirror has written a sync, no more records are known to be by another writer.
    let copied = |at: &Played<State>| end(at, Side::Target, "orders");
    let (before, started) = (copied(&at), end(&at, Side::Source, "orders"));
    live(&mut at, 60);
    assert_eq!(copied(&at) - before, end(&at, Side::Source, "orders") - started, "each record once");
    assert_eq!(own(&at, "orders"), Some(0));
}

#[test]
fn stragglers_stay_where_they_are() {
    let mut at = estate();
    inject(&mut at, &producers(Side::Target, &["payments"]));
    live(&mut at, 60);
    assert_eq!(rate(&at, Side::Source, "orders"), 0.0);
    let (here, there) = (rate(&at, Side::Source, "payments"), rate(&at, Side::Target, "payments"));
    assert!(here > 1.0 && (there / here - 1.0).abs() < 0.01, "{here} is copied: {there}");
    assert!(lag(&at, "checkout") > 0 && missing(&at, "payments").expect("known") > 0);
    assert_eq!(own(&at, "payments"), Some(0));
    inject(&mut at, &producers(Side::Target, &[]));
    live(&mut at, 120);
    assert_eq!(
        (rate(&at, Side::Source, "payments"), lag(&at, "checkout"), missing(&at, "payments")),
        (0.0, 0, Some(0))
    );
}

#[test]
fn a_mirror_that_seldom_writes_offsets_down_makes_more_be_read_again() {
    let behind = |at: &Played<State>| group(at, Side::Target).1;
    let mut at = estate();
    let worst = |at: &mut Played<State>, seconds: u64| {
        let each = (0..seconds / 5).map(|_| {
            at.pass(5);
            again(at)
        });
        each.max().expect("some")
    };
    let (usual, translated) = (worst(&mut at, 120), behind(&at));
    inject(&mut at, &sync_every(600));
    let seldom = worst(&mut at, 900);
    assert!(seldom > 5 * usual, "{seldom}, {usual} before");
    assert!(behind(&at) > 5 * translated, "so are the commits that it translates");
    inject(&mut at, &sync_every(60));
    at.pass(1);
    assert_eq!(behind(&at), translated);
    assert!(worst(&mut at, 300) < 2 * usual);
}

#[test]
fn what_retention_took_on_the_other_side_is_not_led_to() {
    let mut at = estate();
    at.draft(&to(Side::Target)).expect("a draft");
    let retention =
        |side, keeps| FaultInjection::Retention { pair: "events".to_owned(), side, topic: "orders".to_owned(), keeps };
    inject(&mut at, &retention(Side::Target, 0));
    at.pass(1);
    let faults = at.draft(&to(Side::Target)).expect_err("its place is gone");
    assert!(faults.iter().all(|f| f.text.raw().contains("were deleted there")) && !faults.is_empty(), "{faults:?}");
    assert_eq!(at.is_satisfied(&to(Side::Target)), None);
    // Where it has read nothing of the deleted records, it is translated as before, and its loss on the former side is reported.
    let mut at = estate();
    inject(&mut at, &pace("checkout", 0.0));
    live(&mut at, 60);
    let lost = |at: &Played<State>| {
        let seen = at.state.pairs[0].cluster(Side::Source).group("checkout", at.now).fresh().expect("known");
        seen.lost().expect("known")
    };
    let behind = lag(&at, "checkout");
    assert_eq!(lost(&at), 0);
    inject(&mut at, &retention(Side::Source, 10));
    at.pass(0);
    assert!(lost(&at) > 0, "its records are gone before it read them");
    assert_eq!(lag(&at, "checkout") + lost(&at), behind);
}

#[test]
fn an_open_transaction_keeps_a_topic_from_standing_still() {
    let mut at = estate();
    let transaction =
        |open| FaultInjection::Transaction { pair: "events".to_owned(), topic: "orders".to_owned(), open };
    let seen = |at: &Played<State>| {
        let topic = at.state.pairs[0].cluster(Side::Source).topic("orders", at.now).fresh().expect("there");
        (topic.open().expect("known"), topic.still().expect("known"))
    };
    inject(&mut at, &transaction(true));
    live(&mut at, 20);
    inject(&mut at, &producers(Side::Target, &[]));
    live(&mut at, 60);
    let (open, still) = seen(&at);
    assert!(open > 1000 && still == 0, "{open} open, {still} polls");
    inject(&mut at, &transaction(false));
    live(&mut at, 30);
    assert_eq!(seen(&at), (0, 6));
}

#[test]
fn what_is_not_there_is_named_and_nothing_happens() {
    let mut at = estate();
    let message = |at: &mut Played<State>, what: &FaultInjection| {
        State::inject(&mut at.sim, what, at.now).expect_err("not there")
    };
    assert_eq!(message(&mut at, &pace("nobody", 1.0)), "no group nobody on events");
    assert_eq!(message(&mut at, &producers(Side::Target, &["orders", "none"])), "no topic none on events");
    let every = Duration::from_secs(1);
    assert_eq!(message(&mut at, &FaultInjection::SyncEvery { pair: "x".to_owned(), every }), "no pair of clusters x");
    let before = end(&at, Side::Source, "orders");
    live(&mut at, 30);
    assert!(end(&at, Side::Source, "orders") > before, "all producers are where they were");
}
