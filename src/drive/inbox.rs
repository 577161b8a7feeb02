//! The inbox: a folder beside the journal into which other terminals put approvals, notes and a hold. The console that writes the journal
//! takes them, checks their signatures, and records them: there is one writer for any number of terminals.
//!
//! A message is a file of JSON, `NAME.json`; the signature of an approval is beside it, `NAME.json.sig`, as `ssh-keygen -Y sign` makes it.
//! Files are put there by renaming, so that no file is read before it is complete. Accepted messages are moved to `taken/`, refused ones to
//! `refused/`. The folder belongs to the account that writes the journal, and no other account can write it: whoever can write it can send
//! notes and holds under any name, but an approval of a person with a key needs that key.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `folder` | the folder, and reading of files that others wrote |
//! | `hand_in` | the side of another terminal: puts a message there |
//! | `take` | the side of the console: takes messages, as orders |

mod folder;
mod hand_in;
mod take;
#[cfg(test)]
mod tests;

use std::{io, path::PathBuf};

use serde::{Deserialize, Serialize};

pub use self::{
    folder::folder,
    hand_in::{Handed, put},
    take::{Inbox, TURN},
};
use super::signed::SignatureError;
use base::digest::Digest;
use systems::Body;

/// Beginning of the name of a hold: it is taken before all other messages.
const HOLD: &str = "+hold-";

/// Maximum length of a message and of a signature, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A message from another terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// An approval of a preview or proposal.
    Approve {
        /// The run, so that an approval cannot be used for another one.
        run: String,
        /// The step.
        step: String,
        /// Digest of what was shown.
        digest: Digest,
        /// Name of the approver.
        by: String,
    },
    /// A note for the journal.
    Note {
        /// Its author.
        by: String,
        /// Its text.
        text: String,
    },
    /// The run is to be held: nothing new is begun.
    Hold {
        /// Who requests it.
        by: String,
        /// The reason.
        why: String,
    },
}

/// The result of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is recorded.
    Taken,
    /// Its refusal is recorded, for this reason.
    Refused(String),
}

/// Why the inbox cannot be used. All but the cause names the folder.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// It cannot be created, read or written.
    #[error("the inbox {}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something else has its name.
    #[error("the inbox {} is not a folder, or it is a link: move it away", folder.display())]
    NotAFolder {
        /// The folder.
        folder: PathBuf,
        /// Why it cannot be opened as a folder.
        source: io::Error,
    },
    /// It is another account's.
    #[error("the inbox {} belongs to uid {uid}: run this command as that user", folder.display())]
    NotOurs {
        /// The folder.
        folder: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// The message cannot be signed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The message cannot be represented in JSON.
    #[error("the message cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// A name that nobody has authenticated: whoever can write to the inbox can use any name.
fn unauthenticated(by: &str) -> String {
    format!("{by} (unauthenticated)")
}

impl Message {
    /// The answer to this message, if the record contains it.
    #[must_use]
    pub fn answer(&self, body: &Body) -> Option<Answer> {
        let taken = match (self, body) {
            (Self::Note { by, text }, Body::Remark { by: who, text: words, refused: None }) => {
                *who == unauthenticated(by) && words == text
            }
            (Self::Hold { by, why }, Body::Hold { on: true, by: who, why: words }) => {
                *who == unauthenticated(by) && words == why
            }
            (Self::Approve { step, digest, by, .. }, Body::Approved { step: of, digest: what, by: who, .. }) => {
                (step, digest, by) == (of, what, who)
            }
            (Self::Approve { step, digest, by, .. }, Body::Remark { text, refused: Some(it), .. })
                if (step, digest, by) == (&it.step, &it.digest, &it.by) =>
            {
                return Some(Answer::Refused(text.clone()));
            }
            _ => false,
        };
        taken.then_some(Answer::Taken)
    }
}
