//! The state of zones, names and servers, and how observations change it.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use indexmap::IndexMap;

use super::{
    classify::{Rules, Values},
    facts::{
        Batch, ChangeObservation, Epoch, Listing, Observation, Query, Question, Record, RecordsQuestion, Role, Wanted,
        ZoneObservation, normal,
    },
    signals, view,
    weighted::{Configured, configured},
    window::{Tally, Window},
};
use crate::System;
use base::{
    collector::CollectorSpec,
    history::Ring,
    now::Now,
    observed::{Fault, FaultKind, Observed, Reading, Stamp},
    side::Side,
    signal::{Samples, SignalDef},
    view::{Detail, Panel, Tile},
    watched::Watched,
};
use plan::{DnsName, Plan};

/// The state of weighted DNS.
#[derive(Debug)]
pub struct State {
    pub(super) plan: Arc<Plan>,
    pub(super) zones: IndexMap<String, Reading<ZoneObservation>>,
    /// One for each name of the plan, in its order.
    pub(super) names: Vec<Name>,
    pub(super) changes: BTreeMap<String, Reading<ChangeObservation>>,
}

/// The state of one name.
#[derive(Debug)]
pub(super) struct Name {
    rules: Rules,
    values: Values,
    pub set: Reading<Vec<Record>>,
    /// The TXT record that holds its epoch, if there is one.
    pub epoch: Reading<Option<Epoch>>,
    pub changed: Option<Changed>,
    pub servers: Vec<Server>,
    /// The target's served share.
    pub curve: Ring,
    curve_at: Option<Duration>,
}

/// A change of the records that was observed.
#[derive(Debug, Clone)]
pub(super) struct Changed {
    /// When it was first observed; it happened at most one interval earlier.
    pub at: Now,
    /// Caches may hold the previous answers for this long after Route 53's servers have the change.
    pub old_ttl: Option<u32>,
    /// The previous configuration.
    pub before: Option<Configured>,
}

/// One server, queried for one name.
#[derive(Debug)]
pub(super) struct Server {
    pub address: SocketAddr,
    pub role: Role,
    pub last: Reading<Pulse>,
    pub window: Window,
}

/// The data of a server's last batch besides its answers.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    pub rtt: Duration,
    /// Whether all its answers were authoritative.
    pub authority: bool,
    /// The longest time to live in an answer.
    pub ttl: Option<u32>,
    pub trouble: Option<String>,
}

/// How often a point of the served curve is kept at most; with 120 fine points the curve shows twenty minutes in full.
const CURVE: Duration = Duration::from_secs(10);

impl Name {
    fn new(name: &DnsName) -> Self {
        let server = |role| {
            move |&address: &SocketAddr| Server { address, role, last: Reading::default(), window: Window::default() }
        };
        let servers = name.servers.iter().map(server(Role::Authoritative));
        Self {
            rules: Rules::new(name),
            values: Values::default(),
            set: Reading::default(),
            epoch: Reading::default(),
            changed: None,
            servers: servers.chain(name.resolvers.iter().map(server(Role::Resolver))).collect(),
            curve: Ring::default(),
            curve_at: None,
        }
    }

    /// Takes new records. Samples of earlier records are discarded.
    fn records(&mut self, name: &DnsName, mut records: Vec<Record>, stamp: Stamp) {
        records.sort_by(|a, b| a.set_id.cmp(&b.set_id));
        if let Some((old, _)) = self.set.last()
            && *old != records
        {
            let ttl = old.iter().filter_map(|r| r.ttl).max().or_else(|| self.answered_ttl());
            self.changed = Some(Changed { at: stamp.at, old_ttl: ttl, before: configured(name, old).ok() });
            for server in &mut self.servers {
                server.window.cut();
            }
        }
        self.values = Values::new(name, &records);
        self.set.set(records, stamp);
    }

    fn served(&mut self, name: &DnsName, question: &Question, batch: &Batch, stamp: Stamp) {
        let server = self.servers.iter_mut().find(|s| s.address == question.server && s.role == question.role);
        let Some(server) = server else { return };
        server.window.push(stamp.at.boot, batch);
        let pulse = Pulse {
            rtt: batch.rtt,
            authority: batch.answers.iter().all(|a| a.authority),
            ttl: batch.answers.iter().map(|a| a.ttl).max(),
            trouble: batch.trouble.clone(),
        };
        server.last.set(pulse, stamp);
        let due = self.curve_at.is_none_or(|at| stamp.at.boot.saturating_sub(at) >= CURVE);
        if due && let Some(tally) = self.pooled(name, stamp.at).and_then(Observed::fresh) {
            #[expect(clippy::cast_precision_loss, reason = "a curve")]
            self.curve.push(stamp.at.boot, tally.side.target as f64 / tally.n() as f64);
            self.curve_at = Some(stamp.at.boot);
        }
    }

    /// The time to live in authoritative answers: that of an alias.
    pub(super) fn answered_ttl(&self) -> Option<u32> {
        let of = |s: &Server| s.last.last().filter(|(p, _)| p.authority).and_then(|(p, _)| p.ttl);
        self.servers.iter().filter_map(of).max()
    }

