//! The rows that the open palette offers: of the present text, from the render worker where there are many.

use std::sync::Arc;

use super::Ui;
use crate::{
    entry::{Entry, Palette},
    offer::Offer,
    row_search::Hits,
    view_model::ViewModel,
};

/// Up to this many rows are searched on the console's thread: about a millisecond.
const FEW: usize = 5_000;

/// The rows that are offered, and whether others are wanted.
#[derive(Debug, Default)]
pub struct Search {
    hits: Hits,
    waits: bool,
}

/// The text that the open palette searches rows for.
fn wanted(ui: &Ui) -> Option<&str> {
    match &ui.entry {
        Entry::Palette(Palette { text, over: None, .. }) => Some(text),
        _ => None,
    }
}

impl Ui {
    /// The rows that are offered for this text, and the number of all that match; those of another text are not.
    #[must_use]
    pub fn row_hits(&self, text: &str) -> (&[Offer], usize) {
        let hits = &self.search.hits;
        if hits.text == text { (&hits.rows, hits.all) } else { (&[], 0) }
    }

    /// Searches the rows for the palette's text where that is quick, else asks for the worker. Called after every event.
    pub(crate) fn search_rows(&mut self) {
        self.search.waits = false;
        let Some(text) = wanted(self) else {
            self.search.hits = Hits::default();
            return;
        };
        let view_model = self.shown();
        if self.search.hits.are_of(view_model, text) {
            return;
        }
        let rows: usize =
            view_model.pages.iter().flat_map(|page| &page.panel.tables).map(|table| table.rows.len()).sum();
        if self.has_worker() && rows > FEW {
            self.search.waits = true;
        } else {
            self.search.hits = Hits::of(view_model, text);
        }
    }

    /// The view model and the text that the worker is to search, if any.
    #[must_use]
    pub fn searches(&self) -> Option<(Arc<ViewModel>, String)> {
        let text = wanted(self).filter(|_| self.search.waits)?;
        Some((self.shown().clone(), text.to_owned()))
    }

    /// Takes what the worker has found. It may be for an older text or view model; then the next search is asked for.
    pub(crate) fn found_rows(&mut self, hits: Hits) {
        if wanted(self) == Some(&hits.text) {
            self.search.hits = hits;
        }
        self.search_rows();
    }

    /// Enter does not wait for the worker: what is written is searched now.
    pub(crate) fn search_now(&mut self) {
        if let Some((view_model, text)) = self.searches() {
            self.search = Search { hits: Hits::of(&view_model, &text), waits: false };
        }
    }
}

#[cfg(test)]
mod tests;
