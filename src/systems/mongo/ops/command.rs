//! The operations as commands that a person can paste, with the same precondition: without it a stale document would replace a newer one.
//!
//! The commands use the plan's writing login and the TLS options of the plan's connection string; the shell asks for the password. Names
//! from servers are quoted for the shell and for its script.

use serde::Serialize;

use super::{Call, Reconfig, Until, Version};
use crate::{mongo::facts::ConfigMember, planner::quoted};
use plan::ReplicaSet;

/// The options of the plan's connection string that the shell gets, in lower case. None of them holds a secret.
const OPTIONS: [&str; 8] = [
    "tls",
    "ssl",
    "tlscafile",
    "tlscertificatekeyfile",
    "tlsinsecure",
    "tlsallowinvalidcertificates",
    "tlsallowinvalidhostnames",
    "authmechanism",
];

/// How a shell connects to the members of a set.
#[derive(Debug, Clone)]
pub(super) struct Shell {
    set: String,
    /// From the connection string: `&tls=true`.
    options: String,
    /// The login's flags, with a blank before each.
    login: String,
    /// Members with horizons: the name that this side uses, and the name that the members use. A shell may see either.
    inside: Vec<(String, String)>,
}

impl Shell {
    pub(super) fn of(plan: &ReplicaSet) -> Self {
        let (before, query) = plan.uri.split_once('?').unwrap_or((&plan.uri, ""));
        let known = |option: &&str| {
            OPTIONS.contains(&option.split('=').next().unwrap_or_default().to_ascii_lowercase().as_str())
        };
        let mut options: Vec<&str> = query.split(['&', ';']).filter(known).collect();
        // Implied by an SRV name, and not by a list of hosts.
        let says = |o: &&str| ["tls=", "ssl="].iter().any(|key| o.to_ascii_lowercase().starts_with(key));
        if before.starts_with("mongodb+srv:") && !options.iter().any(says) {
            options.push("tls=true");
        }
        let login = plan.write.as_ref().map(|login| {
            format!(" --username {} --authenticationDatabase {}", quoted(&login.username), quoted(&login.auth_source))
        });
        Self {
            set: plan.name.clone(),
            options: options.iter().map(|option| format!("&{option}")).collect(),
            login: login.unwrap_or_default(),
            inside: Vec::new(),
        }
    }

    /// The same, for a set with these members.
    pub(super) fn of_members(self, members: &[ConfigMember]) -> Self {
        let inside = members.iter().filter_map(|m| Some((m.host.clone(), m.inside.clone()?))).collect();
        Self { inside, ..self }
    }

    /// Whether the script's value is this member, by one of its names.
    fn is(&self, what: &str, host: &str) -> String {
        match self.inside.iter().find(|(outside, _)| outside == host) {
            Some(names) => format!("{}.includes({what})", json(names)),
            None => format!("{what} === {}", json(&host)),
        }
    }

    fn eval(&self, hosts: &str, how: &str, script: &str) -> String {
        let uri = format!("mongodb://{hosts}/?{how}{}", self.options);
        format!("mongosh {}{} --eval {}", quoted(&uri), self.login, quoted(script))
    }

    /// To one member, whether primary or not. A member of another set is an error.
    fn at(&self, host: &str, script: &str) -> String {
        self.eval(host, "directConnection=true", script)
    }

    /// To whichever of the two is primary.
    fn at_the_primary(&self, from: &str, to: &str, script: &str) -> String {
        let hosts = if from == to { from.to_owned() } else { format!("{from},{to}") };
        self.eval(&hosts, &format!("replicaSet={}", self.set), script)
    }

    fn only_in_this_set(&self, host: &str) -> String {
        format!(
            "if (db.hello().setName !== {}) throw {}; ",
            json(&self.set),
            json(&format!("{host} is not of the set {}", self.set))
        )
    }
}

