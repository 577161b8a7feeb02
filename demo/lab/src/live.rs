//! For tests and measurements: a handle of a running lab, and turns that separate read-only tests from those that
//! break servers.
//!
//! The lab is a child process that ends when its standard input closes: however the test process ends, nothing of the
//! lab remains. `LANDFALL_LAB` decides what happens if no lab is available: `off` = skip, `required` = fail, unset =
//! skip with a message.

use std::{
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};

use landfall::plan::Plan;

use crate::{
    control::{self, Phase, Request, Status},
    error::{Doing, Error, Result},
    server::{Condition, How},
    watch::Watch,
};

/// How long a lab may take to start; the first time it downloads its programs.
const UP: Duration = Duration::from_secs(600);
/// How long everything may take to be fresh again after a storm.
const CALM: Duration = Duration::from_secs(180);

/// A running lab; ends when it is dropped, or with this process.
#[derive(Debug)]
pub struct Lab {
    run: PathBuf,
    child: Child,
    turns: RwLock<()>,
}

impl Lab {
    /// Starts a lab and waits until it is ready.
    ///
    /// # Errors
    /// If it does not start; with the last lines of its output.
    pub fn start() -> Result<Self> {
        let doing = || "starting a lab".to_owned();
        let run = std::env::temp_dir().join(format!("landfall-lab-{}-{}", std::process::id(), fastrand::u32(..)));
        std::fs::create_dir_all(&run).doing(doing)?;
        let log = run.join("supervisor.log");
        let child = Command::new(program("landfall-lab")?)
            .arg("--run")
            .arg(&run)
            .args(["up", "--until-stdin-closes"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::create(&log).doing(doing)?)
            .spawn()
            .doing(doing)?;
        // Opened now, so that it can be read after the run directory is removed.
        let mut detail = File::open(&log).doing(doing)?;
        let mut lab = Self { run, child, turns: RwLock::new(()) };
        lab.wait().map_err(|why| {
            let mut text = String::new();
            let _ = detail.read_to_string(&mut text);
            let tail: Vec<_> = text.lines().rev().take(3).collect();
            Error::new(doing(), format!("{why}; {}", tail.into_iter().rev().collect::<Vec<_>>().join(" / ")))
        })?;
        Ok(lab)
    }

    fn wait(&mut self) -> Result<()> {
        let doing = || "waiting for the lab".to_owned();
        let end = Instant::now() + UP;
        loop {
            match self.status().map(|status| status.phase) {
                Ok(Phase::Ready) => return Ok(()),
                Ok(Phase::Failed(why)) => return Err(Error::new(doing(), why)),
                Ok(Phase::Starting(_)) | Err(_) => {}
            }
            if let Some(status) = self.child.try_wait().doing(doing)? {
                return Err(Error::new(doing(), status));
            }
            if Instant::now() > end {
                return Err(Error::new(doing(), format!("not ready after {} s", UP.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The shared lab of this test process; `None` if the live tests are skipped, with a message on standard error.
    ///
    /// # Panics
    /// If `LANDFALL_LAB=required` and there is no lab; or if the variable has an unknown value.
    pub fn shared() -> Option<&'static Self> {
        static LAB: OnceLock<Option<Lab>> = OnceLock::new();
        LAB.get_or_init(|| {
            let wish = std::env::var("LANDFALL_LAB").unwrap_or_default();
            match &*wish {
                "off" => {
                    say("LANDFALL_LAB=off: the tests on real servers are SKIPPED");
                    None
                }
                "required" => Some(Self::start().unwrap_or_else(|why| panic!("LANDFALL_LAB=required: {why}"))),
                "" => Self::start()
                    .map_err(|why| say(&format!("no lab, the tests on real servers are SKIPPED: {why}")))
                    .ok(),
                other => panic!("LANDFALL_LAB={other}: say `off`, `required`, or nothing"),
            }
        })
        .as_ref()
    }

    /// The run directory.
    #[must_use]
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// The plan file.
    #[must_use]
    pub fn plan_file(&self) -> PathBuf {
        control::plan(&self.run)
    }

    /// The plan.
    ///
    /// # Errors
    /// If it cannot be read: a defect of the lab.
    pub fn plan(&self) -> Result<Plan> {
        let path = self.plan_file();
        landfall::systems::load_plan(&path).map(|(plan, _)| plan).doing(|| format!("reading {}", path.display()))
    }

    /// The state of the lab.
    ///
    /// # Errors
    /// If the lab has ended.
    pub fn status(&self) -> Result<Status> {
        control::status(&self.run)
    }

    /// Port of a server.
    ///
    /// # Errors
    /// If the lab has ended, or has no such server.
    pub fn port(&self, name: &str) -> Result<u16> {
        let status = self.status()?;
        let line = status.servers.get(name).ok_or_else(|| Error::new("looking for a server", name))?;
        Ok(line.port)
    }

    /// Waits for a turn that is shared with other read-only tests.
    pub fn calm(&self) -> Calm<'_> {
        Calm { _turn: self.turns.read().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Waits for an exclusive turn, to break things. Its end mends everything and waits until all is fresh again.
    pub fn storm(&self) -> Storm<'_> {
        Storm { lab: self, _turn: self.turns.write().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A shared turn: nothing is broken meanwhile.
#[derive(Debug)]
pub struct Calm<'a> {
    _turn: RwLockReadGuard<'a, ()>,
}

/// An exclusive turn.
#[derive(Debug)]
pub struct Storm<'a> {
    lab: &'a Lab,
    _turn: RwLockWriteGuard<'a, ()>,
}

impl Storm<'_> {
    /// Breaks a server.
    ///
    /// # Errors
    /// If it is unknown or not running.
    pub fn break_(&self, name: &str, how: How) -> Result<()> {
        control::ask(&self.lab.run, &Request::Break { name: name.to_owned(), how }).map(drop)
    }

    /// Mends a server: resumes it, or restarts it with its port and data.
    ///
    /// # Errors
    /// If it is unknown or does not start.
    pub fn mend(&self, name: &str) -> Result<()> {
        control::ask(&self.lab.run, &Request::Mend { name: name.to_owned() }).map(drop)
    }

    /// Mends everything and waits until all is fresh.
    ///
    /// # Errors
    /// If something does not recover.
    pub fn heal(&self) -> Result<()> {
        let broken = self.lab.status()?.servers.into_iter().filter(|(_, line)| line.condition != Condition::Up);
        let broken: Vec<_> = broken.map(|(name, _)| name).collect();
        broken.iter().try_for_each(|name| self.mend(name))?;
        if !broken.is_empty() {
            Watch::on(self.lab.plan()?)?.until_live(CALM)?;
        }
        Ok(())
    }
}

impl Drop for Storm<'_> {
    fn drop(&mut self) {
        if let Err(why) = self.heal() {
            say(&format!("after a storm: {why}"));
        }
    }
}

/// A program of the workspace, beside the folder of the running test or example. Cargo builds it for a test, but not
/// for an example: file times do not show whether it is current, since either may be linked first.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let doing = || format!("looking for the program {name}");
    let this = std::env::current_exe().doing(doing)?;
    let folders = this.ancestors().skip(1).take(2);
    folders
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| Error::new(doing(), format!("not beside {}: `cargo build` makes it", this.display())))
}

/// Writes to standard error directly, because the test harness captures printed output.
fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}
