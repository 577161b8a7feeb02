//! Where the operator is: page, selection, filters, orders, what is frozen. Plain data; [`super::update`] changes it, [`super::view`]
//! draws it, neither does I/O.

mod settle;

use std::{collections::HashMap, sync::Arc, time::Duration};

use self::settle::Made;
use super::{
    clock::Zones,
    dialog::Dialog,
    gallery::{Prepared, RenderWorker},
    keymap::Keymap,
    mask::Mask,
    mouse::Spots,
    palette::Palette,
    picture::{SOURCES, ViewModel},
    rows::Content,
    runbook::RUNBOOK,
    table::{TableKey, TableUi},
};
use base::{
    now::Now,
    view::{Detail, Panel},
};
use engine::{
    run::StepView,
    snapshot::{DetailKey, Snapshot},
};

/// Which permits the console has been given; shown in its head.
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
    /// A page: 0 is the overview, the others are the picture's pages from 1.
    Page(usize),
    /// What is behind a row.
    Detail,
}

/// What the keyboard writes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Nothing: keys are commands.
    Commands,
    /// The focused table's filter, and what it was before.
    Filter(String),
    /// The help's search, and the first line shown.
    Help(String, usize),
    /// What is looked for in the palette.
    Palette(Palette),
    /// What is open over the page.
    Dialog(Dialog),
}

/// What a drawing found out: only it knows how much room there is.
#[derive(Debug, Default)]
pub struct Drawn {
    /// Tables on screen: id, first row, rows.
    pub tables: Vec<(&'static str, usize, usize)>,
    /// Columns that turned out to be wider than was known.
    pub columns: Vec<(&'static str, Vec<Content>)>,
    /// How many tiles stood side by side.
    pub tile_columns: Option<usize>,
    /// First line of the detail's facts that could be shown, and the last that there is room to begin with.
    pub detail_top: Option<(usize, usize)>,
    /// First line of the help that could be shown.
    pub help_top: Option<usize>,
    /// First line of the preview that could be shown, and how many there was room for.
    pub preview: Option<(usize, usize)>,
    /// What was drawn where, for the mouse.
    pub spots: Spots,
}

/// What the script of a scenario says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caption {
    /// The words.
    pub text: String,
    /// The keys that it pressed last, oldest first.
    pub keys: Vec<String>,
    /// How many of its cues are over, of how many.
    pub progress: (usize, usize),
}

/// Where the operator is.
#[derive(Debug)]
pub struct Ui {
    /// What fills the screen.
    pub at: At,
    /// Selected answer of the overview.
    pub tile: usize,
    /// How many tiles stand side by side; the last drawing says so.
    pub tile_columns: usize,
    /// What the keyboard writes into.
    pub entry: Entry,
    /// All columns in full.
    pub wide: bool,
    /// Columns scrolled away to the left, when wide.
    pub scroll: usize,
    /// First line of a detail's facts, where they are longer than the room for them.
    pub detail_top: usize,
    /// The last line that they can begin with; the last drawing says so.
    pub detail_last: usize,
    /// How many lines of a preview there is room for; the last drawing says so.
    pub preview_room: usize,
    /// Which theme it is, of [`Ui::themes`].
    pub theme: usize,
    /// Which one was asked for last: not every one can be loaded.
    pub theme_wanted: usize,
    /// The themes' names.
    pub themes: Vec<String>,
    /// In which zone instants are shown, and what else there is.
    pub zones: Zones,
    /// Whether the mouse is on.
    pub mouse: bool,
    /// What the last drawing put where; empty where something happened since that may have changed it.
    pub spots: Spots,
    /// Which key is which command.
    pub keys: Arc<Keymap>,
    /// Whether the terminal has the focus; without it figures that merely move are not drawn.
    pub in_focus: bool,
    /// What there is to say; gone with the next key.
    pub message: Option<String>,
    /// Which permits the console has.
    pub mode: Mode,
    /// How fast simulated time went before it was made to stand still.
    pub before_it_stopped: Option<f64>,
    /// What the script says that is being played, if one is.
    pub caption: Option<Caption>,
    /// By the console's own clock.
    pub now: Now,
    pub(super) opened: Option<DetailKey>,
    /// Pictures that came since a row was opened.
    pub(super) heard_since_opened: u32,
    pub(super) page_below: usize,
    pub(super) detail: Option<Arc<Detail>>,
    /// Who takes pictures that are over; without anybody they go at once.
    pub gallery: Option<RenderWorker>,
    /// Rows that were made beforehand for the picture that is shown.
    pub(super) prepared: Prepared,
    /// Whether rows are shown that are not those wanted: who has the gallery asks it.
    waits: bool,
    latest: Arc<ViewModel>,
    /// How many pictures have come.
    pictures: u64,
    heard: Now,
    frozen: Option<(Arc<ViewModel>, Now)>,
    pub(super) tables: HashMap<TableKey, TableUi>,
    pub(super) focus: HashMap<&'static str, usize>,
    made_of: Option<Made>,
}

/// A core that makes no picture for this long has stopped or hangs: what is shown is not the present.
pub const SILENT: Duration = Duration::from_secs(4);

impl Ui {
    /// At the overview.
    #[must_use]
    pub fn new(first: Arc<ViewModel>, now: Now, mode: Mode) -> Self {
        Self {
            at: At::Page(0),
            tile: 0,
            tile_columns: 1,
            entry: Entry::Commands,
            wide: false,
            scroll: 0,
            detail_top: 0,
            detail_last: 0,
            theme: 0,
            theme_wanted: 0,
            themes: Vec::new(),
            zones: Zones::default(),
            mouse: false,
            spots: Spots::new(),
            keys: Arc::default(),
            preview_room: 0,
            in_focus: true,
            message: None,
            mode,
            before_it_stopped: None,
            caption: None,
            now,
            opened: None,
            heard_since_opened: 0,
            page_below: 0,
            detail: None,
            gallery: None,
            prepared: Prepared::default(),
            waits: false,
            latest: first,
            pictures: 1,
            heard: now,
            frozen: None,
            tables: HashMap::new(),
            focus: HashMap::new(),
            made_of: None,
        }
    }

