//! `landfall approve`, `note`, `hold`: messages from another terminal to the console in control. Done means journaled.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    thread::sleep,
    time::{Duration, Instant},
};

use clap::Args;

use super::{
    NOT_IN_ORDER, NOT_KNOWN,
    out::{Context as _, Failed, done, print_seen, remark},
    refused,
    run::whoever,
};
use base::{cause::Chain, digest::Digest};
use drive::inbox::{Answer, Message, folder, put};
use journal::{Refused, export, follow::Follower, writer};
use systems::Body;

/// Interval between reads of the journal.
const LOOK: Duration = Duration::from_millis(100);
/// A message taken from the inbox is journaled within this time, or the console has stopped.
const TAKEN: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// The journal of the run
    journal: PathBuf,
    /// The step
    step: String,
    /// The digest of the preview or proposal, or its first eight digits as the screen shows them
    digest: String,
    /// Whose approval it is: a name among the plan's approvers
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    /// The private ssh key to sign with (or the public one, if an agent holds the other)
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    wait: Wait,
}

#[derive(Debug, Args)]
pub(super) struct Words {
    /// The journal of the run
    journal: PathBuf,
    /// The text
    text: String,
    /// Author of the text
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    #[command(flatten)]
    wait: Wait,
}

#[derive(Debug, Args)]
struct Wait {
    /// How long to wait for the console to write it to the journal; after that it is withdrawn and not done
    #[arg(long = "wait", value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..=3600))]
    seconds: u16,
}

/// Follows a journal under its canonical path, because the inbox is beside the journal itself.
fn follow(file: &Path, mut each: impl FnMut(&systems::Entry)) -> Result<(PathBuf, Follower), Failed> {
    let path = file.canonicalize().context(file.display())?;
    let mut follower = Follower::new(&path);
    follower.each(|entry| each(&entry)).map_err(|why| refused(file, &why))?;
    Ok((path, follower))
}

pub(super) fn approve(it: &Approve) -> Result<ExitCode, Failed> {
    let (mut run, mut shown) = (None, Vec::new());
    let (path, follower) = follow(&it.journal, |entry| {
        run.get_or_insert_with(|| entry.run.clone());
        match &entry.body {
            Body::Previewed { step, digest, .. } | Body::Proposed { step, digest, .. } if *step == it.step => {
                shown.push((*digest, export::Ways::default().describe(&entry.body)));
            }
            _ => {}
        }
    })?;
    let empty = || Failed::new(format_args!("{}: the journal is empty: no run has started", it.journal.display()));
    let run = run.ok_or_else(empty)?;
    let (digest, what) = meant(&shown, &it.step, &it.digest)?;
    let message = Message::Approve { run, step: it.step.clone(), digest, by: it.name.clone() };
    // An approval is sent only if its subject could be printed.
    print_seen(format_args!("{}: {what}", it.step))?;
    let described = format!("{} approves {}", it.name, digest.short());
    hand_in((path, follower), &message, it.key.as_deref(), &it.wait, &described)
}

/// The full digest of the newest preview or proposal that begins with the given digits, and its description.
fn meant(shown: &[(Digest, String)], step: &str, given: &str) -> Result<(Digest, String), Failed> {
    let none = || Failed::new(format_args!("the journal has no preview of {step}, and no proposal"));
    let (last, described) = shown.last().ok_or_else(none)?;
    // The console in control decides whether it is still valid.
    let found = shown.iter().rev().find(|(digest, _)| given.len() >= 8 && digest.to_string().starts_with(given));
    found.cloned().ok_or_else(|| {
        let last = last.short();
        Failed::new(format_args!("the latest preview or proposal of {step} is {last}, not {given}: {described}"))
    })
}

pub(super) fn note(it: &Words) -> Result<ExitCode, Failed> {
    let message = Message::Note { by: it.name.clone(), text: it.text.clone() };
    hand_in(follow(&it.journal, |_| {})?, &message, None, &it.wait, "the note")
}

pub(super) fn hold(it: &Words) -> Result<ExitCode, Failed> {
    let message = Message::Hold { by: it.name.clone(), why: it.text.clone() };
    hand_in(follow(&it.journal, |_| {})?, &message, None, &it.wait, "the run is held")
}

/// Hands in a message, and waits until its result is journaled.
fn hand_in(
    (journal, mut follower): (PathBuf, Follower),
    message: &Message,
    key: Option<&Path>,
    wait: &Wait,
    described: &str,
) -> Result<ExitCode, Failed> {
    let journal = journal.as_path();
    let name = journal.display();
    if matches!(writer(journal), Ok(None)) {
        return Err(Failed::new(format_args!(
            "NOT DONE: no console has {name} open to write it to the journal; nothing was handed in"
        )));
    }
    let handed = put(&folder(journal), message, key)?;
    let mut answer = None;
    let mut answered = |within: Duration| -> Result<Option<(u64, Answer)>, Refused> {
        let started = Instant::now();
        loop {
            follower.each(|entry| {
                let found = message.answer(&entry.body).map(|it| (entry.seq, it));
                answer = answer.take().or(found);
            })?;
            if answer.is_some() || started.elapsed() >= within {
                return Ok(answer.take());
            }
            sleep(LOOK);
        }
    };
    let unread = |why: &Refused| {
        remark(format_args!("landfall: UNKNOWN whether it is in the journal: {name}: {}", Chain(why)));
        Ok(ExitCode::from(NOT_KNOWN))
    };
    let mut found = match answered(Duration::from_secs(wait.seconds.into())) {
        Ok(found) => found,
        Err(why) => return unread(&why),
    };
    if found.is_none() {
        if handed.withdraw() {
            let who = whoever(writer(journal).ok().flatten().flatten());
            let seconds = wait.seconds;
            return Err(Failed::new(format_args!(
                "NOT DONE: {who} did not accept it within {seconds} s; it was withdrawn"
            )));
        }
        found = match answered(TAKEN) {
            Ok(found) => found,
            Err(why) => return unread(&why),
        };
    }
    match found {
        Some((seq, Answer::Taken)) => Ok(done(format_args!("journal record {seq}: {described}"), ExitCode::SUCCESS)),
        Some((seq, Answer::Refused(why))) => {
            Ok(done(format_args!("REFUSED, journal record {seq}: {why}"), ExitCode::from(NOT_IN_ORDER)))
        }
        None => {
            remark(
                "landfall: UNKNOWN: the console accepted it but has not written it to the journal: check its screen",
            );
            Ok(ExitCode::from(NOT_KNOWN))
        }
    }
}
