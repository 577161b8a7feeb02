//! Draws the dialogs over a page: preview, confirmation, a line of text.

mod preview;
mod prompt;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::head::verdict_shown;
use crate::drawing::Drawing;
use crate::{
    command::Id,
    dialog,
    entry::{Confirming, Dialog},
    steps::before_it_begins,
    theme::Role,
    ui::Ui,
    widget::text::{put, put_all, wrap},
};
use base::{step::Way, view::Tone};
use engine::{
    run::{StepView, Turn},
    snapshot::Verdict,
};
use plan::Confirm;

type Line = Vec<(String, Style)>;

/// Draws the open dialog; returns the first line that could be shown of a preview, and how many there was room for.
pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, it: &Dialog, look: &Drawing<'_>) -> Option<(usize, usize)> {
    match it {
        Dialog::Preview(id, top) => preview(area, buf, ui, id, *top, look),
        Dialog::Confirm(confirming) => {
            confirm(area, buf, ui, confirming, look);
            None
        }
        Dialog::Prompt(line) => {
            prompt::draw(area, buf, ui, line, look);
            None
        }
        Dialog::Leave(_) => {
            let steps: Vec<String> = dialog::under_way(ui).map(|s| format!("{} is {}", s.id, s.word)).collect();
            leave(area, buf, &steps, look);
            None
        }
    }
}

/// Draws a frame with a title; returns the area inside.
fn frame(area: Rect, buf: &mut Buffer, title: &str, look: &Drawing<'_>) -> Rect {
    let border = look.theme.style(Role::Key);
    let area = area.intersection(buf.area);
    for place in area.positions() {
        // Clears whole cells: the page below may be bold, underlined or reversed.
        buf[place].reset();
    }
    buf.set_style(area, look.theme.style(Role::Text));
    let rule = |y| Rect { y, height: 1, ..area };
    put(rule(area.y), buf, &"━".repeat(usize::from(area.width)), border);
    put(rule(area.bottom().saturating_sub(1)), buf, &"━".repeat(usize::from(area.width)), border);
    let name = Rect { x: area.x + 2, width: area.width.saturating_sub(4), ..rule(area.y) };
    put(name, buf, &format!(" {title} "), look.theme.style(Role::Title));
    Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height.saturating_sub(2) }
}

fn preview(area: Rect, buf: &mut Buffer, ui: &Ui, id: &str, top: usize, look: &Drawing<'_>) -> Option<(usize, usize)> {
    let step = ui.step_named(id);
    let way = step.filter(|s| s.way == Way::Back).map_or("", |_| "ROLLBACK of ");
    let inner = frame(area, buf, &format!("Preview: {way}{id}"), look);
    let step = step?;
    let lines = match &step.preview {
        Some(preview) => {
            let whole = ui.whole_preview.as_deref() == Some(id);
            let room = (!whole).then_some(usize::from(inner.height.saturating_sub(1)));
            preview::lines(step, preview, usize::from(inner.width), room, look)
        }
        None if !step.disarmed.is_empty() => disarmed(step, usize::from(inner.width), look),
        None if before_it_begins(step) => {
            vec![vec![("computing the preview …".to_owned(), look.theme.style(Role::Busy))]]
        }
        None => {
            // The engine gives the reason, for example that other steps depend on this one or that nothing is stored
            // to roll back to.
            let notice = ui.latest().run.as_ref().and_then(|run| run.notice.clone());
            let why = notice.unwrap_or_else(|| format!("{} is {}: there is nothing to preview", step.id, step.word));
            let warn = look.theme.tone(Tone::Warn);
            let lines = wrap(&look.spell(&why), usize::from(inner.width).saturating_sub(4));
            lines.into_iter().map(|line| vec![(format!(" {} {line}", Tone::Warn.glyph(false)), warn)]).collect()
        }
    };
    let room = usize::from(inner.height.saturating_sub(1));
    let top = top.min(lines.len().saturating_sub(room));
    for (y, line) in (inner.y..inner.bottom().saturating_sub(1)).zip(lines.iter().skip(top)) {
        put_all(Rect { y, height: 1, ..inner }, buf, line.iter().map(|(t, s)| (t.as_str(), *s)));
    }
    let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    let key = look.theme.style(Role::Key);
    let text = look.theme.style(Role::Text);
    let more = if lines.len() > room {
        format!("  lines {}–{} of {}", top + 1, (top + room).min(lines.len()), lines.len())
    } else {
        String::new()
    };
    let hints = [
        (Id::Arm, "arm"),
        (Id::Execute, "execute"),
        (Id::Approve, "approve"),
        (Id::Preview, "refresh"),
        (Id::Help, "help"),
    ];
    // Neither a key that would be refused is offered, nor an approval that is not needed.
    let approved = step.preview.as_ref().is_none_or(|preview| preview.approvals.0 >= preview.approvals.1);
    let offered = hints
        .into_iter()
        .filter(|(id, _)| dialog::why_not_here(ui, *id, step).is_none() && !(*id == Id::Approve && approved));
    let mut used = 0;
    for (word, does) in offered.map(|(id, does)| (look.keys.word(id), does)).chain([("Esc".to_owned(), "close")]) {
        let rest = Rect { x: foot.x + used, width: foot.width.saturating_sub(used), ..foot };
        used += put_all(rest, buf, [(word.as_str(), key), (" ", text), (does, text), ("  ", text)]);
    }
    put(
        Rect { x: foot.x + used, width: foot.width.saturating_sub(used), ..foot },
        buf,
        &more,
        look.theme.style(Role::Muted),
    );
    Some((top, room))
}

