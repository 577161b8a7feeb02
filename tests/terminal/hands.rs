//! The program operated by keys: the palette, a filter, custom keys, another theme, a step executed and rolled back.

use std::{fs, path::Path};

use rustix::process::Signal;

use crate::term::Term;

/// The small plan, at high speed, with this configuration.
pub fn small(config: &str) -> (tempfile::TempDir, Term) {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("landfall/config.toml");
    fs::create_dir_all(home.path().join("landfall")).expect("a folder");
    fs::write(&file, config).expect("written");
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/never-healthy.toml");
    let vars = [("XDG_CONFIG_HOME", &*home.path().to_string_lossy().into_owned())];
    let term = Term::start(Path::new(env!("CARGO_BIN_EXE_landfall")), &["demo", scenario, "--speed", "8"], &vars);
    term.until_taken();
    (home, term)
}

/// The message, if there is one, and the hints below it.
pub fn last_line(term: &Term) -> String {
    let screen = term.screen();
    let lines: Vec<&str> = screen.lines().collect();
    lines[lines.len().saturating_sub(2)..].join("\n")
}

#[test]
fn the_palette_finds_and_a_filter_narrows() {
    let (_home, term) = small("");
    term.press(":");
    term.until_shown("Enter runs it");
    term.press("pg kaf");
    term.until("the page is found", |t| t.screen().contains("▸ 3") && t.screen().contains("page kafka"));
    term.press("\r");
    term.until_shown("Consumer groups");
    term.press("/");
    term.press("group:checkout");
    term.until_shown("match group:checkout");
    // The line above the tables names the group with the worst lag, whatever the filter.
    let is_row = |line: &str| line.trim_start_matches(['▸', ' ']).starts_with("billing");
    assert!(!term.screen().lines().any(is_row), "{}", term.screen());
    // Errors are shown while the filter is typed.
    term.press(" nothing:x");
    term.until("the fault", |t| last_line(t).contains("no column `nothing`"));
    term.press("\x1b");
    term.until("the filter is dropped", |t| !t.screen().contains("group:checkout"));
    // Sorting by name.
    term.press(":sort lag\r");
    term.until("it is sorted", |t| t.screen().contains("lag ↓ ") && !t.screen().contains("▸ sort"));
    // A disabled command says why and does nothing.
    term.press(":execute\r");
    term.until("why not", |t| last_line(t).contains("execute: choose a step in the Runbook first: n goes there"));
    term.press("\x1b");
    term.until("it is closed", |t| !t.screen().contains("Enter runs it"));
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn keys_are_the_operators_own_and_every_text_has_them() {
    let (_home, term) =
        small("[keys]\ntheme = [\"T\"]\nhelp = [\"F1\"]\nnext-step = [\"ctrl-n\"]\nfreeze = [\"f\", \"space\"]\n");
    // The first message disappears with the first key.
    term.until_shown("^N selects a step");
    term.press("j");
    term.until("hints", |t| last_line(t).contains("^N next step") && last_line(t).contains("F1 help"));
    term.press("t");
    term.until("no command", |t| last_line(t).contains("t is not a command: F1 lists all commands"));
    term.press("f");
    term.until_shown("f unfreezes");
    term.press("f");
    term.press("\x1bOP");
    term.until("help", |t| t.screen().contains("next-step") || t.screen().contains("type to search"));
    term.press("theme");
    term.until("its key", |t| t.screen().lines().any(|l| l.trim_start().starts_with("T ") && l.contains("theme")));
    term.press("\x1b");
    term.until("help is closed", |t| !t.screen().contains("type to search"));
    term.press("\x0e");
    term.until_shown("www-10");
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn a_faulty_configuration_stops_the_start_and_says_all_of_it() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("keys.toml");
    fs::write(&file, "[keys]\ntheme = [\"j\"]\nexecute = [\"ctrl-x\"]\n").expect("written");
    let program = Path::new(env!("CARGO_BIN_EXE_landfall"));
    let term = Term::start(program, &["demo", "--config", &file.to_string_lossy()], &[]);
    term.until_shown("2 faults; nothing has been started");
    assert!(!term.alternate());
    for part in
        ["j is `down` and `theme`", "^X for `execute`, which changes servers", "keys.toml:2:9", "keys.toml:3:11"]
    {
        assert!(term.screen().contains(part), "{part}\n{}", term.screen());
    }
    term.assert_ends(2);
}

#[test]
fn another_theme_is_another_look_of_the_same_text() {
    let (_home, term) = small("theme = \"night\"\n");
    let ground = |t: &Term| t.seen().parser.screen().cell(10, 60).map(vt100::Cell::bgcolor);
    let night = ground(&term);
    term.press(":theme day\r");
    term.until("the message", |t| last_line(t).contains("theme day"));
    term.until("another ground", |t| ground(t) != night);
    term.press(":theme mono\r");
    term.until("no colour", |t| ground(t) == Some(vt100::Color::Default));
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn a_step_is_previewed_typed_executed_and_taken_back() {
    let (_home, term) = small("");
    term.press(":step hold-source\r");
    term.until("the step", |t| t.screen().contains("─ hold-source"));
    carry_out(&term);
    term.until_shown("hold-source ● DONE");
    // Quitting asks while a step is running; here none is.
    term.press("b");
    term.until_shown("Preview: ROLLBACK of hold-source");
    carry_out(&term);
    term.until_shown("RB_DONE");
    term.press("q");
    term.assert_ends(0);
}

/// Previews, arms, types the step's id, and executes. The gate turns green after a while; before that the step cannot be
/// armed.
fn carry_out(term: &Term) {
    let armed = |t: &Term| t.screen().contains("ARMED Suspend scaling of web in the source");
    let mut asked = 0;
    term.until("armed", |t| {
        if armed(t) {
            return true;
        }
        asked += 1;
        if asked % 30 == 1 {
            if t.screen().contains("Preview: ") {
                t.press("\x1b");
                t.until("it is closed", |t| !t.screen().contains("Preview: "));
            }
            t.press("p");
            t.until_shown("Preview: ");
            t.press("a");
        }
        false
    });
    term.press("x");
    term.until_shown("type hold-source and press Enter");
    // Pasted text is not accepted as typed, and wrong text does not execute.
    term.press("\x1b[200~hold-source\x1b[201~");
    term.until_shown("type this id, do not paste it");
    term.press("hold-sourze\r");
    term.until_shown("type hold-source to continue");
    // The case and a dot at the end do not matter.
    term.press("\x7f\x7fCE.\r");
    term.until("it is closed", |t| !t.screen().contains("type hold-source and press Enter"));
}

/// A mouse event at a position counted from 1, as terminals report it: 0 is the first button, 64 wheel up, 65 wheel
/// down.
fn touch(term: &Term, button: u8, (x, y): (usize, usize)) {
    term.press(&format!("\x1b[<{button};{x};{y}M"));
}

/// Position of a text on screen.
fn place(term: &Term, text: &str) -> (usize, usize) {
    let screen = term.screen();
    let found = screen.lines().enumerate().find_map(|(y, line)| Some((line[..line.find(text)?].chars().count(), y)));
    let (x, y) = found.unwrap_or_else(|| panic!("{text} is not on the screen:\n{screen}"));
    (x + 1, y + 1)
}

fn has_mouse(term: &Term) -> bool {
    term.seen().parser.screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
}

#[test]
fn the_mouse_is_the_terminals_until_it_is_wanted_and_given_back_however_it_ends() {
    let (_home, term) = small("");
    assert!(!has_mouse(&term), "text can be selected");
    term.press("M");
    term.until("it is on", has_mouse);
    touch(&term, 0, place(&term, "Kafka"));
    term.until_shown("Consumer groups");
    touch(&term, 0, place(&term, "Runbook"));
    term.until_shown("─ Steps ");
    term.press("\x1a");
    term.until("stopped", |t| t.process_state() == Some('T') && !t.alternate());
    term.assert_given_back();
    term.signal(Signal::CONT);
    term.until_taken();
    term.until("it is on again", has_mouse);
    term.press("M");
    term.until("it is off", |t| !has_mouse(t));
    term.press("M");
    term.until("it is on", has_mouse);
    term.signal(Signal::TERM);
    term.assert_ends(143);
}

#[test]
fn a_click_on_what_asks_does_nothing() {
    let (_home, term) = small("mouse = true\n");
    term.until("it is on from the beginning", has_mouse);
    term.press(":step hold-source\r");
    term.until("the step", |t| t.screen().contains("─ hold-source"));
    term.press("p");
    term.until_shown("Preview: ");
    for text in ["refresh", "arm", "Preview: ", "Overview"] {
        touch(&term, 0, place(&term, text));
        term.until("why not", |t| last_line(t).contains("clicks do nothing here"));
        // The message stays until the next key, which does nothing else.
        term.press("\x1b[B");
        term.until("they are gone", |t| !last_line(t).contains("clicks do nothing here"));
    }
    assert!(term.screen().contains("Preview: ") && !term.screen().contains("ARMED"), "{}", term.screen());
    term.press("\x1b");
    term.until("it is closed", |t| !t.screen().contains("Preview: "));
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn without_the_focus_figures_rest_and_what_is_pasted_is_no_key() {
    let (_home, term) = small("");
    term.press("\x1b[O");
    term.until_shown("not in focus: updates paused");
    term.press("\x1b[200~q\n\x1b[201~");
    term.until("it is reported", |t| last_line(t).contains("is not read as keys"));
    term.press("\x1b[I");
    term.until("it moves again", |t| !t.screen().contains("updates paused"));
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn a_script_goes_by_what_signals_say_and_leaves_the_keys_when_it_is_over() {
    let home = tempfile::tempdir().expect("a folder");
    let scenario = home.path().join("one.toml");
    let plan = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/small.toml");
    let text = format!(
        "schema = 1\nname = \"one\"\ndoc = \"One look.\"\nplan = {plan:?}\n\n[[cue]]\nsay = \"There is one primary.\"\n\
         when = [{{ metric = \"mongo.set.primaries\", where = {{ set = \"orders\" }}, op = \"==\", value = 1 }}]\n\
         within = \"1m\"\nkeys = \"2\"\nexpect = [{{ screen = \"PRIMARY\" }}]\n"
    );
    fs::write(&scenario, text).expect("written");
    let args = ["demo", &scenario.to_string_lossy(), "--autoplay"];
    let vars = [("XDG_CONFIG_HOME", &*home.path().to_string_lossy().into_owned())];
    let term = Term::start(Path::new(env!("CARGO_BIN_EXE_landfall")), &args, &vars);
    term.until_taken();
    term.until_shown("the script has ended: you have control");
    term.until_shown("Replica sets");
    term.press("q");
    term.assert_ends(0);
}
