use std::sync::Arc;

use super::super::{
    Observation, Query, State,
    ops::{
        Call, Version,
        tests::{plan, weights},
    },
};
use crate::{
    SharedConditions, Simulated,
    planner::{Planner, SimulateWrites, played::Played},
};
use base::{
    side::{Side, Sides},
    step::{Kind, Reply, Truth},
};
use plan::{Action, Plan};

pub(super) fn estate() -> Played<State> {
    Played::new(&plan())
}

/// The target's share of a server's answers, in per cent.
pub(super) fn served(at: &mut Played<State>, plan: &Arc<Plan>, index: usize) -> u32 {
    let (_, specs) = <State as crate::System>::new(plan);
    let ask = specs.iter().filter(|s| matches!(s.query, Query::Served(_))).nth(index).expect("a server").query.clone();
    at.pass(1);
    let Ok(Observation::Served(batch)) = State::answer(&mut at.sim, &ask, at.now) else { panic!("no answer") };
    let of = |v: &str| batch.answers.iter().filter(|a| a.values[0] == v).map(|a| a.n).sum::<u32>();
    100 * of("198.51.100.10") / batch.answered()
}

#[test]
fn weights_go_over_and_come_back() {
    let plan = plan();
    let mut at = estate();
    assert_eq!(at.is_satisfied(&weights(100, 0)), Some(true));
    let over = at.draft(&weights(0, 100)).expect("a draft");
    let took = at.play(&over.ops);
    assert!((20..=30).contains(&took.as_secs()), "PENDING, then INSYNC: {took:?}");
    assert_eq!((at.is_satisfied(&weights(0, 100)), at.is_satisfied(&weights(100, 0))), (Some(true), Some(false)));
    assert_eq!(served(&mut at, &plan, 0), 100);
    assert!(at.draft(&weights(0, 100)).expect("a draft").ops.is_empty(), "nothing is left to do");
    // The inverse is bound again: the epoch has changed by now.
    let back = at.state.inverse(&over.inverse, at.now).expect("a way back");
    assert!(back.diff.iter().any(|c| c.from == "1" && c.to == "2"), "{:?}", back.diff);
    at.play(&back.ops);
    assert_eq!(at.is_satisfied(&weights(100, 0)), Some(true));
    assert!(at.state.inverse(&over.inverse, at.now).expect("a way back").ops.is_empty());
    assert_eq!(at.log(), ["t1", "t3"]);
}

#[test]
fn servers_take_a_change_over_one_by_one_and_caches_age() {
    let plan = plan();
    let mut at = estate();
    let ops = at.draft(&weights(0, 100)).expect("a draft").ops;
    assert_eq!(at.send("a", &ops[0]).reply, Reply::Accepted);
    assert_eq!(served(&mut at, &plan, 0), 0, "the API has it, the servers do not yet");
    at.pass(25);
    assert_eq!(served(&mut at, &plan, 0), 100);
}

#[test]
fn users_follow_the_weights_as_caches_age() {
    let mut at = estate();
    // Only one of the plan's names is moved, and each has equally many users.
    let names = f64::from(u32::try_from(at.state.plan.dns.len()).expect("a few"));
    let on_target = |at: &Played<State>| {
        let mut conditions = SharedConditions::default();
        State::publish(&at.sim, at.now, &mut conditions);
        (conditions.on_target.expect("names steer it") * names * 1000.0).round() / 1000.0
    };
    assert_eq!(on_target(&at), 0.0);
    let over = at.draft(&weights(50, 50)).expect("a draft");
    at.send("a", &over.ops[0]);
    at.pass(1);
    assert_eq!(on_target(&at), 0.0, "the servers do not have it yet");
    at.pass(1 + 30);
    assert_eq!(on_target(&at), 0.25, "half of the old answers have run out");
    at.pass(30);
    assert_eq!(on_target(&at), 0.5);
    let back = at.state.inverse(&over.inverse, at.now).expect("a way back");
    at.send("b", &back.ops[0]);
    at.pass(2 + 15);
    assert_eq!(on_target(&at), 0.375);
    at.pass(3600);
    assert_eq!(on_target(&at), 0.0);
}

