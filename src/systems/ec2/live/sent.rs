//! Tests: requests through the real clients, to a small region that stores what is set and logs what was requested.

mod server;

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use self::server::{Server, answer};
use super::{Readers, State, Writers, verify::APART};
use crate::Journal;
use crate::{
    Call as AnyCall, Live, Writer,
    aws::{intended, journal, served},
    ec2::ops::{Call, Place, Version},
};
use base::{
    operation::{SendOutcome, Verified, VerifyRequest},
    side::Side,
    step::{Reply, Truth},
};

/// The real path from a call to a region and back.
struct Way {
    server: Arc<Mutex<Server>>,
    readers: Readers,
    writers: Writers,
    journal: Journal,
    _keys: tempfile::TempDir,
}

const WEB: &str = "[[fleet]]\nrole = \"web\"\nwanted = { source = 2, target = 2 }\n\
    auto_scaling_groups = { target = \"web\" }\ntarget_groups = { target = \"web-tgt\" }\n";

async fn way(server: Server) -> Way {
    let server = Arc::new(Mutex::new(server));
    let url = served::serve(server.clone(), answer).await;
    let keys = tempfile::tempdir().expect("a folder");
    let (read, write) = (served::key(keys.path(), "reading"), served::key(keys.path(), "writing"));
    let plan = served::plan(&url, &read, &write, WEB);
    let journal = journal();
    let (readers, writers) = (State::readers(&plan), State::writers(&plan, &journal));
    Way { server, readers, writers, journal, _keys: keys }
}

impl Way {
    async fn send(&mut self, call: &Call, precondition: Option<&Version>) -> SendOutcome<Version> {
        let permit = intended(&mut self.journal, "t/1", AnyCall::Ec2(call.clone()));
        State::send(&self.writers, permit, call, precondition).await
    }

    async fn look(&self, call: &Call, precondition: Option<&Version>) -> Verified<Version> {
        State::verify(&self.readers, VerifyRequest { tag: "t/1", call, precondition, accepted: false }).await
    }

    fn changes(&self) -> Vec<String> {
        self.server.lock().expect("no panic").changes.clone()
    }
}

const SIDE: Side = Side::Target;
const BEFORE: Version = Version::Capacity { desired: 10, min: 5 };

fn capacity() -> Call {
    Call::Capacity { side: SIDE, group: "web".to_owned(), desired: 18, min: 18 }
}

fn ten() -> Server {
    Server { desired: 10, min: 5, ..Server::default() }
}

#[tokio::test]
async fn capacity_is_one_absolute_request_with_the_writing_credentials() {
    let mut way = way(ten()).await;
    assert_eq!(way.look(&capacity(), Some(&BEFORE)).await.truth, Truth::NotApplied);
    let sent = way.send(&capacity(), Some(&BEFORE)).await;
    assert_eq!(sent.reply, Reply::Accepted, "{}", sent.detail);
    let [body] = &way.changes()[..] else { panic!("{:?}", way.changes()) };
    for part in ["Action=UpdateAutoScalingGroup", "AutoScalingGroupName=web", "MinSize=18", "DesiredCapacity=18"] {
        assert!(body.contains(part), "{body}");
    }
    assert!(!body.contains("MaxSize"), "{body}");
    assert!(way.server.lock().expect("no panic").keys[0].contains("Credential=writing/"));
    assert_eq!(way.look(&capacity(), Some(&BEFORE)).await.truth, Truth::Applied);
}

#[tokio::test]
async fn what_an_external_change_set_since_the_preview_is_not_overwritten() {
    let mut way = way(Server { desired: 12, min: 5, ..Server::default() }).await;
    let sent = way.send(&capacity(), Some(&BEFORE)).await;
    assert_eq!(sent.reply, Reply::Refused);
    assert_eq!(sent.detail, "external change: web: desired 12, min 5 (was desired 10, min 5); nothing was sent");
    assert!(way.changes().is_empty());
    assert_eq!(way.look(&capacity(), Some(&BEFORE)).await.truth, Truth::Conflict);
}

