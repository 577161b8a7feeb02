//! What the mouse does, and what it can never do.

use landfall::{
    base::step::StepState,
    console::{
        drawn::Spot,
        entry::{Dialog, Entry},
        mouse::{Gesture, Touch},
        ui::At,
    },
    plan::Confirm,
};

use super::*;

/// Uses the mouse on the current drawing.
fn touch(ui: &mut Ui, gesture: Gesture, at: (u16, u16)) -> Vec<Act> {
    update(ui, UiEvent::Touch(Touch { gesture, at: at.into() }))
}

/// Clicks in the middle of the first matching area; returns the acts.
fn click(ui: &mut Ui, is: impl Fn(&Spot) -> bool) -> Vec<Act> {
    screen(ui, USUAL, false);
    let (area, _) = ui.terminal.spots.iter().find(|(_, spot)| is(spot)).expect("it is drawn").clone();
    touch(ui, Gesture::Click, (area.x + area.width / 2, area.y + area.height / 2))
}

fn order(ui: &Ui) -> Option<(usize, bool)> {
    ui.sort().map(|sort| (sort.column, sort.descending))
}

#[test]
fn a_click_goes_selects_sorts_and_opens() {
    let mut ui = ui(still());
    click(&mut ui, |spot| *spot == Spot::Tile(3));
    assert_eq!((ui.at, ui.tiles.selected), (At::Page(0), 3));
    click(&mut ui, |spot| *spot == Spot::Tile(3));
    assert_ne!(ui.at, At::Page(0), "the selected tile opens");
    click(&mut ui, |spot| *spot == Spot::Page(1));
    assert_eq!(ui.at, At::Page(1));
    // The second list of the page; its third row is not the selected one.
    screen(&mut ui, USUAL, false);
    let rows = ui
        .terminal
        .spots
        .iter()
        .filter_map(|(_, spot)| if let Spot::Row(1, id) = spot { Some(id.clone()) } else { None });
    let third = rows.into_iter().nth(2).expect("rows");
    click(&mut ui, |spot| *spot == Spot::Row(1, third.clone()));
    assert_eq!((ui.focus(), ui.selected()), (1, Some(third.as_str())));
    let lines = text(&screen(&mut ui, USUAL, false));
    let selected: Vec<&str> = lines.lines().skip(3).filter(|line| line.starts_with('▸')).collect();
    assert!(
        matches!(selected[..], [line] if line.contains("orders-1.ohi") && third.contains("orders-1.ohi")),
        "{lines}"
    );
    for (column, descending) in [(4, false), (4, true), (4, false), (1, false)] {
        click(&mut ui, |spot| *spot == Spot::Heading(1, column));
        assert_eq!(order(&ui), Some((column, descending)));
    }
    assert_eq!(ui.selected(), Some(third.as_str()), "the selection stays on its row");
    let acts = click(&mut ui, |spot| *spot == Spot::Row(1, third.clone()));
    assert!(matches!(acts[..], [Act::Open(Some(_))]) && ui.at == At::Detail, "the selected row opens: {acts:?}");
}

#[test]
fn every_answer_can_be_clicked_on_where_a_plan_answers_but_a_few() {
    let mut snapshot = still();
    snapshot.tiles.retain(|tile| tile.id == "fleet");
    snapshot.run = None;
    let mut ui = ui(snapshot);
    for tile in (0..10).rev() {
        click(&mut ui, |spot| *spot == Spot::Tile(tile));
        assert_eq!((ui.at, ui.tiles.selected), (At::Page(0), tile));
    }
}

#[test]
fn a_click_says_what_was_drawn_there_and_nothing_before_it_is_drawn_again() {
    let mut ui = ui(still());
    press(&mut ui, "9");
    screen(&mut ui, USUAL, false);
    let tab = ui.terminal.spots.iter().find(|(_, spot)| *spot == Spot::Page(2)).expect("a tab").0;
    let row = ui.terminal.spots.iter().filter(|(_, spot)| matches!(spot, Spot::Row(..))).nth(4).expect("a row").0;
    touch(&mut ui, Gesture::Click, (tab.x, tab.y));
    assert_eq!(ui.at, At::Page(2));
    let before = ui.selected().map(str::to_owned);
    touch(&mut ui, Gesture::Click, (row.x, row.y));
    assert_eq!(ui.selected().map(str::to_owned), before, "that row is of the page before");
    screen(&mut ui, USUAL, false);
    press(&mut ui, "9");
    touch(&mut ui, Gesture::Click, (tab.x, tab.y));
    assert_eq!(ui.at, At::Page(8), "a key came between");
}

