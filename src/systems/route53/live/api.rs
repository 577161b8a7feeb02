//! Route 53's own API: record sets, zones, changes.
//!
//! All callers of an account share five requests a second, Terraform included, so no page is read that holds nothing wanted.

use aws_sdk_route53::types::{ChangeStatus, ResourceRecordSet, RrType};

use super::super::facts::{
    Alias, ChangeFacts, Epoch, Listing, Record, RecordsQuestion, Routing, Wanted, ZoneFacts, normal,
};
use crate::{
    core::estate::seen::{Fault, FaultKind},
    plan::RecordType,
    systems::aws::Reader,
};

type Route53 = Reader<aws_sdk_route53::Client>;

const LIST: &str = "ListResourceRecordSets";
/// The most that Route 53 gives in one page.
const PAGE: i32 = 300;
/// More pages than a cycle may cost; a zone that needs more is a fault, not a slow source.
const PAGES: usize = 50;

/// Where a page begins.
#[derive(Debug, Clone, PartialEq)]
struct From {
    name: String,
    record_type: Option<RrType>,
    identifier: Option<String>,
}

/// All record sets of the wanted names, and the TXT records of their epochs.
///
/// A zone is sorted by name with the labels reversed. Reading begins at the first wanted name and, where a page has more after
/// it, goes on either there or at the next wanted name, whichever is later: a small zone is one request, a large one about one a
/// name.
pub(super) async fn records(route53: &Route53, question: &RecordsQuestion) -> Result<Listing, Fault> {
    let epochs: Vec<String> = question.wanted.iter().map(|w| Epoch::place(&w.name)).collect();
    let mut wanted: Vec<&str> = question.wanted.iter().map(|w| w.name.as_str()).collect();
    wanted.extend(epochs.iter().map(String::as_str));
    wanted.sort_by_key(|name| sort_key(name));
    let Some(first) = wanted.first() else { return Ok(Listing::default()) };
    let mut from = From { name: (*first).to_owned(), record_type: None, identifier: None };
    let mut out = Listing::default();
    for _ in 0..PAGES {
        let request = route53
            .list_resource_record_sets()
            .hosted_zone_id(&*question.zone)
            .start_record_name(&from.name)
            .set_start_record_type(from.record_type.clone())
            .set_start_record_identifier(from.identifier.clone())
            .max_items(PAGE);
        let page = route53.call(LIST, request.send()).await?;
        for set in page.resource_record_sets() {
            if let Some(record) = record(set, &question.wanted).map_err(|w| malformed(route53, &w))? {
                out.records.push(record);
            }
            if let Some(epoch) = epoch(set, &epochs).map_err(|w| malformed(route53, &w))? {
                out.epochs.push(epoch);
            }
        }
        if !page.is_truncated() {
            return Ok(out);
        }
        let Some(next) = page.next_record_name() else {
            return Err(malformed(route53, "a page says there is more and not where"));
        };
        let next = From {
            name: normal(next),
            record_type: page.next_record_type().cloned(),
            identifier: page.next_record_identifier().map(str::to_owned),
        };
        if next == from {
            return Err(malformed(route53, "a page goes on where it began"));
        }
        match go_on(&wanted, next) {
            Some(next) => from = next,
            None => return Ok(out),
        }
    }
    Err(malformed(route53, &format!("more than {PAGES} pages of record sets")))
}

/// Where to read on: at `next`, or at the first wanted name if that comes later; nowhere if all wanted names lie before.
fn go_on(wanted: &[&str], next: From) -> Option<From> {
    let at = sort_key(&next.name);
    let name = wanted.iter().find(|name| sort_key(name) >= at)?;
    if *name == next.name {
        return Some(next);
    }
    Some(From { name: (*name).to_owned(), record_type: None, identifier: None })
}

/// What a zone's names are sorted by: the labels, last one first.
fn sort_key(name: &str) -> Vec<&str> {
    name.trim_end_matches('.').rsplit('.').collect()
}

fn malformed(route53: &Route53, words: &str) -> Fault {
    route53.fault(LIST, FaultKind::Malformed, words)
}

const fn type_of(rr: &RrType) -> Option<RecordType> {
    match rr {
        RrType::A => Some(RecordType::A),
        RrType::Aaaa => Some(RecordType::Aaaa),
        RrType::Cname => Some(RecordType::Cname),
        _ => None,
    }
}

/// A record set as we know it, if it is wanted.
fn record(set: &ResourceRecordSet, wanted: &[Wanted]) -> Result<Option<Record>, String> {
    let name = normal(set.name());
    let Some(record_type) = type_of(set.r#type()) else { return Ok(None) };
    if !wanted.iter().any(|w| w.name == name && w.record_type == record_type) {
        return Ok(None);
    }
    let mut values: Vec<_> = set.resource_records().iter().map(|r| r.value().to_owned()).collect();
    values.sort();
    let ttl = set.ttl().map(|ttl| u32::try_from(ttl).map_err(|_| format!("{name}: a TTL of {ttl}"))).transpose()?;
    Ok(Some(Record {
        record_type,
        set_id: set.set_identifier().map(str::to_owned),
        routing: routing(set).map_err(|weight| format!("{name}: a weight of {weight}"))?,
        ttl,
        values,
        alias: set.alias_target().map(|alias| Alias {
            target: normal(alias.dns_name()),
            zone: alias.hosted_zone_id().to_owned(),
            evaluate_health: alias.evaluate_target_health(),
        }),
        health_check: set.health_check_id().map(str::to_owned),
        name,
    }))
}

/// The TXT record of an epoch, if the set is one.
fn epoch(set: &ResourceRecordSet, epochs: &[String]) -> Result<Option<Epoch>, String> {
    let name = normal(set.name());
    if *set.r#type() != RrType::Txt || !epochs.contains(&name) {
        return Ok(None);
    }
    let ttl = set.ttl().unwrap_or_default();
    let ttl = u32::try_from(ttl).map_err(|_| format!("{name}: a TTL of {ttl}"))?;
    let values = set.resource_records().iter().map(|r| r.value().to_owned()).collect();
    Ok(Some(Epoch { name, ttl, values }))
}

