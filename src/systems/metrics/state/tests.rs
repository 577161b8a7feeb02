//! The validity of a value: without traffic, too old, out of range.

use std::{sync::Arc, time::Duration};

use super::{Known, State, allowed};
use crate::{
    System,
    metrics::facts::{Observation, Period, Query, Value},
    planner::played,
};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Freshness, Observed, Stamp},
    side::{Side, Sides},
    signal::{Samples, Unit},
};
use plan::{HealthKind, HealthQuery, MetricQuery, Plan};

fn query(name: &str, kind: HealthKind, volume: Option<&str>) -> HealthQuery {
    let query =
        || MetricQuery::Prometheus { url: "http://127.0.0.1:9".to_owned(), expr: name.to_owned(), bearer: None };
    HealthQuery {
        name: name.to_owned(),
        kind,
        unit: if kind == HealthKind::Errors { Unit::Ratio } else { Unit::PerSecond },
        volume: volume.map(str::to_owned),
        queries: Sides::from_fn(|_| Some(query())),
    }
}

fn plan() -> Arc<Plan> {
    Arc::new(Plan {
        health: vec![
            query("requests", HealthKind::Requests, None),
            query("errors", HealthKind::Errors, Some("requests")),
        ],
        ..played::sites()
    })
}

fn now(s: i64) -> Now {
    let wall = jiff::Timestamp::from_second(1_800_000_000 + s).expect("time");
    Now { boot: Duration::from_secs(u64::try_from(100_000 + s).expect("positive")), wall }
}

fn stamp(s: i64) -> Stamp {
    Stamp { at: now(s), fresh: Freshness::of_interval(Duration::from_secs(15)) }
}

/// A state with these values for `requests` and `errors` of the source.
fn lines_of(requests: f64, errors: f64) -> State {
    let plan = plan();
    let (mut state, specs) = State::new(&plan);
    for spec in &specs {
        let value = if spec.id.contains("requests") { requests } else { errors };
        if spec.side == Some(Side::Source) {
            state.apply(&spec.query, Observation::One(Value { value, of: None }), stamp(0));
        }
    }
    state
}

#[test]
fn an_error_ratio_needs_requests() {
    let errors = |state: &State, s| state.value(1, Side::Source, now(s)).expect("asked");
    assert_eq!(errors(&lines_of(10.0, 0.25), 1).fresh(), Some(0.25));
    let none = errors(&lines_of(0.0, 0.0), 1);
    assert!(matches!(&none, Observed::Unknown(f) if f.kind == FaultKind::NoTraffic), "{none:?}");

    let mut cut = lines_of(10.0, 0.25);
    let (_, specs) = State::new(&plan());
    let spec = specs.iter().find(|s| s.id == "metrics/requests/source").expect("a source");
    cut.fail(&spec.query, &Fault::new(FaultKind::Unreachable, "gone"), now(2));
    assert!(!errors(&cut, 2).is_fresh(), "the ratio is worth no more than its volume");
}

#[test]
fn a_value_that_cannot_be_true_is_not_known_and_a_ratio_of_nothing_is_missed_by_nobody() {
    let unknown = |state: &State| -> Vec<String> {
        let all = state.watched(now(1)).into_iter().filter_map(|thing| thing.unknown("metrics"));
        all.filter(|thing| thing.what.ends_with("source"))
            .map(|thing| format!("{}: {}", thing.what, thing.why))
            .collect()
    };
    assert_eq!(unknown(&lines_of(10.0, 0.25)), Vec::<String>::new());
    assert_eq!(unknown(&lines_of(0.0, 0.25)), Vec::<String>::new());
    let odd = unknown(&lines_of(10.0, 37.0));
    assert_eq!(odd.len(), 1, "{odd:?}");
    assert!(odd[0].starts_with("health query errors, source: MALFORMED: "), "{odd:?}");
}

#[test]
fn nothing_reported_is_no_signal_that_lives() {
    let state = lines_of(10.0, 0.0);
    let mut out = Samples::default();
    state.measure(now(1), &mut out);
    for sample in out.into_vec() {
        let lines_of = sample.labels[1] == "source";
        assert_eq!(sample.value.is_fresh(), lines_of, "{sample:?}");
    }
}

#[test]
fn a_period_is_as_old_as_its_end_and_one_in_the_future_is_none() {
    let of = |end: i64| Value { value: 1.0, of: Some(Period { end: now(end).wall, length: Duration::from_secs(60) }) };
    let mut known = Known::default();
    known.set(of(-90), stamp(0));
    let seen = known.reading.at(now(0)).cloned();
    assert_eq!(seen.age().map(|a| a.0.as_secs()), Some(90));
    assert!(seen.is_fresh(), "a newer period cannot have come yet");
    known.set(of(-90), stamp(150));
    assert!(!known.reading.at(now(150)).is_fresh(), "read just now, and stale: the metric has stopped");
    assert_eq!(known.ring.iter().count(), 1, "the same period reported again is no new value");
    known.set(of(600), stamp(160));
    assert!(!known.reading.at(now(160)).is_fresh());
}

