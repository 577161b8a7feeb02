//! The meaning of a set of records: the configured share of each side, and irregularities of the set.
//!
//! Route 53's rules, from its developer guide ("Values specific for weighted records", "How Amazon Route 53 chooses records when health
//! checking is configured"): weights are 0–255; a record of weight 0 is never answered while another has more; if all are 0, each is
//! answered equally often; if all non-zero records with health checks are unhealthy, those of weight 0 are answered; if all are unhealthy,
//! all count as healthy; all records of a weighted set have one TTL.

use super::facts::{Record, Routing};
use base::{
    observed::{Fault, FaultKind},
    side::{Side, Sides},
    view::Tone,
};
use plan::DnsName;

/// The side of a record, by its set identifier.
pub(super) fn side_of(name: &DnsName, record: &Record) -> Option<Side> {
    let id = record.set_id.as_deref()?;
    Side::BOTH.into_iter().find(|&side| name.set_identifiers.get(side).iter().any(|s| s == id))
}

/// The configuration in the records.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Configured {
    /// Share of each side, 0 to 1.
    pub share: Sides<f64>,
    /// Share of records that belong to no side.
    pub neither: f64,
    /// Sum of all weights.
    pub sum: u32,
    /// Weights of each side together.
    pub weight: Sides<u32>,
    /// The longest TTL; none where all are aliases.
    pub ttl: Option<u32>,
    /// Whether any record is an alias.
    pub alias: bool,
}

/// Shares of a name's records.
///
/// # Errors
/// No record ([`FaultKind::Empty`]), or one that is not weighted ([`FaultKind::Unsupported`]): such a name has no shares.
pub(super) fn configured(name: &DnsName, records: &[Record]) -> Result<Configured, Fault> {
    let what = || format!("zone {}: {} {}", name.zone, name.name, name.record_type.word());
    if records.is_empty() {
        return Err(Fault::new(FaultKind::Empty, format!("{}: no such record", what())));
    }
    let mut weights = Vec::with_capacity(records.len());
    for record in records {
        match record.routing {
            Routing::Weighted(w) => weights.push((side_of(name, record), u32::from(w))),
            Routing::Simple => {
                let text = format!("{}: a simple record, not a weighted one: it has no shares", what());
                return Err(Fault::new(FaultKind::Unsupported, text));
            }
            Routing::Other(policy) => {
                let text = format!("{}: routed by {policy}, not by weight: it has no shares", what());
                return Err(Fault::new(FaultKind::Unsupported, text));
            }
        }
    }
    let sum: u32 = weights.iter().map(|w| w.1).sum();
    let weight = Sides::from_fn(|side| weights.iter().filter(|w| w.0 == Some(side)).map(|w| w.1).sum());
    let share = |side: Option<Side>| -> f64 {
        let own = weights.iter().filter(|w| w.0 == side);
        if sum == 0 {
            // All zero: each record equally often.
            own.count() as f64 / weights.len() as f64
        } else {
            f64::from(own.map(|w| w.1).sum::<u32>()) / f64::from(sum)
        }
    };
    Ok(Configured {
        share: Sides::from_fn(|side| share(Some(side))),
        neither: share(None),
        sum,
        weight,
        ttl: records.iter().filter_map(|r| r.ttl).max(),
        alias: records.iter().any(|r| r.alias.is_some()),
    })
}

/// Planned shares; none where the plan does not give any. Both 0 is an equal split of the sides' records.
pub(super) fn planned(name: &DnsName) -> Option<Sides<f64>> {
    let planned = name.planned?;
    let (source, target) = (f64::from(planned.source), f64::from(planned.target));
    let (source, target) = if source + target > 0.0 {
        (source, target)
    } else {
        (name.set_identifiers.source.len().max(1) as f64, name.set_identifiers.target.len().max(1) as f64)
    };
    Some(Sides { source: source / (source + target), target: target / (source + target) })
}

