//! Tests on real files: moved, replaced, cut, linked, planted, and locked by other processes.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

type Journal = super::Journal<u32, u32>;

use super::{Author, Body, FileStore, Opened, lock, writer};
use base::{digest::Digest, now::Now};

fn now() -> Now {
    Now { boot: Duration::from_secs(9), wall: jiff::Timestamp::UNIX_EPOCH }
}

fn remark(text: &str) -> Body<u32, u32> {
    Body::Remark { by: "ana".into(), text: text.into(), refused: None }
}

fn open(path: &Path) -> Journal {
    let Ok(Opened::Ours(store)) = FileStore::open(path) else { panic!("nobody has it") };
    let author = Author { run: "night".into(), actor: "ana".into(), host: "h".into(), plan: Digest::of(b"plan") };
    Journal::open(Box::new(store), author, now()).expect("a journal").0
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("journal");
    (dir, path)
}

/// The error of an open journal after a change to its file.
fn after(what: impl FnOnce(&Path)) -> String {
    let (_dir, path) = folder();
    let mut journal = open(&path);
    journal.append(remark("one"), now()).expect("room");
    what(&path);
    let seen = journal.check().expect_err("it is noticed").to_string();
    let halt = journal.append(remark("two"), now()).expect_err("nothing is put on record").to_string();
    assert_eq!(seen, halt);
    halt
}

#[test]
fn a_journal_that_is_not_where_it_belongs_is_not_written() {
    let moved = after(|path| fs::rename(path, path.with_extension("old")).expect("moved"));
    assert!(moved.contains("it was moved or removed") && moved.contains("no further request is sent"), "{moved}");
    let removed = after(|path| fs::remove_file(path).expect("removed"));
    assert!(removed.contains("it was moved or removed"), "{removed}");
    let replaced = after(|path| {
        let copy = path.with_extension("copy");
        fs::copy(path, &copy).expect("copied");
        fs::rename(copy, path).expect("replaced");
    });
    assert!(replaced.contains("it was replaced"), "{replaced}");
    let linked = after(|path| {
        let old = path.with_extension("old");
        fs::rename(path, &old).expect("moved");
        symlink(old, path).expect("a link");
    });
    assert!(linked.contains("it was replaced"), "{linked}");
    let cut = after(|path| OpenOptions::new().write(true).open(path).and_then(|f| f.set_len(10)).expect("cut"));
    assert!(cut.contains("it was truncated"), "{cut}");
    let grown = after(|path| {
        let mut file = OpenOptions::new().append(true).open(path).expect("a file");
        file.write_all(b"{}\n").expect("written");
    });
    assert!(grown.contains("another process wrote to it"), "{grown}");
}

#[test]
fn nobody_steers_beside_a_journal_that_was_moved() {
    let (_dir, path) = folder();
    let moved = path.with_extension("old");
    let journal = open(&path);
    fs::rename(&path, &moved).expect("moved");
    // Under its new name it is the same file, and under its old one the lock is still held.
    for name in [&moved, &path] {
        assert!(!matches!(FileStore::open(name), Ok(Opened::Ours(_))), "{}", name.display());
    }
    // The same if the lock's file is removed, or the journal has a second name.
    fs::rename(&moved, &path).expect("moved back");
    fs::remove_file(lock::path(&path)).expect("removed");
    let second = path.with_extension("second");
    fs::hard_link(&path, &second).expect("a second name");
    for name in [&path, &second] {
        assert!(!matches!(FileStore::open(name), Ok(Opened::Ours(_))), "{}", name.display());
    }
    drop(journal);
    assert!(matches!(FileStore::open(&path), Ok(Opened::Ours(_))));
}

#[test]
fn what_is_made_is_for_its_account_alone_and_what_is_there_is_not_writable_by_others() {
    let (_dir, path) = folder();
    let mode = |path: &Path| fs::metadata(path).expect("a file").mode() & 0o777;
    drop(open(&path));
    assert_eq!((mode(&path), mode(&lock::path(&path))), (0o600, 0o600));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("ours");
    drop(open(&path));
    assert_eq!(mode(&path), 0o644, "who may read it is its owner's to say");
}

#[test]
fn a_planted_link_is_neither_followed_nor_written_over() {
    let (dir, path) = folder();
    let precious = dir.path().join("precious");
    fs::write(&precious, "precious").expect("written");
    for planted in [path.clone(), lock::path(&path)] {
        // The file from the previous iteration.
        let _ = fs::remove_file(lock::path(&path));
        symlink(&precious, &planted).expect("a link");
        let why = FileStore::open(&path).expect_err("refused").to_string();
        assert!(why.contains(&format!("is a link to {}", precious.display())), "{why}");
        fs::remove_file(&planted).expect("ours");
        fs::hard_link(&precious, &planted).expect("a second name");
        let refused = match FileStore::open(&path) {
            Ok(Opened::Ours(store)) => Journal::open(
                Box::new(store),
                Author { run: "night".into(), actor: "ana".into(), host: "h".into(), plan: Digest::of(b"plan") },
                now(),
            )
            .is_err(),
            other => other.is_err(),
        };
        assert!(refused);
        fs::remove_file(&planted).expect("ours");
        assert_eq!(fs::read_to_string(&precious).expect("there"), "precious");
    }
}

