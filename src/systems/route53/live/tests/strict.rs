//! A small Route 53 that is as strict as the real one where it matters: a DELETE has to name exactly what is there, a CREATE must not find
//! anything, a weighted set has one time to live, a batch is carried out completely or not at all; PENDING, then INSYNC.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::aws::served::{self, Asked};

/// The fault of the next change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Not carried out; the answer is this status and code.
    Refuse(u16, &'static str),
    /// Carried out, then the connection is cut.
    CutAfter,
    /// Carried out, then the answer is a server error.
    ErrorAfter,
    /// Not carried out; the answer is a server error.
    ErrorBefore,
}

/// Name, type, set identifier.
type Key = (String, String, String);

#[derive(Default)]
pub(super) struct Server {
    /// The fields of each record set besides its key: fields in order, values in any order.
    pub(super) sets: BTreeMap<Key, BTreeMap<String, Vec<String>>>,
    /// How often each change was queried.
    pub(super) changes: HashMap<String, u32>,
    pub(super) trouble: Option<Trouble>,
    /// A refused batch is reported in the form whose root element is the error's name.
    pub(super) bare: bool,
    /// Reads fail.
    pub(super) blind: bool,
    /// Record sets per page; 0: as many as Route 53 returns.
    pub(super) page: usize,
    /// Pages requested.
    pub(super) listed: usize,
    /// The time of the last page request, and the shortest interval between two of them.
    pub(super) asked: Option<Instant>,
    pub(super) apart: Option<Duration>,
    /// Bodies of all changes that arrived, and the keys that signed them.
    pub(super) arrived: Vec<(String, String)>,
}

pub(super) type Shared = Arc<Mutex<Server>>;

/// Route 53's sort key of a name: its labels in reverse order, joined with dots, with the trailing dot, as a string.
fn order(name: &str) -> String {
    let labels: Vec<&str> = name.trim_end_matches('.').rsplit('.').collect();
    format!("{}.", labels.join("."))
}

fn place((name, kind, set_id): &Key) -> Key {
    (order(name), kind.clone(), set_id.clone())
}

fn field<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    xml.split_once(&format!("<{name}>"))?.1.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

fn fields(xml: &str, name: &str) -> Vec<String> {
    xml.split(&format!("<{name}>"))
        .skip(1)
        .filter_map(|x| x.split(&format!("</{name}>")).next())
        .map(str::to_owned)
        .collect()
}

fn parsed(xml: &str) -> (Key, BTreeMap<String, Vec<String>>) {
    let text = |name| field(xml, name).unwrap_or_default().to_owned();
    let mut rest = BTreeMap::new();
    for name in ["Weight", "TTL", "HealthCheckId", "HostedZoneId", "DNSName", "EvaluateTargetHealth", "Value"] {
        let mut all = fields(xml, name);
        all.sort();
        if !all.is_empty() {
            rest.insert(name.to_owned(), all);
        }
    }
    ((text("Name"), text("Type"), text("SetIdentifier")), rest)
}

impl Server {
    /// One record set, as the XML inside its element.
    pub(super) fn put(&mut self, xml: &str) {
        let (key, rest) = parsed(xml);
        self.sets.insert(key, rest);
    }

    /// One field of a record set.
    pub(super) fn get(&self, name: &str, set_id: &str, what: &str) -> Vec<String> {
        let found = self.sets.iter().find(|((n, _, s), _)| n == name && s == set_id);
        found.and_then(|(_, rest)| rest.get(what)).cloned().unwrap_or_default()
    }

    /// Carries out a batch, or returns the reason why not.
    pub(super) fn change(&mut self, body: &str) -> Result<(), String> {
        let mut next = self.sets.clone();
        for change in fields(body, "Change") {
            let (key, rest) = parsed(field(&change, "ResourceRecordSet").unwrap_or_default());
            let (name, kind, set_id) = &key;
            let what = format!("resource record set [name='{name}', type='{kind}', set identifier='{set_id}']");
            match field(&change, "Action") {
                Some("DELETE") => match next.get(&key) {
                    None => return Err(format!("Tried to delete {what} but it was not found")),
                    Some(there) if *there != rest => {
                        return Err(format!(
                            "Tried to delete {what} but the values provided do not match the current values"
                        ));
                    }
                    Some(_) => drop(next.remove(&key)),
                },
                Some("CREATE") if next.contains_key(&key) => {
                    return Err(format!("Tried to create {what} but it already exists"));
                }
                Some("CREATE" | "UPSERT") => drop(next.insert(key, rest)),
                other => return Err(format!("Unknown action {other:?}")),
            }
        }
        for ((name, kind, _), rest) in &next {
            let same = next.iter().filter(|((n, k, _), _)| n == name && k == kind);
            if rest.contains_key("DNSName") == rest.contains_key("TTL") {
                return Err(format!("{name} {kind}: an alias has no TTL, and whatever is no alias has one"));
            }
            if same.filter_map(|(_, r)| r.get("TTL")).any(|ttl| rest.get("TTL").is_some_and(|own| own != ttl)) {
                return Err(format!("{name} {kind}: all record sets of a weighted set must have the same TTL"));
            }
        }
        self.sets = next;
        Ok(())
    }

