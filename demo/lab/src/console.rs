//! A real `landfall console` in its own pseudo-terminal, operated by keys: for programs that kill it, and for those
//! that check its output.
//!
//! Waits use only its screen and its journal, as a person would; nothing of the program is linked in for that.

mod rows;

use std::{
    io::{Read as _, Write as _},
    num::NonZeroU16,
    path::{Path, PathBuf},
    process::Child,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use landfall::{
    base::step::{Note, StepState, Way},
    journal::follow::Follower,
    systems::{Body, Entry},
};
use pty_process::{
    Size,
    blocking::{Command, Pty},
};

use crate::{
    error::{Doing, Error, Result},
    live::program,
};

/// Size of the terminal.
const ROWS: u16 = 40;
const COLUMNS: u16 = 120;
/// Longer than any screen takes to appear.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to retry a step that cannot be armed yet: its gates need time, and the state behind a preview may drift.
const READY: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(20);
/// How often the execution of a step is tried.
const TRIES: usize = 3;

/// A plan and the journal of its run: any number of consoles can use them, one after the other.
#[derive(Debug, Clone)]
pub struct Run {
    /// Path of the plan.
    pub plan: PathBuf,
    /// Path of the journal.
    pub journal: PathBuf,
}

impl Run {
    /// Writes the plan into a folder, under a name that the journal shares.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn new(folder: &Path, name: &str, plan: &str) -> Result<Self> {
        let file = |end: &str| folder.join(format!("{name}.{end}"));
        let run = Self { plan: file("toml"), journal: file("journal") };
        std::fs::write(&run.plan, plan).doing(|| format!("writing {}", run.plan.display()))?;
        Ok(run)
    }

    /// Starts a console with control of the run.
    ///
    /// # Errors
    /// If it cannot be started, or shows nothing.
    pub fn console(&self) -> Result<Console> {
        Console::with_control(&self.plan, &self.journal)
    }
}

/// A running console. Killed when it is dropped.
pub struct Console {
    pty: Arc<Pty>,
    child: Child,
    screen: Arc<Mutex<vt100::Parser>>,
    journal: Option<Follower>,
    /// The journal entries read so far.
    pub entries: Vec<Entry>,
    /// Who approves the next armed step, if the plan requires approval.
    pub approver: Option<String>,
    /// The last preview, as shown on screen.
    pub previewed: String,
}

/// The folder of a file.
fn beside(file: &Path) -> &Path {
    file.parent().unwrap_or_else(|| Path::new("."))
}

impl Console {
    /// `landfall console PLAN --journal JOURNAL`.
    fn with_control(plan: &Path, journal: &Path) -> Result<Self> {
        let mut console =
            Self::start(&["console", &plan.to_string_lossy(), "--journal", &journal.to_string_lossy()], beside(plan))?;
        console.journal = Some(Follower::new(PathBuf::from(journal)));
        Ok(console)
    }

    /// Starts `landfall watch PLAN`.
    ///
    /// # Errors
    /// If it cannot be started, or shows nothing.
    pub fn watch(plan: &Path) -> Result<Self> {
        Self::start(&["watch", &plan.to_string_lossy()], beside(plan))
    }

