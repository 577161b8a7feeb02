//! Every page at the three sizes that count, drawn from a simulated estate: what the operator sees, and in which style.

use std::{path::Path, sync::Arc, time::Duration};

use landfall::{
    console::{
        Depth, Mode, Role, Theme, Themes,
        picture::Picture,
        ui::Ui,
        update::{Act, Event, update},
        view::draw,
    },
    core::{digest::Digest, estate::seen::FaultKind, now::Now, run::Order, snapshot::Snapshot},
    drive::sim::{SimDrive, Trouble},
    journal::{Author, Journal, store::MemStore},
    plan::{Condition, Plan},
    view::Tone,
};
use ratatui::{
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    layout::Rect,
};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

fn estate() -> SimDrive {
    let (plan, _) = Plan::load(Path::new("demo/plan.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    let start = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T03:12:05Z".parse().expect("a time") };
    let mut drive = SimDrive::new(Arc::new(plan), 7, start);
    drive.run_for(Duration::from_secs(120));
    drive
}

fn theme() -> Theme {
    Themes::default().load("night", Depth::True).expect("the theme is built in")
}

fn ui(snapshot: Snapshot) -> Ui {
    let now = snapshot.now;
    Ui::new(Arc::new(Picture::of(Arc::new(snapshot))), now, Mode::Demo)
}

fn press(ui: &mut Ui, keys: &str) -> Vec<Act> {
    let code = |c| match c {
        '\n' => KeyCode::Enter,
        '\u{1b}' => KeyCode::Esc,
        c => KeyCode::Char(c),
    };
    keys.chars().flat_map(|c| update(ui, Event::Key(KeyEvent::new(code(c), KeyModifiers::NONE)))).collect()
}

/// Draws twice, as the console does: the second time with the room known that the first found.
fn screen(ui: &mut Ui, (width, height): (u16, u16), ascii: bool) -> Buffer {
    let mut frame = Buffer::empty(Rect::new(0, 0, width, height));
    let drawn = draw(ui, &theme(), ascii, &mut frame);
    ui.drawn(&drawn);
    let mut frame = Buffer::empty(frame.area);
    draw(ui, &theme(), ascii, &mut frame);
    frame
}

fn text(frame: &Buffer) -> String {
    let line = |y| (0..frame.area.width).map(|x| frame[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..frame.area.height).map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_page_at_every_size() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    let names: Vec<String> =
        std::iter::once("overview").chain(ui.picture().pages.iter().map(|p| p.panel.id)).map(str::to_owned).collect();
    for (i, name) in names.iter().enumerate() {
        press(&mut ui, &(i + 1).to_string());
        for size in SIZES {
            insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), text(&screen(&mut ui, size, false)));
        }
    }
}

#[test]
fn what_cannot_be_reached_is_hold_and_never_a_number() {
    let mut drive = estate();
    drive.trouble("mongo/", Some(Trouble::Fails(FaultKind::Unreachable)));
    drive.trouble("kafka/", Some(Trouble::Hangs));
    drive.run_for(Duration::from_secs(90));
    let mut ui = ui(drive.snapshot());
    for (key, name) in
        [("1", "overview"), ("2", "mongo"), ("3", "kafka"), ("7", "runbook"), ("8", "journal"), ("9", "sources")]
    {
        press(&mut ui, key);
        let frame = screen(&mut ui, (120, 40), false);
        assert!(text(&frame).starts_with(" ▲ HOLD "), "{name}");
        insta::assert_snapshot!(format!("{name}_blind_120x40"), text(&frame));
    }
}

#[test]
fn a_tone_is_drawn_with_its_glyph_and_its_style() {
    let mut drive = estate();
    drive.trouble("mongo/", Some(Trouble::Fails(FaultKind::Refused)));
    drive.run_for(Duration::from_secs(90));
    let mut ui = ui(drive.snapshot());
    press(&mut ui, "9");
    let (frame, theme) = (screen(&mut ui, (200, 50), false), theme());
    let styled = |tone: Tone| {
        let glyphs = frame.content.iter().filter(|c| c.symbol() == tone.glyph(false));
        let found: Vec<_> = glyphs.filter(|c| Some(c.fg) == theme.tone(tone).fg).collect();
        (found.len(), found.iter().all(|c| c.modifier.contains(theme.tone(tone).add_modifier)))
    };
    let (blind, modified) = styled(Tone::Blind);
    assert!(blind > 0 && modified, "blind sources carry the blind glyph in the blind style");
    assert!(styled(Tone::Good).0 > 0, "live sources stay as they were");
    let hold = theme.style(Role::Hold);
    assert_eq!((Some(frame[(1, 0)].fg), Some(frame[(1, 0)].bg)), (hold.fg, hold.bg));
}

#[test]
fn the_ascii_twin_has_the_same_shape_and_nothing_else() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    for page in ["2", "3", "7", "9"] {
        press(&mut ui, page);
        let frame = screen(&mut ui, (80, 24), true);
        assert!(frame.content.iter().all(|c| c.symbol().is_ascii()), "page {page}");
    }
    insta::assert_snapshot!("sources_ascii_80x24", text(&screen(&mut ui, (80, 24), true)));
}

