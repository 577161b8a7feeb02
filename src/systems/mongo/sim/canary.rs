//! What a canary measures of a simulated set.
//!
//! The set records when it accepted no writes. The canary's writes since its last query are then replayed one after the other: refused at
//! once in such a period, otherwise acknowledged after a moment.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use super::Set;
use crate::mongo::{CanaryReading, Concern, canary::Record};

/// When a set recently accepted no writes, and what its canary measured.
#[derive(Debug, Default)]
pub(super) struct Canary {
    /// Start and end; the last one may still be open.
    blocked: VecDeque<(Duration, Option<Duration>)>,
    records: BTreeMap<Concern, Loop>,
}

#[derive(Debug)]
struct Loop {
    record: Record,
    /// Time of its next write.
    next: Duration,
}

/// Duration of a write: as measured near a primary.
const fn takes(concern: Concern) -> Duration {
    Duration::from_millis(match concern {
        Concern::One => 2,
        Concern::Majority => 8,
    })
}

/// How long these periods are kept: longer than the longest interval between two queries of a canary.
const KEPT: Duration = Duration::from_secs(60);
/// If not queried for longer than this, it has written nothing meanwhile.
const AWAY: Duration = Duration::from_secs(5);

impl Set {
    /// Records whether it accepts writes at `boot`. Called whenever that may have changed.
    pub(super) fn note_writable(&mut self, boot: Duration) {
        let writable = self.primary.is_some() && boot >= self.writable_at;
        let blocked = &mut self.canary.blocked;
        match (blocked.back_mut(), writable) {
            (Some((since, until @ None)), true) => *until = Some(self.writable_at.max(*since)),
            (Some((_, None)), false) | (Some((_, Some(_))) | None, true) => {}
            (Some((_, Some(_))) | None, false) => blocked.push_back((boot, None)),
        }
        while blocked.front().is_some_and(|(_, until)| until.is_some_and(|until| until + KEPT < boot)) {
            blocked.pop_front();
        }
    }

    /// For how long it has accepted no writes; zero while it accepts them.
    pub(super) fn quiet(&self, boot: Duration) -> Duration {
        match self.canary.blocked.back() {
            Some((since, None)) if self.primary.is_none() || boot < self.writable_at => boot.saturating_sub(*since),
            _ => Duration::ZERO,
        }
    }

    /// The share of the last minute in which it accepted none.
    pub(super) fn refused(&self, boot: Duration) -> f64 {
        // An open period may have ended since the set was last advanced.
        let open = if self.primary.is_some() { self.writable_at } else { boot };
        let from = boot.saturating_sub(KEPT);
        let within = |(since, until): &(Duration, Option<Duration>)| {
            until.unwrap_or(open).min(boot).saturating_sub(from.max(*since))
        };
        self.canary.blocked.iter().map(within).sum::<Duration>().div_duration_f64(KEPT)
    }

    /// What the canary has measured by `boot`, with a write once per `every`. Its first write has ended by then.
    pub(super) fn sample(&mut self, concern: Concern, every: Duration, boot: Duration) -> Option<CanaryReading> {
        let blocked = self.canary.blocked.clone();
        let open =
            |at: Duration| !blocked.iter().any(|(since, until)| at >= *since && until.is_none_or(|until| at < until));
        let takes = takes(concern);
        let first = boot.saturating_sub(takes);
        let new = || Loop { record: Record::new(every, first), next: first };
        let Loop { record, next } = self.canary.records.entry(concern).or_insert_with(new);
        if boot.saturating_sub(*next) > AWAY.max(every) {
            *next = first;
        }
        while *next + takes <= boot {
            let (began, ends) = (*next, *next + takes);
            record.begins(began);
            if open(began) && open(ends) {
                record.acknowledged(began, ends);
            } else {
                record.missed(ends, "10107: not primary");
            }
            *next = (began + every).max(ends);
        }
        record.sample(boot)
    }
}
