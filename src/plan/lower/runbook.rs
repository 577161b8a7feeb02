//! The runbook: phases, steps, invariants, aborts, approvers.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `names.rs` | the things of the plan that a runbook refers to |
//! | `signal.rs` | the signal of a gate, and its series |
//! | `quantity.rs` | a number with its unit, in the unit of a signal |
//! | `gate.rs` | gates, and combinations of them |
//! | `action.rs` | the action of a step, and whether the plan permits it |
//! | `step.rs` | one step, and the consistency of its keys |
//! | `order.rs` | the order of the steps |

mod action;
mod gate;
pub mod names;
mod order;
pub mod quantity;
mod signal;
mod step;
mod unheard;

use self::{gate::Gates, names::Names, step::Steps};
use super::{unique, unique_names};
use crate::{
    Catalog,
    diag::{Code, Diagnosis, Faults, Span},
    people,
    scalar::quoted,
    tree::{At, Table},
    types::{Approver, Named, PhasePlan, Runbook},
};

pub(super) fn runbook(root: &Table, catalog: &Catalog, faults: &mut Faults) -> Option<Runbook> {
    let names = Names { root, catalog };
    let approvers = approvers(root, faults);
    let mut gates = Gates::new(&names);
    let invariants = named(root, "invariant", "gates", &mut gates, faults);
    let aborts = named(root, "abort", "when", &mut gates, faults);
    unique_names(root.tables("phase"), "id", "the phase", faults);
    let mut steps = Steps::new(&names, &mut gates, head_count(root));
    let phases: Vec<Option<PhasePlan>> = root.tables("phase").map(|t| phase(t, &mut steps, faults)).collect();
    let needs = order::check(&steps.order, faults);
    let places: Vec<Span> = steps.order.steps.iter().map(|step| step.place.clone()).collect();
    let triggers: Vec<At<String>> = root.tables("abort").filter_map(|t| t.at("id")).collect();
    gates.unique(&triggers, faults);
    let mut phases: Vec<PhasePlan> = phases.into_iter().collect::<Option<_>>()?;
    for step in phases.iter_mut().flat_map(|phase| &mut phase.steps) {
        step.needs = needs.get(&step.id).cloned().unwrap_or_default();
    }
    let steps = phases.iter().flat_map(|phase| &phase.steps).zip(places).collect::<Vec<_>>();
    unheard::check(&steps, &names, faults);
    Some(Runbook { phases, invariants: invariants?, aborts: aborts?, approvers: approvers? })
}

fn phase(table: &Table, steps: &mut Steps<'_, '_>, faults: &mut Faults) -> Option<PhasePlan> {
    let list: Vec<_> = table.tables("step").map(|t| steps.step(t, faults)).collect();
    if list.is_empty() && table.values.contains_key("step") {
        let span = table.written("step").unwrap_or_else(|| table.span.clone());
        let fault = Diagnosis::error(Code::MissingKey, &span, "this phase has no step");
        faults.push(fault.hint("add [[phase.step]], or take the phase out"));
    }
    Some(PhasePlan {
        id: table.get("id")?,
        title: table.get("title")?,
        steps: list.into_iter().collect::<Option<_>>()?,
    })
}

/// Invariants or aborts: conditions with names.
fn named(root: &Table, kind: &str, key: &str, gates: &mut Gates<'_>, faults: &mut Faults) -> Option<Vec<Named>> {
    unique_names(root.tables(kind), "id", &format!("the {kind}"), faults);
    // Messages about it use its title.
    unique_names(root.tables(kind), "title", &format!("the {kind}"), faults);
    let list: Vec<_> = root
        .tables(kind)
        .map(|t| {
            let id: Option<String> = t.get("id");
            let prefix = format!("{kind}/{}/", id.as_deref().unwrap_or_default());
            let when = gates.conditions(t, key, &prefix, faults);
            Some(Named { id: id?, title: t.get("title")?, when: when? })
        })
        .collect();
    list.into_iter().collect()
}

fn approvers(root: &Table, faults: &mut Faults) -> Option<Vec<Approver>> {
    names(root, faults);
    // Without its type and comment: one key with two comments is one key.
    let material =
        |at: At<String>| At { value: at.value.split(' ').nth(1).unwrap_or_default().to_owned(), span: at.span };
    let keys: Vec<_> = root.tables("approver").filter_map(|t| t.at("key").map(material)).collect();
    unique(&keys, |_| "the key of one approver".to_owned(), faults);
    let list: Vec<_> =
        root.tables("approver").map(|t| Some(Approver { name: t.get("name")?, key: t.get("key") })).collect();
    list.into_iter().collect()
}

/// Checks that the names of approvers can be distinguished: each is counted as one person.
fn names(root: &Table, faults: &mut Faults) {
    let mut seen: Vec<(String, At<String>)> = Vec::new();
    for name in root.tables("approver").filter_map(|t| t.at::<String>("name")) {
        if let Some(why) = people::fault(&name.value) {
            let message =
                format!("the approver's name {} cannot be distinguished from others: {why}", quoted(&name.value));
            let fault = Diagnosis::error(Code::BadValue, &name.span, message);
            faults.push(fault.hint("write it in letters of one script, as it will appear in the journal"));
            continue;
        }
        let looks = people::seen(&name.value);
        let Some((_, first)) = seen.iter().find(|(other, _)| *other == looks) else {
            seen.push((looks, name));
            continue;
        };
        let (message, hint) = if first.value.to_lowercase() == name.value.to_lowercase() {
            let message = format!("the approver {} is given twice", quoted(&name.value.to_lowercase()));
            (message, "take one out, or correct its name")
        } else {
            let message = format!("the approvers {} and {} look alike", quoted(&first.value), quoted(&name.value));
            (message, "give one of them a name that nobody takes for the other's")
        };
        faults.push(Diagnosis::error(Code::Duplicate, &name.span, message).first(&first.span).hint(hint));
    }
}

/// The number of different people who can approve.
fn head_count(root: &Table) -> usize {
    let mut names: Vec<String> =
        root.tables("approver").filter_map(|t| t.get::<String>("name")).map(|n| people::seen(&n)).collect();
    names.sort();
    names.dedup();
    names.len()
}
