//! Counts the results of the writes of one loop. Pure: the caller reports when a write begins and ends.

use std::{collections::VecDeque, time::Duration};

use super::CanaryReading;

/// This many ticks, or usual write durations, without an acknowledgement are an outage.
const TICKS: u32 = 4;
/// Nothing done for longer than this (the machine slept, the process was stopped): the time counts as not tried. Longer than the time-out
/// of a write.
const LOOKED_AWAY: Duration = Duration::from_secs(5);
/// The longest gap is taken over this many spans of this length.
const SPAN: Duration = Duration::from_secs(10);
const SPANS: usize = 60;

/// Counts the results of the writes of one loop.
#[derive(Debug)]
pub(in crate::mongo) struct Record {
    every: Duration,
    /// The time of the last call.
    until: Duration,
    /// The acknowledgement of the last acknowledged write; before there is one, the beginning of the first write.
    reached: Option<Duration>,
    /// How much of the time since then was not tried: a missed turn, or an unread reply. It is not attributed to the server.
    away: Duration,
    /// Since when nothing is in progress; none while a write is.
    idle: Option<Duration>,
    /// A write has failed since.
    missed: bool,
    /// A write succeeded since the start or restart: the duration of the first one includes its connection and is not used.
    steady: bool,
    /// The duration of a write outside of outages.
    usual: Duration,
    /// The longest gap of each span, by the span's number.
    longest: VecDeque<(u64, Duration)>,
    reading: CanaryReading,
}

impl Record {
    /// Writes once per `every`, from `at` on.
    pub(in crate::mongo) fn new(every: Duration, at: Duration) -> Self {
        Self {
            every,
            until: at,
            reached: None,
            away: Duration::ZERO,
            idle: None,
            missed: false,
            steady: false,
            usual: Duration::ZERO,
            longest: VecDeque::new(),
            reading: CanaryReading::default(),
        }
    }

    /// A write begins.
    pub(in crate::mongo) fn begins(&mut self, at: Duration) {
        self.look(at);
        let idle = self.idle.take().map(|since| at.saturating_sub(since)).unwrap_or_default();
        // Between two turns the loop waits on purpose. A missed turn is due to this machine, and no failed write.
        if idle > self.every * 2 {
            self.was_away(idle.saturating_sub(self.every));
        }
        self.reached.get_or_insert(at);
    }

    /// While a write was in progress this machine could not have noticed its reply for `span`.
    #[cfg(any(test, feature = "mongo"))]
    pub(in crate::mongo) fn slept(&mut self, span: Duration) {
        if self.reached.is_some() && self.idle.is_none() && span > self.every {
            self.was_away(span);
        }
    }

    fn was_away(&mut self, span: Duration) {
        self.away += span;
        self.reading.unseen += span;
    }

    /// The write that began at `began` was acknowledged. Returns whether that ends an outage.
    pub(in crate::mongo) fn acknowledged(&mut self, began: Duration, at: Duration) -> bool {
        self.look(at);
        let gap = self.gap(at).unwrap_or_else(|| at.saturating_sub(began));
        let took = at.saturating_sub(began).min(gap);
        let over = self.is_outage(gap);
        let first = !self.steady;
        if over {
            self.reading.down += gap;
            self.reading.outages += 1;
            self.reading.last = Some((at, gap));
        } else if self.reading.writes == 0 {
            self.usual = took;
        } else if !first {
            // Adapts slowly: a set that becomes slow is noticed before that counts as usual.
            self.usual = self.usual * 7 / 8 + took / 8;
        }
        // The connection time of the first write is no part of a gap.
        if !first || over {
            self.keep(at, gap);
        }
        (self.reached, self.away, self.idle) = (Some(at), Duration::ZERO, Some(at));
        (self.missed, self.steady) = (false, true);
        self.reading.why = None;
        self.reading.writes += 1;
        self.reading.acknowledged = Some((at, took));
        over
    }

    /// A write failed, or was not acknowledged within its time-out. Returns whether that begins an outage.
    pub(in crate::mongo) fn missed(&mut self, at: Duration, why: &str) -> bool {
        self.look(at);
        self.idle = Some(at);
        self.reading.failed += 1;
        self.reading.why = Some(why.into());
        !std::mem::replace(&mut self.missed, true)
    }

    /// Writes cannot be tried: nothing is measured from here on. Does not occur with a simulated server.
    #[cfg(any(test, feature = "mongo"))]
    pub(in crate::mongo) fn lost_sight(&mut self, at: Duration) {
        self.look(at);
        self.close(at);
    }

