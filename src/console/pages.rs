//! The console's own pages: their ids, their tables, their short names. Which pages have a key.

/// Title of the first page, and its short name.
pub const OVERVIEW: (&str, &str) = ("Overview", "Home");
/// Id of the Runbook page.
pub const RUNBOOK: &str = "runbook";
/// Id of its table.
pub const STEPS: &str = "steps";
/// Id of the Journal page.
pub const JOURNAL: &str = "journal";
/// Id of the Sources page.
pub const SOURCES: &str = "sources";

/// Whether a page is the console's own.
#[must_use]
pub fn is_own(panel: &str) -> bool {
    matches!(panel, SOURCES | RUNBOOK | JOURNAL)
}

/// The short name of one of the console's own pages, for a screen that has no room for its title. Titles of systems are short.
#[must_use]
pub fn short_name(panel: &str) -> Option<&'static str> {
    match panel {
        RUNBOOK => Some("Run"),
        JOURNAL => Some("Log"),
        SOURCES => Some("Polls"),
        _ => None,
    }
}

/// The number of pages that have a key.
const KEYED: usize = 9;

/// The key of a page, as an index: all have one if there are enough. If not, the console's `own` pages, which come last, keep the last keys, so
/// that a system more or less moves none of them; the first of the others have the rest. Tab and the palette reach every page.
///
/// `page` and `all` count the overview, which is the first.
#[must_use]
pub fn key(page: usize, all: usize, own: usize) -> Option<usize> {
    let first_own = all - own;
    match page {
        _ if all <= KEYED => Some(page),
        _ if page >= first_own => Some(KEYED - (all - page)),
        _ => Some(page).filter(|page| *page < KEYED - own),
    }
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn nine_pages_have_a_key_each_and_of_more_the_consoles_own_keep_theirs() {
        let keys = |all: usize, own| (0..all).map(|page| key(page, all, own)).collect::<Vec<_>>();
        assert_eq!(keys(4, 1), [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(keys(9, 3), (0..9).map(Some).collect::<Vec<_>>());
        let more = keys(12, 3);
        assert_eq!(more[..6], [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)]);
        assert_eq!(more[6..9], [None; 3]);
        assert_eq!(more[9..], [Some(6), Some(7), Some(8)], "Runbook, Journal and Collectors");
    }
}
