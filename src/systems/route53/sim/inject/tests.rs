use super::super::{
    super::{State, ops::tests::plan},
    tests::{estate, served},
};
use crate::{
    SharedConditions, Simulated,
    planner::{
        Planner, SimulateWrites,
        played::{self, Played},
    },
    route53::FaultInjection,
};
use base::{
    side::{Side, Sides},
    step::Truth,
};
use plan::Action;

/// A name whose records are aliases, which are as healthy as their targets.
const ALIASES: &str = r#"
[[dns]]
name = "www.example.test."
zone = "Z1"
type = "A"
set_identifiers = { source = "vir", target = ["ore-1", "ore-2"] }
servers = ["192.0.2.53", "192.0.2.53:5357", "198.51.100.53"]
resolvers = ["203.0.113.53"]
answers = { source = ["192.0.2.10"], target = ["198.51.100.10"] }
"#;

fn inject(at: &mut Played<State>, what: &FaultInjection) {
    State::inject(&mut at.sim, what, at.now).expect("it is there");
}

fn stuck(on: bool) -> FaultInjection {
    FaultInjection::Stuck { server: "192.0.2.53".parse().expect("an address"), on }
}

fn checks(side: Side, pass: bool) -> FaultInjection {
    FaultInjection::HealthChecks { name: "WWW.example.test".to_owned(), side, pass }
}

fn www(source: u8, target: u8) -> Action {
    Action::SetWeights { name: "www.example.test.".to_owned(), weights: Sides { source, target } }
}

/// The target's share of the users.
fn received(at: &mut Played<State>) -> f64 {
    State::advance(&mut at.sim, at.now);
    let mut names = SharedConditions::default();
    State::publish(&at.sim, at.now, &mut names);
    (names.on_target.expect("a name steers it") * 1000.0).round() / 1000.0
}

#[test]
fn a_server_that_is_stuck_serves_what_it_has_until_it_catches_up() {
    let plan = played::plan(ALIASES);
    let mut at = Played::<State>::new(&plan);
    inject(&mut at, &stuck(true));
    let ops = at.draft(&www(0, 100)).expect("a draft").ops;
    let id = at.send("a", &ops[0]).version;
    at.pass(300);
    let each: Vec<u32> = (0..3).map(|server| served(&mut at, &plan, server)).collect();
    assert_eq!(each, [0, 0, 100], "at each of its ports");
    assert_eq!(received(&mut at), 0.333);
    let wait = |at: &mut Played<State>, expect| State::verify(&mut at.sim, "w", &ops[1].call, expect, at.now).truth;
    assert_eq!(
        (wait(&mut at, id.as_ref()), wait(&mut at, None)),
        (Truth::Applied, Truth::NotApplied),
        "INSYNC all the same"
    );
    // Resolvers query all servers in turn.
    let later = |_| {
        at.pass(61);
        served(&mut at, &plan, 3)
    };
    let resolved: Vec<u32> = (0..60).map(later).collect();
    assert!(resolved.iter().any(|share| *share < 50) && resolved.iter().any(|share| *share > 50), "{resolved:?}");
    inject(&mut at, &stuck(false));
    assert_eq!(received(&mut at), 0.333, "caches keep it");
    assert_eq!(served(&mut at, &plan, 0), 100);
    at.pass(29);
    assert_eq!(received(&mut at), 0.667);
    at.pass(30);
    assert_eq!((received(&mut at), wait(&mut at, None)), (1.0, Truth::Applied));
    // Again: it keeps its present version.
    inject(&mut at, &stuck(true));
    at.pass(300);
    assert_eq!((received(&mut at), served(&mut at, &plan, 0)), (1.0, 100));
}

#[test]
fn a_server_that_is_stuck_half_way_stays_there() {
    let plan = played::plan(ALIASES);
    let mut at = Played::<State>::new(&plan);
    let ops = at.draft(&www(50, 50)).expect("a draft").ops;
    at.send("a", &ops[0]);
    at.pass(10);
    // The change has not reached the second of its ports yet.
    inject(&mut at, &stuck(true));
    inject(&mut at, &stuck(true));
    at.pass(600);
    let each: Vec<u32> = (0..3).map(|server| served(&mut at, &plan, server)).collect();
    assert!(each[0] > 20 && each[1] == 0 && each[2] > 20, "{each:?}");
    assert_eq!(received(&mut at), 0.5);
}

