//! The table of the target groups.

use super::{label, missing, named};
use crate::ec2::{
    State,
    facts::{TargetGroup, TargetHealth},
};
use base::{
    now::Now,
    side::Side,
    view::{Cell, Column, Row, Table, Tone},
};

/// The target groups; no table where the plan names none.
pub(super) fn table(state: &State, now: Now) -> Option<Table> {
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
            rows.push(Row::new(format!("{side}/{name}"), cells));
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
