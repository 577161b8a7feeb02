//! The loop: snapshots in, lines out, until a signal ends it or the reader has closed the pipe.

use std::{
    io::{self, Write as _},
    panic::{self, AssertUnwindSafe},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use jiff::tz::TimeZone;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals,
};
use tokio::{sync::watch, time::timeout};

use super::{Standing, Steady, lines};
use console::{Ended, ascii, mask::Mask, ui::SILENT};
use engine::snapshot::Snapshot;

/// Options of the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The zone of the times.
    pub zone: TimeZone,
    /// Only ASCII.
    pub ascii: bool,
    /// Names are masked.
    pub mask: bool,
}

/// Why no lines are printed any more.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// A thread, the handling of signals, or the runtime cannot be started.
    #[error("cannot start to print")]
    Start(#[source] io::Error),
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    /// The engine has ended.
    #[error("the engine has stopped: the last lines are out of date")]
    Engine,
    /// A thread panicked.
    #[error("the output stopped because of an internal error")]
    Panicked,
}

/// Prints what comes through `snapshots` to standard output, until a signal ends it, the reader closes the pipe, or the
/// engine ends. Blocks; printing happens on its own thread, so that a reader that does not read cannot delay a signal.
///
/// # Errors
/// If the thread cannot be started, or standard output fails for another reason than a closed pipe.
pub fn run(snapshots: watch::Receiver<Arc<Snapshot>>, options: Options) -> Result<Ended, Stopped> {
    let (to, from) = mpsc::channel();
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT]).map_err(Stopped::Start)?;
    let (handle, signalled) = (signals.handle(), to.clone());
    let watching = thread::Builder::new().name("landfall-plain-signals".into()).spawn(move || {
        for signal in signals.forever() {
            // An error means that the receiver is gone: the program ends already.
            let _ = signalled.send(Ok(Ended::Signal(signal)));
        }
    });
    watching.map_err(Stopped::Start)?;
    let printing = thread::Builder::new().name("landfall-plain".into()).spawn(move || {
        let _ = to.send(guarded(|| print(snapshots, options)));
    });
    printing.map_err(Stopped::Start)?;
    let ended = from.recv().unwrap_or(Err(Stopped::Panicked));
    handle.close();
    ended
}

/// A panic ends the program with an error: a reader of the lines would take silence for no change.
fn guarded(print: impl FnOnce() -> Result<Ended, Stopped>) -> Result<Ended, Stopped> {
    panic::catch_unwind(AssertUnwindSafe(print)).unwrap_or(Err(Stopped::Panicked))
}

fn print(mut snapshots: watch::Receiver<Arc<Snapshot>>, options: Options) -> Result<Ended, Stopped> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(Stopped::Start)?;
    let mut mask = options.mask.then(|| Mask::of(&snapshots.borrow().plan));
    let mut before: Option<Standing> = None;
    let mut steady = Steady::default();
    let mut heard = heard_of(&mut snapshots, mask.as_mut());
    let mut silent = Duration::ZERO;
    loop {
        let now = if silent.is_zero() { heard.clone() } else { heard.silent(silent) };
        let now = steady.announce(now, before.as_ref());
        let mut text = String::new();
        for line in lines(before.as_ref(), &now) {
            let line = line.text(&options.zone);
            let line = mask.as_mut().and_then(|mask| mask.text(&line)).unwrap_or(line);
            text.push_str(if options.ascii { ascii::text(&line) } else { line }.as_str());
            text.push('\n');
        }
        if !text.is_empty()
            && let Err(why) = io::stdout().lock().write_all(text.as_bytes())
        {
            return if why.kind() == io::ErrorKind::BrokenPipe { Ok(Ended::Quit) } else { Err(Stopped::Output(why)) };
        }
        before = Some(now);
        match runtime.block_on(async { timeout(SILENT, snapshots.changed()).await }) {
            Ok(Ok(())) => {
                heard = heard_of(&mut snapshots, mask.as_mut());
                silent = Duration::ZERO;
            }
            Ok(Err(_)) => return Err(Stopped::Engine),
            Err(_) => silent += SILENT,
        }
    }
}

fn heard_of(snapshots: &mut watch::Receiver<Arc<Snapshot>>, mask: Option<&mut Mask>) -> Standing {
    let snapshot = snapshots.borrow_and_update().clone();
    if let Some(mask) = mask {
        mask.learn(&snapshot);
    }
    Standing::of(&snapshot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_ends_the_printing_aloud() {
        let ended = guarded(|| panic!("a defect"));
        assert!(ended.is_err_and(|why| why.to_string().contains("internal error")));
        assert!(guarded(|| Ok(Ended::Quit)).is_ok());
    }
}
