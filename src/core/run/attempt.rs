//! What an attempt needs beside its machine, and what remains of the attempts before it.

use super::{StepRun, obey::commands};
use crate::{
    core::step::{Kind, Way},
    systems::{
        Call, Version,
        steer::{Draft, Operation, Precondition},
    },
};

/// What was drafted for an attempt, and what its operations left behind, by place.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    way: Way,
    pub draft: Draft<Call, Version>,
    /// What operations left behind.
    pub marks: Vec<Option<Version>>,
    /// What they compared with.
    pub expected: Vec<Option<Version>>,
    /// What was seen or said last.
    pub said: Vec<String>,
    /// A server said that it took it.
    pub accepted: Vec<bool>,
    /// What a server answered that did not take it: a look that follows tells only that it is not there.
    pub refused: Vec<Option<String>>,
    /// What its verification found not to be so; empty while nothing was.
    pub found: String,
}

impl Attempt {
    fn new(way: Way, draft: Draft<Call, Version>) -> Self {
        let n = draft.ops.len();
        Self {
            way,
            draft,
            marks: vec![None; n],
            expected: vec![None; n],
            said: vec![String::new(); n],
            accepted: vec![false; n],
            refused: vec![None; n],
            found: String::new(),
        }
    }

    /// It is about to be sent, once more perhaps: no answer to this one yet.
    pub fn intend(&mut self, at: u16, expect: Option<&Version>) {
        let at = usize::from(at);
        if let (Some(expected), Some(accepted)) = (self.expected.get_mut(at), self.accepted.get_mut(at)) {
            (*expected, *accepted) = (expect.cloned(), false);
        }
    }

    /// An operation.
    pub fn op(&self, at: u16) -> Option<&Operation<Call, Version>> {
        self.draft.ops.get(usize::from(at))
    }
}

impl StepRun {
    /// Another attempt takes the place of the last one. `left`: the last one went forward and left something.
    pub(super) fn enter(&mut self, way: Way, draft: Draft<Call, Version>, left: bool) {
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
    fn keep(&mut self, older: Vec<Operation<Call, Version>>) {
        let apart = |op: &Operation<Call, Version>| {
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
                (format!("of {} UTC, when it was worked out last", at.strftime("%F %H:%M:%S")), known.clone())
            }
            None => ("of before the step was begun".to_owned(), commands(&self.back)),
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
