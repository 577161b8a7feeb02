//! A repeated observation gives the same result as a full computation.

use std::{collections::HashMap, ops::Range};

use fastrand::Rng;

use super::*;
use crate::kafka::facts::{GroupState, Topic};
use base::observed::Freshness;

fn stamp(millis: u64) -> Stamp {
    let at = Now { boot: Duration::from_millis(millis), wall: jiff::Timestamp::UNIX_EPOCH };
    Stamp { at, fresh: Freshness::of_interval(Duration::from_secs(5)) }
}

/// Logs and groups that change at random.
#[derive(Clone)]
struct World {
    /// By topic: whether it exists, and its ends.
    topics: Vec<(bool, Vec<i64>)>,
    /// Of all topics: the distances from the ends to the starts of the logs, to the last stable offsets and to the first offset without a
    /// record; negative: at the end.
    bounds: [i64; 3],
    /// By group: whether it exists, and its commits by topic and partition.
    groups: Vec<(bool, Vec<Vec<Option<i64>>>)>,
    /// The topic and partition whose end cannot be read, for this many observations.
    blind: (usize, usize, u8),
    /// The group whose commits cannot be read at present.
    silent: Option<usize>,
}

impl World {
    fn new(random: &mut Rng) -> Self {
        let topics: Vec<_> = (0..3).map(|_| (true, vec![100; random.usize(1..4)])).collect();
        let groups = (0..4).map(|_| (true, topics.iter().map(|(_, ends)| vec![None; ends.len()]).collect())).collect();
        Self { topics, groups, blind: (0, 0, 0), silent: None, bounds: [90, 0, 0] }
    }

    fn step(&mut self, random: &mut Rng) {
        self.blind.2 = self.blind.2.saturating_sub(1);
        if random.u8(..) < 10 {
            self.blind = (random.usize(..self.topics.len()), random.usize(..3), random.u8(1..6));
        }
        if random.u8(..) < 30 {
            self.bounds = [random.i64(-5..90), random.i64(-20..5), random.i64(-20..5)];
        }
        self.silent = (random.u8(..) < 10).then(|| random.usize(..self.groups.len()));
        if random.u8(..) < 140 {
            return;
        }
        if random.u8(..) < 5 {
            // One partition more, without any commit yet.
            let grown = random.usize(..self.topics.len());
            self.topics[grown].1.push(100);
            self.groups.iter_mut().for_each(|(_, commits)| commits[grown].push(None));
        }
        for (there, ends) in &mut self.topics {
            *there ^= random.u8(..) < 8;
            for end in ends {
                *end += if random.u8(..) < 60 { random.i64(-2..60) } else { 0 };
            }
        }
        for (there, commits) in &mut self.groups {
            *there ^= random.u8(..) < 8;
            for (commits, (_, ends)) in commits.iter_mut().zip(&self.topics) {
                for (commit, end) in commits.iter_mut().zip(ends) {
                    if random.u8(..) < 60 {
                        let beyond = i64::from(random.u8(..) < 5);
                        *commit = Some((commit.unwrap_or(70) + random.i64(0..50)).min(end + beyond));
                    }
                }
            }
        }
    }

    /// The cluster's observation.
    fn answer(&self) -> Snapshot {
        let n = |n: usize| u32::try_from(n).expect("few");
        let mut out = Snapshot::default();
        let mut slots: Vec<Option<Range<u32>>> = Vec::new();
        for (t, (there, ends)) in self.topics.iter().enumerate() {
            let own = n(out.ends.len())..n(out.ends.len() + ends.len());
            slots.push(there.then(|| own.clone()));
            if *there {
                out.topics.push(Topic { name: format!("topic-{t}").into(), slots: own.clone(), fault: None });
                let blind = |p: usize| self.blind.2 > 0 && (self.blind.0, self.blind.1) == (t, p);
                let end = |(p, end): (usize, &i64)| if blind(p) { Offset::UNKNOWN } else { Offset::end(*end) };
                out.ends.extend(ends.iter().enumerate().map(end));
                let [start, stable, hollow] = self.bounds.map(|by| by.max(0));
                out.starts.extend(ends.iter().map(|end| Offset::end(end - start)));
                out.stable.extend(ends.iter().map(|end| Offset::end(end - stable)));
                out.hollow.extend(own.zip(ends).filter(|_| hollow > 0).map(|(slot, end)| (slot, end - hollow)));
            }
        }
        for (g, (_, commits)) in self.groups.iter().enumerate().filter(|(_, (there, _))| *there) {
            let started = n(out.commits.len());
            let silent = self.silent == Some(g);
            for (slots, commits) in slots.iter().zip(commits).filter(|_| !silent) {
                let Some(slots) = slots else { continue };
                let one = |(slot, commit): (u32, &Option<i64>)| Commit {
                    slot,
                    owner: Commit::NOBODY,
                    offset: commit.map_or(Offset::NEVER, Offset::end),
                };
                out.commits.extend(slots.clone().zip(commits).map(one));
            }
            out.groups.push(Group {
                name: format!("group-{g}").into(),
                state: GroupState::Stable,
                members: None,
                commits: started..n(out.commits.len()),
                orphans: Vec::new(),
                fault: silent.then(|| Fault::new(FaultKind::Unreachable, "no answer")),
            });
        }
        out
    }
}

