//! A scenario's events, as they fall due.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    Injection, Scenario, ScenarioEvent,
    condition::{self, Eye},
};
use base::{
    cause::Chain,
    now::Now,
    signal::{Sample, SignalDef},
};
use drive::{
    Control,
    inbox::Inbox,
    sim::{self, SimDrive},
};
use engine::{run::RunView, snapshot::Snapshot};
use journal::Refused;
use systems::{Entry, Journal, collect::clock};

/// Opens the journal again, as another console would.
pub type Board<'b> = dyn FnMut(Now) -> Result<(Journal, Vec<Entry>), BoardError> + Send + 'b;

/// Why a console does not get the scenario's journal.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// A journal in memory is refused.
    #[error(transparent)]
    Memory(#[from] Refused),
    /// A journal in a file is refused.
    #[error("the journal {}", journal.display())]
    File {
        /// Its file.
        journal: PathBuf,
        /// Why.
        source: Refused,
    },
    /// Another console has it.
    #[error("{holder} writes the journal {}", journal.display())]
    Busy {
        /// Its file.
        journal: PathBuf,
        /// The other console, in words.
        holder: String,
    },
}

/// Why the events of a scenario stop.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    /// The next console does not get the journal.
    #[error(transparent)]
    Board(#[from] BoardError),
    /// An event names something that does not exist in the estate: which, in the simulation's words.
    #[error("{0}")]
    Event(String),
}

/// Pending events.
pub struct Timeline {
    pending: Vec<(ScenarioEvent, Option<Duration>)>,
    /// When the next console opens the journal.
    returns: Option<Duration>,
}

/// Result of a pass over the timeline.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// The console died in this pass.
    pub died: bool,
}

impl Timeline {
    /// All of a scenario's events.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        Self { pending: scenario.events.iter().cloned().map(|event| (event, None)).collect(), returns: None }
    }

    /// Whether there is a console.
    #[must_use]
    pub const fn is_manned(&self) -> bool {
        self.returns.is_none()
    }

    /// Number of pending events.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.pending.len()
    }

    /// Triggers the events that are due.
    ///
    /// # Errors
    /// If an event refers to something that does not exist, or the journal cannot be opened again.
    pub fn pass(&mut self, drive: &mut SimDrive, board: &mut Board<'_>) -> Result<Passed, TimelineError> {
        let mut passed = Passed::default();
        let now = drive.now().boot;
        if self.returns.is_some_and(|at| at <= now) {
            self.returns = None;
            let (journal, entries) = board(drive.now())?;
            drive.take_control(journal, entries);
        }
        let mut due = Vec::new();
        for (event, at) in &mut self.pending {
            if at.is_none() && condition::all(&event.when, &mut Driven::new(drive)).is_ok() {
                *at = Some(now + event.after);
            }
        }
        self.pending.retain(|(event, at)| {
            let is_due = at.is_some_and(|at| at <= now);
            if is_due {
                due.push(event.happens.clone());
            }
            !is_due
        });
        let mut failed = None;
        for injection in due {
            match injection {
                // An error does not prevent the other events.
                Injection::Happens(what) => failed = drive.happen(&what).err().or(failed),
                Injection::Cut(on) => drive.cut(on),
                Injection::Sources(like, trouble) => drive.trouble(&like, trouble),
                Injection::Requests(of, meet, times) => drive.call_trouble(of, meet, times),
                Injection::Unobservable(prefix) => drive.unobservable(prefix.as_deref()),
                Injection::ExternalChange(action) => drive.external_change(&action),
                Injection::Sleeps(span) => drive.suspend(span),
                Injection::Clock(by) => drive.set_clock(by),
                Injection::Dies(span) => {
                    drive.crash();
                    drive.halt(NO_CONSOLE);
                    self.returns = Some(drive.now().boot + span);
                    passed.died = true;
                }
            }
        }
        failed.map_or(Ok(passed), |why| Err(TimelineError::Event(why)))
    }
}

/// What is shown while no console has the journal: what was under way is in it alone.
const NO_CONSOLE: &str = "the operator's console has stopped, and what was under way is only in its journal; until another one has taken \
                          it over, here by itself after a while, this screen is read only";

/// For how long the estate has been observed when a person first sees it: rates have their readings, and gates that must hold for a while
/// have held for it.
const WARM: Duration = Duration::from_secs(90);

/// Runs a scenario's estate in real time, with a journal: it can be controlled, and its events occur. Its first [`WARM`] have passed.
///
/// # Errors
/// If the journal cannot be created.
pub fn start(
    scenario: &Scenario,
    speed: f64,
    mut board: Box<Board<'static>>,
    inbox: Option<Inbox>,
) -> Result<Control, BoardError> {
    let began = scenario.begins.checked_sub(WARM).unwrap_or(scenario.begins);
    let started = Now { wall: began, boot: clock::now().boot.saturating_sub(WARM) };
    let mut drive = SimDrive::new(scenario.plan.clone(), scenario.seed, started);
    let (journal, entries) = board(drive.now())?;
    drive.take_control(journal, entries);
    let mut timeline = Timeline::new(scenario);
    // What the estate is like from the beginning is so before it is observed.
    let mut first = Some(timeline.pass(&mut drive, &mut *board));
    drive.run_for(WARM);
    // The drive logs the text of an error, and goes on.
    let events = move |drive: &mut SimDrive| {
        let passed = first.take().unwrap_or_else(|| timeline.pass(drive, &mut *board));
        passed.map(drop).map_err(|why| Chain(&why).to_string())
    };
    Ok(sim::start_with_control(drive, speed, inbox, Box::new(events)))
}

/// Observes a simulated run without a console.
pub struct Driven<'d> {
    drive: &'d mut SimDrive,
    run: Option<Arc<RunView>>,
}

impl<'d> Driven<'d> {
    /// Observes this one.
    pub const fn new(drive: &'d mut SimDrive) -> Self {
        Self { drive, run: None }
    }
}

impl Eye for Driven<'_> {
    fn word(&mut self, step: &str) -> Option<String> {
        self.drive.word(step).map(str::to_owned)
    }

    fn samples(&mut self, metric: &'static SignalDef) -> Vec<Sample> {
        self.drive.samples(metric)
    }

    fn run(&mut self) -> Option<Arc<RunView>> {
        Some(self.run.get_or_insert_with(|| Arc::new(self.drive.run_view())).clone())
    }

    fn snapshot(&mut self) -> Arc<Snapshot> {
        Arc::new(self.drive.snapshot())
    }

    /// Nothing is drawn here: screens are not part of the estate.
    fn screen(&mut self) -> String {
        String::new()
    }
}
