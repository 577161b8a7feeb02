//! Values, limits and series in words: `max replication lag of set=orders 3.4 s, limit ≤ 2 s`.

use std::{fmt::Write as _, time::Duration};

use indexmap::IndexMap;

use super::verdict::Filled;
use base::{
    now::short,
    signal::{Sample, SignalDef, Unit},
    view::grouped,
};
use plan::{Agg, Compare, Gate};

const YEAR: f64 = 31_536_000.0;

/// More series than this are counted, not named.
const NAMED: usize = 3;

/// The labels that a plan names: ` of set=orders, side=target`; nothing if it names none.
pub(super) fn labels(labels: &IndexMap<String, String>) -> String {
    let list: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if list.is_empty() { String::new() } else { format!(" of {}", list.join(", ")) }
}

/// What a gate is about: `replication lag of set=orders`.
pub(super) fn subject(gate: &Gate) -> String {
    format!("{}{}", gate.metric.title, labels(&gate.labels))
}

/// One series, by the labels that are not named already: `member=orders-1, side=target`.
pub(super) fn series(sample: &Sample, named: &IndexMap<String, String>) -> String {
    let text = pairs(sample.def, &sample.labels, named);
    if text.is_empty() { "it".to_owned() } else { text }
}

/// Labels' values with their names, but for those that are named already: `member=orders-1, side=target`.
pub(super) fn pairs(def: &SignalDef, values: &[String], named: &IndexMap<String, String>) -> String {
    let pairs = def.labels.iter().zip(values).filter(|(name, _)| !named.contains_key(**name));
    pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

/// The first of several series with what is wrong with each, and how many more there are.
pub(super) fn some_of(list: &[(String, String)]) -> String {
    let mut out: Vec<String> = list.iter().take(NAMED).map(|(name, why)| format!("{name} {why}")).collect();
    if list.len() > NAMED {
        out.push(format!("and {} more", list.len() - NAMED));
    }
    out.join("; ")
}

/// What is judged, its value and its limit: `max replication lag of set=orders 3.4 s (member=orders-1), limit ≤ 2 s`.
pub(super) fn value(gate: &Gate, value: Option<f64>, of: Option<&str>) -> String {
    let agg = if gate.agg == Agg::Only { String::new() } else { format!("{} ", gate.agg.word()) };
    let (value, limit) = match value {
        Some(value) => pair(value, gate.limit, unit(gate)),
        None => ("unknown".to_owned(), number(gate.limit, unit(gate))),
    };
    let of = of.map(|of| format!(" ({of})")).unwrap_or_default();
    format!("{agg}{} {value}{of}, limit {} {limit}", subject(gate), sign(gate.op))
}

/// The limit as on screen: `≤ 2 s`.
pub(super) fn limit(gate: &Gate) -> String {
    format!("{} {}", sign(gate.op), number(gate.limit, unit(gate)))
}

/// The limit of a gate whose value is that of one of its series, in this unit: `≤ 2 s`. None where the value is made of several.
#[must_use]
pub fn limit_of_series(gate: &Gate, unit: Unit) -> Option<String> {
    let one = matches!(gate.agg, Agg::Max | Agg::Min | Agg::Only);
    one.then(|| format!("{} {}", sign(gate.op), number(gate.limit, unit)))
}

/// How far a window is: `, true for 20s of 60s, 2 of 3 readings`.
pub(super) fn filled(f: Filled) -> String {
    let mut out = String::new();
    if !f.sustain.is_zero() {
        let lasted = if f.lasted >= f.sustain { f.sustain } else { f.lasted };
        let _ = write!(out, ", true for {} of {}", short(lasted), short(f.sustain));
        if lasted < f.sustain {
            let _ = write!(out, ", {} to go", short(f.sustain - lasted));
        }
    }
    if f.samples < f.min_samples {
        let _ = write!(out, ", {} of {} readings", f.samples, f.min_samples);
    }
    out
}

/// For how long something has been so: `, for 2m10s`; nothing for less than a second.
pub(super) fn lasted(time: Duration) -> String {
    if time < Duration::from_secs(1) { String::new() } else { format!(", for {}", short(time)) }
}

const fn sign(op: Compare) -> &'static str {
    match op {
        Compare::Less => "<",
        Compare::AtMost => "≤",
        Compare::Greater => ">",
        Compare::AtLeast => "≥",
        Compare::Equal => "=",
        Compare::Differs => "≠",
    }
}