#[test]
fn records_that_fail_their_health_checks_are_left_out() {
    let plan = played::plan(ALIASES);
    let mut at = Played::<State>::new(&plan);
    let now = |at: &mut Played<State>| {
        at.pass(120);
        (served(at, &plan, 0), received(at))
    };
    let ops = at.draft(&www(90, 10)).expect("a draft").ops;
    at.play(&ops);
    assert_eq!(now(&mut at).1, 0.1);
    inject(&mut at, &checks(Side::Source, false));
    assert_eq!(now(&mut at), (100, 1.0));
    inject(&mut at, &checks(Side::Target, false));
    assert_eq!(now(&mut at).1, 0.1, "all unhealthy is all healthy");
    inject(&mut at, &checks(Side::Source, true));
    assert_eq!(now(&mut at), (0, 0.0));
    inject(&mut at, &checks(Side::Target, true));
    at.pass(2 + 30);
    assert_eq!(received(&mut at), 0.05, "caches age");
    assert_eq!(now(&mut at).1, 0.1);
    assert_eq!(at.is_satisfied(&www(90, 10)), Some(true), "the records are what they were all the time");
}

#[test]
fn a_weight_of_zero_answers_when_all_others_fail() {
    let plan = played::plan(ALIASES);
    let mut at = Played::<State>::new(&plan);
    let now = |at: &mut Played<State>| {
        at.pass(120);
        (served(at, &plan, 0), received(at))
    };
    assert_eq!(now(&mut at), (0, 0.0));
    inject(&mut at, &checks(Side::Source, false));
    assert_eq!(now(&mut at), (100, 1.0), "the target, of which nobody has moved a weight yet");
    // A change that is made meanwhile takes effect.
    let ops = at.draft(&www(0, 100)).expect("a draft").ops;
    at.play(&ops);
    inject(&mut at, &checks(Side::Source, true));
    assert_eq!(now(&mut at), (100, 1.0));
    inject(&mut at, &checks(Side::Target, false));
    assert_eq!(now(&mut at), (0, 0.0), "a silent way back");
    inject(&mut at, &checks(Side::Target, true));
    assert_eq!(now(&mut at), (100, 1.0));
}

#[test]
fn what_is_not_there_is_named() {
    let mut at = estate();
    let detail = |at: &mut Played<State>, what: &FaultInjection| {
        State::inject(&mut at.sim, what, at.now).expect_err("not there")
    };
    let server = FaultInjection::Stuck { server: "203.0.113.1".parse().expect("an address"), on: true };
    assert_eq!(detail(&mut at, &server), "no authoritative server 203.0.113.1");
    assert_eq!(detail(&mut at, &checks(Side::Source, false)), "no name WWW.example.test");
    // Records with values and without a health check are always healthy.
    let bare = FaultInjection::HealthChecks { name: "api.example.test.".to_owned(), side: Side::Target, pass: false };
    assert_eq!(detail(&mut at, &bare), "no health check on the target's records of api.example.test.");
    assert_eq!(served(&mut at, &plan(), 0), 0);
}

#[test]
fn an_external_change_sets_a_weight_past_every_epoch() {
    let plan = played::plan(ALIASES);
    let mut at = Played::<State>::new(&plan);
    let weigh = |name: &str, to| FaultInjection::Weigh { name: name.to_owned(), side: Side::Source, to };
    inject(&mut at, &weigh("WWW.example.test", 0));
    at.pass(120);
    // Three records, each answered equally often.
    assert_eq!(received(&mut at), 0.667);
    let draft = at.draft(&www(90, 10)).expect("a draft");
    assert_eq!(draft.diff.last().map(|c| c.from.as_str()), Some("none"), "no epoch was made");
    let back = at.state.inverse(&draft.inverse, at.now);
    assert!(back.expect("nothing to do yet").ops.is_empty());
    at.send("a", &draft.ops[0]);
    at.pass(60);
    let back = at.state.inverse(&draft.inverse, at.now).expect("a draft");
    assert!(back.broken[0].contains("the weights of both sides would be 0"), "{back:?}");
    assert!(State::inject(&mut at.sim, &weigh("api.example.test.", 1), at.now).is_err());
}
