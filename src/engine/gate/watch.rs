//! One gate over time: its last look, its window, its waiver; from them its colour, its reasons and when it will be green.

use std::time::Duration;

use super::{
    jump,
    look::{self, Evaluation, Limits, Outcome, Readings, Unsure},
    text,
    verdict::{Filled, Reason},
    window::{Break, Window},
};
use base::{
    history::{Ring, Slope},
    now::{Age, Now},
    signal::SignalDef,
    step::Level,
};
use plan::{Compare, Gate};

/// A trend that leads to green later than this leads nowhere.
const FAR: Duration = Duration::from_secs(7 * 24 * 3600);

/// One gate over time.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    pub(super) gate: Gate,
    pub(super) path: Vec<u16>,
    limits: Limits,
    waived: Option<Now>,
    look: Option<Evaluation>,
    window: Option<Window>,
    /// Since when it has been false, or not known, without a break, in boot time.
    since: Duration,
    /// Why the window before this one ended.
    broken: Option<Break>,
    trend: Slope,
    /// The values of the last hour, as far as they were known.
    past: Ring,
    /// The oldest reading of the look that was last put into the trend, in boot time.
    trend_at: Duration,
}

impl Watch {
    pub(super) fn new(gate: &Gate, path: Vec<u16>, cadence: &impl Fn(&SignalDef) -> Duration) -> Self {
        Self {
            gate: gate.clone(),
            path,
            limits: Limits::of(gate, cadence),
            waived: None,
            look: None,
            window: None,
            since: Duration::ZERO,
            broken: None,
            trend: Slope::default(),
            past: Ring::default(),
            trend_at: Duration::ZERO,
        }
    }

    /// What was read before this, in boot time, says nothing.
    pub(super) const fn since(&mut self, boot: Duration) {
        self.limits.since = boot;
    }

    /// Sources are asked at another pace from now on.
    pub(super) fn pace(&mut self, cadence: &impl Fn(&SignalDef) -> Duration) {
        self.limits = Limits { since: self.limits.since, ..Limits::of(&self.gate, cadence) };
    }

    pub(super) const fn waive(&mut self, until: Option<Now>) {
        self.waived = until;
    }

    /// One more look. `jumped`: by how much the clocks disagree about the time since the last one.
    pub(super) fn evaluate(&mut self, readings: &Readings<'_>, now: Now, jumped: Option<Duration>) {
        let mut look = Evaluation::take(&self.gate, self.limits, readings, now);
        if let (Outcome::True, Some(by)) = (&look.outcome, jumped) {
            let what = format!("{}, but the clock jumped by {}", self.describe(&look), Age(by));
            look.outcome = Outcome::Unknown(vec![Unsure::too_little(what)]);
            self.broken = Some(Break::Jump(by));
            self.window = None;
        }
        match (&look.outcome, self.window.take()) {
            (Outcome::True, None) => self.window = Some(Window::begin(&look)),
            (Outcome::True, Some(mut window)) => {
                self.window = Some(match window.extend(&look, self.limits.age) {
                    Ok(()) => window,
                    Err(why) => {
                        self.broken = Some(why);
                        self.trend = Slope::default();
                        Window::begin(&look)
                    }
                });
            }
            (Outcome::False, Some(_)) => self.broken = Some(Break::False),
            (Outcome::Unknown(_), Some(_)) => self.broken = Some(Break::Unknown),
            (_, None) => {}
        }
        self.follow(&look);
        let of = |look: &Evaluation| std::mem::discriminant(&look.outcome);
        if self.look.as_ref().is_none_or(|before| of(before) != of(&look)) {
            self.since = now.boot;
        }
        self.look = Some(look);
    }

    /// Puts a new reading into the trend; one that is not known cuts it off.
    fn follow(&mut self, look: &Evaluation) {
        let read = look.series.iter().map(|s| s.1).min();
        let (Some(value), Some(read), false) = (look.value, read, matches!(look.outcome, Outcome::Unknown(_))) else {
            self.trend = Slope::default();
            return;
        };
        if read > self.trend_at {
            self.trend.push(look.now.boot, value);
            self.past.push(look.now.boot, value);
            self.trend_at = read;
        }
    }

    /// Its colour.
    pub(super) fn level(&self, now: Now) -> Level {
        if self.waiver(now).is_some() {
            return Level::Green;
        }
        match self.look.as_ref().filter(|look| self.silent(look, now).is_none()) {
            None => Level::Unknown,
            Some(look) => match look.outcome {
                Outcome::False => Level::Red,
                Outcome::Unknown(_) => Level::Unknown,
                Outcome::True if jump(look.now, now).is_some() => Level::Unknown,
                Outcome::True if self.filled().is_some_and(Filled::full) => Level::Green,
                Outcome::True => Level::Unknown,
            },
        }
    }

    /// The waiver, while it lasts: until either clock says that it is over.
    fn waiver(&self, now: Now) -> Option<Now> {
        self.waived.filter(|until| now.boot < until.boot && now.wall < until.wall)
    }

    /// Why a look says nothing any more.
    fn silent(&self, look: &Evaluation, now: Now) -> Option<String> {
        let since = now.since(look.now);
        if now.boot < look.now.boot {
            Some("the boot clock went backwards".to_owned())
        } else if since > self.limits.age {
            Some(format!("not evaluated for {}, limit {}", Age(since), Age(self.limits.age)))
        } else if now.boot > look.good_until {
            Some(format!("the readings have been too old for {}", Age(now.boot.saturating_sub(look.good_until))))
        } else {
            None
        }
    }

    fn filled(&self) -> Option<Filled> {
        let window = self.window.as_ref()?;
        Some(Filled {
            lasted: window.length(),
            sustain: self.gate.sustain,
            samples: window.samples(),
            min_samples: self.gate.min_samples.max(1),
        })
    }

