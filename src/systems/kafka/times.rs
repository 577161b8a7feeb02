//! Ends of a topic's partitions against time: turns a lag in messages into a lag in seconds.
//!
//! All partitions of a topic are read at once, so an observation is one row with one time. The values of a row are contiguous in memory, in
//! the order in which a group's partitions are processed: with ten thousand partitions this determines the cost.

use std::{collections::VecDeque, mem::size_of, time::Duration};

use super::facts::Offset;

/// The ends of a topic's partitions, read over about the last hour.
#[derive(Debug, Default)]
pub(super) struct EndTimes(VecDeque<Row>);

/// The ends in one observation, unchanged until another.
#[derive(Debug)]
pub(super) struct Row {
    /// Boot times in tenths of a second: of the first and the last observation with these ends.
    from: u32,
    until: u32,
    /// By partition; unknown where it could not be read.
    ends: Box<[Offset]>,
}

impl Row {
    /// Whether the end of a partition is known not to have passed `offset` yet: then the record there is younger than the row.
    pub(super) fn is_before(&self, partition: usize, offset: i64) -> bool {
        self.end(partition).is_some_and(|end| end <= offset)
    }

    fn end(&self, partition: usize) -> Option<i64> {
        self.ends.get(partition).and_then(|end| end.known())
    }
}

/// Rows kept. With the thinning below they reach back about an hour.
const ROWS: usize = 64;

impl EndTimes {
    /// Takes the ends read at `boot`, by partition. Returns whether they equal those read last.
    pub(super) fn push(&mut self, boot: Duration, ends: &[Offset]) -> bool {
        let at = tenths(boot);
        for (partition, end) in ends.iter().enumerate() {
            if let (Some(end), Some((_, last))) = (end.known(), self.last(self.0.len(), partition))
                && end < last
            {
                self.forget(partition);
            }
        }
        if let Some(last) = self.0.back_mut().filter(|last| *last.ends == *ends) {
            last.until = at;
            return true;
        }
        if self.0.len() == ROWS {
            // Every second row of the older half is removed: recent rows stay dense, old ones reach far back. Done before the new row is
            // added, so that the capacity never doubles.
            let mut i = 0;
            self.0.retain(|_| {
                i += 1;
                i > ROWS / 2 || i % 2 == 1
            });
        }
        self.0.push_back(Row { from: at, until: at, ends: ends.into() });
        false
    }

    /// A partition's log was truncated or created again: its earlier ends are of another log and are removed.
    fn forget(&mut self, partition: usize) {
        for end in self.0.iter_mut().filter_map(|row| row.ends.get_mut(partition)) {
            *end = Offset::UNKNOWN;
        }
    }

    /// The last of the rows before this one in which a partition's end is known, and that end.
    fn last(&self, before: usize, partition: usize) -> Option<(&Row, i64)> {
        self.0.range(..before).rev().find_map(|row| Some((row, row.end(partition)?)))
    }

    /// The ends of all partitions as last read before `boot`. None where one is not known for that long.
    pub(super) fn before(&self, boot: Duration) -> Option<Vec<i64>> {
        let then = tenths(boot);
        let rows = self.0.partition_point(|row| row.from < then);
        let partitions = self.0.back()?.ends.len();
        (0..partitions).map(|p| self.last(rows, p).map(|(_, end)| end)).collect()
    }

