//! Secrets that were read, so that whoever echoes one – a server that tells what it was sent – gets it onto no screen and into no record.

use std::{
    borrow::Cow,
    sync::{PoisonError, RwLock},
};

use secrecy::{ExposeSecret, SecretString};

/// Secrets of this process. Few: those of one plan, and tokens that were renewed.
static READ: RwLock<Vec<SecretString>> = RwLock::new(Vec::new());

/// What is shorter is found in words that are no secret: striking it out would hide what is to be read, and no secret worth its name is.
const LEAST: usize = 8;

/// So many are kept; of tokens that are renewed again and again the oldest are forgotten.
const MOST: usize = 256;

/// A secret was read: from now on it is struck out of whatever is told.
pub fn remember(secret: &str) {
    let known = |all: &[SecretString]| all.iter().any(|s| s.expose_secret() == secret);
    if secret.len() < LEAST || known(&READ.read().unwrap_or_else(PoisonError::into_inner)) {
        return;
    }
    let mut all = READ.write().unwrap_or_else(PoisonError::into_inner);
    if all.len() == MOST {
        all.remove(0);
    }
    all.push(secret.into());
}

/// The text without any secret that was read.
#[must_use]
pub fn struck(text: &str) -> Cow<'_, str> {
    let all = READ.read().unwrap_or_else(PoisonError::into_inner);
    let mut out = Cow::Borrowed(text);
    for secret in all.iter().map(ExposeSecret::expose_secret) {
        if out.contains(secret) {
            out = out.replace(secret, "***").into();
        }
    }
    out
}
