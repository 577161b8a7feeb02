//! The effect of other systems' conditions on health queries.

use std::time::Duration;

use super::Sim;
use crate::{
    SharedConditions, Simulated,
    metrics::FaultInjection,
    metrics::{Observation, Query, State},
    planner::{SimulateWrites, played},
};
use base::{
    now::Now,
    side::{Side, Sides},
};

/// A health query in the plan file's format; `more` are its other keys.
fn query(name: &str, kind: &str, unit: &str, more: &str) -> String {
    format!(
        r#"
[[health]]
name = {name:?}
kind = {kind:?}
unit = {unit:?}
source = {{ prometheus = "http://127.0.0.1:1", expr = {name:?} }}
{more}
"#
    )
}

/// Requests, errors, the 99th percentile and a queue, on both sides; and one more that is not sent to the target.
fn queries() -> String {
    const TARGET: &str = r#"target = { prometheus = "http://127.0.0.1:2", expr = "a" }"#;
    let of_requests = format!("{TARGET}\nvolume = \"requests\"");
    [
        query("requests", "requests", "per_second", TARGET),
        query("errors", "errors", "ratio", &of_requests),
        query("latency", "latency", "seconds", &of_requests),
        query("queue", "other", "seconds", TARGET),
        query("cache", "other", "ratio", ""),
    ]
    .concat()
}

const ERRORS: usize = 1;
const LATENCY: usize = 2;
const QUEUE: usize = 3;

const NOW: Now = Now { boot: Duration::from_secs(1000), wall: jiff::Timestamp::UNIX_EPOCH };

fn sim(conditions: SharedConditions) -> Sim {
    let mut sim = State::simulate(&played::plan(&queries()), 7);
    State::observe(&mut sim, &conditions);
    sim
}

/// A query's value, as its server would answer.
fn asked(sim: &mut Sim, query: usize, side: Side) -> f64 {
    let ask = Query::Prometheus { query, side, url: "".into(), expr: "".into(), bearer: None };
    match State::answer(sim, &ask, NOW) {
        Ok(Observation::One(value)) => value.value,
        other => panic!("{other:?}"),
    }
}

/// The smallest and the largest of many values, including noise.
fn range(conditions: SharedConditions, query: usize, side: Side) -> (f64, f64) {
    let mut sim = sim(conditions);
    let values: Vec<f64> = (0..500).map(|_| asked(&mut sim, query, side)).collect();
    (values.iter().copied().fold(f64::INFINITY, f64::min), values.iter().copied().fold(0.0, f64::max))
}

/// This share of the traffic at the target, which has this capacity.
fn moved(on_target: f64, room: f64) -> SharedConditions {
    SharedConditions {
        on_target: Some(on_target),
        capacity: Some(Sides { source: 1.3, target: room }),
        ..SharedConditions::default()
    }
}

#[test]
fn what_arrives_beyond_the_room_there_is_fails() {
    // Half of the traffic on a fifth of a fleet whose load with all of it is three quarters.
    let (low, _) = range(moved(0.5, 0.2 / 0.75), ERRORS, Side::Target);
    assert!(low > 0.3, "{low}");
    assert!(range(moved(0.5, 0.2 / 0.75), ERRORS, Side::Source).1 < 0.005, "the source has room");
    assert!(range(moved(0.01, 0.2 / 0.75), ERRORS, Side::Target).1 < 0.005, "a canary has room");
    assert!(range(moved(1.0, 0.95 / 0.75), ERRORS, Side::Target).1 < 0.005, "a fleet that has grown has room");
    let (_, all) = range(moved(1.0, 0.0), ERRORS, Side::Target);
    assert!((0.9..=1.0).contains(&all), "nobody is there, and no more than all fails: {all}");
    assert!(range(moved(0.0, 0.0), ERRORS, Side::Target).1 < 0.005, "nobody is there and nobody comes");
    assert!(range(SharedConditions::default(), ERRORS, Side::Source).1 < 0.005, "nothing is known of any fleet");
}

#[test]
fn refused_writes_fail_and_queue_up() {
    let conditions = SharedConditions { refused: 0.5, unwritten: Duration::from_secs(300), ..moved(0.0, 1.3) };
    assert!(range(conditions, ERRORS, Side::Source).0 > 0.1);
    for side in Side::BOTH {
        let (low, _) = range(conditions, QUEUE, side);
        assert!(low > 1.5 * range(moved(0.0, 1.3), QUEUE, side).1, "{low}");
    }
    // One of twelve sets is stepped down, as in a planned move.
    let usual = SharedConditions { refused: 0.09 / 60.0 / 12.0, ..moved(0.0, 1.3) };
    assert!(range(usual, ERRORS, Side::Source).1 < 0.005);
}

#[test]
fn a_crowd_and_data_that_is_far_away_take_longer() {
    let mean = |conditions, side| {
        let (low, high) = range(conditions, LATENCY, side);
        f64::midpoint(low, high)
    };
    let before = SharedConditions { away: Sides { source: 0.0, target: 1.0 }, ..moved(0.5, 1.3) };
    let after = SharedConditions { away: Sides { source: 1.0, target: 0.0 }, ..moved(0.5, 1.3) };
    for (side, home, far) in [(Side::Source, before, after), (Side::Target, after, before)] {
        let longer = mean(far, side) - mean(home, side);
        assert!((0.04..0.09).contains(&longer), "{side}: {longer}");
    }
    let crowded = |room| mean(moved(1.0, room), Side::Target);
    assert!(crowded(1.0) > 2.0 * crowded(1.3) && crowded(0.6) > 1.0, "{} {}", crowded(1.0), crowded(0.6));
    assert!(
        range(
            SharedConditions { away: Sides { source: 0.0, target: 1.0 }, ..moved(1.0, 0.95 / 0.75) },
            LATENCY,
            Side::Target
        )
        .1 < 0.5
    );
}

#[test]
fn a_given_value_is_read_until_it_is_taken_away() {
    let reads = |query: &str, side, value| FaultInjection::Reads { query: query.into(), side, value };
    let (mut with, mut without) = (sim(moved(0.5, 1.3)), sim(moved(0.5, 1.3)));
    State::inject(&mut with, &reads("errors", Side::Target, Some(0.25)), NOW).expect("a query");
    for _ in 0..20 {
        assert_eq!(asked(&mut with, ERRORS, Side::Target), 0.25);
        assert!(asked(&mut without, ERRORS, Side::Target) < 0.005);
        assert_eq!(asked(&mut with, ERRORS, Side::Source), asked(&mut without, ERRORS, Side::Source));
    }
    State::inject(&mut with, &reads("errors", Side::Target, None), NOW).expect("a query");
    assert_eq!(
        asked(&mut with, ERRORS, Side::Target),
        asked(&mut without, ERRORS, Side::Target),
        "as if nothing had been"
    );

    for (query, named) in [("nothing", "no health query nothing"), ("cache", "cache is not configured for the target")]
    {
        let detail = State::inject(&mut with, &reads(query, Side::Target, Some(1.0)), NOW).expect_err("not there");
        assert!(detail.contains(named), "{detail}");
    }
}