/// The unit of a gate's value and limit: shares and counts of series are that, whatever the series are.
const fn unit(gate: &Gate) -> Unit {
    match (gate.agg, gate.metric.unit) {
        (Agg::Ratio, _) => Unit::Ratio,
        (Agg::Count, _) | (Agg::Sum | Agg::Avg, Unit::Bool) => Unit::Count,
        (_, unit) => unit,
    }
}

/// A value and its limit, as short as tells them apart: never `2 s, limit < 2 s` for 1.96 s.
pub(super) fn pair(value: f64, limit: f64, unit: Unit) -> (String, String) {
    let (short, long) = (number(value, unit), number(limit, unit));
    let differ = value.total_cmp(&limit).is_ne();
    if differ && short == long { (exact(value, unit), exact(limit, unit)) } else { (short, long) }
}

/// A number in its unit: `3.4 s`, `24h00m`, `1.5 %`, `1 204`, `12.5/s`, `2 GiB`, `yes`.
pub(super) fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds if value.abs() < 1.0 => format!("{} ms", plain(value * 1e3)),
        // Stands for never, and for longer than can be represented.
        Unit::Seconds if value >= YEAR => "a year or more".to_owned(),
        Unit::Seconds if value >= 120.0 => {
            Duration::try_from_secs_f64(value).map_or_else(|_| exact(value, unit), short)
        }
        Unit::Seconds => format!("{} s", plain(value)),
        Unit::Ratio => format!("{} %", trimmed(value * 100.0, 2)),
        Unit::PerSecond => format!("{}/s", plain(value)),
        Unit::Bytes => bytes(value),
        Unit::Bool if value.total_cmp(&0.0).is_eq() => "no".to_owned(),
        Unit::Bool if value.total_cmp(&1.0).is_eq() => "yes".to_owned(),
        Unit::Bool | Unit::Count | Unit::AsNamed => plain(value),
    }
}

/// The same with all its digits.
fn exact(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => format!("{value} s"),
        Unit::Ratio => format!("{} %", value * 100.0),
        Unit::PerSecond => format!("{value}/s"),
        Unit::Bytes => format!("{value} B"),
        Unit::Bool | Unit::Count | Unit::AsNamed => format!("{value}"),
    }
}

/// Whole numbers grouped, others with as many places as matter.
fn plain(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and within range")]
    match value {
        v if v.fract() == 0.0 && (0.0..1e15).contains(&v) => grouped(v as u64),
        v if v.abs() >= 100.0 => format!("{v:.0}"),
        v if v.abs() >= 10.0 => trimmed(v, 1),
        v => trimmed(v, 2),
    }
}

/// At most so many places, without zeros at the end.
fn trimmed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn bytes(value: f64) -> String {
    let mut value = value;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value.abs() < 1024.0 {
            return format!("{} {unit}", trimmed(value, 1));
        }
        value /= 1024.0;
    }
    format!("{} TiB", trimmed(value, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_like_people_write_them() {
        let cases = [
            (3.4, Unit::Seconds, "3.4 s"),
            (2.0, Unit::Seconds, "2 s"),
            (0.25, Unit::Seconds, "250 ms"),
            (86_400.0, Unit::Seconds, "1d00h"),
            (0.015, Unit::Ratio, "1.5 %"),
            (1.0, Unit::Ratio, "100 %"),
            (1204.0, Unit::Count, "1\u{202f}204"),
            (12.5, Unit::PerSecond, "12.5/s"),
            (2_147_483_648.0, Unit::Bytes, "2 GiB"),
            (1.0, Unit::Bool, "yes"),
            (0.0, Unit::Bool, "no"),
            (-3.0, Unit::AsNamed, "-3"),
        ];
        for (value, unit, text) in cases {
            assert_eq!(number(value, unit), text);
        }
    }

    #[test]
    fn a_value_and_its_limit_never_read_the_same_unless_they_are() {
        assert_eq!(pair(2.004, 2.0, Unit::Seconds), ("2.004 s".to_owned(), "2 s".to_owned()));
        assert_eq!(pair(2.0, 2.0, Unit::Seconds), ("2 s".to_owned(), "2 s".to_owned()));
        assert_eq!(pair(0.999_99, 1.0, Unit::Ratio).1, "100 %");
        assert_ne!(pair(0.999_99, 1.0, Unit::Ratio).0, "100 %");
    }
}
