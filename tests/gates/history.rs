//! Random histories: a condition, the samples of the estate at each evaluation, and all that can go wrong in between.
//! Generated so that many end green: an oracle that only sees red proves little.

use std::{collections::BTreeMap, time::Duration};

use fastrand::Rng;
use indexmap::IndexMap;
use landfall::{
    base::{
        now::{Age, Now},
        observed::{Fault, FaultKind, Observed},
        side::Sides,
        signal::{MAX, Measured, Roster, Sample, SignalDef, Unit},
    },
    plan::{Agg, Compare, Condition, Gate, Volume},
};

use crate::oracle::Past;

const fn def(id: &'static str, labels: &'static [&'static str]) -> SignalDef {
    SignalDef::new((id, Unit::Seconds, labels), (-MAX, MAX), "mongo", id, "")
}

/// Judged by gates.
pub static LAG: SignalDef = def("test.lag", &["set", "member"]);
/// Judged by gates, too.
pub static READY: SignalDef = def("test.ready", &["role"]);
/// Traffic, for minimum volumes.
pub static RATE: SignalDef = def("test.rate", &["query"]);

/// Measurement interval of each, in milliseconds.
pub fn every(def: &SignalDef) -> i64 {
    match def.id {
        "test.lag" => 2000,
        "test.ready" => 3000,
        _ => 1000,
    }
}

/// Occurrence counts over all histories.
pub type Counts = BTreeMap<String, u64>;

/// One history.
pub struct History {
    pub condition: Condition,
    pub past: Past,
    /// Time of the final evaluation.
    pub end: Now,
}

/// One series, and what its collector knows.
struct Series {
    def: &'static SignalDef,
    labels: Vec<String>,
    base: f64,
    value: Observed<f64>,
    read: i64,
    next: i64,
}

/// The possible values: all their sums and means are exact.
const VALUES: [f64; 5] = [0.0, 0.5, 1.0, 2.0, 4.0];

pub fn pick<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}

fn chance(rng: &mut Rng, share: f64) -> bool {
    rng.f64() < share
}

pub fn at(boot: i64, wall: i64) -> Now {
    let wall = jiff::Timestamp::from_millisecond(wall).expect("in range");
    Now { boot: Duration::from_millis(boot.unsigned_abs()), wall }
}

fn note(counts: &mut Counts, what: impl Into<String>) {
    *counts.entry(what.into()).or_default() += 1;
}

/// A random history.
pub fn history(rng: &mut Rng, counts: &mut Counts) -> History {
    let mut estate = estate(rng);
    let mut id = 0;
    let depth = pick(rng, &[0, 0, 1, 1, 2]);
    let condition = condition(rng, &estate, depth, &mut id, counts);
    let gates: Vec<Gate> = condition.gates().into_iter().cloned().collect();
    // Series that no gate uses may be missing.
    let wanted = |def: &SignalDef| {
        gates.iter().any(|g| g.metric == def || g.min_volume.as_ref().is_some_and(|v| v.metric == def))
    };
    estate.retain(|series| wanted(series.def));
    let trouble = pick(rng, &[0.0, 0.0, 0.002, 0.01, 0.04]);
    let due = if rng.bool() { due(rng, &estate, counts) } else { Vec::new() };
    let (mut boot, mut wall) = (10_000_000_i64, 1_800_000_000_000_i64);
    let mut past = Past::default();
    let many = if chance(rng, 0.1) { rng.usize(0..=40) } else { rng.usize(3..=14) };
    for series in &mut estate {
        series.next = boot - rng.i64(0..2 * every(series.def));
    }
    for _ in 0..many {
        let mut step = pick(rng, &[1000, 1000, 1000, 500, 1000, 250]);
        if chance(rng, trouble) {
            step = pick(rng, &[0, 3000, 5999, 6000, 6001, 9000, 12_000, 30_000, 3_600_000]);
            note(counts, "look: late");
        }
        boot += step;
        wall += step;
        if chance(rng, trouble / 2.0) {
            wall += pick(rng, &[3_600_000, -3_600_000, 2000, -2000, 2001, -2001]);
            note(counts, "clock: wall jumps");
        }
        if chance(rng, trouble / 8.0) {
            boot -= 500 + step;
            note(counts, "clock: boot goes back");
        }
        let samples = look(rng, &mut estate, boot, trouble, counts);
        let rosters = due.iter().map(|roster| heard(rng, roster, trouble, counts)).collect();
        past.looks.push((at(boot, wall), Measured { samples, rosters }));
        if let (true, Some(gate)) = (chance(rng, 0.01), gates.first()) {
            let for_ms = rng.i64(0..20_000);
            past.waivers.push((gate.id.clone(), at(boot + for_ms, wall + for_ms)));
            note(counts, "waiver");
        }
    }
    let later = if chance(rng, 0.8) { 0 } else { pick(rng, &[1, 500, 2000, 4000, 6000, 6001, 20_000]) };
    let jump = if chance(rng, 0.97) { 0 } else { pick(rng, &[2000, 2001, -2001, 3_600_000, -3_600_000]) };
    History { condition, past, end: at(boot + later, wall + later + jump) }
}