#[tokio::test]
async fn a_no_is_a_no_and_a_lost_reply_is_found_applied() {
    for (status, code) in
        [(400, "Throttling"), (400, "ValidationError"), (403, "AccessDenied"), (400, "ScalingActivityInProgress")]
    {
        let mut way = way(Server { refuses: Some((status, code)), ..ten() }).await;
        let sent = way.send(&capacity(), Some(&BEFORE)).await;
        assert_eq!(sent.reply, Reply::Refused, "{}", sent.detail);
        assert!(
            sent.detail.contains("autoscaling:UpdateAutoScalingGroup at http") && sent.detail.contains(code),
            "{}",
            sent.detail
        );
        assert_eq!(way.look(&capacity(), Some(&BEFORE)).await.truth, Truth::NotApplied);
        assert_eq!(way.changes().len(), 1, "sent once");
    }
    let mut way = way(ten()).await;
    way.server.lock().expect("no panic").refuses = Some((500, "InternalFailure"));
    assert_eq!(way.send(&capacity(), Some(&BEFORE)).await.reply, Reply::Indeterminate);
    let stop = Call::Power { side: SIDE, on: false, instances: vec!["i-1".to_owned()] };
    way.server.lock().expect("no panic").cuts = true;
    assert_eq!(way.send(&stop, None).await.reply, Reply::Indeterminate);
    assert_eq!(way.look(&stop, None).await.truth, Truth::Applied);
}

#[tokio::test]
async fn instances_stop_and_start_and_only_they_are_read() {
    let running = [("i-1".to_owned(), "running"), ("i-2".to_owned(), "running"), ("i-3".to_owned(), "stopped")];
    let mut way = way(Server { instances: running.into(), ..Server::default() }).await;
    let power =
        |on, ids: &[&str]| Call::Power { side: SIDE, on, instances: ids.iter().map(|id| (*id).to_owned()).collect() };
    let stop = power(false, &["i-1", "i-2"]);
    assert_eq!(way.look(&stop, None).await.truth, Truth::NotApplied);
    assert_eq!(way.send(&stop, None).await.reply, Reply::Accepted);
    assert_eq!(way.look(&stop, None).await.truth, Truth::Applied);
    assert!(way.changes()[0].contains("Action=StopInstances&") && way.changes()[0].contains("InstanceId.2=i-2"));
    let gone = way.look(&power(true, &["i-3", "i-9"]), None).await;
    assert_eq!(
        (gone.truth, gone.detail.as_str()),
        (Truth::Conflict, "0 of 2 running or starting, 1 no longer exist: i-9")
    );
    let nothing = way.send(&power(true, &[]), None).await;
    assert_eq!(
        (nothing.reply, nothing.detail.as_str()),
        (Reply::Refused, "an empty list would mean all; nothing was sent")
    );
    way.server.lock().expect("no panic").refuses = Some((503, "RequestLimitExceeded"));
    assert_eq!(way.send(&power(true, &["i-3"]), None).await.reply, Reply::Refused, "throttled: nothing was done");
}

#[tokio::test]
async fn processes_are_suspended_and_resumed_and_never_all_at_once() {
    let mut way = way(Server { suspended: vec!["AZRebalance".to_owned()], ..ten() }).await;
    let call = |suspend, names: &[&str]| Call::Processes {
        side: SIDE,
        group: "web".to_owned(),
        processes: names.iter().map(|n| (*n).to_owned()).collect(),
        suspend,
    };
    let suspend = call(true, &["AlarmNotification", "ScheduledActions"]);
    assert_eq!(way.look(&suspend, None).await.truth, Truth::NotApplied);
    assert_eq!(way.send(&suspend, None).await.reply, Reply::Accepted);
    assert_eq!(way.look(&suspend, None).await.truth, Truth::Applied);
    assert_eq!(way.send(&call(false, &["ScheduledActions"]), None).await.reply, Reply::Accepted);
    assert_eq!(way.look(&suspend, None).await.truth, Truth::Conflict, "one of two");
    assert_eq!(way.server.lock().expect("no panic").suspended, ["AZRebalance", "AlarmNotification"]);
    let sent = way.send(&call(false, &[]), None).await;
    assert_eq!(sent.reply, Reply::Refused, "AWS takes an empty list for all processes");
    assert_eq!(way.changes().len(), 2);
}

