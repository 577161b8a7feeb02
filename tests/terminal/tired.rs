//! What an operator needs at three in the morning: copies, exports, the search for anything, messages that stay, prompts that refuse before
//! something is written, and why a preview is no longer valid.

use std::{fs, path::Path};

use crate::{
    hands::{last_line, small},
    term::Term,
};

/// The demo of a scenario, with a configuration of its own.
fn played(scenario: &str) -> (tempfile::TempDir, Term) {
    let home = tempfile::tempdir().expect("a folder");
    let file = format!("{}/demo/{scenario}.toml", env!("CARGO_MANIFEST_DIR"));
    let vars = [("XDG_CONFIG_HOME", &*home.path().to_string_lossy().into_owned())];
    let term = Term::start(Path::new(env!("CARGO_BIN_EXE_landfall")), &["demo", &file], &vars);
    term.until_taken();
    (home, term)
}

/// The text that was last put into the clipboard (OSC 52).
fn clipboard(term: &Term) -> Option<String> {
    const BEGINS: &[u8] = b"\x1b]52;c;";
    let bytes = term.seen().bytes.clone();
    let at = bytes.windows(BEGINS.len()).rposition(|part| part == BEGINS)? + BEGINS.len();
    let coded: Vec<u8> = bytes[at..].iter().copied().take_while(|byte| !matches!(byte, b'\x1b' | b'\x07')).collect();
    Some(String::from_utf8(base64(&coded)).expect("text"))
}

/// RFC 4648, decoded.
fn base64(coded: &[u8]) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut out, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for c in coded.iter().copied().filter(|c| *c != b'=') {
        held = (held << 6) | u32::from(value(c));
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((held >> bits) & 0xff).expect("a byte"));
        }
    }
    out
}

