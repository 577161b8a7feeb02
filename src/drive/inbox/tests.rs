//! Both sides of an inbox.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::channel,
    thread::spawn,
    time::Duration,
};

use super::*;
use engine::run::{Hand, Order};
use plan::Approver;

fn approve(run: &str, by: &str) -> Message {
    Message::Approve { run: run.into(), step: "dns-1".into(), digest: Digest::of(b"x"), by: by.into() }
}

fn key(dir: &Path, name: &str) -> (PathBuf, String) {
    let file = dir.join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&file).status();
    assert!(made.expect("ssh-keygen").success());
    let public = fs::read_to_string(file.with_extension("pub")).expect("a public key");
    (file, public.trim().to_owned())
}

#[test]
fn an_approval_counts_only_with_the_signature_of_its_person_for_this_run() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = dir.path().join("journal");
    let (own, public) = key(dir.path(), "one");
    let (other, _) = key(dir.path(), "two");
    let approvers = [Approver { name: "one".into(), key: Some(public) }, Approver { name: "three".into(), key: None }];
    let mut inbox = Inbox::new(&journal, "night", &approvers).expect("a folder");
    let at = folder(&journal);
    let mut taken = |message: &Message, key: Option<&Path>| {
        let _ = put(&at, message, key).expect("put");
        let mut orders = inbox.take();
        assert_eq!(orders.len(), 1);
        orders.pop().expect("one")
    };
    let good = taken(&approve("night", "one"), Some(&own));
    assert!(
        matches!(&good, Order::Approve { by, hand: Hand::Key(key), .. } if by == "one" && key.starts_with("SHA256:")),
        "{good:?}"
    );
    let refused = |order: Order| matches!(order, Order::Disbelieve { .. });
    assert!(refused(taken(&approve("night", "one"), Some(&other))), "another's key");
    assert!(refused(taken(&approve("night", "one"), None)), "no signature");
    assert!(refused(taken(&approve("another", "one"), Some(&own))), "another run");
    assert!(refused(taken(&approve("night", "four"), None)), "nobody");
    assert!(matches!(taken(&approve("night", "three"), None), Order::Approve { hand: Hand::Terminal, .. }));
    let hold = Message::Hold { by: "three".into(), why: "errors".into() };
    let by = Some("three (unauthenticated)".into());
    assert_eq!(taken(&hold, None), Order::Hold { by, why: "errors".into() });
    assert!(inbox.take().is_empty(), "nothing is taken twice");
}

#[test]
fn junk_stops_nobody_and_writes_nowhere() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().expect("a folder");
    let journal = dir.path().join("journal");
    fs::write(&journal, "precious").expect("written");
    let mut inbox =
        Inbox::new(&journal, "night", &[Approver { name: "one".into(), key: Some("ssh-ed25519 AAAA".into()) }])
            .expect("a folder");
    let at = folder(&journal);
    let text = serde_json::to_string(&approve("night", "one")).expect("a message");
    // What would be followed, would never end, or is none.
    symlink(&journal, at.join("a.json")).expect("a link");
    symlink("/dev/zero", at.join("b.json")).expect("a link");
    assert!(Command::new("mkfifo").arg(at.join("c.json")).status().expect("mkfifo").success());
    fs::create_dir(at.join("d.json")).expect("a folder");
    fs::write(at.join("e.json"), vec![b' '; 100_000]).expect("written");
    fs::write(at.join("f.json"), "{}").expect("written");
    // A signature by somebody who plants the file that the signers would be written to.
    fs::write(at.join("g.json"), &text).expect("written");
    symlink(&journal, at.join("g.signers")).expect("a link");
    assert!(Command::new("mkfifo").arg(at.join("g.json.sig")).status().expect("mkfifo").success());
    // Whoever opens a pipe for reading waits for its writer, and whoever reads zeros has never read them all.
    let (taken, orders) = channel();
    spawn(move || taken.send((inbox.take(), inbox)));
    let (orders, mut inbox) = orders.recv_timeout(Duration::from_secs(60)).expect("it waits for nothing");
    assert_eq!(orders.len(), 7);
    assert!(
        orders.iter().all(|o| match o {
            Order::Remark { text, .. } => text.contains("refused"),
            other => matches!(other, Order::Disbelieve { .. }),
        }),
        "{orders:?}"
    );
    assert!(inbox.take().is_empty(), "each is reported once");
    assert_eq!(fs::read_to_string(&journal).expect("read"), "precious");
}

#[test]
fn a_full_inbox_is_taken_a_few_at_a_time_and_wholly() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = dir.path().join("journal");
    let mut inbox = Inbox::new(&journal, "night", &[]).expect("a folder");
    for n in 0..50 {
        let note = serde_json::json!({ "kind": "note", "by": "three", "text": n.to_string() });
        fs::write(folder(&journal).join(format!("{n:02}.json")), note.to_string()).expect("written");
    }
    let mut turns = Vec::new();
    for _ in 0..50 {
        let orders = inbox.take();
        if orders.is_empty() {
            break;
        }
        assert_eq!(inbox.has_more(), turns.iter().sum::<usize>() + orders.len() < 50);
        turns.push(orders.len());
    }
    assert!(turns.iter().all(|n| *n <= TURN), "{turns:?}");
    assert_eq!(turns.iter().sum::<usize>(), 50, "{turns:?}");
}

#[test]
fn a_hold_comes_before_whatever_else_waits() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = dir.path().join("journal");
    let mut inbox = Inbox::new(&journal, "night", &[]).expect("a folder");
    let note = Message::Note { by: "three".into(), text: "x".into() };
    for _ in 0..3 * TURN {
        let _ = put(&folder(&journal), &note, None).expect("put");
    }
    assert!(inbox.take().iter().all(|order| matches!(order, Order::Remark { .. })));
    let _ = put(&folder(&journal), &Message::Hold { by: "three".into(), why: "errors".into() }, None).expect("put");
    let turn = inbox.take();
    assert!(matches!(turn[0], Order::Hold { .. }) && turn.len() == TURN, "{turn:?}");
    let rest: usize = std::iter::repeat_with(|| inbox.take().len()).take(10).sum();
    assert_eq!(rest, TURN + 1, "each once");
}
