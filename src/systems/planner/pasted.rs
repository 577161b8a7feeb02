//! For tests: runs printed commands as a person would who pastes them: in a real shell, with a stub in place of the real program. Quotes
//! and substitutions are handled by the shell itself, not by a simulation of it.

use std::{collections::BTreeMap, io::Write as _, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

/// The stub: it hands over its arguments, and returns the answer that it gets.
const PROGRAM: &str = r#"#!/bin/sh
{ printf 'called\0'; for word; do printf '%s\0' "$word"; done; } > "$PASTED/asked"
{ read -r code; if [ "$code" = 0 ]; then cat; else cat >&2; fi; exit "$code"; } < "$PASTED/answer"
"#;

/// Runs a script in which `program` is answered by a function: it gets the arguments and returns the output, or the error message.
///
/// # Errors
/// The script's error output, if it failed.
pub fn paste(
    script: &str,
    program: &str,
    mut answer: impl FnMut(&[String]) -> Result<String, String>,
) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at(program), PROGRAM).expect("written");
    std::fs::set_permissions(at(program), std::fs::Permissions::from_mode(0o700)).expect("permitted");
    for pipe in ["asked", "answer"] {
        assert!(Command::new("mkfifo").arg(at(pipe)).status().expect("mkfifo").success());
    }
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", script]).env("PATH", path).env("PASTED", folder.path());
    std::thread::scope(|scope| {
        let asked = at("asked");
        let running = scope.spawn(move || {
            let output = shell.output().expect("a shell");
            // Ends the loop below.
            std::fs::write(asked, "").expect("written");
            output
        });
        while let Some(words) = words(&at("asked")) {
            let (code, text) = match answer(&words) {
                Ok(text) => (0, text),
                Err(text) => (254, text),
            };
            let mut pipe = std::fs::OpenOptions::new().write(true).open(at("answer")).expect("a pipe");
            write!(pipe, "{code}\n{text}\n").expect("answered");
        }
        let output = running.join().expect("no panic");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text").trim_end().to_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    })
}

fn words(pipe: &Path) -> Option<Vec<String>> {
    let bytes = String::from_utf8(std::fs::read(pipe).expect("a pipe")).expect("text");
    let mut words = bytes.split_terminator('\0').map(str::to_owned);
    words.next()?;
    Some(words.collect())
}

/// `SERVICE OPERATION --flag value …`: both names, and the values of each flag.
pub fn flags(words: &[String]) -> (Vec<&str>, BTreeMap<&str, Vec<&str>>) {
    let first = words.iter().position(|w| w.starts_with("--")).unwrap_or(words.len());
    let mut out = BTreeMap::<&str, Vec<&str>>::new();
    let mut flag = "";
    for word in &words[first..] {
        match word.strip_prefix("--") {
            Some(name) => {
                flag = name;
                assert!(out.insert(flag, Vec::new()).is_none(), "--{flag} twice");
            }
            None => out.entry(flag).or_default().push(word),
        }
    }
    (words[..first].iter().map(String::as_str).collect(), out)
}

#[test]
fn words_come_as_the_shell_makes_them() {
    let mut seen = Vec::new();
    let out = paste("X=$(aws one 'two \"three\" $HOME' \"$(aws inner)\")\naws last \"$X\"", "aws", |words| {
        seen.push(words.to_vec());
        Ok(format!("<{}>", words[0]))
    });
    assert_eq!(out.as_deref(), Ok("<last>"));
    assert_eq!(seen, [vec!["inner"], vec!["one", "two \"three\" $HOME", "<inner>"], vec!["last", "<one>"]]);
    assert_eq!(paste("aws no && aws never", "aws", |words| Err(words.join(" "))), Err("no".to_owned()));
}
