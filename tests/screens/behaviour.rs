//! Screens while data change, and what no key and no size may cause.

use landfall::{base::observed::FaultKind, drive::sim::Trouble};

use super::*;

#[test]
fn the_selection_stays_on_its_row_while_rows_move() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    press(&mut ui, "9jjj");
    let before = ui.selected().map(str::to_owned);
    assert!(before.is_some());
    // All Kafka rows move to the top of the page.
    drive.trouble("kafka/", Some(Trouble::Fails(FaultKind::Refused)));
    drive.run_for(Duration::from_secs(60));
    ui.now = drive.now();
    let view_model = ViewModel::of(snapshot(&mut drive, &ui));
    update(&mut ui, UiEvent::ViewModel(Arc::new(view_model), Prepared::default()));
    assert_eq!(ui.selected().map(str::to_owned), before);
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
                let frame = screen(&mut ui, size, size.0 % 2 == 0);
                assert!(!text(&frame).trim().is_empty(), "page {page}, {keys:?}, {size:?}: nothing is drawn");
            }
            press(&mut ui, back);
        }
    }
}

/// What keys send with control: `keys.rs`.
#[test]
fn no_key_pressed_while_data_change_quits_or_stops_the_drawing() {
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
        let acts = update(&mut ui, UiEvent::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        assert!(!acts.contains(&Act::Quit), "no key but q and Ctrl-C quits");
        if i % 10 == 0 {
            // Collectors fail and recover meanwhile: rows and details appear and disappear.
            drive.trouble("", (i % 100 == 0).then_some(Trouble::Fails(FaultKind::Refused)));
            drive.run_for(Duration::from_secs(random.u64(0..8)));
            carry_out(&mut drive, &mut ui, acts);
        }
        screen(&mut ui, (random.u16(1..=200), random.u16(1..=50)), random.bool());
    }
    assert_eq!(drive.server_log(), Vec::<String>::new(), "a watch sends nothing");
}
