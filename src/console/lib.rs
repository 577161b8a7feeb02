//! The console: the only user of the terminal. Draws snapshots, never asks a server.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `event_loop`, `bell` | waits for keys, signals, pictures and seconds; does what comes of them outside; draws; when it rings |
//! | `settings` | what the operator likes, out of the configuration |
//! | `input` | keys and signals, each on a thread of its own |
//! | `update`, `ui` | pure: where the operator is, and what an event makes of it |
//! | `travel`, `typing`, `table` | the same for moving about, for what is written, for one list |
//! | `picture`, `rows`, `order`, `filter` | what is made of a snapshot before it is drawn |
//! | `answers` | the ten answers of the overview, and what is behind each |
//! | `gallery` | the thread that makes it |
//! | `mask` | names that are not for everybody, taken out of it before that |
//! | `clock` | instants as people read them, in the zone that is shown |
//! | `marks` | what stands in a chart beside its lines: the limits of gates, the turns of the run |
//! | `view`, `widget`, `theme`, `colour`, `sight`, `ascii` | drawing; how colours are seen |
//! | `runbook`, `way_back`, `dialog` | the Runbook and Journal pages; the way back; what opens before something is changed |
//! | `command`, `why_not` | the table of commands, which keys, hints, help and palette are made of; why one is not possible now |
//! | `mouse` | what a click means, where the mouse is on; never an order |
//! | `key`, `keymap`, `palette` | keys and how they are written; which is which command here; commands by name |
//! | `player`, `cast`, `text` | the script of a scenario: pressed as the screen asks, paced for people, recorded |
//! | `terminal`, `frames` | taken over and given back whole; what is written for the next frame to stand there |
//!
//! It runs on a thread of its own and gets snapshots through a watch channel: a terminal that stops reading stops the console and
//! nothing else.

pub mod answers;
pub mod ascii;
pub mod bell;
mod cast;
pub mod clock;
pub mod colour;
pub mod command;
pub mod dialog;
mod event_loop;
mod filter;
pub mod frames;
pub mod gallery;
mod input;
pub mod key;
pub mod keymap;
mod marks;
pub mod mask;
pub mod mouse;
mod order;
pub mod palette;
pub mod picture;
pub mod player;
mod rows;
pub mod runbook;
pub mod settings;
pub mod sight;
mod table;
pub mod terminal;
pub mod text;
mod theme;
mod travel;
mod typing;
pub mod ui;
pub mod update;
pub mod view;
mod way_back;
pub mod why_not;
pub mod widget;

use std::{io, path::PathBuf, thread};

pub use colour::Depth;
use event_loop::Console;
use settings::Settings;
pub use theme::{Nearest, Role, Theme, ThemeError, Themes};
pub use ui::Mode;

use drive::{Link, Orders};

/// How the console is to be.
#[derive(Debug)]
pub struct Options {
    /// What the operator likes.
    pub settings: Settings,
    /// Which permits it has.
    pub mode: Mode,
    /// The script that presses the keys, if one does.
    pub script: Option<Box<dyn player::Script>>,
    /// What is said first, until a key is pressed.
    pub greeting: Option<String>,
    /// Where a recording of what is shown goes.
    pub record: Option<PathBuf>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By the operator.
    Quit,
    /// By this signal: the process should end with 128 + its number.
    Signal(i32),
}

/// Why it could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The theme cannot be used.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// What is shown cannot be recorded.
    #[error("the recording {}: {source}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The terminal does not do as told.
    #[error("terminal: {0}")]
    Terminal(#[from] io::Error),
    /// The console itself failed; what happened was printed.
    #[error("the console stopped because of an internal error; see the lines above")]
    Panicked,
}

/// Shows what comes through `link`, and gives `orders` where there is a right to, until the operator quits or a signal ends it. Blocks;
/// drawing happens on a thread of its own.
///
/// # Errors
/// If the theme or the terminal cannot be used. The terminal is given back in every case.
pub fn run(link: Link, orders: Option<Orders>, options: Options) -> Result<Ended, Error> {
    terminal::watch_panics();
    let thread = thread::Builder::new()
        .name(terminal::THREAD.into())
        .spawn(move || Console::new(link, orders, options)?.run())?;
    let ended = thread.join().unwrap_or(Err(Error::Panicked));
    terminal::tell_panics();
    ended
}
