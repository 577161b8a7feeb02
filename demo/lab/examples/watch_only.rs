//! Watch mode with every right there is: does it ever ask for something that writes?
//!
//!     cargo run --example watch_only -- [--minutes 10]
//!
//! A lab of its own; its plan, with administrators' logins everywhere; `landfall watch` on it in a pseudo-terminal, in which keys are pressed all
//! the time, those that steer too. Asked afterwards are the servers: mongod's logs (every command of every connection that calls itself
//! landfall), and proxies before the AWS endpoints and the brokers. Whatever is not known for a read counts as a write.

use std::{
    collections::BTreeMap,
    path::Path,
    process::ExitCode,
    thread::sleep,
    time::{Duration, Instant},
};

use clap::Parser;
use landfall_lab::{console::Console, kafka_proxy, live::Lab, mongo, proxy};
use mongodb::{Client, bson::doc};
use tokio::runtime::Runtime;

type Failure = Box<dyn std::error::Error>;

/// Commands that read, of those landfall and its driver use.
const MONGO_READS: &[&str] = &[
    "hello",
    "isMaster",
    "ismaster",
    "ping",
    "buildInfo",
    "saslStart",
    "saslContinue",
    "endSessions",
    "serverStatus",
    "replSetGetStatus",
    "replSetGetConfig",
    "getLog",
    "connectionStatus",
    "currentOp",
    "top",
];
/// Calls that read.
const KAFKA_READS: &[&str] = &[
    "ApiVersions",
    "Metadata",
    "ListGroups",
    "DescribeGroups",
    "FindCoordinator",
    "OffsetFetch",
    "ListOffsets",
    "DescribeConfigs",
    "Fetch",
    "DescribeCluster",
];
/// Keys of every page and of everything that steers; no `q`, no Ctrl-C.
const KEYS: &[&str] = &[
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "j", "k", "\r", "\x1b", "p", "a", "x", "b", "r", "u", "y", "i", "v",
    "o", "e", "A", "h", "H", "c", "z", "n", "s", "w", "/", "t",
];

/// Watches with administrators' logins and counts what the servers were asked.
#[derive(Debug, Parser)]
struct Cli {
    /// For how long.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
}

/// What one kind of server was asked.
#[derive(Debug, Default)]
struct Asked {
    reads: BTreeMap<String, u64>,
    writes: BTreeMap<String, u64>,
}

impl Asked {
    fn add(&mut self, what: &str, n: u64, reads: bool) {
        *if reads { &mut self.reads } else { &mut self.writes }.entry(what.to_owned()).or_default() += n;
    }

    fn told(&self, kind: &str) -> String {
        let sum = |of: &BTreeMap<String, u64>| of.values().sum::<u64>();
        let names: Vec<_> = self.reads.iter().map(|(what, n)| format!("{what} {n}")).collect();
        let wrote = if self.writes.is_empty() { String::new() } else { format!("; WRITES: {:?}", self.writes) };
        format!(
            "{kind}: {} that read ({}), {} that write{wrote}",
            sum(&self.reads),
            names.join(", "),
            sum(&self.writes)
        )
    }
}

