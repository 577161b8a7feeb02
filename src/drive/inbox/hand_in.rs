//! The side of another terminal: a message is put into the inbox, and can be withdrawn until it is taken.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{HOLD, InboxError, Message, folder::make};
use crate::signed;
use base::digest::Digest;

/// A message that was handed in.
#[derive(Debug)]
pub struct Handed(PathBuf);

impl Handed {
    /// Withdraws it; false if it was taken before that.
    #[must_use]
    pub fn withdraw(self) -> bool {
        let was_there = fs::remove_file(&self.0).is_ok();
        // A message without a signature has none to remove.
        let _ = fs::remove_file(self.0.with_extension("json.sig"));
        was_there
    }
}

/// Puts a message into an inbox, signed with this key if there is one.
///
/// # Errors
/// If the folder cannot be written or belongs to another account, or the key cannot sign.
pub fn put(folder: &Path, message: &Message, key: Option<&Path>) -> Result<Handed, InboxError> {
    make(folder)?;
    let text = serde_json::to_string(message)?;
    let signature = key.map(|key| signed::sign(text.as_bytes(), key)).transpose()?;
    // Names sort in the order of time; two equal messages have two names.
    let micros = jiff::Timestamp::now().as_microsecond();
    let first = if matches!(message, Message::Hold { .. }) { HOLD } else { "" };
    let name = format!("{first}{micros:020}-{}-{}.json", std::process::id(), Digest::of(text.as_bytes()).short());
    let place = |bytes: &[u8], name: &str| {
        let mut file = tempfile::Builder::new().prefix(".").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.persist_noclobber(folder.join(name)).map_err(|e| e.error).map(drop)
    };
    // The signature first: it exists when the message is found.
    let signed = signature.map_or(Ok(()), |signature| place(&signature, &format!("{name}.sig")));
    signed
        .and_then(|()| place(text.as_bytes(), &name))
        .map_err(|source| InboxError::Io { folder: folder.to_owned(), source })?;
    Ok(Handed(folder.join(name)))
}
