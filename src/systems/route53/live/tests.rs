//! Changes through the real clients, sent and verified, against a server that is as strict as Route 53.

mod epochs;
mod forms;
mod listing;
mod pasted;
mod strict;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use self::strict::{Shared, Trouble, serve};
use super::{super::State, Readers, Writers, api::Pace};
use crate::Journal;
use crate::{
    Call as AnyCall, Live, System, Writer,
    aws::{intended, journal, served},
    planner::Planner,
    route53::{
        facts::Query,
        ops::{Call, Version},
    },
};
use base::{
    collector::CollectorSpec,
    now::Now,
    observed::{Freshness, Stamp},
    operation::{Draft, Operation, Precondition, SendOutcome, Verified, VerifyRequest},
    side::Sides,
    step::{Reply, Truth},
};
use plan::{Action, Plan};

type Op = Operation<Call, Version>;

/// The real path from a plan to a server and back.
struct Way {
    server: Shared,
    state: State,
    specs: Vec<CollectorSpec<Query>>,
    readers: Readers,
    writers: Writers,
    journal: Journal,
    now: Now,
    _keys: tempfile::TempDir,
}

fn weights(source: u8, target: u8) -> Action {
    Action::SetWeights { name: "api.example.test.".to_owned(), weights: Sides { source, target } }
}

fn plan(url: &str, keys: &Path, servers: &[SocketAddr]) -> Arc<Plan> {
    let servers: Vec<String> = servers.iter().map(SocketAddr::to_string).collect();
    let name = format!(
        "[[dns]]\nname = \"api.example.test.\"\nzone = \"Z1\"\ntype = \"A\"\n\
         set_identifiers = {{ source = \"vir\", target = \"ore\" }}\nservers = {servers:?}\n"
    );
    served::plan(url, &served::key(keys, "reading"), &served::key(keys, "writing"), &name)
}

impl Way {
    async fn new() -> Self {
        Self::with(&["192.0.2.53:53".parse().expect("address")]).await
    }

    async fn with(servers: &[SocketAddr]) -> Self {
        let (server, url) = serve().await;
        {
            let mut server = server.lock().expect("no panic");
            for (id, weight, value) in [("vir", 100, "192.0.2.10"), ("ore", 0, "198.51.100.10")] {
                server.put(&format!(
                    "<Name>api.example.test.</Name><Type>A</Type><SetIdentifier>{id}</SetIdentifier><Weight>{weight}</Weight>\
                     <TTL>60</TTL><Value>{value}</Value>"
                ));
            }
        }
        Self::at(server, &url, servers).await
    }

    async fn at(server: Shared, url: &str, servers: &[SocketAddr]) -> Self {
        let keys = tempfile::tempdir().expect("a folder");
        let plan = plan(url, keys.path(), servers);
        let (state, specs) = State::new(&plan);
        let journal = journal();
        let (mut readers, writers) = (State::readers(&plan), State::writers(&plan, &journal));
        readers.pace = Pace::of(Duration::ZERO);
        let now = Now { boot: Duration::from_secs(1000), wall: jiff::Timestamp::UNIX_EPOCH };
        let mut way = Self { server, state, specs, readers, writers, journal, now, _keys: keys };
        way.read().await;
        way
    }

    /// Reads the record sets, as the collector would.
    async fn read(&mut self) {
        self.now.boot += Duration::from_secs(5);
        let stamp = Stamp { at: self.now, fresh: Freshness::of_interval(Duration::from_secs(10)) };
        for spec in self.specs.iter().filter(|s| matches!(s.query, Query::Records(_))) {
            match State::ask(&self.readers, &spec.query).await {
                Ok(facts) => drop(self.state.apply(&spec.query, facts, stamp)),
                Err(fault) => self.state.fail(&spec.query, &fault, self.now),
            }
        }
    }

