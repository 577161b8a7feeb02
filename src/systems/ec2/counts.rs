//! The instances of a role on one side, counted by state.

use std::collections::{BTreeMap, HashMap};

use super::facts::{Check, Instance, InstanceState, Name, Status};

/// Instance counts by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Being launched.
    pub pending: u32,
    /// Running, whatever their checks say.
    pub running: u32,
    /// Being stopped or terminated.
    pub stopping: u32,
    /// Stopped.
    pub stopped: u32,
    /// Running, and the last two reads of their checks were both good.
    pub checks_ok: u32,
    /// Running with a failed check.
    pub impaired: u32,
    /// Running and serving.
    pub in_service: u32,
    /// vCPUs of the running instances.
    pub vcpus: u32,
    /// Running instances whose vCPUs are not known.
    pub vcpus_unknown: u32,
}

impl Counts {
    pub(super) fn add(&mut self, instance: &Instance, checked: Option<&Checked>, serves: bool) {
        match instance.state {
            InstanceState::Pending => self.pending += 1,
            InstanceState::Stopping | InstanceState::ShuttingDown => self.stopping += 1,
            InstanceState::Stopped => self.stopped += 1,
            InstanceState::Running => {
                self.running += 1;
                self.checks_ok += u32::from(checked.is_some_and(Checked::passed));
                self.impaired += u32::from(checked.is_some_and(|c| c.now == Check::Impaired));
                self.in_service += u32::from(serves);
                match instance.vcpus {
                    Some(n) => self.vcpus += u32::from(n),
                    None => self.vcpus_unknown += 1,
                }
            }
        }
    }
}

/// The counts of one role on one side.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// All zones together.
    pub all: Counts,
    /// By zone, including empty zones.
    pub zones: BTreeMap<Name, Counts>,
    /// Images that its instances run from, with the number of instances.
    pub images: BTreeMap<Name, u32>,
    /// When the youngest of those that start or run, and do not serve, was launched.
    pub youngest: Option<jiff::Timestamp>,
    /// Groups that the plan names and that do not exist in the region.
    pub missing: Vec<Name>,
    /// Target groups that cannot contain instances, and why.
    pub unfit: Vec<(Name, &'static str)>,
}

impl Tally {
    pub(super) fn add(&mut self, instance: &Instance, checked: Option<&Checked>, serves: bool) {
        *self.images.entry(instance.image.clone()).or_default() += 1;
        if !serves && matches!(instance.state, InstanceState::Pending | InstanceState::Running) {
            self.youngest = self.youngest.max(instance.launched);
        }
        let zone = self.zones.entry(instance.zone.clone()).or_default();
        for counts in [&mut self.all, zone] {
            counts.add(instance, checked, serves);
        }
    }
}

/// The checks as last read, and whether the previous read was good.
#[derive(Debug, Clone)]
pub struct Checked {
    /// As last read.
    pub now: Check,
    /// The previous read was good as well. Status is eventually consistent: one good read is not enough.
    pub before: bool,
    /// A maintenance event.
    pub event: Option<Name>,
}

impl Checked {
    /// Good twice in a row.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.now == Check::Ok && self.before
    }
}

/// All status checks of a region.
#[derive(Debug, Clone, Default)]
pub struct Statuses {
    /// By instance.
    pub by_id: HashMap<Name, Checked>,
    /// Whether there was a read before this one.
    pub twice: bool,
}

impl Statuses {
    /// Whether these rows, taken as the next read, would change nothing. No instance is in them twice.
    #[must_use]
    pub fn says(&self, rows: &[Status]) -> bool {
        let same = |row: &Status| {
            self.by_id.get(&row.id).is_some_and(|known| {
                (known.now, &known.event) == (row.check, &row.event) && known.before == (row.check == Check::Ok)
            })
        };
        self.twice && rows.len() == self.by_id.len() && rows.iter().all(same)
    }
}
