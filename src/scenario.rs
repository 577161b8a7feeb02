//! Scenarios: a simulated estate, injected events, the keys to press, and the expected results.
//!
//! One format for the demo, for rehearsals and for tests. A scenario is data. Its player (the demo's console in real
//! time, [`headless`] in virtual time) triggers its events, presses its keys on the normal console, and checks its
//! expectations.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `spec` | the format as data: every table and key |
//! | `lower` | from a checked tree to a [`Scenario`]: whether the names in it exist |
//! | `condition` | conditions, and whether they hold |
//! | `timeline` | its events, as they fall due |
//! | `script` | its script, played on the console |
//! | `headless` | played in virtual time, without a terminal |
//! | `rehearsal` | a team's own plan, on an estate like the one in a snapshot |
//! | `library` | the scenarios that come with the program |

pub mod condition;
pub mod headless;
pub mod library;
mod lower;
mod rehearsal;
pub mod script;
pub mod spec;
pub mod timeline;

use std::{path::Path, sync::Arc, time::Duration};

pub use condition::Condition;
use jiff::{SignedDuration, Timestamp};
pub use rehearsal::NotLike;
pub use systems::FaultInjection;

use base::digest::Digest;
use console::key::Key;
use drive::sim::{CallTrouble, Requests, Trouble};
use plan::{Action, Faulty, Plan, Report, read};

/// One scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// The real incident behind it, and how the program handles it.
    pub doc: String,
    /// The plan whose estate is simulated.
    pub plan: Arc<Plan>,
    /// Digest of that plan's text.
    pub plan_digest: Digest,
    /// The same seed gives the same estate.
    pub seed: u64,
    /// The wall-clock time at which it begins.
    pub begins: Timestamp,
    /// How many times as fast as the real clock the script waits when it is played.
    pub speed: f64,
    /// Its events.
    pub events: Vec<ScenarioEvent>,
    /// Its cues, in order.
    pub cues: Vec<Cue>,
    /// Conditions that must hold at no moment.
    pub never: Vec<Condition>,
}

/// An event, which occurs once.
#[derive(Debug, Clone)]
pub struct ScenarioEvent {
    /// Once all of these hold.
    pub when: Vec<Condition>,
    /// After this delay.
    pub after: Duration,
    /// What is injected.
    pub happens: Injection,
}

/// What can be injected: into the estate, the network or the console.
#[derive(Debug, Clone)]
pub enum Injection {
    /// Into a simulated server.
    Happens(FaultInjection),
    /// The network between the sites is cut, or restored.
    Cut(bool),
    /// Collectors with this id prefix get this trouble, or none any more.
    Sources(String, Option<Trouble>),
    /// A fault for the next of these requests (their number).
    Requests(Requests, CallTrouble, u32),
    /// The results of requests of steps with this id prefix cannot be observed; `None`: all can.
    Unobservable(Option<String>),
    /// An external change of the object of this action.
    ExternalChange(Box<Action>),
    /// The console dies; another one opens the journal after this time.
    Dies(Duration),
    /// The console's machine sleeps for this time.
    Sleeps(Duration),
    /// The wall clock of the console's machine is set.
    Clock(SignedDuration),
}

/// A cue: one line of the script.
#[derive(Debug, Clone)]
pub struct Cue {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The caption.
    pub say: Option<String>,
    /// The conditions to wait for: all of them.
    pub when: Vec<Condition>,
    /// Time limit of that wait, and of each wish.
    pub within: Duration,
    /// The wishes for steps, one after the other.
    pub wishes: Vec<Wish>,
    /// The keys pressed after that.
    pub keys: Vec<Key>,
    /// The conditions expected after that: all of them.
    pub expect: Vec<Condition>,
    /// How long they must keep holding.
    pub holds_for: Duration,
    /// Minimum time of the caption, on the real clock.
    pub stay: Duration,
    /// How many times as fast as the real clock it waits.
    pub speed: Option<f64>,
}

/// A wish for a step: the keys are those that the screen asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The step.
    pub step: String,
    /// The goal.
    pub want: Want,
}

/// A goal for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// It is started.
    Started,
    /// It is done.
    Done,
    /// It is rolled back.
    Back,
}

impl Scenario {
    /// Parses a scenario. Messages name `path`; `plan_of` returns the text of the plan that it names.
    ///
    /// # Errors
    /// With all its faults.
    pub fn parse(
        path: &Path,
        text: &str,
        plan_of: impl Fn(&str) -> std::io::Result<String>,
    ) -> Result<(Self, Report), Faulty> {
        let line = |at: usize| text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1;
        read(&spec::ROOT, path, text, |root, faults| lower::scenario(root, &plan_of, &line, faults))
    }

    /// Reads a scenario file, and the plan beside it.
    ///
    /// # Errors
    /// If it cannot be read, or with all its faults.
    pub fn load(path: &Path) -> Result<(Self, Report), Faulty> {
        let text = std::fs::read_to_string(path).map_err(|source| Faulty::Unread { path: path.to_owned(), source })?;
        Self::parse(path, &text, |plan| std::fs::read_to_string(path.with_file_name(plan)))
    }
}