fn routing(set: &ResourceRecordSet) -> Result<Routing, i64> {
    Ok(if let Some(weight) = set.weight() {
        Routing::Weighted(u8::try_from(weight).map_err(|_| weight)?)
    } else if set.region().is_some() {
        Routing::Other("latency")
    } else if set.failover().is_some() {
        Routing::Other("failover")
    } else if set.geo_location().is_some() {
        Routing::Other("geolocation")
    } else if set.geo_proximity_location().is_some() {
        Routing::Other("geoproximity")
    } else if set.cidr_routing_config().is_some() {
        Routing::Other("IP-based")
    } else if set.multi_value_answer().is_some() {
        Routing::Other("multivalue")
    } else {
        Routing::Simple
    })
}

/// What kind of zone it is.
pub(super) async fn zone(route53: &Route53, id: &str) -> Result<ZoneFacts, Fault> {
    let answer = route53.call("GetHostedZone", route53.get_hosted_zone().id(id).send()).await?;
    let Some(zone) = answer.hosted_zone() else {
        return Err(route53.fault("GetHostedZone", FaultKind::Malformed, "no zone in the answer"));
    };
    Ok(ZoneFacts {
        name: normal(zone.name()),
        private: zone.config().is_some_and(|c| c.private_zone()),
        servers: answer.delegation_set().map_or_else(Vec::new, |d| d.name_servers().to_vec()),
    })
}

/// How far a change has come.
pub(super) async fn change(route53: &Route53, id: &str) -> Result<ChangeFacts, Fault> {
    let answer = route53.call("GetChange", route53.get_change().id(id).send()).await?;
    let fault = |words: &str| route53.fault("GetChange", FaultKind::Malformed, words);
    let Some(info) = answer.change_info() else { return Err(fault("no change in the answer")) };
    let insync = match info.status() {
        ChangeStatus::Insync => true,
        ChangeStatus::Pending => false,
        other => return Err(fault(&format!("status {other}"))),
    };
    let at = info.submitted_at();
    let submitted = jiff::Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).unwrap_or(0))
        .map_err(|e| fault(&format!("submitted at no time: {e}")))?;
    Ok(ChangeFacts { insync, submitted })
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::{ResourceRecord, ResourceRecordSet, ResourceRecordSetRegion, RrType};

    use super::{From, Routing, Wanted, go_on, record, sort_key};
    use crate::plan::RecordType;

    #[test]
    fn names_sort_by_their_labels_from_the_end() {
        let mut names = ["www.example.test.", "example.test.", "a.b.example.test.", "b.example.test.", "z.a.example.test."];
        names.sort_by_key(|n| sort_key(n));
        assert_eq!(
            names,
            ["example.test.", "z.a.example.test.", "b.example.test.", "a.b.example.test.", "www.example.test."]
        );
    }

    #[test]
    fn pages_without_a_wanted_name_are_left_out() {
        let wanted = ["api.example.test.", "www.example.test."];
        let at = |name: &str| From { name: name.to_owned(), record_type: Some(RrType::A), identifier: Some("vir".to_owned()) };
        assert_eq!(go_on(&wanted, at("api.example.test.")), Some(at("api.example.test.")), "in the middle of a set");
        let skipped = go_on(&wanted, at("host-7.example.test.")).expect("one more");
        assert_eq!((skipped.name.as_str(), skipped.record_type), ("www.example.test.", None));
        assert_eq!(go_on(&wanted, at("x.www.example.test.")), None);
    }

    fn wanted() -> Vec<Wanted> {
        vec![Wanted { name: "api.example.test.".to_owned(), record_type: RecordType::A }]
    }

    fn set(name: &str) -> aws_sdk_route53::types::builders::ResourceRecordSetBuilder {
        ResourceRecordSet::builder().name(name).r#type(RrType::A).set_identifier("vir").ttl(60)
    }

    #[test]
    fn a_set_is_read_and_what_cannot_be_true_is_not() {
        let value = |v: &str| ResourceRecord::builder().value(v).build().expect("value");
        let good = set("API.example.test").weight(90).resource_records(value("10.1.0.2")).resource_records(value("10.1.0.1"));
        let read = record(&good.build().expect("set"), &wanted()).expect("readable").expect("wanted");
        assert_eq!((read.routing, read.values), (Routing::Weighted(90), vec!["10.1.0.1".to_owned(), "10.1.0.2".to_owned()]));
        let other = record(&set("x.example.test.").weight(1).build().expect("set"), &wanted());
        assert_eq!(other.expect("readable"), None);
        let heavy = record(&set("api.example.test.").weight(256).build().expect("set"), &wanted());
        assert!(heavy.expect_err("too heavy").contains("256"));
        let latency = set("api.example.test.").region(ResourceRecordSetRegion::UsEast1).build().expect("set");
        assert_eq!(record(&latency, &wanted()).expect("readable").expect("wanted").routing, Routing::Other("latency"));
    }
}
