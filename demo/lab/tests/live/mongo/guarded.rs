//! A server with authentication, and plans with a wrong login, one with too few privileges, or a wrong address: a
//! clear fault that names server and call, and recovery once it is corrected.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use landfall::engine::systems::Systems as _;
use landfall::{
    base::{
        collector::CollectorState,
        observed::{Fault, FaultKind},
    },
    engine::snapshot::{Snapshot, Verdict},
    plan::Plan,
    systems::{Estate, Readers},
};
use landfall_lab::{
    cache,
    live::Lab,
    ports,
    watch::{Watch, value},
};
use mongodb::{
    Client,
    bson::{Document, doc},
};
use tempfile::TempDir;

use super::{PATIENCE, block_on};

/// A set of one member with `--auth`; ends when it is dropped.
struct Guarded {
    dir: TempDir,
    host: String,
    child: Child,
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Guarded {
    fn start() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let tools = cache::ready(|_| {}).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let port = *ports::pick().unwrap().values().next().unwrap();
        let (key, data) = (dir.path().join("key"), dir.path().join("data"));
        std::fs::write(&key, "aKeyThatOnlyThisMemberKnows").unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::create_dir(&data).unwrap();
        let child = Command::new(&tools.mongod)
            .args([
                "--replSet",
                "solo",
                "--bind_ip",
                "127.0.0.1",
                "--nounixsocket",
                "--auth",
                "--port",
                &port.to_string(),
            ])
            .args(["--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25"])
            .args(["--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=4MB)"])
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
            .arg("--keyFile")
            .arg(&key)
            .arg("--dbpath")
            .arg(&data)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let guarded = Self { dir, host: format!("127.0.0.1:{port}"), child };
        block_on(guarded.fill());
        guarded
    }

