//! The page of a system, kept as it was made last.

use std::sync::Arc;

use super::systems::Systems;
use base::{now::Now, view::Panel, watched::Unknown};

/// One system's page as it was made last.
#[derive(Debug)]
pub(super) struct Page {
    pub panel: Arc<Panel>,
    /// How many things the system watches, and those of which something is not known.
    pub watched: (usize, Vec<Unknown>),
    pub made: Now,
    /// Its system has heard something since.
    pub dirty: bool,
}

impl Page {
    pub fn new<S: Systems>(estate: &S, id: &str, now: Now) -> Option<Self> {
        let panel = Arc::new(estate.panel(id, now)?);
        let all = estate.watched(id, now);
        let page = panel.id;
        let watched = (all.len(), all.into_iter().filter_map(|thing| thing.unknown(page)).collect());
        Some(Self { panel, watched, made: now, dirty: false })
    }
}
