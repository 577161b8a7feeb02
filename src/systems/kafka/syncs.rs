//! A mirror's word for where records have gone: MirrorMaker 2's offset syncs, how they are written, kept, and used to lead a group over.
//!
//! Nothing else leads from the offsets of one cluster to those of another.

use std::{collections::BTreeMap, sync::Arc};

/// One offset sync: this record of the original's partition has this offset in the copy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sync {
    /// The record's offset on the cluster it was copied from.
    pub upstream: i64,
    /// Its offset on the cluster it was copied to.
    pub downstream: i64,
}

/// The offset syncs of one direction, by the original's topic and partition.
#[derive(Debug, Clone, Default)]
pub struct Syncs {
    /// Topics they were read from; none: the mirror writes none, or nowhere that could be read.
    pub topics: Vec<Arc<str>>,
    /// How far those were read, all together: it grows with each sync that the mirror writes.
    pub read: i64,
    by_topic: BTreeMap<Arc<str>, BTreeMap<u32, Arc<Vec<Sync>>>>,
}

/// Syncs kept of one partition. Beyond it the older half is thinned out: what is far back needs to be found, not to be exact.
const KEPT: usize = 64;

impl Syncs {
    /// None yet, of these topics.
    #[must_use]
    pub fn of_topics(topics: Vec<Arc<str>>) -> Self {
        Self { topics, ..Self::default() }
    }

    /// Takes one, in the order of writing.
    pub fn take(&mut self, topic: &str, partition: u32, sync: Sync) {
        let by_partition = match self.by_topic.get_mut(topic) {
            Some(known) => known,
            None => self.by_topic.entry(topic.into()).or_default(),
        };
        let kept = Arc::make_mut(by_partition.entry(partition).or_default());
        // One of the two logs was made anew: what was said of it before means nothing.
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

    /// Of a partition, oldest first.
    #[must_use]
    pub fn of(&self, topic: &str, partition: u32) -> &[Sync] {
        self.by_topic.get(topic).and_then(|t| t.get(&partition)).map_or(&[], |kept| kept)
    }

    /// The newest of a partition.
    #[must_use]
    pub fn last(&self, topic: &str, partition: u32) -> Option<Sync> {
        self.of(topic, partition).last().copied()
    }
}

/// Where a group may stand on the other cluster, and what that costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stand {
    /// The next record it reads.
    pub(super) offset: i64,
    /// Records that it reads again, at the most; none: that many as there are from there to the end, and [`Self::coming`].
    pub(super) again: Option<i64>,
    /// Records that it has read here behind the place that leads over: they may not have been copied yet, and come later.
    pub(super) coming: i64,
}

/// Leads a commit over, by the syncs of the mirror that goes the same way (`along`) and, if there is one, of the mirror that copies these
/// very topics the other way (`against`). None: nothing is known that leads there.
///
/// A commit beyond a sync is taken to stand just behind it, as MirrorMaker 2's own checkpoints are
/// (`OffsetSyncStore.translateDownstream`): what lies between is read again, and nothing is skipped, since a mirror copies a partition in
/// its order.
///
/// With copies in both directions under one name that is not enough: before the place that a sync names there may be records written over
/// there that have not come here yet, and the group has not read those. A sync of the other mirror, read backwards, has no such hole: it
/// was written after all that stands before it. One of this mirror counts only if, since the last such point, both logs have grown by the
/// same number of records: then each record of the one is a record of the other. Before there is such a point: if the log over there has
/// not grown by more than this one since the oldest sync.
pub(super) fn lead(along: &[Sync], against: Option<&[Sync]>, commit: i64) -> Option<Stand> {
    let stand = |here: i64, there: i64| there + i64::from(commit > here);
    let base = against.unwrap_or_default().iter().rev().find(|s| s.downstream <= commit);
    let safe = |s: &&Sync| match (base, against, along.first()) {
        (Some(base), ..) => {
            let (here, there) = (s.upstream - base.downstream, s.downstream - base.upstream);
            here == there && here >= 0
        }
        (None, Some(_), Some(first)) => s.downstream - first.downstream <= s.upstream - first.upstream,
        (None, ..) => true,
    };
    let own = along.iter().rev().filter(|s| s.upstream <= commit).find(safe);
    let own = own.map(|s| (s.upstream, Stand {
        offset: stand(s.upstream, s.downstream),
        again: Some((commit - s.upstream - 1).max(0)),
        coming: 0,
    }));
    let backwards = base.map(|s| (s.downstream, Stand {
        offset: stand(s.downstream, s.upstream),
        again: None,
        coming: (commit - s.downstream).max(0),
    }));
    own.into_iter().chain(backwards).max_by_key(|(here, stand)| (*here, stand.again.is_some())).map(|(_, stand)| stand)
}