    fn draft(&self, action: &Action) -> Draft<Call, Version> {
        self.state.draft(action, self.now).expect("of this system").unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    async fn send(&mut self, tag: &str, op: &Op) -> SendOutcome<Version> {
        let permit = intended(&mut self.journal, tag, AnyCall::Route53(op.call.clone()));
        State::send(&self.writers, permit, &op.call, seen(op)).await
    }

    async fn look(&self, tag: &str, op: &Op, precondition: Option<&Version>) -> Verified<Version> {
        State::verify(&self.readers, VerifyRequest { tag, call: &op.call, precondition, accepted: false }).await
    }

    async fn truth(&self, tag: &str, op: &Op) -> Truth {
        self.look(tag, op, seen(op)).await.truth
    }

    fn trouble(&self, trouble: Trouble) {
        self.server.lock().expect("no panic").trouble = Some(trouble);
    }

    fn get(&self, set_id: &str, what: &str) -> String {
        self.server.lock().expect("no panic").get("api.example.test.", set_id, what).join(" ")
    }
}

fn seen(op: &Op) -> Option<&Version> {
    if let Precondition::Observed(mark) = &op.precondition { Some(mark) } else { None }
}

#[tokio::test]
async fn weights_go_over_and_come_back_and_each_change_is_followed_by_its_id() {
    let mut way = Way::new().await;
    let over = way.draft(&weights(90, 10));
    assert_eq!(way.truth("t/1", &over.ops[0]).await, Truth::NotApplied);
    let sent = way.send("t/1", &over.ops[0]).await;
    assert_eq!(
        (sent.reply, &sent.version),
        (Reply::Accepted, &Some(Version::Change("C0001".to_owned()))),
        "{}",
        sent.detail
    );
    assert_eq!(way.truth("t/1", &over.ops[0]).await, Truth::Applied);
    assert_eq!((way.get("vir", "Weight"), way.get("ore", "Weight")), ("90".to_owned(), "10".to_owned()));
    let wait = way.look("t/2", &over.ops[1], sent.version.as_ref()).await;
    assert_eq!((wait.truth, wait.detail.as_str()), (Truth::NotApplied, "change C0001: PENDING"));
    assert_eq!(way.look("t/2", &over.ops[1], sent.version.as_ref()).await.truth, Truth::Applied);
    way.read().await;
    assert_eq!(way.state.is_satisfied(&weights(90, 10), way.now).and_then(base::observed::Observed::fresh), Some(true));
    let back = way.state.inverse(&over.inverse, way.now).expect("a way back");
    assert_eq!(way.send("t/3", &back.ops[0]).await.reply, Reply::Accepted);
    assert_eq!(way.get("vir", "Weight"), "100");
    let server = way.server.lock().expect("no panic");
    let epoch = server.sets.iter().find(|((n, ..), _)| n == "_landfall.api.example.test.").expect("an epoch");
    assert_eq!(epoch.1["Value"], ["&quot;landfall epoch=2 by=t/3&quot;"]);
    assert!(
        server.arrived.iter().all(|(_, signed)| signed.contains("Credential=writing/")),
        "writing credentials only"
    );
}

#[tokio::test]
async fn an_external_change_between_preview_and_execution_is_refused_by_name() {
    for bare in [false, true] {
        let mut way = Way::new().await;
        way.server.lock().expect("no panic").bare = bare;
        let op = way.draft(&weights(90, 10)).ops.remove(0);
        way.server.lock().expect("no panic").put(
            "<Name>api.example.test.</Name><Type>A</Type><SetIdentifier>ore</SetIdentifier><Weight>34</Weight><TTL>60</TTL>\
             <Value>203.0.113.9</Value>",
        );
        let sent = way.send("t/1", &op).await;
        assert_eq!((sent.reply, sent.version), (Reply::Mismatch, None), "{}", sent.detail);
        let named = [
            "InvalidChangeBatch",
            "name='api.example.test.'",
            "type='A'",
            "set identifier='ore'",
            "do not match the current",
        ];
        assert!(named.iter().all(|n| sent.detail.contains(n)), "{}", sent.detail);
        let looked = way.look("t/1", &op, seen(&op)).await;
        assert_eq!(looked.truth, Truth::Conflict);
        assert_eq!(
            looked.detail,
            "external change: api.example.test. A ore: weight 34, TTL 60 s, 203.0.113.9 (was weight 0, 198.51.100.10)"
        );
        assert_eq!(
            (way.get("vir", "Weight"), way.get("ore", "Weight")),
            ("100".to_owned(), "34".to_owned()),
            "nothing of it"
        );
    }
}

#[tokio::test]
async fn a_record_set_that_is_gone_and_one_that_is_simple_now_are_named_too() {
    let mut way = Way::new().await;
    let op = way.draft(&weights(90, 10)).ops.remove(0);
    way.server.lock().expect("no panic").sets.retain(|(_, _, id), _| id != "ore");
    assert_eq!(way.send("t/1", &op).await.reply, Reply::Mismatch);
    let looked = way.look("t/1", &op, seen(&op)).await;
    assert_eq!(
        (looked.truth, looked.detail.as_str()),
        (Truth::Conflict, "external change: api.example.test. A ore: no longer exists")
    );
}

#[tokio::test]
async fn a_delayed_copy_of_an_old_change_does_not_fit_any_more() {
    let mut way = Way::new().await;
    let first = way.draft(&weights(50, 50));
    assert_eq!(way.send("t/1", &first.ops[0]).await.reply, Reply::Accepted);
    way.read().await;
    let back = way.state.inverse(&first.inverse, way.now).expect("a way back");
    assert_eq!(way.send("t/2", &back.ops[0]).await.reply, Reply::Accepted);
    // All weights are what they were when the first was sent; an exact copy of it arrives again.
    let copy = way.server.lock().expect("no panic").arrived[0].0.clone();
    let refused = way.server.lock().expect("no panic").change(&copy).expect_err("its epoch is over");
    assert!(refused.contains("_landfall.api.example.test.") && refused.contains("already exists"), "{refused}");
    assert_eq!(way.send("t/1", &first.ops[0]).await.reply, Reply::Mismatch);
    assert_eq!(way.truth("t/1", &first.ops[0]).await, Truth::Conflict);
    assert_eq!(way.get("vir", "Weight"), "100");
}

#[tokio::test]
async fn a_lost_reply_and_an_error_after_the_fact_are_found_applied() {
    for trouble in [Trouble::CutAfter, Trouble::ErrorAfter] {
        let mut way = Way::new().await;
        let op = way.draft(&weights(90, 10)).ops.remove(0);
        way.trouble(trouble);
        let sent = way.send("t/1", &op).await;
        assert_eq!((sent.reply, sent.version), (Reply::Indeterminate, None), "{trouble:?}: {}", sent.detail);
        assert_eq!(way.server.lock().expect("no panic").arrived.len(), 1, "nothing below us sends it again");
        assert_eq!(way.truth("t/1", &op).await, Truth::Applied);
        // An external change to the same values is not ours.
        assert_eq!(way.truth("other/1", &op).await, Truth::Conflict);
    }
}

#[tokio::test]
async fn an_error_before_the_fact_is_not_known_either_and_found_not_applied() {
    let mut way = Way::new().await;
    let op = way.draft(&weights(90, 10)).ops.remove(0);
    way.trouble(Trouble::ErrorBefore);
    assert_eq!(way.send("t/1", &op).await.reply, Reply::Indeterminate);
    assert_eq!(way.truth("t/1", &op).await, Truth::NotApplied);
    way.server.lock().expect("no panic").blind = true;
    let looked = way.look("t/1", &op, seen(&op)).await;
    assert_eq!(looked.truth, Truth::Unobservable, "{}", looked.detail);
    assert!(looked.detail.contains("route53:ListResourceRecordSets at http"), "{}", looked.detail);
}

#[tokio::test]
async fn throttled_and_denied_are_a_definite_no() {
    for (status, code) in [
        (400, "Throttling"),
        (400, "PriorRequestNotComplete"),
        (403, "AccessDenied"),
        (404, "NoSuchHostedZone"),
        (400, "InvalidInput"),
    ] {
        let mut way = Way::new().await;
        let op = way.draft(&weights(90, 10)).ops.remove(0);
        way.trouble(Trouble::Refuse(status, code));
        let sent = way.send("t/1", &op).await;
        assert_eq!(sent.reply, Reply::Refused, "{code}: {}", sent.detail);
        assert!(
            sent.detail.starts_with("route53:ChangeResourceRecordSets at http") && sent.detail.contains(code),
            "{}",
            sent.detail
        );
        assert_eq!(way.truth("t/1", &op).await, Truth::NotApplied);
        assert_eq!(way.server.lock().expect("no panic").arrived.len(), 1, "{code}: sent once");
    }
}
