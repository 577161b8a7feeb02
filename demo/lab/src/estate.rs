//! The contents of the lab as data: servers by name, the two sides, roles, topics, names. Nothing here starts
//! anything.

use std::collections::BTreeMap;

use landfall::base::side::{Side, Sides};

/// Every server, by the name that `break` and `mend` take, in listing order.
pub const SERVERS: [&str; 17] = [
    "mongo/orders/1",
    "mongo/orders/2",
    "mongo/orders/3",
    "mongo/orders/4",
    "mongo/orders/5",
    "mongo/catalog/1",
    "mongo/catalog/2",
    "mongo/catalog/3",
    "mongo/catalog/4",
    "mongo/catalog/5",
    "kafka/source",
    "kafka/target",
    "aws/source",
    "aws/target",
    "aws/route53",
    "dns",
    "metrics",
];

/// The port of each server.
pub type Ports = BTreeMap<String, u16>;

/// AWS region of a side.
pub const REGIONS: Sides<&str> = Sides { source: "us-east-1", target: "us-west-2" };

/// Members in each replica set's initial configuration; the others are not in it yet.
pub const MEMBERS: [(&str, u8); 2] = [("orders", 5), ("catalog", 3)];

/// Password of every login in the replica sets.
pub const MONGO_PASSWORD: &str = "lab";

/// Database and collection of the canary.
pub const CANARY: (&str, &str) = ("landfall", "canary");

/// Logins in the replica sets, each with its privileges: the canary's in its collection, the others' on the whole
/// cluster, as `docs/mongodb-roles.js` creates them.
pub const MONGO_LOGINS: [(&str, &[&str]); 3] = [
    (
        "landfall-read",
        &["replSetGetStatus", "replSetGetConfig", "serverStatus", "inprog", "getLog", "getDefaultRWConcern"],
    ),
    ("landfall-operate", &["replSetGetConfig", "replSetConfigure", "replSetStateChange"]),
    ("landfall-canary", &["insert", "update"]),
];

/// Members 1 to 3 of either set belong to the source.
#[must_use]
pub const fn member_side(number: u8) -> Side {
    if number <= 3 { Side::Source } else { Side::Target }
}

/// One role of the fleet.
#[derive(Debug, Clone, Copy)]
pub struct FleetRole {
    /// Value of the tag `role`.
    pub name: &'static str,
    /// Instance type.
    pub kind: &'static str,
    /// Instances on each side, those of the Auto Scaling group included; divisible by six.
    pub count: Sides<u32>,
    /// Whether a target group contains them.
    pub balanced: bool,
}

/// The fleet: 1,002 source and 342 target instances.
pub const FLEET: [FleetRole; 6] = [
    FleetRole { name: "web", kind: "m5.large", count: Sides { source: 300, target: 90 }, balanced: true },
    FleetRole { name: "api", kind: "m5.xlarge", count: Sides { source: 240, target: 72 }, balanced: true },
    FleetRole { name: "worker", kind: "c5.xlarge", count: Sides { source: 180, target: 60 }, balanced: false },
    FleetRole { name: "ingest", kind: "c5.large", count: Sides { source: 120, target: 48 }, balanced: false },
    FleetRole { name: "cache", kind: "r5.large", count: Sides { source: 90, target: 36 }, balanced: false },
    FleetRole { name: "batch", kind: "c5.2xlarge", count: Sides { source: 72, target: 36 }, balanced: false },
];

/// Instances in each role's Auto Scaling group.
pub const GROUP_SIZE: u32 = 6;

/// Zones of each region, by letter.
pub const ZONES: [char; 3] = ['a', 'b', 'c'];

/// Suffix of names that exist on both sides: `web-src`, `web-tgt`.
#[must_use]
pub const fn suffix(side: Side) -> &'static str {
    match side {
        Side::Source => "src",
        Side::Target => "tgt",
    }
}

/// Second number of a side's addresses: 10.1.0.0/16, 10.2.0.0/16.
#[must_use]
pub const fn network(side: Side) -> u8 {
    match side {
        Side::Source => 1,
        Side::Target => 2,
    }
}

/// The DNS zone.
pub const ZONE: &str = "example.test";

/// One weighted name.
#[derive(Debug, Clone, Copy)]
pub struct Name {
    /// Its first label.
    pub label: &'static str,
    /// Weights at the start.
    pub weights: Sides<u8>,
    /// TTL in seconds; an alias has none.
    pub ttl: Option<u32>,
}

/// Weighted names; `edge` is an alias to a load balancer.
pub const NAMES: [Name; 4] = [
    Name { label: "api", weights: Sides { source: 99, target: 1 }, ttl: Some(60) },
    Name { label: "www", weights: Sides { source: 90, target: 10 }, ttl: Some(30) },
    Name { label: "img", weights: Sides { source: 50, target: 50 }, ttl: Some(300) },
    Name { label: "edge", weights: Sides { source: 100, target: 0 }, ttl: None },
];

/// Set identifier of a side's records.
#[must_use]
pub const fn set_identifier(side: Side) -> &'static str {
    match side {
        Side::Source => "vir",
        Side::Target => "ore",
    }
}

/// The addresses behind a side's load balancer `edge`, or behind its plain records.
#[must_use]
pub fn addresses(side: Side, label: &str) -> [std::net::Ipv4Addr; 2] {
    let host = NAMES.iter().position(|n| n.label == label).unwrap_or(NAMES.len());
    let host = u8::try_from(host).unwrap_or(u8::MAX).saturating_mul(10);
    [10, 11].map(|n| std::net::Ipv4Addr::new(10, network(side), 200, host.saturating_add(n)))
}

/// Topics on either side: name, partitions, messages a second.
pub const TOPICS: [(&str, i32, u32); 4] =
    [("orders", 12, 15), ("payments", 6, 8), ("events.clicks", 12, 15), ("events.views", 6, 10)];

#[cfg(test)]
mod tests {
    #[test]
    fn the_labs_logins_may_do_what_the_documented_roles_may() {
        let documented = include_str!("../../../docs/mongodb-roles.js");
        for (role, actions) in super::MONGO_LOGINS {
            let line = format!("\"{role}\": {actions:?},");
            assert!(documented.contains(&line), "{line}");
        }
        let (db, collection) = super::CANARY;
        assert!(documented.contains(&format!("canary = {{ db: {db:?}, collection: {collection:?} }}")));
    }
}
