//! The way back as the journal has it: the commands that a person could paste, of every step that stands. They are there when nothing can
//! be asked any more: no server, no preview, no console.
//!
//! What is known last counts: the commands of a way back that was previewed or begun, else those that were worked out before the step was
//! begun. What has happened since nobody here knows.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Body, Entry};
use base::operation::Data;
use base::{
    step::{Machine, Record, Way},
    text,
};

/// The way back of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The step.
    pub step: String,
    /// The record that has it.
    pub seq: u64,
    /// Of when.
    pub wall: Timestamp,
    /// In the order in which they are to be given. None: it stands, and nothing is known of a way back.
    pub commands: Vec<String>,
}

/// Takes in records, in order; knows what of the way back they say.
#[derive(Debug, Default)]
pub struct WayBack(Vec<(Machine, Known)>);

impl WayBack {
    /// Of all these records.
    pub fn of<'a, C: Data, V: Data>(entries: impl IntoIterator<Item = &'a Entry<C, V>>) -> Self {
        let mut out = Self::default();
        entries.into_iter().for_each(|entry| out.take(entry));
        out
    }

    /// One more record.
    pub fn take<C: Data, V: Data>(&mut self, entry: &Entry<C, V>) {
        let Some(record) = entry.body.record() else {
            if let Body::Previewed { step, commands, .. } = &entry.body
                && !commands.is_empty()
                && let Some((_, known)) = self.0.iter_mut().find(|(_, known)| known.step == *step)
            {
                known.learn(entry, commands.clone());
            }
            return;
        };
        let step = entry.body.step().unwrap_or_default();
        let place = self.0.iter().position(|(_, known)| known.step == step).unwrap_or_else(|| {
            let known = Known { step: step.to_owned(), seq: 0, wall: entry.wall, commands: Vec::new() };
            self.0.push((Machine::new(0, true, false), known));
            self.0.len() - 1
        });
        let left = self.0[place].0.partly_done();
        let began = matches!(record, Record::Begun { .. });
        if began && !left {
            // Of those that stand, what was begun last is taken back first.
            let it = self.0.remove(place);
            self.0.push(it);
        }
        let place = if began && !left { self.0.len() - 1 } else { place };
        let (state, known) = &mut self.0[place];
        state.replay(&record);
        if let (Body::AttemptStarted(begun), Record::Begun { way, .. }) = (&entry.body, &record) {
            let ops = if *way == Way::Back { &begun.draft.ops } else { &begun.draft.inverse };
            let mut commands: Vec<String> = ops.iter().map(|op| op.command.clone()).filter(|c| !c.is_empty()).collect();
            if *way == Way::Forward && left {
                // What an attempt before this one left is part of it.
                let older = known.commands.iter().filter(|c| !commands.contains(c)).cloned().collect::<Vec<_>>();
                commands.extend(older);
            }
            known.learn(entry, commands);
        }
    }

    /// The steps that stand, or may: what was begun last comes first.
    pub fn known(&self) -> impl Iterator<Item = &Known> {
        self.0.iter().rev().filter(|(state, _)| state.stands()).map(|(_, known)| known)
    }

    /// In words, with the commands as they are.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut out = String::new();
        for known in self.known() {
            let _ = writeln!(out, "# {}", known.heading());
            for command in &known.commands {
                let _ = writeln!(out, "{command}");
            }
            out.push('\n');
        }
        if out.is_empty() {
            "# there is no step of landfall to roll back\n".to_owned()
        } else {
            format!("# {CARE}\n\n{out}")
        }
    }
}

/// What whoever uses them has to know.
pub const CARE: &str = "rollback of every applied step, last one first, from the journal: before each command, check that \
                        it still fits the current state";

impl Known {
    fn learn<C, V>(&mut self, entry: &Entry<C, V>, commands: Vec<String>) {
        (self.seq, self.wall, self.commands) = (entry.seq, entry.wall, commands);
    }

    /// Which step, and of when.
    #[must_use]
    pub fn heading(&self) -> String {
        let Self { step, seq, wall, commands } = self;
        let step = text::line(step);
        if commands.is_empty() {
            return format!("{step}: applied, but the journal has no rollback command");
        }
        format!("{step}, as of record {seq}, {} UTC", wall.strftime("%F %H:%M:%S"))
    }
}
