//! Fills Route 53: one zone with weighted names, one of them an alias to the sides' load balancers.

use std::fmt::Write;

use landfall::base::side::{Side, Sides};
use reqwest::Method;

use super::{Endpoint, element};
use crate::{
    error::{Error, Result},
    estate::{NAMES, Name, REGIONS, ZONE, addresses, set_identifier},
};

const XMLNS: &str = "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"";

/// Fills Route 53 and returns the zone's id. It is the same every time (`moto.py` ensures that), because plans contain
/// it.
///
/// # Errors
/// If moto refuses a call.
pub async fn fill(endpoint: &Endpoint) -> Result<String> {
    endpoint.reset().await?;
    let zone = format!(
        "<CreateHostedZoneRequest {XMLNS}><Name>{ZONE}.</Name><CallerReference>lab</CallerReference></CreateHostedZoneRequest>"
    );
    let xml = endpoint.rest(Method::POST, "/2013-04-01/hostedzone", "route53", zone).await?;
    let id = element(&xml, "Id")?.trim_start_matches("/hostedzone/").to_owned();
    records(endpoint, &id).await?;
    Ok(id)
}

async fn records(endpoint: &Endpoint, zone: &str) -> Result<()> {
    let changes: String = NAMES.iter().flat_map(|name| Side::BOTH.map(|side| change("CREATE", name, side))).collect();
    send(endpoint, zone, &changes).await
}

/// Changes the weights of a name, as an external change that bypasses landfall.
///
/// # Errors
/// If the lab has no such name, or moto refuses.
pub async fn weigh(endpoint: &Endpoint, zone: &str, label: &str, weights: Sides<u8>) -> Result<()> {
    let name = NAMES.iter().find(|name| name.label == label).ok_or_else(|| Error::new("looking for a name", label))?;
    let name = Name { weights, ..*name };
    send(endpoint, zone, &Side::BOTH.map(|side| change("UPSERT", &name, side)).concat()).await
}

async fn send(endpoint: &Endpoint, zone: &str, changes: &str) -> Result<()> {
    let body = format!(
        "<ChangeResourceRecordSetsRequest {XMLNS}><ChangeBatch><Changes>{changes}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
    );
    let path = format!("/2013-04-01/hostedzone/{zone}/rrset/");
    endpoint.rest(Method::POST, &path, "route53", body).await.map(drop)
}

fn change(action: &str, name: &Name, side: Side) -> String {
    let mut set = format!(
        "<Name>{}.{ZONE}.</Name><Type>A</Type><SetIdentifier>{}</SetIdentifier><Weight>{}</Weight>",
        name.label,
        set_identifier(side),
        name.weights.get(side)
    );
    // Writing to a String cannot fail.
    let _ = match name.ttl {
        Some(ttl) => {
            let values =
                addresses(side, name.label).map(|a| format!("<ResourceRecord><Value>{a}</Value></ResourceRecord>"));
            write!(set, "<TTL>{ttl}</TTL><ResourceRecords>{}</ResourceRecords>", values.concat())
        }
        None => write!(
            set,
            "<AliasTarget><HostedZoneId>Z35SXDOTRQ7X7K</HostedZoneId><DNSName>{}</DNSName>\
             <EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>",
            balancer(name.label, side)
        ),
    };
    format!("<Change><Action>{action}</Action><ResourceRecordSet>{set}</ResourceRecordSet></Change>")
}

/// DNS name of a side's load balancer.
#[must_use]
pub fn balancer(label: &str, side: Side) -> String {
    format!("{label}-1.{}.elb.amazonaws.com.", REGIONS.get(side))
}