    /// How long before `boot` the end of a partition was at `offset`: the age of the oldest record not yet consumed.
    /// None where the rows do not reach back that far: then it is at least [`Self::reach`].
    pub(super) fn age_of(&self, partition: usize, offset: i64, boot: Duration) -> Option<Duration> {
        let (_, end) = self.last(self.0.len(), partition)?;
        if end <= offset {
            return Some(Duration::ZERO);
        }
        // The first row whose end is beyond it.
        let (mut low, mut high) = (0, self.0.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.last(middle + 1, partition).is_none_or(|(_, end)| end <= offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let ((before, o0), (after, o1)) = (self.last(low, partition)?, self.last(low + 1, partition)?);
        let (t0, t1) = (before.until, after.from);
        #[expect(clippy::cast_precision_loss, reason = "a share between two rows")]
        let share = (offset - o0) as f64 / (o1 - o0).max(1) as f64;
        let at = f64::from(t0) + f64::from(t1 - t0) * share;
        Some(Duration::from_secs_f64((f64::from(tenths(boot)) - at).max(0.0) / 10.0))
    }

    /// The first row read after `boot`.
    pub(super) fn after(&self, boot: Duration) -> Option<&Row> {
        let then = tenths(boot);
        self.0.get(self.0.partition_point(|row| row.until <= then))
    }

    /// For how long a partition has been known.
    pub(super) fn reach(&self, partition: usize, boot: Duration) -> Duration {
        let first = self.0.iter().find(|row| row.end(partition).is_some());
        first
            .map_or(Duration::ZERO, |row| Duration::from_millis(u64::from(tenths(boot).saturating_sub(row.from)) * 100))
    }

    /// Bytes it uses.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Row>() + self.0.iter().map(|row| size_of_val(&*row.ends)).sum::<usize>()
    }
}

fn tenths(boot: Duration) -> u32 {
    u32::try_from(boot.as_millis() / 100).unwrap_or(u32::MAX)
}

/// The lag in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LagTime {
    /// Exactly this long.
    Exactly(Duration),
    /// Longer than the cluster has been observed: at least this long.
    AtLeast(Duration),
}

impl Default for LagTime {
    fn default() -> Self {
        Self::Exactly(Duration::ZERO)
    }
}

impl LagTime {
    /// The least possible duration.
    pub(super) const fn least(self) -> Duration {
        match self {
            Self::Exactly(d) | Self::AtLeast(d) => d,
        }
    }

    /// The same this much later, for a record that is still unread.
    pub(super) const fn plus(self, by: Duration) -> Self {
        match self {
            Self::Exactly(d) => Self::Exactly(d.saturating_add(by)),
            Self::AtLeast(d) => Self::AtLeast(d.saturating_add(by)),
        }
    }

