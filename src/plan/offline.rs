//! Everything that can be checked in a plan without a server: its contents, and whether its secrets exist.

use std::path::Path;

use super::{
    AwsCredentials, Catalog, Faulty, Login, MetricQuery, Plan, Property, Report, Secret, SecretError, Severity,
};
use base::side::Side;
use base::text::{Document, Lines};

/// An accepted plan, and what the operator should know about it.
#[derive(Debug)]
pub struct Offline {
    /// The plan.
    pub plan: Plan,
    /// Warnings.
    pub warnings: Report,
    /// Secrets that are not where the plan says: who needs each, and why it is missing.
    pub missing: Vec<(String, SecretError)>,
}

/// Reads a plan and, if wanted, checks its secrets. Secrets for reading are read and discarded at once. Secrets for writing are only
/// located: only the holder of the journal's lock opens them.
///
/// # Errors
/// If the plan cannot be accepted.
pub fn check(path: &Path, secrets: bool, catalog: &Catalog) -> Result<Offline, Faulty> {
    let (plan, warnings) = Plan::load(path, catalog)?;
    let error = |of: &Needed<'_>| if of.writes { of.secret.find().err() } else { of.secret.read().err() };
    let needed = if secrets { plan.needed() } else { Vec::new() };
    let missing =
        needed.into_iter().filter_map(|of| Some((error(&of)?, of.whose))).map(|(e, whose)| (whose, e)).collect();
    Ok(Offline { plan, warnings, missing })
}

/// A secret, and who needs it.
struct Needed<'p> {
    whose: String,
    secret: &'p Secret,
    /// It gives write access.
    writes: bool,
}

impl Offline {
    /// Whether nothing is missing; warnings do not count.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.missing.is_empty()
    }

    /// The output of `landfall check`.
    #[must_use]
    pub fn render(&self, colour: bool) -> Lines {
        let mut out = Lines::default();
        if !self.warnings.is_empty() {
            out.append(Document::styled(&format!("{}\n\n", self.warnings.render(colour))));
        }
        out.put(format_args!(
            "{}: a plan without faults, {}",
            self.warnings.path().display(),
            match self.warnings.count(Severity::Warning) {
                0 => "no warning".to_owned(),
                1 => "1 warning".to_owned(),
                n => format!("{n} warnings"),
            }
        ));
        for line in self.plan.summary().into_iter().chain(self.plan.outlook()) {
            out.put(format_args!("  {line}"));
        }
        if let Some(line) = self.plan.unsigned() {
            out.put(format_args!("warning: {line}"));
        }
        for (what, error) in &self.missing {
            out.put(format_args!("error: {what}: {error}"));
        }
        out
    }
}

impl Plan {
    /// A summary of the plan, in a few lines.
    #[must_use]
    pub fn summary(&self) -> Vec<String> {
        let mut lines = vec![self.name.clone()];
        for side in Side::BOTH {
            let site = self.sites.get(side);
            // Sets and mirrors cover both sides, with their own logins.
            let kafka = self.kafka.iter().any(|k| k.clusters.get(side).write.is_some());
            let changes = site.access.write.is_some() || self.replica_sets.iter().any(|s| s.write.is_some()) || kafka;
            let mode = if changes { "may be changed" } else { "read only" };
            lines.push(format!("{side}: {} {}, {mode}", site.label, site.region));
        }
        let names = |what: &str, names: Vec<&str>| match names.len() {
            0 => format!("{what}: none"),
            n => format!("{what}: {n} ({})", names.join(", ")),
        };
        lines.push(names("replica sets", self.replica_sets.iter().map(|s| s.name.as_str()).collect()));
        lines.push(names("pairs of Kafka clusters", self.kafka.iter().map(|k| k.name.as_str()).collect()));
        lines.push(names("roles", self.fleet.iter().map(|r| r.name.as_str()).collect()));
        lines.push(names("DNS names", self.dns.iter().map(|d| d.name.as_str()).collect()));
        lines.push(names("health queries", self.health.iter().map(|h| h.name.as_str()).collect()));
        lines
    }

