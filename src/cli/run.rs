//! `landfall console`, `watch` and `demo`: one console, fed by real servers or by an imitated estate.

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use tokio::runtime::Runtime;

use super::{LET_GO, Look, OnPlan, load, load_with_digest, runtime};
use crate::{
    console::{self, Ended, Mode, Options},
    core::{Command, digest::Digest},
    drive::{Helm, Link, clock, inbox::Inbox, live, sim},
    journal::{
        Author, Journal, Storage,
        follow::Follower,
        store::{FileStore, MemStore, Opened},
    },
    plan::Plan,
};

/// The demo's plan, so that the demo needs no file.
const DEMO: &str = include_str!("../../demo/plan.toml");

/// How long somebody who leaves waits for what is on its way and for safe tails.
const FINISH: Duration = Duration::from_secs(60);

/// On a plan's real servers, to look only.
pub(super) fn watched(on: &OnPlan, follow: Option<&Path>, mode: Mode) -> Result<ExitCode, String> {
    let plan = load(&on.plan)?;
    let runtime = runtime()?;
    let link = {
        let _entered = runtime.enter();
        match follow {
            Some(journal) => live::start_following(plan, Follower::new(journal)),
            None => live::start(plan),
        }
    };
    follow_changes(&link, on);
    let ended = console::run(link.clone(), None, options(&on.look, mode));
    let_go(runtime, link);
    told(ended)
}

/// On a plan's real servers, with a journal of our own: steps can be carried out. Where somebody else writes it already, it is read along.
pub(super) fn steered(file: &Path, on: &OnPlan) -> Result<ExitCode, String> {
    let (plan, digest) = load_with_digest(&on.plan)?;
    let name = file.display();
    let store = match FileStore::open(file).map_err(|e| format!("the journal {name}: {e}"))? {
        Opened::Ours(store) => Box::new(store),
        Opened::Busy => {
            eprintln!("landfall: another console writes {name}: this one reads along");
            return watched(on, Some(file), Mode::Watch);
        }
    };
    let author = Author { run: plan.name.clone(), actor: operator(), host: host(), plan: digest };
    let inbox = Inbox::new(file, &author.run, &plan.runbook.approvers);
    let taken = Journal::open(store, author, clock::now()).map_err(|e| e.to_string())?;
    let runtime = runtime()?;
    let helm = {
        let _entered = runtime.enter();
        live::start_steered(plan, taken, inbox)
    };
    follow_changes(&helm.link, on);
    let ended = console::run(helm.link.clone(), Some(helm.orders.clone()), options(&on.look, Mode::Console));
    let link = helm.link.clone();
    leave(helm);
    let_go(runtime, link);
    told(ended)
}

fn follow_changes(link: &Link, on: &OnPlan) {
    for id in &on.changes {
        // The driver has just been started; if it ended already, the console says so.
        let _ = link.commands.send(Command::Follow { system: "route53", id: id.clone() });
    }
}

/// The terminal is back; what must not be left half done is finished.
fn leave(helm: Helm) {
    for step in helm.leave(FINISH) {
        eprintln!("landfall: {step} is not finished; the journal has it, and the next start takes it up");
    }
}

/// The terminal is back already; a source stuck in a library call must not keep the prompt waiting.
fn let_go(runtime: Runtime, link: Link) {
    runtime.block_on(async { link.let_go(LET_GO).await });
    runtime.shutdown_timeout(LET_GO);
}

/// On an imitated estate.
pub(super) fn demo(seed: u64, speed: f64, journal_file: Option<&Path>, look: &Look) -> Result<ExitCode, String> {
    let (least, most) = sim::SPEED;
    if !(least..=most).contains(&speed) {
        return Err(format!("--speed {speed}: give a number from {least} to {most}"));
    }
    let (plan, _) = Plan::parse(Path::new("demo/plan.toml"), DEMO).map_err(|faulty| faulty.render(false))?;
    let plan = Arc::new(plan);
    let store = demo_store(journal_file)?;
    let author = Author { run: "demo".to_owned(), actor: operator(), host: host(), plan: Digest::of(DEMO.as_bytes()) };
    let (journal, entries) = Journal::open(store, author.clone(), clock::now()).map_err(|e| e.to_string())?;
    let inbox = journal_file.map(|file| Inbox::new(file, &author.run, &plan.runbook.approvers));
    let helm = sim::start_steered(plan, seed, speed, (journal, entries), inbox);
    let ended = console::run(helm.link.clone(), Some(helm.orders.clone()), options(look, Mode::Demo));
    leave(helm);
    told(ended)
}

/// Where the demo's journal is kept: a file that outlives it, or memory.
fn demo_store(path: Option<&Path>) -> Result<Box<dyn Storage>, String> {
    let Some(path) = path else { return Ok(Box::new(MemStore::default())) };
    let name = path.display();
    // Looked at before it is opened: what is somebody's journal is not to be written into.
    if path.metadata().is_ok_and(|m| m.len() > 0) {
        return Err(format!("{name} is not empty, and the imitated estate begins anew each time: name a new file"));
    }
    match FileStore::open(path).map_err(|e| format!("the journal {name}: {e}"))? {
        Opened::Ours(store) => Ok(Box::new(store)),
        Opened::Busy => Err(format!("the journal {name} is being written by somebody else")),
    }
}

/// Who is at the keyboard.
fn operator() -> String {
    std::env::var("LANDFALL_OPERATOR").or_else(|_| std::env::var("USER")).unwrap_or_else(|_| "operator".to_owned())
}

/// This machine's name.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "localhost".to_owned() } else { name.trim().to_owned() }
}

fn options(look: &Look, mode: Mode) -> Options {
    Options { theme: Some(look.theme.clone()), ascii: look.ascii, mode }
}

fn told(ended: Result<Ended, console::Error>) -> Result<ExitCode, String> {
    match ended.map_err(|e| e.to_string())? {
        Ended::Quit => Ok(ExitCode::SUCCESS),
        // As a shell would say it.
        Ended::Signal(n) => Ok(ExitCode::from(u8::try_from(128 + n).unwrap_or(u8::MAX))),
    }
}
