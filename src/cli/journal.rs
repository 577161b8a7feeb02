//! `landfall journal verify|export|way-back`: reads one record at a time, however long the journal is.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;

use super::{
    NOT_IN_ORDER,
    out::{Context as _, Failed, print},
    refused,
};
use base::{cause::Chain, text::Document, view::counted};
use journal::{
    chain::{self, Unread},
    export,
    way_back::WayBack,
};
use systems::Entry;

#[derive(Debug, Subcommand)]
pub(super) enum Journal {
    /// Verify the chain: no record altered or missing; exits with 1 otherwise
    Verify {
        /// The journal
        file: PathBuf,
        /// The head as noted elsewhere: a number and the first digits of its hash, `41:9f2c01ab`
        #[arg(long, value_name = "SEQ:HASH")]
        head: Option<String>,
    },
    /// Print the timeline
    Export {
        /// The journal
        file: PathBuf,
        /// One JSON document instead of Markdown
        #[arg(long)]
        json: bool,
    },
    /// Print the rollback commands of every applied step from the journal; contacts no server
    WayBack {
        /// The journal
        file: PathBuf,
    },
}

/// Reads a journal record by record.
struct Records<'f>(chain::Reader<BufReader<File>>, &'f Path);

impl<'f> Records<'f> {
    fn open(file: &'f Path) -> Result<Self, Failed> {
        let opened = File::open(file).context(file.display())?;
        Ok(Self(chain::Reader::new(BufReader::new(opened)), file))
    }

    /// The next record; `None` at the end.
    fn next(&mut self) -> Result<Option<Entry>, Failed> {
        self.0.record().map_err(|why| refused(self.1, &why.into()))
    }
}

pub(super) fn run(command: &Journal) -> Result<ExitCode, Failed> {
    match command {
        Journal::Verify { file, head } => verify(file, head.as_deref()),
        Journal::Export { file, json } => export(file, *json),
        Journal::WayBack { file } => {
            let (mut records, mut known) = (Records::open(file)?, WayBack::default());
            while let Some(entry) = records.next()? {
                known.take(&entry);
            }
            print(Document::block(&known.describe()))
        }
    }
}

/// Reads the journal twice: nothing is printed of a journal that is damaged further on, and only one record at a time
/// is in memory.
fn export(file: &Path, json: bool) -> Result<ExitCode, Failed> {
    let (mut records, mut whole) = (Records::open(file)?, export::Whole::default());
    while let Some(entry) = records.next()? {
        whole.take(&entry);
    }
    // Records that are written meanwhile are not part of this export.
    let last = records.0.head().seq;
    let mut records = Records::open(file)?;
    let mut out = export::Out::new(&whole, json);
    print(Document::block(&out.begin()))?;
    while records.0.head().seq < last
        && let Some(entry) = records.next()?
    {
        print(Document::block(&out.record(&entry)))?;
    }
    print(Document::block(&out.end()))
}

fn verify(file: &Path, head: Option<&str>) -> Result<ExitCode, Failed> {
    let not_a_head = || Failed::new("--head is a number, a colon and digits: 41:9f2c01ab");
    let wanted = head.map(|head| head.split_once(':').ok_or_else(not_a_head)).transpose()?;
    let name = file.display();
    let mut records = Records::open(file)?;
    let mut found = false;
    let torn = loop {
        match records.0.record::<systems::Call, systems::Version>() {
            Ok(Some(entry)) => {
                found |= wanted.is_some_and(|(seq, hash)| {
                    entry.seq.to_string() == seq && hash.len() >= 8 && entry.hash.to_string().starts_with(hash)
                });
            }
            Ok(None) => break records.0.torn(),
            Err(Unread::Damaged(damage)) => break Err(damage),
            Err(other) => return Err(refused(file, &other.into())),
        }
    };
    let torn = match torn {
        Ok(torn) => torn,
        Err(damage) => {
            print(format_args!("{name}: DAMAGED: {}", Chain(&damage)))?;
            return Ok(ExitCode::from(NOT_IN_ORDER));
        }
    };
    let last = records.0.head();
    let at = if last.seq == 0 { "no record".to_owned() } else { format!("head {}:{}", last.seq, last.hash.short()) };
    let end = if torn > 0 { format!("; {torn} bytes of an incomplete last line follow") } else { String::new() };
    let records = counted(usize::try_from(last.seq).unwrap_or(usize::MAX), "record");
    print(format_args!("{name}: {records}, all unaltered; {at}{end}"))?;
    match wanted {
        None => Ok(ExitCode::SUCCESS),
        Some((seq, _)) if found => print(format_args!("record {seq} matches the noted head")),
        Some((seq, _)) => {
            print(format_args!("record {seq} does NOT match the noted head: the journal was rewritten"))?;
            Ok(ExitCode::from(NOT_IN_ORDER))
        }
    }
}
