//! The console as plain text.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{theme::Theme, ui::Ui, view};

/// The screen size that scenarios use.
pub const SCREEN: (u16, u16) = (120, 40);

/// The console as text, at the size that scenarios use.
#[must_use]
pub fn screen(ui: &Ui) -> String {
    let mut frame = Buffer::empty(Rect::new(0, 0, SCREEN.0, SCREEN.1));
    view::draw(ui, &Theme::plain(), false, &mut frame);
    let line = |y| (0..frame.area.width).map(|x| frame[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..frame.area.height).map(line).collect::<Vec<_>>().join("\n")
}