    /// The remark on steps that require two people while the program cannot verify that there are two.
    #[must_use]
    pub fn unsigned(&self) -> Option<String> {
        let asked: Vec<&str> =
            self.runbook.steps().filter(|(_, step)| step.approvals > 1).map(|(_, step)| step.id.as_str()).collect();
        let without: Vec<&str> =
            self.runbook.approvers.iter().filter(|a| a.key.is_none()).map(|a| a.name.as_str()).collect();
        (!asked.is_empty() && !without.is_empty()).then(|| {
            format!(
                "two people are required by {}, but the identity of {} cannot be verified: without a `key` anybody who can write to the \
                 journal's inbox can use the name; write the ssh public key of each into [[approver]]",
                asked.join(", "),
                without.join(", ")
            )
        })
    }

    /// Every secret that the plan refers to, with who needs it.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, &Secret)> {
        self.needed().into_iter().map(|of| (of.whose, of.secret)).collect()
    }

    fn needed(&self) -> Vec<Needed<'_>> {
        let mut found: Vec<(String, &Secret, bool)> = Vec::new();
        let accesses = Side::BOTH
            .map(|side| (format!("sites.{side}"), &self.sites.get(side).access))
            .into_iter()
            .chain([("route53".to_owned(), &self.route53)]);
        for (who, access) in accesses {
            let of =
                |who: &str, of, writes| of_credentials(who, of).into_iter().map(move |(whose, s)| (whose, s, writes));
            found.extend(of(&who, &access.read, false));
            found.extend(access.write.iter().flat_map(|write| of(&format!("{who}.write"), write, true)));
        }
        for set in &self.replica_sets {
            let canary = set.canary.as_ref().and_then(|c| c.login.as_ref());
            let logins = [
                ("login", set.read.as_ref(), false),
                ("write_login", set.write.as_ref(), true),
                // Its write permission is checked separately: see `System::trials`.
                ("canary.login", canary, false),
            ];
            let given = logins.into_iter().filter_map(|(key, login, writes)| login.map(|l: &Login| (key, l, writes)));
            found
                .extend(given.map(|(key, l, writes)| {
                    (format!("replica_set {}: {key}.password", set.name), &l.password, writes)
                }));
        }
        for pair in &self.kafka {
            for side in Side::BOTH {
                let cluster = pair.clusters.get(side);
                let reading = cluster.read.iter().map(|(name, property)| (name, property, false));
                let writing = cluster.write.iter().flatten().map(|(name, property)| (name, property, true));
                for (name, property, writes) in writing.chain(reading) {
                    if let Property::Secret(secret) = property {
                        found.push((format!("kafka {}, {side}: {name}", pair.name), secret, writes));
                    }
                }
            }
        }
        for query in &self.health {
            for side in Side::BOTH {
                if let Some(MetricQuery::Prometheus { bearer: Some(secret), .. }) = query.queries.get(side) {
                    found.push((format!("health {}, {side}: bearer", query.name), secret, false));
                }
            }
        }
        // A secret for both reading and writing is read.
        let read: Vec<(String, &Secret)> = found.iter().filter(|f| !f.2).map(|f| (f.0.clone(), f.1)).collect();
        let mut out: Vec<Needed<'_>> = Vec::new();
        for (whose, secret, writes) in found {
            if !out.iter().any(|n| n.whose == whose && n.secret == secret) {
                let writes = writes && !read.contains(&(whose.clone(), secret));
                out.push(Needed { whose, secret, writes });
            }
        }
        out
    }
}

fn of_credentials<'p>(who: &str, credentials: &'p AwsCredentials) -> Vec<(String, &'p Secret)> {
    [
        ("external_id", &credentials.external_id),
        ("access_key", &credentials.access_key),
        ("secret_key", &credentials.secret_key),
        ("session_token", &credentials.session_token),
    ]
    .into_iter()
    .filter_map(|(key, secret)| Some((format!("{who}.{key}"), secret.as_ref()?)))
    .collect()
}
