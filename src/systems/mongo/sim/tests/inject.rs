//! Fault injection: it has the stated effect, the servers' rules take it into account, and it can be ended again.

use std::{collections::BTreeSet, time::Duration};

use super::{Estate, host};
use crate::{
    SharedConditions, Simulated,
    mongo::FaultInjection,
    mongo::{
        Observation, State,
        facts::{Membership, Peer, Query},
        ops::{Call, Until},
    },
    planner::SimulateWrites,
};
use base::{
    side::Sides,
    step::{Reply, Truth},
};

impl Estate {
    fn inject(&mut self, what: &FaultInjection) -> Result<(), String> {
        State::inject(&mut self.sim, what, self.now)
    }

    fn falls_behind(&mut self, n: u32, secs: u64) {
        let by = Duration::from_secs(secs);
        self.inject(&FaultInjection::FallBehind { host: host(n), by }).expect("a secondary");
    }

    fn process(&mut self, n: u32, up: bool) {
        self.inject(&FaultInjection::Process { host: host(n), up }).expect("a member");
    }

    fn by_hand(&mut self) -> Result<(), String> {
        self.inject(&FaultInjection::StepDown { set: "orders".into() })
    }

    fn conditions(&self) -> SharedConditions {
        let mut conditions = SharedConditions::default();
        State::publish(&self.sim, self.now, &mut conditions);
        conditions
    }

    /// The lag by a member's own status, and by its `hello` reply: seconds.
    fn behind(&mut self, n: u32) -> (f64, f64) {
        let peer = || Peer { set: 0, host: host(n).as_str().into() };
        let status = State::answer(&mut self.sim, &Query::Status(peer()), self.now);
        let Ok(Observation::Status(Membership::In(status))) = status else { panic!("{status:?}") };
        let hello = State::answer(&mut self.sim, &Query::Hello(peer()), self.now);
        let Ok(Observation::Hello(hello)) = hello else { panic!("{hello:?}") };
        let written = f64::from(hello.last_write.expect("an optime").secs);
        let own = self.now.wall.duration_since(status.applied_wall.expect("a time"));
        (own.as_secs_f64(), self.now.wall.as_millisecond() as f64 / 1000.0 - written)
    }

    fn longest(&mut self) -> Duration {
        let asked = State::answer(&mut self.sim, &Query::Operations { set: 0 }, self.now);
        let Ok(Observation::Operations(operations)) = asked else { panic!("{asked:?}") };
        operations.longest()
    }
}

#[test]
fn a_member_falls_behind_second_by_second_stays_there_and_catches_up() {
    let mut e = Estate::new(1);
    e.pin(104);
    e.falls_behind(104, 30);
    e.pass(10_000);
    let (status, hello) = e.behind(104);
    assert!((9.9..10.1).contains(&status) && (9.9..11.1).contains(&hello), "{status} {hello}");
    e.pass(90_000);
    let (status, hello) = e.behind(104);
    assert!((29.9..30.1).contains(&status) && (29.9..31.1).contains(&hello), "{status} {hello}");
    assert!(e.behind(102).0 < 10.0, "nobody else");
    // A wait for this member does not end, and the server does not step down for it.
    let wait = Call::Wait { set: "orders".into(), until: Until::CaughtUp { host: host(104), within_ms: 2000 } };
    assert_eq!(State::verify(&mut e.sim, "w", &wait, None, e.now).truth, Truth::NotApplied);
    assert!(e.step_down().detail.starts_with("262"));
    e.falls_behind(104, 0);
    e.pass(1000);
    assert!((9.9..10.1).contains(&e.behind(104).0), "twenty times as fast: {:?}", e.behind(104));
    e.pass(9000);
    assert_eq!(State::verify(&mut e.sim, "w", &wait, None, e.now).truth, Truth::Applied);
    assert_eq!(e.step_down().reply, Reply::Accepted);
    e.pass(10_000);
    assert_eq!(e.leader(), Some(host(104)));
}

#[test]
fn a_step_down_waits_for_who_is_a_moment_behind_and_not_for_who_gets_ever_further() {
    let mut e = Estate::new(1);
    e.pin(104);
    e.falls_behind(104, 1);
    e.pass(5000);
    // Outside of its own slow spells.
    let started = e.now.boot;
    while e.sim.sets[0].lag(3, e.now.boot) > 1.0 {
        e.pass(1000);
        assert!(e.now.boot < started + Duration::from_secs(600), "always slow");
    }
    assert_eq!(e.step_down().reply, Reply::Accepted);
    e.pass(900);
    assert_eq!(e.leader(), None, "it catches up");
    e.pass(5500);
    assert_eq!((e.leader(), e.behind(104).0 < 0.02), (Some(host(104)), true));

    let mut e = Estate::new(1);
    e.pin(104);
    e.falls_behind(104, 300);
    e.pass(1000);
    assert!(e.step_down().detail.starts_with("262"), "it is a second behind, and has stopped");
}

#[test]
fn nobody_votes_for_who_lacks_what_they_have() {
    for seed in 0..40 {
        let mut e = Estate::new(seed);
        e.falls_behind(104, 300);
        e.pass(400_000);
        e.by_hand().expect("a primary");
        e.pass(20_000);
        let leader = e.leader().expect("a primary");
        assert!(leader != host(104) && leader != host(101), "{seed}: {leader}");
    }
    // A majority that is equally far behind elects one of its members.
    let mut e = Estate::new(1);
    for n in [103, 104, 105] {
        e.falls_behind(n, 300);
    }
    e.pass(400_000);
    e.process(101, false);
    e.process(102, false);
    e.pass(11_000);
    assert!(e.leader().is_some_and(|l| l != host(101) && l != host(102)), "{:?}", e.leader());
}

