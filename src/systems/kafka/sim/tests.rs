use super::super::{
    State,
    facts::GroupState,
    ops::{
        Call, Mark,
        tests::{plan, to},
    },
};
use crate::{
    core::step::{Reply, Truth},
    plan::Side,
    systems::{
        steer::{Handle, Obeys, Steered, played::Played},
    },
};

fn estate() -> Played<State> {
    let mut at = Played::new(&plan());
    at.pass(30);
    at
}

/// A group's state and its lag, on a side.
fn group(at: &Played<State>, side: Side) -> (GroupState, i64) {
    let seen = at.state.pairs[0].cluster(side).group("checkout", at.now).live().expect("known");
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
    assert_eq!(at.look("t1", &over.ops[0]).truth, Truth::Conflict, "it has gone on from there, or from anywhere");
    assert_eq!((state, group(&at, Side::Source).0), (GroupState::Stable, GroupState::Empty));
    assert!(start > 0, "what lies between the last sync and its commit is read again");
    for _ in 0..30 {
        at.pass(10);
    }
    let (_, end) = group(&at, Side::Target);
    assert!(end < start / 2, "{end} of {start}");
    assert_eq!(at.met(&to(Side::Target)), Some(true), "it has gone on from there");
}

#[test]
fn the_way_back_needs_an_empty_group_and_puts_back_what_was_there() {
    let mut at = estate();
    let over = at.draft(&to(Side::Target)).expect("a draft");
    at.play(&over.ops);
    at.pass(60);
    let back = at.state.back(&over.back, at.now).expect("a way back");
    assert!(back.notes.iter().any(|n| n.contains("refuses it until it is Empty")), "{:?}", back.notes);
    let refused = at.send("early", &back.ops[0]);
    assert_eq!(refused.reply, Reply::Refused);
    assert!(refused.said.starts_with("NON_EMPTY_GROUP"), "{}", refused.said);
    assert_ne!(at.look("early", &back.ops[0]).truth, Truth::Applied);
    at.pass(30);
    assert_eq!(group(&at, Side::Target).0, GroupState::Empty, "whoever runs it has stopped it");
    let back = at.state.back(&over.back, at.now).expect("a way back");
    at.play(&back.ops);
    at.pass(30);
    assert_eq!((group(&at, Side::Source).0, group(&at, Side::Target).0), (GroupState::Stable, GroupState::Empty));
    assert!(at.state.back(&over.back, at.now).expect("a way back").ops.is_empty());
    assert_eq!(at.log(), ["t1", "t2"]);
}

#[test]
fn a_stranger_is_found_out() {
    let mut at = estate();
    let first = at.draft(&to(Side::Target)).expect("a draft").ops;
    // What the mirror translates goes on until somebody commits: only then is there a stand to be compared with.
    assert_eq!(at.look("a", &first[0]).truth, Truth::NotApplied);
    State::stranger(&mut at.sim, &to(Side::Target), at.now);
    assert_eq!(at.look("a", &first[0]).truth, Truth::Conflict);
    assert_eq!(at.send("a", &first[0]).reply, Reply::Yes);
    assert_eq!(at.look("a", &first[0]).truth, Truth::Applied);
    State::stranger(&mut at.sim, &to(Side::Target), at.now);
    assert_eq!(at.look("a", &first[0]).truth, Truth::Conflict);
    assert_eq!(at.log(), ["a"]);
}

#[test]
fn the_same_values_twice_change_nothing() {
    let mut at = estate();
    let ops = at.draft(&to(Side::Target)).expect("a draft").ops;
    assert_eq!((at.send("a", &ops[0]).reply, at.send("a", &ops[0]).reply), (Reply::Yes, Reply::Yes));
    assert_eq!(at.look("a", &ops[0]).truth, Truth::Applied);
    assert_eq!(at.log(), ["a", "a"]);
    at.read();
    assert!(at.draft(&to(Side::Target)).expect("a draft").ops.is_empty(), "it is where it should be");
}

#[test]
fn what_nobody_can_see_is_dark() {
    let mut at = estate();
    let op = at.draft(&to(Side::Target)).expect("a draft").ops.remove(0);
    let look = |at: &mut Played<State>, call: &Call, mark: Option<&Mark>| {
        State::look(&mut at.sim, "a", call, mark, at.now).truth
    };
    assert_eq!(look(&mut at, &op.call, None), Truth::Dark, "nothing tells not applied from a conflict");
    let Call::Commit { pair, side, offsets, .. } = op.call.clone();
    let other = Call::Commit { pair, side, offsets, group: "nobody".to_owned() };
    let Handle::Seen(mark) = op.expect else { panic!("no mark") };
    assert_eq!(look(&mut at, &other, Some(&mark)), Truth::Dark);
    assert_eq!(State::obey(&mut at.sim, "a", &other, None, at.now).reply, Reply::Refused);
    assert!(at.log().is_empty());
}
