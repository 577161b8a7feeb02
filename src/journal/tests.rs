use std::time::Duration;

type Body = super::Body<u32, u32>;
type Journal = super::Journal<u32, u32>;

use super::{
    Author, Damage, FileStore, Flaw, Halt, Opened, Refused, Unwritten,
    chain::{self, Unread},
    store::MemStore,
};
use base::{digest::Digest, now::Now};

fn now(s: u64) -> Now {
    let wall = jiff::Timestamp::from_second(1_795_000_000 + i64::try_from(s).expect("small")).expect("a time");
    Now { boot: Duration::from_secs(s), wall }
}

fn author() -> Author {
    Author { run: "night".into(), actor: "ana".into(), host: "war-room".into(), plan: Digest::of(b"plan") }
}

fn remark(text: &str) -> Body {
    Body::Remark { by: "ana".into(), text: text.into(), refused: None }
}

/// A journal of some records, in memory.
fn written(n: u64) -> MemStore {
    let store = MemStore::default();
    let (mut journal, opened) = Journal::open(Box::new(store.clone()), author(), now(0)).expect("a journal");
    assert_eq!(opened.iter().map(|e| e.seq).collect::<Vec<_>>(), [1]);
    for i in 1..n {
        journal.append(remark(&format!("record {i}, with \"quotes\", a line\nend and ünïcode")), now(i)).expect("room");
    }
    store
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

/// Opened again after a change; the line and the reason if it is refused.
fn refused(bytes: Vec<u8>) -> (usize, Flaw) {
    match Journal::open(Box::new(MemStore::with(bytes)), author(), now(99)) {
        Err(Refused::Damaged(damage)) => (damage.line, damage.flaw),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("taken up"),
    }
}

#[test]
fn what_was_written_is_read_back_and_goes_on() {
    let store = written(5);
    let (mut journal, entries) = Journal::open(Box::new(store.clone()), author(), now(50)).expect("whole");
    assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    journal.append(remark("on"), now(51)).expect("room");
    let (entries, torn) = chain::read::<u32, u32>(&store.survivors()).expect("whole");
    assert_eq!((entries.len(), torn), (7, 0));
    assert_eq!(entries[5].body, Body::Resumed { cut: 0, plan_changed: false });
    assert_eq!(entries[6].head(), journal.head());
}

#[test]
fn a_last_line_torn_at_any_byte_is_cut_off_and_the_cut_is_on_record() {
    let whole = written(4).survivors();
    let last = lines(&whole).pop().expect("a line").len();
    for kept in 0..last {
        let store = MemStore::with(whole[..whole.len() - last + kept].to_vec());
        let (_, entries) = Journal::open(Box::new(store.clone()), author(), now(50)).expect("whole but for its end");
        assert_eq!(entries.len(), 4, "torn after {kept} bytes: three, and that it was taken up");
        let (after, torn) = chain::read::<u32, u32>(&store.survivors()).expect("mended");
        assert_eq!(torn, 0);
        let body = Body::Resumed { cut: kept as u64, plan_changed: false };
        assert_eq!(after.last().map(|e| &e.body), Some(&body), "torn after {kept} bytes");
    }
}

#[test]
fn a_changed_cut_or_reordered_journal_is_refused_with_its_line() {
    let whole = written(6).survivors();
    let all = lines(&whole);
    let joined = |lines: &[Vec<u8>]| lines.concat();

    // Any byte of any line except its end is changed.
    let mut tried = 0;
    for (i, line) in all.iter().enumerate() {
        for at in (0..line.len() - 1).step_by(7) {
            let mut changed = all.clone();
            changed[i][at] ^= 1;
            let (found, _) = refused(joined(&changed));
            // A line end in the middle makes two lines of one; the first of them is the damaged one.
            assert!(found == i + 1, "byte {at} of line {}: reported as line {found}", i + 1);
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
    println!("{tried} single-byte changes, each refused with its line");

    let mut cut = all.clone();
    cut.remove(2);
    assert!(matches!(refused(joined(&cut)), (3, Flaw::Order { is: 4, belongs: 3 })));
    let mut swapped = all.clone();
    swapped.swap(2, 3);
    assert!(matches!(refused(joined(&swapped)), (3, Flaw::Order { is: 4, belongs: 3 })));
    let mut twice = all.clone();
    twice.insert(3, all[2].clone());
    assert!(matches!(refused(joined(&twice)), (4, Flaw::Order { is: 3, belongs: 4 })));
    // The first lines are missing: it begins with a record that is not the first.
    assert!(matches!(refused(joined(&all[2..])), (1, Flaw::Order { is: 3, belongs: 1 })));
    // Lines of another journal with their own valid hashes.
    let other = {
        let store = MemStore::default();
        let (mut journal, _) = Journal::open(Box::new(store.clone()), author(), now(7)).expect("a journal");
        for i in 1..6 {
            journal.append(remark(&format!("another {i}")), now(i)).expect("room");
        }
        lines(&store.survivors())
    };
    let mut mixed = all.clone();
    mixed[4] = other[4].clone();
    assert!(matches!(refused(joined(&mixed)), (5, Flaw::Unchained)));
}

#[test]
fn a_journal_of_another_run_is_refused_and_left_as_it_is() {
    let mut whole = written(3).survivors();
    whole.extend_from_slice(b"{\"v\":2,\"seq\":4");
    let store = MemStore::with(whole.clone());
    let other = Author { run: "demo".into(), ..author() };
    let refused = Journal::open(Box::new(store.clone()), other, now(50)).expect_err("another's");
    assert!(matches!(&refused, Refused::Other { theirs, .. } if theirs == "night"), "{refused}");
    assert!(store.survivors() == whole, "not even its torn end is cut");
}

#[test]
fn a_journal_of_a_newer_version_is_refused_and_left_as_it_is() {
    let whole = written(3).survivors();
    let mut all = lines(&whole);
    let (ours, next) = (super::body::VERSION, super::body::VERSION + 1);
    let text = String::from_utf8(all[1].clone()).expect("text");
    let newer = text.replacen(&format!("{{\"v\":{ours}"), &format!("{{\"v\":{next}"), 1);
    assert_ne!(newer, text);
    all[1] = newer.into_bytes();
    let bytes = all.concat();
    let store = MemStore::with(bytes.clone());
    let error = Journal::open(Box::new(store.clone()), author(), now(50)).expect_err("newer");
    assert!(
        matches!(&error, Refused::Damaged(Damage { line: 2, flaw: Flaw::Newer(version) }) if *version == next),
        "{error}"
    );
    assert_eq!(store.survivors(), bytes);
}

#[test]
fn a_full_disk_or_a_failed_sync_halts_and_is_not_tried_again() {
    for full in [true, false] {
        let store = MemStore::default();
        let (mut journal, _) = Journal::open(Box::new(store.clone()), author(), now(0)).expect("a journal");
        store.mem(|mem| if full { mem.room = Some(1) } else { mem.syncs = Some(1) });
        journal.append(remark("the last"), now(1)).expect("room for one");
        let halt = journal.append(remark("too many"), now(2)).expect_err("no room");
        store.mem(|mem| (mem.room, mem.syncs) = (None, None));
        assert!(matches!(halt, Halt(Unwritten::Io(_))), "{halt}");
        let again = journal.append(remark("again"), now(3)).expect_err("although there is room now");
        assert_eq!(again.to_string(), halt.to_string());
        assert_eq!(journal.halted().map(ToString::to_string), Some(halt.to_string()));
        let (entries, _) = chain::read::<u32, u32>(&store.survivors()).expect("whole");
        assert_eq!(entries.len(), 2);
    }
}

#[test]
fn a_file_has_one_writer_and_can_be_followed() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("journal");
    let Ok(Opened::Ours(store)) = FileStore::open(&path) else { panic!("nobody has it") };
    let (mut journal, _) = Journal::open(Box::new(store), author(), now(0)).expect("a journal");
    assert!(matches!(FileStore::open(&path), Ok(Opened::Busy(_))));
    let mut follower = super::follow::Follower::new(&path);
    assert_eq!(follower.news::<u32, u32>().expect("whole").len(), 1);
    journal.append(remark("news"), now(1)).expect("room");
    assert_eq!(follower.news::<u32, u32>().expect("whole").last().map(|e| e.body.clone()), Some(remark("news")));
    assert_eq!(follower.head(), journal.head());
    assert!(follower.news::<u32, u32>().expect("whole").is_empty());
    // An incomplete line is left for the next call.
    let before = std::fs::read(&path).expect("bytes");
    std::fs::write(&path, [before.as_slice(), b"{\"v\":1"].concat()).expect("a file");
    assert!(follower.news::<u32, u32>().expect("whole").is_empty());
    // Another process cuts lines that had been read.
    std::fs::write(&path, &before[..10]).expect("a file");
    assert!(follower.news::<u32, u32>().is_err());
    drop(journal);
    assert!(matches!(FileStore::open(&path), Ok(Opened::Ours(_))));
}

#[test]
fn the_timeline_is_a_table_whatever_the_words() {
    let store = MemStore::default();
    let (mut journal, _) = Journal::open(Box::new(store.clone()), author(), now(0)).expect("a journal");
    journal.append(remark("a | b\nc"), now(1)).expect("room");
    let (entries, _) = chain::read::<u32, u32>(&store.survivors()).expect("whole");
    let text = super::export::markdown(&entries);
    assert!(text.contains("| 2 |") && text.contains("ana: a \\| b c |"), "{text}");
    let whole = super::export::Whole::default();
    let mut out = super::export::Out::new(&whole, true);
    let pieces: Vec<String> = std::iter::once(out.begin()).chain(entries.iter().map(|e| out.record(e))).collect();
    let json: serde_json::Value = serde_json::from_str(&(pieces.concat() + &out.end())).expect("one document");
    assert_eq!(
        (json.as_array().map(Vec::len), json[1]["hash"].as_str()),
        (Some(2), Some(&*entries[1].hash.to_string()))
    );
    assert_eq!(super::export::Out::new(&whole, true).begin() + &super::export::Out::new(&whole, true).end(), "[]\n");
}

#[test]
fn what_is_no_torn_record_is_never_cut() {
    let whole = written(3).survivors();
    let next = lines(&written(4).survivors()).pop().expect("a line");
    // After valid records, and in a file of its own: text, another program's JSON, a record from another place.
    for (before, end) in [
        (&[][..], "notes of the night, without a line end"),
        (&[], "{\"v\":2,\"seq\":2"),
        (&[], "{\"version\":2}"),
        (&[], "\0\0\0\0"),
        (&whole, "and then somebody wrote this"),
        (&whole, "{\"v\":2,\"seq\":3,"),
        (&whole, "{\"v\":,"),
        (&whole, "{\"v\":2,\"seq\":4,\"prev\":\"00"),
    ] {
        let bytes = [before, end.as_bytes()].concat();
        let store = MemStore::with(bytes.clone());
        let refused = Journal::open(Box::new(store.clone()), author(), now(50)).expect_err("not ours");
        assert!(matches!(&refused, Refused::Damaged(Damage { flaw: Flaw::Incomplete, .. })), "{end:?}: {refused}");
        assert!(store.survivors() == bytes, "{end:?}: left as it is");
    }
    // Zeros where bytes did not reach the disk belong to a torn line.
    for kept in [0, 1, 30, next.len() - 1] {
        let bytes = [&whole, &next[..kept], &[0; 9]].concat();
        let store = MemStore::with(bytes);
        let (_, entries) = Journal::open(Box::new(store), author(), now(50)).expect("torn");
        assert_eq!(
            entries.last().map(|e| e.body.clone()),
            Some(Body::Resumed { cut: kept as u64 + 9, plan_changed: false })
        );
    }
}

#[test]
fn no_record_is_longer_than_one_that_is_read() {
    let store = MemStore::default();
    let (mut journal, _) = Journal::open(Box::new(store.clone()), author(), now(0)).expect("a journal");
    journal.append(remark(&"x".repeat(chain::LONGEST - 1000)), now(1)).expect("as long as it may be");
    let before = store.survivors();
    let halt = journal.append(remark(&"x".repeat(chain::LONGEST)), now(2)).expect_err("too long");
    assert!(matches!(halt, Halt(Unwritten::TooLong { seq: 3, .. })), "{halt}");
    assert!(store.survivors() == before, "nothing of it was written");
    assert_eq!(chain::read::<u32, u32>(&before).expect("whole").0.len(), 2);
    // Of an endless line no more is read than that.
    let mut endless = chain::Reader::new(std::io::BufReader::new(std::io::repeat(b'{')));
    let why = endless.record::<u32, u32>().expect_err("no record");
    assert!(matches!(why, Unread::Damaged(Damage { line: 1, flaw: Flaw::TooLong })), "{why}");
}