#[tokio::test]
async fn targets_go_in_and_out_and_are_waited_for_and_counted() {
    let running = [("i-1".to_owned(), "running"), ("i-2".to_owned(), "running")];
    let mut way = way(Server { instances: running.into(), ..Server::default() }).await;
    let targets: Vec<Place> = ["i-1", "i-2"].map(|id| Place { id: id.to_owned(), port: None }).into();
    let order = |on| Call::Targets { side: SIDE, group: "web-tgt".to_owned(), on, targets: targets.clone() };
    let wait = |on| Call::Traffic { side: SIDE, group: "web-tgt".to_owned(), on, targets: targets.clone() };
    let serving = Call::InService { side: SIDE, role: "web".to_owned(), least: 2 };
    assert_eq!(way.look(&order(true), None).await.truth, Truth::NotApplied);
    assert_eq!(way.send(&order(true), None).await.reply, Reply::Accepted);
    assert!(way.changes()[0].contains("TargetGroupArn=arn:web"), "{:?}", way.changes());
    assert_eq!(way.look(&order(true), None).await.truth, Truth::Applied);
    assert_eq!(way.look(&wait(true), None).await.truth, Truth::NotApplied, "not healthy yet");
    assert_eq!(way.look(&serving, None).await.truth, Truth::NotApplied);
    way.server.lock().expect("no panic").targets.values_mut().for_each(|health| *health = "healthy");
    assert_eq!(way.look(&wait(true), None).await.truth, Truth::Applied);
    let looked = way.look(&serving, None).await;
    assert_eq!((looked.truth, looked.detail.as_str()), (Truth::Applied, "2 of 2 in service"));
    assert_eq!(way.send(&order(false), None).await.reply, Reply::Accepted);
    assert_eq!(way.look(&order(false), None).await.truth, Truth::Applied, "draining gets no new requests");
    assert_eq!(way.look(&wait(false), None).await.truth, Truth::NotApplied);
    way.server.lock().expect("no panic").targets.clear();
    assert_eq!(way.look(&wait(false), None).await.truth, Truth::Applied);
}

#[tokio::test]
async fn status_checks_count_once_two_reads_agree_and_no_verification_waits_for_the_second() {
    let running = [("i-1".to_owned(), "running"), ("i-2".to_owned(), "running")];
    let way = way(Server { instances: running.into(), ..Server::default() }).await;
    // The plan names no groups of this side.
    let serving = Call::InService { side: Side::Source, role: "web".to_owned(), least: 2 };
    let reads = || way.server.lock().expect("no panic").checks_read;
    let started = Instant::now();
    assert_eq!((way.look(&serving, None).await.truth, reads()), (Truth::Unobservable, 1));
    assert_eq!((way.look(&serving, None).await.truth, reads()), (Truth::Unobservable, 1), "it is too early");
    assert!(started.elapsed() < APART, "nobody waited");
    tokio::time::sleep(APART).await;
    let looked = way.look(&serving, None).await;
    assert_eq!((looked.truth, looked.detail.as_str(), reads()), (Truth::Applied, "2 of 2 in service", 2));
}

#[tokio::test]
async fn a_side_without_writing_credentials_is_read_only() {
    let mut way = way(ten()).await;
    let call = Call::Capacity { side: Side::Source, group: "web".to_owned(), desired: 1, min: 1 };
    let sent = way.send(&call, Some(&BEFORE)).await;
    assert_eq!(sent.reply, Reply::Refused);
    assert!(sent.detail.contains("add `write` to [sites.source]"), "{}", sent.detail);
    assert!(way.changes().is_empty());
}
