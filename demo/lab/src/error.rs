//! The lab's only error type: what was being done, and why it failed.

/// What was being done, and why it failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{doing}: {why}")]
pub struct Error {
    doing: String,
    why: String,
}

impl Error {
    /// From what was being done and the cause.
    pub fn new(doing: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self { doing: doing.into(), why: why.to_string() }
    }
}

/// The lab's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Adds what was being done to an error.
pub trait Doing<T> {
    /// Converts any error into the lab's own, with what was being done.
    ///
    /// # Errors
    /// The same failure.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: std::fmt::Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|why| Error::new(what(), why))
    }
}