    /// A page, in a zone's order, starting at a name, type and identifier.
    fn list(&self, from: &Key) -> String {
        let tags = |rest: &BTreeMap<String, Vec<String>>, name: &str| {
            rest.get(name).into_iter().flatten().map(|v| format!("<{name}>{v}</{name}>")).collect::<String>()
        };
        let set = |((name, kind, set_id), rest): (&Key, &BTreeMap<String, Vec<String>>)| {
            let id = if set_id.is_empty() { String::new() } else { format!("<SetIdentifier>{set_id}</SetIdentifier>") };
            let values: String = rest
                .get("Value")
                .into_iter()
                .flatten()
                .map(|v| format!("<ResourceRecord><Value>{v}</Value></ResourceRecord>"))
                .collect();
            let values =
                if values.is_empty() { values } else { format!("<ResourceRecords>{values}</ResourceRecords>") };
            let alias = ["HostedZoneId", "DNSName", "EvaluateTargetHealth"].map(|n| tags(rest, n)).concat();
            let alias = if alias.is_empty() { alias } else { format!("<AliasTarget>{alias}</AliasTarget>") };
            format!(
                "<ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type>{id}{}{}{values}{alias}{}</ResourceRecordSet>",
                tags(rest, "Weight"),
                tags(rest, "TTL"),
                tags(rest, "HealthCheckId"),
            )
        };
        let mut all: Vec<_> = self.sets.iter().collect();
        all.sort_by_key(|(key, _)| place(key));
        let start = (order(&from.0), from.1.clone(), from.2.clone());
        // Without a name, from the beginning of the zone.
        let mut rest = all.into_iter().filter(|(key, _)| from.0.is_empty() || place(key) >= start);
        let sets: String = rest.by_ref().take(if self.page == 0 { 300 } else { self.page }).map(set).collect();
        let next = rest.next().map(|((name, kind, set_id), _)| {
            let id = if set_id.is_empty() {
                String::new()
            } else {
                format!("<NextRecordIdentifier>{set_id}</NextRecordIdentifier>")
            };
            format!("<NextRecordName>{name}</NextRecordName><NextRecordType>{kind}</NextRecordType>{id}")
        });
        format!(
            "<ListResourceRecordSetsResponse><ResourceRecordSets>{sets}</ResourceRecordSets><IsTruncated>{}</IsTruncated>{}\
             <MaxItems>300</MaxItems></ListResourceRecordSetsResponse>",
            next.is_some(),
            next.unwrap_or_default(),
        )
    }

    /// Status and body; none: the connection is cut.
    fn answer(&mut self, asked: &Asked) -> Option<(u16, String)> {
        let body = asked.body.as_str();
        let error = |status: u16, code: &str, words: &str| {
            Some((
                status,
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{words}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
                ),
            ))
        };
        let info = |kind: &str, id: &str, status: &str| {
            format!(
                "<{kind}><ChangeInfo><Id>/change/{id}</Id><Status>{status}</Status><SubmittedAt>2026-11-22T01:00:00Z</SubmittedAt></ChangeInfo></{kind}>"
            )
        };
        let (method, path) = asked.line();
        if method == "POST" && path.starts_with("/2013-04-01/hostedzone/Z1/rrset") {
            self.arrived.push((body.to_owned(), asked.header("authorization").to_owned()));
            let trouble = self.trouble.take();
            match trouble {
                Some(Trouble::Refuse(status, code)) => return error(status, code, "no"),
                Some(Trouble::ErrorBefore) => return error(500, "InternalError", "not now"),
                _ => {}
            }
            if let Err(detail) = self.change(body) {
                let detail = detail.replace('\'', "&apos;");
                return if self.bare {
                    Some((
                        400,
                        format!(
                            "<InvalidChangeBatch><Messages><Message>{detail}</Message></Messages><RequestId>r</RequestId></InvalidChangeBatch>"
                        ),
                    ))
                } else {
                    error(400, "InvalidChangeBatch", &format!("[{detail}]"))
                };
            }
            let id = format!("C{:04}", self.changes.len() + 1);
            self.changes.insert(id.clone(), 0);
            return match trouble {
                Some(Trouble::CutAfter) => None,
                Some(Trouble::ErrorAfter) => error(500, "InternalError", "we are sorry"),
                _ => Some((200, info("ChangeResourceRecordSetsResponse", &id, "PENDING"))),
            };
        }
        if self.blind {
            return error(500, "InternalError", "reading fails");
        }
        if let Some(id) = path.strip_prefix("/2013-04-01/change/") {
            let Some(asked) = self.changes.get_mut(id) else { return error(404, "NoSuchChange", id) };
            *asked += 1;
            let status = if *asked > 1 { "INSYNC" } else { "PENDING" };
            return Some((200, info("GetChangeResponse", id, status)));
        }
        if path.starts_with("/2013-04-01/hostedzone/Z1/rrset") {
            self.listed += 1;
            let before = self.asked.replace(Instant::now());
            let apart = before.map(|at| at.elapsed());
            self.apart = self.apart.min(apart).or(apart);
            let query = path.split_once('?').map_or("", |(_, query)| query);
            let get = |name: &str| {
                let found = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name);
                found.map_or_else(String::new, |(_, value)| value.replace("%2A", "*"))
            };
            return Some((200, self.list(&(get("name"), get("type"), get("identifier")))));
        }
        error(404, "NoSuchHostedZone", path)
    }
}

pub(super) async fn serve() -> (Shared, String) {
    let shared = Shared::default();
    let url = served::serve(shared.clone(), Server::answer).await;
    (shared, url)
}
