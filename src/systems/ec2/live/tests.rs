//! Both regions against a server that is as strict as AWS where it matters: it pages, requires its own token, checks the filters and the
//! keys, throttles and refuses. The real emulator pages differently or not at all.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::{mpsc, watch};

use super::*;
use crate::{
    System,
    aws::served::{self, Asked},
    collect::{clock, poll::Schedule, sink::Sink},
    ec2::facts::{Check, Instance, InstanceState},
};
use base::{collector::CollectorState, observed::FaultKind, view::CollectorLine};
use engine::snapshot::{Snapshot, Wanted};

/// The server's behaviour, and its log of requests.
#[derive(Default)]
struct Server {
    instances: usize,
    /// The error instead of an answer: HTTP status, code.
    refuses: Option<(u16, &'static str)>,
    /// The only access key that is accepted.
    key: Option<&'static str>,
    /// Returns the same token for ever.
    endless: bool,
    asked: Vec<String>,
}

/// Instances per page: far fewer than AWS returns, so that a thousand need many pages.
const PAGE: usize = 37;

type Shared = Arc<Mutex<Server>>;

async fn serve(server: Server) -> (Shared, String) {
    let shared: Shared = Arc::new(Mutex::new(server));
    let url = served::serve(shared.clone(), |server, asked| Some(answer(server, asked))).await;
    (shared, url)
}

fn answer(server: &mut Server, asked: &Asked) -> (u16, String) {
    let fields: HashMap<&str, &str> = asked.body.split('&').filter_map(|p| p.split_once('=')).collect();
    let get = |name: &str| fields.get(name).copied().unwrap_or_default();
    let action = get("Action");
    server.asked.push(action.to_owned());
    let refuse = |status, code: &str| {
        let error = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        (status, format!("<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>"))
    };
    if server.key.is_some_and(|key| !asked.header("authorization").contains(&format!("Credential={key}/"))) {
        return refuse(400, "ExpiredToken");
    }
    if let Some((status, code)) = server.refuses {
        return refuse(status, code);
    }
    // The filters are those of the region's one stream: there must be no other request.
    if action == "DescribeInstances" && get("Filter.1.Name") != "tag%3Arole" {
        return refuse(400, "InvalidParameterValue");
    }
    let from: usize = match get("NextToken") {
        "" => 0,
        token => match token.strip_prefix("from-").and_then(|n| n.parse().ok()) {
            Some(n) => n,
            None => return refuse(400, "InvalidNextToken"),
        },
    };
    let to = (from + PAGE).min(server.instances);
    let row = |n: usize| match action {
        "DescribeInstances" => format!(
            "<item><reservationId>r-{n}</reservationId><instancesSet><item><instanceId>i-{n:017x}</instanceId>\
             <imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></instanceState>\
             <instanceType>m7g.large</instanceType><placement><availabilityZone>eu-1{}</availabilityZone></placement>\
             <blockDeviceMapping><item><ebs><volumeId>vol-1</volumeId></ebs></item></blockDeviceMapping>\
             <privateIpAddress>10.0.0.1</privateIpAddress><launchTime>2026-11-01T10:00:00.000Z</launchTime>\
             <networkInterfaceSet><item><groupSet/><privateIpAddress>10.9.9.9</privateIpAddress></item></networkInterfaceSet>\
             <cpuOptions><coreCount>2</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>\
             <tagSet><item><key>role</key><value>{}</value></item></tagSet></item></instancesSet></item>",
            ["a", "b", "c"][n % 3],
            ["web", "db"][n % 2],
        ),
        _ => format!(
            "<item><instanceId>i-{n:017x}</instanceId><systemStatus><status>ok</status></systemStatus>\
             <availabilityZone>eu-1a</availabilityZone><instanceStatus><status>ok</status></instanceStatus>\
             <eventsSet><item><code>instance-reboot</code><description>soon</description></item></eventsSet></item>"
        ),
    };
    let set = if action == "DescribeInstances" { "reservationSet" } else { "instanceStatusSet" };
    let next = match (server.endless, to < server.instances) {
        (true, _) => "<nextToken>from-0</nextToken>".to_owned(),
        (false, true) => format!("<nextToken>from-{to}</nextToken>"),
        (false, false) => String::new(),
    };
    let rows: String = (from..to).map(row).collect();
    (200, format!("<{action}Response><requestId>r</requestId><{set}>{rows}</{set}>{next}</{action}Response>"))
}

/// A plan whose two sites are this server, with keys from a file.
fn plan(url: &str, key: &Path) -> Arc<Plan> {
    let role = |name: &str| format!("[[fleet]]\nrole = {name:?}\nwanted = {{ source = 600, target = 600 }}\n");
    served::plan(url, key, key, &format!("{}{}[intervals]\nec2 = \"1s\"\n", role("web"), role("db")))
}

fn key(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

const INSTANCES: Query = Query { side: Side::Source, what: Question::Instances };
const STATUS: Query = Query { side: Side::Source, what: Question::Status };

async fn ask(url: &str, query: Query) -> Result<Observation, Fault> {
    let key = key("key");
    State::ask(&State::readers(&plan(url, key.path())), &query).await
}

#[tokio::test]
async fn all_pages_are_read_and_every_instance_once() {
    let (server, url) = serve(Server { instances: 1234, ..Server::default() }).await;
    let Observation::Instances(rows) = ask(&url, INSTANCES).await.unwrap() else { panic!("instances") };
    let ids: BTreeSet<&str> = rows.iter().map(|r| &*r.id).collect();
    assert_eq!((rows.len(), ids.len()), (1234, 1234));
    assert_eq!(rows.iter().filter(|r| *r.roles == [0]).count(), 617);
    // Nothing that is read of an instance is left out of the answer with what is not.
    let launched: jiff::Timestamp = "2026-11-01T10:00:00Z".parse().unwrap();
    let whole = |r: &Instance| {
        (r.vcpus, r.address.as_deref(), r.launched) == (Some(4), Some("10.0.0.1"), Some(launched))
            && (&*r.image, &*r.kind, r.state) == ("ami-1", "m7g.large", InstanceState::Running)
            && r.zone.starts_with("eu-1")
    };
    assert!(rows.iter().all(whole), "{:?}", rows[0]);
    assert_eq!(server.lock().unwrap().asked.len(), 1234_usize.div_ceil(PAGE), "one stream for both roles");
    let Observation::Status(rows) = ask(&url, STATUS).await.unwrap() else { panic!("status") };
    assert_eq!(rows.len(), 1234);
    assert!(
        rows.iter().all(|r| (r.check, r.event.as_deref()) == (Check::Ok, Some("instance-reboot"))),
        "{:?}",
        rows[0]
    );
}

#[tokio::test]
async fn a_list_without_an_end_is_malformed_and_not_followed() {
    let (server, url) = serve(Server { instances: 10, endless: true, ..Server::default() }).await;
    assert_eq!(ask(&url, INSTANCES).await.unwrap_err().kind, FaultKind::Malformed);
    assert!(server.lock().unwrap().asked.len() <= 3);
}

#[tokio::test]
async fn what_the_server_says_becomes_the_right_fault_after_one_request() {
    for (status, code, kind) in [
        (503, "RequestLimitExceeded", FaultKind::Throttled),
        (400, "ExpiredToken", FaultKind::Unauthenticated),
        (403, "UnauthorizedOperation", FaultKind::Refused),
        (500, "InternalError", FaultKind::Unreachable),
    ] {
        let (server, url) = serve(Server { instances: 5, refuses: Some((status, code)), ..Server::default() }).await;
        let fault = ask(&url, INSTANCES).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault}");
        let named = [format!("ec2:DescribeInstances at {url}"), code.to_owned()];
        assert!(named.iter().all(|n| fault.text.raw().contains(n)), "{fault}");
        assert_eq!(server.lock().unwrap().asked.len(), 1, "no retry below the poller");
    }
}

#[tokio::test]
async fn an_empty_region_is_empty() {
    let (_, url) = serve(Server::default()).await;
    for question in [INSTANCES, STATUS] {
        let fault = ask(&url, question).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Empty, "{fault}");
    }
}

