//! Who looks at the snapshots of a running host, and what each wants in them. The host makes its snapshots with all of it; the engine keeps
//! nothing of it.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

use engine::snapshot::{DetailKey, Wanted};

/// One who looks at a host's snapshots. What it wants in them ends with it. A clone is another viewer of the same host, which wants nothing
/// yet; [`Viewer::default`] is the first one of a new host.
#[derive(Debug)]
pub struct Viewer {
    id: u64,
    all: Arc<watch::Sender<Viewers>>,
}

/// All viewers of a host that want something.
#[derive(Debug, Default)]
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

    fn change(&self, change: impl FnOnce(&mut Wanted)) {
        self.all.send_if_modified(|viewers| {
            let own = viewers.wanted.entry(self.id).or_default();
            let before = own.clone();
            change(own);
            *own != before
        });
    }

    /// What all viewers of this host want, for the host.
    pub(crate) fn all(&self) -> AllWanted {
        AllWanted(self.all.subscribe())
    }
}

impl Default for Viewer {
    fn default() -> Self {
        Self { id: 0, all: Arc::new(watch::channel(Viewers::default()).0) }
    }
}

impl Clone for Viewer {
    fn clone(&self) -> Self {
        let mut id = 0;
        self.all.send_if_modified(|viewers| {
            viewers.last += 1;
            id = viewers.last;
            false
        });
        Self { id, all: self.all.clone() }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.all.send_if_modified(|viewers| viewers.wanted.remove(&self.id).is_some());
    }
}

/// What all viewers of a host want.
#[derive(Debug)]
pub(crate) struct AllWanted(watch::Receiver<Viewers>);

impl AllWanted {
    /// As it stands.
    pub(crate) fn now(&mut self) -> Wanted {
        let mut all = Wanted::default();
        self.0.borrow_and_update().wanted.values().for_each(|wanted| all.add(wanted));
        all
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
        assert_eq!(all.now(), Wanted { details: [key("catalog"), key("orders")].into(), signals: true });
        first.open(Some(key("orders")));
        assert!(!all.has_changed(), "the same again");
        first.open(None);
        assert_eq!(all.now(), Wanted { details: [key("catalog")].into(), signals: true });
        first.open(Some(key("catalog")));
        let third = second.clone();
        drop(second);
        assert_eq!(
            all.now(),
            Wanted { details: [key("catalog")].into(), signals: false },
            "the first has it open, too"
        );
        drop((first, third));
        assert_eq!(all.now(), Wanted::default());
    }
}
