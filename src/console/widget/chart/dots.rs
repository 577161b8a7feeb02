//! Lines of braille dots: two columns and four rows of them in each cell of the terminal.

use base::side::Side;

/// A drawing.
#[derive(Debug)]
pub struct Dots {
    width: u16,
    cells: Vec<u8>,
}

/// A dot's position: column and row.
type Dot = (i32, i32);

/// The dot of a position in an area of cells: `x` and `y` are shares from the left and from the bottom.
#[expect(clippy::cast_possible_truncation, reason = "thousands at the most")]
pub fn place(x: f64, y: f64, width: u16, height: u16) -> Dot {
    let (last_x, last_y) = (f64::from(width) * 2.0 - 1.0, f64::from(height) * 4.0 - 1.0);
    ((x * last_x).round() as i32, ((1.0 - y) * last_y).round() as i32)
}

impl Dots {
    /// An empty drawing.
    pub fn new(width: u16, height: u16) -> Self {
        Self { width, cells: vec![0; usize::from(width) * usize::from(height)] }
    }

    /// Draws a line through these dots; its dash pattern shows the side.
    pub fn path(&mut self, places: impl Iterator<Item = Dot>, side: Option<Side>) {
        let mut before: Option<Dot> = None;
        for to in places {
            match before {
                // The first dot is always drawn, so that a single sample is visible.
                None => self.set(to),
                Some(from) => between(from, to).filter(|dot| inked(*dot, side)).for_each(|dot| self.set(dot)),
            }
            before = Some(to);
        }
    }

    fn set(&mut self, (x, y): Dot) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x / 2 < usize::from(self.width)
            && let Some(cell) = self.cells.get_mut(y / 4 * usize::from(self.width) + x / 2)
        {
            *cell |= BITS[y % 4][x % 2];
        }
    }

    /// Every cell with a dot: column, row and character.
    pub fn signs(&self) -> impl Iterator<Item = (u16, u16, char)> + '_ {
        let place = |i: usize| (i % usize::from(self.width), i / usize::from(self.width));
        self.cells.iter().enumerate().filter(|(_, bits)| **bits != 0).filter_map(move |(i, bits)| {
            let (x, y) = place(i);
            let sign = char::from_u32(0x2800 + u32::from(*bits))?;
            Some((u16::try_from(x).ok()?, u16::try_from(y).ok()?, sign))
        })
    }
}

/// Whether a dot of a side's line is drawn: the source's line is solid, the target's dashed, any other dotted.
const fn inked((x, y): Dot, side: Option<Side>) -> bool {
    match side {
        Some(Side::Source) => true,
        Some(Side::Target) => (x + y).rem_euclid(8) < 5,
        None => (x + y).rem_euclid(3) == 0,
    }
}

/// All dots from one to another.
fn between(from: Dot, to: Dot) -> impl Iterator<Item = Dot> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let steps = dx.abs().max(dy.abs()).max(1);
    (0..=steps).map(move |i| (from.0 + dx * i / steps, from.1 + dy * i / steps))
}
