//! The terminal itself: taken over, drawn on, and given back whole – after quitting, a panic, a signal, a suspension.
//!
//! Every frame is written in one go; what is written is worked out in `frames`.

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

/// Whether the terminal is ours now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the mouse is to be ours while the terminal is.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Buttons and wheel are reported, with coordinates of any size. Not where the pointer merely moves: that would wake the program for nothing.
const TAKE_MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const LET_MOUSE_GO: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Nothing more is drawn: whoever is stuck drawing must get no further than to where it can leave.
static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// Held while it is decided who gives the terminal back, so that nobody throws away what the other has just written.
static LEAVING: Mutex<()> = Mutex::new(());

/// Panics of other threads while the terminal was ours: told when it is given back.
static UNTOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What the threads of the console are called; a panic of theirs ends it.
pub const THREAD: &str = "console";

/// The terminal, taken over. Given back when dropped.
#[derive(Debug)]
pub struct Screen {
    frames: Frames,
    cast: Option<Cast>,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// If input or output is not a terminal that can be drawn on, or it does not do as told.
    pub fn enter() -> io::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(io::Error::other("standard input and output must be a terminal; `landfall status` needs none"));
        }
        if std::env::var_os("TERM").is_some_and(|t| t == "dumb") {
            return Err(io::Error::other(
                "TERM=dumb cannot display the console; set TERM to the real terminal type, or use `landfall watch --plain` or `landfall status`",
            ));
        }
        // Colours are the theme's business, NO_COLOR included: left to itself, crossterm answers it by resetting modifiers.
        force_color_output(true);
        let screen = Self { frames: Frames::default(), cast: None };
        take()?;
        Ok(screen)
    }

    /// Everything that is shown from now on is put down there, too.
    pub fn record(&mut self, cast: Cast) {
        self.cast = Some(cast);
    }

    /// An empty frame, as large as the terminal is now.
    ///
    /// # Errors
    /// If the terminal does not say how large it is.
    pub fn blank(&mut self) -> io::Result<Buffer> {
        let (width, height) = terminal::size()?;
        Ok(self.frames.blank(Rect::new(0, 0, width, height)))
    }

    /// Shows a frame; writes nothing if it is the one that is shown.
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

    /// Takes the mouse, or lets it go. Whoever gives the terminal back lets it go in any case; whoever takes it again takes it too.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        if MOUSE.swap(on, Ordering::SeqCst) == on {
            return Ok(());
        }
        write(if on { TAKE_MOUSE } else { LET_MOUSE_GO })
    }

    /// Rings.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn ring(&mut self) -> io::Result<()> {
        write(b"\x07")
    }

    /// The next frame is drawn in full, whatever stands on the screen.
    pub fn forget(&mut self) {
        self.frames.forget();
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again when it goes on.
    ///
    /// # Errors
    /// If the terminal does not do as told.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.retake()
    }

    /// Takes the terminal again after somebody else may have had it (SIGCONT).
    ///
    /// # Errors
    /// If the terminal does not do as told.
    pub fn retake(&mut self) -> io::Result<()> {
        self.forget();
        // crossterm believes raw mode to be on; a shell may have ended it meanwhile.
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

/// Gives the terminal back, if it is ours.
pub fn restore() {
    let ours = {
        let _no_flush = LEAVING.lock().unwrap_or_else(PoisonError::into_inner);
        TAKEN.swap(false, Ordering::SeqCst)
    };
    if ours {
        // There is nobody to tell a fault to: the terminal is what is being lost.
        let mut out = io::stdout().lock();
        let _ = out.write_all(&farewell()).and_then(|()| out.flush());
        drop(out);
        let _ = terminal::disable_raw_mode();
    }
}

fn farewell() -> Vec<u8> {
    // Also where it was never taken: that does no harm, and there is no moment at which it is forgotten.
    let mut bytes = LET_MOUSE_GO.to_vec();
    let _ = queue!(bytes, EndSynchronizedUpdate, DisableFocusChange, DisableBracketedPaste, ResetColor, EnableLineWrap);
    let _ = queue!(bytes, cursor::Show, LeaveAlternateScreen);
    bytes
}

/// Little at a time: a terminal that has stopped reading takes no more of it than this once it is to be given back.
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

/// How long a terminal that does not read is waited for, at each step of giving it back.
const PATIENCE: Duration = Duration::from_secs(1);

/// Gives the terminal back although somebody may be stuck writing to it: a terminal that stopped reading (Ctrl-S, a stalled line)
/// must not keep the program from ending. What it has not read is thrown away, so that the stuck writer can go on and end by itself;
/// if even that does not help, the terminal is given back past it. Returns in bounded time whatever the terminal does.
pub fn restore_by_force(given_back: impl Fn() -> bool) {
    let wait = |until: &dyn Fn() -> bool| {
        let end = Instant::now() + PATIENCE;
        while !until() && Instant::now() < end {
            thread::sleep(Duration::from_millis(20));
        }
        until()
    };
    // The usual case: the console hears of the signal and leaves.
    if wait(&given_back) {
        return;
    }
    GIVEN_UP.store(true, Ordering::SeqCst);
    let unstick = || {
        let leaving = LEAVING.lock().unwrap_or_else(PoisonError::into_inner);
        // What restore() has begun to write must not be thrown away.
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
    // Past the lock of standard output, which the stuck writer holds; from a thread that may get stuck in its turn.
    let (done, ended) = std::sync::mpsc::channel();
    let write = move || done.send(rustix::io::write(io::stdout(), &farewell()).is_ok());
    if thread::Builder::new().spawn(write).is_ok() {
        let _ = ended.recv_timeout(PATIENCE);
    }
}

/// Throws away what the terminal has not read yet.
fn throw_away() {
    let out = io::stdout();
    let _ = tcflow(&out, Action::OOn);
    let _ = tcflush(&out, QueueSelector::OFlush);
}

/// Makes panics readable: one of the console's own gives the terminal back first; one of another thread (a source) must not write
/// over the screen and is told at the end.
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

/// Tells the panics that happened while the terminal was ours.
pub fn tell_panics() {
    for panic in UNTOLD.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = writeln!(io::stderr(), "{panic}");
    }
}
