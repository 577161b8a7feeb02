//! A primary's move, killed; `judge.rs` checks the journal.

use std::{
    fmt,
    time::{Duration, Instant},
};

use fastrand::Rng;
use landfall::{
    base::{side::Side, step::Way},
    journal::follow::Follower,
    systems::{Call, Entry, mongo::Call as Mongo},
};
use landfall_lab::{
    console::{Console, Run},
    trio::{SIDES, STEP, Trio},
};
use tokio::runtime::Runtime;

use super::{Failure, again, count, held_text, judge, killed, ledger};

/// Slightly longer than the recipe takes.
const SPAN: f64 = 6.0;

/// Forward and back, each killed once, for each trial; returns what was wrong.
pub fn trials(trials: u32, random: &mut Rng) -> Result<Vec<String>, Failure> {
    let runtime = Runtime::new()?;
    let set = runtime.block_on(Trio::start(Duration::ZERO))?;
    let run = Run::new(set.dir(), "run", &set.plan())?;
    let usual = runtime.block_on(set.config())?.1;
    let (mut wrong, mut hits) = (Vec::new(), 0);
    println!("the primary's move, {trials} times forward and back, a kill each");
    for n in 1..=trials {
        for way in [Way::Forward, Way::Back] {
            if n > 1 && way == Way::Forward {
                again(&run, STEP)?;
            }
            let after = random.f64();
            // Half of them at any time, half around the moment without a primary.
            let moment = |console: &mut Console| -> Result<(), Failure> {
                if n % 2 == 0 {
                    std::thread::sleep(Duration::from_secs_f64(after * SPAN));
                    return Ok(());
                }
                let end = Instant::now() + Duration::from_secs(30);
                while !steps_down(console) && Instant::now() < end {
                    std::thread::sleep(Duration::from_millis(2));
                }
                std::thread::sleep(Duration::from_secs_f64(after * 0.5));
                Ok(())
            };
            let seen = |patience| runtime.block_on(priorities(&set, patience));
            let pause = Duration::from_secs_f64(random.f64() * 2.0);
            let one = killed(&run, (STEP, way), moment, seen, pause)?;
            hits += u32::from(one.running);
            let (version, priorities) = runtime.block_on(set.config())?;
            let leader = runtime.block_on(set.leader());
            let side = leader.as_deref().and_then(|host| set.side(host));
            println!(
                "{n:>3} {way:?}: killed at {}{}; came to {:?}; now {} leads, version {version}, priorities {priorities:?}",
                one.at,
                held_text(one.held.as_ref()),
                one.ended,
                side.map_or("nobody", Side::word),
            );
            let wanted = if way == Way::Forward { Side::Target } else { Side::Source };
            // When halted, the cleanup is complete: no member is pinned any more.
            if let Some(held) = one.held.as_ref().filter(|held| !held.is_free()) {
                wrong.push(format!("trial {n} {way:?}: stood still with {held}"));
            }
            if side != Some(wanted) {
                wrong.push(format!("trial {n} {way:?}: {side:?} leads"));
            }
            if priorities.contains(&0.0) || (way == Way::Back && priorities != usual) {
                wrong.push(format!("trial {n} {way:?}: priorities {priorities:?}"));
            }
        }
    }
    wrong.extend(count("the primary's move", hits, 2 * trials));
    let entries = Follower::new(&run.journal).news()?;
    let logs = SIDES.iter().enumerate().map(|(n, _)| set.log(n)).collect::<Vec<_>>();
    wrong.extend(judge::judge(&entries, &logs));
    Ok(wrong)
}

/// All members' priorities, or why they could not be read.
struct Priorities(landfall_lab::Result<Vec<f64>>);

impl Priorities {
    /// Whether it is known that every member can be elected.
    fn is_free(&self) -> bool {
        self.0.as_ref().is_ok_and(|all| !all.contains(&0.0))
    }
}

impl fmt::Display for Priorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(all) => write!(f, "priorities {all:?}"),
            Err(why) => write!(f, "priorities unknown: {why}"),
        }
    }
}

/// There is no primary for a moment after a step-down: ask again within the time limit.
async fn priorities(set: &Trio, patience: Duration) -> Priorities {
    let end = Instant::now() + patience;
    loop {
        match set.config().await {
            Err(_) if Instant::now() < end => tokio::time::sleep(Duration::from_millis(500)).await,
            text => return Priorities(text.map(|(_, all)| all)),
        }
    }
}

/// Whether the last request is the step-down.
fn steps_down(console: &mut Console) -> bool {
    let stepped_down = |entries: &[Entry]| {
        ledger::sends(entries).last().is_some_and(|s| matches!(s.call, Call::Mongo(Mongo::StepDown { .. })))
    };
    console.news().is_ok() && stepped_down(&console.entries)
}
