//! What begins to fail and what recovers: collectors and the journal. Only changes are reported, never each failed poll.

use std::collections::HashMap;

use super::About;
use base::{
    collector::CollectorState,
    now::{Now, short},
    observed::{Fault, FaultKind},
    text::line,
    view::CollectorLine,
};
use engine::snapshot::Snapshot;

/// Of more collectors of one system that change together, one message names the first and the number.
const SINGLY: usize = 4;
/// Characters of a server's text in a message; the Collectors page has all of it.
const TEXT: usize = 300;

/// What fails at present.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// By the collector's id: since when, and how. A kind is reported once until the collector answers, so that one that fails now in this
    /// way and now in that does not fill the log.
    collectors: HashMap<String, (Now, Vec<FaultKind>)>,
    /// What is wrong with the journal.
    journal: Option<Journal>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Journal {
    /// It does not answer.
    Waits,
    /// It cannot be written any more.
    Halted(String),
}

impl Faults {
    /// What has changed since the last snapshot, in words.
    pub(super) fn changes(&mut self, snapshot: &Snapshot) -> Vec<(About, String)> {
        let mut out = self.journal(snapshot);
        let (mut began, mut ended) = (Vec::new(), Vec::new());
        let mut failing = 0;
        for collector in &snapshot.collectors {
            let kind = kind(collector);
            failing += usize::from(kind.is_some());
            match (kind, self.collectors.get_mut(&collector.id)) {
                (Some(kind), None) => {
                    self.collectors.insert(collector.id.clone(), (snapshot.now, vec![kind]));
                    began.push((collector, kind));
                }
                (Some(kind), Some((_, kinds))) if !kinds.contains(&kind) => {
                    kinds.push(kind);
                    began.push((collector, kind));
                }
                (None, Some((since, _))) => {
                    let since = *since;
                    ended.push((collector, since));
                    self.collectors.remove(&collector.id);
                }
                _ => {}
            }
        }
        // Some are no longer polled.
        if self.collectors.len() > failing {
            self.collectors.retain(|id, _| snapshot.collectors.iter().any(|collector| collector.id == *id));
        }
        out.extend(groups(&began, |(c, kind)| (c.system, *kind)).flat_map(|group| failed(&group)));
        out.extend(groups(&ended, |(c, _)| c.system).flat_map(|group| recovered(&group, snapshot.now)));
        out
    }

    fn journal(&mut self, snapshot: &Snapshot) -> Vec<(About, String)> {
        let run = snapshot.run.as_ref();
        let halted = run.and_then(|run| run.halted.clone()).map(Journal::Halted);
        let now = halted.or_else(|| run.and_then(|run| run.journal_waits).map(|_| Journal::Waits));
        let was = std::mem::replace(&mut self.journal, now.clone());
        if was == now {
            return Vec::new();
        }
        let text = match now {
            None => return vec![(About::Recovery, "the journal answers again".to_owned())],
            Some(Journal::Waits) => "the journal does not answer: nothing is sent until it does".to_owned(),
            Some(Journal::Halted(why)) => format!("the journal: {}", brief(&why)),
        };
        vec![(About::Fault, text)]
    }
}

/// How a collector fails, if it does. One that gets no answer and no fault is silent; that there is nothing to measure is no fault.
fn kind(collector: &CollectorLine) -> Option<FaultKind> {
    match (&collector.fault, collector.state) {
        (Some(fault), _) if fault.kind == FaultKind::NoTraffic => None,
        (Some(fault), _) => Some(fault.kind),
        (None, CollectorState::Stale | CollectorState::Unknown) => Some(FaultKind::Silent),
        (None, CollectorState::Fresh | CollectorState::Pending) => None,
    }
}

/// The changes that belong together, in their order.
fn groups<T: Copy, K: PartialEq>(changes: &[T], of: impl Fn(&T) -> K) -> impl Iterator<Item = Vec<T>> {
    let mut out: Vec<(K, Vec<T>)> = Vec::new();
    for change in changes {
        let key = of(change);
        match out.iter_mut().find(|(other, _)| *other == key) {
            Some((_, group)) => group.push(*change),
            None => out.push((key, vec![*change])),
        }
    }
    out.into_iter().map(|(_, group)| group)
}

fn failed(group: &[(&CollectorLine, FaultKind)]) -> Vec<(About, String)> {
    let text = |collector: &CollectorLine| {
        let fault = collector.fault.clone().unwrap_or_else(Fault::silent);
        format!("{}: {}", line(&collector.id), brief(&fault.to_string()))
    };
    match group {
        [(first, kind), ..] if group.len() > SINGLY => {
            let many =
                format!("{} collectors of {} fail, {}: first {}", group.len(), first.system, kind.word(), text(first));
            vec![(About::Fault, many)]
        }
        _ => group.iter().map(|(collector, _)| (About::Fault, text(collector))).collect(),
    }
}

fn recovered(group: &[(&CollectorLine, Now)], now: Now) -> Vec<(About, String)> {
    match group {
        [(first, _), ..] if group.len() > SINGLY => {
            let many =
                format!("{} collectors of {} answer again, first {}", group.len(), first.system, line(&first.id));
            vec![(About::Recovery, many)]
        }
        _ => {
            let one = |(collector, since): &(&CollectorLine, Now)| {
                let text = format!("{} answers again, after {}", line(&collector.id), short(now.since(*since)));
                (About::Recovery, text)
            };
            group.iter().map(one).collect()
        }
    }
}

/// A text in one line, cut where it is long.
fn brief(text: &str) -> String {
    let text = line(text);
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.into_owned(),
    }
}
