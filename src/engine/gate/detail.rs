//! One gate in full: what its signal means, how it decides, the values of its series, its past, and who measures it.

use std::borrow::Cow;

use super::{text, verdict::Reason, watch::Watch};
use base::{
    now::{Now, short},
    observed::Observed,
    side::Side,
    signal::{SIDE, Sample, Unit},
    step::Level,
    view::{Cell, CollectorLine, Column, Curve, Detail, Line, Row, Series, Table, Tone, state_cell},
};
use plan::{Agg, Gate};

/// The id under which a gate's detail is asked for, as that of a page: its table is the step, its row the gate.
pub const GATES: &str = "gates";

/// Draws up the detail of a gate of a step, of its reasons and of the samples of its signal.
pub(crate) fn detail(
    step: &str,
    watch: &Watch,
    reasons: &[Reason],
    samples: &[Sample],
    sources: &[CollectorLine],
    now: Now,
) -> Detail {
    let gate = &watch.gate;
    let own = |sample: &&Sample| {
        let value = |name: &str| {
            gate.metric.labels.iter().position(|label| *label == name).and_then(|at| sample.labels.get(at))
        };
        sample.def.id == gate.metric.id && gate.labels.iter().all(|(name, wanted)| value(name) == Some(wanted))
    };
    let samples: Vec<&Sample> = samples.iter().filter(own).collect();
    Detail {
        title: format!("{step} \u{25b8} {}", text::judged(gate)),
        fields: fields(watch, reasons),
        curves: vec![curve(watch, now)],
        tables: vec![series(watch, &samples, now), measured_by(gate, sources)],
    }
}

fn fields(watch: &Watch, reasons: &[Reason]) -> Vec<(Cow<'static, str>, Cell)> {
    let gate = &watch.gate;
    let mut out: Vec<(Cow<'static, str>, Cell)> = vec![("meaning".into(), Cell::text(gate.metric.doc))];
    let mut rule = format!("{} {}", text::judged(gate), text::limit(gate));
    if !gate.sustain.is_zero() {
        rule += &format!(" for {}", short(gate.sustain));
    }
    if gate.min_samples > 1 {
        rule += &format!(", at least {} readings", gate.min_samples);
    }
    out.push(("green when".into(), Cell::text(rule)));
    if let Some(volume) = &gate.min_volume {
        let of = text::subject_of(volume.metric, text::named(&volume.labels), &gate.sites);
        let least = text::number(volume.least, volume.unit);
        out.push(("needs traffic".into(), Cell::text(format!("{of} at least {least}"))));
    }
    out.push(("readings".into(), Cell::text(format!("at most {} old", short(watch.max_age())))));
    for reason in reasons {
        let tone = match reason.level {
            _ if reason.waived => Tone::Warn,
            _ if reason.only_waits() => Tone::Busy,
            Level::Red | Level::Unknown if reason.moot => Tone::Muted,
            level => Tone::of(level),
        };
        // What is waived says so itself.
        let text = if reason.waived { reason.what.clone() } else { format!("{}: {}", reason.word(), reason.what) };
        out.push(("now".into(), Cell::text(text).tone(tone)));
    }
    if let Some(left) = reasons.first().filter(|r| r.level != Level::Green).and_then(|r| r.to_green) {
        out.push(("green in".into(), Cell::number(left.as_secs_f64(), short(left))));
    }
    out.push(("signal".into(), Cell::text(gate.metric.id).tone(Tone::Muted)));
    out.push(("gate".into(), Cell::text(gate.id.clone()).tone(Tone::Muted)));
    out
}

/// The past of the gate's value: with the gate's own limit, if the value is that of a series.
fn curve(watch: &Watch, now: Now) -> Curve {
    let gate = &watch.gate;
    let names = gate.metric.labels.iter().filter_map(|name| Some((*name, gate.labels.get(*name)?.clone())));
    let series = Series { signal: gate.metric.id, labels: names.collect() };
    let side = gate.labels.get(SIDE).and_then(|word| Side::BOTH.into_iter().find(|side| side.word() == word));
    let label = side.map_or_else(|| gate.agg.word().to_owned(), |side| gate.sites.get(side).clone());
    Curve::new(text::judged(gate), text::unit(gate)).with(Line::new(label, side, watch.past(), now).of(series))
}

fn series(watch: &Watch, samples: &[&Sample], now: Now) -> Table {
    let gate = &watch.gate;
    let one = matches!(gate.agg, Agg::Max | Agg::Min | Agg::Only);
    let row = |sample: &&Sample| {
        let value = match &sample.value {
            Observed::Fresh(v, _) | Observed::Stale(v, _) => {
                let holds = gate.op.holds(*v, gate.limit);
                let tone = match &sample.value {
                    Observed::Stale(..) => Tone::Stale,
                    // The gate does not count it.
                    Observed::Fresh(_, age) if !watch.counts(*age, now) => Tone::Stale,
                    _ if !one => Tone::Plain,
                    _ if holds => Tone::Good,
                    _ => Tone::Bad,
                };
                Cell::number(*v, text::pair(*v, gate.limit, gate.unit).0).tone(tone)
            }
            unknown => Cell::seen(unknown.clone(), |v: f64| Cell::number(v, text::number(v, Unit::AsNamed))),
        };
        let why = match &sample.value {
            Observed::Unknown(fault) => Cell::text(fault.to_string()).tone(Tone::Blind),
            _ => Cell::none(),
        };
        let name = match text::others(sample.def, &sample.labels, &gate.labels, &gate.sites) {
            only if only.is_empty() => text::subject(gate),
            one => one,
        };
        Row::new(sample.labels.join("/"), [Cell::text(name), value, Cell::age(&sample.value), why])
    };
    Table {
        id: "series",
        title: "Series".into(),
        columns: vec![
            Column::text("series", "of", 16).grow(1),
            Column::number("value", "value", 8),
            Column::number("age", "age", 8),
            Column::text("fault", "why unknown", 12).grow(1).drop(1),
        ],
        rows: samples.iter().map(row).collect(),
        empty: "nothing has been measured yet",
    }
}

/// The collectors that may bring the signal: those of its system, on its side where it has one.
fn measured_by(gate: &Gate, sources: &[CollectorLine]) -> Table {
    let own = |line: &&CollectorLine| {
        let side = gate.labels.get(SIDE);
        line.system == gate.metric.cadence && line.side.is_none_or(|of| side.is_none_or(|word| of.word() == word))
    };
    let row = |line: &CollectorLine| {
        let (word, tone) = state_cell(line.state);
        let age = line.age.map_or_else(Cell::none, |age| Cell::number(age.0.as_secs_f64(), age.to_string()));
        Row::new(
            line.id.clone(),
            [
                Cell::text(line.id.clone()),
                Cell::text(word).tone(tone),
                age,
                Cell::number(line.interval.as_secs_f64(), short(line.interval)),
                line.fault.as_ref().map_or_else(Cell::none, |fault| Cell::text(fault.to_string()).tone(Tone::Warn)),
            ],
        )
    };
    Table {
        id: "measured_by",
        title: "Measured by".into(),
        columns: vec![
            Column::text("source", "collector", 24).grow(1),
            Column::text("state", "state", 8),
            Column::number("age", "age", 6),
            Column::number("interval", "every", 5).drop(2),
            Column::text("fault", "last error", 12).grow(2).drop(1),
        ],
        rows: sources.iter().filter(own).map(row).collect(),
        empty: "no collector measures this",
    }
}
