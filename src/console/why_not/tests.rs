use std::{
    path::Path,
    sync::{Arc, LazyLock},
    time::Duration,
};

use ratatui::{
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    layout::Rect,
};

use super::*;
use crate::{
    Depth, Mode, Themes,
    act::Act,
    entry::{Asked, Dialog, Entry, Prompt},
    update::{UiEvent, update},
    view::draw,
    view_model::ViewModel,
};
use base::now::Now;
use drive::sim::SimDrive;
use engine::{run::Order, snapshot::Snapshot};

/// The demo after a minute.
static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| {
    let text = include_str!("../../../demo/plan.toml");
    let (plan, _) = systems::parse_plan(Path::new("plan.toml"), text).unwrap_or_else(|e| panic!("{e}"));
    let start = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().unwrap() };
    let mut drive = SimDrive::new(Arc::new(plan), 1, start);
    drive.run_for(Duration::from_secs(60));
    drive.snapshot()
});

/// A console that controls the demo's run, with its first step in this state.
fn ui_with(change: impl Fn(&mut StepView)) -> Ui {
    let mut snapshot = SNAPSHOT.clone();
    let run = Arc::make_mut(snapshot.run.as_mut().expect("a runbook"));
    run.operator = Some("operator".to_owned());
    run.notice = None;
    for step in &mut run.steps {
        (step.state, step.way, step.word, step.manual, step.preview) =
            (StepState::Pending, Way::Forward, "PENDING", None, None);
    }
    let first = &mut run.steps[0];
    change(first);
    first.word = first.state.word(first.way);
    let now = snapshot.now;
    Ui::new(Arc::new(ViewModel::of(Arc::new(snapshot))), now, Mode::Console)
}

fn in_state(state: StepState, way: Way) -> Ui {
    ui_with(|step| (step.state, step.way, step.attempt, step.has_back) = (state, way, 1, true))
}

fn press(ui: &mut Ui, keys: &str) -> Vec<Act> {
    let press = |c| {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        update(ui, UiEvent::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    };
    keys.chars().flat_map(press).collect()
}

fn screen(ui: &Ui, width: u16) -> String {
    let theme = Themes::of_user(|_| None).load("night", Depth::True).expect("a theme");
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, 24));
    draw(ui, &theme, false, &mut buffer);
    let line = |row: &[ratatui::buffer::Cell]| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n";
    buffer.content.chunks(width.into()).map(line).collect()
}

#[test]
fn a_command_is_possible_in_those_states_alone_in_which_the_machine_takes_it() {
    let can = |state, way, id| {
        let mut ui = in_state(state, way);
        press(&mut ui, ":page runbook\n");
        assert_eq!(ui.step().map(|step| step.state), Some(state));
        why_not(id, &ui).is_none()
    };
    for state in StepState::ALL {
        for way in [Way::Forward, Way::Back] {
            use StepState::{Cancelled, Failed, NotApplied, Previewed, RolledBack, Running, Skipped};
            let over = matches!(state, Cancelled | Failed | NotApplied | RolledBack | Skipped);
            let again = over && (way == Way::Forward || state == RolledBack);
            assert_eq!(can(state, way, Id::Again), again, "retry {state:?} {way:?}");
            assert_eq!(can(state, way, Id::Arm), state == Previewed, "arm {state:?} {way:?}");
            assert_eq!(can(state, way, Id::Abandon), state == Running, "abort {state:?} {way:?}");
            let preview = state <= StepState::Armed;
            assert_eq!(can(state, way, Id::Preview), preview, "preview {state:?} {way:?}");
            let ended = matches!(state, Cancelled | RolledBack | Skipped);
            assert!(!(ended && can(state, way, Id::RollBack)), "roll back {state:?} {way:?}");
        }
    }
}

#[test]
fn an_open_preview_offers_no_key_that_it_refuses() {
    let footer = |ui: &Ui| screen(ui, 100).lines().nth(21).unwrap_or_default().to_owned();
    for (state, way) in [(StepState::Settling, Way::Back), (StepState::Cancelled, Way::Forward)] {
        let mut ui = in_state(state, way);
        let id = ui.latest().run.as_ref().expect("a run").steps[0].id.clone();
        ui.entry = Entry::Dialog(Dialog::Preview(id, 0));
        let footer = footer(&ui);
        assert!(footer.contains("Esc close") && footer.contains("? help"), "{footer}");
        assert!(["arm", "refresh", "execute", "approval"].iter().all(|key| !footer.contains(key)), "{footer}");
        for key in ["a", "p", "x", "A"] {
            assert_eq!(press(&mut ui, key), [], "{state:?} {key}");
            assert!(ui.messages.shown().is_some(), "{state:?} {key} says why not");
        }
    }
    let mut ui = in_state(StepState::Previewed, Way::Forward);
    press(&mut ui, "p");
    let footer = footer(&ui);
    assert!(footer.contains("a arm") && footer.contains("p refresh") && !footer.contains("execute"), "{footer}");
}

#[test]
fn help_opens_over_a_preview_and_closes_to_it() {
    let mut ui = in_state(StepState::Previewed, Way::Forward);
    press(&mut ui, "p");
    let open = ui.entry.clone();
    press(&mut ui, "?armed");
    assert!(matches!(&ui.entry, Entry::Help(text, _) if text == "armed"), "{:?}", ui.entry);
    assert_eq!(press(&mut ui, "\u{1b}"), [], "nothing is disarmed");
    assert_eq!(ui.entry, open);
    press(&mut ui, "3");
    assert_eq!((&ui.entry, ui.messages.shown()), (&open, Some("page: Esc closes the preview first")));
    press(&mut ui, "\u{1b}?\u{1b}");
    assert_eq!(ui.entry, Entry::Commands, "help that is not over a preview returns to the page");
}

