//! The fleet as data: panel, tile, details. Source and target side by side, the difference, and the age of the values.

mod detail;
mod images;
mod instances;
mod roles;
mod scaling_groups;
mod target_groups;

use std::borrow::Cow;

use indexmap::IndexMap;

use super::{State, site::Site, standing::Standing, state::order};
use crate::System;
use base::{
    history::Drain,
    now::Now,
    observed::Observed,
    side::{Side, Sides},
    view::{Cell, Group, Panel, Tile, Tone, oldest},
};
use plan::Role;

pub(super) use detail::detail;

pub(super) fn panel(state: &State, now: Now) -> Panel {
    let mut tables = vec![roles::roles(state, now), roles::zones(state, now), instances::instances(state, now)];
    tables.extend(scaling_groups::table(state, now));
    tables.extend(target_groups::table(state, now));
    tables.push(images::table(state, now));
    let roles = 0..state.plan.fleet.len();
    let served: Vec<Observed<u32>> = Side::BOTH
        .iter()
        .flat_map(|side| roles.clone().map(|role| state.sites.get(*side).in_service(role, now)))
        .collect();
    Panel {
        id: State::ID,
        title: State::TITLE,
        group: Group::Compute,
        summary: summary(state, now),
        tables,
        oldest: oldest(&served),
    }
}

/// The heading over a side's columns: the side and its label.
fn heading(state: &State, side: Side) -> Cow<'static, str> {
    format!("{side} {}", state.plan.sites.get(side).label).into()
}

fn label(state: &State, side: Side) -> Cow<'static, str> {
    state.plan.sites.get(side).label.clone().into()
}

/// The groups that the plan names on a side, each once, with the roles that name it.
fn named(state: &State, side: Side, of: fn(&Role) -> &Sides<Vec<String>>) -> IndexMap<&str, String> {
    let mut out = IndexMap::<&str, String>::new();
    for role in &state.plan.fleet {
        for name in of(role).get(side) {
            let roles = out.entry(name).or_default();
            if !roles.is_empty() {
                roles.push(' ');
            }
            roles.push_str(&role.name);
        }
    }
    out
}

fn missing() -> Cell {
    Cell::text("NOT FOUND").tone(Tone::Bad)
}

/// The least ready role first, then everything that is wrong.
fn summary(state: &State, now: Now) -> Vec<Cell> {
    let Some((role, ready)) = state.worst(now) else {
        return vec![Cell::text("the plan has no role").tone(Tone::Muted)];
    };
    let name = &state.plan.fleet[role].name;
    let text = |r| format!("ready {} ({name})", percent(r));
    let mut out = vec![ready_cell(state.sites.get(Side::Target), role, ready, text, now)];
    for side in Side::BOTH {
        let site = state.sites.get(side);
        let running = site.all(now, |t| t.all.running);
        let label = label(state, side);
        out.push(Cell::seen(running, |n| Cell::number(f64::from(n), format!("{label} {n} running"))));
        if let Some(n @ 1..) = site.all_checked(now, |t| t.all.impaired).shown() {
            out.push(Cell::number(f64::from(n), format!("{label} {n} impaired")).tone(Tone::Warn));
        }
    }
    out
}

