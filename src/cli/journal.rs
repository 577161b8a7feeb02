//! `landfall journal verify|export` and `landfall approve`, `note`, `hold`: what another terminal does beside the console.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};

use super::{
    NOT_IN_ORDER,
    out::{Failed, print},
};
use crate::{
    core::digest::Digest,
    drive::inbox::{Message, folder, put},
    journal::{Body, Entry, Refused, chain, export, follow::Follower},
    text::Document,
};

#[derive(Debug, Subcommand)]
pub(super) enum Journal {
    /// Check the chain: every record as it was written, none missing; exits with 1 if it is not
    Verify {
        /// The journal
        file: PathBuf,
        /// The head that was written down elsewhere: a number and the first digits of its hash, `41:9f2c01ab`
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
}

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// The journal of the run
    journal: PathBuf,
    /// The step
    step: String,
    /// The digest of the preview or of what was proposed, or its first eight digits as the screen shows them
    digest: String,
    /// Whose approval it is: a name among the plan's approvers
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    /// The private ssh key to sign with (or the public one, if an agent holds the other)
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Words {
    /// The journal of the run
    journal: PathBuf,
    /// The words
    text: String,
    /// Whose words they are
    #[arg(long = "as", value_name = "NAME")]
    name: String,
}

fn read(file: &Path) -> Result<Vec<Entry>, String> {
    Follower::new(file).news().map_err(|e| match e {
        Refused::Io(e) => format!("{}: {e}", file.display()),
        other => format!("{}: {other}", file.display()),
    })
}

pub(super) fn run(command: &Journal) -> Result<ExitCode, Failed> {
    match command {
        Journal::Verify { file, head } => verify(file, head.as_deref()),
        Journal::Export { file, json } => {
            let entries = read(file)?;
            print(if *json {
                Document::json(&export::json(&entries)).map_err(|e| e.to_string())?
            } else {
                Document::block(&export::markdown(&entries))
            })
        }
    }
}

fn verify(file: &Path, head: Option<&str>) -> Result<ExitCode, Failed> {
    let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let (entries, torn) = match chain::read(&bytes) {
        Ok(read) => read,
        Err(damage) => {
            print(format_args!("{}: DAMAGED: {damage}", file.display()))?;
            return Ok(ExitCode::from(NOT_IN_ORDER));
        }
    };
    let last = entries.last().map_or_else(|| "no record".to_owned(), |e| format!("head {}:{}", e.seq, e.hash.short()));
    let end = if torn > 0 { format!("; {torn} bytes of a line without its end follow") } else { String::new() };
    print(format_args!("{}: {} records, each as it was written; {last}{end}", file.display(), entries.len()))?;
    let Some(head) = head else { return Ok(ExitCode::SUCCESS) };
    let (seq, hash) = head.split_once(':').ok_or("--head is a number, a colon and digits: 41:9f2c01ab")?;
    let found = entries.iter().find(|e| e.seq.to_string() == seq);
    if found.is_some_and(|e| hash.len() >= 8 && e.hash.to_string().starts_with(hash)) {
        print(format_args!("record {seq} is the one that was written down"))?;
        Ok(ExitCode::SUCCESS)
    } else {
        print(format_args!("record {seq} is NOT the one that was written down: the journal was rewritten"))?;
        Ok(ExitCode::from(NOT_IN_ORDER))
    }
}

pub(super) fn approve(it: &Approve) -> Result<ExitCode, Failed> {
    let entries = read(&it.journal)?;
    let run = entries.first().map(|e| e.run.clone()).ok_or("the journal is empty: nothing runs yet")?;
    let (digest, what) = shown(&entries, &it.step, &it.digest)?;
    let message = Message::Approve { run, step: it.step.clone(), digest, by: it.name.clone() };
    // What cannot be told is not agreed to.
    print(format_args!("{}: {what}", it.step))?;
    put(&folder(&it.journal), &message, it.key.as_deref())?;
    let (name, digest) = (&it.name, digest.short());
    print(format_args!("handed in: {name} agrees to {digest}; the console that steers takes it within a second"))
}

/// The whole digest of what was previewed or proposed for a step and begins as it was given, the newest first, and what it is in words.
fn shown(entries: &[Entry], step: &str, given: &str) -> Result<(Digest, String), String> {
    let of_step = |body: &Body| match body {
        Body::Previewed { step: of, digest, .. } | Body::Proposed { step: of, digest, .. } if of == step => {
            Some(*digest)
        }
        _ => None,
    };
    let mut all = entries.iter().rev().filter_map(|e| Some((of_step(&e.body)?, export::told(&e.body)))).peekable();
    let (last, told) =
        all.peek().cloned().ok_or_else(|| format!("the journal has no preview of {step}, and no proposal"))?;
    // Whether it still counts is for the console that steers to say.
    let found = all.find(|(digest, _)| given.len() >= 8 && digest.to_string().starts_with(given));
    found.ok_or_else(|| format!("what was shown last of {step} is {}, not {given}: {told}", last.short()))
}

pub(super) fn note(it: &Words) -> Result<ExitCode, Failed> {
    read(&it.journal)?;
    put(&folder(&it.journal), &Message::Note { by: it.name.clone(), text: it.text.clone() }, None)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn hold(it: &Words) -> Result<ExitCode, Failed> {
    read(&it.journal)?;
    put(&folder(&it.journal), &Message::Hold { by: it.name.clone(), why: it.text.clone() }, None)?;
    print(format_args!("handed in: everything is held once the console that steers takes it, within a second"))
}
