//! What is asked and what is answered: plain data, free of SDK and DNS library types.

use std::{net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use plan::RecordType;

/// One endpoint × one question.
#[derive(Debug, Clone)]
pub enum Query {
    /// A zone's record sets of the plan's names: one source a zone, because all of an account shares five requests a second.
    Records(RecordsQuestion),
    /// What kind of zone it is.
    Zone(Arc<str>),
    /// How far a change has come. Asked when a change's id is known, and no longer once it is INSYNC, which is final.
    Change(Arc<str>),
    /// What one server answers for one name, sampled without end.
    Served(Question),
}

/// Which record sets of a zone are wanted.
#[derive(Debug, Clone)]
pub struct RecordsQuestion {
    /// Hosted zone id.
    pub zone: Arc<str>,
    /// Names and types, in any order.
    pub wanted: Arc<[Wanted]>,
}

/// A name and a type of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Normalised: lower case, with the last dot.
    pub name: String,
    /// Type.
    pub record_type: RecordType,
}

/// What is asked of a name server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Index of the name in the plan.
    pub index: usize,
    /// Name and type.
    pub wanted: Wanted,
    /// Which server.
    pub server: SocketAddr,
    /// What it is to us.
    pub role: Role,
    /// Questions a second.
    pub rate: NonZeroU32,
}

/// What a name server is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Answers from the zone itself: each answer is a sample of its own.
    Authoritative,
    /// Answers from its cache: one sample a time to live.
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

/// An answer.
#[derive(Debug)]
pub enum Observation {
    /// To [`Query::Records`].
    Records(Listing),
    /// To [`Query::Zone`].
    Zone(ZoneObservation),
    /// To [`Query::Change`].
    Change(ChangeObservation),
    /// To [`Query::Served`]: what came back in about a second.
    Served(Batch),
}

/// What a zone has of the wanted names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Their record sets, in Route 53's order.
    pub records: Vec<Record>,
    /// The TXT records that hold their epochs; a name that was never changed by landfall has none.
    pub epochs: Vec<Epoch>,
}

/// The TXT record that each change of a name's weights moves on: a fence against late requests, and the mark of who was last.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// Its own name, `_landfall.` and the name it is about; normalised.
    pub name: String,
    /// Time to live, in seconds.
    pub ttl: u32,
    /// Values as Route 53 has them, quotation marks included.
    pub values: Vec<String>,
}

impl Epoch {
    /// Where the epoch of a name is kept.
    #[must_use]
    pub fn place(name: &str) -> String {
        format!("_landfall.{}", normal(name))
    }

    /// An epoch of a name, written under `tag`.
    ///
    /// A character string of a TXT record has 255 bytes at the most, and Route 53 gives what is not printable ASCII back otherwise than it
    /// was written: of a long tag the end is kept, which is what is unique, and of the rest what reads the same everywhere.
    #[must_use]
    pub fn written(name: &str, number: u64, tag: &str) -> Self {
        const ROOM: usize = 200;
        let plain = |c: char| if (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\') { c } else { '?' };
        let tag: String = tag.chars().map(plain).collect();
        let tag = &tag[tag.len().saturating_sub(ROOM)..];
        Self { name: Self::place(name), ttl: 60, values: vec![format!("\"landfall epoch={number} by={tag}\"")] }
    }

    /// Its number and the tag of who wrote it; none if it is not of our making.
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
    /// Normalised: lower case, with the last dot, escapes undone.
    pub name: String,
    /// Type.
    pub record_type: RecordType,
    /// Set identifier; none on a simple record.
    pub set_id: Option<String>,
    /// How Route 53 chooses among the sets of the name.
    pub routing: Routing,
    /// Time to live; none on an alias, which has that of its target.
    pub ttl: Option<u32>,
    /// Values as Route 53 has them, sorted; empty on an alias.
    pub values: Vec<String>,
    /// What it is an alias of.
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

/// An alias's target.
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
    /// Whether it answers only inside its VPCs.
    pub private: bool,
    /// Names of its authoritative servers; none for a private zone.
    pub servers: Vec<String>,
}

/// A change of record sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeObservation {
    /// Whether all of Route 53's servers have it. Final once true.
    pub insync: bool,
    /// When it was sent.
    pub submitted: jiff::Timestamp,
}

/// What one server answered to about a second of questions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Questions sent.
    pub asked: u32,
    /// Usable answers, equal ones counted together. `asked` less their sum was lost or refused.
    pub answers: Vec<Answer>,
    /// What the last answer that was of no use said (`SERVFAIL`, `REFUSED`).
    pub trouble: Option<String>,
    /// Mean time to an answer.
    pub rtt: Duration,
    /// The number of the name's epoch that an authoritative server had meanwhile: 0 where it has none, which no change of ours writes;
    /// none if it did not say.
    pub epoch: Option<u64>,
}

/// One kind of answer in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its values, normalised and sorted; `NXDOMAIN` or `no data` where it has none, which no name with its last dot can be.
    pub values: Arc<[String]>,
    /// Time to live it came with: what is left of it, if it came out of a cache.
    pub ttl: u32,
    /// Whether the server says it is the authority (AA). If so the answer is no cache's.
    pub authority: bool,
    /// How often.
    pub n: u32,
}

impl Batch {
    /// Usable answers.
    #[must_use]
    pub fn answered(&self) -> u32 {
        self.answers.iter().map(|a| a.n).sum()
    }
}

/// A name as it is compared: lower case, with the last dot, Route 53's octal escapes (`\052` for `*`) undone.
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

/// A value as it is compared: an address as Rust writes it, else a name.
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
