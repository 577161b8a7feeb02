//! The servers' rules, one by one: which configurations are accepted, and which member is primary after which event.

mod inject;

use std::{sync::Arc, time::Duration};

use super::{
    super::{
        ops::{Call, Reconfig},
        tests::plan,
    },
    Set, Sim,
};
use crate::{
    Simulated,
    mongo::{State, facts::ConfigMember},
    planner::SimulateWrites,
};
use base::{now::Now, operation::SendOutcome, step::Reply};

fn host(n: u32) -> String {
    format!("127.0.0.1:{n}")
}

struct Estate {
    sim: Sim,
    now: Now,
    tags: u32,
}

impl Estate {
    fn new(seed: u64) -> Self {
        let plan: Arc<_> = plan();
        let now = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T03:00:00Z".parse().expect("a time") };
        Self { sim: State::simulate(&plan, seed), now, tags: 0 }
    }

    fn pass(&mut self, ms: u64) {
        self.now.boot += Duration::from_millis(ms);
        State::advance(&mut self.sim, self.now);
    }

    fn set(&mut self) -> &mut Set {
        &mut self.sim.sets[0]
    }

    fn leader(&mut self) -> Option<String> {
        let set = self.set();
        set.primary.map(|p| set.members[p].config.host.clone())
    }

    /// The code with which the server refuses the present configuration, changed like this; 0 if it accepts it.
    fn code(&mut self, by: i64, change: impl FnOnce(&mut Vec<ConfigMember>)) -> i32 {
        let boot = self.now.boot;
        let set = self.set();
        let mut members = set.configured();
        change(&mut members);
        set.takes(set.version + by, &members, boot).err().map_or(0, |refusal| refusal.code)
    }

    fn send(&mut self, call: &Call) -> SendOutcome<super::super::ops::Version> {
        self.tags += 1;
        State::write(&mut self.sim, &format!("t{}", self.tags), call, None, self.now)
    }

    fn reconfig(&mut self, change: impl FnOnce(&mut Vec<ConfigMember>)) -> SendOutcome<super::super::ops::Version> {
        let set = self.set();
        let (before, version) = (set.configured(), set.version + 1);
        let mut after = before.clone();
        change(&mut after);
        let set = "orders".to_owned();
        self.send(&Call::Reconfig(Box::new(Reconfig { set, version, before, after, unless: None, any_term: false })))
    }

    fn step_down(&mut self) -> SendOutcome<super::super::ops::Version> {
        let (host, term) = (self.leader().expect("a primary"), i64::try_from(self.set().term).expect("a term"));
        self.send(&Call::StepDown { set: "orders".into(), host, term, secs: 60, catch_up: 2 })
    }

    fn freeze(&mut self, n: u32, secs: u32) -> SendOutcome<super::super::ops::Version> {
        self.send(&Call::Freeze { set: "orders".into(), host: host(n), secs, lapse: None })
    }

    /// Only the primary and this one can become primary, with equal priority.
    fn pin(&mut self, n: u32) {
        let leader = self.leader().expect("a primary");
        let sent = self.reconfig(|members| {
            for m in members {
                m.priority = if m.host == leader || m.host == host(n) { 2.0 } else { 0.0 };
            }
        });
        assert_eq!(sent.reply, Reply::Accepted, "{}", sent.detail);
        self.pass(2000);
    }
}

#[test]
fn a_version_that_is_not_higher_is_refused() {
    let mut e = Estate::new(1);
    assert_eq!((e.code(0, |_| ()), e.code(-1, |_| ()), e.code(1, |_| ())), (103, 103, 0));
}

#[test]
fn one_voting_member_at_a_time() {
    let mut e = Estate::new(1);
    let mute = |m: &mut ConfigMember| (m.votes, m.priority) = (0, 0.0);
    assert_eq!(e.code(1, |m| mute(&mut m[1])), 0);
    assert_eq!(e.code(1, |m| m[1..3].iter_mut().for_each(mute)), 103);
    assert_eq!(e.code(1, |m| drop(m.drain(3..))), 103);
    assert_eq!(e.code(1, |m| drop(m.pop())), 0);
}

