//! What every command prints: nothing that others wrote acts on a terminal or speaks for the program, and nothing that becomes of the
//! output makes it fall over.

mod broken;
mod nasty;
mod secrets;
mod server;
mod stage;

use std::collections::BTreeSet;

use crate::stage::{COMMANDS, Stage};

/// The help names the commands: none is left out here.
#[test]
fn every_command_is_tried() {
    let out = Stage::new("http://127.0.0.1:9").run(&["--help"]);
    let text = String::from_utf8(out.stdout).expect("text");
    let (_, list) = text.split_once("Commands:\n").expect("commands");
    let named: BTreeSet<&str> = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    let tried: BTreeSet<&str> = COMMANDS.iter().map(|args| args[0]).collect();
    assert!(named.len() > 10 && named.is_subset(&tried), "{:?}", named.difference(&tried));
}
