//! Measures how long a set accepts no writes while its primary moves: with landfall's recipe, and by raising a
//! priority and waiting.
//!
//!     cargo build --release && cargo run --release --example write_gap -- [--moves 10] [--waits 5] [--delay-ms 0]
//!
//! It uses its own set, one source and two target members, with the server's default timings (elections 10 s,
//! heartbeats 2 s) and logins. With `--delay-ms 35` all traffic between the sites is delayed by 35 ms each way.
//! Nothing else of the lab should run.
//!
//! **The gap** is measured by writers at every member, each with one pending write, the next one following at once,
//! but at least 10 ms after the start of the last: the longest time without an acknowledged write, from the first
//! order to the end of the move; for w:1 and for w:majority, with separate writers. The normal duration of a write is
//! printed with it.

mod gap;

use std::{path::Path, sync::Arc, time::Duration};

use clap::Parser;
use landfall::{
    base::{side::Side, step::StepState},
    drive::{Control, inbox::Inbox, live},
    engine::{
        run::{Order, StepView},
        snapshot::Snapshot,
    },
    journal::{Author, store::MemStore},
    systems::collect::clock,
};
use landfall_lab::trio::{STEP, Trio};
use tokio::time::{Instant, sleep, timeout};

use self::gap::Writers;

type Failure = Box<dyn std::error::Error>;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// If it takes longer, raising a priority has not worked.
const NEVER: Duration = Duration::from_secs(120);

/// Measures the write gap of a primary's move.
#[derive(Debug, Parser)]
struct Cli {
    /// Moves by landfall's recipe.
    #[arg(long, default_value_t = 10)]
    moves: usize,
    /// Moves by raising the target's priority and waiting.
    #[arg(long, default_value_t = 5)]
    waits: usize,
    /// How late everything between the sites is, each way.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let cli = Cli::parse();
    let delay = Duration::from_millis(cli.delay_ms);
    println!("default timings, {} ms each way between the sites, set of 1 + 2 voters", cli.delay_ms);
    let set = Trio::start(delay).await?;
    let (plan, _) = landfall::systems::parse_plan(Path::new("write-gap.toml"), &set.plan())
        .map_err(|faulty| faulty.render(false))?;
    let plan = Arc::new(plan);
    let inbox = Inbox::new(&set.dir().join("journal"), &plan.name, &plan.runbook.approvers)?;
    let author = Author {
        run: plan.name.clone(),
        actor: "bench".to_owned(),
        host: "localhost".to_owned(),
        plan: landfall::base::digest::Digest::default(),
    };
    let journal = landfall::systems::open_journal(Box::new(MemStore::default()), author, clock::now())?;
    let mut control = live::start_with_control(plan, journal, inbox);
    let mut ours = Vec::new();
    for n in 1..=cli.moves {
        ours.push(by_recipe(&mut control, &set, n).await?);
    }
    let mut waited = Vec::new();
    for n in 1..=cli.waits {
        waited.push(by_waiting(&set, n).await?);
    }
    report("recipe", &ours);
    report("priority raised, waited", &waited);
    let Control { link, orders } = control;
    drop(orders);
    link.let_go(Duration::from_secs(2)).await;
    let astray = ours.iter().filter(|m| !m.landed).count();
    if astray > 0 {
        return Err(format!("{astray} moves by the recipe did not land on the target").into());
    }
    Ok(())
}

/// One move: gaps in milliseconds, and whether it reached the target.
struct Moved {
    w1: Option<f64>,
    majority: Option<f64>,
    landed: bool,
}

async fn by_recipe(control: &mut Control, set: &Trio, n: usize) -> Result<Moved, Failure> {
    until(control, "a step that can be started", |s| s.state == StepState::Ready && s.obstacles.is_empty()).await?;
    let digest = prepare(control, Order::Preview(STEP.to_owned())).await?;
    let writers = Writers::start(set).await?;
    control.orders.give(Order::Execute { step: STEP.to_owned(), digest, typed: STEP.to_owned() });
    until(control, "DONE", |s| s.state == StepState::Done).await?;
    let landed = set.leader().await.is_some_and(|host| set.side(&host) == Some(Side::Target));
    let gaps = writers.end().await?;
    println!("recipe {n}: {gaps}, lands on the {}", if landed { "target" } else { "SOURCE" });
    // Back, with the stored rollback, so that the next move starts from the same state. The order previews by itself.
    let digest = prepare(control, Order::RollBack(STEP.to_owned())).await?;
    control.orders.give(Order::Execute { step: STEP.to_owned(), digest, typed: STEP.to_owned() });
    until(control, "RB_DONE", |s| s.state == StepState::RolledBack).await?;
    control.orders.give(Order::Again(STEP.to_owned()));
    until(control, "ready again", |s| matches!(s.state, StepState::Pending | StepState::Blocked | StepState::Ready))
        .await?;
    Ok(Moved { w1: Some(gaps.w1), majority: Some(gaps.majority), landed })
}

