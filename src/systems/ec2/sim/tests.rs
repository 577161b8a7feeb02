use super::super::{
    State,
    ops::{
        Call,
        tests::{capacity, estate, plan, power},
    },
};
use crate::{
    Simulated,
    ec2::FaultInjection,
    planner::{Planner, SimulateWrites, played::Played},
};
use base::{
    side::Side,
    step::{Reply, Truth},
};
use plan::Action;

#[test]
fn a_fleet_grows_and_shrinks_again() {
    let mut at = estate();
    let over = at.draft(&capacity(36)).expect("a draft");
    let took = at.play(&over.ops);
    // Instances that fail their checks are replaced, which takes time.
    assert!((90..=1200).contains(&took.as_secs()), "{took:?}");
    at.pass(1);
    assert_eq!(at.is_satisfied(&capacity(36)), Some(true));
    assert!(at.draft(&capacity(36)).expect("a draft").ops.is_empty());
    let back = at.state.inverse(&over.inverse, at.now).expect("a way back");
    assert_eq!(back.ops.len(), 3);
    at.play(&back.ops);
    let running = |at: &crate::planner::played::Played<State>| {
        at.state.sites.get(Side::Target).running(0, at.now).fresh().expect("known")
    };
    assert!(running(&at) > 30, "they drain");
    at.pass(120);
    assert_eq!(running(&at), 30);
    assert_eq!(at.log().len(), 4);
    assert!(at.state.inverse(&over.inverse, at.now).expect("a way back").ops.is_empty());
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
    let look = |at: &mut crate::planner::played::Played<State>| at.verify("w", &ops[2]).truth;
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
    assert_eq!(at.is_satisfied(&power(false)), Some(false), "they are stopping");
    let early = at.state.inverse(&off.inverse, at.now).expect_err("too early");
    assert!(early[0].text.raw().contains("still stopping"), "{early:?}");
    at.pass(60);
    assert_eq!(at.is_satisfied(&power(false)), Some(true));
    let back = at.state.inverse(&off.inverse, at.now).expect("a way back");
    assert_eq!(back.ops.len(), 3);
    at.play(&back.ops);
    at.pass(60);
    assert_eq!(at.is_satisfied(&power(true)), Some(true));
    assert_eq!(at.log(), ["t1", "t2", "t3", "t4", "t5", "t6"]);
}

#[test]
fn one_instance_that_is_gone_is_a_conflict_and_no_hindrance_to_the_way_back() {
    let mut at = estate();
    let off = at.draft(&power(false)).expect("a draft");
    at.play(&off.ops);
    at.pass(60);
    State::external_change(&mut at.sim, &power(false), at.now);
    assert_eq!(at.verify("t1", &off.ops[0]).truth, Truth::Conflict);
    at.read();
    let back = at.state.inverse(&off.inverse, at.now).expect("a way back");
    assert!(back.notes.iter().any(|n| n.contains("no longer there")), "{:?}", back.notes);
    at.play(&back.ops);
    at.pass(60);
    // A request that names it is refused as a whole.
    let sent = at.send("x", &off.ops[0]);
    assert_eq!(sent.reply, Reply::Refused);
    assert!(sent.detail.starts_with("InvalidInstanceID.NotFound"), "{}", sent.detail);
}

#[test]
fn an_external_change_of_the_size_is_found_out() {
    let mut at = estate();
    let ops = at.draft(&capacity(36)).expect("a draft").ops;
    assert_eq!(at.verify("a", &ops[0]).truth, Truth::NotApplied);
    State::external_change(&mut at.sim, &capacity(36), at.now);
    assert_eq!(at.verify("a", &ops[0]).truth, Truth::Conflict);
    assert_eq!(at.verify("a", &ops[1]).truth, Truth::NotApplied, "the other group is as it was");
    // Absolute: it is accepted whatever is there, and twice is the same as once.
    assert_eq!((at.send("a", &ops[0]).reply, at.send("a", &ops[0]).reply), (Reply::Accepted, Reply::Accepted));
    assert_eq!(at.verify("a", &ops[0]).truth, Truth::Applied);
    assert_eq!(at.log(), ["a", "a"]);
    at.read();
    assert_eq!(at.is_satisfied(&capacity(36)), Some(false));
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut at = estate();
    let call = Call::Capacity { side: Side::Target, group: "web-a".to_owned(), desired: 99, min: 1 };
    let sent = State::write(&mut at.sim, "a", &call, None, at.now);
    assert_eq!(sent.reply, Reply::Refused);
    let other = Call::Capacity { side: Side::Target, group: "nobody".to_owned(), desired: 1, min: 1 };
    assert_eq!(State::write(&mut at.sim, "a", &other, None, at.now).reply, Reply::Refused);
    assert_eq!(State::verify(&mut at.sim, "a", &call, None, at.now).truth, Truth::Unobservable);
    assert!(at.log().is_empty());
}

#[test]
fn a_region_that_nobody_steers_is_as_it_was() {
    let mut at = estate();
    let other = Action::Manual { what: "nothing".to_owned() };
    State::external_change(&mut at.sim, &other, at.now);
    State::advance(&mut at.sim, at.now);
    assert_eq!(at.sim.hosts.get(Side::Source).len(), 180);
}

fn inject(at: &mut Played<State>, what: &FaultInjection) {
    State::inject(&mut at.sim, what, at.now).expect("it is there");
}

fn never_well(on: bool) -> FaultInjection {
    FaultInjection::NeverWell { role: "web".to_owned(), side: Side::Target, on }
}