#[test]
fn a_process_goes_and_comes_back_and_catches_up() {
    let mut e = Estate::new(1);
    e.process(101, false);
    assert_eq!(e.leader(), None);
    e.pass(60_000);
    e.pass(40_000);
    let leader = e.leader().expect("another primary");
    assert_ne!(leader, host(101));
    assert!(e.set().reach(&Peer { set: 0, host: host(101).as_str().into() }).is_err());
    e.process(101, true);
    let (status, hello) = e.behind(101);
    assert!((99.9..100.1).contains(&status) && (99.9..101.1).contains(&hello), "{status} {hello}");
    e.pass(6_000);
    assert!(e.behind(101).0 < 10.0, "{:?}", e.behind(101));
    assert_eq!(e.leader(), Some(leader), "nobody gives way to it");
    // What kept it behind before still does.
    e.falls_behind(101, 5);
    e.pass(10_000);
    e.process(101, false);
    e.pass(60_000);
    e.process(101, true);
    e.pass(60_000);
    assert!(e.behind(101).0 >= 4.9, "{:?}", e.behind(101));
}

#[test]
fn a_long_write_goes_on_until_it_is_over_or_the_primary_steps_down() {
    let mut e = Estate::new(1);
    let long = |secs| FaultInjection::LongWrite { set: "orders".into(), running: Duration::from_secs(secs) };
    // Longer than the clock has been running.
    e.inject(&long(5000)).expect("a primary");
    e.pass(7000);
    assert_eq!(e.longest(), Duration::from_secs(5007));
    e.inject(&long(0)).expect("a set");
    assert!(e.longest() < Duration::from_secs(1));
    e.inject(&long(90)).expect("a primary");
    e.by_hand().expect("a primary");
    assert!(e.inject(&long(90)).expect_err("nobody leads").contains("nobody leads orders"));
    e.pass(20_000);
    assert!(e.leader().is_some() && e.longest() < Duration::from_secs(1));
}

#[test]
fn somebody_with_a_shell_gets_whoever_is_asked_first() {
    let mut winners = BTreeSet::new();
    for seed in 0..40 {
        let mut e = Estate::new(seed);
        e.by_hand().expect("a primary");
        assert_eq!(e.leader(), None);
        assert!(e.by_hand().expect_err("nobody leads").contains("nobody leads orders"));
        e.pass(20_000);
        assert_eq!(e.set().term, 8);
        winners.insert(e.leader().expect("a primary"));
    }
    assert!(winners.len() >= 3 && !winners.contains(&host(101)), "{winners:?}");
}

#[test]
fn what_is_not_there_is_named() {
    let mut e = Estate::new(1);
    let (set, strange) = ("nobody".to_owned(), host(999));
    let by = Duration::from_secs(9);
    for (what, named) in [
        (FaultInjection::FallBehind { host: strange.clone(), by }, "no member 127.0.0.1:999"),
        (FaultInjection::FallBehind { host: host(101), by }, "127.0.0.1:101 leads orders"),
        (FaultInjection::FallBehind { host: host(204), by }, "127.0.0.1:204 is no member of catalog yet"),
        (FaultInjection::Process { host: strange, up: false }, "no member 127.0.0.1:999"),
        (FaultInjection::LongWrite { set: set.clone(), running: by }, "no replica set nobody"),
        (FaultInjection::StepDown { set }, "no replica set nobody"),
    ] {
        let text = e.inject(&what).expect_err("not there");
        assert!(text.contains(named), "{text}");
    }
}

#[test]
fn the_others_get_refused_writes_for_a_minute_and_primaries_that_are_far_away() {
    let mut e = Estate::new(1);
    let quiet = SharedConditions { away: Sides { source: 0.0, target: 1.0 }, ..SharedConditions::default() };
    e.pass(1000);
    assert_eq!(e.conditions(), quiet);
    // Both primaries were at the source; one of them is stopped, and no member may stand for election for a while.
    for n in 102..106 {
        assert_eq!(e.freeze(n, 25).reply, Reply::Accepted);
    }
    e.process(101, false);
    for _ in 0..20 {
        e.pass(1000);
    }
    let conditions = e.conditions();
    assert_eq!(conditions.unwritten, Duration::from_secs(20));
    // Of two sets, a third of a minute.
    assert!((conditions.refused - 1.0 / 6.0).abs() < 1e-9, "{conditions:?}");
    for _ in 0..20 {
        e.pass(1000);
    }
    let (conditions, home) = (e.conditions(), e.leader().expect("a primary"));
    assert_eq!(conditions.unwritten, Duration::ZERO);
    assert!((0.2..0.22).contains(&conditions.refused), "{conditions:?}");
    let share = if [host(104), host(105)].contains(&home) { 0.5 } else { 0.0 };
    assert_eq!(conditions.away, Sides { source: share, target: 1.0 - share });
    for _ in 0..61 {
        e.pass(1000);
    }
    assert_eq!(e.conditions().refused, 0.0);
}
