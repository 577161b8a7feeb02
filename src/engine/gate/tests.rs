//! What single gates do, look by look. Everything at once is held against an oracle in `tests/gates`.

mod window;

use std::time::Duration;

use indexmap::IndexMap;

use super::{Judge, NoSuchGate, Readings, cadence};
use base::{
    now::{Age, Now},
    observed::{Fault, FaultKind, Observed},
    side::Sides,
    signal::{MAX, Measured, Roster, Sample, SignalDef, Unit},
    step::Level::{Green, Red, Unknown},
};
use plan::{Agg, Compare, Condition, Gate, Intervals, Volume};

const fn def(id: &'static str, unit: Unit, labels: &'static [&'static str]) -> SignalDef {
    SignalDef::new((id, unit, labels), (0.0, MAX), "mongo", id, "")
}

static LAG: SignalDef = def("mongo.member.lag", Unit::Seconds, &["set", "member"]);
static RATE: SignalDef = def("health.query.value", Unit::PerSecond, &["query"]);

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// So many seconds after the start, by both clocks.
fn at(s: u64) -> Now {
    let wall = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(i64::try_from(s).expect("small"));
    Now { boot: secs(100_000 + s), wall }
}

fn live(v: f64, age: u64) -> Observed<f64> {
    Observed::Fresh(v, Age(secs(age)))
}

fn lag(member: &str, value: Observed<f64>) -> Sample {
    Sample { def: &LAG, labels: ["orders".to_owned(), member.to_owned()].into(), value }
}

fn gate(id: &str, change: impl FnOnce(&mut Gate)) -> Condition {
    let mut gate = Gate {
        id: id.to_owned(),
        metric: &LAG,
        labels: IndexMap::from([("set".to_owned(), "orders".to_owned())]),
        agg: Agg::Max,
        op: Compare::AtMost,
        limit: 2.0,
        sustain: Duration::ZERO,
        min_samples: 1,
        series: 1,
        max_age: None,
        min_volume: None,
        unit: LAG.unit,
        sites: Sides::words(),
    };
    change(&mut gate);
    Condition::Gate(Box::new(gate))
}

fn judge(condition: &Condition) -> Judge {
    Judge::new(condition, |_| secs(2))
}

#[test]
fn nothing_is_green_before_it_was_looked_at_but_no_condition_at_all() {
    let verdict = judge(&gate("g", |_| ())).verdict(at(0));
    assert_eq!(verdict.level, Unknown);
    assert_eq!(verdict.reasons[0].what, "mongo.member.lag of orders: not evaluated yet");
    assert_eq!(judge(&Condition::none()).verdict(at(0)).level, Green);
    assert_eq!(judge(&Condition::Any(Vec::new())).verdict(at(0)).level, Red);
}

#[test]
fn a_red_gate_says_what_it_is_of_which_series_and_its_limit() {
    let mut judge = judge(&gate("g", |_| ()));
    judge.evaluate(&Readings::of(&[lag("orders-0", live(0.5, 1)), lag("orders-1", live(3.4, 1))]), at(0));
    let verdict = judge.verdict(at(0));
    assert_eq!(verdict.level, Red);
    let reason = &verdict.reasons[0];
    assert_eq!(reason.what, "max mongo.member.lag of orders 3.4s (orders-1), limit ≤ 2s");
    assert_eq!((reason.value, reason.limit, reason.limit_text.as_str()), (Some(3.4), 2.0, "≤ 2s"));
}

#[test]
fn all_that_is_not_known_is_said_at_once_and_is_never_green() {
    let mut judge = judge(&gate("g", |g| {
        g.series = 4;
        g.min_volume = Some(Volume { metric: &RATE, labels: IndexMap::new(), least: 50.0, unit: RATE.unit });
    }));
    let down = Observed::Unknown(Fault::new(FaultKind::Unreachable, "orders-1:27017: refused"));
    let rate = Sample { def: &RATE, labels: ["rps".to_owned()].into(), value: live(3.0, 0) };
    judge.evaluate(
        &Readings::of(&[lag("orders-0", live(0.1, 7)), lag("orders-1", down), lag("orders-2", live(9.0, 0)), rate]),
        at(0),
    );
    let verdict = judge.verdict(at(0));
    assert_eq!(verdict.level, Unknown);
    let whats: Vec<&str> = verdict.reasons.iter().map(|r| r.what.as_str()).collect();
    assert_eq!(
        whats,
        [
            "3 series of mongo.member.lag of orders, the plan expects 4",
            "2 of 3 series of mongo.member.lag of orders: orders-0 7.0s old, limit 6.0s; \
             orders-1 UNREACHABLE: orders-1:27017: refused",
            "too little traffic: health.query.value of rps 3/s, needs 50/s",
        ]
    );
}

/// The members of a set, as its system says that there have to be.
fn roster(set: &str, members: Observed<Vec<&str>>) -> Roster {
    let labels = |member: &str| vec![set.to_owned(), member.to_owned()];
    let series = members.map(|list| list.into_iter().map(labels).collect());
    Roster { def: &LAG, scope: vec![set.to_owned()], series }
}

#[test]
fn over_any_aggregate_a_series_that_should_be_there_and_is_not_is_on_hold() {
    for &agg in Agg::ALL {
        let one = [lag("orders-0", live(0.0, 0))];
        let mut judge = judge(&gate("g", |g| g.agg = agg));
        let due = |members| {
            let rosters = vec![roster("orders", members), roster("other", Observed::Pending)];
            Measured { samples: one.to_vec(), rosters }
        };
        judge.evaluate(&Readings::of_measured(&due(live_list(&["orders-0"]))), at(0));
        assert_eq!(judge.verdict(at(0)).level, Green, "{agg:?}: all are there, and the other set's are not asked for");
        judge.evaluate(&Readings::of_measured(&due(live_list(&["orders-0", "orders-1"]))), at(1));
        let verdict = judge.verdict(at(1));
        assert_eq!((verdict.level, verdict.reasons[0].value), (Unknown, None), "{agg:?}");
        assert_eq!(verdict.reasons[0].what, "1 series of mongo.member.lag: orders-1 is missing");
        judge.evaluate(&Readings::of_measured(&due(Observed::Unknown(Fault::new(FaultKind::Refused, "no")))), at(2));
        let what = &judge.verdict(at(2)).reasons[0].what;
        assert_eq!(what, "the series of mongo.member.lag of orders are unknown: REFUSED: no, for 1.0s");
    }
}

#[test]
fn a_list_that_was_read_before_this_began_does_not_say_who_has_to_be_there_now() {
    let mut judge = judge(&gate("g", |_| ())).since(at(10));
    let list = |age| Observed::Fresh(vec!["orders-0"], Age(secs(age)));
    let due =
        |age| Measured { samples: vec![lag("orders-0", live(0.0, 0))], rosters: vec![roster("orders", list(age))] };
    judge.evaluate(&Readings::of_measured(&due(3)), at(12));
    let verdict = judge.verdict(at(12));
    assert_eq!(verdict.level, Unknown);
    assert!(verdict.reasons[0].what.ends_with(": waiting for the first reading since this step began"), "{verdict:?}");
    judge.evaluate(&Readings::of_measured(&due(2)), at(12));
    assert_eq!(judge.verdict(at(12)).level, Green);
}

fn live_list<'a>(members: &[&'a str]) -> Observed<Vec<&'a str>> {
    Observed::Fresh(members.to_vec(), Age(secs(1)))
}

