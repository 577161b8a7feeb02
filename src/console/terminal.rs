//! The terminal: taken over, drawn on, and completely restored after quitting, a panic, a signal or a suspension.
//!
//! Every frame is written in one go; `frames` computes what is written.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{cast::Cast, frames::Frames};
use crossterm::clipboard::CopyToClipboard;
use ratatui::{
    buffer::Buffer,
    crossterm::{
        cursor,
        event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange},
        queue,
        style::{ResetColor, force_color_output},
        terminal::{
            self, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
        },
    },
    layout::Rect,
};
use rustix::termios::{Action, QueueSelector, tcflow, tcflush};

/// Whether the console has taken over the terminal.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the mouse is enabled while the console has the terminal.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Reports buttons and wheel, with coordinates of any size. Not pointer motion: that would wake the program for
/// nothing.
const TAKE_MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const LET_MOUSE_GO: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Nothing more is drawn: a blocked drawing thread continues only to its exit.
static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// Held while a thread decides whether it restores the terminal, so that it does not discard what the other has just
/// written.
static LEAVING: Mutex<()> = Mutex::new(());

/// Panics of other threads while the console had the terminal: printed when it is restored.
static UNTOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Name prefix of the console's threads; a panic in one of them ends the console.
pub const THREAD: &str = "console";

/// The terminal, taken over. Restored when dropped.
#[derive(Debug)]
pub struct Screen {
    frames: Frames,
    cast: Option<Cast>,
}

impl Screen {
    /// Takes over the terminal.
    ///
    /// # Errors
    /// If input or output is not a terminal that can be drawn on, or it cannot be controlled.
    pub fn enter() -> io::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(io::Error::other("standard input and output must be a terminal; `landfall status` needs none"));
        }
        if std::env::var_os("TERM").is_some_and(|t| t == "dumb") {
            return Err(io::Error::other(
                "TERM=dumb cannot display the console; set TERM to the real terminal type, or use `landfall watch --plain` or `landfall status`",
            ));
        }
        // The theme decides about colours, including NO_COLOR: by default crossterm reacts to that variable by
        // resetting modifiers.
        force_color_output(true);
        let screen = Self { frames: Frames::default(), cast: None };
        take()?;
        Ok(screen)
    }

    /// Records everything that is shown from now on.
    pub fn record(&mut self, cast: Cast) {
        self.cast = Some(cast);
    }

    /// An empty frame of the terminal's current size.
    ///
    /// # Errors
    /// If the size cannot be determined.
    pub fn blank(&mut self) -> io::Result<Buffer> {
        let (width, height) = terminal::size()?;
        Ok(self.frames.blank(Rect::new(0, 0, width, height)))
    }

    /// Shows a frame; writes nothing if it is unchanged.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn show(&mut self, frame: Buffer) -> io::Result<()> {
        let size = frame.area.as_size();
        let Some(bytes) = self.frames.next(frame)? else { return Ok(()) };
        write(&bytes)?;
        if let Some(cast) = &mut self.cast {
            cast.wrote(&bytes, size)?;
        }
        Ok(())
    }

    /// Enables or disables the mouse. Restoring the terminal always disables it; taking the terminal again enables it
    /// again.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        if MOUSE.swap(on, Ordering::SeqCst) == on {
            return Ok(());
        }
        write(if on { TAKE_MOUSE } else { LET_MOUSE_GO })
    }

    /// Rings the bell.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn ring(&mut self) -> io::Result<()> {
        write(b"\x07")
    }

    /// Puts a text into the clipboard, as far as the terminal takes it (OSC 52). What it holds is encoded: no part of it reaches the
    /// terminal as it is.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut bytes = Vec::new();
        queue!(bytes, CopyToClipboard::to_clipboard_from(text))?;
        write(&bytes)
    }

    /// Draws the next frame in full.
    pub fn forget(&mut self) {
        self.frames.forget();
    }

    /// Restores the terminal, stops the process as Ctrl-Z does, and takes over the terminal again when the process
    /// continues.
    ///
    /// # Errors
    /// If the terminal cannot be controlled.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.retake()
    }

    /// Takes over the terminal again after another program may have used it (SIGCONT).
    ///
    /// # Errors
    /// If the terminal cannot be controlled.
    pub fn retake(&mut self) -> io::Result<()> {
        self.forget();
        // crossterm assumes that raw mode is on; a shell may have ended it.
        terminal::disable_raw_mode()?;
        take()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    terminal::enable_raw_mode()?;
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, cursor::Hide, DisableLineWrap, EnableBracketedPaste, EnableFocusChange)?;
    if MOUSE.load(Ordering::SeqCst) {
        bytes.extend_from_slice(TAKE_MOUSE);
    }
    write(&bytes)
}

