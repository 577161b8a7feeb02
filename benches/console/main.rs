//! What the console costs at 200×50 with 10,000 instances and 100,000 pairs of group and partition: a frame, a key while readings of
//! that size arrive, a view model, a filter, a minute in which nothing happens, and the memory of an hour.
//!
//! ```text
//! cargo bench --no-default-features --bench console              without the hour
//! cargo bench --no-default-features --bench console -- hour      peak memory of an hour replayed in virtual time
//! cargo bench --no-default-features --bench console -- idle      what the same readings again and again cost
//! ```
//!
//! Rows come from the systems' own panels, made of answers of that size; the *synthetic* list has 100,000 rows of eight columns,
//! more than any system shows today. "key" is the time from a key to the bytes for the terminal, when the key and a new snapshot of the
//! whole estate arrive together: the worst moment. No live client is in this build: what they hold in memory comes on top.
#![expect(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a bench")]

mod estate;

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use estate::{Estate, spent, synthetic};
use landfall::{
    base::now::Now,
    console::{
        Depth, Mode, Theme, Themes,
        frames::Frames,
        prepared::{Looking, Prepared},
        ui::Ui,
        update::{UiEvent, update},
        view::draw,
        view_model::ViewModel,
    },
    engine::snapshot::Snapshot,
};
use ratatui::{
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    layout::Rect,
};
use rustix::time::ClockId;

const SCREEN: Rect = Rect { x: 0, y: 0, width: 200, height: 50 };
const ROUNDS: usize = 200;

fn main() {
    if std::env::args().any(|a| a == "hour") {
        return hour();
    }
    if std::env::args().any(|a| a == "idle") {
        let mut drive = Estate::new();
        drive.pass(90);
        return idle(&mut drive);
    }
    println!("{:<58} {:>10} {:>10}", "", "median", "p99");
    let mut drive = Estate::new();
    drive.pass(90);
    let made = times(20, |_| {
        drive.pass(1);
        let started = Instant::now();
        std::hint::black_box(drive.snapshot());
        started.elapsed()
    });
    row("snapshot of the whole estate (the engine's, not the console's)", made);
    let next = |drive: &mut Estate| {
        drive.pass(1);
        drive.snapshot()
    };
    for (name, keys) in [("groups", "3"), ("instances", "4ll"), ("overview", "1")] {
        looked_at(name, keys, &mut drive, next);
    }
    let mut base = drive.snapshot();
    base.panels.clear();
    let mut round = 0;
    looked_at("100,000 rows, synthetic", "2", &mut base, |base| {
        round += 1;
        Snapshot { panels: vec![Arc::new(synthetic(round))], ..base.clone() }
    });
    quiet(&mut drive);
    idle(&mut drive);
}

