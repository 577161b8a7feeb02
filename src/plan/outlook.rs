//! A runbook before anything runs: its steps in a line each, and the least time they take.
//!
//! The least time covers what the plan itself requires: the sustain times of gates, settling and baking. Requests, people and gates that
//! are not green add to it.

use std::time::Duration;

use super::{Action, Condition, Plan, Runbook, StepPlan, scalar::friendly};

impl Condition {
    /// How long a condition has to hold before it can be green.
    #[must_use]
    pub fn least(&self) -> Duration {
        match self {
            Self::Gate(gate) => gate.sustain,
            Self::All(list) => list.iter().map(Self::least).max().unwrap_or_default(),
            Self::Any(list) => list.iter().map(Self::least).min().unwrap_or_default(),
            Self::NOf(n, list) => {
                let mut each: Vec<Duration> = list.iter().map(Self::least).collect();
                each.sort();
                let at = (*n as usize).saturating_sub(1);
                each.get(at).copied().unwrap_or_default()
            }
        }
    }
}

impl StepPlan {
    /// The least time it takes: its gates are sustained, it settles, its verification is sustained, it bakes.
    #[must_use]
    pub fn least(&self) -> Duration {
        self.gates.least() + self.settle + self.verify.least() + self.bake
    }
}

impl Runbook {
    /// The least time from the first step to the last, with independent steps in parallel.
    #[must_use]
    pub fn least(&self) -> Duration {
        let mut done: Vec<(&str, Duration)> = Vec::new();
        let mut left: Vec<&StepPlan> = self.steps().map(|(_, step)| step).collect();
        while !left.is_empty() {
            let before = left.len();
            left.retain(|step| {
                let needed = |need: &String| done.iter().find(|(id, _)| id == need).map(|(_, at)| *at);
                let Some(begins) = step.needs.iter().map(needed).collect::<Option<Vec<_>>>() else { return true };
                done.push((&step.id, begins.into_iter().max().unwrap_or_default() + step.least()));
                false
            });
            if left.len() == before {
                // A plan has no cycles and no dangling needs.
                break;
            }
        }
        done.into_iter().map(|(_, at)| at).max().unwrap_or_default()
    }
}

impl Action {
    /// Its description, in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Manual { what } => format!("manual: {what}"),
            Self::MovePrimary { set, to } => format!("primary of {set} to the {to}"),
            Self::AddMembers { set } => format!("add the candidates of {set}"),
            Self::Unhide { set, side } => format!("unhide the {side}'s members of {set}"),
            Self::SetVotes { set, votes, .. } => format!("votes of {set} {} + {}", votes.source, votes.target),
            Self::SetPriorities { set, priorities: p } => format!("priorities of {set} {}, {}", p.source, p.target),
            Self::Freeze { set, side, secs: 0 } => format!("the {side}'s members of {set} may stand for election"),
            Self::Freeze { set, side, secs } => format!("the {side}'s members of {set} are frozen for {secs} s"),
            Self::RemoveMembers { set, side } => format!("remove the {side}'s members from {set}"),
            Self::SetWeights { name, weights } => format!("weights of {name} {}/{}", weights.source, weights.target),
            Self::SetTtl { name, ttl } => format!("TTL of {name} {ttl} s"),
            Self::EmergencyWeights { name, weights } => {
                format!("EMERGENCY: weights of {name} {}/{}", weights.source, weights.target)
            }
            Self::Processes { role, side, processes, suspend } => {
                let verb = if *suspend { "suspend" } else { "resume" };
                format!("{verb} {} of {role} on the {side}", processes.join(", "))
            }
            Self::Targets { role, side, on, .. } => {
                format!("{} all of {role} on the {side}", if *on { "register" } else { "deregister" })
            }
            Self::Build { role, side } => format!("manual: build {role} on the {side}"),
            Self::SetCapacity { role, side, desired } => format!("{desired} instances of {role} on the {side}"),
            Self::Power { role, side, on, .. } => {
                format!("{} all of {role} on the {side}", if *on { "start" } else { "stop" })
            }
            Self::CommitOffsets { pair, group, to } => format!("offsets of {group} in {pair} on the {to}"),
        }
    }
}

impl Plan {
    /// The runbook in lines: one for each step, then the total. None where there is no runbook.
    #[must_use]
    pub fn outlook(&self) -> Vec<String> {
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let rows: Vec<[String; 5]> = self
            .runbook
            .steps()
            .map(|(phase, step)| {
                let gates = step.gates.gates().len() + step.verify.gates().len();
                let least = format!("at least {}", friendly(step.least()));
                [phase.id.clone(), step.id.clone(), cut(&step.action.words()), count(gates, "gate"), least]
            })
            .collect();
        let widths: [usize; 5] =
            std::array::from_fn(|i| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or_default());
        let mut lines: Vec<String> = rows
            .iter()
            .map(|row| {
                let cells: Vec<String> =
                    row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
                cells.join("  ").trim_end().to_owned()
            })
            .collect();
        if !lines.is_empty() {
            let (phases, steps) = (count(self.runbook.phases.len(), "phase"), count(rows.len(), "step"));
            let least = friendly(self.runbook.least());
            lines.push(format!("runbook: {phases}, {steps}, at least {least}"));
        }
        lines
    }
}

/// Truncates a text to the width of a line.
fn cut(text: &str) -> String {
    const ROOM: usize = 56;
    if text.chars().count() <= ROOM {
        return text.to_owned();
    }
    text.chars().take(ROOM - 1).chain(['…']).collect()
}
