//! Taking a run up from its journal.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    JournalLine, Milestone as Turn, Run, RunEffect,
    act::hashed,
    readings::{self, Diary},
    waiver::Waiver,
};
use crate::systems::{EntryOf, Systems};
use base::{
    now::Now,
    step::{Kind, Machine, Note, Op, OpState, Record, StepEvent, StepState, Way},
};
use journal::Body;

/// So many of the last records are shown.
const RECORDS: usize = 500;

/// The last record of the program before this one, if there was one.
fn taken_up<S: Systems>(entries: &[EntryOf<S>]) -> Option<u64> {
    let [.., before, last] = entries else { return None };
    matches!(last.body, Body::Resumed { .. }).then_some(before.seq)
}

impl<S: Systems> Run<S> {
    /// Takes up what the journal with this id holds, and gives the run to `operator`. Everything that was under way is UNKNOWN until
    /// it has been observed; nothing goes forward by itself.
    pub fn resume(
        &mut self,
        journal: String,
        entries: Vec<EntryOf<S>>,
        operator: String,
        now: Now,
    ) -> Vec<RunEffect<S>> {
        self.writer = Some(operator);
        self.diary = Diary::started(now.boot);
        self.journal = journal;
        self.halted = self.of_another_plan(&entries);
        self.spent = readings::counted::<S>(&entries);
        let taken_up = taken_up::<S>(&entries);
        for entry in entries {
            self.replay(&entry, now);
            self.keep(entry);
        }
        let under_way = taken_up.map(|seq| (seq, self.under_way()));
        let mut effects = Vec::new();
        for at in 0..self.steps.len() {
            // What was never begun has nothing to take up.
            if self.steps[at].state.attempt() > 0 {
                effects.extend(self.take(at, &StepEvent::Resumed, now));
            }
        }
        self.notice = under_way.map(|(seq, steps)| (now, self.resumed(seq, &steps)));
        effects
    }

    /// The steps that are under way, each with its state.
    fn under_way(&self) -> Vec<(usize, StepState)> {
        use StepState::{Baking, Running, Settling, Verifying};
        let states = self.steps.iter().map(|step| step.state.state()).enumerate();
        states.filter(|(_, state)| matches!(state, Running | Settling | Verifying | Baking)).collect()
    }

    /// What was taken up: from which record, what was under way and is not known now, and the key that is due.
    fn resumed(&self, seq: u64, steps: &[(usize, StepState)]) -> String {
        let one = |(at, was): &(usize, StepState)| {
            let (id, step) = (&self.plan_of(*at).id, &self.steps[*at].state);
            let is_open = |op: &Op| op.kind != Kind::Wait && op.state.uncertain();
            let open = step.recipe().ops.iter().enumerate().filter(|(_, op)| is_open(op));
            let open: Vec<String> = open.map(|(op, _)| format!("operation {} is UNKNOWN", op + 1)).collect();
            let open = if open.is_empty() { String::new() } else { format!(", {} and is verified", open.join(", ")) };
            format!("{id} was {}{open}", was.word(step.went()))
        };
        let all: Vec<String> = steps.iter().map(one).collect();
        let what = if all.is_empty() { "no step was under way".to_owned() } else { all.join("; ") };
        let held = steps.iter().any(|(at, _)| self.steps[*at].state.is_held());
        let key = if held { "; only its cleanup goes on by itself, :release releases the rest" } else { "" };
        format!("resumed from record {seq}: {what}{key}")
    }

    /// Reads along while somebody else writes.
    pub fn follow(&mut self, entry: EntryOf<S>, now: Now) {
        self.replay(&entry, now);
        self.keep(entry);
    }

    /// One more record to show. What was read is not what anybody did.
    pub(super) fn keep(&mut self, entry: EntryOf<S>) {
        self.head = Some(entry.head());
        self.note_beginning(&entry);
        if matches!(entry.body, Body::Readings { .. }) {
            return;
        }
        self.records.push_back(JournalLine {
            seq: entry.seq,
            wall: entry.wall,
            what: self.ways.describe(&entry.body),
            turn: Turn::of(&entry.body),
            step: entry.body.step().unwrap_or("").to_owned(),
            actor: entry.actor,
        });
        if self.records.len() > RECORDS {
            self.records.pop_front();
        }
    }