pub(super) fn tiles(state: &State, now: Now) -> Vec<Tile> {
    if state.plan.fleet.is_empty() {
        return Vec::new();
    }
    let target = state.sites.get(Side::Target);
    let worst = state.worst(now);
    let name = worst.as_ref().map(|(role, _)| state.plan.fleet[*role].name.clone());
    let (value, note) = match worst.clone() {
        None => (Cell::none(), "the plan wants nothing on the target".to_owned()),
        Some((role, ready)) => {
            let name = &state.plan.fleet[role].name;
            let wanted = target.wanted(role);
            let note = match target.in_service(role, now).zip(coming(target, role, now)) {
                Observed::Fresh((n, (standing, eta)), _) => {
                    format!("{name}: {n} of {wanted} in service, {}", filling(standing, eta))
                }
                Observed::Stale((n, _), age) => format!("{name}: {n} of {wanted} in service {age} ago"),
                Observed::Unknown(fault) => format!("{name}: {fault}"),
                Observed::Pending => format!("{name}: waiting for answers; status checks count after two readings"),
            };
            (ready_cell(target, role, ready, percent, now), note)
        }
    };
    let sides = Side::BOTH.map(|side| {
        let site = state.sites.get(side);
        let roles = 0..state.plan.fleet.len();
        let wanted: u32 = roles.clone().map(|role| site.wanted(role)).sum();
        let serving = Observed::all(roles.map(|role| site.in_service(role, now))).map(sum);
        (label(state, side), Cell::seen(serving, |n| Cell::number(f64::from(n), format!("{n}/{wanted}"))))
    });
    vec![Tile {
        id: "fleet",
        title: "Fleet ready".into(),
        value,
        note: note.into(),
        sides: sides.into(),
        spark: state.ready.last(40),
        age: worst.and_then(|(_, ready)| ready.age()),
        panel: State::ID,
        row: name.map(|name| ("roles", name)),
    }]
}

fn sum(all: Vec<u32>) -> u32 {
    all.into_iter().sum()
}

/// Rounded down: 299 of 300 is not 100 %.
fn percent(ratio: f64) -> String {
    format!("{:.0} %", (ratio * 100.0 + 1e-9).floor())
}

/// Readiness, as a text, with the tone of how the role stands.
fn ready_cell(site: &Site, role: usize, ready: Observed<f64>, text: impl Fn(f64) -> String, now: Now) -> Cell {
    let standing = site.standing(role, now).fresh();
    Cell::seen(ready, |r| Cell::number(r, text(r)).tone(standing.map_or(Tone::Warn, tone)))
}

const fn tone(standing: Standing) -> Tone {
    match standing {
        Standing::Full => Tone::Good,
        Standing::Filling => Tone::Busy,
        Standing::Planned | Standing::Unknown => Tone::Plain,
        Standing::Short => Tone::Warn,
    }
}

/// How a role stands, and when it is complete.
fn coming(site: &Site, role: usize, now: Now) -> Observed<(Standing, Drain)> {
    site.standing(role, now).zip(site.eta(role, now))
}

/// When a role is complete, as a text.
fn filling(standing: Standing, eta: Drain) -> Cow<'static, str> {
    match (standing, eta) {
        (Standing::Full, _) => "complete".into(),
        (Standing::Planned, _) => "no more requested yet".into(),
        (_, Drain::In(d)) => format!("full in {}", base::now::estimate(d)).into(),
        (Standing::Filling, _) => "more are starting".into(),
        (Standing::Unknown, _) => "rate not known yet".into(),
        (Standing::Short, _) => "not filling up".into(),
    }
}

/// When it is complete, as a cell.
fn eta_cell(site: &Site, role: usize, now: Now) -> Cell {
    Cell::seen(coming(site, role, now), |(standing, eta)| match (standing, eta) {
        (Standing::Full, _) => Cell::number(0.0, "full").tone(Tone::Good),
        (_, Drain::In(d)) => Cell::number(d.as_secs_f64(), base::now::estimate(d)).tone(Tone::Busy),
        (Standing::Filling, _) => Cell::number(f64::MAX, "starting").tone(Tone::Busy),
        (Standing::Planned, _) => Cell::number(f64::MAX, "planned"),
        (Standing::Short, _) => Cell::number(f64::MAX, "never").tone(Tone::Warn),
        (Standing::Unknown, _) => Cell::none(),
    })
}

/// The order of rows: the least ready role first, unknown roles before all.
fn by_readiness(state: &State, now: Now) -> Vec<usize> {
    let mut roles: Vec<usize> = (0..state.plan.fleet.len()).collect();
    let target = state.sites.get(Side::Target);
    let key = |role: usize| target.ready(role, now).map_or(2.0, |r| order(&r));
    roles.sort_by(|a, b| key(*a).total_cmp(&key(*b)));
    roles
}
