//! From a checked tree to a [`Plan`]: what statements mean, and whether they go together.
//!
//! One file a topic. Each function tells all it finds and gives `None` only where something needed is absent, which
//! has then been told already.

mod dns;
mod fleet;
mod health;
mod kafka;
mod pace;
mod replica_set;
pub mod runbook;
mod sites;

use std::{collections::HashMap, hash::Hash};

use super::{
    Catalog,
    diag::{Code, Diagnosis, Faults, Span},
    tree::{At, Table},
    types::Plan,
};
use base::side::Sides;

/// The plan, where nothing needed is absent.
pub(super) fn plan(root: &Table, catalog: &Catalog, faults: &mut Faults) -> Option<Plan> {
    let sites = sites::sites(root, faults);
    let route53 = root.table("route53").map(|t| sites::access(t, faults)).unwrap_or_default();
    let replica_sets = replica_set::all(root, faults);
    let kafka = kafka::all(root, faults);
    let fleet = fleet::all(root, faults);
    let dns = dns::all(root, faults);
    let health = health::all(root, faults);
    let intervals = pace::intervals(root);
    let budgets = pace::budgets(root, faults);
    let runbook = runbook::runbook(root, catalog, faults);
    Some(Plan {
        name: root.get("name")?,
        sites: sites?,
        replica_sets: replica_sets?,
        kafka: kafka?,
        fleet: fleet?,
        dns: dns?,
        route53,
        health: health?,
        intervals: intervals?,
        budgets: budgets?,
        runbook: runbook?,
    })
}

/// Tells of whatever is said twice; `what` names it.
fn unique<T: Eq + Hash>(items: &[At<T>], what: impl Fn(&T) -> String, faults: &mut Faults) {
    let mut seen: HashMap<&T, &Span> = HashMap::new();
    for item in items {
        if let Some(first) = seen.get(&item.value) {
            let message = format!("{} is given twice", what(&item.value));
            let diagnosis = Diagnosis::error(Code::Duplicate, &item.span, message).first(first);
            faults.push(diagnosis.hint("take one out, or correct its name"));
        } else {
            seen.insert(&item.value, &item.span);
        }
    }
}

/// Tells of tables of one kind that have the same name.
fn unique_names<'t>(tables: impl Iterator<Item = &'t Table>, key: &str, what: &str, faults: &mut Faults) {
    let names: Vec<At<String>> = tables.filter_map(|t| t.at(key)).collect();
    unique(&names, |name| format!("{what} {}", super::scalar::quoted(name)), faults);
}

/// Lists of names, a side; a name may not be of both.
fn sided_names(table: Option<&Table>) -> Sides<Vec<At<String>>> {
    Sides::from_fn(|side| table.map(|t| t.list(side.word())).unwrap_or_default())
}

fn bare_sides(sides: Sides<Vec<At<String>>>) -> Sides<Vec<String>> {
    Sides { source: super::tree::without_spans(sides.source), target: super::tree::without_spans(sides.target) }
}

/// Tells of two keys of which only one may be there.
fn exclusive(table: &Table, a: &str, b: &str, why: &str, faults: &mut Faults) {
    if let (Some(_), Some(span)) = (table.written(a), table.written(b)) {
        faults.push(Diagnosis::error(Code::Conflict, &span, format!("`{a}` and `{b}` exclude each other")).hint(why));
    }
}

/// Tells of a key that is nothing without another.
fn requires(table: &Table, a: &str, b: &str, faults: &mut Faults) {
    let Some(span) = table.written(a).filter(|_| table.written(b).is_none()) else { return };
    let message = format!("`{a}` without `{b}`");
    faults.push(Diagnosis::error(Code::Conflict, &span, message).hint(format!("add `{b}`, or take `{a}` out")));
}

/// Tells of an identity that reads and writes alike.
fn same_access(span: &Span, what: &str, faults: &mut Faults) {
    let message = format!("`{what}` is the same identity that reads");
    faults.push(Diagnosis::warning(Code::SameAccess, span, message).hint(
        "read-only use could then change things; use a separate identity for writing, or omit it to stay read only",
    ));
}
