//! The same as commands that a person could paste, with the same comparison: without it a stale document would silently win.

use super::{Call, Mark, Reconfig, Until};
use crate::systems::mongo::facts::ConfigMember;

/// The command of a call. `mark` is what is observed when it is drafted, `from` and `to` who leads and who is to.
pub(super) fn of(call: &Call, mark: &Mark, from: &str, to: &str) -> String {
    match call {
        Call::Reconfig(r) => reconfig(r, mark, from, to),
        Call::StepDown { host, term, secs, catch_up, .. } => eval(
            host,
            &format!(
                "if (!db.hello().isWritablePrimary || Number(db.adminCommand({{ replSetGetStatus: 1 }}).term) !== {term}) \
                 throw \"{host} does not lead in term {term}\"; \
                 db.adminCommand({{ replSetStepDown: {secs}, secondaryCatchUpPeriodSecs: {catch_up} }})"
            ),
        ),
        Call::Freeze { host, secs, .. } => {
            eval(host, &format!("if (!db.hello().isWritablePrimary) db.adminCommand({{ replSetFreeze: {secs} }})"))
        }
        Call::Wait { set, until } => match until {
            Until::Committed { version } => at_the_primary(
                set,
                from,
                to,
                &format!(
                    "r = db.adminCommand({{ replSetGetConfig: 1, commitmentStatus: true }}); \
                     r.config.version === {version} && r.commitmentStatus"
                ),
            ),
            Until::CaughtUp { host, .. } => eval(from, &format!("/* {host}: */ rs.printSecondaryReplicationInfo()")),
            Until::Leads { host, after } => eval(
                host,
                &format!(
                    "db.hello().isWritablePrimary && Number(db.adminCommand({{ replSetGetStatus: 1 }}).term) > {after}"
                ),
            ),
            Until::Writable => at_the_primary(set, from, to, "db.hello().isWritablePrimary"),
            Until::Settled => at_the_primary(
                set,
                from,
                to,
                "db.adminCommand({ replSetGetConfig: 1, commitmentStatus: true }).commitmentStatus",
            ),
        },
    }
}

fn reconfig(r: &Reconfig, mark: &Mark, from: &str, to: &str) -> String {
    let observed = r.version.saturating_sub(1);
    let stale = if r.any_term {
        format!("cfg.version !== {observed}")
    } else {
        format!("cfg.version !== {observed} || Number(cfg.term) !== {}", mark.term)
    };
    let priorities = match &r.unless {
        None => priorities(&r.after),
        Some(u) => format!(
            "db.hello().primary === \"{}\" ? {} : {}",
            u.leads,
            priorities(&r.after),
            priorities(&u.members)
        ),
    };
    let change = if only_priorities(&r.before, &r.after) {
        format!("p = {priorities}; cfg.members.forEach(m => {{ m.priority = p[m.host] }})")
    } else {
        members(&r.after)
    };
    at_the_primary(
        &r.set,
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
        let tags: Vec<_> = m.tags.iter().map(|(k, v)| format!("\"{k}\": \"{v}\"")).collect();
        format!(
            "\"{}\": {{ {}votes: {}, priority: {}, hidden: {}, tags: {{ {} }} }}",
            m.name(),
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
    let all: Vec<_> = members.iter().map(|m| format!("\"{}\": {}", m.name(), m.priority)).collect();
    format!("{{ {} }}", all.join(", "))
}

/// To one member, whoever leads.
fn eval(host: &str, script: &str) -> String {
    format!("mongosh \"mongodb://{host}/?directConnection=true\" --eval '{script}'")
}

/// To whichever of the two leads.
fn at_the_primary(set: &str, from: &str, to: &str, script: &str) -> String {
    let hosts = if from == to { from.to_owned() } else { format!("{from},{to}") };
    format!("mongosh \"mongodb://{hosts}/?replicaSet={set}\" --eval '{script}'")
}
