//! The objects around the instances: Auto Scaling groups, target groups, images.

use indexmap::IndexMap;

use super::label;
use crate::ec2::{
    State,
    facts::{Group, Image, TargetGroup, TargetHealth},
    signals::{Lineage, lineage},
};
use base::{
    now::Now,
    side::{Side, Sides},
    view::{Cell, Column, Row, Table, Tone},
};
use plan::Role;

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

/// The Auto Scaling groups; no table where the plan names none.
pub(super) fn scaling(state: &State, now: Now) -> Option<Table> {
    let columns = vec![
        Column::text("group", "group", 10).grow(1),
        Column::text("role", "role", 6).drop(3),
        Column::text("side", "side", 4),
        Column::number("desired", "desired", 7),
        Column::number("min", "min", 4).drop(2),
        Column::number("max", "max", 4).drop(2),
        Column::number("serving", "in service", 10),
        Column::text("suspended", "suspended", 11).drop(1),
        Column::number("age", "age", 5),
    ];
    let mut rows = Vec::new();
    for side in Side::BOTH {
        let seen = state.sites.get(side).groups.at(now);
        for (name, roles) in named(state, side, |r| &r.auto_scaling_groups) {
            let mut cells = vec![Cell::text(name.to_owned()), Cell::text(roles), Cell::text(label(state, side))];
            let found = seen.as_ref().map(|all| all.iter().find(|g| *g.name == *name));
            let of = |show: fn(&Group) -> Cell| Cell::seen(found.clone(), |g| g.map_or_else(missing, show));
            cells.extend([
                of(|g| Cell::count(g.desired.into())),
                of(|g| Cell::count(g.min.into())),
                of(|g| Cell::count(g.max.into())),
                of(serving),
                of(suspended),
                Cell::age(&found),
            ]);
            rows.push(Row { id: format!("{side}/{name}"), cells });
        }
    }
    let empty = "the plan has no Auto Scaling group";
    (!rows.is_empty()).then(|| Table {
        id: "groups",
        title: "Auto Scaling groups".into(),
        columns,
        rows: rows.into(),
        empty,
    })
}

fn missing() -> Cell {
    Cell::text("NOT FOUND").tone(Tone::Bad)
}

fn serving(group: &Group) -> Cell {
    let n = group.members.iter().filter(|(_, ok)| *ok).count();
    let enough = n >= group.desired as usize;
    Cell::count(n as u64).tone(if enough { Tone::Good } else { Tone::Busy })
}

fn suspended(group: &Group) -> Cell {
    if group.suspended.is_empty() {
        return Cell::none();
    }
    let names: Vec<&str> = group.suspended.iter().map(|n| &**n).collect();
    // A group that cannot replace failed instances, or cannot launch, gives no protection.
    let risky = names.iter().any(|n| matches!(*n, "Launch" | "Terminate" | "HealthCheck" | "ReplaceUnhealthy"));
    Cell::text(names.join(" ")).tone(if risky { Tone::Warn } else { Tone::Plain })
}

/// The target groups; no table where the plan names none.
pub(super) fn targets(state: &State, now: Now) -> Option<Table> {
    let columns = vec![
        Column::text("group", "target group", 12).grow(1),
        Column::text("role", "role", 6).drop(3),
        Column::text("side", "side", 4),
        Column::number("healthy", "healthy", 7),
        Column::number("initial", "initial", 7).drop(2),
        Column::number("draining", "draining", 8).drop(2),
        Column::number("unhealthy", "unhealthy", 9),
        Column::text("note", "note", 10).drop(1),
        Column::number("age", "age", 5),
    ];
    let mut rows = Vec::new();
    for side in Side::BOTH {
        let seen = state.sites.get(side).targets.at(now);
        for (name, roles) in named(state, side, |r| &r.target_groups) {
            let mut cells = vec![Cell::text(name.to_owned()), Cell::text(roles), Cell::text(label(state, side))];
            let found = seen.as_ref().map(|all| all.iter().find(|g| *g.named == *name));
            let of = |show: &dyn Fn(&TargetGroup) -> Cell| {
                Cell::seen(found.clone(), |g| g.filter(|g| g.targets.is_some()).map_or_else(missing, show))
            };
            let count = |health: TargetHealth| move |g: &TargetGroup| Cell::count(in_health(g, health));
            cells.extend([
                of(&count(TargetHealth::Healthy)),
                of(&count(TargetHealth::Initial)),
                of(&count(TargetHealth::Draining)),
                of(&count(TargetHealth::Unhealthy)),
                of(&note),
                Cell::age(&found),
            ]);
            rows.push(Row { id: format!("{side}/{name}"), cells });
        }
    }
    let empty = "the plan has no target group";
    (!rows.is_empty()).then(|| Table {
        id: "targets",
        title: "Target groups".into(),
        columns,
        rows: rows.into(),
        empty,
    })
}

