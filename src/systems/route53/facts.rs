//! Queries and observations: plain data, free of SDK and DNS library types.

use std::{net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use plan::RecordType;

/// One endpoint × one question.
#[derive(Debug, Clone)]
pub enum Query {
    /// A zone's record sets of the plan's names. One collector for each zone, because an account has a total limit of five requests a
    /// second.
    Records(RecordsQuestion),
    /// The type of the zone.
    Zone(Arc<str>),
    /// The progress of a change. Queried once the change's id is known, until it is INSYNC, which is final.
    Change(Arc<str>),
    /// The answers of one server for one name, sampled without end.
    Served(Question),
}

/// The record sets of a zone to be read.
#[derive(Debug, Clone)]
pub struct RecordsQuestion {
    /// Hosted zone id.
    pub zone: Arc<str>,
    /// Names and types, in any order.
    pub wanted: Arc<[Wanted]>,
}

/// A name and a type from the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Normalised: lower case, with the trailing dot.
    pub name: String,
    /// Type.
    pub record_type: RecordType,
}

/// The query to a name server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Index of the name in the plan.
    pub index: usize,
    /// Name and type.
    pub wanted: Wanted,
    /// The server.
    pub server: SocketAddr,
    /// The server's role.
    pub role: Role,
    /// Queries per second.
    pub rate: NonZeroU32,
}

/// The role of a name server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Answers from the zone itself: each answer is an independent sample.
    Authoritative,
    /// Answers from its cache: one sample per time to live.
    Resolver,
}

impl Role {
    /// The word on screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Authoritative => "authoritative",
            Self::Resolver => "resolver",
        }
    }
}

/// The observation of a query.
#[derive(Debug)]
pub enum Observation {
    /// To [`Query::Records`].
    Records(Listing),
    /// To [`Query::Zone`].
    Zone(ZoneObservation),
    /// To [`Query::Change`].
    Change(ChangeObservation),
    /// To [`Query::Served`]: the answers of about one second.
    Served(Batch),
}

/// The record sets of a zone for the wanted names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Their record sets, in Route 53's order.
    pub records: Vec<Record>,
    /// The TXT records that hold their epochs; a name that landfall has never changed has none.
    pub epochs: Vec<Epoch>,
}

/// The TXT record that each change of a name's weights advances. It fences off late requests, and identifies the last writer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// Its own name, `_landfall.` and the name that it belongs to; normalised.
    pub name: String,
    /// Time to live, in seconds.
    pub ttl: u32,
    /// Values as Route 53 has them, quotation marks included.
    pub values: Vec<String>,
}

impl Epoch {
    /// The name of the TXT record with the epoch of a name.
    #[must_use]
    pub fn place(name: &str) -> String {
        format!("_landfall.{}", normal(name))
    }

    /// The record of a name, in words.
    #[must_use]
    pub fn mark(name: &str) -> String {
        format!("landfall's mark (TXT {})", Self::place(name))
    }

    /// An epoch of a name, written under `tag`.
    ///
    /// A character string of a TXT record has at most 255 bytes, and Route 53 returns non-printable and non-ASCII characters in a different
    /// form than written. So of a long tag the end is kept, which is the unique part, and other characters are replaced by one that reads
    /// the same everywhere.
    #[must_use]
    pub fn written(name: &str, number: u64, tag: &str) -> Self {
        const ROOM: usize = 200;
        let plain = |c: char| if (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\') { c } else { '?' };
        let tag: String = tag.chars().map(plain).collect();
        let tag = &tag[tag.len().saturating_sub(ROOM)..];
        Self { name: Self::place(name), ttl: 60, values: vec![format!("\"landfall epoch={number} by={tag}\"")] }
    }

    /// Its number and the writer's tag; none if landfall did not write it.
    #[must_use]
    pub fn read(&self) -> Option<(u64, &str)> {
        let [value] = self.values.as_slice() else { return None };
        let rest = value.strip_prefix("\"landfall epoch=")?.strip_suffix('"')?;
        let (number, tag) = rest.split_once(" by=")?;
        Some((number.parse().ok()?, tag))
    }
}

/// One record set. A weighted name has one for each set identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Normalised: lower case, with the trailing dot, escapes decoded.
    pub name: String,
    /// Type.
    pub record_type: RecordType,
    /// Set identifier; none on a simple record.
    pub set_id: Option<String>,
    /// The routing policy of the name's sets.
    pub routing: Routing,
    /// Time to live; none on an alias, which uses its target's.
    pub ttl: Option<u32>,
    /// Values as Route 53 has them, sorted; empty on an alias.
    pub values: Vec<String>,
    /// The target of an alias.
    pub alias: Option<Alias>,
    /// Id of the health check that decides whether it is answered.
    pub health_check: Option<String>,
}

