use super::super::{
    State,
    ops::{
        Call,
        tests::{capacity, estate, power},
    },
};
use crate::{
    core::step::{Reply, Truth},
    plan::{Action, Side},
    systems::{
        Simulated,
        steer::{Obeys, Steered},
    },
};

#[test]
fn a_fleet_grows_and_shrinks_again() {
    let mut at = estate();
    let over = at.draft(&capacity(36)).expect("a draft");
    let took = at.play(&over.ops);
    // What fails its checks is replaced, which takes its time.
    assert!((90..=1200).contains(&took.as_secs()), "{took:?}");
    at.pass(1);
    assert_eq!(at.met(&capacity(36)), Some(true));
    assert!(at.draft(&capacity(36)).expect("a draft").ops.is_empty());
    let back = at.state.back(&over.back, at.now).expect("a way back");
    assert_eq!(back.ops.len(), 3);
    at.play(&back.ops);
    let running = |at: &crate::systems::steer::played::Played<State>| {
        at.state.sites.get(Side::Target).running(0, at.now).live().expect("known")
    };
    assert!(running(&at) > 30, "they drain");
    at.pass(120);
    assert_eq!(running(&at), 30);
    assert_eq!(at.log().len(), 4);
    assert!(at.state.back(&over.back, at.now).expect("a way back").ops.is_empty());
}

#[test]
fn what_fails_is_replaced_once_a_group_minds() {
    let mut at = estate();
    let ops = at.draft(&capacity(36)).expect("a draft").ops;
    at.play(&ops);
    for host in at.sim.hosts.get_mut(Side::Target) {
        host.fails = true;
    }
    at.pass(5);
    let look = |at: &mut crate::systems::steer::played::Played<State>| at.look("w", &ops[2]).truth;
    assert_eq!(look(&mut at), Truth::NotApplied);
    for _ in 0..200 {
        at.pass(10);
    }
    assert_eq!(look(&mut at), Truth::Applied);
}

#[test]
fn instances_stop_and_start_again() {
    let mut at = estate();
    let off = at.draft(&power(false)).expect("a draft");
    at.play(&off.ops);
    assert_eq!(at.met(&power(false)), Some(false), "they are stopping");
    let early = at.state.back(&off.back, at.now).expect_err("too early");
    assert!(early[0].text.contains("still stopping"), "{early:?}");
    at.pass(60);
    assert_eq!(at.met(&power(false)), Some(true));
    let back = at.state.back(&off.back, at.now).expect("a way back");
    assert_eq!(back.ops.len(), 3);
    at.play(&back.ops);
    at.pass(60);
    assert_eq!(at.met(&power(true)), Some(true));
    assert_eq!(at.log(), ["t1", "t2", "t3", "t4", "t5", "t6"]);
}

#[test]
fn one_instance_that_is_gone_is_a_conflict_and_no_hindrance_to_the_way_back() {
    let mut at = estate();
    let off = at.draft(&power(false)).expect("a draft");
    at.play(&off.ops);
    at.pass(60);
    State::stranger(&mut at.sim, &power(false), at.now);
    assert_eq!(at.look("t1", &off.ops[0]).truth, Truth::Conflict);
    at.read();
    let back = at.state.back(&off.back, at.now).expect("a way back");
    assert!(back.notes.iter().any(|n| n.contains("not there any more")), "{:?}", back.notes);
    at.play(&back.ops);
    at.pass(60);
    // A request that names it is refused as a whole.
    let sent = at.send("x", &off.ops[0]);
    assert_eq!(sent.reply, Reply::Refused);
    assert!(sent.said.starts_with("InvalidInstanceID.NotFound"), "{}", sent.said);
}

#[test]
fn a_stranger_who_sets_another_size_is_found_out() {
    let mut at = estate();
    let ops = at.draft(&capacity(36)).expect("a draft").ops;
    assert_eq!(at.look("a", &ops[0]).truth, Truth::NotApplied);
    State::stranger(&mut at.sim, &capacity(36), at.now);
    assert_eq!(at.look("a", &ops[0]).truth, Truth::Conflict);
    assert_eq!(at.look("a", &ops[1]).truth, Truth::NotApplied, "the other group is as it was");
    // Absolute: it is taken whatever is there, and twice as well as once.
    assert_eq!((at.send("a", &ops[0]).reply, at.send("a", &ops[0]).reply), (Reply::Yes, Reply::Yes));
    assert_eq!(at.look("a", &ops[0]).truth, Truth::Applied);
    assert_eq!(at.log(), ["a", "a"]);
    at.read();
    assert_eq!(at.met(&capacity(36)), Some(false));
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut at = estate();
    let call = Call::Capacity { side: Side::Target, group: "web-a".to_owned(), desired: 99, min: 1 };
    let sent = State::obey(&mut at.sim, "a", &call, None, at.now);
    assert_eq!(sent.reply, Reply::Refused);
    let other = Call::Capacity { side: Side::Target, group: "nobody".to_owned(), desired: 1, min: 1 };
    assert_eq!(State::obey(&mut at.sim, "a", &other, None, at.now).reply, Reply::Refused);
    assert_eq!(State::look(&mut at.sim, "a", &call, None, at.now).truth, Truth::Dark);
    assert!(at.log().is_empty());
}

#[test]
fn a_region_that_nobody_steers_is_as_it_was() {
    let mut at = estate();
    let other = Action::Manual { what: "nothing".to_owned() };
    State::stranger(&mut at.sim, &other, at.now);
    State::advance(&mut at.sim, at.now);
    assert_eq!(at.sim.hosts.get(Side::Source).len(), 180);
}
