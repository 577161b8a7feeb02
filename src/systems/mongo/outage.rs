//! What a set has cost those who write: one figure that every page tells alike, and whether it is an outage.
//!
//! A canary that has tried all the time has felt it. Without one it is known by the greetings, which come a poll apart: then it is the most
//! that it can be, and told so.

use std::{fmt, time::Duration};

use super::{canary::Concern, leader::Leader, set::Set};
use crate::core::{
    estate::seen::Seen,
    now::{Now, short},
    snapshot::Outage,
};

/// How long nobody could write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost {
    /// Altogether.
    pub(super) time: Duration,
    /// By the greetings: that much at the most.
    pub(super) at_most: bool,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.at_most && !self.time.is_zero() { "≤ " } else { "" })?;
        f.write_str(&short(self.time))
    }
}

impl Set {
    /// How long nobody could write to it, as far as anybody looked.
    pub(super) fn lost(&self, now: Now) -> Lost {
        let felt = self.canaries.get(&Concern::One).and_then(|felt| felt.at(now).live());
        match felt.filter(|felt| felt.unseen.is_zero()) {
            Some(felt) => Lost { time: felt.downtime(now.boot), at_most: false },
            None => Lost { time: self.downtime.spent(now.boot).at_most(), at_most: true },
        }
    }

    /// What is worse than anything that a gate can say: nobody accepts writes, or the budget for that is used up.
    pub(super) fn outages(&self, now: Now) -> Vec<Outage> {
        let mut out = Vec::new();
        if matches!(self.leader(now), Seen::Live(Leader::Nobody, _)) {
            let lasts = self.downtime.spent(now.boot).now_for.unwrap_or_default();
            out.push(Outage::NoWriter(format!("{}: nobody accepts writes for {}", self.name, short(lasts))));
        }
        let (lost, budget) = (self.lost(now), self.plan.budgets.write_downtime);
        if lost.time > budget {
            let text = format!("{}: no writes for {lost} in all, the plan allows {}", self.name, short(budget));
            out.push(Outage::Overspent(text));
        }
        out
    }
}
