//! Stale, unknown, frozen and silent: no number may look current.

use landfall::{
    base::{collector::CollectorState, observed::FaultKind},
    console::Role,
    drive::sim::Trouble,
};

use super::*;

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
        for size in if matches!(key, "1" | "2" | "9") { &SIZES[..] } else { &SIZES[1..2] } {
            let frame = shot(&mut ui, &format!("{name}_blind"), *size);
            assert!(text(&frame).starts_with(" ▲ HOLD "), "{name}");
        }
    }
}

#[test]
fn what_is_too_old_is_dimmed_and_says_so() {
    let mut drive = estate();
    for of in ["mongo/", "kafka/", "ec2/"] {
        drive.trouble(of, Some(Trouble::Hangs));
    }
    let stale = |drive: &mut SimDrive, of: &str| {
        drive.snapshot().collectors.iter().any(|s| s.id.starts_with(of) && s.state == CollectorState::Stale)
    };
    let mut waited = 0;
    while !stale(&mut drive, "mongo/") || !stale(&mut drive, "kafka/") {
        drive.run_for(Duration::from_secs(1));
        waited += 1;
        assert!(waited < 60, "nothing gets stale");
    }
    let mut ui = ui(drive.snapshot());
    for (key, name) in [("1", "overview"), ("2", "mongo"), ("3", "kafka"), ("9", "sources")] {
        press(&mut ui, key);
        let frame = shot(&mut ui, &format!("{name}_stale"), USUAL);
        assert!(text(&frame).contains('◌'), "{name}");
        shot(&mut ui, &format!("{name}_stale"), SMALL);
    }
}

#[test]
fn a_frozen_picture_says_so_and_a_silent_engine_is_hold() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    press(&mut ui, " ");
    drive.run_for(Duration::from_secs(3));
    ui.now = drive.now();
    let view_model = ViewModel::of(snapshot(&mut drive, &ui));
    update(&mut ui, UiEvent::ViewModel(Arc::new(view_model), Prepared::default()));
    assert!(text(&shot(&mut ui, "frozen", USUAL)).contains("FROZEN 3.0s ago"));
    shot(&mut ui, "frozen", SMALL);
    press(&mut ui, " ");
    drive.run_for(Duration::from_secs(10));
    ui.now = drive.now();
    update(&mut ui, UiEvent::Tick);
    let frame = shot(&mut ui, "silent", SMALL);
    assert!(text(&frame).starts_with(" ▲ HOLD  no update from the engine for 10s"));
}

#[test]
fn under_a_silent_engine_no_step_and_no_gate_looks_ready() {
    let mut drive = controlled("primaries");
    drive.run_for(Duration::from_secs(30));
    let mut ui = ui(drive.snapshot());
    for size in SIZES {
        ui.now = drive.now();
        update(&mut ui, UiEvent::Tick);
        let lively = screen(&mut ui, size, false);
        ui.now.boot += Duration::from_secs(20);
        update(&mut ui, UiEvent::Tick);
        let silent = screen(&mut ui, size, false);
        let good = shot::THEMES[0].style(Role::Good).fg;
        let count =
            |frame: &Buffer| frame.content.iter().filter(|cell| Some(cell.fg) == good && cell.symbol() != " ").count();
        assert!(count(&lively) > 0, "something is good while the engine answers:\n{}", text(&lively));
        assert_eq!(count(&silent), 0, "at {size:?}:\n{}", text(&silent));
    }
}
