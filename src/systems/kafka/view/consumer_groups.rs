//! The table of groups: both sides next to each other, and what is missing between them.

use std::cmp::Reverse;

use super::{
    aged, figures, heading, lag_cell, pace_cell, time_cell,
    way::{Way, runs_elsewhere},
};
use crate::kafka::{
    State,
    cluster::GroupSeen,
    facts::GroupState,
    parity::{self, Handover, Handovers},
    state::Pair,
};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    side::Side,
    view::{Cell, Column, Row, SPARK, Table, Tone},
};

const IDS: [[&str; 7]; 2] = [
    ["source_state", "source_members", "source_lag", "source_lately", "source_time", "source_pace", "source_drain"],
    ["target_state", "target_members", "target_lag", "target_lately", "target_time", "target_pace", "target_drain"],
];

/// The table.
pub(super) fn table(state: &State, now: Now) -> Table {
    let mut columns = vec![Column::text("group", "group", 12).grow(2)];
    if state.pairs.len() > 1 {
        columns.insert(0, Column::text("pair", "pair", 6).drop(5));
    }
    for (side, ids) in Side::BOTH.into_iter().zip(IDS) {
        let of = || heading(&state.plan, side);
        columns.extend([
            Column::text(ids[0], "state", 11).of(of()).drop(2),
            Column::number(ids[1], "members", 3).of(of()).drop(4),
            Column::number(ids[2], "lag", 7).of(of()),
            Column::spark(ids[3], "lately").of(of()),
            Column::number(ids[4], "behind", 6).of(of()),
            Column::number(ids[5], "pace", 8).of(of()).drop(3),
            Column::number(ids[6], "drained in", 6).of(of()).drop(1),
        ]);
    }
    columns.push(Column::text("parity", "committed on target", 12).of("delta").drop(1));
    columns.push(Column::number("age", "age", 4));
    let mut rows: Vec<_> = state.pairs.iter().flat_map(|pair| rows_of(pair, state.pairs.len() > 1, now)).collect();
    rows.sort_by_key(|(rank, _)| Reverse(*rank));
    Table {
        id: "groups",
        title: "Consumer groups".into(),
        columns,
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        empty: "no group matches the plan's patterns",
    }
}

/// The sort key of a row: unreadable groups first, then groups that lost records, then by lag in time and in messages.
pub(in crate::kafka) type Rank = (u8, u64, i64);

fn rows_of(pair: &Pair, with_pair: bool, now: Now) -> Vec<(Rank, Row)> {
    let age = pair.age(now);
    let rows = pair.group_rows.get(pair.known(now), || rows(pair, with_pair, now).into());
    rows.iter().map(|(rank, row)| (*rank, aged(row, &age))).collect()
}

/// The rows without the age.
fn rows(pair: &Pair, with_pair: bool, now: Now) -> Vec<(Rank, Row)> {
    let (source, target) = (pair.cluster(Side::Source), pair.cluster(Side::Target));
    let handovers = pair.handovers(now);
    parity::group_names(pair)
        .into_iter()
        .map(|name| {
            let seen = [source.group(&name, now), target.group(&name, now)];
            let mut cells = Vec::with_capacity(16);
            if with_pair {
                cells.push(Cell::text(pair.plan.name.clone()));
            }
            cells.push(Cell::text(name.to_string()));
            for (group, other) in [(&seen[0], &seen[1]), (&seen[1], &seen[0])] {
                cells.extend(side_cells(group, runs_elsewhere(group, other)));
            }
            let [source, target] = &seen;
            cells.push(parity_cell(source, target, handovers.as_deref()));
            let rank = seen.iter().map(rank).max().unwrap_or_default();
            (rank, Row::new(format!("{}/{name}", pair.plan.name), cells))
        })
        .collect()
}

fn rank(group: &Observed<GroupSeen<'_>>) -> Rank {
    match figures(group.as_ref().cloned()) {
        Observed::Fresh((f, _), _) | Observed::Stale((f, _), _) => {
            (u8::from(f.lost > 0), f.time.least().as_secs(), f.lag)
        }
        // A missing group is sorted by its other side.
        _ if !group.is_fresh() => (0, 0, 0),
        _ => (1, 0, 0),
    }
}

/// `away`: its consumers run on the other side.
fn side_cells(group: &Observed<GroupSeen<'_>>, away: bool) -> [Cell; 7] {
    let of = || figures(group.as_ref().cloned());
    let lag = Cell::seen(of(), |(f, g)| {
        lag_cell(f.lag).tone(if f.lost > 0 { Tone::Bad } else { Way::of(&g, f, away).tone(f.time) })
    });
    let lately = group.as_ref().shown().map_or_else(Cell::none, |g| Cell::spark(&lag, g.memory.lag.last(SPARK)));
    [
        Cell::seen(group.as_ref(), |g| state_cell(g.facts.state)),
        Cell::seen(group.as_ref().and_then(|g| g.members()), |n| Cell::count(n as u64)),
        lag,
        lately,
        Cell::seen(of(), |(f, _)| time_cell(f.time)),
        Cell::seen(of(), |(_, g)| pace_cell(g.slope().per_second())),
        Cell::seen(of(), |(f, g)| Way::of(&g, f, away).cell(f.time)),
    ]
}

/// A group's state.
pub(super) fn state_cell(state: GroupState) -> Cell {
    Cell::text(state.word()).tone(match state {
        GroupState::Stable => Tone::Good,
        GroupState::Rebalancing => Tone::Busy,
        GroupState::Empty => Tone::Plain,
        GroupState::Dead => Tone::Bad,
        GroupState::Unknown => Tone::Blind,
    })
}

/// How many of the source's commits the target has.
fn parity_cell(source: &Observed<GroupSeen<'_>>, target: &Observed<GroupSeen<'_>>, all: Option<&Handovers>) -> Cell {
    let Some(all) = all else {
        return Cell::seen(source.as_ref().zip(target.as_ref()), |_| Cell::none());
    };
    Cell::seen(handover(source, target, all), handover_cell)
}

/// How many of the source's commits the target has. A group without commits on the source has nothing to hand over, which differs from a
/// complete hand-over.
pub(super) fn handover(
    source: &Observed<GroupSeen<'_>>,
    target: &Observed<GroupSeen<'_>>,
    all: &Handovers,
) -> Observed<Handover> {
    let readable = |g: GroupSeen<'_>| g.facts.fault.clone().map_or(Ok(()), Err);
    source.as_ref().zip(target.as_ref()).and_then(|(s, t)| {
        readable(*s)?;
        readable(*t)?;
        let missing = || Fault::new(FaultKind::NotFound, format!("group {} is not on both sides", s.facts.name));
        all.get(&s.facts.name).copied().ok_or_else(missing)
    })
}

/// The same, as a cell.
pub(super) fn handover_cell(h: Handover) -> Cell {
    let text = format!("{} of {}", h.both, h.source);
    #[expect(clippy::cast_precision_loss, reason = "for sorting")]
    let share = if h.source == 0 { 0.0 } else { h.both as f64 / h.source as f64 };
    Cell::number(share, text).tone(match h {
        Handover { source: 0, .. } => Tone::Muted,
        Handover { source, both } if source == both => Tone::Good,
        Handover { both: 0, .. } => Tone::Warn,
        _ => Tone::Busy,
    })
}
