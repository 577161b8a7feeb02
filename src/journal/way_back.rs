//! The rollback commands in the journal, as a person could paste them, for every step that is applied. They are available when nothing can
//! be queried any more: no server, no preview, no console.
//!
//! The latest commands count: those of a rollback that was previewed or begun, else those that were computed before the step began. Later
//! changes are not known here.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Body, Entry};
use base::operation::Data;
use base::{
    step::{Machine, Record, Way},
    text,
};

/// The rollback of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The step.
    pub step: String,
    /// The record with the commands.
    pub seq: u64,
    /// The time of that record.
    pub wall: Timestamp,
    /// In the order of execution. None: the step is applied, and no rollback is known.
    pub commands: Vec<String>,
}

/// Takes records, in order; collects the rollback commands.
#[derive(Debug, Default)]
pub struct WayBack(Vec<(Machine, Known)>);

impl WayBack {
    /// From all these records.
    pub fn of<'a, C: Data, V: Data>(entries: impl IntoIterator<Item = &'a Entry<C, V>>) -> Self {
        let mut out = Self::default();
        entries.into_iter().for_each(|entry| out.take(entry));
        out
    }

    /// Adds one record.
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
        let began = matches!(record, Record::Started { .. });
        if began && !left {
            // Of the applied steps, the one that was begun last is rolled back first.
            let it = self.0.remove(place);
            self.0.push(it);
        }
        let place = if began && !left { self.0.len() - 1 } else { place };
        let (state, known) = &mut self.0[place];
        state.replay(&record);
        if let (Body::AttemptStarted(started), Record::Started { way, .. }) = (&entry.body, &record) {
            let ops = if *way == Way::Back { &started.draft.ops } else { &started.draft.inverse };
            let mut commands: Vec<String> = ops.iter().map(|op| op.command.clone()).filter(|c| !c.is_empty()).collect();
            if *way == Way::Forward && left {
                // Includes the changes that an earlier attempt left.
                let older = known.commands.iter().filter(|c| !commands.contains(c)).cloned().collect::<Vec<_>>();
                commands.extend(older);
            }
            known.learn(entry, commands);
        }
    }

    /// The steps that are applied, or may be: the one that was begun last comes first.
    pub fn known(&self) -> impl Iterator<Item = &Known> {
        self.0.iter().rev().filter(|(state, _)| state.stands()).map(|(_, known)| known)
    }

    /// As a text, with the commands.
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

/// A note for whoever uses the commands.
pub const CARE: &str = "rollback of every applied step, last one first, from the journal: before each command, check that \
                        it still fits the current state";

impl Known {
    fn learn<C, V>(&mut self, entry: &Entry<C, V>, commands: Vec<String>) {
        (self.seq, self.wall, self.commands) = (entry.seq, entry.wall, commands);
    }

    /// The step, and the time of its commands.
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
