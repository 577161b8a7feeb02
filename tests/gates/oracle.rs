//! An independent implementation of the verdict: stateless, from the whole history at once, by searching for the
//! window that the rules require. Slow, and deliberately unlike the shipped code. Times are whole milliseconds.

use std::cmp::Ordering;

use landfall::{
    base::{
        now::{Age, Now},
        observed::Observed,
        signal::{Measured, Sample, SignalDef},
        step::Level,
    },
    plan::{Agg, Compare, Condition, Gate},
};

/// The whole history.
#[derive(Debug, Default)]
pub struct Past {
    /// Every evaluation, in order.
    pub looks: Vec<(Now, Measured)>,
    /// Gate and end of every waiver, in order.
    pub waivers: Vec<(String, Now)>,
}

/// Measurement interval of a signal, in milliseconds.
pub type Every = fn(&SignalDef) -> i64;

/// The level of a tree of conditions.
pub fn of_tree(condition: &Condition, past: &Past, every: Every, end: Now) -> Level {
    let all = |list: &[Condition]| list.iter().map(|c| of_tree(c, past, every, end)).collect::<Vec<_>>();
    let is = |level| move |l: &Level| *l == level;
    match condition {
        Condition::Gate(gate) => of_gate(gate, past, every, end),
        // The worst level: green is the lowest, red the highest.
        Condition::All(list) => all(list).into_iter().max().unwrap_or(Level::Green),
        Condition::Any(list) => all(list).into_iter().min().unwrap_or(Level::Red),
        Condition::NOf(n, list) => {
            let levels = all(list);
            let n = *n as usize;
            if levels.iter().filter(|l| is(Level::Green)(l)).count() >= n {
                Level::Green
            } else if levels.iter().filter(|l| !is(Level::Red)(l)).count() >= n {
                Level::Unknown
            } else {
                Level::Red
            }
        }
    }
}

/// The level of one gate.
pub fn of_gate(gate: &Gate, past: &Past, every: Every, end: Now) -> Level {
    if let Some((_, until)) = past.waivers.iter().rfind(|(id, _)| *id == gate.id)
        && end.boot < until.boot
        && end.wall < until.wall
    {
        return Level::Green;
    }
    let Some((last, seen)) = past.looks.last() else { return Level::Unknown };
    let since = boot(end) - boot(*last);
    if since < 0 || since > limit(gate, every) {
        return Level::Unknown;
    }
    // The samples of the last evaluation, at their present age.
    let samples = seen.samples.iter().map(|s| Sample { value: older(&s.value, since), ..s.clone() }).collect();
    let aged = Measured { samples, rosters: seen.rosters.clone() };
    match truth(gate, &aged, every) {
        None => Level::Unknown,
        Some(false) => Level::Red,
        Some(true) if jumped(*last, end) => Level::Unknown,
        Some(true) => {
            let truths: Vec<bool> = past.looks.iter().map(|(_, s)| truth(gate, s, every) == Some(true)).collect();
            let looks: Vec<Row> = past.looks.iter().map(|(now, s)| (*now, mine(gate, &s.samples))).collect();
            let longest = (0..looks.len()).find(|&from| clean(&looks, &truths, from, limit(gate, every)));
            match longest {
                Some(from) if long_enough(gate, &looks[from..]) => Level::Green,
                _ => Level::Unknown,
            }
        }
    }
}

/// The series of one gate at one evaluation.
type Row<'a> = (Now, Vec<&'a Sample>);

/// Whether the evaluations from `from` to the last are uninterrupted.
fn clean(looks: &[Row], truths: &[bool], from: usize, limit: i64) -> bool {
    truths[from..].iter().all(|t| *t)
        && (from.max(1)..looks.len()).all(|k| !jumped(looks[k - 1].0, looks[k].0))
        && looks[from..].windows(2).all(|w| boot(w[1].0) - boot(w[0].0) <= limit)
        && looks[from..].windows(2).all(|w| w[1].1.iter().all(|s| w[0].1.iter().any(|t| t.labels == s.labels)))
        && looks[from].1.iter().all(|s| records(&looks[from..], s).windows(2).all(|w| w[1] - w[0] <= limit))
}

fn long_enough(gate: &Gate, looks: &[Row]) -> bool {
    let (Some((first, _)), Some((last, series))) = (looks.first(), looks.last()) else { return false };
    let wanted = gate.min_samples.max(1) as usize;
    boot(*last) - boot(*first) >= i64::try_from(gate.sustain.as_millis()).expect("short")
        && series.iter().all(|s| records(looks, s).len() >= wanted)
}

/// When one series was read: only times later than all before.
fn records(looks: &[Row], of: &Sample) -> Vec<i64> {
    let mut times = Vec::new();
    for (now, series) in looks {
        let same = series.iter().filter(|s| s.labels == of.labels);
        times.extend(same.filter_map(|s| s.value.age()).map(|age| boot(*now) - ms(age.0)));
    }
    let later = |i: usize| times[..i].iter().all(|t| *t < times[i]);
    (0..times.len()).filter(|i| later(*i)).map(|i| times[i]).collect()
}

