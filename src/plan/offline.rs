//! Everything that can be checked in a plan without a server: its contents, and whether its secrets exist.

use std::path::Path;

use super::{Catalog, Faulty, Plan, Report, Secret, SecretError, Severity, entry::SecretUse, things::LISTED};
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
    let error = |of: &SecretUse<'_>| if of.writes { of.secret.find().err() } else { of.secret.read().err() };
    let needed = if secrets { plan.needed() } else { Vec::new() };
    let missing =
        needed.into_iter().filter_map(|of| Some((error(&of)?, of.whose))).map(|(e, whose)| (whose, e)).collect();
    Ok(Offline { plan, warnings, missing })
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
        let entries = self.entries();
        let mut lines = vec![self.name.clone()];
        for side in Side::BOTH {
            let site = self.sites.get(side);
            let changes = entries.iter().any(|entry| *entry.changes.get(side));
            let mode = if changes { "may be changed" } else { "read only" };
            lines.push(format!("{side}: {} {}, {mode}", site.label, site.region));
        }
        lines.extend(LISTED.iter().map(|it| match it.names(self) {
            names if names.is_empty() => format!("{}: none", it.plural),
            names => format!("{}: {} ({})", it.plural, names.len(), names.join(", ")),
        }));
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

    fn needed(&self) -> Vec<SecretUse<'_>> {
        let found: Vec<SecretUse<'_>> = self.entries().into_iter().flat_map(|entry| entry.secrets).collect();
        // A secret for both reading and writing is read.
        let read: Vec<(String, &Secret)> =
            found.iter().filter(|it| !it.writes).map(|it| (it.whose.clone(), it.secret)).collect();
        let mut out: Vec<SecretUse<'_>> = Vec::new();
        for SecretUse { whose, secret, writes } in found {
            if !out.iter().any(|it| it.whose == whose && it.secret == secret) {
                let writes = writes && !read.contains(&(whose.clone(), secret));
                out.push(SecretUse { whose, secret, writes });
            }
        }
        out
    }
}