    /// `folder`: the lab's own, that of the plan.
    fn start(args: &[&str], folder: &Path) -> Result<Self> {
        let doing = || format!("starting landfall {}", args.join(" "));
        let (pty, pts) = pty_process::blocking::open().doing(doing)?;
        pty.resize(Size::new(ROWS, COLUMNS)).doing(doing)?;
        // What the operator of this machine has chosen neither decides what is tested, nor is changed by it.
        let own = folder.join("landfall-home");
        let command = Command::new(program("landfall")?).args(args).env_remove("NO_COLOR");
        let command = command.env("XDG_STATE_HOME", own.join("state")).env("XDG_CONFIG_HOME", own.join("config"));
        let command =
            command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").env("LANDFALL_OPERATOR", "operator");
        let child = command.spawn(pts).doing(doing)?;
        let cells = |n| NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(ROWS), cells(COLUMNS), 0)));
        let pty = Arc::new(pty);
        let (reader, seen) = (pty.clone(), screen.clone());
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(n @ 1..) = (&*reader).read(&mut part) {
                seen.lock().unwrap_or_else(PoisonError::into_inner).process(&part[..n]);
            }
        });
        let mut console =
            Self { pty, child, screen, journal: None, entries: Vec::new(), approver: None, previewed: String::new() };
        console.until("1 Overview", PATIENCE)?;
        Ok(console)
    }

    /// The text on screen.
    #[must_use]
    pub fn screen(&self) -> String {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen().contents()
    }

    /// Checks that the console is running: after its end its last screen would remain, and keys would still be
    /// accepted.
    fn alive(&mut self, doing: impl Fn() -> String) -> Result<()> {
        match self.child.try_wait().doing(&doing)? {
            None => Ok(()),
            Some(status) => Err(Error::new(doing(), format!("the console has ended, {status}:\n{}", self.screen()))),
        }
    }

    /// Presses keys.
    ///
    /// # Errors
    /// If the console has ended; with its status and the screen.
    pub fn press(&mut self, keys: &str) -> Result<()> {
        let doing = || format!("pressing {keys:?}");
        self.alive(doing)?;
        (&*self.pty).write_all(keys.as_bytes()).doing(doing)
    }

    /// Waits for a text on screen.
    ///
    /// # Errors
    /// If it does not appear, or the console has ended; with the screen.
    pub fn until(&mut self, words: &str, patience: Duration) -> Result<()> {
        self.until_seen(&format!("\"{words}\""), patience, |screen| screen.contains(words))
    }

    /// Waits for a screen that satisfies `wanted`. `what` describes it.
    ///
    /// # Errors
    /// If it does not appear, or the console has ended; with the screen.
    pub fn until_seen(&mut self, what: &str, patience: Duration, wanted: impl Fn(&str) -> bool) -> Result<()> {
        let doing = || format!("waiting for {what}");
        let end = Instant::now() + patience;
        loop {
            self.alive(doing)?;
            if wanted(&self.screen()) {
                return Ok(());
            }
            if Instant::now() > end {
                let why = format!("not on screen in {} s:\n{}", patience.as_secs(), self.screen());
                return Err(Error::new(doing(), why));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Executes a step or its rollback: preview, arm, type the step's id, count-down; until the attempt is journaled.
    ///
    /// # Errors
    /// If it cannot be started; with the screen.
    pub fn carry_out(&mut self, step: &str, way: Way) -> Result<()> {
        // On a busy machine a reading may be too old at the last key, and the step is rightly refused.
        for _ in 1..TRIES {
            self.prepare(step, way)?;
            if self.confirm(step).is_ok() {
                return Ok(());
            }
        }
        self.prepare(step, way)?;
        self.confirm(step)
    }

    /// All keys but the last: preview, arm, type the step's id. Retries for a while if the step is not ready.
    ///
    /// # Errors
    /// If it cannot be armed; with the screen.
    pub fn prepare(&mut self, step: &str, way: Way) -> Result<()> {
        let end = Instant::now() + READY;
        loop {
            let tried = self.try_to_arm(step, way);
            self.alive(|| format!("arming {step}"))?;
            match tried {
                Err(_) if Instant::now() < end => std::thread::sleep(Duration::from_secs(1)),
                done => return done,
            }
        }
    }

    fn try_to_arm(&mut self, step: &str, way: Way) -> Result<()> {
        let soon = Duration::from_secs(5);
        self.select(step)?;
        // The key is refused once the rollback has been chosen: an earlier try may have come so far.
        let chosen = |row: String| ["RB_READY", "PREVIEWED", "ARMED"].iter().any(|state| row.contains(state));
        if way == Way::Back && !self.row(step).is_some_and(chosen) {
            self.press("b")?;
            self.until("Preview: ", soon)?;
        }
        self.press("p")?;
        self.until("PREVIEWED", soon)?;
        if let Some(name) = self.approver.clone() {
            self.press("A")?;
            self.until("approved by", soon)?;
            self.press(&format!("{name}\r"))?;
            self.until("approvals 1 of", soon)?;
        }
        self.previewed = self.screen();
        self.press("a")?;
        self.until("ARMED", soon)?;
        self.press("x")?;
        let asked = if way == Way::Back { format!("the ROLLBACK of {step}?") } else { format!("Execute {step}?") };
        self.until(&asked, soon)?;
        self.press(step)?;
        self.until(&format!("> {step}"), soon)
    }

    /// The last key, and the count-down; until the attempt is journaled.
    ///
    /// # Errors
    /// If it is refused; with the screen.
    pub fn confirm(&mut self, step: &str) -> Result<()> {
        self.news()?;
        let before = self.attempts(step);
        self.press("\r")?;
        let end = Instant::now() + Duration::from_secs(15);
        while Instant::now() < end {
            self.alive(|| format!("executing {step}"))?;
            self.news()?;
            if self.attempts(step) > before {
                return Ok(());
            }
            std::thread::sleep(LOOK / 4);
        }
        Err(Error::new(format!("executing {step}"), self.screen()))
    }

    /// Presses the key for another attempt at a finished step, until the journal says that it is not over any more.
    ///
    /// # Errors
    /// If it is refused; with the screen.
    pub fn again(&mut self, step: &str) -> Result<()> {
        self.news()?;
        let before = self.entries.len();
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.select(step)?;
            self.press("r")?;
            // The selection may not have been on the row: then the key is pressed again.
            let soon = Instant::now() + Duration::from_secs(5);
            while Instant::now() < soon {
                self.news()?;
                let moved = |e: &Entry| matches!(&e.body, Body::Transition(c) if c.step == step && matches!(c.note, Note::State(_)));
                if self.entries.iter().skip(before).any(moved) {
                    return Ok(());
                }
                std::thread::sleep(LOOK);
            }
        }
        Err(Error::new(format!("trying {step} again"), self.screen()))
    }

    /// Reads new journal entries.
    ///
    /// # Errors
    /// If the journal is damaged.
    pub fn news(&mut self) -> Result<()> {
        if let Some(journal) = &mut self.journal {
            self.entries.extend(journal.news().doing(|| "reading the journal".to_owned())?);
        }
        Ok(())
    }

    fn attempts(&self, step: &str) -> usize {
        self.entries.iter().filter(|e| matches!(&e.body, Body::AttemptStarted(b) if b.step == step)).count()
    }

    /// The outcome of a step's last attempt, if it is over.
    #[must_use]
    pub fn ended(&self, step: &str) -> Option<StepState> {
        self.entries.iter().rev().find_map(|e| match &e.body {
            Body::AttemptStarted(b) if b.step == step => Some(None),
            Body::Transition(c) if c.step == step => match c.note {
                Note::State(phase) => Some(Some(phase)),
                _ => None,
            },
            _ => None,
        })?
    }

    /// Waits until a step's last attempt is over.
    ///
    /// # Errors
    /// If it does not end; with the screen.
    pub fn until_over(&mut self, step: &str, patience: Duration) -> Result<StepState> {
        use StepState::{Done, Failed, NotApplied, RolledBack};
        let end = Instant::now() + patience;
        loop {
            self.news()?;
            self.alive(|| format!("waiting for the end of {step}"))?;
            match self.ended(step) {
                Some(phase @ (Done | Failed | NotApplied | RolledBack)) => return Ok(phase),
                _ if Instant::now() > end => {
                    let why = format!("not in {} s:\n{}", patience.as_secs(), self.screen());
                    return Err(Error::new(format!("waiting for the end of {step}"), why));
                }
                _ => std::thread::sleep(LOOK),
            }
        }
    }

    /// Kills it with SIGKILL at once. Its journal can still be read.
    ///
    /// # Errors
    /// If it had ended already.
    pub fn end(&mut self) -> Result<()> {
        let doing = || "killing the console".to_owned();
        self.child.kill().doing(doing)?;
        self.child.wait().map(drop).doing(doing)
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
