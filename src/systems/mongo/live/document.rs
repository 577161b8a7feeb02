//! A configuration as it is sent: the observed document with the intended changes.

use mongodb::bson::{Bson, Document, doc};

use crate::mongo::facts::ConfigMember;

/// The observed document with these members at this version; everything else stays as it is.
///
/// # Errors
/// The document is not as expected, or a member cannot be added with all that it needs.
pub(super) fn document(mut raw: Document, version: i64, members: &[ConfigMember]) -> Result<Document, String> {
    let unread = || "its configuration cannot be read".to_owned();
    let old: Vec<Document> =
        raw.get_array("members").map_err(|_| unread())?.iter().filter_map(|m| m.as_document().cloned()).collect();
    let ids = old.iter().map(|m| m.get_i32("_id").ok()).collect::<Option<Vec<_>>>();
    let mut next = ids.and_then(|ids| ids.into_iter().max()?.checked_add(1)).ok_or_else(unread)?;
    let mut new = Vec::new();
    for member in members {
        let known = old.iter().find(|m| m.get_str("host").is_ok_and(|host| host == member.name())).cloned();
        let mut m = match known {
            Some(known) => known,
            None => {
                next += 1;
                comes_in(next - 1, member, &old)?
            }
        };
        m.insert("votes", i32::try_from(member.votes).map_err(|_| unread())?);
        m.insert("priority", member.priority);
        m.insert("hidden", member.hidden);
        new.push(Bson::from(m));
    }
    raw.insert("members", new);
    // In the number's own type: some versions refuse another one.
    match raw.get("version") {
        Some(Bson::Int64(_)) => raw.insert("version", version),
        _ => raw.insert("version", i32::try_from(version).map_err(|_| unread())?),
    };
    Ok(raw)
}

/// A new member, with all its known settings except votes and priority.
fn comes_in(id: i32, member: &ConfigMember, others: &[Document]) -> Result<Document, String> {
    if member.inside.is_some() {
        return Err(format!(
            "{} has horizons, of which one alone is known: only somebody who has all of its names can add it",
            member.host
        ));
    }
    let tags: Document = member.tags.iter().map(|(k, v)| (k.clone(), Bson::from(v.as_str()))).collect();
    let mut m = doc! { "_id": id, "host": member.name(), "tags": tags };
    if member.arbiter {
        m.insert("arbiterOnly", true);
    }
    if !member.delay.is_zero() {
        // `secondaryDelaySecs` was `slaveDelay` before 5.0, and each version refuses the other name.
        let old = others.iter().any(|m| m.contains_key("slaveDelay"));
        let late = i64::try_from(member.delay.as_secs()).map_err(|_| format!("{} is late by no time", member.host))?;
        m.insert(if old { "slaveDelay" } else { "secondaryDelaySecs" }, late);
    }
    Ok(m)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::parse, *};

    fn member(host: &str, priority: f64) -> ConfigMember {
        ConfigMember { host: host.into(), votes: 1, priority, ..ConfigMember::default() }
    }

    #[test]
    fn what_is_not_meant_to_change_is_sent_as_it_was_read() {
        let raw = doc! { "_id": "t", "version": 7, "term": 3_i64, "writeConcernMajorityJournalDefault": true,
        "settings": { "electionTimeoutMillis": 1000, "somethingNew": 4 },
        "members": [
            { "_id": 4, "host": "a:1", "votes": 1, "priority": 1.0, "hidden": false, "buildIndexes": true, "tags": { "region": "x" } },
            { "_id": 2, "host": "b:1", "votes": 1, "priority": 1.0, "hidden": false, "horizons": { "out": "b:2" } },
        ] };
        let mut wanted = vec![member("a:1", 2.0), member("c:1", 0.0)];
        wanted[1].tags = vec![("region".into(), "y".into())];
        wanted[1].hidden = true;
        wanted[1].votes = 0;
        let new = document(raw.clone(), 8, &wanted).expect("a configuration");
        assert_eq!(
            new,
            doc! { "_id": "t", "version": 8, "term": 3_i64, "writeConcernMajorityJournalDefault": true,
            "settings": { "electionTimeoutMillis": 1000, "somethingNew": 4 },
            "members": [
                { "_id": 4, "host": "a:1", "votes": 1, "priority": 2.0, "hidden": false, "buildIndexes": true, "tags": { "region": "x" } },
                { "_id": 5, "host": "c:1", "tags": { "region": "y" }, "votes": 0, "priority": 0.0, "hidden": true },
            ] }
        );
        // No id is used for another member.
        let gone = document(raw, 8, &[member("b:1", 1.0), member("c:1", 1.0)]).expect("a configuration");
        let members = gone.get_array("members").expect("members").iter().filter_map(Bson::as_document);
        let ids: Vec<_> = members.filter_map(|m| m.get_i32("_id").ok()).collect();
        assert_eq!(ids, [2, 5]);
    }

    #[test]
    fn who_comes_back_is_as_late_as_it_was_and_never_under_one_of_several_names() {
        let raw = |delay: &str| {
            doc! { "_id": "t", "version": 7, "members": [{ "_id": 0, "host": "a:1", "votes": 1, "priority": 1.0, "hidden": false, delay: 0_i64 }] }
        };
        let late = ConfigMember { hidden: true, delay: Duration::from_secs(3600), votes: 0, ..member("b:1", 0.0) };
        for key in ["slaveDelay", "secondaryDelaySecs"] {
            let new = document(raw(key), 8, &[member("a:1", 1.0), late.clone()]).expect("a configuration");
            let reply = doc! { "config": new.clone() };
            let read = parse::config(&reply, "a:1", &[]).expect("readable");
            assert_eq!(read.members[1], late, "{key}");
            let members = new.get_array("members").expect("members");
            assert!(members[1].as_document().is_some_and(|m| m.get_i64(key).ok() == Some(3600)), "{key}");
        }
        let two = ConfigMember { inside: Some("in:1".into()), ..member("out:1", 1.0) };
        let why = document(raw("secondaryDelaySecs"), 8, &[member("a:1", 1.0), two]).expect_err("refused");
        assert!(why.contains("horizons"), "{why}");
    }
}
