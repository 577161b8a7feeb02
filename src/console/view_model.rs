//! The view model, computed from a snapshot before anything is drawn: the pages, the Sources page, the tiles in
//! display order, and the state of each page's collectors.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};

use jiff::tz::TimeZone;

use super::{
    answers::{self, Answer, answers},
    clock::Clock,
    mask::Mask,
    pages::{self, JOURNAL, RUNBOOK, SOURCES},
    runbook, way_back,
};
use base::{
    collector::CollectorState,
    now::{Age, short},
    side::Side,
    view::{Cell, CollectorLine, Column, Detail, Group, Key, Panel, Row, Table, Tile, Tone, state_cell},
};
use engine::snapshot::{DetailKey, Snapshot, Verdict};

/// A snapshot, prepared for display.
#[derive(Debug)]
pub struct ViewModel {
    /// The snapshot it was computed from.
    pub snapshot: Arc<Snapshot>,
    /// Formats its instants.
    pub clock: Clock,
    /// The details that the engine made, with instants in the selected zone: those of other viewers, too.
    pub details: Vec<(DetailKey, Arc<Detail>)>,
    /// Tiles of the systems and of the console.
    pub tiles: Vec<Tile>,
    /// The overview's ten answers, computed from them.
    pub answers: Vec<Answer>,
    /// Pages after the overview, those of one group side by side.
    pub pages: Vec<Page>,
    /// Fingerprint of what must be drawn at once on any page: verdict, tones and words. Two view models that differ
    /// only in figures and ages have the same. Rows are not included: only the screen knows which are visible.
    pub fingerprint: u64,
    /// The snapshot with the real names, if this view model is masked: see [`Self::masked`].
    unmasked: Option<Arc<Snapshot>>,
}

/// One page.
#[derive(Debug)]
pub struct Page {
    /// What it shows.
    pub panel: Arc<Panel>,
    /// State of its worst collector; `None` if the plan names nothing to query.
    pub worst: Option<CollectorState>,
    /// Number of collectors that are not fresh, and of all.
    pub collectors: (usize, usize),
}

impl ViewModel {
    /// The key of a page, as an index; the overview is page 0. See [`pages::key`].
    #[must_use]
    pub fn page_key(&self, page: usize) -> usize {
        let groups: Vec<Group> = self.pages.iter().map(|page| page.panel.group).collect();
        pages::key(page, &groups)
    }

    /// The page that a key opens: the first that has it; if one of them is shown, the next.
    #[must_use]
    pub fn page_of_key(&self, key: usize, shown: usize) -> Option<usize> {
        let all = self.pages.len() + 1;
        (1..=all).map(|on| (shown + on) % all).find(|page| self.page_key(*page) == key)
    }

    /// From a snapshot, with real names and in UTC.
    #[must_use]
    pub fn of(snapshot: Arc<Snapshot>) -> Self {
        Self::in_zone(snapshot, &TimeZone::UTC)
    }

    /// From a snapshot, with instants in this zone.
    #[must_use]
    pub fn in_zone(snapshot: Arc<Snapshot>, zone: &TimeZone) -> Self {
        let clock = Clock::of(&snapshot, zone);
        let details = snapshot.details.iter().map(|(key, detail)| (key.clone(), clock.detail(detail))).collect();
        let tiles = tiles(&snapshot);
        let collectors = Arc::new(collectors(&snapshot));
        let own: Vec<Arc<Panel>> = match &snapshot.run {
            Some(run) => vec![Arc::new(runbook::panel(run)), Arc::new(runbook::journal(run, &clock)), collectors],
            None => vec![collectors],
        };
        let page = |panel: &Arc<Panel>| {
            let own = |s: &&CollectorLine| panel.id == SOURCES || s.system == panel.id;
            let states: Vec<CollectorState> = snapshot.collectors.iter().filter(own).map(|s| s.state).collect();
            Page {
                panel: panel.clone(),
                worst: states.iter().max().copied(),
                collectors: (states.iter().filter(|s| **s != CollectorState::Fresh).count(), states.len()),
            }
        };
        let mut pages: Vec<Page> = snapshot.panels.iter().chain(&own).map(page).collect();
        pages.sort_by_key(|page| page.panel.group);
        let answers = answers(&snapshot, &tiles);
        Self {
            fingerprint: fingerprint(&snapshot, &tiles, &pages),
            clock,
            details,
            tiles,
            answers,
            pages,
            snapshot,
            unmasked: None,
        }
    }

