//! The real names of the pseudonyms. Separate from the mask, which is locked while a large snapshot is masked: an
//! order does not wait for that.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::kind;
use engine::run::{Order, Proposal};

/// The real names, by pseudonym; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Names(Arc<Mutex<HashMap<String, String>>>);

impl Names {
    pub(super) fn insert(&self, pseudonym: String, name: String) {
        self.lock().insert(pseudonym, name);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        // Names are only added, so a panic while it was locked is harmless.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text with its pseudonyms replaced by real names.
    #[must_use]
    pub fn unmask(&self, text: &str) -> String {
        let names = self.lock();
        let (mut out, mut copied) = (String::new(), 0);
        for word in kind::words(text) {
            let (name, _) = word.port();
            if let Some(real) = names.get(name) {
                out.push_str(&text[copied..word.at]);
                out.push_str(real);
                copied = word.at + name.len();
            }
        }
        out + &text[copied..]
    }

    /// The order with real names: what was typed from the screen, and what is journaled.
    #[must_use]
    pub fn meant(&self, order: Order) -> Order {
        let real = |text: String| self.unmask(&text);
        match order {
            Order::Execute { step, digest, typed } => Order::Execute { step, digest, typed: real(typed) },
            Order::Hold { by, why } => Order::Hold { by, why: real(why) },
            Order::Release { why } => Order::Release { why: real(why) },
            Order::MarkDone { step, looked_at } => Order::MarkDone { step, looked_at: real(looked_at) },
            Order::Remark { by, text } => Order::Remark { by, text: real(text) },
            Order::Propose(proposal) => Order::Propose(match proposal {
                Proposal::Waive { step, gate, minutes, reason } => {
                    Proposal::Waive { step, gate, minutes, reason: real(reason) }
                }
                Proposal::Skip { step, reason } => Proposal::Skip { step, reason: real(reason) },
                Proposal::MarkDone { step, looked_at } => Proposal::MarkDone { step, looked_at: real(looked_at) },
                Proposal::ResolveManually { step, ticket, there, looked_at } => {
                    Proposal::ResolveManually { step, ticket, there, looked_at: real(looked_at) }
                }
            }),
            // The only typed text in these is people's names, which are not masked. No wildcard: a new order must be
            // listed.
            Order::Preview(_)
            | Order::Arm(_)
            | Order::Cancel(_)
            | Order::RollBack(_)
            | Order::Again(_)
            | Order::Abandon(_)
            | Order::Adopt(_)
            | Order::Approve { .. }
            | Order::Disbelieve { .. } => order,
        }
    }
}
