//! Weighted DNS names: records, weights, servers, and the side of each answer.

use std::num::NonZeroU32;

use super::{bare_sides, sided_names, unique};
use crate::{
    diag::{Code, Diagnosis, Faults},
    scalar::quoted,
    tree::{At, Table, without_spans},
    types::{DnsName, RecordType},
};
use base::side::{Side, Sides};

pub(super) fn all(root: &Table, faults: &mut Faults) -> Option<Vec<DnsName>> {
    let records: Vec<At<(String, RecordType)>> = root
        .tables("dns")
        .filter_map(|t| {
            let name: At<String> = t.at("name")?;
            Some(At { value: (qualified(&name.value), record_type(t)?), span: name.span })
        })
        .collect();
    unique(&records, |(name, kind)| format!("the {} record {}", kind.word(), quoted(name)), faults);
    let names: Vec<_> = root.tables("dns").map(|t| name(t, faults)).collect();
    names.into_iter().collect()
}

/// With a trailing dot and in lower case, as Route 53 stores names.
pub(super) fn qualified(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_ascii_lowercase())
}

fn record_type(table: &Table) -> Option<RecordType> {
    Some(match table.get::<String>("type")?.as_str() {
        "AAAA" => RecordType::Aaaa,
        "CNAME" => RecordType::Cname,
        _ => RecordType::A,
    })
}

fn name(table: &Table, faults: &mut Faults) -> Option<DnsName> {
    let set_identifiers = apart("set_identifiers", table, faults);
    let answers = apart("answers", table, faults);
    let servers: Vec<At<_>> = table.list("servers");
    let resolvers: Vec<At<_>> = table.list("resolvers");
    unique(&servers, |address| format!("the server {address}"), faults);
    unique(&resolvers, |address| format!("the resolver {address}"), faults);
    let rate = table.get::<i64>("rate").and_then(|n| u32::try_from(n).ok()).and_then(NonZeroU32::new);
    let planned = planned(table, faults);
    Some(DnsName {
        name: qualified(&table.get::<String>("name")?),
        zone: table.get("zone")?,
        record_type: record_type(table)?,
        set_identifiers,
        planned,
        servers: without_spans(servers),
        resolvers: without_spans(resolvers),
        answers,
        rate: rate?,
    })
}

fn planned(table: &Table, faults: &mut Faults) -> Option<Sides<u8>> {
    let t = table.table("planned")?;
    let weight = |side: Side| t.get::<i64>(side.word()).and_then(|n| u8::try_from(n).ok());
    let planned = Sides { source: weight(Side::Source)?, target: weight(Side::Target)? };
    if planned == (Sides { source: 0, target: 0 }) {
        let message = "`planned` is 0 on both sides: Route 53 then answers with both alike";
        let span = table.written("planned").unwrap_or_else(|| t.span.clone());
        faults.push(Diagnosis::error(Code::Conflict, &span, message).hint("give at least one side a weight"));
    }
    Some(planned)
}

/// Names for each side, none of them twice or on both.
fn apart(key: &str, table: &Table, faults: &mut Faults) -> Sides<Vec<String>> {
    let names = sided_names(table.table(key));
    let both: Vec<At<String>> = names.source.iter().chain(&names.target).cloned().collect();
    unique(&both, |name| format!("{} in `{key}`", quoted(name)), faults);
    if key == "answers" {
        for at in &both {
            if let Some(why) = not_an_answer(&at.value) {
                faults.push(
                    Diagnosis::error(Code::BadValue, &at.span, format!("{} {why}", quoted(&at.value)))
                        .hint("write an address, a network in CIDR form such as \"10.1.0.0/16\", or a DNS name"),
                );
            }
        }
    }
    bare_sides(names)
}

/// The fault of an answer that the format check accepted.
fn not_an_answer(text: &str) -> Option<&'static str> {
    use std::net::IpAddr;
    if let Some((address, prefix)) = text.split_once('/') {
        return match (address.parse::<IpAddr>(), prefix.parse::<u8>()) {
            (Ok(IpAddr::V4(_)), Ok(0..=32)) | (Ok(IpAddr::V6(_)), Ok(0..=128)) => None,
            (Ok(_), _) => Some("has a prefix that is too long"),
            (Err(_), _) => Some("is not a network"),
        };
    }
    let digits = text.chars().all(|c| c.is_ascii_digit() || c == '.') || text.contains(':');
    (digits && text.parse::<IpAddr>().is_err()).then_some("is not an address")
}
