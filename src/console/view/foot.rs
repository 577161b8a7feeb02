//! The last line: what is being written, or what there is to say, or what can be done.

use ratatui::{buffer::Buffer, layout::Rect};

use super::Look;
use crate::console::{
    command::{COMMANDS, Command, Id},
    theme::Role,
    ui::{Entry, Ui},
    why_not::{is_steering, why_not},
    widget::text::{put, put_all},
};

pub(super) fn draw(line: Rect, buf: &mut Buffer, ui: &Ui, look: &Look<'_>) {
    let style = |role| look.theme.style(role);
    match (&ui.entry, &ui.message) {
        (Entry::Filter(_), _) => {
            let error = ui.focused().and_then(|t| ui.table_ui(t.id)).and_then(|t| t.rows.error.clone());
            let used = put_all(
                line,
                buf,
                [(" / ", style(Role::Key)), (ui.filter(), style(Role::Title)), ("▏", style(Role::Key))],
            );
            let rest = Rect { x: line.x + used, width: line.width.saturating_sub(used), ..line };
            match error {
                Some(why) => put_all(rest, buf, [("  ✖ ", style(Role::Bad)), (why.as_str(), style(Role::Bad))]),
                None => put(
                    rest,
                    buf,
                    "  text  col:text  col:>100  !not  /regex/ · Enter keeps, Esc drops",
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
        (Entry::Commands, Some(message)) => {
            put_all(line, buf, [(" ▲ ", style(Role::Warn)), (message.as_str(), style(Role::Warn))]);
        }
        (Entry::Dialog(_), Some(message)) => {
            put_all(line, buf, [(" ▲ ", style(Role::Warn)), (message.as_str(), style(Role::Warn))]);
        }
        (Entry::Commands | Entry::Dialog(_), None) => {
            match ui.latest().run.as_ref().and_then(|run| run.said.as_deref()) {
                Some(said) => {
                    put_all(line, buf, [(" ▲ ", style(Role::Warn)), (said, style(Role::Warn))]);
                }
                None => hints(line, buf, ui, look),
            }
        }
    }
}

/// The commands of the table that have a place here; what is not possible now is dimmed, and pressing it says why.
fn hints(line: Rect, buf: &mut Buffer, ui: &Ui, look: &Look<'_>) {
    // In the runbook what is about steps comes first; elsewhere it has no place.
    let runbook = ui.step().is_some();
    let place = |c: &'static Command| match (c.hint?, is_steering(c.id)) {
        (_, true) if !runbook => None,
        (place, true) => Some((place - 10, c)),
        (place, false) if runbook => Some((place + 10, c)),
        (place, false) => Some((place, c)),
    };
    let mut shown: Vec<_> = COMMANDS.iter().filter_map(place).collect();
    shown.sort_by_key(|(place, _)| *place);
    // Help and quit are never pushed off the end.
    let is_last = |id| matches!(id, Id::Help | Id::Quit);
    let size = |c: &Command| c.keys.first().map_or(0, |k| k.word().chars().count()) + c.title.len() + 3;
    let kept: usize = shown.iter().filter(|(_, c)| is_last(c.id)).map(|(_, c)| size(c)).sum();
    let mut room = usize::from(line.width).saturating_sub(kept + 1);
    let mut x = 1;
    for (_, c) in shown {
        if !is_last(c.id) {
            if size(c) > room {
                continue;
            }
            room -= size(c);
        }
        let possible = why_not(c.id, ui).is_none();
        let key = look.theme.style(if possible { Role::Key } else { Role::Muted });
        let title = look.theme.style(if possible { Role::Text } else { Role::Muted });
        let rest = Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line };
        let word = c.keys.first().map(|k| k.word()).unwrap_or_default();
        x += put_all(rest, buf, [(word.as_str(), key), (" ", title), (c.title, title), ("  ", title)]);
    }
}
