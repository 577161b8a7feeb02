//! The journal on a thread of its own: a disk may take its time, and nothing but the run waits for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use tokio::{sync::mpsc::UnboundedSender, time::timeout};

use crate::executor::{Write, Written};
use base::now::Now;
use journal::{Halt, Unwritten};
use systems::{Estate, Journal};

/// The way to the thread. It ends when this is dropped and all writes are answered.
pub(super) struct Recorder {
    tasks: mpsc::Sender<Task>,
    /// A check is on its way.
    checking: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

enum Task {
    Write(Write<Estate>, Now),
    /// Whether the journal is still where it belongs.
    Check,
}

impl Recorder {
    /// Starts it; what comes of writes goes to `answers`, in their order. A check that fails is answered as a failed write.
    pub fn start(journal: Journal, answers: UnboundedSender<Written<Estate>>) -> Self {
        let (tasks, queue) = mpsc::channel();
        let checking = Arc::new(AtomicBool::new(false));
        let checked = checking.clone();
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || run(journal, &queue, &checked, &answers))
            .ok();
        Self { tasks, checking, thread }
    }

    /// Has something written.
    ///
    /// # Errors
    /// If the thread is gone: nothing can be written any more.
    pub fn write(&self, write: Write<Estate>, now: Now) -> Result<(), Halt> {
        self.tasks.send(Task::Write(write, now)).map_err(|_| Halt(Unwritten::NoThread))
    }

    /// Has the journal looked at, unless it is being looked at. A thread that is gone is noticed by the next write.
    pub fn check(&self) {
        if !self.checking.swap(true, Ordering::SeqCst) {
            let _ = self.tasks.send(Task::Check);
        }
    }

    /// Lets the journal go: once this is done, its lock is free. A journal that still does not answer is left to itself.
    pub async fn close(self, within: Duration) {
        let Self { tasks, thread, .. } = self;
        drop(tasks);
        let Some(thread) = thread else { return };
        let _ = timeout(within, tokio::task::spawn_blocking(move || thread.join())).await;
    }
}

fn run(
    mut journal: Journal,
    queue: &mpsc::Receiver<Task>,
    checking: &AtomicBool,
    answers: &UnboundedSender<Written<Estate>>,
) {
    while let Ok(task) = queue.recv() {
        let answer = match task {
            Task::Write(write, now) => Some(write.put_on_record(&mut journal, now)),
            Task::Check => {
                let failed = if journal.halted().is_none() { journal.check().err() } else { None };
                checking.store(false, Ordering::SeqCst);
                failed.map(Written::Failed)
            }
        };
        if let Some(answer) = answer
            && answers.send(answer).is_err()
        {
            return;
        }
    }
}
