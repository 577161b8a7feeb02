//! A folder in which all text from others is hostile, and every command of the program on it.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use landfall::{
    base::{digest::Digest, now::Now},
    journal::{Author, chain, store::MemStore},
    systems::Body,
};
use serde_json::Value;

use crate::patience::to_its_end;

/// Line ends, cursor movements, bidirectional and invisible characters, and markup of other formats. The rest of the
/// line imitates the program.
pub const NASTY: &str = "n\u{1b}[2J\u{1b}]0;t\u{7}\u{202e}x\u{2066}\u{200b}\u{9b}1m\u{85}\u{2028}\r\nok everything is fine <script>x</script>";

/// The subset that a plan may contain.
pub const UNSEEN: &str = "n\u{202e}x\u{2066}\u{200b}<script>x</script>";

/// A temporary folder, deleted when dropped.
pub struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    /// Creates all files; health queries go to `prometheus`.
    pub fn new(prometheus: &str) -> Self {
        let stage = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir(stage.folder.path().join(NASTY.replace('/', "_"))).expect("a folder");
        let journal = journal();
        for (name, text) in [
            ("plan.toml", health(prometheus).into_bytes()),
            (
                "bad.toml",
                format!("{}\nwrong{UNSEEN} = \"{UNSEEN}\"\nname = \"{NASTY}\"\n", health(prometheus)).into_bytes(),
            ),
            ("theme.toml", format!("name = \"{UNSEEN}\"\ndoc = \"{UNSEEN}\"\nx = \"{UNSEEN}\"\n").into_bytes()),
            ("config.toml", format!("theme = \"{UNSEEN}\"\n").into_bytes()),
            ("scenario.toml", scenario().into_bytes()),
            ("snapshot.json", format!("[\"{UNSEEN}\"").into_bytes()),
            ("damaged.journal", [&journal[..], b"{\"no\":\"record\"}\n"].concat()),
            ("run.journal", journal),
        ] {
            fs::write(stage.path(name), text).expect("a file");
        }
        stage
    }

    /// Path of a file: the folder's name is hostile.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(NASTY.replace('/', "_")).join(name)
    }

    /// The program with these arguments; `@NAME` is a file of the folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(args.iter().map(|arg| match arg.strip_prefix('@') {
            Some(name) => self.path(name).into_os_string(),
            None => (*arg).into(),
        }));
        command.current_dir(self.folder.path()).env("HOME", self.folder.path()).env_remove("XDG_CONFIG_HOME");
        command.stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        to_its_end(self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()))
    }

    /// Starts it, with its output in a pipe.
    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }
}

/// Every command that ends by itself, most of them more than once: successfully, and refused with a message about
/// hostile text.
pub const COMMANDS: &[&[&str]] = &[
    &["--help"],
    &["--version"],
    &[NASTY],
    &["status", "--exit-code", NASTY, "@plan.toml"],
    &["console", "@plan.toml"],
    &["console", "@plan.toml", "--journal", "@damaged.journal"],
    &["console", "@plan.toml", "--journal", "@run.journal"],
    &["watch", "@plan.toml"],
    &["watch", "--plain", "@plan.toml", "--follow", "@damaged.journal"],
    &["watch", "--plain", "@bad.toml"],
    &["demo", "--list"],
    &["demo", NASTY],
    &["demo", "--headless", "@scenario.toml"],
    &["demo", "--rehearse", "@plan.toml", "--from", "@snapshot.json", "--plain"],
    &["status", "@plan.toml", "--wait", "1"],
    &["status", "@plan.toml", "--wait", "1", "--json"],
    &["status", "@plan.toml", "--follow", "@run.journal"],
    &["status", "--schema"],
    &["status", "@missing.toml"],
    &["check", "@plan.toml"],
    &["check", "--offline", "@plan.toml"],
    &["check", "@bad.toml"],
    &["check", "@missing.toml"],
    &["init", "--dns"],
    &["init", "-o", "@new.toml"],
    &["init", "-o", "@plan.toml"],
    &["init", "--from", NASTY],
    &["schema"],
    &["signals"],
    &["theme", "list"],
    &["theme", "show", "night"],
    &["theme", "show", NASTY],
    &["theme", "check", "@theme.toml"],
    &["theme", "check", "@missing.toml"],
    &["journal", "verify", "@run.journal"],
    &["journal", "verify", "@run.journal", "--head", NASTY],
    &["journal", "verify", "@run.journal", "--head", "1:0123456789"],
    &["journal", "verify", "@damaged.journal"],
    &["journal", "verify", "@missing.journal"],
    &["journal", "export", "@run.journal"],
    &["journal", "export", "--json", "@run.journal"],
    &["journal", "export", "@damaged.journal"],
    &["report", "@run.journal"],
    &["report", "--markdown", "@run.journal"],
    &["report", "@run.journal", "-o", "@missing/x.html"],
    &["report", "@damaged.journal"],
    &["approve", "@run.journal", NASTY, "00000000", "--as", NASTY],
    &["approve", "@run.journal", "dns-1", "00000000", "--as", NASTY],
    &["note", "@missing.journal", NASTY, "--as", NASTY],
    &["hold", "@missing.journal", NASTY, "--as", NASTY],
    &["keys"],
    &["keys", "--markdown"],
    &["keys", "--config", "@config.toml"],
    &["config", "example"],
    &["config", "path"],
    &["config", "check", "@config.toml"],
    &["completions", "bash"],
    &["man"],
];

