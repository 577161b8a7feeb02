//! MirrorMaker 2's offset syncs, which map offsets of the original to offsets of the copy: format, storage, and translation of commits.
//!
//! There is no other relation between the offsets of two clusters.

use std::{collections::BTreeMap, sync::Arc};

/// One offset sync: this record of the original's partition has this offset in the copy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sync {
    /// The record's offset on the cluster from which it was copied.
    pub upstream: i64,
    /// Its offset on the cluster to which it was copied.
    pub downstream: i64,
}

impl Sync {
    /// By how much the copy's log is longer than the original's.
    const fn longer(self) -> i64 {
        self.downstream - self.upstream
    }
}

/// The offset syncs of one direction, by the original's topic and partition.
#[derive(Debug, Clone, Default)]
pub struct Syncs {
    /// Topics from which they were read; none: the mirror writes none, or none that could be read.
    pub topics: Vec<Arc<str>>,
    /// The sum of the offsets read so far: it grows with each sync that the mirror writes.
    pub read: i64,
    by_topic: BTreeMap<Arc<str>, BTreeMap<u32, Arc<Vec<Sync>>>>,
}

/// Syncs kept per partition. Beyond that the older half is thinned: old syncs need to be available, not exact.
const KEPT: usize = 64;

impl Syncs {
    /// Without syncs yet, of these topics.
    #[must_use]
    pub fn of_topics(topics: Vec<Arc<str>>) -> Self {
        Self { topics, ..Self::default() }
    }

    /// Takes a sync, in the order of writing.
    pub fn take(&mut self, topic: &str, partition: u32, sync: Sync) {
        let by_partition = match self.by_topic.get_mut(topic) {
            Some(known) => known,
            None => self.by_topic.entry(topic.into()).or_default(),
        };
        let kept = Arc::make_mut(by_partition.entry(partition).or_default());
        // One of the two logs was created again: earlier syncs are invalid.
        if kept.last().is_some_and(|last| sync.upstream <= last.upstream || sync.downstream <= last.downstream) {
            kept.clear();
        }
        kept.push(sync);
        if kept.len() > KEPT {
            let mut at = 0_usize;
            kept.retain(|_| {
                at += 1;
                at > KEPT / 2 || at % 2 == 1
            });
        }
    }

    /// The syncs of a partition, oldest first.
    #[must_use]
    pub fn of(&self, topic: &str, partition: u32) -> &[Sync] {
        self.by_topic.get(topic).and_then(|t| t.get(&partition)).map_or(&[], |kept| kept)
    }

    /// The newest sync of a partition.
    #[must_use]
    pub fn last(&self, topic: &str, partition: u32) -> Option<Sync> {
        self.of(topic, partition).last().copied()
    }
}

/// The position that a group can have on the other cluster, and its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stand {
    /// The next record that it reads.
    pub(super) offset: i64,
    /// The most records that it reads again.
    pub(super) again: i64,
}