#[test]
fn an_earlier_copy_that_comes_late_does_not_fit() {
    let mut at = estate();
    let first = at.draft(&weights(50, 50)).expect("a draft");
    at.play(&first.ops);
    let back = at.state.inverse(&first.inverse, at.now).expect("a way back");
    at.play(&back.ops);
    // All weights are what they were when the first was sent. Without an epoch it would match.
    let late = at.send("late", &first.ops[0]);
    assert_eq!(late.reply, Reply::Mismatch);
    assert_eq!(at.verify("late", &first.ops[0]).truth, Truth::Conflict);
    assert_eq!(at.is_satisfied(&weights(100, 0)), Some(true));
    assert!(!at.log().contains(&"late".to_owned()));
}

#[test]
fn the_same_request_twice_is_carried_out_once() {
    let mut at = estate();
    let ops = at.draft(&weights(50, 50)).expect("a draft").ops;
    assert_eq!(at.verify("a", &ops[0]).truth, Truth::NotApplied);
    assert_eq!(at.send("a", &ops[0]).reply, Reply::Accepted);
    let again = at.send("a", &ops[0]);
    assert_eq!((again.reply, again.version), (Reply::Mismatch, None));
    assert!(again.detail.starts_with("InvalidChangeBatch"), "{}", again.detail);
    assert_eq!((at.verify("a", &ops[0]).truth, at.log()), (Truth::Applied, vec!["a".to_owned()]));
}

#[test]
fn an_external_change_is_found_out() {
    let action = weights(50, 50);
    // Before the request: it is refused.
    let mut at = estate();
    let ops = at.draft(&action).expect("a draft").ops;
    State::external_change(&mut at.sim, &action, at.now);
    assert_eq!(at.verify("a", &ops[0]).truth, Truth::Conflict);
    assert_eq!(at.send("a", &ops[0]).reply, Reply::Mismatch);
    assert!(at.log().is_empty());
    // After it: the epoch is still ours, the weights are not.
    let mut at = estate();
    let ops = at.draft(&action).expect("a draft").ops;
    at.send("a", &ops[0]);
    State::external_change(&mut at.sim, &action, at.now);
    assert_eq!(at.verify("a", &ops[0]).truth, Truth::Conflict);
    at.read();
    assert_eq!(at.is_satisfied(&action), Some(false));
}

#[test]
fn another_of_us_with_the_same_goal_is_not_us() {
    let mut at = estate();
    let ops = at.draft(&weights(50, 50)).expect("a draft").ops;
    assert_eq!(at.send("theirs", &ops[0]).reply, Reply::Accepted);
    assert_eq!(at.send("ours", &ops[0]).reply, Reply::Mismatch);
    assert_eq!(at.verify("ours", &ops[0]).truth, Truth::Conflict, "same weights, another's epoch");
    assert_eq!(at.verify("theirs", &ops[0]).truth, Truth::Applied);
    at.read();
    assert_eq!(at.is_satisfied(&weights(50, 50)), Some(true), "it may be adopted");
}

#[test]
fn a_batch_is_taken_wholly_or_not_at_all() {
    let mut at = estate();
    let op = at.draft(&weights(50, 50)).expect("a draft").ops.remove(0);
    let Some(Version::Set(mut observed)) = (match op.precondition.clone() {
        base::operation::Precondition::Observed(mark) => Some(mark),
        _ => None,
    }) else {
        panic!("{op:?}")
    };
    // The last record set has another TTL than the observed one.
    observed.records.last_mut().expect("records").ttl = Some(61);
    let sent = State::write(&mut at.sim, "a", &op.call, Some(&Version::Set(observed)), at.now);
    assert_eq!(sent.reply, Reply::Mismatch);
    assert!(sent.detail.contains("do not match"), "{}", sent.detail);
    at.read();
    assert_eq!(at.is_satisfied(&weights(100, 0)), Some(true));
}