/// One page: the cost of a view model, a frame and a key on it.
fn looked_at<D: Send>(name: &str, keys: &str, drive: &mut D, mut next: impl FnMut(&mut D) -> Snapshot + Send) {
    let theme = Themes::default().load("night", Depth::True).unwrap();
    let first = next(drive);
    let now = first.now;
    let mut ui = Ui::new(Arc::new(ViewModel::of(Arc::new(first))), now, Mode::Demo);
    ui.use_worker();
    let mut screen = Frames::default();
    frame(&mut ui, &theme, &mut screen);
    for c in keys.chars() {
        key(&mut ui, if c == 'l' { KeyCode::Right } else { KeyCode::Char(c) });
    }
    let rows = ui.focused().map_or(0, |t| t.rows.len());
    println!("{name}: {rows} rows");
    let view_models = times(20, |_| {
        let snapshot = Arc::new(next(drive));
        let started = Instant::now();
        let view_model = Arc::new(ViewModel::of(snapshot));
        let took = started.elapsed();
        update(&mut ui, UiEvent::ViewModel(view_model, Prepared::default()));
        took
    });
    row("  view model", view_models);
    let frames = times(ROUNDS, |i| {
        key(&mut ui, KeyCode::Char(if i % 2 == 0 { 'j' } else { 'k' }));
        let started = Instant::now();
        frame(&mut ui, &theme, &mut screen);
        started.elapsed()
    });
    row("  frame: draw, difference, bytes", frames);
    if rows == 0 {
        return;
    }
    let ways: &[(&str, &str)] = &[
        ("as it is", ""),
        ("sorted by text", "s"),
        ("sorted by a number", "sssss"),
        ("filter: text anywhere", "/a1\n"),
        ("filter: a column, and sorted", "/!state:gone\n"),
        ("filter: /expression/ anywhere", "//a.1/\n"),
    ];
    let mut beside = Vec::new();
    for (way, keys) in ways {
        for c in keys.chars() {
            key(&mut ui, if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) });
        }
        let pressed = times(100, |i| {
            let (made, took) = made(&mut ui, || next(drive));
            beside.push(took);
            let started = Instant::now();
            update(&mut ui, made);
            key(&mut ui, [KeyCode::Char('j'), KeyCode::Char('G'), KeyCode::Char('g'), KeyCode::PageDown][i % 4]);
            frame(&mut ui, &theme, &mut screen);
            started.elapsed()
        });
        row(&format!("  key with a snapshot, {way}"), pressed);
        if way.starts_with("filter") {
            key(&mut ui, KeyCode::Esc);
        }
    }
    let typed = times(100, |i| {
        let (made, took) = made(&mut ui, || next(drive));
        beside.push(took);
        let started = Instant::now();
        update(&mut ui, made);
        key(&mut ui, KeyCode::Char(['/', 'a', '1', '2'][i % 4]));
        frame(&mut ui, &theme, &mut screen);
        let took = started.elapsed();
        if i % 4 == 3 {
            key(&mut ui, KeyCode::Esc);
        }
        took
    });
    row("  key with a snapshot, typed into the filter", typed);
    let after = times(100, |i| {
        key(&mut ui, KeyCode::Char(['/', 'a', '1', '2'][i % 4]));
        frame(&mut ui, &theme, &mut screen);
        let started = Instant::now();
        if let Some(view_model) = ui.waits() {
            let prepared = Prepared::of(&view_model, ui.looking());
            update(&mut ui, UiEvent::Rows(prepared));
        }
        frame(&mut ui, &theme, &mut screen);
        let took = started.elapsed();
        if i % 4 == 3 {
            key(&mut ui, KeyCode::Esc);
        }
        took
    });
    row("  its rows after it, where they are made beside", after);
    let sorts = times(100, |_| {
        let (made, took) = made(&mut ui, || next(drive));
        beside.push(took);
        let started = Instant::now();
        update(&mut ui, made);
        key(&mut ui, KeyCode::Char('s'));
        frame(&mut ui, &theme, &mut screen);
        started.elapsed()
    });
    row("  key with a snapshot, s: the next column's order", sorts);
    row("  view model and rows, made beside it, over all of these", beside);
}

/// A minute in which every collector observes the same again, as for a quarter of an hour before: the cost of engine and console, without the
/// clients. With `--metrics` every signal is measured besides: nobody reads them here.
fn idle(drive: &mut Estate) {
    for _ in 0..900 {
        drive.same_again();
    }
    let theme = Themes::default().load("night", Depth::True).unwrap();
    let first = Arc::new(ViewModel::of(Arc::new(drive.snapshot())));
    for page in ['1', '3', '4'] {
        let mut ui = Ui::new(first.clone(), drive.now, Mode::Demo);
        ui.use_worker();
        key(&mut ui, KeyCode::Char(page));
        let mut screen = Frames::default();
        frame(&mut ui, &theme, &mut screen);
        let (mut engine, mut console, mut made_up) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let (before, thread) = (spent(ClockId::ProcessCPUTime), || spent(ClockId::ThreadCPUTime));
        for _ in 0..60 {
            let (took, answers) = drive.same_again();
            made_up += answers;
            let started = thread();
            let snapshot = Arc::new(drive.snapshot());
            engine += took + (thread() - started);
            ui.now = drive.now;
            let looking = ui.looking();
            let started = thread();
            let event = view_model(snapshot, looking);
            update(&mut ui, event);
            update(&mut ui, UiEvent::Tick);
            frame(&mut ui, &theme, &mut screen);
            console += thread() - started;
        }
        let all = spent(ClockId::ProcessCPUTime) - before - made_up;
        let share = |d: Duration| d.as_secs_f64() / 60.0 * 100.0;
        println!(
            "a minute of the same readings, page {page}: engine {:.2} %, console {:.2} %, with all threads {:.2} % of a processor's time",
            share(engine),
            share(console),
            share(all)
        );
    }
}

