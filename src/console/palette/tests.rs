use std::{path::Path, sync::Arc, time::Duration};

use ratatui::crossterm::event::KeyModifiers;

use super::*;
use base::{now::Now, view::Panel};
use drive::sim::SimDrive;
use engine::snapshot::Snapshot;

use crate::{
    ui::{At, Mode},
    update::{UiEvent, update},
    view_model::ViewModel,
};

/// The demo's console shortly after the start.
fn ui() -> Ui {
    ui_with(|_| {})
}

fn ui_with(change: impl Fn(&mut Snapshot)) -> Ui {
    let text = include_str!("../../../demo/plan.toml");
    let (plan, _) = systems::parse_plan(Path::new("plan.toml"), text).unwrap_or_else(|e| panic!("{e}"));
    let start = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().unwrap() };
    let mut drive = SimDrive::new(Arc::new(plan), 1, start);
    drive.run_for(Duration::from_secs(5));
    let mut snapshot = drive.snapshot();
    change(&mut snapshot);
    let now = snapshot.now;
    let mut ui = Ui::new(Arc::new(ViewModel::of(Arc::new(snapshot))), now, Mode::Demo);
    ui.themes.names = ["night", "day"].map(str::to_owned).to_vec();
    ui
}

fn press(ui: &mut Ui, code: KeyCode) -> Vec<Act> {
    update(ui, UiEvent::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

/// Opens the palette, types a text, and selects the first offer.
fn choose(ui: &mut Ui, text: &str) -> Vec<Act> {
    press(ui, KeyCode::Char(':'));
    text.chars().for_each(|c| assert_eq!(press(ui, KeyCode::Char(c)), []));
    press(ui, KeyCode::Enter)
}

fn names(ui: &Ui, text: &str) -> Vec<String> {
    found(ui, &Palette::default().with(text)).into_iter().map(|o| o.name).collect()
}

#[test]
fn a_few_letters_find_commands_pages_themes_and_columns() {
    let mut ui = ui();
    assert_eq!(names(&ui, "frz")[0], "freeze");
    assert_eq!(names(&ui, "pg kaf")[0], "page kafka");
    assert_eq!(names(&ui, "paus")[0], "time-stops", "a word of the description before letters of a name");
    assert_eq!(names(&ui, "thday")[0], "theme day");
    assert_eq!(names(&ui, "freeze the screen"), ["freeze"], "its description counts, too");
    assert_eq!(names(&ui, "sort lag"), [] as [String; 0], "the overview has no columns");
    assert!(names(&ui, "copy ").iter().all(|n| n.starts_with("copy ")), "who copies has chosen that already");
    assert_eq!(choose(&mut ui, "page kafka"), []);
    assert_eq!((ui.at, ui.panel().map(|p| p.id)), (At::Page(2), Some("kafka")));
    assert!(names(&ui, "sort lag").iter().any(|n| n.contains("lag")), "{:?}", names(&ui, "sort"));
}

#[test]
fn of_more_than_nine_pages_each_can_be_reached() {
    const MORE: [&str; 4] = ["Lamps", "Bells", "Gongs", "Drums"];
    let mut ui = ui_with(|snapshot| {
        for title in MORE {
            let one = Panel { title, ..(*snapshot.panels[0]).clone() };
            snapshot.panels.push(Arc::new(one));
        }
    });
    let all = ui.view_model().pages.len() + 1;
    assert_eq!(all, 13);
    let title = |ui: &Ui| ui.panel().map_or("Overview", |panel| panel.title);
    let mut by = |code: KeyCode, times: usize| -> Vec<&str> {
        (0..times)
            .map(|_| {
                press(&mut ui, code);
                title(&ui)
            })
            .collect()
    };
    let own = ["Runbook", "Journal", "Collectors"];
    let of_data = ["MongoDB", "Lamps", "Bells", "Gongs", "Drums"];
    let others = ["Kafka", "Fleet", "DNS", "Health"];
    assert_eq!(by(KeyCode::Tab, all), [&of_data[..], &others, &own, &["Overview"]].concat());
    assert_eq!(by(KeyCode::Char('2'), 6), [&of_data[..], &["MongoDB"]].concat(), "one key for all of a group");
    assert_eq!(by(KeyCode::Char('5'), 3), ["DNS", "Health", "DNS"]);
    assert_eq!(by(KeyCode::Char('6'), 1), ["DNS"], "a group without pages");
    let last: Vec<&str> = "789".chars().flat_map(|key| by(KeyCode::Char(key), 1)).collect();
    assert_eq!(last, own);
    for page in MORE {
        choose(&mut ui, &format!("page {}", page.to_lowercase()));
        assert_eq!(title(&ui), page);
    }
    assert_eq!(names(&ui, ", of traffic"), ["page dns", "page health"], "by the group");
}

#[test]
fn what_is_chosen_is_done_and_what_is_not_possible_says_why() {
    let mut ui = ui();
    assert_eq!(choose(&mut ui, "theme day"), [Act::Theme]);
    assert_eq!((ui.themes.shown, ui.themes.wanted), (0, 1), "until it is loaded");
    assert_eq!(choose(&mut ui, "faster"), [Act::Send(engine::EngineCommand::Pace(2.0))]);
    assert_eq!(choose(&mut ui, "execute"), []);
    let detail = ui.messages.shown().unwrap_or_default().to_owned();
    assert!(detail.starts_with("execute: ") && matches!(ui.entry, Entry::Palette(_)), "{detail}");
    press(&mut ui, KeyCode::Esc);
    assert_eq!(ui.entry, Entry::Commands);
    assert_eq!(choose(&mut ui, "zzzz"), []);
    assert_eq!(ui.messages.shown(), Some("no match"));
}

#[test]
fn tab_completes_and_pasted_text_is_written() {
    let mut ui = ui();
    press(&mut ui, KeyCode::Char(':'));
    update(&mut ui, UiEvent::Paste("theme\n".to_owned()));
    update(&mut ui, UiEvent::Paste(" da".to_owned()));
    press(&mut ui, KeyCode::Tab);
    assert!(matches!(&ui.entry, Entry::Palette(palette) if palette.text == "theme day" && palette.at == 0));
    press(&mut ui, KeyCode::Esc);
    update(&mut ui, UiEvent::Paste("q".to_owned()));
    assert!(ui.messages.shown().is_some_and(|m| m.contains("nothing was done")), "{:?}", ui.messages);
}

fn written(ui: &Ui) -> &str {
    match &ui.entry {
        Entry::Palette(palette) => &palette.text,
        other => panic!("{other:?}"),
    }
}

fn control(ui: &mut Ui, c: char) -> Vec<Act> {
    update(ui, UiEvent::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)))
}

