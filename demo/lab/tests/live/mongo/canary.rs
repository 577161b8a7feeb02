//! A canary on real servers: what it measures when a primary is killed; in watch mode it writes nothing.

use std::time::Duration;

use landfall::{
    base::digest::Digest,
    drive::inbox::Inbox,
    engine::snapshot::Snapshot,
    journal::{Author, store::MemStore},
    plan::Plan,
    systems::collect::clock,
};
use landfall_lab::{
    estate::CANARY,
    live::Lab,
    mongo::uri,
    server::How,
    watch::{Watch, samples, value},
};
use mongodb::{
    Client,
    bson::{Document, doc},
};

use super::{PATIENCE, block_on, only_sets, text};

/// The lab's set with a canary, without the others.
fn plan(lab: &Lab) -> Plan {
    let mut plan = lab.plan().unwrap();
    only_sets(&mut plan);
    plan.replica_sets.retain(|set| set.canary.is_some());
    assert_eq!(plan.replica_sets.len(), 1);
    plan
}

/// A watch that holds a journal for this plan.
pub fn with_control(plan: Plan) -> (Watch, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let author =
        Author { run: plan.name.clone(), actor: "ana".into(), host: "here".into(), plan: Digest::of(b"canary") };
    let inbox = Inbox::new(&folder.path().join("run.journal"), &author.run, &[]).unwrap();
    let opened = landfall::systems::open_journal(Box::new(MemStore::default()), author, clock::now()).unwrap();
    (Watch::with_control(plan, opened, inbox).unwrap(), folder)
}

/// The contents of the canary's collection: the number of writes to each document.
fn written(lab: &Lab) -> Vec<(String, i64)> {
    let ports = lab.status().unwrap().servers.into_iter().map(|(name, line)| (name, line.port)).collect();
    block_on(async {
        let client = Client::with_uri_str(uri(&ports, "catalog")).await.unwrap();
        let collection = client.database(CANARY.0).collection::<Document>(CANARY.1);
        let mut cursor = collection.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
        let mut all = Vec::new();
        while cursor.advance().await.unwrap() {
            let d = cursor.deserialize_current().unwrap();
            all.push((d.get_str("_id").unwrap().to_owned(), d.get_i64("writes").unwrap()));
        }
        all
    })
}

fn canary(s: &Snapshot, what: &str, w: &str) -> Option<f64> {
    value(s, &format!("mongo.canary.{what}"), &["catalog", w])
}

const BOTH: [&str; 2] = ["1", "majority"];

/// The number of outages that each canary has measured: beside the set's detail, below the canary's own line.
fn outages(s: &Snapshot) -> Option<[u32; 2]> {
    let fields = &s.details.first()?.1.fields;
    let of = |w: &str| {
        let at = fields.iter().position(|(name, _)| *name == format!("canary w:{w}"))?;
        fields.get(at + 1)?.1.text.split(',').next()?.parse().ok()
    };
    Some([of(BOTH[0])?, of(BOTH[1])?])
}

/// The lab's name of the primary's server, as shown.
fn leader(lab: &Lab, s: &Snapshot) -> String {
    let host = text(s, "sets", "catalog", "primary");
    let servers = lab.status().unwrap().servers;
    let own =
        |name: &&String| name.starts_with("mongo/catalog/") && host == format!("127.0.0.1:{}", servers[*name].port);
    servers.keys().find(own).unwrap_or_else(|| panic!("who is {host}?")).clone()
}