    /// The measurement at `at`; none before the first write since the start or restart has ended: that is no gap of zero.
    pub(in crate::mongo) fn sample(&mut self, at: Duration) -> Option<CanaryReading> {
        self.look(at);
        if !self.steady && !self.missed {
            return None;
        }
        let mut reading = self.reading.clone();
        // Time not tried is excluded: the outage begins that much later.
        reading.since =
            self.reached.filter(|_| self.is_outage(self.gap(at).unwrap_or_default())).map(|since| since + self.away);
        reading.outages += u32::from(reading.since.is_some());
        let of_late = self.longest.iter().filter(|(n, _)| number(at).saturating_sub(*n) < SPANS as u64);
        reading.longest = of_late.map(|(_, gap)| *gap).max().unwrap_or_default();
        Some(reading)
    }

    /// Time without a successful write, as far as writes were tried.
    fn gap(&self, at: Duration) -> Option<Duration> {
        Some(at.saturating_sub(self.reached?).saturating_sub(self.away))
    }

    /// A write has failed, or one is in progress for longer than allowed. While nothing is in progress nothing is late.
    fn is_outage(&self, gap: Duration) -> bool {
        self.missed || (self.steady && self.idle.is_none() && gap > self.every.max(self.usual) * TICKS)
    }

    fn look(&mut self, at: Duration) {
        let passed = at.saturating_sub(self.until);
        if self.reached.is_none() {
            // Not begun, or it could not be tried.
            self.reading.unseen += if self.reading.writes + self.reading.failed > 0 { passed } else { Duration::ZERO };
        } else if passed > LOOKED_AWAY.max(self.every) {
            self.close(self.until);
            self.reading.unseen += passed;
        }
        self.until = self.until.max(at);
    }

    /// The current outage is counted up to `at`, as far as it was observed.
    fn close(&mut self, at: Duration) {
        if let Some(gap) = self.gap(at).filter(|gap| self.is_outage(*gap)) {
            self.reading.down += gap;
            self.reading.outages += 1;
            self.reading.last = Some((at, gap));
            self.keep(at, gap);
        }
        (self.reached, self.away, self.idle) = (None, Duration::ZERO, None);
        (self.missed, self.steady) = (false, false);
    }

    fn keep(&mut self, at: Duration, gap: Duration) {
        match self.longest.back_mut() {
            Some((n, longest)) if *n == number(at) => *longest = gap.max(*longest),
            _ => self.longest.push_back((number(at), gap)),
        }
        if self.longest.len() > SPANS {
            self.longest.pop_front();
        }
    }
}

