//! The journal: intents, actions and observations, on disk before they take effect. Only the journal makes [`Permit`]s.
//!
//! One line of JSON for each record, one append and one sync each. Every record contains the hash of the one before it, so that a change, a
//! cut or another order is detected. A local chain cannot detect a rewrite of the whole; for that reason the head is shown on screen, and
//! another person should note it from time to time.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `body.rs` | the contents of records |
//! | `entry.rs` | one record and its line |
//! | `chain.rs` | all lines: intact, or the place and kind of the damage |
//! | `store.rs` | the storage of lines, and a store in memory that can lose what was not synced |
//! | `file.rs` | a file with one writer, checked to be at its path before each line |
//! | `lock.rs` | the right to write it, and its holder |
//! | `follow.rs` | follows a journal that another process writes |
//! | `way_back.rs` | the rollback commands in the journal |
//! | `export.rs` | the timeline, for people and programs |

pub mod body;
pub mod chain;
mod damage;
pub mod entry;
pub mod export;
mod file;
pub mod follow;
mod lock;
pub mod store;
pub mod way_back;

use std::{io, marker::PhantomData, sync::Arc, time::Duration};

pub use self::{
    body::{About, AttemptStarted, Body, Intent, Reading, Transition, Unapproved},
    damage::{Damage, Flaw},
    entry::{Entry, Head},
    file::{FileStore, Opened, writer},
    lock::{Holder, Notice, own},
    store::Storage,
};
use self::{
    chain::{Reader, Unread},
    damage::LONGEST,
};
use base::operation::Data;
use base::{
    digest::Digest,
    now::{Now, short},
};

/// The right to send one request, once: its intent is on disk. Only created here; it cannot be copied, stored or read back.
#[derive(Debug)]
#[must_use = "an intent is in the journal; if the request was not sent, verification will show it"]
pub struct Permit {
    tag: String,
}

impl Permit {
    /// Consumes it; returns the tag for the request, where the request can carry one.
    #[must_use]
    pub fn spend(self) -> String {
        self.tag
    }
}

/// The journal cannot be written: nothing may be done any more. A failed sync is not repeated, because the data may be lost although a
/// second sync succeeds.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "the journal cannot be written: {0}; no further request is sent. Fix this and restart landfall: it resumes from the journal"
)]
pub struct Halt(pub Unwritten);

/// Why a journal cannot be written. Part of the text of a [`Halt`], which names the remedy after it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unwritten {
    /// Its storage failed, or is not as it was left. Every call that follows returns the same error.
    #[error(transparent)]
    Io(#[from] Arc<io::Error>),
    /// The record is longer than readers accept.
    #[error("record {seq} would have {bytes} bytes, and none has more than {LONGEST}")]
    TooLong {
        /// Its number.
        seq: u64,
        /// Its length.
        bytes: usize,
    },
    /// The storage did not answer within this time.
    #[error("no answer within {}", short(*.0))]
    NoAnswer(Duration),
    /// The thread that writes it is gone.
    #[error("its thread has ended")]
    NoThread,
}

impl From<io::Error> for Unwritten {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

/// Why a journal is not opened.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It cannot be read or written.
    #[error("the journal cannot be opened")]
    Io(#[from] io::Error),
    /// It is damaged, and not only at its end.
    #[error("the journal is damaged")]
    Damaged(#[from] Damage),
    /// It belongs to another run. It is not changed.
    #[error("the journal is of the run {theirs:?}, not of {ours:?}")]
    Other {
        /// The run that it belongs to.
        theirs: String,
        /// The run that was requested.
        ours: String,
    },
    /// The record that it was opened cannot be written.
    #[error(transparent)]
    Halted(#[from] Halt),
}

impl Refused {
    /// What the operator can do about it, where this does not follow from the error itself.
    #[must_use]
    pub const fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Damaged(_) => Some("keep a copy of it, find out who changed it, and begin a new one"),
            Self::Other { .. } => Some("name another file"),
            Self::Io(_) | Self::Halted(_) => None,
        }
    }
}

impl From<Unread> for Refused {
    fn from(why: Unread) -> Self {
        match why {
            Unread::Io(error) => Self::Io(error),
            Unread::Damaged(damage) => Self::Damaged(damage),
        }
    }
}

/// The author, run and plan: the same in every record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The run's name.
    pub run: String,
    /// The operator.
    pub actor: String,
    /// The machine.
    pub host: String,
    /// The digest of the plan's text.
    pub plan: Digest,
}

/// A journal that can be written. `C`, `V`: the calls of its records, and the versions that they compare with.
pub struct Journal<C, V> {
    store: Box<dyn Storage>,
    author: Author,
    head: Head,
    first: Digest,
    halted: Option<Halt>,
    of: PhantomData<fn() -> (C, V)>,
}

