//! What can be copied from the place on screen: the row and each of its values, a detail, the commands of a step, a whole preview. Pure; the
//! terminal puts the text into the clipboard (OSC 52).
//!
//! With masked names the copies are masked as well: they are made of what is shown.

use super::{
    entry::{COPY, Palette},
    export::plain,
    ui::{At, Ui},
};
use base::{
    text::{block, line},
    view::{Cell, Detail},
};
use engine::run::{PreviewView, StepView};

/// Something to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copyable {
    /// Its name in the palette.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// All that can be copied here, the whole before its parts. `over`: the step whose preview is open.
#[must_use]
pub fn copyables(ui: &Ui, palette: &Palette) -> Vec<Copyable> {
    let step = match &palette.over {
        Some(id) => ui.step_named(id),
        None => ui.step(),
    };
    let mut out: Vec<Copyable> = step.map(of_step).unwrap_or_default();
    if palette.over.is_none() {
        // One that was left stays for the way back to it, and is as old as that.
        let open = ui.detail().filter(|_| ui.at == At::Detail);
        out.extend(open.map(|detail| of_detail(detail)).unwrap_or_default());
        out.extend(of_row(ui));
    }
    out
}

fn item(name: impl Into<String>, text: String) -> Copyable {
    let text = block(&text).into_owned();
    Copyable { name: COPY.to_owned() + &line(&name.into()), text }
}

/// The selected row, whole and value by value.
fn of_row(ui: &Ui) -> Vec<Copyable> {
    let row = || {
        let table = ui.focused()?;
        let selected = ui.selected()?;
        Some((table, table.rows.iter().find(|row| row.id == selected)?))
    };
    let Some((table, row)) = row() else { return Vec::new() };
    let values = || {
        let cells =
            table.columns.iter().zip(row.cells.iter()).filter(|(column, cell)| !column.spark && cell.text != "–");
        cells.map(|(column, cell)| {
            let group = column.group.split_whitespace().next().unwrap_or_default();
            let name = if group.is_empty() { column.title.to_string() } else { format!("{group} {}", column.title) };
            (name, plain(cell))
        })
    };
    let whole = values().map(|(name, value)| format!("{name}: {value}\n")).collect();
    std::iter::once(item("row", whole)).chain(values().map(|(name, value)| item(name, value))).collect()
}

/// The open detail, whole and field by field.
fn of_detail(detail: &Detail) -> Vec<Copyable> {
    let field = |(name, cell): &(std::borrow::Cow<'static, str>, Cell)| (name.to_string(), plain(cell));
    let whole = detail.fields.iter().map(field).map(|(name, value)| format!("{name}: {value}\n")).collect::<String>();
    let parts = detail.fields.iter().map(field).map(|(name, value)| item(name, value));
    std::iter::once(item("details", format!("{}\n{whole}", detail.title))).chain(parts).collect()
}

/// The preview of a step and its commands; or the commands of its operations.
fn of_step(step: &StepView) -> Vec<Copyable> {
    let Some(preview) = &step.preview else {
        return step.ops.iter().enumerate().filter_map(|(at, op)| command("command", at, &op.command)).collect();
    };
    let ops = preview.ops.iter().enumerate().filter_map(|(at, op)| command("command", at, &op.command));
    let back = preview.inverse.iter().enumerate().filter_map(|(at, text)| command("rollback command", at, text));
    std::iter::once(item("preview", preview_text(step, preview))).chain(ops).chain(back).collect()
}

fn command(what: &str, at: usize, text: &str) -> Option<Copyable> {
    (!text.is_empty()).then(|| item(format!("{what} {}", at + 1), text.to_owned()))
}

fn preview_text(step: &StepView, preview: &PreviewView) -> String {
    let mut out = format!("{} {}: {}\n", step.id, step.word, step.title);
    let mut say = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    preview.faults.iter().for_each(|fault| say(&format!("UNKNOWN: {fault}")));
    preview.broken.iter().for_each(|broken| say(&format!("FORBIDDEN: {broken}")));
    step.obstacles.iter().for_each(|it| say(&format!("blocked: {}", it.why)));
    if let Some(digest) = preview.digest {
        let (has, of, _) = &preview.approvals;
        say(&format!("preview {}, approvals {has} of {of}", digest.short()));
    }
    preview.diff.iter().for_each(|change| say(&format!("{}: {} → {}", change.thing, change.from, change.to)));
    preview.notes.iter().for_each(|note| say(&format!("note: {note}")));
    for (at, op) in preview.ops.iter().enumerate() {
        say(&format!("{}. {}", at + 1, op.what));
        if !op.command.is_empty() {
            say(&op.command);
        }
    }
    if !preview.inverse.is_empty() {
        say("rollback:");
    }
    preview.inverse.iter().filter(|text| !text.is_empty()).for_each(|text| say(text));
    out
}
