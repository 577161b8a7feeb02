//! What code that treats all tables of a plan alike needs of each of them: the secrets that it refers to, the names in it that are
//! private, the words in it that are none, and where it lets something be changed.

use crate::{
    secret::Secret,
    types::{
        Access, AwsCredentials, DnsName, HealthQuery, KafkaPair, Login, MetricQuery, Plan, Property, ReplicaSet, Role,
        Runbook, Site,
    },
};
use base::side::{Side, Sides};

/// One table.
#[derive(Debug, Default)]
pub struct Entry<'p> {
    /// The secrets that it refers to.
    pub secrets: Vec<SecretUse<'p>>,
    /// The names in it that are private.
    pub private: Vec<Private<'p>>,
    /// Words in it that are not private, even if they look like a host.
    pub words: Vec<&'p str>,
    /// The sides on which it lets something be changed.
    pub changes: Sides<bool>,
}

/// A use of a secret.
#[derive(Debug)]
pub struct SecretUse<'p> {
    /// Who needs it: the place in the plan.
    pub whose: String,
    /// The secret.
    pub secret: &'p Secret,
    /// It gives write access.
    pub writes: bool,
}

/// A private name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Private<'p> {
    /// A host, with or without its port.
    Host(&'p str),
    /// Another name, and the word for its kind.
    Other(&'p str, &'static str),
}

impl Plan {
    /// All tables of the plan, in its order. A table without any of it is listed as well, so that a missing one does not compile.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let Self {
            name: _,
            sites,
            route53,
            replica_sets,
            kafka,
            fleet,
            dns,
            health,
            intervals: _,
            budgets: _,
            runbook,
        } = self;
        let mut all = Vec::new();
        all.extend(Side::BOTH.map(|side| of_site(side, sites.get(side))));
        all.push(Entry { secrets: of_access("route53", route53), ..Entry::default() });
        all.extend(replica_sets.iter().map(of_set));
        all.extend(kafka.iter().map(of_pair));
        all.extend(fleet.iter().map(of_role));
        all.extend(dns.iter().map(of_name));
        all.extend(health.iter().map(of_query));
        all.push(of_runbook(runbook));
        all
    }
}

fn of_site(side: Side, site: &Site) -> Entry<'_> {
    Entry {
        secrets: of_access(&format!("sites.{side}"), &site.access),
        words: vec![&site.label, &site.region],
        changes: Sides::from_fn(|of| of == side && site.access.write.is_some()),
        ..Entry::default()
    }
}

fn of_set(set: &ReplicaSet) -> Entry<'_> {
    let canary = set.canary.as_ref().and_then(|canary| canary.login.as_ref());
    let logins = [
        ("login", set.read.as_ref(), false),
        ("write_login", set.write.as_ref(), true),
        // Its write permission is checked separately: see `System::trials`.
        ("canary.login", canary, false),
    ];
    let secrets = logins.into_iter().filter_map(|(key, login, writes): (_, Option<&Login>, _)| {
        let whose = format!("replica_set {}: {key}.password", set.name);
        Some(SecretUse { whose, secret: &login?.password, writes })
    });
    Entry {
        secrets: secrets.collect(),
        private: set.seeds.iter().chain(&set.candidates).map(|host| Private::Host(host)).collect(),
        words: vec![&set.name],
        // One login for the members of both sides.
        changes: Sides::from_fn(|_| set.write.is_some()),
    }
}

fn of_pair(pair: &KafkaPair) -> Entry<'_> {
    let changes = Sides::from_fn(|side| pair.clusters.get(side).write.is_some());
    let mut entry = Entry { words: vec![&pair.name], changes, ..Entry::default() };
    for side in Side::BOTH {
        let cluster = pair.clusters.get(side);
        let reading = cluster.read.iter().map(|(name, property)| (name, property, false));
        let writing = cluster.write.iter().flatten().map(|(name, property)| (name, property, true));
        for (name, property, writes) in writing.chain(reading) {
            if let Property::Secret(secret) = property {
                let whose = format!("kafka {}, {side}: {name}", pair.name);
                entry.secrets.push(SecretUse { whose, secret, writes });
            }
        }
        if let Some(Property::Plain(brokers)) = cluster.read.get("bootstrap.servers") {
            entry.private.extend(brokers.split(',').map(|broker| Private::Host(broker.trim())));
        }
    }
    entry
}

fn of_role(role: &Role) -> Entry<'_> {
    Entry { words: vec![&role.name], ..Entry::default() }
}

fn of_name(name: &DnsName) -> Entry<'_> {
    Entry { private: vec![Private::Other(&name.name, "name"), Private::Other(&name.zone, "zone")], ..Entry::default() }
}

fn of_query(query: &HealthQuery) -> Entry<'_> {
    let secrets = Side::BOTH.into_iter().filter_map(|side| match query.queries.get(side) {
        Some(MetricQuery::Prometheus { bearer: Some(secret), .. }) => {
            Some(SecretUse { whose: format!("health {}, {side}: bearer", query.name), secret, writes: false })
        }
        _ => None,
    });
    Entry { secrets: secrets.collect(), ..Entry::default() }
}

fn of_runbook(runbook: &Runbook) -> Entry<'_> {
    Entry { words: runbook.steps().map(|(_, step)| step.id.as_str()).collect(), ..Entry::default() }
}

fn of_access<'p>(who: &str, access: &'p Access) -> Vec<SecretUse<'p>> {
    let reading = of_credentials(who, &access.read, false);
    let writing = access.write.iter().flat_map(|write| of_credentials(&format!("{who}.write"), write, true));
    reading.into_iter().chain(writing).collect()
}

fn of_credentials<'p>(who: &str, credentials: &'p AwsCredentials, writes: bool) -> Vec<SecretUse<'p>> {
    [
        ("external_id", &credentials.external_id),
        ("access_key", &credentials.access_key),
        ("secret_key", &credentials.secret_key),
        ("session_token", &credentials.session_token),
    ]
    .into_iter()
    .filter_map(|(key, secret)| Some(SecretUse { whose: format!("{who}.{key}"), secret: secret.as_ref()?, writes }))
    .collect()
}
