//! Where lines are kept.

use std::{
    io::{self, BufRead, Cursor},
    sync::{Arc, Mutex, PoisonError},
};

pub use super::file::{FileStore, Opened};

/// Lines, one after the other. Narrow on purpose: across machines this will be another engine.
pub trait Storage: Send {
    /// Everything that is there, from its beginning.
    ///
    /// # Errors
    /// If it cannot be read.
    fn reader(&mut self) -> io::Result<Box<dyn BufRead + '_>>;

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// If not all of them were taken.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// When this returns, everything that was added survives a loss of power.
    ///
    /// # Errors
    /// If that cannot be said. It is not tried again: the kernel may have dropped what it could not write.
    fn sync(&mut self) -> io::Result<()>;

    /// Leaves only so many bytes, for good.
    ///
    /// # Errors
    /// If that cannot be said.
    fn cut(&mut self, len: u64) -> io::Result<()>;

    /// Whether it is still there, as it was written, for whoever looks for it where it belongs.
    ///
    /// # Errors
    /// What has become of it.
    fn check(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Memory, for the simulation and for tests: it can run full, fail to sync, and lose what was not synced.
#[derive(Debug, Clone, Default)]
pub struct MemStore(Arc<Mutex<Mem>>);

/// What is in it.
#[derive(Debug, Clone, Default)]
pub struct Mem {
    /// Everything that was added.
    pub bytes: Vec<u8>,
    /// How much of it survives.
    pub synced: usize,
    /// After so many more appends there is no room.
    pub room: Option<usize>,
    /// After so many more syncs they fail.
    pub syncs: Option<usize>,
    /// Appends after which nothing more happens to this store, as if the program were gone: with how many bytes of the last one.
    pub dies: Option<(usize, usize)>,
}

impl MemStore {
    /// With this in it, all of it on disk.
    #[must_use]
    pub fn with(bytes: Vec<u8>) -> Self {
        let synced = bytes.len();
        Self(Arc::new(Mutex::new(Mem { bytes, synced, ..Mem::default() })))
    }

    /// Looks at it, or changes what will go wrong.
    pub fn mem<T>(&self, with: impl FnOnce(&mut Mem) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is left after a loss of power.
    #[must_use]
    pub fn survivors(&self) -> Vec<u8> {
        self.mem(|mem| mem.bytes[..mem.synced].to_vec())
    }
}

/// Counts down; true when it was at its end already.
fn out(count: &mut Option<usize>) -> bool {
    match count {
        Some(0) => true,
        Some(n) => {
            *n -= 1;
            false
        }
        None => false,
    }
}

impl Storage for MemStore {
    fn reader(&mut self) -> io::Result<Box<dyn BufRead + '_>> {
        Ok(Box::new(Cursor::new(self.mem(|mem| mem.bytes.clone()))))
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.mem(|mem| {
            if out(&mut mem.room) {
                mem.room = Some(0);
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            match &mut mem.dies {
                Some((0, part)) => {
                    let part = (*part).min(bytes.len());
                    mem.bytes.extend(&bytes[..part]);
                    // A torn write may well have reached the disk.
                    mem.synced = mem.bytes.len();
                    mem.dies = Some((0, 0));
                    return Err(io::Error::other("gone"));
                }
                Some((n, _)) => *n -= 1,
                None => {}
            }
            mem.bytes.extend(bytes);
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.mem(|mem| {
            if out(&mut mem.syncs) {
                mem.syncs = Some(0);
                return Err(io::Error::other("input/output error"));
            }
            mem.synced = mem.bytes.len();
            Ok(())
        })
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.mem(|mem| {
            mem.bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
            mem.synced = mem.bytes.len();
            Ok(())
        })
    }
}
