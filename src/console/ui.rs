//! The state of the user interface: page, selection, filters, orders, frozen view model. Plain data; [`super::update`]
//! changes it, [`super::view`] draws it, neither does I/O.

mod settle;
mod tables;

use std::{collections::HashMap, sync::Arc, time::Duration};

use self::settle::RowsOf;
use super::{
    clock::Zones,
    drawn::{Drawn, Spots},
    entry::{Dialog, Entry},
    keymap::Keymap,
    mask::Mask,
    pages::{RUNBOOK, SOURCES},
    prepared::Prepared,
    table::{TableKey, TableUi},
    view_model::ViewModel,
};
use base::{
    now::Now,
    view::{Detail, Panel},
};
use engine::{
    run::StepView,
    snapshot::{DetailKey, Snapshot},
};

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

/// The state of the user interface.
#[derive(Debug)]
pub struct Ui {
    /// What fills the screen.
    pub at: At,
    /// Selected answer of the overview.
    pub tile: usize,
    /// Number of tiles side by side, from the last drawing.
    pub tile_columns: usize,
    /// The target of typed characters.
    pub entry: Entry,
    /// All columns in full.
    pub wide: bool,
    /// Columns scrolled away to the left, when wide.
    pub scroll: usize,
    /// First visible line of a detail's fields, if they do not fit.
    pub detail_top: usize,
    /// The last line that may be at the top, from the last drawing.
    pub detail_last: usize,
    /// Visible lines of a preview, from the last drawing.
    pub preview_room: usize,
    /// The current theme, as an index into [`Ui::themes`].
    pub theme: usize,
    /// The theme that was requested last; it may fail to load.
    pub theme_wanted: usize,
    /// The themes' names.
    pub themes: Vec<String>,
    /// The selected zone and the other one.
    pub zones: Zones,
    /// Whether the mouse is on.
    pub mouse: bool,
    /// The clickable areas of the last drawing; empty after an event that may have changed them.
    pub spots: Spots,
    /// Which key is which command.
    pub keys: Arc<Keymap>,
    /// Whether the terminal has the focus; without it changes of figures alone are not drawn.
    pub in_focus: bool,
    /// A message; cleared by the next key.
    pub message: Option<String>,
    /// What the session may do.
    pub mode: Mode,
    /// Speed of simulated time before it was paused.
    pub before_it_stopped: Option<f64>,
    /// Caption of the script that is playing, if there is one.
    pub caption: Option<Caption>,
    /// The console's own clock.
    pub now: Now,
    pub(super) opened: Option<DetailKey>,
    /// Number of view models that came since a row was opened.
    pub(super) since_opened: u32,
    pub(super) page_below: usize,
    pub(super) detail: Option<Arc<Detail>>,
    /// Whether a render worker computes the rows of long tables and frees old view models.
    pub has_worker: bool,
    /// The previous view model, until the render worker frees it.
    old: Option<Arc<ViewModel>>,
    /// Rows that were computed in advance for the current view model.
    pub(super) prepared: Prepared,
    /// Whether the rows shown are not the requested ones; the event loop then requests them from the render worker.
    waits: bool,
    latest: Arc<ViewModel>,
    /// Number of view models that have come.
    count: u64,
    latest_at: Now,
    frozen: Option<(Arc<ViewModel>, Now)>,
    pub(super) tables: HashMap<TableKey, TableUi>,
    pub(super) focus: HashMap<&'static str, usize>,
    made_of: Option<RowsOf>,
}

/// If the engine makes no snapshot for this long, it has stopped or hangs: what is shown is out of date.
pub const SILENT: Duration = Duration::from_secs(4);