    /// The worse of two: as long as the longer, and only as exact as the less exact.
    pub(super) fn worse(self, other: Self) -> Self {
        let longest = self.least().max(other.least());
        match (self, other) {
            (Self::Exactly(_), Self::Exactly(_)) => Self::Exactly(longest),
            _ => Self::AtLeast(longest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    /// Rows every five seconds from 1000 s on.
    fn table(rows: &[&[i64]]) -> EndTimes {
        let mut table = EndTimes::default();
        for (row, i) in rows.iter().zip(0..) {
            table.push(secs(1000 + i * 5), &row.iter().map(|end| Offset::end(*end)).collect::<Vec<_>>());
        }
        table
    }

    #[test]
    fn a_lag_in_messages_becomes_a_lag_in_seconds() {
        let rows: Vec<[i64; 2]> = (0..30).map(|i| [i * 500, 7]).collect();
        let table = table(&rows.iter().map(|row| &row[..]).collect::<Vec<_>>());
        let now = secs(1000 + 29 * 5);
        assert_eq!(table.age_of(0, 29 * 500, now), Some(Duration::ZERO));
        let age = table.age_of(0, 27 * 500 + 250, now).expect("within reach");
        assert!((age.as_secs_f64() - 7.5).abs() < 0.2, "{age:?}");
        assert_eq!(table.age_of(0, -1, now), None, "older than the table");
        assert_eq!(table.age_of(2, 0, now), None, "no such partition");
        assert_eq!(table.before(secs(1007)), Some(vec![500, 7]));
        assert_eq!(table.before(secs(1005)), Some(vec![0, 7]), "before, not at");
        assert_eq!(table.before(secs(1000)), None);
        assert_eq!(table.reach(0, now), secs(145));
        for offset in [14_500, 13_750, 250, -1] {
            let age = table.age_of(0, offset, now);
            let row = |s: u64| table.after(now.checked_sub(secs(s)).expect("later"));
            let bound = |s: u64| row(s).is_some_and(|row| row.is_before(0, offset));
            assert!((0..150).all(|s| !bound(s) || age.is_some_and(|age| age <= secs(s))), "{offset}: {age:?}");
            assert_eq!((0..150).any(bound), offset > 0, "and it is of use");
        }
    }

    #[test]
    fn a_table_never_takes_more_room_than_its_rows() {
        let mut table = EndTimes::default();
        for i in 0..1000 {
            table.push(secs(i * 5), &[Offset::end(i64::try_from(i).expect("small"))]);
        }
        assert!(table.0.len() <= ROWS && table.0.capacity() <= ROWS, "{}", table.0.capacity());
        assert!(table.reach(0, secs(999 * 5)) > secs(1800), "and reaches far back");
    }

    #[test]
    fn an_idle_log_has_no_lag_however_old_its_last_record_and_a_new_log_forgets_the_old() {
        let mut table = EndTimes::default();
        table.push(secs(995), &[Offset::end(40), Offset::end(1)]);
        for i in 0..200 {
            table.push(secs(1000 + i * 5), &[Offset::end(42), Offset::end(1)]);
        }
        assert_eq!(table.0.len(), 2, "what stays the same is one row");
        assert_eq!(table.age_of(0, 42, secs(2000)), Some(Duration::ZERO));
        assert_eq!(table.age_of(0, 41, secs(2000)), Some(Duration::from_millis(1_002_500)));
        assert_eq!(table.before(secs(1500)), Some(vec![42, 1]));
        table.push(secs(2005), &[Offset::end(3), Offset::end(1)]);
        assert_eq!((table.reach(0, secs(2005)), table.reach(1, secs(2005))), (Duration::ZERO, secs(1010)));
        assert_eq!((table.before(secs(2004)), table.before(secs(2006))), (None, Some(vec![3, 1])));
        table.push(secs(2010), &[]);
        table.push(secs(2015), &[Offset::end(3), Offset::end(1)]);
        assert_eq!(table.reach(1, secs(2015)), secs(1020), "an answer without partitions takes nothing away");
    }

    /// Bursts with quiet hours between them, for days: with any thinning, the error of a record's age stays below the distance of two rows.
    #[test]
    fn a_log_that_is_quiet_between_bursts_keeps_when_each_was() {
        let mut table = EndTimes::default();
        let mut written: Vec<u64> = Vec::new();
        for second in (0..400_000).step_by(5) {
            if second % 3600 < 20 {
                written.extend([second; 10]);
            }
            table.push(secs(second), &[Offset::end(i64::try_from(written.len()).expect("small"))]);
            if second % 1800 == 900 && second > 20_000 {
                let late = written.len() - 35;
                let (true_age, age) =
                    (second - written[late], table.age_of(0, i64::try_from(late).expect("small"), secs(second)));
                let age = age.expect("within reach").as_secs_f64();
                #[expect(clippy::cast_precision_loss, reason = "seconds")]
                let off = (age - true_age as f64).abs();
                assert!(off < 20.0, "at {second}: {age} for {true_age}");
            }
        }
    }

    #[test]
    fn an_end_that_could_not_be_read_leaves_a_hole_and_takes_nothing_away() {
        let table = table(&[&[-1, 0], &[100, 0], &[-1, 0], &[300, 0], &[-1, 0]]);
        assert_eq!(table.reach(0, secs(1020)), secs(15));
        assert_eq!(table.age_of(0, 300, secs(1020)), Some(Duration::ZERO));
        // Half of the records written between 1005 s and 1015 s.
        assert_eq!(table.age_of(0, 200, secs(1020)), Some(secs(10)));
        assert_eq!(table.age_of(0, 99, secs(1020)), None);
        assert_eq!(table.before(secs(1014)), Some(vec![100, 0]));
    }
}