/// A value as written in the script.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The command of a call. `mark` is what is observed when it is drafted, `from` the primary and `to` the intended one.
pub(super) fn of(shell: &Shell, call: &Call, mark: &Version, from: &str, to: &str) -> String {
    match call {
        Call::Reconfig(r) => reconfig(shell, r, mark, from, to),
        Call::StepDown { host, term, secs, catch_up, .. } => {
            let not = json(&format!("{host} does not lead in term {term}"));
            let pinned = mark.version.saturating_add(1);
            let moved = json(&format!("the configuration is not version {pinned}, which lets nobody else lead"));
            let script = format!(
                "{}if (Number(db.adminCommand({{ replSetGetConfig: 1 }}).config.version) !== {pinned}) throw {moved}; \
                 if (!db.hello().isWritablePrimary || Number(db.adminCommand({{ replSetGetStatus: 1 }}).term) !== {term}) throw {not}; \
                 db.adminCommand({{ replSetStepDown: {secs}, secondaryCatchUpPeriodSecs: {catch_up} }})",
                shell.only_in_this_set(host)
            );
            shell.at(host, &script)
        }
        Call::Freeze { host, secs, .. } => {
            let freeze = format!("db.adminCommand({{ replSetFreeze: {secs} }})");
            // A primary is not frozen: there is nothing to lift, and a freeze would be refused.
            let script = if *secs == 0 {
                format!("if (!db.hello().isWritablePrimary) {freeze}")
            } else {
                format!(
                    "if (db.hello().isWritablePrimary) throw {}; {freeze}",
                    json(&format!("{host} leads: it is not frozen"))
                )
            };
            shell.at(host, &format!("{}{script}", shell.only_in_this_set(host)))
        }
        Call::Wait { until, .. } => wait(shell, until, from, to),
    }
}

/// How often a condition is checked, twice a second.
const LOOKS: u32 = 120;

/// A command that ends when a condition holds, and fails where it does not: a person who pastes one after the other stops there.
fn wait(shell: &Shell, until: &Until, from: &str, to: &str) -> String {
    let committed = "r = db.adminCommand({ replSetGetConfig: 1, commitmentStatus: true })";
    match until {
        Until::Committed { version } => {
            let so = format!("({committed}, Number(r.config.version) === {version} && r.commitmentStatus)");
            shell.at_the_primary(from, to, &until_so("", &so, LOOKS, &format!("no majority has version {version}")))
        }
        // Level means: it has what the primary had when the command began.
        Until::CaughtUp { host, .. } => {
            let status = "db.adminCommand({ replSetGetStatus: 1 }).members";
            let first = format!("{}p = {status}.find(m => m.self).optime; ", shell.only_in_this_set(from));
            let so = format!(
                "(m = {status}.find(m => {}).optime, Number(m.t) > Number(p.t) || \
                 (Number(m.t) === Number(p.t) && m.ts.greaterThanOrEqual(p.ts)))",
                shell.is("m.name", host)
            );
            let looks = u32::try_from(super::LEVEL_WITHIN.as_secs() * 2).unwrap_or(LOOKS);
            shell.at(from, &until_so(&first, &so, looks, &format!("{host} is not level with {from}")))
        }
        Until::Leads { host, after } => {
            let so = format!(
                "db.hello().isWritablePrimary && Number(db.adminCommand({{ replSetGetStatus: 1 }}).term) > {after}"
            );
            let not = format!("{host} does not accept writes in a term after {after}");
            shell.at(host, &until_so(&shell.only_in_this_set(host), &so, LOOKS, &not))
        }
        Until::Writable => shell.at_the_primary(
            from,
            to,
            &until_so("", "db.hello().isWritablePrimary", LOOKS, "nobody accepts writes"),
        ),
        Until::Settled => {
            let so = format!("({committed}).commitmentStatus");
            shell.at_the_primary(from, to, &until_so("", &so, LOOKS, "no majority has the configuration"))
        }
    }
}

