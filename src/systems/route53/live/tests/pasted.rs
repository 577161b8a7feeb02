//! Every printed command, forward and rollback, of every action, run by a shell against the strict server.

use serde_json::Value;

use super::{
    Way,
    forms::{ALIAS, emergency, ttl},
    strict::Server,
    weights,
};
use crate::{
    planner::{
        Planner,
        pasted::{flags, paste},
    },
    route53::ops::{Call, Version},
};
use base::{operation::Operation, step::Reply};
use plan::Action;

/// The keys that the API knows. An unknown key is refused.
const KEYS: &[&str] = &[
    "Comment",
    "Changes",
    "Action",
    "ResourceRecordSet",
    "Name",
    "Type",
    "SetIdentifier",
    "Weight",
    "TTL",
    "ResourceRecords",
    "Value",
    "AliasTarget",
    "HostedZoneId",
    "DNSName",
    "EvaluateTargetHealth",
    "HealthCheckId",
];

/// A batch in the API's form, from the JSON of its command.
fn xml(value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::Object(map) => {
            let mut out = String::new();
            for (key, value) in map {
                if !KEYS.contains(&key.as_str()) {
                    return Err(format!("unknown parameter {key}"));
                }
                let inner = match value {
                    Value::Array(items) => {
                        let one = key.trim_end_matches('s');
                        items
                            .iter()
                            .map(|item| Ok(format!("<{one}>{}</{one}>", xml(item)?)))
                            .collect::<Result<String, String>>()?
                    }
                    other => xml(other)?,
                };
                out.push_str(&format!("<{key}>{inner}</{key}>"));
            }
            out
        }
        Value::String(text) => {
            text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
        }
        other => other.to_string(),
    })
}

fn aws(server: &mut Server, words: &[String]) -> Result<String, String> {
    let (names, flags) = flags(words);
    let one = |flag: &str| match flags.get(flag).map(Vec::as_slice) {
        Some([one]) => Ok(*one),
        other => Err(format!("--{flag} {other:?}")),
    };
    match names.as_slice() {
        ["route53", "change-resource-record-sets"] => {
            if one("hosted-zone-id")? != "Z1" {
                return Err("NoSuchHostedZone".to_owned());
            }
            let batch: Value = serde_json::from_str(one("change-batch")?).map_err(|e| e.to_string())?;
            if batch["Comment"].as_str().is_some_and(|c| c.chars().count() > 256) {
                return Err("Comment: longer than 256".to_owned());
            }
            server.change(&xml(&batch)?)?;
            let id = format!("C{:04}", server.changes.len() + 1);
            server.changes.insert(id.clone(), 0);
            let whole = format!("{{\"ChangeInfo\": {{\"Id\": \"/change/{id}\"}}}}");
            Ok(if one("query") == Ok("ChangeInfo.Id") && one("output") == Ok("text") {
                format!("/change/{id}")
            } else {
                whole
            })
        }
        ["route53", "wait", "resource-record-sets-changed"] => {
            let id = one("id")?.trim_start_matches("/change/").to_owned();
            server.changes.get(&id).map(|_| String::new()).ok_or(format!("NoSuchChange: {id:?}"))
        }
        other => Err(format!("no such call: {other:?}")),
    }
}

/// All of a preview's commands, one after the other in one shell.
fn run(way: &Way, ops: &[Operation<Call, Version>]) -> Result<String, String> {
    let script: Vec<&str> = ops.iter().map(|op| op.command.as_str()).collect();
    paste(&script.join("\n"), "aws", |words| aws(&mut way.server.lock().expect("no panic"), words))
}

/// All record sets except the epoch; and the epoch's number.
fn there(way: &Way) -> (String, u64) {
    let server = way.server.lock().expect("no panic");
    let sets: Vec<_> = server.sets.iter().filter(|((_, kind, _), _)| kind != "TXT").collect();
    let text = server.sets.iter().find(|((_, kind, _), _)| kind == "TXT").map(|(_, rest)| rest["Value"].concat());
    let number = |text: String| text.split("epoch=").nth(1)?.split([' ', '&', '"']).next()?.parse().ok();
    (format!("{sets:?}"), text.map_or(0, |text| number(text).expect("an epoch of ours")))
}

