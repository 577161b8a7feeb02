//! The sliding window of one server's answers: bounded, and without answers that are not independent samples.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::facts::Batch;
use base::side::{Side, Sides};

/// The length of the window. At the default 20 queries a second this is 6 000 samples a server: 1 % to ± 0.25 points. A change of the
/// records empties the window at once, so its length delays nothing.
const SPAN: Duration = Duration::from_secs(300);

/// The most distinct answers; more than a name behind load balancers ever shows. All others count as one, of neither side.
const KINDS: usize = 256;

/// Two answers from a cache that expire within this of one another are one entry of that cache: a TTL has 1 s resolution on both ends.
const SAME_ENTRY: Duration = Duration::from_secs(2);

/// The recent answers of one server.
#[derive(Debug, Default)]
pub(super) struct Window {
    slices: VecDeque<Slice>,
    kinds: Vec<Arc<[String]>>,
    samples: Vec<u64>,
    asked: u64,
    answered: u64,
    /// Observed entries of the server's cache that have not expired: (answer, expiry). A resolver with several caches behind one address
    /// has several at once.
    open: Vec<(u16, Duration)>,
    /// The last epoch in the server's answers.
    epoch: Option<u64>,
}

#[derive(Debug)]
struct Slice {
    at: Duration,
    asked: u32,
    answered: u32,
    samples: Vec<(u16, u32)>,
}

/// Independent samples by side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub side: Sides<u64>,
    pub neither: u64,
}

impl Tally {
    pub(super) const fn n(&self) -> u64 {
        self.side.source + self.side.target + self.neither
    }

    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            side: Sides { source: self.side.source + other.side.source, target: self.side.target + other.side.target },
            neither: self.neither + other.neither,
        }
    }
}

