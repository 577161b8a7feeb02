//! The lab's weight ladder by keys, up and down: 1, 10, 50, 100 % of a name to the target, and what is served after each rung.
//!
//!     cargo run --example ladder
//!
//! A lab of its own and the traffic phase of its runbook; a real console led by keys. A rung is done once the planned share lies inside the
//! 95 % interval of at least 1,000 answers given after the change; the way down is each rung's stored way back.

use std::{
    error::Error,
    thread::sleep,
    time::{Duration, Instant},
};

use landfall::{core::step::Way, journal::export};
use landfall_lab::{console::Console, live::Lab, plan};

const NAME: &str = "www.example.test.";
const RUNGS: [&str; 4] = ["www-1", "www-10", "www-50", "www-100"];
/// A rung's verification may take ten minutes by the plan.
const PATIENCE: Duration = Duration::from_secs(900);

fn main() -> Result<(), Box<dyn Error>> {
    let lab = Lab::start()?;
    let whole = std::fs::read_to_string(lab.plan_file())?;
    let (_, traffic) = whole.split_once("id = \"traffic\"").ok_or("the lab's runbook has no phase of traffic")?;
    // What comes before it in the runbook is another matter.
    let rungs: String =
        traffic.lines().filter(|line| !line.starts_with("needs")).map(|line| format!("{line}\n")).collect();
    let text = plan::only(&whole, &["sites", "route53", "dns", "health", "intervals"]);
    let (file, journal) = (lab.run().join("ladder.toml"), lab.run().join("ladder.journal"));
    std::fs::write(&file, format!("{text}[[phase]]\nid = \"traffic\"{rungs}"))?;
    let mut console = Console::steer(&file, &journal)?;
    let up = RUNGS.iter().map(|rung| (*rung, Way::Forward));
    let down = RUNGS.iter().rev().map(|rung| (*rung, Way::Back));
    for (rung, way) in up.chain(down) {
        let begin = Instant::now();
        console.carry_out(rung, NAME, way)?;
        let came_to = console.until_over(rung, PATIENCE)?;
        console.page("5")?;
        sleep(Duration::from_secs(1));
        let screen = console.screen();
        println!("{rung} {way:?}: {came_to:?} after {:.0} s", begin.elapsed().as_secs_f64());
        screen
            .lines()
            .filter(|line| line.contains(NAME) || line.contains("served"))
            .for_each(|line| println!("  {}", line.trim_end()));
    }
    console.news()?;
    println!("{}", export::markdown(&console.entries));
    Ok(())
}
