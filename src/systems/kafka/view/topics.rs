//! The table of topics: which are still written, on which side, and whether the copy has the shape of the original.

use super::{aged, heading, label, rate_text};
use crate::kafka::{
    State,
    cluster::TopicSeen,
    parity::{self, Copied},
    state::Pair,
};
use base::{
    now::Now,
    observed::Observed,
    side::{Side, Sides},
    view::{Cell, Column, Row, Table, Tone},
};
use plan::Plan;

/// The table.
pub(super) fn table(state: &State, now: Now) -> Table {
    let mut columns = vec![Column::text("topic", "topic", 12).grow(2)];
    if state.pairs.len() > 1 {
        columns.insert(0, Column::text("pair", "pair", 6).drop(5));
    }
    let ids = [["source_partitions", "source_rate"], ["target_partitions", "target_rate"]];
    for (side, ids) in Side::BOTH.into_iter().zip(ids) {
        let of = || heading(&state.plan, side);
        columns.extend([
            Column::number(ids[0], "partitions", 4).of(of()).drop(1),
            Column::number(ids[1], "written/s", 7).of(of()),
        ]);
    }
    columns.extend([
        Column::text("copied", "copied", 10).of("delta").drop(2),
        Column::text("parity", "parity", 10).of("delta"),
        Column::number("age", "age", 4),
    ]);
    let rows = state.pairs.iter().flat_map(|p| rows_of(&state.plan, p, state.pairs.len() > 1, now)).collect();
    Table { id: "topics", title: "Topics".into(), columns, rows, empty: "no topic matches the plan's patterns" }
}

fn rows_of(plan: &Plan, pair: &Pair, with_pair: bool, now: Now) -> Vec<Row> {
    let age = pair.age(now);
    let rows = pair.topic_rows.get(pair.known(now), || rows(plan, pair, with_pair, now).into());
    rows.iter().map(|row| aged(row, &age)).collect()
}

/// The rows without the age.
fn rows(plan: &Plan, pair: &Pair, with_pair: bool, now: Now) -> Vec<Row> {
    parity::topic_names(pair)
        .into_iter()
        .map(|(source, target)| {
            let names = Sides { source, target };
            let seen = Side::BOTH.map(|side| pair.cluster(side).topic(names.get(side), now));
            let copied = parity::copied(&pair.plan, &names);
            let mut cells = Vec::with_capacity(9);
            if with_pair {
                cells.push(Cell::text(pair.plan.name.clone()));
            }
            cells.push(Cell::text(title(&names)));
            for topic in &seen {
                cells.push(Cell::seen(topic.as_ref(), |t| Cell::count(t.facts.partitions().into())));
                cells.push(Cell::seen(topic.as_ref().and_then(|t| t.rate()), rate_cell));
            }
            let [source, target] = &seen;
            cells.push(copied_cell(plan, copied));
            cells.push(parity_cell(pair, &names, source, target, now));
            Row::new(row_id(pair, &names), cells)
        })
        .collect()
}

/// A row's id: the pair and both names. A comma cannot be part of a topic's name.
pub(super) fn row_id(pair: &Pair, names: &Sides<String>) -> String {
    format!("{}/{},{}", pair.plan.name, names.source, names.target)
}

/// One name, or both where they differ.
pub(super) fn title(names: &Sides<String>) -> String {
    if names.source == names.target { names.source.clone() } else { format!("{} | {}", names.source, names.target) }
}

/// Records a second. Zero is not shown as good: that depends on whether producers were moved.
pub(super) fn rate_cell(rate: f64) -> Cell {
    let cell = Cell::number(rate, rate_text(rate));
    if rate > 0.0 { cell } else { cell.tone(Tone::Muted) }
}

/// The direction in which it is copied.
pub(super) fn copied_cell(plan: &Plan, copied: Copied) -> Cell {
    let way = |from: Side| format!("{} to {}", label(plan, from), label(plan, from.other()));
    match copied {
        Copied::No => Cell::none(),
        Copied::From(side) => Cell::text(way(side)),
        Copied::Both => Cell::text("both ways"),
    }
}

/// Whether both exist and are alike. The configuration counts only where it was read; a stale or missing one is shown as such.
pub(super) fn parity_cell(
    pair: &Pair,
    names: &Sides<String>,
    source: &Observed<TopicSeen<'_>>,
    target: &Observed<TopicSeen<'_>>,
    now: Now,
) -> Cell {
    let shape = source.as_ref().zip(target.as_ref()).map(|(s, t)| (s.facts.partitions(), t.facts.partitions()));
    let config = |side| parity::config(pair, side, names.get(side), now);
    let configs = config(Side::Source).zip(config(Side::Target));
    Cell::seen(shape, |(s, t)| {
        if s != t {
            return Cell::text(format!("{s} ≠ {t} partitions")).tone(Tone::Bad);
        }
        match configs {
            Observed::Fresh((Some(s), Some(t)), _) => match parity::config_diff(s, t).first() {
                Some((key, s, t)) => Cell::text(format!("{key} {s} ≠ {t}")).tone(Tone::Warn),
                None => Cell::text("same").tone(Tone::Good),
            },
            _ => Cell::text("same partitions").tone(Tone::Plain),
        }
    })
}
