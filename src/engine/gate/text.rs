//! Values, limits and series in words of people: `max replication lag of orders 3.4s, limit ≤ 2s`. Sites have their labels of the plan.

use std::{fmt::Write as _, time::Duration};

use indexmap::IndexMap;

use super::verdict::Filled;
use base::{
    now::{estimate, short},
    side::{Side, Sides},
    signal::{SIDE, Sample, SignalDef, Unit},
    view::grouped,
};
use plan::{Agg, Compare, Gate};

const DAY: Duration = Duration::from_secs(86_400);
const YEAR: f64 = 31_536_000.0;

/// More series than this are counted, not named.
const NAMED: usize = 3;

/// What series are of: `orders/orders-1`, and the site, `VIR`. The label that is the title is left out.
fn things<'l>(
    def: &SignalDef,
    labels: impl Iterator<Item = (&'l str, &'l str)>,
    sites: &Sides<String>,
) -> (String, Option<String>) {
    let (sided, of): (Vec<_>, Vec<_>) =
        labels.filter(|(name, _)| def.titled != Some(*name)).partition(|(name, _)| *name == SIDE);
    let label =
        |word: &str| Side::BOTH.into_iter().find(|side| side.word() == word).map(|side| sites.get(side).clone());
    let site = sided.first().map(|(_, word)| label(word).unwrap_or_else(|| (*word).to_owned()));
    (of.iter().map(|(_, value)| *value).collect::<Vec<_>>().join("/"), site)
}

/// What a signal measures, of the series with these labels: `replication lag of orders on VIR`, and of a query `errors on ORE`.
pub(super) fn subject_of<'l>(
    def: &'static SignalDef,
    labels: impl Iterator<Item = (&'l str, &'l str)> + Clone,
    sites: &Sides<String>,
) -> String {
    let title = labels.clone().find(|(name, _)| def.titled == Some(*name)).map_or(def.title, |(_, value)| value);
    let (of, site) = things(def, labels, sites);
    let mut out = title.to_owned();
    // Writing to a string cannot fail.
    let _ = if of.is_empty() { Ok(()) } else { write!(out, " of {of}") };
    let _ = site.map_or(Ok(()), |site| write!(out, " on {site}"));
    out
}

/// What a gate is about: `replication lag of orders`.
pub(super) fn subject(gate: &Gate) -> String {
    subject_of(gate.metric, named(&gate.labels), &gate.sites)
}