fn scale(side: Side, to: u32) -> FaultInjection {
    FaultInjection::Scale { role: "web".to_owned(), side, to }
}

/// The serving instances of the first role on a side.
fn serving(at: &Played<State>, side: Side) -> u32 {
    at.state.sites.get(side).in_service(0, at.now).fresh().expect("known")
}

/// The desired capacities of the groups of a side.
fn desired(at: &Played<State>, side: Side) -> Vec<u32> {
    at.sim.groups.get(side).iter().map(|g| g.desired).collect()
}

#[test]
fn what_boots_never_gets_well_until_it_may() {
    let mut at = estate();
    let before = serving(&at, Side::Target);
    inject(&mut at, &never_well(true));
    let ops = at.draft(&capacity(36)).expect("a draft").ops;
    for op in &ops[..2] {
        at.send("a", op);
    }
    (0..120).for_each(|_| at.pass(10));
    assert!(serving(&at, Side::Target) <= before, "none of what was launched serves");
    assert_eq!(at.verify("w", &ops[2]).truth, Truth::NotApplied);
    inject(&mut at, &never_well(false));
    let failed = at.sim.hosts.get(Side::Target).iter().filter(|h| h.fails && h.leaves.is_none()).count();
    at.pass(1);
    assert!(failed > 0 && serving(&at, Side::Target) <= before, "what has failed stays so");
    (0..120).for_each(|_| at.pass(10));
    assert_eq!(at.verify("w", &ops[2]).truth, Truth::Applied, "its group replaces it");
}

#[test]
fn a_target_that_fills_up_stops_filling_up_and_goes_on() {
    let mut at = Played::<State>::new(&plan());
    inject(&mut at, &never_well(true));
    let before = serving(&at, Side::Target);
    at.pass(400);
    at.pass(1);
    let running = at.state.sites.get(Side::Target).running(0, at.now).fresh().expect("known");
    assert!(before > 0 && running > before, "they boot");
    assert_eq!(serving(&at, Side::Target), before);
    inject(&mut at, &never_well(false));
    at.pass(1200);
    at.pass(1);
    let after = serving(&at, Side::Target);
    assert!(after > before && after < 30, "{after}: what came later serves, what had failed does not");
}

#[test]
fn an_instance_that_is_started_again_boots_again() {
    let mut at = estate();
    let batch = |on| FaultInjection::NeverWell { role: "batch".to_owned(), side: Side::Source, on };
    let off = at.draft(&power(false)).expect("a draft");
    at.play(&off.ops);
    at.pass(60);
    inject(&mut at, &batch(true));
    let on = at.draft(&power(true)).expect("a draft");
    at.play(&on.ops);
    at.pass(400);
    at.pass(1);
    let checked = |at: &Played<State>| at.state.sites.get(Side::Source).in_service(1, at.now).fresh().expect("known");
    assert_eq!(checked(&at), 0);
    assert!(serving(&at, Side::Source) > 0, "another role has nothing to do with it");
}

#[test]
fn an_autoscaler_goes_past_everybody() {
    let mut at = estate();
    let usual = (desired(&at, Side::Target), serving(&at, Side::Target));
    inject(&mut at, &scale(Side::Target, 21));
    assert_eq!(desired(&at, Side::Target), [11, 10]);
    at.pass(35);
    let drained = serving(&at, Side::Target);
    at.pass(120);
    assert!(drained <= 21 && drained < usual.1, "they get no traffic any more: {drained}");
    assert_eq!(at.state.sites.get(Side::Target).running(0, at.now).fresh(), Some(21));
    inject(&mut at, &scale(Side::Target, 30));
    assert_eq!(desired(&at, Side::Target), usual.0);
    (0..120).for_each(|_| at.pass(10));
    assert_eq!(serving(&at, Side::Target), 30, "all are back, and those that failed are replaced");
    // Within the limits of the groups.
    inject(&mut at, &scale(Side::Target, 0));
    assert_eq!(desired(&at, Side::Target), [7, 7]);
    inject(&mut at, &scale(Side::Target, 1000));
    assert_eq!(desired(&at, Side::Target), [18, 18]);
    assert_eq!(desired(&at, Side::Source), [60]);
}

#[test]
fn an_autoscaler_that_is_suspended_does_nothing() {
    let mut at = estate();
    let switch = |at: &mut Played<State>, suspend| {
        let processes = vec!["AlarmNotification".to_owned()];
        let call = Call::Processes { side: Side::Target, group: "web-a".to_owned(), processes, suspend };
        assert_eq!(State::write(&mut at.sim, "a", &call, None, at.now).reply, Reply::Accepted);
    };
    switch(&mut at, true);
    inject(&mut at, &scale(Side::Target, 20));
    assert_eq!(desired(&at, Side::Target), [15, 10], "the other group is not suspended");
    switch(&mut at, false);
    inject(&mut at, &scale(Side::Target, 20));
    assert_eq!(desired(&at, Side::Target), [10, 10]);
}

#[test]
fn what_is_not_there_is_named() {
    let mut at = estate();
    let message = |at: &mut Played<State>, what: &FaultInjection| {
        State::inject(&mut at.sim, what, at.now).expect_err("not there")
    };
    let role = |name: &str| FaultInjection::NeverWell { role: name.to_owned(), side: Side::Target, on: true };
    assert_eq!(message(&mut at, &role("none")), "no role none");
    let none = FaultInjection::Scale { role: "batch".to_owned(), side: Side::Source, to: 1 };
    assert_eq!(message(&mut at, &none), "no Auto Scaling group of batch on the source");
    assert_eq!(desired(&at, Side::Target), [15, 15]);
}
