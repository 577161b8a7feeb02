//! What a group's commits and its topics' ends come to.

use std::time::Duration;

use super::{
    facts::{Group, Offset, Snapshot},
    memory::Tables,
    times::LagTime,
};

/// What a group's commits and its topics' ends come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Figures {
    /// Messages behind, over all pairs that are known.
    pub(super) lag: i64,
    /// Of these, what open transactions hold back.
    pub(super) open: i64,
    /// Messages that are gone from the logs and were not read, over all pairs of which that is known.
    pub(super) lost: i64,
    /// Pairs of which it is not known whether something is lost.
    pub(super) unbounded: u32,
    /// Pairs whose lag is not known: no end, a commit beyond it, or no start of the log.
    pub(super) unknown: u32,
    /// Partitions of its topics that it never committed on.
    pub(super) never: u32,
    /// The oldest record not consumed.
    pub(super) time: LagTime,
    /// The pair that is furthest behind, by its slot and its lag.
    pub(super) hot: Option<(u32, i64)>,
}

impl Figures {
    /// Of a group in an answer that was read at `boot`.
    pub(super) fn of(facts: &Snapshot, group: &Group, tables: &Tables<'_>, boot: Duration) -> Self {
        let mut figures = Self::default();
        // Topic after topic: a look-up for each of a hundred thousand commits is what a reading would cost.
        for (table, commits) in tables.split(facts.commits_of(group)) {
            let mut never = table.map_or(0, |t| t.topic.partitions());
            // Of hundreds of partitions all but the worst are of no account: what was written after this is certainly none.
            let mut bar = table.and_then(|t| t.bar(boot, figures.time));
            for commit in commits.iter().filter(|commit| commit.offset != Offset::NEVER) {
                never = never.saturating_sub(1);
                let slot = commit.slot;
                match facts.lost(slot, commit.offset) {
                    Some(lost) => figures.lost += lost,
                    None => figures.unbounded += 1,
                }
                let (Some(lag), Some(offset)) = (facts.lag(slot, commit.offset), facts.reads_from(slot, commit.offset))
                else {
                    figures.unknown += 1;
                    continue;
                };
                if lag == 0 {
                    continue;
                }
                figures.lag += lag;
                figures.open += facts.open(slot).map_or(0, |open| open.min(lag));
                if figures.hot.is_none_or(|(_, most)| lag > most) {
                    figures.hot = Some((commit.slot, lag));
                }
                if table.zip(bar).is_some_and(|(t, bar)| bar.is_before(t.partition(commit.slot), offset)) {
                    continue;
                }
                let time = table.map_or(LagTime::AtLeast(Duration::ZERO), |t| t.time(commit.slot, offset, boot));
                figures.time = figures.time.worse(time);
                bar = table.and_then(|t| t.bar(boot, figures.time));
            }
            figures.never += never;
        }
        figures
    }

    /// Of an answer that said the same again, so much later: what waits has waited for longer.
    pub(super) fn later(self, by: Duration) -> Self {
        if self.lag == 0 { self } else { Self { time: self.time.plus(by), ..self } }
    }

    /// Its lag in messages, for a curve.
    #[expect(clippy::cast_precision_loss, reason = "a curve")]
    pub(super) const fn curve(&self) -> f64 {
        self.lag as f64
    }
}