impl<C, V> std::fmt::Debug for Journal<C, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("author", &self.author).field("head", &self.head).finish_non_exhaustive()
    }
}

impl<C: Data, V: Data> Journal<C, V> {
    /// Opens a journal, or begins one. A torn last line is cut off, and the cut is recorded. Returns all its records, the last of which
    /// says that it was opened now. Of the readings only the counted signals are included.
    ///
    /// # Errors
    /// If it cannot be read or written, belongs to another run, or is damaged elsewhere than at its end.
    pub fn open(store: Box<dyn Storage>, author: Author, now: Now) -> Result<(Self, Vec<Entry<C, V>>), Refused> {
        Self::open_counting(store, author, &[], now)
    }

    /// The same. Of the readings those of these signals are given, too.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_counting(
        mut store: Box<dyn Storage>,
        author: Author,
        counted: &[&str],
        now: Now,
    ) -> Result<(Self, Vec<Entry<C, V>>), Refused> {
        let mut entries: Vec<Entry<C, V>> = Vec::new();
        let (whole, torn) = {
            let mut reader = Reader::new(store.reader()?);
            while let Some(mut entry) = reader.record::<C, V>()? {
                if entry.run != author.run {
                    return Err(Refused::Other { theirs: entry.run, ours: author.run });
                }
                if let Body::Readings { samples } = &mut entry.body {
                    samples.retain(|it| counted.contains(&it.signal.as_str()));
                    samples.shrink_to_fit();
                }
                entries.push(entry);
            }
            (reader.at(), reader.torn()?)
        };
        if torn > 0 {
            store.cut(whole)?;
        }
        let head = entries.last().map_or_else(Head::default, Entry::head);
        let first = entries.first().map_or_else(Digest::default, |e| e.hash);
        let plan_changed = entries.last().is_some_and(|e| e.plan != author.plan);
        let mut journal = Self { store, author, head, first, halted: None, of: PhantomData };
        let text = if entries.is_empty() && torn == 0 {
            Body::Opened { program: env!("CARGO_PKG_VERSION").to_owned() }
        } else {
            Body::Resumed { cut: torn, plan_changed }
        };
        let opened = journal.append(text, now)?;
        if entries.is_empty() {
            journal.first = opened.hash;
        }
        entries.push(opened);
        Ok((journal, entries))
    }

    /// Adds a record. When this returns, it is on disk.
    ///
    /// # Errors
    /// If it may not be on disk. From then on every call fails.
    pub fn append(&mut self, body: Body<C, V>, now: Now) -> Result<Entry<C, V>, Halt> {
        if let Some(halt) = &self.halted {
            return Err(halt.clone());
        }
        let (entry, line) = Entry::new(&self.author, self.head, body, now);
        if line.len() > LONGEST {
            return self.halt(Unwritten::TooLong { seq: entry.seq, bytes: line.len() });
        }
        match self.store.append(line.as_bytes()).and_then(|()| self.store.sync()) {
            Ok(()) => {
                self.head = entry.head();
                Ok(entry)
            }
            Err(error) => self.halt(error.into()),
        }
    }

    /// Checks that the journal is still at its path, as it was written. It is called from time to time while there is nothing to record.
    ///
    /// # Errors
    /// If it is not. From then on nothing can be written.
    pub fn check(&mut self) -> Result<(), Halt> {
        match (&self.halted, self.store.check()) {
            (Some(halt), _) => Err(halt.clone()),
            (None, Err(error)) => self.halt(error.into()),
            (None, Ok(())) => Ok(()),
        }
    }

    fn halt<T>(&mut self, why: Unwritten) -> Result<T, Halt> {
        let halt = Halt(why);
        self.halted = Some(halt.clone());
        Err(halt)
    }

    /// Records an intent, and only then returns the permit to act on it.
    ///
    /// # Errors
    /// As [`Self::append`]: then there is no permit, and nothing can be sent.
    pub fn commit(&mut self, intent: Intent<C, V>, now: Now) -> Result<(Permit, Entry<C, V>), Halt> {
        let tag = intent.tag.clone();
        let entry = self.append(Body::Intent(Box::new(intent)), now)?;
        Ok((Permit { tag }, entry))
    }

    /// The last record's number and hash: a copy should be kept in a second place.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// The reason why nothing can be written any more.
    #[must_use]
    pub const fn halted(&self) -> Option<&Halt> {
        self.halted.as_ref()
    }

    /// The identity of the journal: the first digits of its first record's hash.
    #[must_use]
    pub fn id(&self) -> String {
        self.first.short()
    }

    /// Its author.
    #[must_use]
    pub const fn author(&self) -> &Author {
        &self.author
    }
}

#[cfg(test)]
mod place;
#[cfg(test)]
mod tests;
