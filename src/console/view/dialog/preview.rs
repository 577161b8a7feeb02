//! The lines of a preview: a summary, what changes, the operations with their commands, and the way back. What does not fit is folded;
//! what is copied and what is executed is whole.

use ratatui::style::Style;

use super::Line;
use crate::{command::Id, drawing::Drawing, messages::glyph, runbook::tone, theme::Role, widget::text::wrap};
use base::{
    now::short,
    step::{Level, StepState, Way},
    view::{Tone, counted},
};
use engine::{
    gate::Reason,
    run::{PreviewView, StepView, Turn},
};

/// Lines that are shown of what changes, and of commands, where they are folded.
const SHOWN: [usize; 2] = [10, 6];

/// Fewer lines than this are not worth a fold.
const WORTH: usize = 3;

/// The lines under one heading.
struct Block {
    lines: Vec<Line>,
    /// How many of them are shown if it is folded. None: it must be read before the step is armed, and is never folded.
    shown: Option<usize>,
}

/// The lines. `room`: how many there is room for; if they are more, long blocks are folded. None: they are wanted whole.
pub(super) fn lines(
    step: &StepView,
    preview: &PreviewView,
    width: usize,
    room: Option<usize>,
    look: &Drawing<'_>,
) -> Vec<Line> {
    let mut blocks = vec![
        Block { lines: head(step, preview, width, look), shown: None },
        Block { lines: changes(preview, width, look), shown: Some(SHOWN[0]) },
        Block { lines: notes(preview, width, look), shown: None },
        Block { lines: operations(preview, width, look), shown: Some(SHOWN[1]) },
        Block { lines: inverse(preview, width, look), shown: Some(SHOWN[1]) },
    ];
    let all: usize = blocks.iter().map(|block| block.lines.len()).sum();
    let mut excess = room.map_or(0, |room| all.saturating_sub(room));
    // The last first, and no more of it than has no room.
    for block in blocks.iter_mut().rev() {
        let most = block.shown.map_or(0, |shown| block.lines.len().saturating_sub(shown));
        if excess == 0 || most < WORTH {
            continue;
        }
        // The line that says so needs room, too.
        let more = (excess + 1).clamp(WORTH, most);
        block.lines.truncate(block.lines.len() - more);
        let text = format!("    … {more} more lines, {} shows all", look.keys.word(Id::Open));
        block.lines.push(vec![(text, look.theme.style(Role::Key))]);
        excess = excess.saturating_sub(more - 1);
    }
    blocks.into_iter().flat_map(|block| block.lines).collect()
}

/// Collects lines with a mark before the first.
struct Says<'l, 'd> {
    out: Vec<Line>,
    width: usize,
    look: &'l Drawing<'d>,
}

impl<'l, 'd> Says<'l, 'd> {
    const fn new(width: usize, look: &'l Drawing<'d>) -> Self {
        Self { out: Vec::new(), width, look }
    }

    fn say(&mut self, mark: &str, body: &str, style: Style) {
        for (i, part) in wrap(&self.look.spell(body), self.width.saturating_sub(4)).into_iter().enumerate() {
            let lead = if i == 0 { format!(" {mark:<2} ") } else { "    ".to_owned() };
            self.out.push(vec![(lead, style), (part, style)]);
        }
    }
}

/// The step, what prevents it, and the summary.
fn head(step: &StepView, preview: &PreviewView, width: usize, look: &Drawing<'_>) -> Vec<Line> {
    let mut says = Says::new(width, look);
    let tone_style = |tone| look.theme.tone(tone);
    let muted = look.theme.style(Role::Muted);
    says.say(tone(step).glyph(false), &format!("{}  {}", step.word, step.title), look.theme.style(Role::Title));
    for why in &step.disarmed {
        says.say(Tone::Warn.glyph(false), &format!("no longer armed: {why}"), tone_style(Tone::Warn));
    }
    for fault in &preview.faults {
        says.say(Tone::Blind.glyph(false), fault, tone_style(Tone::Blind));
    }
    for broken in &preview.broken {
        says.say(Tone::Bad.glyph(false), &format!("FORBIDDEN: {broken}"), tone_style(Tone::Bad));
    }
    for it in &step.obstacles {
        let tone = Tone::of(it.level);
        says.say(tone.glyph(false), &it.why, tone_style(tone));
    }
    if !step.lacks.is_empty() && step.way == Way::Forward {
        says.say(Tone::Warn.glyph(false), &format!("needs {}", step.lacks.join(", ")), tone_style(Tone::Warn));
    }
    if let Some(digest) = preview.digest {
        let (has, of, by) = &preview.approvals;
        let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
        let approvals = if *of == 0 { "no approval needed".to_owned() } else { format!("approvals {has} of {of}{by}") };
        says.say("", &format!("preview {}  {approvals}", digest.short()), muted);
        says.say("", &summary(step, preview), muted);
    }
    says.out
}

