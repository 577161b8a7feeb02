//! A copy of the tree, in which cargo runs.

use std::{
    fs::{self, File},
    io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

/// Time limit for the tests of one mutant. A hang counts as detected.
pub const LIMIT: Duration = Duration::from_secs(300);
/// Time limit for compilation, dependencies included.
const BUILD: Duration = Duration::from_secs(3600);

/// The crates that are compiled again.
const LAYERS: [&str; 8] = [
    "landfall-base",
    "landfall-plan",
    "landfall-journal",
    "landfall-engine",
    "landfall-systems",
    "landfall-drive",
    "landfall-console",
    "landfall",
];

/// Result of the tests.
#[derive(Debug)]
pub enum Ended {
    /// All passed; their number.
    Passed(usize),
    /// These failed.
    Failed(Vec<String>),
    /// They were still running after [`LIMIT`].
    Hung,
    /// They did not compile.
    Broken(String),
}

pub struct Shop {
    tree: PathBuf,
    target: PathBuf,
    log: PathBuf,
}

impl Shop {
    /// Copies what git tracks, or would track.
    ///
    /// The copy and its build have their own folders: cargo distinguishes trees in a shared target folder by little
    /// more than times, and would take the last mutant's library for the original.
    pub fn open() -> Self {
        let base = std::env::var_os("LANDFALL_MUTANTS_TARGET")
            .map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
        let base = base.join("mutants");
        let shop = Self { tree: base.join("tree"), target: base.join("target"), log: base.join("log") };
        match fs::remove_dir_all(&shop.tree) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => panic!("{}: {e}", shop.tree.display()),
            _ => {}
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .expect("git");
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        let names = String::from_utf8(listed.stdout).expect("names in UTF-8");
        // A listed but missing file was removed, and the removal is not committed yet.
        for name in names.split_terminator('\0').filter(|name| root.join(name).is_file()) {
            let to = shop.tree.join(name);
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            // The copy's time is later than any earlier build, so all of it is compiled again.
            fs::copy(root.join(name), &to).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        shop
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.tree.join(file)).expect("a file of the tree")
    }

    /// Writing makes the file newer than its build, also when the original text is restored.
    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.tree.join(file), text).expect("a file of the tree");
    }

    /// Compiles and runs tests.
    pub fn test(&self, args: &[String]) -> Ended {
        self.test_but(args, &[])
    }

    /// The same, skipping the tests that these arguments select.
    pub fn test_but(&self, args: &[String], but: &[&str]) -> Ended {
        match self.cargo(args, &["--no-run"], BUILD) {
            (Some(true), _) => {}
            (Some(false), detail) => return Ended::Broken(detail.lines().filter(|l| l.starts_with("error")).collect()),
            (None, _) => return Ended::Broken(format!("not compiled after {} s", BUILD.as_secs())),
        }
        let (passed, detail) = self.cargo(args, but, LIMIT);
        let named = |end: &str| {
            let lines = detail.lines().filter_map(|l| l.strip_prefix("test ")?.strip_suffix(end));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        match passed {
            Some(true) => Ended::Passed(named(" ... ok").len()),
            Some(false) => {
                let failed = named(" ... FAILED");
                Ended::Failed(if failed.is_empty() { vec!["the test program died".to_owned()] } else { failed })
            }
            None => Ended::Hung,
        }
    }

    /// Whether cargo succeeded, and its output; `None` if it exceeded the limit.
    fn cargo(&self, args: &[String], more: &[&str], limit: Duration) -> (Option<bool>, String) {
        let log = File::create(&self.log).expect("a file");
        let mut child = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["test", "--offline", "--no-default-features"])
            // Compiled and run once for each mutant: optimisation would take longer than it saves.
            .args(
                LAYERS
                    .iter()
                    .flat_map(|layer| ["--config".to_owned(), format!("profile.dev.package.{layer}.opt-level=0")]),
            )
            .args(if args.iter().any(|arg| arg == "-p") { &[][..] } else { &["-p", "landfall"][..] })
            .args(args)
            .args(more)
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.target)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a handle"))
            .stderr(log)
            // Its own process group: killing the group also kills the tests that cargo started.
            .process_group(0)
            .spawn()
            .expect("cargo");
        let started = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break Some(status.success());
            }
            if started.elapsed() > limit {
                kill_process_group(Pid::from_child(&child), Signal::KILL).expect("a group of ours");
                child.wait().expect("a child");
                break None;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        (ended, String::from_utf8_lossy(&fs::read(&self.log).expect("its output")).into_owned())
    }
}
