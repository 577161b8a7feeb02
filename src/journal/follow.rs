//! Follows a journal while another process writes it: a second console, or `landfall journal` during the run.

use std::{
    fs::File,
    io::{BufReader, Seek as _, SeekFrom},
    path::PathBuf,
};

use base::operation::Data;

use super::{Damage, Entry, Flaw, Head, Refused, chain::Reader};

/// A follower. It takes no lock and writes nothing.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    at: u64,
    lines: usize,
    head: Head,
    /// Accepts only this run.
    run: Option<String>,
}

impl Follower {
    /// For the journal in this file, from its beginning.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), at: 0, lines: 0, head: Head::default(), run: None }
    }

    /// The same; records of another run are refused.
    #[must_use]
    pub fn of_run(path: impl Into<PathBuf>, run: impl Into<String>) -> Self {
        Self { run: Some(run.into()), ..Self::new(path) }
    }

    /// Whether anything of it was read: then it existed.
    #[must_use]
    pub const fn has_started(&self) -> bool {
        self.at > 0
    }

    /// The records since the last call. A line without its end is left for the next call.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or belongs to another run. A file that has become shorter was not cut by its writer, which
    /// only cuts incomplete lines.
    pub fn news<C: Data, V: Data>(&mut self) -> Result<Vec<Entry<C, V>>, Refused> {
        let mut entries = Vec::new();
        self.each(|entry| entries.push(entry))?;
        Ok(entries)
    }

    /// The same, one by one: of a long journal only one record is kept in memory.
    ///
    /// # Errors
    /// As [`Self::news`]; the records before the damage were passed on.
    pub fn each<C: Data, V: Data>(&mut self, mut take: impl FnMut(Entry<C, V>)) -> Result<(), Refused> {
        let mut file = File::open(&self.path)?;
        if file.metadata()?.len() < self.at {
            return Err(Damage { line: self.lines, flaw: Flaw::Missing }.into());
        }
        file.seek(SeekFrom::Start(self.at))?;
        let mut reader = Reader::after(BufReader::new(file), self.head, self.lines);
        let started = self.at;
        while let Some(entry) = reader.record()? {
            if let Some(ours) = self.run.as_ref().filter(|run| **run != entry.run) {
                return Err(Refused::Other { theirs: entry.run, ours: ours.clone() });
            }
            (self.head, self.lines, self.at) = (reader.head(), reader.lines(), started + reader.at());
            take(entry);
        }
        Ok(())
    }

    /// The head that was read.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }
}
