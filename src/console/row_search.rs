//! The rows of all pages that the palette offers for a text. There may be 100,000: they are searched on the render worker where there are many,
//! and never while drawing.

use std::sync::{Arc, Weak};

use super::{
    command::Risk,
    entry::COPY,
    offer::{Offer, Pick},
    view_model::ViewModel,
};
use base::view::Key;

/// How many rows are offered.
pub(super) const ROWS: usize = 50;
/// How many columns of text name a row.
const NAMES: usize = 2;
/// The rows that match a text.
#[derive(Debug, Clone, Default)]
pub struct Hits {
    pub(super) text: String,
    /// Of which view model.
    of: Weak<ViewModel>,
    /// The first of them.
    pub(super) rows: Vec<Offer>,
    /// The number of all.
    pub(super) all: usize,
}

impl Hits {
    /// Searches the rows whose name contains every word of the text.
    #[must_use]
    pub fn of(view_model: &Arc<ViewModel>, text: &str) -> Self {
        let mut hits = Self { text: text.to_owned(), of: Arc::downgrade(view_model), rows: Vec::new(), all: 0 };
        let words: Vec<&str> = text.split_whitespace().collect();
        let Some(first) = words.first().filter(|_| text.trim().len() > 1 && !text.starts_with(COPY)) else {
            return hits;
        };
        let pages = view_model.pages.iter().enumerate();
        let tables = pages.flat_map(|(page, it)| it.panel.tables.iter().map(move |table| (page, &it.panel, table)));
        let rows = tables.flat_map(|(page, panel, table)| table.rows.iter().map(move |row| (page, panel, table, row)));
        for (page, panel, table, row) in rows {
            // What names a row is in its first columns. Its id is not searched: with the mask on it has the real name.
            let names = || row.cells.iter().filter(|cell| cell.key == Key::Text).take(NAMES).map(|c| c.text.as_ref());
            // Nothing is allocated for a row that does not match.
            if !words.iter().all(|word| names().any(|name| contains(name, word))) {
                continue;
            }
            hits.all += 1;
            let named = names().find(|name| contains(name, first)).or_else(|| names().next());
            let Some(name) = named.filter(|_| hits.rows.len() < ROWS) else { continue };
            hits.rows.push(Offer {
                pick: Pick::Row(page, (table.id, row.id.to_string())),
                key: String::new(),
                name: name.to_owned(),
                doc: format!("Go to this row: {}, {}.", panel.title, table.title),
                risk: Risk::Looks,
                why_not: None,
            });
        }
        hits
    }

    /// Whether they are of this text and this view model.
    pub(super) fn are_of(&self, view_model: &Arc<ViewModel>, text: &str) -> bool {
        self.text == text && std::ptr::eq(self.of.as_ptr(), Arc::as_ptr(view_model))
    }
}

/// Whether a text contains a word, whatever the case of ASCII letters.
fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len().max(1)).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}
