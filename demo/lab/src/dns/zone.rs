//! A zone as listed by Route 53, and its answers: by weight, with the set's TTL. Pure except for the random choice.

use std::str::FromStr;

use hickory_proto::{
    op::{Message, Query, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, CNAME, NS, SOA, TXT},
    },
};
use landfall::base::side::Side;

use crate::{
    aws::{element, elements, route53},
    estate::{NAMES, addresses},
};

/// TTL of alias answers: that of a load balancer's own records.
const ALIAS_TTL: u32 = 60;

/// A zone's record sets.
#[derive(Debug)]
pub struct Zone {
    origin: Name,
    sets: Vec<Set>,
}

#[derive(Debug)]
struct Set {
    name: Name,
    kind: RecordType,
    weight: Option<u8>,
    ttl: u32,
    data: Vec<RData>,
}

impl Zone {
    /// Parses the answer of ListResourceRecordSets. `None` if it has no weighted set yet, or no SOA.
    #[must_use]
    pub fn parse(origin: &str, xml: &str) -> Option<Self> {
        let sets: Vec<_> = elements(xml, "ResourceRecordSet").into_iter().filter_map(Set::parse).collect();
        let whole = sets.iter().any(|set| set.weight.is_some()) && sets.iter().any(|set| set.kind == RecordType::SOA);
        whole.then(|| Some(Self { origin: Name::from_str(&format!("{origin}.")).ok()?, sets }))?
    }

    /// Adds the answer to a query to `reply`.
    pub fn answer(&self, query: &Query, reply: &mut Message) {
        if !self.origin.zone_of(query.name()) {
            reply.metadata.response_code = ResponseCode::Refused;
            return;
        }
        reply.metadata.authoritative = true;
        let of_name: Vec<_> = self.sets.iter().filter(|set| set.name == *query.name()).collect();
        let of = |kind| of_name.iter().copied().filter(|set| set.kind == kind).collect::<Vec<_>>();
        let candidates =
            Some(of(query.query_type())).filter(|sets| !sets.is_empty()).unwrap_or_else(|| of(RecordType::CNAME));
        match choose(&candidates) {
            Some(set) => {
                reply.add_answers(
                    set.data.iter().map(|data| Record::from_rdata(set.name.clone(), set.ttl, data.clone())),
                );
            }
            None => {
                if of_name.is_empty() {
                    reply.metadata.response_code = ResponseCode::NXDomain;
                }
                let soa = self.sets.iter().filter(|set| set.kind == RecordType::SOA);
                reply.add_authorities(soa.flat_map(|set| {
                    set.data.iter().map(|data| Record::from_rdata(set.name.clone(), set.ttl, data.clone()))
                }));
            }
        }
    }
}

/// Chooses one set by weight. A weight of 0 is never chosen, unless all are 0: then all are equally likely (Route 53
/// Developer Guide, "Weighted routing").
fn choose<'a>(sets: &[&'a Set]) -> Option<&'a Set> {
    let weight = |set: &Set| u32::from(set.weight.unwrap_or(1));
    let total: u32 = sets.iter().map(|set| weight(set)).sum();
    if total == 0 {
        return fastrand::choice(sets).copied();
    }
    let mut dice = fastrand::u32(0..total);
    sets.iter().copied().find(|set| {
        let hit = dice < weight(set);
        dice = dice.saturating_sub(weight(set));
        hit
    })
}

impl Set {
    fn parse(xml: &str) -> Option<Self> {
        let name = Name::from_str(element(xml, "Name").ok()?).ok()?;
        let kind = RecordType::from_str(element(xml, "Type").ok()?).ok()?;
        let weight = element(xml, "Weight").ok().and_then(|weight| weight.parse().ok());
        let (ttl, data) = match element(xml, "DNSName") {
            Ok(target) => (ALIAS_TTL, alias(target)),
            Err(_) => {
                let ttl = element(xml, "TTL").ok()?.parse().ok()?;
                (ttl, elements(xml, "Value").into_iter().filter_map(|value| data(kind, value)).collect())
            }
        };
        Some(Self { name, kind, weight, ttl, data })
    }
}