/// How much changes, how the gates are, and for how long the preview is valid.
fn summary(step: &StepView, preview: &PreviewView) -> String {
    let mut parts = vec![counted(preview.diff.len(), "change"), counted(preview.ops.len(), "operation")];
    // A gate may have several reasons, and what another arm makes needless is not missing.
    let distinct = |of: fn(&Reason) -> bool| {
        let judged = step.gates.iter().filter(|gate| gate.turn == Turn::Now && of(&gate.reason));
        let mut names: Vec<&str> = judged.map(|gate| gate.reason.gate.as_str()).collect();
        names.dedup();
        names
    };
    let all = distinct(|reason| !reason.waived && (!reason.moot || reason.level == Level::Green)).len();
    let missing = distinct(|reason| !reason.waived && !reason.moot && reason.level != Level::Green);
    parts.push(match (all, missing.as_slice()) {
        (0, _) => "no gate is checked now".to_owned(),
        (all, []) => format!("{} green", counted(all, "gate")),
        (all, missing) => format!("{} of {all} gates not green: {}", missing.len(), missing.join(", ")),
    });
    let waived = distinct(|reason| reason.waived);
    if !waived.is_empty() {
        parts.push(format!("WAIVED: {}", waived.join(", ")));
    }
    match (step.state, step.waits) {
        (StepState::Armed, Some(left)) => parts.push(format!("armed for {} more", short(left))),
        (StepState::Previewed, _) => parts.push("valid until the estate changes".to_owned()),
        _ => {}
    }
    parts.join(" · ")
}

fn changes(preview: &PreviewView, width: usize, look: &Drawing<'_>) -> Vec<Line> {
    let mut says = Says::new(width, look);
    let text = look.theme.style(Role::Text);
    if preview.diff.is_empty() && preview.faults.is_empty() {
        says.say("", "no change: the estate is already as the step wants it", text);
    }
    for change in &preview.diff {
        says.say("", &format!("{}:  {}  →  {}", change.thing, change.from, change.to), text);
    }
    says.out
}

fn notes(preview: &PreviewView, width: usize, look: &Drawing<'_>) -> Vec<Line> {
    let mut says = Says::new(width, look);
    preview.notes.iter().for_each(|note| says.say(glyph(Tone::Plain), note, look.theme.style(Role::Text)));
    says.out
}

fn operations(preview: &PreviewView, width: usize, look: &Drawing<'_>) -> Vec<Line> {
    let mut says = Says::new(width, look);
    let (muted, text) = (look.theme.style(Role::Muted), look.theme.style(Role::Text));
    if !preview.ops.is_empty() {
        says.say("", "Operations, in this order:", look.theme.style(Role::Heading));
    }
    for (i, op) in preview.ops.iter().enumerate() {
        let kind = match (op.wait, op.cleanup) {
            (true, _) => " (waits)",
            (false, true) => " (cleanup, always finished)",
            _ => "",
        };
        says.say(&format!("{}", i + 1), &format!("{}{kind}", op.what), text);
        if !op.command.is_empty() {
            says.say("", &format!("$ {}", op.command), muted);
        }
    }
    says.out
}

fn inverse(preview: &PreviewView, width: usize, look: &Drawing<'_>) -> Vec<Line> {
    let mut says = Says::new(width, look);
    if preview.inverse.is_empty() {
        return says.out;
    }
    // Of a rollback that cannot be worked out the commands are its own, as they were known last.
    let heading = if preview.way == Way::Back && preview.faults.is_empty() {
        "To undo this rollback, manual commands:"
    } else {
        "Rollback, manual commands:"
    };
    says.say("", heading, look.theme.style(Role::Heading));
    for command in preview.inverse.iter().filter(|c| !c.is_empty()) {
        says.say("", &format!("$ {command}"), look.theme.style(Role::Muted));
    }
    says.out
}
