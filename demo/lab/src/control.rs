//! The control protocol of a running lab: one line of JSON each way over a Unix socket in the run directory.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Doing, Error, Result},
    server::{Condition, How},
};

/// A request to a running lab.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub enum Request {
    /// The state of the lab.
    Status,
    /// Break a server.
    Break {
        /// Its name.
        name: String,
        /// How.
        how: How,
    },
    /// Mend a server: resume it, or restart it with its port and data.
    Mend {
        /// Its name.
        name: String,
    },
    /// Turn the copier from target to source on or off.
    Reverse {
        /// On or off.
        on: bool,
    },
    /// End everything.
    Down,
}

/// The answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// The state of the lab.
    Status(Status),
    /// Done.
    Done,
    /// Not done, and why.
    Failed(String),
}

/// The phase of a lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Starting; what it waits for.
    Starting(String),
    /// Everything runs.
    Ready,
    /// It failed to start, and why.
    Failed(String),
}

/// The state of a lab.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// Its phase.
    pub phase: Phase,
    /// The plan to watch it with; exists once it is ready.
    pub plan: PathBuf,
    /// Whether the copier from target to source is on.
    pub reverse: bool,
    /// Each server by name.
    pub servers: BTreeMap<String, Line>,
}

/// The state of one server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// Its process, if it has one.
    pub pid: Option<u32>,
    /// Its condition.
    pub condition: Condition,
    /// Its log file.
    pub log: PathBuf,
}

/// The socket of a run.
#[must_use]
pub fn socket(run: &Path) -> PathBuf {
    run.join("control")
}

/// The plan of a run.
#[must_use]
pub fn plan(run: &Path) -> PathBuf {
    run.join("plan.toml")
}

/// Sends a request to the lab of a run directory.
///
/// # Errors
/// If no lab runs there, or the request failed.
pub fn ask(run: &Path, request: &Request) -> Result<Reply> {
    let doing = || format!("asking the lab in {}", run.display());
    let mut line =
        UnixStream::connect(socket(run)).doing(|| format!("asking the lab in {} (is it up?)", run.display()))?;
    let mut text = serde_json::to_string(request).doing(doing)?;
    text.push('\n');
    line.write_all(text.as_bytes()).doing(doing)?;
    let mut answer = String::new();
    BufReader::new(line).read_line(&mut answer).doing(doing)?;
    match serde_json::from_str(&answer).doing(doing)? {
        Reply::Failed(why) => Err(Error::new(doing(), why)),
        reply => Ok(reply),
    }
}

/// The state of the lab of a run directory.
///
/// # Errors
/// If no lab runs there.
pub fn status(run: &Path) -> Result<Status> {
    match ask(run, &Request::Status)? {
        Reply::Status(status) => Ok(status),
        other => Err(Error::new("asking for the status", format!("{other:?}"))),
    }
}