const fn number(at: Duration) -> u64 {
    at.as_secs() / SPAN.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A tick every 50 ms; a write takes two.
    fn writes(record: &mut Record, from: u64, to: u64) {
        for at in (from..to).step_by(50) {
            record.begins(ms(at));
            record.acknowledged(ms(at), ms(at + 2));
        }
    }

    fn of(record: &mut Record, at: Duration) -> CanaryReading {
        record.sample(at).expect("something has come of a write")
    }

    #[test]
    fn a_healthy_set_has_gaps_of_a_tick_and_no_outage() {
        let mut record = Record::new(ms(50), ms(900));
        writes(&mut record, 1000, 3000);
        let reading = of(&mut record, ms(3000));
        assert_eq!((reading.writes, reading.outages, reading.down, reading.since), (40, 0, ms(0), None));
        assert_eq!(reading.longest, ms(50));
    }

    #[test]
    fn an_outage_lasts_from_one_acknowledgement_to_the_next() {
        let mut record = Record::new(ms(50), ms(1000));
        writes(&mut record, 1000, 2000);
        record.begins(ms(2000));
        assert!(record.missed(ms(2003), "not primary"), "it begins");
        record.begins(ms(2050));
        assert!(!record.missed(ms(2052), "not primary"), "it goes on");
        let reading = of(&mut record, ms(2100));
        assert_eq!((reading.since, reading.gap(ms(2100)), reading.outages), (Some(ms(1952)), ms(148), 1));
        assert_eq!(reading.why.as_deref(), Some("not primary"));
        record.begins(ms(2100));
        assert!(record.acknowledged(ms(2100), ms(2480)));
        let reading = of(&mut record, ms(2480));
        assert_eq!((reading.since, reading.down, reading.outages, reading.failed), (None, ms(528), 1, 2));
        assert_eq!((reading.last, reading.longest, reading.why), (Some((ms(2480), ms(528))), ms(528), None));
        // Ten minutes later it is no longer in the longest gap; it stays in the downtime.
        writes(&mut record, 2500, 620_000);
        let reading = of(&mut record, ms(620_000));
        assert_eq!((reading.longest, reading.down), (ms(50), ms(528)));
    }

    #[test]
    fn a_write_that_hangs_is_an_outage_before_it_is_given_up_and_a_slow_link_is_none() {
        let mut record = Record::new(ms(50), ms(1000));
        writes(&mut record, 1000, 2000);
        record.begins(ms(2000));
        assert_eq!(of(&mut record, ms(2152)).since, None, "four ticks are its due");
        assert_eq!(of(&mut record, ms(2153)).since, Some(ms(1952)));
        // w:majority over a long link: each write takes longer than four ticks, always.
        let mut record = Record::new(ms(50), ms(1000));
        for n in 0..20 {
            let at = 1000 + n * 260;
            record.begins(ms(at));
            record.acknowledged(ms(at), ms(at + 260));
        }
        assert_eq!(of(&mut record, ms(6200)).outages, 0);
    }

    #[test]
    fn a_turn_that_was_missed_here_is_no_failed_write() {
        // This machine missed turns for 600 ms, three times: the server is not the cause.
        let mut record = Record::new(ms(50), ms(1000));
        for begin in [1000, 2000, 3000] {
            writes(&mut record, begin, begin + 400);
            assert_eq!(of(&mut record, ms(begin + 800)).since, None, "nothing is under way, so nothing is late");
        }
        let reading = of(&mut record, ms(3900));
        assert_eq!((reading.outages, reading.down, reading.longest), (0, ms(0), ms(52)));
        assert_eq!(reading.unseen, ms(2 * (648 - 50)), "what nobody tried is shown as that");
        // An unread reply: acknowledged within two, read after 500.
        record.begins(ms(3900));
        record.slept(ms(498));
        assert!(!record.acknowledged(ms(3900), ms(4400)));
        assert_eq!(of(&mut record, ms(4400)).outages, 0);
    }

    #[test]
    fn in_an_outage_only_the_time_in_which_it_was_tried_counts() {
        let mut record = Record::new(ms(50), ms(1000));
        writes(&mut record, 1000, 2000);
        record.begins(ms(2000));
        record.missed(ms(2003), "not primary");
        // The next turn comes a second late; the server may have been back after 100 ms.
        record.begins(ms(3003));
        assert!(record.acknowledged(ms(3003), ms(3005)));
        let reading = of(&mut record, ms(3005));
        assert_eq!((reading.outages, reading.down, reading.unseen), (1, ms(3005 - 1952 - 950), ms(950)));
        // A write that hangs is attributed to the server, however long the machine was away before it was sent.
        writes(&mut record, 3050, 4000);
        record.begins(ms(6000));
        assert_eq!(of(&mut record, ms(6100)).since, None);
        let reading = of(&mut record, ms(7000));
        assert_eq!(reading.gap(ms(7000)), ms(1000 + 50));
        assert!(record.acknowledged(ms(6000), ms(7001)));
    }

    #[test]
    fn a_rare_write_is_no_looking_away() {
        let mut record = Record::new(ms(10_000), ms(1000));
        for at in (1000..60_000).step_by(10_000) {
            record.begins(ms(at));
            record.acknowledged(ms(at), ms(at + 2));
        }
        let reading = of(&mut record, ms(60_000));
        assert_eq!((reading.outages, reading.unseen, reading.longest), (0, ms(0), ms(10_000)));
    }

    #[test]
    fn writes_that_never_get_through_count_from_the_first() {
        let mut record = Record::new(ms(50), ms(0));
        record.begins(ms(1000));
        assert_eq!(record.sample(ms(1400)), None, "neither a gap nor none");
        record.missed(ms(1500), "no primary");
        let reading = of(&mut record, ms(3000));
        assert_eq!((reading.since, reading.downtime(ms(3000))), (Some(ms(1000)), ms(2000)));
    }

    #[test]
    fn what_could_not_be_tried_is_neither_up_nor_down() {
        let mut record = Record::new(ms(50), ms(1000));
        writes(&mut record, 1000, 2000);
        // The machine slept for a minute.
        writes(&mut record, 62_000, 63_000);
        let reading = of(&mut record, ms(63_000));
        assert_eq!((reading.down, reading.outages), (ms(0), 0));
        assert!(reading.unseen >= ms(59_000), "{:?}", reading.unseen);
        // In the middle of an outage: it is counted as far as it was observed.
        record.begins(ms(63_000));
        record.missed(ms(63_100), "no primary");
        writes(&mut record, 163_000, 164_000);
        let reading = of(&mut record, ms(164_000));
        assert_eq!((reading.down, reading.outages, reading.since), (ms(148), 1, None));
        // It may no longer write: nothing is measured.
        record.begins(ms(164_000));
        record.lost_sight(ms(164_010));
        assert_eq!(record.sample(ms(168_000)), None);
        // Nor once it is tried again, until a write has ended.
        record.begins(ms(168_000));
        assert_eq!(record.sample(ms(168_400)), None);
        record.acknowledged(ms(168_000), ms(168_500));
        let reading = of(&mut record, ms(168_500));
        assert_eq!((reading.since, reading.outages), (None, 1));
        assert!(reading.unseen >= ms(102_000), "{:?}", reading.unseen);
    }
}
