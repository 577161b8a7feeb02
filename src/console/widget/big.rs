//! Large figures: three lines high, for people who see the screen over a video call.
//!
//! Letters and digits of three by five dots, two dots a line of the terminal.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

/// Lines that large text takes.
pub const HEIGHT: u16 = 3;

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

/// Cells that a text takes across; none if it has a sign that is not drawn large.
#[must_use]
pub fn width(text: &str) -> Option<u16> {
    let glyphs = text.chars().map(glyph).collect::<Option<Vec<_>>>()?;
    Some(glyphs.iter().map(|(w, _)| w + 1).sum::<u16>().saturating_sub(1))
}

/// Draws it; the text must fit.
pub fn draw(area: Rect, buf: &mut Buffer, text: &str, style: Style) {
    let mut x = area.x;
    for (width, rows) in text.chars().filter_map(glyph) {
        for dot in 0..width {
            for line in 0..HEIGHT {
                let on = |row: u16| rows.get(usize::from(row)).is_some_and(|r| r >> (width - 1 - dot) & 1 == 1);
                let symbol = match (on(2 * line), on(2 * line + 1)) {
                    (true, true) => "█",
                    (true, false) => "▀",
                    (false, true) => "▄",
                    (false, false) => continue,
                };
                if let Some(cell) = buf.cell_mut((x + dot, area.y + line)).filter(|_| x + dot < area.right()) {
                    cell.set_symbol(symbol).set_style(style);
                }
            }
        }
        x += width + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_three_lines_high() {
        let area = Rect::new(0, 0, 9, 3);
        let mut buf = Buffer::empty(area);
        assert_eq!(width("1.4"), Some(9));
        draw(area, &mut buf, "1.4", Style::new());
        assert_eq!(buf, Buffer::with_lines(["▄█    █ █", " █    ▀▀█", "▀▀▀ ▀   ▀"]));
        assert_eq!(width("naïve"), None);
    }
}
