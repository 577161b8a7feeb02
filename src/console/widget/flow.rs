//! Words that flow through the available lines. Text that does not fit is cut with an ellipsis.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr as _;

use super::text::{put, put_all};

/// An unbreakable unit: a word, or a value with its label and its glyph.
#[derive(Debug, Clone)]
pub struct Atom {
    parts: Vec<(String, Style)>,
    /// It begins a new line if there are enough lines.
    fresh: bool,
}

impl Atom {
    /// An atom of these parts.
    #[must_use]
    pub fn of(parts: Vec<(String, Style)>) -> Self {
        Self { parts, fresh: false }
    }

    /// The words of a text.
    pub fn words(text: &str, style: Style) -> impl Iterator<Item = Self> {
        text.split(' ').filter(|w| !w.is_empty()).map(move |word| Self::of(vec![(word.to_owned(), style)]))
    }

    /// The same atom; it begins a new line if there are enough lines.
    #[must_use]
    pub fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    fn width(&self) -> usize {
        self.parts.iter().map(|(text, _)| text.width()).sum()
    }
}

/// Cells before an atom: one that should begin a line gets a wider gap if it does not.
fn gap(atom: &Atom, behind: bool) -> u16 {
    match (behind, atom.fresh) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 3,
    }
}

/// How many atoms go into each line of these widths.
fn lay(atoms: &[Atom], widths: &[usize], fresh: bool) -> Vec<usize> {
    let mut counts = vec![0; widths.len()];
    let (mut line, mut used) = (0, 0);
    for atom in atoms {
        let blank = gap(atom, used > 0);
        let fits = widths.get(line).is_some_and(|width| used + usize::from(blank) + atom.width() <= *width);
        if used > 0 && (!fits || fresh && atom.fresh) {
            (line, used) = (line + 1, 0);
        }
        // The first line may begin behind other text: a long word may have more room in the next one.
        while used == 0 && line + 1 < widths.len() && atom.width() > widths[line] && widths[line + 1] > widths[line] {
            line += 1;
        }
        let Some(count) = counts.get_mut(line) else { break };
        *count += 1;
        used += usize::from(gap(atom, used > 0)) + atom.width();
    }
    counts
}

/// Whether all atoms fit in these lines.
#[must_use]
pub fn fits(lines: &[Rect], atoms: &[Atom]) -> bool {
    let widths: Vec<usize> = lines.iter().map(|line| usize::from(line.width)).collect();
    lay(atoms, &widths, false).iter().sum::<usize>() == atoms.len()
}

/// Writes them into the lines; returns how many lines were used, and whether something was cut.
pub fn flow(lines: &[Rect], buf: &mut Buffer, atoms: &[Atom], cut: Style) -> (usize, bool) {
    let widths: Vec<usize> = lines.iter().map(|line| usize::from(line.width)).collect();
    let airy = lay(atoms, &widths, true);
    let counts = if airy.iter().sum::<usize>() < atoms.len() { lay(atoms, &widths, false) } else { airy };
    let shown: usize = counts.iter().sum();
    let is_cut = shown < atoms.len();
    let last = counts.iter().rposition(|n| *n > 0);
    let mut rest = atoms.iter();
    for (i, (line, count)) in lines.iter().zip(&counts).enumerate() {
        let more = is_cut && Some(i) == last;
        // The ellipsis takes one cell.
        let room = Rect { width: line.width - u16::from(more).min(line.width), ..*line };
        let mut x = 0;
        for (n, atom) in rest.by_ref().take(*count).enumerate() {
            let blank = gap(atom, n > 0);
            if blank == 3 {
                put(Rect { x: room.x + x, width: room.width.saturating_sub(x), ..room }, buf, " · ", cut);
            }
            let left = Rect { x: room.x + x + blank, width: room.width.saturating_sub(x + blank), ..room };
            if left.width == 0 {
                continue;
            }
            x += blank + put_all(left, buf, atom.parts.iter().map(|(text, style)| (text.as_str(), *style)));
        }
        if more {
            let already = x > 0 && buf[(line.x + x - 1, line.y)].symbol() == "…";
            if !already {
                put(Rect { x: line.x + x, width: line.width - x, ..*line }, buf, "…", cut);
            }
        }
    }
    (last.map_or(0, |last| last + 1), is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flown(text: &str, widths: &[u16]) -> Vec<String> {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 3));
        let lines: Vec<Rect> = (0..).zip(widths).map(|(y, w)| Rect::new(0, y, *w, 1)).collect();
        let atoms: Vec<Atom> = Atom::words(text, Style::new()).collect();
        flow(&lines, &mut buf, &atoms, Style::new());
        let line = |y| (0..20).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..3).map(line).collect()
    }

    #[test]
    fn what_does_not_fit_is_cut_with_an_ellipsis() {
        assert_eq!(flown("one two three", &[9, 9]), ["one two", "three", ""]);
        assert_eq!(flown("one two three", &[9]), ["one two…", "", ""]);
        assert_eq!(flown("one two three", &[7]), ["one t…", "", ""]);
        assert_eq!(flown("primaries", &[5]), ["prim…", "", ""]);
        assert_eq!(flown("a primaries", &[5, 12]), ["a", "primaries", ""]);
        assert_eq!(flown("primaries moved", &[5, 16]), ["", "primaries moved", ""]);
    }

    #[test]
    fn what_begins_a_line_gives_way_where_lines_are_few() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 2));
        let atoms = ["a", "b"].map(|text| Atom::of(vec![(text.to_owned(), Style::new())]).fresh());
        assert_eq!(flow(&[Rect::new(0, 0, 9, 1), Rect::new(0, 1, 9, 1)], &mut buf, &atoms, Style::new()), (2, false));
        assert_eq!(flow(&[Rect::new(0, 0, 9, 1)], &mut buf, &atoms, Style::new()), (1, false));
    }
}
