//! The page of a system, kept as it was made last.

use std::{sync::Arc, time::Duration};

use super::systems::Systems;
use base::{now::Now, view::Panel, watched::Unknown};

/// Pages are made anew at least this often, so that what goes stale by silence alone is seen to.
const REMAKE: Duration = Duration::from_secs(1);

/// One system's page as it was made last.
#[derive(Debug)]
pub(super) struct Page {
    /// Its system.
    pub system: &'static str,
    /// None while nobody looks at pages: their rows are most of what a large estate takes in memory.
    pub panel: Option<Arc<Panel>>,
    /// How many things the system watches, and those of which something is not known.
    pub watched: (usize, Vec<Unknown>),
    pub made: Now,
    /// Its system has heard something since.
    pub dirty: bool,
}

impl Page {
    /// The page of a system that knows nothing yet.
    pub fn new<S: Systems>(estate: &S, system: &'static str, now: Now) -> Self {
        let mut page = Self { system, panel: None, watched: (0, Vec::new()), made: now, dirty: true };
        page.remake(estate, true, now);
        page.dirty = true;
        page
    }

    /// Makes it again where it may be out of date. Without `shown` it has no panel.
    pub fn refresh<S: Systems>(&mut self, estate: &S, shown: bool, now: Now) {
        if !shown {
            self.panel = None;
        }
        if self.dirty || now.since(self.made) >= REMAKE || (shown && self.panel.is_none()) {
            self.remake(estate, shown, now);
        }
    }

    fn remake<S: Systems>(&mut self, estate: &S, shown: bool, now: Now) {
        self.panel = if shown { estate.panel(self.system, now).map(Arc::new) } else { None };
        let all = estate.watched(self.system, now);
        self.watched = (all.len(), all.into_iter().filter_map(|thing| thing.unknown(self.system)).collect());
        (self.made, self.dirty) = (now, false);
    }
}
