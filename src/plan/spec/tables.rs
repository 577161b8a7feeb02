//! Every table and key of the plan file, version 1, except those of the replica sets and the runbook. Data only.

use std::time::Duration;

use super::{
    Form, Key,
    Kind::{self, *},
    Need, TableSpec,
    replica_set::REPLICA_SET,
    runbook::{ABORT, APPROVER, GATE_DEFAULTS, INVARIANT, PHASE},
};
use crate::types::Intervals;

/// A required key.
pub const fn must(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, need: Need::Required, doc }
}

/// An optional key.
pub const fn may(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, need: Need::Optional, doc }
}

/// A key that has a default.
pub const fn or(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key { name, kind, need: Need::Default(default), doc }
}

/// The two keys of a table with one value for each side.
const fn sides(kind: Kind, need: Need) -> [Key; 2] {
    [Key { name: "source", kind, need, doc: "The source's." }, Key { name: "target", kind, need, doc: "The target's." }]
}

/// A name that is shown in tables on screen.
pub const NAME: Kind = Text(1, 64);
/// Any single-line text.
pub const TEXT: Kind = Text(1, 4096);

/// The version of the format that this program reads.
pub const SCHEMA: i64 = 1;

pub(crate) static REGION: Form =
    Form { what: "an AWS region", example: "us-east-1", pattern: "^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$" };
static ROLE_ARN: Form = Form {
    what: "the ARN of an IAM role",
    example: "arn:aws:iam::111111111111:role/landfall-read",
    pattern: "^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]+$",
};
/// Route 53 only limits the length to 32; its ids begin with Z by custom, those of other implementations (moto) need not.
static ZONE: Form = Form { what: "a hosted zone id", example: "Z0123456789", pattern: "^[A-Z0-9]{1,32}$" };
static DNS_NAME: Form = Form {
    what: "a DNS name",
    example: "api.example.com.",
    pattern: r"^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+([A-Za-z0-9-]{1,63}\.?)?$",
};
/// A host with its port.
pub static HOST: Form = Form {
    what: "a host with its port",
    example: "db1.example.com:27017",
    pattern: concat!(
        r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):",
        "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})$"
    ),
};
static ANSWER: Form = Form {
    what: "an address, a network or a DNS name",
    example: "10.1.0.0/16",
    pattern: "^([0-9A-Fa-f:.]+(/[0-9]{1,3})?|[*A-Za-z0-9_.-]+)$",
};

/// The whole file.
pub static ROOT: TableSpec = TableSpec {
    header: "the file's top level",
    doc: "A landfall plan: what is to be moved from one AWS region to another, and how it is watched.",
    groups: &[&[
        must("schema", Integer(SCHEMA, SCHEMA), "Version of this format."),
        must("name", NAME, "What the move is called, on screen and in reports."),
        must("sites", Table(&SITES), "The two sites."),
        may(
            "route53",
            Table(&ROUTE53),
            "How Route 53, a global service, is reached; default: the environment's AWS access.",
        ),
        may("replica_set", Tables(&REPLICA_SET), "MongoDB replica sets."),
        may("kafka", Tables(&KAFKA), "Pairs of Kafka clusters."),
        may("fleet", Tables(&FLEET), "Roles of EC2 instances."),
        may("dns", Tables(&DNS), "Weighted DNS names."),
        may("health", Tables(&HEALTH), "Named health queries."),
        or("intervals", Table(&INTERVALS), "{}", "How often each system is polled."),
        or("budgets", Table(&BUDGETS), "{}", "Limits of the move."),
        or("gate_defaults", Table(&GATE_DEFAULTS), "{}", "What holds for every gate."),
        may("approver", Tables(&APPROVER), "People whose approvals count."),
        may("invariant", Tables(&INVARIANT), "What must be true while the run goes on."),
        may(
            "abort",
            Tables(&ABORT),
            "Conditions on which the screen proposes a rollback; while true, no step goes forward.",
        ),
        may("phase", Tables(&PHASE), "The runbook, phase by phase."),
    ]],
};

static SITES: TableSpec = TableSpec {
    header: "[sites]",
    doc: "The two sites of the move.",
    groups: &[&[
        must("source", Table(&SITE), "Where the platform runs before the move."),
        must("target", Table(&SITE), "Where it runs after it."),
    ]],
};

static SITE: TableSpec = TableSpec {
    header: "[sites.source] and [sites.target]",
    doc: "One site: a region, and how its AWS services are reached.",
    groups: &[
        &[must("label", Text(1, 12), "Short name for tables."), must("region", Form(&REGION), "AWS region.")],
        CREDENTIALS,
        &[may("endpoints", Table(&SITE_ENDPOINTS), "URLs that replace AWS's own, by service."), WRITE],
    ],
};

