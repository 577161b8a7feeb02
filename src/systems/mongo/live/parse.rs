//! Converts the servers' replies to plain observations. A field omitted by a version stays absent; an unreadable one is a fault, never
//! zero.

use std::time::Duration;

use jiff::Timestamp;
use mongodb::bson::{Bson, Document};

use crate::mongo::facts::{
    Config, ConfigMember, Hello, InitialSync, MemberState, Membership, OpTime, Peering, Server, Status,
};

/// `hello`, received at `heard` on the boot clock.
pub(super) fn hello(d: &Document, heard: Duration) -> Hello {
    let term = d.get_object_id("electionId").ok().map(|id| {
        // `7fffffff` followed by the term: the format of the server's election ids since protocol version 1.
        id.bytes()[4..].iter().fold(0, |n: u64, b| n << 8 | u64::from(*b))
    });
    Hello {
        heard,
        set_name: text(d, "setName"),
        me: text(d, "me"),
        writable: flag(d, "isWritablePrimary") || flag(d, "ismaster"),
        waits: flag(d, "isreplicaset"),
        secondary: flag(d, "secondary"),
        arbiter: flag(d, "arbiterOnly"),
        primary: text(d, "primary"),
        hosts: ["hosts", "passives"].into_iter().flat_map(|key| texts(d, key)).collect(),
        arbiters: texts(d, "arbiters").collect(),
        // `secondaryDelaySecs` was `slaveDelay` before 5.0.
        delay: seconds(d, "secondaryDelaySecs").or_else(|| seconds(d, "slaveDelay")).unwrap_or_default(),
        term,
        last_write: sub(d, "lastWrite").and_then(|w| optime(w.get("opTime"))),
        local_time: time(d, "localTime"),
    }
}

/// `replSetGetStatus`; none if the reply lacks a field of every version.
pub(super) fn status(d: &Document) -> Option<Membership> {
    let members: Vec<_> = docs(d, "members").collect();
    let own = members.iter().find(|m| flag(m, "self"));
    let optimes = sub(d, "optimes");
    let date = time(d, "date")?;
    let elected = own.filter(|m| number(m, "state") == Some(1)).and_then(|m| time(m, "electionDate"));
    let source = text(d, "syncSourceHost").or_else(|| own.and_then(|m| text(m, "syncSourceHost")));
    Some(Membership::In(Box::new(Status {
        state: MemberState::from_code(number(d, "myState")?),
        term: number(d, "term"),
        date,
        applied: optimes
            .and_then(|o| optime(o.get("appliedOpTime")))
            .or_else(|| own.and_then(|m| optime(m.get("optime")))),
        applied_wall: optimes
            .and_then(|o| time(o, "lastAppliedWallTime"))
            .or_else(|| own.and_then(|m| time(m, "lastAppliedWallTime")))
            .or_else(|| own.and_then(|m| time(m, "optimeDate"))),
        sync_source: source.filter(|s| !s.is_empty()),
        uptime: own.and_then(|m| seconds(m, "uptime")),
        led: elected.and_then(|at| Duration::try_from(date.duration_since(at)).ok()),
        majority: number(d, "majorityVoteCount").and_then(|n| u32::try_from(n).ok()),
        members: members.iter().filter_map(|m| peering(m)).collect(),
        initial_sync: sub(d, "initialSyncStatus").map(initial_sync),
    })))
}

fn peering(m: &Document) -> Option<Peering> {
    Some(Peering {
        host: text(m, "name")?,
        state: MemberState::from_code(number(m, "state")?),
        up: number(m, "health")? == 1,
        ping: number(m, "pingMs").and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis),
    })
}

fn initial_sync(d: &Document) -> InitialSync {
    let bytes = |key| number(d, key).and_then(|n| u64::try_from(n).ok());
    let small = |n: i64| u32::try_from(n).ok();
    let databases = sub(d, "databases").and_then(|dbs| {
        let done = small(number(dbs, "databasesCloned")?)?;
        Some((done, done + small(number(dbs, "databasesToClone")?)?))
    });
    InitialSync {
        copied: bytes("approxTotalBytesCopied").unwrap_or(0),
        total: bytes("approxTotalDataSize"),
        databases,
        failed: number(d, "failedInitialSyncAttempts").and_then(small).unwrap_or(0),
    }
}

