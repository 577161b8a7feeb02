//! What an attempt needs beside its machine, and what remains of the attempts before it.

use std::time::Duration;

use super::{StepRun, at_work, orders::commands};
use crate::systems::{DraftOf, OperationOf, Systems};
use base::{
    now::Now,
    operation::{Draft, Operation, Precondition, Unbound},
    step::{Kind, Way},
};

/// What was drafted for an attempt, and what became of each of its operations so far.
#[derive(Debug, Clone)]
pub(super) struct Attempt<C, V> {
    way: Way,
    pub draft: Draft<C, V>,
    /// In the order of the draft's operations.
    pub ops: Vec<OpRun<V>>,
    /// What its verification found not to be so; empty while nothing was.
    pub found: String,
}

/// What became of one operation so far, beside its state in the machine.
#[derive(Debug, Clone)]
pub(super) struct OpRun<V> {
    /// What it left behind.
    pub version: Option<V>,
    /// What it compared with.
    pub expected: Option<V>,
    /// The last detail, of a reply or a verification.
    pub detail: String,
    /// A server accepted it.
    pub accepted: bool,
    /// It came to nothing, by the records: not only because the attempt was stopped.
    pub failed: bool,
    /// What a server answered that did not take it: a verification that follows tells only that it is not applied.
    pub refused: Option<String>,
}

impl<V> Default for OpRun<V> {
    fn default() -> Self {
        Self { version: None, expected: None, detail: String::new(), accepted: false, failed: false, refused: None }
    }
}

impl<C, V: Clone> Attempt<C, V> {
    fn new(way: Way, draft: Draft<C, V>) -> Self {
        let ops = draft.ops.iter().map(|_| OpRun::default()).collect();
        Self { way, draft, ops, found: String::new() }
    }

    /// It is about to be sent, once more perhaps: no answer to this one yet.
    pub fn intend(&mut self, at: u16, expect: Option<&V>) {
        if let Some(op) = self.ops.get_mut(usize::from(at)) {
            (op.expected, op.accepted) = (expect.cloned(), false);
        }
    }

    /// What an operation compares with, where that is known.
    ///
    /// # Errors
    /// If it is what another operation leaves behind, and that is not known.
    pub fn bound(&self, op: &Operation<C, V>) -> Result<Option<V>, Unbound> {
        op.precondition.bind(|place| self.ops.get(place)?.version.clone())
    }

    /// What became of an operation so far.
    pub fn run(&self, at: u16) -> Option<&OpRun<V>> {
        self.ops.get(usize::from(at))
    }

    /// An operation.
    pub fn op(&self, at: u16) -> Option<&Operation<C, V>> {
        self.draft.ops.get(usize::from(at))
    }
}

impl<S: Systems> StepRun<S> {
    /// Notes since when it is at what it is at now: for `before` already, by the journal.
    pub(super) fn at_work_since(&mut self, now: Now, before: Duration) {
        let is = at_work(&self.state);
        if self.at_work.as_ref().is_none_or(|(was, ..)| *was != is) {
            self.at_work = Some((is, now, before));
        }
    }

    /// Another attempt takes the place of the last one. `left`: the last one went forward and left something.
    pub(super) fn enter(&mut self, way: Way, draft: DraftOf<S>, left: bool) {
        if way == Way::Forward {
            let older = std::mem::replace(&mut self.back, draft.inverse.clone());
            self.known_back = None;
            if left {
                self.keep(older);
            }
        }
        let before = self.attempt.replace(Attempt::new(way, draft));
        match way {
            Way::Forward => self.stood = None,
            // What a way back may turn out not to have changed.
            Way::Back => self.stood = before.filter(|b| b.way == Way::Forward).or(self.stood.take()),
        }
    }

    /// The way back of what an earlier attempt left is part of the way back. What is as it was is found out when it is drafted.
    fn keep(&mut self, older: Vec<OperationOf<S>>) {
        let apart = |op: &OperationOf<S>| {
            op.kind != Kind::Wait && !op.cleanup && !matches!(op.precondition, Precondition::After(_))
        };
        if self.back.is_empty() {
            // Nothing was left to be done: what there is to take back is what was done before.
            self.back = older;
        } else if !older.iter().chain(&self.back).all(apart) {
            // What builds on one another is taken back as it was before the first attempt.
            if !older.is_empty() {
                self.back = older;
            }
        } else {
            // Of things that have nothing to do with each other each attempt did some.
            let new =
                older.into_iter().filter(|op| self.back.iter().all(|own| own.call != op.call)).collect::<Vec<_>>();
            self.back.extend(new);
        }
    }

    /// It is back: there is no way back of it any more.
    pub(super) fn is_back(&mut self) {
        self.back.clear();
        self.known_back = None;
    }

    /// The commands of the way back as far as they are known when it cannot be worked out, and of when they are.
    pub(super) fn way_back_known(&self) -> (String, Vec<String>) {
        match &self.known_back {
            Some((at, known)) => {
                (format!("of {} UTC, the time of the last preview", at.strftime("%F %H:%M:%S")), known.clone())
            }
            None => ("from before the step was started".to_owned(), commands(&self.back)),
        }
    }

    /// A way back of which nothing was applied is given up.
    pub(super) fn stand(&mut self) {
        self.attempt = self.stood.take();
    }

    /// Somebody else did it. `left`: part of it is ours, and can be taken back.
    pub(super) fn adopt(&mut self, left: bool) {
        (self.attempt, self.stood) = (None, None);
        if !left {
            self.back.clear();
        }
    }
}
