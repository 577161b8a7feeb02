//! The inbox on a thread of its own: its folder may hang, and a signature takes a process, and nothing but the messages waits for them.

use std::{future::pending, sync::mpsc, thread};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::inbox::Inbox;
use engine::run::Order;

/// The way to the thread. It ends when this is dropped.
pub(super) struct Messages {
    /// Has the thread take messages once.
    turns: mpsc::Sender<()>,
    taken: UnboundedReceiver<Taken>,
    /// Messages are being taken: the next turn comes after their orders.
    is_taking: bool,
}

/// What was taken in one turn.
struct Taken {
    orders: Vec<Order>,
    /// More messages are known to wait.
    more: bool,
}

impl Messages {
    /// Starts it.
    pub fn start(mut inbox: Inbox) -> Self {
        let (turns, queue) = mpsc::channel();
        let (out, taken) = unbounded_channel();
        let take = move || {
            while queue.recv().is_ok() {
                let orders = inbox.take();
                if out.send(Taken { orders, more: inbox.has_more() }).is_err() {
                    return;
                }
            }
        };
        // Without a thread all messages stay in their folder, and those who put them there see that they are not answered.
        let _ = thread::Builder::new().name("inbox".to_owned()).spawn(take);
        Self { turns, taken, is_taking: false }
    }

    /// Has messages taken, a few, unless they are being taken.
    pub fn take(&mut self) {
        if !self.is_taking {
            self.is_taking = self.turns.send(()).is_ok();
        }
    }

    /// The next orders that were taken; has more taken at once where more messages wait. Waits for ever where nothing is being taken.
    pub async fn next(&mut self) -> Vec<Order> {
        let Some(Taken { orders, more }) = self.taken.recv().await else { return pending().await };
        self.is_taking = false;
        if more {
            self.take();
        }
        orders
    }

    /// The orders that are still being taken, if any: their messages are gone from the folder, and nothing else has them.
    pub async fn last(mut self) -> Vec<Order> {
        if self.is_taking { self.taken.recv().await.map_or_else(Vec::new, |taken| taken.orders) } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::{Message, TURN, folder, put};

    #[tokio::test]
    async fn all_that_waits_is_taken_turn_by_turn_and_what_is_being_taken_at_the_end_is_not_lost() {
        let dir = tempfile::tempdir().expect("a folder");
        let journal = dir.path().join("journal");
        let mut messages = Messages::start(Inbox::new(&journal, "night", &[]).expect("a folder"));
        let hand_in = |text: &str| {
            let note = Message::Note { by: "three".into(), text: text.into() };
            put(&folder(&journal), &note, None).expect("put")
        };
        let all: Vec<_> = (0..=TURN).map(|n| hand_in(&n.to_string())).collect();
        messages.take();
        messages.take();
        assert_eq!(messages.next().await.len(), TURN, "a second turn is not begun before the first one is over");
        assert_eq!(messages.next().await.len(), all.len() - TURN, "the rest is taken without being asked for");
        let _late = hand_in("late");
        messages.take();
        assert_eq!(messages.last().await.len(), 1);
    }
}
