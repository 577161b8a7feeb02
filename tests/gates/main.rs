//! Gates against an independent oracle, over random histories; and against clock jumps and sleeping machines.

mod history;
mod oracle;

use std::time::Duration;

use fastrand::Rng;
use landfall::{
    base::{
        now::{Age, Now},
        observed::Observed,
        signal::{Measured, Sample, SignalDef},
        step::Level,
    },
    engine::gate::{Judge, Readings},
};

use crate::history::{Counts, History, every, history};

/// Number of histories judged by both.
const HISTORIES: u64 = 100_000;

fn seed() -> u64 {
    let given = std::env::var("LANDFALL_SEED").ok().and_then(|s| s.parse().ok());
    given.unwrap_or_else(|| fastrand::u64(..))
}

fn cadence(def: &SignalDef) -> Duration {
    Duration::from_millis(every(def).unsigned_abs())
}

/// The judge after a whole history.
fn judged(history: &History) -> Judge {
    let mut judge = Judge::new(&history.condition, cadence);
    for (now, seen) in &history.past.looks {
        judge.evaluate(&Readings::of_measured(seen), *now);
    }
    for (gate, until) in &history.past.waivers {
        judge.waive(gate, *until).expect("a gate of the condition");
    }
    judge
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Green => "green",
        Level::Unknown => "hold",
        Level::Red => "red",
    }
}

#[test]
fn the_oracle_says_the_same_of_every_history() {
    let seed = seed();
    println!("LANDFALL_SEED={seed}");
    let mut rng = Rng::with_seed(seed);
    let mut counts = Counts::new();
    for n in 0..HISTORIES {
        let history = history(&mut rng, &mut counts);
        let verdict = judged(&history).verdict(history.end);
        let say = |what: &str, ours: Level, theirs: Level| {
            assert_eq!(
                ours, theirs,
                "history {n} of seed {seed}: {what}: ours is on the left, the oracle's on the right\n{:#?}\n{:#?}\n{:#?}",
                verdict.reasons, history.condition, history.past
            );
        };
        for gate in history.condition.gates() {
            let theirs = oracle::of_gate(gate, &history.past, every, history.end);
            say(&gate.id, verdict.gate(&gate.id).expect("a reason for every gate"), theirs);
            *counts.entry(format!("gates that ended {}", word(theirs))).or_default() += 1;
            let waited = theirs == Level::Green && !gate.sustain.is_zero() && history.past.waivers.is_empty();
            *counts.entry("gates that ended green after a wait".to_owned()).or_default() += u64::from(waited);
        }
        let theirs = oracle::of_tree(&history.condition, &history.past, every, history.end);
        say("the tree", verdict.level, theirs);
        *counts.entry(format!("verdict: {}", word(theirs))).or_default() += 1;
    }
    for (what, n) in &counts {
        println!("{n:>9}  {what}");
    }
    let green = counts["verdict: green"];
    println!("{HISTORIES} histories, {green} of them green");
    assert!(green * 5 >= HISTORIES, "fewer than a fifth are green: too little is proven");
    let must = ["look: late", "clock: wall jumps", "clock: boot goes back", "waiver", "gate: with a volume"];
    let series = ["stale", "live, but too old", "given twice", "missing", "fault", "never read", "not a number"];
    let kinds = counts.keys().filter(|k| k.starts_with("agg: ") || k.starts_with("op: ") || k.starts_with("tree: "));
    assert_eq!(kinds.count(), 7 + 6 + 3, "some kind never came up");
    let rosters = ["has one that never comes", "not known"].map(|s| format!("roster: {s}"));
    for what in must.map(str::to_owned).into_iter().chain(series.map(|s| format!("series: {s}"))).chain(rosters) {
        assert!(counts.get(&what).is_some_and(|n| *n >= 100), "too rare to prove anything: {what}");
    }
    for level in ["green", "hold", "red"] {
        assert!(counts[&format!("verdict: {level}")] * 20 >= HISTORIES, "too few are {level}");
    }
}

/// The same samples with a greater age.
fn aged(seen: &Measured, by: Duration) -> Measured {
    let older = |value: &Observed<f64>| match value {
        Observed::Fresh(v, age) => Observed::Fresh(*v, Age(age.0 + by)),
        other => other.clone(),
    };
    let samples = seen.samples.iter().map(|s| Sample { value: older(&s.value), ..s.clone() }).collect();
    Measured { samples, rosters: seen.rosters.clone() }
}

/// A gate that was not green before a clock jump or a sleep is not green afterwards, as long as only the clock has
/// changed. The estate is the worst possible: it still reports values as fresh that are an hour old.
#[test]
fn no_gate_turns_green_by_a_clock_that_jumps_or_a_machine_that_sleeps() {
    let seed = seed();
    println!("LANDFALL_SEED={seed}");
    let mut rng = Rng::with_seed(seed);
    let (mut counts, mut before_green, mut looked) = (Counts::new(), 0_u64, 0_u64);
    let hour = jiff::SignedDuration::from_hours(1);
    let second = Duration::from_secs(1);
    for _ in 0..3_000 {
        let history = history(&mut rng, &mut counts);
        let Some((last, seen_last)) = history.past.looks.last().cloned() else { continue };
        let judge = judged(&history);
        let before = judge.verdict(last);
        let sleep = Duration::from_secs(3600);
        let moments = [
            ("an hour forward", Now { boot: last.boot + second, wall: last.wall + hour }, second),
            ("an hour back", Now { boot: last.boot + second, wall: last.wall - hour }, second),
            ("a sleep", Now { boot: last.boot + sleep, wall: last.wall + hour }, sleep),
            ("a sleep and an hour back", Now { boot: last.boot + sleep, wall: last.wall }, sleep),
            ("boot goes back", Now { boot: last.boot - second, wall: last.wall }, Duration::ZERO),
        ];
        for (what, now, older) in moments {
            let mut after = judge.clone();
            let silent = after.verdict(now);
            after.evaluate(&Readings::of_measured(&aged(&seen_last, older)), now);
            let seen = after.verdict(now);
            // Values would be observed again after the gap; fresh values do not make up for it either.
            let mut fresh = judge.clone();
            fresh.evaluate(&Readings::of_measured(&aged(&seen_last, Duration::ZERO)), now);
            let fresh = fresh.verdict(now);
            for gate in history.condition.gates() {
                let green = |verdict: &landfall::engine::gate::Verdict| verdict.gate(&gate.id) == Some(Level::Green);
                before_green += u64::from(green(&before));
                looked += 1;
                if history.past.waivers.is_empty() {
                    assert!(green(&before) || !green(&silent), "{what}, no look: {gate:#?}");
                    assert!(green(&before) || !green(&seen), "{what}, a look: {gate:#?}");
                    let slow = !gate.sustain.is_zero() || gate.min_samples > 1;
                    assert!(!slow || !green(&fresh), "{what}, seen anew: {gate:#?}");
                }
            }
        }
    }
    println!("{looked} gates, {before_green} of them green before");
    assert!(before_green * 5 >= looked, "too few are green before");
}
