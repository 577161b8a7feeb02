//! Gates that wait for what only their own step, or a later one, can cause: error ratios and latencies of the target before any step sends
//! users there. Without requests there is no ratio and no latency: the gate stays unknown.

use super::names::Names;
use crate::{
    diag::{Code, Diagnosis, Faults, Span},
    scalar::quoted,
    types::{Condition, Gate, StepPlan},
};
use base::{domain::Domain, side::Side};

/// Checks all steps up to the first that sends users to the target by weights. In a plan without such a step it is not known when they
/// come.
pub(super) fn check(steps: &[(&StepPlan, Span)], names: &Names<'_>, faults: &mut Faults) {
    let brings = |step: &StepPlan| step.action.brings_users();
    let Some(first) = steps.iter().position(|(step, _)| brings(step)) else { return };
    for (i, (step, place)) in steps.iter().take(first + 1).enumerate() {
        if i < first && comes_after(step, steps, &brings) {
            continue;
        }
        // The verification may depend on what the step itself causes.
        let verify = (i < first).then_some(&step.verify);
        for gate in [&step.gates].into_iter().chain(verify).flat_map(needed).filter(|gate| wants_users(gate, names)) {
            let label = gate.metric.users.map_or("", |users| users.label);
            let query = gate.labels.get(label).map_or("", String::as_str);
            let message = format!(
                "the gate {} asks for the target's {}, and no step before {} sends users there: without requests it never becomes green",
                quoted(&gate.id),
                quoted(query),
                quoted(&step.id)
            );
            let fault = Diagnosis::warning(Code::NeverGreen, place, message);
            faults.push(fault.hint("put it into the `verify` of the step that brings the first users"));
        }
    }
}

/// Whether a step that is written earlier depends on one that brings users.
fn comes_after(step: &StepPlan, steps: &[(&StepPlan, Span)], brings: &dyn Fn(&StepPlan) -> bool) -> bool {
    let (mut open, mut seen) = (vec![step], vec![step.id.as_str()]);
    while let Some(step) = open.pop() {
        for (needed, _) in steps.iter().filter(|(s, _)| step.needs.contains(&s.id)) {
            if brings(needed) {
                return true;
            }
            if !seen.contains(&needed.id.as_str()) {
                seen.push(&needed.id);
                open.push(needed);
            }
        }
    }
    false
}

/// The gates that must be green, whatever the others are.
fn needed(condition: &Condition) -> Vec<&Gate> {
    match condition {
        Condition::Gate(gate) => vec![gate],
        Condition::All(list) => list.iter().flat_map(needed).collect(),
        Condition::NOf(n, list) if *n as usize == list.len() => list.iter().flat_map(needed).collect(),
        Condition::Any(list) if list.len() == 1 => list.iter().flat_map(needed).collect(),
        Condition::Any(_) | Condition::NOf(..) => Vec::new(),
    }
}

fn wants_users(gate: &Gate, names: &Names<'_>) -> bool {
    let Some(users) = gate.metric.users else { return false };
    let Domain::Of(of) = gate.metric.domain(users.label) else { return false };
    if gate.labels.get("side").is_some_and(|side| side == Side::Source.word()) {
        return false;
    }
    let thing = gate.labels.get(users.label).and_then(|name| names.find(of, name));
    thing.is_some_and(|thing| {
        let kind = thing.get::<String>(users.key);
        kind.is_some_and(|kind| users.kinds.contains(&kind.as_str())) && thing.written(Side::Target.word()).is_some()
    })
}