/// `serverStatus`; none if the reply lacks a field of every version.
pub(super) fn server(d: &Document) -> Option<Server> {
    let at = |key| sub(d, "oplog").and_then(|o| optime(o.get(key)));
    let second = |op: OpTime| Timestamp::from_second(i64::from(op.secs)).ok();
    let oplog = at("earliestOptime").and_then(second).zip(at("latestOptime").and_then(second));
    let flow = sub(d, "flowControl").filter(|f| f.get_bool("enabled").unwrap_or(true));
    Some(Server {
        version: text(d, "version")?,
        oplog,
        flow_lagged: flow.and_then(|f| f.get_bool("isLagged").ok()),
        uptime: seconds(d, "uptime"),
    })
}

/// Whether `getDefaultRWConcern` reports a default write concern that has been set: from 5.0 on it names the origin of the value; before
/// that it has a value only where one was set.
pub(super) fn default_write(d: &Document) -> bool {
    text(d, "defaultWriteConcernSource")
        .map_or_else(|| sub(d, "defaultWriteConcern").is_some(), |source| source == "global")
}

/// `replSetGetConfig`, from `from`, for a client that reaches the set at these hosts; none if the reply lacks a field of every version.
///
/// Members with horizons have a name for each network. `hello` reports the names of the client's network, which is determined by the name
/// that the client gave in TLS (SNI). The configuration and every status have the internal names only.
pub(super) fn config(d: &Document, from: &str, seeds: &[String]) -> Option<Config> {
    let c = sub(d, "config")?;
    let horizon = horizon(c, seeds);
    let millis =
        |key| number(sub(c, "settings")?, key).and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
    let members: Option<Vec<_>> = docs(c, "members").map(|m| member(m, horizon.as_deref())).collect();
    Some(Config {
        set: text(c, "_id")?,
        version: number(c, "version")?,
        term: number(c, "term"),
        members: members?,
        committed: d.get_bool("commitmentStatus").ok(),
        default_write: None,
        from: from.to_owned(),
        election_timeout: millis("electionTimeoutMillis"),
    })
}

/// `connectionStatus` with privileges: which of these actions the login may not do in a collection; none if the reply does not show it.
///
/// A grant is for one collection, for all of a database (no collection named), for all databases (neither named), or for anything.
pub(super) fn missing<'a>(d: &Document, (db, collection): (&str, &str), actions: &[&'a str]) -> Option<Vec<&'a str>> {
    let grants: Vec<_> = d
        .get_document("authInfo")
        .ok()
        .filter(|i| i.contains_key("authenticatedUserPrivileges"))
        .map(|i| docs(i, "authenticatedUserPrivileges"))?
        .collect();
    let covers = |resource: &Document| {
        let is = |key, name: &str| resource.get_str(key).is_ok_and(|value| value.is_empty() || value == name);
        flag(resource, "anyResource") || (is("db", db) && is("collection", collection))
    };
    let may = |action: &str| {
        let here = grants.iter().filter(|g| sub(g, "resource").is_some_and(covers));
        here.into_iter().any(|g| texts(g, "actions").any(|a| a == action || a == "anyAction"))
    };
    Some(actions.iter().copied().filter(|action| !may(action)).collect())
}

/// The horizon of the plan's hosts; none where they are the configuration's own, or there are no horizons.
fn horizon(config: &Document, seeds: &[String]) -> Option<String> {
    let named = |name: &str| seeds.iter().any(|seed| seed == name);
    if docs(config, "members").filter_map(|m| m.get_str("host").ok()).any(named) {
        return None;
    }
    let mut horizons = docs(config, "members").filter_map(|m| sub(m, "horizons")).flatten();
    horizons.find(|(_, name)| name.as_str().is_some_and(named)).map(|(horizon, _)| horizon.clone())
}