/// The addresses behind a load balancer of the lab.
fn alias(target: &str) -> Vec<RData> {
    Side::BOTH
        .into_iter()
        .flat_map(|side| NAMES.map(|name| (side, name.label)))
        .find(|(side, label)| {
            route53::balancer(label, *side).eq_ignore_ascii_case(&format!("{}.", target.trim_end_matches('.')))
        })
        .map(|(side, label)| addresses(side, label).map(|address| RData::A(A(address))).to_vec())
        .unwrap_or_default()
}

fn data(kind: RecordType, value: &str) -> Option<RData> {
    Some(match kind {
        RecordType::A => RData::A(A(value.parse().ok()?)),
        RecordType::AAAA => RData::AAAA(AAAA(value.parse().ok()?)),
        RecordType::CNAME => RData::CNAME(CNAME(Name::from_str(value).ok()?)),
        RecordType::NS => RData::NS(NS(Name::from_str(value).ok()?)),
        RecordType::TXT => RData::TXT(TXT::new(vec![value.trim_matches('"').replace("&quot;", "")])),
        RecordType::SOA => {
            let words: Vec<_> = value.split_whitespace().collect();
            let [primary, mail, serial, refresh, retry, expire, minimum] = words[..] else { return None };
            RData::SOA(SOA::new(
                Name::from_str(primary).ok()?,
                Name::from_str(mail).ok()?,
                serial.parse().ok()?,
                refresh.parse().ok()?,
                retry.parse().ok()?,
                expire.parse().ok()?,
                minimum.parse().ok()?,
            ))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::OpCode;

    use super::*;

    fn zone(weights: [u8; 2]) -> Zone {
        let weighted = |id: &str, weight: u8, address: &str| {
            format!(
                "<ResourceRecordSet><Name>api.example.test.</Name><Type>A</Type><SetIdentifier>{id}</SetIdentifier><Weight>{weight}</Weight>\
                 <TTL>60</TTL><ResourceRecords><ResourceRecord><Value>{address}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>"
            )
        };
        let soa = "<ResourceRecordSet><Name>example.test.</Name><Type>SOA</Type><TTL>900</TTL><ResourceRecords><ResourceRecord>\
                   <Value>ns. mail. 1 7200 900 1209600 86400</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>";
        let xml =
            format!("{}{}{soa}", weighted("vir", weights[0], "10.1.0.1"), weighted("ore", weights[1], "10.2.0.1"));
        Zone::parse("example.test", &xml).unwrap()
    }

    fn ask(zone: &Zone, name: &str) -> Message {
        let mut reply = Message::response(1, OpCode::Query);
        zone.answer(&Query::query(Name::from_str(name).unwrap(), RecordType::A), &mut reply);
        reply
    }

    fn share(zone: &Zone) -> usize {
        let source = RData::A(A::new(10, 1, 0, 1));
        (0..4000).filter(|_| ask(zone, "API.example.test.").answers[0].data == source).count()
    }

    #[test]
    fn weights_decide_and_all_zero_is_an_equal_split() {
        assert_eq!(share(&zone([255, 0])), 4000);
        assert_eq!(share(&zone([0, 1])), 0);
        assert!((2600..3400).contains(&share(&zone([30, 10]))));
        assert!((1600..2400).contains(&share(&zone([0, 0]))));
    }

    #[test]
    fn what_is_not_there_is_told_apart_from_what_is_not_ours() {
        let zone = zone([1, 1]);
        assert_eq!(ask(&zone, "none.example.test.").metadata.response_code, ResponseCode::NXDomain);
        assert_eq!(ask(&zone, "none.example.test.").authorities.len(), 1);
        assert_eq!(ask(&zone, "example.org.").metadata.response_code, ResponseCode::Refused);
        assert_eq!(ask(&zone, "api.example.test.").answers[0].ttl, 60);
    }
}
