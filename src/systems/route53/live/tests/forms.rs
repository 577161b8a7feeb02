//! Record sets of all forms: aliases, names as people write them, times to live, the emergency; and a plan without write access.

use super::{Way, plan, seen, serve, weights};
use crate::{
    Call as AnyCall, Live, Writer,
    aws::{intended, journal},
    planner::{Planner, SIGNED},
    route53::State,
};
use base::{
    observed::{FaultKind, Observed},
    side::Sides,
    step::{Kind, Reply, Truth},
};
use plan::Action;

pub(super) const ALIAS: &str = "<HostedZoneId>ZLB</HostedZoneId><DNSName>dualstack.lb-1.elb.example.test.</DNSName>\
                     <EvaluateTargetHealth>true</EvaluateTargetHealth>";

pub(super) fn ttl(seconds: u32) -> Action {
    Action::SetTtl { name: "api.example.test.".to_owned(), ttl: seconds }
}

pub(super) fn emergency(source: u8, target: u8) -> Action {
    Action::EmergencyWeights { name: "api.example.test.".to_owned(), weights: Sides { source, target } }
}

#[tokio::test]
async fn aliases_are_sent_with_their_target_and_without_a_ttl() {
    let mut way = Way::new().await;
    for (id, weight) in [("vir", 100), ("ore", 0)] {
        let mut server = way.server.lock().expect("no panic");
        server.put(&format!("<Name>api.example.test.</Name><Type>A</Type><SetIdentifier>{id}</SetIdentifier><Weight>{weight}</Weight>{ALIAS}"));
    }
    way.read().await;
    let op = way.draft(&weights(90, 10)).ops.remove(0);
    let sent = way.send("t/1", &op).await;
    assert_eq!(sent.reply, Reply::Accepted, "{}", sent.detail);
    assert_eq!(
        (way.get("ore", "Weight"), way.get("ore", "TTL"), way.get("ore", "Value")),
        ("10".to_owned(), String::new(), String::new())
    );
    assert_eq!(way.get("ore", "DNSName"), "dualstack.lb-1.elb.example.test.");
    assert_eq!(way.truth("t/1", &op).await, Truth::Applied);
    way.read().await;
    let faults = way.state.draft(&ttl(30), way.now).expect("of this system").expect_err("no TTL of its own");
    assert_eq!(faults[0].kind, FaultKind::Unsupported);
    assert!(
        faults[0].text.raw().contains("aliases") && faults[0].text.raw().contains("target's"),
        "{}",
        faults[0].text
    );
}

#[tokio::test]
async fn values_are_named_as_they_were_written() {
    let mut way = Way::new().await;
    for (id, weight, value) in [("vir", 100, "192.0.2.10"), ("ore", 0, "192.0.2.010")] {
        let mut server = way.server.lock().expect("no panic");
        server.put(&format!(
            "<Name>api.example.test.</Name><Type>A</Type><SetIdentifier>{id}</SetIdentifier><Weight>{weight}</Weight><TTL>60</TTL>\
             <Value>{value}</Value><HealthCheckId>hc-{id}</HealthCheckId>"
        ));
    }
    way.read().await;
    let op = way.draft(&weights(90, 10)).ops.remove(0);
    let sent = way.send("t/1", &op).await;
    assert_eq!(sent.reply, Reply::Accepted, "{}", sent.detail);
    assert_eq!(
        (way.get("ore", "Value"), way.get("ore", "HealthCheckId")),
        ("192.0.2.010".to_owned(), "hc-ore".to_owned())
    );
}

#[tokio::test]
async fn a_ttl_changes_in_one_batch_for_all_and_comes_back() {
    let mut way = Way::new().await;
    // A third record set, which belongs to neither side: a weighted set has one TTL.
    way.server.lock().expect("no panic").put(
        "<Name>api.example.test.</Name><Type>A</Type><SetIdentifier>stray</SetIdentifier><Weight>0</Weight><TTL>60</TTL><Value>203.0.113.1</Value>",
    );
    way.read().await;
    let draft = way.draft(&ttl(20));
    assert_eq!(draft.settle.as_secs(), 60, "the old one has to run out");
    let sent = way.send("t/1", &draft.ops[0]).await;
    assert_eq!(sent.reply, Reply::Accepted, "{}", sent.detail);
    assert_eq!(["vir", "ore", "stray"].map(|id| way.get(id, "TTL")), ["20", "20", "20"]);
    assert_eq!(way.truth("t/1", &draft.ops[0]).await, Truth::Applied);
    way.read().await;
    assert_eq!(way.state.is_satisfied(&ttl(20), way.now).and_then(Observed::fresh), Some(true));
    let back = way.state.inverse(&draft.inverse, way.now).expect("a way back");
    assert_eq!(way.send("t/2", &back.ops[0]).await.reply, Reply::Accepted);
    assert_eq!(way.get("stray", "TTL"), "60");
}

