//! The signals of weighted DNS.

use super::{state::State, weighted::planned, wilson::Interval};
use base::{
    domain::{self, Domain, Named},
    now::Now,
    observed::{Fault, FaultKind},
    side::Side,
    signal::{CurvePanel, Keep, MAX, Samples, Stroke},
};
use plan::things;

const SHARE: (f64, f64) = (0.0, 1.0);

/// What its labels may be. The role of a server: authoritative for the zone, or not.
pub(super) const LABELS: &[Named] = &[
    ("name", Domain::Of(&things::DNS_NAMES)),
    (
        "type",
        Domain::Words { missing: "there is no weighted record of type", words: &["A", "AAAA", "CNAME"], switch: None },
    ),
    ("side", domain::SIDE),
    ("server", Domain::Free),
    (
        "role",
        Domain::Words { missing: "there is no role of servers", words: &["authoritative", "resolver"], switch: None },
    ),
    ("change", Domain::Free),
];

base::signals! { "route53" in LABELS:
    PLANNED = "dns.name.planned_share", Ratio, ["name", "type", "side"], SHARE, "planned share",
        "Share that the plan wants; given while its records are known.";
    CONFIGURED = "dns.name.configured_share", Ratio, ["name", "type", "side"], SHARE, "configured share",
        "Share by the weights of the records.", keep(Keep::Target), curve(CurvePanel::Traffic, Some(2), &[("target", "configured", Stroke::Steps)]);
    SERVED = "dns.name.served_share", Ratio, ["name", "type", "side"], SHARE, "served share",
        "Share of the servers' answers since they received the last change of the records, over at most five minutes.", keep(Keep::Target), curve(CurvePanel::Traffic, Some(2), &[("target", "served", Stroke::Points)]);
    LOW = "dns.name.served_low", Ratio, ["name", "type", "side"], SHARE, "served share, lower bound",
        "Lower end of the 95 % interval of the served share.";
    HIGH = "dns.name.served_high", Ratio, ["name", "type", "side"], SHARE, "served share, upper bound",
        "Upper end of the 95 % interval of the served share.";
    NEITHER = "dns.name.neither_share", Ratio, ["name", "type"], SHARE, "share of neither side",
        "Share of the answers that are of neither side, or of both at once.";
    SAMPLES = "dns.name.samples", Count, ["name", "type"], (0.0, MAX), "answers sampled",
        "Independent samples behind the served share.";
    TTL = "dns.name.ttl", Seconds, ["name", "type"], (0.0, 2_147_483_647.0), "time to live",
        "Longest time to live of the records; not given where all are aliases.";
    SUM = "dns.name.weights_sum", Count, ["name", "type"], (0.0, 25_500.0), "sum of weights",
        "Sum of all weights; 0 is an equal split.";
    CHANGED = "dns.name.change_age", Seconds, ["name", "type"], (0.0, MAX), "time since the last change",
        "Time since the records were seen to change; not given before the first change.";
    LOSS = "dns.server.loss", Ratio, ["name", "type", "server", "role"], SHARE, "query loss",
        "Share of the queries without a usable answer.";
    RTT = "dns.server.rtt", Seconds, ["name", "type", "server", "role"], (0.0, 60.0), "response time",
        "Mean response time.";
    INSYNC = "dns.change.insync", Bool, ["change"], SHARE, "change is INSYNC",
        "Whether all of Route 53's servers have the change.";
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(super) fn measure(state: &State, now: Now, out: &mut Samples) {
    for (plan, name) in state.each() {
        let of = [plan.name.as_str(), plan.record_type.word()];
        let configured = name.configured(plan, now);
        let pooled = name.pooled(plan, now);
        for side in Side::BOTH {
            let labels = [of[0], of[1], side.word()];
            if let Some(planned) = planned(plan) {
                out.put(&PLANNED, &labels, configured.as_ref().map(|_| *planned.get(side)));
            }
            out.put(&CONFIGURED, &labels, configured.as_ref().map(|c| *c.share.get(side)));
            if let Some(pooled) = &pooled {
                let served = pooled.as_ref().and_then(|t| {
                    Interval::of(*t.side.get(side), t.n()).ok_or_else(|| Fault::new(FaultKind::Empty, "no sample"))
                });
                out.put(&SERVED, &labels, served.clone().map(|i| i.share));
                out.put(&LOW, &labels, served.clone().map(|i| i.low));
                out.put(&HIGH, &labels, served.map(|i| i.high));
            }
        }
        if let Some(pooled) = pooled {
            out.put(&NEITHER, &of, pooled.as_ref().map(|t| t.neither as f64 / t.n().max(1) as f64));
            out.put(&SAMPLES, &of, pooled.map(|t| t.n() as f64));
        }
        // A name whose records are known to be all aliases has no TTL: no value is missing.
        if configured.as_ref().shown().is_none_or(|c| c.ttl.is_some()) {
            let ttl = configured.as_ref().and_then(|c| c.ttl.ok_or_else(|| Fault::new(FaultKind::Empty, "no TTL")));
            out.put(&TTL, &of, ttl.map(f64::from));
        }
        out.put(&SUM, &of, configured.as_ref().map(|c| f64::from(c.sum)));
        if let Some(changed) = &name.changed {
            out.put(&CHANGED, &of, configured.map(|_| now.since(changed.at).as_secs_f64()));
        }
        for server in &name.servers {
            let address = server.address.to_string();
            let labels = [of[0], of[1], address.as_str(), server.role.word()];
            let (asked, answered) = server.window.asked();
            let loss = server.last.at(now).and_then(|_| {
                let none = || Fault::new(FaultKind::Empty, format!("{address}: not queried since the records changed"));
                if asked == 0 { Err(none()) } else { Ok((asked - answered) as f64 / asked as f64) }
            });
            out.put(&LOSS, &labels, loss);
            out.put(&RTT, &labels, server.last.at(now).map(|p| p.rtt.as_secs_f64()));
        }
    }
    for (id, change) in &state.changes {
        out.put(&INSYNC, &[id], change.at(now).map(|c| f64::from(u8::from(c.insync))));
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use crate::{
        System,
        planner::played,
        route53::{
            Listing, Observation, Query, Record, Routing, State,
            facts::{Alias, Answer, Batch},
            weighted::tests::{name, record},
        },
    };
    use base::{
        now::Now,
        observed::{Freshness, Observed, Stamp},
        side::Sides,
        signal::Samples,
    };

    const NOW: Now = Now { boot: Duration::from_secs(1000), wall: jiff::Timestamp::UNIX_EPOCH };

    /// The state after these records were read, and fifty answers, half of each side.
    fn read(records: &[Record], answers: Sides<Vec<String>>) -> State {
        let mut plan = (*played::plan("")).clone();
        plan.dns = vec![plan::DnsName { answers, ..name() }];
        let (mut state, specs) = State::new(&Arc::new(plan));
        let stamp = Stamp { at: NOW, fresh: Freshness::of_interval(Duration::from_secs(10)) };
        let answer = |value: &str| Answer { values: vec![value.to_owned()].into(), ttl: 60, authority: true, n: 25 };
        for spec in &specs {
            let facts = match &spec.query {
                Query::Records(_) => Observation::Records(Listing { records: records.to_vec(), epochs: Vec::new() }),
                Query::Served(_) => {
                    let answers = vec![answer("192.0.2.1"), answer("192.0.2.2")];
                    Observation::Served(Batch { asked: 50, answers, ..Batch::default() })
                }
                _ => continue,
            };
            state.apply(&spec.query, facts, stamp);
        }
        state
    }

    /// The served share of the target.
    fn served(records: Vec<Record>, answers: Sides<Vec<String>>) -> Observed<f64> {
        let mut out = Samples::default();
        read(&records, answers).measure(NOW, &mut out);
        let is = |s: &base::signal::Sample| s.def.id == super::SERVED.id && s.labels[2] == *"target";
        out.into_vec().into_iter().find(is).expect("a sample").value
    }

    #[test]
    fn a_share_of_answers_that_cannot_be_distinguished_is_unknown_and_never_zero() {
        let both = || vec![record("vir", 1, "192.0.2.1"), record("ore", 1, "192.0.2.2")];
        assert_eq!(served(both(), Sides::default()).fresh(), Some(0.5));
        let alias = Record {
            values: Vec::new(),
            ttl: None,
            alias: Some(Alias { target: "lb.".to_owned(), zone: "ZLB".to_owned(), evaluate_health: true }),
            ..record("ore", 1, "x")
        };
        for (records, why) in [
            (Vec::new(), "the source has no record set"),
            (vec![record("vir", 1, "192.0.2.1")], "the target has no record set"),
            (vec![record("vir", 1, "192.0.2.1"), alias], "ore is an alias"),
        ] {
            let seen = served(records.clone(), Sides::default());
            assert!(matches!(&seen, Observed::Unknown(fault) if fault.text.raw().contains(why)), "{why}: {seen:?}");
            // Where the plan assigns the answers to the sides, the records are not needed.
            let described = Sides { source: vec!["192.0.2.1".to_owned()], target: vec!["192.0.2.2".to_owned()] };
            assert_eq!(served(records, described).fresh(), Some(0.5), "{why}");
        }
    }

    #[test]
    fn a_name_that_no_step_can_weigh_is_reported_with_the_reason() {
        let of = |records: &[Record]| read(records, Sides::default()).unusable(NOW);
        assert_eq!(of(&[record("vir", 1, "192.0.2.1"), record("ore", 0, "192.0.2.2")]), []);
        let routed = |routing| Record { routing, ..record("ore", 1, "192.0.2.2") };
        for (records, why) in [
            (vec![], "no such record"),
            (vec![record("vir", 1, "192.0.2.1")], "no record set ore (target)"),
            (vec![Record { set_id: None, ..routed(Routing::Simple) }], "a simple record"),
            (vec![record("vir", 1, "192.0.2.1"), routed(Routing::Other("latency"))], "routed by latency"),
        ] {
            let faults = of(&records);
            assert!(matches!(faults.as_slice(), [fault] if fault.text.raw().contains(why)), "{why}: {faults:?}");
        }
    }
}
