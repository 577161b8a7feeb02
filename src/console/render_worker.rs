//! The render worker: computes view models, with the rows that the operator is viewing, and frees them.
//!
//! Filtering and sorting 100,000 rows takes tens of milliseconds, and freeing them as long. This must not delay the
//! response to a key, neither when observations arrive nor when the key itself changes a filter or an order. A
//! separate thread does both; the console only replaces one view model, or the rows of one table, by the next. Short
//! tables are computed at once in the console's thread ([`prepared::LONG`](super::prepared)).

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::{
    mask::Mask,
    prepared::{Looking, Prepared},
    row_search::Hits,
    view_model::ViewModel,
};
use engine::snapshot::Snapshot;

/// The mask. The worker needs it for view models, the console for typed text.
pub type SharedMask = Arc<Mutex<Mask>>;

/// Locks the mask. A panic while it was locked is harmless: pseudonyms are only added.
pub fn lock(shared_mask: &SharedMask) -> MutexGuard<'_, Mask> {
    shared_mask.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Requests to the worker.
enum Task {
    Make(Arc<Snapshot>, Looking, Option<SharedMask>, TimeZone),
    Arrange(Arc<ViewModel>, Looking),
    Search(Arc<ViewModel>, String),
    Forget(Arc<ViewModel>),
}

/// Handle of the worker.
#[derive(Debug, Clone)]
pub struct RenderWorker(std::sync::mpsc::Sender<Task>);

/// Results of the worker.
#[derive(Debug)]
pub enum Finished {
    /// A view model, with the rows on screen.
    ViewModel(Arc<ViewModel>, Prepared),
    /// Rows of an existing view model.
    Rows(Prepared),
    /// Rows that match a text.
    Hits(Hits),
}

impl RenderWorker {
    /// Starts the worker; results come through the receiver.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn open() -> std::io::Result<(Self, mpsc::UnboundedReceiver<Finished>)> {
        let (tasks, queue) = std::sync::mpsc::channel();
        let (made, finished) = mpsc::unbounded_channel();
        thread::Builder::new().name(super::terminal::THREAD.to_owned() + " view models").spawn(move || {
            // The console's own thread has priority over this one. On Linux niceness is per thread.
            let _ = rustix::process::nice(5);
            for task in queue {
                let out = match task {
                    Task::Make(snapshot, looking, shared_mask, zone) => {
                        let view_model =
                            ViewModel::masked(snapshot, shared_mask.as_ref().map(lock).as_deref_mut(), &zone);
                        let prepared = Prepared::of(&view_model, looking);
                        Finished::ViewModel(Arc::new(view_model), prepared)
                    }
                    Task::Search(view_model, text) => Finished::Hits(Hits::of(&view_model, &text)),
                    Task::Arrange(view_model, looking) => Finished::Rows(Prepared::of(&view_model, looking)),
                    Task::Forget(old) => {
                        drop(old);
                        continue;
                    }
                };
                if made.send(out).is_err() {
                    return;
                }
            }
        })?;
        Ok((Self(tasks), finished))
    }

    /// Requests a view model in this zone; masked if there is a mask.
    pub fn make(&self, snapshot: Arc<Snapshot>, looking: Looking, shared_mask: Option<SharedMask>, zone: TimeZone) {
        drop(self.0.send(Task::Make(snapshot, looking, shared_mask, zone)));
    }

    /// Requests rows of an existing view model: the operator has changed a filter or an order.
    pub fn arrange(&self, view_model: Arc<ViewModel>, looking: Looking) {
        drop(self.0.send(Task::Arrange(view_model, looking)));
    }

    /// Requests the rows that match a text.
    pub fn search(&self, view_model: Arc<ViewModel>, text: String) {
        drop(self.0.send(Task::Search(view_model, text)));
    }

    /// Hands over a view model to be freed.
    pub fn forget(&self, old: Arc<ViewModel>) {
        drop(self.0.send(Task::Forget(old)));
    }
}
