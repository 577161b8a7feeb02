//! One record and its line.
//!
//! The hash covers the bytes as they are stored, up to the hash itself: the check covers the stored bytes, not what a later version of this
//! program would have written instead.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Author,
    body::{Body, VERSION},
    damage::Flaw,
};
use base::operation::Data;
use base::{digest::Digest, now::Now};

/// The head of a chain: the last record's number and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Number of the last record; 0 before the first.
    pub seq: u64,
    /// Its hash; zeros before the first.
    pub hash: Digest,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry<C, V> {
    /// Version of its contents.
    pub v: u32,
    /// Its number, from 1.
    pub seq: u64,
    /// The hash of the record before it; zeros for the first.
    pub prev: Digest,
    /// The run.
    pub run: String,
    /// The operator.
    pub actor: String,
    /// The machine.
    pub host: String,
    /// The time of day.
    pub wall: Timestamp,
    /// Milliseconds since that machine's boot, including sleep.
    pub mono: u64,
    /// The digest of the plan's text.
    pub plan: Digest,
    /// Its contents.
    #[serde(flatten)]
    pub body: Body<C, V>,
    /// The hash of all the bytes before it.
    #[serde(default, skip_serializing)]
    pub hash: Digest,
}

/// The text between the hashed bytes and the hash.
const SEAM: &str = ",\"hash\":\"";

impl<C: Data, V: Data> Entry<C, V> {
    /// The next record, and its line.
    #[must_use]
    pub fn new(author: &Author, head: Head, body: Body<C, V>, now: Now) -> (Self, String) {
        let mut entry = Self {
            v: VERSION,
            seq: head.seq + 1,
            prev: head.hash,
            run: author.run.clone(),
            actor: author.actor.clone(),
            host: author.host.clone(),
            wall: now.wall,
            mono: u64::try_from(now.boot.as_millis()).unwrap_or(u64::MAX),
            plan: author.plan,
            body,
            hash: Digest::default(),
        };
        // Only maps with keys that are not text could fail; a record has none. If it failed, readers would refuse the empty line, and the
        // test that writes every kind would fail first.
        let mut line = serde_json::to_string(&entry).unwrap_or_default();
        line.pop();
        entry.hash = Digest::of(line.as_bytes());
        line.push_str(&format!("{SEAM}{}\"}}\n", entry.hash));
        (entry, line)
    }

    /// The head after it.
    #[must_use]
    pub const fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }

    /// Reads a line without its end.
    ///
    /// # Errors
    /// The reason why it is not valid.
    pub fn parse(line: &[u8]) -> Result<Self, Flaw> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let version: Version = serde_json::from_slice(line).map_err(Flaw::NotARecord)?;
        if version.v > VERSION {
            return Err(Flaw::Newer(version.v));
        }
        let entry: Self = serde_json::from_slice(line).map_err(Flaw::NotARecord)?;
        let end = line.len().checked_sub(SEAM.len() + 66).ok_or(Flaw::NoHash)?;
        if &line[end..end + SEAM.len()] != SEAM.as_bytes() {
            return Err(Flaw::HashNotLast);
        }
        if Digest::of(&line[..end]) != entry.hash {
            return Err(Flaw::Changed);
        }
        Ok(entry)
    }
}
