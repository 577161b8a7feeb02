//! No text from others has an effect: all printed or written output is checked character by character.

use std::{
    fs,
    io::{BufRead as _, BufReader},
};

use crate::{
    patience::Limit,
    server::Server,
    stage::{COMMANDS, Stage},
};

/// Characters that control a terminal or affect the text around them. Defined again here by their function,
/// independently of the program's own table.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Bidirectional controls.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Zero-width characters, and other line ends.
            | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{2028}' | '\u{2029}')
}

/// What is wrong with a printed text.
fn wrong(text: &str) -> Option<String> {
    if let Some(c) = text.chars().find(|c| acts(*c) && *c != '\n') {
        return Some(format!("U+{:04X}", u32::from(c)));
    }
    text.lines()
        .find(|line| line.trim_start().starts_with("ok everything"))
        .map(|line| format!("a line of theirs: {line}"))
}

#[test]
fn no_command_prints_what_acts_on_a_terminal() {
    let server = Server::start();
    let mut amiss = Vec::new();
    let mut printed = 0;
    for args in COMMANDS {
        let stage = Stage::new(&server.url());
        let out = stage.run(args);
        for (stream, bytes) in [("stdout", &out.stdout), ("stderr", &out.stderr)] {
            let text = String::from_utf8_lossy(bytes);
            printed += text.len();
            // Completions are programs and contain tabs.
            if let Some(why) = wrong(&text.replace('\t', " ")) {
                amiss.push(format!("{args:?} {stream}: {why}"));
            }
            let marked =
                args.contains(&"--markdown") || args.starts_with(&["journal", "export"]) && !args.contains(&"--json");
            if stream == "stdout" && marked && text.contains("<script") {
                amiss.push(format!("{args:?} {stream}: live HTML"));
            }
        }
    }
    assert!(amiss.is_empty(), "{}", amiss.join("\n"));
    assert!(printed > 100_000, "{printed} bytes: most commands printed something");
}

#[test]
fn the_page_of_a_nasty_journal_is_inert() {
    let stage = Stage::new("http://127.0.0.1:9");
    assert_eq!(stage.run(&["report", "@run.journal", "-o", "@page.html"]).status.code(), Some(0));
    let page = fs::read_to_string(stage.path("page.html")).expect("a page");
    assert_eq!(wrong(&page), None);
    assert!(!page.contains("<script") && page.contains("&lt;script"), "it is reported, and is no markup");
}

#[test]
fn plain_lines_of_a_nasty_estate_are_lines() {
    let server = Server::start();
    let stage = Stage::new(&server.url());
    // Without the clients a rehearsal shows the same names.
    let live = ["watch", "--plain", "--utc", "@plan.toml"];
    let simulated = ["demo", "--plain", "--utc", "--rehearse", "@plan.toml"];
    let mut child = stage.start(if cfg!(feature = "aws") { &live } else { &simulated });
    let _limit = Limit::on(&child);
    let lines: Vec<String> =
        BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok).take(3).collect();
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert_eq!(lines.len(), 3);
    for line in lines {
        assert_eq!(wrong(&line), None, "{line:?}");
    }
}
