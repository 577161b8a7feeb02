//! The plan: what the operator wrote.
//!
//! `text → parse → check (against spec) → lower → Plan`. Each stage reports all faults that it finds, so that an operator can correct them
//! at once. Nothing here reads a secret, opens a connection or reads a clock.

pub mod check;
pub mod diag;
pub mod entry;
pub mod hint;
pub mod init;
mod ladder;
pub mod lower;
pub mod offline;
pub mod outlook;
pub mod parse;
pub mod pattern;
pub mod people;
pub mod properties;
pub mod scalar;
pub mod schema;
pub mod secret;
mod sensitive;
mod span;
pub mod spec;
pub mod things;
pub mod tree;
mod types;

use std::path::{Path, PathBuf};

use diag::Faults;
pub use diag::{Code, Diagnosis, Report, Severity};
pub use pattern::{Pattern, PatternError, Patterns};
pub use secret::{Secret, SecretError};
pub use spec::action::{ActionKey, ActionSpec, Means};
pub use types::*;

use base::{signal::SignalDef, text};

/// A plan that cannot be accepted. [`Faulty::render`] is its whole text, with the lines concerned.
#[derive(Debug, thiserror::Error)]
pub enum Faulty {
    /// The file cannot be read.
    #[error("cannot read {}", text::line(&path.display().to_string()))]
    Unread {
        /// Its path, as given.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its contents have faults.
    #[error("{0}\n\n{verdict}", verdict = verdict(.0))]
    Plan(Report),
}

impl Faulty {
    /// The text for display, with or without colour.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        match self {
            Self::Unread { source, .. } => format!("error: {self}: {source}\n  {}", advice(source)),
            Self::Plan(report) => format!("{}\n\n{}", report.render(colour), verdict(report)),
        }
    }
}

fn verdict(report: &Report) -> String {
    let count = match report.count(Severity::Error) {
        1 => "1 fault".to_owned(),
        n => format!("{n} faults"),
    };
    let path = report.path().display().to_string();
    format!("{}: {count}; nothing has been started", text::line(&path))
}

fn advice(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind::{InvalidData, IsADirectory, NotFound, PermissionDenied};
    match error.kind() {
        NotFound => "check the path: it is taken from the current directory",
        PermissionDenied => "the file must be readable for the user that runs landfall",
        IsADirectory => "name the plan file itself, not its folder",
        InvalidData => "a plan is TOML in UTF-8: save it with that encoding",
        _ => "check the path and the disk",
    }
}

/// The names that a plan can refer to and that are not in the plan itself. The systems provide them; they depend on this crate.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Every signal that gates can use.
    pub signals: Vec<&'static SignalDef>,
}

impl Plan {
    /// Reads a plan file. The second value holds warnings, often none.
    ///
    /// # Errors
    /// If the file cannot be read, or with all faults in it.
    pub fn load(path: &Path, catalog: &Catalog) -> Result<(Self, Report), Faulty> {
        let text = std::fs::read_to_string(path).map_err(|source| Faulty::Unread { path: path.to_owned(), source })?;
        Self::parse(path, &text, catalog)
    }

    /// Reads a plan from a text; `path` is used in messages only.
    ///
    /// # Errors
    /// With all faults in it.
    pub fn parse(path: &Path, text: &str, catalog: &Catalog) -> Result<(Self, Report), Faulty> {
        read(&spec::tables::ROOT, path, text, |root, faults| lower::plan(root, catalog, faults))
    }
}

/// Reads a text of any format: parses it to a tree with places, checks it against the format, and applies `lower`. All faults are reported
/// at once.
///
/// # Errors
/// With all faults in it.
pub fn read<T>(
    format: &'static spec::TableSpec,
    path: &Path,
    text: &str,
    lower: impl FnOnce(&tree::Table, &mut Faults) -> Option<T>,
) -> Result<(T, Report), Faulty> {
    let mut faults = Faults::default();
    let toml = parse::parse(text, &mut faults);
    let broken = faults.list.len();
    let root = check::table(format, &toml, 0..0, &mut faults);
    if broken > 0 {
        // Keys lost with a broken line must not be reported as missing, and half a line must not be judged.
        parse::keep_certain(text, &mut faults, broken);
        return Err(Faulty::Plan(Report::new(path, text, faults)));
    }
    let read = lower(&root, &mut faults);
    let refused = faults.list.iter().any(|d| d.severity == Severity::Error);
    let report = Report::new(path, text, faults);
    match read {
        Some(read) if !refused => Ok((read, report)),
        _ => Err(Faulty::Plan(report)),
    }
}
