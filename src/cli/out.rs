//! All output of the commands: standard output and standard error, in whatever state they are.
//!
//! A reader that has closed the pipe (`| head`) only ends the printing; a full disk is an error with a message. Errors
//! on standard error are ignored: the exit code remains.

use std::{
    fmt,
    io::{self, Write as _},
    process::ExitCode,
};

use super::NOT_DONE;
use base::text::{Document, Foreign, acts};

/// Why a command failed: printed to standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed(Document);

impl Failed {
    /// Text of several lines, formatted by the program.
    pub(super) fn block(text: &str) -> Self {
        Self(Document::styled(&format!("{}\n", text.trim_end())))
    }

    /// As printed.
    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        self.0.text()
    }
}

/// One line, whatever the text contains.
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
    written.map_err(|e| format!("cannot write to standard output: {e}").into())
}

/// Prints to standard output; a closed pipe is not an error.
///
/// # Errors
/// If standard output cannot be written. An action that requires its output to be seen must then not be done.
pub(super) fn print(document: impl Into<Document>) -> Result<ExitCode, Failed> {
    let document = document.into();
    let mut out = io::stdout().lock();
    match out.write_all(document.text().as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write to standard output: {e}").into()),
        _ => Ok(ExitCode::SUCCESS),
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