/// Restores the terminal, if the console has it.
pub fn restore() {
    let ours = {
        let _no_flush = LEAVING.lock().unwrap_or_else(PoisonError::into_inner);
        TAKEN.swap(false, Ordering::SeqCst)
    };
    if ours {
        // Errors are ignored: there is no terminal left to report them on.
        let mut out = io::stdout().lock();
        let _ = out.write_all(&farewell()).and_then(|()| out.flush());
        drop(out);
        let _ = terminal::disable_raw_mode();
    }
}

fn farewell() -> Vec<u8> {
    // Always disables the mouse, even if it was not enabled: that does no harm.
    let mut bytes = LET_MOUSE_GO.to_vec();
    let _ = queue!(bytes, EndSynchronizedUpdate, DisableFocusChange, DisableBracketedPaste, ResetColor, EnableLineWrap);
    let _ = queue!(bytes, cursor::Show, LeaveAlternateScreen);
    bytes
}

/// Writes in small parts: a terminal that has stopped reading takes at most one more part once it is to be restored.
fn write(bytes: &[u8]) -> io::Result<()> {
    const PART: usize = 1024;
    let mut out = io::stdout().lock();
    for part in bytes.chunks(PART) {
        if GIVEN_UP.load(Ordering::SeqCst) {
            return Ok(());
        }
        out.write_all(part)?;
        out.flush()?;
    }
    Ok(())
}

/// How long each step of a forced restore waits for a terminal that does not read.
const PATIENCE: Duration = Duration::from_secs(1);

/// Restores the terminal even if a thread is blocked writing to it: a terminal that stopped reading (Ctrl-S, a stalled
/// line) must not keep the program from ending. Unread output is discarded, so that the blocked writer can continue
/// and end by itself. If that does not help, the terminal is restored without it. Returns in bounded time whatever the
/// terminal does.
pub fn restore_by_force(given_back: impl Fn() -> bool) {
    let wait = |until: &dyn Fn() -> bool| {
        let end = Instant::now() + PATIENCE;
        while !until() && Instant::now() < end {
            thread::sleep(Duration::from_millis(20));
        }
        until()
    };
    // The usual case: the console gets the signal and exits.
    if wait(&given_back) {
        return;
    }
    GIVEN_UP.store(true, Ordering::SeqCst);
    let unstick = || {
        let leaving = LEAVING.lock().unwrap_or_else(PoisonError::into_inner);
        // Do not discard what restore() has begun to write.
        if TAKEN.load(Ordering::SeqCst) {
            throw_away();
        }
        drop(leaving);
        given_back()
    };
    if wait(&unstick) || wait(&given_back) {
        return;
    }
    throw_away();
    let _ = terminal::disable_raw_mode();
    // Without the lock of standard output, which the blocked writer holds; from a thread that may block in turn.
    let (done, ended) = std::sync::mpsc::channel();
    let write = move || done.send(rustix::io::write(io::stdout(), &farewell()).is_ok());
    if thread::Builder::new().spawn(write).is_ok() {
        let _ = ended.recv_timeout(PATIENCE);
    }
}

/// Discards what the terminal has not read yet.
fn throw_away() {
    let out = io::stdout();
    let _ = tcflow(&out, Action::OOn);
    let _ = tcflush(&out, QueueSelector::OFlush);
}

/// Makes panics readable: after a panic of the console the terminal is restored first; a panic of another thread (a
/// collector) must not write over the screen and is printed at the end.
pub fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let ours = std::thread::current().name().is_some_and(|n| n.starts_with(THREAD));
            if ours || !TAKEN.load(Ordering::SeqCst) {
                restore();
                usual(info);
            } else {
                UNTOLD.lock().unwrap_or_else(PoisonError::into_inner).push(info.to_string());
            }
        }));
    });
}

/// Prints the panics that happened while the console had the terminal.
pub fn report_panics() {
    for panic in UNTOLD.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = writeln!(io::stderr(), "{panic}");
    }
}
