//! The console's own pages: their ids and their tables. The keys of pages.

use base::view::Group;

/// Title of the first page.
pub const OVERVIEW: &str = "Overview";
/// Id of the Runbook page.
pub const RUNBOOK: &str = "runbook";
/// Id of its table.
pub const STEPS: &str = "steps";
/// Id of the Journal page.
pub const JOURNAL: &str = "journal";
/// Id of the Sources page.
pub const SOURCES: &str = "sources";

/// The console's own pages.
const OWN: [&str; 3] = [RUNBOOK, JOURNAL, SOURCES];

/// Whether a page is the console's own.
#[must_use]
pub fn is_own(panel: &str) -> bool {
    OWN.contains(&panel)
}

/// The number of keys for pages.
const KEYED: usize = 9;

/// The overview, the groups of the systems' pages, and the console's own pages: each has a key.
const _: () = assert!(1 + Group::Console as usize + OWN.len() <= KEYED);

/// Whether the pages after the overview are so many that those of a group share a key.
#[must_use]
pub const fn share_keys(pages: usize) -> bool {
    pages + 1 > KEYED
}

/// The key of a page, as an index: its own, if there are enough for all pages. If not, each group has one that its pages share, so that a
/// page more or less moves none of the others; the console's own pages, which come last, keep the last keys. Tab and the palette reach
/// every page.
///
/// `page` counts the overview, which is the first; `groups` are those of the pages after it.
#[must_use]
pub fn key(page: usize, groups: &[Group]) -> usize {
    if !share_keys(groups.len()) {
        return page;
    }
    match page.checked_sub(1).and_then(|at| groups.get(at)) {
        None => 0,
        Some(Group::Console) => page + KEYED - (groups.len() + 1),
        Some(group) => 1 + *group as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Group::{Compute, Console, Data, Guards, Streams, Traffic};

    fn keys(groups: &[Group]) -> Vec<usize> {
        (0..=groups.len()).map(|page| key(page, groups)).collect()
    }

    #[test]
    fn up_to_nine_pages_have_a_key_each() {
        assert_eq!(keys(&[Data, Streams, Console]), [0, 1, 2, 3]);
        let today = [Data, Streams, Compute, Traffic, Traffic, Console, Console, Console];
        assert_eq!(keys(&today), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn of_more_pages_each_group_has_a_key_and_the_consoles_own_keep_theirs() {
        let mut groups = vec![Data; 14];
        groups.extend([Streams, Streams, Compute, Traffic, Guards, Console, Console, Console]);
        let keys = keys(&groups);
        assert_eq!(keys[0], 0, "the overview");
        assert_eq!(keys[1..15], [1; 14]);
        assert_eq!(keys[15..], [2, 2, 3, 4, 5, 6, 7, 8], "the last three: Runbook, Journal and Collectors");
        assert_eq!(key(10, &[[Data; 9].as_slice(), &[Console]].concat()), 8, "Collectors alone");
    }
}