/// A routing policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// By weight, 0–255.
    Weighted(u8),
    /// One record set, always answered.
    Simple,
    /// Another policy, by its name in the console.
    Other(&'static str),
}

/// The target of an alias.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Alias {
    /// Name of the target, normalised.
    pub target: String,
    /// Id of the hosted zone that the target is in: a request that names the record has to name it too.
    pub zone: String,
    /// Whether the target's health decides whether the record is answered.
    pub evaluate_health: bool,
}

/// A hosted zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneObservation {
    /// Its name.
    pub name: String,
    /// Whether it is only visible inside its VPCs.
    pub private: bool,
    /// Names of its authoritative servers; none for a private zone.
    pub servers: Vec<String>,
}

/// A change of record sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeObservation {
    /// Whether all of Route 53's servers have it. Once true, it is final.
    pub insync: bool,
    /// When it was sent.
    pub submitted: jiff::Timestamp,
}

/// The answers of one server to the queries of about one second.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Queries sent.
    pub asked: u32,
    /// Usable answers, equal ones counted together. The rest of `asked` was lost or refused.
    pub answers: Vec<Answer>,
    /// The text of the last unusable answer (`SERVFAIL`, `REFUSED`).
    pub trouble: Option<String>,
    /// Mean response time.
    pub rtt: Duration,
    /// The number of the name's epoch at an authoritative server during the batch: 0 where it has none, a number that no change of ours
    /// writes; none if the server did not answer.
    pub epoch: Option<u64>,
}

/// One kind of answer in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its values, normalised and sorted; `NXDOMAIN` or `no data` where it has none: no name with a trailing dot has these forms.
    pub values: Arc<[String]>,
    /// The time to live in the answer: the remaining time, if it came from a cache.
    pub ttl: u32,
    /// Whether the server claims authority (AA). If so the answer is not from a cache.
    pub authority: bool,
    /// The number of such answers.
    pub n: u32,
}

impl Batch {
    /// Usable answers.
    #[must_use]
    pub fn answered(&self) -> u32 {
        self.answers.iter().map(|a| a.n).sum()
    }
}

/// The normal form of a name: lower case, with the trailing dot, Route 53's octal escapes (`\052` for `*`) decoded.
#[must_use]
pub fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 1);
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        match after.get(..3).and_then(|octal| u8::from_str_radix(octal, 8).ok()) {
            Some(code) => {
                out.push(char::from(code));
                rest = &after[3..];
            }
            None => {
                out.push('\\');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out.make_ascii_lowercase();
    if !out.ends_with('.') {
        out.push('.');
    }
    out
}

/// The normal form of a value: an address as Rust writes it, else a name.
#[must_use]
pub fn normal_value(value: &str) -> String {
    value.parse::<std::net::IpAddr>().map_or_else(|_| normal(value), |ip| ip.to_string())
}

#[cfg(test)]
mod tests {
    use super::{normal, normal_value};

    #[test]
    fn names_are_compared_as_route_53_means_them() {
        assert_eq!(normal("API.Example.test"), "api.example.test.");
        assert_eq!(normal("\\052.example.test."), "*.example.test.");
        assert_eq!(normal("a\\b."), "a\\b.");
        assert_eq!(normal_value("2001:DB8:0::1"), "2001:db8::1");
        assert_eq!(normal_value("LB-1.example.test"), "lb-1.example.test.");
    }
}