/// Why the preview that was open is no longer valid, and the next key.
fn disarmed(step: &StepView, width: usize, look: &Drawing<'_>) -> Vec<Line> {
    let warn = look.theme.tone(Tone::Warn);
    let mut out = vec![vec![(format!(" {} the preview is no longer valid:", Tone::Warn.glyph(false)), warn)]];
    for why in &step.disarmed {
        let lines = wrap(&look.spell(why), width.saturating_sub(6));
        out.extend(lines.into_iter().map(|line| vec![(format!("     {line}"), look.theme.style(Role::Text))]));
    }
    let next = look.spell(":preview previews it again").into_owned();
    out.push(vec![(format!("   {next}"), look.theme.style(Role::Key))]);
    out
}

/// Asks whether to quit while steps are running.
fn leave(area: Rect, buf: &mut Buffer, steps: &[String], look: &Drawing<'_>) {
    let style = |role| look.theme.style(role);
    let shown = steps.len().min(6);
    let height = u16::try_from(shown + 7).unwrap_or(u16::MAX).min(area.height);
    let inner = frame(Rect { y: area.bottom() - height, height, ..area }, buf, "Leave?", look);
    let warn = look.theme.tone(Tone::Warn);
    let mut lines: Vec<Line> =
        steps.iter().take(shown).map(|step| vec![(format!(" {} {step}", Tone::Warn.glyph(false)), warn)]).collect();
    let notice = "The console waits up to a minute for requests in flight and for cleanups. After that the rest stays in the journal, and \
                the next console with this journal continues.";
    let notice = wrap(notice, usize::from(inner.width).saturating_sub(2));
    lines.extend(notice.into_iter().map(|line| vec![(format!(" {line}"), style(Role::Text))]));
    lines.push(Vec::new());
    let (key, text) = (style(Role::Key), style(Role::Text));
    lines.push(
        [(" Enter", key), (" quit  ", text), ("Esc", key), (" stay", text)].map(|(t, s)| (t.to_owned(), s)).into(),
    );
    for (y, line) in (inner.y..inner.bottom()).zip(&lines) {
        put_all(Rect { y, height: 1, ..inner }, buf, line.iter().map(|(t, s)| (t.as_str(), *s)));
    }
}

