//! Draws a view model and the state of the user interface. Pure: results that only drawing can know (how much room
//! there was) are returned as [`Drawn`].

mod caption;
mod detail;
mod dialog;
mod foot;
mod head;
mod help;
mod messages;
mod overview;
mod palette;
mod panel;
mod runbook;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    ascii,
    drawing::Drawing,
    drawn::Drawn,
    entry::Entry,
    pages::RUNBOOK,
    theme::{Role, Theme},
    ui::{At, Ui},
};
use base::{side::Sides, text::acts};

/// The smallest legible screen.
const SMALLEST: (u16, u16) = (40, 10);

/// Draws the whole screen.
pub fn draw(ui: &Ui, theme: &Theme, plain: bool, buf: &mut Buffer) -> Drawn {
    let screen = buf.area;
    let text = theme.style(Role::Text);
    buf.content.iter_mut().for_each(|cell| {
        cell.set_style(text);
    });
    let plan = ui.view_model().snapshot.plan.clone();
    let look = Drawing {
        theme,
        ascii: plain,
        sides: Sides { source: &plan.sites.source.label, target: &plan.sites.target.label },
        keys: &ui.keys,
        clock: &ui.view_model().clock,
    };
    let mut drawn = Drawn::default();
    if screen.width < SMALLEST.0 || screen.height < SMALLEST.1 {
        let text = format!("too small: {}×{} at least", SMALLEST.0, SMALLEST.1);
        super::widget::text::put(screen, buf, &text, Style::new());
        head::verdict(Rect { y: screen.y + 1, height: 1, ..screen }, buf, ui, &look);
    } else {
        let (head, body, notice, foot) = parts(screen, caption::height(ui, screen.width));
        // A message has a line of its own, so that it hides no row that a key acts on.
        let reported = if matches!(ui.entry, Entry::Commands) { foot::height(ui, screen.width, &look) } else { 0 };
        let reported = reported.min(body.height.saturating_sub(SMALLEST.1 - 4).max(1));
        let body = Rect { height: body.height - reported, ..body };
        head::draw(head, buf, ui, &look, &mut drawn);
        match (&ui.entry, ui.at) {
            (Entry::Help(search, top), _) => drawn.text = Some(help::draw(body, buf, ui, (search, *top), &look)),
            (Entry::Messages(top), _) => drawn.text = Some(messages::draw(body, buf, ui, *top, &look)),
            (_, At::Page(0)) => overview::draw(body, buf, ui, &look, &mut drawn),
            (_, At::Page(_)) if ui.panel().is_some_and(|p| p.id == RUNBOOK) => {
                runbook::draw(body, buf, ui, &look, &mut drawn)
            }
            (_, At::Page(_)) => panel::draw(body, buf, ui, &look, &mut drawn),
            (_, At::Detail) => detail::draw(body, buf, ui, &look, &mut drawn),
        }
        match &ui.entry {
            Entry::Dialog(open) => drawn.text = dialog::draw(body, buf, ui, open, &look),
            Entry::Palette(open) => palette::draw(body, buf, ui, open, &look),
            Entry::Commands | Entry::Filter(_) | Entry::Help(..) | Entry::Messages(_) => {}
        }
        if reported > 0 {
            foot::message(Rect { y: body.bottom(), height: reported, ..body }, buf, ui, &look);
        }
        caption::draw(notice, buf, ui, &look);
        foot::draw(foot, buf, ui, &look);
    }
    quiet(buf);
    if plain {
        ascii::twin(buf);
    }
    drawn
}

/// Removes characters that control the terminal or affect neighbouring characters: names and messages come from
/// servers.
fn quiet(buf: &mut Buffer) {
    for cell in &mut buf.content {
        // One byte is ASCII, as in most cells.
        if cell.symbol().len() > 1 && cell.symbol().chars().any(acts) {
            let seen: String = cell.symbol().chars().filter(|c| !acts(*c)).collect();
            cell.set_symbol(if seen.is_empty() { " " } else { &seen });
        }
    }
}

fn parts(screen: Rect, notice: u16) -> (Rect, Rect, Rect, Rect) {
    let notice = notice.min(screen.height.saturating_sub(SMALLEST.1));
    let head = Rect { height: 3, ..screen };
    let foot = Rect { y: screen.bottom() - 1, height: 1, ..screen };
    let caption = Rect { y: foot.y - notice, height: notice, ..screen };
    let body = Rect { y: screen.y + 3, height: screen.height - 4 - notice, ..screen };
    (head, body, caption, foot)
}
