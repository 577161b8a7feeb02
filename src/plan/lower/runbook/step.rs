//! One step, and the consistency of its keys.

use super::{
    action,
    gate::Gates,
    names::Names,
    order::{Order, Written},
};
use crate::{
    diag::{Code, Diagnosis, Faults, Severity, Span},
    scalar::{friendly, quoted},
    tree::{At, Table},
    types::{Action, Condition, Confirm, StepPlan},
};

/// Reads steps, in their order.
pub(super) struct Steps<'g, 't> {
    names: &'t Names<'t>,
    gates: &'g mut Gates<'t>,
    /// The number of different people who can approve.
    people: usize,
    /// The order as written.
    pub order: Order,
}

impl<'g, 't> Steps<'g, 't> {
    pub fn new(names: &'t Names<'t>, gates: &'g mut Gates<'t>, people: usize) -> Self {
        Self { names, gates, people, order: Order::default() }
    }

    /// One step. Its needs are resolved once all are known.
    pub fn step(&mut self, table: &Table, faults: &mut Faults) -> Option<StepPlan> {
        let id: Option<At<String>> = table.at("id");
        let needs = table.written("needs").map(|_| table.list("needs"));
        self.order.steps.push(Written { id: id.clone(), place: table.span.clone(), needs });
        let name = id.as_ref().map(|id| id.value.as_str()).unwrap_or_default();
        let gates = self.gates.conditions(table, "gates", &format!("{name}/"), faults);
        let verify = self.gates.conditions(table, "verify", &format!("{name}/verify-"), faults);
        let rollback_gates = self.gates.conditions(table, "rollback_gates", &format!("{name}/back-"), faults);
        let action = table.table("action").and_then(|t| action::action(t, self.names, faults));
        let irreversible: Option<bool> = table.get("irreversible");
        let approvals = irreversible
            .and_then(|yes| self.approvals(table, yes, action.as_ref().map_or(0, Action::approvals), faults));
        if let Some(condition) = &verify {
            verified_in_time(table, condition, faults);
        }
        let place = table.written("action").unwrap_or_else(|| table.span.clone());
        if let (Some(action), Some(form)) = (&action, table.table("action")) {
            action::read_only(form, action, &place, self.names, faults);
            self.guarded(table, action, (gates.as_ref(), verify.as_ref()), &place, faults);
        }
        let (action, irreversible) = (action?, irreversible?);
        Some(StepPlan {
            id: id?.value,
            title: table.get("title")?,
            needs: Vec::new(),
            gates: gates?,
            confirm: match table.written("confirm") {
                Some(_) => word(&table.get::<String>("confirm")?),
                None if irreversible => Confirm::Countdown,
                None => action.spec().confirm,
            },
            action,
            approvals: approvals?,
            timeout: table.get("timeout")?,
            settle: table.get("settle")?,
            verify: verify?,
            verify_within: table.get("verify_within")?,
            bake: table.get("bake")?,
            rollback_gates: rollback_gates?,
            irreversible,
        })
    }

    /// The number of approvals; reports a number that is too small, or larger than the number of approvers.
    fn approvals(&self, table: &Table, irreversible: bool, least: u8, faults: &mut Faults) -> Option<u8> {
        let span = ["approvals", "irreversible"].into_iter().find_map(|key| table.written(key));
        let span = span.unwrap_or_else(|| table.span.clone());
        let approvals = match table.written("approvals") {
            Some(_) => table.get::<i64>("approvals").and_then(|n| u8::try_from(n).ok())?,
            None if irreversible => 2,
            None => least,
        };
        if irreversible && approvals < 2 {
            let message = "a step without a rollback needs at least two people";
            faults.push(Diagnosis::error(Code::Conflict, &span, message).hint("write approvals = 2, or leave it out"));
        } else if approvals < least {
            let message = "what is an exception has to be approved";
            faults.push(Diagnosis::error(Code::Conflict, &span, message).hint("write approvals = 1, or leave it out"));
        } else if usize::from(approvals) > self.people {
            let message =
                format!("{approvals} approvals are needed, and the plan has {} to give one", people(self.people));
            faults.push(
                Diagnosis::error(Code::Conflict, &span, message).hint("add [[approver]] with a name for each person"),
            );
        }
        if irreversible
            && let Some(span) =
                table.written("rollback_gates").filter(|_| table.tables("rollback_gates").next().is_some())
        {
            let message = "rollback gates in a step without a rollback";
            let fault = Diagnosis::error(Code::Conflict, &span, message);
            faults.push(fault.hint("take `rollback_gates` out, or `irreversible`"));
        }
        Some(approvals)
    }