#[test]
fn red_comes_before_hold_before_green_and_what_is_in_nobodys_way_is_moot() {
    let none = |g: &mut Gate| drop(g.labels.insert("set".to_owned(), "none".to_owned()));
    let either = Condition::Any(vec![gate("green", |_| ()), gate("moot", |g| g.limit = 0.0)]);
    let mut judge = judge(&Condition::All(vec![either, gate("hold", none), gate("red", |g| g.limit = 0.5)]));
    judge.evaluate(&Readings::of(&[lag("a", live(1.0, 0))]), at(0));
    let verdict = judge.verdict(at(0));
    let order: Vec<_> = verdict.reasons.iter().map(|r| (r.gate.as_str(), r.path.as_slice(), r.level)).collect();
    assert_eq!(
        order,
        [("moot", &[0, 1][..], Red), ("red", &[2], Red), ("hold", &[1], Unknown), ("green", &[0, 0], Green)]
    );
    assert_eq!(verdict.blocking().map(|r| r.gate.as_str()).collect::<Vec<_>>(), ["red", "hold"]);
    assert_eq!((verdict.level, judge.level(at(0))), (Red, Red));
}

/// What is red under an `any`, or green under an `all`, is not why the whole is on hold.
#[test]
fn of_what_is_composed_those_arms_give_the_reason_that_decide() {
    let is = |id: &str, green: bool| gate(id, |g| g.limit = if green { 2.0 } else { 0.5 });
    let slow = || gate("slow", |g| g.sustain = secs(30));
    let (all, any, n_of) = (Condition::All, Condition::Any, Condition::NOf);
    let red = || is("red", false);
    let green = || is("green", true);
    let cases = [
        (any(vec![red(), slow()]), Unknown, vec!["slow"]),
        (any(vec![red(), green()]), Green, vec!["green"]),
        (any(vec![red(), red()]), Red, vec!["red", "red"]),
        (all(vec![green(), slow(), green()]), Unknown, vec!["slow"]),
        (all(vec![slow(), red()]), Red, vec!["red"]),
        (n_of(2, vec![red(), green(), slow()]), Unknown, vec!["slow"]),
        (n_of(2, vec![red(), green(), green(), slow()]), Green, vec!["green", "green"]),
        (n_of(3, vec![red(), green(), red(), slow()]), Red, vec!["red", "red"]),
        (any(vec![red(), all(vec![green(), any(vec![red(), slow()])])]), Unknown, vec!["slow"]),
    ];
    for (condition, level, deciding) in cases {
        let mut judge = judge(&condition);
        (0..=18).for_each(|s| judge.evaluate(&Readings::of(&[lag("a", live(1.0, 0))]), at(s)));
        let verdict = judge.verdict(at(18));
        let text: Vec<&str> = verdict.reasons.iter().filter(|r| r.decides).map(|r| r.gate.as_str()).collect();
        assert_eq!((verdict.level, text), (level, deciding), "{condition:?}");
        if verdict.because().contains("true for") {
            let what = "max mongo.member.lag of orders 1s, limit ≤ 2s, true for 18s of 30s, 12s to go";
            assert_eq!(verdict.because(), what);
            assert_eq!(verdict.blocking().next().map(|r| r.gate.as_str()), Some("slow"), "what decides comes first");
        }
    }
}

