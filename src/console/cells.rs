//! How many cells of the screen a text takes.

use unicode_width::UnicodeWidthStr as _;

/// Whether a character takes one cell, whatever is beside it. Nearly all texts consist of such characters; they are
/// measured and written without a search for graphemes, which would take a third of a frame's time.
#[must_use]
pub const fn is_single(c: char) -> bool {
    matches!(c,
        ' '..='~' | '·' | '±' | '×' | '–' | '…' | '\u{202f}' | '←'..='↓' | '−' | '≠'..='≥'
        | '\u{2500}'..='\u{25fc}' | '✖' | '\u{2800}'..='\u{28ff}')
}

/// The cells that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.chars().all(is_single) { text.chars().count() } else { text.width() }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::CellWidth as _;
    use unicode_width::UnicodeWidthChar as _;

    use super::*;

    #[test]
    fn what_counts_as_single_takes_one_cell_for_the_library_too() {
        let singles = || ('\0'..='\u{ffff}').filter(|c| is_single(*c));
        assert!(singles().count() > 600);
        for c in singles() {
            let text = c.to_string();
            assert_eq!((text.cell_width(), text.width(), c.width()), (1, 1, Some(1)), "{c:?}");
        }
        assert_eq!(["ab", "日本", "● 1\u{202f}000", "e\u{301}"].map(width), [2, 4, 7, 1]);
    }
}