#[test]
fn a_row_a_value_and_a_preview_are_copied() {
    let (_home, term) = small("");
    term.press("Y");
    term.until("why not", |t| last_line(t).contains("copy: there is nothing to copy here"));
    term.press(":page kafka\r");
    term.until_shown("Consumer groups");
    term.press("/group:checkout\r");
    term.until_shown("match group:checkout");
    term.press("Y");
    term.until_shown("copy row");
    term.press("row\r");
    term.until("the row", |t| clipboard(t).is_some_and(|text| text.contains(": checkout\n")));
    term.until("it says so", |t| last_line(t).contains("to the terminal's clipboard"));
    term.press(":step hold-source\r");
    term.until("the step", |t| t.screen().contains("─ hold-source"));
    term.press("p");
    term.until_shown("Preview: ");
    term.press("Y");
    term.until_shown("copy preview");
    term.press("preview\r");
    term.until("the preview", |t| clipboard(t).is_some_and(|text| text.starts_with("hold-source ")));
    term.until_shown("Preview: hold-source");
    term.press("Ycommand 1\r");
    term.until("a command", |t| clipboard(t).is_some_and(|text| text.starts_with("aws ")));
    term.press("\x1b");
    term.until("it is closed", |t| !t.screen().contains("Preview: "));
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn a_table_is_exported_into_a_new_file() {
    let (home, term) = small("");
    term.press(":page kafka\r");
    term.until_shown("Consumer groups");
    let file = home.path().join("groups.csv");
    let name = file.display().to_string();
    term.press("E");
    term.until_shown("export the table into a new file");
    term.press(&format!("{name}.xls\r"));
    term.until_shown("must end with .csv, .json or .md");
    term.press("\x7f\x7f\x7f\x7f\r");
    term.until("it is written", |t| last_line(t).contains("exported to"));
    let text = fs::read_to_string(&file).expect("a file");
    assert!(text.lines().any(|line| line.contains("checkout")), "{text}");
    // A second time nothing is overwritten; what was written before comes back with a key.
    fs::write(&file, "mine").expect("written");
    term.press("E");
    term.until_shown("export the table into a new file");
    term.press("\x1b[A");
    term.until_shown(&name[name.len().saturating_sub(20)..]);
    term.press("\r");
    term.until("it is refused", |t| last_line(t).contains("was not exported"));
    assert_eq!(fs::read_to_string(&file).expect("a file"), "mine");
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn rows_and_words_are_found_wherever_they_are() {
    let (_home, term) = small("");
    term.press(":orders-2.ore");
    term.until_shown("Go to this row: MongoDB");
    term.press("\r");
    term.until("the row", |t| t.screen().lines().any(|line| line.starts_with('▸') && line.contains("orders-2.ore")));
    term.press(":canary gap");
    term.until_shown("word canary gap");
    term.press("\r");
    term.until_shown("The longest time in which no canary write");
    term.press("\x1b");
    term.until("it is closed", |t| last_line(t).contains("q quit"));
    term.press("q");
    term.assert_ends(0);
}

/// Longer than keys after a refusal are taken for words that were meant for a line.
const READ: std::time::Duration = std::time::Duration::from_millis(800);

#[test]
fn what_was_refused_stays_in_the_log_and_hides_no_hints() {
    let (_home, term) = small("");
    term.press("H");
    // Refused before anything is written.
    term.until("why not", |t| last_line(t).contains("release: the run is not held"));
    assert!(last_line(&term).contains("help"), "the hints stay: {}", last_line(&term));
    // Keys that follow at once were meant for the line that did not open.
    term.press("hold");
    std::thread::sleep(READ);
    assert!(last_line(&term).contains("release: the run is not held"), "{}", last_line(&term));
    term.press("j");
    term.until("it is gone", |t| !last_line(t).contains("the run is not held"));
    term.press("l");
    term.until_shown("release: the run is not held");
    term.press("\x1b");
    term.until("it is closed", |t| !t.screen().contains("Messages of this console"));
    term.press("hwaiting for the database team\r");
    term.until_shown("held by operator: waiting for the database team");
    term.press("H\r");
    term.until_shown("the line is empty");
    term.press("they are back\r");
    term.until("it is released", |t| !t.screen().contains("held by operator"));
    term.press(":page journal\r");
    term.until_shown("released by operator: they are back");
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn a_manual_step_that_is_not_ready_is_refused_before_words_are_typed() {
    let (_home, term) = played("straggler");
    term.press(":step checkout-drain\r");
    term.until("the step", |t| t.screen().contains("─ checkout-drain"));
    term.press("y");
    term.until("why not", |t| last_line(t).contains("mark done: checkout-drain is "));
    assert!(!term.screen().contains("what I checked"), "{}", term.screen());
    std::thread::sleep(READ);
    term.press("z");
    term.until("why not", |t| last_line(t).contains("nothing is previewed or armed"));
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn a_preview_that_drifts_says_what_has_changed() {
    let (_home, term) = played("stranger");
    term.press("np");
    term.until_shown("Preview: www-10");
    term.until_shown("PREVIEWED");
    term.press("a");
    term.until_shown("the preview is no longer valid:");
    term.until_shown(", in the preview it was ");
    term.press("p");
    term.until_shown("Operations, in this order:");
    term.press("\x1b");
    term.until("it is closed", |t| last_line(t).contains("q quit"));
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn a_step_that_disarms_itself_says_why() {
    let (_home, term) = small("");
    term.press(":step hold-source\r");
    term.until("the step", |t| t.screen().contains("─ hold-source"));
    term.press("p");
    term.until_shown("PREVIEWED");
    term.press("a");
    term.until_shown("ARMED Suspend scaling");
    term.until_shown("it was armed and not executed in time");
    term.press("\x1b");
    term.until("it is closed", |t| last_line(t).contains("q quit"));
    term.press("q");
    term.assert_ends(0);
}

#[test]
fn what_was_entered_before_comes_back_and_one_key_repeats_the_last() {
    let (_home, term) = small("");
    term.press(":page kafka\r");
    term.until_shown("Consumer groups");
    for filter in ["group:checkout", "lag:>1"] {
        term.press(&format!("/{filter}\r"));
        term.until_shown(&format!("match {filter}"));
        term.press("\x1b");
        term.until("the filter is dropped", |t| !t.screen().contains("match "));
    }
    // ↑ twice: the filter before the last.
    term.press("/");
    term.until_shown("earlier ones");
    term.press("\x1b[A");
    term.until_shown("match lag:>1");
    term.press("\x1b[A");
    term.until_shown("match group:checkout");
    term.press("\r1");
    term.until_shown("GO, HOLD or ROLL BACK");
    // The palette begins with what was chosen last.
    term.press(":");
    term.until_shown("↑ earlier ones");
    term.press("\x1b[A");
    term.until("the name is written", |t| last_line(t).contains(": page kafka"));
    term.press("\r");
    term.until_shown("Consumer groups");
    term.press("1");
    term.until_shown("GO, HOLD or ROLL BACK");
    term.press(";");
    term.until("it is repeated", |t| last_line(t).contains("· repeated: page kafka"));
    assert!(term.screen().contains("Consumer groups"), "{}", term.screen());
    term.press("q");
    term.assert_ends(0);
}