#[test]
fn what_is_so_says_for_how_long_and_what_passed_keeps_its_value() {
    let mut judge = judge(&gate("g", |_| ()));
    for s in 0..=130 {
        judge.evaluate(&Readings::of(&[lag("a", live(9.0, 0))]), at(s));
    }
    let what = |judge: &Judge| judge.verdict(at(130)).reasons[0].what.clone();
    assert_eq!(what(&judge), "max mongo.member.lag of orders 9s, limit ≤ 2s, for 2m10s");
    judge.evaluate(&Readings::of(&[lag("a", live(0.5, 0))]), at(131));
    assert!(judge.last_verdict().is_some_and(|v| v.level == Green && v.reasons[0].value == Some(0.5)));
    assert_eq!(judge.verdict(at(500)).level, Unknown, "nobody looks at it any more");
    let kept = judge.last_verdict().expect("it was looked at");
    assert_eq!((kept.level, kept.reasons[0].value), (Green, Some(0.5)));
}

#[test]
fn a_signal_without_a_fresh_value_is_blind_and_one_without_traffic_is_not() {
    let blind = |value: Observed<f64>| {
        let mut judge = judge(&gate("g", |_| ()));
        judge.evaluate(&Readings::of(&[lag("a", value)]), at(0));
        judge.verdict(at(0)).reasons[0].blind.is_some()
    };
    let fault = |kind| Observed::Unknown(Fault::new(kind, "x"));
    assert!(
        [Observed::Pending, Observed::Stale(1.0, Age(secs(9))), fault(FaultKind::Refused), live(1.0, 7)]
            .into_iter()
            .all(blind)
    );
    assert!(![live(1.0, 0), live(9.0, 0), fault(FaultKind::NoTraffic)].into_iter().any(blind));
}

