//! Replica sets: what is shown of healthy ones, of a primary that steps down, and of a set without majority.

#![allow(clippy::unwrap_used, reason = "in a test that is how it fails")]

mod canary;
mod guarded;
mod pasted;

use std::future::Future;

use landfall::{
    base::{
        observed::Observed,
        view::{Cell, Detail, Table},
    },
    engine::snapshot::{Snapshot, Verdict},
    plan::Plan,
};
use landfall_lab::{
    live::Lab,
    mongo::{direct, member},
    server::How,
    watch::{Watch, samples, value},
};
use mongodb::{Client, bson::doc};

use super::PATIENCE;

/// Watches only the replica sets, so that faults here affect nothing else.
fn watch(lab: &Lab) -> Watch {
    let mut plan = lab.plan().unwrap();
    only_sets(&mut plan);
    Watch::on(plan).unwrap()
}

fn only_sets(plan: &mut Plan) {
    (plan.kafka, plan.fleet, plan.dns, plan.health) = Default::default();
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn table<'a>(s: &'a Snapshot, id: &str) -> &'a Table {
    let panel = s.panels.iter().find(|p| p.id == "mongo").unwrap();
    panel.tables.iter().find(|t| t.id == id).unwrap()
}

fn cell<'a>(t: &'a Table, row: &str, column: &str) -> &'a Cell {
    let column = t.columns.iter().position(|c| c.id == column).unwrap();
    &t.rows.iter().find(|r| r.id == row).unwrap_or_else(|| panic!("no row {row}")).cells[column]
}

fn text<'a>(s: &'a Snapshot, t: &str, row: &str, column: &str) -> &'a str {
    &cell(table(s, t), row, column).text
}

/// The term of the set whose detail is open.
fn term(s: &Snapshot) -> Option<u64> {
    let field = |d: &Detail| d.fields.iter().find(|(name, _)| name == "term").map(|(_, cell)| cell.text.to_string());
    s.details.first().and_then(|(_, d)| field(d))?.parse().ok()
}

#[test]
fn members_are_shown_by_site_with_role_votes_and_lag() {
    let Some(lab) = Lab::shared() else { return };
    let _calm = lab.calm();
    let s = watch(lab).until_live(PATIENCE).unwrap();
    let host = |set: &str, n| format!("{set}/127.0.0.1:{}", lab.port(&member(set, n)).unwrap());
    for (set, source, target) in [("orders", "3/3", "2/2"), ("catalog", "3/3", "0/0")] {
        assert_eq!(text(&s, "sets", set, "side"), "VIR");
        assert_eq!(text(&s, "sets", set, "writable"), "yes");
        assert_eq!(text(&s, "sets", set, "committed"), "committed");
        let sides = ["source_members", "target_members"].map(|column| text(&s, "sets", set, column));
        assert_eq!(sides, [source, target], "{set}");
    }
    for n in 1..=5 {
        let of = |column| text(&s, "members", &host("orders", n), column).to_owned();
        assert_eq!(of("state"), if n == 1 { "PRIMARY" } else { "SECONDARY" }, "{n}");
        assert_eq!(of("side"), if n <= 3 { "VIR" } else { "ORE" }, "{n}");
        assert_eq!(of("votes"), format!("1 {}", [3, 2, 2, 1, 1][n as usize - 1]), "{n}");
    }
    for n in 4..=5 {
        assert_eq!(text(&s, "members", &host("catalog", n), "state"), "not in the set");
    }
    let lags: Vec<_> = samples(&s, "mongo.member.lag", &["orders"]).collect();
    assert_eq!(lags.len(), 4, "{lags:?}");
    assert!(lags.iter().all(|x| x.value.is_fresh()), "{lags:?}");
    // Three of five votes are the source's: losing it loses the majority, losing the target does not.
    assert_eq!(value(&s, "mongo.set.majority_if_source_lost", &["orders"]), Some(0.0));
    assert_eq!(value(&s, "mongo.set.majority_if_target_lost", &["orders"]), Some(1.0));
}

#[test]
fn a_primary_that_steps_down_is_followed_to_its_successor_and_back() {
    let Some(lab) = Lab::shared() else { return };
    let _storm = lab.storm();
    let first = format!("127.0.0.1:{}", lab.port(&member("orders", 1)).unwrap());
    let mut watch = watch(lab);
    watch.open("mongo", "sets", "orders");
    let leads = |s: &Snapshot| text(s, "sets", "orders", "primary").to_owned();
    let writable = |s: &Snapshot| value(s, "mongo.set.primary_writable", &["orders"]) == Some(1.0);
    let before =
        watch.until("the first member to lead", PATIENCE, |s| writable(s) && leads(s) == first && term(s).is_some());
    let before = term(&before.unwrap()).unwrap();

    block_on(async {
        let client = Client::with_uri_str(direct(&first)).await.unwrap();
        let down = doc! { "replSetStepDown": 10, "secondaryCatchUpPeriodSecs": 5 };
        client.database("admin").run_command(down).await.unwrap();
    });
    let next = watch.until("another member to lead in a later term", PATIENCE, |s| {
        writable(s) && leads(s) != first && term(s).is_some_and(|t| t > before)
    });
    let next = next.unwrap();
    let old = format!("orders/{first}");
    assert_ne!(text(&next, "members", &old, "state"), "PRIMARY");
    let down = value(&next, "mongo.set.write_downtime", &["orders"]).unwrap();
    assert!(down > 0.0, "an outage was seen");
    // Its priority makes it primary again, without any action.
    watch.until("the first member to lead again", PATIENCE, |s| writable(s) && leads(s) == first).unwrap();
}

#[test]
fn a_set_without_a_majority_says_so_and_heals_by_itself() {
    let Some(lab) = Lab::shared() else { return };
    let storm = lab.storm();
    let mut watch = watch(lab);
    watch.until_live(PATIENCE).unwrap();
    // Killed, frozen, and killed: the rest is not a majority.
    for (n, how) in [(1, How::Kill), (2, How::Freeze), (3, How::Kill)] {
        storm.break_(&member("orders", n), how).unwrap();
    }
    let lost = watch.until("NO PRIMARY", PATIENCE, |s| {
        value(s, "mongo.set.primary_writable", &["orders"]) == Some(0.0)
            && text(s, "sets", "orders", "primary").starts_with("NO PRIMARY")
            && matches!(s.verdict(), Verdict::Outage(_))
    });
    let lost = lost.unwrap();
    assert_eq!(text(&lost, "sets", "orders", "writable"), "NO");
    // Values that only a primary can give are unknown; the other set is not affected.
    for id in ["mongo.set.worst_target_lag", "mongo.set.config_committed", "mongo.set.majority_if_target_lost"] {
        let orders = samples(&lost, id, &["orders"]).next().map(|x| x.value.clone()).unwrap_or(Observed::Pending);
        assert!(!orders.is_fresh(), "{id}: {orders:?}");
    }
    assert_eq!(value(&lost, "mongo.set.primary_writable", &["catalog"]), Some(1.0));
    let survivor = format!("orders/127.0.0.1:{}", lab.port(&member("orders", 4)).unwrap());
    assert_eq!(text(&lost, "members", &survivor, "state"), "SECONDARY");

    for n in 1..=3 {
        storm.mend(&member("orders", n)).unwrap();
    }
    watch.until("a primary", PATIENCE, |s| value(s, "mongo.set.primary_writable", &["orders"]) == Some(1.0)).unwrap();
    watch.until_live(PATIENCE).unwrap();
}
