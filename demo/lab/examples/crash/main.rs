//! The cockpit killed at random moments of a change, and started again: is what it says still true?
//!
//!     cargo build && cargo run --example crash -- [--trials 5] [--seed N] [--only primary|weights]
//!
//! A real console is led by keys in a pseudo-terminal, killed with SIGKILL while it moves a primary (a set of three with the server's default
//! timings) or changes weights (the lab's Route 53), and started again on its journal, which it takes up by itself. Each trial goes forward
//! and back, and is killed on both ways; that no kill met an attempt under way is a failure. Judged are the end of each trial (the set is not
//! pinned, whoever leads is who the journal says), and at the end the whole journal against what the servers say that they were asked:
//! mongod's log, a recording proxy before Route 53.

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

/// Longer than anything here takes to come to its end: a batch that may still be on its way is waited for as long as AWS takes a signature.
const PATIENCE: Duration = Duration::from_secs(480);
/// Longer than the safe tail of anything here takes, with the time in which a copy of what was on its way may still land.
const TAIL: Duration = Duration::from_secs(100);

/// For how long whoever leads is looked for before it counts as not to be found.
const TOLD: Duration = Duration::from_secs(30);

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
    println!("{} of what is said is wrong", wrong.len());
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One kill: the moment, and what came of it.
struct Killed<T> {
    /// What the journal's last intent was about, and how everything was.
    at: String,
    /// The attempt was not over yet in any way: its requests were under way. A kill after that tries nothing.
    running: bool,
    /// How everything was when it stood still with its tail done, if it did.
    held: Option<T>,
    /// What the attempt came to after the cockpit was started again.
    came_to: StepState,
}

/// Carries a step out one way, kills the cockpit at a moment that `moment` waits for, starts it again and waits for the end. What was not
/// applied is tried again without a kill. `seen` says how everything is; it may take so long to find out.
fn killed<T: Display>(
    run: &Run,
    (step, target, way): (&str, &str, Way),
    moment: impl FnOnce(&mut Console) -> Result<(), Failure>,
    seen: impl Fn(Duration) -> T,
    pause: Duration,
) -> Result<Killed<T>, Failure> {
    let mut console = run.console()?;
    carry_out(&mut console, step, target, way)?;
    moment(&mut console)?;
    console.end()?;
    console.news()?;
    let running = matches!(console.came_to(step), None | Some(StepState::Running));
    // At once, or it would not be how it was at that moment.
    let at = format!("{}; then {}", ledger::last(&console.entries), seen(Duration::ZERO));
    std::thread::sleep(pause);
    let mut console = run.console()?;
    let held = release(&mut console, step, &seen)?;
    let came_to = console.until_over(step, PATIENCE)?;
    let wanted = if way == Way::Forward { StepState::Done } else { StepState::RolledBack };
    let mut now = came_to;
    for _ in 0..3 {
        if now == wanted {
            break;
        }
        let exposed = console.screen().contains("EXPOSED");
        if exposed || way == Way::Forward {
            console.again(step)?;
        }
        // A safe tail that could not be finished is tried again by itself; that may have been all that was left.
        if exposed {
            now = console.until_over(step, PATIENCE)?;
            continue;
        }
        carry_out(&mut console, step, target, way)?;
        now = console.until_over(step, PATIENCE)?;
    }
    if now == wanted {
        return Ok(Killed { at, running, held, came_to });
    }
    println!("{}", export::markdown(&console.entries));
    Err(format!("{step} came to {now:?}, three attempts after the kill:\n{}", console.screen()).into())
}

/// Another attempt at what was taken back, by a console of its own: until it is on record.
fn again(run: &Run, step: &str) -> Result<(), Failure> {
    Ok(run.console()?.again(step)?)
}

fn carry_out(console: &mut Console, step: &str, target: &str, way: Way) -> Result<(), Failure> {
    let done = console.carry_out(step, target, way);
    if done.is_err() {
        println!("{}", export::markdown(&console.entries));
    }
    Ok(done?)
}

/// What was open stands still after a start, but for its safe tail, until somebody lifts that. How everything was just before, if it did not
/// come to its end by itself.
fn release<T>(console: &mut Console, step: &str, seen: &dyn Fn(Duration) -> T) -> Result<Option<T>, Failure> {
    let held = console.until_over(step, TAIL).is_err().then(|| seen(TOLD));
    console.press("\x1b")?;
    std::thread::sleep(Duration::from_millis(200));
    console.press("H")?;
    Ok(held)
}

fn told(held: Option<&impl Display>) -> String {
    held.map_or_else(String::new, |held| format!("; stood still with {held}"))
}

/// How many kills met an attempt that was under way; none is wrong: nothing was tried.
fn count(what: &str, hits: u32, of: u32) -> Option<String> {
    println!("{what}: {hits} of {of} kills met an attempt under way");
    (hits == 0).then(|| format!("{what}: none of {of} kills met an attempt under way"))
}
