//! The commands: the meaning of the arguments and of the exit codes ([`EXIT`]).

mod check;
mod demo;
mod hand_in;
mod init;
mod journal;
mod out;
mod report;
mod run;
mod setup;
mod status;
mod theme;

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use clap::{Args, Parser, Subcommand};

use self::out::{Context as _, Failed, failed, print, print_error};
use ::journal::Refused;
use base::{
    cause::Chain,
    digest::Digest,
    text::{Document, line},
};
use console::{Mode, ThemeError};
use plan::{Faulty, Plan, Report};

/// A terminal cockpit for moving a whole platform from one AWS region to another without downtime.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Cmd,
    /// Write a log to FILE (what is written is set by LANDFALL_LOG, for example `debug`); without it nothing is logged
    #[arg(long, global = true, value_name = "FILE")]
    log: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Cmd {
    /// The operator's console on a plan's real servers
    Console {
        /// Keep the run in this journal; required to execute steps. A second console on the same journal is read only
        #[arg(long, value_name = "FILE")]
        journal: Option<PathBuf>,
        #[command(flatten)]
        on: OnPlan,
    },
    /// The same console, read only: no client that can write is built
    Watch {
        /// Follow this journal of another console: its steps and records are shown as they are written
        #[arg(long, value_name = "JOURNAL")]
        follow: Option<PathBuf>,
        #[command(flatten)]
        plain: Plain,
        #[command(flatten)]
        on: OnPlan,
    },
    /// The console on a simulated estate: no server, no account, no network
    Demo(demo::Demo),
    /// Print the current status; exits with 1 if anything in the plan is unknown
    Status(status::Status),
    /// Check a plan, then run every collector with each permission it needs
    Check {
        /// The plan file
        plan: PathBuf,
        /// Only read the plan; contact no server
        #[arg(long)]
        offline: bool,
        /// With --offline: do not read the secrets that the plan refers to, for example in CI
        #[arg(long, requires = "offline")]
        no_secrets: bool,
    },
    /// Write a first plan, with the standard runbook for the systems that you name; default: all
    Init(init::Init),
    /// Print the plan's JSON Schema, for editors
    Schema,
    /// List every signal: id, labels, unit, name in texts, meaning
    Signals,
    /// List, show and check themes
    #[command(subcommand)]
    Theme(theme::Command),
    /// Verify or print a journal
    #[command(subcommand)]
    Journal(journal::Journal),
    /// Write a report of a run from its journal: one HTML page, or Markdown
    Report(report::Report),
    /// Approve a preview or proposal from another terminal, signed with your ssh key
    Approve(hand_in::Approve),
    /// Print all commands of the console and their keys
    Keys(setup::Keys),
    /// The configuration file: an example, a check, its place
    #[command(subcommand)]
    Config(setup::Config),
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
    /// Add a note to the journal from another terminal
    Note(hand_in::Words),
    /// Hold the run from another terminal; the text gives the reason
    Hold(hand_in::Words),
}

#[derive(Debug, Args)]
struct OnPlan {
    /// The plan file
    plan: PathBuf,
    /// Also follow this Route 53 change until it is INSYNC, by the id its batch was answered with; may be repeated
    #[arg(long = "change", value_name = "ID")]
    changes: Vec<String>,
    #[command(flatten)]
    look: Appearance,
}

#[derive(Debug, Default, Args)]
struct Plain {
    /// No screen: one line per change, for screen readers, logs and pipes
    #[arg(long)]
    plain: bool,
    /// Times of lines in UTC instead of the zone that the configuration names, or this machine's
    #[arg(long, requires = "plain")]
    utc: bool,
}

#[derive(Debug, Args)]
struct Appearance {
    /// Theme: one that `landfall theme list` names
    #[arg(long)]
    theme: Option<String>,
    /// Only ASCII on screen
    #[arg(long)]
    ascii: bool,
    /// Read the configuration from FILE instead of the configuration's folder
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Mask names of hosts, accounts and resources: for a screen, a recording or a log that others see
    #[arg(long)]
    mask: bool,
    #[command(flatten)]
    metrics: Metrics,
}

#[derive(Debug, Args)]
struct Metrics {
    /// Serve every signal as OpenMetrics on this address, for example 127.0.0.1:9464 (port 0: any that is free), at /metrics
    #[arg(long = "metrics", value_name = "ADDRESS:PORT")]
    address: Option<std::net::SocketAddr>,
    /// Serve metrics on an address that others can reach: there is no login
    #[arg(long = "metrics-any", requires = "address")]
    any: bool,
}

/// Meaning of the exit codes.
const EXIT: [(u8, &str); 4] = [
    (0, "Done, and everything checked is in order."),
    (
        NOT_IN_ORDER,
        "Done, and something is not in order: something in the plan is unknown, a check failed, the checked verdict is HOLD or ROLL BACK, an approval was refused.",
    ),
    (
        NOT_DONE,
        "Not done: a faulty plan or configuration, wrong usage, no terminal, no console that writes the journal.",
    ),
    (NOT_KNOWN, "Unknown whether it is done: handed in, but its result is not in the journal."),
];

/// Done, but something is not in order.
const NOT_IN_ORDER: u8 = 1;
/// Not done.
const NOT_DONE: u8 = 2;