/// Translates a commit, by the syncs of the mirror in the same direction (`along`) and, if there is one, of the mirror that copies the same
/// topics in the opposite direction (`against`); never beyond `end`, the end on the other cluster. None: no sync allows a translation.
///
/// A commit beyond a sync is translated to the offset just behind it, as in MirrorMaker 2's own checkpoints
/// (`OffsetSyncStore.translateDownstream`): the records between are read again, and nothing is skipped, since a mirror copies a partition
/// in its order.
///
/// With copies in both directions under one name that is not enough: before the position of a sync there may be records written on the
/// other cluster that have not been copied here yet, and the group has not read those. A sync of the opposite mirror, used in reverse, does
/// not have this problem: it was written after all records before it. A sync of this mirror counts only if, since the last such point, both
/// logs have grown by the same number of records: then each record of the one is a record of the other. Without such a point it counts if
/// the log on the other cluster is not longer than this one, has not grown by more than it since the oldest known sync, and the sync's
/// position is before all that the syncs of the opposite mirror cover: the group has not read that.
///
/// What no sync shows: that records were written on the other cluster before the copying of a then old log began, if the opposite mirror
/// wrote no sync for them, or if it was compacted; and that an offset is no record (transaction markers, gaps of compaction). The signal
/// `kafka.topic.own_records` covers the first case.
///
/// The four arguments may have been read at different times: neither the position nor the bound requires them to be of one time.
pub(super) fn lead(along: &[Sync], against: Option<&[Sync]>, commit: i64, end: i64) -> Option<Stand> {
    let stand = |here: i64, there: i64, again: i64| {
        let place = there + i64::from(commit > here);
        // With an end that is older than the syncs, fewer records are known than exist.
        let offset = place.min(end);
        Stand { offset, again: (commit - here - 1).max(0) + again + place - offset }
    };
    let base = against.unwrap_or_default().iter().rev().find(|s| s.downstream <= commit);
    let safe = |s: &&Sync| match (base, against, along.first()) {
        (Some(base), ..) => {
            let (here, there) = (s.upstream - base.downstream, s.downstream - base.upstream);
            here == there && here >= 0
        }
        (None, Some(back), Some(first)) => {
            s.longer() <= first.longer().min(0) && back.first().is_none_or(|unread| s.downstream < unread.upstream)
        }
        (None, ..) => true,
    };
    let own = along.iter().rev().filter(|s| s.upstream <= commit).find(safe);
    match (own, base) {
        // What was copied there behind this sync was here behind it, too.
        (Some(own), base) if base.is_none_or(|base| base.downstream <= own.upstream) => {
            Some(stand(own.upstream, own.downstream, 0))
        }
        (_, Some(base)) => {
            Some(stand(base.downstream, base.upstream, late(along, against.unwrap_or_default(), *base, end)))
        }
        (_, None) => None,
    }
}

/// Of the records written here before the record of a sync of the opposite mirror (`base`), how many may not have been copied to the other
/// cluster before its original, and so are, or will be, behind it there.
///
/// All records up to any sync of this mirror with a copy before that original were copied before it. Otherwise all records behind it on the
/// other cluster may be such, plus all that this mirror had not copied at its last sync. A mirror without any sync has copied nothing: then
/// it is the number by which this log is longer than the other, or has grown more than it since the oldest known sync to here. That does
/// not count records written here before that sync to a log whose copying began late, or records deleted since.
fn late(along: &[Sync], against: &[Sync], base: Sync, end: i64) -> i64 {
    let Some(last) = along.last() else {
        let first = against.first().unwrap_or(&base);
        return base.longer().max(base.longer() - first.longer()).max(0);
    };
    let before = along.iter().rev().find(|s| s.downstream <= base.upstream);
    let before = before.map(|s| (base.downstream - s.upstream - 1).max(0));
    let there = (end.max(last.downstream + 1) - base.upstream - 1).max(0);
    let behind = there + (base.downstream - last.upstream - 1).max(0);
    before.map_or(behind, |before| before.min(behind))
}