/// Ends the process with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Another process that holds a lock of a file, as another account where this process may change to it.
fn holding(path: &Path, how: &str) -> Ended {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("not root: the other process is of this account");
    }
    let shell = format!("flock {how} 3 && echo held && exec sleep 60");
    let mut command = Command::new(if root { "setpriv" } else { "sh" });
    if root {
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "sh"]);
    }
    // Opened by the other account itself: its permissions are tested.
    let shell = format!("exec 3< \"$0\"; {shell}");
    let mut child = command.args(["-c", &shell]).arg(path).stdout(Stdio::piped()).spawn().expect("a shell");
    let mut line = String::new();
    let out = child.stdout.take().expect("its output");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("a line");
    assert_eq!(line, "held\n", "the other has it");
    Ended(child)
}

#[test]
fn a_shared_lock_of_another_account_keeps_nobody_from_steering() {
    let dir = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().expect("a folder");
    let path = dir.path().join("journal");
    drop(open(&path));
    // As an earlier program created it, readable by all.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("ours");
    let _other = holding(&path, "-s");
    let mut journal = open(&path);
    journal.append(remark("and it can be written"), now()).expect("room");
    assert!(matches!(writer(&path), Ok(Some(Some(_)))), "it is seen to be written all the same");
    assert!(matches!(FileStore::open(&path), Ok(Opened::Busy(Some(_)))), "and there is one writer");
}

#[test]
fn an_exclusive_lock_of_whoever_may_read_is_told_and_taken_for_no_console() {
    let dir = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().expect("a folder");
    let path = dir.path().join("journal");
    drop(open(&path));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("ours");
    let _other = holding(&path, "-x");
    let why = FileStore::open(&path).expect_err("it is locked").to_string();
    assert!(why.contains("fuser -v") && why.contains("chmod 600"), "{why}");
}

#[test]
fn the_lock_of_a_process_that_was_killed_is_had_at_once_and_a_holder_is_named() {
    let (_dir, path) = folder();
    drop(open(&path));
    let mut other = holding_own(&lock::path(&path));
    let Ok(Opened::Busy(Some(holder))) = FileStore::open(&path) else { panic!("the other has it") };
    let described = holder.to_string();
    assert_eq!(holder.pid, std::process::id(), "who wrote their name there last");
    assert!(
        described.contains(&format!("process {}", holder.pid))
            && described.contains(" on ")
            && described.contains(" UTC"),
        "{described}"
    );
    other.0.kill().expect("killed");
    let started = Instant::now();
    assert!(matches!(FileStore::open(&path), Ok(Opened::Ours(_))));
    println!("had after {:?}", started.elapsed());
}

/// The same with this account.
fn holding_own(path: &Path) -> Ended {
    let shell = "exec 3< \"$0\"; flock 3 && echo held && exec sleep 60";
    let mut child = Command::new("sh").args(["-c", shell]).arg(path).stdout(Stdio::piped()).spawn().expect("a shell");
    let mut line = String::new();
    let out = child.stdout.take().expect("its output");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("a line");
    assert_eq!(line, "held\n");
    Ended(child)
}

#[test]
fn whoever_leaves_says_so() {
    let (_dir, path) = folder();
    let Ok(Opened::Ours(store)) = FileStore::open(&path) else { panic!("nobody has it") };
    let notice = store.notice();
    notice.leaves_within(Duration::from_secs(60));
    let Ok(Opened::Busy(Some(holder))) = FileStore::open(&path) else { panic!("it is held") };
    assert!(holder.leaves.is_some() && holder.to_string().contains("it is closing"), "{holder}");
    drop(store);
    let Ok(Opened::Ours(_)) = FileStore::open(&path) else { panic!("the notice does not keep it") };
    notice.leaves_within(Duration::from_secs(60));
    assert!(matches!(writer(&path), Ok(None)));
}

#[test]
fn a_holder_cannot_move_the_cursor() {
    let (_dir, path) = folder();
    drop(open(&path));
    let holder = r#"{"pid":1,"user":"a\u001b[2J","host":"h\n","from":"\u0007x","since":"2026-01-01T00:00:00Z"}"#;
    fs::write(lock::path(&path), holder).expect("written");
    let _other = holding_own(&lock::path(&path));
    let Ok(Opened::Busy(Some(holder))) = FileStore::open(&path) else { panic!("the other has it") };
    assert!(!holder.to_string().contains(char::is_control), "{holder}");
}
