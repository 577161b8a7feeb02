//! Panel, tiles and details as data.

mod clusters;
mod consumer_groups;
mod detail;
mod handover;
mod topics;
mod way;

use std::{borrow::Cow, sync::Arc};

pub(super) use consumer_groups::Rank;
pub(super) use detail::detail;

use self::way::Way;
use super::{State, cluster::GroupSeen, figures::Figures, parity, signals, state::Pair, times::LagTime};
use crate::System;
use base::{
    now::{Now, short},
    observed::Observed,
    side::Side,
    view::{Cell, Group, Panel, Row, Tile, Tone, grouped, oldest},
};
use plan::Plan;

/// The panel.
pub(super) fn panel(state: &State, now: Now) -> Panel {
    let tables = vec![consumer_groups::table(state, now), topics::table(state, now), clusters::table(state, now)];
    let seen: Vec<Observed<()>> =
        state.pairs.iter().flat_map(|p| Side::BOTH.map(|side| p.cluster(side).seen(now).map(|_| ()))).collect();
    let summary = Side::BOTH
        .into_iter()
        .filter_map(|side| {
            let worst = worst(state, side, now)?;
            let mut cell = worst.cell();
            cell.text = format!("{} worst lag {}", label(&state.plan, side), worst.words(state)).into();
            Some(cell)
        })
        .collect();
    Panel { id: State::ID, title: State::TITLE, group: Group::Streams, summary, tables, oldest: oldest(&seen) }
}

/// The overview's tile.
pub(super) fn tiles(state: &State, now: Now) -> Vec<Tile> {
    let sides: Vec<_> = Side::BOTH.into_iter().filter_map(|side| Some((side, worst(state, side, now)?))).collect();
    // Unknown is worse than any lag; of the known lags the longest is the worst.
    let Some((side, first)) = sides.iter().max_by(|a, b| a.1.rank().cmp(&b.1.rank()).then(b.0.cmp(&a.0))) else {
        return Vec::new();
    };
    vec![Tile {
        id: "lag",
        title: "Worst lag".into(),
        value: first.cell(),
        note: format!("{} {}", label(&state.plan, *side), first.words(state)).into(),
        sides: sides.iter().map(|(side, w)| (label(&state.plan, *side), w.cell())).collect(),
        spark: first.spark(state, *side),
        age: first.time.age(),
        panel: State::ID,
        row: first.group.as_ref().map(|group| ("groups", format!("{}/{group}", state.pairs[first.pair].plan.name))),
    }]
}

/// A side's label.
fn label(plan: &Plan, side: Side) -> Cow<'static, str> {
    plan.sites.get(side).label.clone().into()
}

/// The heading of a side's columns.
fn heading(plan: &Plan, side: Side) -> String {
    format!("{side} {}", plan.sites.get(side).label)
}

/// The worst group of one side.
struct Worst {
    pair: usize,
    group: Option<Arc<str>>,
    time: Observed<LagTime>,
    figures: Option<(Figures, Way)>,
}

impl Worst {
    fn rank(&self) -> (u8, std::time::Duration) {
        match &self.time {
            Observed::Pending => (3, std::time::Duration::ZERO),
            Observed::Unknown(_) => (2, std::time::Duration::ZERO),
            Observed::Fresh(t @ LagTime::AtLeast(_), _) | Observed::Stale(t @ LagTime::AtLeast(_), _) => (1, t.least()),
            Observed::Fresh(t, _) | Observed::Stale(t, _) => (0, t.least()),
        }
    }

    fn cell(&self) -> Cell {
        let way = self.figures.map(|(_, way)| way);
        Cell::seen(self.time.clone(), |t| time_cell(t).tone(way.map_or(Tone::Plain, |way| way.tone(t))))
    }

    /// Its group, lag, trend, and the time until it is drained.
    fn words(&self, state: &State) -> String {
        let whose = match (&self.group, state.pairs.len()) {
            (Some(group), 1) => group.to_string(),
            (Some(group), _) => format!("{}/{group}", state.pairs[self.pair].plan.name),
            (None, _) => state.pairs[self.pair].plan.name.clone(),
        };
        match (&self.time, self.figures) {
            (Observed::Fresh(time, _) | Observed::Stale(time, _), Some((figures, way))) => {
                let (lag, way) = (grouped(figures.lag.unsigned_abs()), way.words());
                let lost = if figures.lost > 0 {
                    format!(", at most {} lost", grouped(figures.lost.unsigned_abs()))
                } else {
                    String::new()
                };
                format!("{whose} {}, {lag} records, {way}{lost}", time_text(*time))
            }
            (Observed::Unknown(fault), _) => format!("{whose}: {fault}"),
            _ => format!("{whose}: waiting for the first answer"),
        }
    }

