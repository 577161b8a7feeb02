//! Climbs the lab's weight ladder by keys, up and down: 1, 10, 50, 100 % of a name to the target, and checks the
//! served answers after each rung.
//!
//!     cargo build && cargo run --example ladder -- [--rungs 4]
//!
//! It uses its own lab and the traffic phase of its runbook, and a real console operated by keys. The way down is the
//! stored rollback of each rung. After each rung, in both directions, a separate watch must see the rung's share
//! configured, and inside the 95 % interval of at least 1,000 answers given after the change; a rung that does not
//! finish, or is not confirmed, is a failure. With `--rungs 1` it goes only to the lowest one and back.
//!
//! The verification in the lab's runbook checks the same: the planned share lies inside the interval. That is the weak
//! form, which is easier to satisfy the fewer the answers. A plan should require enough answers, and an interval
//! between a lower and an upper bound, as `src/plan/init/cutover.toml` does.

use std::{
    error::Error,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use landfall::{
    base::step::{StepState, Way},
    engine::snapshot::Snapshot,
    journal::export,
};
use landfall_lab::{
    console::Run,
    estate::{NAMES, ZONE},
    live::Lab,
    plan,
    watch::{Watch, value},
};

const NAME: &str = "www.example.test.";
/// Each rung, and the target's share on it.
const RUNGS: [(&str, u8); 4] = [("www-1", 1), ("www-10", 10), ("www-50", 50), ("www-100", 100)];
/// The plan gives a rung's verification up to ten minutes.
const PATIENCE: Duration = Duration::from_secs(900);
/// Enough answers arrive within a minute.
const SERVED: Duration = Duration::from_secs(120);
const ENOUGH: f64 = 1000.0;

/// Climbs the ladder of weights, up and down.
#[derive(Debug, Parser)]
struct Cli {
    /// How many rungs, from the lowest.
    #[arg(long, default_value_t = RUNGS.len())]
    rungs: usize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let cli = Cli::parse();
    let lab = Lab::start()?;
    let whole = std::fs::read_to_string(lab.plan_file())?;
    let (_, traffic) = whole.split_once("id = \"traffic\"").ok_or("the lab's runbook has no phase of traffic")?;
    // The steps before it in the runbook are not part of this example.
    let rungs: String =
        traffic.lines().filter(|line| !line.starts_with("needs")).map(|line| format!("{line}\n")).collect();
    let text = plan::only(&whole, &["sites", "route53", "dns", "health", "intervals"]);
    let run = Run::new(lab.run(), "ladder", &format!("{text}[[phase]]\nid = \"traffic\"{rungs}"))?;
    let mut watch = Watch::on(
        landfall::systems::load_plan(&run.plan).map(|(plan, _)| plan).map_err(|faulty| faulty.render(false))?,
    )?;
    let mut console = run.console()?;
    let mut wrong = Vec::new();
    for (rung, way, share) in rungs_and_shares(cli.rungs) {
        let begin = Instant::now();
        console.carry_out(rung, way)?;
        let ended = console.until_over(rung, PATIENCE)?;
        println!("{rung} {way:?}: {ended:?} after {:.0} s", begin.elapsed().as_secs_f64());
        let wanted = if way == Way::Forward { StepState::Done } else { StepState::RolledBack };
        if ended != wanted {
            wrong.push(format!("{rung} {way:?}: {ended:?}, not {wanted:?}"));
            // The later rungs depend on it.
            break;
        }
        let what = format!("{share} % configured and served, and the other names as they were");
        match watch.until(&what, SERVED, |s| is_served(s, f64::from(share) / 100.0) && others_stand(s)) {
            Ok(seen) => println!("  {}", lines_of(&seen)),
            Err(why) => wrong.push(format!("{rung} {way:?}: {why}; {}", lines_of(&watch.now()))),
        }
    }
    console.news()?;
    println!("{}", export::markdown(&console.entries));
    for line in &wrong {
        println!("WRONG: {line}");
    }
    println!("{} of the ladder is wrong", wrong.len());
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Up and down again, each with the resulting share of the target: a rung's rollback leads to the rung below, the
/// lowest rung's to the initial share.
fn rungs_and_shares(rungs: usize) -> Vec<(&'static str, Way, u8)> {
    let began = NAMES.iter().find(|name| format!("{}.{ZONE}.", name.label) == NAME).map_or(0, |n| n.weights.target);
    let (mut all, mut down, mut below) = (Vec::new(), Vec::new(), began);
    for (rung, share) in RUNGS.into_iter().take(rungs) {
        all.push((rung, Way::Forward, share));
        down.push((rung, Way::Back, below));
        below = share;
    }
    all.extend(down.into_iter().rev());
    all
}

/// The target's configured share of the name, and the observed one: the interval and the number of answers.
fn shares(s: &Snapshot) -> Option<(f64, f64, f64, f64)> {
    let of = |id: &str| value(s, id, &[NAME, "A", "target"]);
    Some((
        of("dns.name.configured_share")?,
        of("dns.name.served_low")?,
        of("dns.name.served_high")?,
        value(s, "dns.name.samples", &[NAME, "A"])?,
    ))
}

fn is_served(s: &Snapshot, share: f64) -> bool {
    shares(s).is_some_and(|(configured, low, high, samples)| {
        (configured - share).abs() < 1e-9 && (low..=high).contains(&share) && samples >= ENOUGH
    })
}

/// Whether the other names are unchanged.
fn others_stand(s: &Snapshot) -> bool {
    NAMES.iter().map(|name| (format!("{}.{ZONE}.", name.label), name.weights)).filter(|(name, _)| name != NAME).all(
        |(name, weights)| {
            let share = f64::from(weights.target) / f64::from(weights.source + weights.target);
            let is = value(s, "dns.name.configured_share", &[&name, "A", "target"]);
            is.is_some_and(|is| (is - share).abs() < 1e-9)
        },
    )
}

fn lines_of(s: &Snapshot) -> String {
    shares(s).map_or_else(
        || "what is served is not known".to_owned(),
        |(configured, low, high, samples)| {
            let [configured, low, high] = [configured, low, high].map(|share| share * 100.0);
            format!("{configured:.1} % configured, {low:.2} to {high:.2} % served by {samples:.0} answers")
        },
    )
}