/// Remarks for the operator on a set before it is moved.
pub(super) fn remarks(name: &DnsName, records: &[Record]) -> Vec<(Tone, String)> {
    let mut out = Vec::new();
    let weight = |r: &Record| if let Routing::Weighted(w) = r.routing { Some(w) } else { None };
    let id = |r: &Record| r.set_id.clone().unwrap_or_else(|| "(no set identifier)".to_owned());
    if !records.is_empty() && records.iter().all(|r| weight(r) == Some(0)) {
        out.push((Tone::Warn, "all weights are 0: every record is answered equally often".to_owned()));
    } else {
        let others_checked = |r: &Record| {
            records
                .iter()
                .filter(|o| *o != r && weight(o) != Some(0))
                .all(|o| o.health_check.is_some() || o.alias.as_ref().is_some_and(|a| a.evaluate_health))
        };
        for r in records.iter().filter(|r| weight(r) == Some(0) && others_checked(r)) {
            let text = format!("{}: weight 0, yet answered when the health checks of all others fail", id(r));
            out.push((Tone::Warn, text));
        }
    }
    let mut ttls: Vec<u32> = records.iter().filter_map(|r| r.ttl).collect();
    ttls.sort_unstable();
    ttls.dedup();
    if ttls.len() > 1 {
        let text = format!("TTLs differ ({ttls:?} s): a weighted set has one, and all must change in one batch");
        out.push((Tone::Warn, text));
    }
    for r in records.iter().filter(|r| side_of(name, r).is_none()) {
        out.push((Tone::Warn, format!("{}: belongs to neither side by the plan's set_identifiers", id(r))));
    }
    for side in Side::BOTH {
        for wanted in name.set_identifiers.get(side) {
            if !records.iter().any(|r| r.set_id.as_ref() == Some(wanted)) {
                out.push((Tone::Bad, format!("{wanted} ({side}): no such set identifier at this name")));
            }
        }
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use std::num::NonZeroU32;

    use super::{configured, planned, remarks};
    use crate::route53::facts::{Alias, Record, Routing};
    use base::{observed::FaultKind, side::Sides};
    use plan::{DnsName, RecordType};

    pub(in super::super) fn name() -> DnsName {
        DnsName {
            name: "api.example.test.".to_owned(),
            zone: "Z1".to_owned(),
            record_type: RecordType::A,
            set_identifiers: Sides { source: vec!["vir".to_owned()], target: vec!["ore".to_owned()] },
            planned: Some(Sides { source: 90, target: 10 }),
            servers: vec!["127.0.0.1:53".parse().expect("address")],
            resolvers: Vec::new(),
            answers: Sides::default(),
            rate: NonZeroU32::new(20).expect("not 0"),
        }
    }

    pub(in super::super) fn record(set_id: &str, weight: u8, value: &str) -> Record {
        Record {
            name: "api.example.test.".to_owned(),
            record_type: RecordType::A,
            set_id: Some(set_id.to_owned()),
            routing: Routing::Weighted(weight),
            ttl: Some(60),
            values: vec![value.to_owned()],
            alias: None,
            health_check: None,
        }
    }

    #[test]
    fn shares_are_weights_of_all_weights() {
        let c = configured(&name(), &[record("vir", 90, "a."), record("ore", 10, "b."), record("x", 100, "c.")])
            .expect("shares");
        assert_eq!((c.share.source, c.share.target, c.neither, c.sum), (0.45, 0.05, 0.5, 200));
    }

    #[test]
    fn all_zero_is_an_equal_split_and_is_said_so() {
        let records = [record("vir", 0, "a."), record("ore", 0, "b.")];
        let c = configured(&name(), &records).expect("shares");
        assert_eq!((c.share.source, c.share.target, c.sum), (0.5, 0.5, 0));
        assert!(remarks(&name(), &records)[0].1.contains("equally often"));
        let mut zero = name();
        zero.planned = Some(Sides { source: 0, target: 0 });
        assert_eq!(planned(&zero), Some(Sides { source: 0.5, target: 0.5 }));
    }

    #[test]
    fn what_has_no_shares_is_a_fault_not_zero() {
        assert_eq!(configured(&name(), &[]).expect_err("empty").kind, FaultKind::Empty);
        let mut simple = record("vir", 1, "a.");
        simple.routing = Routing::Simple;
        assert_eq!(configured(&name(), &[simple]).expect_err("simple").kind, FaultKind::Unsupported);
    }

    #[test]
    fn a_zero_weight_is_a_silent_way_back_if_the_others_are_health_checked() {
        let checked = |r: Record| Record { health_check: Some("hc".to_owned()), ..r };
        let quiet = remarks(&name(), &[record("vir", 0, "a."), record("ore", 10, "b.")]);
        assert!(quiet.is_empty(), "{quiet:?}");
        let loud = remarks(&name(), &[record("vir", 0, "a."), checked(record("ore", 10, "b."))]);
        assert!(loud[0].1.contains("weight 0, yet answered"), "{loud:?}");
    }

    #[test]
    fn an_alias_has_no_ttl_and_that_is_no_mismatch() {
        let alias = Record {
            ttl: None,
            values: Vec::new(),
            alias: Some(Alias { target: "lb.".to_owned(), zone: "ZLB".to_owned(), evaluate_health: true }),
            ..record("vir", 1, "a.")
        };
        let c = configured(&name(), &[alias.clone(), record("ore", 1, "b.")]).expect("shares");
        assert_eq!((c.ttl, c.alias), (Some(60), true));
        assert!(remarks(&name(), &[alias, record("ore", 1, "b.")]).is_empty());
    }

    #[test]
    fn odd_sets_are_remarked_upon() {
        let text =
            |records: &[Record]| remarks(&name(), records).into_iter().map(|r| r.1).collect::<Vec<_>>().join("\n");
        let other_ttl = Record { ttl: Some(300), ..record("ore", 1, "b.") };
        assert!(text(&[record("vir", 1, "a."), other_ttl]).contains("TTLs differ"));
        let missing = text(&[record("vir", 1, "a."), record("stray", 1, "c.")]);
        assert!(
            missing.contains("stray: belongs to neither side") && missing.contains("ore (target): no such set"),
            "{missing}"
        );
    }
}
