//! What can be wrong with a line of a journal, and where.

use std::{error::Error, fmt, io};

use super::body::VERSION;

/// The maximum length of a line, including its end: a record has a few megabytes at most, and every reader can hold one line.
pub const LONGEST: usize = 16 * 1024 * 1024;

/// The damage of a journal.
#[derive(Debug)]
pub struct Damage {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub flaw: Flaw,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.flaw)
    }
}

/// Line and flaw are one text: the cause is the flaw's.
impl Error for Damage {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.flaw.source()
    }
}

/// What is wrong with a line. Each text begins with "it" or "its": the line.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// It cannot be read as a record.
    #[error("it is not a record")]
    NotARecord(#[source] serde_json::Error),
    /// A later version of the program wrote it.
    #[error("it is of version {0}; this program knows {VERSION} at the most: use a newer one")]
    Newer(u32),
    /// There is no hash in it.
    #[error("it has no hash")]
    NoHash,
    /// Something follows the hash.
    #[error("its hash is not at its end")]
    HashNotLast,
    /// Its bytes are not those that were hashed.
    #[error("its hash does not match its content: it was changed")]
    Changed,
    /// It has another number than the one that follows.
    #[error("it is record {is} where record {belongs} belongs: lines are missing or in another order")]
    Order {
        /// Its number.
        is: u64,
        /// The number after the previous line's.
        belongs: u64,
    },
    /// It does not contain the hash of the previous line.
    #[error("its hash does not match the previous line: one of them was changed")]
    Unchained,
    /// No record is as long.
    #[error("it is longer than {LONGEST} bytes, which no record is")]
    TooLong,
    /// It is the last one, without its end, and not the beginning of the next record.
    #[error("it is incomplete and does not begin like a record of this program")]
    Incomplete,
    /// The file ends before it, although it was read already.
    #[error("it is shorter than before: lines that were already read are missing")]
    Missing,
    /// It cannot be read.
    #[error("it cannot be read")]
    Unread(#[source] io::Error),
}
