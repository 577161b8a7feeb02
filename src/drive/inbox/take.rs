//! The side of the console that writes the journal: takes messages out of the inbox, as orders.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    HOLD, InboxError, LONGEST, Message,
    folder::{folder, make, read_small},
    unauthenticated,
};
use crate::signed::{self, SignatureError};
use base::cause::Chain;
use engine::run::{Hand, Order};
use journal::Unapproved;
use plan::Approver;

/// Folder of messages that were accepted.
const TAKEN: &str = "taken";
/// Folder of messages that were refused.
const REFUSED: &str = "refused";

/// Maximum number of messages taken at once: what follows on them is recorded before the operator's next key is handled.
pub const TURN: usize = 8;
/// Maximum number of messages noted when the folder is read, and of names read: an overfull folder does not take longer and longer.
const NAMES: usize = 4096;
const SCAN: usize = 1 << 16;

/// The inbox of the console that writes the journal.
#[derive(Debug)]
pub struct Inbox {
    folder: PathBuf,
    run: String,
    approvers: Vec<Approver>,
    /// Names of messages that were found and are not taken yet, the next one last.
    waiting: Vec<OsString>,
}

/// Why a message is refused. The text is recorded in the journal.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("it cannot be read")]
    Unread(#[from] io::Error),
    #[error("it is not a regular file of at most {LONGEST} bytes")]
    NotAFile,
    #[error("it is not a message")]
    NotAMessage(#[from] serde_json::Error),
    #[error("it is for the run {0}")]
    OtherRun(String),
    #[error("{0} is not an approver of this plan")]
    NoApprover(String),
    #[error("it is not signed, and {0} has a key in the plan")]
    Unsigned(String),
    #[error("its signature is not {0}'s")]
    OtherSigner(String),
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl Inbox {
    /// The inbox of this journal, for this run. Its folders are created now.
    ///
    /// # Errors
    /// If there is something else than a folder of this account.
    pub fn new(journal: &Path, run: &str, approvers: &[Approver]) -> Result<Self, InboxError> {
        let folder = folder(journal);
        for folder in [&folder, &folder.join(TAKEN), &folder.join(REFUSED)] {
            make(folder)?;
        }
        Ok(Self { folder, run: run.to_owned(), approvers: approvers.to_vec(), waiting: Vec::new() })
    }

    /// Whether messages are known to wait.
    #[must_use]
    pub const fn has_more(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes at most [`TURN`] messages, as orders; a refused message becomes an order that records the refusal. The folder is read again
    /// once all messages that were found are taken; for holds, at each call.
    #[must_use]
    pub fn take(&mut self) -> Vec<Order> {
        if self.waiting.is_empty() {
            self.waiting = self.names("");
        } else {
            let holds = self.names(HOLD);
            self.waiting.retain(|name| !holds.contains(name));
            self.waiting.extend(holds);
        }
        let turn = self.waiting.split_off(self.waiting.len().saturating_sub(TURN));
        turn.iter().rev().filter_map(|name| self.take_one(name)).collect()
    }

    /// Messages whose names begin with this, the next one last.
    fn names(&self, begin: &str) -> Vec<OsString> {
        let Ok(list) = fs::read_dir(&self.folder) else { return Vec::new() };
        let is_message = |n: &OsString| {
            let bytes = n.as_encoded_bytes();
            bytes.ends_with(b".json") && !bytes.starts_with(b".") && bytes.starts_with(begin.as_bytes())
        };
        let names = list.take(SCAN).filter_map(|e| Some(e.ok()?.file_name()));
        let mut names: Vec<OsString> = names.filter(is_message).take(NAMES).collect();
        names.sort_by(|a, b| b.cmp(a));
        names
    }

    fn take_one(&self, name: &OsStr) -> Option<Order> {
        // Moved first: a message that cannot be moved is ignored, because it would be taken again and again.
        let file = self.put_aside(name, &self.folder, TAKEN)?;
        Some(self.read(&file).unwrap_or_else(|refused| {
            self.put_aside(name, &self.folder.join(TAKEN), REFUSED);
            refused
        }))
    }

    /// The order of a message; or else the order that records its refusal.
    fn read(&self, file: &Path) -> Result<Order, Order> {
        let (text, message) = read_message(file).map_err(|why| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let text = format!("{name} refused: {}", Chain(&why));
            Order::Remark { by: Some("inbox".to_owned()), text }
        })?;
        match message {
            Message::Note { by, text } => Ok(Order::Remark { by: Some(unauthenticated(&by)), text }),
            Message::Hold { by, why } => Ok(Order::Hold { by: Some(unauthenticated(&by)), why }),
            Message::Approve { run, step, digest, by } => match self.authenticate(&run, &by, &text, file) {
                Ok(key) => {
                    let hand = key.map_or(Hand::Terminal, Hand::Key);
                    Ok(Order::Approve { step, digest, by, hand })
                }
                Err(why) => {
                    let why = Chain(&why).to_string();
                    Err(Order::Disbelieve { what: Unapproved { step, digest, by }, why })
                }
            },
        }
    }

    /// Checks that an approval is for this run and by the named person. Returns the fingerprint of the key that signed it; none where the
    /// plan has no key for that name.
    fn authenticate(&self, run: &str, by: &str, text: &[u8], file: &Path) -> Result<Option<String>, Refusal> {
        if run != self.run {
            return Err(Refusal::OtherRun(run.to_owned()));
        }
        if self.approvers.is_empty() {
            return Ok(None);
        }
        let known = self.approvers.iter().find(|a| a.name == by);
        let Some(key) = &known.ok_or_else(|| Refusal::NoApprover(by.to_owned()))?.key else { return Ok(None) };
        let signature = file.with_extension("json.sig");
        if !signature.exists() {
            return Err(Refusal::Unsigned(by.to_owned()));
        }
        let signature = read_small(&signature)?.ok_or(Refusal::NotAFile)?;
        match signed::verify(text, &signature, key)? {
            Some(key) => Ok(Some(key)),
            None => Err(Refusal::OtherSigner(by.to_owned())),
        }
    }

    /// Moves a message and its signature; none if that cannot be done.
    fn put_aside(&self, name: &OsStr, from: &Path, to: &str) -> Option<PathBuf> {
        let to = self.folder.join(to);
        let signature = Path::new(name).with_extension("json.sig");
        fs::rename(from.join(name), to.join(name)).ok()?;
        // A message without a signature has none to move.
        let _ = fs::rename(from.join(&signature), to.join(&signature));
        Some(to.join(name))
    }
}

/// Reads a message; returns its text, too, because that is what is signed.
fn read_message(file: &Path) -> Result<(Vec<u8>, Message), Refusal> {
    let text = read_small(file)?.ok_or(Refusal::NotAFile)?;
    let message = serde_json::from_slice(&text)?;
    Ok((text, message))
}
