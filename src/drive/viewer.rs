//! Who looks at the snapshots of a running host, and what each wants in them. The host makes its snapshots with all of it; the engine keeps
//! nothing of it.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

use engine::snapshot::{DetailKey, Wanted};

/// One who looks at a host's snapshots. What it wants in them ends with it. A clone is another viewer of the same host, which wants what a
/// screen shows and no detail yet; [`Viewer::default`] is the first one of a new host.
#[derive(Debug)]
pub struct Viewer {
    id: u64,
    all: Arc<watch::Sender<Viewers>>,
}

/// All viewers of a host.
#[derive(Debug)]
struct Viewers {
    /// The id of the viewer that came last.
    last: u64,
    wanted: BTreeMap<u64, Wanted>,
}

impl Viewer {
    /// Wants the detail of this row and of no other, or none.
    pub fn open(&self, key: Option<DetailKey>) {
        self.change(|wanted| wanted.details = key.into_iter().collect());
    }

    /// Wants every signal, for a program that reads them.
    pub fn want_signals(&self) {
        self.change(|wanted| wanted.signals = true);
    }

    /// Wants no pages: it is a program, or prints only what is on the overview.
    pub fn without_pages(&self) {
        self.change(|wanted| wanted.pages = false);
    }

    fn change(&self, change: impl FnOnce(&mut Wanted)) {
        self.all.send_if_modified(|viewers| {
            let before = viewers.together();
            change(viewers.wanted.entry(self.id).or_default());
            viewers.together() != before
        });
    }

    /// What all viewers of this host want, for the host.
    pub(crate) fn all(&self) -> AllWanted {
        AllWanted(self.all.subscribe())
    }
}

impl Default for Viewer {
    fn default() -> Self {
        let first = Viewers { last: 0, wanted: [(0, Wanted::default())].into() };
        Self { id: 0, all: Arc::new(watch::channel(first).0) }
    }
}

impl Clone for Viewer {
    fn clone(&self) -> Self {
        let mut id = 0;
        self.all.send_if_modified(|viewers| {
            let before = viewers.together();
            viewers.last += 1;
            id = viewers.last;
            viewers.wanted.insert(id, Wanted::default());
            viewers.together() != before
        });
        Self { id, all: self.all.clone() }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.all.send_if_modified(|viewers| {
            let before = viewers.together();
            viewers.wanted.remove(&self.id);
            viewers.together() != before
        });
    }
}

impl Viewers {
    /// What any of them wants. Without a viewer nobody looks.
    fn together(&self) -> Wanted {
        let mut all = Wanted { pages: false, ..Wanted::default() };
        self.wanted.values().for_each(|wanted| all.add(wanted));
        all
    }
}

/// What all viewers of a host want.
#[derive(Debug)]
pub(crate) struct AllWanted(watch::Receiver<Viewers>);

impl AllWanted {
    /// As it stands.
    pub(crate) fn now(&mut self) -> Wanted {
        self.0.borrow_and_update().together()
    }

    /// Whether it is another than the last one that was read.
    pub(crate) fn has_changed(&self) -> bool {
        // Without a viewer there is nothing to be wanted.
        self.0.has_changed().unwrap_or(false)
    }

    /// Waits until it is another. Waits for ever once there is no viewer.
    pub(crate) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(row: &str) -> DetailKey {
        DetailKey { panel: "mongo".into(), table: "sets".into(), row: row.into() }
    }

    #[test]
    fn each_viewer_wants_its_own_and_what_it_wants_ends_with_it() {
        let first = Viewer::default();
        let mut all = first.all();
        assert_eq!((all.now(), all.has_changed()), (Wanted::default(), false));
        let second = first.clone();
        first.open(Some(key("orders")));
        second.open(Some(key("catalog")));
        second.want_signals();
        assert!(all.has_changed());
        let with = |keys: &[&str], signals| Wanted {
            details: keys.iter().copied().map(key).collect(),
            signals,
            ..Wanted::default()
        };
        assert_eq!(all.now(), with(&["catalog", "orders"], true));
        first.open(Some(key("orders")));
        assert!(!all.has_changed(), "the same again");
        first.open(None);
        assert_eq!(all.now(), with(&["catalog"], true));
        first.open(Some(key("catalog")));
        let third = second.clone();
        drop(second);
        assert_eq!(all.now(), with(&["catalog"], false), "the first has it open, too");
        drop((first, third));
        assert!(!all.now().pages, "nobody looks");
    }

    #[test]
    fn pages_are_wanted_while_one_viewer_wants_them() {
        let printer = Viewer::default();
        let mut all = printer.all();
        assert!(all.now().pages);
        let program = printer.clone();
        program.want_signals();
        program.without_pages();
        assert!(all.now().pages, "the first is a screen as far as is known");
        printer.without_pages();
        assert!(all.has_changed() && !all.now().pages);
        let screen = program.clone();
        assert!(all.has_changed() && all.now().pages, "one more has come");
        drop(screen);
        assert!(all.has_changed() && !all.now().pages);
    }
}
