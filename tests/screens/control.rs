//! The dialogs before a change: previews, confirmations, text lines; and the screens while it runs.

use landfall::{
    base::step::StepState,
    console::entry::{Dialog, Entry},
    plan::Confirm,
};

use super::*;

/// Presses keys and lets the engine answer.
fn go(drive: &mut SimDrive, ui: &mut Ui, keys: &str) {
    for key in keys.chars() {
        let acts = press(ui, &key.to_string());
        carry_out(drive, ui, acts);
    }
}

#[test]
fn from_the_preview_to_the_end_of_a_primarys_move() {
    let mut drive = controlled("primaries");
    let mut ui = ui(drive.snapshot());
    go(&mut drive, &mut ui, "np");
    shots(&mut ui, "preview", &SIZES);
    go(&mut drive, &mut ui, "ax");
    let target = drive.run_view().steps[0].preview.as_ref().expect("a preview").target.clone();
    go(&mut drive, &mut ui, &target[..3]);
    shots(&mut ui, "confirm_typed", &SIZES);
    press(&mut ui, "\n");
    shot(&mut ui, "confirm_refused", SMALL);
    go(&mut drive, &mut ui, &target[3..]);
    go(&mut drive, &mut ui, "\n");
    shot(&mut ui, "confirm_counts_down", SMALL);
    for _ in 0..5 {
        drive.run_for(Duration::from_secs(1));
        carry_out(&mut drive, &mut ui, Vec::new());
    }
    // The count-down ends with the next snapshot; the one after shows the result.
    carry_out(&mut drive, &mut ui, Vec::new());
    carry_out(&mut drive, &mut ui, Vec::new());
    assert_eq!(drive.run_view().steps[0].state, StepState::Running);
    shot(&mut ui, "runbook_running", SMALL);
    shot(&mut ui, "runbook_running", USUAL);
    go(&mut drive, &mut ui, "\n");
    shots(&mut ui, "step_detail_running", &SIZES);
    drive.run_for(Duration::from_secs(180));
    go(&mut drive, &mut ui, "\u{1b}");
    shot(&mut ui, "runbook_done", USUAL);
    go(&mut drive, &mut ui, "8");
    shots(&mut ui, "journal_written", &SIZES);
    go(&mut drive, &mut ui, "\n");
    shot(&mut ui, "record_detail", SMALL);
}

#[test]
fn a_count_down_that_nobody_sees_end_sends_nothing() {
    let mut drive = controlled("primaries");
    let mut ui = ui(drive.snapshot());
    go(&mut drive, &mut ui, "npax");
    let target = drive.run_view().steps[0].preview.as_ref().expect("a preview").target.clone();
    let counting = |ui: &Ui| matches!(&ui.entry, Entry::Dialog(Dialog::Confirm(it)) if it.counting.is_some());
    let detail = |ui: &Ui| ui.messages.shown().unwrap_or_default().to_owned();
    go(&mut drive, &mut ui, &format!("{target}\n"));
    assert!(counting(&ui));
    // The program was stopped, or the machine slept.
    drive.run_for(Duration::from_secs(9));
    carry_out(&mut drive, &mut ui, Vec::new());
    assert!(
        !counting(&ui) && detail(&ui).starts_with("cancelled: the screen was not updated for a while"),
        "{}",
        detail(&ui)
    );
    go(&mut drive, &mut ui, &format!("x{target}\n"));
    assert!(counting(&ui));
    let suspends = KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL);
    assert_eq!(update(&mut ui, UiEvent::Key(suspends)), [], "it is a key like any other now");
    assert!(!counting(&ui) && detail(&ui) == "cancelled: nothing was sent", "{}", detail(&ui));
    go(&mut drive, &mut ui, &format!("x{target}\n"));
    update(&mut ui, UiEvent::Paste("anything".to_owned()));
    assert!(!counting(&ui));
    drive.run_for(Duration::from_secs(2));
    assert_eq!(drive.run_view().steps[0].state, StepState::Armed);
}

#[test]
fn what_is_opened_over_a_preview_gives_it_back() {
    let mut drive = controlled("primaries");
    let mut ui = ui(drive.snapshot());
    let is_preview = |ui: &Ui| matches!(&ui.entry, Entry::Dialog(Dialog::Preview(..)));
    for keys in ["cwords\n", "cwords\u{1b}", "hwhy\u{1b}", "A\u{1b}"] {
        go(&mut drive, &mut ui, "np");
        go(&mut drive, &mut ui, keys);
        assert!(is_preview(&ui), "{keys:?}: {:?}", ui.entry);
        // Scrolls far beyond the end before anything is drawn.
        go(&mut drive, &mut ui, "Gj");
        go(&mut drive, &mut ui, "\u{1b}");
        assert_eq!(ui.entry, Entry::Commands);
    }
}

