//! Route 53's own API: record sets, zones, changes.
//!
//! All callers of an account, including Terraform, share five requests a second, so pages without wanted names are not read.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_route53::{
    operation::list_resource_record_sets::{
        ListResourceRecordSetsOutput, builders::ListResourceRecordSetsFluentBuilder,
    },
    types::{ChangeStatus, ResourceRecordSet, RrType},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

use super::super::facts::{
    Alias, ChangeObservation, Epoch, Listing, Record, RecordsQuestion, Routing, Wanted, ZoneObservation, normal,
};
use crate::aws::Reader;
use base::observed::{Fault, FaultKind};
use plan::RecordType;

type Route53 = Reader<aws_sdk_route53::Client>;

const LIST: &str = "ListResourceRecordSets";
/// The most record sets that Route 53 returns on a page.
const PAGE: i32 = 300;

/// Limits this program's requests to the rate that Route 53 accepts: the listings of all zones together, one after another.
#[derive(Debug)]
pub(super) struct Pace {
    /// The pause between two of them.
    apart: Duration,
    last: Mutex<Option<Instant>>,
}

/// At most four of the account's five requests a second, while this program sends requests.
const APART: Duration = Duration::from_millis(250);

impl Default for Pace {
    fn default() -> Self {
        Self::of(APART)
    }
}

impl Pace {
    pub(super) fn of(apart: Duration) -> Self {
        Self { apart, last: Mutex::default() }
    }

    async fn turn(&self) {
        let mut last = self.last.lock().await;
        if let Some(at) = *last {
            sleep_until(at + self.apart).await;
        }
        *last = Some(Instant::now());
    }
}

/// The start of a page; the beginning of the zone, where no name is given.
#[derive(Debug, Clone, Default, PartialEq)]
struct From {
    name: Option<String>,
    record_type: Option<RrType>,
    identifier: Option<String>,
}

/// All record sets of the wanted names, and the TXT records of their epochs.
///
/// The order of the names is not used: Route 53 sorts them by reversed labels joined with dots, so that `api-eu` comes before `api`, and
/// escapes characters other than letters. The code relies only on this: the record sets of one name are adjacent, and a page that is
/// requested by a name begins with the record sets of that name, if there are any (API reference, "ListResourceRecordSets",
/// StartRecordName).
///
/// The first page begins with the zone: if it is the only one, everything is known. Else each remaining name is queried separately. A small
/// zone needs one request, a large one about one per name.
///
/// Each request waits for the pace limit: otherwise the names of a large zone would be throttled, together with all other callers.
pub(super) async fn records(route53: &Route53, pace: &Pace, question: &RecordsQuestion) -> Result<Listing, Fault> {
    let epochs: Vec<String> = question.wanted.iter().map(|w| Epoch::place(&w.name)).collect();
    let names = question.wanted.iter().map(|w| w.name.as_str()).chain(epochs.iter().map(String::as_str));
    let mut open: BTreeSet<&str> = names.collect();
    let mut out = Listing::default();
    if open.is_empty() {
        return Ok(out);
    }
    let send = |from: Option<From>| {
        let request = page(route53, &question.zone, from.unwrap_or_default());
        async {
            pace.turn().await;
            request.send().await
        }
    };
    let mut from = None;
    let take = |page: &ListResourceRecordSetsOutput| {
        let malformed = |words: &str| route53.fault(LIST, FaultKind::Malformed, words);
        let next = next(page).map_err(malformed)?;
        for set in page.resource_record_sets() {
            if !open.contains(normal(set.name()).as_str()) {
                continue;
            }
            out.records.extend(record(set, &question.wanted).map_err(|w| malformed(&w))?);
            out.epochs.extend(epoch(set, &epochs).map_err(|w| malformed(&w))?);
        }
        from = goes_on(&mut open, from.as_ref(), page.resource_record_sets(), next);
        Ok(from.clone())
    };
    route53.pages(LIST, send, take).await?;
    Ok(out)
}

