//! Secrets that were read. A server may repeat what it was sent; the secret must then appear on no screen and in no record.

use std::{
    borrow::Cow,
    sync::{PoisonError, RwLock},
};

use secrecy::{ExposeSecret, SecretString};

/// Secrets of this process.
struct Read {
    /// Those of the plan: few, and valid for as long as the program runs.
    own: Vec<SecretString>,
    /// Tokens that servers issue for a limited time and renew.
    lent: Vec<SecretString>,
}

static READ: RwLock<Read> = RwLock::new(Read { own: Vec::new(), lent: Vec::new() });

/// A shorter text also occurs in ordinary words: removing it would hide what has to be read, and no proper secret is so short.
const LEAST: usize = 8;

/// The most renewed tokens kept; the oldest are dropped.
const LENT: usize = 256;

/// The most secrets of the plan kept: a file that is rewritten every few minutes for days must not fill the memory.
const OWN: usize = 4_096;

impl Read {
    fn knows(&self, secret: &str) -> bool {
        self.own.iter().chain(&self.lent).any(|s| s.expose_secret() == secret)
    }
}

/// Records a secret of the plan: from now on it is removed from all output.
pub fn remember(secret: &str) {
    add(secret, |read| (&mut read.own, OWN));
}

/// The same for a token that a server has issued for a limited time. These never displace a secret of the plan.
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
