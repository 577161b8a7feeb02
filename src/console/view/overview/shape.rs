//! The layout of the answers: data, and the arithmetic that computes rectangles. Depends only on the size of the
//! screen, never on the answers: nothing moves while figures change.

use ratatui::layout::Rect;

use crate::widget::big::{self, Size};

/// How much room one answer needs.
pub struct Shape {
    /// The longest usual figure. The size is chosen for it, so that the size does not change with the figure.
    pub figure: &'static str,
    /// The largest size.
    most: Size,
    /// Lines if there is no room for figures: on a screen of 24 lines, and on a larger one.
    lines: [u16; 2],
}

const fn shape(figure: &'static str, most: Size, lines: [u16; 2]) -> Shape {
    Shape { figure, most, lines }
}

/// In the order of [`crate::answers::QUESTIONS`].
pub const SHAPES: [Shape; 10] = [
    shape("ROLL BACK", Size::Huge, [3, 4]),
    shape("0.00%", Size::Huge, [2, 3]),
    shape("0.0s/0.0s", Size::Huge, [1, 2]),
    shape("00.0%", Size::Huge, [3, 3]),
    shape("00/00", Size::Huge, [2, 2]),
    shape("≥0m00s", Size::Huge, [3, 4]),
    shape("000%", Size::Huge, [2, 3]),
    shape("0m00s", Size::Huge, [2, 3]),
    shape("0:00:00", Size::Large, [1, 1]),
    shape("0m00s", Size::Large, [1, 2]),
];

/// A layout for a minimum size.
struct Arrangement {
    /// Minimum columns and lines.
    from: (u16, u16),
    /// Lines of the verdict, above all others.
    band: u16,
    /// Weights of the columns of the others, which are filled in reading order.
    columns: &'static [u16],
    /// Columns for the next steps, beside all of that.
    beside: u16,
}

/// The first that fits is used; if none does, each answer gets lines.
const ARRANGEMENTS: [Arrangement; 3] = [
    Arrangement { from: (170, 38), band: 6, columns: &[36, 43, 41], beside: 50 },
    Arrangement { from: (114, 31), band: 4, columns: &[36, 43, 41], beside: 0 },
    Arrangement { from: (76, 44), band: 4, columns: &[1, 1], beside: 0 },
];

/// How an answer is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// With a figure.
    Tile,
    /// In one line or a few.
    Line,
}

/// One answer's place.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Index of the answer.
    pub answer: usize,
    /// Its rectangle.
    pub area: Rect,
    /// Its form.
    pub form: Form,
}

/// All places.
#[derive(Debug)]
pub struct Arranged {
    /// In reading order.
    pub places: Vec<Place>,
    /// How many are side by side.
    pub columns: usize,
    /// The room for the next steps, if there is any.
    pub beside: Option<Rect>,
}

/// Computes the layout. `selected`: the answer that must be visible if there is no room for all.
pub fn arrange(area: Rect, selected: usize) -> Arranged {
    let fits = |a: &&Arrangement| area.width >= a.from.0 && area.height >= a.from.1;
    match ARRANGEMENTS.iter().find(fits) {
        Some(arrangement) => tiles(area, arrangement),
        None => Arranged { places: lines(area, selected), columns: 1, beside: None },
    }
}

fn tiles(area: Rect, arrangement: &Arrangement) -> Arranged {
    let side = Rect { x: area.right() - arrangement.beside, width: arrangement.beside, ..area };
    let area = Rect { width: area.width - arrangement.beside, ..area };
    let mut places = vec![Place { answer: 0, area: Rect { height: arrangement.band, ..area }, form: Form::Tile }];
    let (columns, all) = (arrangement.columns, arrangement.columns.iter().sum::<u16>());
    let rows = (SHAPES.len() - 1).div_ceil(columns.len());
    let below = area.height - arrangement.band;
    for answer in 1..SHAPES.len() {
        let (row, column) = ((answer - 1) / columns.len(), (answer - 1) % columns.len());
        let edge = |n: usize| area.width * columns[..n].iter().sum::<u16>() / all;
        let top = |n: usize| u16::try_from((usize::from(below) * n).div_ceil(rows)).unwrap_or(below);
        let cell = Rect {
            x: area.x + edge(column),
            y: area.y + arrangement.band + top(row),
            width: edge(column + 1) - edge(column),
            height: top(row + 1) - top(row),
        };
        places.push(Place { answer, area: cell, form: Form::Tile });
    }
    Arranged { places, columns: columns.len(), beside: (side.width > 0).then_some(side) }
}