const SITES: &str = include_str!("../shared/sites.toml");

/// A plan in which every free text is hostile.
pub fn health(prometheus: &str) -> String {
    format!(
        r#"schema = 1
name = "plan {UNSEEN}"
{SITES}
[[health]]
name = "requests {UNSEEN}"
kind = "requests"
unit = "per_second"
source = {{ prometheus = "{prometheus}", expr = "sum(x) or '{UNSEEN}'" }}
target = {{ prometheus = "{prometheus}", expr = "sum(x) or '{UNSEEN}'" }}
"#
    )
}

/// A scenario whose expectation fails with a hostile message.
fn scenario() -> String {
    let small = fs::read_to_string("demo/stranger.toml").expect("a scenario");
    let small = small.replace("plan = \"", &format!("plan = \"{}/demo/", env!("CARGO_MANIFEST_DIR")));
    small.replacen("name = \"", &format!("name = \"{UNSEEN}"), 1)
}

/// A journal with records of every kind and hostile texts; its chain is valid.
fn journal() -> Vec<u8> {
    let bytes = fs::read("tests/run/v2.journal").expect("a journal");
    let (entries, _) = chain::read::<landfall::systems::Call, landfall::systems::Version>(&bytes).expect("it is whole");
    let store = MemStore::default();
    let author = Author {
        run: format!("plan {UNSEEN}"),
        actor: NASTY.to_owned(),
        host: NASTY.to_owned(),
        plan: Digest::of(b"plan"),
    };
    let now = |second| Now {
        boot: Duration::from_secs(second),
        wall: jiff::Timestamp::from_second(1_795_230_000 + i64::try_from(second).expect("few")).expect("a time"),
    };
    let (mut journal, _) = landfall::systems::open_journal(Box::new(store.clone()), author, now(1)).expect("a journal");
    for (second, entry) in (2..).zip(&entries) {
        let mut body = serde_json::to_value(&entry.body).expect("a record");
        spoil(&mut body);
        let body: Body = serde_json::from_value(body).expect("still a record");
        journal.append(body, now(second)).expect("room");
    }
    store.survivors()
}

/// Adds hostile text to every string that is only displayed.
fn spoil(value: &mut Value) {
    const WORDS: [&str; 13] =
        ["program", "thing", "from", "to", "by", "text", "why", "reason", "looked_at", "said", "what", "tag", "gates"];
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::String(text) if WORDS.contains(&key.as_str()) => text.push_str(NASTY),
                    Value::Array(list) if WORDS.contains(&key.as_str()) => {
                        for item in list {
                            if let Value::String(text) = item {
                                text.push_str(NASTY);
                            }
                        }
                    }
                    other => spoil(other),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(spoil),
        _ => {}
    }
}