/// An engine and its collectors, and nothing else: no steps, no journal.
struct Watching {
    engine: crate::Engine,
    queue: mpsc::UnboundedReceiver<crate::EngineInput>,
    _readers: crate::Readers,
    _pace: watch::Sender<f64>,
    _now: watch::Sender<()>,
}

impl Watching {
    fn start(plan: Arc<Plan>) -> Self {
        let readers = crate::Readers::new(&plan);
        let (out, queue) = mpsc::unbounded_channel();
        let (pace, now) = (watch::channel(1.0).0, watch::channel(()).0);
        let (engine, effects) = crate::Engine::new(plan, clock::now());
        for effect in effects {
            let crate::EngineEffect::Start(ix, spec) = effect else { panic!("nothing but collectors: {effect:?}") };
            let schedule = Schedule {
                what: spec.what(),
                interval: spec.interval,
                timeout: spec.timeout,
                pace: pace.subscribe(),
                now: now.subscribe(),
            };
            readers.spawn(spec, schedule, Sink::new(out.clone(), ix));
        }
        Self { engine, queue, _readers: readers, _pace: pace, _now: now }
    }

    /// Waits until the collector of the instances meets the condition.
    async fn until(&mut self, what: &str, is: impl Fn(&CollectorLine) -> bool) -> Snapshot {
        let seen = async {
            loop {
                let input = self.queue.recv().await.expect("collectors run");
                drop(self.engine.handle(input, clock::now()));
                let snapshot = self.engine.snapshot(&Wanted { signals: true, ..Wanted::default() }, clock::now());
                if snapshot.collectors.iter().find(|s| s.id == "ec2/source/instances").is_some_and(&is) {
                    return snapshot;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), seen).await.unwrap_or_else(|_| panic!("not seen: {what}"))
    }
}

#[tokio::test]
async fn throttling_is_seen_slows_the_poller_down_and_heals() {
    let (server, url) = serve(Server { instances: 1000, ..Server::default() }).await;
    let keys = key("key");
    let mut watching = Watching::start(plan(&url, keys.path()));
    watching.until("live", |s| s.state == CollectorState::Fresh).await;
    server.lock().unwrap().refuses = Some((503, "RequestLimitExceeded"));
    watching.until("throttled", |s| s.throttled >= 1 && s.state != CollectorState::Fresh).await;
    server.lock().unwrap().asked.clear();
    tokio::time::sleep(Duration::from_secs(4)).await;
    // At full pace each of the two regions' instance collectors would have polled four times.
    let asked = server.lock().unwrap().asked.iter().filter(|a| *a == "DescribeInstances").count();
    assert!(asked <= 4, "asked {asked} times while throttled");
    server.lock().unwrap().refuses = None;
    let healed = watching.until("healed", |s| s.state == CollectorState::Fresh).await;
    let running = healed.samples.iter().flatten().find(|s| s.def.id == "fleet.role.running").unwrap();
    assert_eq!(running.value.clone().fresh(), Some(500.0));
}

#[tokio::test]
async fn an_expired_token_is_refused_and_a_renewed_one_is_taken_up() {
    let (server, url) = serve(Server { instances: 1000, key: Some("first"), ..Server::default() }).await;
    let keys = key("first");
    let mut watching = Watching::start(plan(&url, keys.path()));
    watching.until("live", |s| s.state == CollectorState::Fresh).await;
    server.lock().unwrap().key = Some("second");
    watching.until("refused", |s| s.fault.as_ref().is_some_and(|f| f.kind == FaultKind::Unauthenticated)).await;
    std::fs::write(keys.path(), "second").unwrap();
    watching.until("healed", |s| s.state == CollectorState::Fresh).await;
}

#[test]
fn readers_are_made_without_a_server() {
    let keys = key("key");
    let (_, collectors) = State::new(&plan("http://127.0.0.1:9", keys.path()));
    assert_eq!(collectors.len(), 6, "two sides, three questions: no groups are named");
}
