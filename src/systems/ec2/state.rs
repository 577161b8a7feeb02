//! The state of the fleet on both sides, and the collectors that the plan needs.

use std::{sync::Arc, time::Duration};

use super::{
    facts::{self, Observation, Query, Question},
    signals,
    site::{Site, due},
};
use crate::System;
use base::{
    collector::CollectorSpec,
    history::Ring,
    now::Now,
    observed::{Fault, FaultKind, Observed, Stamp, Worth},
    side::{Side, Sides},
    signal::{Samples, SignalDef},
    view::{Detail, Memo, Panel, Row, Tile},
    watched::Watched,
};
use plan::Plan;

/// The state of the fleet.
#[derive(Debug)]
pub struct State {
    pub(super) plan: Arc<Plan>,
    pub(super) sites: Sides<Site>,
    /// The worst role's readiness on the target.
    pub(super) ready: Ring,
    /// When that was last taken.
    taken: Option<Duration>,
    /// The number of observations that differed from the previous one, or failed. While it is unchanged, the readings are unchanged.
    pub(super) heard: u64,
    /// The time of the last such observation.
    pub(super) news: Duration,
    /// The rows of all instances, thousands of them.
    pub(super) rows: Memo<(u64, [Worth; 4], u64), Arc<[Row]>>,
}

impl System for State {
    const ID: &'static str = "ec2";
    const TITLE: &'static str = "Fleet";
    const SIGNALS: &'static [&'static SignalDef] = signals::ALL;
    type Query = Query;
    type Observation = Observation;

    fn new(plan: &Arc<Plan>) -> (Self, Vec<CollectorSpec<Query>>) {
        let state = Self {
            plan: plan.clone(),
            sites: Sides::from_fn(|side| Site::new(plan, side)),
            ready: Ring::default(),
            taken: None,
            heard: 0,
            news: Duration::ZERO,
            rows: Memo::default(),
        };
        (state, collectors(plan))
    }

    fn apply(&mut self, query: &Query, observation: Observation, stamp: Stamp) -> Vec<CollectorSpec<Query>> {
        if self.sites.get_mut(query.side).apply(observation, stamp) {
            self.heard += 1;
            self.news = stamp.at.boot;
        }
        if let Some((_, ready)) = self.worst(stamp.at)
            && let Some(ready) = ready.fresh()
            && due(&mut self.taken, stamp.at, self.plan.intervals.ec2)
        {
            self.ready.push(stamp.at.boot, ready);
        }
        Vec::new()
    }

    fn fail(&mut self, query: &Query, fault: &Fault, _: Now) {
        self.heard += 1;
        self.sites.get_mut(query.side).fail(query.what, fault);
    }

    /// Target groups that cannot contain instances.
    fn unusable(&self, now: Now) -> Vec<Fault> {
        let roles = 0..self.plan.fleet.len();
        let each = Side::BOTH.into_iter().flat_map(|side| roles.clone().map(move |role| (side, role)));
        let served = each.map(|(side, role)| self.sites.get(side).in_service(role, now));
        let unfit = |seen| match seen {
            Observed::Unknown(fault) if fault.kind == FaultKind::Unsupported => Some(fault),
            _ => None,
        };
        served.filter_map(unfit).collect()
    }

    fn measure(&self, now: Now, out: &mut Samples) {
        signals::measure(self, now, out);
    }

    fn watched(&self, now: Now) -> Vec<Watched> {
        let each =
            self.plan.fleet.iter().enumerate().flat_map(|(role, of)| Side::BOTH.map(|side| (role, &of.name, side)));
        each.map(|(role, name, side)| {
            let site = self.sites.get(side);
            let running = site.running(role, now);
            // Checks count from their second read on: until then no value can be wrong.
            let known = match site.in_service(role, now) {
                Observed::Pending => running,
                serving => running.zip(serving).map(|(running, _)| running),
            };
            Watched::new(format!("role {name}, {side}"), known)
        })
        .collect()
    }

    fn panel(&self, now: Now) -> Panel {
        super::view::panel(self, now)
    }

    fn tiles(&self, now: Now) -> Vec<Tile> {
        super::view::tiles(self, now)
    }

    fn detail(&self, table: &str, row: &str, now: Now) -> Option<Detail> {
        super::view::detail(self, table, row, now)
    }
}

impl State {
    /// The role that is least ready on the target, and its readiness. Not the mean: a platform is as ready as its least ready role. The
    /// readiness is only as fresh as the worst of *all* roles' readings: a role that is not known may be the least ready.
    #[must_use]
    pub fn worst(&self, now: Now) -> Option<(usize, Observed<f64>)> {
        let site = self.sites.get(Side::Target);
        let ready: Vec<(usize, Observed<f64>)> =
            (0..self.plan.fleet.len()).filter_map(|role| site.ready(role, now).map(|r| (role, r))).collect();
        let (worst, _) = ready.iter().min_by(|a, b| order(&a.1).total_cmp(&order(&b.1)))?;
        let worst = *worst;
        let all = Observed::all(ready.into_iter().map(|(_, r)| r));
        Some((worst, all.map(|all| all.into_iter().fold(f64::INFINITY, f64::min))))
    }
}

/// Sort key of readiness: unknown values come first.
pub(super) fn order(ready: &Observed<f64>) -> f64 {
    ready.as_ref().shown().copied().unwrap_or(-1.0)
}

/// The collectors that the plan needs; none that no role needs.
fn collectors(plan: &Plan) -> Vec<CollectorSpec<Query>> {
    let interval = plan.intervals.ec2;
    let asks = Side::BOTH.into_iter().flat_map(|side| Question::ALL.map(|what| Query { side, what }));
    asks.filter(|ask| facts::asked(plan, *ask))
        .map(|ask| {
            let site = plan.sites.get(ask.side);
            let endpoints = &site.access.endpoints;
            let server = endpoints.get(ask.what.service()).or_else(|| endpoints.get("all"));
            CollectorSpec {
                id: format!("ec2/{}/{}", ask.side, ask.what.id()),
                side: Some(ask.side),
                endpoint: match server {
                    Some(url) => format!("{} {} {url}", ask.what.service(), site.region),
                    None => format!("{} {}", ask.what.service(), site.region),
                },
                calls: ask.what.calls(),
                interval,
                // Many pages take time; an answer later than the next two queries is of no use.
                timeout: (interval * 2).clamp(Duration::from_secs(5), Duration::from_secs(30)),
                query: ask,
            }
        })
        .collect()
}
