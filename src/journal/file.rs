//! A journal's file: it has one writer, and is checked to be at its path.

use std::{
    fs::{File, Metadata, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Seek as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{
    lock::{self, Holder, Lock, Notice, Tried, own},
    store::Storage,
};

/// A file with a lock: there is one writer on a machine.
#[derive(Debug)]
pub struct FileStore {
    file: File,
    path: PathBuf,
    /// Bytes in it that this process wrote, or that existed when it was opened.
    len: u64,
    lock: Lock,
}

/// The result of opening a journal's file.
#[derive(Debug)]
pub enum Opened {
    /// This process can write it.
    Ours(FileStore),
    /// Another process writes it; it can be followed. The holder, if known.
    Busy(Option<Holder>),
}

impl FileStore {
    /// Opens a file, or creates one, and takes its lock. A new one is readable only by its owner.
    ///
    /// # Errors
    /// If the file or its folder cannot be used; if it is a link, or belongs to another account.
    pub fn open(path: &Path) -> io::Result<Opened> {
        let lock = match Lock::take(path)? {
            Tried::Held(lock) => lock,
            Tried::Busy(holder) => return Ok(Opened::Busy(holder)),
        };
        let file = own(path, OpenOptions::new().read(true).append(true).create(true))?;
        // The file itself too: it may have another name, with a lock beside that. Processes with a shared lock do not write it.
        if !lock::patiently(|| file.try_lock())? && !lock::patiently(|| file.try_lock_shared())? {
            if file.metadata()?.nlink() > 1 {
                return Ok(Opened::Busy(None));
            }
            // Anybody who can read it can lock it: this must not be taken for a console that has control.
            return Err(io::Error::other(format!(
                "{0} is locked by a process that does not hold its lock file: `fuser -v {0}` shows it: a console that opened it under another name, an older landfall, or another user who may read \
                 the journal and should not: `chmod 600 {0}` keeps others out",
                path.display()
            )));
        }
        // The name of a new file is on disk only after its folder is synced; its creator may have died before that.
        file.sync_all()?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        let len = file.metadata()?.len();
        Ok(Opened::Ours(Self { file, path: path.to_owned(), len, lock }))
    }

    /// Informs the next process that this one is about to release the journal.
    #[must_use]
    pub fn notice(&self) -> Notice {
        self.lock.notice()
    }
}

/// Whether a process writes the journal at this path, and the holder; an error where this cannot be determined.
///
/// # Errors
/// If neither the lock nor the journal can be opened.
pub fn writer(path: &Path) -> io::Result<Option<Option<Holder>>> {
    if let Ok(Some(holder)) = lock::holder(path) {
        return Ok(Some(holder));
    }
    let file = File::open(path)?;
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| None),
        Err(TryLockError::WouldBlock) => Ok(Some(None)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether both are the same file.
fn same(a: &Metadata, b: &Metadata) -> bool {
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

impl Storage for FileStore {
    fn reader(&mut self) -> io::Result<Box<dyn BufRead + '_>> {
        self.file.rewind()?;
        Ok(Box::new(BufReader::new(&self.file)))
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.check()?;
        // One write: a follower sees a record whole or not at all. A short write is a failure and is not completed: the rest might follow
        // another process's bytes.
        match self.file.write(bytes)? {
            n if n == bytes.len() => {
                self.len += n as u64;
                Ok(())
            }
            n => Err(io::Error::new(io::ErrorKind::WriteZero, format!("{n} of {} bytes were written", bytes.len()))),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        // The bytes may have been written beside another process's, or into a file whose name was removed.
        self.check()
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.check()?;
        self.file.set_len(len)?;
        self.len = len;
        self.file.sync_all()
    }

    fn check(&mut self) -> io::Result<()> {
        let name = self.path.display();
        let ours = self.file.metadata()?;
        let there = match std::fs::symlink_metadata(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(io::Error::other(format!("{name} no longer exists: it was moved or removed")));
            }
            there => there?,
        };
        if !same(&ours, &there) {
            return Err(io::Error::other(format!("{name} is not the file that was opened: it was replaced")));
        }
        if ours.len() != self.len {
            let (is, was) = (ours.len(), self.len);
            let how = if is < was { "it was truncated" } else { "another process wrote to it" };
            return Err(io::Error::other(format!("{name} has {is} bytes where {was} were written: {how}")));
        }
        Ok(())
    }
}
