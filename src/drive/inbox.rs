//! A folder beside the journal into which other terminals put approvals, words and a hold. The writer takes them out, checks who signed
//! them, and journals them: there is one writer, and yet more than one pair of hands.
//!
//! A message is a file of JSON, `NAME.json`; an approval's signature beside it, `NAME.json.sig`, as `ssh-keygen -Y sign` makes it. Files are
//! put there by renaming, so that nobody reads half of one. What was taken is moved to `taken/`, what was refused to `refused/`. The folder
//! is of the account that writes the journal, and nobody else can write it: whoever can signs approvals, but says anything else unasked.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use super::signed;
use base::digest::Digest;
use engine::run::{Hand, Order};
use journal::Unapproved;
use plan::Approver;
use systems::Body;

/// Messages that were taken.
const TAKEN: &str = "taken";
/// Messages that were not believed.
const REFUSED: &str = "refused";

/// What another terminal has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// Somebody approves a preview.
    Approve {
        /// The run, so that an approval cannot be carried to another.
        run: String,
        /// The step.
        step: String,
        /// What they saw.
        digest: Digest,
        /// Who.
        by: String,
    },
    /// Words for the record.
    Note {
        /// Whose.
        by: String,
        /// The words.
        text: String,
    },
    /// Begin nothing new.
    Hold {
        /// Who says so.
        by: String,
        /// Why.
        why: String,
    },
}

/// Anybody who can write here can write any name.
fn unasked(by: &str) -> String {
    format!("{by} (unauthenticated)")
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is on record.
    Taken,
    /// It is on record that it does not count, and why.
    Refused(String),
}

impl Message {
    /// Whether a record is the answer to this message, and which.
    #[must_use]
    pub fn answer(&self, body: &Body) -> Option<Answer> {
        let taken = match (self, body) {
            (Self::Note { by, text }, Body::Remark { by: who, text: words, refused: None }) => {
                *who == unasked(by) && words == text
            }
            (Self::Hold { by, why }, Body::Hold { on: true, by: who, why: words }) => {
                *who == unasked(by) && words == why
            }
            (Self::Approve { step, digest, by, .. }, Body::Approved { step: of, digest: what, by: who, .. }) => {
                (step, digest, by) == (of, what, who)
            }
            (Self::Approve { step, digest, by, .. }, Body::Remark { text, refused: Some(it), .. })
                if (step, digest, by) == (&it.step, &it.digest, &it.by) =>
            {
                return Some(Answer::Refused(text.clone()));
            }
            _ => false,
        };
        taken.then_some(Answer::Taken)
    }
}

/// The folder of a journal.
#[must_use]
pub fn folder(journal: &Path) -> PathBuf {
    let mut name = journal.file_name().unwrap_or_default().to_owned();
    name.push(".inbox");
    journal.with_file_name(name)
}

/// A message that was handed in.
#[derive(Debug)]
pub struct Handed(PathBuf);

impl Handed {
    /// Takes it out again; false if it was taken before that.
    #[must_use]
    pub fn withdraw(self) -> bool {
        let was_there = fs::remove_file(&self.0).is_ok();
        // One without a signature has none to remove.
        let _ = fs::remove_file(self.0.with_extension("json.sig"));
        was_there
    }
}

/// Puts a message there, signed with this key where there is one.
///
/// # Errors
/// If the folder cannot be written or is not ours, or the key cannot sign.
pub fn put(folder: &Path, message: &Message, key: Option<&Path>) -> Result<Handed, String> {
    let described = |e: io::Error| format!("the inbox {}: {e}", folder.display());
    make(folder).map_err(described)?;
    let text = serde_json::to_string(message).map_err(|e| e.to_string())?;
    let signature = key.map(|key| signed::sign(text.as_bytes(), key)).transpose()?;
    // In the order in which they came; two that say the same are two.
    let micros = jiff::Timestamp::now().as_microsecond();
    let first = if matches!(message, Message::Hold { .. }) { HOLD } else { "" };
    let name = format!("{first}{micros:020}-{}-{}.json", std::process::id(), Digest::of(text.as_bytes()).short());
    let place = |bytes: &[u8], name: &str| {
        let mut file = tempfile::Builder::new().prefix(".").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.persist_noclobber(folder.join(name)).map_err(|e| e.error)
    };
    // The signature first: whoever sees the message finds it.
    if let Some(signature) = signature {
        place(&signature, &format!("{name}.sig")).map_err(described)?;
    }
    place(text.as_bytes(), &name).map_err(described)?;
    Ok(Handed(folder.join(name)))
}