#[test]
fn a_canary_feels_a_killed_primary_and_whoever_watches_writes_nothing() {
    let Some(lab) = Lab::shared() else { return };
    let storm = lab.storm();
    let before = written(lab);
    let mut watch = Watch::on(plan(lab)).unwrap();
    let seen = watch.until_live(PATIENCE).unwrap();
    watch.during(Duration::from_secs(3), |_| ());
    assert!(seen.collectors.iter().all(|l| !l.id.contains("canary")), "who watches has no canary");
    assert_eq!(samples(&seen, "mongo.canary.gap", &[]).count(), 0);
    assert_eq!(written(lab), before, "a watch has written");
    drop(watch);

    let (mut console, _folder) = with_control(plan(lab));
    console.open("mongo", "sets", "catalog");
    console
        .until("writes that get through", PATIENCE, |s| {
            BOTH.iter().all(|w| canary(s, "gap", w) == Some(0.0))
                && value(s, "mongo.set.primary_writable", &["catalog"]) == Some(1.0)
        })
        .unwrap();
    console.during(Duration::from_secs(3), |_| ());
    console.until_live(PATIENCE).unwrap();
    let healthy = console.until("the gap so far", PATIENCE, |s| {
        outages(s).is_some() && value(s, "mongo.set.primary_writable", &["catalog"]) == Some(1.0)
    });
    let healthy = healthy.unwrap();
    let already = BOTH.map(|w| canary(&healthy, "write_downtime", w).unwrap());
    let counted = outages(&healthy).unwrap();
    // The current primary: an earlier test may have left another one than the lab began with.
    storm.break_(&leader(lab, &healthy), How::Kill).unwrap();
    let down =
        console.until("writes that fail", PATIENCE, |s| BOTH.iter().all(|w| canary(s, "gap", w) > Some(0.0))).unwrap();
    let words = down.details.first().and_then(|(_, d)| d.fields.iter().find(|(name, _)| name == "canary w:1"));
    println!("while it lasts: {}", words.map_or("", |(_, cell)| &cell.text));
    let over = console.until("writes that get through again", PATIENCE, |s| {
        BOTH.iter().all(|w| canary(s, "gap", w) == Some(0.0))
            && outages(s).is_some_and(|now| now.iter().zip(counted).all(|(now, before)| *now > before))
            && value(s, "mongo.set.primary_writable", &["catalog"]) == Some(1.0)
    });
    let over = over.unwrap();
    // Durations are not asserted: the canary and the greetings measure independently, on a busy machine.
    for (w, already) in BOTH.iter().zip(already) {
        let sample = canary(&over, "write_downtime", w).unwrap() - already;
        println!("w:{w}: gap {sample:.3} s; {:?} s at the longest", canary(&over, "longest_gap", w));
        assert!(sample > 0.0, "w:{w}: {sample} s");
    }
    let after = written(lab);
    let ids: Vec<_> = after.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["w:1", "w:majority"], "one document a write concern, for ever");
    assert!(after.iter().all(|(_, writes)| *writes > 5), "{after:?}");
    println!("{after:?}");
}

#[test]
fn what_a_step_down_would_kill_is_named() {
    let Some(lab) = Lab::shared() else { return };
    let _calm = lab.calm();
    let mut plan = lab.plan().unwrap();
    only_sets(&mut plan);
    let ports = lab.status().unwrap().servers.into_iter().map(|(name, line)| (name, line.port)).collect();
    let mut watch = Watch::on(plan).unwrap();
    watch.open("mongo", "sets", "orders");
    watch.until_live(PATIENCE).unwrap();
    let busy = std::thread::spawn({
        let uri = uri(&ports, "orders");
        move || {
            block_on(async {
                let client = Client::with_uri_str(uri).await.unwrap();
                let slow = client.database("shop").collection::<Document>("slow");
                slow.insert_one(doc! { "a": 1 }).await.unwrap();
                let mut session = client.start_session().await.unwrap();
                session.start_transaction().await.unwrap();
                slow.insert_one(doc! { "a": 2 }).session(&mut session).await.unwrap();
                let sleepy = doc! { "$where": "sleep(12000) || true" };
                let read = client.clone();
                let reading = async move {
                    let mut cursor =
                        read.database("shop").collection::<Document>("slow").find(sleepy.clone()).await.unwrap();
                    while cursor.advance().await.unwrap() {}
                };
                let change =
                    slow.update_many(doc! { "$where": "sleep(12000) || true", "a": 1 }, doc! { "$inc": { "n": 1 } });
                let (changed, ()) = tokio::join!(async { change.await.unwrap() }, reading);
                session.abort_transaction().await.unwrap();
                slow.drop().await.unwrap();
                changed.modified_count
            })
        }
    });
    let named = |s: &Snapshot| {
        let (_, detail) = s.details.first()?;
        detail.fields.iter().find(|(name, _)| name == "long operations").map(|(_, cell)| cell.text.to_string())
    };
    let seen = watch.until("a long write and an open transaction", PATIENCE, |s| {
        value(s, "mongo.set.longest_write", &["orders"]) >= Some(1.0)
            && named(s).is_some_and(|n| n.contains("update shop.slow for ") && n.contains("transaction: "))
    });
    let seen = seen.unwrap();
    println!("{}", named(&seen).unwrap());
    assert!(!named(&seen).unwrap().contains("find"), "a read is not killed");
    let short = |s: &Snapshot, set| value(s, "mongo.set.longest_write", &[set]).is_some_and(|seconds| seconds < 1.0);
    assert!(short(&seen, "catalog"), "nothing there");
    busy.join().unwrap();
    watch.until("nothing long any more", PATIENCE, |s| short(s, "orders")).unwrap();
}
