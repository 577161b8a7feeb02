//! The same as commands that a person could paste, with the same comparison: without it a stale document would silently win.
//!
//! Whoever pastes one is the plan's writing login, over what the plan's connection string says of TLS; the shell asks for the password. Names
//! that servers gave are words of the shell and of its script, whatever is in them.

use serde::Serialize;

use super::{Call, Mark, Reconfig, Until};
use crate::{
    plan::ReplicaSet,
    systems::{mongo::facts::ConfigMember, steer::quoted},
};

/// What a shell is given of the plan's connection string, in small letters: none of them is a secret's place.
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

/// How a shell comes to the members of a set.
#[derive(Debug, Clone)]
pub(super) struct Shell {
    set: String,
    /// Of the connection string: `&tls=true`.
    options: String,
    /// The login's flags, with a blank before each.
    login: String,
}

impl Shell {
    pub(super) fn of(plan: &ReplicaSet) -> Self {
        let (before, query) = plan.uri.split_once('?').unwrap_or((&plan.uri, ""));
        let known = |option: &&str| OPTIONS.contains(&option.split('=').next().unwrap_or_default().to_ascii_lowercase().as_str());
        let mut options: Vec<&str> = query.split('&').filter(known).collect();
        // What a name that is looked up as a service means, and hosts do not.
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
        }
    }

    fn eval(&self, hosts: &str, how: &str, script: &str) -> String {
        let uri = format!("mongodb://{hosts}/?{how}{}", self.options);
        format!("mongosh {}{} --eval {}", quoted(&uri), self.login, quoted(script))
    }

    /// To one member, whoever leads; another set's is told, not obeyed.
    fn at(&self, host: &str, script: &str) -> String {
        self.eval(host, "directConnection=true", script)
    }

    /// To whichever of the two leads.
    fn at_the_primary(&self, from: &str, to: &str, script: &str) -> String {
        let hosts = if from == to { from.to_owned() } else { format!("{from},{to}") };
        self.eval(&hosts, &format!("replicaSet={}", self.set), script)
    }

    fn only_in_this_set(&self, host: &str) -> String {
        format!("if (db.hello().setName !== {}) throw {}; ", json(&self.set), json(&format!("{host} is not of the set {}", self.set)))
    }
}

/// A value as the script has it.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The command of a call. `mark` is what is observed when it is drafted, `from` and `to` who leads and who is to.
pub(super) fn of(shell: &Shell, call: &Call, mark: &Mark, from: &str, to: &str) -> String {
    match call {
        Call::Reconfig(r) => reconfig(shell, r, mark, from, to),
        Call::StepDown { host, term, secs, catch_up, .. } => {
            let not = json(&format!("{host} does not lead in term {term}"));
            let script = format!(
                "{}if (!db.hello().isWritablePrimary || Number(db.adminCommand({{ replSetGetStatus: 1 }}).term) !== {term}) throw {not}; \
                 db.adminCommand({{ replSetStepDown: {secs}, secondaryCatchUpPeriodSecs: {catch_up} }})",
                shell.only_in_this_set(host)
            );
            shell.at(host, &script)
        }
        Call::Freeze { host, secs, .. } => {
            let freeze = format!("if (!db.hello().isWritablePrimary) db.adminCommand({{ replSetFreeze: {secs} }})");
            shell.at(host, &format!("{}{freeze}", shell.only_in_this_set(host)))
        }
        Call::Wait { until, .. } => match until {
            Until::Committed { version } => shell.at_the_primary(
                from,
                to,
                &format!(
                    "r = db.adminCommand({{ replSetGetConfig: 1, commitmentStatus: true }}); \
                     r.config.version === {version} && r.commitmentStatus"
                ),
            ),
            Until::CaughtUp { .. } => shell.at(from, "rs.printSecondaryReplicationInfo()"),
            Until::Leads { host, after } => shell.at(
                host,
                &format!(
                    "db.hello().isWritablePrimary && Number(db.adminCommand({{ replSetGetStatus: 1 }}).term) > {after}"
                ),
            ),
            Until::Writable => shell.at_the_primary(from, to, "db.hello().isWritablePrimary"),
            Until::Settled => shell.at_the_primary(
                from,
                to,
                "db.adminCommand({ replSetGetConfig: 1, commitmentStatus: true }).commitmentStatus",
            ),
        },
    }
}

fn reconfig(shell: &Shell, r: &Reconfig, mark: &Mark, from: &str, to: &str) -> String {
    let observed = r.version.saturating_sub(1);
    let stale = if r.any_term {
        format!("cfg.version !== {observed}")
    } else {
        format!("cfg.version !== {observed} || Number(cfg.term) !== {}", mark.term)
    };
    let priorities = match &r.unless {
        None => priorities(&r.after),
        Some(u) => format!(
            "db.hello().primary === {} ? {} : {}",
            json(&u.leads),
            priorities(&r.after),
            priorities(&u.members)
        ),
    };
    let change = if only_priorities(&r.before, &r.after) {
        format!("p = {priorities}; cfg.members.forEach(m => {{ m.priority = p[m.host] }})")
    } else {
        members(&r.after)
    };
    shell.at_the_primary(
        from,
        to,
        &format!(
            "cfg = db.adminCommand({{ replSetGetConfig: 1 }}).config; if ({stale}) throw \"the configuration has moved on\"; \
             {change}; cfg.version = {}; db.adminCommand({{ replSetReconfig: cfg }})",
            r.version
        ),
    )
}

fn only_priorities(before: &[ConfigMember], after: &[ConfigMember]) -> bool {
    let same = |(a, b): (&ConfigMember, &ConfigMember)| ConfigMember { priority: a.priority, ..b.clone() } == *a;
    before.len() == after.len() && before.iter().zip(after).all(same)
}

/// Who is not named leaves; who is not there yet comes in, with the next free id.
fn members(after: &[ConfigMember]) -> String {
    let one = |m: &ConfigMember| {
        let tags: Vec<_> = m.tags.iter().map(|(k, v)| format!("{}: {}", json(k), json(v))).collect();
        format!(
            "{}: {{ {}votes: {}, priority: {}, hidden: {}, tags: {{ {} }} }}",
            json(&m.name()),
            if m.arbiter { "arbiterOnly: true, " } else { "" },
            m.votes,
            m.priority,
            m.hidden,
            tags.join(", ")
        )
    };
    let all: Vec<_> = after.iter().map(one).collect();
    format!(
        "w = {{ {} }}; n = Math.max(...cfg.members.map(m => m._id)); cfg.members = cfg.members.filter(m => w[m.host]); \
         Object.keys(w).forEach(h => {{ m = cfg.members.find(m => m.host === h); \
         if (!m) cfg.members.push(m = Object.assign({{ _id: ++n, host: h, tags: w[h].tags }}, \
         w[h].arbiterOnly ? {{ arbiterOnly: true }} : {{}})); \
         m.votes = w[h].votes; m.priority = w[h].priority; m.hidden = w[h].hidden }})",
        all.join(", ")
    )
}

fn priorities(members: &[ConfigMember]) -> String {
    let all: Vec<_> = members.iter().map(|m| format!("{}: {}", json(&m.name()), m.priority)).collect();
    format!("{{ {} }}", all.join(", "))
}