    /// What the journal began and the plan does not have, or has otherwise: neither could be observed, and what needs it would go on.
    fn of_another_plan(&self, entries: &[EntryOf<S>]) -> Option<String> {
        let mut open: BTreeMap<&str, &'static str> = BTreeMap::new();
        // Nothing of a way back is not nothing of the step.
        let mut back: BTreeSet<&str> = BTreeSet::new();
        for entry in entries {
            match &entry.body {
                Body::AttemptStarted(started) => {
                    let why = match self.place(&started.step) {
                        None => "which the plan does not have",
                        Some(at) if started.action != hashed(&self.plan_of(at).action) => {
                            "whose action the plan has changed"
                        }
                        Some(_) => continue,
                    };
                    open.insert(&started.step, why);
                    if matches!(started.record, Record::Started { way: Way::Back, .. }) {
                        back.insert(started.step.as_str());
                    } else {
                        back.remove(started.step.as_str());
                    }
                }
                Body::Transition(transition) => {
                    let nothing = transition.note == Note::State(StepState::NotApplied)
                        && !back.contains(transition.step.as_str());
                    let over = nothing || transition.note == Note::State(StepState::RolledBack);
                    let done =
                        transition.note == Note::State(StepState::Done) && self.place(&transition.step).is_none();
                    if over || done {
                        open.remove(transition.step.as_str());
                    }
                }
                _ => {}
            }
        }
        let (step, why) = open.into_iter().next()?;
        Some(format!("the journal has the started step {step}, {why}: resume with the plan of that start"))
    }

    fn replay(&mut self, entry: &EntryOf<S>, now: Now) {
        let body = &entry.body;
        if let Body::Hold { on, by, why } = body {
            self.held =
                on.then(|| if why.is_empty() { format!("held by {by}") } else { format!("held by {by}: {why}") });
            for step in &mut self.steps {
                step.state.replay_hold(*on);
            }
        }
        let Some(at) = body.step().and_then(|id| self.place(id)) else { return };
        let left = self.steps[at].state.partly_done();
        if let Some(record) = body.record() {
            Machine::replay(&mut self.steps[at].state, &record);
        }
        let step = &mut self.steps[at];
        match body {
            Body::Waived { gate, attempt, reason, by, until, .. } => {
                let waiver = Waiver::new(gate, *attempt, reason, by, *until, now);
                self.set_waiver(at, waiver, now);
            }
            Body::Previewed { way: Way::Back, commands, .. } => {
                step.known_back = Some((entry.wall, commands.clone())).filter(|(_, commands)| !commands.is_empty());
            }
            Body::AttemptStarted(started) => {
                let way = if let Record::Started { way, .. } = started.record { way } else { Way::Forward };
                step.enter(way, started.draft.clone(), left);
            }
            Body::Intent(intent) => {
                if let Some(attempt) = &mut step.attempt {
                    attempt.intend(intent.ticket.op, intent.precondition.as_ref());
                }
            }
            Body::Transition(transition) => match transition.note {
                Note::Op(ticket, to) => {
                    self.reached(at, ticket, to);
                    if to == OpState::Accepted {
                        self.accepted(at, ticket);
                    }
                    let (mark, text) = (transition.version.clone(), transition.detail.clone());
                    self.remember(at, ticket, text, mark);
                }
                Note::Stands => step.stand(),
                Note::Adopted(_) => step.adopt(left),
                Note::State(StepState::RolledBack) => step.is_back(),
                Note::State(StepState::Failed) => {
                    step.attempt.iter_mut().for_each(|attempt| attempt.found.clone_from(&transition.detail));
                }
                _ => {}
            },
            _ => {}
        }
        self.apply_waivers(at, now);
        let step = &mut self.steps[at];
        // By the records' own time: that the program was started anew is no new beginning.
        let before = || Duration::try_from(now.wall.duration_since(entry.wall)).unwrap_or_default();
        step.exposed = step.state.exposed().then(|| step.exposed.unwrap_or_else(|| (now, before())));
        step.at_work_since(now, before());
    }
}
