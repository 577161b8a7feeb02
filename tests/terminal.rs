//! The console in a real pseudo terminal: given back whole however it ends, drawn on no more than needed, and never in the way of
//! the sources.
//!
//! Each test starts a shell in a terminal of its own, and in it the program or one of this file's [`scene`]s. The shell stays when they
//! end: a terminal whose session is over is reset by the kernel, which would hide what was left behind. Nothing is timed: states are
//! waited for.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    num::NonZeroU16,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    process::Child,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use landfall::{
    console::{
        self, Mode, Options,
        terminal::{self, Screen},
    },
    core::{estate::source::SourceState, now::Age},
    drive::{clock, live::Link, sim},
    plan::Plan,
};
use pty_process::{
    Size,
    blocking::{Command, Pty},
};
use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{SpecialCodeIndex, tcgetattr},
};
use tokio::sync::{mpsc, watch};

/// How long a state is waited for: long, since the machine may be busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);

/// Says its process id, becomes the program, and outlives it.
const SHELL: &str = r#"sh -c 'echo "pid $$"; exec "$0" "$@"' "$0" "$@"; echo "ended with $?"; read wait"#;

/// A terminal and what runs in it.
struct Term {
    pty: Arc<Pty>,
    shell: Child,
    before: Modes,
    seen: Arc<Mutex<Seen>>,
    reads: Arc<AtomicBool>,
}

/// What the terminal has been told.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

/// What a program can change of a terminal's line discipline.
#[derive(Debug, PartialEq)]
struct Modes([u64; 4], [u8; 2]);

fn modes(pty: &Pty) -> Modes {
    let t = tcgetattr(pty.as_fd()).expect("a terminal has modes");
    let bits = [t.input_modes.bits(), t.output_modes.bits(), t.control_modes.bits(), t.local_modes.bits()];
    let codes = [SpecialCodeIndex::VMIN, SpecialCodeIndex::VTIME].map(|i| t.special_codes[i]);
    Modes(bits.map(u64::from), codes)
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a terminal has cells")
}

impl Term {
    /// Runs the program's demo.
    fn demo() -> Self {
        Self::start(Path::new(env!("CARGO_BIN_EXE_landfall")), &["demo"], &[])
    }

    /// Runs a scene of this file.
    fn scene(name: &str, file: &Path) -> Self {
        let this = env::current_exe().expect("this program's path");
        let args = ["scene", "--exact", "--ignored", "--nocapture", "--test-threads=1"];
        Self::start(&this, &args, &[("LANDFALL_SCENE", name), ("LANDFALL_SCENE_FILE", &file.to_string_lossy())])
    }

    fn start(program: &Path, args: &[&str], vars: &[(&str, &str)]) -> Self {
        let (pty, pts) = pty_process::blocking::open().expect("a pseudo terminal");
        pty.resize(Size::new(40, 120)).expect("a size");
        let before = modes(&pty);
        let command = Command::new("/bin/sh").arg("-c").arg(SHELL).arg(program).args(args);
        let command = command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
        let shell = command.envs(vars.iter().copied()).spawn(pts).expect("a shell");
        let parser = vt100::Parser::new(cells(40), cells(120), 200);
        let seen = Arc::new(Mutex::new(Seen { parser, bytes: Vec::new() }));
        let (pty, reads) = (Arc::new(pty), Arc::new(AtomicBool::new(true)));
        let term = Self { pty, shell, before, seen, reads };
        term.read();
        term
    }

    /// Reads what is written on a thread of its own, as long as `reads` says so.
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

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn screen(&self) -> String {
        self.seen().parser.screen().contents()
    }

    fn alternate(&self) -> bool {
        self.seen().parser.screen().alternate_screen()
    }

