//! The write downtime of a set: one figure, the same on every page, and whether it is an outage.
//!
//! Where a canary has tried writes all the time, its measurement is used. Without one the figure comes from `hello` replies, which arrive
//! one poll interval apart: then it is an upper bound, and shown as such. The figure never decreases: neither when a canary starts, nor
//! when one misses a turn, nor when one can no longer write.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{
    canary::{CanaryReading, Concern},
    leader::Leader,
    set::Set,
    signals::{CANARY_WRITE_DOWNTIME, WRITE_DOWNTIME},
};
use base::{
    now::{Now, short, short_up},
    observed::Observed,
    side::Side,
};
use engine::snapshot::Outage;
use journal::Reading;

/// Time without writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost {
    /// In total.
    pub(super) time: Duration,
    /// Based on `hello` replies: an upper bound.
    pub(super) at_most: bool,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at_most && !self.time.is_zero() {
            true => write!(f, "≤ {}", short_up(self.time)),
            false => f.write_str(&short(self.time)),
        }
    }
}

/// The write downtime of a run before this program was started, by its journal.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// By `hello` replies.
    pub(super) watched: Duration,
    /// As measured by canaries.
    pub(super) reading: BTreeMap<Concern, Duration>,
}

impl Carried {
    /// Picks the readings of this set.
    pub(super) fn of(set: &str, spent: &[Reading]) -> Self {
        let mut carried = Self::default();
        for it in spent.iter().filter(|it| it.labels.first().is_some_and(|name| name == set)) {
            let Ok(time) = Duration::try_from_secs_f64(it.value) else { continue };
            let concern = it.labels.get(1).and_then(|word| Concern::ALL.into_iter().find(|c| c.word() == word));
            match concern {
                Some(concern) if it.signal == CANARY_WRITE_DOWNTIME.id => drop(carried.reading.insert(concern, time)),
                None if it.signal == WRITE_DOWNTIME.id => carried.watched = time,
                _ => {}
            }
        }
        carried
    }

    pub(super) fn canary_gap(&self, concern: Concern) -> Duration {
        self.reading.get(&concern).copied().unwrap_or_default()
    }
}

impl Set {
    /// The time without writes in the whole run, as far as it was observed.
    pub(super) fn lost(&self, now: Now) -> Lost {
        let (own, before) = (self.lost_here(now), self.carried.watched.max(self.carried.canary_gap(Concern::One)));
        Lost { time: own.time.saturating_add(before), at_most: own.at_most || !before.is_zero() }
    }

    /// The same since this program was started.
    fn lost_here(&self, now: Now) -> Lost {
        let (seen, before) = (self.downtime.spent(now.boot).at_most(), self.before_canary);
        let canary = self.canaries.get(&Concern::One);
        let Some((canary, (reading, stamp))) = canary.and_then(|canary| Some((canary, canary.last()?))) else {
            return Lost { time: seen.max(before), at_most: true };
        };
        // Of a current outage only the measured part counts: a canary that no longer writes measures nothing.
        let live = canary.at(now).is_fresh();
        let time = reading.downtime(if live { now.boot } else { stamp.at.boot });
        if live && reading.unseen.is_zero() && before.is_zero() {
            return Lost { time, at_most: false };
        }
        Lost { time: seen.max(before + time), at_most: true }
    }

    /// A canary has made its first measurement: what `hello` replies showed before it is kept.
    pub(super) fn on_canary_reading(&mut self, reading: &CanaryReading, now: Now) {
        self.before_canary = self.lost_here(now).time.saturating_sub(reading.downtime(now.boot));
    }

    /// Whether nobody can write now, as far as it is observed.
    fn is_down(&self, now: Now) -> bool {
        let canary = self.canaries.get(&Concern::One).and_then(|canary| canary.last());
        self.downtime.spent(now.boot).now_for.is_some() || canary.is_some_and(|(reading, _)| reading.since.is_some())
    }

    /// What was spent is a fact once writes are accepted again and no step is at work on the set.
    pub(super) fn settle(&mut self, at_work: bool, now: Now) {
        if !at_work && !self.is_down(now) {
            self.settled = self.lost(now).time;
        }
    }

    /// Whether more than the budget was spent, and not all of it by what is over.
    pub(super) fn overspends(&self, now: Now) -> bool {
        let lost = self.lost(now).time;
        lost > self.plan.budgets.write_downtime && (lost > self.settled || self.is_down(now))
    }

    /// Conditions worse than any gate level: no member accepts writes, or the write downtime budget is used up and what spends it is not
    /// over.
    pub(super) fn outages(&self, now: Now) -> Vec<Outage> {
        let mut out = Vec::new();
        if matches!(self.leader(now), Observed::Fresh(Leader::Nobody, _)) {
            let lasts = self.downtime.spent(now.boot).now_for.unwrap_or_default();
            let votes = self.spread(now).map(|votes| format!(", {votes}")).unwrap_or_default();
            out.push(Outage::NoWriter(format!("{}: no member accepts writes for {}{votes}", self.name, short(lasts))));
        }
        let (lost, budget) = (self.lost(now), self.plan.budgets.write_downtime);
        if self.overspends(now) {
            let text = format!("{}: no writes for {lost} in total, the plan allows {}", self.name, short(budget));
            out.push(Outage::Overspent(text));
        }
        out
    }

    /// How its votes are spread by the last configuration that was read, and how many of them elect a primary: with the sites apart, the
    /// first thing to look at.
    fn spread(&self, now: Now) -> Option<String> {
        let seen = self.config.at(now);
        let members = &seen.shown()?.members;
        let of = |side| members.iter().filter(|m| self.side(&m.host) == side).map(|m| m.votes).sum::<u32>();
        let sites = Side::BOTH.map(|side| format!("{} on {}", of(Some(side)), self.plan.sites.get(side).label));
        let third = Some(of(None)).filter(|n| *n > 0).map(|n| format!(", {n} elsewhere")).unwrap_or_default();
        let all = members.iter().map(|m| m.votes).sum::<u32>();
        Some(format!("{} of {all} votes elect a primary: {}{third}", all / 2 + 1, sites.join(", ")))
    }
}
