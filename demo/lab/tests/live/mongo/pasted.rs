//! Every command that a preview prints, forward and back, of every action on a replica set: run in a shell as if
//! pasted by a person, against real servers, which check versions. The results are read without landfall.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use landfall::{
    engine::run::{Order, PreviewView},
    plan::Plan,
};
use landfall_lab::{cache, live::Lab, ports, watch::Watch};
use mongodb::{
    Client,
    bson::{Bson, Document, doc},
};
use tempfile::TempDir;

use super::{PATIENCE, block_on, canary::with_control};

/// The shell, from the npm registry.
const SHELL: &str = "mongosh@2.12.0";

/// The actions, each from the state before it, and rolled back.
const ACTIONS: [(&str, &str); 7] = [
    ("add", "add_members = { set = \"paste\" }"),
    ("unhide", "unhide = { set = \"paste\", side = \"target\" }"),
    ("votes", "set_votes = { set = \"paste\", source = 2, target = 1 }"),
    ("priorities", "set_priorities = { set = \"paste\", source = 2, target = 1 }"),
    ("freeze", "freeze = { set = \"paste\", side = \"target\", for = \"60s\" }"),
    ("unfreeze", "unfreeze = { set = \"paste\", side = \"target\" }"),
    ("remove", "remove_members = { set = \"paste\", side = \"target\" }"),
];

/// The same, with a majority of the votes at the target.
const MOVE: [(&str, &str); 1] = [("move", "move_primary = { set = \"paste\", to = \"target\" }")];

/// Two members and an arbiter at the source, two members at the target of which one is hidden.
fn odd() -> [Document; 5] {
    [
        doc! { "priority": 2 },
        doc! { "priority": 1 },
        doc! { "arbiterOnly": true },
        doc! { "priority": 1 },
        doc! { "priority": 0, "votes": 0, "hidden": true },
    ]
}

/// Three members at the source, one of them with a vote, two members with votes at the target.
fn leaning() -> [Document; 5] {
    let silent = || doc! { "priority": 0, "votes": 0 };
    [doc! { "priority": 2 }, silent(), silent(), doc! { "priority": 1 }, doc! { "priority": 1 }]
}

/// Three members at the source, two at the target, one host outside of the set.
struct Set {
    dir: TempDir,
    hosts: Vec<String>,
    children: Vec<Child>,
}

impl Drop for Set {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A member's votes, priority, whether it is hidden, whether it is an arbiter; by host.
type Members = BTreeMap<String, (i32, i64, bool, bool)>;

impl Set {
    fn start(members: [Document; 5]) -> Self {
        let tools = cache::ready(|_| {}).unwrap();
        let mut set = Self { dir: tempfile::tempdir().unwrap(), hosts: Vec::new(), children: Vec::new() };
        for port in ports::pick().unwrap().into_values().take(6) {
            let data = set.dir.path().join(port.to_string());
            std::fs::create_dir(&data).unwrap();
            let child = Command::new(&tools.mongod)
                .args(["--replSet", "paste", "--bind_ip", "127.0.0.1", "--nounixsocket", "--port", &port.to_string()])
                .args(["--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25"])
                .args(["--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=4MB)"])
                .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
                .arg("--dbpath")
                .arg(&data)
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            set.children.push(child);
            set.hosts.push(format!("127.0.0.1:{port}"));
        }
        block_on(set.initiate(members));
        set
    }

