//! Tables and keys of MongoDB replica sets. Data only.

use std::time::Duration;

use super::{
    Form,
    Kind::{self, *},
    TableSpec,
    tables::{HOST, NAME, TEXT, may, must, or},
};

static MONGODB_URI: Form = Form {
    what: "a MongoDB connection string that lists its hosts",
    example: "mongodb://db1:27017,db2:27017/?replicaSet=orders",
    pattern: "^mongodb://[^/]+(/.*)?$",
};
static COLLECTION: Form = Form {
    what: "a database and a collection",
    example: "landfall.canary",
    pattern: r"^[A-Za-z0-9_-]{1,63}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
};

pub(super) static REPLICA_SET: TableSpec = TableSpec {
    header: "[[replica_set]]",
    doc: "One MongoDB replica set that spans both sites.",
    groups: &[&[
        must("name", NAME, "The set's name, as its members know it."),
        must("uri", Form(&MONGODB_URI), "Connection string with the seed hosts, without user name and password."),
        may("login", Table(&LOGIN), "Login for reading; default: none."),
        may("write_login", Table(&LOGIN), "Login for changing; without it, read only."),
        must("source", MEMBER_RULE, "Which members are the source's."),
        must("target", MEMBER_RULE, "Which members are the target's."),
        or("candidates", List(&Form(&HOST), 0), "[]", "Hosts that will be added to the set as target members."),
        may("canary", Table(&CANARY), "Canary writes that measure write downtime; default: none."),
    ]],
};

const MEMBER_RULE: Kind = OneOf(&[&BY_TAG, &BY_HOSTS]);

static BY_TAG: TableSpec = TableSpec {
    header: "a rule by tag",
    doc: "Members with this replica set tag.",
    groups: &[&[must("tag", TEXT, "Tag name."), must("value", TEXT, "Tag value.")]],
};

static BY_HOSTS: TableSpec = TableSpec {
    header: "a rule by hosts",
    doc: "Members whose host:port matches.",
    groups: &[&[must("hosts", List(&Pattern, 1), "Names, globs or /regular expressions/ of host:port.")]],
};

static LOGIN: TableSpec = TableSpec {
    header: "a login",
    doc: "User name and password.",
    groups: &[&[
        must("username", TEXT, "User name."),
        must("password", Secret, "Password."),
        or("auth_source", TEXT, "\"admin\"", "Database that holds the user."),
    ]],
};

static CANARY: TableSpec = TableSpec {
    header: "`canary`",
    doc: "Canary writes by the controlling console, to measure write downtime from an application's point of view.",
    groups: &[&[
        must("collection", Form(&COLLECTION), "Its own database.collection: it holds one document per write concern."),
        must(
            "every",
            Duration(Duration::from_millis(10), Duration::from_secs(10)),
            "How often it writes, and the resolution of what it measures.",
        ),
        must("majority", Bool, "Whether it also writes with w: majority."),
        may("login", Table(&LOGIN), "Login that may insert and update in that collection; default: none."),
    ]],
};
