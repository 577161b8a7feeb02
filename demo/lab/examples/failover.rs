//! Measures how soon landfall shows that a primary is lost, and that there is a new one: killed and frozen
//! one after the other, in its own lab.
//!
//!     cargo build && cargo run --example failover -- [--rounds 10]
//!
//! In each round the first member of `orders` leads and is broken. Measured are the time from just before the signal
//! to the first snapshot without a primary, and from the new primary's log line ("Transition to primary complete") to
//! the first snapshot with it. It mends what it breaks.

use std::{path::Path, sync::Arc, time::Duration};

use clap::Parser;
use jiff::Timestamp;
use landfall::{
    base::{collector::CollectorState, observed::Observed},
    drive::{Link, live},
    engine::snapshot::Snapshot,
};
use landfall_lab::{
    control::{self, Request},
    live::Lab,
    server::How,
};
use tokio::time::timeout;

type Failure = Box<dyn std::error::Error>;

/// The set that is measured.
const SET: &str = "orders";
/// Longer than any election or restart here takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// Measures how soon a lost primary and its successor are seen.
#[derive(Debug, Parser)]
struct Cli {
    /// Rounds of each kind.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let cli = Cli::parse();
    let lab = tokio::task::spawn_blocking(Lab::start).await??;
    let run = lab.run().to_owned();
    let mut plan = lab.plan()?;
    // Only this system: the collectors of others would affect the result.
    plan.replica_sets.retain(|s| s.name == SET);
    (plan.kafka, plan.fleet, plan.dns, plan.health) = Default::default();
    let first = format!("127.0.0.1:{}", lab.port(&format!("mongo/{SET}/1"))?);
    let mut link = live::start(Arc::new(plan));
    link.viewer.want_signals();
    for how in [How::Kill, How::Freeze] {
        let (mut gone, mut shown) = (Vec::new(), Vec::new());
        for round in 1..=cli.rounds {
            let (lost, found) = one(&mut link, &run, &first, how).await?;
            println!("{how:?} {round}: no primary after {lost} ms; new primary shown {found} ms after its log line");
            gone.push(lost);
            shown.push(found);
        }
        println!("{how:?}: fault to \"no primary\":          {}", summary(gone));
        println!("{how:?}: new primary's log line to shown: {}", summary(shown));
    }
    link.let_go(Duration::from_secs(2)).await;
    Ok(())
}

/// One round, in milliseconds: from the fault to "no primary", from the new primary's log line to the snapshot with
/// it.
async fn one(link: &mut Link, run: &Path, first: &str, how: How) -> Result<(i64, i64), Failure> {
    let name = format!("mongo/{SET}/1");
    // The first member has the highest priority and becomes primary again some time after it is back.
    until(link, "the first member leads and all sources are live", |s| {
        primary(s).as_deref() == Some(first) && s.collectors.iter().all(|s| s.state == CollectorState::Fresh)
    })
    .await?;
    let broken_at = Timestamp::now();
    let broken = tokio::task::spawn_blocking({
        let (run, name) = (run.to_owned(), name.clone());
        move || control::ask(&run, &Request::Break { name, how })
    });
    let lost_at = until(link, "no primary", |s| writable(s) == Some(false)).await?;
    broken.await??;
    let found_at = until(link, "a new primary", |s| writable(s) == Some(true)).await?;
    let logged_at = log_line(run, broken_at)?;
    let mend = Request::Mend { name };
    let run = run.to_owned();
    tokio::task::spawn_blocking(move || control::ask(&run, &mend)).await??;
    let ms = |from: Timestamp, to: Timestamp| to.as_millisecond() - from.as_millisecond();
    Ok((ms(broken_at, lost_at), ms(logged_at, found_at)))
}

/// The time of the first snapshot that satisfies `wanted`.
async fn until(link: &mut Link, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Result<Timestamp, Failure> {
    let waited = timeout(PATIENCE, link.snapshots.wait_for(|s| wanted(s))).await;
    waited.map_err(|_| format!("waited {}s in vain: {what}", PATIENCE.as_secs()))??;
    Ok(Timestamp::now())
}

fn writable(s: &Snapshot) -> Option<bool> {
    let sample = s.samples.iter().flatten().find(|s| s.def.id == "mongo.set.primary_writable")?;
    match sample.value {
        Observed::Fresh(v, _) => Some(v > 0.5),
        _ => None,
    }
}

fn primary(s: &Snapshot) -> Option<String> {
    let table = s.panels.iter().find(|p| p.id == "mongo")?.tables.first()?;
    let column = table.columns.iter().position(|c| c.id == "primary")?;
    Some(table.rows.first()?.cells.get(column)?.text.to_string())
}

/// When a member logged that it leads, the first one after `since`.
fn log_line(run: &Path, since: Timestamp) -> Result<Timestamp, Failure> {
    let mut found = None;
    for (name, line) in control::status(run)?.servers {
        if !name.starts_with(&format!("mongo/{SET}/")) {
            continue;
        }
        for entry in
            std::fs::read_to_string(&line.log)?.lines().filter(|l| l.contains("Transition to primary complete"))
        {
            let entry: serde_json::Value = serde_json::from_str(entry)?;
            let at: Timestamp = entry["t"]["$date"].as_str().ok_or("a log line without a time")?.parse()?;
            if at >= since && found.is_none_or(|f| at < f) {
                found = Some(at);
            }
        }
    }
    found.ok_or_else(|| "no member's log says that it became primary".into())
}

fn summary(mut values: Vec<i64>) -> String {
    values.sort_unstable();
    // The smallest value that at least this share does not exceed: of ten values, the 95th percentile is the highest.
    let quantile =
        |q: usize| values.get((values.len() * q).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default();
    format!("median {} ms, p95 {} ms, of {}", quantile(50), quantile(95), values.len())
}
