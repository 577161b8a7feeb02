//! Roles and their zones, both sides in one row.

use super::{by_readiness, eta_cell, heading, percent, ready_cell};
use crate::ec2::{
    State,
    counts::{Counts, Tally},
    facts::Name,
    site::Site,
    standing::Standing,
};
use base::{
    now::Now,
    observed::Observed,
    side::Side,
    view::{Cell, Column, Row, SPARK, Table, Tone},
};

/// Fewer than wanted is a warning, and none at all is an error, unless more come or none were requested yet.
fn against(wanted: u32, standing: Option<Standing>) -> impl Fn(u32) -> Cell {
    move |n| {
        let tone = match (n, standing) {
            _ if n >= wanted => Tone::Plain,
            (_, Some(Standing::Filling | Standing::Planned | Standing::Unknown)) => Tone::Plain,
            (0, _) => Tone::Bad,
            _ => Tone::Warn,
        };
        Cell::count(n.into()).tone(tone)
    }
}

fn plain(n: u32) -> Cell {
    Cell::count(n.into())
}

/// A difference, with its sign. Whether it is a fault depends on what each side wants.
fn delta(target: u32, source: u32) -> Cell {
    let d = i64::from(target) - i64::from(source);
    #[expect(clippy::cast_precision_loss, reason = "for sorting")]
    Cell::number(d as f64, format!("{d:+}").replace('-', "−"))
}

pub(super) fn roles(state: &State, now: Now) -> Table {
    let mut columns = vec![Column::text("role", "role", 6).grow(1)];
    let ids = [
        ["source_wanted", "source_running", "source_ok", "source_serving", "source_lately", "source_vcpu"],
        ["target_wanted", "target_running", "target_ok", "target_serving", "target_lately", "target_vcpu"],
    ];
    for (side, [wanted, running, ok, serving, lately, vcpu]) in Side::BOTH.into_iter().zip(ids) {
        let group = heading(state, side);
        columns.extend([
            Column::number(wanted, "wanted", 6).of(group.clone()).drop(if side == Side::Source { 4 } else { 1 }),
            Column::number(running, "running", 7).of(group.clone()).drop(3),
            Column::number(ok, "ok", 4).of(group.clone()).drop(5),
            Column::number(serving, "serving", 7).of(group.clone()),
            Column::spark(lately, "lately").of(group.clone()),
            Column::number(vcpu, "vcpu", 5).of(group).drop(6),
        ]);
    }
    columns.extend([
        Column::number("delta", "Δ serving", 9).of("delta").drop(2),
        Column::number("ready", "ready", 5).of("delta"),
        Column::number("eta", "full in", 7).of("delta").drop(1),
        Column::number("age", "age", 5),
    ]);
    let rows = by_readiness(state, now).into_iter().map(|role| row(state, role, now)).collect();
    Table { id: "roles", title: "Roles".into(), columns, rows, empty: "the plan has no role ([[fleet]])" }
}

fn row(state: &State, role: usize, now: Now) -> Row {
    let name = state.plan.fleet[role].name.clone();
    let mut cells = vec![Cell::text(name.clone())];
    for side in Side::BOTH {
        let site = state.sites.get(side);
        let wanted = site.wanted(role);
        let less = against(wanted, site.standing(role, now).fresh());
        let serving = Cell::seen(site.in_service(role, now), &less);
        let lately = Cell::spark(&serving, site.trends[role].serving.last(SPARK));
        cells.extend([
            plain(wanted),
            Cell::seen(site.running(role, now), &less),
            Cell::seen(site.checked(role, now, |t| t.all.checks_ok), &less),
            serving,
            lately,
            Cell::seen(site.vcpus(role, now), plain),
        ]);
    }
    let [source, target] = Side::BOTH.map(|side| state.sites.get(side));
    let both = target.in_service(role, now).zip(source.in_service(role, now));
    let ready = target.ready(role, now);
    cells.extend([
        Cell::seen(both.clone(), |(t, s)| delta(t, s)),
        ready.map_or_else(Cell::none, |r| ready_cell(target, role, r, percent, now)),
        if target.wanted(role) == 0 { Cell::none() } else { eta_cell(target, role, now) },
        Cell::age(&both),
    ]);
    Row::new(name, cells)
}

pub(super) fn zones(state: &State, now: Now) -> Table {
    let mut columns = vec![Column::text("role", "role", 6).grow(1)];
    let ids = [
        ["source_zone", "source_running", "source_ok", "source_serving"],
        ["target_zone", "target_running", "target_ok", "target_serving"],
    ];
    for (side, [zone, running, ok, serving]) in Side::BOTH.into_iter().zip(ids) {
        let group = heading(state, side);
        columns.extend([
            Column::text(zone, "zone", 10).of(group.clone()),
            Column::number(running, "running", 7).of(group.clone()).drop(2),
            Column::number(ok, "ok", 4).of(group.clone()).drop(3),
            Column::number(serving, "serving", 7).of(group),
        ]);
    }
    columns.push(Column::number("age", "age", 5).drop(1));
    let rows = by_readiness(state, now).into_iter().flat_map(|role| zone_rows(state, role, now)).collect();
    Table { id: "zones", title: "Roles by zone".into(), columns, rows, empty: "no zone is known yet" }
}

/// A role's zones. The regions name theirs differently, so the first of one side is shown beside the first of the other.
pub(super) fn zone_rows(state: &State, role: usize, now: Now) -> Vec<Row> {
    let name = &state.plan.fleet[role].name;
    let sites = Side::BOTH.map(|side| state.sites.get(side));
    let zones = sites.map(|site| zones_of(site, role, now));
    let most = zones.iter().map(Vec::len).max().unwrap_or(0);
    let age = sites[0].in_service(role, now).zip(sites[1].in_service(role, now));
    (0..most)
        .map(|n| {
            let mut cells = vec![Cell::text(name.clone())];
            for (site, zones) in sites.iter().zip(&zones) {
                match zones.get(n) {
                    Some(zone) => cells.extend(zone_cells(site, role, zone, now)),
                    None => cells.extend(std::array::from_fn::<_, 4, _>(|_| Cell::none())),
                }
            }
            cells.push(Cell::age(&age));
            Row::new(format!("{name}/{}", n + 1), cells)
        })
        .collect()
}

fn zones_of(site: &Site, role: usize, now: Now) -> Vec<Name> {
    site.counted(role, now, |t| t.zones.keys().cloned().collect()).shown().unwrap_or_default()
}

fn zone_cells(site: &Site, role: usize, zone: &Name, now: Now) -> [Cell; 4] {
    let of = |get: fn(&Counts) -> u32| move |t: &Tally| t.zones.get(zone).map_or(0, get);
    // A zone in which nothing serves cannot take over on a failure.
    let some = |n: u32| plain(n).tone(if n == 0 { Tone::Bad } else { Tone::Plain });
    [
        Cell::text(zone.to_string()),
        Cell::seen(site.counted(role, now, of(|c| c.running)), plain),
        Cell::seen(site.checked(role, now, of(|c| c.checks_ok)), plain),
        Cell::seen(site.served(role, now, of(|c| c.in_service)), some),
    ]
}

/// A value of both sides for a detail.
pub(super) fn both<T>(state: &State, of: impl Fn(&Site) -> Observed<T>, show: impl Fn(T) -> Cell) -> [Cell; 2] {
    Side::BOTH.map(|side| Cell::seen(of(state.sites.get(side)), &show))
}