fn in_health(group: &TargetGroup, health: TargetHealth) -> u64 {
    group.targets.iter().flatten().filter(|t| t.health == health).count() as u64
}

fn note(group: &TargetGroup) -> Cell {
    if let Some(why) = group.kind.no_instances() {
        return Cell::text(why).tone(Tone::Warn);
    }
    let all = group.targets.as_ref().map_or(0, Vec::len) as u64;
    let of = |health| in_health(group, health);
    if all == 0 {
        Cell::text("no targets").tone(Tone::Bad)
    } else if of(TargetHealth::Unhealthy) == all {
        // Elastic Load Balancing: with no healthy target, requests go to all of them.
        Cell::text("fails open").tone(Tone::Bad)
    } else if of(TargetHealth::Unused) == all {
        Cell::text("not used by a listener").tone(Tone::Warn)
    } else {
        Cell::none()
    }
}

/// Images in use, and images copied for the move that no instance runs from yet.
pub(super) fn images(state: &State, now: Now) -> Table {
    let columns = vec![
        Column::text("image", "image", 21),
        Column::text("side", "side", 4),
        Column::text("name", "name", 12).grow(1),
        Column::text("state", "state", 9).drop(2),
        Column::text("lineage", "lineage", 12),
        Column::text("source", "source image", 21).drop(4),
        Column::text("roles", "roles", 8).grow(1).drop(1),
        Column::number("instances", "instances", 9),
        Column::number("age", "age", 5).drop(3),
    ];
    let mut rows = Vec::new();
    for side in Side::BOTH {
        let site = state.sites.get(side);
        let seen = site.images.at(now);
        for image in seen.as_ref().shown().map_or(&[][..], |i| &i.found) {
            let runs =
                |role: &usize| site.counted(*role, now, |t| t.images.contains_key(&image.id)).shown() == Some(true);
            let users: Vec<usize> = (0..state.plan.fleet.len()).filter(runs).collect();
            let names: Vec<&str> = users.iter().map(|role| state.plan.fleet[*role].name.as_str()).collect();
            let instances = site.all(now, |t| t.images.get(&image.id).copied()).shown().flatten().unwrap_or(0);
            let dim = |cell: Cell| if seen.is_fresh() { cell } else { cell.tone(Tone::Stale) };
            let cells = vec![
                dim(Cell::text(image.id.to_string())),
                dim(Cell::text(label(state, side))),
                dim(Cell::text(image.name.to_string())),
                dim(status(image)),
                dim(lineage_cell(state, side, image, &users, now)),
                dim(image.source.as_ref().map_or_else(Cell::none, |s| Cell::text(s.to_string()))),
                dim(Cell::text(names.join(" "))),
                dim(Cell::count(instances.into())),
                Cell::age(&seen),
            ];
            rows.push(Row { id: format!("{side}/{}", image.id), cells });
        }
    }
    Table { id: "images", title: "Images".into(), columns, rows: rows.into(), empty: "no image is known yet" }
}

fn status(image: &Image) -> Cell {
    let tone = match &*image.state {
        "available" => Tone::Plain,
        "pending" => Tone::Busy,
        _ => Tone::Bad,
    };
    Cell::text(image.state.to_string()).tone(tone)
}

fn lineage_cell(state: &State, side: Side, image: &Image, users: &[usize], now: Now) -> Cell {
    if side == Side::Source {
        return Cell::none();
    }
    let Some(role) = users.first() else {
        return image.source.as_ref().map_or_else(Cell::none, |_| Cell::text("copy, unused").tone(Tone::Muted));
    };
    Cell::seen(lineage(state, *role, now), |all| {
        all.iter().find(|(id, ..)| *id == image.id).map_or_else(Cell::none, |(.., lineage)| lineage_word(*lineage))
    })
}

pub(super) fn lineage_word(lineage: Lineage) -> Cell {
    match lineage {
        Lineage::Same => Cell::text("copy").tone(Tone::Good),
        Lineage::Other => Cell::text("other source").tone(Tone::Warn),
        Lineage::Untagged => Cell::text("no tag").tone(Tone::Warn),
        Lineage::Deregistered => Cell::text("deregistered").tone(Tone::Bad),
    }
}