    /// Warns of a step that changes something without a check before or after.
    fn guarded(
        &self,
        table: &Table,
        action: &Action,
        (gates, verify): (Option<&Condition>, Option<&Condition>),
        place: &Span,
        faults: &mut Faults,
    ) {
        if action.by_hand().is_some() {
            return stated_and_done(table, faults);
        }
        // A faulty gate is missing here, but was intended.
        let faulty = |key: &str| {
            let text =
                |at: &Span| faults.list.iter().any(|d| d.severity == Severity::Error && at.contains(&d.span.start));
            table.values.get(key).is_some_and(|at| text(&at.span))
        };
        let faulty = [faulty("gates"), faulty("verify")];
        let empty = |key: &str, condition: Option<&Condition>| {
            condition.is_some_and(|c| c.gates().is_empty()) && !faulty[usize::from(key == "verify")]
        };
        let mut warn = |message: &str, hint: &str| {
            faults.push(Diagnosis::warning(Code::MissingKey, place, message).hint(hint));
        };
        // An emergency must not wait for a green gate.
        let spec = action.spec();
        if empty("gates", gates) && !spec.emergency {
            warn("this step changes something, and nothing has to be green before it", "add `gates`");
        } else if let (Some(wanted), Some(gates)) = (spec.wants, gates)
            && self.names.subject(spec.refers, &action.about()).is_some()
            && !gates.gates().into_iter().any(|gate| {
                let of_it = |(label, name): (&str, &str)| gate.labels.get(label).is_none_or(|s| s == name);
                wanted.signals.contains(&gate.metric.id) && action.about().into_iter().all(of_it)
            })
        {
            warn(&format!("{} {}", wanted.missing, quoted(action.target())), wanted.hint);
        }
        if empty("verify", verify) {
            warn(
                "this step changes something, and nothing has to be green after it",
                "add `verify`: what shows that it worked",
            );
        }
    }
}

/// A manual step is over once a person marks it done: nothing of it is awaited or verified afterwards.
fn stated_and_done(table: &Table, faults: &mut Faults) {
    for (key, span) in ["verify", "settle", "bake"].into_iter().filter_map(|key| Some((key, table.written(key)?))) {
        let message =
            format!("`{key}` in a manual step: it ends when a person marks it done, so this would not be evaluated");
        let fault = Diagnosis::error(Code::Conflict, &span, message);
        faults.push(fault.hint("put these conditions into the `gates` of a later step"));
    }
}

fn people(n: usize) -> String {
    match n {
        0 => "nobody".to_owned(),
        1 => "one person".to_owned(),
        n => format!("{n} people"),
    }
}

fn word(word: &str) -> Confirm {
    match word {
        "enter" => Confirm::Enter,
        "name" => Confirm::Name,
        _ => Confirm::Countdown,
    }
}

/// Reports a verification that must hold for longer than the time limit: it can never succeed.
fn verified_in_time(table: &Table, verify: &Condition, faults: &mut Faults) {
    let Some(within) = table.at::<std::time::Duration>("verify_within") else { return };
    let least = verify.least();
    if least > within.value {
        let message =
            format!("`verify` takes at least {}, `verify_within` gives it {}", friendly(least), friendly(within.value));
        let span = ["verify_within", "verify"].into_iter().find_map(|key| table.written(key)).unwrap_or(within.span);
        faults.push(
            Diagnosis::error(Code::Conflict, &span, message).hint("give it more time, or shorten the gates' `for`"),
        );
    }
}
