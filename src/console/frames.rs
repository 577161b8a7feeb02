//! The frame on screen, and the bytes that change it to the next frame: only the differences, in one go, within a
//! synchronised update; nothing if the frames are equal.

use std::{io, mem};

use ratatui::{
    backend::{Backend as _, CrosstermBackend},
    buffer::{Buffer, Cell},
    crossterm::{
        queue,
        style::ResetColor,
        terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate},
    },
    layout::Rect,
    style::{Color, Modifier},
};

use super::cells::is_single;

/// Maximum cells across and down. The terminal reports its own size: two frames of that size could exceed the memory.
const LARGEST: (u16, u16) = (1024, 320);

/// The frame on screen, and the buffer of the previous one, reused for the next: half a megabyte that is not allocated
/// each time.
#[derive(Debug, Default)]
pub struct Frames {
    shown: Option<Buffer>,
    spare: Buffer,
}

impl Frames {
    /// An empty frame, at most [`LARGEST`]; nothing is drawn beyond that.
    pub fn blank(&mut self, area: Rect) -> Buffer {
        let area = Rect { width: area.width.min(LARGEST.0), height: area.height.min(LARGEST.1), ..area };
        let mut frame = mem::take(&mut self.spare);
        frame.resize(area);
        frame.reset();
        frame
    }

    /// Takes the next frame and returns the bytes to write for it.
    ///
    /// # Errors
    /// None in practice: the bytes are written to memory.
    pub fn next(&mut self, frame: Buffer) -> io::Result<Option<Vec<u8>>> {
        let bytes = written(self.shown.as_ref(), &frame)?;
        self.spare = self.shown.replace(frame).unwrap_or_default();
        Ok(bytes)
    }

    /// The next frame is written in full.
    pub fn forget(&mut self) {
        self.spare = self.shown.take().unwrap_or_default();
    }
}

fn written(shown: Option<&Buffer>, frame: &Buffer) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    queue!(bytes, BeginSynchronizedUpdate)?;
    let blank;
    let before = match shown {
        Some(shown) if shown == frame => return Ok(None),
        Some(shown) if shown.area == frame.area => shown,
        _ => {
            queue!(bytes, ResetColor, Clear(ClearType::All))?;
            blank = Buffer::empty(frame.area);
            &blank
        }
    };
    let cells = quiet(changed(before, frame));
    CrosstermBackend::new(&mut bytes).draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell)))?;
    queue!(bytes, EndSynchronizedUpdate)?;
    Ok(Some(bytes))
}

/// The cells that differ. Equal rows are most of a frame, and few rows have a character that takes more than one cell:
/// only for those rows the library, which looks up the width of every character, has to say what must be written.
fn changed(before: &Buffer, frame: &Buffer) -> Vec<(u16, u16, Cell)> {
    let area = frame.area;
    let mut out = Vec::new();
    let width = usize::from(area.width).max(1);
    let rows = before.content.chunks(width).zip(frame.content.chunks(width));
    for (y, (old, new)) in (area.y..).zip(rows) {
        if old == new {
            continue;
        }
        if old.iter().chain(new).all(|cell| cell.symbol().chars().all(is_single)) {
            let cells = (area.x..).zip(old.iter().zip(new)).filter(|(_, (old, new))| old != new);
            out.extend(cells.map(|(x, (_, new))| (x, y, new.clone())));
        } else {
            let row = Rect { y, height: 1, ..area };
            let [old, new] = [old, new].map(|cells| Buffer { area: row, content: cells.to_vec() });
            out.extend(old.diff(&new).into_iter().map(|(x, y, cell)| (x, y, cell.clone())));
        }
    }
    out
}

/// The same, but a blank whose style is not visible takes the style of the cell before it, to save colour changes.
fn quiet(mut cells: Vec<(u16, u16, Cell)>) -> Vec<(u16, u16, Cell)> {
    let seen = Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
    let mut last = (Color::Reset, Modifier::empty());
    for (_, _, cell) in &mut cells {
        if cell.symbol() == " " && !(cell.modifier | last.1).intersects(seen) {
            (cell.fg, cell.modifier) = last;
        }
        last = (cell.fg, cell.modifier);
    }
    cells
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn a_terminal_that_says_it_is_endless_takes_no_endless_memory() {
        let mut frames = Frames::default();
        for (size, drawn) in [((u16::MAX, u16::MAX), LARGEST), ((1000, 1000), (1000, LARGEST.1)), ((80, 24), (80, 24))]
        {
            let mut frame = frames.blank(Rect::new(0, 0, size.0, size.1));
            assert_eq!(frame.area, Rect::new(0, 0, drawn.0, drawn.1));
            frame.set_string(drawn.0 - 1, drawn.1 - 1, "x", Style::new());
            assert!(frames.next(frame).unwrap().is_some());
        }
    }

    #[test]
    fn the_cells_that_changed_are_those_that_the_library_finds() {
        let words = ["", "a", "●", "│", "日", "日本", "é", "e\u{301}", "⌨\u{fe0f}", "👨‍👩‍👧", "x─", "\u{202f}"];
        let styles = [Style::new(), Style::new().red(), Style::new().reversed()];
        let mut seed = 7_u64;
        let mut roll = |n: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % n
        };
        let mut wide = 0;
        for _ in 0..2000 {
            let [mut before, mut frame] = [(); 2].map(|()| Buffer::empty(Rect::new(0, 0, 6, 3)));
            for buffer in [&mut before, &mut frame] {
                for _ in 0..roll(6) {
                    let (x, y) = (u16::try_from(roll(6)).unwrap(), u16::try_from(roll(3)).unwrap());
                    buffer.set_string(x, y, words[roll(words.len())], styles[roll(styles.len())]);
                }
            }
            let changed = changed(&before, &frame);
            let cells: Vec<_> = changed.iter().map(|(x, y, cell)| (*x, *y, cell)).collect();
            assert_eq!(cells, before.diff(&frame));
            wide += usize::from(changed.iter().any(|(_, _, cell)| cell.symbol().len() > 3));
        }
        assert!(wide > 300, "{wide}");
    }

    #[test]
    fn a_frame_begins_empty_whatever_stood_in_its_room_and_at_any_size() {
        let mut frames = Frames::default();
        let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes.unwrap()).unwrap();
        for (size, full) in
            [((20, 3), true), ((20, 3), false), ((8, 2), true), ((30, 5), true), ((30, 5), false), ((30, 5), false)]
        {
            let area = Rect::new(0, 0, size.0, size.1);
            let mut frame = frames.blank(area);
            assert_eq!(frame, Buffer::empty(area), "{size:?}");
            frame.set_string(0, 0, if full { "before" } else { "after" }, Style::new());
            let before = frames.shown.clone();
            let bytes = frames.next(frame).unwrap();
            if before.as_ref() == frames.shown.as_ref() {
                assert_eq!(bytes, None, "the same frame again writes nothing");
            } else {
                assert_eq!(text(bytes).contains("\u{1b}[2J"), full, "{size:?}");
            }
        }
        frames.forget();
        let frame = frames.blank(Rect::new(0, 0, 30, 5));
        assert!(text(frames.next(frame).unwrap()).contains("\u{1b}[2J"), "in full, though nothing has changed");
    }
}