#[test]
fn the_wheel_moves_by_three_what_lies_under_it() {
    let mut ui = ui(still());
    press(&mut ui, "9");
    screen(&mut ui, SMALL, false);
    let index = |ui: &Ui| ui.table_ui("sources").map(|at| at.index);
    for (gesture, there) in
        [(Gesture::Down, 3), (Gesture::Down, 6), (Gesture::Up, 3), (Gesture::Up, 0), (Gesture::Up, 0)]
    {
        touch(&mut ui, gesture, (10, 12));
        assert_eq!(index(&ui), Some(there));
    }
    touch(&mut ui, Gesture::Down, (10, 0));
    assert_eq!(index(&ui), Some(0), "nothing is there that moves");
    press(&mut ui, "?");
    screen(&mut ui, SMALL, false);
    touch(&mut ui, Gesture::Down, (10, 12));
    assert!(matches!(ui.entry, Entry::Help(_, 3)), "{:?}", ui.entry);
    press(&mut ui, "\u{1b}:");
    touch(&mut ui, Gesture::Down, (10, 12));
    assert!(matches!(&ui.entry, Entry::Palette(palette) if palette.at == 3));
    let mut drive = estate();
    press(&mut ui, "\u{1b}2");
    let acts = press(&mut ui, "\n");
    carry_out(&mut drive, &mut ui, acts);
    screen(&mut ui, SMALL, false);
    touch(&mut ui, Gesture::Down, (10, 5));
    assert_eq!(ui.opened.top, 3.min(ui.opened.last));
    assert!(ui.opened.last > 3, "its facts are longer than the room for them");
}

/// All over the screen, with every gesture: no order, no quit. The resulting acts are discarded.
fn everywhere(ui: &mut Ui, name: &str) {
    for y in (0..SMALL.1).step_by(2) {
        for x in (0..SMALL.0).step_by(9) {
            for gesture in [Gesture::Click, Gesture::Down, Gesture::Up] {
                let mut frame = Buffer::empty(Rect::new(0, 0, SMALL.0, SMALL.1));
                let drawn = draw(ui, &shot::THEMES[0], false, &mut frame);
                ui.drawn(&drawn);
                let acts = touch(ui, gesture, (x, y));
                // Nothing but a detail is opened or closed.
                let looks = |act: &Act| matches!(act, Act::Open(_));
                assert!(acts.iter().all(looks), "{name} at {x}, {y}: {acts:?}");
            }
        }
    }
}

#[test]
fn no_click_anywhere_gives_an_order_or_answers_what_is_asked() {
    for (phase, kind) in [("primaries", Confirm::Countdown), ("traffic", Confirm::Name), ("streams", Confirm::Enter)] {
        let mut drive = controlled_with(phase, |step| step.confirm = kind);
        let mut ui = ui(drive.snapshot());
        for key in ["n", "p"] {
            let acts = press(&mut ui, key);
            carry_out(&mut drive, &mut ui, acts);
        }
        let preview = |ui: &Ui| matches!(ui.entry, Entry::Dialog(Dialog::Preview(..)));
        assert!(preview(&ui));
        everywhere(&mut ui, "preview");
        assert!(preview(&ui) && drive.run_view().steps[0].state == StepState::Previewed);
        for key in ["a", "x"] {
            let acts = press(&mut ui, key);
            carry_out(&mut drive, &mut ui, acts);
        }
        let target = drive.run_view().steps[0].preview.as_ref().expect("a preview").target.clone();
        if kind != Confirm::Enter {
            press(&mut ui, &target);
        }
        let before = ui.entry.clone();
        assert!(matches!(before, Entry::Dialog(Dialog::Confirm(_))), "{before:?}");
        everywhere(&mut ui, "confirmation");
        assert_eq!(ui.entry, before, "neither confirmed nor called off");
        if kind == Confirm::Countdown {
            press(&mut ui, "\n");
            let counting = ui.entry.clone();
            everywhere(&mut ui, "count-down");
            assert_eq!(ui.entry, counting);
        }
        press(&mut ui, "\u{1b}\u{1b}\u{1b}c");
        let asked = ui.entry.clone();
        assert!(matches!(asked, Entry::Dialog(Dialog::Prompt(_))), "{asked:?}");
        everywhere(&mut ui, "prompt");
        assert_eq!(ui.entry, asked);
        press(&mut ui, "\u{1b}");
        // The step is armed, and no dialog is open.
        assert_eq!(drive.run_view().steps[0].state, StepState::Armed);
        press(&mut ui, "n");
        everywhere(&mut ui, "runbook");
        for entry in [":execute", "?", "/"] {
            press(&mut ui, "\u{1b}\u{1b}");
            press(&mut ui, entry);
            everywhere(&mut ui, entry);
        }
    }
}
