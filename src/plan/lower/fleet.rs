//! Roles of the fleet.

use indexmap::IndexMap;

use super::{bare_sides, sided_names, unique, unique_names};
use crate::{
    diag::Faults,
    scalar::quoted,
    tree::{At, Table, without_spans},
    types::Role,
};
use base::side::{Side, Sides};

pub(super) fn all(root: &Table, faults: &mut Faults) -> Option<Vec<Role>> {
    unique_names(root.tables("fleet"), "role", "role", faults);
    let roles: Vec<_> = root.tables("fleet").map(|t| role(t, faults)).collect();
    roles.into_iter().collect()
}

fn role(table: &Table, faults: &mut Faults) -> Option<Role> {
    let name: Option<String> = table.get("role");
    let filters: IndexMap<String, At<Vec<At<String>>>> = table.get("filters").unwrap_or_default();
    let mut groups = |key: &str| {
        let names = sided_names(table.table(key));
        for side in Side::BOTH {
            unique(names.get(side), |name: &String| format!("{} in `{key}`", quoted(name)), faults);
        }
        bare_sides(names)
    };
    let (target_groups, auto_scaling_groups) = (groups("target_groups"), groups("auto_scaling_groups"));
    let wanted = table.table("wanted")?;
    let count = |side: Side| wanted.get::<i64>(side.word()).and_then(|n| u32::try_from(n).ok());
    Some(Role {
        tag: table.get("tag")?,
        value: table.get("value").or_else(|| name.clone())?,
        name: name?,
        filters: filters.into_iter().map(|(name, at)| (name, without_spans(at.value))).collect(),
        wanted: Sides { source: count(Side::Source)?, target: count(Side::Target)? },
        target_groups,
        auto_scaling_groups,
    })
}
