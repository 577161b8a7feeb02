//! The open detail: its row, and what is shown of it.

use std::sync::Arc;

use super::{At, Ui};
use base::view::Detail;
use engine::snapshot::DetailKey;

/// The row whose detail is open.
#[derive(Debug, Default)]
pub struct Opened {
    /// The row.
    pub(crate) key: Option<DetailKey>,
    /// The details under this one, from which it was opened, the last one on top.
    pub(super) under: Vec<DetailKey>,
    /// The page under the detail.
    pub(crate) page_below: usize,
    /// The detail, once it is there.
    pub(super) detail: Option<Arc<Detail>>,
    /// Number of view models that came since the row was opened.
    pub(super) view_models: u32,
    /// First visible line of the fields, if they do not fit.
    pub top: usize,
    /// The last line that may be at the top, from the last drawing.
    pub last: usize,
}

impl Ui {
    /// The detail that is shown.
    #[must_use]
    pub fn detail(&self) -> Option<&Arc<Detail>> {
        self.opened.detail.as_ref()
    }

    /// Whether the engine may not have answered yet: the first view model after the request may have been computed
    /// before it.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        self.opened.view_models < 2
    }

    /// The row whose detail is requested.
    #[must_use]
    pub fn opened(&self) -> Option<&DetailKey> {
        self.opened.key.as_ref()
    }

    /// Opens the detail of a row of this page, or of the detail that is open.
    pub(crate) fn open(&mut self, key: DetailKey) {
        match self.opened.key.take() {
            Some(under) if self.at == At::Detail => self.opened.under.push(under),
            _ => self.opened.under.clear(),
        }
        self.opened.page_below = self.page_number();
        self.look_at(key);
    }

    /// Closes the detail. The one that it was opened from is open again: its row, if there is one.
    pub(crate) fn close_detail(&mut self) -> Option<&DetailKey> {
        let under = self.opened.under.pop()?;
        self.look_at(under);
        self.opened.key.as_ref()
    }

    fn look_at(&mut self, key: DetailKey) {
        self.opened.key = Some(key);
        self.at = At::Detail;
        (self.opened.top, self.opened.view_models) = (0, 0);
        // Another row's tables may have the same ids: selections and filters do not apply to them.
        let place = self.place();
        self.lists.tables.retain(|(of, _), _| *of != place);
        self.lists.focus.remove(place);
        self.lists.filters.remove(place);
        self.lists.maximised.remove(place);
        self.settle(true);
    }
}
