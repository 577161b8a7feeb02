//! Compares the journal of a primary's moves with the requests in mongod's own logs.

use std::collections::BTreeMap;

use landfall::{
    base::step::OpState,
    systems::{Call, Entry, mongo::Call as Mongo},
};

use super::ledger::{self, Send};

/// Requests to the members, by the name of the connection: landfall's names end with the tag of the request.
#[derive(Debug, Default)]
struct Carried {
    /// Configuration versions of the requested reconfigurations.
    asked_configs: BTreeMap<String, Vec<i64>>,
    /// Executed step-downs.
    steps_down: BTreeMap<String, usize>,
    /// Members that were frozen or unfrozen.
    freezes: BTreeMap<String, usize>,
    /// Configuration versions in use at some member.
    in_use: Vec<i64>,
}

fn carried_out(logs: &[String]) -> Carried {
    let mut out = Carried::default();
    for log in logs {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for line in log.lines() {
            let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            let connection = line["ctx"].as_str().unwrap_or_default().to_owned();
            let name = names.get(&connection).cloned().unwrap_or_default();
            let version = |config: &serde_json::Value| config["version"].as_i64().unwrap_or_default();
            match line["id"].as_u64() {
                Some(51800) => {
                    if let Some(name) = line["attr"]["doc"]["application"]["name"].as_str() {
                        names.insert(connection, name.to_owned());
                    }
                }
                // "replSetReconfig admin command received from client"
                Some(21352) => out.asked_configs.entry(name).or_default().push(version(&line["attr"]["newConfig"])),
                // "replSetStepDown command completed"
                Some(21580) => *out.steps_down.entry(name).or_default() += 1,
                // "Freezing", "Unfreezing"
                Some(21817 | 21818) => *out.freezes.entry(name).or_default() += 1,
                // "New replica set config in use"
                Some(21392) => out.in_use.push(version(&line["attr"]["config"])),
                _ => {}
            }
        }
    }
    out
}

/// Whether a connection with this name was made for this request. The name holds the end of the tag, which is unique.
fn is_of(name: &str, send: &Send<'_>) -> bool {
    name.strip_prefix("landfall ").is_some_and(|tag| send.tag.ends_with(tag))
}

/// How often a request with this tag was executed.
fn times(of: &BTreeMap<String, usize>, send: &Send<'_>) -> usize {
    of.iter().filter(|(name, _)| is_of(name, send)).map(|(_, n)| n).sum()
}

/// Compares the journal with the members' logs; returns what is wrong.
pub fn judge(entries: &[Entry], logs: &[String]) -> Vec<String> {
    let carried = carried_out(logs);
    let sends = ledger::sends(entries);
    // The set's first configurations do not have a name of landfall's.
    let names = carried.asked_configs.keys().chain(carried.steps_down.keys()).chain(carried.freezes.keys());
    let strange = names.filter(|name| name.starts_with("landfall ") && !sends.iter().any(|s| is_of(name, s)));
    let mut wrong: Vec<String> = strange
        .map(|name| format!("the servers were asked under \"{name}\", and the journal has no intent of it"))
        .collect();
    // Another server version may log other messages: then missing lines prove nothing.
    for (what, seen) in [
        ("reconfigurations", !carried.asked_configs.is_empty()),
        ("configurations in use", !carried.in_use.is_empty()),
        ("steps down", !carried.steps_down.is_empty()),
    ] {
        if !seen {
            wrong.push(format!("no log has a line of {what}: nothing can be judged by it"));
        }
    }
    let (mut configs, mut downs, mut freezes) = (0, 0, 0);
    for s in &sends {
        if s.state.in_flight() {
            wrong.push(format!("{}: left {:?}", s.what, s.state));
        }
        let done = match s.call {
            Call::Mongo(Mongo::Reconfig(r)) => {
                let asked = carried.asked_configs.iter().filter(|(n, _)| is_of(n, s)).map(|(_, v)| v.len()).sum();
                configs += asked;
                let there = carried.in_use.contains(&r.version);
                match s.state {
                    OpState::Applied if asked == 0 => {
                        wrong.push(format!("{}: APPLIED, and no log says that it was asked for", s.what));
                    }
                    OpState::Applied if !there => wrong.push(format!("{}: APPLIED, and no member had it", s.what)),
                    OpState::NotApplied if asked > 0 && there => {
                        wrong.push(format!("{}: NOT APPLIED, and members had it", s.what));
                    }
                    _ => {}
                }
                asked
            }
            Call::Mongo(Mongo::StepDown { .. }) => {
                let done = times(&carried.steps_down, s);
                downs += done;
                match s.state {
                    OpState::Applied if done == 0 => wrong.push(format!("{}: APPLIED, and no log has it", s.what)),
                    OpState::NotApplied if done > 0 => wrong.push(format!("{}: NOT APPLIED, and a log has it", s.what)),
                    _ => {}
                }
                done
            }
            // APPLIED without a log line is not wrong: a member that leads by then is not frozen, refuses the request,
            // and needs none.
            Call::Mongo(Mongo::Freeze { .. }) => {
                let done = times(&carried.freezes, s);
                freezes += done;
                if s.state == OpState::NotApplied && done > 0 {
                    wrong.push(format!("{}: NOT APPLIED, and a log has it", s.what));
                }
                done
            }
            _ => 0,
        };
        if done > 1 {
            wrong.push(format!("{}: asked for {done} times", s.what));
        }
    }
    println!(
        "mongod's logs: {configs} reconfigurations, {downs} steps down and {freezes} freezes under landfall's name; the journal: {} requests \
         meant",
        sends.len()
    );
    wrong
}