fn main() -> Result<ExitCode, Failure> {
    let cli = Cli::parse();
    let lab = Lab::start()?;
    let runtime = Runtime::new()?;
    let mut text = std::fs::read_to_string(lab.plan_file())?;
    let mut aws = Vec::new();
    for name in ["aws/source", "aws/target", "aws/route53", "metrics"] {
        let proxy = proxy::Proxy::start(lab.port(name)?)?;
        text = text.replace(&format!("http://127.0.0.1:{}", lab.port(name)?), &proxy.url());
        aws.push(proxy);
    }
    let mut brokers = Vec::new();
    for name in ["kafka/source", "kafka/target"] {
        let port = lab.port(name)?;
        let proxy = runtime.block_on(kafka_proxy::Proxy::start(port))?;
        text = text.replace(&format!("127.0.0.1:{port}\""), &format!("127.0.0.1:{}\"", proxy.port()));
        brokers.push(proxy);
    }
    // Everybody watches with what may do everything.
    text = text.replace("\"landfall-watch\"", "\"landfall-lab\"").replace("/watch-access-key", "/operate-access-key");
    text = text.replace("/watch-secret-key", "/operate-secret-key");
    let plan = lab.run().join("administrator.toml");
    std::fs::write(&plan, text)?;
    let members: Vec<String> = lab.status()?.servers.into_keys().filter(|name| name.starts_with("mongo/")).collect();
    runtime.block_on(tell_all(&lab, &members))?;

    let pressed = watch(&plan, Duration::from_secs_f64(cli.minutes * 60.0))?;
    println!("{:.0} minutes of `landfall watch` with administrators' logins, {pressed} keys pressed", cli.minutes);

    let mut mongod = Asked::default();
    let servers = lab.status()?.servers;
    for name in &members {
        let log = std::fs::read_to_string(&servers[name].log)?;
        commands(&log).for_each(|command| {
            let reads = MONGO_READS.contains(&&*command);
            mongod.add(&command, 1, reads);
        });
    }
    let mut endpoints = Asked::default();
    for proxy in &aws {
        let changes = proxy.changes();
        for (what, n) in proxy.take() {
            let writes = u64::try_from(changes.iter().filter(|c| c.what == what).count())?;
            let word = what.split("/2013-04-01").next().unwrap_or_default().trim();
            endpoints.add(word, u64::from(n) - writes, true);
            if writes > 0 {
                endpoints.add(&what, writes, false);
            }
        }
    }
    let mut kafka = Asked::default();
    for proxy in &brokers {
        proxy.take().into_iter().for_each(|(what, n)| kafka.add(what, u64::from(n), KAFKA_READS.contains(&what)));
    }
    let all = [("mongod's logs", mongod), ("AWS endpoints", endpoints), ("brokers", kafka)];
    for (kind, asked) in &all {
        println!("{}", asked.told(kind));
    }
    let clean = all.iter().all(|(_, asked)| asked.writes.is_empty() && !asked.reads.is_empty());
    println!("{}", if clean { "nothing that writes" } else { "NOT CLEAN" });
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// From now on mongod logs every command, with the name of who asks.
async fn tell_all(lab: &Lab, members: &[String]) -> Result<(), Failure> {
    for name in members {
        let client = Client::with_uri_str(mongo::direct(&format!("127.0.0.1:{}", lab.port(name)?))).await?;
        let all = doc! { "setParameter": 1, "logComponentVerbosity": { "command": { "verbosity": 1 } } };
        // Hosts outside of every set have no logins yet and take none: what they are asked is the same as the others'.
        if let Err(why) = client.database("admin").run_command(all).await {
            println!("{name} does not say what it is asked: {why}");
        }
        client.shutdown().immediate(true).await;
    }
    Ok(())
}

/// Watches for so long, pressing keys.
fn watch(plan: &Path, span: Duration) -> Result<u32, Failure> {
    let mut console = Console::watch(plan)?;
    let end = Instant::now() + span;
    let mut pressed = 0;
    while Instant::now() < end {
        console.press(KEYS[fastrand::usize(..KEYS.len())])?;
        pressed += 1;
        sleep(Duration::from_millis(250));
    }
    // It was watching to the end.
    console.press("\x1b\x1b\x1b")?;
    sleep(Duration::from_secs(1));
    console.press("9")?;
    console.until("WATCH", Duration::from_secs(60))?;
    sleep(Duration::from_secs(1));
    println!("{}", console.screen().lines().take(4).collect::<Vec<_>>().join("\n"));
    Ok(pressed)
}

/// Names of the commands that came from landfall's connections.
fn commands(log: &str) -> impl Iterator<Item = String> {
    // A command's name is the first of its fields: read from the text, since a parsed object forgets the order.
    const COMMAND: &str = "\"command\":{\"";
    log.lines().filter_map(|line| {
        let parsed: serde_json::Value = serde_json::from_str(line).ok()?;
        let app = parsed["attr"]["appName"].as_str()?;
        let ours = app.starts_with("landfall") && app != "landfall-lab";
        let (_, rest) = line.split_once(COMMAND)?;
        let name = rest.split('"').next()?.to_owned();
        // Of all aggregations this one reads what is running, and nothing else.
        let name = if rest.contains("{\"$currentOp\"") { "currentOp".to_owned() } else { name };
        ours.then_some(name)
    })
}
