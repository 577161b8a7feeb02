//! The last line: the text being written, or a message, or the available commands.

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr as _;

use crate::drawing::Drawing;
use crate::{
    command::{COMMANDS, Command, Id, Risk, Scope},
    entry::Entry,
    theme::Role,
    ui::{At, Ui},
    why_not::why_not,
    widget::text::{put, put_all},
};

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
                    "  text  col:text  col:>100  !not  /regex/ · ↑ earlier ones · Enter keeps, Esc drops",
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
            let message = message.map(|m| format!("  ▲ {}", look.spell(m)));
            put(rest, buf, message.as_deref().unwrap_or_default(), style(Role::Warn));
        }
        (Entry::Commands, _) => hints(line, buf, ui, look),
        // A dialog has its own keys.
        (Entry::Dialog(_), _) => message(line, buf, ui, look),
    }
}

/// Whether there is a message.
pub(super) fn has_message(ui: &Ui) -> bool {
    ui.messages.shown().is_some() || ui.latest().run.as_ref().is_some_and(|run| run.notice.is_some())
}

/// The message that is shown, or what the engine has to report of the last order. The hints stay visible below it.
pub(super) fn message(line: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>) {
    let notice = ui.latest().run.as_ref().and_then(|run| run.notice.as_deref());
    if let Some(text) = ui.messages.shown().or(notice) {
        let style = look.theme.style(Role::Warn);
        put(line, buf, &" ".repeat(usize::from(line.width)), look.theme.style(Role::Text));
        put_all(line, buf, [(" ▲ ", style), (&look.spell(text), style)]);
    }
}

/// Rank of a scope in the current place, nearest first; `None`: its commands are not offered here.
fn near(scope: Scope, ui: &Ui) -> Option<usize> {
    let order: &[Scope] = match ui.at {
        _ if ui.step().is_some() => &[Scope::Step, Scope::Run, Scope::Everywhere, Scope::List, Scope::Detail],
        At::Page(0) => &[Scope::Run, Scope::Everywhere, Scope::Demo],
        At::Page(_) => &[Scope::List, Scope::Everywhere, Scope::Run, Scope::Demo],
        At::Detail => &[Scope::Detail, Scope::Everywhere, Scope::List, Scope::Run, Scope::Demo],
    };
    order.iter().position(|s| *s == scope)
}

/// A command's title. One that switches says what it does now.
fn title(c: &Command, ui: &Ui) -> &'static str {
    if c.id == Id::Maximise && ui.is_maximised() { "restore" } else { c.title }
}

/// The commands that are offered here. A disabled one is dimmed, and pressing its key says why.
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
        Some((kept, near, c, why_not(c.id, ui).is_none()))
    };
    let mut shown: Vec<_> = COMMANDS.iter().filter(offered).filter_map(place).collect();
    shown.sort_by_key(|(kept, near, ..)| (*kept, *near));
    // If there is not enough room, disabled commands are dropped first, then those of farther scopes.
    let size = |c: &Command| look.keys.word(c.id).width() + title(c, ui).width() + 3;
    let mut room = usize::from(line.width).saturating_sub(1);
    let mut fits = vec![false; shown.len()];
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|&i| (!shown[i].0, !shown[i].3, shown[i].1));
    for i in order {
        let size = size(shown[i].2);
        fits[i] = size <= room;
        room -= if fits[i] { size } else { 0 };
    }
    let mut x = 1;
    for (_, (.., c, possible)) in fits.into_iter().zip(shown).filter(|(fits, _)| *fits) {
        let key = look.theme.style(if possible { Role::Key } else { Role::Muted });
        let text = look.theme.style(if possible { Role::Text } else { Role::Muted });
        let rest = Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line };
        let word = look.keys.word(c.id);
        x += put_all(rest, buf, [(word.as_str(), key), (" ", text), (title(c, ui), text), ("  ", text)]);
    }
}
