//! A journal's file on a disk that fails as disks do.

use std::{
    fs::OpenOptions,
    io::{self, BufRead},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use landfall::journal::{FileStore, Opened, Storage};

/// How a write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Part of the record is in the file, and the process is gone.
    Torn,
    /// The record is in the file and could not be synced: it is lost.
    Unsynced,
    /// There is no room.
    Full,
    /// The record is written, and the process is killed right after it.
    Killed,
}

#[derive(Debug, Default)]
struct State {
    /// Writes that still succeed, and what happens then; none: all do.
    left: Option<(usize, Fault)>,
    over: bool,
    blocked: bool,
}

/// A disk, shared by whoever writes and the test.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<(Mutex<State>, Condvar)>);

impl Disk {
    pub fn sound() -> Self {
        Self::default()
    }

    pub fn failing(at: usize, fault: Fault) -> Self {
        let disk = Self::default();
        disk.with(|state| state.left = Some((at, fault)));
        disk
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.0.lock().expect("nobody panics in here"))
    }

    /// Whether it has failed, or as many writes were made as were to be.
    pub fn is_over(&self) -> bool {
        self.with(|state| state.over)
    }

    /// Writes are not answered until [`Self::release`].
    pub fn block(&self) {
        self.with(|state| state.blocked = true);
    }

    pub fn release(&self) {
        self.with(|state| state.blocked = false);
        self.0.1.notify_all();
    }

    /// Opens the journal's file; the process before may still be letting go of it.
    pub fn open(&self, path: &Path) -> OnDisk {
        let started = Instant::now();
        loop {
            match FileStore::open(path).expect("a file") {
                Opened::Ours(file) => return OnDisk { file, path: path.to_owned(), disk: self.clone(), len: 0 },
                Opened::Busy(_) => assert!(started.elapsed() < Duration::from_secs(60), "its lock is never free"),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What becomes of the next write.
    fn next(&self) -> Option<Fault> {
        let (lock, changed) = &*self.0;
        let mut state = lock.lock().expect("nobody panics in here");
        while state.blocked {
            state = changed.wait(state).expect("nobody panics in here");
        }
        match &mut state.left {
            Some((0, fault)) => {
                let fault = *fault;
                state.over = true;
                Some(fault)
            }
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }
}

/// The file.
pub struct OnDisk {
    file: FileStore,
    path: PathBuf,
    disk: Disk,
    /// What is synced.
    len: u64,
}

impl Storage for OnDisk {
    fn reader(&mut self) -> io::Result<Box<dyn BufRead + '_>> {
        self.file.reader()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.len = std::fs::metadata(&self.path)?.len();
        match self.disk.next() {
            Some(Fault::Torn) => {
                self.file.append(&bytes[..bytes.len() / 2])?;
                Err(io::Error::other("gone"))
            }
            Some(Fault::Full) => Err(io::Error::from(io::ErrorKind::StorageFull)),
            Some(Fault::Unsynced) => {
                self.file.append(bytes)?;
                OpenOptions::new().write(true).open(&self.path)?.set_len(self.len)?;
                Err(io::Error::other("input/output error"))
            }
            Some(Fault::Killed) | None => self.file.append(bytes),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.file.cut(len)
    }

    fn check(&mut self) -> io::Result<()> {
        self.file.check()
    }
}
