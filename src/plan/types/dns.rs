//! Weighted DNS names.

use std::{net::SocketAddr, num::NonZeroU32};

use serde::{Deserialize, Serialize};

use base::side::Sides;

/// One weighted DNS name.
#[derive(Debug, Clone, Serialize)]
pub struct DnsName {
    /// Fully qualified, with the trailing dot.
    pub name: String,
    /// Hosted zone id.
    pub zone: String,
    /// Record type that is queried and listed.
    pub record_type: RecordType,
    /// Set identifiers of each side.
    pub set_identifiers: Sides<Vec<String>>,
    /// The planned weight of each side; none: not given.
    pub planned: Option<Sides<u8>>,
    /// Authoritative servers to query.
    pub servers: Vec<SocketAddr>,
    /// Resolvers to query.
    pub resolvers: Vec<SocketAddr>,
    /// Answers (addresses, networks in CIDR form, or names) of each side; where empty, the records' own values decide.
    pub answers: Sides<Vec<String>>,
    /// Queries per second to each server.
    pub rate: NonZeroU32,
}

/// DNS record types that can be weighted and are useful here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RecordType {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Canonical name.
    Cname,
}

impl RecordType {
    /// As Route 53 spells it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
        }
    }
}
