//! Panel, tiles and details as data.

use std::borrow::Cow;

use super::{State, state::VALUE};
use crate::System;
use base::{
    now::{Age, Now},
    observed::Observed,
    side::Side,
    signal::Unit,
    view::{Align, Cell, Column, Curve, Detail, Group, Line, Panel, Row, SPARK, Series, Table, Tile, Tone, oldest},
};
use plan::{Agg, Gate, HealthKind, MetricQuery};

/// The table of the panel.
const QUERIES: &str = "queries";

/// Values above this multiple of the usual one are marked, for errors and latencies only.
const NOTABLE: f64 = 2.0;

/// A value in its unit: `0.42 %`, `183ms`, `1 204.5/s`.
fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ratio => format!("{:.2} %", value * 100.0),
        Unit::Seconds if value.abs() < 1.0 => format!("{:.0}ms", value * 1e3),
        Unit::Seconds => format!("{value:.2}s"),
        Unit::PerSecond if value.abs() >= 100.0 => format!("{value:.0}/s"),
        Unit::PerSecond => format!("{value:.1}/s"),
        Unit::Count | Unit::Bool | Unit::AsNamed if value.fract() == 0.0 => format!("{value:.0}"),
        Unit::Count | Unit::Bool | Unit::AsNamed => format!("{value:.1}"),
        Unit::Bytes => bytes(value),
    }
}