    fn spark(&self, state: &State, side: Side) -> Vec<f32> {
        let memory = self.group.as_ref().and_then(|g| state.pairs[self.pair].cluster(side).memory_of(g));
        memory.map(|m| m.lag.last(60)).unwrap_or_default()
    }
}

/// The worst of one side: a group that cannot be read ranks before any that can. None where the plan has no pair.
fn worst(state: &State, side: Side, now: Now) -> Option<Worst> {
    let each = state.pairs.iter().enumerate().flat_map(|(ix, pair)| worst_of(ix, pair, side, now));
    each.reduce(|a, b| if b.rank() > a.rank() { b } else { a })
}

fn worst_of(ix: usize, pair: &Pair, side: Side, now: Now) -> Vec<Worst> {
    let names = parity::group_names_of(pair, side);
    let cluster = pair.cluster(side);
    let whole = match cluster.seen(now) {
        Observed::Fresh(..) | Observed::Stale(..) => {
            let each = names.iter().filter_map(|name| worst_group(ix, pair, side, name, now));
            let judged: Vec<Worst> = each.collect();
            // Groups move one after the other: a side without groups is not worse than the side that has them.
            let other = pair.cluster(side.other());
            let others = || {
                parity::group_names_of(pair, side.other()).into_iter().any(|g| other.group(&g, now).shown().is_some())
            };
            if !judged.is_empty() || others() {
                return judged;
            }
            Observed::Unknown(signals::no_groups(pair, &names))
        }
        Observed::Unknown(fault) => Observed::Unknown(fault),
        Observed::Pending => Observed::Pending,
    };
    vec![Worst { pair: ix, group: None, time: whole, figures: None }]
}

/// None for a group whose lag is not required: it never had one, or it exists on the other side only.
fn worst_group(ix: usize, pair: &Pair, side: Side, name: &Arc<str>, now: Now) -> Option<Worst> {
    let seen = pair.cluster(side).group(name, now);
    let elsewhere = signals::is_absent(&seen) && pair.cluster(side.other()).group(name, now).shown().is_some();
    if elsewhere || signals::no_lag_to_miss(pair, name, &seen) {
        return None;
    }
    let away = way::runs_elsewhere(&seen, &pair.cluster(side.other()).group(name, now));
    let seen = seen.and_then(|g| g.figures().map(|f| (f, Way::of(&g, f, away))));
    Some(Worst { pair: ix, group: Some(name.clone()), time: seen.as_ref().map(|(f, _)| f.time), figures: seen.shown() })
}

/// A lag in time, as text.
fn time_text(time: LagTime) -> String {
    match time {
        LagTime::Exactly(d) => short(d),
        LagTime::AtLeast(d) => format!("≥ {}", short(d)),
    }
}

/// A lag in time.
fn time_cell(time: LagTime) -> Cell {
    Cell::number(time.least().as_secs_f64(), time_text(time))
}

/// A pace, with its sign.
fn pace_cell(per_second: Option<f64>) -> Cell {
    match per_second {
        None => Cell::none(),
        Some(s) if s.abs() < 0.05 => Cell::number(0.0, "±0/s"),
        Some(s) => Cell::number(s, format!("{}{}/s", if s > 0.0 { '+' } else { '−' }, rate_text(s.abs()))),
    }
}

/// A rate: whole numbers when large, one decimal when small.
fn rate_text(per_second: f64) -> String {
    if per_second >= 10.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, for showing")]
        grouped(per_second.round() as u64)
    } else {
        format!("{per_second:.1}")
    }
}

/// Messages.
fn lag_cell(lag: i64) -> Cell {
    Cell::count(lag.unsigned_abs())
}

/// The row with the age column.
fn aged(row: &Row, age: &Cell) -> Row {
    Row::new(row.id.clone(), row.cells.iter().chain([age]).cloned().collect::<Vec<_>>())
}

/// A group's figures, if a decision may be based on them.
fn figures(group: Observed<GroupSeen<'_>>) -> Observed<(Figures, GroupSeen<'_>)> {
    group.and_then(|g| Ok((g.figures()?, g)))
}
