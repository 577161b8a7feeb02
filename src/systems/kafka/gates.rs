//! The gates of a group's hand-over, 0 to 9, at their present levels: shown in the detail view of the group.
//!
//! They are for display and start nothing: the gates of the plan's steps do that. Where one of those uses the same signal, its limit is
//! used here. 3 to 5 belong to the order in which the group drains first; they do not apply to a group whose consumers move first.

use std::time::Duration;

use super::{
    facts::GroupState,
    handover::{self, describe},
    ops::{self, Place},
    parity::{self, Copied},
    signals,
    state::{Pair, timeout},
};
use base::{
    history::Drain,
    now::{Now, short},
    observed::{Fault, FaultKind, Observed},
    side::Side,
    step::Level,
    view::{counted, grouped},
};
use plan::{Action, Plan};

/// One gate.
#[derive(Debug, PartialEq)]
pub(super) struct Gate {
    /// The condition.
    pub(super) name: &'static str,
    /// None: no longer applicable, because the group has moved over.
    pub(super) level: Option<Level>,
    /// The number that it checks.
    pub(super) value: String,
    /// The reason for its level.
    pub(super) why: String,
}

/// Whether a condition holds, its number, and the reason.
struct Found {
    so: bool,
    value: String,
    why: String,
}

/// The hand-over of one group to a side.
#[derive(Clone, Copy)]
pub(super) struct HandOver<'a> {
    plan: &'a Plan,
    pair: &'a Pair,
    group: &'a str,
    /// The destination.
    pub(super) to: Side,
    now: Now,
}

/// The positions that a group would get, or all faults that prevent it.
type Stands = Result<Vec<Place>, Vec<Fault>>;

/// Default limits: polls without a record, and seconds without an offset sync of a mirror.
const STILL: f64 = 6.0;
const SILENT: f64 = 120.0;

impl<'a> HandOver<'a> {
    /// To the side to which the plan hands the group over; otherwise from source to target.
    pub(super) fn new(plan: &'a Plan, pair: &'a Pair, group: &'a str, now: Now) -> Self {
        let led = plan.runbook.steps().find_map(|(_, step)| match &step.action {
            Action::CommitOffsets { pair: of, group: who, to } if *of == pair.plan.name && who == group => Some(*to),
            _ => None,
        });
        Self { plan, pair, group, to: led.unwrap_or(Side::Target), now }
    }

    /// The origin.
    pub(super) const fn from(&self) -> Side {
        self.to.other()
    }

    /// All ten gates.
    pub(super) fn gates(&self) -> Vec<Gate> {
        let over = self.is_over();
        let before = |gate: Gate| if over { Gate { level: None, ..gate } } else { gate };
        vec![
            gate("0: topics are alike", self.alike()),
            gate("1: records are copied", self.copied()),
            before(gate("2: can be handed over", self.led())),
            before(gate("3: producers are frozen", self.frozen())),
            before(gate("4: all is copied", self.drained())),
            before(gate("5: all is consumed", self.consumed())),
            gate("6: offsets are set", self.set()),
            gate("7: producers moved", self.produced()),
            gate("8: consumers moved", self.stable()),
            gate("9: rollback mirror runs", self.way_back()),
        ]
    }

    /// Whether the group has moved over, by the last observations: it is active at the destination and no longer at the origin, and nothing
    /// shows that its offsets are not set there. A temporary loss of observations does not change this.
    pub(super) fn is_over(&self) -> bool {
        let active = |side| handover::active(self.pair, side, self.group, self.now).shown();
        let set = self.set().shown().is_none_or(|found| found.so);
        set && active(self.to) == Some(true) && active(self.from()) == Some(false)
    }

