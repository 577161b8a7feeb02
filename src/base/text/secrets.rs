//! Secrets that were read, so that whoever echoes one – a server that tells what it was sent – gets it onto no screen and into no record.

use std::{
    borrow::Cow,
    sync::{PoisonError, RwLock},
};

use secrecy::{ExposeSecret, SecretString};

/// Secrets of this process.
struct Read {
    /// Those of the plan: few, and good for as long as the program runs.
    own: Vec<SecretString>,
    /// What servers gave for a while, and give again: tokens that are renewed.
    lent: Vec<SecretString>,
}

static READ: RwLock<Read> = RwLock::new(Read { own: Vec::new(), lent: Vec::new() });

/// What is shorter is found in words that are no secret: striking it out would hide what is to be read, and no secret worth its name is.
const LEAST: usize = 8;

/// So many that are renewed are kept; the oldest are forgotten.
const LENT: usize = 256;

/// So many of the plan are kept: a file that is written anew every few minutes for days must not fill the memory.
const OWN: usize = 4_096;

impl Read {
    fn knows(&self, secret: &str) -> bool {
        self.own.iter().chain(&self.lent).any(|s| s.expose_secret() == secret)
    }
}

/// A secret of the plan was read: from now on it is struck out of whatever is told.
pub fn remember(secret: &str) {
    add(secret, |read| (&mut read.own, OWN));
}

/// The same of one that a server has given for a while: whatever becomes of these, none of the plan's is forgotten for them.
pub fn remember_for_now(secret: &str) {
    add(secret, |read| (&mut read.lent, LENT));
}

fn add(secret: &str, list: impl FnOnce(&mut Read) -> (&mut Vec<SecretString>, usize)) {
    if secret.len() < LEAST || READ.read().unwrap_or_else(PoisonError::into_inner).knows(secret) {
        return;
    }
    let mut read = READ.write().unwrap_or_else(PoisonError::into_inner);
    let (list, most) = list(&mut read);
    if list.len() == most {
        list.remove(0);
    }
    list.push(secret.into());
}

/// The text without any secret that was read.
#[must_use]
pub fn struck(text: &str) -> Cow<'_, str> {
    let read = READ.read().unwrap_or_else(PoisonError::into_inner);
    let mut out = Cow::Borrowed(text);
    for secret in read.own.iter().chain(&read.lent).map(ExposeSecret::expose_secret) {
        if out.contains(secret) {
            out = out.replace(secret, "***").into();
        }
    }
    out
}
