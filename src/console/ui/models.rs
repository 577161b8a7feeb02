//! The view models that came: the latest, the frozen one, and the old one that is to be freed.

use std::{sync::Arc, time::Duration};

use super::Ui;
use crate::view_model::ViewModel;
use base::now::Now;
use engine::snapshot::Snapshot;

/// If the engine makes no snapshot for this long, it has stopped or hangs: what is shown is out of date.
pub const SILENT: Duration = Duration::from_secs(4);

/// The view models.
#[derive(Debug)]
pub(super) struct Models {
    latest: Arc<ViewModel>,
    latest_at: Now,
    /// Number of view models that have come.
    count: u64,
    frozen: Option<(Arc<ViewModel>, Now)>,
    /// Whether a render worker computes the rows of long tables and frees old view models.
    pub(super) has_worker: bool,
    /// The previous view model, until the render worker frees it.
    old: Option<Arc<ViewModel>>,
}

impl Models {
    pub(super) const fn new(first: Arc<ViewModel>, now: Now) -> Self {
        Self { latest: first, latest_at: now, count: 1, frozen: None, has_worker: false, old: None }
    }

    /// The view model that is shown.
    pub(crate) fn shown(&self) -> &Arc<ViewModel> {
        self.frozen.as_ref().map_or(&self.latest, |(view_model, _)| view_model)
    }
}

impl Ui {
    /// The view model that is shown.
    #[must_use]
    pub fn view_model(&self) -> &ViewModel {
        self.models.shown()
    }

    /// The same, to keep it.
    pub(crate) fn shown(&self) -> &Arc<ViewModel> {
        self.models.shown()
    }

    /// Whether a render worker computes what takes long.
    pub(crate) const fn has_worker(&self) -> bool {
        self.models.has_worker
    }

    /// Number of view models that have come.
    #[must_use]
    pub const fn view_models(&self) -> u64 {
        self.models.count
    }

    /// The latest snapshot, shown or not.
    #[must_use]
    pub fn latest(&self) -> &Snapshot {
        &self.models.latest.snapshot
    }

    /// Whether the display is frozen.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        self.models.frozen.is_some()
    }

    /// How long the display has been frozen.
    #[must_use]
    pub fn frozen_for(&self) -> Option<Duration> {
        self.models.frozen.as_ref().map(|(_, since)| self.now.since(*since))
    }

    /// How long the engine has made no snapshot, if longer than [`SILENT`].
    #[must_use]
    pub fn silent_for(&self) -> Option<Duration> {
        Some(self.now.since(self.models.latest_at)).filter(|d| *d > SILENT)
    }

    /// Takes a newer view model. Returns the previous one: see [`Ui::retire`].
    pub(crate) fn show(&mut self, view_model: Arc<ViewModel>) -> Arc<ViewModel> {
        let old = std::mem::replace(&mut self.models.latest, view_model);
        self.models.count += 1;
        self.models.latest_at = self.now;
        let latest = &self.models.latest;
        self.messages.follow(&latest.snapshot, latest.is_masked());
        self.opened.view_models = self.opened.view_models.saturating_add(1);
        old
    }

    /// Keeps an old view model for the render worker, which frees it: freeing 100,000 rows takes longer than a key may
    /// wait. Without a worker it is freed here.
    pub(crate) fn retire(&mut self, old: Arc<ViewModel>) {
        self.models.old = self.models.has_worker.then_some(old);
    }

    /// The old view model that is to be freed.
    pub fn take_old(&mut self) -> Option<Arc<ViewModel>> {
        self.models.old.take()
    }

    pub(super) fn remake(&mut self, mut make: impl FnMut(&ViewModel) -> ViewModel) {
        self.models.latest = Arc::new(make(&self.models.latest));
        if let Some((view_model, _)) = &mut self.models.frozen {
            *view_model = Arc::new(make(view_model));
        }
        self.settle(true);
    }

    /// Freezes the display, or resumes it.
    pub(crate) fn freeze(&mut self) {
        self.models.frozen = match self.models.frozen {
            None => Some((self.models.latest.clone(), self.models.latest_at)),
            Some(_) => None,
        };
    }

    /// From now on a render worker computes the rows of long tables and frees old view models.
    pub const fn use_worker(&mut self) {
        self.models.has_worker = true;
    }
}
