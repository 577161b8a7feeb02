//! Scenarios: a simulated estate, what happens to it, what is pressed, and what must come of it.
//!
//! One format for the demo, for rehearsals and for tests. A scenario is data: whoever plays it (the demo's console on a paced clock,
//! [`headless`] in virtual time) lets its events happen, presses its keys on the very same console, and judges its expectations.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `spec` | the format as data: every table and key |
//! | `lower` | from a checked tree to a [`Scenario`]: whether what it names is there |
//! | `happening` | what can happen to the imitated estate |
//! | `condition` | what may be the case, and whether it is |
//! | `timeline` | its events, as they fall due |
//! | `headless` | played in virtual time, without a terminal |
//! | `rehearsal` | a team's own plan, on an estate like the one in a picture |
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
pub use systems::injection::FaultInjection;

use base::digest::Digest;
use console::key::Key;
use drive::sim::{CallTrouble, Trouble};
use plan::{Action, Faulty, Plan, Report, read};

/// One scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// What really went wrong somewhere, and what the program makes of it.
    pub doc: String,
    /// The plan whose estate is imitated.
    pub plan: Arc<Plan>,
    /// Of that plan's text.
    pub plan_digest: Digest,
    /// The same seed gives the same estate.
    pub seed: u64,
    /// The time of day at which it begins.
    pub begins: Timestamp,
    /// How many times as fast as the real clock the script waits, when it is played.
    pub speed: f64,
    /// What happens.
    pub events: Vec<ScenarioEvent>,
    /// What is pressed, in order.
    pub cues: Vec<Cue>,
    /// What must not be the case at any moment.
    pub never: Vec<Condition>,
}

/// Something that happens, once.
#[derive(Debug, Clone)]
pub struct ScenarioEvent {
    /// Once all of this is the case.
    pub when: Vec<Condition>,
    /// So much later.
    pub after: Duration,
    /// What.
    pub happens: Injection,
}

/// What can happen: to the estate, to the network, to the console.
#[derive(Debug, Clone)]
pub enum Injection {
    /// To an imitated server.
    Happens(FaultInjection),
    /// The network between the sites is cut, or mended.
    Cut(bool),
    /// The sources whose ids begin so meet trouble, or none any more.
    Sources(String, Option<Trouble>),
    /// What the next so many requests meet whose words contain this, or that are of this step.
    Requests(String, CallTrouble, u32),
    /// What has become of the requests of steps that begin so cannot be seen; none: all can.
    Unobservable(Option<String>),
    /// Somebody else changes what this is about.
    ExternalChange(Box<Action>),
    /// The console is gone; another one takes the journal up after so long.
    Dies(Duration),
    /// The console's machine sleeps for so long.
    Sleeps(Duration),
    /// Somebody sets its wall clock.
    Clock(SignedDuration),
}

/// One line of the script.
#[derive(Debug, Clone)]
pub struct Cue {
    /// The line of the file that it stands in, from 1.
    pub line: usize,
    /// The caption.
    pub say: Option<String>,
    /// What is waited for: all of it.
    pub when: Vec<Condition>,
    /// How long that may take, and each of the wishes.
    pub within: Duration,
    /// What is wanted of steps, one after the other.
    pub wishes: Vec<Wish>,
    /// What is pressed then.
    pub keys: Vec<Key>,
    /// What is the case then: all of it.
    pub expect: Vec<Condition>,
    /// For how long it has to stay so.
    pub holds_for: Duration,
    /// How long the caption is shown at the least, on the real clock.
    pub stay: Duration,
    /// How many times as fast as the real clock it waits.
    pub speed: Option<f64>,
}

/// What is wanted of a step: the keys for it are those that the screen asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The step.
    pub step: String,
    /// What.
    pub want: Want,
}

/// What can be wanted of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// That it is begun.
    Begun,
    /// That it is done.
    Done,
    /// That it is taken back.
    Back,
}

impl Scenario {
    /// Reads a scenario out of a text. `path` is named in what is told; `plan_of` gives the text of the plan that it names.
    ///
    /// # Errors
    /// With all that is wrong, if it says something that cannot be.
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
    /// If it cannot be read, and with all that is wrong if it says something that cannot be.
    pub fn load(path: &Path) -> Result<(Self, Report), Faulty> {
        let text = std::fs::read_to_string(path).map_err(|source| Faulty::Unread { path: path.to_owned(), source })?;
        Self::parse(path, &text, |plan| std::fs::read_to_string(path.with_file_name(plan)))
    }
}
