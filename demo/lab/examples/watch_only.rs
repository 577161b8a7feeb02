//! Checks that watch mode with full rights never sends a request that writes.
//!
//!     cargo build && cargo run --example watch_only -- [--minutes 10]
//!
//! It uses its own lab, the lab's plan with administrators' logins everywhere, and `landfall watch` in a
//! pseudo-terminal, in which it presses all keys of the console except those that end it. The servers are checked
//! afterwards: mongod's logs (every command of every connection named landfall), and proxies before the AWS endpoints
//! and the brokers. A request that is not a known read counts as a write. A server without any recorded read proves
//! nothing, and is a failure too.

use std::{
    collections::BTreeMap,
    path::Path,
    process::ExitCode,
    thread::sleep,
    time::{Duration, Instant},
};

use clap::Parser;
use landfall::console::{
    command::{COMMANDS, Id},
    key::Key,
};
use landfall_lab::{console::Console, kafka_proxy, live::Lab, mongo, plan, proxy};
use mongodb::{Client, bson::doc};
use tokio::runtime::Runtime;

type Failure = Box<dyn std::error::Error>;

/// Read commands that landfall and its driver use.
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
    "getDefaultRWConcern",
    // The server itself reads its settings to answer `getDefaultRWConcern`.
    "find",
    "getLog",
    "connectionStatus",
    "currentOp",
    "top",
];
/// Read calls.
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
/// In no set: they have no logins, so nobody can enable their command log. They get the same queries as the others.
const OUTSIDERS: [&str; 2] = ["mongo/catalog/4", "mongo/catalog/5"];

/// Watches with administrators' logins and counts what the servers were asked.
#[derive(Debug, Parser)]
struct Cli {
    /// For how long.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
}

/// Requests to one kind of server.
#[derive(Debug, Default)]
struct Asked {
    reads: BTreeMap<String, u64>,
    writes: BTreeMap<String, u64>,
}

impl Asked {
    fn add(&mut self, what: &str, n: u64, reads: bool) {
        *if reads { &mut self.reads } else { &mut self.writes }.entry(what.to_owned()).or_default() += n;
    }

