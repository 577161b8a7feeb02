//! The texts in a snapshot: all that is drawn of it.

use std::{borrow::Cow, sync::Arc};

use super::Mask;
use base::{
    observed::Fault,
    view::{Cell, Detail, Panel, Table},
};
use engine::{
    run::{OpLine, PreviewView, RunView, StepView},
    snapshot::{Outage, Snapshot},
};

impl Mask {
    fn string(&mut self, text: &mut String) {
        if let Some(masked) = self.text(text) {
            *text = masked;
        }
    }

    fn cow(&mut self, text: &mut Cow<'static, str>) {
        if let Some(masked) = self.text(text) {
            *text = masked.into();
        }
    }

    fn strings<'s>(&mut self, texts: impl IntoIterator<Item = &'s mut String>) {
        texts.into_iter().for_each(|text| self.string(text));
    }

    fn cells<'c>(&mut self, cells: impl IntoIterator<Item = &'c mut Cell>) {
        for cell in cells {
            if let Some(masked) = self.text(&cell.text) {
                cell.text = masked.into();
            }
        }
    }

    fn tables(&mut self, tables: &mut [Table]) {
        for table in tables {
            self.cow(&mut table.title);
            for column in &mut table.columns {
                self.cow(&mut column.title);
                self.cow(&mut column.group);
            }
            self.cells(Arc::make_mut(&mut table.rows).iter_mut().flat_map(|row| Arc::make_mut(&mut row.cells)));
        }
    }

    /// All texts except those of panels and the run.
    pub(super) fn others(&mut self, snapshot: &mut Snapshot) {
        for tile in &mut snapshot.tiles {
            self.cow(&mut tile.title);
            self.cow(&mut tile.note);
            self.cells([&mut tile.value]);
            for (label, cell) in &mut tile.sides {
                self.cow(label);
                self.cells([cell]);
            }
        }
        for outage in &mut snapshot.outages {
            let (Outage::NoWriter(what) | Outage::Overspent(what)) = outage;
            self.string(what);
        }
        self.strings(snapshot.unknown.iter_mut().flat_map(|thing| [&mut thing.what, &mut thing.why]));
        for source in &mut snapshot.collectors {
            self.strings([&mut source.id, &mut source.endpoint]);
            if let Some(fault) = &mut source.fault
                && let Some(masked) = self.text(fault.text.raw())
            {
                *fault = Fault::new(fault.kind, masked);
            }
        }
        for (_, detail) in &mut snapshot.details {
            let mut masked = Detail::clone(detail);
            self.string(&mut masked.title);
            for (name, cell) in &mut masked.fields {
                self.cow(name);
                self.cells([cell]);
            }
            self.strings(masked.curves.iter_mut().map(|curve| &mut curve.title));
            self.strings(masked.curves.iter_mut().flat_map(|curve| &mut curve.lines).map(|line| &mut line.label));
            self.tables(&mut masked.tables);
            *detail = masked.into();
        }
    }

    pub(super) fn panel(&mut self, panel: &Panel) -> Panel {
        let mut masked = panel.clone();
        self.cells(&mut masked.summary);
        self.tables(&mut masked.tables);
        masked
    }

    pub(super) fn run_view(&mut self, run: &RunView) -> RunView {
        let mut masked = run.clone();
        for (title, _, why) in masked.invariants.iter_mut().chain(&mut masked.aborts) {
            self.strings([title, why]);
        }
        self.strings(masked.unknown.iter_mut().flat_map(|thing| [&mut thing.what, &mut thing.why]));
        self.strings([&mut masked.held, &mut masked.halted, &mut masked.notice].into_iter().flatten());
        self.strings(masked.journal.iter_mut().map(|line| &mut line.what));
        self.strings(masked.way_back.stays.iter_mut().map(|stays| &mut stays.why));
        self.strings(masked.proposal.iter_mut().map(|proposed| &mut proposed.what));
        masked.steps.iter_mut().for_each(|step| self.step(step));
        masked
    }

    fn step(&mut self, step: &mut StepView) {
        self.strings([&mut step.title, &mut step.phase]);
        self.strings(step.obstacles.iter_mut().map(|it| &mut it.why));
        self.strings(step.gates.iter_mut().flat_map(|line| [&mut line.reason.what, &mut line.reason.subject]));
        self.strings([&mut step.found, &mut step.manual].into_iter().flatten());
        self.strings(&mut step.waivers);
        self.strings(&mut step.disarmed);
        self.operations(&mut step.ops);
        if let Some(preview) = &mut step.preview {
            self.preview(preview);
        }
    }

    fn operations(&mut self, ops: &mut [OpLine]) {
        ops.iter_mut().for_each(|op| self.strings([&mut op.what, &mut op.detail, &mut op.command]));
    }

    fn preview(&mut self, preview: &mut PreviewView) {
        preview.diff.iter_mut().for_each(|change| self.strings([&mut change.thing, &mut change.from, &mut change.to]));
        self.operations(&mut preview.ops);
        let PreviewView { inverse: back, notes, broken, faults, .. } = preview;
        self.strings(back.iter_mut().chain(notes).chain(broken).chain(faults));
    }
}