#[tokio::test]
async fn an_emergency_overwrites_whatever_is_there_even_when_reading_fails() {
    let mut way = Way::new().await;
    let over = way.draft(&weights(0, 100));
    assert_eq!(way.send("t/1", &over.ops[0]).await.reply, Reply::Accepted);
    way.read().await;
    // Reads fail from now on, and meanwhile an external change happens.
    way.server.lock().expect("no panic").blind = true;
    way.read().await;
    way.server.lock().expect("no panic").put(
        "<Name>api.example.test.</Name><Type>A</Type><SetIdentifier>vir</SetIdentifier><Weight>7</Weight><TTL>60</TTL><Value>203.0.113.9</Value>",
    );
    assert!(way.state.draft(&weights(100, 0), way.now).expect("of this system").is_err(), "the ordinary way is closed");
    let draft = way.draft(&emergency(100, 0));
    let [force, _] = draft.ops.as_slice() else { panic!("{draft:?}") };
    assert_eq!((force.kind, force.quarantine), (Kind::Absolute, SIGNED));
    assert!(
        force.what.starts_with("EMERGENCY: ") && force.what.ends_with(", without a precondition"),
        "{}",
        force.what
    );
    assert!(
        draft.notes[0].contains("without a precondition") && draft.notes[1].contains("last read"),
        "{:?}",
        draft.notes
    );
    assert!(
        draft.notes.iter().any(|n| n == "writes api.example.test. A vir: weight 100, TTL 60 s, 192.0.2.10"),
        "{:?}",
        draft.notes
    );
    let sent = way.send("t/2", force).await;
    assert_eq!(sent.reply, Reply::Accepted, "{}", sent.detail);
    assert_eq!(
        (way.get("vir", "Weight"), way.get("vir", "Value"), way.get("ore", "Weight")),
        ("100".to_owned(), "192.0.2.10".to_owned(), "0".to_owned())
    );
    assert_eq!(way.truth("t/2", force).await, Truth::Unobservable, "reading fails still");
    way.server.lock().expect("no panic").blind = false;
    assert_eq!(way.truth("t/2", force).await, Truth::Applied);
    // Earlier requests do not match any more.
    let copy = way.server.lock().expect("no panic").arrived[0].0.clone();
    assert!(way.server.lock().expect("no panic").change(&copy).is_err());
    // The inverse of an emergency has a precondition again.
    way.read().await;
    let back = way.state.inverse(&draft.inverse, way.now).expect("a way back");
    assert_eq!(back.ops[0].kind, Kind::Compared);
    assert_eq!(way.send("t/3", &back.ops[0]).await.reply, Reply::Accepted);
    assert_eq!(way.get("ore", "Weight"), "100");
}

#[tokio::test]
async fn without_writing_credentials_nothing_is_sent() {
    let (server, url) = serve().await;
    let keys = tempfile::tempdir().expect("a folder");
    let mut plan = (*plan(&url, keys.path(), &["192.0.2.53:53".parse().expect("address")])).clone();
    plan.route53.write = None;
    let plan = std::sync::Arc::new(plan);
    let way = Way::new().await;
    let op = way.draft(&weights(90, 10)).ops.remove(0);
    let mut journal = journal();
    let permit = intended(&mut journal, "t/1", AnyCall::Route53(op.call.clone()));
    let sent = State::send(&State::writers(&plan, &journal), permit, &op.call, seen(&op)).await;
    assert_eq!(sent.reply, Reply::Refused);
    assert!(sent.detail.contains("add `write` to [route53]"), "{}", sent.detail);
    assert!(server.lock().expect("no panic").arrived.is_empty());
    let _ = State::readers(&plan);
}