    /// Logins: `poller` has all required privileges, `half` only one of them, `nobody` none; `canary` may write to its
    /// collection.
    async fn fill(&self) {
        // As long as there is no user, a client on the same machine may create the first one.
        let admin = self.admin("").await;
        let end = Instant::now() + PATIENCE;
        while let Err(why) = admin.run_command(doc! { "hello": 1 }).await {
            assert!(Instant::now() < end, "{why}");
        }
        let set = doc! { "replSetInitiate": { "_id": "solo", "members": [{ "_id": 0, "host": &self.host }] } };
        admin.run_command(set).await.unwrap();
        while !admin.run_command(doc! { "hello": 1 }).await.unwrap().get_bool("isWritablePrimary").unwrap() {
            assert!(Instant::now() < end, "no primary");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        admin.run_command(user("root", &["root"])).await.unwrap();
        let admin = self.admin("root:right@").await;
        for (role, actions) in [
            ("poller", vec!["replSetGetStatus", "replSetGetConfig", "serverStatus", "inprog"]),
            ("half", vec!["replSetGetStatus"]),
        ] {
            let privileges = vec![doc! { "resource": { "cluster": true }, "actions": actions }];
            admin.run_command(doc! { "createRole": role, "privileges": privileges, "roles": [] }).await.unwrap();
            admin.run_command(user(role, &[role])).await.unwrap();
        }
        admin.run_command(user("nobody", &[])).await.unwrap();
        let own =
            vec![doc! { "resource": { "db": "landfall", "collection": "canary" }, "actions": ["insert", "update"] }];
        admin.run_command(doc! { "createRole": "canary", "privileges": own, "roles": [] }).await.unwrap();
        admin.run_command(user("canary", &["canary"])).await.unwrap();
    }

    async fn admin(&self, login: &str) -> mongodb::Database {
        let uri = format!("mongodb://{login}{}/?directConnection=true", self.host);
        Client::with_uri_str(uri).await.unwrap().database("admin")
    }

    fn password(&self) -> PathBuf {
        self.dir.path().join("password")
    }

    fn plan(&self, login: Option<(&str, &str)>) -> Plan {
        let login = login.map_or_else(String::new, |(name, password)| {
            std::fs::write(self.password(), password).unwrap();
            format!("login = {{ username = {name:?}, password = {{ file = {:?} }} }}", self.password())
        });
        plan("solo", &self.host, &login)
    }
}

fn user(name: &str, roles: &[&str]) -> Document {
    doc! { "createUser": name, "pwd": "right", "roles": roles.to_vec() }
}

fn plan(set: &str, host: &str, more: &str) -> Plan {
    let text = format!(
        "schema = 1\nname = \"guarded\"\n[sites.source]\nlabel = \"VIR\"\nregion = \"us-east-1\"\n[sites.target]\nlabel = \
         \"ORE\"\nregion = \"us-west-2\"\n[[replica_set]]\nname = {set:?}\nuri = \"mongodb://{host}/?replicaSet={set}\"\nsource = {{ \
         hosts = [\"*\"] }}\ntarget = {{ hosts = [\"elsewhere:*\"] }}\n{more}\n"
    );
    match landfall::systems::parse_plan(&PathBuf::from("guarded.toml"), &text) {
        Ok((plan, _)) => plan,
        Err(faulty) => panic!("{}", faulty.render(false)),
    }
}

/// Each collector of a plan, tried once as by `landfall check`: the last part of its id (`status`, `config` …) and the
/// result.
fn tried(plan: Plan) -> Vec<(String, Result<(), Fault>)> {
    let plan = Arc::new(plan);
    let readers = Readers::new(&plan);
    let (_, specs) = Estate::new(&plan);
    block_on(async {
        let mut out = Vec::new();
        for spec in specs {
            let word = spec.id.rsplit('/').next().unwrap_or_default().to_owned();
            let end = Instant::now() + PATIENCE;
            // On a busy machine the first connection may take longer than a query's time-out.
            let outcome = loop {
                match readers.ask(&spec.query).await {
                    Err(f) if f.kind == FaultKind::TimedOut && Instant::now() < end => {}
                    other => break other.map(drop),
                }
            };
            out.push((word, outcome));
        }
        out
    })
}

#[test]
fn each_missing_permission_is_named_with_the_server_and_the_call() {
    if Lab::shared().is_none() {
        return;
    }
    let guarded = Guarded::start();
    let calls = [
        ("hello", "hello"),
        ("status", "replSetGetStatus"),
        ("server", "serverStatus"),
        ("config", "replSetGetConfig"),
        ("operations", "inprog"),
    ];
    for (login, works) in [
        (Some(("poller", "right")), vec!["hello", "status", "server", "config", "operations"]),
        (Some(("half", "right")), vec!["hello", "status"]),
        (Some(("nobody", "right")), vec!["hello"]),
        (Some(("poller", "wrong")), vec!["hello"]),
        (Some(("other", "right")), vec!["hello"]),
        (None, vec!["hello"]),
    ] {
        let outcomes = tried(guarded.plan(login));
        assert_eq!(outcomes.len(), calls.len());
        for (word, call) in calls {
            let outcome = &outcomes.iter().find(|(w, _)| w == word).unwrap().1;
            match outcome {
                Ok(()) => assert!(works.contains(&word), "{login:?} was let in for {call}"),
                Err(fault) => {
                    assert!(!works.contains(&word), "{login:?}: {fault}");
                    assert_eq!(fault.kind, FaultKind::Refused, "{login:?}: {fault}");
                    assert!(fault.text.raw().starts_with(&format!("{}: {call}: ", guarded.host)), "{login:?}: {fault}");
                    assert!(
                        !fault.text.raw().contains("wrong;") && !fault.text.raw().contains("right"),
                        "a password in {fault}"
                    );
                }
            }
        }
    }
}

/// With a canary that uses this login, in a collection that the login may write to.
fn with_canary(guarded: &Guarded, (name, password): (&str, &str)) -> Plan {
    let own = guarded.dir.path().join("canary");
    std::fs::write(&own, password).unwrap();
    std::fs::write(guarded.password(), "right").unwrap();
    let login = |name: &str, file: &PathBuf| format!("{{ username = {name:?}, password = {{ file = {file:?} }} }}");
    let canary = format!(
        "canary = {{ collection = \"landfall.canary\", every = \"50ms\", majority = true, login = {} }}",
        login(name, &own)
    );
    plan("solo", &guarded.host, &format!("login = {}\n{canary}", login("poller", &guarded.password())))
}

#[test]
fn a_canarys_login_is_tried_without_a_write_and_a_canary_that_may_not_write_is_blind() {
    if Lab::shared().is_none() {
        return;
    }
    let guarded = Guarded::start();
    let trial = |login: (&str, &str)| {
        let plan = Arc::new(with_canary(&guarded, login));
        let trials = Estate::new(&plan).0.trials();
        assert_eq!(trials.len(), 1);
        let readers = Readers::new(&plan);
        block_on(readers.ask(&trials[0].query)).map(drop)
    };
    assert_eq!(trial(("canary", "right")), Ok(()));
    for (login, words) in [
        (("nobody", "right"), "the canary's login may not insert or update in landfall.canary"),
        (("canary", "wrong"), "the login in the plan does not exist there or has another password"),
    ] {
        let fault = trial(login).expect_err("it may not");
        assert_eq!(fault.kind, FaultKind::Refused, "{fault}");
        assert!(fault.text.raw().contains(words), "{fault}");
        println!("{fault}");
    }
    let databases =
        block_on(async { guarded.admin("root:right@").await.client().list_database_names().await.unwrap() });
    assert!(!databases.contains(&"landfall".to_owned()), "it was only asked: {databases:?}");

    // With a login that may not write: no outage, and no zero.
    let (mut console, _folder) = super::canary::with_control(with_canary(&guarded, ("nobody", "right")));
    let blind = console.until("a canary that is refused", PATIENCE, |s| {
        let of = |w| s.collectors.iter().find(|l| l.id == format!("mongo/solo/canary/{w}"));
        ["1", "majority"]
            .iter()
            .all(|w| of(w).is_some_and(|l| l.fault.as_ref().is_some_and(|f| f.kind == FaultKind::Refused)))
    });
    let blind = blind.unwrap();
    assert!(value(&blind, "mongo.canary.gap", &["solo", "1"]).is_none());
    drop(console);
    let (mut console, _folder) = super::canary::with_control(with_canary(&guarded, ("canary", "right")));
    console
        .until("writes that get through", PATIENCE, |s| {
            ["1", "majority"].iter().all(|w| value(s, "mongo.canary.gap", &["solo", w]) == Some(0.0))
        })
        .unwrap();
}

#[test]
fn a_wrong_password_is_refused_and_the_right_one_heals_it() {
    if Lab::shared().is_none() {
        return;
    }
    let guarded = Guarded::start();
    let mut watch = Watch::on(guarded.plan(Some(("poller", "wrong")))).unwrap();
    let refused = |s: &Snapshot, word: &str| {
        let line = s.collectors.iter().find(|l| l.id.ends_with(word));
        line.is_some_and(|l| {
            l.state == CollectorState::Unknown && l.fault.as_ref().is_some_and(|f| f.kind == FaultKind::Refused)
        })
    };
    let seen = watch.until("REFUSED", PATIENCE, |s| {
        ["/status", "/server", "/config"].iter().all(|word| refused(s, word))
            && value(s, "mongo.set.primary_writable", &["solo"]) == Some(1.0)
    });
    let seen = seen.unwrap();
    let Verdict::Hold(why) = seen.verdict() else { panic!("no hold: {:?}", seen.verdict()) };
    assert!(why.contains("REFUSED") && why.contains(&guarded.host), "{why}");

    std::fs::write(guarded.password(), "right").unwrap();
    watch.until_live(PATIENCE).unwrap();
}

#[test]
fn a_wrong_address_is_unreachable_and_a_wrong_set_is_told() {
    if Lab::shared().is_none() {
        return;
    }
    let guarded = Guarded::start();
    let closed = format!("127.0.0.1:{}", ports::pick().unwrap().values().last().unwrap());
    for (host, kind) in [(&*closed, FaultKind::Unreachable), ("no-such-host.invalid:27017", FaultKind::NotFound)] {
        for (word, outcome) in tried(plan("solo", host, "")) {
            let fault = outcome.expect_err("nobody is there");
            assert_eq!(fault.kind, kind, "{word}: {fault}");
            assert!(fault.text.raw().starts_with(&format!("{host}: ")), "{word}: {fault}");
        }
    }
    let mut watch = Watch::on(plan("other", &guarded.host, "")).unwrap();
    let described = |s: &Snapshot| {
        let tile = s.panels.iter().find(|p| p.id == "mongo").unwrap().summary.first().map(|c| c.text.to_string());
        tile.is_some_and(|t| t.contains("is a member of the set `solo`; the plan says `other`"))
    };
    let seen = watch.until("the other set's name", PATIENCE, described).unwrap();
    assert!(value(&seen, "mongo.set.primary_writable", &["other"]).is_none());
}