impl Ui {
    /// Opens at the overview.
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
            since_opened: 0,
            page_below: 0,
            detail: None,
            has_worker: false,
            old: None,
            prepared: Prepared::default(),
            waits: false,
            latest: first,
            count: 1,
            latest_at: now,
            frozen: None,
            tables: HashMap::new(),
            focus: HashMap::new(),
            made_of: None,
        }
    }

    /// The view model that is shown.
    #[must_use]
    pub fn view_model(&self) -> &ViewModel {
        self.frozen.as_ref().map_or(&self.latest, |(p, _)| p)
    }

    /// Fingerprint of what must be drawn at once when it changes.
    #[must_use]
    pub fn fingerprint(&self) -> (u64, u64, bool, bool, &'static str) {
        // The verdict is the latest one, also while the display is frozen.
        let word = self.latest().verdict().describe().0;
        (self.view_model().fingerprint, self.rows_fingerprint(), self.detail.is_some(), self.is_asking(), word)
    }

    /// Number of view models that have come.
    #[must_use]
    pub const fn view_models(&self) -> u64 {
        self.count
    }

    /// The latest snapshot, shown or not.
    #[must_use]
    pub fn latest(&self) -> &Snapshot {
        &self.latest.snapshot
    }

    /// Whether the display is frozen.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// How long the display has been frozen.
    #[must_use]
    pub fn frozen_for(&self) -> Option<Duration> {
        self.frozen.as_ref().map(|(_, since)| self.now.since(*since))
    }

    /// How long the engine has made no snapshot, if longer than [`SILENT`].
    #[must_use]
    pub fn silent_for(&self) -> Option<Duration> {
        Some(self.now.since(self.latest_at)).filter(|d| *d > SILENT)
    }

    /// Takes a newer view model. Returns the previous one: see [`Ui::retire`].
    pub(super) fn show(&mut self, view_model: Arc<ViewModel>) -> Arc<ViewModel> {
        let old = std::mem::replace(&mut self.latest, view_model);
        self.count += 1;
        self.latest_at = self.now;
        self.since_opened = self.since_opened.saturating_add(1);
        old
    }

    /// Keeps an old view model for the render worker, which frees it: freeing 100,000 rows takes longer than a key may
    /// wait. Without a worker it is freed here.
    pub(super) fn retire(&mut self, old: Arc<ViewModel>) {
        self.old = self.has_worker.then_some(old);
    }

    /// The old view model that is to be freed.
    pub fn take_old(&mut self) -> Option<Arc<ViewModel>> {
        self.old.take()
    }

    /// Recomputes the view models in the selected zone, including the frozen one.
    pub fn rezone(&mut self) {
        let zone = self.zones.shown();
        self.remake(|view_model| view_model.rezoned(&zone));
    }

    fn remake(&mut self, mut make: impl FnMut(&ViewModel) -> ViewModel) {
        self.latest = Arc::new(make(&self.latest));
        if let Some((view_model, _)) = &mut self.frozen {
            *view_model = Arc::new(make(view_model));
        }
        self.settle(true);
    }

    /// Recomputes the view models with or without a mask, after it was switched.
    pub fn mask(&mut self, mut mask: Option<&mut Mask>) {
        // Collectors are addressed by names that have just changed.
        if self.opened.as_ref().is_some_and(|key| key.panel == SOURCES) {
            self.opened = None;
            self.at = At::Page(self.page_below);
        }
        // The message contains the old names, and filters may contain them.
        let filters = self.tables.values_mut().map(|table| std::mem::take(&mut table.filter));
        let filtered = filters.filter(|filter| !filter.is_empty()).count() > 0;
        self.message = filtered.then(|| "list filters were removed: they may have contained names".to_owned());
        self.detail = None;
        let zone = self.zones.shown();
        self.remake(|view_model| view_model.again(mask.as_deref_mut(), &zone));
    }

    /// Freezes the display, or resumes it.
    pub(super) fn freeze(&mut self) {
        self.frozen = match self.frozen {
            None => Some((self.latest.clone(), self.latest_at)),
            Some(_) => None,
        };
    }

    /// Number of the page that is shown, or of the page under the detail.
    #[must_use]
    pub fn page_number(&self) -> usize {
        match self.at {
            At::Page(i) => i,
            At::Detail => self.page_below,
        }
    }

    /// The panel that is shown, or the one under the detail; `None` at the overview.
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

    /// Whether the engine may not have answered yet: the first view model after the request may have been computed
    /// before it.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        self.since_opened < 2
    }

    /// The row whose detail is requested.
    #[must_use]
    pub fn opened(&self) -> Option<&DetailKey> {
        self.opened.as_ref()
    }

    /// Opens the detail of a row of this page.
    pub(super) fn open(&mut self, key: DetailKey) {
        self.page_below = self.page_number();
        self.opened = Some(key);
        self.at = At::Detail;
        self.detail_top = 0;
        self.since_opened = 0;
        // Another row's tables may have the same ids: selections and filters do not apply to them.
        let place = self.place();
        self.tables.retain(|(of, _), _| *of != place);
        self.focus.remove(place);
        self.settle(true);
    }

    /// The step of the runbook that commands apply to.
    #[must_use]
    pub fn step(&self) -> Option<&StepView> {
        let id = match self.at {
            At::Detail => self.opened.as_ref().filter(|key| key.panel == RUNBOOK)?.row.as_str(),
            At::Page(_) => self.selected().filter(|_| self.panel().is_some_and(|p| p.id == RUNBOOK))?,
        };
        self.step_named(id)
    }

    /// The step with this id.
    #[must_use]
    pub fn step_named(&self, id: &str) -> Option<&StepView> {
        self.latest().run.as_ref()?.steps.iter().find(|s| s.id == id)
    }

    /// Stores how much room each table had in the last drawing.
    pub fn drawn(&mut self, drawn: &Drawn) {
        self.spots.clone_from(&drawn.spots);
        self.tile_columns = drawn.tile_columns.unwrap_or(self.tile_columns);
        (self.detail_top, self.detail_last) = drawn.detail_top.unwrap_or((self.detail_top, self.detail_last));
        if let Entry::Help(_, top) = &mut self.entry {
            *top = drawn.help_top.unwrap_or(*top);
        }
        if let (Entry::Dialog(Dialog::Preview(_, top)), Some((first, room))) = (&mut self.entry, drawn.preview) {
            (*top, self.preview_room) = (first, room);
        }
        let place = self.place();
        for &(table, top, height) in &drawn.tables {
            let at = self.tables.entry((place, table)).or_default();
            (at.top, at.height) = (top, height);
        }
        for (table, columns) in &drawn.columns {
            self.tables.entry((place, *table)).or_default().rows.columns.clone_from(columns);
        }
    }
}
