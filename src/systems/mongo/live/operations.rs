//! The users' operations in progress on a primary that its step down would kill: query and parsing.
//!
//! The server selects and strips the data: it returns an operation's name, its namespace and its time, never a document. Excluded are the
//! servers' own operations (they have no client; of those only the threads of an index build belong to a user), reads, waiting `hello`
//! commands, and the writes of a canary.

use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};

use super::client::CANARY;
use crate::mongo::operations::{Kind, LISTED, Operation, Operations};

/// Commands that write, other than the plain writes, which the server calls `insert`, `update` and `remove`.
const COMMANDS: [&str; 18] = [
    "insert",
    "update",
    "delete",
    "bulkWrite",
    "findAndModify",
    "findandmodify",
    "mapReduce",
    "create",
    "collMod",
    "drop",
    "dropDatabase",
    "dropIndexes",
    "renameCollection",
    "convertToCapped",
    "cloneCollectionAsCapped",
    "compact",
    "applyOps",
    "commitTransaction",
];

/// `$currentOp`, of all users (privilege `inprog`). Source of the fields: MongoDB's manual, "$currentOp (aggregation)"; the shapes are
/// measured on 6.0.
pub(super) fn command() -> Document {
    let there = |field: &str| doc! { field: { "$exists": true } };
    let mut commands: Vec<Bson> = COMMANDS.iter().map(|name| there(&format!("command.{name}")).into()).collect();
    commands.extend(["$out", "$merge"].map(|stage| Bson::from(there(&format!("command.pipeline.{stage}")))));
    let of_a_user = doc! { "client": { "$exists": true }, "$or": [
        { "op": { "$in": ["insert", "update", "remove"] } },
        { "$or": commands },
        there("transaction"),
    ] };
    let picked = doc! { "appName": { "$ne": CANARY }, "$or": [of_a_user, there("command.createIndexes")] };
    // The first key of a command is its name; its value and all other keys stay on the server.
    let name =
        doc! { "$arrayElemAt": [{ "$map": { "input": { "$objectToArray": "$command" }, "in": "$$this.k" } }, 0] };
    let described = doc! { "_id": 0, "op": 1, "ns": 1, "name": name, "micros": {
        "$max": ["$microsecs_running", "$transaction.timeOpenMicros"],
    }, "transaction": { "$gt": ["$transaction", Bson::Null] } };
    doc! { "aggregate": 1, "cursor": {}, "pipeline": [
        { "$currentOp": { "allUsers": true, "idleConnections": false, "idleSessions": true } },
        { "$match": picked },
        { "$project": described },
        { "$sort": { "micros": -1 } },
        { "$limit": LISTED },
    ] }
}

/// The reply of `from`; none if it has another form.
pub(super) fn parse(d: &Document, from: &str) -> Option<Operations> {
    let batch = d.get_document("cursor").ok()?.get_array("firstBatch").ok()?;
    let all = batch.iter().map(|op| operation(op.as_document()?)).collect::<Option<Vec<_>>>()?;
    Some(Operations::new(from, all))
}

fn operation(d: &Document) -> Option<Operation> {
    let text = |key| d.get_str(key).unwrap_or_default();
    let (op, name) = (text("op"), text("name"));
    let what = match op {
        "insert" | "update" | "remove" => op,
        _ if name.is_empty() => "idle",
        _ => name,
    };
    let kind = match what {
        _ if d.get_bool("transaction").unwrap_or(false) => Kind::Transaction,
        "createIndexes" => Kind::IndexBuild,
        _ => Kind::Write,
    };
    // An operation that has just begun has no time yet.
    let micros = match d.get("micros") {
        Some(Bson::Int64(n)) => u64::try_from(*n).ok()?,
        Some(Bson::Int32(n)) => u64::try_from(*n).ok()?,
        None | Some(Bson::Null) => 0,
        _ => return None,
    };
    // An aggregation first writes to a temporary collection of its own, and renames it.
    let namespace = text("ns").split(".tmp.agg_out.").next().unwrap_or_default().to_owned();
    Some(Operation { kind, what: what.to_owned(), namespace, running: Duration::from_micros(micros) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(ops: Vec<Document>) -> Document {
        doc! { "cursor": { "firstBatch": ops, "id": 0_i64, "ns": "admin.$cmd.aggregate" }, "ok": 1.0 }
    }

    /// As returned by a 6.0.5.
    fn captured() -> Vec<Document> {
        vec![
            doc! { "op": "command", "ns": "shop.cars", "name": "findAndModify", "micros": 2_031_267_i64, "transaction": false },
            doc! { "op": "command", "ns": "shop.cars", "name": "aggregate", "micros": 1_529_607_i64, "transaction": false },
            doc! { "op": "update", "ns": "shop.big", "name": "q", "micros": 1_527_630_i64, "transaction": false },
            doc! { "op": "command", "ns": "shop.tmp.agg_out.d0769ca5-4658-44d6-9598-017092ed4bf0", "name": "aggregate",
            "micros": 1_519_586_i64, "transaction": false },
            doc! { "name": Bson::Null, "micros": 2_048_790_i64, "transaction": true },
            doc! { "op": "command", "ns": "shop.big", "name": "createIndexes", "micros": 522_505_i64, "transaction": false },
            doc! { "op": "command", "ns": "shop.big", "name": "createIndexes", "micros": 426_320_i64, "transaction": false },
        ]
    }

    #[test]
    fn operations_are_named_the_longest_first_and_an_index_build_once() {
        let described = parse(&reply(captured()), "a:1").expect("a reply");
        assert_eq!((described.from.as_str(), described.longest()), ("a:1", Duration::from_micros(2_048_790)));
        let named: Vec<_> =
            described.longest_first.iter().map(|op| (op.kind, op.what.as_str(), op.namespace.as_str())).collect();
        assert_eq!(
            named,
            [
                (Kind::Transaction, "idle", ""),
                (Kind::Write, "findAndModify", "shop.cars"),
                (Kind::Write, "aggregate", "shop.cars"),
                (Kind::Write, "update", "shop.big"),
                (Kind::Write, "aggregate", "shop"),
                (Kind::IndexBuild, "createIndexes", "shop.big"),
            ]
        );
        let words = described.named().expect("long ones");
        assert_eq!(
            words,
            "transaction: idle for 2.0s; findAndModify shop.cars for 2.0s; aggregate shop.cars for 1.5s; and 2 more"
        );
    }

    #[test]
    fn nothing_under_way_is_zero_and_what_cannot_be_read_is_no_answer() {
        let none = parse(&reply(Vec::new()), "a:1").expect("a reply");
        assert_eq!((none.longest(), none.named()), (Duration::ZERO, None));
        let started =
            parse(&reply(vec![doc! { "op": "insert", "ns": "a.b", "name": "insert", "transaction": false }]), "a:1");
        assert_eq!(started.map(|o| o.longest()), Some(Duration::ZERO));
        assert!(parse(&doc! { "ok": 1.0 }, "a:1").is_none());
        assert!(parse(&reply(vec![doc! { "op": "insert", "micros": "soon" }]), "a:1").is_none());
        assert!(parse(&reply(vec![doc! { "op": "insert", "micros": -1_i64 }]), "a:1").is_none());
    }
}
