//! All output of the commands: standard output and standard error, in whatever state they are.
//!
//! A reader that has closed the pipe (`| head`) only ends the printing; a full disk is an error with a message. Errors
//! on standard error are ignored: the exit code remains.

use std::{
    error::Error,
    fmt,
    io::{self, Write as _},
    process::ExitCode,
};

use super::NOT_DONE;
use base::{
    cause::Chain,
    text::{Document, acts},
};

/// Why a command failed: printed to standard error. Every error becomes one, with the whole chain of its causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed(Document);

impl Failed {
    /// One line, whatever the text contains.
    pub(super) fn new(why: impl fmt::Display) -> Self {
        Self(format_args!("{why}").into())
    }

    /// Text of several lines, formatted by the program.
    pub(super) fn block(text: &str) -> Self {
        Self(Document::styled(&format!("{}\n", text.trim_end())))
    }

    /// The same, and on a line of its own what the operator can do, if that is known.
    pub(super) fn advise(self, advice: Option<&'static str>) -> Self {
        let Some(advice) = advice else { return self };
        Self::block(&format!("{}  {advice}", self.0.text()))
    }

    /// As printed.
    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        self.0.text()
    }
}

impl<E: Error + 'static> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::new(Chain(&error))
    }
}

/// Says what a command was doing, and with which file or address, when an error occurred.
pub(super) trait Context<T> {
    /// The result; an error is preceded by `what`.
    fn context(self, what: impl fmt::Display) -> Result<T, Failed>;
}

impl<T, E: Error + 'static> Context<T> for Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T, Failed> {
        self.map_err(|error| Failed::new(format_args!("{what}: {}", Chain(&error))))
    }
}

/// What cannot be done if an output cannot be printed.
const OUTPUT: &str = "cannot write to standard output";

/// Prints the result of a completed action. If it cannot be printed, the action is still done, and the exit code says
/// so.
pub(super) fn done(document: impl Into<Document>, code: ExitCode) -> ExitCode {
    if let Err(why) = print(document) {
        print_error(why.0);
    }
    code
}

/// Prints something that the user must have seen: a closed pipe is an error, too.
///
/// # Errors
/// If standard output cannot be written.
pub(super) fn print_seen(document: impl Into<Document>) -> Result<(), Failed> {
    let document = document.into();
    let mut out = io::stdout().lock();
    let written = out.write_all(document.text().as_bytes()).and_then(|()| out.flush());
    written.context(OUTPUT)
}

/// Prints to standard output; a closed pipe is not an error.
///
/// # Errors
/// If standard output cannot be written. An action that requires its output to be seen must then not be done.
pub(super) fn print(document: impl Into<Document>) -> Result<ExitCode, Failed> {
    let document = document.into();
    let mut out = io::stdout().lock();
    match out.write_all(document.text().as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        written => written.context(OUTPUT).map(|()| ExitCode::SUCCESS),
    }
}

/// Prints one line to standard error, beside the output.
pub(super) fn remark(text: impl fmt::Display) {
    print_error(format_args!("{text}"));
}

/// Prints a document to standard error; errors are ignored.
pub(super) fn print_error(document: impl Into<Document>) {
    let document = document.into();
    let mut out = io::stderr().lock();
    let _ = out.write_all(document.text().as_bytes()).and_then(|()| out.flush());
}

/// Prints why a command failed.
pub(super) fn failed(why: Failed) -> ExitCode {
    print_error(why.0);
    ExitCode::from(NOT_DONE)
}

/// Prints what is wrong with the arguments, or the requested help.
pub(super) fn usage(why: &clap::Error) -> ExitCode {
    let text = why.render();
    let to_err = why.use_stderr();
    // The message repeats the wrong argument. If that contains control characters or line ends, all is printed in one
    // line, so that no line can come from the argument.
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
