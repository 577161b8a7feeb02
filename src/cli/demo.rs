//! `landfall demo`: a scenario, operated by a person, played by its script, or checked without a terminal.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use super::{
    Appearance, NOT_IN_ORDER, Plain, faulty, load_with_digest,
    out::{Context as _, Failed, print, remark},
    run::{bound, exit_code, host, leave, operator, options, plain, printed, serve, whoever},
    warn,
};
use crate::scenario::{
    Scenario, headless, library,
    script::Script,
    timeline::{self, Board, BoardError},
};
use base::{cause::Chain, text::Lines, view::counted};
use console::{self, Ended, Mode, Options, widget::text::wrap};
use drive::{Control, inbox::Inbox, sim};
use journal::{Author, FileStore, Opened, Storage, store::MemStore};

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// One of the scenarios that come with the program, or a file; without it, the whole move
    scenario: Option<String>,
    /// List the scenarios
    #[arg(long, exclusive = true)]
    list: bool,
    /// The same seed gives the same estate; without it, the scenario's own
    #[arg(long)]
    seed: Option<u64>,
    /// Speed relative to real time; of --autoplay, relative to the script's own speed
    #[arg(long, default_value_t = 1.0, conflicts_with = "headless")]
    speed: f64,
    /// Let the scenario's script press the keys; any key takes over
    #[arg(long, conflicts_with = "plain")]
    autoplay: bool,
    /// Record what is shown in FILE, a new one, as an asciicast
    #[arg(long, value_name = "FILE", conflicts_with = "plain")]
    record: Option<PathBuf>,
    /// Play the script in virtual time, without a terminal; exits with 1 if an expectation fails
    #[arg(long, conflicts_with_all = ["autoplay", "record", "rehearse", "plain"])]
    headless: bool,
    /// Rehearse your own plan on a simulated estate; no real server is contacted
    #[arg(long, value_name = "PLAN", conflicts_with = "scenario")]
    rehearse: Option<PathBuf>,
    /// Initialise the simulated estate from this output of `landfall status PLAN --json`
    #[arg(long, value_name = "FILE", requires = "rehearse")]
    from: Option<PathBuf>,
    /// Keep the journal in FILE, a new one; without it, the journal ends with the demo
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    plain: Plain,
    #[command(flatten)]
    look: Appearance,
}

pub(super) fn run(it: Demo) -> Result<ExitCode, Failed> {
    if it.list {
        return print(list()?);
    }
    let (least, most) = sim::SPEED;
    if !(least..=most).contains(&it.speed) {
        return Err(Failed::new(format_args!("--speed {}: give a number from {least} to {most}", it.speed)));
    }
    let mut scenario = scenario(&it)?;
    scenario.seed = it.seed.unwrap_or(scenario.seed);
    if it.headless {
        return headless(&it, &scenario);
    }
    let options = options(&it.look, Mode::Demo)?;
    let bound = bound(&it.look.metrics)?;
    let author = Author { run: scenario.name.clone(), actor: operator(), host: host(), plan: scenario.plan_digest };
    let run = author.run.clone();
    // Checked before the inbox is created beside it.
    let board = boarding(it.journal.as_deref(), author)?;
    let inbox = it.journal.as_deref().map(|file| Inbox::new(file, &run, &scenario.plan.runbook.approvers));
    let speed = if it.autoplay { 1.0 } else { it.speed };
    let control = timeline::start(&scenario, speed, board, inbox.transpose()?)?;
    let metrics = serve(bound, &control.link)?;
    let ended = match plain(&it.plain, &options) {
        Some(lines) => printed(&control.link, lines),
        None => shown(&control, &it, &scenario, options),
    };
    drop(metrics);
    // Simulated time must run, so that pending operations can finish.
    control.link.set_speed(1.0);
    leave(control);
    exit_code(ended)
}

/// Runs on a screen.
fn shown(control: &Control, it: &Demo, scenario: &Scenario, mut options: Options) -> Result<Ended, Failed> {
    options.script = it.autoplay.then(|| Box::new(Script::new(scenario).times(it.speed)) as _);
    let kind = if it.rehearse.is_some() { "rehearsal" } else { "demo" };
    options.greeting = Some(format!(
        "{kind}: :next-step selects a step; :preview :arm :execute run it (manual: :attest); :time-faster faster; :help help",
    ));
    options.record.clone_from(&it.record);
    // A rehearsal is of the real estate; a scenario from a file has the file's name.
    let played = it.scenario.as_deref().or_else(|| library::names().next()).filter(|_| it.rehearse.is_none());
    options.scenario = played.and_then(|name| Some(Path::new(name).file_stem()?.to_string_lossy().into_owned()));
    Ok(console::run(control.link.clone(), Some(control.orders.clone()), options)?)
}