/// Makes a folder that nobody else can write. One that is there must be ours, and no link.
fn make(folder: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(folder, flags, Mode::empty());
    let opened =
        opened.map_err(|e| io::Error::new(io::Error::from(e).kind(), "it is not a folder, or it is a link"))?;
    let about = rustix::fs::fstat(&opened)?;
    if about.st_uid != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other(format!("it belongs to uid {}: run this command as that user", about.st_uid)));
    }
    if about.st_mode & 0o022 != 0 {
        rustix::fs::fchmod(&opened, Mode::from_raw_mode(about.st_mode & 0o7755))?;
    }
    Ok(())
}

/// The writer's side.
#[derive(Debug)]
pub struct Inbox {
    folder: PathBuf,
    run: String,
    approvers: Vec<Approver>,
    /// Names of messages that were seen and have not had their turn, the next one last.
    waiting: Vec<OsString>,
}

/// So many messages have their turn at once. Each is read, perhaps verified, and put on record before the operator's next key is taken.
pub const A_TURN: usize = 8;
/// So many messages are noted when the folder is read, out of so many names: whoever fills it does not make that take longer and longer.
const NAMES: usize = 4096;
const SCAN: usize = 1 << 16;
/// What the name of a hold begins with: it comes before whatever else waits.
const HOLD: &str = "+hold-";

/// No message is longer, and no signature.
const LONGEST: u64 = 64 * 1024;

impl Inbox {
    /// Of this journal, for this run. The folder is the writer's own, so that what was taken can be put aside.
    ///
    /// # Errors
    /// If there is something else than a folder of this account.
    pub fn new(journal: &Path, run: &str, approvers: &[Approver]) -> Result<Self, String> {
        let folder = folder(journal);
        for folder in [&folder, &folder.join(TAKEN), &folder.join(REFUSED)] {
            make(folder).map_err(|e| format!("the inbox {}: {e}", folder.display()))?;
        }
        Ok(Self { folder, run: run.to_owned(), approvers: approvers.to_vec(), waiting: Vec::new() })
    }