#[test]
fn a_waiver_ends_by_itself_and_by_whichever_clock_comes_first() {
    let mut judge = judge(&gate("g", |_| ()));
    judge.evaluate(&Readings::of(&[lag("a", live(9.0, 0))]), at(0));
    assert_eq!(judge.waive("h", at(60)), Err(NoSuchGate("h".to_owned())));
    judge.waive("g", at(60)).expect("is there");
    let verdict = judge.verdict(at(0));
    assert_eq!((verdict.level, verdict.reasons[0].waived), (Green, true));
    let what = "WAIVED until 1970-01-01T00:01:00Z (in 1m00s): max mongo.member.lag of orders 9s, limit ≤ 2s";
    assert_eq!(verdict.reasons[0].what, what);
    assert_eq!(judge.verdict(at(59)).level, Green);
    assert_eq!(judge.verdict(at(60)).level, Unknown);
    assert_eq!(judge.verdict(Now { wall: at(60).wall, ..at(1) }).level, Red, "the wall clock says that it is over");
    judge.lift("g").expect("is there");
    assert_eq!(judge.verdict(at(1)).level, Red);
}

#[test]
fn a_signal_is_measured_as_often_as_its_system_is_asked() {
    let intervals = Intervals::default();
    assert_eq!(cadence(&intervals, &LAG, 1.0), secs(2));
    assert_eq!(cadence(&intervals, &LAG, 0.25), secs(8));
    let strange = SignalDef { cadence: "strange", ..def("x.y.z", Unit::Count, &[]) };
    assert_eq!(cadence(&intervals, &strange, 1.0), secs(2), "the shortest of all");
}

#[test]
fn arms_are_under_the_fork_where_they_meet() {
    let condition = Condition::All(vec![
        gate("lag", |_| ()),
        Condition::Any(vec![
            gate("left", |g| g.limit = 0.0),
            Condition::NOf(2, vec![gate("a", |_| ()), gate("b", |_| ()), gate("c", |_| ())]),
        ]),
    ]);
    let mut judge = judge(&condition);
    judge.evaluate(&Readings::of(&[lag("orders-0", live(1.0, 1))]), at(0));
    let verdict = judge.verdict(at(0));
    let forks: Vec<_> = verdict.forks.iter().map(|fork| (fork.path.clone(), fork.word(), fork.level)).collect();
    assert_eq!(
        forks,
        [(vec![], "all of", Green), (vec![1], "any of", Green), (vec![1, 1], "2 of 3", Green)]
            .map(|(path, word, level)| (path, word.to_owned(), level))
    );
    let left = verdict.reasons.iter().find(|reason| reason.gate == "left").expect("an arm");
    assert_eq!((left.moot, left.level, left.value_text.as_deref()), (true, Red, Some("1s")));
    assert_eq!(left.subject, "max mongo.member.lag of orders");
}

#[test]
fn a_reading_from_before_the_step_is_waited_for_and_not_missed() {
    let mut judge = judge(&gate("g", |_| ())).since(at(5));
    judge.evaluate(&Readings::of(&[lag("orders-0", live(1.0, 2))]), at(6));
    let verdict = judge.verdict(at(6));
    assert_eq!((verdict.level, verdict.reasons[0].word()), (Unknown, "WAITING"));
    assert!(verdict.reasons[0].blind.is_none());
    judge.evaluate(&Readings::of(&[lag("orders-0", live(1.0, 0))]), at(7));
    assert_eq!(judge.verdict(at(7)).level, Green);
}
