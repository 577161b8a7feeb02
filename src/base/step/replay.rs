//! Restores a state from the records.

use serde::{Deserialize, Serialize};

use super::{
    event::{Note, Ticket},
    machine::{Course, Machine, State},
    recipe::{Op, OpState, Recipe},
    state::{StepState, Way},
};

/// The journal's records of a step, without who, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// An attempt was started. Its name in released journals stays.
    #[serde(rename = "begun")]
    Started {
        /// Its number.
        attempt: u16,
        /// The direction.
        way: Way,
        /// The state of the step before the rollback was chosen.
        origin: (StepState, Way),
        /// Its operations, none of them begun.
        recipe: Recipe,
    },
    /// An operation was about to be sent.
    Intent(Ticket),
    /// An operation or the step reached a state.
    Note(Note),
}

impl Machine {
    /// The record of [`super::StepEffect::Begin`].
    #[must_use]
    pub fn started(&self) -> Record {
        let mut recipe = self.recipe().clone();
        for op in &mut recipe.ops {
            *op = Op::new(op.kind, op.cleanup);
        }
        Record::Started { attempt: self.attempt, way: self.went(), origin: self.origin, recipe }
    }

    /// Another attempt takes the place of the last one.
    pub(super) fn enter(&mut self, mut recipe: Recipe, course: Course) {
        recipe.attempt = self.attempt;
        match course {
            Course::Forward => self.attempts.begin_forward(recipe),
            Course::Back(origin) => {
                self.origin = origin;
                self.attempts.begin_back(recipe, origin);
            }
        }
    }

    /// Takes one record, in the order of writing. After the last one, [`super::StepEvent::Resumed`] must follow: until then the state is
    /// the one on disk, not what is known.
    pub fn replay(&mut self, record: &Record) {
        match record {
            Record::Started { attempt, way, origin, recipe } => {
                (self.attempt, self.origin) = (*attempt, *origin);
                self.enter(recipe.clone(), if *way == Way::Back { Course::Back(*origin) } else { Course::Forward });
                self.state = State::Running;
            }
            Record::Intent(ticket) => self.put(*ticket, OpState::Intent),
            // Only an attempt under way, or one that is verified again, has operations with new states.
            Record::Note(Note::Op(ticket, state)) => self.put(*ticket, *state),
            Record::Note(Note::State(state)) => {
                self.state = State::of(*state);
                if *state == StepState::RolledBack {
                    self.attempts.finish_back();
                }
            }
            Record::Note(Note::Abandoned) => {
                self.attempts.attempt_mut().into_iter().for_each(|attempt| attempt.abandoned = true);
            }
            Record::Note(Note::Stands) => {
                if let Some(before) = self.attempts.stand() {
                    self.state = State::of(before);
                }
            }
            Record::Note(Note::Adopted(attempt)) => {
                self.attempt = *attempt;
                self.attempts.adopt();
            }
        }
    }

    /// The run was held or released, by the records.
    pub const fn replay_hold(&mut self, on: bool) {
        self.held = on;
    }

    fn put(&mut self, ticket: Ticket, state: OpState) {
        let Some(op) = self.attempts.op_mut(ticket) else { return };
        let overwritten = op.state == OpState::Applied && state == OpState::Unknown;
        (op.turn, op.state) = (ticket.turn, state);
        self.state = State::Running;
        if overwritten {
            self.attempts.note_left();
        }
    }
}
