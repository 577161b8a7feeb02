//! Tables: one filter for all, one that has all the room, hidden columns, and texts that are wrapped.

use landfall::console::ui::At;

use super::*;

/// Lines of the screen that contain a text.
fn lines(ui: &mut Ui, size: (u16, u16), part: &str) -> Vec<String> {
    text(&screen(ui, size, false)).lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
}

#[test]
fn a_maximised_table_has_all_the_room_until_it_is_given_back() {
    let mut ui = ui(still());
    press(&mut ui, "2F");
    shots(&mut ui, "maximised", &SIZES);
    let last = ui.table_ui("sets").map(|at| at.rows.order.len()).expect("a table");
    (0..last + 3).for_each(|_| drop(press(&mut ui, "j")));
    assert_eq!(ui.focused().map(|table| table.id), Some("sets"), "the selection stays in what is shown");
    press(&mut ui, "3");
    assert!(!ui.is_maximised(), "another page is whole");
    press(&mut ui, "2");
    assert!(!ui.is_maximised(), "and so is this one when it is shown again");
    press(&mut ui, "F/orders\n");
    assert!(ui.is_maximised() && !ui.filter().is_empty());
    press(&mut ui, "\u{1b}");
    assert!(ui.is_maximised() && ui.filter().is_empty(), "Esc takes one thing back at a time");
    press(&mut ui, "\u{1b}");
    assert!(!ui.is_maximised() && ui.at == At::Page(1));
}

#[test]
fn the_runbook_and_a_detail_give_their_tables_the_room_of_what_is_beside_them() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    press(&mut ui, "7F");
    assert!(
        !lines(&mut ui, USUAL, "Steps maximised: F restores").is_empty(),
        "{}",
        text(&screen(&mut ui, USUAL, false))
    );
    press(&mut ui, "F2");
    let acts = press(&mut ui, "\n");
    carry_out(&mut drive, &mut ui, acts);
    press(&mut ui, "F");
    shot(&mut ui, "maximised_detail", USUAL);
    press(&mut ui, "\u{1b}");
    assert!(ui.at == At::Detail && !ui.is_maximised());
}

#[test]
fn a_filter_is_for_all_tables_of_the_page_and_each_says_what_it_means_there() {
    let mut ui = ui(still());
    press(&mut ui, "2/set:orders state:primary");
    shot(&mut ui, "filter_all", USUAL);
    assert_eq!(lines(&mut ui, USUAL, "1 of 12 match set:orders state:primary, no column state").len(), 1);
    press(&mut ui, "\u{1b}");
    assert!(lines(&mut ui, USUAL, "match").is_empty());
    press(&mut ui, "3/behind:>1m");
    assert_eq!(lines(&mut ui, USUAL, "match behind:>1m").len(), 1);
    assert_eq!(lines(&mut ui, USUAL, "all 10 shown, no column behind").len(), 1);
    assert_eq!(ui.filter_error(), None);
    press(&mut ui, "x");
    assert!(ui.filter_error().is_some_and(|why| why.contains("is not a number")));
}

#[test]
fn a_hidden_column_is_counted_and_can_be_shown_again() {
    let mut ui = ui(still());
    press(&mut ui, "2C");
    assert_eq!(lines(&mut ui, USUAL, "column set").len(), 1, "it is offered, and why it stays");
    press(&mut ui, "side\n");
    assert_eq!(ui.hidden_columns(), ["side"]);
    assert_eq!(lines(&mut ui, USUAL, "1 hidden: C").len(), 1);
    press(&mut ui, ":column set\n");
    assert_eq!(ui.hidden_columns(), ["side"], "the first column names the rows");
    press(&mut ui, "\u{1b}:column all\n");
    assert!(ui.hidden_columns().is_empty());
    assert!(lines(&mut ui, USUAL, "hidden").is_empty());
}

#[test]
fn what_is_chosen_for_a_table_holds_for_the_next_console() {
    let mut first = ui(still());
    press(&mut first, "2:sort writable\nC");
    press(&mut first, "side\n");
    let changes = first.chosen.take_changes().expect("something was chosen");
    let mut choices = landfall::console::choices::Choices::default();
    changes.apply(&mut choices);
    let mut next = ui(still());
    next.chosen = landfall::console::choices::Chosen::of(choices);
    press(&mut next, "2");
    assert_eq!((next.sort(), next.hidden_columns()), (first.sort(), first.hidden_columns()));
    assert!(next.sort().is_some());
    assert!(next.chosen.take_changes().is_none(), "nothing was chosen here");
}