fn list() -> Result<Lines, Failed> {
    let mut out = Lines::default();
    for name in library::names() {
        let (scenario, _) = read(name)?;
        out.put(name);
        wrap(&scenario.doc, 76).iter().for_each(|line| out.put(format_args!("    {line}")));
    }
    Ok(out)
}

/// The selected scenario.
fn scenario(it: &Demo) -> Result<Scenario, Failed> {
    if let Some(plan) = &it.rehearse {
        let (plan, digest) = load_with_digest(plan)?;
        let mut scenario = Scenario::rehearsal(plan, digest, jiff::Timestamp::now());
        if let Some(file) = &it.from {
            let name = file.display();
            let text = std::fs::read_to_string(file).context(format_args!("cannot read {name}"))?;
            let document = serde_json::from_str(&text).context(format_args!("{name} is not JSON"))?;
            let unknown = scenario.like(&document).context(&name)?;
            if !unknown.is_empty() {
                let unknown = unknown.join(", ");
                remark(format_args!("{name} does not contain these; they are as in the plan: {unknown}"));
            }
        }
        return Ok(scenario);
    }
    let name = it.scenario.as_deref().or_else(|| library::names().next()).unwrap_or_default();
    let (scenario, warnings) = read(name)?;
    warn(&warnings);
    Ok(scenario)
}

fn read(name: &str) -> Result<(Scenario, plan::Report), Failed> {
    let read = match library::scenario(name) {
        Some(read) => read,
        None if name.ends_with(".toml") || name.contains('/') => Scenario::load(Path::new(name)),
        None => {
            let all: Vec<&str> = library::names().collect();
            return Err(Failed::new(format_args!(
                "there is no scenario {name}; available: {}; a file's name ends in .toml",
                all.join(", ")
            )));
        }
    };
    read.map_err(|why| faulty(&why))
}

/// Plays the scenario without a terminal.
fn headless(it: &Demo, scenario: &Scenario) -> Result<ExitCode, Failed> {
    let outcome = headless::play(scenario);
    if let Some(file) = &it.journal {
        let name = file.display();
        let write = |file: &Path| {
            use std::io::Write;
            let mut new = std::fs::OpenOptions::new();
            journal::own(file, new.write(true).create_new(true))?.write_all(&outcome.journal)
        };
        write(file).context(format_args!("the journal {name}"))?;
    }
    let (minutes, seconds) = (outcome.took.as_secs() / 60, outcome.took.as_secs() % 60);
    let (keys, records, sent) = (outcome.keys, outcome.entries().len(), outcome.log.len());
    let mut out = Lines::default();
    out.put(format_args!(
        "{}: {}, {}, {} executed in {minutes} min {seconds} s of virtual time",
        scenario.name,
        counted(keys, "key"),
        counted(records, "record"),
        counted(sent, "request"),
    ));
    let (detail, code) = match outcome.failed {
        None => ("all expectations met".to_owned(), ExitCode::SUCCESS),
        Some(why) => (format!("EXPECTATION FAILED: {}", Chain(&why)), ExitCode::from(NOT_IN_ORDER)),
    };
    out.put(detail);
    print(out).map(|_| code)
}

/// How consoles open the demo's journal: the first one, and each one after a crash.
fn boarding(path: Option<&Path>, author: Author) -> Result<Box<Board<'static>>, Failed> {
    let open = move |store: Box<dyn Storage>, now| systems::open_journal(store, author.clone(), now);
    let Some(path) = path.map(Path::to_owned) else {
        let mut store = MemStore::default();
        return Ok(Box::new(move |now| {
            store = MemStore::with(store.survivors());
            Ok(open(Box::new(store.clone()), now)?)
        }));
    };
    // Checked before it is opened: an existing journal must not be written to.
    if path.metadata().is_ok_and(|m| m.len() > 0) {
        let name = path.display();
        return Err(Failed::new(format_args!(
            "{name} is not empty, and the simulated estate starts fresh each time: name a new file"
        )));
    }
    Ok(Box::new(move |now| {
        let refused = |source| BoardError::File { journal: path.clone(), source };
        match FileStore::open(&path).map_err(|e| refused(e.into()))? {
            Opened::Ours(store) => open(Box::new(store), now).map_err(refused),
            Opened::Busy(holder) => Err(BoardError::Busy { journal: path.clone(), holder: whoever(holder) }),
        }
    }))
}