fn bytes(value: f64) -> String {
    let mut value = value;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value.abs() < 1024.0 {
            return format!("{value:.0} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

const fn kind(kind: HealthKind) -> &'static str {
    match kind {
        HealthKind::Requests => "requests",
        HealthKind::Errors => "errors",
        HealthKind::Latency => "latency",
        HealthKind::Other => "other",
    }
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Ratio => "ratio",
        Unit::Seconds => "seconds",
        Unit::PerSecond => "per second",
        Unit::Count | Unit::Bool | Unit::AsNamed => "count",
        Unit::Bytes => "bytes",
    }
}

/// The sides on which a value of a query is expected: those that are queried and have users.
fn expected(state: &State, query: usize, now: Now) -> impl Iterator<Item = (Side, Observed<f64>)> {
    let busy = Side::BOTH.into_iter().filter(move |&side| !state.is_idle(query, side, now));
    busy.filter_map(move |side| Some((side, state.value(query, side, now)?)))
}

fn value_cell(state: &State, query: usize, side: Side, now: Now) -> Cell {
    let Some(value) = state.value(query, side, now) else { return Cell::none() };
    if state.is_idle(query, side, now) {
        return Cell::text("no users").tone(Tone::Muted);
    }
    let health = &state.plan.health[query];
    let usual = state.usual(query, side, now).and_then(Observed::shown);
    let judged = matches!(health.kind, HealthKind::Errors | HealthKind::Latency);
    Cell::seen(value, |v| {
        let tone = match usual {
            // What lasts becomes usual: by the plan's limits it is as bad as before.
            _ if judged && hurts(state, query, v) => Tone::Bad,
            Some(usual) if judged && v > usual * NOTABLE && v > usual => Tone::Warn,
            Some(_) if judged => Tone::Good,
            _ => Tone::Plain,
        };
        Cell::number(v, shown(v, health.unit)).tone(tone)
    })
}

fn usual_cell(state: &State, query: usize, side: Side, now: Now) -> Cell {
    state.usual(query, side, now).map_or_else(Cell::none, |usual| {
        Cell::seen(usual, |v| Cell::number(v, shown(v, state.plan.health[query].unit)).tone(Tone::Muted))
    })
}

/// The direction of the last readings. The slope's own number is not shown.
fn trend_cell(state: &State, query: usize, side: Side, now: Now) -> Cell {
    let Some((_, value)) = expected(state, query, now).find(|(s, _)| *s == side) else { return Cell::none() };
    let Some((slope, trend)) = state.trend(query, side) else { return Cell::none() };
    Cell::seen(value, |_| Cell::number(slope, trend.shown().1))
}

/// The age of the older side's value.
fn age(state: &State, query: usize, now: Now) -> Option<Age> {
    Observed::all(expected(state, query, now).map(|(_, value)| value)).age()
}

fn age_cell(state: &State, query: usize, now: Now) -> Cell {
    Cell::age(&Observed::all(expected(state, query, now).map(|(_, value)| value)))
}

/// Target less source.
fn delta_cell(state: &State, query: usize, now: Now) -> Cell {
    let mut both = expected(state, query, now).map(|(_, value)| value);
    let (Some(source), Some(target)) = (both.next(), both.next()) else { return Cell::none() };
    let unit = state.plan.health[query].unit;
    Cell::seen(source.zip(target), |(s, t)| {
        let sign = if t >= s { "+" } else { "−" };
        let text = match unit {
            Unit::Ratio => format!("{sign}{:.2} pp", (t - s).abs() * 100.0),
            unit => format!("{sign}{}", shown((t - s).abs(), unit)),
        };
        Cell::number(t - s, text)
    })
}

pub(super) fn panel(state: &State, now: Now) -> Panel {
    let values: Vec<Observed<f64>> =
        (0..state.plan.health.len()).flat_map(|i| expected(state, i, now).map(|(_, value)| value)).collect();
    let live = values.iter().filter(|v| v.is_fresh()).count();
    let tone = if live == values.len() { Tone::Good } else { Tone::Blind };
    let summary = if values.is_empty() {
        Vec::new()
    } else {
        vec![Cell::text(format!("{live} of {} values live", values.len())).tone(tone)]
    };
    Panel {
        id: State::ID,
        title: State::TITLE,
        group: Group::Traffic,
        summary,
        tables: vec![table(state, now)],
        oldest: oldest(&values),
    }
}

fn table(state: &State, now: Now) -> Table {
    let mut columns = vec![
        Column::text("query", "query", 12).grow(1),
        Column::text("kind", "kind", 8).drop(3),
        Column::text("unit", "unit", 7).drop(5),
    ];
    let ids = [
        ["source", "source_lately", "source_usual", "source_trend"],
        ["target", "target_lately", "target_usual", "target_trend"],
    ];
    for (side, [value, lately, usual, trend]) in Side::BOTH.into_iter().zip(ids) {
        let of = || format!("{side} {}", state.plan.sites.get(side).label);
        columns.push(Column::number(value, "value", 9).of(of()));
        columns.push(Column::spark(lately, "lately").of(of()));
        columns.push(Column::number(usual, "usual", 9).of(of()).drop(2));
        columns.push(Column { align: Align::Left, ..Column::text(trend, "trend", 7).of(of()).drop(4) });
    }
    columns.push(Column::number("delta", "delta", 9).drop(1));
    columns.push(Column::number("age", "age", 5).drop(1));
    let rows = state.plan.health.iter().enumerate().map(|(i, health)| {
        let mut cells =
            vec![Cell::text(health.name.clone()), Cell::text(kind(health.kind)), Cell::text(unit(health.unit))];
        for side in Side::BOTH {
            let value = value_cell(state, i, side, now);
            let lately = state.known(i, side).map_or_else(Cell::none, |k| Cell::spark(&value, k.ring.last(SPARK)));
            cells.extend([value, lately]);
            cells.push(usual_cell(state, i, side, now));
            cells.push(trend_cell(state, i, side, now));
        }
        cells.extend([delta_cell(state, i, now), age_cell(state, i, now)]);
        Row::new(health.name.clone(), cells)
    });
    Table {
        id: QUERIES,
        title: "Queries".into(),
        columns,
        rows: rows.collect(),
        empty: "the plan has no health query: add [[health]]",
    }
}

/// The first query of a kind; the overview shows it.
fn first(state: &State, kind: HealthKind) -> Option<usize> {
    state.plan.health.iter().position(|q| q.kind == kind)
}

pub(super) fn tiles(state: &State, now: Now) -> Vec<Tile> {
    let (errors, latency) = (first(state, HealthKind::Errors), first(state, HealthKind::Latency));
    let users = errors.or(latency).map(|main| Tile {
        id: "users",
        title: "Users hurt?".into(),
        value: worst(state, main, now),
        note: note(state, errors, latency, now).into(),
        sides: sides(state, &[errors, latency], now),
        spark: spark(state, main),
        age: age(state, main, now),
        panel: State::ID,
        row: Some((QUERIES, state.plan.health[main].name.clone())),
    });
    let requests = first(state, HealthKind::Requests).map(|main| Tile {
        id: "requests",
        title: "Requests received".into(),
        value: received(state, main, now),
        note: "share received in the target".into(),
        sides: sides(state, &[Some(main)], now),
        spark: spark(state, main),
        age: age(state, main, now),
        panel: State::ID,
        row: Some((QUERIES, state.plan.health[main].name.clone())),
    });
    users.into_iter().chain(requests).collect()
}

/// The worse side's value. An unknown side is worse than any value; a side without traffic is not counted.
fn worst(state: &State, query: usize, now: Now) -> Cell {
    let values: Vec<_> = expected(state, query, now).map(|(_, value)| value).collect();
    if values.is_empty() {
        return Cell::text("no users").tone(Tone::Warn);
    }
    let unit = state.plan.health[query].unit;
    Cell::seen(Observed::all(values), |values| {
        let worst = values.into_iter().fold(f64::MIN, f64::max);
        let tone = if hurts(state, query, worst) { Tone::Bad } else { Tone::Plain };
        Cell::number(worst, shown(worst, unit)).tone(tone)
    })
}

/// Whether a value of errors or latency is one at which the plan asks for the rollback, or that breaks one of its invariants. A value below all
/// limits is not called good: the plan may have none.
fn hurts(state: &State, query: usize, value: f64) -> bool {
    let query = &state.plan.health[query];
    let one = |gate: &Gate| matches!(gate.agg, Agg::Max | Agg::Min | Agg::Only);
    let about = |gate: &&Gate| gate.metric.id == VALUE.id && one(gate) && gate.labels.get("query") == Some(&query.name);
    let runbook = &state.plan.runbook;
    let mut aborts = runbook.aborts.iter().flat_map(|it| it.when.gates()).filter(about);
    let mut invariants = runbook.invariants.iter().flat_map(|it| it.when.gates()).filter(about);
    let holds = |gate: &Gate| gate.op.holds(value, gate.limit);
    aborts.any(holds) || !invariants.all(holds)
}

fn note(state: &State, errors: Option<usize>, latency: Option<usize>, now: Now) -> String {
    let mut parts = Vec::new();
    for query in [errors, latency].into_iter().flatten() {
        let health = &state.plan.health[query];
        let mut part = health.name.clone();
        for side in Side::BOTH.into_iter().filter(|&s| state.asked(query, s)) {
            if let Some(usual) = state.usual(query, side, now).and_then(Observed::shown) {
                let label = &state.plan.sites.get(side).label;
                part.push_str(&format!(" {label} usually {}", shown(usual, health.unit)));
            }
        }
        parts.push(part);
    }
    parts.join(" · ")
}

/// The values of each side in the order of the queries, with the tone of the worst: short enough for both sides on one line.
fn sides(state: &State, queries: &[Option<usize>], now: Now) -> Vec<(Cow<'static, str>, Cell)> {
    let of = |side: Side| {
        let cells = queries.iter().flatten().map(|q| value_cell(state, *q, side, now));
        let worst = |a: Cell, b: Cell| Cell {
            text: format!("{} · {}", a.text, b.text).into(),
            tone: if b.tone != Tone::Muted { a.tone.max(b.tone) } else { a.tone },
            key: a.key,
        };
        let cell = cells.reduce(worst).unwrap_or_else(Cell::none);
        (state.plan.sites.get(side).label.clone().into(), cell)
    };
    Side::BOTH.map(of).to_vec()
}

/// The target's share of the requests: both sides must be known.
fn received(state: &State, query: usize, now: Now) -> Cell {
    let [source, target] = Side::BOTH.map(|side| state.value(query, side, now));
    let Some((source, target)) = source.zip(target) else { return Cell::none() };
    Cell::seen(source.zip(target), |(s, t)| {
        if s + t > 0.0 {
            Cell::number(t / (s + t), format!("{:.1} %", t / (s + t) * 100.0))
        } else {
            Cell::text("no requests").tone(Tone::Warn)
        }
    })
}

fn spark(state: &State, query: usize) -> Vec<f32> {
    let side = if state.asked(query, Side::Target) { Side::Target } else { Side::Source };
    state.known(query, side).map_or_else(Vec::new, |k| k.ring.last(60))
}

pub(super) fn detail(state: &State, row: &str, now: Now) -> Option<Detail> {
    let (i, health) = state.plan.health.iter().enumerate().find(|(_, q)| q.name == row)?;
    let mut fields: Vec<(Cow<'static, str>, Cell)> = vec![
        ("kind".into(), Cell::text(kind(health.kind))),
        ("unit".into(), Cell::text(unit(health.unit))),
        ("volume".into(), health.volume.clone().map_or_else(Cell::none, Cell::text)),
    ];
    let mut curve = Curve::new(&health.name, health.unit);
    for side in Side::BOTH {
        let label = format!("{side} {}", state.plan.sites.get(side).label);
        let Some(query) = health.queries.get(side) else {
            fields.push((label.into(), Cell::text("not queried").tone(Tone::Muted)));
            continue;
        };
        fields.push((label.clone().into(), value_cell(state, i, side, now)));
        fields.push(("asked".into(), Cell::text(asked(query))));
        fields.push(("usual".into(), usual_cell(state, i, side, now)));
        let reading = state.reading(i, side, now);
        if let Observed::Fresh(value, _) | Observed::Stale(value, _) = &reading
            && let Some(of) = value.of
            && !of.length.is_zero()
        {
            let ago = Age(std::time::Duration::try_from(now.wall.duration_since(of.end)).unwrap_or_default());
            let text = format!("of {} s that ended {ago} ago", of.length.as_secs());
            fields.push(("period".into(), Cell::text(text)));
        }
        if let Some(Observed::Unknown(fault)) = state.value(i, side, now) {
            fields.push(("fault".into(), Cell::text(fault.to_string()).tone(Tone::Blind)));
        }
        if let Some(known) = state.known(i, side) {
            let series = Series::of(&VALUE, &[row, side.word()]);
            let line = Line::new(&state.plan.sites.get(side).label, Some(side), known.ring.iter(), now).of(series);
            curve.lines.push(line);
        }
    }
    let curves = if curve.is_empty() { Vec::new() } else { vec![curve] };
    Some(Detail { title: health.name.clone(), fields, curves, tables: Vec::new() })
}

fn asked(query: &MetricQuery) -> String {
    match query {
        MetricQuery::Prometheus { url, expr, .. } => format!("{expr} at {url}"),
        MetricQuery::CloudWatch { namespace, metric, stat, dimensions, period, scale } => {
            let of: Vec<_> = dimensions.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let times = if (scale - 1.0).abs() < f64::EPSILON { String::new() } else { format!(" × {scale}") };
            format!("{stat} of {namespace} {metric} {} every {} s{times}", of.join(" "), period.as_secs())
        }
    }
}