    /// Whether messages are known to wait.
    #[must_use]
    pub const fn has_more(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes out what is there, as orders, [`A_TURN`] of them at the most; what cannot be believed is put aside and told as words for the
    /// record. The folder is read again once all that was seen has had its turn; for holds, before each turn.
    #[must_use]
    pub fn take(&mut self) -> Vec<Order> {
        if self.waiting.is_empty() {
            self.waiting = self.names("");
        } else {
            let holds = self.names(HOLD);
            self.waiting.retain(|name| !holds.contains(name));
            self.waiting.extend(holds);
        }
        let turn = self.waiting.split_off(self.waiting.len().saturating_sub(A_TURN));
        turn.iter().rev().filter_map(|name| self.take_one(name)).collect()
    }

    /// Messages whose names begin so, the next one last.
    fn names(&self, begin: &str) -> Vec<OsString> {
        let Ok(list) = fs::read_dir(&self.folder) else { return Vec::new() };
        let is_message = |n: &OsString| {
            let bytes = n.as_encoded_bytes();
            bytes.ends_with(b".json") && !bytes.starts_with(b".") && bytes.starts_with(begin.as_bytes())
        };
        let names = list.take(SCAN).filter_map(|e| Some(e.ok()?.file_name()));
        let mut names: Vec<OsString> = names.filter(is_message).take(NAMES).collect();
        names.sort_by(|a, b| b.cmp(a));
        names
    }

    fn take_one(&self, name: &OsStr) -> Option<Order> {
        // Put aside first: what cannot be is left alone, or it would be taken again and again.
        let file = self.put_aside(name, &self.folder, TAKEN)?;
        Some(self.read(&file).unwrap_or_else(|refused| {
            self.put_aside(name, &self.folder.join(TAKEN), REFUSED);
            refused
        }))
    }

    /// What a message wants; else what is to be put on record of it instead.
    fn read(&self, file: &Path) -> Result<Order, Order> {
        let parsed = |text: &[u8]| serde_json::from_slice(text).map_err(|e| format!("it is not a message: {e}"));
        let (text, message) = match read_small(file).and_then(|text| parsed(&text).map(|message| (text, message))) {
            Ok(read) => read,
            Err(why) => {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                return Err(Order::Remark { by: Some("inbox".to_owned()), text: format!("{name} refused: {why}") });
            }
        };
        match message {
            Message::Note { by, text } => Ok(Order::Remark { by: Some(unasked(&by)), text }),
            Message::Hold { by, why } => Ok(Order::Hold { by: Some(unasked(&by)), why }),
            Message::Approve { run, step, digest, by } => match self.believed(&run, &by, &text, file) {
                Ok(key) => {
                    let hand = key.map_or(Hand::Terminal, Hand::Key);
                    Ok(Order::Approve { step, digest, by, hand })
                }
                Err(why) => Err(Order::Disbelieve { what: Unapproved { step, digest, by }, why }),
            },
        }
    }

    /// Whether an approval is for this run and of whoever it names, and by which key.
    fn believed(&self, run: &str, by: &str, text: &[u8], file: &Path) -> Result<Option<String>, String> {
        if run != self.run {
            return Err(format!("it is for the run {run}"));
        }
        self.signed(by, text, file)
    }

    /// The fingerprint of the key that signed; none where the plan has no key for that name and nobody signed.
    fn signed(&self, by: &str, text: &[u8], file: &Path) -> Result<Option<String>, String> {
        if self.approvers.is_empty() {
            return Ok(None);
        }
        let known = self
            .approvers
            .iter()
            .find(|a| a.name == by)
            .ok_or_else(|| format!("{by} is not an approver of this plan"))?;
        let Some(key) = &known.key else { return Ok(None) };
        let signature = file.with_extension("json.sig");
        if !signature.exists() {
            return Err(format!("it is not signed, and {by} has a key in the plan"));
        }
        match signed::verify(text, &read_small(&signature)?, key)? {
            Some(key) => Ok(Some(key)),
            None => Err(format!("its signature is not {by}'s")),
        }
    }

    /// Moves a message and its signature; none if that cannot be done.
    fn put_aside(&self, name: &OsStr, from: &Path, to: &str) -> Option<PathBuf> {
        let to = self.folder.join(to);
        let signature = Path::new(name).with_extension("json.sig");
        fs::rename(from.join(name), to.join(name)).ok()?;
        // One without a signature has none to move.
        let _ = fs::rename(from.join(&signature), to.join(&signature));
        Some(to.join(name))
    }
}

/// Reads a plain, small file: no link, no pipe that never ends.
fn read_small(file: &Path) -> Result<Vec<u8>, String> {
    let described = |e: io::Error| e.to_string();
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).map_err(|e| e.to_string())?;
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(file).map_err(described)?;
    let about = file.metadata().map_err(described)?;
    if !about.is_file() || about.len() > LONGEST {
        return Err(format!("it is not a regular file of at most {LONGEST} bytes"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).map_err(described)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn approve(run: &str, by: &str) -> Message {
        Message::Approve { run: run.into(), step: "dns-1".into(), digest: Digest::of(b"x"), by: by.into() }
    }

    fn key(dir: &Path, name: &str) -> (PathBuf, String) {
        let file = dir.join(name);
        let made =
            Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&file).status();
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
        let approvers =
            [Approver { name: "one".into(), key: Some(public) }, Approver { name: "three".into(), key: None }];
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
        let orders = inbox.take();
        assert_eq!(orders.len(), 7);
        assert!(
            orders.iter().all(|o| match o {
                Order::Remark { text, .. } => text.contains("refused"),
                other => matches!(other, Order::Disbelieve { .. }),
            }),
            "{orders:?}"
        );
        assert!(inbox.take().is_empty(), "each is told once");
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
        loop {
            let orders = inbox.take();
            if orders.is_empty() {
                break;
            }
            assert_eq!(inbox.has_more(), turns.iter().sum::<usize>() + orders.len() < 50);
            turns.push(orders.len());
        }
        assert!(turns.iter().all(|n| *n <= A_TURN), "{turns:?}");
        assert_eq!(turns.iter().sum::<usize>(), 50, "{turns:?}");
    }

    #[test]
    fn a_hold_comes_before_whatever_else_waits() {
        let dir = tempfile::tempdir().expect("a folder");
        let journal = dir.path().join("journal");
        let mut inbox = Inbox::new(&journal, "night", &[]).expect("a folder");
        let note = Message::Note { by: "three".into(), text: "x".into() };
        for _ in 0..3 * A_TURN {
            let _ = put(&folder(&journal), &note, None).expect("put");
        }
        assert!(inbox.take().iter().all(|order| matches!(order, Order::Remark { .. })));
        let _ = put(&folder(&journal), &Message::Hold { by: "three".into(), why: "errors".into() }, None).expect("put");
        let turn = inbox.take();
        assert!(matches!(turn[0], Order::Hold { .. }) && turn.len() == A_TURN, "{turn:?}");
        let rest: usize = std::iter::from_fn(|| Some(inbox.take().len()).filter(|n| *n > 0)).sum();
        assert_eq!(rest, A_TURN + 1, "each once");
    }
}
