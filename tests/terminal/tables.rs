//! Tables by keys: one filter for all, one that has all the room, and what is remembered between two starts.

use std::{fs, path::Path};

use crate::{
    hands::{last_line, small},
    term::Term,
};

/// The small plan, with these settings and what was chosen earlier in this folder.
fn again(home: &Path, args: &[&str]) -> Term {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/never-healthy.toml");
    let home = home.to_string_lossy();
    let vars = ["XDG_CONFIG_HOME", "XDG_STATE_HOME"].map(|name| (name, &*home));
    let args = [&["demo", scenario], args].concat();
    let term = Term::start(Path::new(env!("CARGO_BIN_EXE_landfall")), &args, &vars);
    term.until_taken();
    term
}

/// Lines of the screen that contain a text.
fn lines(term: &Term, text: &str) -> usize {
    term.screen().lines().filter(|line| line.contains(text)).count()
}

#[test]
fn a_table_takes_the_room_of_the_page_and_gives_it_back() {
    let (_home, term) = small("");
    term.press(":page mongo\r");
    term.until("both tables", |t| lines(t, "─ Replica sets ") == 1 && lines(t, "─ Members ") == 1);
    for back in ["F", "\x1b"] {
        term.press("F");
        term.until("one", |t| lines(t, "Replica sets maximised: F restores") == 1 && lines(t, "─ Members ") == 0);
        term.until("the hint", |t| last_line(t).contains("F restore"));
        term.press("\x1b[C");
        term.until("the other", |t| lines(t, "Members maximised: F restores") == 1 && lines(t, "─ Replica sets ") == 0);
        term.press("\x1b[D");
        term.press(back);
        term.until("both", |t| lines(t, "─ Replica sets ") == 1 && lines(t, "─ Members ") == 1);
    }
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn one_filter_is_for_all_tables_of_the_page() {
    let (_home, term) = small("");
    term.press(":page mongo\r");
    term.until_shown("─ Members ");
    term.press("/set:orders state:primary");
    // Replica sets have no column of that name.
    term.until("both say how many", |t| {
        lines(t, "1 of ") == 2 && lines(t, "match set:orders state:primary") == 2 && lines(t, "no column state") == 1
    });
    term.press("\r");
    term.press("\x1b");
    term.until("it is gone from both", |t| lines(t, "match ") == 0);
    term.press(":page kafka\r");
    term.until_shown("Consumer groups");
    term.press("/behind:>=0s");
    term.until("a heading of two columns", |t| lines(t, "match behind:>=0s") == 1 && !last_line(t).contains("several"));
    term.press("\x1b");
    term.until("no filter", |t| lines(t, "match ") == 0);
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn what_was_chosen_on_screen_is_there_again_at_the_next_start() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("landfall/console.toml");
    let term = again(home.path(), &[]);
    term.press(":page kafka\r");
    term.until_shown("Consumer groups");
    term.press(":sort group\r");
    term.until_shown("by group ↑");
    term.press(":theme mono\r");
    term.until("the theme", |t| last_line(t).contains("theme mono"));
    term.press(":column age\r");
    term.until_shown("1 hidden: C");
    term.until("it is written", |_| fs::read_to_string(&file).is_ok_and(|text| text.contains("hidden = [\"age\"]")));
    // What is chosen in the last moment is written at the end.
    term.press("w");
    term.press("q");
    term.assert_ends(0);
    let text = fs::read_to_string(&file).expect("written");
    for part in ["schema = 1", "theme = \"mono\"", "wide = true", "sort = \"group\""] {
        assert!(text.contains(part), "{part}:\n{text}");
    }

    let is_theme = |term: &Term, name: &str| {
        term.press(&format!(":theme {name}\r"));
        term.until("the theme", |t| last_line(t).contains(&format!("theme {name}: this is the theme")));
        term.press("\x1b");
        term.until("the palette is closed", |t| !t.screen().contains("Enter runs it"));
    };
    let term = again(home.path(), &[]);
    is_theme(&term, "mono");
    term.press(":page kafka\r");
    term.until("the order and the columns", |t| lines(t, "by group ↑") == 1 && lines(t, "1 hidden: C") == 1);
    term.press(":sort own\r");
    term.until("its own order", |t| lines(t, "by group") == 0);
    term.press("q");
    term.assert_ends(0);
    assert!(!fs::read_to_string(&file).expect("written").contains("sort ="));

    let term = again(home.path(), &["--theme", "day"]);
    is_theme(&term, "day");
    term.press("q");
    term.assert_ends(0);

    // What is not understood is no reason not to start.
    fs::write(&file, "theme = [").expect("written");
    let term = again(home.path(), &[]);
    term.until("its name", |t| {
        last_line(t).contains("console.toml: ignored") || t.screen().contains("console.toml: ignored")
    });
    is_theme(&term, "night");
    term.press("q");
    term.assert_ends(0);
    assert_eq!(fs::read_to_string(&file).expect("there"), "theme = [", "nothing was chosen");
}