    /// Value and limit in words.
    fn describe(&self, look: &Evaluation) -> String {
        text::value(&self.gate, look.value, look.of.as_deref())
    }

    /// The signal.
    pub(crate) const fn metric(&self) -> &'static SignalDef {
        self.gate.metric
    }

    /// The values of the last hour with the boot seconds of their evaluations, oldest first.
    pub(super) fn past(&self) -> impl Iterator<Item = (f32, f32)> + '_ {
        self.past.iter()
    }

    /// Whether a reading of this age is young enough, and from after the step began.
    pub(super) fn counts(&self, age: Age, now: Now) -> bool {
        age.0 <= self.limits.age && now.boot.saturating_sub(age.0) >= self.limits.since
    }

    /// The greatest age of a reading.
    pub(super) const fn max_age(&self) -> Duration {
        self.limits.age
    }

    /// For how long it has been as it is, and what its window still needs; empty where it is not known.
    fn lasts(&self, now: Now) -> String {
        let Some(look) = self.look.as_ref().filter(|look| self.silent(look, now).is_none()) else {
            return String::new();
        };
        match &look.outcome {
            Outcome::Unknown(_) => String::new(),
            Outcome::False => text::lasted(now.boot.saturating_sub(self.since)),
            Outcome::True => {
                self.filled().filter(|_| jump(look.now, now).is_none()).map_or_else(String::new, text::filled)
            }
        }
        .trim_start_matches(", ")
        .to_owned()
    }

    /// Every reason for its colour.
    pub(super) fn reasons(&self, now: Now) -> Vec<Reason> {
        let level = self.level(now);
        let whats = self.whats(now);
        let blind = whats.iter().fold(None, |all, why| look::worse(all, why.blind));
        let waits = level == Level::Unknown && !whats.is_empty() && whats.iter().all(|why| why.waits);
        let to_green = self.to_green(level, now);
        let filled = self.look.as_ref().filter(|look| look.outcome == Outcome::True).and_then(|_| self.filled());
        let reason = |Unsure { what, .. }| Reason {
            gate: self.gate.id.clone(),
            signal: self.gate.metric.id,
            path: self.path.clone(),
            level,
            what,
            lasts: self.lasts(now),
            subject: text::judged(&self.gate),
            value_text: self.look.as_ref().and_then(|look| look.value).map(|value| text::value_text(&self.gate, value)),
            value: self.look.as_ref().and_then(|look| look.value),
            limit: self.gate.limit,
            limit_text: text::limit(&self.gate),
            filled,
            to_green,
            waived: false,
            moot: false,
            decides: false,
            waits,
            blind,
        };
        let Some(until) = self.waiver(now) else { return whats.into_iter().map(reason).collect() };
        let left = Age(until.since(now));
        let whats: Vec<String> = whats.into_iter().map(|why| why.what).collect();
        let what = format!("WAIVED until {:.0} (in {left}): {}", until.wall, whats.join("; "));
        vec![Reason { waived: true, ..reason(Unsure { what, blind, waits: false }) }]
    }

    /// What there is to say of it, waived or not: value, limit, and for how long it has been so.
    fn whats(&self, now: Now) -> Vec<Unsure> {
        let about = |why: &str| vec![Unsure::too_little(format!("{}: {why}", text::subject(&self.gate)))];
        let Some(look) = &self.look else { return about("not evaluated yet") };
        if let Some(why) = self.silent(look, now) {
            return about(&why);
        }
        let lasted = text::lasted(now.boot.saturating_sub(self.since));
        match &look.outcome {
            Outcome::Unknown(whys) => {
                whys.iter().map(|why| Unsure { what: format!("{}{lasted}", why.what), ..*why }).collect()
            }
            Outcome::False => vec![Unsure::too_little(format!("{}{lasted}", self.describe(look)))],
            Outcome::True => {
                let mut what = self.describe(look);
                if let Some(by) = jump(look.now, now) {
                    what += &format!(", but the clock jumped by {}", Age(by));
                } else if let Some(filled) = self.filled() {
                    what += &text::filled(filled);
                    if let (false, Some(why)) = (filled.full(), &self.broken) {
                        what += &format!("; restarted: {why}");
                    }
                }
                vec![Unsure::too_little(what)]
            }
        }
    }

    /// When it will be green if everything goes on as it does.
    fn to_green(&self, level: Level, now: Now) -> Option<Duration> {
        let look = self.look.as_ref()?;
        let samples = |missing: u32| self.limits.cadence.saturating_mul(missing);
        match (level, &look.outcome) {
            (Level::Green, _) => Some(Duration::ZERO),
            (Level::Unknown, Outcome::True) if self.silent(look, now).is_none() && jump(look.now, now).is_none() => {
                let (window, filled) = (self.window.as_ref()?, self.filled()?);
                let rest = window.since().saturating_add(filled.sustain).saturating_sub(now.boot);
                Some(rest.max(samples(filled.min_samples.saturating_sub(filled.samples))))
            }
            (Level::Red, Outcome::False) => {
                let way = self.gate.limit - look.value?;
                let slope = self.trend.per_second()?;
                let leads = match self.gate.op {
                    Compare::Less | Compare::AtMost => slope < 0.0,
                    Compare::Greater | Compare::AtLeast => slope > 0.0,
                    Compare::Equal | Compare::Differs => false,
                };
                let reach = Duration::try_from_secs_f64(way / slope).ok().filter(|_| leads)?;
                let reach = reach.saturating_sub(now.since(look.now));
                let window = self.gate.sustain.max(samples(self.gate.min_samples.saturating_sub(1)));
                Some(reach.saturating_add(window)).filter(|all| *all <= FAR)
            }
            _ => None,
        }
    }
}