#[test]
fn several_new_voters_come_in_at_once_even_beyond_seven() {
    let mut e = Estate::new(1);
    let waiting: Vec<_> = (110..113).map(host).collect();
    e.set().waiting = waiting.clone();
    let new = |h: &String| ConfigMember { host: h.clone(), votes: 1, priority: 1.0, ..ConfigMember::default() };
    assert_eq!(e.code(1, |m| m.extend(waiting.iter().map(new))), 0, "newlyAdded: eight votes are taken");
    assert_eq!(e.reconfig(|m| m.extend(waiting.iter().map(new))).reply, Reply::Accepted);
    e.pass(2000);
    assert_eq!(e.set().votes_of(|_| true), 8);
    // From here on they are counted.
    assert_eq!(e.code(1, |_| ()), 93);
    assert_eq!(e.code(1, |m| drop(m.pop())), 0);
    // No server answers at this address.
    assert_eq!(e.code(1, |m| m[7] = new(&host(199))), 74);
}

#[test]
fn priorities_need_a_vote_and_readers() {
    let mut e = Estate::new(1);
    assert_eq!(e.code(1, |m| m[1].votes = 0), 93);
    assert_eq!(e.code(1, |m| m[1].hidden = true), 93);
    assert_eq!(e.code(1, |m| m[1].delay = Duration::from_secs(3600)), 93);
    assert_eq!(e.code(1, |m| (m[1].hidden, m[1].priority) = (true, 0.0)), 0);
    assert_eq!(e.code(1, |m| m[1].priority = 1001.0), 93);
    assert_eq!(e.code(1, |m| m[1].priority = f64::NAN), 93);
    assert_eq!(e.code(1, |m| m[1].host = host(101)), 93);
    assert_eq!(e.code(1, Vec::clear), 93);
}

#[test]
fn a_primary_does_not_take_its_own_priority_away() {
    let mut e = Estate::new(1);
    assert_eq!(e.code(1, |m| m[0].priority = 0.0), 104);
    assert_eq!(e.code(1, |m| drop(m.remove(0))), 104);
}

#[test]
fn a_configuration_spreads_in_a_heartbeat_and_the_next_one_waits_for_it() {
    let mut e = Estate::new(1);
    assert_eq!(e.reconfig(|m| m[1].priority = 0.5).reply, Reply::Accepted);
    assert!(!e.sim.sets[0].is_spread(e.now.boot));
    e.pass(1900);
    assert_eq!(e.code(1, |_| ()), 308);
    let sent = e.reconfig(|m| m[1].priority = 0.25);
    assert_eq!((sent.reply, &sent.detail[..3]), (Reply::Refused, "308"));
    e.pass(100);
    assert_eq!(e.code(1, |_| ()), 0);
}

#[test]
fn after_an_election_the_primarys_own_reconfig_comes_first() {
    let mut e = Estate::new(1);
    e.sim.topple("orders", e.now);
    e.pass(30);
    assert_eq!(e.code(1, |_| ()), 109);
    e.pass(500);
    assert_eq!(e.code(1, |_| ()), 308);
    e.pass(2000);
    assert_eq!(e.code(1, |_| ()), 0);
    assert_eq!((e.set().term, e.set().version), (8, 4));
}

#[test]
fn what_was_changed_meanwhile_is_not_overwritten() {
    let mut e = Estate::new(1);
    let (before, version) = (e.set().configured(), e.set().version + 1);
    let r = Reconfig { set: "orders".into(), version, after: before.clone(), before, unless: None, any_term: false };
    e.set().members[4].config.tags.push(("a".into(), "b".into()));
    let sent = e.send(&Call::Reconfig(Box::new(r)));
    assert_eq!(sent.reply, Reply::Mismatch, "{}", sent.detail);
    assert!(State::log(&e.sim).is_empty());
}

#[test]
fn pinned_the_target_wins_sixteen_of_sixteen_within_ninety_milliseconds() {
    for seed in 0..16 {
        let mut e = Estate::new(seed);
        e.pin(104);
        // Level, as the preceding wait ensures.
        let started = e.now.boot;
        while e.sim.sets[0].members[3].lag(e.now.boot) > 0.4 {
            e.pass(1000);
            assert!(e.now.boot < started + Duration::from_secs(600), "seed {seed}: never level");
        }
        let sent = e.step_down();
        assert_eq!(sent.reply, Reply::Accepted, "{}", sent.detail);
        assert_eq!(e.leader(), None);
        let mut gap = 0;
        while e.leader().is_none() || e.now.boot < e.sim.sets[0].writable_at {
            e.pass(1);
            gap += 1;
            assert!(gap < 60_000, "seed {seed}: no primary after {gap} ms");
        }
        assert!((26..=91).contains(&gap), "{gap} ms");
        assert_eq!((e.leader(), e.set().term), (Some(host(104)), 8));
    }
}