/// A query that fails may succeed a moment later: an election closes connections. If it keeps failing, its error is reported.
fn until_so(first: &str, so: &str, looks: u32, not: &str) -> String {
    format!(
        "{first}why = {}; so = () => {{ try {{ return {so} }} catch (e) {{ why = e; return false }} }}; \
         for (i = 0; !so(); i++) {{ if (i >= {looks}) throw why; sleep(500) }}; print(\"it is so\")",
        json(&not)
    )
}

fn reconfig(shell: &Shell, r: &Reconfig, mark: &Version, from: &str, to: &str) -> String {
    let observed = r.version.saturating_sub(1);
    let stale = if r.any_term {
        format!("Number(cfg.version) !== {observed}")
    } else {
        format!("Number(cfg.version) !== {observed} || Number(cfg.term) !== {}", mark.term)
    };
    let priorities = match &r.unless {
        None => priorities(&r.after),
        Some(u) => format!(
            "{} ? {} : {}",
            shell.is("db.hello().primary", &u.leads),
            priorities(&r.after),
            priorities(&u.members)
        ),
    };
    let change = if only_priorities(&r.before, &r.after) {
        format!("p = {priorities}; cfg.members.forEach(m => {{ m.priority = p[m.host] }})")
    } else {
        members(&r.after)
    };
    // In the number's own type: some versions refuse another one.
    let version = format!("typeof cfg.version === \"number\" ? {0} : NumberLong(\"{0}\")", r.version);
    shell.at_the_primary(
        from,
        to,
        &format!(
            "cfg = db.adminCommand({{ replSetGetConfig: 1 }}).config; if ({stale}) throw \"the configuration has moved on\"; \
             {change}; cfg.version = {version}; db.adminCommand({{ replSetReconfig: cfg }})"
        ),
    )
}

fn only_priorities(before: &[ConfigMember], after: &[ConfigMember]) -> bool {
    let same = |(a, b): (&ConfigMember, &ConfigMember)| ConfigMember { priority: a.priority, ..b.clone() } == *a;
    before.len() == after.len() && before.iter().zip(after).all(same)
}

/// Members that are not listed are removed; new ones are added with the next free id.
fn members(after: &[ConfigMember]) -> String {
    let one = |m: &ConfigMember| {
        let tags: Vec<_> = m.tags.iter().map(|(k, v)| format!("{}: {}", json(k), json(v))).collect();
        let late = if m.delay.is_zero() { String::new() } else { format!("late: {}, ", m.delay.as_secs()) };
        format!(
            "{}: {{ {}{late}votes: {}, priority: {}, hidden: {}, tags: {{ {} }} }}",
            json(&m.name()),
            if m.arbiter { "arbiterOnly: true, " } else { "" },
            m.votes,
            m.priority,
            m.hidden,
            tags.join(", ")
        )
    };
    let all: Vec<_> = after.iter().map(one).collect();
    // The configured replication delay has another name before 5.0.
    let late = if after.iter().all(|m| m.delay.is_zero()) {
        ""
    } else {
        ", w[h].late ? { [cfg.members.some(m => \"slaveDelay\" in m) ? \"slaveDelay\" : \"secondaryDelaySecs\"]: w[h].late } : {}"
    };
    format!(
        "w = {{ {} }}; n = Math.max(...cfg.members.map(m => m._id)); cfg.members = cfg.members.filter(m => w[m.host]); \
         Object.keys(w).forEach(h => {{ m = cfg.members.find(m => m.host === h); \
         if (!m) cfg.members.push(m = Object.assign({{ _id: ++n, host: h, tags: w[h].tags }}, \
         w[h].arbiterOnly ? {{ arbiterOnly: true }} : {{}}{late})); \
         m.votes = w[h].votes; m.priority = w[h].priority; m.hidden = w[h].hidden }})",
        all.join(", ")
    )
}

fn priorities(members: &[ConfigMember]) -> String {
    let all: Vec<_> = members.iter().map(|m| format!("{}: {}", json(&m.name()), m.priority)).collect();
    format!("{{ {} }}", all.join(", "))
}