/// Removes the names that are complete after a page; returns where to go on, if a name is not.
fn goes_on(
    open: &mut BTreeSet<&str>,
    from: Option<&From>,
    sets: &[ResourceRecordSet],
    next: Option<From>,
) -> Option<From> {
    // A name that continues on the next page is not complete yet.
    let cut = next.as_ref().and_then(|next| next.name.clone());
    let here: BTreeSet<String> = sets.iter().map(|set| normal(set.name())).collect();
    open.retain(|name| cut.as_deref() == Some(*name) || !here.contains(*name));
    let asked = from.and_then(|from| from.name.as_deref());
    // A page that is requested by a name begins with it: the name is complete, or does not exist.
    if let Some(asked) = asked
        && cut.as_deref() != Some(asked)
    {
        open.remove(asked);
    }
    match next {
        // The page contained the whole zone.
        None if asked.is_none() => None,
        Some(next) if next.name.as_deref().is_some_and(|n| open.contains(n) && here.contains(n)) => Some(next),
        _ => open.first().map(|name| From { name: Some((*name).to_owned()), ..From::default() }),
    }
}

fn page(route53: &Route53, zone: &str, from: From) -> ListResourceRecordSetsFluentBuilder {
    route53
        .list_resource_record_sets()
        .hosted_zone_id(zone)
        .set_start_record_name(from.name)
        .set_start_record_type(from.record_type)
        .set_start_record_identifier(from.identifier)
        .max_items(PAGE)
}

/// The start of the next page; none after the last one.
fn next(page: &ListResourceRecordSetsOutput) -> Result<Option<From>, &'static str> {
    if !page.is_truncated() {
        return Ok(None);
    }
    let name = page.next_record_name().ok_or("a page says there is more and not where")?;
    Ok(Some(From {
        name: Some(normal(name)),
        record_type: page.next_record_type().cloned(),
        identifier: page.next_record_identifier().map(str::to_owned),
    }))
}

const fn type_of(rr: &RrType) -> Option<RecordType> {
    match rr {
        RrType::A => Some(RecordType::A),
        RrType::Aaaa => Some(RecordType::Aaaa),
        RrType::Cname => Some(RecordType::Cname),
        _ => None,
    }
}

/// A record set in our own type, if it is wanted.
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

/// The TXT record of an epoch, if the record set is one.
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

/// The type of a zone.
pub(super) async fn zone(route53: &Route53, id: &str) -> Result<ZoneObservation, Fault> {
    let answer = route53.call("GetHostedZone", route53.get_hosted_zone().id(id).send()).await?;
    let Some(zone) = answer.hosted_zone() else {
        return Err(route53.fault("GetHostedZone", FaultKind::Malformed, "no zone in the answer"));
    };
    Ok(ZoneObservation {
        name: normal(zone.name()),
        private: zone.config().is_some_and(|c| c.private_zone()),
        servers: answer.delegation_set().map_or_else(Vec::new, |d| d.name_servers().to_vec()),
    })
}

/// The progress of a change.
pub(super) async fn change(route53: &Route53, id: &str) -> Result<ChangeObservation, Fault> {
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
    Ok(ChangeObservation { insync, submitted })
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::{ResourceRecord, ResourceRecordSet, ResourceRecordSetRegion, RrType};

    use super::{Routing, Wanted, record};
    use plan::RecordType;

    fn wanted() -> Vec<Wanted> {
        vec![Wanted { name: "api.example.test.".to_owned(), record_type: RecordType::A }]
    }

    fn set(name: &str) -> aws_sdk_route53::types::builders::ResourceRecordSetBuilder {
        ResourceRecordSet::builder().name(name).r#type(RrType::A).set_identifier("vir").ttl(60)
    }

    #[test]
    fn a_set_is_read_and_what_cannot_be_true_is_not() {
        let value = |v: &str| ResourceRecord::builder().value(v).build().expect("value");
        let good =
            set("API.example.test").weight(90).resource_records(value("10.1.0.2")).resource_records(value("10.1.0.1"));
        let read = record(&good.build().expect("set"), &wanted()).expect("readable").expect("wanted");
        assert_eq!(
            (read.routing, read.values),
            (Routing::Weighted(90), vec!["10.1.0.1".to_owned(), "10.1.0.2".to_owned()])
        );
        let other = record(&set("x.example.test.").weight(1).build().expect("set"), &wanted());
        assert_eq!(other.expect("readable"), None);
        let heavy = record(&set("api.example.test.").weight(256).build().expect("set"), &wanted());
        assert!(heavy.expect_err("too heavy").contains("256"));
        let latency = set("api.example.test.").region(ResourceRecordSetRegion::UsEast1).build().expect("set");
        assert_eq!(record(&latency, &wanted()).expect("readable").expect("wanted").routing, Routing::Other("latency"));
    }
}
