//! Long operations on a primary, which a step down would kill.
//!
//! A primary that steps down ends the writes, transactions and index builds that users have in progress (MongoDB's manual,
//! "replSetStepDown": it "attempts to terminate long running user operations that would block the primary from stepping down"). So they are
//! listed before: their names and their running times, never their content.

use std::time::Duration;

use super::set::Set;
use base::{
    now::{Now, short},
    observed::{Fault, FaultKind, Observed},
};

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A write, or a command that writes.
    Write,
    /// An index build.
    IndexBuild,
    /// An open transaction, even if idle.
    Transaction,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// What kind.
    pub kind: Kind,
    /// The server's name for it: `update`, `createIndexes`.
    pub what: String,
    /// Database and collection; empty where the server names none.
    pub namespace: String,
    /// How long it has been running; for a transaction: how long it has been open.
    pub running: Duration,
}

/// The operations in progress on a primary.
#[derive(Debug, Clone, Default)]
pub struct Operations {
    /// The member that was queried.
    pub from: String,
    /// The longest first.
    pub longest_first: Vec<Operation>,
    /// The list is at its limit: there may be more.
    pub full: bool,
}

/// The limit of the list, the longest first.
pub(super) const LISTED: u32 = 20;

/// Operations shorter than this are not named.
const LONG: Duration = Duration::from_secs(1);
/// How many are named.
const NAMED: usize = 3;

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            Kind::Write => "",
            Kind::IndexBuild => "index build: ",
            Kind::Transaction => "transaction: ",
        };
        write!(f, "{kind}{}", self.what)?;
        if !self.namespace.is_empty() {
            write!(f, " {}", self.namespace)?;
        }
        write!(f, " for {}", short(self.running))
    }
}

impl Operations {
    /// As queried from `from`: the longest first, each operation once (a client that waits for an index, and the server's thread that
    /// builds it, are one).
    pub(super) fn new(from: &str, mut all: Vec<Operation>) -> Self {
        let full = all.len() >= LISTED as usize;
        all.sort_by_key(|op| std::cmp::Reverse(op.running));
        let mut longest_first: Vec<Operation> = Vec::new();
        for op in all {
            let same = |o: &Operation| op.kind == Kind::IndexBuild && o.kind == op.kind && o.namespace == op.namespace;
            if !longest_first.iter().any(same) {
                longest_first.push(op);
            }
        }
        Self { from: from.to_owned(), longest_first, full }
    }

    /// How long the longest has been running; zero if there is none.
    pub(super) fn longest(&self) -> Duration {
        self.longest_first.first().map_or(Duration::ZERO, |op| op.running)
    }

    /// The long ones by name; none if there is none.
    pub(super) fn named(&self) -> Option<String> {
        let long: Vec<_> = self.longest_first.iter().filter(|op| op.running >= LONG).map(ToString::to_string).collect();
        let others = if self.full { "or more others" } else { "more" };
        let more = long.len().checked_sub(NAMED).filter(|n| *n > 0);
        let more = more.map_or_else(String::new, |n| format!("; and {n} {others}"));
        (!long.is_empty()).then(|| format!("{}{more}", long[..long.len().min(NAMED)].join("; ")))
    }
}

impl Set {
    /// The operations in progress on the present primary, and on no other member.
    pub(super) fn under_way(&self, now: Now) -> Observed<&Operations> {
        let leader = self.leader(now).and_then(|l| l.host().cloned().ok_or_else(|| self.no_primary()));
        leader.zip(self.operations.at(now)).and_then(|(leader, operations)| {
            if *leader == *operations.from {
                return Ok(operations);
            }
            let text =
                format!("{}: {} was asked for its operations, but {leader} is primary", self.name, operations.from);
            Err(Fault::new(FaultKind::Empty, text))
        })
    }

    /// What a step down of `from` would kill, for the preview.
    pub(super) fn doomed(&self, from: &str, now: Now) -> String {
        match self.under_way(now) {
            Observed::Fresh(operations, age) => match operations.named() {
                Some(named) => format!("WILL BE KILLED by the step-down, on {from} as of {age} ago: {named}."),
                None => format!(
                    "No operation that the step-down would kill has run on {from} for 1 s or longer, as of {age} ago."
                ),
            },
            Observed::Stale(_, age) => {
                format!(
                    "It is unknown which operations the step-down would kill on {from}: the last answer is {age} old."
                )
            }
            Observed::Unknown(fault) => {
                format!("It is unknown which operations the step-down would kill on {from}: {fault}.")
            }
            Observed::Pending => format!("It is not known yet which operations the step-down would kill on {from}."),
        }
    }
}