#[test]
fn a_moment_long_over_is_no_value_and_says_how_long() {
    let of = |end: i64| Value { value: 1.0, of: Some(Period { end: now(end).wall, length: Duration::ZERO }) };
    let mut known = Known::default();
    known.set(of(-20), stamp(0));
    let seen = known.reading.at(now(0)).cloned();
    assert_eq!(seen.age().map(|a| a.0.as_secs()), Some(0), "clocks may differ by this");
    known.set(of(-300), stamp(15));
    assert!(!known.reading.at(now(15)).is_fresh());
    assert!(known.reading.fault().is_some_and(|f| f.text.raw().contains("5m15s ago")), "{:?}", known.reading);
    known.set(of(400), stamp(30));
    assert!(known.reading.fault().is_some_and(|f| f.text.raw().contains("in the future")), "{:?}", known.reading);
}

#[test]
fn values_that_cannot_be_are_not() {
    let errors = query("errors", HealthKind::Errors, None);
    let kind = |value: f64| allowed(&errors, Value { value, of: None }).map(|v| v.value).map_err(|f| f.kind);
    assert_eq!(kind(f64::NAN), Err(FaultKind::Empty));
    assert_eq!(kind(-0.1), Err(FaultKind::Malformed));
    assert_eq!(kind(1.5), Err(FaultKind::Malformed));
    assert_eq!(kind(f64::INFINITY), Err(FaultKind::Malformed));
    assert_eq!(kind(1.0 + 1e-12), Ok(1.0));
}

#[test]
fn a_side_without_users_is_idle_and_not_blind() {
    let (mut state, specs) = State::new(&plan());
    let ask = |query: usize, side: Side| {
        let of = |ask: &Query| matches!(ask, Query::Prometheus { query: q, side: s, .. } if (*q, *s) == (query, side));
        specs.iter().find(|spec| of(&spec.query)).expect("asked").query.clone()
    };
    let set = |state: &mut State, query: usize, value: f64| {
        let facts = Observation::One(Value { value, of: None });
        state.apply(&ask(query, Side::Target), facts, stamp(0));
    };
    assert!(!state.is_idle(1, Side::Target, now(1)), "whether it has users is not known");
    set(&mut state, 0, 0.0);
    assert!(state.is_idle(1, Side::Target, now(1)));
    assert!(!state.is_idle(0, Side::Target, now(1)), "no requests is a value");
    assert!(!state.is_idle(1, Side::Target, now(500)), "that was long ago");
    set(&mut state, 0, 3.0);
    assert!(!state.is_idle(1, Side::Target, now(1)));
}

/// The answers of a side to the plan's queries, one after the other: a number, or that nothing is measured.
fn answered(state: &mut State, side: Side, answers: [Option<f64>; 2], s: i64) {
    let (_, specs) = State::new(&plan());
    for (query, answer) in answers.into_iter().enumerate() {
        let of = |ask: &Query| matches!(ask, Query::Prometheus { query: q, side: s, .. } if (*q, *s) == (query, side));
        let ask = specs.iter().find(|spec| of(&spec.query)).expect("asked").query.clone();
        let none = || Fault::new(FaultKind::Empty, "no series: nothing is measured");
        let facts = match answer {
            Some(value) => Observation::One(Value { value, of: None }),
            None => Observation::Many(vec![(query, Err(none()))]),
        };
        state.apply(&ask, facts, stamp(s));
    }
}

fn unknown(state: &State, s: i64) -> Vec<String> {
    state.watched(now(s)).into_iter().filter_map(|thing| thing.unknown("metrics")).map(|thing| thing.what).collect()
}

/// CloudWatch's RequestCount and `sum(rate(...))` have no value before the first request.
#[test]
fn a_side_not_used_yet_is_missed_by_nobody_and_no_gate_takes_it_for_zero() {
    let (mut state, _) = State::new(&plan());
    answered(&mut state, Side::Source, [Some(12.0), Some(0.1)], 0);
    answered(&mut state, Side::Target, [None, None], 0);
    assert_eq!(unknown(&state, 1), Vec::<String>::new());
    for query in 0..2 {
        let value = state.value(query, Side::Target, now(1)).expect("asked");
        assert!(matches!(&value, Observed::Unknown(f) if f.kind == FaultKind::Empty), "{value:?}");
    }
    // Once a side had users, a missing value is reported.
    answered(&mut state, Side::Target, [Some(3.0), Some(0.0)], 2);
    assert_eq!(unknown(&state, 3), Vec::<String>::new());
    answered(&mut state, Side::Target, [None, None], 4);
    assert_eq!(unknown(&state, 5), ["health query requests, target", "health query errors, target"]);
}

#[test]
fn a_query_that_finds_nothing_anywhere_is_not_known() {
    let (mut state, _) = State::new(&plan());
    answered(&mut state, Side::Source, [None, None], 0);
    answered(&mut state, Side::Target, [None, None], 0);
    assert_eq!(unknown(&state, 1).len(), 4, "users are somewhere: it is misspelt");
    // An error ratio that the server refuses differs from one of no requests.
    let (mut state, specs) = State::new(&plan());
    answered(&mut state, Side::Source, [Some(12.0), Some(0.1)], 0);
    answered(&mut state, Side::Target, [None, None], 0);
    let errors = specs.iter().find(|s| s.id == "metrics/errors/target").expect("a source");
    state.fail(&errors.query, &Fault::new(FaultKind::Refused, "HTTP 403"), now(1));
    assert_eq!(unknown(&state, 1), ["health query errors, target"]);
}
