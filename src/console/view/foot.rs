//! The last line: the text being written, or a message, or the available commands.

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr as _;

use crate::drawing::Drawing;
use crate::{
    command::{COMMANDS, Command, Id, Risk, Scope},
    entry::Entry,
    messages::glyph,
    theme::Role,
    ui::{At, Ui},
    why_not::why_not,
    widget::text::{put, put_all, wrap},
};
use base::view::Tone;

pub(super) fn draw(line: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>) {
    let style = |role| look.theme.style(role);
    match (&ui.entry, ui.messages.shown()) {
        (Entry::Filter(_), _) => {
            let used = put_all(
                line,
                buf,
                [(" / ", style(Role::Key)), (ui.filter(), style(Role::Title)), ("▏", style(Role::Key))],
            );
            let rest = Rect { x: line.x + used, width: line.width.saturating_sub(used), ..line };
            match ui.filter_error() {
                Some(why) => put_all(rest, buf, [("  ✖ ", style(Role::Bad)), (why, style(Role::Bad))]),
                None => put(
                    rest,
                    buf,
                    "  text  col:text  col:>100  !not  /regex/ · Enter keeps, Esc drops · ↑ earlier ones",
                    style(Role::Muted),
                ),
            };
        }
        (Entry::Help(search, _), _) => {
            put_all(
                line,
                buf,
                [
                    (" ? ", style(Role::Key)),
                    (search.as_str(), style(Role::Title)),
                    ("▏", style(Role::Key)),
                    ("  type to search · ↑ ↓ move · Esc closes", style(Role::Muted)),
                ],
            );
        }
        (Entry::Messages(_), _) => {
            put(line, buf, " ↑ ↓ PgUp PgDn move · Esc closes", style(Role::Muted));
        }
        (Entry::Palette(palette), message) => {
            let parts =
                [(" : ", style(Role::Key)), (palette.text.as_str(), style(Role::Title)), ("▏", style(Role::Key))];
            let used = put_all(line, buf, parts);
            let rest = Rect { x: line.x + used, width: line.width.saturating_sub(used), ..line };
            let tone = ui.messages.tone().unwrap_or_default();
            let message = message.map(|m| format!("  {} {}", glyph(tone), look.spell(m)));
            put(rest, buf, message.as_deref().unwrap_or_default(), look.theme.tone(tone));
        }
        (Entry::Commands, _) => hints(line, buf, ui, look),
        // A dialog has its own keys.
        (Entry::Dialog(_), _) => message(line, buf, ui, look),
    }
}

/// What is reported: the message, or what the engine has to report of the last order.
pub(super) fn reported(ui: &Ui) -> Option<(Tone, &str)> {
    let notice = ui.latest().run.as_ref().and_then(|run| run.notice.as_deref());
    let shown = ui.messages.shown().map(|text| (ui.messages.tone().unwrap_or(Tone::Warn), text));
    shown.or_else(|| notice.map(|text| (Tone::Warn, text)))
}

/// Lines for a message; what needs more than these is in the log.
const LINES: usize = 3;

fn wrapped(text: &str, width: u16, look: &Drawing<'_>) -> Vec<String> {
    wrap(&look.spell(text), usize::from(width).saturating_sub(4))
}

/// Lines that the message takes; none if there is none.
pub(super) fn height(ui: &Ui, width: u16, look: &Drawing<'_>) -> u16 {
    reported(ui).map_or(0, |(_, text)| wrapped(text, width, look).len().min(LINES).try_into().unwrap_or(1))
}

/// The message that is shown. The hints stay visible below it.
pub(super) fn message(area: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>) {
    let Some((tone, text)) = reported(ui) else { return };
    let style = look.theme.tone(tone);
    let lines = wrapped(text, area.width, look);
    let room = usize::from(area.height);
    for (n, y) in (area.y..area.bottom()).enumerate() {
        let line = Rect { y, height: 1, ..area };
        put(line, buf, &" ".repeat(usize::from(area.width)), look.theme.style(Role::Text));
        // What does not fit is cut visibly.
        let text = if n + 1 == room {
            lines[n.min(lines.len())..].join(" ")
        } else {
            lines.get(n).cloned().unwrap_or_default()
        };
        put_all(
            line,
            buf,
            [(" ", style), (if n == 0 { glyph(tone) } else { " " }, style), (" ", style), (&text, style)],
        );
    }
}

/// Rank of a scope in the current place, nearest first; `None`: its commands are not offered here.
fn near(scope: Scope, ui: &Ui) -> Option<usize> {
    let order: &[Scope] = match ui.at {
        _ if ui.step().is_some() => &[Scope::Step, Scope::Run, Scope::Everywhere, Scope::List, Scope::Detail],
        At::Page(0) => &[Scope::Run, Scope::Step, Scope::Everywhere, Scope::Demo],
        At::Page(_) => &[Scope::List, Scope::Everywhere, Scope::Run, Scope::Demo],
        At::Detail => &[Scope::Detail, Scope::Everywhere, Scope::List, Scope::Run, Scope::Demo],
    };
    order.iter().position(|s| *s == scope)
}

/// A command's title. One that switches says what it does now.
fn title(c: &Command, ui: &Ui) -> &'static str {
    if c.id == Id::Maximise && ui.is_maximised() { "restore" } else { c.title }
}

/// The commands that are possible here. What is disabled is in help and palette, with the reason; pressing its key says it too.
fn hints(line: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>) {
    // A session that only watches does not list the commands it cannot use.
    let watches = ui.latest().run.as_ref().is_none_or(|run| run.operator.is_none());
    let held = ui.latest().run.as_ref().is_some_and(|run| run.releasable);
    // Either the run can be held, or the hold can be released.
    let other = |c: &Command| c.id == if held { Id::Hold } else { Id::Release };
    let offered = |c: &&Command| c.hint && !other(c) && !(watches && c.risk != Risk::Looks);
    let real = ui.latest().speed.is_none();
    let place = |c: &'static Command| {
        let near = near(c.scope, ui).filter(|_| !(real && c.scope == Scope::Demo))?;
        // These are always shown.
        let kept = matches!(c.id, Id::Palette | Id::Help | Id::Quit);
        // What has to be released comes first: nothing else goes on.
        let due = c.id == Id::Release;
        why_not(c.id, ui).is_none().then_some((kept, (!due, near), c))
    };
    let mut shown: Vec<_> = COMMANDS.iter().filter(offered).filter_map(place).collect();
    shown.sort_by_key(|(kept, near, _)| (*kept, *near));
    // If there is not enough room, those of farther scopes are dropped first.
    let size = |c: &Command| look.keys.word(c.id).width() + title(c, ui).width() + 3;
    let mut room = usize::from(line.width).saturating_sub(1);
    let mut fits = vec![false; shown.len()];
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|&i| (!shown[i].0, shown[i].1));
    for i in order {
        let size = size(shown[i].2);
        fits[i] = size <= room;
        room -= if fits[i] { size } else { 0 };
    }
    let mut x = 1;
    let (key, text) = (look.theme.style(Role::Key), look.theme.style(Role::Text));
    for (_, (.., c)) in fits.into_iter().zip(shown).filter(|(fits, _)| *fits) {
        let rest = Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line };
        let word = look.keys.word(c.id);
        x += put_all(rest, buf, [(word.as_str(), key), (" ", text), (title(c, ui), text), ("  ", text)]);
    }
}
