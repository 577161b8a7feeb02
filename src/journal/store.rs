//! The storage of lines.

use std::{
    io::{self, BufRead, Cursor},
    sync::{Arc, Mutex, PoisonError},
};

/// Lines, one after the other. The interface is small on purpose: across machines this will be another engine.
pub trait Storage: Send {
    /// The whole contents, from the beginning.
    ///
    /// # Errors
    /// If it cannot be read.
    fn reader(&mut self) -> io::Result<Box<dyn BufRead + '_>>;

    /// Appends bytes.
    ///
    /// # Errors
    /// If not all of them were stored.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// When this returns, everything that was appended survives a power failure.
    ///
    /// # Errors
    /// If that is not certain. It is not repeated: the kernel may have dropped what it could not write.
    fn sync(&mut self) -> io::Result<()>;

    /// Permanently truncates it to this many bytes.
    ///
    /// # Errors
    /// If that is not certain.
    fn cut(&mut self, len: u64) -> io::Result<()>;

    /// Checks that it is still at its place, as it was written.
    ///
    /// # Errors
    /// The change that was found.
    fn check(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A store in memory, for the simulation and for tests: it can run full, fail to sync, and lose what was not synced.
#[derive(Debug, Clone, Default)]
pub struct MemStore(Arc<Mutex<Mem>>);

/// Its contents.
#[derive(Debug, Clone, Default)]
pub struct Mem {
    /// Everything that was appended.
    pub bytes: Vec<u8>,
    /// How many bytes of it survive.
    pub synced: usize,
    /// The number of further appends until it is full.
    pub room: Option<usize>,
    /// The number of further syncs until they fail.
    pub syncs: Option<usize>,
    /// The number of appends after which nothing more happens to this store, as if the program had died, and the number of bytes written of
    /// the last one.
    pub dies: Option<(usize, usize)>,
}

impl MemStore {
    /// With these contents, all of them on disk.
    #[must_use]
    pub fn with(bytes: Vec<u8>) -> Self {
        let synced = bytes.len();
        Self(Arc::new(Mutex::new(Mem { bytes, synced, ..Mem::default() })))
    }

    /// Reads it, or changes its future failures.
    pub fn mem<T>(&self, with: impl FnOnce(&mut Mem) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What remains after a power failure.
    #[must_use]
    pub fn survivors(&self) -> Vec<u8> {
        self.mem(|mem| mem.bytes[..mem.synced].to_vec())
    }
}

/// Counts down; true when it was at zero already.
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
                    // A torn write may have reached the disk.
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
