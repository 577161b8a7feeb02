//! All lines of a journal: whole, or damaged where and how.

use super::Entry;
use crate::core::digest::Digest;

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

/// Reads a journal. Gives its records and how many bytes of a torn last line there are: a line without its end was never acknowledged to
/// anybody, nothing was done on its account, and it can be cut off. Anything else that is not as it was written is damage.
///
/// # Errors
/// The first damage.
pub fn read(bytes: &[u8]) -> Result<(Vec<Entry>, u64), Damage> {
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let mut entries = Vec::new();
    let mut head = Head::default();
    for (at, line) in bytes[..whole].split_inclusive(|b| *b == b'\n').enumerate() {
        let entry = next(head, &line[..line.len() - 1]).map_err(|why| Damage { line: at + 1, why })?;
        head = entry.head();
        entries.push(entry);
    }
    Ok((entries, (bytes.len() - whole) as u64))
}

/// Reads the line that comes after this head.
///
/// # Errors
/// What is wrong with it.
pub fn next(head: Head, line: &[u8]) -> Result<Entry, String> {
    let entry = Entry::parse(line)?;
    if entry.seq != head.seq + 1 {
        return Err(format!(
            "it is record {} where record {} belongs: lines are missing or in another order",
            entry.seq,
            head.seq + 1
        ));
    }
    if entry.prev != head.hash {
        return Err("it does not follow on the line before it: one of them was changed".to_owned());
    }
    Ok(entry)
}
