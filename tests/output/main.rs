//! The output of every command: nothing from others controls the terminal or imitates the program, and no state of the
//! outputs makes it crash.

mod broken;
#[cfg(not(any(feature = "mongo", feature = "kafka", feature = "aws")))]
mod lite;
mod nasty;
#[path = "../shared/patience.rs"]
mod patience;
mod secrets;
mod server;
mod stage;

use std::collections::BTreeSet;

use crate::stage::{COMMANDS, Stage};

/// The help lists the commands: all of them are tested here.
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
