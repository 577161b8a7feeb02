//! A terminal, a shell in it, and the program in the shell.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    num::NonZeroU16,
    os::fd::AsFd as _,
    path::Path,
    process::Child,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use pty_process::{
    Size,
    blocking::{Command, Pty},
};
use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{SpecialCodeIndex, tcgetattr},
};

use crate::patience::PATIENCE;

/// Prints its process id, becomes the program, and the outer shell outlives it.
const SHELL: &str = r#"sh -c 'echo "pid $$"; exec "$0" "$@"' "$0" "$@"; echo "ended with $?"; read wait"#;

/// A terminal and what runs in it.
pub struct Term {
    pub pty: Arc<Pty>,
    shell: Child,
    pub before: Modes,
    seen: Arc<Mutex<Output>>,
    pub reads: Arc<AtomicBool>,
    /// What the program remembers: not in the folder of whoever runs the tests.
    _state: tempfile::TempDir,
}

/// The output that the terminal has received.
pub struct Output {
    pub parser: vt100::Parser,
    pub bytes: Vec<u8>,
}

/// The settings of a terminal's line discipline that a program can change.
#[derive(Debug, PartialEq)]
pub struct Modes([u64; 4], [u8; 2]);

pub fn modes(pty: &Pty) -> Modes {
    let t = tcgetattr(pty.as_fd()).expect("a terminal has modes");
    let bits = [t.input_modes.bits(), t.output_modes.bits(), t.control_modes.bits(), t.local_modes.bits()];
    let codes = [SpecialCodeIndex::VMIN, SpecialCodeIndex::VTIME].map(|i| t.special_codes[i]);
    Modes(bits.map(u64::from), codes)
}

pub fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a terminal has cells")
}

impl Term {
    /// Runs the program's demo.
    pub fn demo() -> Self {
        Self::start(Path::new(env!("CARGO_BIN_EXE_landfall")), &["demo"], &[])
    }

    /// Runs one of the scenes.
    pub fn scene(name: &str, file: &Path) -> Self {
        let this = env::current_exe().expect("this program's path");
        let args = ["scenes::scene", "--exact", "--ignored", "--nocapture", "--test-threads=1"];
        Self::start(&this, &args, &[("LANDFALL_SCENE", name), ("LANDFALL_SCENE_FILE", &file.to_string_lossy())])
    }

    pub fn start(program: &Path, args: &[&str], vars: &[(&str, &str)]) -> Self {
        let (pty, pts) = pty_process::blocking::open().expect("a pseudo terminal");
        pty.resize(Size::new(40, 120)).expect("a size");
        let before = modes(&pty);
        let command = Command::new("/bin/sh").arg("-c").arg(SHELL).arg(program).args(args);
        let command = command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
        let state = tempfile::tempdir().expect("a folder");
        let command = command.env("XDG_STATE_HOME", state.path());
        let shell = command.envs(vars.iter().copied()).spawn(pts).expect("a shell");
        let parser = vt100::Parser::new(cells(40), cells(120), 200);
        let seen = Arc::new(Mutex::new(Output { parser, bytes: Vec::new() }));
        let (pty, reads) = (Arc::new(pty), Arc::new(AtomicBool::new(true)));
        let term = Self { pty, shell, before, seen, reads, _state: state };
        term.read();
        term
    }

    /// Reads the output on its own thread, as long as `reads` is set.
    fn read(&self) {
        let (pty, seen, reads) = (self.pty.clone(), self.seen.clone(), self.reads.clone());
        thread::spawn(move || {
            let mut part = [0; 4096];
            loop {
                while !reads.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(5));
                }
                match (&*pty).read(&mut part) {
                    Ok(n) if n > 0 => {
                        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                        seen.parser.process(&part[..n]);
                        seen.bytes.extend(&part[..n]);
                    }
                    _ => return,
                }
            }
        });
    }

    pub fn seen(&self) -> MutexGuard<'_, Output> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn screen(&self) -> String {
        self.seen().parser.screen().contents()
    }

    pub fn alternate(&self) -> bool {
        self.seen().parser.screen().alternate_screen()
    }

    pub fn until(&self, what: &str, mut state: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !state(self) {
            assert!(Instant::now() < end, "waited in vain: {what}\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn until_shown(&self, text: &str) {
        self.until(text, |t| t.screen().contains(text));
    }

    /// Waits until the console is on screen.
    pub fn until_taken(&self) {
        self.until("the console", |t| t.alternate() && t.screen().contains("1 Overview"));
        assert_ne!(modes(&self.pty), self.before, "raw");
        assert!(self.seen().parser.screen().hide_cursor());
    }

    pub fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("a terminal takes keys");
    }

    fn pid(&self) -> Pid {
        self.until("a process id", |t| t.pid_if_known().is_some());
        self.pid_if_known().expect("it is known")
    }

    fn pid_if_known(&self) -> Option<Pid> {
        let bytes = self.seen().bytes.clone();
        let text = String::from_utf8_lossy(&bytes);
        let (number, _) = text.split_once("pid ")?.1.split_once("\r\n")?;
        Pid::from_raw(number.parse().ok()?)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the process is there");
    }

    /// The kernel's letter for the process's state; `None` when it is gone.
    pub fn process_state(&self) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid().as_raw_nonzero())).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    }

    /// The last setting of a terminal mode, if there was any.
    fn last_word(&self, mode: u16) -> Option<bool> {
        let bytes = self.seen().bytes.clone();
        let at = |end: char| {
            let code = format!("\x1b[?{mode}{end}").into_bytes();
            bytes.windows(code.len()).rposition(|w| w == code)
        };
        (at('h') != at('l')).then(|| at('h') > at('l'))
    }

    /// Everything is as it was before the program.
    pub fn assert_given_back(&self) {
        assert_eq!(modes(&self.pty), self.before);
        {
            let seen = self.seen();
            let screen = seen.parser.screen();
            assert!(!screen.alternate_screen(), "the alternate screen is left");
            assert!(!screen.hide_cursor(), "the cursor is shown");
            assert!(!screen.bracketed_paste());
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        }
        assert_ne!(self.last_word(1004), Some(true), "no report of focus");
        assert_ne!(self.last_word(2026), Some(true), "no update is left half-way");
        assert_ne!(self.last_word(7), Some(false), "long lines wrap");
    }

    pub fn assert_ends(&self, status: u8) {
        let last = format!("ended with {status}");
        self.until(&last, |t| t.screen().lines().any(|line| line.trim_end() == last));
        self.assert_given_back();
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        self.reads.store(true, Ordering::SeqCst);
        if let Some(pid) = self.pid_if_known().filter(|_| self.process_state().is_some()) {
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
