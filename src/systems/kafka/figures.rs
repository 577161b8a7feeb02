//! The figures computed from a group's commits and its topics' ends.

use std::time::Duration;

use super::{
    facts::{Group, Offset, Snapshot},
    memory::Tables,
    times::LagTime,
};

/// The figures computed from a group's commits and its topics' ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Figures {
    /// Messages behind, over all known pairs.
    pub(super) lag: i64,
    /// Of these, those that open transactions hold back.
    pub(super) open: i64,
    /// Unread messages that were deleted from the logs, over all pairs for which this is known.
    pub(super) lost: i64,
    /// Pairs for which it is not known whether messages were lost.
    pub(super) unbounded: u32,
    /// Pairs with unknown lag: no end, a commit beyond it, or no start of the log.
    pub(super) unknown: u32,
    /// Partitions of its topics without any commit of it.
    pub(super) never: u32,
    /// The age of the oldest record not consumed.
    pub(super) time: LagTime,
    /// The pair with the largest lag, as slot and lag.
    pub(super) hot: Option<(u32, i64)>,
}

impl Figures {
    /// The figures of a group in an observation read at `boot`.
    pub(super) fn of(facts: &Snapshot, group: &Group, tables: &Tables<'_>, boot: Duration) -> Self {
        let mut figures = Self::default();
        // Topic by topic: a look-up for each of a hundred thousand commits would dominate the cost of an observation.
        for (table, commits) in tables.split(facts.commits_of(group)) {
            let mut never = table.map_or(0, |t| t.topic.partitions());
            // Only the worst of hundreds of partitions matters: a record written after the bar cannot be the oldest.
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

    /// The figures of an observation with the same content, `by` later: unread records have waited for longer.
    pub(super) fn later(self, by: Duration) -> Self {
        if self.lag == 0 { self } else { Self { time: self.time.plus(by), ..self } }
    }

    /// Its lag in messages, for a curve.
    #[expect(clippy::cast_precision_loss, reason = "a curve")]
    pub(super) const fn curve(&self) -> f64 {
        self.lag as f64
    }
}
