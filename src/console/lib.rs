//! The console: the only user of the terminal. It draws snapshots and never queries a server.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `event_loop`, `bell` | waits for keys, signals, view models and ticks; executes acts; draws; when the bell rings |
//! | `settings` | the operator's settings, from the configuration |
//! | `choices`, `state_file` | what was chosen on screen and is shown again at the next start: theme, sort orders, columns |
//! | `input` | keys and signals, each on its own thread |
//! | `ui`, `entry`, `table` | the state of the user interface: plain data; where typed characters go; one list |
//! | `update` | pure: gives an event to what handles it, and runs the command that it means |
//! | `perform`, `travel`, `typing` | what each command does; navigation; text entry |
//! | `drawn` | what only drawing knows: how much room there was, what can be clicked |
//! | `view_model`, `rows`, `order`, `filter` | the view model: what is computed from a snapshot before it is drawn |
//! | `act` | the side effects of an event, as data; what came of a key |
//! | `pages` | the console's own pages: their ids; which pages have a key |
//! | `answers` | the ten answers of the overview, and what each opens |
//! | `prepared`, `render_worker` | rows computed in advance; the render worker: the thread that computes the view model |
//! | `mask` | replaces private names in the snapshot before the view model is computed |
//! | `clock` | instants formatted for people, in the selected zone |
//! | `copy`, `export` | what can be copied to the clipboard; a table as CSV, JSON or Markdown |
//! | `messages` | the message in the last line, and the log of all |
//! | `marks` | what a chart shows beside its lines: the limits of gates, the milestones of the run |
//! | `view`, `drawing`, `widget`, `theme`, `colour`, `sight`, `ascii` | drawing; contrast and colour vision |
//! | `runbook`, `way_back`, `dialog` | the Runbook and Journal pages; the rollback; dialogs that open before something is changed |
//! | `steps`, `spans` | how far a step is; the commands and instants in a text |
//! | `cells` | how many cells of the screen a text takes |
//! | `command`, `why_not` | the command table, from which keys, hints, help and palette are generated; why a command is disabled |
//! | `mouse` | what a click means when the mouse is enabled; a click never gives an order |
//! | `history` | what was entered before: commands of the palette, filters, lines of prompts |
//! | `glossary` | the words of the screen, explained |
//! | `key`, `keymap`, `palette`, `offer`, `row_search` | keys and their spelling; which key runs which command; commands and rows by name |
//! | `player`, `cast`, `text` | the script of a scenario: keys pressed as the screen permits, paced for viewers, recorded |
//! | `terminal`, `frames` | takes over the terminal and restores it completely; writes frames |
//!
//! It runs on its own thread and receives snapshots through a watch channel: a terminal that stops reading stops the
//! console and nothing else.

pub mod act;
pub mod answers;
pub mod ascii;
pub mod bell;
mod cast;
mod cells;
pub mod choices;
pub mod clock;
pub mod colour;
pub mod command;
mod copy;
pub mod dialog;
pub mod drawing;
pub mod drawn;
pub mod entry;
mod event_loop;
mod export;
mod filter;
pub mod frames;
mod gates;
mod glossary;
pub mod history;
mod input;
pub mod key;
pub mod keymap;
mod marks;
pub mod mask;
pub mod messages;
pub mod mouse;
pub mod offer;
mod order;
pub mod pages;
pub mod palette;
mod perform;
pub mod player;
pub mod prepared;
pub mod render_worker;
pub mod row_search;
mod rows;
pub mod runbook;
pub mod settings;
pub mod sight;
mod spans;
pub mod state_file;
mod steps;
mod table;
pub mod terminal;
pub mod text;
mod theme;
mod travel;
mod typing;
pub mod ui;
pub mod update;
pub mod view;
pub mod view_model;
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

/// Options of the console.
#[derive(Debug)]
pub struct Options {
    /// The operator's settings.
    pub settings: Settings,
    /// What this session may change.
    pub mode: Mode,
    /// The name of the scenario that is played.
    pub scenario: Option<String>,
    /// The script that presses the keys, if there is one.
    pub script: Option<Box<dyn player::Script>>,
    /// A message that is shown until the first key is pressed.
    pub greeting: Option<String>,
    /// File for a recording of the screen.
    pub record: Option<PathBuf>,
    /// File of what was chosen on screen; none: nothing is read or written.
    pub state: Option<PathBuf>,
    /// Whether the theme was requested for this start: then the one that was chosen on screen earlier does not apply.
    pub own_theme: bool,
}

/// How the console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By the operator.
    Quit,
    /// By this signal: the process must exit with 128 + its number.
    Signal(i32),
}

/// Why the console cannot continue.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The theme cannot be used.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// The recording cannot be written.
    #[error("the recording {}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The terminal cannot be controlled.
    #[error("terminal")]
    Terminal(#[from] io::Error),
    /// The console itself panicked; the message was printed.
    #[error("the console stopped because of an internal error; see the lines above")]
    Panicked,
}

/// Shows what comes through `link`, and gives `orders` if it has that right, until the operator quits or a signal ends
/// it. Blocks; drawing happens on its own thread.
///
/// # Errors
/// If the theme or the terminal cannot be used. The terminal is restored in every case.
pub fn run(link: Link, orders: Option<Orders>, options: Options) -> Result<Ended, Error> {
    terminal::watch_panics();
    let thread = thread::Builder::new()
        .name(terminal::THREAD.into())
        .spawn(move || Console::new(link, orders, options)?.run())?;
    let ended = thread.join().unwrap_or(Err(Error::Panicked));
    terminal::report_panics();
    ended
}
