//! The lab's weight ladder by keys, up and down: 1, 10, 50, 100 % of a name to the target, and what is served after each rung.
//!
//!     cargo build && cargo run --example ladder
//!
//! A lab of its own and the traffic phase of its runbook; a real console led by keys. The way down is each rung's stored way back. After each
//! rung, either way, a watch of its own has to see the share that it is about configured, and inside the 95 % interval of at least 1,000
//! answers that were given after the change; a rung that does not come to its end, or is not seen to, is a failure.
//!
//! The rungs' own verification in the lab's runbook asks the same: that the planned share lies inside the interval. That is the weak form,
//! which few answers meet the more easily. A plan should ask for enough answers, and for the interval to lie between a lower and an upper
//! bound, as `src/plan/init/cutover.toml` does.

use std::{
    error::Error,
    process::ExitCode,
    time::{Duration, Instant},
};

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
/// A rung's verification may take ten minutes by the plan.
const PATIENCE: Duration = Duration::from_secs(900);
/// Enough answers come within a minute.
const SERVED: Duration = Duration::from_secs(120);
const ENOUGH: f64 = 1000.0;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let lab = Lab::start()?;
    let whole = std::fs::read_to_string(lab.plan_file())?;
    let (_, traffic) = whole.split_once("id = \"traffic\"").ok_or("the lab's runbook has no phase of traffic")?;
    // What comes before it in the runbook is another matter.
    let rungs: String =
        traffic.lines().filter(|line| !line.starts_with("needs")).map(|line| format!("{line}\n")).collect();
    let text = plan::only(&whole, &["sites", "route53", "dns", "health", "intervals"]);
    let run = Run::new(lab.run(), "ladder", &format!("{text}[[phase]]\nid = \"traffic\"{rungs}"))?;
    let mut watch = Watch::on(
        landfall::systems::load_plan(&run.plan).map(|(plan, _)| plan).map_err(|faulty| faulty.render(false))?,
    )?;
    let mut console = run.console()?;
    let mut wrong = Vec::new();
    for (rung, way, share) in rungs_and_shares() {
        let begin = Instant::now();
        console.carry_out(rung, NAME, way)?;
        let came_to = console.until_over(rung, PATIENCE)?;
        println!("{rung} {way:?}: {came_to:?} after {:.0} s", begin.elapsed().as_secs_f64());
        let wanted = if way == Way::Forward { StepState::Done } else { StepState::RolledBack };
        if came_to != wanted {
            wrong.push(format!("{rung} {way:?}: {came_to:?}, not {wanted:?}"));
            // The rungs after it build on it.
            break;
        }
        let what = format!("{share} % configured and served, and the other names as they were");
        match watch.until(&what, SERVED, |s| is_served(s, f64::from(share) / 100.0) && others_stand(s)) {
            Ok(seen) => println!("  {}", told(&seen)),
            Err(why) => wrong.push(format!("{rung} {way:?}: {why}; {}", told(&watch.now()))),
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

/// Up and down again, each with the target's share that it leads to: a rung's way back leads to the one below it, the lowest's to what the
/// lab began with.
fn rungs_and_shares() -> Vec<(&'static str, Way, u8)> {
    let began = NAMES.iter().find(|name| format!("{}.{ZONE}.", name.label) == NAME).map_or(0, |n| n.weights.target);
    let (mut all, mut down, mut below) = (Vec::new(), Vec::new(), began);
    for (rung, share) in RUNGS {
        all.push((rung, Way::Forward, share));
        down.push((rung, Way::Back, below));
        below = share;
    }
    all.extend(down.into_iter().rev());
    all
}

/// What the target has of the name by the configuration, and by the answers: the interval and their number.
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

/// What was done to one name was done to no other.
fn others_stand(s: &Snapshot) -> bool {
    NAMES.iter().map(|name| (format!("{}.{ZONE}.", name.label), name.weights)).filter(|(name, _)| name != NAME).all(
        |(name, weights)| {
            let share = f64::from(weights.target) / f64::from(weights.source + weights.target);
            let is = value(s, "dns.name.configured_share", &[&name, "A", "target"]);
            is.is_some_and(|is| (is - share).abs() < 1e-9)
        },
    )
}

fn told(s: &Snapshot) -> String {
    shares(s).map_or_else(
        || "what is served is not known".to_owned(),
        |(configured, low, high, samples)| {
            let [configured, low, high] = [configured, low, high].map(|share| share * 100.0);
            format!("{configured:.1} % configured, {low:.2} to {high:.2} % served by {samples:.0} answers")
        },
    )
}