/// A minute of the same readings: what is written to the terminal.
fn quiet(drive: &mut Estate) {
    let theme = Themes::default().load("night", Depth::True).unwrap();
    let snapshot = Arc::new(drive.snapshot());
    let started = snapshot.now;
    for page in ['1', '3', '4'] {
        let mut ui = Ui::new(Arc::new(ViewModel::of(snapshot.clone())), started, Mode::Demo);
        key(&mut ui, KeyCode::Char(page));
        let mut screen = Frames::default();
        frame(&mut ui, &theme, &mut screen);
        let (mut bytes, mut draws) = (0, 0);
        for second in 1..=60 {
            let now = Now { boot: started.boot + Duration::from_secs(second), ..started };
            ui.now = now;
            // The same readings, one second older.
            let older = Snapshot { now, ..(*snapshot).clone() };
            update(&mut ui, UiEvent::ViewModel(Arc::new(ViewModel::of(Arc::new(older))), Prepared::default()));
            update(&mut ui, UiEvent::Tick);
            let wrote = frame(&mut ui, &theme, &mut screen);
            bytes += wrote;
            draws += usize::from(wrote > 0);
        }
        println!("60 s of constant readings, page {page}: {bytes} bytes in {draws} draws");
    }
}

/// An hour of readings in virtual time, looked at every second as the console does it.
fn hour() {
    let theme = Themes::default().load("night", Depth::True).unwrap();
    let mib = |what: &str| println!("{what:<50} {:6.1} MiB now, {:6.1} at most", status("VmRSS"), status("VmHWM"));
    mib("begun");
    let mut drive = Estate::new();
    drive.pass(60);
    mib("read a dozen times");
    let first = drive.snapshot();
    let mut ui = Ui::new(Arc::new(ViewModel::of(Arc::new(first))), drive.now, Mode::Demo);
    ui.use_worker();
    for c in [KeyCode::Char('4'), KeyCode::Right, KeyCode::Right] {
        key(&mut ui, c);
    }
    let mut screen = Frames::default();
    frame(&mut ui, &theme, &mut screen);
    mib("looked at");
    let started = Instant::now();
    for second in 0..3600 {
        drive.pass(1);
        ui.now = drive.now;
        let snapshot = Arc::new(drive.snapshot());
        let event = view_model(snapshot, ui.looking());
        update(&mut ui, event);
        if second % 60 == 0 {
            key(&mut ui, KeyCode::Char(if second % 120 == 0 { '3' } else { '4' }));
        }
        frame(&mut ui, &theme, &mut screen);
    }
    println!("the hour took {:.0} s", started.elapsed().as_secs_f64());
    mib("after an hour");
}

/// What the engine's thread and the console's other thread make while keys are answered, on a thread that is not the keys': memory is given
/// back to where it was taken from. How long the second of them took.
fn made(ui: &mut Ui, next: impl FnOnce() -> Snapshot + Send) -> (UiEvent, Duration) {
    let (looking, old) = (ui.looking(), ui.take_old());
    let aside = || {
        drop(old);
        let snapshot = Arc::new(next());
        let started = Instant::now();
        (view_model(snapshot, looking), started.elapsed())
    };
    thread::scope(|scope| scope.spawn(aside).join()).unwrap()
}

fn view_model(snapshot: Arc<Snapshot>, looking: Looking) -> UiEvent {
    let view_model = ViewModel::of(snapshot);
    let prepared = Prepared::of(&view_model, looking);
    UiEvent::ViewModel(Arc::new(view_model), prepared)
}

fn key(ui: &mut Ui, code: KeyCode) {
    std::hint::black_box(update(ui, UiEvent::Key(KeyEvent::new(code, KeyModifiers::NONE))));
}

/// Draws as the console does; gives how many bytes go to the terminal.
fn frame(ui: &mut Ui, theme: &Theme, screen: &mut Frames) -> usize {
    let mut frame = screen.blank(SCREEN);
    let drawn = draw(ui, theme, false, &mut frame);
    ui.drawn(&drawn);
    screen.next(frame).unwrap().map_or(0, |bytes| bytes.len())
}

fn times(rounds: usize, mut one: impl FnMut(usize) -> Duration) -> Vec<Duration> {
    (0..rounds).map(&mut one).collect()
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let ms = |d: Duration| format!("{:.2} ms", d.as_secs_f64() * 1e3);
    let p99 = times[(times.len() * 99).div_ceil(100) - 1];
    println!("{what:<58} {:>10} {:>10}", ms(times[times.len() / 2]), ms(p99));
}

/// A figure of this process by Linux, in MiB.
fn status(key: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with(key));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
