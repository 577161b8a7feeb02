//! The table of the Auto Scaling groups.

use super::{label, missing, named};
use crate::ec2::{State, facts::Group};
use base::{
    now::Now,
    side::Side,
    view::{Cell, Column, Row, Table, Tone},
};

/// The Auto Scaling groups; no table where the plan names none.
pub(super) fn table(state: &State, now: Now) -> Option<Table> {
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
            rows.push(Row::new(format!("{side}/{name}"), cells));
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
