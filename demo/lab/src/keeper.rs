//! The keeper: a small process that ends the servers if their supervisor is killed.
//!
//! The supervisor holds the writing end of the keeper's standard input and reports each process group on it. When that
//! end closes, for whatever reason, the keeper kills the remaining groups and removes the run directory.

use std::{
    collections::BTreeSet,
    io::{BufRead, Write},
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::error::{Doing, Error, Result};

/// The supervisor's connection to its keeper.
#[derive(Debug)]
pub struct Keeper {
    line: Mutex<ChildStdin>,
}

impl Keeper {
    /// Starts the keeper of a run directory: the hidden subcommand `keep` of this program, which is `landfall-lab`.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start(program: &Path, run: &Path) -> Result<Self> {
        use std::os::unix::process::CommandExt;
        let doing = || "starting the keeper".to_owned();
        let mut child = Command::new(program)
            .arg("--run")
            .arg(run)
            .arg("keep")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .doing(doing)?;
        let line = child.stdin.take().ok_or_else(|| Error::new(doing(), "it has no standard input"))?;
        // It outlives this process for a moment, on purpose: nobody waits for it.
        drop(child);
        Ok(Self { line: Mutex::new(line) })
    }

    /// Reports a new process group.
    pub fn watch(&self, group: u32) {
        self.send('+', group);
    }

    /// Reports the end of a process group, whose number may be reused.
    pub fn forget(&self, group: u32) {
        self.send('-', group);
    }

    fn send(&self, sign: char, group: u32) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        // If the keeper is gone, continue: the supervisor ends its servers itself.
        let _ = writeln!(line, "{sign}{group}");
    }
}

/// The keeper: reads until the supervisor is gone, then ends the rest of the run.
pub fn keep(run: &Path) {
    let mut groups = BTreeSet::new();
    for line in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
        if let Some(group) = line.strip_prefix('+').and_then(|n| n.parse::<i32>().ok()) {
            groups.insert(group);
        } else if let Some(group) = line.strip_prefix('-').and_then(|n| n.parse().ok()) {
            groups.remove(&group);
        }
    }
    for group in groups.into_iter().filter_map(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    remove(run);
}

/// Removes a run directory; a server that was just killed may still write into it for a moment.
pub fn remove(run: &Path) {
    for _ in 0..50 {
        match std::fs::remove_dir_all(run) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
            _ => return,
        }
    }
}
