//! Moves a replica set by keys: two target members are added, unhidden for readers, given votes one by one, made
//! electable, given the majority; then the primary moves there, and back.
//!
//!     cargo build && cargo run --example catalog
//!
//! It uses its own lab and runbook and a real console operated by keys; it prints each step's preview and the set's
//! page as shown on screen.

use std::{error::Error, process::ExitCode, time::Duration};

use landfall::{
    base::step::{StepState, Way},
    journal::export,
};
use landfall_lab::{
    console::{Console, Run},
    live::Lab,
};

const SET: &str = "catalog";
/// Steps of the lab's runbook, and who must approve them.
const STEPS: [(&str, Option<&str>); 6] = [
    ("catalog-in", None),
    ("catalog-unhide", None),
    ("catalog-vote", None),
    ("catalog-stand", None),
    ("catalog-lean", Some("second")),
    ("catalog-home", None),
];
/// Two members start empty and copy the whole set.
const PATIENCE: Duration = Duration::from_secs(300);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let lab = Lab::start()?;
    let run = Run::new(lab.run(), SET, &std::fs::read_to_string(lab.plan_file())?)?;
    let mut console = run.console()?;
    let mut wrong = Vec::new();
    for (step, approver) in STEPS {
        go(&mut console, step, approver, Way::Forward, &mut wrong)?;
    }
    led_by(&mut console, "ORE", &mut wrong)?;
    go(&mut console, "catalog-home", None, Way::Back, &mut wrong)?;
    led_by(&mut console, "VIR", &mut wrong)?;
    console.news()?;
    println!("{}", export::markdown(&console.entries));
    for line in &wrong {
        println!("WRONG: {line}");
    }
    println!("{} steps were not as they should be", wrong.len());
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn go(
    console: &mut Console,
    step: &str,
    approver: Option<&str>,
    way: Way,
    wrong: &mut Vec<String>,
) -> Result<(), Box<dyn Error>> {
    println!("━━ {step} {way:?}");
    console.approver = approver.map(str::to_owned);
    console.carry_out(step, way)?;
    // The preview under the confirmation.
    show(&console.previewed, |_| true);
    let ended = console.until_over(step, PATIENCE)?;
    println!("── {ended:?}");
    let wanted = if way == Way::Forward { StepState::Done } else { StepState::RolledBack };
    if ended != wanted {
        wrong.push(format!("{step} {way:?}: {ended:?}, not {wanted:?}"));
    }
    console.page("2")?;
    console.until_seen("the set's page", Duration::from_secs(30), |screen| screen.contains("Replica sets"))?;
    show(&console.screen(), |line| line.contains(SET));
    Ok(())
}

/// The primary according to the page.
fn led_by(console: &mut Console, label: &str, wrong: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    console.page("2")?;
    let leads = |screen: &str| {
        let own = |line: &&str| line.trim_start_matches('▸').split_whitespace().next() == Some(SET);
        screen.lines().find(own).is_some_and(|row| row.contains(&format!(" {label} ")) && row.contains("● yes"))
    };
    if let Err(why) = console.until_seen("its primary's side", Duration::from_secs(30), leads) {
        wrong.push(format!("{SET} is not led by {label}: {why}"));
    }
    Ok(())
}

fn show(screen: &str, wanted: impl Fn(&str) -> bool) {
    let lines = screen.lines().map(str::trim_end).filter(|line| !line.is_empty() && wanted(line));
    lines.for_each(|line| println!("  {line}"));
}
