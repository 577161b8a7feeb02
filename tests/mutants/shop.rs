//! A copy of the tree, and cargo at work in it.

use std::{
    fs::{self, File},
    io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

/// How long the tests of one mutant may take. Whoever hangs has been noticed.
pub const LIMIT: Duration = Duration::from_secs(300);
/// How long compiling may take, dependencies included.
const BUILD: Duration = Duration::from_secs(3600);

/// The crates that are compiled anew.
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

/// How tests ended.
#[derive(Debug)]
pub enum Ended {
    /// So many of them ran.
    Passed(usize),
    /// These did not pass.
    Failed(Vec<String>),
    /// They were still running after [`LIMIT`].
    Hung,
    /// They could not even be compiled.
    Broken(String),
}

pub struct Shop {
    tree: PathBuf,
    target: PathBuf,
    log: PathBuf,
}

impl Shop {
    /// Copies what git tracks, or would.
    ///
    /// Both the copy and what is built of it are kept apart from everything else: cargo tells trees in one target folder apart by little
    /// more than times, and would take the last mutant's library for the real one.
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
        // What is listed and not there was removed and that is not committed yet.
        for name in names.split_terminator('\0').filter(|name| root.join(name).is_file()) {
            let to = shop.tree.join(name);
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            // Its time becomes that of the copy, later than anything built before: all of it is compiled anew.
            fs::copy(root.join(name), &to).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        shop
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.tree.join(file)).expect("a file of the tree")
    }

    /// Writing makes the file newer than what was built of it, also when the old text comes back.
    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.tree.join(file), text).expect("a file of the tree");
    }

    /// Compiles and runs tests.
    pub fn test(&self, args: &[String]) -> Ended {
        self.test_but(args, &[])
    }

    /// The same, without those that these arguments of the test program leave out.
    pub fn test_but(&self, args: &[String], but: &[&str]) -> Ended {
        match self.cargo(args, &["--no-run"], BUILD) {
            (Some(true), _) => {}
            (Some(false), said) => return Ended::Broken(said.lines().filter(|l| l.starts_with("error")).collect()),
            (None, _) => return Ended::Broken(format!("not compiled after {} s", BUILD.as_secs())),
        }
        let (passed, said) = self.cargo(args, but, LIMIT);
        let named = |end: &str| {
            let lines = said.lines().filter_map(|l| l.strip_prefix("test ")?.strip_suffix(end));
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

    /// Whether cargo was content, and what it said; none if it was not done in time.
    fn cargo(&self, args: &[String], more: &[&str], limit: Duration) -> (Option<bool>, String) {
        let log = File::create(&self.log).expect("a file");
        let mut child = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["test", "--offline", "--no-default-features"])
            // Compiled once a mutant and run once: compiling it well takes longer than running it badly.
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
            // A group of its own: whoever ends cargo has to end the tests that it started, too.
            .process_group(0)
            .spawn()
            .expect("cargo");
        let begun = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break Some(status.success());
            }
            if begun.elapsed() > limit {
                kill_process_group(Pid::from_child(&child), Signal::KILL).expect("a group of ours");
                child.wait().expect("a child");
                break None;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        (ended, String::from_utf8_lossy(&fs::read(&self.log).expect("what it said")).into_owned())
    }
}
