//! Messages from other terminals, by the real program in separate processes: done means journaled.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use landfall::{
    base::{digest::Digest, step::Way},
    drive::inbox::Inbox,
    engine::run::Order,
    journal::{Author, FileStore, Opened, chain},
    plan::Approver,
    systems::Body,
};

use crate::{
    patience::{PATIENCE, to_its_end},
    stage::start,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_landfall");

fn landfall(args: &[&str]) -> Output {
    to_its_end(Command::new(PROGRAM).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// The exit code and all output.
fn lines_of(out: &Output) -> (Option<i32>, String) {
    (out.status.code(), format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
}

/// A console on a simulated estate, in its own process; killed with the test.
struct Console(Child);

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn console(journal: &Path) -> Console {
    let args = ["demo", "--plain", "--speed", "1", "--journal"];
    let child = Command::new(PROGRAM).args(args).arg(journal).stdout(Stdio::null()).spawn().expect("the program");
    let console = Console(child);
    let started = Instant::now();
    while fs::metadata(journal).map_or(0, |m| m.len()) == 0 {
        assert!(started.elapsed() < PATIENCE, "it never begins its journal");
        sleep(Duration::from_millis(20));
    }
    console
}

fn bodies(journal: &Path) -> Vec<Body> {
    let (entries, _) =
        chain::read::<landfall::systems::Call, landfall::systems::Version>(&fs::read(journal).expect("bytes"))
            .expect("whole");
    entries.into_iter().map(|entry| entry.body).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

fn waiting(journal: &Path) -> usize {
    let list = fs::read_dir(journal.with_file_name("journal.inbox")).map(Iterator::count).unwrap_or_default();
    // Without the two folders of accepted and refused messages.
    list.saturating_sub(2)
}

#[test]
fn what_is_handed_in_is_on_record_or_not_done() {
    let dir = tempfile::tempdir().expect("a folder");
    let (journal, link) = (dir.path().join("journal"), dir.path().join("elsewhere"));
    let console = console(&journal);
    symlink(&journal, &link).expect("a link");
    for name in [&journal, &link] {
        let out = lines_of(&landfall(&["note", text(name), "the phone rings", "--as", "ben"]));
        assert_eq!(out.0, Some(0), "{}", out.1);
        assert!(out.1.contains("journal record"), "{}", out.1);
    }
    let out = lines_of(&landfall(&["hold", text(&link), "errors", "--as", "ben"]));
    assert_eq!(out.0, Some(0), "{}", out.1);
    let all = bodies(&journal);
    let notes = all.iter().filter(|b| matches!(b, Body::Remark { text, .. } if text == "the phone rings")).count();
    assert_eq!(notes, 2, "through the link too");
    assert!(all.iter().any(|b| matches!(b, Body::Hold { on: true, why, .. } if why == "errors")));
    assert!(!dir.path().join("elsewhere.inbox").exists());

    // The console is stopped: the message is withdrawn.
    let pid = rustix::process::Pid::from_child(&console.0);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).expect("stopped");
    let out = lines_of(&landfall(&["hold", text(&journal), "more errors", "--as", "ben", "--wait", "1"]));
    assert_eq!(out.0, Some(2), "{}", out.1);
    assert!(out.1.contains("NOT DONE") && out.1.contains(&format!("process {}", console.0.id())), "{}", out.1);
    assert_eq!(waiting(&journal), 0, "nothing is left to surprise anybody");
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).expect("it goes on");

    // Killed: nobody has the journal, and that is reported at once.
    drop(console);
    let before = bodies(&journal).len();
    for command in ["hold", "note"] {
        let out = lines_of(&landfall(&[command, text(&journal), "words", "--as", "ben"]));
        assert_eq!(out.0, Some(2), "{}", out.1);
        assert!(out.1.contains("no console has"), "{}", out.1);
    }
    assert_eq!((bodies(&journal).len(), waiting(&journal)), (before, 0));
    let mode = |path: PathBuf| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode(journal.clone()), mode(journal.with_file_name("journal.inbox"))), (0o600, 0o700));
}

#[test]
fn the_lock_of_a_console_that_was_killed_is_had_at_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = dir.path().join("journal");
    let mut killed = console(&journal);
    assert!(matches!(FileStore::open(&journal), Ok(Opened::Busy(Some(holder))) if holder.pid == killed.0.id()));
    killed.0.kill().expect("killed");
    // No waiting: the next console opens the journal at once.
    assert!(matches!(FileStore::open(&journal), Ok(Opened::Ours(_))));
}

fn key(dir: &Path, name: &str) -> (PathBuf, String) {
    let file = dir.join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&file).status();
    assert!(made.expect("ssh-keygen").success());
    let public = fs::read_to_string(file.with_extension("pub")).expect("a public key");
    (file, public.trim().to_owned())
}

#[test]
fn an_approval_is_on_record_or_refused_on_record_whatever_the_name() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("journal");
    let (own, public) = key(dir.path(), "own");
    let (others, _) = key(dir.path(), "others");
    let name = "Meyer, \"Ana\" #1!";
    let approvers = [Approver { name: name.into(), key: Some(public) }];
    let Ok(Opened::Ours(store)) = FileStore::open(&path) else { panic!("nobody has it") };
    let author = Author { run: "night".into(), actor: "a".into(), host: "h".into(), plan: Digest::default() };
    let mut inbox = Inbox::new(&path, &author.run, &approvers).expect("a folder");
    let (mut journal, _) = landfall::systems::open_journal(Box::new(store), author, start()).expect("a journal");
    let digest = Digest::of(b"shown");
    let shown =
        Body::Previewed { step: "dns-1".into(), way: Way::Forward, digest, diff: Vec::new(), commands: Vec::new() };
    journal.append(shown, start()).expect("room");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // A console that accepts only messages that pass verification.
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                for order in inbox.take() {
                    let body = match order {
                        Order::Approve { step, digest, by, hand } => {
                            Body::Approved { step, digest, by, key: hand.key() }
                        }
                        Order::Disbelieve { what, why } => what.on_record("inbox".into(), &why),
                        other => panic!("{other:?}"),
                    };
                    journal.append(body, start()).expect("room");
                }
                sleep(Duration::from_millis(20));
            }
        });
        let approve = |as_name: &str, key: &[&str]| {
            let short = digest.to_string()[..8].to_owned();
            let args = ["approve", text(&path), "dns-1", &short, "--as", as_name];
            lines_of(&landfall(&args.iter().chain(key).copied().collect::<Vec<_>>()))
        };
        let signed = approve(name, &["--key", text(&own)]);
        let refused =
            [approve(name, &["--key", text(&others)]), approve(name, &[]), approve("nobody", &["--key", text(&own)])];
        over.store(true, Ordering::SeqCst);
        assert_eq!(signed.0, Some(0), "{}", signed.1);
        for (code, detail) in refused {
            assert_eq!(code, Some(1), "{detail}");
            assert!(detail.contains("REFUSED, journal record"), "{detail}");
        }
    });
    let all = bodies(&path);
    let approved = all.iter().filter(|b| matches!(b, Body::Approved { by, key: Some(_), .. } if by == name)).count();
    let refused = all.iter().filter(|b| matches!(b, Body::Remark { refused: Some(it), .. } if it.digest == digest));
    assert_eq!((approved, refused.count()), (1, 3));
}