    fn until(&self, what: &str, mut state: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !state(self) {
            assert!(Instant::now() < end, "waited in vain: {what}\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn until_shown(&self, text: &str) {
        self.until(text, |t| t.screen().contains(text));
    }

    /// Waits until the console is on screen.
    fn until_taken(&self) {
        self.until("the console", |t| t.alternate() && t.screen().contains("1 Overview"));
        assert_ne!(modes(&self.pty), self.before, "raw");
        assert!(self.seen().parser.screen().hide_cursor());
    }

    fn press(&self, keys: &str) {
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

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the process is there");
    }

    /// The letter that the kernel has for the process's state; none when it is gone.
    fn process_state(&self) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid().as_raw_nonzero())).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    }

    /// The last word said about a mode of the terminal, if any was.
    fn last_word(&self, mode: u16) -> Option<bool> {
        let bytes = self.seen().bytes.clone();
        let at = |end: char| {
            let code = format!("\x1b[?{mode}{end}").into_bytes();
            bytes.windows(code.len()).rposition(|w| w == code)
        };
        (at('h') != at('l')).then(|| at('h') > at('l'))
    }

    /// Everything is as the shell had it.
    fn assert_given_back(&self) {
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

    fn assert_ends(&self, status: u8) {
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

/// A file that a scene counts into.
struct Count {
    _dir: tempfile::TempDir,
    file: PathBuf,
}

impl Count {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        Self { file: dir.path().join("count"), _dir: dir }
    }

    /// What the scene wrote last.
    fn numbers(&self) -> [u64; 2] {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let mut numbers = text.split_whitespace().map(|n| n.parse().expect("a number"));
        [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)]
    }

    fn write(file: &Path, numbers: [u64; 2]) {
        let next = file.with_extension("next");
        fs::write(&next, format!("{} {}", numbers[0], numbers[1])).expect("a file");
        fs::rename(next, file).expect("a file");
    }
}

#[test]
fn quitting_gives_the_terminal_back() {
    for key in ["q", "\x03"] {
        let term = Term::demo();
        term.until_taken();
        term.press(key);
        term.assert_ends(0);
    }
}

#[test]
fn signals_give_the_terminal_back() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let term = Term::demo();
        term.until_taken();
        term.signal(signal);
        term.assert_ends(128 + u8::try_from(signal.as_raw()).expect("a small number"));
    }
}

#[test]
fn a_panic_of_the_console_gives_the_terminal_back_and_is_told() {
    let count = Count::new();
    let term = Term::scene("panic-of-the-console", &count.file);
    term.until("something drawn", |t| t.alternate() && t.screen().contains("drawn"));
    term.press("x");
    term.until_shown("the drawing failed");
    term.assert_ends(0);
}

#[test]
fn a_panic_of_another_thread_leaves_the_screen_alone_and_is_told_at_the_end() {
    let count = Count::new();
    let term = Term::scene("panic-of-a-source", &count.file);
    term.until_taken();
    term.press("+");
    term.until("the panic", |_| count.numbers()[0] == 1);
    term.press("2");
    term.until_shown("Replica sets");
    assert!(term.alternate() && !term.screen().contains("a source failed"));
    term.press("q");
    term.until_shown("a source failed");
    term.assert_ends(0);
}

