//! The side effects of an event, as data: the event loop executes them.

use std::path::PathBuf;

use super::command::Id;
use engine::{EngineCommand, run::Order, snapshot::DetailKey};

/// A side effect to execute.
#[derive(Debug, PartialEq)]
pub enum Act {
    /// Send a command to the engine.
    Send(EngineCommand),
    /// Want the detail of this row in the snapshots, and no other.
    Open(Option<DetailKey>),
    /// Set the speed of simulated time, in virtual seconds a second.
    Speed(f64),
    /// Give an order.
    Order(Order),
    /// Load the selected theme.
    Theme,
    /// Mask names, or show them.
    Mask,
    /// Show instants in the selected zone.
    Zone,
    /// Enable or disable the mouse.
    Mouse,
    /// Put this text into the clipboard.
    Copy(String),
    /// Write this text into a new file.
    Export(PathBuf, String),
    /// Redraw the whole screen.
    Redraw,
    /// Stop until SIGCONT.
    Suspend,
    /// Quit.
    Quit,
}

/// What came of a key or of a mouse action.
#[derive(Debug, PartialEq)]
pub enum Handled {
    /// It was handled, with these side effects.
    Done(Vec<Act>),
    /// It means a command; the number says which of the command's keys. Only `update` runs commands.
    Command(Id, usize),
}

impl Handled {
    /// Without side effects.
    pub(super) const NOTHING: Self = Self::Done(Vec::new());
}