    /// Topics on which the group has commits at the origin.
    pub(super) fn topics(&self) -> Observed<Vec<&'a str>> {
        self.pair.cluster(self.from()).group(self.group, self.now).and_then(|g| {
            let topics = ops::own_topics(g.latest, self.group);
            match &g.facts.fault {
                Some(fault) => Err(fault.clone()),
                None if topics.is_empty() => Err(Fault::new(
                    FaultKind::Empty,
                    format!("group {} has no commit on any watched topic", self.group),
                )),
                None => Ok(topics),
            }
        })
    }

    /// The positions that it would get.
    pub(super) fn stands(&self) -> Observed<Stands> {
        let cluster = |side| self.pair.cluster(side).seen(self.now);
        let detail = self.pair.announced(self.to, self.now);
        cluster(self.from()).zip(cluster(self.to)).zip(detail).and_then(|((from, there), detail)| {
            ops::stands(self.pair, self.group, self.to, (from, there, detail), self.now)
        })
    }

    /// Partitions at the origin that still receive records, by name.
    pub(super) fn straggling(&self, topics: &[&str]) -> Option<String> {
        ops::straggling(self.pair, self.from(), topics, 12, self.now)
    }

    fn alike(&self) -> Observed<Found> {
        self.topics().zip(parity::likeness(self.pair, self.now)).and_then(|(topics, all)| {
            let (mut bad, mut unknown) = (Vec::new(), None);
            for name in &topics {
                let names = parity::names(&self.pair.plan, self.from(), name);
                let way = parity::copied(&self.pair.plan, &names);
                let copied = way == Copied::Both || way == Copied::From(self.from());
                match all.iter().find(|(of, _)| *of == names) {
                    Some((_, Err(fault))) if copied => unknown = unknown.or(Some(fault)),
                    Some((_, Ok(true))) if copied => {}
                    _ => bad.push(*name),
                }
            }
            if let (Some(fault), []) = (unknown, bad.as_slice()) {
                return Err(fault.clone());
            }
            let value = format!("{} of {}", topics.len() - bad.len(), topics.len());
            let why = match bad.as_slice() {
                [] => topics.join(", "),
                bad => format!("not copied, missing or unlike: {}", bad.join(", ")),
            };
            Ok(Found { so: bad.is_empty(), value, why })
        })
    }

    /// Whether a mirror to a side is active, by the time of its last offset sync.
    fn speaks(&self, to: Side) -> Observed<Found> {
        let limit = self.limit(&signals::MIRROR_SILENT, &[("side", to.word())]).unwrap_or(SILENT);
        handover::silent(self.pair, to, self.now).map(|silent| Found {
            so: silent.as_secs_f64() <= limit,
            value: short(silent),
            why: format!(
                "since the last offset sync to {}, of {}",
                self.label(to),
                short(Duration::from_secs_f64(limit))
            ),
        })
    }

    fn copied(&self) -> Observed<Found> {
        self.speaks(self.to)
    }

    fn led(&self) -> Observed<Found> {
        let active = handover::active(self.pair, self.to, self.group, self.now);
        // A missing group may be one that this login may not describe.
        let known = self.topics().zip(self.stands()).map(|(_, stands)| stands);
        known.zip(active).and_then(|(stands, active)| {
            let at = self.label(self.to);
            let group = self.group;
            let (so, value, why) = match stands {
                Ok(places) => (true, counted(places.len(), "partition"), None),
                Err(faults) => {
                    if let Some(unknown) = ops::unknown(&faults) {
                        return Err(unknown.clone());
                    }
                    let more = faults.len().saturating_sub(1);
                    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
                    let first = faults.first().map(|f| f.text.to_string()).unwrap_or_default();
                    (false, format!("{} cannot", faults.len()), Some(format!("{first}{more}")))
                }
            };
            let state = if active { "has members" } else { "is Empty" };
            let why = why.unwrap_or_else(|| format!("{group} {state} on {at}"));
            Ok(Found { so: so && !active, value, why })
        })
    }

    fn frozen(&self) -> Observed<Found> {
        let cluster = self.pair.cluster(self.from());
        self.topics().and_then(|topics| {
            let stills = topics.iter().map(|topic| {
                let limit = self
                    .limit(&signals::TOPIC_STILL, &[("side", self.from().word()), ("topic", topic)])
                    .unwrap_or(STILL);
                let still = cluster.topic(topic, self.now).and_then(|t| t.still());
                ops::known(still, topic).map(|still| (still, limit))
            });
            let stills = stills.collect::<Result<Vec<_>, Fault>>()?;
            let worst = stills.into_iter().min_by(|a, b| (f64::from(a.0) - a.1).total_cmp(&(f64::from(b.0) - b.1)));
            let (still, limit) = worst.unwrap_or_default();
            let written = ops::straggling(self.pair, self.from(), &topics, 2, self.now);
            let why = written.map_or_else(|| "no end moves".to_owned(), |who| format!("still written: {who}"));
            Ok(Found { so: f64::from(still) >= limit, value: format!("{still} of {limit} polls"), why })
        })
    }

    /// A count of records of each of the group's topics, by their names on a side.
    fn records(&self, side: Side, count: impl Fn(&str) -> Observed<i64>) -> Observed<(i64, String)> {
        self.topics().and_then(|topics| {
            let mut each = Vec::new();
            for topic in topics {
                let names = parity::names(&self.pair.plan, self.from(), topic);
                let name = names.get(side);
                each.push((name.clone(), ops::known(count(name), name)?));
            }
            let sum = each.iter().map(|(_, n)| n).sum();
            Ok((sum, describe(each.iter().map(|(name, n)| (name.as_str(), *n)), grouped)))
        })
    }

    fn drained(&self) -> Observed<Found> {
        let from = self.from();
        self.records(from, |topic| handover::uncopied(self.pair, from, topic, self.now)).map(|(sum, each)| Found {
            so: sum <= 0,
            value: records(sum),
            why: if sum <= 0 {
                "confirmed by the mirror".to_owned()
            } else {
                format!("behind its last offset sync: {each}")
            },
        })
    }

    fn consumed(&self) -> Observed<Found> {
        let from = self.from();
        let seen = self.pair.cluster(from).group(self.group, self.now);
        let figures = seen.and_then(|g| Ok((g.figures()?, g.facts.state, g.unread().cloned())));
        figures.zip(handover::active(self.pair, from, self.group, self.now)).map(
            |((figures, state, unread), active)| {
                let mut why = format!("{} is {} on {}", self.group, state.word(), self.label(from));
                if figures.open > 0 {
                    why = format!("{why}; {} in open transactions", records(figures.open));
                }
                if figures.lost > 0 {
                    why = format!("{why}; at most {} gone before it read them", records(figures.lost));
                }
                if let Some(fault) = unread {
                    why = format!("{why}; its lag may be transaction markers only: {fault}");
                }
                Found {
                    so: figures.lag == 0 && !active,
                    value: format!("lag {}", grouped(figures.lag.unsigned_abs())),
                    why,
                }
            },
        )
    }

    fn set(&self) -> Observed<Found> {
        self.stands().and_then(|stands| {
            let places = stands.map_err(ops::first)?;
            let behind: Vec<&Place> = places.iter().filter(|p| !p.reached).collect();
            let named: Vec<String> = behind.iter().take(6).map(|p| format!("{}-{}", p.topic, p.partition)).collect();
            let why = match behind.len().saturating_sub(named.len()) {
                _ if behind.is_empty() => format!("at its position on {}, or beyond", self.label(self.from())),
                0 => format!("behind or missing: {}", named.join(", ")),
                more => format!("behind or missing: {} and {more} more", named.join(", ")),
            };
            let value = format!("{} of {}", places.len() - behind.len(), places.len());
            Ok(Found { so: behind.is_empty(), value, why })
        })
    }

    /// Records on the copies that were not written by a mirror.
    pub(super) fn own(&self) -> Observed<(i64, String)> {
        let may_take = timeout(self.plan.intervals.kafka);
        self.records(self.to, |topic| handover::own_records(self.pair, self.to, topic, may_take, self.now))
    }

    fn produced(&self) -> Observed<Found> {
        let at = self.label(self.to);
        self.own().map(|(sum, each)| Found {
            so: sum > 0,
            value: records(sum),
            why: if sum > 0 {
                format!("written on {at}, not copied there: {each}")
            } else {
                format!("only copies seen on {at}")
            },
        })
    }

    fn stable(&self) -> Observed<Found> {
        self.pair.cluster(self.to).group(self.group, self.now).and_then(|g| {
            let figures = g.figures()?;
            let drain = g.drain(figures);
            let stable = g.facts.state == GroupState::Stable;
            let pace = match drain {
                Drain::Drained => "drained".to_owned(),
                Drain::In(d) => format!("drains in {}", base::now::estimate(d)),
                Drain::Never => "does not drain".to_owned(),
                // Before it is Stable its pace has no meaning anyway.
                Drain::Unknown if !stable => "no rate yet".to_owned(),
                Drain::Unknown => {
                    return Err(Fault::new(
                        FaultKind::Empty,
                        format!("group {}: too few answers for a rate", self.group),
                    ));
                }
            };
            Ok(Found {
                so: stable && matches!(drain, Drain::Drained | Drain::In(_)),
                value: format!("lag {}", grouped(figures.lag.unsigned_abs())),
                why: format!("{} on {}, {pace}", g.facts.state.word(), self.label(self.to)),
            })
        })
    }

    fn way_back(&self) -> Observed<Found> {
        if self.pair.mirrors_to(self.from()).next().is_none() {
            // Known from the plan: as fresh as the clusters' own observations.
            let why = format!(
                "the plan has no mirror to {}: after gate 7 there is no rollback without loss",
                self.label(self.from())
            );
            return self.pair.cluster(self.to).seen(self.now).map(|_| Found {
                so: false,
                value: "no mirror".to_owned(),
                why,
            });
        }
        self.speaks(self.from())
    }

    fn label(&self, side: Side) -> &'a str {
        &self.plan.sites.get(side).label
    }

    /// The limit of the plan's first gate on a signal.
    fn limit(&self, signal: &base::signal::SignalDef, labels: &[(&str, &str)]) -> Option<f64> {
        let steps = self.plan.runbook.steps();
        let gates = steps.flat_map(|(_, s)| [&s.gates, &s.verify]).flat_map(plan::Condition::gates);
        let fits = |gate: &&plan::Gate| {
            let of = |label: &str, value: &str| gate.labels.get(label).is_none_or(|v| v == value);
            gate.metric.id == signal.id && of("pair", &self.pair.plan.name) && labels.iter().all(|(l, v)| of(l, v))
        };
        gates.into_iter().find(fits).map(|gate| gate.limit)
    }
}

fn records(n: i64) -> String {
    let plural = if n.unsigned_abs() == 1 { "" } else { "s" };
    format!("{} record{plural}", grouped(n.unsigned_abs()))
}

/// An unknown value gives the level Unknown, whatever the last number was.
fn gate(name: &'static str, seen: Observed<Found>) -> Gate {
    let (level, value, why) = match seen {
        Observed::Fresh(found, _) => (if found.so { Level::Green } else { Level::Red }, found.value, found.why),
        Observed::Stale(found, age) => (Level::Unknown, found.value, format!("unknown: last read {age} ago")),
        Observed::Unknown(fault) => (Level::Unknown, "–".to_owned(), format!("unknown: {fault}")),
        Observed::Pending => (Level::Unknown, "–".to_owned(), "unknown: waiting for the first answer".to_owned()),
    };
    Gate { name, level: Some(level), value, why }
}

#[cfg(test)]
mod tests;