#[test]
fn suspended_it_gives_the_terminal_back_and_resumed_it_draws_again() {
    let term = Term::demo();
    term.until_taken();
    for by_key in [true, false] {
        if by_key {
            term.press("\x1a");
        } else {
            term.signal(Signal::TSTP);
        }
        term.until("stopped", |t| t.process_state() == Some('T') && !t.alternate());
        term.assert_given_back();
        term.signal(Signal::CONT);
        term.until_taken();
    }
    term.press("7");
    term.until_shown("last error");
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn stopped_from_outside_it_draws_all_of_the_screen_when_it_goes_on() {
    let term = Term::demo();
    term.until_taken();
    term.signal(Signal::STOP);
    term.until("stopped", |t| t.process_state() == Some('T'));
    // Somebody else wrote over the screen meanwhile.
    let before = term.seen().bytes.len();
    term.seen().parser.process(b"\x1b[2J\x1b[Hsomething else");
    term.signal(Signal::CONT);
    term.until("drawn again", |t| t.seen().bytes.len() > before && t.screen().contains("1 Overview"));
    assert!(!term.screen().contains("something else"));
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn a_storm_of_sizes_ends_in_a_whole_screen() {
    let term = Term::demo();
    term.until_taken();
    term.press("2\r");
    let mut random = fastrand::Rng::with_seed(5);
    let resize = |rows: u16, columns: u16| {
        term.seen().parser.set_size(cells(rows), cells(columns));
        term.pty.resize(Size::new(rows, columns)).expect("a size");
    };
    for _ in 0..150 {
        resize(random.u16(1..=80), random.u16(1..=250));
        thread::sleep(Duration::from_millis(random.u64(0..15)));
    }
    resize(30, 100);
    term.until("the whole of the new size", |t| {
        let screen = t.screen();
        let lines: Vec<&str> = screen.lines().collect();
        lines.len() == 30 && lines[0].contains("DEMO") && lines[2].contains("detail") && lines[29].contains("q quit")
    });
    term.press("q");
    term.assert_ends(0);
}

/// Stops reading, and makes the console draw until it is stuck: keys that it would pass on to the core are not passed on any more.
fn stop_reading(term: &Term, count: &Count) {
    term.reads.store(false, Ordering::SeqCst);
    let stuck = |count: &Count| {
        let before = count.numbers()[1];
        // The whole screen anew, and a command for the core.
        term.press("\x0c+\x0c-");
        let end = Instant::now() + Duration::from_secs(5);
        while count.numbers()[1] == before {
            if Instant::now() > end {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    };
    let end = Instant::now() + PATIENCE;
    while !stuck(count) {
        assert!(Instant::now() < end, "the console is never stuck");
    }
}

#[test]
fn a_terminal_that_stops_reading_stops_no_source() {
    let count = Count::new();
    let term = Term::scene("count", &count.file);
    term.until_taken();
    stop_reading(&term, &count);
    let [answers, commands] = count.numbers();
    term.until("a thousand answers more", |_| count.numbers()[0] > answers + 1000);
    assert_eq!(count.numbers()[1], commands, "the console was stuck all the time");
    term.reads.store(true, Ordering::SeqCst);
    term.press("7");
    term.until_shown("last error");
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn a_terminal_that_stops_reading_keeps_nobody_from_ending_it() {
    for signal in [Signal::TERM, Signal::HUP] {
        let count = Count::new();
        let term = Term::scene("count", &count.file);
        term.until_taken();
        stop_reading(&term, &count);
        term.signal(signal);
        term.until("gone", |t| t.process_state().is_none());
        assert_eq!(modes(&term.pty), term.before, "before anything is read again");
        term.reads.store(true, Ordering::SeqCst);
        term.until_shown("ended with");
        term.assert_given_back();
    }
}

/// How often the console has drawn.
fn draws(term: &Term) -> usize {
    const BEGIN: &[u8] = b"\x1b[?2026h";
    term.seen().bytes.windows(BEGIN.len()).filter(|w| *w == BEGIN).count()
}

#[test]
fn pictures_that_say_nothing_new_write_nothing() {
    let count = Count::new();
    let term = Term::scene("same-pictures", &count.file);
    term.until_taken();
    term.press("7");
    term.until_shown("last error");
    let pictures = count.numbers()[0];
    let wait = |more: u64| term.until("pictures", |_| count.numbers()[0] >= pictures + more);
    // What was under way.
    wait(40);
    let before = term.seen().bytes.len();
    wait(140);
    assert_eq!(term.seen().bytes.len(), before, "bytes written by a hundred pictures");
    term.press("1");
    term.until_shown("Write downtime");
}

#[test]
fn readings_that_stay_the_same_are_drawn_once_a_second_for_their_age() {
    let count = Count::new();
    let term = Term::scene("same-readings", &count.file);
    term.until_taken();
    term.press("7");
    term.until_shown("last error");
    let (pictures, before, start) = (count.numbers()[0], draws(&term), Instant::now());
    term.until("pictures", |_| count.numbers()[0] >= pictures + 200);
    let drawn = draws(&term) - before;
    let seconds = usize::try_from(start.elapsed().as_secs()).expect("a short time");
    println!("200 pictures in {seconds} s: drawn {drawn} times");
    // One for what was under way, one for the second that has begun.
    assert!((1..=seconds + 2).contains(&drawn), "drawn {drawn} times in {seconds} s");
}

#[test]
fn where_nothing_can_be_drawn_it_says_so() {
    let run = |command: &mut std::process::Command| {
        let out = command.output().expect("the program");
        assert!(!out.status.success());
        String::from_utf8_lossy(&out.stderr).into_owned()
    };
    let told = run(std::process::Command::new(env!("CARGO_BIN_EXE_landfall")).arg("demo"));
    assert!(told.contains("must be a terminal; `landfall status` needs none"), "{told}");
    let term = Term::start(Path::new("/usr/bin/env"), &["TERM=dumb", env!("CARGO_BIN_EXE_landfall"), "demo"], &[]);
    term.until_shown("TERM=dumb says that it cannot be drawn on");
    term.until_shown("ended with");
    term.assert_given_back();
}

/// What the other tests run in a terminal: the console with something done to it.
#[test]
#[ignore = "a scene for the other tests, which start it in a terminal of its own"]
fn scene() {
    let (Ok(name), Some(file)) = (env::var("LANDFALL_SCENE"), env::var_os("LANDFALL_SCENE_FILE")) else { return };
    let file = PathBuf::from(file);
    match name.as_str() {
        "panic-of-the-console" => panic_of_the_console(),
        "panic-of-a-source" => {
            let (commands, mut queue) = mpsc::unbounded_channel();
            thread::spawn(move || {
                queue.blocking_recv();
                // Told by the file once it has happened.
                let _told = OnDrop(Some(move || Count::write(&file, [1, 0])));
                panic!("a source failed");
            });
            run(Link { commands, ..simulated() });
        }
        "count" => {
            let inner = simulated();
            let (commands, mut queue) = mpsc::unbounded_channel();
            let link = Link { commands, snapshots: inner.snapshots.clone() };
            thread::spawn(move || {
                let mut passed_on = 0;
                loop {
                    while let Ok(command) = queue.try_recv() {
                        passed_on += 1;
                        drop(inner.commands.send(command));
                    }
                    let answers = inner.snapshots.borrow().sources.iter().map(|s| s.answers).sum();
                    Count::write(&file, [answers, passed_on]);
                    thread::sleep(Duration::from_millis(20));
                }
            });
            run(link);
        }
        "same-pictures" => run(repeated(file, false)),
        "same-readings" => run(repeated(file, true)),
        other => panic!("there is no scene {other}"),
    }
}

struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

fn simulated() -> Link {
    let (plan, _) = Plan::load(Path::new("demo/plan.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    sim::start_paced(Arc::new(plan), 7, 1.0)
}

fn run(link: Link) {
    console::run(link, Options { theme: None, ascii: false, mode: Mode::Demo }).expect("a console");
}

/// The same answers over and over, twenty times a second; their age moves if it may.
fn repeated(file: PathBuf, ages: bool) -> Link {
    let mut link = simulated();
    let all_live =
        |link: &mut Link| link.snapshots.borrow_and_update().sources.iter().all(|s| s.state == SourceState::Live);
    while !all_live(&mut link) {
        thread::sleep(Duration::from_millis(50));
    }
    let first = (**link.snapshots.borrow()).clone();
    let (picture, snapshots) = watch::channel(Arc::new(first.clone()));
    thread::spawn(move || {
        let start = clock::now();
        for sent in 1_u64.. {
            thread::sleep(Duration::from_millis(50));
            let mut next = first.clone();
            if ages {
                let passed = clock::now().since(start);
                next.now.boot += passed;
                for source in &mut next.sources {
                    // Answered every second.
                    source.age = Some(Age(Duration::from_millis(u64::from(passed.subsec_millis()))));
                }
            }
            picture.send_replace(Arc::new(next));
            Count::write(&file, [sent, 0]);
        }
    });
    Link { snapshots, commands: link.commands }
}

fn panic_of_the_console() {
    terminal::watch_panics();
    let body = || {
        let mut screen = Screen::enter().expect("a terminal");
        let mut frame = ratatui::buffer::Buffer::empty(Screen::area().expect("a size"));
        frame.set_string(0, 0, "drawn", ratatui::style::Style::new());
        screen.show(frame).expect("a terminal");
        let _ = std::io::stdin().read(&mut [0]);
        panic!("the drawing failed");
    };
    let thread = thread::Builder::new().name(terminal::THREAD.into()).spawn(body).expect("a thread");
    assert!(thread.join().is_err());
}