#[test]
fn what_is_typed_on_after_a_refusal_is_no_command() {
    let mut ui = in_state(StepState::Ready, Way::Forward);
    press(&mut ui, "x");
    let refusal = ui.messages.shown().map(str::to_owned);
    assert!(refusal.is_some(), "a step that is not armed is not executed");
    // Among them `h`, which holds the run, and `1`, which leaves the page.
    for key in "hold-1\n".chars() {
        ui.now.boot += Duration::from_millis(300);
        assert_eq!(press(&mut ui, &key.to_string()), []);
        assert_eq!((&ui.entry, ui.messages.shown()), (&Entry::Commands, refusal.as_deref()), "{key}");
    }
    // Who has read it goes on.
    ui.now.boot += Duration::from_millis(500);
    press(&mut ui, "h");
    assert!(matches!(&ui.entry, Entry::Dialog(Dialog::Prompt(Prompt { asked: Asked::Hold, .. }))), "{:?}", ui.entry);
}

#[test]
fn the_messages_are_left_for_a_page_and_say_what_else_they_refuse() {
    let mut ui = in_state(StepState::Ready, Way::Forward);
    press(&mut ui, "lH");
    assert_eq!(ui.messages.shown(), Some("release: Esc closes the messages first"));
    assert!(matches!(ui.entry, Entry::Messages(_)));
    press(&mut ui, "2");
    assert_eq!((ui.entry.clone(), ui.page_number()), (Entry::Commands, 1));
}

#[test]
fn an_abort_is_asked_for_and_typed() {
    let mut ui = in_state(StepState::Running, Way::Forward);
    let id = ui.latest().run.as_ref().expect("a run").steps[0].id.clone();
    assert_eq!(press(&mut ui, "u"), []);
    assert!(matches!(&ui.entry, Entry::Dialog(Dialog::Prompt(Prompt { asked: Asked::Abandon, .. }))), "{:?}", ui.entry);
    assert!(screen(&ui, 100).contains("its cleanup still finishes"), "{}", screen(&ui, 100));
    assert_eq!(press(&mut ui, "\n"), [], "Enter alone aborts nothing");
    assert_eq!(press(&mut ui, "no\n"), []);
    update(&mut ui, UiEvent::Paste(id.clone()));
    assert!(ui.messages.shown().is_some_and(|m| m.starts_with("type it, do not paste it")));
    assert_eq!(press(&mut ui, "\u{1b}"), []);
    assert_eq!(ui.entry, Entry::Commands);
    let orders = press(&mut ui, &format!("u{id}\n"));
    assert_eq!(orders, [Act::Order(Order::Abandon(id))]);
    // It is typed anew each time.
    press(&mut ui, "u");
    update(&mut ui, UiEvent::Key(KeyEvent::new(KeyCode::Up, KeyModifiers::NONE)));
    assert!(matches!(&ui.entry, Entry::Dialog(Dialog::Prompt(prompt)) if prompt.text.is_empty()));
}

#[test]
fn that_a_person_aborted_it_is_in_the_verdict_and_in_the_detail() {
    let ui = ui_with(|step| (step.state, step.aborted) = (StepState::NotApplied, true));
    let (word, why) = (ui.latest().run.as_ref().expect("a run"), ui.latest().verdict());
    assert!(why.describe().1.contains("NOT_APPLIED, aborted by the operator: :again"), "{why:?}");
    let detail = crate::runbook::step_detail(word, &word.steps[0].id).expect("a detail");
    assert!(detail.fields.iter().any(|(name, cell)| name == "aborted" && cell.text == "by the operator"));
}

#[test]
fn on_the_overview_the_keys_of_a_step_are_about_the_one_that_the_verdict_names() {
    let mut ui = in_state(StepState::Ready, Way::Forward);
    assert_eq!(ui.at, At::Page(0));
    let id = ui.latest().run.as_ref().and_then(|run| run.next()).expect("a step").id.clone();
    let hints = screen(&ui, 120).lines().last().unwrap_or_default().to_owned();
    assert!(hints.contains("p preview") && !hints.contains("x execute"), "{hints}");
    assert_eq!(press(&mut ui, "p"), [Act::Order(Order::Preview(id.clone()))]);
    assert_eq!(ui.entry, Entry::Dialog(Dialog::Preview(id, 0)), "it is seen before anything else");
    press(&mut ui, "\u{1b}3");
    assert_eq!(press(&mut ui, "p"), [], "on a page of a system no step is named");
    assert!(ui.messages.shown().is_some_and(|m| m.contains("choose a step in the Runbook first")));
}

#[test]
fn the_label_of_the_demo_gives_way_to_the_reason_of_the_verdict() {
    let mut ui = ui_with(|step| step.state = StepState::Ready);
    ui.mode = Mode::Demo;
    let first = |width| screen(&ui, width).lines().next().unwrap_or_default().to_owned();
    assert!(first(200).ends_with("DEMO · simulated"), "{}", first(200));
    let narrow = first(60);
    assert!(narrow.ends_with(" DEMO") && !narrow.contains("simulated"), "{narrow}");
}