#[test]
fn the_arrows_bring_back_what_was_chosen_before_and_choose_an_offer_otherwise() {
    let mut ui = ui();
    choose(&mut ui, "pg kaf");
    choose(&mut ui, "thday");
    choose(&mut ui, "thday");
    press(&mut ui, KeyCode::Char(':'));
    press(&mut ui, KeyCode::Up);
    assert_eq!(written(&ui), "theme day", "by its whole name");
    press(&mut ui, KeyCode::Up);
    assert_eq!(written(&ui), "page kafka", "twice in a row is once");
    press(&mut ui, KeyCode::Up);
    assert_eq!(written(&ui), "page kafka", "there is nothing older");
    press(&mut ui, KeyCode::Down);
    press(&mut ui, KeyCode::Down);
    assert_eq!(written(&ui), "");
    // At the empty line the arrows choose as ever, and ↑ goes back from the top alone.
    press(&mut ui, KeyCode::Down);
    press(&mut ui, KeyCode::Down);
    press(&mut ui, KeyCode::Up);
    assert!(matches!(&ui.entry, Entry::Palette(p) if p.at == 1 && p.text.is_empty()), "{:?}", ui.entry);
    press(&mut ui, KeyCode::Esc);
    // A text that is written has its offers.
    press(&mut ui, KeyCode::Char(':'));
    press(&mut ui, KeyCode::Char('t'));
    press(&mut ui, KeyCode::Up);
    assert_eq!(written(&ui), "t");
    press(&mut ui, KeyCode::Esc);
    // What was brought back is run by Enter; Ctrl-N chooses among its offers.
    press(&mut ui, KeyCode::Char(':'));
    press(&mut ui, KeyCode::Up);
    press(&mut ui, KeyCode::Up);
    control(&mut ui, 'n');
    control(&mut ui, 'p');
    press(&mut ui, KeyCode::Char('x'));
    press(&mut ui, KeyCode::Backspace);
    press(&mut ui, KeyCode::Enter);
    assert_eq!(ui.panel().map(|p| p.id), Some("kafka"));
}

#[test]
fn a_filter_and_a_prompt_bring_back_what_was_written_before() {
    let mut ui = ui();
    choose(&mut ui, "page kafka");
    for filter in ["/lag:>5\n", "/a\n", "/a\n"] {
        press_all(&mut ui, filter);
        press(&mut ui, KeyCode::Esc);
    }
    press_all(&mut ui, "/dr");
    press(&mut ui, KeyCode::Up);
    assert_eq!(ui.filter(), "a");
    press(&mut ui, KeyCode::Up);
    assert_eq!(ui.filter(), "lag:>5");
    press(&mut ui, KeyCode::Down);
    press(&mut ui, KeyCode::Down);
    assert_eq!(ui.filter(), "dr", "what was written is not lost");
    press(&mut ui, KeyCode::Up);
    press(&mut ui, KeyCode::Char('x'));
    press(&mut ui, KeyCode::Up);
    assert_eq!(ui.filter(), "a", "the newest again, once it was changed");
}

fn press_all(ui: &mut Ui, keys: &str) {
    for c in keys.chars() {
        press(ui, if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) });
    }
}

#[test]
fn one_key_repeats_what_was_chosen_and_says_so() {
    let mut ui = ui();
    press(&mut ui, KeyCode::Char(';'));
    assert!(ui.messages.shown().is_some_and(|m| m.contains("nothing was chosen in the palette yet")));
    choose(&mut ui, "page kafka");
    press(&mut ui, KeyCode::Char('1'));
    press(&mut ui, KeyCode::Char(';'));
    assert_eq!(ui.panel().map(|p| p.id), Some("kafka"));
    assert_eq!(ui.messages.shown(), Some("repeated: page kafka"));
    // A key is not of the palette; to repeat is not repeated.
    choose(&mut ui, "repeat");
    press(&mut ui, KeyCode::Char('1'));
    assert_eq!(press(&mut ui, KeyCode::Char(';')), []);
    assert_eq!(ui.panel().map(|p| p.id), Some("kafka"));
    choose(&mut ui, "faster");
    assert_eq!(press(&mut ui, KeyCode::Char(';')), [Act::Send(engine::EngineCommand::Pace(2.0))]);
    // An order that is not possible says why, and one that changes servers asks as it always does.
    choose(&mut ui, "theme day");
    ui.themes.shown = 1;
    press(&mut ui, KeyCode::Char(';'));
    assert!(ui.messages.shown().is_some_and(|m| m.contains("this is the theme")), "{:?}", ui.messages.shown());
}