fn estate(rng: &mut Rng) -> Vec<Series> {
    let mut all = Vec::new();
    let mut add = |def, labels: &[&str], base| {
        let labels = labels.iter().map(|&l| l.to_owned()).collect();
        all.push(Series { def, labels, base, value: Observed::Pending, read: 0, next: 0 });
    };
    for member in 0..rng.usize(1..=3) {
        add(&LAG, &["a", ["m0", "m1", "m2"][member]], pick(rng, &VALUES));
    }
    if rng.bool() {
        add(&LAG, &["b", "m0"], pick(rng, &VALUES));
    }
    for role in 0..rng.usize(1..=2) {
        add(&READY, &[["web", "api"][role]], pick(rng, &VALUES));
    }
    for query in 0..rng.usize(1..=2) {
        add(&RATE, &[["in", "out"][query]], pick(rng, &[1.0, 2.0, 4.0]));
    }
    all
}

/// The expected series according to the systems: for each set and the roles separately, or for all at once; sometimes
/// one that never appears.
fn due(rng: &mut Rng, estate: &[Series], counts: &mut Counts) -> Vec<Roster> {
    let scopes: &[(&'static SignalDef, &[&str])] = if rng.bool() {
        &[(&LAG, &["a"]), (&LAG, &["b"]), (&READY, &[]), (&RATE, &["in"])]
    } else {
        &[(&LAG, &[]), (&READY, &["web"])]
    };
    let mut rosters = Vec::new();
    for (def, scope) in scopes {
        let mine = estate.iter().filter(|s| s.def == *def && scope.iter().zip(&s.labels).all(|(a, b)| a == b));
        let mut series: Vec<Vec<String>> = mine.map(|s| s.labels.clone()).collect();
        if chance(rng, 0.05) {
            note(counts, "roster: has one that never comes");
            let mut labels: Vec<String> = scope.iter().map(|&s| s.to_owned()).collect();
            labels.resize(def.labels.len(), "late".to_owned());
            series.push(labels);
        }
        let scope = scope.iter().map(|&s| s.to_owned()).collect();
        rosters.push(Roster { def, scope, series: Observed::Fresh(series, Age::default()) });
    }
    rosters
}

/// The roster as known at one evaluation.
fn heard(rng: &mut Rng, roster: &Roster, trouble: f64, counts: &mut Counts) -> Roster {
    let mut roster = roster.clone();
    if chance(rng, trouble / 4.0) {
        note(counts, "roster: not known");
        roster.series = match (rng.u8(..3), roster.series) {
            (0, Observed::Fresh(list, _)) => Observed::Stale(list, Age(Duration::from_secs(9))),
            (1, _) => Observed::Pending,
            _ => Observed::Unknown(Fault::new(FaultKind::Refused, "x")),
        };
    }
    roster
}

/// The samples of one evaluation.
fn look(rng: &mut Rng, estate: &mut [Series], boot: i64, trouble: f64, counts: &mut Counts) -> Vec<Sample> {
    let mut samples = Vec::with_capacity(estate.len());
    for series in estate {
        let interval = every(series.def);
        while series.next <= boot {
            (series.read, series.value) = (series.next, poll(rng, series.base, trouble, counts));
            // Collectors are never exactly on time; sometimes one is very late.
            let share = if chance(rng, trouble) { rng.i64(200..450) } else { rng.i64(70..130) };
            series.next += (interval * share / 100).max(100);
        }
        let mut age = (boot - series.read).max(0);
        if chance(rng, trouble / 4.0) {
            age += rng.i64(0..4000);
            note(counts, "series: older than before");
        }
        let value = match series.value.clone() {
            // Most estates report such a value as stale; one with a longer interval does not.
            Observed::Fresh(v, _) if age > 3 * interval && rng.bool() => {
                note(counts, "series: stale");
                Observed::Stale(v, Age(Duration::from_millis(age.unsigned_abs())))
            }
            Observed::Fresh(v, _) => {
                if age > 3 * interval {
                    note(counts, "series: live, but too old");
                }
                Observed::Fresh(v, Age(Duration::from_millis(age.unsigned_abs())))
            }
            other => other,
        };
        let sample = Sample { def: series.def, labels: series.labels.clone().into(), value };
        if chance(rng, trouble / 4.0) {
            note(counts, "series: given twice");
            samples.push(sample.clone());
        }
        if chance(rng, trouble / 2.0) {
            note(counts, "series: missing");
        } else {
            samples.push(sample);
        }
    }
    samples
}

fn poll(rng: &mut Rng, base: f64, trouble: f64, counts: &mut Counts) -> Observed<f64> {
    let live = |v| Observed::Fresh(v, Age::default());
    if chance(rng, trouble) {
        note(counts, "series: another value");
        return live(pick(rng, &VALUES));
    }
    if chance(rng, trouble / 2.0) {
        let (what, value) = match rng.u8(..3) {
            0 => ("series: fault", Observed::Unknown(Fault::new(FaultKind::Unreachable, "x"))),
            1 => ("series: never read", Observed::Pending),
            _ => ("series: not a number", live(pick(rng, &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]))),
        };
        note(counts, what);
        return value;
    }
    live(base)
}

