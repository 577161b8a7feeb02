//! Large figures, legible in a small and blurred video call.
//!
//! Letters and digits of three by five dots, in three sizes of dots. A figure uses one or two of them: the number as
//! large as possible, its unit and its limit beside it.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

/// Size of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Five lines: the number in dots of two cells, the rest smaller beside it; or a word alone.
    Huge,
    /// Three lines, two dots a line; five lines in ASCII, which has no half blocks.
    Large,
}

impl Size {
    /// Lines that it takes.
    #[must_use]
    pub const fn height(self, ascii: bool) -> u16 {
        match (self, ascii) {
            (Self::Huge, _) | (Self::Large, true) => 5,
            (Self::Large, false) => 3,
        }
    }
}

/// Dot size of one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// A dot is two cells.
    Double,
    /// A dot is one cell.
    Single,
    /// A dot is half a cell.
    Half,
}

impl Cut {
    const fn across(self) -> u16 {
        if matches!(self, Self::Double) { 2 } else { 1 }
    }

    const fn height(self) -> u16 {
        if matches!(self, Self::Half) { 3 } else { 5 }
    }

    /// The character that shows a glyph's dots in one cell.
    fn symbol(self, on: impl Fn(u16) -> bool, line: u16) -> Option<&'static str> {
        if self != Self::Half {
            return on(line).then_some("█");
        }
        match (on(2 * line), on(2 * line + 1)) {
            (true, true) => Some("█"),
            (true, false) => Some("▀"),
            (false, true) => Some("▄"),
            (false, false) => None,
        }
    }
}

/// Dots across, and the five rows, the left dot in the highest bit.
type Glyph = (u16, [u8; 5]);

#[rustfmt::skip]
fn glyph(c: char) -> Option<Glyph> {
    Some(match c {
        '0' | 'O' => (3, [7, 5, 5, 5, 7]), '1' => (3, [2, 6, 2, 2, 7]), '2' => (3, [7, 1, 7, 4, 7]),
        '3' => (3, [7, 1, 3, 1, 7]), '4' => (3, [5, 5, 7, 1, 1]), '5' => (3, [7, 4, 7, 1, 7]),
        '6' => (3, [7, 4, 7, 5, 7]), '7' => (3, [7, 1, 2, 2, 2]), '8' => (3, [7, 5, 7, 5, 7]),
        '9' => (3, [7, 5, 7, 1, 7]),
        'A' => (3, [2, 5, 7, 5, 5]), 'B' => (3, [6, 5, 6, 5, 6]), 'C' => (3, [7, 4, 4, 4, 7]),
        'D' => (3, [6, 5, 5, 5, 6]), 'E' => (3, [7, 4, 6, 4, 7]), 'F' => (3, [7, 4, 6, 4, 4]),
        'G' => (3, [7, 4, 5, 5, 7]), 'H' => (3, [5, 5, 7, 5, 5]), 'I' => (1, [1, 1, 1, 1, 1]),
        'J' => (3, [1, 1, 1, 5, 7]), 'K' => (3, [5, 5, 6, 5, 5]), 'L' => (3, [4, 4, 4, 4, 7]),
        'M' => (5, [17, 27, 21, 17, 17]), 'N' => (4, [9, 13, 11, 9, 9]), 'P' => (3, [7, 5, 7, 4, 4]),
        'Q' => (3, [7, 5, 5, 7, 1]), 'R' => (3, [7, 5, 6, 5, 5]), 'S' => (3, [7, 4, 7, 1, 7]),
        'T' => (3, [7, 2, 2, 2, 2]), 'U' => (3, [5, 5, 5, 5, 7]), 'V' => (3, [5, 5, 5, 5, 2]),
        'W' => (5, [17, 17, 21, 27, 17]), 'X' => (3, [5, 5, 2, 5, 5]), 'Y' => (3, [5, 5, 2, 2, 2]),
        'Z' => (3, [7, 1, 2, 4, 7]),
        'd' => (3, [1, 1, 7, 5, 7]), 'f' => (2, [3, 2, 3, 2, 2]), 'h' => (3, [4, 4, 7, 5, 5]),
        'k' => (3, [4, 5, 6, 6, 5]), 'm' => (5, [0, 0, 30, 21, 21]), 'o' => (3, [0, 0, 7, 5, 7]),
        'p' => (3, [0, 7, 5, 7, 4]), 's' => (3, [0, 7, 4, 1, 7]), 'µ' => (3, [0, 5, 5, 7, 4]),
        '.' | ',' => (1, [0, 0, 0, 0, 1]), ':' => (1, [0, 1, 0, 1, 0]), '/' => (3, [1, 1, 2, 4, 4]),
        '%' => (3, [5, 1, 2, 4, 5]), '-' | '–' | '−' => (2, [0, 0, 3, 0, 0]), '+' => (3, [0, 2, 7, 2, 0]),
        '<' => (3, [1, 2, 4, 2, 1]), '>' | '→' => (3, [4, 2, 1, 2, 4]), '≥' => (3, [4, 2, 1, 6, 7]),
        '?' => (3, [7, 1, 2, 0, 2]), '!' => (1, [1, 1, 1, 0, 1]), '±' => (3, [2, 7, 2, 0, 7]), '×' => (3, [0, 5, 2, 5, 0]),
        '=' => (3, [0, 7, 0, 7, 0]), '~' => (4, [0, 0, 5, 10, 0]), '·' => (1, [0, 0, 1, 0, 0]),
        ' ' => (2, [0; 5]), '\u{202f}' | '\u{a0}' => (1, [0; 5]),
        _ => return None,
    })
}