/// A record of MirrorMaker 2's topic of offset syncs; none if it has another form.
///
/// Key: topic (string: i16 length, bytes), partition (i32). Value: upstream offset (i64), downstream offset (i64). Big endian.
/// (Apache Kafka, `connect/mirror/OffsetSync.java`, `KEY_SCHEMA` and `VALUE_SCHEMA`.)
#[cfg_attr(not(any(test, feature = "kafka")), expect(dead_code, reason = "only the live side reads records"))]
pub(super) fn parse<'k>(key: &'k [u8], value: &[u8]) -> Option<(&'k str, u32, Sync)> {
    let (len, rest) = key.split_first_chunk::<2>()?;
    let (topic, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    let partition = u32::try_from(i32::from_be_bytes(rest.try_into().ok()?)).ok()?;
    let (upstream, downstream) = value.split_first_chunk::<8>()?;
    let sync =
        Sync { upstream: i64::from_be_bytes(*upstream), downstream: i64::from_be_bytes(downstream.try_into().ok()?) };
    (sync.upstream >= 0 && sync.downstream >= 0).then_some((std::str::from_utf8(topic).ok()?, partition, sync))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn sync(upstream: i64, downstream: i64) -> Sync {
        Sync { upstream, downstream }
    }

    #[test]
    fn a_record_is_read_and_a_cut_one_is_not() {
        let key = b"\0\x06orders\0\0\0\x03";
        let value = b"\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\0\x07";
        assert_eq!(parse(key, value), Some(("orders", 3, sync(258, 7))));
        for cut in 0..key.len() {
            assert_eq!(parse(&key[..cut], value), None, "key cut at {cut}");
        }
        for cut in 0..value.len() {
            assert_eq!(parse(key, &value[..cut]), None, "value cut at {cut}");
        }
    }

    #[test]
    fn old_syncs_are_thinned_out_and_a_log_made_anew_forgets_them() {
        let mut all = Syncs::default();
        (0..10_000).for_each(|n| all.take("orders", 1, sync(n * 100, n * 100 + 5)));
        let kept = all.of("orders", 1);
        assert!(kept.len() <= KEPT && kept[0] == sync(0, 5), "{kept:?}");
        assert_eq!(kept.last(), Some(&sync(999_900, 999_905)));
        all.take("orders", 1, sync(3, 2));
        assert_eq!(all.of("orders", 1), [sync(3, 2)]);
        assert!(all.of("orders", 0).is_empty() && all.of("other", 1).is_empty());
    }

    #[test]
    fn a_commit_stands_just_behind_the_last_sync_before_it() {
        let along = [sync(10, 2), sync(20, 12)];
        let to = |commit| lead(&along, None, commit, 1000).map(|s| (s.offset, s.again));
        assert_eq!(to(9), None);
        assert_eq!(to(10), Some((2, 0)));
        assert_eq!(to(19), Some((3, 8)));
        assert_eq!(to(20), Some((12, 0)));
        assert_eq!(to(21), Some((13, 0)));
        // Without a mirror in that direction, the opposite mirror's syncs are used in reverse.
        assert_eq!(lead(&[], Some(&along), 12, 1000), Some(Stand { offset: 20, again: 0 }));
        assert_eq!(lead(&[], Some(&along), 30, 1000), Some(Stand { offset: 21, again: 17 }));
        // Never beyond the end.
        assert_eq!(lead(&along, None, 30, 11), Some(Stand { offset: 11, again: 9 + 2 }));
        // A log whose beginning was deleted, and three records of the other cluster that were copied here where the group has not read yet.
        let (along, against) = ([sync(1000, 3), sync(1100, 103)], [sync(0, 1500)]);
        assert_eq!(lead(&along, Some(&against), 1200, 5000), None);
        assert_eq!(lead(&along, Some(&against), 1500, 200), Some(Stand { offset: 0, again: 199 + 399 }));
        assert_eq!(lead(&along, Some(&[sync(110, 1500)]), 1200, 5000), Some(Stand { offset: 104, again: 99 }));
    }

    /// Two logs with one name and a mirror in each direction that copies no copies, as they were at each moment.
    struct History {
        /// A record: its number, and the side on which it was written.
        logs: [Vec<(u32, usize)>; 2],
        /// By the side of the original: how far it is copied, and the syncs.
        copied: [usize; 2],
        syncs: [Vec<Sync>; 2],
        /// After each event, the lengths of both logs, and of both lists of syncs.
        moments: Vec<([usize; 2], [usize; 2])>,
    }

    impl History {
        fn copy(&mut self, from: usize, upto: usize, random: &mut fastrand::Rng) {
            while self.copied[from] < upto {
                let record = self.logs[from][self.copied[from]];
                if record.1 == from {
                    self.logs[1 - from].push(record);
                    if self.syncs[from].is_empty() || random.u8(..5) == 0 {
                        let (up, down) = (self.copied[from], self.logs[1 - from].len() - 1);
                        self.syncs[from].push(sync(i64::try_from(up).unwrap(), i64::try_from(down).unwrap()));
                    }
                }
                self.copied[from] += 1;
                self.moments.push((self.logs.each_ref().map(Vec::len), self.syncs.each_ref().map(Vec::len)));
            }
        }

        fn new(random: &mut fastrand::Rng) -> Self {
            let mut all = Self { logs: [vec![], vec![]], copied: [0, 0], syncs: [vec![], vec![]], moments: vec![] };
            // How often a mirror copies: a slow one gives other orders than a fast one.
            let pace = [random.u8(2..30), random.u8(2..30)];
            for number in 0..400 {
                // First only on the one side, then on both, then on the other, then on the first again.
                let side = match number {
                    0..100 | 300.. => 0,
                    100..200 => random.usize(..2),
                    _ => 1,
                };
                all.logs[side].push((number, side));
                all.moments.push((all.logs.each_ref().map(Vec::len), all.syncs.each_ref().map(Vec::len)));
                for (from, pace) in pace.into_iter().enumerate() {
                    if random.u8(..pace) == 0 {
                        all.copy(from, random.usize(all.copied[from]..=all.logs[from].len()), random);
                    }
                }
            }
            (0..2).for_each(|from| all.copy(from, all.logs[from].len(), random));
            (0..2).for_each(|from| all.copy(from, all.logs[from].len(), random));
            all
        }
    }

    /// Everything in random order, with each argument read at a different moment: no record that was unread on the one side is before the
    /// position on the other, and once all is copied, no more read records are behind it than stated.
    #[test]
    fn nothing_unread_is_ever_skipped_and_no_more_read_again_than_said_with_copies_both_ways() {
        let (mut led, mut detail, mut twice) = (0, 0, 0);
        for seed in 0..400 {
            let mut random = fastrand::Rng::with_seed(seed);
            let all = History::new(&mut random);
            let places = all.logs.each_ref().map(|log| {
                let mut place = [usize::MAX; 400];
                log.iter().enumerate().for_each(|(at, (number, _))| place[*number as usize] = at);
                place
            });
            for _ in 0..400 {
                let from = random.usize(..2);
                let about = random.usize(..all.moments.len());
                let mut moment = || all.moments[random.usize(about.saturating_sub(60)..=about)];
                let (commit, end) = (moment().0[from], moment().0[1 - from]);
                let (along, against) =
                    (&all.syncs[from][..moment().1[from]], &all.syncs[1 - from][..moment().1[1 - from]]);
                let commit = random.usize(commit.saturating_sub(80)..=commit);
                let led_to = lead(along, Some(against), i64::try_from(commit).unwrap(), i64::try_from(end).unwrap());
                let Some(stand) = led_to else { continue };
                let read = |r: &&(u32, usize)| places[from][r.0 as usize] < commit;
                let (before, after) = all.logs[1 - from].split_at(usize::try_from(stand.offset).unwrap());
                let lost = before.iter().find(|r| !read(r));
                let what = || {
                    format!(
                        "seed {seed}, from {from} at {commit}, end {end}: {stand:?} along {along:?} against {against:?}"
                    )
                };
                assert!(lost.is_none(), "{} skips {lost:?}", what());
                let again = i64::try_from(after.iter().filter(read).count()).unwrap();
                assert!(again <= stand.again, "{} but {again} are read again", what());
                (led, detail, twice) = (led + 1, detail + stand.again, twice + again);
            }
        }
        println!("{led} led over, {twice} read again, {detail} stated at most");
        // A bound that is far too large would always hold, too.
        assert!(led > 100_000 && detail < 2 * twice, "{led} led over, {twice} read again, {detail} stated at most");
    }
}
