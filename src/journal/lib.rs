//! The journal: what was meant, done and seen, on disk before it happens. The only maker of [`Permit`]s.
//!
//! One line of JSON a record, one append and one sync each. Every record holds the hash of the one before it, so that a change, a cut
//! or another order shows; what a local chain cannot show is a rewrite of the whole, which is why the head is on the screen and somebody
//! else should write it down now and then.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `body.rs` | what a record can say |
//! | `entry.rs` | one record and its line |
//! | `chain.rs` | all lines: whole, or damaged where and how |
//! | `store.rs` | where lines are kept, and memory that can lose what was not synced |
//! | `file.rs` | a file with one writer, looked for where it belongs before each line |
//! | `lock.rs` | the right to write it, and who has it |
//! | `follow.rs` | reading along while somebody else writes |
//! | `way_back.rs` | the commands of the way back that it has |
//! | `export.rs` | the timeline, for people and programs |

pub mod body;
pub mod chain;
pub mod entry;
pub mod export;
mod file;
pub mod follow;
mod lock;
pub mod store;
pub mod way_back;

use std::{io, marker::PhantomData};

use self::chain::{LONGEST, Reader};
pub use self::{
    body::{About, AttemptStarted, Body, COUNTED, Intent, Reading, Transition, Unapproved},
    chain::{Damage, Head},
    entry::Entry,
    file::writer,
    lock::{Holder, Notice, own},
    store::Storage,
};
use base::operation::Data;
use base::{digest::Digest, now::Now};

/// The right to send one request, once: its intent is on disk. Made here and nowhere else; not to be copied, stored or read back.
#[derive(Debug)]
#[must_use = "an intent is in the journal; if the request was not sent, verification will show it"]
pub struct Permit {
    tag: String,
}

impl Permit {
    /// Uses it up; what remains is the tag that the request carries, where it can carry one.
    #[must_use]
    pub fn spend(self) -> String {
        self.tag
    }
}

/// The journal cannot be written: nothing may be done any more. A sync that failed is not tried again, because what it was for may be
/// lost although a second try succeeds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the journal cannot be written: {0}; no further request is sent. Fix this and restart landfall: it resumes from the journal"
)]
pub struct Halt(pub String);

/// Why a journal is not taken up.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It cannot be read, or not be written.
    #[error("the journal cannot be opened: {0}")]
    Io(#[from] io::Error),
    /// It is damaged, and not only at its end.
    #[error("the journal is damaged: {0}; keep a copy of it, find out who changed it, and begin a new one")]
    Damaged(#[from] Damage),
    /// It is another run's. It is left as it is.
    #[error("the journal is of the run {theirs:?}, not of {ours:?}: name another file")]
    Other {
        /// Whose it is.
        theirs: String,
        /// Who asked.
        ours: String,
    },
}

/// Who writes, for which run, under which plan: the same in every record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The run's name.
    pub run: String,
    /// Who is at the keyboard.
    pub actor: String,
    /// On which machine.
    pub host: String,
    /// Of the plan's text.
    pub plan: Digest,
}

/// A journal that can be written. `C`, `V`: the calls of its records, and what they compare with.
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
    /// Takes a journal up, or begins one. A torn last line is cut off, and the cut is on record. Gives all its records, the last of them
    /// that it was opened now; of what was read meanwhile only what is counted is among them.
    ///
    /// # Errors
    /// If it cannot be read or written, and if it is damaged elsewhere than at its end.
    pub fn open(mut store: Box<dyn Storage>, author: Author, now: Now) -> Result<(Self, Vec<Entry<C, V>>), Refused> {
        let mut entries: Vec<Entry<C, V>> = Vec::new();
        let (whole, torn) = {
            let mut reader = Reader::new(store.reader()?);
            while let Some(mut entry) = reader.record::<C, V>()? {
                if entry.run != author.run {
                    return Err(Refused::Other { theirs: entry.run, ours: author.run });
                }
                if let Body::Readings { samples } = &mut entry.body {
                    samples.retain(|it| COUNTED.contains(&it.signal.as_str()));
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
        let told = if entries.is_empty() && torn == 0 {
            Body::Opened { program: env!("CARGO_PKG_VERSION").to_owned() }
        } else {
            Body::Resumed { cut: torn, plan_changed }
        };
        let opened = journal.append(told, now).map_err(|halt| io::Error::other(halt.0))?;
        if entries.is_empty() {
            journal.first = opened.hash;
        }
        entries.push(opened);
        Ok((journal, entries))
    }

    /// Puts something on record. When this returns, it is on disk.
    ///
    /// # Errors
    /// If that cannot be said. From then on every call fails.
    pub fn append(&mut self, body: Body<C, V>, now: Now) -> Result<Entry<C, V>, Halt> {
        if let Some(halt) = &self.halted {
            return Err(halt.clone());
        }
        let (entry, line) = Entry::new(&self.author, self.head, body, now);
        if line.len() > LONGEST {
            let long =
                format!("record {} would have {} bytes, and none has more than {LONGEST}", entry.seq, line.len());
            return self.halt(long);
        }
        match self.store.append(line.as_bytes()).and_then(|()| self.store.sync()) {
            Ok(()) => {
                self.head = entry.head();
                Ok(entry)
            }
            Err(error) => self.halt(error.to_string()),
        }
    }

    /// Whether the journal is still where it belongs, as it was written: asked now and then while nothing is to be put on record.
    ///
    /// # Errors
    /// If it is not. From then on nothing can be written.
    pub fn check(&mut self) -> Result<(), Halt> {
        match (&self.halted, self.store.check()) {
            (Some(halt), _) => Err(halt.clone()),
            (None, Err(error)) => self.halt(error.to_string()),
            (None, Ok(())) => Ok(()),
        }
    }

    fn halt<T>(&mut self, why: String) -> Result<T, Halt> {
        let halt = Halt(why);
        self.halted = Some(halt.clone());
        Err(halt)
    }

    /// Puts an intent on record, and only then gives the right to act on it.
    ///
    /// # Errors
    /// As [`Self::append`]: then there is no permit, and nothing can be sent.
    pub fn commit(&mut self, intent: Intent<C, V>, now: Now) -> Result<(Permit, Entry<C, V>), Halt> {
        let tag = intent.tag.clone();
        let entry = self.append(Body::Intent(Box::new(intent)), now)?;
        Ok((Permit { tag }, entry))
    }

    /// The last record's number and hash: what a second place should keep.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Why nothing can be written any more.
    #[must_use]
    pub const fn halted(&self) -> Option<&Halt> {
        self.halted.as_ref()
    }

    /// What tells it from all other journals: the first digits of its first record's hash.
    #[must_use]
    pub fn id(&self) -> String {
        self.first.short()
    }

    /// Whose it is.
    #[must_use]
    pub const fn author(&self) -> &Author {
        &self.author
    }
}

#[cfg(test)]
mod place;
#[cfg(test)]
mod tests;