fn member(m: &Document, horizon: Option<&str>) -> Option<ConfigMember> {
    let outside = horizon.and_then(|horizon| text(sub(m, "horizons")?, horizon));
    // `secondaryDelaySecs` was `slaveDelay` before 5.0.
    let delay = seconds(m, "secondaryDelaySecs").or_else(|| seconds(m, "slaveDelay"));
    let tags = sub(m, "tags").into_iter().flatten();
    Some(ConfigMember {
        inside: outside.is_some().then(|| text(m, "host")).flatten(),
        host: outside.or_else(|| text(m, "host"))?,
        votes: u32::try_from(number(m, "votes")?).ok()?,
        priority: match m.get("priority")? {
            Bson::Double(p) => *p,
            Bson::Int32(p) => f64::from(*p),
            _ => return None,
        },
        hidden: flag(m, "hidden"),
        arbiter: flag(m, "arbiterOnly"),
        delay: delay.unwrap_or_default(),
        tags: tags.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect(),
    })
}

fn text(d: &Document, key: &str) -> Option<String> {
    d.get_str(key).ok().map(str::to_owned)
}

fn texts<'a>(d: &'a Document, key: &str) -> impl Iterator<Item = String> + 'a {
    d.get_array(key).ok().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned))
}

fn sub<'a>(d: &'a Document, key: &str) -> Option<&'a Document> {
    d.get_document(key).ok()
}

fn docs<'a>(d: &'a Document, key: &str) -> impl Iterator<Item = &'a Document> {
    d.get_array(key).ok().into_iter().flatten().filter_map(Bson::as_document)
}

fn flag(d: &Document, key: &str) -> bool {
    d.get_bool(key).unwrap_or(false)
}

/// An integer, in any of the types that a server uses.
fn number(d: &Document, key: &str) -> Option<i64> {
    match d.get(key)? {
        Bson::Int32(n) => Some(i64::from(*n)),
        Bson::Int64(n) => Some(*n),
        #[expect(clippy::cast_possible_truncation, reason = "the server gives whole numbers as doubles in places")]
        Bson::Double(n) => n.is_finite().then_some(*n as i64),
        _ => None,
    }
}

fn seconds(d: &Document, key: &str) -> Option<Duration> {
    number(d, key).and_then(|s| u64::try_from(s).ok()).map(Duration::from_secs)
}

fn time(d: &Document, key: &str) -> Option<Timestamp> {
    // A value outside the range of years, or before 1970 (a member that has applied nothing), is no time.
    let millis = d.get_datetime(key).ok()?.timestamp_millis();
    Timestamp::from_millisecond(millis).ok().filter(|_| millis > 0)
}

