//! Plays a scenario in virtual time, without a terminal: the same estate, the same console, the same keys.

use std::{sync::Arc, time::Duration};

use super::{
    Scenario,
    condition::{self, Eye, Unmet},
    script::{Desk, Script},
    timeline::{BoardError, Timeline, TimelineError},
};
use base::{
    now::Now,
    signal::{Sample, SignalDef},
};
use console::{
    Mode,
    act::Act,
    player::Next,
    prepared::Prepared,
    ui::Ui,
    update::{UiEvent, update},
    view_model::ViewModel,
};
use drive::sim::SimDrive;
use engine::{
    run::RunView,
    snapshot::{Snapshot, Wanted},
};
use journal::{Author, chain, store::MemStore};
use systems::Entry;

/// Name of the operator.
pub const OPERATOR: &str = "operator";
/// Time between two keys.
const KEY: Duration = Duration::from_millis(200);
/// Time between two checks: while requests are pending, and otherwise.
const LOOK: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(1));

/// How long the run is observed after the script.
const LAST: Duration = Duration::from_secs(2);

/// The result.
pub struct Outcome {
    /// What failed; `None`: nothing did.
    pub failed: Option<Failure>,
    /// The journal, byte for byte.
    pub journal: Vec<u8>,
    /// The servers' log: the tags of all executed requests.
    pub log: Vec<String>,
    /// The virtual time it took.
    pub took: Duration,
    /// Number of keys pressed.
    pub keys: usize,
}

/// Why a scenario fails.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A console does not get the journal.
    #[error(transparent)]
    Board(#[from] BoardError),
    /// An event is not possible.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
    /// A condition that must never hold does.
    #[error(transparent)]
    Never(#[from] Unmet),
    /// The script cannot continue, or an expectation failed: the cue's line, and what was found.
    #[error("{0}")]
    Script(String),
    /// There are no cues.
    #[error("there is no script: nothing was run")]
    NoScript,
    /// The script ended before this many events.
    #[error("{0} of its events were not injected")]
    NotInjected(usize),
}

impl Outcome {
    /// The journal's records.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        chain::read(&self.journal).map(|(entries, _)| entries).unwrap_or_default()
    }
}

/// Plays it to its end, or to the first failure.
#[must_use]
pub fn play(scenario: &Scenario) -> Outcome {
    let started = Now { boot: Duration::from_secs(1000), wall: scenario.begins };
    let drive = SimDrive::new(scenario.plan.clone(), scenario.seed, started);
    let mut room = Room::new(drive);
    let mut store = MemStore::default();
    let failed = room.play(scenario, &mut store).err();
    Outcome {
        failed,
        log: room.drive.server_log(),
        took: room.drive.now().since(started),
        journal: store.survivors(),
        keys: room.keys,
    }
}

/// The estate with a console.
struct Room {
    drive: SimDrive,
    ui: Ui,
    /// What the console wants in its snapshots.
    wanted: Wanted,
    /// Whether the console shows the current state.
    fresh: bool,
    keys: usize,
}

impl Room {
    fn new(mut drive: SimDrive) -> Self {
        let ui = console(&mut drive);
        Self { drive, ui, wanted: Wanted::default(), fresh: true, keys: 0 }
    }

    fn play(&mut self, scenario: &Scenario, store: &mut MemStore) -> Result<(), Failure> {
        let author = Author {
            run: scenario.name.clone(),
            actor: OPERATOR.to_owned(),
            host: "scenario".to_owned(),
            plan: scenario.plan_digest,
        };
        // What is on disk, as a new console opens it.
        let mut board = |now: Now| {
            *store = MemStore::with(store.survivors());
            systems::open_journal(Box::new(store.clone()), author.clone(), now).map_err(BoardError::from)
        };
        let (journal, entries) = board(self.drive.now())?;
        self.drive.take_control(journal, entries);
        let (mut timeline, mut script) = (Timeline::new(scenario), Script::new(scenario));
        loop {
            if timeline.pass(&mut self.drive, &mut board)?.died {
                self.ui = console(&mut self.drive);
                self.wanted = Wanted::default();
            }
            condition::none(&scenario.never, self)?;
            if !timeline.is_manned() {
                self.pass(LOOK.1);
                continue;
            }
            let now = self.drive.now().boot;
            match script.next(self, now, now) {
                Next::Over => {
                    self.pass(LAST);
                    condition::none(&scenario.never, self)?;
                    return match timeline.left() {
                        _ if scenario.cues.is_empty() => Err(Failure::NoScript),
                        0 => Ok(()),
                        n => Err(Failure::NotInjected(n)),
                    };
                }
                Next::Fail(why) => return Err(Failure::Script(why)),
                Next::Press(press) => {
                    self.keys += 1;
                    // The screen is updated before a key is pressed.
                    self.observe();
                    self.happen(UiEvent::Key(press.event()));
                    self.pass(KEY);
                }
                Next::Wait | Next::Moment => {
                    let busy = self.drive.is_busy();
                    self.pass(if busy { LOOK.0 } else { LOOK.1 });
                    self.happen(UiEvent::Tick);
                }
            }
        }
    }

    fn pass(&mut self, span: Duration) {
        self.drive.run_for(span);
        self.fresh = false;
    }

    fn happen(&mut self, event: UiEvent) {
        self.ui.now = self.drive.now();
        for act in update(&mut self.ui, event) {
            match act {
                Act::Send(command) => self.drive.command(command),
                Act::Order(order) => self.drive.order(order),
                Act::Open(key) => self.wanted.details = key.into_iter().collect(),
                // Virtual time passes as the script waits.
                Act::Speed(_) => {}
                // A script has no clipboard, and writes no file.
                Act::Copy(_) | Act::Export(..) => {}
                Act::Theme | Act::Mask | Act::Zone | Act::Mouse | Act::Redraw | Act::Suspend | Act::Quit => {}
            }
            self.fresh = false;
        }
    }

    fn observe(&mut self) {
        if !std::mem::replace(&mut self.fresh, true) {
            let view_model = ViewModel::of(Arc::new(self.drive.snapshot_with(&self.wanted)));
            self.happen(UiEvent::ViewModel(Arc::new(view_model), Prepared::default()));
        }
    }
}

impl Eye for Room {
    fn word(&mut self, step: &str) -> Option<String> {
        self.drive.word(step).map(str::to_owned)
    }

    fn samples(&mut self, metric: &'static SignalDef) -> Vec<Sample> {
        self.drive.samples(metric)
    }

    fn run(&mut self) -> Option<Arc<RunView>> {
        Some(Arc::new(self.drive.run_view()))
    }

    fn snapshot(&mut self) -> Arc<Snapshot> {
        self.observe();
        Arc::new(self.ui.latest().clone())
    }

    fn screen(&mut self) -> String {
        self.observe();
        console::text::screen(&self.ui)
    }
}

impl Desk for Room {
    fn ui(&mut self) -> &Ui {
        self.observe();
        &self.ui
    }
}

fn console(drive: &mut SimDrive) -> Ui {
    let now = drive.now();
    Ui::new(Arc::new(ViewModel::of(Arc::new(drive.snapshot()))), now, Mode::Demo)
}