impl Window {
    /// Takes a batch that was received at `boot`.
    ///
    /// A server takes over a change with its own delay, long after the API reports it. Its answers before its epoch advanced belong to the
    /// old records, and the batch in which the epoch advanced may contain both.
    pub(super) fn push(&mut self, boot: Duration, batch: &Batch) {
        if let Some(epoch) = batch.epoch
            && self.epoch.replace(epoch).is_some_and(|old| old != epoch)
        {
            self.cut();
            return;
        }
        self.open.retain(|&(_, expires)| expires > boot);
        let mut samples = Vec::with_capacity(batch.answers.len());
        for answer in &batch.answers {
            let kind = self.kind(&answer.values);
            let n = if answer.authority {
                answer.n
            } else {
                // From a cache: an entry is one sample, however often it is queried.
                let expires = boot + Duration::from_secs(answer.ttl.into());
                let known = self.open.iter().any(|&(k, e)| k == kind && e.abs_diff(expires) <= SAME_ENTRY);
                if known {
                    continue;
                }
                self.open.push((kind, expires));
                1
            };
            self.samples[usize::from(kind)] += u64::from(n);
            samples.push((kind, n));
        }
        let slice = Slice { at: boot, asked: batch.asked, answered: batch.answered(), samples };
        self.asked += u64::from(slice.asked);
        self.answered += u64::from(slice.answered);
        self.slices.push_back(slice);
        while self.slices.front().is_some_and(|s| boot.saturating_sub(s.at) > SPAN) {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let Some(old) = self.slices.pop_front() else { return };
        self.asked -= u64::from(old.asked);
        self.answered -= u64::from(old.answered);
        for (kind, n) in old.samples {
            self.samples[usize::from(kind)] -= u64::from(n);
        }
    }

    fn kind(&mut self, values: &Arc<[String]>) -> u16 {
        let at = self.kinds.iter().position(|k| k == values).unwrap_or_else(|| {
            if self.kinds.len() < KINDS {
                let full = self.kinds.len() == KINDS - 1;
                self.kinds.push(if full { Arc::new(["other".to_owned()]) } else { values.clone() });
                self.samples.push(0);
            }
            self.kinds.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// Discards all samples: they belong to old records. The known entries of the server's cache are kept, so that an old entry does not
    /// count as a new sample.
    pub(super) fn cut(&mut self) {
        while !self.slices.is_empty() {
            self.pop();
        }
    }

    /// Samples by side.
    pub(super) fn tally(&self, side: impl Fn(&[String]) -> Option<Side>) -> Tally {
        let mut out = Tally::default();
        for (kind, &n) in self.kinds.iter().zip(&self.samples).filter(|(_, n)| **n > 0) {
            match side(kind) {
                Some(side) => *out.side.get_mut(side) += n,
                None => out.neither += n,
            }
        }
        out
    }

    /// Answers with their samples, most frequent first.
    pub(super) fn answers(&self) -> Vec<(&[String], u64)> {
        let mut out: Vec<_> =
            self.kinds.iter().zip(&self.samples).filter(|(_, n)| **n > 0).map(|(k, n)| (&**k, *n)).collect();
        out.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        out
    }

    /// Queries and usable answers within the window.
    pub(super) const fn asked(&self) -> (u64, u64) {
        (self.asked, self.answered)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{KINDS, SPAN, Tally, Window};
    use crate::route53::facts::{Answer, Batch};
    use base::side::{Side, Sides};

    fn answer(value: &str, ttl: u32, authority: bool, n: u32) -> Answer {
        Answer { values: vec![value.to_owned()].into(), ttl, authority, n }
    }

    fn batch(answers: Vec<Answer>) -> Batch {
        Batch { asked: answers.iter().map(|a| a.n).sum(), answers, ..Batch::default() }
    }

    fn tally(w: &Window) -> Tally {
        w.tally(|v| match v[0].as_str() {
            "s" => Some(Side::Source),
            "t" => Some(Side::Target),
            _ => None,
        })
    }

    fn at(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn each_authoritative_answer_is_a_sample_until_it_is_too_old() {
        let mut w = Window::default();
        w.push(at(10), &batch(vec![answer("s", 60, true, 18), answer("t", 60, true, 2)]));
        w.push(at(20), &batch(vec![answer("x", 60, true, 5)]));
        assert_eq!(tally(&w), Tally { side: Sides { source: 18, target: 2 }, neither: 5 });
        w.push(at(11) + SPAN, &batch(vec![answer("t", 60, true, 1)]));
        assert_eq!(tally(&w), Tally { side: Sides { source: 0, target: 1 }, neither: 5 });
        assert_eq!(w.asked(), (6, 6));
    }

    #[test]
    fn a_cache_gives_one_sample_a_time_to_live() {
        let mut w = Window::default();
        for s in 0..120_u64 {
            // An entry filled at 0 and again at 60, queried 20 times a second.
            let (value, left) = if s < 60 { ("s", 60 - s) } else { ("t", 120 - s) };
            w.push(at(1000 + s), &batch(vec![answer(value, u32::try_from(left).expect("small"), false, 20)]));
        }
        assert_eq!(tally(&w), Tally { side: Sides { source: 1, target: 1 }, neither: 0 });
        assert_eq!(w.asked(), (2400, 2400), "loss is counted by questions all the same");
    }

    #[test]
    fn caches_behind_one_address_are_samples_each() {
        let mut w = Window::default();
        for s in 0..20 {
            w.push(at(s), &batch(vec![answer("s", 60 - s as u32, false, 10), answer("s", 40 - s as u32, false, 10)]));
        }
        assert_eq!(tally(&w).side.source, 2);
    }

    #[test]
    fn a_change_empties_it_but_an_old_cache_entry_is_no_new_sample() {
        let mut w = Window::default();
        w.push(at(0), &batch(vec![answer("s", 60, false, 1), answer("s", 60, true, 9)]));
        w.cut();
        w.push(at(5), &batch(vec![answer("s", 55, false, 1), answer("t", 60, true, 1)]));
        assert_eq!(tally(&w), Tally { side: Sides { source: 0, target: 1 }, neither: 0 });
    }

    #[test]
    fn what_a_server_answered_before_it_took_a_change_over_is_no_sample_of_it() {
        let mut w = Window::default();
        let text = |epoch, value| Batch { epoch, ..batch(vec![answer(value, 60, true, 10)]) };
        w.push(at(0), &text(Some(4), "s"));
        // The API reports the change; the server continues as before, and once does not answer with its epoch.
        w.cut();
        w.push(at(1), &text(Some(4), "s"));
        w.push(at(2), &text(None, "s"));
        assert_eq!(tally(&w).side.source, 20);
        w.push(at(3), &text(Some(5), "s"));
        assert_eq!((tally(&w).n(), w.asked()), (0, (0, 0)), "the batch may be of both");
        w.push(at(4), &text(Some(5), "t"));
        w.push(at(5), &text(None, "t"));
        assert_eq!(tally(&w).side, Sides { source: 0, target: 20 });
        // The rollback is a change too.
        w.push(at(6), &text(Some(6), "t"));
        assert_eq!(tally(&w).n(), 0);
    }

    #[test]
    fn answers_without_end_are_bounded() {
        let mut w = Window::default();
        for i in 0..1000 {
            w.push(at(1), &batch(vec![answer(&format!("v{i}"), 60, true, 1)]));
        }
        assert_eq!(w.answers().len(), KINDS);
        assert_eq!(w.answers()[0].0, ["other"]);
        assert_eq!(tally(&w).neither, 1000);
    }
}
