//! Taking a run up from its journal.

use super::{Effect, Run, waiver::Waiver};
use crate::{
    core::{
        now::Now,
        step::{Event, Record, State, Way},
    },
    journal::{Body, Entry},
};

impl Run {
    /// Takes up what the journal holds, and gives the run to `operator`. Everything that was under way is UNKNOWN until it has been
    /// observed; nothing goes forward by itself.
    pub fn resume(&mut self, entries: Vec<Entry>, operator: String, now: Now) -> Vec<Effect> {
        self.writer = Some(operator);
        let begun = entries.iter().any(|e| matches!(e.body, Body::Begun(_)));
        for entry in entries {
            self.replay(&entry.body, now);
            self.records.push(entry);
        }
        if !begun {
            return Vec::new();
        }
        let mut effects = Vec::new();
        for at in 0..self.steps.len() {
            let before = self.steps[at].state.clone();
            // What was never begun has nothing to take up.
            if before.attempt > 0 {
                effects.extend(self.take(at, &Event::Resumed, now));
            }
        }
        effects
    }

    /// Reads along while somebody else writes.
    pub fn follow(&mut self, entry: Entry, now: Now) {
        self.replay(&entry.body, now);
        self.records.push(entry);
        if self.records.len() > super::RECORDS {
            self.records.remove(0);
        }
    }

    fn replay(&mut self, body: &Body, now: Now) {
        match body {
            Body::Waived { step, gate, attempt, reason, by, until } => {
                let Some(at) = self.place(step) else { return };
                let (gate, reason, by) = (gate.clone(), reason.clone(), by.clone());
                self.set_waiver(at, Waiver { gate, attempt: *attempt, reason, by, until: *until }, now);
            }
            Body::Hold { on, by, why } => {
                self.held =
                    on.then(|| if why.is_empty() { format!("held by {by}") } else { format!("held by {by}: {why}") });
                for step in &mut self.steps {
                    step.state.held = *on;
                }
            }
            _ => {}
        }
        let Some(at) = body.step().and_then(|id| self.place(id)) else { return };
        let step = &mut self.steps[at];
        match body {
            Body::Begun(begun) => {
                let n = begun.draft.ops.len();
                (step.marks, step.expected, step.said) = (vec![None; n], vec![None; n], vec![String::new(); n]);
                if matches!(begun.record, Record::Begun { way: Way::Forward, .. }) {
                    step.back.clone_from(&begun.draft.back);
                }
                step.draft = Some(begun.draft.clone());
            }
            Body::Intent(intent) => {
                if let Some(slot) = step.expected.get_mut(usize::from(intent.ticket.op)) {
                    slot.clone_from(&intent.expect);
                }
            }
            Body::Came(came) => {
                if let crate::core::step::Note::Op(ticket, _) = came.note {
                    let op = usize::from(ticket.op);
                    if let (Some(slot), Some(mark)) = (step.marks.get_mut(op), &came.mark) {
                        *slot = Some(mark.clone());
                    }
                    if let Some(slot) = step.said.get_mut(op) {
                        slot.clone_from(&came.said);
                    }
                }
            }
            _ => {}
        }
        if let Some(record) = body.record() {
            State::replay(&mut step.state, &record);
            self.apply_waivers(at, now);
        }
    }
}