#[test]
fn the_selection_stays_on_its_row_while_rows_move() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    press(&mut ui, "9jjj");
    let before = ui.selected().map(str::to_owned);
    assert!(before.is_some());
    // Everything of Kafka goes to the top of the page.
    drive.trouble("kafka/", Some(Trouble::Fails(FaultKind::Refused)));
    drive.run_for(Duration::from_secs(60));
    ui.now = drive.now();
    update(&mut ui, Event::Picture(Arc::new(Picture::of(Arc::new(drive.snapshot())))));
    assert_eq!(ui.selected().map(str::to_owned), before);
}

#[test]
fn a_frozen_picture_says_so_and_a_silent_core_is_hold() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    press(&mut ui, " ");
    drive.run_for(Duration::from_secs(3));
    ui.now = drive.now();
    update(&mut ui, Event::Picture(Arc::new(Picture::of(Arc::new(drive.snapshot())))));
    assert!(text(&screen(&mut ui, (120, 40), false)).contains("FROZEN 3.0s ago"));
    // What asks for attention is told on a frozen screen too, and only the verdict moves.
    let (still, before) = (ui.picture().gist, ui.gist());
    drive.trouble("mongo/", Some(Trouble::Fails(FaultKind::Refused)));
    drive.run_for(Duration::from_secs(4));
    ui.now = drive.now();
    update(&mut ui, Event::Picture(Arc::new(Picture::of(Arc::new(drive.snapshot())))));
    let shown = text(&screen(&mut ui, (120, 40), false));
    assert!(shown.starts_with(" ▲ HOLD ") && shown.contains("REFUSED") && shown.contains("FROZEN 7.0s ago"), "{shown}");
    assert!(ui.picture().gist == still && ui.gist() != before, "it is drawn at once");
    drive.trouble("mongo/", None);
    drive.run_for(Duration::from_secs(20));
    ui.now = drive.now();
    update(&mut ui, Event::Picture(Arc::new(Picture::of(Arc::new(drive.snapshot())))));
    press(&mut ui, " ");
    drive.run_for(Duration::from_secs(10));
    ui.now = drive.now();
    update(&mut ui, Event::Second);
    assert!(text(&screen(&mut ui, (120, 40), false)).starts_with(" ▲ HOLD  no picture from the core for 10s"));
}

/// What the console does with what an update asks for: commands go to the core, and its next pictures come back.
fn carry_out(drive: &mut SimDrive, ui: &mut Ui, acts: Vec<Act>) {
    for act in acts {
        if let Act::Send(command) = act {
            drive.command(command);
        }
    }
    for _ in 0..2 {
        drive.run_for(Duration::from_millis(200));
        ui.now = drive.now();
        update(ui, Event::Picture(Arc::new(Picture::of(Arc::new(drive.snapshot())))));
    }
}

#[test]
fn what_is_behind_the_first_row_of_each_page() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    for page in (2..=7).chain([9]) {
        let acts = press(&mut ui, &format!("{page}\n"));
        let name = ui.panel().expect("a page").id;
        assert!(page >= 7 || text(&screen(&mut ui, (80, 24), false)).contains("◐ asking"), "{name}");
        carry_out(&mut drive, &mut ui, acts);
        for size in [(80, 24), (120, 40)] {
            insta::assert_snapshot!(
                format!("{name}_detail_{}x{}", size.0, size.1),
                text(&screen(&mut ui, size, false))
            );
        }
        let acts = press(&mut ui, "\u{1b}");
        carry_out(&mut drive, &mut ui, acts);
    }
}