    /// From a snapshot, masked if there is a mask.
    #[must_use]
    pub fn masked(snapshot: Arc<Snapshot>, mask: Option<&mut Mask>, zone: &TimeZone) -> Self {
        match mask {
            None => Self::in_zone(snapshot, zone),
            Some(mask) => {
                let masked = Arc::new(mask.snapshot(&snapshot));
                Self { unmasked: Some(snapshot), ..Self::in_zone(masked, zone) }
            }
        }
    }

    /// The detail of this row that the engine made.
    #[must_use]
    pub fn detail(&self, key: &DetailKey) -> Option<&Arc<Detail>> {
        self.details.iter().find(|(of, _)| of == key).map(|(_, detail)| detail)
    }

    /// Whether names are masked.
    #[must_use]
    pub const fn is_masked(&self) -> bool {
        self.unmasked.is_some()
    }

    /// The same in another zone; names are not masked again.
    #[must_use]
    pub fn rezoned(&self, zone: &TimeZone) -> Self {
        Self { unmasked: self.unmasked.clone(), ..Self::in_zone(self.snapshot.clone(), zone) }
    }

    /// Computed again, with or without a mask, in this zone.
    #[must_use]
    pub fn again(&self, mask: Option<&mut Mask>, zone: &TimeZone) -> Self {
        Self::masked(self.unmasked.as_ref().unwrap_or(&self.snapshot).clone(), mask, zone)
    }