fn confirm(area: Rect, buf: &mut Buffer, ui: &Ui, it: &Confirming, look: &Drawing<'_>) {
    let changes = changes(ui, &it.step);
    let height = (9 + u16::try_from(changes.len()).unwrap_or(0)).min(area.height);
    let width = area.width.min(100);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let back = ui.step_named(&it.step).is_some_and(|step| step.way == Way::Back);
    let what = if back { format!("Execute the ROLLBACK of {}?", it.step) } else { format!("Execute {}?", it.step) };
    let inner = frame(place, buf, &what, look);
    let line = |y: u16| Rect { y: inner.y + y, height: 1, ..inner };
    let (text, key) = (look.theme.style(Role::Text), look.theme.style(Role::Key));
    let last = ui.step_named(&it.step).is_some_and(|step| step.irreversible);
    let last = if last { " · POINT OF NO RETURN: no rollback" } else { "" };
    put(line(0), buf, &format!("preview {}{last}", it.digest.short()), look.theme.style(Role::Muted));
    // A session that executes has shown everything already.
    let (word, glyph, role, why) = verdict_shown(ui);
    // The reason of a GO is which step comes next, and that need not be this one.
    let why = if role == Role::Go { String::new() } else { why };
    let notice = [(" ", text), (glyph, look.theme.style(role)), (word, look.theme.style(role)), (" ", text)];
    let used = put_all(line(1), buf, notice);
    let rest = Rect { x: inner.x + used, width: inner.width.saturating_sub(used), ..line(1) };
    put(rest, buf, &look.spell(&why), text);
    for (y, change) in (2..).zip(&changes) {
        put(line(y), buf, &look.spell(change), text);
    }
    let at = 3 + u16::try_from(changes.len()).unwrap_or(0);
    if let Some(why) = &it.ended {
        let tone = look.theme.tone(Tone::Warn);
        put_all(line(at), buf, [(Tone::Warn.glyph(false), tone), (" ", tone), (&look.spell(why), tone)]);
        put(line(at + 2), buf, "nothing was sent · Esc closes", look.theme.style(Role::Muted));
        return;
    }
    if let Some(since) = it.counting {
        let left = dialog::COUNTDOWN.saturating_sub(ui.latest().now.since(since)).as_secs();
        put_all(
            line(at),
            buf,
            [
                ("sending in ", text),
                (format!("{left} s").as_str(), look.theme.style(Role::Hold)),
                (" – any key cancels", text),
            ],
        );
        return;
    }
    match it.kind {
        Confirm::Enter => {
            let button = |on: bool| if on { look.theme.style(Role::Selected).patch(key) } else { text };
            put_all(
                line(at),
                buf,
                [("  ", text), ("[ Cancel ]", button(!it.execute)), ("   ", text), ("[ Execute ]", button(it.execute))],
            );
            put(line(at + 2), buf, "Tab selects, Enter confirms", look.theme.style(Role::Muted));
        }
        Confirm::Name | Confirm::Countdown => {
            put_all(line(at), buf, [("type ", text), (it.target.as_str(), key), (" and press Enter:", text)]);
            put_all(line(at + 1), buf, [("> ", key), (it.typed.as_str(), look.theme.style(Role::Title)), ("▏", key)]);
            let then = match it.kind {
                _ if it.typed.is_empty() && dialog::typed_before(ui, &it.step).is_some() => {
                    "↑ brings back what was typed before, Esc closes"
                }
                Confirm::Countdown => "then a 5 s countdown starts, any key cancels; Esc closes",
                _ => "Esc closes",
            };
            put(line(at + 2), buf, then, look.theme.style(Role::Muted));
        }
    }
}

/// What is not as usual about it, the first two changes of the preview, and how many more there are.
fn changes(ui: &Ui, step: &str) -> Vec<String> {
    const SHOWN: usize = 2;
    let Some(step) = ui.step_named(step) else { return Vec::new() };
    let mut out = unusual(ui, step);
    let diff = step.preview.as_ref().map_or(&[][..], |preview| &preview.diff);
    out.extend(diff.iter().take(SHOWN).map(|change| format!("{}: {} → {}", change.thing, change.from, change.to)));
    let more = diff.len().saturating_sub(SHOWN);
    if more > 0 {
        let changes = if more == 1 { "change" } else { "changes" };
        out.push(format!("… and {more} more {changes}"));
    }
    out
}

/// Why it can be executed although the verdict is no GO, and which gates are waived.
fn unusual(ui: &Ui, step: &StepView) -> Vec<String> {
    let mut out = Vec::new();
    let waived = step.gates.iter().filter(|gate| gate.turn == Turn::Now && gate.reason.waived);
    let mut waived: Vec<&str> = waived.map(|gate| gate.reason.gate.as_str()).collect();
    waived.dedup();
    let goes_on = matches!(ui.latest().verdict(), Verdict::Go(_) | Verdict::Running(_));
    if step.way == Way::Forward && !step.emergency && !goes_on && step.obstacles.is_empty() {
        let gates = if waived.is_empty() { "its own gates are green" } else { "its gates are green or waived" };
        out.push(format!("The verdict is no GO, but nothing of it concerns this step: all of {gates}."));
    }
    if !waived.is_empty() {
        out.push(format!("Waived for this attempt: {}", waived.join(", ")));
    }
    out
}
