//! What was entered before: the commands of the palette, the filters, the lines of prompts. Plain data; kept in memory only, because the
//! texts may contain names.

use std::collections::{HashMap, VecDeque};

use super::{entry::Asked, offer::Pick};

/// How many texts each history keeps.
const KEPT: usize = 100;

/// Texts that were entered, the oldest first, and the one that is being looked at.
#[derive(Debug, Default)]
pub struct History {
    entered: VecDeque<String>,
    /// Index of the text that was brought back, and what was written before it was.
    at: Option<(usize, String)>,
}

impl History {
    /// Adds a text that was entered. The same one again in a row is kept once; an empty one is not kept.
    pub(super) fn add(&mut self, text: &str) {
        self.leave();
        let text = text.trim();
        if text.is_empty() || self.entered.back().is_some_and(|last| last == text) {
            return;
        }
        self.entered.push_back(text.to_owned());
        if self.entered.len() > KEPT {
            self.entered.pop_front();
        }
    }

    /// The text before the one that is shown; none at the oldest. `written` comes back with [`Self::newer`].
    pub(super) fn older(&mut self, written: &str) -> Option<String> {
        let (at, written) = match self.at.take() {
            Some((at, written)) => (at, written),
            None => (self.entered.len(), written.to_owned()),
        };
        let older = at.checked_sub(1);
        let kept = older.unwrap_or(at);
        self.at = (kept < self.entered.len()).then_some((kept, written));
        older.and_then(|at| self.entered.get(at)).cloned()
    }

    /// The text after the one that is shown; after the newest, what was written before. None where nothing was brought back.
    pub(super) fn newer(&mut self) -> Option<String> {
        let (at, written) = self.at.take()?;
        match self.entered.get(at + 1) {
            Some(text) => {
                let text = text.clone();
                self.at = Some((at + 1, written));
                Some(text)
            }
            None => Some(written),
        }
    }

    /// Whether the text that is shown was brought back and is unchanged since.
    #[must_use]
    pub const fn is_browsing(&self) -> bool {
        self.at.is_some()
    }

    /// The text was changed, or the line is closed: the next one that is brought back is the newest.
    pub(super) fn leave(&mut self) {
        self.at = None;
    }

    /// Whether there is nothing to bring back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entered.is_empty()
    }
}

/// All histories of the console.
#[derive(Debug, Default)]
pub struct Histories {
    /// The names of what was chosen in the palette.
    pub commands: History,
    /// Filters of tables.
    pub filters: History,
    /// The lines of prompts, for each purpose.
    pub written: HashMap<Asked, History>,
    /// What was chosen last in the palette, with its name.
    pub last: Option<(Pick, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> History {
        let mut history = History::default();
        texts.iter().for_each(|text| history.add(text));
        history
    }

    #[test]
    fn it_goes_back_to_the_oldest_and_forward_to_what_was_written() {
        let mut history = of(&["one", "two"]);
        assert_eq!(history.newer(), None, "nothing was brought back");
        assert_eq!(history.older("wr").as_deref(), Some("two"));
        assert!(history.is_browsing());
        assert_eq!(history.older("two").as_deref(), Some("one"));
        assert_eq!(history.older("one"), None);
        assert_eq!(history.newer().as_deref(), Some("two"));
        assert_eq!(history.newer().as_deref(), Some("wr"));
        assert!(!history.is_browsing());
        history.older("wr");
        history.leave();
        assert_eq!(history.older("x").as_deref(), Some("two"), "the newest again");
        assert_eq!(History::default().older(""), None);
    }

    #[test]
    fn it_has_no_duplicates_in_a_row_no_empty_texts_and_an_end() {
        let mut history = of(&["a", "a", " a ", "", "  ", "b", "a"]);
        let mut all = || std::iter::from_fn(|| history.older("")).collect::<Vec<_>>();
        assert_eq!(all(), ["a", "b", "a"]);
        let mut long = History::default();
        (0..KEPT + 5).for_each(|n| long.add(&n.to_string()));
        let all: Vec<String> = std::iter::from_fn(|| long.older("")).collect();
        assert_eq!((all.len(), all[KEPT - 1].as_str()), (KEPT, "5"));
    }
}