/// The demo with one phase of its runbook, in whose way nothing stands, and somebody who steers.
fn steered(phase: &str) -> SimDrive {
    let (mut plan, _) = Plan::load(Path::new("demo/plan.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    plan.runbook.phases.retain(|p| p.id == phase);
    for step in plan.runbook.phases.iter_mut().flat_map(|phase| &mut phase.steps) {
        (step.gates, step.needs) = (Condition::none(), vec![]);
    }
    let start = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T03:12:05Z".parse().expect("a time") };
    let mut drive = SimDrive::new(Arc::new(plan), 7, start);
    let author = Author { run: "night".into(), actor: "ana".into(), host: "room".into(), plan: Digest::of(b"night") };
    let (journal, entries) = Journal::open(Box::new(MemStore::default()), author, start).expect("a new journal");
    drive.steer(journal, entries);
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
    assert_eq!(drive.run_view().said, None);
    drive.run_for(Duration::from_secs(180));
}

#[test]
fn what_a_canary_feels_is_beside_what_is_reckoned() {
    let mut drive = steered("primaries");
    execute(&mut drive, "primary-orders");
    let mut ui = ui(drive.snapshot());
    press(&mut ui, "2/orders\n");
    for size in SIZES {
        insta::assert_snapshot!(format!("mongo_felt_{}x{}", size.0, size.1), text(&screen(&mut ui, size, false)));
    }
    let acts = press(&mut ui, "\n");
    carry_out(&mut drive, &mut ui, acts);
    for size in [(80, 24), (120, 40)] {
        insta::assert_snapshot!(
            format!("mongo_felt_detail_{}x{}", size.0, size.1),
            text(&screen(&mut ui, size, false))
        );
    }
}

#[test]
fn a_group_before_and_after_its_hand_over() {
    let mut drive = steered("streams");
    let show = |drive: &mut SimDrive, when: &str| {
        let mut ui = ui(drive.snapshot());
        press(&mut ui, "3/checkout\n");
        let acts = press(&mut ui, "\n");
        carry_out(drive, &mut ui, acts);
        for size in [(80, 24), (120, 40)] {
            let name = format!("kafka_handover_{when}_{}x{}", size.0, size.1);
            insta::assert_snapshot!(name, text(&screen(&mut ui, size, false)));
        }
    };
    show(&mut drive, "before");
    execute(&mut drive, "checkout-offsets");
    show(&mut drive, "after");
    drive.trouble("kafka/events/source/snapshot", Some(Trouble::Fails(FaultKind::Unreachable)));
    drive.run_for(Duration::from_secs(20));
    show(&mut drive, "blind");
}

#[test]
fn help_filter_and_wide_columns() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    press(&mut ui, "2?");
    insta::assert_snapshot!("help_80x24", text(&screen(&mut ui, (80, 24), false)));
    insta::assert_snapshot!("help_120x40", text(&screen(&mut ui, (120, 40), false)));
    press(&mut ui, "\u{1b}9/state:live !kafka");
    insta::assert_snapshot!("filter_80x24", text(&screen(&mut ui, (80, 24), false)));
    press(&mut ui, "\n2w>>");
    insta::assert_snapshot!("wide_80x24", text(&screen(&mut ui, (80, 24), false)));
}

#[test]
fn the_facts_of_a_detail_can_all_be_read_beside_its_tables() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    let acts = press(&mut ui, "2\n");
    carry_out(&mut drive, &mut ui, acts);
    let last = ui.detail().expect("a detail").fields.last().expect("facts").0.to_string();
    assert!(!text(&screen(&mut ui, (80, 24), false)).contains(&last), "they do not fit");
    press(&mut ui, &"J".repeat(40));
    assert!(text(&screen(&mut ui, (80, 24), false)).contains(&last));
    press(&mut ui, "K");
    assert!(!text(&screen(&mut ui, (80, 24), false)).contains(&last), "as many presses up as down");
}

#[test]
fn no_size_is_too_small_or_too_odd_to_draw() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    let mut random = fastrand::Rng::with_seed(11);
    for page in 1..=9 {
        let mut sizes = vec![(1, 1), (40, 10), (41, 11), (300, 5), (5, 300), (500, 120)];
        sizes.extend((0..24).map(|_| (random.u16(1..=250), random.u16(1..=60))));
        sizes.extend((0..16).map(|_| (random.u16(40..=64), random.u16(10..=16))));
        for (keys, back) in [("", ""), ("\n", "\u{1b}"), ("/o", "\u{1b}"), ("w>>>", "w"), ("?", "\u{1b}")] {
            let acts = press(&mut ui, &format!("{page}{keys}"));
            carry_out(&mut drive, &mut ui, acts);
            for &size in &sizes {
                screen(&mut ui, size, size.0 % 2 == 0);
            }
            press(&mut ui, back);
        }
    }
}

#[test]
fn no_key_pressed_at_any_moment_does_harm() {
    const KEYS: &str = "123456789jkgGJKhlsS/wW<> +-t?:\n\u{1b}0abc!o:>.é日";
    let keys: Vec<char> = KEYS.chars().collect();
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    let mut random = fastrand::Rng::with_seed(23);
    for i in 0..600 {
        let code = match random.u8(0..12) {
            0 => KeyCode::Tab,
            1 => KeyCode::Left,
            2 => KeyCode::Right,
            3 => [KeyCode::PageDown, KeyCode::PageUp, KeyCode::Home, KeyCode::End][random.usize(0..4)],
            4 => KeyCode::Backspace,
            _ => KeyCode::Char(keys[random.usize(0..keys.len())]),
        };
        let code = match code {
            KeyCode::Char('\n') => KeyCode::Enter,
            KeyCode::Char('\u{1b}') => KeyCode::Esc,
            code => code,
        };
        let acts = update(&mut ui, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        assert!(!acts.contains(&Act::Quit), "no key but q and Ctrl-C quits");
        if i % 10 == 0 {
            // Sources fail and heal meanwhile: rows and details come and go.
            drive.trouble("", (i % 100 == 0).then_some(Trouble::Fails(FaultKind::Refused)));
            drive.run_for(Duration::from_secs(random.u64(0..8)));
            carry_out(&mut drive, &mut ui, acts);
        }
        screen(&mut ui, (random.u16(1..=200), random.u16(1..=50)), random.bool());
    }
}