#[test]
fn preferred_only_the_target_is_missed_now_and_then() {
    let (mut hit, mut old) = (0, 0);
    for seed in 0..40 {
        let mut e = Estate::new(seed);
        e.reconfig(|m| m[3].priority = 2.0);
        e.pass(2000);
        if e.step_down().reply == Reply::Accepted {
            e.pass(100);
            let leader = e.leader().expect("a primary");
            assert_ne!(leader, host(101), "it stands down for a minute");
            hit += u32::from(leader == host(104));
            old += u32::from([host(102), host(103)].contains(&leader));
        }
    }
    assert!(hit > 15 && old > 2, "{hit} at the target, {old} in the old region");
}

#[test]
fn a_higher_priority_alone_takes_over_late_or_never() {
    let (mut moved, seeds) = (0, 40);
    for seed in 0..seeds {
        let mut e = Estate::new(seed);
        e.reconfig(|m| m[3].priority = 3.0);
        e.pass(10_000);
        moved += u32::from(e.leader().is_none());
        e.pass(10_000);
        assert!(e.leader().is_some());
    }
    assert!((5..30).contains(&moved), "{moved} of {seeds}");
}

#[test]
fn nobody_near_enough_is_262_and_two_seconds_without_writes() {
    let mut e = Estate::new(1);
    e.pin(104);
    e.sim.stop(&host(104));
    let sent = e.step_down();
    assert_eq!((sent.reply, &sent.detail[..3]), (Reply::Refused, "262"));
    assert_eq!(e.leader(), Some(host(101)));
    assert_eq!(e.code(1, |_| ()), 10107);
    e.pass(2000);
    assert_eq!((e.code(1, |_| ()), e.leader(), e.set().term), (0, Some(host(101)), 7));
    assert_eq!(State::log(&e.sim).len(), 1, "the pins, and nothing else");
}

#[test]
fn a_step_down_is_for_one_host_in_one_term() {
    let mut e = Estate::new(1);
    let call = |n, term| Call::StepDown { set: "orders".into(), host: host(n), term, secs: 60, catch_up: 2 };
    assert_eq!(e.send(&call(102, 7)).reply, Reply::Mismatch);
    assert_eq!(e.send(&call(101, 6)).reply, Reply::Mismatch);
    assert!(e.send(&call(101, 6)).detail.contains("stale term"));
    e.sim.stop(&host(101));
    assert_eq!(e.send(&call(101, 7)).reply, Reply::Indeterminate);
    assert_eq!(e.leader(), None);
}

#[test]
fn whoever_is_frozen_does_not_stand_until_it_is_thawed() {
    let mut e = Estate::new(1);
    assert_eq!(e.freeze(101, 60).reply, Reply::Refused, "95: it leads");
    for n in 102..106 {
        assert_eq!(e.freeze(n, 3600).reply, Reply::Accepted);
    }
    e.sim.stop(&host(101));
    e.pass(100);
    e.pass(30_000);
    assert_eq!(e.leader(), None);
    assert_eq!(e.freeze(103, 0).reply, Reply::Accepted);
    e.pass(9_000);
    assert_eq!(e.leader(), None, "it has to miss its primary first");
    e.pass(2_000);
    assert_eq!(e.leader(), Some(host(103)));
}

#[test]
fn a_target_lost_while_pinned_leaves_nobody_for_a_minute() {
    let mut e = Estate::new(1);
    e.pin(104);
    assert_eq!(e.step_down().reply, Reply::Accepted);
    e.sim.stop(&host(104));
    for _ in 0..59 {
        e.pass(1000);
        assert_eq!(e.leader(), None);
    }
    e.pass(2000);
    assert_eq!(e.leader(), Some(host(101)));
}