    async fn initiate(&self, more: [Document; 5]) {
        let first = admin(&self.hosts[0]).await;
        let members: Vec<Bson> = (0_i32..)
            .zip(more)
            .zip(&self.hosts)
            .map(|((id, more), host)| {
                let mut member = doc! { "_id": id, "host": host };
                member.extend(more);
                member.into()
            })
            .collect();
        let settings = doc! { "electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 200 };
        let config = doc! { "_id": "paste", "members": members, "settings": settings };
        let end = Instant::now() + PATIENCE;
        while let Err(why) = first.run_command(doc! { "replSetInitiate": config.clone() }).await {
            assert!(Instant::now() < end, "{why}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        while self.leader().await.as_deref() != Some(&*self.hosts[0]) {
            assert!(Instant::now() < end, "no primary");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        // When an arbiter is removed the implicit write concern would change, which the server refuses.
        let concern = doc! { "setDefaultRWConcern": 1, "defaultWriteConcern": { "w": "majority" } };
        first.run_command(concern).await.unwrap();
    }

    async fn leader(&self) -> Option<String> {
        for host in &self.hosts {
            let hello = admin(host).await.run_command(doc! { "hello": 1 }).await.ok()?;
            if hello.get_bool("isWritablePrimary").unwrap_or(false) {
                return Some(host.clone());
            }
        }
        None
    }

    /// The primary, and the configuration according to it: its version and its members.
    fn stand(&self) -> (String, i32, Members) {
        block_on(async {
            let end = Instant::now() + PATIENCE;
            let leader = loop {
                match self.leader().await {
                    Some(leader) => break leader,
                    None => assert!(Instant::now() < end, "nobody leads"),
                }
            };
            let reply = admin(&leader).await.run_command(doc! { "replSetGetConfig": 1 }).await.unwrap();
            let config = reply.get_document("config").unwrap();
            let number = |m: &Document, key: &str| match m.get(key) {
                Some(Bson::Double(n)) => *n as i64,
                Some(Bson::Int64(n)) => *n,
                other => i64::from(other.and_then(Bson::as_i32).unwrap()),
            };
            let members = config.get_array("members").unwrap().iter().filter_map(Bson::as_document).map(|m| {
                let flag = |key| m.get_bool(key).unwrap();
                let detail = (number(m, "votes") as i32, number(m, "priority"), flag("hidden"), flag("arbiterOnly"));
                (m.get_str("host").unwrap().to_owned(), detail)
            });
            (leader, config.get_i32("version").unwrap(), members.collect())
        })
    }

    /// Whether the electable member at the target stands for election on request.
    fn stands(&self) -> bool {
        block_on(async { admin(&self.hosts[3]).await.run_command(doc! { "replSetStepUp": 1 }).await }).is_ok()
    }

    /// Makes the first member the primary again.
    fn lead_again(&self) {
        let end = Instant::now() + PATIENCE;
        while block_on(self.leader()).as_deref() != Some(&*self.hosts[0]) {
            assert!(Instant::now() < end, "the first does not lead");
            let _ = block_on(async { admin(&self.hosts[0]).await.run_command(doc! { "replSetStepUp": 1 }).await });
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn plan(&self, actions: &[(&str, &str)]) -> Plan {
        let quoted = |hosts: &[String]| hosts.iter().map(|h| format!("{h:?}")).collect::<Vec<_>>().join(", ");
        let mut text = format!(
            "schema = 1\nname = \"paste\"\n[sites.source]\nlabel = \"VIR\"\nregion = \"us-east-1\"\n[sites.target]\nlabel = \"ORE\"\n\
             region = \"us-west-2\"\n[intervals]\nmongo = \"1s\"\n[[replica_set]]\nname = \"paste\"\n\
             uri = \"mongodb://{}/?replicaSet=paste\"\nsource = {{ hosts = [{}] }}\ntarget = {{ hosts = [{}] }}\ncandidates = [{}]\n\
             [[phase]]\nid = \"all\"\ntitle = \"All\"\n",
            self.hosts[0],
            quoted(&self.hosts[..3]),
            quoted(&self.hosts[3..]),
            quoted(&self.hosts[5..])
        );
        for (id, action) in actions {
            text.push_str(&format!("[[phase.step]]\nid = {id:?}\ntitle = {id:?}\naction = {{ {action} }}\n"));
        }
        landfall::systems::parse_plan(Path::new("paste.toml"), &text).unwrap_or_else(|faulty| panic!("{faulty}")).0
    }
}

async fn admin(host: &str) -> mongodb::Database {
    let uri = format!("mongodb://{host}/?directConnection=true");
    Client::with_uri_str(uri).await.unwrap().database("admin")
}

/// The folder with the shell, kept beside the lab's other programs; `None` if there is no npm to download it with.
fn shell() -> Option<PathBuf> {
    let (dir, required) =
        (cache::dir().join("shell"), std::env::var("LANDFALL_LAB").is_ok_and(|wish| wish == "required"));
    std::fs::create_dir_all(&dir).unwrap();
    let lock = std::fs::File::create(dir.join("lock")).unwrap();
    lock.lock().unwrap();
    let bin = dir.join("node_modules/.bin");
    if bin.join("mongosh").exists() && std::fs::read_to_string(dir.join("stamp")).is_ok_and(|have| have == SHELL) {
        return Some(bin);
    }
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(&dir).arg(SHELL);
    match npm.stdin(Stdio::null()).output() {
        Ok(out) => assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr)),
        Err(why) if required => panic!("LANDFALL_LAB=required, and there is no npm to fetch {SHELL} with: {why}"),
        Err(why) => {
            eprintln!("printed commands are NOT RUN: no npm to fetch {SHELL} with: {why}");
            return None;
        }
    }
    std::fs::write(dir.join("stamp"), SHELL).unwrap();
    Some(bin)
}

/// Pastes a command, once: a command that waits ends when its condition holds, or fails.
fn paste(bin: &Path, home: &Path, command: &str) {
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    let out = shell.args(["-c", command]).env("PATH", &path).env("HOME", home).stdin(Stdio::null()).output().unwrap();
    let detail = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{command}\n{detail}");
    println!("    {}", detail.trim().lines().take(2).collect::<Vec<_>>().join(" "));
}

/// The preview of a step at this configuration version.
fn preview(console: &mut Watch, step: &str, version: i32) -> PreviewView {
    let end = Instant::now() + PATIENCE;
    let mut seen = String::new();
    while Instant::now() < end {
        console.order(Order::Preview(step.to_owned()));
        std::thread::sleep(Duration::from_millis(700));
        let shown = console.now();
        let step = shown.run.as_ref().and_then(|run| run.steps.iter().find(|s| s.id == step)).unwrap();
        let Some(preview) = &step.preview else { continue };
        seen = format!("{:?} {:?}", preview.faults, preview.broken);
        let first = preview.ops.first().map_or("", |op| &op.command);
        let current = first.contains(&format!("Number(cfg.version) !== {version} ")) || first.contains("replSetFreeze");
        if preview.faults.is_empty() && preview.broken.is_empty() && current {
            return preview.clone();
        }
    }
    panic!("{step}: no preview at version {version}: {seen}");
}

#[test]
fn every_printed_command_of_a_replica_set_does_forward_and_back_what_it_says() {
    let Some(lab) = Lab::shared() else { return };
    let Some(bin) = shell() else { return };
    // Elections are as fast as in the lab, and use the same processors.
    let _storm = lab.storm();
    every_command(&Set::start(odd()), &bin, &ACTIONS);
    every_command(&Set::start(leaning()), &bin, &MOVE);
}

fn every_command(set: &Set, bin: &Path, actions: &[(&str, &str)]) {
    let (mut console, folder) = with_control(set.plan(actions));
    console.until_live(PATIENCE).unwrap();
    for &(step, action) in actions {
        let (leader, version, before) = set.stand();
        let shown = preview(&mut console, step, version);
        assert!(!shown.ops.is_empty(), "{step}");
        println!("{action}: {} commands forward, {} back", shown.ops.len(), shown.inverse.len());
        for op in &shown.ops {
            println!("  {}", op.what);
            paste(bin, folder.path(), &op.command);
        }
        let (led, reached, there) = set.stand();
        let sends = shown.ops.iter().filter(|op| op.command.contains("replSetReconfig")).count();
        assert_eq!(reached, version + i32::try_from(sends).unwrap(), "{step}: each configuration once");
        for change in &shown.diff {
            let Some(host) = change.thing.strip_prefix("paste: ").filter(|host| set.hosts.iter().any(|h| h == host))
            else {
                continue;
            };
            let detail = there.get(host).map_or("not in the set".to_owned(), |(votes, priority, hidden, _)| {
                format!("votes {votes}, priority {priority}{}", if *hidden { ", hidden" } else { "" })
            });
            assert_eq!(detail, change.to, "{step}: {host}");
        }
        if step == "move" {
            assert!(set.hosts[3..5].contains(&led), "{led} leads");
        }
        if step == "freeze" {
            assert!(!set.stands(), "frozen");
        }
        for command in &shown.inverse {
            paste(bin, folder.path(), command);
        }
        if step == "freeze" || step == "unfreeze" {
            assert!(set.stands(), "{step}: taken back");
            set.lead_again();
        }
        let (led, _, after) = set.stand();
        assert_eq!((led, after), (leader, before), "{step}: taken back");
    }
}
