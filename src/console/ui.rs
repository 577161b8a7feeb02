//! The state of the user interface: page, selection, filters, orders, frozen view model. Plain data; [`super::update`]
//! changes it, [`super::view`] draws it, neither does I/O.

mod models;
mod opened;
mod search;
mod settle;
mod tables;

use std::sync::Arc;

use self::{models::Models, search::Search};
pub use self::{models::SILENT, opened::Opened, tables::Lists};
use super::{
    choices::Chosen,
    clock::Zones,
    drawn::{Drawn, Spots},
    entry::{Dialog, Entry, Prompt},
    history::Histories,
    keymap::Keymap,
    mask::Mask,
    messages::Messages,
    pages::{RUNBOOK, SOURCES},
    view_model::ViewModel,
};
use base::{
    now::Now,
    view::{Panel, Tone},
};
use engine::{gate::GATES, run::StepView};

/// What the session may do; shown in the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only readers were built: nothing here can change a server.
    Watch,
    /// The operator's console.
    Console,
    /// A simulated estate.
    Demo,
}

/// What fills the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// A page: 0 is the overview, the others are the view model's pages from 1.
    Page(usize),
    /// The detail of a row.
    Detail,
}

/// Caption of a scenario's script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caption {
    /// The words.
    pub text: String,
    /// The keys that it pressed last, oldest first.
    pub keys: Vec<String>,
    /// Number of cues that are complete, and of all.
    pub progress: (usize, usize),
}

/// The tiles of the overview.
#[derive(Debug)]
pub struct Tiles {
    /// The selected one.
    pub selected: usize,
    /// Number of tiles side by side, from the last drawing.
    pub columns: usize,
}

/// The choice of a theme.
#[derive(Debug, Default)]
pub struct ThemeChoice {
    /// The themes' names.
    pub names: Vec<String>,
    /// The current theme, as an index.
    pub shown: usize,
    /// The theme that was requested last; it may fail to load.
    pub wanted: usize,
    /// The configured theme, which is that of a start without an earlier choice.
    pub configured: String,
}

/// The terminal, and what the last drawing put where.
#[derive(Debug)]
pub struct Terminal {
    /// Whether the mouse is on.
    pub mouse: bool,
    /// Whether tmux is between the console and the terminal.
    pub in_tmux: bool,
    /// Whether the terminal has the focus; without it changes of figures alone are not drawn.
    pub in_focus: bool,
    /// The clickable areas; empty after an event that may have changed them.
    pub spots: Spots,
    /// Visible lines of the open text: preview, help or messages.
    pub text_room: usize,
}

/// The state of the user interface.
#[derive(Debug)]
pub struct Ui {
    /// What the session may do.
    pub mode: Mode,
    /// The name of the scenario that is played.
    pub scenario: Option<String>,
    /// The console's own clock.
    pub now: Now,
    /// What fills the screen.
    pub at: At,
    /// The target of typed characters.
    pub entry: Entry,
    /// The message that is shown until the next key, and those before it.
    pub messages: Messages,
    /// Caption of the script that is playing, if there is one.
    pub caption: Option<Caption>,
    /// The tiles of the overview.
    pub tiles: Tiles,
    /// The row whose detail is open.
    pub opened: Opened,
    /// The tables.
    pub lists: Lists,
    /// Which key is which command.
    pub keys: Arc<Keymap>,
    /// The selected zone and the other one.
    pub zones: Zones,
    /// The choice of a theme.
    pub themes: ThemeChoice,
    /// What was chosen on screen, here and earlier.
    pub chosen: Chosen,
    /// The terminal, and what the last drawing put where.
    pub terminal: Terminal,
    /// What was typed in the last confirmation that was closed without executing: the step, and the text.
    pub typed: Option<(String, String)>,
    /// When a command that would have asked for words was refused, or a key that was meant for them was dropped, just now.
    pub refused: Option<Now>,
    /// What was entered before.
    pub history: Histories,
    /// The step whose preview is below the help that is open.
    pub help_over: Option<String>,
    /// The step whose preview is shown whole; that of another is folded.
    pub whole_preview: Option<String>,
    /// Speed of simulated time before it was paused.
    pub before_it_stopped: Option<f64>,
    /// The rows that the palette offers.
    pub(crate) search: Search,
    models: Models,
}

impl Ui {
    /// Opens at the overview.
    #[must_use]
    pub fn new(first: Arc<ViewModel>, now: Now, mode: Mode) -> Self {
        Self {
            mode,
            scenario: None,
            now,
            at: At::Page(0),
            entry: Entry::Commands,
            messages: Messages::default(),
            caption: None,
            tiles: Tiles { selected: 0, columns: 1 },
            opened: Opened::default(),
            lists: Lists::default(),
            keys: Arc::default(),
            zones: Zones::default(),
            themes: ThemeChoice::default(),
            chosen: Chosen::default(),
            terminal: Terminal { mouse: false, in_tmux: false, in_focus: true, spots: Spots::new(), text_room: 0 },
            typed: None,
            refused: None,
            history: Histories::default(),
            help_over: None,
            whole_preview: None,
            before_it_stopped: None,
            search: Search::default(),
            models: Models::new(first, now),
        }
    }

