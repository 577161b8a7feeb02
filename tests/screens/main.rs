//! Every screen at the three relevant sizes, drawn from a simulated estate: text and styles.
//!
//! A snapshot has the text, then the role of each cell, in the themes `night` and `mono` alike; or both styles in full
//! if no role explains them. The looks of the roles have their own snapshot (`looks.snap`). To write all of them
//! again: `rm tests/screens/snapshots/*; INSTA_UPDATE=always cargo test --no-default-features --test screens`

mod behaviour;
mod blind;
mod control;
mod details;
mod keys;
mod mouse;
mod overview;
mod pages;
mod shot;
mod styles;
mod tables;
mod zones;

use std::{
    path::Path,
    sync::{Arc, LazyLock},
    time::Duration,
};

use landfall::{
    base::{digest::Digest, now::Now},
    console::{
        Depth, Mode, Theme, Themes,
        act::Act,
        prepared::Prepared,
        ui::Ui,
        update::{UiEvent, update},
        view::draw,
        view_model::ViewModel,
    },
    drive::sim::SimDrive,
    engine::{
        run::Order,
        snapshot::{Snapshot, Wanted},
    },
    journal::{Author, store::MemStore},
    plan::{Condition, Plan, StepPlan},
};
use ratatui::{
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    layout::Rect,
};
use shot::{shot, shots};

const SMALL: (u16, u16) = (80, 24);
const USUAL: (u16, u16) = (120, 40);
const LARGE: (u16, u16) = (200, 50);
const SIZES: [(u16, u16); 3] = [SMALL, USUAL, LARGE];

fn estate() -> SimDrive {
    let (plan, _) =
        landfall::systems::load_plan(Path::new("demo/plan.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    let mut drive = SimDrive::new(Arc::new(plan), 7, start());
    drive.run_for(Duration::from_secs(120));
    drive
}

fn start() -> Now {
    Now { boot: Duration::from_secs(1000), wall: "2026-11-21T03:12:05Z".parse().expect("a time") }
}

/// A snapshot of the estate, for tests that need no running estate.
fn still() -> Snapshot {
    static STILL: LazyLock<Snapshot> = LazyLock::new(|| estate().snapshot());
    STILL.clone()
}

fn theme(name: &str) -> Theme {
    Themes::default().load(name, Depth::True).unwrap_or_else(|why| panic!("{why}"))
}

fn ui(snapshot: Snapshot) -> Ui {
    ui_of(snapshot, Mode::Demo)
}

fn ui_of(snapshot: Snapshot, mode: Mode) -> Ui {
    let now = snapshot.now;
    let mut ui = Ui::new(Arc::new(ViewModel::of(Arc::new(snapshot))), now, mode);
    ui.themes.names = ["night", "day"].map(str::to_owned).to_vec();
    ui
}

fn press(ui: &mut Ui, keys: &str) -> Vec<Act> {
    let code = |c| match c {
        '\n' => KeyCode::Enter,
        '\u{1b}' => KeyCode::Esc,
        c => KeyCode::Char(c),
    };
    keys.chars().flat_map(|c| update(ui, UiEvent::Key(KeyEvent::new(code(c), KeyModifiers::NONE)))).collect()
}

/// Draws twice, as the console does: the second time with the room that the first measured.
fn screen_in(theme: &Theme, ui: &mut Ui, (width, height): (u16, u16), ascii: bool) -> Buffer {
    let mut frame = Buffer::empty(Rect::new(0, 0, width, height));
    let drawn = draw(ui, theme, ascii, &mut frame);
    ui.drawn(&drawn);
    let mut frame = Buffer::empty(frame.area);
    draw(ui, theme, ascii, &mut frame);
    frame
}

fn screen(ui: &mut Ui, size: (u16, u16), ascii: bool) -> Buffer {
    static NIGHT: LazyLock<Theme> = LazyLock::new(|| theme("night"));
    screen_in(&NIGHT, ui, size, ascii)
}

fn text(frame: &Buffer) -> String {
    let line = |y| (0..frame.area.width).map(|x| frame[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..frame.area.height).map(line).collect::<Vec<_>>().join("\n")
}

/// A snapshot with the detail that is open.
fn snapshot(drive: &mut SimDrive, ui: &Ui) -> Arc<Snapshot> {
    let details = ui.opened().cloned().into_iter().collect();
    Arc::new(drive.snapshot_with(&Wanted { details, ..Wanted::default() }))
}

/// Executes acts as the console does: sends commands to the engine and delivers the next snapshots.
fn carry_out(drive: &mut SimDrive, ui: &mut Ui, mut acts: Vec<Act>) {
    for _ in 0..2 {
        for act in acts.drain(..) {
            match act {
                Act::Send(command) => drive.command(command),
                Act::Order(order) => drive.order(order),
                Act::Zone => ui.rezone(),
                _ => {}
            }
        }
        drive.run_for(Duration::from_millis(200));
        ui.now = drive.now();
        let view_model = ViewModel::in_zone(snapshot(drive, ui), &ui.zones.shown());
        acts = update(ui, UiEvent::ViewModel(Arc::new(view_model), Prepared::default()));
    }
}

/// The demo with one phase of its runbook, which nothing blocks, and an operator.
fn controlled(phase: &str) -> SimDrive {
    controlled_with(phase, |_| {})
}

fn controlled_with(phase: &str, change: impl Fn(&mut StepPlan)) -> SimDrive {
    let (mut plan, _) =
        landfall::systems::load_plan(Path::new("demo/plan.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    plan.runbook.phases.retain(|p| p.id == phase);
    for step in plan.runbook.phases.iter_mut().flat_map(|phase| &mut phase.steps) {
        (step.gates, step.needs) = (Condition::none(), vec![]);
        change(step);
    }
    let mut drive = SimDrive::new(Arc::new(plan), 7, start());
    let author = Author { run: "night".into(), actor: "ana".into(), host: "room".into(), plan: Digest::of(b"night") };
    let (journal, entries) =
        landfall::systems::open_journal(Box::new(MemStore::default()), author, start()).expect("a new journal");
    drive.take_control(journal, entries);
    drive.run_for(Duration::from_secs(120));
    drive
}

fn execute(drive: &mut SimDrive, id: &str) {
    drive.order(Order::Preview(id.to_owned()));
    drive.order(Order::Arm(id.to_owned()));
    let run = drive.run_view();
    let step = run.steps.iter().find(|step| step.id == id).expect("a step");
    let preview = step.preview.clone().expect("a preview");
    let digest = preview.digest.unwrap_or_else(|| panic!("{:?}", preview.faults));
    drive.order(Order::Execute { step: id.to_owned(), digest, typed: preview.target });
    assert_eq!(drive.run_view().notice, None);
    drive.run_for(Duration::from_secs(180));
}
