//! The lock of a journal: the right to write it. It is a separate file beside the journal, `JOURNAL.lock`, which only its owner can open: a
//! lock on the journal itself can be taken, and kept, by anybody who can read the journal.
//!
//! The holder writes its identity into the file, so that the next process can show it. The text counts only while the lock is held: the
//! kernel releases the lock with the process, the text remains.

use std::{
    fmt,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    thread::sleep,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use base::text;

/// A lock that is held for longer than this has a holder: a process that only checks it holds it for a moment, and so does one that is
/// being ended.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pause between two attempts.
const AGAIN: Duration = Duration::from_millis(50);
/// The maximum length of the holder's text.
const LONGEST: u64 = 4096;

/// The holder of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The account.
    pub user: String,
    /// The machine.
    pub host: String,
    /// The terminal, and the address from which it was reached.
    pub from: String,
    /// The start time.
    pub since: Timestamp,
    /// It is about to release the journal: operations in flight are finished by this time at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Timestamp>,
}

impl Holder {
    /// This process, from now on.
    fn here() -> Self {
        let uid = rustix::process::geteuid().as_raw();
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let terminal = std::fs::read_link("/proc/self/fd/0").ok().filter(|path| path.starts_with("/dev"));
        let terminal = terminal.map_or_else(|| "no terminal".to_owned(), |path| path.display().to_string());
        // `10.0.0.7 50712 10.0.0.1 22`
        let ssh = std::env::var("SSH_CONNECTION").ok().and_then(|it| it.split(' ').next().map(str::to_owned));
        Self {
            pid: std::process::id(),
            user: account(uid).unwrap_or_else(|| format!("uid {uid}")),
            host: host.trim().to_owned(),
            from: ssh.map_or_else(|| terminal.clone(), |address| format!("{terminal}, by ssh from {address}")),
            since: Timestamp::now(),
            leaves: None,
        }
    }
}

/// The name of an account.
fn account(uid: u32) -> Option<String> {
    let all = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = all.lines().find(|line| line.split(':').nth(2) == Some(uid.to_string().as_str()))?;
    line.split(':').next().map(str::to_owned)
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, user, host, from, since, leaves } = self;
        // The contents of a file are not ours: they must not move the cursor.
        let (user, host, from) = (text::line(user), text::line(host), text::line(from));
        write!(f, "process {pid} of {user} on {host} ({from}), since {} UTC", since.strftime("%F %H:%M:%S"))?;
        if let Some(until) = leaves {
            write!(
                f,
                "; it is closing, finishes its running requests and releases the journal by {} UTC at the latest",
                until.strftime("%H:%M:%S")
            )?;
        }
        Ok(())
    }
}

/// A lock that is held. It is released when this value, and every process that inherited it, is gone.
#[derive(Debug)]
pub(super) struct Lock(Arc<File>);

/// The result of an attempt.
#[derive(Debug)]
pub(super) enum Tried {
    Held(Lock),
    /// The holder, if known.
    Busy(Option<Holder>),
}

/// Informs the next process that the holder is about to release the journal. It does not keep the lock.
#[derive(Debug, Clone)]
pub struct Notice(Weak<File>, Option<Holder>);

impl Notice {
    /// The holder releases it within this time.
    pub fn leaves_within(&self, within: Duration) {
        let Some((file, holder)) = self.0.upgrade().zip(self.1.clone()) else { return };
        let until = Timestamp::now().checked_add(within).ok();
        // Only information for others: a failure has no effect.
        let _ = write(&file, &Holder { leaves: until, ..holder });
    }
}

/// The path of a journal's lock file.
pub(super) fn path(journal: &Path) -> PathBuf {
    let mut name = journal.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    journal.with_file_name(name)
}

impl Lock {
    /// Takes the lock of the journal at this path, with a few retries.
    pub fn take(journal: &Path) -> io::Result<Tried> {
        let path = path(journal);
        let file = own(&path, OpenOptions::new().read(true).write(true).create(true))?;
        if file.metadata()?.nlink() != 1 {
            return Err(io::Error::other(format!("{} has a second hard link: remove it", path.display())));
        }
        if !patiently(|| file.try_lock())? {
            return Ok(Tried::Busy(read(&file)));
        }
        write(&file, &Holder::here())?;
        Ok(Tried::Held(Self(Arc::new(file))))
    }

    pub fn notice(&self) -> Notice {
        Notice(Arc::downgrade(&self.0), read(&self.0))
    }
}

/// Tries to take a lock for at most [`PATIENCE`]; false if another process keeps it.
pub(super) fn patiently(mut lock: impl FnMut() -> Result<(), TryLockError>) -> io::Result<bool> {
    let started = Instant::now();
    loop {
        match lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => sleep(AGAIN),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Opens a regular file of this account; a new one is readable and writable only by its owner. A link in its place is not followed: its
/// creator could choose which file is overwritten.
///
/// # Errors
/// If it cannot be opened, is a link or not a regular file, or belongs to another account.
pub fn own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let described = |why: String| io::Error::other(format!("{} {why}", path.display()));
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let file = options.mode(0o600).custom_flags(flags).open(path).map_err(|e| match std::fs::read_link(path) {
        Ok(to) => described(format!("is a link to {}, which is not followed: name the file itself", to.display())),
        Err(_) => e,
    })?;
    let about = file.metadata()?;
    let us = rustix::process::geteuid().as_raw();
    if !about.is_file() {
        return Err(described("is no plain file".to_owned()));
    }
    if about.uid() != us {
        let owner = account(about.uid()).unwrap_or_else(|| format!("uid {}", about.uid()));
        return Err(described(format!(
            "belongs to {owner}; landfall writes only to its own user's files: remove it, or name another"
        )));
    }
    // If others can write it, they can overwrite it.
    if about.mode() & 0o022 != 0 {
        rustix::fs::fchmod(&file, rustix::fs::Mode::from_raw_mode(about.mode() & 0o7755))?;
    }
    Ok(file)
}

fn write(mut file: &File, holder: &Holder) -> io::Result<()> {
    let text = serde_json::to_vec(holder).map_err(io::Error::other)?;
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(&text)
}

fn read(mut file: &File) -> Option<Holder> {
    let mut text = Vec::new();
    file.rewind().ok()?;
    file.take(LONGEST).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The holder of the journal at this path, for a process that only checks: none where nobody holds it, an error where this cannot be
/// determined.
pub(super) fn holder(journal: &Path) -> io::Result<Option<Option<Holder>>> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).map_err(io::Error::other)?;
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path(journal)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    // Only held for the duration of this check.
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| None),
        Err(TryLockError::WouldBlock) => Ok(Some(read(&file))),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
