//! MongoDB replica sets: the connection string, logins, and the side of each member.

use super::{same_access, unique, unique_names};
use crate::{
    diag::{Code, Diagnosis, Faults, Span},
    pattern::Pattern,
    scalar::{self, quoted},
    sensitive,
    spec::{Kind, tables::HOST},
    tree::{At, Table, without_spans},
    types::{Canary, Login, MemberRule, ReplicaSet},
};
use base::side::{Side, Sides};

pub(super) fn all(root: &Table, faults: &mut Faults) -> Option<Vec<ReplicaSet>> {
    unique_names(root.tables("replica_set"), "name", "replica set", faults);
    let mut hosts = Vec::new();
    let sets: Vec<_> = root.tables("replica_set").map(|t| replica_set(t, &mut hosts, faults)).collect();
    unique(&hosts, |host: &String| format!("the host {}", quoted(host)), faults);
    sets.into_iter().collect()
}

/// One set. Adds its hosts to `hosts`: a server belongs to one set only.
fn replica_set(table: &Table, hosts: &mut Vec<At<String>>, faults: &mut Faults) -> Option<ReplicaSet> {
    let name: Option<At<String>> = table.at("name");
    let uri: Option<At<String>> = table.at("uri");
    let seeds = uri.as_ref().map(|uri| connection_string(uri, name.as_ref(), faults)).unwrap_or_default();
    let source = rule(table, Side::Source);
    let target = rule(table, Side::Target);
    if let (Some(s), Some(t)) = (&source, &target)
        && s == t
    {
        let message = "`target` has the same rule as `source`: every member would be of both sides";
        let span = table.written("target").unwrap_or_else(|| table.span.clone());
        faults.push(Diagnosis::error(Code::SameSides, &span, message).hint("give the target's tag value or hosts"));
    }
    let candidates: Vec<At<String>> = table.list("candidates");
    for c in &candidates {
        if seeds.contains(&c.value) {
            let message = format!("{} waits outside the set and is in its `uri`", quoted(&c.value));
            faults.push(Diagnosis::error(Code::Conflict, &c.span, message).hint("take it out of one of the two"));
        } else if let Some(MemberRule::Hosts(patterns)) = &source
            && patterns.iter().any(|p| p.matches(&c.value))
        {
            let message = format!("{} waits to become a target member, but `source` claims it", quoted(&c.value));
            faults.push(
                Diagnosis::error(Code::Conflict, &c.span, message)
                    .hint("narrow the source's hosts, or correct the candidate"),
            );
        }
    }
    let (read, write) = (login(table, "login"), login(table, "write_login"));
    if let (Some(r), Some(w), Some(span)) = (&read, &write, table.written("write_login"))
        && (&r.username, &r.auth_source) == (&w.username, &w.auth_source)
    {
        same_access(&span, "write_login", faults);
    }
    let canary = table.table("canary").map(|t| canary(t, [read.as_ref(), write.as_ref()], faults));
    if let Some(uri) = &uri {
        hosts.extend(seeds.iter().map(|s| At { value: s.clone(), span: uri.span.clone() }));
    }
    hosts.extend(candidates.iter().filter(|c| !seeds.contains(&c.value)).cloned());
    Some(ReplicaSet {
        name: name?.value,
        uri: uri?.value,
        seeds,
        read,
        write,
        sites: Sides { source: source?, target: target? },
        candidates: without_spans(candidates),
        canary: canary.map_or(Some(None), |c| c.map(Some))?,
    })
}

