//! Every page, help, filters, wide columns, the head of each mode.

use landfall::console::Mode;

use super::*;

#[test]
fn every_page_at_every_size() {
    let mut ui = ui(still());
    let names: Vec<String> = std::iter::once("overview")
        .chain(ui.view_model().pages.iter().map(|p| p.panel.id))
        .map(str::to_owned)
        .collect();
    assert_eq!(names.len(), 9);
    for (i, name) in names.iter().enumerate() {
        press(&mut ui, &(i + 1).to_string());
        for size in SIZES {
            let shown = text(&shot(&mut ui, name, size));
            let tabs = format!("{} ", shown.lines().nth(2).expect("a line of pages"));
            assert!(!tabs.contains('…'), "a name is cut: {tabs}");
            assert!((1..=9).all(|n| tabs.contains(&format!(" {n} "))), "{tabs}");
        }
    }
}

#[test]
fn help_filter_and_wide_columns() {
    let mut ui = ui(still());
    press(&mut ui, "2?");
    shots(&mut ui, "help", &SIZES);
    press(&mut ui, "roll");
    shot(&mut ui, "help_search", SMALL);
    press(&mut ui, "\u{1b}9/state:live !kafka");
    shots(&mut ui, "filter", &SIZES);
    press(&mut ui, " lg:>1");
    shot(&mut ui, "filter_faulty", SMALL);
    press(&mut ui, "\u{1b}2w>>");
    shots(&mut ui, "wide", &SIZES);
    press(&mut ui, "ws");
    shot(&mut ui, "sorted", USUAL);
}

#[test]
fn the_head_says_what_may_be_done_here() {
    let mut watch = ui_of(still(), Mode::Watch);
    shots(&mut watch, "watch", &SIZES);
    press(&mut watch, "7p");
    shot(&mut watch, "watch_refuses", SMALL);
    let mut console = ui_of(still(), Mode::Console);
    shot(&mut console, "console", SMALL);
}

#[test]
fn the_ascii_twin_has_the_same_shape_and_nothing_else() {
    let mut ui = ui(still());
    for page in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        press(&mut ui, page);
        for size in SIZES {
            let frame = screen(&mut ui, size, true);
            assert!(frame.content.iter().all(|c| c.symbol().is_ascii()), "page {page}");
        }
    }
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("sources_ascii_80x24", text(&screen(&mut ui, SMALL, true)));
    });
}