static ROUTE53: TableSpec = TableSpec {
    header: "[route53]",
    doc: "Access to Route 53: a global service that belongs to neither side.",
    groups: &[
        CREDENTIALS,
        &[may("endpoints", Table(&ROUTE53_ENDPOINTS), "URLs that replace AWS's own, by service."), WRITE],
    ],
};

const WRITE: Key = may("write", Table(&WRITE_ACCESS), "Other credentials for changing; without them, read only.");

/// Credentials for AWS: from the shared configuration, by a role, or by reference.
const CREDENTIALS: &[Key] = &[
    may("profile", TEXT, "Profile of the shared AWS configuration; default: the environment's chain."),
    may("role", Form(&ROLE_ARN), "Role to assume."),
    may("external_id", Secret, "External id that the role asks for."),
    may("access_key", Secret, "Access key; goes with secret_key."),
    may("secret_key", Secret, "Secret key."),
    may("session_token", Secret, "Session token."),
];

static WRITE_ACCESS: TableSpec =
    TableSpec { header: "`write`", doc: "AWS credentials for changing.", groups: &[CREDENTIALS] };

static SITE_ENDPOINTS: TableSpec = TableSpec {
    header: "`endpoints` of a site",
    doc: "URLs that replace AWS's own.",
    groups: &[
        ENDPOINTS,
        &[
            may("ec2", Url, "EC2."),
            may("elasticloadbalancing", Url, "Elastic Load Balancing."),
            may("autoscaling", Url, "Auto Scaling."),
            may("cloudwatch", Url, "CloudWatch."),
        ],
    ],
};

static ROUTE53_ENDPOINTS: TableSpec = TableSpec {
    header: "`endpoints` of [route53]",
    doc: "URLs that replace AWS's own.",
    groups: &[ENDPOINTS, &[may("route53", Url, "Route 53.")]],
};

const ENDPOINTS: &[Key] =
    &[may("all", Url, "Every service that is not named."), may("sts", Url, "Security Token Service.")];

pub(crate) static KAFKA: TableSpec = TableSpec {
    header: "[[kafka]]",
    doc: "A pair of Kafka clusters, one on each side.",
    groups: &[&[
        must("name", NAME, "The pair's name."),
        or("groups", List(&Pattern, 0), "[]", "Consumer groups that are watched."),
        or("topics", List(&Pattern, 0), "[]", "Topics that are watched."),
        or(
            "isolation",
            Enum(&["read_committed", "read_uncommitted"]),
            "\"read_committed\"",
            "What consumers read. With read_committed, open transactions are checked: while one is open, a topic counts neither as drained nor as still.",
        ),
        must("source", Table(&CLUSTER), "The source's cluster."),
        must("target", Table(&CLUSTER), "The target's cluster."),
        may("mirror", Tables(&MIRROR), "What is copied from one cluster to the other."),
    ]],
};

pub(crate) static CLUSTER: TableSpec = TableSpec {
    header: "[kafka.source] and [kafka.target]",
    doc: "One Kafka cluster.",
    groups: &[&[
        must("properties", Map(&Property), "librdkafka's properties for reading."),
        may("write_properties", Map(&Property), "Properties that differ for changing; without them, read only."),
    ]],
};

static MIRROR: TableSpec = TableSpec {
    header: "[[kafka.mirror]]",
    doc: "One direction of copying.",
    groups: &[&[
        must("from", Enum(&["source", "target"]), "Copied from this side to the other."),
        may("topics", List(&Pattern, 1), "Which topics; default: the pair's."),
        or("prefix", Text(0, 64), "\"\"", "What the copies' names begin with."),
        may(
            "offset_syncs_topic",
            Text(1, 249),
            "MirrorMaker 2's offset syncs, used to translate a group's offsets; default: the one topic mm2-offset-syncs.*.internal.",
        ),
        may(
            "offset_syncs_on",
            Enum(&["source", "target"]),
            "On which side that topic is; default: where it copies from.",
        ),
    ]],
};

static FLEET: TableSpec = TableSpec {
    header: "[[fleet]]",
    doc: "One role of the fleet.",
    groups: &[&[
        must("role", NAME, "The role's name."),
        or("tag", TEXT, "\"role\"", "Instances of the role have this tag …"),
        may("value", TEXT, "… with this value; default: the role's name."),
        may("filters", Map(&OneOrMany(&TEXT)), "Further EC2 filters, as DescribeInstances takes them."),
        must("wanted", Table(&WANTED), "How many instances are wanted."),
        may("target_groups", Table(&NAMES), "Target groups: names or ARNs."),
        may("auto_scaling_groups", Table(&NAMES), "Auto Scaling groups: names."),
    ]],
};

static WANTED: TableSpec = TableSpec {
    header: "`wanted`",
    doc: "How many instances on each side.",
    groups: &[&sides(Integer(0, 100_000), Need::Required)],
};

static NAMES: TableSpec = TableSpec {
    header: "a list of names for each side",
    doc: "The names of each side.",
    groups: &[&sides(OneOrMany(&TEXT), Need::Optional)],
};