#[test]
fn a_name_to_type_a_choice_and_an_approval_that_is_missing() {
    let mut drive = controlled("traffic");
    let mut ui = ui(drive.snapshot());
    go(&mut drive, &mut ui, "npax");
    shot(&mut ui, "confirm_name", SMALL);
    let mut drive = controlled_with("streams", |step| step.confirm = Confirm::Enter);
    let mut ui = super::ui(drive.snapshot());
    go(&mut drive, &mut ui, "npax");
    shot(&mut ui, "confirm_choice", SMALL);
    let tab = KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE);
    update(&mut ui, UiEvent::Key(tab));
    shot(&mut ui, "confirm_chosen", SMALL);
    let mut drive = controlled("end");
    let mut ui = super::ui(drive.snapshot());
    go(&mut drive, &mut ui, "njp");
    shot(&mut ui, "preview_needs_approval", SMALL);
}

#[test]
fn a_long_preview_is_folded_until_it_is_asked_for_whole() {
    let mut drive = controlled("primaries");
    let mut ui = ui(drive.snapshot());
    go(&mut drive, &mut ui, "np");
    let words = |ui: &mut Ui| text(&screen(ui, SMALL, false)).split_whitespace().collect::<Vec<_>>().join(" ");
    let operations = drive.run_view().steps[0].preview.as_ref().expect("a preview").ops.len();
    let summary = format!("{operations} operations · no gate is checked now · valid until the estate changes");
    assert!(words(&mut ui).contains(&summary), "{}", words(&mut ui));
    go(&mut drive, &mut ui, "G");
    assert!(words(&mut ui).contains("more lines, Enter shows all"), "{}", words(&mut ui));
    go(&mut drive, &mut ui, "\n");
    assert!(words(&mut ui).contains(&summary), "it is read from its beginning");
    go(&mut drive, &mut ui, "G");
    assert!(!words(&mut ui).contains("more lines"), "{}", words(&mut ui));
    go(&mut drive, &mut ui, "ga");
    assert!(words(&mut ui).contains("· armed for "), "{}", words(&mut ui));
    // It is folded again once it was closed.
    go(&mut drive, &mut ui, "\u{1b}pG");
    assert!(words(&mut ui).contains("more lines, Enter shows all"));
}

#[test]
fn a_proposal_that_waits_is_on_every_screen_where_it_matters() {
    let mut drive = controlled("primaries");
    let mut ui = ui(drive.snapshot());
    go(&mut drive, &mut ui, "no");
    go(&mut drive, &mut ui, "it was done yesterday\n");
    assert!(drive.run_view().proposal.is_some());
    let shows = |ui: &mut Ui, what: &str| {
        let shown = text(&screen(ui, USUAL, false));
        assert!(shown.contains(what), "{what}:\n{shown}");
    };
    shows(&mut ui, "proposal: A approves (0 of 2)");
    go(&mut drive, &mut ui, "\n");
    shows(&mut ui, "proposed");
    go(&mut drive, &mut ui, "1");
    shows(&mut ui, "1 proposal waits for approval (");
    shows(&mut ui, "A approves");
}

#[test]
fn a_name_that_is_no_approvers_is_refused_before_it_is_sent_and_stays() {
    let mut drive = controlled("end");
    let mut ui = ui(drive.snapshot());
    let approvers = drive.snapshot().plan.runbook.approvers.clone();
    assert!(!approvers.is_empty());
    go(&mut drive, &mut ui, "njpA");
    let shown = text(&screen(&mut ui, USUAL, false));
    assert!(approvers.iter().all(|it| shown.contains(&it.name)), "who may approve:\n{shown}");
    go(&mut drive, &mut ui, "nobody\n");
    let shown = text(&screen(&mut ui, USUAL, false));
    assert!(shown.contains("nobody is not an approver of this plan") && shown.contains("> nobody"), "{shown}");
    assert!(matches!(ui.entry, Entry::Dialog(Dialog::Prompt(_))), "{:?}", ui.entry);
}

#[test]
fn every_line_that_can_be_written() {
    let mut drive = controlled("primaries");
    let mut ui = ui(drive.snapshot());
    go(&mut drive, &mut ui, "n");
    for (key, name) in [("c", "remark"), ("h", "hold"), ("v", "waive"), ("o", "leave_out")] {
        go(&mut drive, &mut ui, key);
        go(&mut drive, &mut ui, "because");
        shot(&mut ui, &format!("prompt_{name}"), SMALL);
        go(&mut drive, &mut ui, "\u{1b}");
    }
    go(&mut drive, &mut ui, "c");
    shot(&mut ui, "prompt_remark", USUAL);
    go(&mut drive, &mut ui, "\n");
    shot(&mut ui, "prompt_empty", SMALL);
}

#[test]
fn held_and_asked_back() {
    let mut drive = controlled("primaries");
    drive.order(Order::Hold { by: None, why: "the bridge is not complete".to_owned() });
    drive.run_for(Duration::from_secs(1));
    let mut ui = ui(drive.snapshot());
    assert!(text(&shot(&mut ui, "held", USUAL)).starts_with(" ▲ HOLD "));
    press(&mut ui, "7");
    shot(&mut ui, "runbook_held", SMALL);
}
