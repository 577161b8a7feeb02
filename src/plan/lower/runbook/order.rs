//! The order of the steps: what each needs, explicitly or by its place.

use std::collections::{HashMap, HashSet};

use super::{super::unique, names::dangling};
use crate::{
    diag::{Code, Diagnosis, Faults, Span},
    scalar::quoted,
    tree::At,
};

/// A step as it was written.
pub(super) struct Written {
    /// None: it has a fault.
    pub id: Option<At<String>>,
    /// The place of its table; the rungs of a ladder share one.
    pub place: Span,
    /// None: not written.
    pub needs: Option<Vec<At<String>>>,
}

/// All steps, in the plan's order.
#[derive(Default)]
pub(super) struct Order {
    pub steps: Vec<Written>,
}

/// What each step needs, by its id; reports duplicate ids, needs that do not exist, and cycles.
pub(super) fn check(order: &Order, faults: &mut Faults) -> HashMap<String, Vec<String>> {
    let ids: Vec<At<String>> = order.steps.iter().filter_map(|s| s.id.clone()).collect();
    // A step with a faulty id may be the one that is needed.
    let complete = ids.len() == order.steps.len();
    twice(&ids, &order.steps, faults);
    let known: Vec<String> = ids.iter().map(|id| id.value.clone()).collect();
    let mut text = HashSet::new();
    let mut needs: Vec<(String, Vec<At<String>>)> = Vec::new();
    let mut last: Option<&Written> = None;
    let mut begins: &[At<String>] = &[];
    for step in &order.steps {
        let rung = last.is_some_and(|last| last.place == step.place);
        let before = last.and_then(|last| last.id.clone());
        last = Some(step);
        for need in step.needs.iter().flatten() {
            if complete && !known.contains(&need.value) && text.insert(need.span.clone()) {
                dangling(need, "there is no step", &known, faults);
            }
        }
        if !rung {
            unique(step.needs.as_deref().unwrap_or_default(), |need| format!("the need {}", quoted(need)), faults);
        }
        let Some(id) = &step.id else { continue };
        // The rungs of a ladder follow one another, whatever else they need.
        let mut all: Vec<At<String>> = Vec::new();
        if rung || step.needs.is_none() {
            // By position, not written: it has no place in the text.
            all.extend(before.map(|at| At { value: at.value, span: 0..0 }));
        }
        if !rung {
            begins = step.needs.as_deref().unwrap_or_default();
        }
        // The needs of the first rung are already done then.
        let detail = step.needs.iter().flatten().filter(|n| !rung || !begins.iter().any(|b| b.value == n.value));
        all.extend(detail.cloned());
        needs.push((id.value.clone(), all));
    }
    circles(&needs, faults);
    needs.into_iter().map(|(id, all)| (id, all.into_iter().map(|n| n.value).collect())).collect()
}

/// Reports steps with the same id. Rungs of one ladder get another message: they were written once.
fn twice(ids: &[At<String>], steps: &[Written], faults: &mut Faults) {
    let mut seen: HashMap<&str, &Written> = HashMap::new();
    for (id, step) in ids.iter().zip(steps.iter().filter(|s| s.id.is_some())) {
        match seen.get(id.value.as_str()) {
            Some(first) if first.place == step.place => {
                let message = format!("the rungs of this ladder all have the id {}", quoted(&id.value));
                let fault = Diagnosis::error(Code::Duplicate, &id.span, message);
                faults.push(fault.hint("put a placeholder such as ${share} into it"));
            }
            Some(first) => {
                let message = format!("the step {} is given twice", quoted(&id.value));
                let fault = Diagnosis::error(Code::Duplicate, &id.span, message);
                let fault = first.id.iter().fold(fault, |fault, at| fault.first(&at.span));
                faults.push(fault.hint("take one out, or correct its id"));
            }
            None => drop(seen.insert(&id.value, step)),
        }
    }
}

/// Reports each cycle of steps once, at the place of one of its needs.
fn circles(needs: &[(String, Vec<At<String>>)], faults: &mut Faults) {
    let mut left: Vec<(&str, &[At<String>])> = needs.iter().map(|(id, all)| (id.as_str(), all.as_slice())).collect();
    loop {
        // A step that needs none of the remaining ones can be done; the rest is in a cycle or behind one.
        loop {
            let ids: HashSet<&str> = left.iter().map(|(id, _)| *id).collect();
            let before = left.len();
            left.retain(|(_, all)| all.iter().any(|n| ids.contains(n.value.as_str())));
            if left.len() == before {
                break;
            }
        }
        let Some((start, _)) = left.first() else { return };
        let mut path: Vec<(&str, &At<String>)> = Vec::new();
        let mut at = *start;
        let circle = loop {
            if let Some(begin) = path.iter().position(|(id, _)| *id == at) {
                break path.split_off(begin);
            }
            let next = left
                .iter()
                .find(|(id, _)| *id == at)
                .and_then(|(_, all)| all.iter().find(|n| left.iter().any(|(id, _)| *id == n.value)));
            let Some(next) = next else { return };
            path.push((at, next));
            at = &next.value;
        };
        let mut names: Vec<&str> = circle.iter().map(|(id, _)| *id).collect();
        let written = circle.iter().map(|(_, need)| *need).find(|need| need.span != (0..0));
        if let Some(need) = written {
            names.extend(names.first().copied());
            let message = if names.len() == 2 {
                format!("the step {} needs itself", quoted(names[0]))
            } else {
                format!("these steps need one another in a circle: {}", names.join(" → "))
            };
            faults.push(Diagnosis::error(Code::Conflict, &need.span, message).hint("take one of their needs out"));
        }
        let text: HashSet<&str> = names.into_iter().collect();
        left.retain(|(id, _)| !text.contains(id));
    }
}
