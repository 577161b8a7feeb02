//! Restores a state from the records.

use serde::{Deserialize, Serialize};

use super::{
    event::{Note, Ticket},
    recipe::{Op, OpState, Recipe},
    state::{Machine, StepState, Way},
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
        let mut recipe = self.recipe.clone();
        for op in &mut recipe.ops {
            *op = Op::new(op.kind, op.cleanup);
        }
        Record::Started { attempt: self.attempt, way: self.way, origin: self.origin, recipe }
    }

    /// Takes one record, in the order of writing. After the last one, [`super::StepEvent::Resumed`] must follow: until then the state is
    /// the one on disk, not what is known.
    pub fn replay(&mut self, record: &Record) {
        match record {
            Record::Started { attempt, way, origin, recipe } => {
                (self.attempt, self.way, self.origin) = (*attempt, *way, *origin);
                self.enter(recipe.clone());
                self.state = StepState::Running;
                (self.abandoned, self.adopted) = (false, false);
            }
            Record::Intent(ticket) => self.put(*ticket, OpState::Intent),
            // Only an attempt under way, or one that is verified again, has operations with new states.
            Record::Note(Note::Op(ticket, state)) => self.put(*ticket, *state),
            Record::Note(Note::State(phase)) => {
                self.state = *phase;
                match phase {
                    StepState::Pending => self.way = Way::Forward,
                    StepState::RolledBack => self.is_back(),
                    _ => {}
                }
            }
            Record::Note(Note::Abandoned) => self.abandoned = true,
            Record::Note(Note::Stands) => self.stand(),
            Record::Note(Note::Adopted(attempt)) => {
                self.left = self.partly_done();
                (self.attempt, self.adopted, self.way, self.went) = (*attempt, true, Way::Forward, Way::Forward);
                self.recipe.attempt = *attempt;
                self.recipe.ops.clear();
            }
        }
    }

    fn put(&mut self, ticket: Ticket, state: OpState) {
        if let Some(op) =
            self.recipe.ops.get_mut(usize::from(ticket.op)).filter(|_| ticket.attempt == self.recipe.attempt)
        {
            self.left |= op.state == OpState::Applied && state == OpState::Unknown && self.went == Way::Forward;
            (op.turn, op.state) = (ticket.turn, state);
            self.state = StepState::Running;
        }
    }
}
