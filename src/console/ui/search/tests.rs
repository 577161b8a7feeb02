use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::{
    act::Act,
    offer::Pick,
    palette::found,
    row_search::ROWS,
    ui::Mode,
    update::{UiEvent, update},
};
use base::{
    now::Now,
    view::{Cell, Column, Group, Panel, Row, Table},
};
use drive::sim::SimDrive;
use engine::snapshot::Snapshot;

/// A console whose only page of a system has this many hosts.
fn ui(hosts: usize, worker: bool) -> Ui {
    let (plan, _) = systems::parse_plan("small.toml".as_ref(), include_str!("../../../../demo/small.toml"))
        .unwrap_or_else(|e| panic!("{e}"));
    let start = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().unwrap() };
    let snapshot = SimDrive::new(Arc::new(plan), 1, start).snapshot();
    let rows = (0..hosts).map(|n| Row::new(n.to_string(), [Cell::text(format!("host-{n}"))]));
    let columns = vec![Column::text("host", "host", 8)];
    let table = Table { id: "t", title: "Hosts".into(), columns, rows: rows.collect(), empty: "" };
    let panel =
        Panel { id: "p", title: "P", group: Group::Data, summary: Vec::new(), tables: vec![table], oldest: None };
    let model = ViewModel::of(Arc::new(Snapshot { panels: vec![Arc::new(panel)], ..snapshot }));
    let now = model.snapshot.now;
    let mut ui = Ui::new(Arc::new(model), now, Mode::Watch);
    if worker {
        ui.use_worker();
    }
    ui
}

fn press(ui: &mut Ui, keys: &str) -> Vec<Act> {
    let press = |c| {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        update(ui, UiEvent::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    };
    keys.chars().flat_map(press).collect()
}

fn offered(ui: &Ui) -> usize {
    let Entry::Palette(palette) = &ui.entry else { panic!("{:?}", ui.entry) };
    found(ui, palette).iter().filter(|offer| matches!(offer.pick, Pick::Row(..))).count()
}

/// Does what the worker does on request.
fn search(ui: &mut Ui) {
    let (view_model, text) = ui.searches().expect("a search is wanted");
    update(ui, UiEvent::Hits(Hits::of(&view_model, &text)));
}

#[test]
fn of_many_rows_the_first_are_offered_and_all_are_counted() {
    let mut ui = ui(FEW, false);
    press(&mut ui, ":host-1");
    assert_eq!((offered(&ui), ui.row_hits("host-1").1), (ROWS, 1111));
    press(&mut ui, "234");
    assert_eq!((offered(&ui), ui.row_hits("host-1234").1), (1, 1));
    assert_eq!(ui.row_hits("host-1"), (&[][..], 0), "those of another text are not offered");
    press(&mut ui, "\n");
    assert_eq!(ui.selected(), Some("1234"));
}

#[test]
fn on_a_large_estate_no_key_searches_the_rows() {
    let mut ui = ui(FEW + 1, true);
    press(&mut ui, ":host-12");
    assert_eq!((offered(&ui), ui.searches().map(|(_, text)| text)), (0, Some("host-12".to_owned())));
    // One that was asked for before is late.
    let late = Hits::of(ui.shown(), "host-1");
    update(&mut ui, UiEvent::Hits(late));
    assert_eq!((offered(&ui), ui.searches().is_some()), (0, true));
    search(&mut ui);
    assert_eq!((offered(&ui), ui.row_hits("host-12").1, ui.searches().is_some()), (ROWS, 111, false));
    // A newer view model has other rows: those that there are stay until it is searched.
    let newer = Arc::new(ui.view_model().rezoned(&jiff::tz::TimeZone::UTC));
    update(&mut ui, UiEvent::ViewModel(newer, crate::prepared::Prepared::default()));
    assert_eq!((offered(&ui), ui.searches().is_some()), (ROWS, true));
    search(&mut ui);
    assert!(ui.searches().is_none());
    // Enter does not wait.
    press(&mut ui, "34");
    assert!(ui.searches().is_some());
    press(&mut ui, "\n");
    assert_eq!((ui.selected(), ui.searches().is_some()), (Some("1234"), false));
}
