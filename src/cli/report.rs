//! `landfall report`: what happened in a run, for people who did not take part.

use std::{
    ffi::OsString,
    fs::{File, Permissions},
    io::{self, BufReader, ErrorKind, Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use super::{
    out::{Context as _, Failed, done, print},
    refused,
};
use crate::report;
use base::{cause::Chain, text::Document, view::counted};
use journal::{
    Damage,
    chain::{self, Unread},
    writer,
};

#[derive(Debug, Args)]
pub(super) struct Report {
    /// The journal of the run
    journal: PathBuf,
    /// Write the page to FILE; without it, beside the journal, with `.html` at the end of its name
    #[arg(short, long, value_name = "FILE", conflicts_with = "markdown")]
    output: Option<PathBuf>,
    /// Print Markdown instead of writing a page
    #[arg(long)]
    markdown: bool,
}

pub(super) fn run(it: &Report) -> Result<ExitCode, Failed> {
    let name = it.journal.display();
    let file = File::open(&it.journal).context(&name)?;
    // The records before the damage are valid, but they are not the whole run: no report is made of them.
    let damaged = |damage: Damage| {
        let why = Failed::new(format_args!("{name}: DAMAGED: {}", Chain(&damage)));
        why.advise(Some("no report is written: find out who changed it"))
    };
    let described = |why| match why {
        Unread::Damaged(damage) => damaged(damage),
        other => refused(&it.journal, &other.into()),
    };
    let (mut reader, mut story) = (chain::Reader::new(BufReader::new(file)), report::Gathered::default());
    while let Some(entry) = reader.record().map_err(described)? {
        story.take(entry);
    }
    let torn = reader.torn().map_err(damaged)?;
    let empty = || Failed::new(format_args!("{name}: the journal is empty: no run has started"));
    let story = story.finish(torn, is_open(&it.journal)).ok_or_else(empty)?;
    if it.markdown {
        return print(Document::block(&report::markdown(&story)));
    }
    let output = it.output.clone().unwrap_or_else(|| beside(&it.journal));
    write(&output, &it.journal, &report::html(&story)).context(output.display())?;
    let going = if story.goes_on() { "; the run is not finished" } else { "" };
    let head = &story.head;
    let records = counted(head.records, "record");
    let described = format!("{}: {records}, head {}:{}", output.display(), head.to.seq, head.hash.short());
    Ok(done(format_args!("{described}{going}"), ExitCode::SUCCESS))
}

/// Whether a console has the journal open; `None` if that cannot be determined.
fn is_open(journal: &Path) -> Option<bool> {
    writer(journal).ok().map(|it| it.is_some())
}

/// `run.journal.html` for `run.journal`.
fn beside(journal: &Path) -> PathBuf {
    let mut name = OsString::from(journal);
    name.push(".html");
    name.into()
}

/// Why a page is not written.
#[derive(Debug, thiserror::Error)]
enum NotWritten {
    #[error("that is the journal itself: name another file")]
    Journal,
    #[error("already exists and is not a report: name another file")]
    NotAPage,
    #[error("cannot be written")]
    Io(#[from] io::Error),
}

/// Writes the page completely or not at all, and replaces nothing but an older page.
fn write(output: &Path, journal: &Path, page: &str) -> Result<(), NotWritten> {
    let same = |a: &Path, b: &Path| Some(a.canonicalize().ok()? == b.canonicalize().ok()?);
    if same(output, journal) == Some(true) {
        return Err(NotWritten::Journal);
    }
    let folder = output.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Readable by others, like any report.
    let readable = Permissions::from_mode(0o644);
    let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(folder)?;
    file.write_all(page.as_bytes())?;
    if is_page(output) {
        file.persist(output).map_err(|e| e.error)?;
    } else {
        file.persist_noclobber(output).map_err(|e| match e.error.kind() {
            ErrorKind::AlreadyExists => NotWritten::NotAPage,
            _ => e.error.into(),
        })?;
    }
    Ok(())
}

/// A page's title is within its first bytes.
const BEGINS: u64 = 16 * 1024;

/// Whether a file is a page that this command wrote, and may be replaced.
fn is_page(file: &Path) -> bool {
    let mut begins = Vec::new();
    let read = File::open(file).and_then(|file| file.take(BEGINS).read_to_end(&mut begins));
    read.is_ok() && report::is_page(&begins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{digest::Digest, now::Now};
    use journal::{Author, FileStore, Opened};
    use systems::Body;

    /// A journal of three records in its own folder, not open any more.
    fn written(folder: &Path) -> PathBuf {
        let path = folder.join("run.journal");
        let Ok(Opened::Ours(store)) = FileStore::open(&path) else { panic!("nobody has it") };
        let author = Author { run: "night".into(), actor: "ana".into(), host: "h".into(), plan: Digest::of(b"plan") };
        let now = Now { boot: std::time::Duration::from_secs(9), wall: jiff::Timestamp::UNIX_EPOCH };
        let (mut journal, _) = systems::open_journal(Box::new(store), author, now).expect("a journal");
        for text in ["coffee", "more of it"] {
            journal.append(Body::Remark { by: "ana".into(), text: text.into(), refused: None }, now).expect("room");
        }
        path
    }

    fn report(journal: &Path, output: Option<PathBuf>) -> Result<ExitCode, String> {
        run(&Report { journal: journal.to_owned(), output, markdown: false }).map_err(|why| why.text().to_owned())
    }

    #[test]
    fn the_page_is_beside_the_journal_and_never_over_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = written(folder.path());
        let before = std::fs::read(&journal).expect("bytes");
        report(&journal, None).expect("a report");
        let page = std::fs::read_to_string(folder.path().join("run.journal.html")).expect("a page");
        assert!(page.contains("more of it") && page.ends_with("</html>\n"));
        assert!(report(&journal, Some(journal.clone())).expect_err("refused").contains("the journal itself"));
        assert!(std::fs::read(&journal).expect("bytes") == before);
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("a folder").count(),
            3,
            "beside the lock nothing else is left"
        );
    }

    #[test]
    fn a_page_is_written_over_a_page_and_over_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = written(folder.path());
        let plan = folder.path().join("plan.toml");
        std::fs::write(&plan, "schema = 1\n").expect("written");
        assert!(report(&journal, Some(plan.clone())).expect_err("refused").contains("is not a report"));
        assert_eq!(std::fs::read_to_string(&plan).expect("there"), "schema = 1\n");
        for _ in 0..2 {
            report(&journal, None).expect("written, and written anew");
        }
    }

    #[test]
    fn a_damaged_journal_is_refused_with_its_line_and_nothing_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = written(folder.path());
        let text = std::fs::read_to_string(&journal).expect("text");
        std::fs::write(&journal, text.replace("coffee", "coffea")).expect("a file");
        let why = report(&journal, None).expect_err("damaged");
        assert!(why.contains("DAMAGED: line 2: "), "{why}");
        assert!(!folder.path().join("run.journal.html").exists());
        std::fs::write(&journal, "").expect("a file");
        assert!(report(&journal, None).expect_err("empty").contains("empty"));
    }

    #[test]
    fn whether_a_console_has_it_is_seen_by_its_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = written(folder.path());
        assert_eq!(is_open(&journal), Some(false));
        let Ok(Opened::Ours(held)) = FileStore::open(&journal) else { panic!("nobody has it") };
        assert_eq!(is_open(&journal), Some(true));
        drop(held);
        assert_eq!(is_open(&journal), Some(false), "and it is not kept");
    }
}
