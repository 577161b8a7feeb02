//! A primary's move, killed, and judged by mongod's own log.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use fastrand::Rng;
use landfall::{
    core::step::{OpState, Way},
    journal::{Entry, follow::Follower},
    plan::Side,
    systems::{Call, mongo::Call as Mongo},
};
use landfall_lab::{
    console::Console,
    trio::{NAME, SIDES, STEP, Trio},
};
use tokio::runtime::Runtime;

use super::{Failure, killed, ledger, told};

/// Longer than the recipe takes, and not much.
const SPAN: f64 = 6.0;

/// Forward and back, each killed once, so many times; what was wrong.
pub fn trials(trials: u32, random: &mut Rng) -> Result<Vec<String>, Failure> {
    let runtime = Runtime::new()?;
    let set = runtime.block_on(Trio::start(Duration::ZERO))?;
    let (plan, journal) = (set.dir().join("plan.toml"), set.dir().join("run.journal"));
    std::fs::write(&plan, set.plan())?;
    let start = || Console::steer(&plan, &journal);
    let usual = runtime.block_on(set.config())?.1;
    let mut wrong = Vec::new();
    println!("the primary's move, {trials} times forward and back, a kill each");
    for n in 1..=trials {
        for way in [Way::Forward, Way::Back] {
            if n > 1 && way == Way::Forward {
                again(&start)?;
            }
            let after = random.f64();
            // Half of them wherever it may be, half around the moment in which nobody leads.
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
            let seen = || {
                let config = runtime.block_on(set.config());
                config.map_or_else(|why| why.to_string(), |(_, priorities)| format!("priorities {priorities:?}"))
            };
            let pause = Duration::from_secs_f64(random.f64() * 2.0);
            let one = killed(&start, (STEP, NAME, way), moment, seen, pause)?;
            let (version, priorities) = runtime.block_on(set.config())?;
            let leader = runtime.block_on(set.leader());
            let side = leader.as_deref().and_then(|host| set.side(host));
            println!(
                "{n:>3} {way:?}: killed at {}{}; came to {:?}; now {} leads, version {version}, priorities {priorities:?}",
                one.at,
                told(one.held.as_deref()),
                one.came_to,
                side.map_or("nobody", Side::word),
            );
            let wanted = if way == Way::Forward { Side::Target } else { Side::Source };
            // Standing still, it has done its tail: nobody is pinned any more.
            if one.held.as_ref().is_some_and(|held| held.contains("0.0")) {
                wrong.push(format!("trial {n} {way:?}: stood still with {:?}", one.held));
            }
            if side != Some(wanted) {
                wrong.push(format!("trial {n} {way:?}: {side:?} leads"));
            }
            if priorities.contains(&0.0) || (way == Way::Back && priorities != usual) {
                wrong.push(format!("trial {n} {way:?}: priorities {priorities:?}"));
            }
        }
    }
    let entries = Follower::new(&journal).news()?;
    let logs = SIDES.iter().enumerate().map(|(n, _)| set.log(n)).collect::<Vec<_>>();
    wrong.extend(judge(&entries, &logs));
    Ok(wrong)
}

fn again(start: &dyn Fn() -> landfall_lab::Result<Console>) -> Result<(), Failure> {
    let mut console = start()?;
    console.select(STEP)?;
    console.press("r")?;
    std::thread::sleep(Duration::from_secs(1));
    Ok(())
}

/// The last request that was meant is the primary's to step down.
fn steps_down(console: &mut Console) -> bool {
    let said = |entries: &[Entry]| {
        ledger::said(entries).last().is_some_and(|s| matches!(s.call, Call::Mongo(Mongo::StepDown { .. })))
    };
    console.news().is_ok() && said(&console.entries)
}

/// What the members were asked under each tag and carried out: reconfigurations by version, and steps down.
#[derive(Debug, Default)]
struct Carried {
    asked_configs: BTreeMap<String, Vec<i64>>,
    steps_down: BTreeMap<String, u32>,
    in_use: Vec<i64>,
}

fn carried_out(logs: &[String]) -> Carried {
    let mut out = Carried::default();
    for log in logs {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for line in log.lines() {
            let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            let connection = line["ctx"].as_str().unwrap_or_default().to_owned();
            let version = |config: &serde_json::Value| config["version"].as_i64().unwrap_or_default();
            match line["id"].as_u64() {
                Some(51800) => {
                    if let Some(name) = line["attr"]["doc"]["application"]["name"].as_str() {
                        names.insert(connection, name.to_owned());
                    }
                }
                // "replSetReconfig admin command received from client"
                Some(21352) => {
                    let name = names.get(&connection).cloned().unwrap_or_default();
                    out.asked_configs.entry(name).or_default().push(version(&line["attr"]["newConfig"]));
                }
                // "replSetStepDown command completed"
                Some(21580) => {
                    *out.steps_down.entry(names.get(&connection).cloned().unwrap_or_default()).or_default() += 1
                }
                // "New replica set config in use"
                Some(21392) => out.in_use.push(version(&line["attr"]["config"])),
                _ => {}
            }
        }
    }
    out
}

/// The journal's words against the members' logs.
fn judge(entries: &[Entry], logs: &[String]) -> Vec<String> {
    let carried = carried_out(logs);
    let said = ledger::said(entries);
    let mut wrong = Vec::new();
    let meant =
        |name: &str| said.iter().any(|s| name.strip_prefix("landfall ").is_some_and(|tag| s.tag.ends_with(tag)));
    // The set's first configurations have no name of ours.
    let ours = |name: &&String| name.starts_with("landfall ");
    for name in carried.asked_configs.keys().chain(carried.steps_down.keys()).filter(ours) {
        if !meant(name) {
            wrong.push(format!("the servers were asked under \"{name}\", and the journal has no intent of it"));
        }
    }
    let (mut configs, mut downs) = (0, 0);
    for s in &said {
        let of = |name: &str| name.strip_prefix("landfall ").is_some_and(|tag| s.tag.ends_with(tag));
        match s.call {
            Call::Mongo(Mongo::Reconfig(r)) => {
                let asked: usize = carried.asked_configs.iter().filter(|(n, _)| of(n)).map(|(_, v)| v.len()).sum();
                let there = carried.in_use.contains(&r.version);
                configs += asked;
                if asked > 1 {
                    wrong.push(format!("{}: sent {asked} times", s.what));
                }
                match s.state {
                    OpState::Applied if !there => wrong.push(format!("{}: APPLIED, and no member had it", s.what)),
                    OpState::NotApplied if asked > 0 && there => {
                        wrong.push(format!("{}: NOT APPLIED, and members had it", s.what));
                    }
                    OpState::Intent | OpState::Sent | OpState::Unknown => {
                        wrong.push(format!("{}: left {:?}", s.what, s.state));
                    }
                    _ => {}
                }
            }
            Call::Mongo(Mongo::StepDown { .. }) => {
                let done: u32 = carried.steps_down.iter().filter(|(n, _)| of(n)).map(|(_, n)| n).sum();
                downs += done;
                match (s.state, done) {
                    (OpState::Applied, 0) => wrong.push(format!("{}: APPLIED, and no log has it", s.what)),
                    (OpState::NotApplied, 1..) => wrong.push(format!("{}: NOT APPLIED, and a log has it", s.what)),
                    (_, 2..) => wrong.push(format!("{}: carried out {done} times", s.what)),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    println!(
        "mongod's logs: {configs} reconfigurations and {downs} steps down under landfall's name; the journal: {} requests meant",
        said.len()
    );
    wrong
}
