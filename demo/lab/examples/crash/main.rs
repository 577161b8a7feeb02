//! Kills landfall at random moments of a change, restarts it, and checks that its statements are still true.
//!
//!     cargo build && cargo run --example crash -- [--trials 5] [--seed N] [--only primary|weights]
//!
//! A real console is operated by keys in a pseudo-terminal. It is killed with SIGKILL while it moves a primary (a set
//! of three with the server's default timings) or changes weights (the lab's Route 53), and restarted on its journal,
//! which it resumes by itself. Each trial goes forward and back, with a kill on both ways; it is a failure if no kill
//! hits a running attempt. Checked are the end of each trial (the set is not pinned, the primary is the one in the
//! journal), and at the end the whole journal against the requests that the servers recorded: mongod's log, a
//! recording proxy before Route 53.

mod judge;
mod ledger;
mod primary;
mod weights;

use std::{fmt::Display, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use fastrand::Rng;
use landfall::{
    base::step::{StepState, Way},
    journal::export,
};
use landfall_lab::console::{Console, Run};

type Failure = Box<dyn std::error::Error>;

/// Longer than anything here takes to finish: landfall waits for a batch that may still arrive as long as AWS accepts
/// its signature.
const PATIENCE: Duration = Duration::from_secs(480);
/// Longer than any cleanup here takes, including the time in which a delayed copy of a request may still arrive.
const TAIL: Duration = Duration::from_secs(100);

/// How long to look for a primary before there counts as none.
const REPORTED: Duration = Duration::from_secs(30);

/// Kills the cockpit in the middle of changes, and judges what becomes of them.
#[derive(Debug, Parser)]
struct Cli {
    /// Trials of each kind, two kills each: one forward, one on the way back.
    #[arg(long, default_value_t = 5)]
    trials: u32,
    /// The moments' seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this kind.
    #[arg(long)]
    only: Option<Only>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    Primary,
    Weights,
}

fn main() -> Result<ExitCode, Failure> {
    let cli = Cli::parse();
    let mut wrong = Vec::new();
    if cli.only != Some(Only::Weights) {
        wrong.extend(primary::trials(cli.trials, &mut Rng::with_seed(cli.seed))?);
    }
    if cli.only != Some(Only::Primary) {
        wrong.extend(weights::trials(cli.trials, &mut Rng::with_seed(cli.seed))?);
    }
    for line in &wrong {
        println!("WRONG: {line}");
    }
    println!("{} of what is reported is wrong", wrong.len());
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One kill: its moment, and its result.
struct Killed<T> {
    /// The journal's last intent, and the state of the system.
    at: String,
    /// The attempt was not over: its requests were pending. A kill after that tests nothing.
    running: bool,
    /// The state of the system while the run was halted with its cleanup done, if it was.
    held: Option<T>,
    /// The outcome of the attempt after the restart.
    ended: StepState,
}

/// Executes a step in one direction, kills landfall at the moment for which `moment` waits, restarts it and waits for
/// the end. A step that was not applied is tried again without a kill. `seen` returns the state of the system; it may
/// take the given time.
fn killed<T: Display>(
    run: &Run,
    (step, way): (&str, Way),
    moment: impl FnOnce(&mut Console) -> Result<(), Failure>,
    seen: impl Fn(Duration) -> T,
    pause: Duration,
) -> Result<Killed<T>, Failure> {
    let mut console = run.console()?;
    carry_out(&mut console, step, way)?;
    moment(&mut console)?;
    console.end()?;
    console.news()?;
    let running = matches!(console.ended(step), None | Some(StepState::Running));
    // At once, to get the state at that moment.
    let at = format!("{}; then {}", ledger::last(&console.entries), seen(Duration::ZERO));
    std::thread::sleep(pause);
    let mut console = run.console()?;
    let held = release(&mut console, step, &seen)?;
    let ended = console.until_over(step, PATIENCE)?;
    let wanted = if way == Way::Forward { StepState::Done } else { StepState::RolledBack };
    let mut now = ended;
    for _ in 0..3 {
        if now == wanted {
            break;
        }
        let exposed = console.screen().contains("EXPOSED");
        if exposed || way == Way::Forward {
            console.again(step)?;
        }
        // An unfinished cleanup is retried automatically; possibly nothing else was left.
        if exposed {
            now = console.until_over(step, PATIENCE)?;
            continue;
        }
        carry_out(&mut console, step, way)?;
        now = console.until_over(step, PATIENCE)?;
    }
    if now == wanted {
        return Ok(Killed { at, running, held, ended });
    }
    println!("{}", export::markdown(&console.entries));
    Err(format!("{step} came to {now:?}, three attempts after the kill:\n{}", console.screen()).into())
}

/// Starts another attempt at a rolled-back step, in its own console, until it is journaled.
fn again(run: &Run, step: &str) -> Result<(), Failure> {
    Ok(run.console()?.again(step)?)
}

fn carry_out(console: &mut Console, step: &str, way: Way) -> Result<(), Failure> {
    let done = console.carry_out(step, way);
    if done.is_err() {
        println!("{}", export::markdown(&console.entries));
    }
    Ok(done?)
}

/// After a start an open attempt is halted, except for its cleanup, until a person releases it; one that has come to its end is not held
/// any more. Returns the state just before the release, unless the attempt ended by itself.
fn release<T>(console: &mut Console, step: &str, seen: &dyn Fn(Duration) -> T) -> Result<Option<T>, Failure> {
    let held = console.until_over(step, TAIL).is_err().then(|| seen(REPORTED));
    console.press("\x1b")?;
    std::thread::sleep(Duration::from_millis(200));
    console.press("H")?;
    let asked = console.until("release the hold; reason", Duration::from_secs(5));
    if asked.is_err() && console.screen().contains("the run is not held") {
        return Ok(held);
    }
    asked?;
    console.press("continued after the kill\r")?;
    Ok(held)
}

fn held_text(held: Option<&impl Display>) -> String {
    held.map_or_else(String::new, |held| format!("; stood still with {held}"))
}

/// Reports how many kills hit a running attempt; none is an error: nothing was tested.
fn count(what: &str, hits: u32, of: u32) -> Option<String> {
    println!("{what}: {hits} of {of} kills met an attempt under way");
    (hits == 0).then(|| format!("{what}: none of {of} kills met an attempt under way"))
}