fn mine<'a>(gate: &Gate, samples: &'a [Sample]) -> Vec<&'a Sample> {
    let has = |s: &Sample, k: &str, v: &str| s.def.labels.iter().zip(s.labels.iter()).any(|(a, b)| *a == k && b == v);
    let fits = |s: &&Sample| s.def.id == gate.metric.id && gate.labels.iter().all(|(k, v)| has(s, k, v));
    samples.iter().filter(fits).collect()
}

/// The series that a gate requires, from all rosters; `None` while one of them is unknown.
fn due(gate: &Gate, seen: &Measured) -> Option<Vec<Vec<String>>> {
    let mut all = Vec::new();
    for roster in seen.rosters.iter().filter(|r| r.def.id == gate.metric.id) {
        // Sets that the gate does not select are ignored, known or not.
        let named = roster.def.labels.iter().zip(&roster.scope).all(|(k, v)| gate.labels.get(*k).unwrap_or(v) == v);
        match &roster.series {
            _ if !named => {}
            Observed::Fresh(list, _) => all.extend(list.iter().cloned()),
            _ => return None,
        }
    }
    let fits = |labels: &Vec<String>| {
        gate.labels.iter().all(|(k, v)| gate.metric.labels.iter().zip(labels).any(|(a, b)| a == k && b == v))
    };
    Some(all.into_iter().filter(fits).collect())
}

/// The result of one evaluation of a gate: `None` if it is not known.
fn truth(gate: &Gate, seen: &Measured, every: Every) -> Option<bool> {
    let samples = &seen.samples;
    let mine = mine(gate, samples);
    if due(gate, seen)?.iter().any(|labels| mine.iter().all(|s| s.labels.to_vec() != *labels)) {
        return None;
    }
    let mut values = mine.iter().map(|s| usable(&s.value, limit(gate, every))).collect::<Option<Vec<f64>>>()?;
    let mut different: Vec<&[String]> = mine.iter().map(|s| &*s.labels).collect();
    different.sort_unstable();
    different.dedup();
    if mine.is_empty() || mine.len() < gate.series as usize || different.len() < mine.len() {
        return None;
    }
    if let Some(volume) = &gate.min_volume {
        let probe = Gate { metric: volume.metric, labels: volume.labels.clone(), ..gate.clone() };
        let traffic = self::mine(&probe, samples);
        if due(&probe, seen)?.iter().any(|labels| traffic.iter().all(|s| s.labels.to_vec() != *labels)) {
            return None;
        }
        let enough = |s: &&Sample| usable(&s.value, 3 * every(volume.metric)).is_some_and(|v| v >= volume.least);
        if traffic.is_empty() || !traffic.iter().all(enough) {
            return None;
        }
    }
    let n = u32::try_from(values.len()).map(f64::from).expect("few");
    let busy = values.iter().map(|v| if *v == 0.0 { 0.0 } else { 1.0 }).sum::<f64>();
    values.sort_by(f64::total_cmp);
    let value = match (gate.agg, values.as_slice()) {
        (Agg::Max, [.., v]) | (Agg::Min, [v, ..]) | (Agg::Only, [v]) => *v,
        (Agg::Sum, all) => all.iter().sum(),
        (Agg::Avg, all) => all.iter().sum::<f64>() / n,
        (Agg::Ratio, _) => busy / n,
        (Agg::Count, _) => busy,
        _ => return None,
    };
    let order = value.partial_cmp(&gate.limit)?;
    if !value.is_finite() || !gate.limit.is_finite() {
        return None;
    }
    Some(match gate.op {
        Compare::Less => order == Ordering::Less,
        Compare::AtMost => order != Ordering::Greater,
        Compare::Greater => order == Ordering::Greater,
        Compare::AtLeast => order != Ordering::Less,
        Compare::Equal => order == Ordering::Equal,
        Compare::Differs => order != Ordering::Equal,
    })
}

fn usable(value: &Observed<f64>, limit: i64) -> Option<f64> {
    match value {
        Observed::Fresh(v, age) if v.is_finite() && ms(age.0) <= limit => Some(*v),
        _ => None,
    }
}

fn older(value: &Observed<f64>, by: i64) -> Observed<f64> {
    match value {
        Observed::Fresh(v, age) => {
            Observed::Fresh(*v, Age(age.0 + std::time::Duration::from_millis(by.unsigned_abs())))
        }
        other => other.clone(),
    }
}

fn limit(gate: &Gate, every: Every) -> i64 {
    gate.max_age.map_or_else(|| 3 * every(gate.metric), ms)
}

fn jumped(a: Now, b: Now) -> bool {
    let wall = b.wall.as_millisecond() - a.wall.as_millisecond();
    let boot = boot(b) - boot(a);
    boot < 0 || (wall - boot).abs() > 2000
}

fn boot(now: Now) -> i64 {
    ms(now.boot)
}

fn ms(d: std::time::Duration) -> i64 {
    i64::try_from(d.as_millis()).expect("short")
}