async fn estate(form: &str) -> Way {
    let mut way = Way::new().await;
    for (id, weight) in [("vir", 100), ("ore", 0)] {
        let set = format!(
            "<Name>api.example.test.</Name><Type>A</Type><SetIdentifier>{id}</SetIdentifier><Weight>{weight}</Weight>"
        );
        let rest = match form {
            "alias" => ALIAS.to_owned(),
            "checked" => format!("<TTL>60</TTL><Value>192.0.2.010</Value><HealthCheckId>hc-{id}</HealthCheckId>"),
            _ => continue,
        };
        way.server.lock().expect("no panic").put(&format!("{set}{rest}"));
    }
    way.read().await;
    way
}

/// Carries out this preview, by hand or by a run.
async fn forward(way: &mut Way, by: &str, ops: &[Operation<Call, Version>], tag: &str) {
    if by == "hand" {
        run(way, ops).unwrap_or_else(|why| panic!("{why}: {:?}", ops[0].command));
    } else {
        assert_eq!(way.send(tag, &ops[0]).await.reply, Reply::Accepted);
    }
}

#[tokio::test]
async fn every_printed_command_runs_and_the_way_back_restores_exactly_what_was() {
    let all: [(&str, Action); 8] = [
        ("plain", weights(90, 10)),
        ("checked", weights(0, 100)),
        ("alias", weights(1, 99)),
        ("plain", ttl(20)),
        ("checked", ttl(300)),
        ("plain", emergency(0, 100)),
        ("checked", emergency(50, 50)),
        ("alias", emergency(10, 90)),
    ];
    for (form, action) in all {
        for by in ["hand", "run"] {
            let what = format!("{action:?} of {form} by {by}");
            let mut way = estate(form).await;
            let (before, none) = there(&way);
            let draft = way.draft(&action);
            forward(&mut way, by, &draft.ops, "t/1").await;
            let (after, over) = there(&way);
            assert!(after != before && over > none, "{what}");
            // The inverse of the same preview.
            run(&way, &draft.inverse).unwrap_or_else(|why| panic!("{what}: {why}"));
            let (restored, back) = there(&way);
            assert_eq!(restored, before, "{what}");
            assert!(back > over, "{what}: an epoch never comes back");
            // It matches only once.
            assert!(run(&way, &draft.inverse).is_err(), "{what}");
            // And of a later preview, derived from the state then; its own inverse leads forward again.
            way.read().await;
            let again = way.draft(&action);
            forward(&mut way, by, &again.ops, "t/2").await;
            way.read().await;
            let later = way.state.inverse(&again.inverse, way.now).expect("a way back");
            forward(&mut way, by, &later.ops, "t/3").await;
            assert_eq!(there(&way).0, before, "{what}");
            run(&way, &later.inverse).unwrap_or_else(|why| panic!("{what}: {why}"));
            assert_eq!(there(&way).0, after, "{what}");
        }
    }
}

#[tokio::test]
async fn a_printed_command_compares_with_what_was_previewed() {
    let foreign = "<Name>api.example.test.</Name><Type>A</Type><SetIdentifier>ore</SetIdentifier><Weight>34</Weight><TTL>60</TTL>\
                    <Value>203.0.113.9</Value>";
    for action in [weights(90, 10), ttl(20)] {
        let way = estate("plain").await;
        let draft = way.draft(&action);
        way.server.lock().expect("no panic").put(foreign);
        let described = run(&way, &draft.ops).expect_err("another value is there");
        assert!(described.contains("do not match the current values"), "{described}");
        let way = estate("plain").await;
        run(&way, &draft.ops).expect("as previewed");
        way.server.lock().expect("no panic").put(foreign);
        let before = there(&way);
        run(&way, &draft.inverse).expect_err("another value is there");
        assert_eq!(there(&way), before, "nothing of it");
    }
}
