//! A simulated hosted zone, as strict as the real one: a batch is carried out completely or not at all, a DELETE has to name exactly what
//! is there, a CREATE must not find anything.

use std::time::Duration;

use super::super::{
    batch::{Edit, Item, Weighted},
    facts::Epoch,
};
use base::side::Side;

/// The delay of the slowest of Route 53's servers; then a change is INSYNC.
pub(super) const PROPAGATION: Duration = Duration::from_secs(20);
/// Old versions kept: there are never more pending changes than this.
const VERSIONS: usize = 32;

/// The record sets of a zone at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Version {
    at: Duration,
    pub(super) records: Vec<Weighted>,
    pub(super) epochs: Vec<Epoch>,
    /// Normalised names, and the side whose records fail their health checks.
    unwell: Vec<(String, Side)>,
}

/// When a server takes over a change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// The delay after the change.
    pub(super) late: Duration,
    /// The time from which it takes over none, and the end of that time.
    pub(super) stuck: Option<(Duration, Option<Duration>)>,
}

impl Reach {
    /// When it gets a version that was made at this time; none: not in the present state.
    fn has(self, made: Duration) -> Option<Duration> {
        let due = made + self.late;
        match self.stuck {
            Some((from, until)) if due > from => until.map(|until| until.max(due)),
            _ => Some(due),
        }
    }
}

/// A zone.
pub(super) struct Zone {
    /// Oldest first; never empty.
    versions: Vec<Version>,
}

impl Zone {
    pub(super) fn new(records: Vec<Weighted>) -> Self {
        Self { versions: vec![Version { records, ..Version::default() }] }
    }

    /// The version in the API.
    pub(super) fn latest(&self) -> &Version {
        &self.versions[self.versions.len() - 1]
    }

    /// The version at a server.
    pub(super) fn served(&self, now: Duration, reach: Reach) -> &Version {
        let has = |v: &&Version| reach.has(v.at).is_some_and(|at| at <= now);
        self.versions.iter().rev().find(has).unwrap_or(&self.versions[0])
    }

    /// The versions that a server has served during the last `span`, each with its share of that time.
    pub(super) fn during(&self, span: Duration, now: Duration, reach: Reach) -> impl Iterator<Item = (&Version, f64)> {
        let from = now.saturating_sub(span);
        let mut end = now;
        let mut over = false;
        self.versions.iter().enumerate().rev().filter_map(move |(place, version)| {
            // The oldest existed before the period.
            let started = if place == 0 { from } else { reach.has(version.at)?.max(from) };
            if over || started > end {
                return None;
            }
            over = started == from;
            let share = (end - started).as_secs_f64() / (now - from).as_secs_f64().max(f64::EPSILON);
            end = started;
            Some((version, share))
        })
    }

    /// Carries out a batch.
    ///
    /// # Errors
    /// Route 53's message; then nothing of the batch is carried out.
    pub(super) fn change(&mut self, edits: &[Edit], now: Duration) -> Result<(), String> {
        let mut next = Version { at: now, ..self.latest().clone() };
        for edit in edits {
            next.take(edit)?;
        }
        self.push(next);
        Ok(())
    }

    /// The health checks of a side's records of a name fail or pass from now on. The servers learn of it with the same delay as of a
    /// change.
    pub(super) fn check(&mut self, name: &str, side: Side, pass: bool, now: Duration) {
        let mut next = Version { at: now, ..self.latest().clone() };
        next.unwell.retain(|(of, whose)| (of.as_str(), *whose) != (name, side));
        if !pass {
            next.unwell.push((name.to_owned(), side));
        }
        self.push(next);
    }

    fn push(&mut self, next: Version) {
        if self.versions.len() == VERSIONS {
            self.versions.remove(0);
        }
        self.versions.push(next);
    }
}

impl Version {
    /// The number of a name's epoch.
    pub(super) fn epoch(&self, name: &str) -> Option<u64> {
        let place = Epoch::place(name);
        self.epochs.iter().find(|e| e.name == place).and_then(Epoch::read).map(|(number, _)| number)
    }

    /// Whether a record counts as healthy. A record without a health check always does.
    pub(super) fn well(&self, record: &Weighted, side: Side) -> bool {
        !record.checked() || !self.unwell.iter().any(|(name, whose)| *name == record.name && *whose == side)
    }

    fn take(&mut self, edit: &Edit) -> Result<(), String> {
        match edit {
            Edit::Delete(Item::Weighted(old)) => {
                let at = self.records.iter().position(|r| r == old).ok_or_else(|| {
                    let there = self.records.iter().any(|r| r.same(old));
                    unmatched(&old.name, old.record_type.word(), there)
                })?;
                self.records.remove(at);
            }
            Edit::Delete(Item::Epoch(old)) => {
                let at = self.epochs.iter().position(|e| e == old).ok_or_else(|| {
                    let there = self.epochs.iter().any(|e| e.name == old.name);
                    unmatched(&old.name, "TXT", there)
                })?;
                self.epochs.remove(at);
            }
            Edit::Create(Item::Weighted(new)) => {
                if self.records.iter().any(|r| r.same(new)) {
                    return Err(exists(&new.name, new.record_type.word()));
                }
                self.records.push(new.clone());
            }
            Edit::Create(Item::Epoch(new)) => {
                if self.epochs.iter().any(|e| e.name == new.name) {
                    return Err(exists(&new.name, "TXT"));
                }
                self.epochs.push(new.clone());
            }
            Edit::Upsert(Item::Weighted(new)) => {
                self.records.retain(|r| !r.same(new));
                self.records.push(new.clone());
            }
            Edit::Upsert(Item::Epoch(new)) => {
                self.epochs.retain(|e| e.name != new.name);
                self.epochs.push(new.clone());
            }
        }
        Ok(())
    }
}

fn unmatched(name: &str, kind: &str, there: bool) -> String {
    let why = if there { "the values provided do not match the current values" } else { "it was not found" };
    format!("InvalidChangeBatch: tried to delete resource record set [name='{name}', type='{kind}'] but {why}")
}

fn exists(name: &str, kind: &str) -> String {
    format!(
        "InvalidChangeBatch: tried to create resource record set [name='{name}', type='{kind}'] but it already exists"
    )
}
