//! A simulated topic: its producers, on either side, and its copy, which the mirror to the target makes.

use super::{
    super::{
        parity,
        syncs::{Sync, Syncs},
    },
    COPY_BEHIND, SYNC_EVERY, SYNCS, Step, whole,
};
use base::side::{Side, Sides};
use plan::KafkaPair;

pub(super) struct SimTopic {
    pub(super) names: Sides<String>,
    pub(super) mirrored: bool,
    /// Events a second at the peak, over all partitions.
    pub(super) rate: f64,
    /// The hottest partition first: each gets a little less than the one before it.
    pub(super) shares: Vec<f64>,
    pub(super) ends: Sides<Vec<f64>>,
    /// Earlier records have been deleted by retention.
    pub(super) starts: Sides<Vec<f64>>,
    /// The open transaction: its side, and the ends of its partitions at its beginning.
    pub(super) open: Option<(Side, Vec<f64>)>,
    /// Records that were added to each partition since the step before.
    pub(super) grown: Sides<Vec<f64>>,
    /// The side to which its producers write.
    pub(super) written: Side,
    /// How much larger the next copied record's offset is on the source than its copy's on the target. An integer: each record that
    /// producers write to the target makes it one less.
    shifts: Vec<f64>,
    /// The last copied record of each partition.
    copied: Vec<Sync>,
    /// The fraction of the next record of each partition that producers have written on the target: they write whole records.
    started: Vec<f64>,
}

impl SimTopic {
    pub(super) fn new(plan: &KafkaPair, name: &str, rate: f64, random: &mut fastrand::Rng) -> Self {
        let names = parity::names(plan, Side::Source, name);
        let mirrored = parity::copied(plan, &names) != parity::Copied::No;
        let partitions = 6 * random.usize(1..=4);
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let weights: Vec<f64> = (0..partitions).map(|i| 1.0 / (1.0 + i as f64 * 0.05)).collect();
        let sum: f64 = weights.iter().sum();
        let shares: Vec<f64> = weights.iter().map(|w| w / sum).collect();
        // A week of records on the source, a day on the target, which was set up later.
        let ends: Sides<Vec<f64>> = Sides::from_fn(|side| {
            let age = if side == Side::Source { 604_800.0 } else { 86_400.0 - COPY_BEHIND };
            shares.iter().map(|s| (rate * s * age * (0.9 + 0.2 * random.f64())).floor()).collect()
        });
        let shift = |(i, share): (usize, &f64)| (ends.source[i] - rate * share * COPY_BEHIND - ends.target[i]).ceil();
        let shifts: Vec<f64> = shares.iter().enumerate().map(shift).collect();
        let copied = ends.target.iter().zip(&shifts).map(|(end, shift)| sync(end + shift, *shift)).collect();
        let none = || vec![0.0; partitions];
        let (grown, starts) = (Sides::from_fn(|_| none()), Sides::from_fn(|_| none()));
        Self {
            names,
            mirrored,
            rate,
            shares,
            ends,
            starts,
            open: None,
            grown,
            written: Side::Source,
            shifts,
            copied,
            started: none(),
        }
    }

    /// Whether records are added to it on a side, by producers or by the mirror.
    pub(super) fn grows(&self, side: Side) -> bool {
        self.written == side || (side == Side::Target && self.mirrored)
    }

    pub(super) fn advance(&mut self, step: &Step) {
        let rate = self.rate * step.wave;
        for (i, share) in self.shares.iter().enumerate() {
            let made = rate * share * step.seconds;
            let (source, target) = (&mut self.ends.source[i], &mut self.ends.target[i]);
            let mut grown = Sides { source: 0.0, target: 0.0 };
            match self.written {
                Side::Source => grown.source = made,
                Side::Target => {
                    let all = self.started[i] + made;
                    self.started[i] = all.fract();
                    grown.target = all.floor();
                    self.shifts[i] -= grown.target;
                }
            }
            *source += grown.source;
            *target += grown.target;
            if self.mirrored {
                // Copies keep their distance from the originals while more are produced; then the rest is copied.
                let copied = (*source - (*target + self.shifts[i])).clamp(0.0, made);
                *target += copied;
                grown.target += copied;
                let last = sync((*target + self.shifts[i]).min(source.floor() - 1.0), self.shifts[i]);
                if last.upstream > self.copied[i].upstream {
                    self.copied[i] = last;
                }
            }
            (self.grown.source[i], self.grown.target[i]) = (grown.source, grown.target);
        }
    }

    /// The last stable offsets of its partitions on a side.
    pub(super) fn stable(&self, side: Side) -> &[f64] {
        match &self.open {
            Some((on, started)) if *on == side => started,
            _ => self.ends.get(side),
        }
    }

    /// Retention deletes all but this many records of each partition.
    pub(super) fn keep(&mut self, side: Side, records: f64) {
        for (start, end) in self.starts.get_mut(side).iter_mut().zip(self.ends.get(side)) {
            *start = start.max(end.floor() - records);
        }
    }

    /// A transaction begins on the producers' side, or ends.
    pub(super) fn transact(&mut self, open: bool) {
        self.open = open.then(|| (self.written, self.ends.get(self.written).clone()));
    }

    /// The mirror's offset syncs before the start of the simulation.
    pub(super) fn history(&self, syncs: &mut Syncs) {
        for ago in (0..SYNCS).rev() {
            let ago = f64::from(ago) * SYNC_EVERY;
            for (i, share) in self.shares.iter().enumerate() {
                let upstream = self.ends.source[i] - self.rate * share * COPY_BEHIND - self.rate * share * ago;
                self.say(i, sync(upstream, self.shifts[i]), syncs);
            }
        }
    }

    /// The mirror writes its offset syncs.
    pub(super) fn sync(&self, syncs: &mut Syncs) {
        self.copied.iter().enumerate().for_each(|(i, last)| self.say(i, *last, syncs));
    }

    /// It writes none for a partition without new records.
    fn say(&self, i: usize, sync: Sync, syncs: &mut Syncs) {
        let (Ok(partition), true) = (u32::try_from(i), self.mirrored && sync.upstream >= 0) else { return };
        let news = |last: Sync| sync.upstream > last.upstream && sync.downstream > last.downstream;
        if syncs.last(&self.names.source, partition).is_none_or(news) {
            syncs.take(&self.names.source, partition, sync);
        }
    }
}

/// A record on the source, and the offset of its copy.
fn sync(upstream: f64, shift: f64) -> Sync {
    Sync { upstream: whole(upstream), downstream: whole(upstream.floor() - shift) }
}