/// A record of MirrorMaker 2's topic of offset syncs; none if it is of another form.
///
/// Key: topic (string: i16 length, bytes), partition (i32). Value: upstream offset (i64), downstream offset (i64). Big endian.
/// (Apache Kafka, `connect/mirror/OffsetSync.java`, `KEY_SCHEMA` and `VALUE_SCHEMA`.)
#[cfg_attr(not(any(test, feature = "kafka")), expect(dead_code, reason = "only the live side reads records"))]
pub(super) fn parse<'k>(key: &'k [u8], value: &[u8]) -> Option<(&'k str, u32, Sync)> {
    let (len, rest) = key.split_first_chunk::<2>()?;
    let (topic, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    let partition = u32::try_from(i32::from_be_bytes(rest.try_into().ok()?)).ok()?;
    let (upstream, downstream) = value.split_first_chunk::<8>()?;
    let sync = Sync { upstream: i64::from_be_bytes(*upstream), downstream: i64::from_be_bytes(downstream.try_into().ok()?) };
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
        let to = |commit| lead(&along, None, commit).map(|s| (s.offset, s.again));
        assert_eq!(to(9), None);
        assert_eq!(to(10), Some((2, Some(0))));
        assert_eq!(to(19), Some((3, Some(8))));
        assert_eq!(to(20), Some((12, Some(0))));
        assert_eq!(to(21), Some((13, Some(0))));
        // Without a mirror of its own that way, the other one's word is read backwards.
        assert_eq!(lead(&[], Some(&along), 12).map(|s| s.offset), Some(20));
        assert_eq!(lead(&[], Some(&along), 30).map(|s| s.offset), Some(21));
    }

    /// Two logs of one name, a mirror each way that copies no copies, everything in random order: whatever is asked, nothing that was not
    /// read on the one side lies before the place on the other.
    #[test]
    fn nothing_unread_is_ever_skipped_with_copies_both_ways() {
        let (mut led, mut exact) = (0, 0);
        for seed in 0..60 {
            let mut random = fastrand::Rng::with_seed(seed);
            // A record: its number, and the side on which it was written.
            let mut logs: [Vec<(u32, usize)>; 2] = [vec![], vec![]];
            let (mut at, mut syncs) = ([0, 0], [vec![], vec![]]);
            for number in 0..400 {
                // First only on the one side, then on both, then on the other.
                let side = if number < 150 { 0 } else if number < 200 { random.usize(..2) } else { 1 };
                logs[side].push((number, side));
                for from in 0..2 {
                    let end = logs[from].len();
                    let upto = if random.u8(..4) == 0 { end } else { at[from] };
                    while at[from] < upto {
                        let record = logs[from][at[from]];
                        if record.1 == from {
                            logs[1 - from].push(record);
                            if syncs[from].is_empty() || random.u8(..5) == 0 {
                                let (up, down) = (at[from], logs[1 - from].len() - 1);
                                syncs[from].push(sync(i64::try_from(up).unwrap(), i64::try_from(down).unwrap()));
                            }
                        }
                        at[from] += 1;
                    }
                }
            }
            for from in 0..2 {
                let mut place = vec![usize::MAX; 400];
                logs[from].iter().enumerate().for_each(|(at, (number, _))| place[*number as usize] = at);
                for commit in 0..=logs[from].len() {
                    let there = lead(&syncs[from], Some(&syncs[1 - from]), i64::try_from(commit).unwrap());
                    let Some(stand) = there else { continue };
                    led += 1;
                    let read = |r: &&(u32, usize)| place[r.0 as usize] < commit;
                    let (before, after) = logs[1 - from].split_at(usize::try_from(stand.offset).unwrap());
                    let lost = before.iter().find(|r| !read(r));
                    assert!(lost.is_none(), "seed {seed}, from {from} at {commit}: {stand:?} skips {lost:?}");
                    if let Some(again) = stand.again {
                        exact += 1;
                        let twice = after.iter().filter(read).count();
                        assert!(i64::try_from(twice).unwrap() <= again, "seed {seed}, from {from} at {commit}: {stand:?} but {twice}");
                    }
                }
            }
        }
        assert!(led > 30_000 && exact > led / 6, "{led} led over, {exact} of them by the same mirror");
    }
}
