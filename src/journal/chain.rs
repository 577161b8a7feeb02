//! All lines of a journal: whole, or damaged where and how.

use std::io::{BufRead, Read as _};

use super::{Entry, Refused};
use base::digest::Digest;
use base::operation::Data;

/// Where a chain stands: the last record's number and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Number of the last record; 0 before the first.
    pub seq: u64,
    /// Its hash; zeros before the first.
    pub hash: Digest,
}

/// What is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Damage {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

/// No line is longer, its end included: what a record can name is a few megabytes at the most, and whoever reads a journal has room for one.
pub const LONGEST: usize = 16 * 1024 * 1024;

/// Reads a journal record by record: no more than one line of it is kept.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    head: Head,
    lines: usize,
    at: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// From its beginning.
    pub fn new(from: R) -> Self {
        Self::after(from, Head::default(), 0)
    }

    /// From behind the record `head`, which is the line with this number.
    pub const fn after(from: R, head: Head, lines: usize) -> Self {
        Self { from, head, lines, at: 0, line: Vec::new() }
    }

    /// Where the chain stands after the last record that was read.
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Number of the last line that was read whole.
    pub const fn lines(&self) -> usize {
        self.lines
    }

    /// Bytes of the whole lines that were read.
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The next record; none where the last whole line was read.
    ///
    /// # Errors
    /// If it cannot be read, and the first damage.
    pub fn record<C: Data, V: Data>(&mut self) -> Result<Option<Entry<C, V>>, Refused> {
        // What was begun and not ended goes on where it stopped.
        let room = (LONGEST + 1).saturating_sub(self.line.len());
        (&mut self.from).take(room as u64).read_until(b'\n', &mut self.line)?;
        let damage = |why: String| Damage { line: self.lines + 1, why };
        if self.line.len() > LONGEST {
            return Err(damage(format!("it is longer than {LONGEST} bytes, which no record is")).into());
        }
        let Some(line) = self.line.strip_suffix(b"\n") else { return Ok(None) };
        let entry: Entry<C, V> = next(self.head, line).map_err(damage)?;
        self.head = entry.head();
        self.lines += 1;
        self.at += self.line.len() as u64;
        self.line.clear();
        Ok(Some(entry))
    }

    /// How many bytes of a torn last line there are, once all was read: a line without its end was never acknowledged to anybody, nothing was
    /// done on its account, and it can be cut off.
    ///
    /// # Errors
    /// If it is something else than the beginning of the next record: then it is not ours to cut.
    pub fn torn(&self) -> Result<u64, Damage> {
        if is_torn(self.head, &self.line) {
            return Ok(self.line.len() as u64);
        }
        let why = "it is incomplete and does not begin like a record of this program".to_owned();
        Err(Damage { line: self.lines + 1, why })
    }
}

/// Reads a whole journal. Gives its records and how many bytes of a torn last line there are.
///
/// # Errors
/// The first damage.
pub fn read<C: Data, V: Data>(bytes: &[u8]) -> Result<(Vec<Entry<C, V>>, u64), Damage> {
    let mut reader = Reader::new(bytes);
    let mut entries = Vec::new();
    loop {
        match reader.record() {
            Ok(Some(entry)) => entries.push(entry),
            Ok(None) => return reader.torn().map(|torn| (entries, torn)),
            Err(Refused::Damaged(damage)) => return Err(damage),
            // Bytes in memory can be read.
            Err(other) => return Err(Damage { line: reader.lines() + 1, why: other.to_string() }),
        }
    }
}

/// Whether this is nothing, or the beginning of the record that comes after this head. After a loss of power there may be zeros where a line
/// did not reach the disk: some file systems keep a file's length before its bytes.
fn is_torn(head: Head, line: &[u8]) -> bool {
    let written = line.iter().rposition(|b| *b != 0).map_or(0, |at| at + 1);
    let line = if head.seq > 0 { &line[..written] } else { line };
    let version = line.get(VERSION_AT.len()..).unwrap_or_default();
    let digits = version.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = format!(",\"seq\":{},\"prev\":\"{}\",", head.seq + 1, head.hash);
    let agree = |a: &[u8], b: &[u8]| a.iter().zip(b).all(|(a, b)| a == b);
    agree(line, VERSION_AT) && (version.is_empty() || digits > 0) && agree(&version[digits..], rest.as_bytes())
}

/// What every record begins with, before the number of its version.
const VERSION_AT: &[u8] = b"{\"v\":";

/// Reads the line that comes after this head.
///
/// # Errors
/// What is wrong with it.
pub fn next<C: Data, V: Data>(head: Head, line: &[u8]) -> Result<Entry<C, V>, String> {
    let entry = Entry::<C, V>::parse(line)?;
    if entry.seq != head.seq + 1 {
        return Err(format!(
            "it is record {} where record {} belongs: lines are missing or in another order",
            entry.seq,
            head.seq + 1
        ));
    }
    if entry.prev != head.hash {
        return Err("its hash does not match the previous line: one of them was changed".to_owned());
    }
    Ok(entry)
}
