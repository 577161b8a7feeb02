//! The console in a real pseudo-terminal: completely restored however the console ends, drawn no more than needed, and
//! never delaying the collectors.
//!
//! Each test starts a shell in its own terminal, and in it the program or one of the [`scenes`]. The shell stays when
//! they end: the kernel resets a terminal whose session is over, which would hide what was left behind. No timing is
//! asserted: tests wait for states.

mod hands;
#[path = "../shared/patience.rs"]
mod patience;
mod scenes;
mod tables;
mod term;
mod tired;

use std::{
    env,
    path::Path,
    process::Stdio,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use pty_process::Size;
use rustix::process::Signal;

use crate::{
    patience::{PATIENCE, to_its_end},
    scenes::Count,
    term::{Term, cells, modes},
};

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
    assert_ne!(term.seen().parser.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is taken");
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
    term.press("9");
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
    // Another program has written over the screen.
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

/// Stops reading, and makes the console draw until it blocks: then keys are no longer passed on to the engine.
fn stop_reading(term: &Term, count: &Count) {
    term.reads.store(false, Ordering::SeqCst);
    let stuck = |count: &Count| {
        let before = count.numbers()[1];
        // A full redraw, and a command for the engine.
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
    term.press("9");
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
fn snapshots_that_say_nothing_new_write_nothing() {
    let count = Count::new();
    let term = Term::scene("same-snapshots", &count.file);
    term.until_taken();
    term.press("9");
    term.until_shown("last error");
    let snapshots = count.numbers()[0];
    let wait = |more: u64| term.until("snapshots", |_| count.numbers()[0] >= snapshots + more);
    // Wait for pending draws.
    wait(40);
    let before = term.seen().bytes.len();
    wait(140);
    assert_eq!(term.seen().bytes.len(), before, "bytes written by a hundred snapshots");
    term.press("1");
    term.until_shown("Write downtime");
}

#[test]
fn readings_that_stay_the_same_are_drawn_once_a_second_for_their_age() {
    let count = Count::new();
    let term = Term::scene("same-readings", &count.file);
    term.until_taken();
    term.press("9");
    term.until_shown("last error");
    let (snapshots, before, start) = (count.numbers()[0], draws(&term), Instant::now());
    term.until("snapshots", |_| count.numbers()[0] >= snapshots + 200);
    let drawn = draws(&term) - before;
    let seconds = usize::try_from(start.elapsed().as_secs()).expect("a short time");
    println!("200 snapshots in {seconds} s: drawn {drawn} times");
    // One for a pending draw, one for the second that has begun.
    assert!((1..=seconds + 2).contains(&drawn), "drawn {drawn} times in {seconds} s");
}

#[test]
fn where_nothing_can_be_drawn_it_says_so() {
    let run = |command: &mut std::process::Command| {
        let out = to_its_end(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()));
        assert!(!out.status.success());
        String::from_utf8_lossy(&out.stderr).into_owned()
    };
    let text = run(std::process::Command::new(env!("CARGO_BIN_EXE_landfall")).arg("demo"));
    assert!(text.contains("must be a terminal; `landfall status` needs none"), "{text}");
    let term = Term::start(Path::new("/usr/bin/env"), &["TERM=dumb", env!("CARGO_BIN_EXE_landfall"), "demo"], &[]);
    term.until_shown("TERM=dumb cannot display the console");
    term.until_shown("ended with");
    term.assert_given_back();
}