/// Previews by `first`, and arms; returns the digest for the confirmation. A preview that is out of date is made again.
async fn prepare(control: &mut Control, first: Order) -> Result<landfall::base::digest::Digest, Failure> {
    let end = Instant::now() + PATIENCE;
    let mut order = first;
    loop {
        control.orders.give(order);
        let previewed = timeout(
            Duration::from_secs(5),
            until(control, "a preview", |s| {
                s.preview.as_ref().is_some_and(|p| p.digest.is_some() && p.broken.is_empty())
                    && s.state == StepState::Previewed
            }),
        )
        .await;
        if let Ok(view) = previewed {
            let view = view?;
            let digest = view.preview.as_ref().and_then(|p| p.digest).ok_or("no digest")?;
            control.orders.give(Order::Arm(STEP.to_owned()));
            if timeout(Duration::from_secs(5), until(control, "armed", |s| s.state == StepState::Armed)).await.is_ok() {
                return Ok(digest);
            }
        }
        if Instant::now() > end {
            return Err("no preview could be armed".into());
        }
        order = Order::Preview(STEP.to_owned());
    }
}

async fn until(control: &mut Control, what: &str, is: impl Fn(&StepView) -> bool) -> Result<StepView, Failure> {
    let step = |s: &Snapshot| s.run.as_ref().and_then(|run| run.steps.iter().find(|s| s.id == STEP).cloned());
    let failed = |s: &StepView| matches!(s.state, StepState::Failed | StepState::NotApplied);
    let waited =
        timeout(PATIENCE, control.link.snapshots.wait_for(|s| step(s).is_some_and(|s| is(&s) || failed(&s)))).await;
    let seen = waited.map_err(|_| format!("waited {} s in vain: {what}", PATIENCE.as_secs()))??.clone();
    let view = step(&seen).ok_or("no such step")?;
    if is(&view) {
        return Ok(view);
    }
    let text: Vec<String> = view.ops.iter().map(|op| format!("{}: {:?}: {}", op.what, op.state, op.detail)).collect();
    Err(format!("{} instead of {what}:\n{}", view.word, text.join("\n")).into())
}

/// Without a recipe: raises the target's priority above all others and waits.
async fn by_waiting(set: &Trio, n: usize) -> Result<Moved, Failure> {
    let writers = Writers::start(set).await?;
    let began = Instant::now();
    set.prefer(Side::Target).await?;
    let mut landed = false;
    while !landed && began.elapsed() < NEVER {
        sleep(Duration::from_millis(100)).await;
        landed = set.leader().await.is_some_and(|host| set.side(&host) == Some(Side::Target));
    }
    // The time after the take-over is part of the measurement.
    sleep(Duration::from_secs(3)).await;
    let gaps = writers.end().await?;
    let took = if landed { format!("after {:.1} s", began.elapsed().as_secs_f64()) } else { "NEVER".to_owned() };
    println!("waited {n}: {gaps}, on the target {took}");
    set.reset().await?;
    let seen = |gap: f64| landed.then_some(gap);
    Ok(Moved { w1: seen(gaps.w1), majority: seen(gaps.majority), landed })
}

fn report(what: &str, moves: &[Moved]) {
    let line = |of: &dyn Fn(&Moved) -> Option<f64>| {
        let mut all: Vec<f64> = moves.iter().filter_map(of).collect();
        all.sort_by(f64::total_cmp);
        match (all.first(), all.get(all.len() / 2), all.last()) {
            (Some(min), Some(median), Some(max)) => format!("min {min:.0}, median {median:.0}, max {max:.0} ms"),
            _ => "no gap measured".to_owned(),
        }
    };
    let landed = moves.iter().filter(|m| m.landed).count();
    println!(
        "{what}: w:1 {}; w:majority {}; {landed} of {} on the target",
        line(&|m| m.w1),
        line(&|m| m.majority),
        moves.len()
    );
}