/// Labels as pairs of texts.
pub(super) fn named(labels: &IndexMap<String, String>) -> impl Iterator<Item = (&str, &str)> + Clone {
    labels.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// One series, by the labels that are not named already: `orders-1 on VIR`.
pub(super) fn series(sample: &Sample, named: &IndexMap<String, String>, sites: &Sides<String>) -> String {
    let text = others(sample.def, &sample.labels, named, sites);
    if text.is_empty() { "it".to_owned() } else { text }
}

/// What a series is of, by the labels that are not named already.
pub(super) fn others(
    def: &SignalDef,
    values: &[String],
    named: &IndexMap<String, String>,
    sites: &Sides<String>,
) -> String {
    let pairs = def.labels.iter().zip(values).filter(|(name, _)| !named.contains_key(**name));
    match things(def, pairs.map(|(name, value)| (*name, value.as_str())), sites) {
        (of, None) => of,
        (of, Some(site)) if of.is_empty() => format!("on {site}"),
        (of, Some(site)) => format!("{of} on {site}"),
    }
}

/// The first of several series with what is wrong with each, and how many more there are.
pub(super) fn some_of(list: &[(String, String)]) -> String {
    let mut out: Vec<String> = list.iter().take(NAMED).map(|(name, why)| format!("{name} {why}")).collect();
    if list.len() > NAMED {
        out.push(format!("and {} more", list.len() - NAMED));
    }
    out.join("; ")
}

/// What is judged: `max replication lag of orders`.
pub(super) fn judged(gate: &Gate) -> String {
    if gate.agg == Agg::Only { subject(gate) } else { format!("{} {}", gate.agg.word(), subject(gate)) }
}

/// What is judged, its value and its limit: `max replication lag of orders 3.4s (orders-1), limit ≤ 2s`; of what is so or not:
/// `primary accepts writes of orders: no, must be yes`.
pub(super) fn value(gate: &Gate, value: Option<f64>, of: Option<&str>) -> String {
    let (value, limit) = match value {
        Some(value) => (value_text(gate, value), pair(value, gate.limit, unit(gate)).1),
        None => ("unknown".to_owned(), number(gate.limit, unit(gate))),
    };
    let of = of.map(|of| format!(" ({of})")).unwrap_or_default();
    let judged = judged(gate);
    if unit(gate) == Unit::Bool && gate.op == Compare::Equal {
        format!("{judged}: {value}{of}, must be {limit}")
    } else {
        format!("{judged} {value}{of}, limit {} {limit}", sign(gate.op))
    }
}

/// The value as on screen, with as many digits as tell it from the limit.
pub(super) fn value_text(gate: &Gate, value: f64) -> String {
    let exact = || pair(value, gate.limit, unit(gate)).0;
    if !gate.metric.estimated || unit(gate) != Unit::Seconds {
        return exact();
    }
    match Duration::try_from_secs_f64(value) {
        Ok(time) if time > DAY && value < YEAR => estimate(time),
        _ if value >= YEAR => "never".to_owned(),
        _ => exact(),
    }
}

/// The limit as on screen: `≤ 2s`.
pub(super) fn limit(gate: &Gate) -> String {
    format!("{} {}", sign(gate.op), number(gate.limit, unit(gate)))
}

/// The limit of a gate whose value is that of one of its series: `≤ 2s`. None where the value is made of several.
#[must_use]
pub fn limit_of_series(gate: &Gate) -> Option<String> {
    let one = matches!(gate.agg, Agg::Max | Agg::Min | Agg::Only);
    one.then(|| format!("{} {}", sign(gate.op), number(gate.limit, gate.unit)))
}

/// How far a window is: `, true for 20s of 60s, 2 of 3 readings`.
pub(super) fn filled(f: Filled) -> String {
    let mut out = String::new();
    if !f.sustain.is_zero() {
        let lasted = if f.lasted >= f.sustain { f.sustain } else { f.lasted };
        // Writing to a string cannot fail.
        let _ = match f.sustain - lasted {
            Duration::ZERO => write!(out, ", true for {}", short(f.sustain)),
            left => write!(out, ", true for {} of {}, {} to go", short(lasted), short(f.sustain), short(left)),
        };
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
pub(super) const fn unit(gate: &Gate) -> Unit {
    match (gate.agg, gate.unit) {
        (Agg::Ratio, _) => Unit::Ratio,
        (Agg::Count, _) | (Agg::Sum | Agg::Avg, Unit::Bool) => Unit::Count,
        (_, unit) => unit,
    }
}

/// A value and its limit, as short as tells them apart: never `2s, limit < 2s` for 1.96s.
pub(super) fn pair(value: f64, limit: f64, unit: Unit) -> (String, String) {
    let (short, long) = (number(value, unit), number(limit, unit));
    let differ = value.total_cmp(&limit).is_ne();
    if differ && short == long { (exact(value, unit), exact(limit, unit)) } else { (short, long) }
}

/// A number in its unit: `3.4s`, `24h00m`, `1.5 %`, `1 204`, `12.5/s`, `2 GiB`, `yes`.
pub(super) fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds if value.abs() < 1.0 => format!("{}ms", plain(value * 1e3)),
        // Stands for never, and for longer than can be represented.
        Unit::Seconds if value >= YEAR => "a year or more".to_owned(),
        Unit::Seconds if value >= 120.0 => {
            Duration::try_from_secs_f64(value).map_or_else(|_| exact(value, unit), short)
        }
        Unit::Seconds => format!("{}s", plain(value)),
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
        Unit::Seconds => format!("{value}s"),
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
    fn an_estimate_of_more_than_a_day_says_no_more() {
        use base::signal::SignalDef;
        static DRAIN: SignalDef =
            SignalDef::new(("t.drain", Unit::Seconds, &[]), (0.0, YEAR), "t", "time until drained", "").estimated();
        static AGE: SignalDef = SignalDef::new(("t.age", Unit::Seconds, &[]), (0.0, YEAR), "t", "age", "");
        let of = |metric, value| {
            let gate = Gate {
                id: "g".to_owned(),
                metric,
                labels: IndexMap::new(),
                agg: Agg::Max,
                op: Compare::AtMost,
                limit: 60.0,
                sustain: Duration::ZERO,
                min_samples: 1,
                series: 1,
                max_age: None,
                min_volume: None,
                unit: Unit::Seconds,
                sites: Sides::words(),
            };
            value_text(&gate, value)
        };
        assert_eq!([of(&DRAIN, 600.0), of(&DRAIN, 90_000.0), of(&DRAIN, YEAR)], ["10m00s", "> 1d", "never"]);
        assert_eq!([of(&AGE, 90_000.0), of(&AGE, YEAR)], ["1d01h", "a year or more"]);
    }

    #[test]
    fn numbers_read_like_people_write_them() {
        let cases = [
            (3.4, Unit::Seconds, "3.4s"),
            (2.0, Unit::Seconds, "2s"),
            (0.25, Unit::Seconds, "250ms"),
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
        assert_eq!(pair(2.004, 2.0, Unit::Seconds), ("2.004s".to_owned(), "2s".to_owned()));
        assert_eq!(pair(2.0, 2.0, Unit::Seconds), ("2s".to_owned(), "2s".to_owned()));
        assert_eq!(pair(0.999_99, 1.0, Unit::Ratio).1, "100 %");
        assert_ne!(pair(0.999_99, 1.0, Unit::Ratio).0, "100 %");
    }
}
