//! Injects one fault at a time in the middle of a step, and prints the screen, the journal, and how it is mended.
//!
//!     cargo build && cargo run --example mishaps -- [--only majority|cut|broker|throttled]
//!
//! It uses a real console operated by keys. A set of three loses its majority, or the link between its sites, right
//! after its primary was ordered to step down for a move; a broker is killed while a group's offsets are written to it;
//! Route 53 answers a change of weights with "Throttling" only.
//!
//! After mending, a step must finish: done, rolled back if it failed, or done at the second attempt if nothing was
//! applied. One that does not is a failure; the other faults are tried nevertheless.

use std::{
    path::Path,
    process::ExitCode,
    thread::sleep,
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum};
use landfall::{
    base::{
        side::Side,
        step::{StepState, Way},
    },
    journal::export,
    systems::{Body, Call, mongo::Call as Mongo},
};
use landfall_lab::{
    console::{Console, Run},
    live::Lab,
    plan,
    proxy::{Manner, Proxy},
    server::How,
    trio::{self, Trio},
};
use tokio::runtime::Runtime;

type Failure = Box<dyn std::error::Error>;

/// Duration of a fault: longer than the servers' own time-outs.
const BROKEN: Duration = Duration::from_secs(30);
/// Longer than anything here takes to finish.
const PATIENCE: Duration = Duration::from_secs(420);

/// The answer of AWS.
const THROTTLING: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";

/// Breaks something in the middle of a step, and shows what is reported of it.
#[derive(Debug, Parser)]
struct Cli {
    /// Only this.
    #[arg(long)]
    only: Option<Mishap>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mishap {
    Majority,
    Cut,
    Broker,
    Throttled,
}

fn main() -> Result<ExitCode, Failure> {
    let cli = Cli::parse();
    let wanted = |mishap| cli.only.is_none_or(|only| only == mishap);
    let mut ends = Vec::new();
    if wanted(Mishap::Majority) {
        let freeze = |set: &Trio, broken| (1..3).for_each(|n| set.freeze(n, broken));
        ends.push((Mishap::Majority, on_a_set("the set's majority is lost as its primary steps down", freeze)));
    }
    if wanted(Mishap::Cut) {
        let cut = |set: &Trio, broken| set.wire.cut(broken);
        ends.push((Mishap::Cut, on_a_set("the link between the sites is cut as the primary steps down", cut)));
    }
    if wanted(Mishap::Broker) || wanted(Mishap::Throttled) {
        let lab = Lab::start()?;
        if wanted(Mishap::Broker) {
            ends.push((Mishap::Broker, broker(&lab)));
        }
        if wanted(Mishap::Throttled) {
            ends.push((Mishap::Throttled, throttled(&lab)));
        }
    }
    let wrong: Vec<_> = ends.iter().filter_map(|(mishap, end)| Some((mishap, end.as_ref().err()?))).collect();
    for (mishap, why) in &wrong {
        println!("WRONG: {mishap:?}: {why}");
    }
    println!("{} of {} mishaps were mended", ends.len() - wrong.len(), ends.len());
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A plan of one step in a folder, and a console on it.
struct Stage {
    console: Console,
    step: &'static str,
    printed: usize,
}

impl Stage {
    fn new(folder: &Path, step: &'static str, text: &str) -> Result<Self, Failure> {
        Ok(Self { console: Run::new(folder, step, text)?.console()?, step, printed: 0 })
    }

    /// Prints the screen: its head, the step's row, and the step's detail.
    fn show(&mut self, when: &str) -> Result<(), Failure> {
        println!("── the screen, {when}");
        self.console.select(self.step)?;
        sleep(Duration::from_secs(1));
        let screen = self.console.screen();
        screen
            .lines()
            .take(2)
            .chain(screen.lines().find(|l| l.starts_with('▸')))
            .for_each(|l| println!("  {}", l.trim_end()));
        self.console.press("\r")?;
        sleep(Duration::from_secs(1));
        let screen = self.console.screen();
        let lines = screen.lines().skip(3).map(str::trim_end).filter(|l| !l.is_empty());
        lines.take(30).for_each(|l| println!("  {l}"));
        Ok(())
    }

    /// Prints the new journal entries.
    fn report(&mut self) -> Result<(), Failure> {
        self.console.news()?;
        let text = export::markdown(&self.console.entries);
        let lines: Vec<&str> =
            text.lines().filter(|l| l.starts_with("| ") && !l.starts_with("| #") && !l.starts_with("| -")).collect();
        println!("── the journal");
        lines.iter().skip(self.printed).for_each(|l| println!("  {l}"));
        self.printed = lines.len();
        Ok(())
    }

    /// Waits until the last intended request satisfies `wanted`.
    fn until_meant(&mut self, wanted: impl Fn(&Call) -> bool) -> Result<(), Failure> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.console.news()?;
            let meant = self.console.entries.iter().rev().find_map(|e| match &e.body {
                Body::Intent(intent) => Some(&intent.call),
                _ => None,
            });
            if meant.is_some_and(&wanted) {
                return Ok(());
            }
            sleep(Duration::from_millis(2));
        }
        Err(self.console.screen().into())
    }