    /// The page that an answer opens, and its worst row: table and row.
    #[must_use]
    pub fn behind(&self, answer: &Answer) -> Option<(usize, Option<(&'static str, String)>)> {
        let tile = answer.worst()?;
        Some((self.page(tile.panel)?, tile.row.clone()))
    }

    /// Index of the page with this id.
    #[must_use]
    pub fn page(&self, id: &str) -> Option<usize> {
        self.pages.iter().position(|p| p.panel.id == id)
    }
}

/// The overview's tiles, of the systems and of the console, in display order.
#[must_use]
pub fn tiles(snapshot: &Snapshot) -> Vec<Tile> {
    let mut tiles = snapshot.tiles.clone();
    tiles.push(time(snapshot));
    tiles.push(blind(snapshot));
    tiles.extend(snapshot.run.as_ref().map(|run| way_back::tile(&run.way_back)));
    tiles.sort_by_key(|t| answers::place(t.id));
    tiles
}

fn fingerprint(snapshot: &Snapshot, tiles: &[Tile], pages: &[Page]) -> u64 {
    let mut hash = DefaultHasher::new();
    match snapshot.verdict() {
        Verdict::Clear(_) => 0.hash(&mut hash),
        // A change of its duration alone is not drawn at once. The words of the steps follow.
        verdict @ (Verdict::Outage(_) | Verdict::Overspent(_) | Verdict::Running(_) | Verdict::RollingBack(_)) => {
            verdict.id().hash(&mut hash);
        }
        verdict => verdict.describe().1.hash(&mut hash),
    }
    if let Some(run) = &snapshot.run {
        run.notice.hash(&mut hash);
        run.head.hash(&mut hash);
        for step in &run.steps {
            step.word.hash(&mut hash);
            step.preview.as_ref().map(|p| (p.digest, p.approvals.0)).hash(&mut hash);
        }
    }
    tiles.iter().for_each(|t| meant(&t.value, &mut hash));
    pages.iter().flat_map(|p| &p.panel.summary).for_each(|c| c.tone.hash(&mut hash));
    hash.finish()
}

/// Adds what must be drawn at once of a cell to the fingerprint.
pub(super) fn meant(cell: &Cell, hash: &mut DefaultHasher) {
    cell.tone.hash(hash);
    if cell.key == Key::Text {
        cell.text.hash(hash);
    }
}

/// The run's elapsed time, and its limit.
fn time(snapshot: &Snapshot) -> Tile {
    let elapsed = snapshot.now.since(snapshot.started);
    let wall = snapshot.now.wall;
    let until = |t: jiff::Timestamp| Duration::try_from(t.duration_since(wall)).ok();
    let (note, tone) = match snapshot.plan.budgets.window {
        None => ("the plan sets no window".to_owned(), Tone::Plain),
        Some(w) => match (until(w.start).filter(|d| !d.is_zero()), until(w.end)) {
            (Some(opens), _) => (format!("window opens in {}, at {}", short(opens), w.start), Tone::Warn),
            (None, Some(left)) => (format!("{} of the window left, until {}", short(left), w.end), Tone::Plain),
            (None, None) => {
                let over = Duration::try_from(wall.duration_since(w.end)).unwrap_or_default();
                (format!("window closed {} ago", short(over)), Tone::Bad)
            }
        },
    };
    let note = snapshot.run.as_ref().map_or(note.clone(), |run| format!("{} · {note}", runbook::done(run)));
    Tile {
        id: "time",
        title: "Time since start".into(),
        value: Cell::number(elapsed.as_secs_f64(), clock(elapsed)).tone(tone),
        note: note.into(),
        sides: Vec::new(),
        spark: Vec::new(),
        age: None,
        panel: if snapshot.run.is_some() { JOURNAL } else { SOURCES },
        row: None,
    }
}

/// `1:02:03`.
#[must_use]
pub fn clock(d: Duration) -> String {
    let s = d.as_secs();
    format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// The collector without an answer for the longest time, and its age.
fn blind(snapshot: &Snapshot) -> Tile {
    let count = |state| snapshot.collectors.iter().filter(|s| s.state == state).count();
    let (value, note) = match snapshot.most_blind() {
        None => (Cell::text("NO COLLECTOR").tone(Tone::Blind), "the plan has nothing to watch".to_owned()),
        Some(s) => {
            let (word, tone) = state_cell(s.state);
            let age = s.age.map_or_else(|| "never answered".to_owned(), |a| format!("{a} old"));
            match (s.state, s.age) {
                (CollectorState::Fresh, Some(a)) => {
                    (Cell::number(a.0.as_secs_f64(), a.to_string()).tone(tone), format!("oldest: {}", s.id))
                }
                _ => (Cell::text(format!("{} {word}", count(s.state))).tone(tone), format!("{}: {age}", s.id)),
            }
        }
    };
    let side = |side: Side| {
        let of_side = || snapshot.collectors.iter().filter(move |s| s.side == Some(side));
        let live = of_side().filter(|s| s.state == CollectorState::Fresh).count();
        let all = of_side().count();
        let tone = if all == 0 {
            Tone::Muted
        } else if live == all {
            Tone::Good
        } else {
            Tone::Warn
        };
        (snapshot.plan.sites.get(side).label.clone().into(), Cell::text(format!("{live} of {all} live")).tone(tone))
    };
    Tile {
        id: "blind",
        title: "Oldest reading".into(),
        value,
        note: note.into(),
        sides: Side::BOTH.map(side).to_vec(),
        spark: Vec::new(),
        age: None,
        panel: SOURCES,
        row: snapshot.most_blind().map(|s| (SOURCES, s.id.clone())),
    }
}

/// The Sources page.
fn collectors(snapshot: &Snapshot) -> Panel {
    let mut lines: Vec<&CollectorLine> = snapshot.collectors.iter().collect();
    // What is wrong first; otherwise as the systems list them.
    lines.sort_by_key(|s| std::cmp::Reverse(s.state));
    let count = |state| lines.iter().filter(|s| s.state == state).count();
    let states = [CollectorState::Unknown, CollectorState::Stale, CollectorState::Pending, CollectorState::Fresh];
    let summary = states.map(|state| {
        let (n, (word, tone)) = (count(state), state_cell(state));
        Cell::text(format!("{n} {word}")).tone(if n == 0 { Tone::Muted } else { tone })
    });
    let columns = vec![
        Column::text("source", "collector", 34).grow(2),
        Column::text("state", "state", 10),
        Column::number("age", "age", 6),
        Column::text("side", "side", 4).drop(4),
        Column::text("endpoint", "endpoint", 16).grow(1).drop(8),
        Column::number("interval", "every", 5).drop(3),
        Column::number("took", "took", 5).drop(2),
        Column::number("ok", "ok", 4).drop(6),
        Column::number("failed", "failed", 6).drop(1),
        Column::number("throttled", "throttled", 4).drop(7),
        Column::text("calls", "calls", 8).grow(1).drop(9),
        Column::text("fault", "last error", 24).grow(3),
    ];
    Panel {
        id: SOURCES,
        title: "Collectors",
        group: Group::Console,
        summary: summary.to_vec(),
        tables: vec![Table {
            id: "sources",
            title: "Collectors".into(),
            columns,
            rows: lines.iter().map(|s| row(s, snapshot)).collect(),
            empty: "the plan has nothing to watch",
        }],
        oldest: lines.iter().filter_map(|s| s.age).max(),
    }
}

fn row(s: &CollectorLine, snapshot: &Snapshot) -> Row {
    let (word, tone) = state_cell(s.state);
    let side = s.side.map_or_else(Cell::none, |side| Cell::text(snapshot.plan.sites.get(side).label.clone()));
    let seconds = |d: Duration| Cell::number(d.as_secs_f64(), short(d));
    let failures = if s.failures == 0 { Tone::Muted } else { Tone::Warn };
    let throttled = if s.throttled == 0 { Tone::Muted } else { Tone::Warn };
    Row::new(
        s.id.clone(),
        [
            Cell::text(s.id.clone()),
            Cell::text(word).tone(tone),
            age(s.age),
            side,
            Cell::text(s.endpoint.clone()),
            seconds(s.interval),
            Cell::number(s.took.as_secs_f64(), took(s.took)),
            Cell::count(s.answers),
            Cell::count(s.failures).tone(failures),
            Cell::count(s.throttled).tone(throttled),
            Cell::text(s.calls.join(" ")).tone(Tone::Muted),
            s.fault.as_ref().map_or_else(Cell::none, |f| Cell::text(f.to_string())),
        ],
    )
}

fn age(age: Option<Age>) -> Cell {
    match age {
        Some(a) => Cell::number(a.0.as_secs_f64(), a.to_string()),
        None => Cell { text: "never".into(), key: Key::None, tone: Tone::Muted },
    }
}

/// Milliseconds below a second: most answers take less.
fn took(d: Duration) -> String {
    if d < Duration::from_secs(1) { format!("{}ms", d.as_millis()) } else { short(d) }
}

/// The detail of a row of one of the console's own pages; `None` for the systems' pages, whose details the engine
/// makes.
#[must_use]
pub fn own_detail(model: &ViewModel, panel: &str, row: &str) -> Option<Option<Detail>> {
    let run = model.snapshot.run.as_ref();
    match panel {
        SOURCES => Some(source_detail(model, row)),
        RUNBOOK => Some(run.and_then(|run| runbook::step_detail(run, row))),
        JOURNAL => Some(run.and_then(|run| runbook::record_detail(run, row, &model.clock))),
        _ => None,
    }
}

/// The detail of a row of the Sources page: the row without truncation.
#[must_use]
pub fn source_detail(model: &ViewModel, id: &str) -> Option<Detail> {
    let panel = &model.pages.iter().find(|p| p.panel.id == SOURCES)?.panel;
    let table = panel.tables.first()?;
    let row = table.rows.iter().find(|r| r.id == id)?;
    let fields = table.columns.iter().zip(row.cells.iter()).map(|(c, cell)| (c.title.clone(), cell.clone())).collect();
    Some(Detail { title: id.to_owned(), fields, curves: Vec::new(), tables: Vec::new() })
}
