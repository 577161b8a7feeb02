//! Instants in another zone than UTC, in the night when its clocks are set back during a run.

use jiff::tz::TimeZone;
use landfall::{
    console::clock::{Time, Zones},
    plan::Window,
};

use super::*;

/// Summer (SOM, two hours ahead of UTC) becomes winter (WIN, one hour) at 03:15 UTC in the night of the tests. The
/// machine needs no such zone, and its own is not used.
fn zones() -> Zones {
    let zone = TimeZone::posix("WIN-1SOM,J1/0,J325/5:15").expect("a zone");
    Zones::new(&Time::Of(zone), || None)
}

fn in_zone(snapshot: Snapshot) -> Ui {
    let (now, zones) = (snapshot.now, zones());
    let view_model = ViewModel::in_zone(Arc::new(snapshot), &zones.shown());
    let mut ui = Ui::new(Arc::new(view_model), now, Mode::Demo);
    ui.zones = zones;
    ui
}

fn presses(drive: &mut SimDrive, ui: &mut Ui, keys: &str) {
    let acts = press(ui, keys);
    carry_out(drive, ui, acts);
}

#[test]
fn every_instant_of_a_run_is_in_the_zone_that_is_shown() {
    let mut drive = controlled("primaries");
    let before = in_zone(drive.snapshot());
    assert!(text(&screen(&mut { before }, USUAL, false)).contains(" 2026-11-21 05:14:05 SOM +02:00"));
    let id = drive.run_view().steps[0].id.clone();
    execute(&mut drive, &id);
    let mut ui = in_zone(drive.snapshot());
    press(&mut ui, "8");
    shots(&mut ui, "zone_journal", &[SMALL, USUAL]);
    let journal = text(&screen(&mut ui, USUAL, false));
    assert!(
        journal.contains(" 05:14:05 SOM ") && journal.contains(" 04:16:") && journal.contains(" WIN "),
        "{journal}"
    );
    // A filter applies to the text as shown.
    press(&mut ui, "/time:=\"05:14:05 som\"\n");
    let found = text(&screen(&mut ui, USUAL, false));
    assert!(found.contains("05:14:05 SOM") && !found.contains(" 04:16:"), "{found}");
    press(&mut ui, "\u{1b}\n");
    shot(&mut ui, "zone_record", SMALL);
    // A set's lag with the milestones of the run; then one of its members.
    presses(&mut drive, &mut ui, "2\n");
    shot(&mut ui, "zone_chart", USUAL);
    presses(&mut drive, &mut ui, "\u{1b}\u{1b}2");
    update(&mut ui, UiEvent::Key(KeyEvent::new(KeyCode::Right, KeyModifiers::NONE)));
    presses(&mut drive, &mut ui, "\n");
    let member = text(&screen(&mut ui, USUAL, false));
    assert!(member.contains("last operation applied") && member.contains(" WIN"), "{member}");
}

#[test]
fn one_key_shows_utc_and_the_other_zone_again() {
    let mut drive = controlled("primaries");
    let mut ui = in_zone(drive.snapshot());
    let head = |ui: &mut Ui| text(&screen(ui, SMALL, false)).lines().nth(1).unwrap_or_default().to_owned();
    assert!(head(&mut ui).ends_with(" 05:14:05 SOM"));
    presses(&mut drive, &mut ui, " Z");
    assert!(head(&mut ui).ends_with(" 03:14:05 UTC"), "also of a screen that is frozen: {}", head(&mut ui));
    presses(&mut drive, &mut ui, "Z");
    assert!(head(&mut ui).ends_with(" 05:14:05 SOM"), "{}", head(&mut ui));
    let mut utc = super::ui(drive.snapshot());
    assert_eq!(press(&mut utc, "Z"), Vec::<Act>::new());
    assert!(utc.messages.shown().is_some_and(|why| why.starts_with("zone: ")), "there is none to switch to");
}

#[test]
fn texts_are_read_in_the_zone_too() {
    let mut snapshot = still();
    let mut plan = Plan::clone(&snapshot.plan);
    let [start, end] = ["2026-11-21T03:00:00Z", "2026-11-21T05:00:00Z"].map(|at| at.parse().expect("a time"));
    plan.budgets.window = Some(Window { start, end });
    snapshot.plan = Arc::new(plan);
    let tile = landfall::console::view_model::tiles(&snapshot).into_iter().find(|t| t.id == "time").expect("a tile");
    assert_eq!(
        tile.note, "0 of 41 steps · 1h45m of the window left, until 2026-11-21T05:00:00Z",
        "for machines it is UTC"
    );
    let shown = text(&screen(&mut in_zone(snapshot), LARGE, false));
    assert!(shown.contains("1h45m of the window left, until ") && shown.contains(" 06:00:00 WIN"), "{shown}");
}
