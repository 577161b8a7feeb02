//! All lines of a journal: intact, or the place and kind of the damage.

use std::io::{self, BufRead, Read as _};

pub use super::damage::{Damage, Flaw, LONGEST};
use super::{Entry, entry::Head};
use base::operation::Data;

/// Why the next record is not returned.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The journal cannot be read.
    #[error("the journal cannot be read")]
    Io(#[from] io::Error),
    /// It is damaged.
    #[error("the journal is damaged")]
    Damaged(#[from] Damage),
}

/// Reads a journal record by record: it keeps no more than one line.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    head: Head,
    lines: usize,
    at: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// From the beginning.
    pub fn new(from: R) -> Self {
        Self::after(from, Head::default(), 0)
    }

    /// From after the record `head`, which is the line with this number.
    pub const fn after(from: R, head: Head, lines: usize) -> Self {
        Self { from, head, lines, at: 0, line: Vec::new() }
    }

    /// The head after the last record that was read.
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Number of the last complete line that was read.
    pub const fn lines(&self) -> usize {
        self.lines
    }

    /// Bytes of the complete lines that were read.
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The next record; none after the last complete line.
    ///
    /// # Errors
    /// If the journal cannot be read, or is damaged.
    pub fn record<C: Data, V: Data>(&mut self) -> Result<Option<Entry<C, V>>, Unread> {
        // An incomplete line is continued where reading stopped.
        let room = (LONGEST + 1).saturating_sub(self.line.len());
        (&mut self.from).take(room as u64).read_until(b'\n', &mut self.line)?;
        let damage = |flaw| Damage { line: self.lines + 1, flaw };
        if self.line.len() > LONGEST {
            return Err(damage(Flaw::TooLong).into());
        }
        let Some(line) = self.line.strip_suffix(b"\n") else { return Ok(None) };
        let entry: Entry<C, V> = next(self.head, line).map_err(damage)?;
        self.head = entry.head();
        self.lines += 1;
        self.at += self.line.len() as u64;
        self.line.clear();
        Ok(Some(entry))
    }

    /// The number of bytes of a torn last line, once everything was read: a line without its end was never acknowledged, nothing was done
    /// because of it, and it can be cut off.
    ///
    /// # Errors
    /// If it is not the beginning of the next record: then it must not be cut.
    pub fn torn(&self) -> Result<u64, Damage> {
        if is_torn(self.head, &self.line) {
            return Ok(self.line.len() as u64);
        }
        Err(Damage { line: self.lines + 1, flaw: Flaw::Incomplete })
    }
}

/// Reads a whole journal. Returns its records and the number of bytes of a torn last line.
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
            Err(Unread::Damaged(damage)) => return Err(damage),
            // Reading bytes in memory cannot fail.
            Err(Unread::Io(error)) => return Err(Damage { line: reader.lines() + 1, flaw: Flaw::Unread(error) }),
        }
    }
}

/// Whether this is empty, or the beginning of the record after this head. After a power failure there may be zeros in place of a line that
/// did not reach the disk: some file systems store a file's length before its bytes.
fn is_torn(head: Head, line: &[u8]) -> bool {
    let written = line.iter().rposition(|b| *b != 0).map_or(0, |at| at + 1);
    let line = if head.seq > 0 { &line[..written] } else { line };
    let version = line.get(VERSION_AT.len()..).unwrap_or_default();
    let digits = version.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = format!(",\"seq\":{},\"prev\":\"{}\",", head.seq + 1, head.hash);
    let agree = |a: &[u8], b: &[u8]| a.iter().zip(b).all(|(a, b)| a == b);
    agree(line, VERSION_AT) && (version.is_empty() || digits > 0) && agree(&version[digits..], rest.as_bytes())
}

/// The beginning of every record, before the number of its version.
const VERSION_AT: &[u8] = b"{\"v\":";

/// Reads the line after this head.
///
/// # Errors
/// The reason why it is not valid.
pub fn next<C: Data, V: Data>(head: Head, line: &[u8]) -> Result<Entry<C, V>, Flaw> {
    let entry = Entry::<C, V>::parse(line)?;
    if entry.seq != head.seq + 1 {
        return Err(Flaw::Order { is: entry.seq, belongs: head.seq + 1 });
    }
    if entry.prev != head.hash {
        return Err(Flaw::Unchained);
    }
    Ok(entry)
}
