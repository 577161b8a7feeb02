//! From a checked tree to a [`Plan`]: the meaning of the statements, and whether they are consistent.
//!
//! One file for each topic. Each function reports all faults that it finds, and returns `None` only where something required is missing,
//! which has already been reported.

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

/// The plan, where nothing required is missing.
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

/// Reports duplicates; `what` names them.
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

/// Reports tables of one kind with the same name.
fn unique_names<'t>(tables: impl Iterator<Item = &'t Table>, key: &str, what: &str, faults: &mut Faults) {
    let names: Vec<At<String>> = tables.filter_map(|t| t.at(key)).collect();
    unique(&names, |name| format!("{what} {}", super::scalar::quoted(name)), faults);
}

/// Lists of names for each side; a name must not be on both.
fn sided_names(table: Option<&Table>) -> Sides<Vec<At<String>>> {
    Sides::from_fn(|side| table.map(|t| t.list(side.word())).unwrap_or_default())
}

fn bare_sides(sides: Sides<Vec<At<String>>>) -> Sides<Vec<String>> {
    Sides { source: super::tree::without_spans(sides.source), target: super::tree::without_spans(sides.target) }
}

/// Reports two keys that exclude each other.
fn exclusive(table: &Table, a: &str, b: &str, why: &str, faults: &mut Faults) {
    if let (Some(_), Some(span)) = (table.written(a), table.written(b)) {
        faults.push(Diagnosis::error(Code::Conflict, &span, format!("`{a}` and `{b}` exclude each other")).hint(why));
    }
}

/// Reports a key that requires another one.
fn requires(table: &Table, a: &str, b: &str, faults: &mut Faults) {
    let Some(span) = table.written(a).filter(|_| table.written(b).is_none()) else { return };
    let message = format!("`{a}` without `{b}`");
    faults.push(Diagnosis::error(Code::Conflict, &span, message).hint(format!("add `{b}`, or take `{a}` out")));
}

/// Reports a writing identity that is the same as the reading one.
fn same_access(span: &Span, what: &str, faults: &mut Faults) {
    let message = format!("`{what}` is the same identity that reads");
    faults.push(Diagnosis::warning(Code::SameAccess, span, message).hint(
        "read-only use could then change things; use a separate identity for writing, or omit it to stay read only",
    ));
}