fn lines(area: Rect, selected: usize) -> Vec<Place> {
    let mut heights = [1; SHAPES.len()];
    let mut left = area.height.saturating_sub(u16::try_from(heights.len()).unwrap_or(0));
    // One line to each in turn, until each has its first number of lines, then its second.
    let passes = SHAPES.map(|s| s.lines[0]).into_iter().chain(SHAPES.map(|s| s.lines[1])).max().unwrap_or(1);
    for stage in 0..2 {
        for _ in 0..passes {
            for (height, shape) in heights.iter_mut().zip(&SHAPES) {
                if *height < shape.lines[stage] && left > 0 {
                    (*height, left) = (*height + 1, left - 1);
                }
            }
        }
    }
    // If there is not even one line for each, those before the selected one are dropped.
    let first = (selected + 1).saturating_sub(usize::from(area.height));
    let mut y = area.y;
    let mut places = Vec::new();
    for (answer, height) in heights.into_iter().enumerate().skip(first) {
        if y + height > area.bottom() {
            break;
        }
        places.push(Place { answer, area: Rect { y, height, ..area }, form: Form::Line });
        y += height;
    }
    places
}

/// The size of a place's figure: the largest at which its longest usual figure fits, with this much room left for
/// words.
pub fn size(place: &Place, room: u16, ascii: bool) -> Option<Size> {
    let words = |size: Size| 1 + size.height(ascii) + if size == Size::Huge { 4 } else { 3 };
    let shape = SHAPES.get(place.answer)?;
    let fits = |size: &Size| {
        let figure = shape.figure;
        place.area.height >= words(*size) && big::width(figure, *size, ascii).is_some_and(|width| width <= room)
    };
    let sizes: &[Size] = if shape.most == Size::Huge { &[Size::Huge, Size::Large] } else { &[Size::Large] };
    sizes.iter().copied().find(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_every_size_all_answers_are_there_in_order_and_none_lies_over_another() {
        for width in 80..=200 {
            for height in 20..=46 {
                let area = Rect::new(0, 3, width, height);
                let arranged = arrange(area, 0);
                let order: Vec<usize> = arranged.places.iter().map(|p| p.answer).collect();
                assert_eq!(order, (0..SHAPES.len()).collect::<Vec<_>>(), "{width}×{height}");
                let mut areas: Vec<Rect> = arranged.places.iter().map(|p| p.area).collect();
                areas.extend(arranged.beside);
                for (i, a) in areas.iter().enumerate() {
                    assert_eq!(a.intersection(area), *a, "{width}×{height}: outside");
                    assert!(!a.is_empty());
                    assert!(areas[..i].iter().all(|b| b.intersection(*a).is_empty()), "{width}×{height}: {i} overlaps");
                }
                let reading = |p: &Place| (p.area.y, p.area.x);
                assert!(arranged.places.is_sorted_by_key(reading), "{width}×{height}: not in reading order");
            }
        }
    }

    #[test]
    fn where_there_is_no_line_for_each_the_selected_one_is_seen() {
        for selected in 0..SHAPES.len() {
            let arranged = arrange(Rect::new(0, 3, 60, 6), selected);
            assert!(arranged.places.iter().any(|p| p.answer == selected));
        }
    }

    #[test]
    fn on_the_usual_screen_figures_are_huge_where_they_are_read_over_a_call() {
        let huge = |area: Rect| -> Vec<usize> {
            let is = |p: &&Place| p.answer > 0 && size(p, p.area.width - 4, false) == Some(Size::Huge);
            arrange(area, 0).places.iter().filter(is).map(|p| p.answer).collect()
        };
        assert_eq!(huge(Rect::new(0, 3, 120, 36)), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(huge(Rect::new(0, 3, 200, 46)), [1, 2, 3, 4, 5, 6, 7]);
    }
}
