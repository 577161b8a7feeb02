//! Secrets by reference: the plan names the place of a secret, and the secret is read only when it is used.

use std::{fmt, path::PathBuf};

use secrecy::SecretString;
use serde::{Serialize, Serializer};

use base::text;

/// The place of a secret. Contains no secret: safe to print, log and store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// An environment variable.
    Env(String),
    /// A file; one newline at its end is not part of the secret.
    File(PathBuf),
}

/// The secret is not where the plan says.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set or not UTF-8.
    #[error("environment variable {0} is not set; set it, or refer to a file with {{ file = \"…\" }}")]
    Env(String),
    /// The file cannot be read.
    #[error("secret file {path}: {source}")]
    File {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Secret {
    /// Reads it now.
    ///
    /// # Errors
    /// If the variable is not set or the file cannot be read; the error never contains the secret.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let secret = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| SecretError::Env(name.clone()))?,
            Self::File(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|source| SecretError::File { path: path.clone(), source })?;
                text.strip_suffix('\n').unwrap_or(&text).to_owned()
            }
        };
        // Programs that get it may output it.
        text::remember(&secret);
        Ok(secret.into())
    }
}

impl Secret {
    /// Checks that it exists where the plan says, without reading it: for secrets that the caller must not open.
    ///
    /// # Errors
    /// If the variable is not set or the file does not exist.
    pub fn find(&self) -> Result<(), SecretError> {
        match self {
            Self::Env(name) => match std::env::var_os(name) {
                Some(_) => Ok(()),
                None => Err(SecretError::Env(name.clone())),
            },
            Self::File(path) => match std::fs::metadata(path) {
                Ok(_) => Ok(()),
                Err(source) => Err(SecretError::File { path: path.clone(), source }),
            },
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