static DNS: TableSpec = TableSpec {
    header: "[[dns]]",
    doc: "One weighted DNS name.",
    groups: &[&[
        must("name", Form(&DNS_NAME), "The name; the last dot may be left out."),
        must("zone", Form(&ZONE), "Hosted zone id."),
        or("type", Enum(&["A", "AAAA", "CNAME"]), "\"A\"", "Record type."),
        must("set_identifiers", Table(&IDENTIFIERS), "Set identifiers of the weighted records."),
        may("planned", Table(&WEIGHTS), "Weights that are wanted now."),
        must("servers", List(&Address(53), 1), "Authoritative servers to query."),
        or("resolvers", List(&Address(53), 0), "[]", "Resolvers to query."),
        may(
            "answers",
            Table(&ANSWERS),
            "Answers that are of each side; default: the records' own values. An alias needs them.",
        ),
        or("rate", Integer(1, 1000), "20", "Queries per second to each server."),
    ]],
};

static IDENTIFIERS: TableSpec = TableSpec {
    header: "`set_identifiers`",
    doc: "The set identifiers of each side.",
    groups: &[&sides(OneOrMany(&Text(1, 128)), Need::Required)],
};

static WEIGHTS: TableSpec = TableSpec {
    header: "`planned`",
    doc: "The weight of each side.",
    groups: &[&sides(Integer(0, 255), Need::Required)],
};

static ANSWERS: TableSpec = TableSpec {
    header: "`answers`",
    doc: "Addresses, networks in CIDR form or DNS names of each side.",
    groups: &[&sides(OneOrMany(&Form(&ANSWER)), Need::Optional)],
};

static HEALTH: TableSpec = TableSpec {
    header: "[[health]]",
    doc: "One health query, asked on both sides.",
    groups: &[&[
        must("name", NAME, "Its name."),
        must("kind", Enum(&["requests", "errors", "latency", "other"]), "What it measures."),
        must("unit", Enum(&["ratio", "seconds", "per_second", "count", "bytes"]), "Unit of its value."),
        may("volume", NAME, "Name of the query that says whether there is traffic at all."),
        may("source", QUERY, "The query for the source; default: none."),
        may("target", QUERY, "The query for the target; default: none."),
    ]],
};

const QUERY: Kind = OneOf(&[&PROMETHEUS, &CLOUDWATCH]);

static PROMETHEUS: TableSpec = TableSpec {
    header: "a Prometheus query",
    doc: "An instant query to a Prometheus-compatible HTTP API.",
    groups: &[&[
        must("prometheus", Url, "Base URL, without /api/v1/query."),
        must("expr", Block, "PromQL that gives one number."),
        may("bearer", Secret, "Bearer token."),
    ]],
};

static CLOUDWATCH: TableSpec = TableSpec {
    header: "a CloudWatch query",
    doc: "A CloudWatch metric, read with the site's access.",
    groups: &[&[
        must("namespace", TEXT, "Namespace."),
        must("metric", TEXT, "Metric name."),
        must("stat", TEXT, "Statistic: Sum, Average, p99 …"),
        may("dimensions", Map(&TEXT), "Dimensions."),
        or("period", Duration(Duration::from_secs(1), Duration::from_secs(86_400)), "\"60s\"", "Period."),
        or("scale", Number, "1.0", "What the value is multiplied with, to come to the query's unit."),
    ]],
};

/// From 200 ms, which does not overload any server, to an hour, beyond which observation is not useful.
const INTERVAL: Kind = Duration(Duration::from_millis(200), Duration::from_secs(3600));

/// The keys of `[intervals]`.
const fn intervals() -> [Key; Intervals::SPECS.len()] {
    let mut keys = [const { or("", INTERVAL, "", "") }; Intervals::SPECS.len()];
    let mut at = 0;
    while at < keys.len() {
        let spec = &Intervals::SPECS[at];
        keys[at] = or(spec.key, INTERVAL, spec.default, spec.doc);
        at += 1;
    }
    keys
}

static INTERVALS: TableSpec =
    TableSpec { header: "[intervals]", doc: "How often each system is polled.", groups: &[&intervals()] };

static BUDGETS: TableSpec = TableSpec {
    header: "[budgets]",
    doc: "Limits of the move.",
    groups: &[&[
        or(
            "write_downtime",
            Duration(Duration::from_millis(100), Duration::from_secs(86_400)),
            "\"5s\"",
            "Time without a writable primary that one replica set may use up in the whole run.",
        ),
        may(
            "window",
            Table(&WINDOW),
            "When the work may start and end: outside it nothing goes forward, unless two people waive `window`.",
        ),
    ]],
};

static WINDOW: TableSpec = TableSpec {
    header: "`window`",
    doc: "A time window.",
    groups: &[&[must("start", Timestamp, "Not before."), must("end", Timestamp, "Not after.")]],
};