    /// The configured shares.
    pub(super) fn configured(&self, name: &DnsName, now: Now) -> Observed<Configured> {
        self.set.at(now).and_then(|records| configured(name, records))
    }

    /// The side of an answer.
    pub(super) fn side(&self, values: &[String]) -> Option<Side> {
        self.rules.side(values, &self.values)
    }

    /// Samples of one server by side. As fresh as the worse of the server and, where the sides are distinguished by the records' values,
    /// the records.
    pub(super) fn tally(&self, name: &DnsName, server: &Server, now: Now) -> Observed<Tally> {
        let tally = server.last.at(now).map(|_| server.window.tally(|values| self.side(values)));
        if !self.rules.need_records() {
            return tally;
        }
        // Answers that cannot be distinguished are not a share of 0.
        tally.zip(self.set.at(now)).and_then(|(tally, records)| match self.rules.missing(name, records) {
            None => Ok(tally),
            Some(why) => Err(Fault::new(FaultKind::Empty, why)),
        })
    }

    /// The servers whose answers represent what users receive: the authoritative ones; resolvers only where the plan names no other.
    pub(super) fn pool(&self) -> impl Iterator<Item = &Server> {
        let first = self.servers.first().map(|s| s.role);
        self.servers.iter().filter(move |s| Some(s.role) == first)
    }

    /// Samples of all servers together, as fresh as the worst of them; none where the plan names no server. Without samples the result is a
    /// fault, never a share of 0.
    pub(super) fn pooled(&self, name: &DnsName, now: Now) -> Option<Observed<Tally>> {
        let all = Observed::all(self.pool().map(|s| self.tally(name, s, now)));
        (!self.servers.is_empty()).then(|| {
            all.map(|t| t.into_iter().fold(Tally::default(), Tally::plus)).and_then(|tally| {
                if tally.n() > 0 {
                    return Ok(tally);
                }
                let since = if self.changed.is_some() { " since the records changed" } else { "" };
                Err(Fault::new(FaultKind::Empty, format!("{}: no sample yet{since}", name.name)))
            })
        })
    }
}

impl State {
    /// The plan's names with their state.
    pub(super) fn each(&self) -> impl Iterator<Item = (&DnsName, &Name)> {
        self.plan.dns.iter().zip(&self.names)
    }
}

/// A collector that queries Route 53's API.
fn api(plan: &Plan, id: String, calls: &'static [&'static str], query: Query) -> CollectorSpec<Query> {
    let own = |key| plan.route53.endpoints.get(key).cloned();
    let interval = plan.intervals.route53;
    CollectorSpec {
        id,
        side: None,
        endpoint: own("route53").or_else(|| own("all")).unwrap_or_else(|| "route53.amazonaws.com".to_owned()),
        calls,
        interval,
        timeout: interval.clamp(Duration::from_secs(3), Duration::from_secs(15)),
        query,
    }
}

/// The time of a paced request to Route 53, including its pause.
const PACED: Duration = Duration::from_millis(400);

/// All collectors that the plan needs.
fn collectors(plan: &Arc<Plan>) -> Vec<CollectorSpec<Query>> {
    let mut zones = IndexMap::<&str, Vec<Wanted>>::new();
    for name in &plan.dns {
        zones.entry(&name.zone).or_default().push(wanted(name));
    }
    let mut out = Vec::new();
    for (zone, wanted) in zones {
        // In a large zone each name needs a request, and so does its epoch; they are sent one after another, see `live/api.rs`.
        let requests = u32::try_from(2 * wanted.len() + 2).unwrap_or(u32::MAX);
        let ask = Query::Records(RecordsQuestion { zone: zone.into(), wanted: wanted.into() });
        let spec = api(plan, format!("route53/{zone}/records"), &["route53:ListResourceRecordSets"], ask);
        out.push(CollectorSpec { timeout: spec.timeout.max(PACED.saturating_mul(requests)), ..spec });
        let spec = api(plan, format!("route53/{zone}/zone"), &["route53:GetHostedZone"], Query::Zone(zone.into()));
        // The type of a zone does not change; its existence is checked from time to time.
        out.push(CollectorSpec { interval: spec.interval * 10, ..spec });
    }
    for (index, name) in plan.dns.iter().enumerate() {
        let of = |list: &[SocketAddr], role| list.iter().map(|&s| (s, role)).collect::<Vec<_>>();
        for (server, role) in
            of(&name.servers, Role::Authoritative).into_iter().chain(of(&name.resolvers, Role::Resolver))
        {
            let question = Question { index, wanted: wanted(name), server, role, rate: name.rate };
            out.push(CollectorSpec {
                id: format!("route53/{}/{}/{}/{server}", role.word(), name.name, name.record_type.word()),
                side: None,
                endpoint: server.to_string(),
                calls: &["DNS"],
                interval: plan.intervals.dns,
                timeout: Duration::from_secs(5),
                query: Query::Served(question),
            });
        }
    }
    out
}