/// A topic and a partition of it.
type Place = (Arc<str>, u32);
/// A group, and its commits.
type Committed = (Arc<str>, Vec<(Place, Offset)>);
/// A topic, and its number of partitions.
type Counted = (Arc<str>, u32);

fn named(facts: &Snapshot) -> Vec<Committed> {
    let of = |group: &Group| {
        let one =
            |c: &Commit| facts.partition(c.slot).map(|(topic, partition)| ((topic.name.clone(), partition), c.offset));
        (group.name.clone(), facts.commits_of(group).iter().filter_map(one).collect())
    };
    facts.groups.iter().map(of).collect()
}

#[test]
fn an_answer_that_says_the_same_again_comes_to_what_it_would_if_it_were_gone_through() {
    let (mut quiet, mut waiting) = (0, 0);
    for seed in 0..40 {
        let mut random = Rng::with_seed(seed);
        let (mut names, mut cluster, mut now) = (World::new(&mut random), Cluster::default(), 1_000_000);
        let mut before: Option<(Vec<Counted>, Vec<Committed>, u64)> = None;
        let mut slopes: HashMap<Arc<str>, HashMap<Place, Slope>> = HashMap::new();
        for _ in 0..300 {
            names.step(&mut random);
            now += random.u64(4000..7000);
            let (facts, stamp) = (names.answer(), stamp(now));
            let topics: Vec<Counted> = facts.topics.iter().map(|t| (t.name.clone(), t.partitions())).collect();
            let commits = named(&facts);
            cluster.apply(facts, stamp);
            let Some((latest, _)) = cluster.latest.last() else { panic!("it was just read") };
            let tables = cluster.memory.tables(&latest.facts);
            for (group, lines_of) in latest.facts.groups.iter().zip(&latest.figures) {
                let made = Figures::of(&latest.facts, group, &tables, stamp.at.boot);
                assert_eq!(Figures { time: made.time, ..*lines_of }, made, "seed {seed}");
                assert_eq!(
                    std::mem::discriminant(&lines_of.time),
                    std::mem::discriminant(&made.time),
                    "{lines_of:?} {made:?}"
                );
                let off = lines_of.time.least().abs_diff(made.time.least());
                // Rows of ends have a resolution of tenths of a second.
                assert!(off < Duration::from_millis(100), "seed {seed}: {lines_of:?} for {made:?}");
                waiting += u32::from(lines_of.lag > 0 && off > Duration::ZERO);
            }
            // Results computed from the commits may be kept only while those are the same.
            let same = before.as_ref().is_some_and(|(of, known, _)| (of, known) == (&topics, &commits));
            assert!(before.is_none_or(|(.., number)| (number == latest.commits_version) == same), "seed {seed}");
            quiet += u32::from(same);
            // Every pair's slope is of its own lags, since it exists.
            for (group, commits) in &commits {
                let known = slopes.remove(group).unwrap_or_default();
                let mut own = HashMap::new();
                for (pair, offset) in commits.iter().filter(|(_, offset)| *offset != Offset::NEVER) {
                    let mut slope: Slope = known.get(pair).copied().unwrap_or_default();
                    let slot = latest.facts.topic(&pair.0).expect("it is there").slots.start + pair.1;
                    if let Some(lag) = latest.facts.lag(slot, *offset) {
                        #[expect(clippy::cast_precision_loss, reason = "a slope")]
                        slope.push(stamp.at.boot, lag as f64);
                    }
                    let key = tables.of(slot).and_then(|t| t.key(slot)).expect("it is known");
                    let lines_of = cluster.memory.groups[group].slopes().find(|(pair, _)| *pair == key);
                    assert_eq!(lines_of.map(|(_, slope)| *slope), Some(slope), "seed {seed}: {group} {pair:?}");
                    own.insert(pair.clone(), slope);
                }
                slopes.insert(group.clone(), own);
            }
            before = Some((topics, commits, latest.commits_version));
        }
    }
    assert!(quiet > 1000 && waiting > 1000, "{quiet} {waiting}: else nothing is tried here");
}