#[test]
fn a_change_whose_id_is_lost_is_waited_for_at_the_servers() {
    let mut at = estate();
    let ops = at.draft(&weights(50, 50)).expect("a draft").ops;
    let id = at.send("a", &ops[0]).version;
    let wait = |at: &mut Played<State>, expect| State::verify(&mut at.sim, "w", &ops[1].call, expect, at.now).truth;
    assert_eq!((wait(&mut at, None), wait(&mut at, id.as_ref())), (Truth::NotApplied, Truth::NotApplied));
    let other = Version::Change("C9".to_owned());
    assert_eq!(wait(&mut at, Some(&other)), Truth::Unobservable);
    at.pass(25);
    assert_eq!((wait(&mut at, None), wait(&mut at, id.as_ref())), (Truth::Applied, Truth::Applied));
    let Call::InSync { zone, name, epoch } = ops[1].call.clone() else { panic!("{ops:?}") };
    let later = Call::InSync { zone, name, epoch: epoch + 1 };
    assert_eq!(State::verify(&mut at.sim, "w", &later, None, at.now).truth, Truth::NotApplied);
    assert_eq!(at.state.plan.dns[0].set_identifiers.get(Side::Target).len(), 2);
}

#[test]
fn a_ttl_goes_down_in_one_batch_and_comes_back() {
    let mut at = estate();
    let ttl = |ttl| Action::SetTtl { name: "api.example.test.".to_owned(), ttl };
    assert_eq!((at.is_satisfied(&ttl(60)), at.is_satisfied(&ttl(30))), (Some(true), Some(false)));
    assert!(at.draft(&ttl(60)).expect("a draft").ops.is_empty());
    let over = at.draft(&ttl(30)).expect("a draft");
    assert_eq!(over.settle.as_secs(), 60);
    assert!(over.ops[0].what.starts_with("api.example.test. A ore-1 TTL 60 s → 30 s, "), "{}", over.ops[0].what);
    assert!(over.ops[0].command.contains("\"TTL\":30"), "{}", over.ops[0].command);
    at.play(&over.ops);
    assert_eq!(at.is_satisfied(&ttl(30)), Some(true));
    let back = at.state.inverse(&over.inverse, at.now).expect("a way back");
    at.play(&back.ops);
    assert_eq!(at.is_satisfied(&ttl(60)), Some(true));
    State::external_change(&mut at.sim, &ttl(30), at.now);
    assert_eq!(at.send("late", &over.ops[0]).reply, Reply::Mismatch);
}

#[test]
fn an_emergency_is_taken_whatever_is_there_and_its_way_back_compares() {
    let mut at = estate();
    let action =
        Action::EmergencyWeights { name: "api.example.test.".to_owned(), weights: Sides { source: 0, target: 100 } };
    let draft = at.draft(&action).expect("a draft");
    State::external_change(&mut at.sim, &weights(0, 100), at.now);
    assert_eq!(at.verify("a", &draft.ops[0]).truth, Truth::Conflict);
    assert_eq!(at.send("a", &draft.ops[0]).reply, Reply::Accepted);
    assert_eq!(at.verify("a", &draft.ops[0]).truth, Truth::Applied);
    at.read();
    assert_eq!((at.is_satisfied(&action), at.is_satisfied(&weights(0, 100))), (Some(true), Some(true)));
    assert!(at.draft(&action).expect("a draft").ops.is_empty(), "nothing is left to do");
    let command = &draft.ops[0].command;
    assert!(command.contains("UPSERT") && !command.contains("DELETE") && !command.contains("CREATE"), "{command}");
    let back = at.state.inverse(&draft.inverse, at.now).expect("a way back");
    assert_eq!(back.ops[0].kind, Kind::Compared);
    at.play(&back.ops);
    assert_eq!(at.is_satisfied(&weights(100, 0)), Some(true));
    // Stale readings do not prevent it, and are named.
    at.now.boot += std::time::Duration::from_secs(600);
    let stale = at.draft(&action).expect("a draft");
    assert!(stale.notes[1].contains("last read 10m"), "{:?}", stale.notes);
    let none =
        Action::EmergencyWeights { name: "api.example.test.".to_owned(), weights: Sides { source: 0, target: 0 } };
    assert!(at.draft(&none).is_err());
}