    /// The picture that is shown.
    #[must_use]
    pub fn view_model(&self) -> &ViewModel {
        self.frozen.as_ref().map_or(&self.latest, |(p, _)| p)
    }

    /// What of the screen has to be seen at once when it changes.
    #[must_use]
    pub fn fingerprint(&self) -> (u64, u64, bool, bool, &'static str) {
        // The verdict is that of the latest picture, also while one is held still.
        let word = self.latest().verdict().describe().0;
        (self.view_model().gist, self.rows_gist(), self.detail.is_some(), self.is_asking(), word)
    }

    /// How many pictures have come.
    #[must_use]
    pub const fn view_models(&self) -> u64 {
        self.pictures
    }

    /// The latest there is, shown or not.
    #[must_use]
    pub fn latest(&self) -> &Snapshot {
        &self.latest.snapshot
    }

    /// Whether the picture is held still.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// For how long the picture has been held still.
    #[must_use]
    pub fn frozen_for(&self) -> Option<Duration> {
        self.frozen.as_ref().map(|(_, since)| self.now.since(*since))
    }

    /// For how long the core has made no picture, once that is longer than it should ever be.
    #[must_use]
    pub fn silent_for(&self) -> Option<Duration> {
        Some(self.now.since(self.heard)).filter(|d| *d > SILENT)
    }

    /// A newer picture came.
    /// Gives the one before it: see [`Ui::let_go`].
    pub(super) fn show(&mut self, picture: Arc<ViewModel>) -> Arc<ViewModel> {
        let old = std::mem::replace(&mut self.latest, picture);
        self.pictures += 1;
        self.heard = self.now;
        self.heard_since_opened = self.heard_since_opened.saturating_add(1);
        old
    }

    /// A picture is over. To give back what a hundred thousand rows took needs longer than a key should wait: somebody else does it.
    pub(super) fn let_go(&self, old: Arc<ViewModel>) {
        if let Some(gallery) = &self.gallery {
            gallery.forget(old);
        }
    }

    /// Makes the pictures anew, the frozen one too, in the zone that is shown.
    pub fn rezone(&mut self) {
        let zone = self.zones.shown();
        self.remake(|picture| picture.rezoned(&zone));
    }

    fn remake(&mut self, mut make: impl FnMut(&ViewModel) -> ViewModel) {
        self.latest = Arc::new(make(&self.latest));
        if let Some((picture, _)) = &mut self.frozen {
            *picture = Arc::new(make(picture));
        }
        self.settle(true);
    }

    /// The same, with or without a mask: after that was put on or taken off.
    pub fn mask(&mut self, mut mask: Option<&mut Mask>) {
        // Sources are addressed by names that have just changed.
        if self.opened.as_ref().is_some_and(|key| key.panel == SOURCES) {
            self.opened = None;
            self.at = At::Page(self.page_below);
        }
        // What has been told has the names of before, and so may what was looked for.
        let filters = self.tables.values_mut().map(|table| std::mem::take(&mut table.filter));
        let filtered = filters.filter(|filter| !filter.is_empty()).count() > 0;
        self.message = filtered.then(|| "list filters were removed: they may have contained names".to_owned());
        self.detail = None;
        let zone = self.zones.shown();
        self.remake(|picture| picture.again(mask.as_deref_mut(), &zone));
    }

    /// Holds the picture still, or lets it move again.
    pub(super) fn freeze(&mut self) {
        self.frozen = match self.frozen {
            None => Some((self.latest.clone(), self.heard)),
            Some(_) => None,
        };
    }

    /// The page's number that is shown or lies under the detail.
    #[must_use]
    pub fn page_number(&self) -> usize {
        match self.at {
            At::Page(i) => i,
            At::Detail => self.page_below,
        }
    }

    /// The panel that is shown or lies under the detail; none at the overview.
    #[must_use]
    pub fn panel(&self) -> Option<&Arc<Panel>> {
        let page = self.page_number().checked_sub(1)?;
        self.view_model().pages.get(page).map(|p| &p.panel)
    }

    /// The detail that is shown.
    #[must_use]
    pub fn detail(&self) -> Option<&Arc<Detail>> {
        self.detail.as_ref()
    }

    /// Whether the core may not have answered yet: the first picture after the question can have been made before it.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        self.heard_since_opened < 2
    }

    /// Which row's detail is asked for.
    #[must_use]
    pub fn opened(&self) -> Option<&DetailKey> {
        self.opened.as_ref()
    }

    /// The step of the runbook that commands are about.
    #[must_use]
    pub fn step(&self) -> Option<&StepView> {
        let id = match self.at {
            At::Detail => self.opened.as_ref().filter(|key| key.panel == RUNBOOK)?.row.as_str(),
            At::Page(_) => self.selected().filter(|_| self.panel().is_some_and(|p| p.id == RUNBOOK))?,
        };
        self.latest().run.as_ref()?.steps.iter().find(|s| s.id == id)
    }
}