/// `{ ts, t }`, or a bare timestamp.
fn optime(b: Option<&Bson>) -> Option<OpTime> {
    let of = |term, ts: &mongodb::bson::Timestamp| OpTime { term, secs: ts.time, inc: ts.increment };
    let op = match b? {
        Bson::Timestamp(ts) => of(-1, ts),
        Bson::Document(d) => of(number(d, "t")?, &d.get_timestamp("ts").ok()?),
        _ => return None,
    };
    // A member that has applied nothing yet reports zero: that is no position.
    (op.secs > 0).then_some(op)
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{DateTime, Timestamp as Ts, doc, oid::ObjectId};

    use super::*;

    #[test]
    fn a_primarys_hello_has_its_term() {
        let id = ObjectId::from_bytes([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 1, 4]);
        let h = hello(
            &doc! { "isWritablePrimary": true, "setName": "orders", "hosts": ["a:1", "b:1"], "passives": ["c:1"], "electionId": id,
            "lastWrite": { "opTime": { "ts": Ts { time: 7, increment: 2 }, "t": 3_i64 } } },
            Duration::ZERO,
        );
        assert_eq!((h.writable, h.term, h.hosts.len()), (true, Some(260), 3));
        assert_eq!(h.last_write, Some(OpTime { term: 3, secs: 7, inc: 2 }));
    }

    #[test]
    fn an_older_version_leaves_much_out_and_is_still_read() {
        let d = doc! { "myState": 2, "date": DateTime::from_millis(1_000), "members": [
            { "name": "a:1", "state": 1, "health": 1.0 },
            { "name": "b:1", "state": 2, "health": 1.0, "self": true, "uptime": 9, "optimeDate": DateTime::from_millis(900),
              "optime": { "ts": Ts { time: 1, increment: 1 }, "t": 1_i64 } },
        ] };
        let Some(Membership::In(s)) = status(&d) else { panic!("no status") };
        assert_eq!((s.term, s.majority, s.members.len()), (None, None, 2));
        assert_eq!(s.applied_wall.map(|t| t.as_millisecond()), Some(900));
        assert_eq!(s.uptime, Some(Duration::from_secs(9)));
    }

    #[test]
    fn what_is_needed_and_missing_is_no_answer() {
        assert!(status(&doc! { "ok": 1 }).is_none());
        assert!(server(&doc! { "ok": 1 }).is_none());
        // One unreadable member makes the configuration invalid: a missing vote would change the majority.
        let d = doc! { "config": { "_id": "x", "version": 1, "members": [{ "host": "a:1", "votes": 1, "priority": 1.0 }, { "host": "b:1" }] } };
        assert!(config(&d, "a:1", &[]).is_none());
    }

    #[test]
    fn members_have_the_names_of_the_horizon_that_the_plan_asks_from() {
        let member = |n: u8| {
            doc! { "host": format!("db{n}.inside:1"), "votes": 1, "priority": 1.0,
            "horizons": { "lan": format!("10.0.0.{n}:1"), "ext": format!("db{n}.outside:1") } }
        };
        let d = doc! { "config": { "_id": "x", "version": 1, "members": [member(1), member(2)] } };
        let names = |seed: &str| {
            let config = config(&d, "a:1", &["other:1".to_owned(), seed.to_owned()]).expect("a configuration");
            config.members.into_iter().map(|m| (m.name().to_owned(), m.host)).collect::<Vec<_>>()
        };
        let pair = |inside: &str, host: &str| (inside.to_owned(), host.to_owned());
        let inside = [pair("db1.inside:1", "db1.inside:1"), pair("db2.inside:1", "db2.inside:1")];
        // A member that the plan does not name is known by its external name as well.
        assert_eq!(
            names("db1.outside:1"),
            [pair("db1.inside:1", "db1.outside:1"), pair("db2.inside:1", "db2.outside:1")]
        );
        assert_eq!(names("10.0.0.2:1")[0], pair("db1.inside:1", "10.0.0.1:1"));
        assert_eq!(names("db2.inside:1"), inside);
        assert_eq!(names("nobody:1"), inside);
    }

    #[test]
    fn a_member_that_has_applied_nothing_has_no_position() {
        let zero = Bson::Document(doc! { "ts": Ts { time: 0, increment: 0 }, "t": -1_i64 });
        assert_eq!(optime(Some(&zero)), None);
    }

    #[test]
    fn a_login_may_what_it_is_granted_there_or_anywhere() {
        let status = |resource: Document, actions: &[&str]| {
            doc! { "authInfo": { "authenticatedUsers": [{ "user": "can", "db": "admin" }],
            "authenticatedUserPrivileges": [{ "resource": resource, "actions": actions.to_vec() }] }, "ok": 1.0 }
        };
        let missing = |d: &Document| missing(d, ("landfall", "canary"), &["insert", "update"]);
        let own = || doc! { "db": "landfall", "collection": "canary" };
        assert_eq!(missing(&status(own(), &["insert", "update"])), Some(vec![]));
        assert_eq!(missing(&status(own(), &["update"])), Some(vec!["insert"]));
        assert_eq!(missing(&status(doc! { "db": "landfall", "collection": "" }, &["insert", "update"])), Some(vec![]));
        assert_eq!(missing(&status(doc! { "anyResource": true }, &["anyAction"])), Some(vec![]));
        for elsewhere in [doc! { "cluster": true }, doc! { "db": "landfall", "collection": "other" }] {
            assert_eq!(missing(&status(elsewhere, &["insert", "update"])), Some(vec!["insert", "update"]));
        }
        assert_eq!(missing(&doc! { "ok": 1.0 }), None);
    }

    #[test]
    fn flow_control_that_is_off_says_nothing() {
        let d = |on: bool| doc! { "version": "6.0.5", "flowControl": { "enabled": on, "isLagged": false } };
        assert_eq!(server(&d(true)).and_then(|s| s.flow_lagged), Some(false));
        assert_eq!(server(&d(false)).and_then(|s| s.flow_lagged), None);
    }
}
