//! What only drawing knows: how much room there was, and what can be clicked. Drawing returns it; [`Ui::drawn`](super::ui::Ui::drawn)
//! keeps what later events need.

use ratatui::layout::Rect;

use super::rows::Content;

/// A clickable area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// The tab of a page, by its number from 0.
    Page(usize),
    /// A tile of the overview.
    Tile(usize),
    /// A table of this place.
    Table(usize),
    /// The heading of a table's column: table and column.
    Heading(usize, usize),
    /// A row of a table, by its id: rows may have been inserted since it was drawn.
    Row(usize, String),
    /// The fields of a detail.
    Fields,
}

/// The areas of a drawing; later ones cover earlier ones.
pub type Spots = Vec<(Rect, Spot)>;

/// Results of drawing.
#[derive(Debug, Default)]
pub struct Drawn {
    /// Tables on screen: id, first row, rows.
    pub tables: Vec<(&'static str, usize, usize)>,
    /// Columns that are wider than known before.
    pub columns: Vec<(&'static str, Vec<Content>)>,
    /// Number of tiles side by side.
    pub tile_columns: Option<usize>,
    /// First line of the detail's fields that could be shown, and the last one that may be at the top.
    pub detail_top: Option<(usize, usize)>,
    /// First line that could be shown of the help, the log of messages or the preview, and how many there was room for.
    pub text: Option<(usize, usize)>,
    /// What was drawn where, for the mouse.
    pub spots: Spots,
}