fn condition(rng: &mut Rng, estate: &[Series], depth: u8, id: &mut u32, counts: &mut Counts) -> Condition {
    if depth == 0 || chance(rng, 0.2) {
        return Condition::Gate(Box::new(gate(rng, estate, id, counts)));
    }
    let n = if chance(rng, 0.03) { 0 } else { rng.usize(1..=3) };
    let list: Vec<Condition> = (0..n).map(|_| condition(rng, estate, depth - 1, id, counts)).collect();
    let kind = rng.u8(..3);
    note(counts, ["tree: all", "tree: any", "tree: n of"][usize::from(kind)]);
    match kind {
        0 => Condition::All(list),
        1 => Condition::Any(list),
        _ => Condition::NOf(rng.u32(0..=3), list),
    }
}

fn gate(rng: &mut Rng, estate: &[Series], id: &mut u32, counts: &mut Counts) -> Gate {
    *id += 1;
    let metric = if chance(rng, 0.6) { &LAG } else { &READY };
    let mut labels = IndexMap::new();
    match (metric.id, rng.u8(..6)) {
        ("test.lag", 0..3) => drop(labels.insert("set".to_owned(), "a".to_owned())),
        ("test.lag", 3) => labels.extend([("member", "m0"), ("set", "a")].map(|(k, v)| (k.to_owned(), v.to_owned()))),
        ("test.ready", 0..3) => drop(labels.insert("role".to_owned(), "web".to_owned())),
        (_, 5) if chance(rng, 0.1) => drop(labels.insert("nowhere".to_owned(), "a".to_owned())),
        _ => {}
    }
    let fits = |s: &&Series| {
        s.def == metric && labels.iter().all(|(k, v)| s.def.labels.iter().zip(&s.labels).any(|(a, b)| a == k && b == v))
    };
    let bases: Vec<f64> = estate.iter().filter(fits).map(|s| s.base).collect();
    let n = u32::try_from(bases.len()).expect("few");
    let agg = if n != 1 && chance(rng, 0.7) { pick(rng, &Agg::ALL[..4]) } else { pick(rng, Agg::ALL) };
    let limit = if chance(rng, 0.005) { f64::NAN } else { pick(rng, &[0.0, 0.5, 1.0, 2.0, 3.0]) };
    // Usually a bound that the mean satisfies, which is close enough for all kinds.
    let mean = bases.iter().sum::<f64>() / f64::from(n.max(1));
    let mut op = pick(rng, Compare::ALL);
    for _ in 0..4 {
        if op.holds(mean, limit) {
            break;
        }
        op = pick(rng, Compare::ALL);
    }
    let series = if chance(rng, 0.9) { n } else { rng.u32(0..=n + 1) };
    let ms = Duration::from_millis;
    let sustain = ms(pick(rng, &[0, 0, 1000, 2000, 2500, 4000, 5000, 8000]));
    let max_age = chance(rng, 0.2).then(|| ms(pick(rng, &[1000, 3000, 4500, 10_000])));
    let min_volume = chance(rng, 0.2).then(|| volume(rng));
    note(counts, format!("agg: {}", agg.word()));
    note(counts, format!("op: {}", op.word()));
    if min_volume.is_some() {
        note(counts, "gate: with a volume");
    }
    let min_samples = pick(rng, &[0, 1, 1, 2, 3]);
    Gate {
        id: format!("g{id}"),
        metric,
        labels,
        agg,
        op,
        limit,
        sustain,
        min_samples,
        series,
        max_age,
        min_volume,
        unit: metric.unit,
        sites: Sides::words(),
    }
}

fn volume(rng: &mut Rng) -> Volume {
    let mut labels = IndexMap::new();
    match rng.u8(..8) {
        0..4 => drop(labels.insert("query".to_owned(), "in".to_owned())),
        4 => drop(labels.insert("query".to_owned(), "none".to_owned())),
        _ => {}
    }
    Volume { metric: &RATE, labels, least: pick(rng, &[0.5, 1.0, 1.0, 2.0]), unit: RATE.unit }
}
