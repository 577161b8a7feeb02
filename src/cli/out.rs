//! The one writer of the commands: standard output and standard error, whatever has become of them.
//!
//! A reader that has gone away (`| head`) ends nothing but the printing; a full disk is an error with words. Standard error is written to as
//! far as it takes anything: whoever cannot be told there has the exit code.

use std::{
    fmt,
    io::{self, Write as _},
    process::ExitCode,
};

use super::NOT_DONE;
use base::text::{Document, Foreign, acts};

/// Why a command was not carried out: what is printed to standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed(Document);

impl Failed {
    /// What the program has laid out over several lines.
    pub(super) fn block(text: &str) -> Self {
        Self(Document::styled(&format!("{}\n", text.trim_end())))
    }

    /// As it is printed.
    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        self.0.text()
    }
}

/// One line, whatever stands in it.
impl From<String> for Failed {
    fn from(why: String) -> Self {
        Self(format_args!("{}", why.trim_end()).into())
    }
}

impl From<&str> for Failed {
    fn from(why: &str) -> Self {
        why.to_owned().into()
    }
}

impl From<Foreign> for Failed {
    fn from(why: Foreign) -> Self {
        why.to_string().into()
    }
}

/// Prints what was done. If it cannot be told, it is done all the same, and the exit code says so.
pub(super) fn done(document: impl Into<Document>, code: ExitCode) -> ExitCode {
    if let Err(why) = print(document) {
        print_error(why.0);
    }
    code
}

/// Prints what somebody has to have been shown: a reader that has gone away is an error, too.
///
/// # Errors
/// If standard output takes no more.
pub(super) fn print_seen(document: impl Into<Document>) -> Result<(), Failed> {
    let document = document.into();
    let mut out = io::stdout().lock();
    let written = out.write_all(document.text().as_bytes()).and_then(|()| out.flush());
    written.map_err(|e| format!("cannot write to standard output: {e}").into())
}

/// Prints to standard output; a reader that has gone away is not an error.
///
/// # Errors
/// If standard output takes no more: what is to be done only if it can be told must not be done then.
pub(super) fn print(document: impl Into<Document>) -> Result<ExitCode, Failed> {
    let document = document.into();
    let mut out = io::stdout().lock();
    match out.write_all(document.text().as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write to standard output: {e}").into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Says something beside the output: one line on standard error.
pub(super) fn remark(text: impl fmt::Display) {
    print_error(format_args!("{text}"));
}

/// A document on standard error. If that is closed or full there is nobody to tell.
pub(super) fn print_error(document: impl Into<Document>) {
    let document = document.into();
    let mut out = io::stderr().lock();
    let _ = out.write_all(document.text().as_bytes()).and_then(|()| out.flush());
}

/// Tells why a command was not carried out.
pub(super) fn failed(why: Failed) -> ExitCode {
    print_error(why.0);
    ExitCode::from(NOT_DONE)
}

/// What is wrong with the arguments, or the help that was asked for.
pub(super) fn usage(why: &clap::Error) -> ExitCode {
    let text = why.render();
    let to_err = why.use_stderr();
    // It repeats the argument that is wrong, line ends and all: then it is told in one line, so that no line of it is the argument's.
    let nasty = std::env::args_os().any(|arg| arg.to_string_lossy().contains(acts));
    let document = match super::colour(to_err) {
        _ if nasty => format_args!("{text}").into(),
        true => Document::styled(&text.ansi().to_string()),
        false => Document::block(&text.to_string()),
    };
    if to_err {
        print_error(document);
        return ExitCode::from(NOT_DONE);
    }
    print(document).unwrap_or_else(failed)
}