/// The characters of a text, each with its dot size and glyph; `None` if one of them has no glyph.
fn set(text: &str, size: Size, ascii: bool) -> Option<Vec<(Cut, Glyph)>> {
    let small = if ascii { Cut::Single } else { Cut::Half };
    // After a slash comes the limit, which is drawn small.
    let mut number = size == Size::Huge;
    let is_word = !text.contains(|c: char| c.is_ascii_digit());
    let cut = |c: char| {
        number &= c != '/';
        let counts = is_word || c.is_ascii_digit() || matches!(c, '.' | ':');
        let cut = if number && counts { Cut::Double } else { small };
        Some((cut, glyph(c)?))
    };
    text.chars().map(cut).collect()
}

/// Width of a text in cells; `None` if one of its characters has no glyph.
#[must_use]
pub fn width(text: &str, size: Size, ascii: bool) -> Option<u16> {
    let set = set(text, size, ascii)?;
    Some(set.iter().map(|(cut, (w, _))| w * cut.across() + 1).sum::<u16>().saturating_sub(1))
}

/// Draws it; the text must fit.
pub fn draw(area: Rect, buf: &mut Buffer, text: &str, size: Size, ascii: bool, style: Style) {
    let mut x = area.x;
    for (cut, (width, rows)) in set(text, size, ascii).unwrap_or_default() {
        // All characters have the same baseline.
        let top = area.y + size.height(ascii) - cut.height();
        let cells = width * cut.across();
        for (at, line) in (0..cells).flat_map(|at| (0..cut.height()).map(move |line| (at, line))) {
            let dot = width - 1 - at / cut.across();
            let on = |row: u16| rows.get(usize::from(row)).is_some_and(|r| r >> dot & 1 == 1);
            let cell =
                buf.cell_mut((x + at, top + line)).filter(|_| x + at < area.right() && top + line < area.bottom());
            if let (Some(symbol), Some(cell)) = (cut.symbol(on, line), cell) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
        x += cells + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, size: Size, ascii: bool) -> Vec<String> {
        let area = Rect::new(0, 0, width(text, size, ascii).expect("it can be drawn"), size.height(ascii));
        let mut buf = Buffer::empty(area);
        draw(area, &mut buf, text, size, ascii, Style::new());
        let line = |y| (0..area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
        (0..area.height).map(line).collect()
    }

    #[test]
    fn large_figures_are_three_lines_high() {
        assert_eq!(drawn("1.4", Size::Large, false), ["▄█    █ █", " █    ▀▀█", "▀▀▀ ▀   ▀"]);
        assert_eq!(width("naïve", Size::Large, false), None);
    }

    #[test]
    fn in_a_huge_figure_the_number_is_larger_than_what_is_beside_it() {
        assert_eq!(
            drawn("7/9s", Size::Huge, false),
            [
                "██████            ",
                "    ██            ",
                "  ██     █ █▀█ ▄▄▄",
                "  ██   ▄▀  ▀▀█ ▀ ▄",
                "  ██   ▀   ▀▀▀ ▀▀▀"
            ]
        );
        let ascii = drawn("1s", Size::Large, true);
        assert_eq!(ascii.len(), 5);
        assert!(ascii.concat().chars().all(|c| matches!(c, '█' | ' ')), "ASCII has no half blocks");
    }
}
