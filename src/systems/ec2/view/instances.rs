//! Every instance, one row each.

use std::time::Duration;

use super::label;
use crate::ec2::{
    State,
    counts::{Checked, Statuses},
    facts::{Check, Instance},
    life::Phase,
    site::Site,
};
use base::{
    now::Now,
    observed::Observed,
    side::Side,
    view::{Cell, Column, Row, Table, Tone},
};

pub(super) fn instances(state: &State, now: Now) -> Table {
    let columns = vec![
        Column::text("id", "instance", 19),
        Column::text("role", "role", 6).grow(1),
        Column::text("side", "side", 4),
        Column::text("zone", "zone", 10).drop(3),
        Column::text("type", "type", 11).drop(5),
        Column::text("state", "state", 13),
        Column::text("checks", "checks", 12).drop(1),
        Column::text("image", "image", 21).drop(6),
        Column::number("launched", "launched", 8).drop(4),
        Column::number("since", "since", 6).drop(2),
    ];
    let worth = |side: Side| {
        let site = state.sites.get(side);
        [site.instances.at(now).worth(), site.status.at(now).worth()]
    };
    let [[a, b], [c, d]] = Side::BOTH.map(worth);
    let grain = if now.boot.saturating_sub(state.news) < QUIET { FRESH } else { FRESH_WHEN_QUIET };
    let key = (state.heard, [a, b, c, d], now.boot.as_secs() / grain * grain);
    let rows = state.rows.remake(key, |before| rows(state, before.map_or(&[], |rows| rows), now).into());
    Table { id: "instances", title: "Instances".into(), columns, rows, empty: "no instance is known yet" }
}

/// How many seconds the rows stay the same while no new observation comes: only times since an event change in them.
const FRESH: u64 = 10;

/// After this long without a change, all events are at least as old, and may be shown in coarser steps.
const QUIET: Duration = Duration::from_secs(600);
const FRESH_WHEN_QUIET: u64 = 60;

/// All rows. Those that are the same as `before` share its cells: of tens of thousands most are, and two sets exist while one replaces the other.
fn rows(state: &State, before: &[Row], now: Now) -> Vec<Row> {
    let mut before = Before(before);
    let listed = |side| state.sites.get(side).instances.at(now).shown().map_or(0, |instances| instances.len());
    let mut rows = Vec::with_capacity(Side::BOTH.map(listed).iter().sum());
    for side in Side::BOTH {
        let site = state.sites.get(side);
        let instances = site.instances.at(now);
        let stale = !instances.is_fresh();
        let status = site.status.at(now);
        for instance in instances.shown().map_or(&[][..], |i| i) {
            let cells = cells(state, side, instance, &status, stale, now);
            rows.push(before.same(&instance.id, &cells).unwrap_or_else(|| Row::new(&*instance.id, cells)));
        }
    }
    rows
}

/// The rows of the last time that are still to be compared, in the order of the new ones: by side, then by id.
struct Before<'a>(&'a [Row]);

impl Before<'_> {
    /// How many rows are skipped at most to find one: those of instances that are gone.
    const GONE: usize = 100;

    /// The row of this instance, if it has these cells.
    fn same(&mut self, id: &str, cells: &[Cell]) -> Option<Row> {
        let at = self.0.iter().take(Self::GONE).position(|row| row.id == id)?;
        let row = &self.0[at];
        self.0 = &self.0[at + 1..];
        (*row.cells == *cells).then(|| row.clone())
    }
}

/// The cells of an instance.
fn cells(
    state: &State,
    side: Side,
    instance: &Instance,
    status: &Observed<&Statuses>,
    stale: bool,
    now: Now,
) -> [Cell; 10] {
    let site = state.sites.get(side);
    let dim = |cell: Cell| if stale { cell.tone(Tone::Stale) } else { cell };
    let checked = status.as_ref().map(|s| s.by_id.get(&instance.id));
    [
        dim(Cell::text(&*instance.id)),
        dim(Cell::text(role_name(state, instance))),
        dim(Cell::text(label(state, side))),
        dim(Cell::text(&*instance.zone)),
        dim(Cell::text(&*instance.kind)),
        dim(phase(site, instance)),
        Cell::seen(checked, checks),
        dim(Cell::text(&*instance.image)),
        dim(launched(instance, now)),
        dim(since(site, instance, now)),
    ]
}

/// Its role; all of them, where several select it.
pub(super) fn role_name(state: &State, instance: &Instance) -> String {
    let names = instance.roles.iter().filter_map(|role| state.plan.fleet.get(usize::from(*role)));
    names.map(|role| role.name.as_str()).collect::<Vec<_>>().join(" ")
}

/// Its phase. Its collector may be older than the list of instances; the age shown is the role's.
pub(super) fn phase(site: &Site, instance: &Instance) -> Cell {
    let phase = site.lives.get(&instance.id).map_or_else(|| Phase::of(instance.state, false, false), |life| life.phase);
    Cell::text(phase.word()).tone(phase_tone(phase))
}

pub(super) const fn phase_tone(phase: Phase) -> Tone {
    match phase {
        Phase::Serving => Tone::Good,
        Phase::Pending | Phase::Running | Phase::Passed => Tone::Busy,
        Phase::Stopping | Phase::Ending => Tone::Warn,
        Phase::Stopped | Phase::Gone => Tone::Muted,
    }
}

/// The result of its checks; a missing result is not ok.
pub(super) fn checks(checked: Option<&Checked>) -> Cell {
    let Some(checked) = checked else { return Cell::text("absent").tone(Tone::Warn) };
    if checked.event.is_some() {
        return Cell::text("event").tone(Tone::Warn);
    }
    match checked.now {
        Check::Ok if checked.passed() => Cell::text("ok").tone(Tone::Good),
        Check::Ok => Cell::text("ok once").tone(Tone::Busy),
        Check::Initializing => Cell::text("initializing").tone(Tone::Busy),
        Check::Unknown => Cell::text("not checked").tone(Tone::Muted),
        Check::Impaired => Cell::text("impaired").tone(Tone::Bad),
    }
}

pub(super) fn launched(instance: &Instance, now: Now) -> Cell {
    instance.launched.map_or_else(Cell::none, |at| Cell::duration(now.wall.duration_since(at).unsigned_abs()))
}

/// The time of its last change, where it was observed.
pub(super) fn since(site: &Site, instance: &Instance, now: Now) -> Cell {
    let change = site.lives.get(&instance.id).and_then(|life| life.changes.last());
    change.map_or_else(Cell::none, |(at, _)| Cell::duration(now.since(*at)))
}