/// It is not known whether it is done.
const NOT_KNOWN: u8 = 3;

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(why) => return out::usage(&why),
    };
    if let Some(file) = &cli.log
        && let Err(why) = log_to(file)
    {
        return failed(why);
    }
    let done = match cli.command {
        Cmd::Console { journal: Some(journal), on } => run::with_control(&journal, &on),
        Cmd::Console { journal: None, on } => run::watched(&on, None, Mode::Console, &Plain::default()),
        Cmd::Watch { follow, plain, on } => run::watched(&on, follow.as_deref(), Mode::Watch, &plain),
        Cmd::Demo(it) => demo::run(it),
        Cmd::Status(it) => status::run(&it),
        Cmd::Check { plan, offline, no_secrets } => check::run(&plan, offline, !no_secrets),
        Cmd::Init(it) => init::run(&it),
        Cmd::Schema => print(Document::block(&plan::schema::text())),
        Cmd::Signals => print(Document::block(&status::signals())),
        Cmd::Theme(command) => theme::run(&command),
        Cmd::Journal(command) => journal::run(&command),
        Cmd::Report(it) => report::run(&it),
        Cmd::Keys(it) => setup::keys(&it),
        Cmd::Config(it) => setup::config(it),
        Cmd::Completions { shell } => setup::completions(shell),
        Cmd::Man => setup::man(),
        Cmd::Approve(it) => hand_in::approve(&it),
        Cmd::Note(it) => hand_in::note(&it),
        Cmd::Hold(it) => hand_in::hold(&it),
    };
    done.unwrap_or_else(failed)
}

/// Whether output may have colours: standard error, or standard output.
fn colour(to_err: bool) -> bool {
    let terminal = if to_err { std::io::stderr().is_terminal() } else { std::io::stdout().is_terminal() };
    terminal && std::env::var_os("NO_COLOR").is_none()
}

/// The faults of a file, formatted for standard error.
fn faulty(why: &Faulty) -> Failed {
    Failed::block(&why.render(colour(true)))
}

/// Why a theme cannot be used, formatted for standard error.
fn theme_failed(why: &ThemeError) -> Failed {
    match why {
        ThemeError::Unknown { .. } => Failed::new(why),
        ThemeError::Faulty { source, .. } => Failed::block(&format!("{}\n{why}", source.render(colour(true)))),
    }
}

/// Why a journal cannot be used: its file, the causes, and what to do.
fn refused(journal: &Path, why: &Refused) -> Failed {
    Failed::new(format_args!("{}: {}", journal.display(), Chain(why))).advise(why.advice())
}

/// Prints warnings to standard error.
fn warn(report: &Report) {
    if !report.is_empty() {
        print_error(Document::styled(&format!("{}\n\n", report.render(colour(true)))));
    }
}

/// Whether this build has the clients that a plan's servers need. Asked before anything is started: one message in place of one for each
/// collector.
///
/// # Errors
/// If a client is missing: which, how to build it, and what works without.
fn has_clients(plan: &Arc<Plan>) -> Result<(), Failed> {
    let missing = systems::missing_features(plan);
    if missing.is_empty() {
        return Ok(());
    }
    let needed = missing.iter().map(|(feature, titles)| format!("`{feature}` ({})", titles.join(", ")));
    let needed = needed.collect::<Vec<_>>().join(", ");
    let features = missing.iter().map(|(feature, _)| *feature).collect::<Vec<_>>().join(",");
    let word = if missing.len() == 1 { "feature" } else { "features" };
    Err(Failed::block(&format!(
        "this landfall was built without the clients for this plan's servers; missing {word}: {needed}\n  \
        to build it with all clients, build without --no-default-features; with these alone, add --features {features}\n  \
        what works without them: landfall demo, demo --rehearse PLAN, check --offline PLAN"
    )))
}

/// Reads a plan; its warnings go to standard error.
fn load(path: &Path) -> Result<Arc<Plan>, Failed> {
    load_with_digest(path).map(|(plan, _)| plan)
}

/// The same, with the digest of the text that was read.
fn load_with_digest(path: &Path) -> Result<(Arc<Plan>, Digest), Failed> {
    let unread = |source| faulty(&Faulty::Unread { path: path.to_owned(), source });
    let text = std::fs::read_to_string(path).map_err(unread)?;
    let (plan, warnings) = systems::parse_plan(path, &text).map_err(|why| faulty(&why))?;
    warn(&warnings);
    Ok((Arc::new(plan), Digest::of(text.as_bytes())))
}

fn log_to(file: &Path) -> Result<(), Failed> {
    let out = ::journal::own(file, std::fs::OpenOptions::new().create(true).append(true))
        .context(format_args!("cannot open the log file {}", file.display()))?;
    let filter = tracing_subscriber::EnvFilter::try_from_env("LANDFALL_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_ansi(false).with_env_filter(filter).with_writer(Mutex::new(Log(out))).init();
    Ok(())
}

/// A log file: each event is one line without terminal control characters.
struct Log(std::fs::File);

impl std::io::Write for Log {
    /// The subscriber passes one whole event.
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        self.0.write_all(format!("{}\n", line(text.trim_end_matches('\n'))).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// The runtime of the collectors. Two workers: collectors mostly wait.
fn runtime() -> Result<tokio::runtime::Runtime, Failed> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .thread_name("landfall-source")
        .build()
        .context("cannot start the runtime")
}

/// How long collectors have to stop when the program ends; a blocking library call that takes longer is abandoned.
const LET_GO: Duration = Duration::from_millis(300);