/// The canary. Its collection must be its own, not one of the servers'. Its login must be neither of the set's, whose permissions differ.
fn canary(table: &Table, [read, write]: [Option<&Login>; 2], faults: &mut Faults) -> Option<Canary> {
    let name: Option<At<String>> = table.at("collection");
    let parts = name.as_ref().and_then(|n| Some((n, n.value.split_once('.')?)));
    if let Some((at, (database, collection))) = parts
        && (["admin", "config", "local"].contains(&database) || collection.starts_with("system."))
    {
        let message = format!("{} is the servers' own", quoted(&at.value));
        faults.push(
            Diagnosis::error(Code::BadValue, &at.span, message)
                .hint("give the canary a collection of its own, such as \"landfall.canary\""),
        );
    }
    let login = login(table, "login");
    let same = |a: &Login, b: &Login| (&a.username, &a.auth_source) == (&b.username, &b.auth_source);
    match (&login, table.written("login")) {
        (Some(own), Some(span)) if read.is_some_and(|read| same(own, read)) => {
            same_access(&span, "canary.login", faults)
        }
        (Some(own), Some(span)) if write.is_some_and(|write| same(own, write)) => {
            let message = "`canary.login` is the same identity that changes the set";
            let fault = Diagnosis::warning(Code::SameAccess, &span, message);
            faults.push(fault.hint("it only has to insert and update in its collection: give it a user of its own"));
        }
        (None, None) if read.or(write).is_some() => {
            let message = "the set wants a login, and the canary has none: its writes would be refused";
            let fault = Diagnosis::warning(Code::MissingKey, &table.span, message);
            faults.push(fault.hint("add `login`: a user that may insert and update in its collection"));
        }
        _ => {}
    }
    let (_, (database, collection)) = parts?;
    Some(Canary {
        database: database.to_owned(),
        collection: collection.to_owned(),
        every: table.get("every")?,
        majority: table.get("majority")?,
        login,
    })
}

fn rule(table: &Table, side: Side) -> Option<MemberRule> {
    let t = table.table(side.word())?;
    match t.get("tag") {
        Some(name) => Some(MemberRule::Tag { name, value: t.get("value")? }),
        None => t.get::<Vec<At<Pattern>>>("hosts").map(|hosts| MemberRule::Hosts(without_spans(hosts))),
    }
}

fn login(table: &Table, key: &str) -> Option<Login> {
    let t = table.table(key)?;
    Some(Login { username: t.get("username")?, password: t.get("password")?, auth_source: t.get("auth_source")? })
}

/// The seeds of a connection string (MongoDB's connection string specification), after reporting what it must not contain. No part that may
/// belong to a secret is shown.
fn connection_string(uri: &At<String>, name: Option<&At<String>>, faults: &mut Faults) -> Vec<String> {
    let rest = uri.value.strip_prefix("mongodb://").unwrap_or(&uri.value);
    // An unescaped password may contain any character: it is not possible to tell at which @ it ends.
    if rest.contains('@') {
        let instead = "login = { username = \"…\", password = { env = \"NAME\" } }";
        secret(&uri.span, "user name and password (what stands before an @)", instead, faults);
        return Vec::new();
    }
    let (list, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let mut seeds = Vec::new();
    for host in list.split(',') {
        match scalar::text(&Kind::Form(&HOST), host) {
            Some(Ok(_)) if !seeds.iter().any(|s: &String| s == host) => seeds.push(host.to_owned()),
            Some(Ok(_)) => {
                let message = format!("{} is twice in `uri`", quoted(host));
                faults.push(Diagnosis::error(Code::Duplicate, &uri.span, message).hint("name each host once"));
            }
            _ => {
                let message = format!("{} in `uri` is not a host with its port", quoted(host));
                faults.push(
                    Diagnosis::error(Code::BadValue, &uri.span, message)
                        .hint("write host:port, MongoDB's usual port is 27017"),
                );
            }
        }
    }
    let query = path.split_once('?').map_or("", |(_, q)| q);
    for (key, value) in query.split(['&', ';']).map(|pair| pair.split_once('=').unwrap_or((pair, ""))) {
        if key.eq_ignore_ascii_case("authMechanismProperties") && sensitive::secret_name(value) {
            secret(&uri.span, "a token among its authMechanismProperties", "login = { … }", faults);
        } else if sensitive::secret_name(key) {
            let what = "a secret among its options";
            secret(&uri.span, what, "what needs none: a key file without a password, a proxy without a login", faults);
        } else if key.eq_ignore_ascii_case("replicaSet")
            && let Some(name) = name.filter(|name| name.value != value)
        {
            let message = format!("`uri` says replicaSet={}, `name` says {}", quoted(value), quoted(&name.value));
            faults.push(Diagnosis::error(Code::Conflict, &uri.span, message).hint("both must be the set's name"));
        }
    }
    seeds
}

fn secret(span: &Span, what: &str, instead: &str, faults: &mut Faults) {
    let message = format!("`uri` holds {what}: no secret may stand in a plan");
    faults.hide(span.clone());
    faults.push(Diagnosis::error(Code::SecretInClear, span, message).hint(format!("take it out and write {instead}")));
}