    /// Fingerprint of what must be drawn at once when it changes.
    #[must_use]
    pub fn fingerprint(&self) -> (u64, u64, bool, bool, &'static str) {
        // The verdict is the latest one, also while the display is frozen.
        let word = self.latest().verdict().describe().0;
        (self.view_model().fingerprint, self.rows_fingerprint(), self.opened.detail.is_some(), self.is_asking(), word)
    }

    /// Recomputes the view models in the selected zone, including the frozen one.
    pub fn rezone(&mut self) {
        let zone = self.zones.shown();
        self.remake(|view_model| view_model.rezoned(&zone));
    }

    /// Recomputes the view models with or without a mask, after it was switched.
    pub fn mask(&mut self, mut mask: Option<&mut Mask>) {
        // Collectors are addressed by names that have just changed.
        if self.opened.key.as_ref().is_some_and(|key| key.panel == SOURCES) {
            self.opened.key = None;
            self.at = At::Page(self.opened.page_below);
        }
        // The message contains the old names, and filters may contain them.
        let filtered = self.lists.filters.drain().any(|(_, filter)| !filter.is_empty());
        self.messages.hide();
        // So may what was typed.
        self.history = Histories::default();
        self.typed = None;
        self.opened.detail = None;
        let zone = self.zones.shown();
        self.remake(|view_model| view_model.again(mask.as_deref_mut(), &zone));
        if filtered {
            self.inform("filters were removed: they may have contained names".to_owned());
        }
    }

    /// Shows a message that needs attention, such as a refusal, until the next key, and keeps it in the log.
    pub fn report(&mut self, text: String) {
        self.message(Tone::Warn, text);
    }

    /// The same for plain information: what a command has done.
    pub fn inform(&mut self, text: String) {
        self.message(Tone::Plain, text);
    }

    fn message(&mut self, tone: Tone, text: String) {
        let (at, masked) = (self.latest().now.wall, self.view_model().is_masked());
        self.messages.report(at, masked, tone, text);
    }

    /// Number of the page that is shown, or of the page under the detail.
    #[must_use]
    pub fn page_number(&self) -> usize {
        match self.at {
            At::Page(i) => i,
            At::Detail => self.opened.page_below,
        }
    }

    /// The panel that is shown, or the one under the detail; `None` at the overview.
    #[must_use]
    pub fn panel(&self) -> Option<&Arc<Panel>> {
        let page = self.page_number().checked_sub(1)?;
        self.view_model().pages.get(page).map(|p| &p.panel)
    }

    /// The step of the runbook that commands apply to.
    #[must_use]
    pub fn step(&self) -> Option<&StepView> {
        let id = match self.at {
            At::Detail => match self.opened.key.as_ref()? {
                key if key.panel == RUNBOOK => key.row.as_str(),
                key if key.panel == GATES => key.table.as_str(),
                _ => return None,
            },
            At::Page(_) => self.selected().filter(|_| self.panel().is_some_and(|p| p.id == RUNBOOK))?,
        };
        self.step_named(id)
    }

    /// The step whose preview is open, or below what is open.
    #[must_use]
    pub fn preview_below(&self) -> Option<String> {
        match &self.entry {
            Entry::Dialog(Dialog::Preview(id, _)) => Some(id.clone()),
            Entry::Dialog(Dialog::Confirm(it)) => Some(it.step.clone()),
            Entry::Dialog(Dialog::Prompt(Prompt { over, .. }) | Dialog::Leave(over)) => over.clone(),
            Entry::Help(..) => self.help_over.clone(),
            _ => None,
        }
    }

    /// The step that a command applies to: that of the open dialog, else the selected one, else on the overview the one that the verdict is
    /// about and `:next-step` goes to.
    #[must_use]
    pub fn acted_on(&self) -> Option<&StepView> {
        if let Some(id) = self.preview_below() {
            return self.step_named(&id);
        }
        // What is not on screen must not be acted on: a frozen overview may be about another step.
        let due = || self.latest().run.as_ref()?.due().filter(|_| self.at == At::Page(0) && !self.is_frozen());
        self.step().or_else(due)
    }

    /// The step with this id.
    #[must_use]
    pub fn step_named(&self, id: &str) -> Option<&StepView> {
        self.latest().run.as_ref()?.steps.iter().find(|s| s.id == id)
    }

    /// Stores how much room each table had in the last drawing.
    pub fn drawn(&mut self, drawn: &Drawn) {
        self.terminal.spots.clone_from(&drawn.spots);
        self.tiles.columns = drawn.tile_columns.unwrap_or(self.tiles.columns);
        (self.opened.top, self.opened.last) = drawn.detail_top.unwrap_or((self.opened.top, self.opened.last));
        let open = match &mut self.entry {
            Entry::Help(_, top) | Entry::Messages(top) | Entry::Dialog(Dialog::Preview(_, top)) => Some(top),
            _ => None,
        };
        if let (Some(top), Some((first, room))) = (open, drawn.text) {
            (*top, self.terminal.text_room) = (first, room);
        }
        let place = self.place();
        for &(table, top, height) in &drawn.tables {
            let at = self.lists.tables.entry((place, table)).or_default();
            (at.top, at.height) = (top, height);
        }
        for (table, columns) in &drawn.columns {
            self.lists.tables.entry((place, *table)).or_default().rows.columns.clone_from(columns);
        }
    }
}
