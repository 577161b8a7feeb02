//! The overview: the ten answers in order at every size, also in a bad night; opening an answer, and going back.

use landfall::{
    base::{collector::CollectorState, observed::FaultKind, view::Tone},
    console::answers::{Answer, QUESTIONS},
    drive::sim::Trouble,
    engine::run::RollbackWindow,
};

use super::*;

/// Kafka is unreachable, MongoDB's data are too old, users are hurt, the budget is spent, the rollback is closing.
fn bad_night() -> Snapshot {
    static NIGHT: LazyLock<Snapshot> = LazyLock::new(|| {
        let mut drive = controlled("primaries");
        execute(&mut drive, "primary-orders");
        drive.trouble("kafka/", Some(Trouble::Fails(FaultKind::Unreachable)));
        drive.run_for(Duration::from_secs(60));
        drive.trouble("mongo/", Some(Trouble::Hangs));
        let stale =
            |s: Snapshot| s.collectors.iter().any(|s| s.id.starts_with("mongo/") && s.state == CollectorState::Stale);
        for _ in 0..60 {
            if stale(drive.snapshot()) {
                break;
            }
            drive.run_for(Duration::from_secs(1));
        }
        let mut night = drive.snapshot();
        assert!(stale(night.clone()), "nothing gets stale");
        for tile in &mut night.tiles {
            if tile.id == "users" {
                tile.value = landfall::base::view::Cell::number(0.1234, "12.34 %").tone(Tone::Bad);
            }
        }
        let mut run = landfall::engine::run::RunView::clone(night.run.as_ref().expect("a run"));
        (run.way_back.steps, run.way_back.takes) = (1, Duration::from_secs(240));
        run.way_back.stays = Some(RollbackWindow {
            step: "primary-orders".to_owned(),
            what: "oplog",
            left: Some(Duration::from_secs(190)),
            why: String::new(),
        });
        night.run = Some(Arc::new(run));
        night
    });
    NIGHT.clone()
}

fn answer<'p>(model: &'p ViewModel, id: &str) -> &'p Answer {
    model.answers.iter().find(|a| a.question.id == id).unwrap_or_else(|| panic!("no answer to {id}"))
}

#[test]
fn a_bad_night_is_seen_as_one_at_every_size() {
    let mut ui = ui(bad_night());
    let [users, lag, primaries, back] =
        ["users", "lag", "primaries", "way_back"].map(|id| answer(ui.view_model(), id).tone());
    assert_eq!([users, lag, primaries, back], [Tone::Bad, Tone::Blind, Tone::Stale, Tone::Bad]);
    for size in SIZES {
        let shown = text(&shot(&mut ui, "overview_bad_night", size));
        assert!(shown.contains("CLOSING") && shown.contains("STALE") && shown.contains("UNKNOWN"), "{shown}");
    }
}

#[test]
fn a_plan_that_cannot_answer_says_what_it_would_have_to_name() {
    let mut snapshot = still();
    snapshot.tiles.clear();
    snapshot.run = None;
    let mut ui = ui(snapshot);
    assert_eq!(ui.view_model().answers.len(), QUESTIONS.len());
    for size in [SMALL, USUAL] {
        let shown = text(&shot(&mut ui, "overview_unanswered", size));
        for key in ["[[health]]", "[[replica_set]]", "[[dns]]", "[[kafka]]", "[[fleet]]", "[[phase]]"] {
            assert!(shown.contains(key), "{key} is not named:\n{shown}");
        }
    }
    press(&mut ui, "j");
    let at = ui.at;
    press(&mut ui, "\n");
    assert!(ui.at == at && ui.messages.shown().is_some(), "nothing is behind it, and that is shown");
}

#[test]
fn at_every_size_ten_answers_in_their_order_and_nothing_cut_in_silence() {
    let mut night = ui(bad_night());
    let mut still = ui(still());
    for (width, height) in (80..=200).step_by(8).flat_map(|w| (24..=50).step_by(3).map(move |h| (w, h))) {
        for ui in [&mut still, &mut night] {
            let frame = screen(ui, (width, height), false);
            let shown = text(&frame);
            let body = shown.lines().skip(3).collect::<Vec<_>>().join("\n");
            let mut before = 0;
            for question in &QUESTIONS[1..] {
                let at = body[before..].find(question.title);
                before += at.unwrap_or_else(|| panic!("{width}×{height}: {} is not there:\n{shown}", question.title));
            }
            let reason = ui.view_model().snapshot.verdict().describe().1.to_owned();
            let last = reason.split(' ').next_back().expect("a word");
            assert!(body.contains(last) || body.contains('…'), "{width}×{height}: the reason is cut:\n{shown}");
        }
    }
}

#[test]
fn enter_opens_the_row_that_is_worst_and_back_leads_to_the_same_answer() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    screen(&mut ui, USUAL, false);
    for (i, question) in QUESTIONS.iter().enumerate() {
        let tile = ui.view_model().answers[i].worst().expect("all are answered").clone();
        let acts = press(&mut ui, "\n");
        carry_out(&mut drive, &mut ui, acts);
        assert_eq!(ui.panel().expect("a page").id, tile.panel, "{}", question.id);
        if let Some((table, row)) = tile.row {
            assert_eq!(ui.focused().expect("a table").id, table, "{}", question.id);
            assert_eq!(ui.selected(), Some(row.as_str()), "{}", question.id);
        }
        let acts = press(&mut ui, "\u{1b}");
        carry_out(&mut drive, &mut ui, acts);
        assert_eq!((ui.page_number(), ui.tiles.selected), (0, i), "{}", question.id);
        let right = KeyEvent::new(KeyCode::Right, KeyModifiers::NONE);
        update(&mut ui, UiEvent::Key(right));
    }
    assert_eq!(ui.tiles.selected, QUESTIONS.len() - 1, "to the right is reading order, and ends with the last");
    press(&mut ui, "kk");
    assert_eq!(ui.tiles.selected, 3, "three stand side by side");
    press(&mut ui, "kk");
    assert_eq!(ui.tiles.selected, 0, "the verdict is over all others");
    press(&mut ui, "j");
    assert_eq!(ui.tiles.selected, 1);
}