fn wanted(name: &DnsName) -> Wanted {
    Wanted { name: normal(&name.name), record_type: name.record_type }
}

impl System for State {
    const ID: &'static str = "route53";
    const TITLE: &'static str = "DNS";
    const SIGNALS: &'static [&'static SignalDef] = signals::ALL;
    type Query = Query;
    type Observation = Observation;

    fn new(plan: &Arc<Plan>) -> (Self, Vec<CollectorSpec<Query>>) {
        let zones = plan.dns.iter().map(|n| (n.zone.clone(), Reading::default())).collect();
        let names = plan.dns.iter().map(Name::new).collect();
        (Self { plan: plan.clone(), zones, names, changes: BTreeMap::new() }, collectors(plan))
    }

    fn apply(&mut self, query: &Query, observation: Observation, stamp: Stamp) -> Vec<CollectorSpec<Query>> {
        match (query, observation) {
            (Query::Records(q), Observation::Records(Listing { records, epochs })) => {
                for (name, known) in self.plan.dns.iter().zip(&mut self.names).filter(|(n, _)| *n.zone == *q.zone) {
                    let Wanted { name: own, record_type } = wanted(name);
                    let of = |r: &&Record| r.name == own && r.record_type == record_type;
                    known.records(name, records.iter().filter(of).cloned().collect(), stamp);
                    let place = Epoch::place(&own);
                    known.epoch.set(epochs.iter().find(|e| e.name == place).cloned(), stamp);
                }
            }
            (Query::Zone(zone), Observation::Zone(observation)) => {
                if let Some(known) = self.zones.get_mut(&**zone) {
                    known.set(observation, stamp);
                }
            }
            (Query::Change(id), Observation::Change(observation)) => {
                self.changes.entry(id.to_string()).or_default().set(observation, stamp)
            }
            (Query::Served(q), Observation::Served(batch)) => {
                if let (Some(name), Some(known)) = (self.plan.dns.get(q.index), self.names.get_mut(q.index)) {
                    known.served(name, q, &batch, stamp);
                }
            }
            // An observation of another query: ignored.
            _ => {}
        }
        Vec::new()
    }

    fn fail(&mut self, query: &Query, fault: &Fault, _: Now) {
        match query {
            Query::Records(q) => {
                for (_, known) in self.plan.dns.iter().zip(&mut self.names).filter(|(n, _)| *n.zone == *q.zone) {
                    known.set.fail(fault);
                    known.epoch.fail(fault);
                }
            }
            Query::Zone(zone) => {
                if let Some(known) = self.zones.get_mut(&**zone) {
                    known.fail(fault);
                }
            }
            Query::Change(id) => self.changes.entry(id.to_string()).or_default().fail(fault),
            Query::Served(q) => {
                let servers = self.names.get_mut(q.index).map(|n| &mut n.servers);
                for server in servers.into_iter().flatten() {
                    if server.address == q.server && server.role == q.role {
                        server.last.fail(fault);
                    }
                }
            }
        }
    }

    fn measure(&self, now: Now, out: &mut Samples) {
        signals::measure(self, now, out);
    }

    fn watched(&self, now: Now) -> Vec<Watched> {
        let zone =
            |(zone, known): (&String, &Reading<ZoneObservation>)| Watched::new(format!("zone {zone}"), known.at(now));
        let name = |(plan, name): (&DnsName, &Name)| {
            let of = format!("{} {}", plan.name, plan.record_type.word());
            let records = Watched::new(format!("records of {of}"), name.configured(plan, now));
            // Answers count only since the last change: right after a change there are none yet, and that is a known state.
            let fresh = name.changed.as_ref().is_some_and(|changed| now.since(changed.at) < CURVE * 3);
            let served = name.pooled(plan, now).filter(|_| !fresh);
            let served = served.map(|served| Watched::new(format!("answers for {of}"), served));
            [Some(records), served].into_iter().flatten()
        };
        self.zones.iter().map(zone).chain(self.each().flat_map(name)).collect()
    }

    fn panel(&self, now: Now) -> Panel {
        view::panel(self, now)
    }

    fn tiles(&self, now: Now) -> Vec<Tile> {
        view::tiles(self, now)
    }

    fn detail(&self, table: &str, row: &str, now: Now) -> Option<Detail> {
        view::detail(self, table, row, now)
    }

    fn unusable(&self, now: Now) -> Vec<Fault> {
        self.unweighted(now)
    }

    /// A change, until it is INSYNC. The id may have the `/change/` that Route 53 puts before it.
    fn follow(&mut self, id: &str) -> Vec<CollectorSpec<Query>> {
        let id = id.strip_prefix("/change/").unwrap_or(id);
        self.changes.entry(id.to_owned()).or_default();
        let spec = api(&self.plan, format!("route53/change/{id}"), &["route53:GetChange"], Query::Change(id.into()));
        vec![CollectorSpec { interval: Duration::from_secs(5), ..spec }]
    }
}
