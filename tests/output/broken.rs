//! Standard output and standard error that are closed, full, or not read.

use std::{
    fs::OpenOptions,
    io,
    os::fd::OwnedFd,
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use crate::{
    patience::to_its_end,
    stage::{COMMANDS, Stage},
};

/// The state of an output.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Full,
    Gone,
}

impl End {
    fn stdio(self) -> Stdio {
        match self {
            Self::Full => OpenOptions::new().write(true).open("/dev/full").expect("/dev/full").into(),
            Self::Gone => {
                let (reader, writer) = io::pipe().expect("a pipe");
                drop(reader);
                OwnedFd::from(writer).into()
            }
        }
    }
}

/// The same command, started by a shell that closes both outputs.
fn closed(command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "exec \"$0\" \"$@\" >&- 2>&-"]).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.stdin(Stdio::null()).arg0("/bin/sh");
    shell
}

#[test]
fn whatever_becomes_of_the_output_no_command_falls_over_and_the_exit_code_is_right() {
    let mut amiss = Vec::new();
    for args in COMMANDS {
        let usual = Stage::new("http://127.0.0.1:9").run(args);
        let (code, says) = (usual.status.code(), !usual.stdout.is_empty());
        // What was done is done, whether it can be printed or not.
        let does = args.contains(&"-o") || (args[0] == "report" && !args.contains(&"--markdown"));
        let mut wants = |what: &str, got: Option<i32>, wanted: Option<i32>| {
            if got != wanted {
                amiss.push(format!("{args:?} {what}: exit code {got:?} instead of {wanted:?}"));
            }
        };
        for end in [End::Full, End::Gone] {
            let stage = Stage::new("http://127.0.0.1:9");
            let out = to_its_end(stage.command(args).stdout(end.stdio()).stderr(end.stdio()));
            let wanted = if says && !does && end == End::Full { Some(2) } else { code };
            wants(&format!("{end:?}, and standard error too"), out.status.code(), wanted);
        }
        let stage = Stage::new("http://127.0.0.1:9");
        let out = to_its_end(&mut closed(&stage.command(args)));
        wants("closed, and standard error too", out.status.code(), code);
        let stage = Stage::new("http://127.0.0.1:9");
        let out = to_its_end(stage.command(args).stdout(End::Full.stdio()).stderr(Stdio::piped()));
        let words = String::from_utf8_lossy(&out.stderr);
        wants("full", out.status.code(), if says && !does { Some(2) } else { code });
        if says && !words.contains("cannot write to standard output") {
            amiss.push(format!("{args:?} full: it is not reported: {words}"));
        }
    }
    assert!(amiss.is_empty(), "{}", amiss.join("\n"));
}