    /// Waits for the end; rolls back a failed step, retries one that was not applied. Returns the final state: done or
    /// rolled back.
    fn mended(&mut self) -> Result<StepState, Failure> {
        let ended = self.console.until_over(self.step, PATIENCE)?;
        self.show(&format!("at the end: {ended:?}"))?;
        self.report()?;
        match ended {
            StepState::Failed => self.once_more("b, the way back", Way::Back),
            StepState::NotApplied => {
                self.console.again(self.step)?;
                self.once_more("r, once more", Way::Forward)
            }
            StepState::Done => Ok(ended),
            other => Err(format!("it came to {other:?}, which nobody asked for").into()),
        }
    }

    fn once_more(&mut self, what: &str, way: Way) -> Result<StepState, Failure> {
        println!("── {what}");
        self.console.carry_out(self.step, way)?;
        let ended = self.console.until_over(self.step, PATIENCE)?;
        self.show(&format!("after that: {ended:?}"))?;
        self.report()?;
        let wanted = if way == Way::Forward { StepState::Done } else { StepState::RolledBack };
        if ended == wanted { Ok(ended) } else { Err(format!("{what}: {ended:?}, not {wanted:?}").into()) }
    }
}

fn on_a_set(what: &str, break_: impl Fn(&Trio, bool)) -> Result<(), Failure> {
    println!("━━ {what}");
    let runtime = Runtime::new()?;
    let set = runtime.block_on(Trio::start(Duration::ZERO))?;
    let mut stage = Stage::new(set.dir(), trio::STEP, &set.plan())?;
    stage.console.carry_out(trio::STEP, Way::Forward)?;
    stage.until_meant(|call| matches!(call, Call::Mongo(Mongo::StepDown { .. })))?;
    break_(&set, true);
    sleep(BROKEN);
    stage.show(&format!("{} s later", BROKEN.as_secs()))?;
    stage.report()?;
    println!("── mended");
    break_(&set, false);
    let ended = stage.mended()?;
    let side = runtime.block_on(set.leader()).and_then(|host| set.side(&host));
    let (version, priorities) = runtime.block_on(set.config())?;
    println!("── in the end {side:?} leads; version {version}, priorities {priorities:?}");
    let wanted = if ended == StepState::Done { Side::Target } else { Side::Source };
    if side != Some(wanted) {
        return Err(format!("{ended:?}, and {side:?} leads").into());
    }
    if priorities.contains(&0.0) {
        return Err(format!("{ended:?}, and somebody still cannot lead: priorities {priorities:?}").into());
    }
    Ok(())
}

fn broker(lab: &Lab) -> Result<(), Failure> {
    // It has no member, and the mirror copies none of its commits.
    const GROUP: &str = "reports";
    println!("━━ the target's broker is killed as offsets are written to it");
    let text = plan::only(&std::fs::read_to_string(lab.plan_file())?, &["sites", "kafka", "intervals"]);
    let action = format!("commit_offsets = {{ pair = \"events\", group = {GROUP:?}, to = \"target\" }}");
    let mut stage = Stage::new(lab.run(), "offsets", &plan::with_step(&text, "offsets", &action))?;
    let storm = lab.storm();
    stage.console.prepare("offsets", Way::Forward)?;
    // Too late for the collectors to be stale: the request reaches no broker.
    storm.break_("kafka/target", How::Kill)?;
    stage.console.confirm("offsets")?;
    sleep(BROKEN);
    stage.show(&format!("{} s later", BROKEN.as_secs()))?;
    stage.report()?;
    println!("── mended: the broker is started again");
    storm.mend("kafka/target")?;
    stage.mended().map(drop)
}

fn throttled(lab: &Lab) -> Result<(), Failure> {
    const NAME: &str = "www.example.test.";
    println!("━━ Route 53 throttles everything as weights are changed");
    let port = lab.port("aws/route53")?;
    let proxy = Proxy::start(port)?;
    let text = plan::only(&std::fs::read_to_string(lab.plan_file())?, &["sites", "route53", "dns", "intervals"]);
    let text = plan::through(&text, port, proxy.port())?;
    let action = format!("set_weights = {{ name = {NAME:?}, source = 70, target = 30 }}");
    let mut stage = Stage::new(lab.run(), "weights", &plan::with_step(&text, "weights", &action))?;
    stage.console.prepare("weights", Way::Forward)?;
    proxy.set(Manner::Refuse(400, THROTTLING.to_owned()));
    stage.console.confirm("weights")?;
    sleep(BROKEN);
    stage.show(&format!("{} s later", BROKEN.as_secs()))?;
    stage.report()?;
    println!("── mended: it answers again");
    proxy.set(Manner::Pass);
    let ended = stage.mended()?;
    let changes = proxy.changes();
    let taken = changes.iter().filter(|c| c.status == Some(200)).count();
    println!("── the proxy: {} changes asked for, {taken} taken", changes.len());
    // A refused request may be sent again, an accepted one may not.
    if ended == StepState::Done && taken != 1 {
        return Err(format!("{ended:?}, and Route 53 took the change {taken} times").into());
    }
    Ok(())
}
