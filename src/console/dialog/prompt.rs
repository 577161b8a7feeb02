//! A line of text that the operator writes, and the order that it becomes.

use std::path::PathBuf;

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use crate::{
    act::Act,
    entry::{Asked, Dialog, Entry, Prompt},
    export::{self, Form},
    history::History,
    typing::write,
    ui::{Mode, Ui},
};
use base::step::StepState;
use engine::run::{Hand, Order, Proposal, names};
use plan::Confirm;

/// A key while the line is being written.
pub(super) fn prompt_key(ui: &mut Ui, key: &KeyEvent, mut prompt: Prompt) -> Vec<Act> {
    match key.code {
        KeyCode::Esc => {
            keep(ui, &prompt);
            ui.entry = Entry::return_to(prompt.over);
            Vec::new()
        }
        // What was written before is not lost: a refusal comes after the line is closed.
        KeyCode::Up => {
            prompt.text = history(ui, &prompt).older(&prompt.text).unwrap_or(prompt.text);
            ui.entry = Entry::Dialog(Dialog::Prompt(prompt));
            Vec::new()
        }
        KeyCode::Down => {
            prompt.text = history(ui, &prompt).newer().unwrap_or(prompt.text);
            ui.entry = Entry::Dialog(Dialog::Prompt(prompt));
            Vec::new()
        }
        KeyCode::Enter => match act(ui, &prompt) {
            Ok(act) => {
                keep(ui, &prompt);
                ui.entry = Entry::return_to(prompt.over);
                vec![act]
            }
            Err(why) => {
                ui.report(why);
                Vec::new()
            }
        },
        _ => {
            if write(&mut prompt.text, key) {
                history(ui, &prompt).leave();
            }
            ui.entry = Entry::Dialog(Dialog::Prompt(prompt));
            Vec::new()
        }
    }
}

/// Keeps a text that was written. A confirmation is typed anew each time.
fn keep(ui: &mut Ui, prompt: &Prompt) {
    if prompt.asked != Asked::Abandon {
        history(ui, prompt).add(&prompt.text);
    }
}

/// What was written before for the same purpose.
fn history<'u>(ui: &'u mut Ui, prompt: &Prompt) -> &'u mut History {
    ui.history.written.entry(prompt.asked).or_default()
}

/// Where a name comes from. In the demo other people's terminals are simulated: any name but the operator's counts as
/// typed there.
fn hand(ui: &Ui, by: &str) -> Hand {
    let operator = ui.latest().run.as_ref().and_then(|run| run.operator.as_deref());
    if ui.mode == Mode::Demo && operator != Some(by) { Hand::Terminal } else { Hand::Keyboard }
}

/// What the text means.
fn act(ui: &Ui, prompt: &Prompt) -> Result<Act, String> {
    if prompt.asked != Asked::Export {
        return order(ui, prompt).map(Act::Order);
    }
    let file = PathBuf::from(prompt.text.trim());
    let form = Form::of(&file)?;
    let table = ui.focused().and_then(|table| Some((table, ui.table_ui(table.id)?)));
    let (table, rows) = table.ok_or("the table is gone; Esc closes this")?;
    if rows.waits {
        return Err("the rows are still being filtered or sorted: Enter again in a moment".to_owned());
    }
    Ok(Act::Export(file, export::text(table, rows, form)))
}

/// Whether `y` confirms that this step's attempt is aborted. Where the plan wants the step's id typed to execute it, only that does.
#[must_use]
pub fn takes_yes(ui: &Ui, step: &str) -> bool {
    let steps = ui.latest().plan.runbook.phases.iter().flat_map(|phase| &phase.steps);
    steps.into_iter().any(|it| it.id == step && it.confirm == Confirm::Enter)
}

fn abandon(ui: &Ui, step: String, text: &str) -> Result<Order, String> {
    let yes = takes_yes(ui, &step);
    match ui.step_named(&step) {
        Some(it) if it.state != StepState::Running => Err(format!("{step} is {}: Esc closes this", it.word)),
        None => Err(format!("{step} no longer exists: Esc closes this")),
        _ if names(text, &step) || (yes && matches!(text.to_lowercase().as_str(), "y" | "yes")) => {
            Ok(Order::Abandon(step))
        }
        _ if yes => Err(format!("type y or {step} to abort it, Esc to close")),
        _ => Err(format!("type {step} to abort it, Esc to close")),
    }
}

/// Whether somebody's approval counts, before anything is sent: what was typed stays to be corrected.
fn approver(ui: &Ui, name: &str) -> Result<(), String> {
    let runbook = &ui.latest().plan.runbook;
    if runbook.approvers.is_empty() { Ok(()) } else { runbook.approver(name).map(drop) }
}

/// The order that the text means.
fn order(ui: &Ui, prompt: &Prompt) -> Result<Order, String> {
    let text = prompt.text.trim().to_owned();
    let step_id = prompt.step.clone();
    Ok(match prompt.asked {
        Asked::Hold => Order::Hold { by: None, why: text },
        Asked::Abandon => abandon(ui, step_id, &text)?,
        _ if text.is_empty() => return Err("the line is empty; Esc closes it".to_owned()),
        Asked::Release => Order::Release { why: text },
        Asked::Remark => Order::Remark { by: None, text },
        Asked::Export => return Err("an export is no order".to_owned()),
        Asked::MarkDone => Order::MarkDone { step: step_id, looked_at: text },
        Asked::Approve => {
            let digest = ui.step_named(&step_id).and_then(|s| s.preview.as_ref()?.digest);
            let digest = digest.ok_or("the preview to approve is gone")?;
            approver(ui, &text)?;
            Order::Approve { step: step_id, digest, hand: hand(ui, &text), by: text }
        }
        Asked::Agree => {
            let run = ui.latest().run.as_ref();
            let proposed = run.and_then(|run| run.proposal.as_ref()).ok_or("the proposal is gone")?;
            approver(ui, &text)?;
            Order::Approve { step: proposed.step.clone(), digest: proposed.digest, hand: hand(ui, &text), by: text }
        }
        Asked::Skip => Order::Propose(Proposal::Skip { step: step_id, reason: text }),
        Asked::Resolve => {
            let (word, looked_at) = text.split_once(',').ok_or("write YES or NO, a comma, what you both checked")?;
            let there = match word.trim().to_lowercase().as_str() {
                "yes" | "y" => true,
                "no" | "n" => false,
                other => return Err(format!("\"{other}\" is neither YES nor NO")),
            };
            let found = ui.step_named(&step_id).ok_or("this step no longer exists")?;
            let (ticket, what) = prompt.about.clone().ok_or_else(|| format!("{step_id} has no UNKNOWN operation"))?;
            if found.unknown != Some(ticket) {
                return Err(format!("{what}: it is no longer UNKNOWN; Esc closes this"));
            }
            Order::Propose(Proposal::ResolveManually {
                step: step_id,
                ticket,
                there,
                looked_at: looked_at.trim().to_owned(),
            })
        }
        Asked::Waive => {
            let parts: Vec<&str> = text.split(',').map(str::trim).collect();
            let [gate, minutes, reason @ ..] = parts.as_slice() else {
                return Err("write GATE, MINUTES, REASON, separated by commas".to_owned());
            };
            let minutes = minutes.parse().map_err(|_| format!("\"{minutes}\" is not a number of minutes"))?;
            let (gate, reason) = ((*gate).to_owned(), reason.join(", "));
            Order::Propose(Proposal::Waive { step: step_id, gate, minutes, reason })
        }
    })
}