    fn lines_of(&self, kind: &str) -> String {
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
    let (cli, keys) = (Cli::parse(), keys()?);
    let lab = Lab::start()?;
    let runtime = Runtime::new()?;
    let mut text = std::fs::read_to_string(lab.plan_file())?;
    let mut aws = Vec::new();
    for name in ["aws/source", "aws/target", "aws/route53", "metrics"] {
        let proxy = proxy::Proxy::start(lab.port(name)?)?;
        text = plan::through(&text, lab.port(name)?, proxy.port())?;
        aws.push((name, proxy));
    }
    let mut brokers = Vec::new();
    for name in ["kafka/source", "kafka/target"] {
        let proxy = runtime.block_on(kafka_proxy::Proxy::start(lab.port(name)?))?;
        text = plan::through(&text, lab.port(name)?, proxy.port())?;
        brokers.push((name, proxy));
    }
    let file = lab.run().join("administrator.toml");
    std::fs::write(&file, administrators(&text)?)?;
    let all = lab.status()?.servers.into_keys().filter(|name| name.starts_with("mongo/"));
    let members: Vec<String> = all.filter(|name| !OUTSIDERS.contains(&name.as_str())).collect();
    runtime.block_on(log_all(&lab, &members))?;

    let pressed = watch(&file, &keys, Duration::from_secs_f64(cli.minutes * 60.0))?;
    println!("{:.1} minutes of `landfall watch` with administrators' logins, {pressed} keys pressed", cli.minutes);

    let mut asked: Vec<(&str, Asked)> = Vec::new();
    let servers = lab.status()?.servers;
    for name in &members {
        let mut mongod = Asked::default();
        let log = std::fs::read_to_string(&servers[name].log)?;
        commands(&log).for_each(|command| mongod.add(&command, 1, MONGO_READS.contains(&&*command)));
        asked.push((name, mongod));
    }
    for (name, proxy) in &aws {
        let (mut endpoint, changes) = (Asked::default(), proxy.changes());
        for (what, n) in proxy.take() {
            let writes = u64::try_from(changes.iter().filter(|c| c.what == what).count())?;
            let word = what.split("/2013-04-01").next().unwrap_or_default().trim();
            if u64::from(n) > writes {
                endpoint.add(word, u64::from(n) - writes, true);
            }
            if writes > 0 {
                endpoint.add(&what, writes, false);
            }
        }
        asked.push((name, endpoint));
    }
    for (name, proxy) in &brokers {
        let mut broker = Asked::default();
        proxy
            .take()
            .counts()
            .into_iter()
            .for_each(|(what, n)| broker.add(what, u64::from(n), KAFKA_READS.contains(&what)));
        asked.push((name, broker));
    }
    for (name, asked) in &asked {
        println!("{}", asked.lines_of(name));
    }
    let wrote = asked.iter().any(|(_, asked)| !asked.writes.is_empty());
    // A server without requests was not watched, or the requests were not recorded: then missing writes prove nothing.
    let silent: Vec<_> = asked.iter().filter(|(_, asked)| asked.reads.is_empty()).map(|(name, _)| *name).collect();
    if !silent.is_empty() {
        println!("NOT SEEN TO BE ASKED: {}", silent.join(", "));
    }
    let clean = !wrote && silent.is_empty();
    println!("{}", if clean { "nothing that writes" } else { "NOT CLEAN" });
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same plan with administrators' logins for all reads.
fn administrators(plan: &str) -> Result<String, Failure> {
    let mut text = plan.to_owned();
    for (watch, operate) in [
        ("\"landfall-read\"", "\"landfall-lab\""),
        ("/watch-access-key", "/operate-access-key"),
        ("/watch-secret-key", "/operate-secret-key"),
    ] {
        if !text.contains(watch) {
            return Err(format!("the lab's plan has no {watch} any more").into());
        }
        text = text.replace(watch, operate);
    }
    Ok(text)
}

/// Makes mongod log every command with the client's name.
async fn log_all(lab: &Lab, members: &[String]) -> Result<(), Failure> {
    for name in members {
        let client = Client::with_uri_str(mongo::direct(&format!("127.0.0.1:{}", lab.port(name)?))).await?;
        let all = doc! { "setParameter": 1, "logComponentVerbosity": { "command": { "verbosity": 1 } } };
        let done = client.database("admin").run_command(all).await;
        client.shutdown().immediate(true).await;
        done.map_err(|why| format!("{name} does not log what it is asked: {why}"))?;
    }
    Ok(())
}

/// All keys of the console, including those for steering, except those that quit or suspend, and the palette, which
/// could do either.
fn keys() -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for command in COMMANDS.iter().filter(|c| !matches!(c.id, Id::Quit | Id::Suspend | Id::Palette)) {
        for key in command.keys {
            match key {
                Key::Char(c) => all.push(c.to_string()),
                Key::Ctrl(c) => all.push(char::from(u8::try_from(*c)? & 0x1f).to_string()),
                Key::Alt(c) => all.push(format!("\x1b{c}")),
                Key::Code(_) => all.push(sequence(&key.to_string())?.to_owned()),
            }
        }
    }
    Ok(all)
}

/// The bytes that a terminal sends for a key.
fn sequence(key: &str) -> Result<&'static str, Failure> {
    Ok(match key {
        "Enter" => "\r",
        "Esc" => "\x1b",
        "Tab" => "\t",
        "Shift-Tab" => "\x1b[Z",
        "↑" => "\x1b[A",
        "↓" => "\x1b[B",
        "→" => "\x1b[C",
        "←" => "\x1b[D",
        "Home" => "\x1b[H",
        "End" => "\x1b[F",
        "PgUp" => "\x1b[5~",
        "PgDn" => "\x1b[6~",
        other => return Err(format!("what does a terminal send for {other}?").into()),
    })
}

/// Watches for this time and presses keys.
fn watch(plan: &Path, keys: &[String], span: Duration) -> Result<u32, Failure> {
    let mut console = Console::watch(plan)?;
    let end = Instant::now() + span;
    let mut pressed = 0;
    while Instant::now() < end {
        console.press(&keys[fastrand::usize(..keys.len())])?;
        pressed += 1;
        sleep(Duration::from_millis(250));
    }
    // It was watching to the end: it is still running, and its clock advances.
    console.press("\x1b\x1b\x1b")?;
    sleep(Duration::from_secs(1));
    if console.screen().contains("FROZEN") {
        console.press(" ")?;
    }
    console.press("9")?;
    console.until("WATCH", Duration::from_secs(60))?;
    sleep(Duration::from_secs(1));
    let place = |screen: &str| screen.lines().nth(1).map(str::to_owned);
    let before = place(&console.screen());
    console.until_seen("another time in its second line", Duration::from_secs(60), |screen| place(screen) != before)?;
    println!("{}", console.screen().lines().take(4).collect::<Vec<_>>().join("\n"));
    Ok(pressed)
}

/// Names of the commands from landfall's connections.
fn commands(log: &str) -> impl Iterator<Item = String> {
    // A command's name is the first of its fields: taken from the text, since a parsed object loses the order.
    const COMMAND: &str = "\"command\":{\"";
    log.lines().filter_map(|line| {
        let parsed: serde_json::Value = serde_json::from_str(line).ok()?;
        let app = parsed["attr"]["appName"].as_str()?;
        let ours = app.starts_with("landfall") && app != "landfall-lab";
        let (_, rest) = line.split_once(COMMAND)?;
        let name = rest.split('"').next()?.to_owned();
        // This aggregation only reads the running operations.
        let name = if rest.contains("{\"$currentOp\"") { "currentOp".to_owned() } else { name };
        ours.then_some(name)
    })
}
