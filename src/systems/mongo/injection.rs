//! What a scenario can inject into the simulation of this system: a member that lags, a process that stops, a long write, a person with a shell.

use std::time::Duration;

use crate::injection::{Parameters, SPAN, injections};
use plan::spec::{
    Key,
    Kind::{Bool, Form},
    tables::{HOST, NAME, must},
};
use plan::things;

/// One injected fault. Each lasts until another one changes it.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultInjection {
    /// A secondary lags one more second per second, until it is this far behind its primary, and then keeps that lag; zero: it catches up.
    FallBehind {
        /// The member, as named in the set's configuration.
        host: String,
        /// The lag.
        by: Duration,
    },
    /// A member's process stops, or is started again.
    Process {
        /// The member.
        host: String,
        /// Whether it runs.
        up: bool,
    },
    /// A member's process hangs: it keeps its memory and sends no replies; or it continues.
    Hang {
        /// The member.
        host: String,
        /// Whether it hangs.
        on: bool,
    },
    /// A write that began this long ago continues until the primary steps down; zero: it has ended.
    LongWrite {
        /// The replica set.
        set: String,
        /// How long it has been running.
        running: Duration,
    },
    /// Another operator makes the primary step down without controlling the election: the first candidate wins.
    StepDown {
        /// The replica set.
        set: String,
    },
}

const MEMBER: Key = must("host", Form(&HOST), "The member, as the plan's uri has it.");
const SET: Key = must("set", NAME, "The replica set.");

injections! { FaultInjection:
    "fall_behind", "A secondary falls behind, a second each second, or catches up.",
        [MEMBER, must("by", SPAN, "How far; \"0s\": it catches up.")],
        |it| Some(FaultInjection::FallBehind { host: member(it)?, by: it.get("by")? });
    "process", "A member's process is gone, or is started again.",
        [MEMBER, must("up", Bool, "It runs.")],
        |it| Some(FaultInjection::Process { host: member(it)?, up: it.get("up")? });
    "hang", "A member's process hangs and answers nobody, or goes on.",
        [MEMBER, must("on", Bool, "It hangs.")],
        |it| Some(FaultInjection::Hang { host: member(it)?, on: it.get("on")? });
    "long_write", "A write goes on for long.",
        [SET, must("running", SPAN, "For how long already; \"0s\": it is over.")],
        |it| Some(FaultInjection::LongWrite { set: it.thing("set", &things::SETS)?, running: it.get("running")? });
    "step_down", "Somebody steps the primary down, without preventing its re-election.",
        [SET],
        |it| Some(FaultInjection::StepDown { set: it.thing("set", &things::SETS)? });
}

/// A member of a set, or a candidate.
fn member(it: &mut Parameters<'_>) -> Option<String> {
    let all = it.plan.replica_sets.iter().flat_map(|set| set.seeds.iter().chain(&set.candidates));
    it.one_of("host", "replica set member", all.map(String::as_str))
}
