//! The effects of a broken server: the table of expectations, and one trial.
//!
//! The rule: the collectors that query the broken server become stale, then unknown; every other collector is
//! unaffected; and the affected ones recover without intervention once the server is back.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::{Duration, Instant},
};

use landfall::{
    base::{collector::CollectorState, view::CollectorLine},
    engine::snapshot::Snapshot,
    plan::Plan,
};

use crate::{
    error::{Error, Result},
    live::{Lab, Storm},
    server::How,
    watch::Watch,
};

/// Collectors that become unknown within this time are expected to do so in a trial. The others (a broker's
/// configuration, queried once in twelve intervals) are expected to be stale at least.
const BLIND_WITHIN: Duration = Duration::from_secs(30);
/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// A fault of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// Broken until all expected effects are observed, then mended.
    Until(How),
    /// Stopped and restarted at once.
    Restart,
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Until(How::Stop) => "stopped",
            Self::Until(How::Freeze) => "frozen",
            Self::Until(How::Kill) => "killed",
            Self::Restart => "restarted",
        })
    }
}

/// Id prefixes of the collectors that query this server, and of those that may lose it for a moment and find another.
#[must_use]
pub fn expected(server: &str, port: u16) -> (String, Vec<String>) {
    match server.split('/').collect::<Vec<_>>()[..] {
        ["mongo", set, _] => {
            let asks_the_primary = ["config", "operations"].map(|what| format!("mongo/{set}/{what}"));
            (format!("mongo/{set}/127.0.0.1:{port}/"), asks_the_primary.into())
        }
        ["kafka", side] => (format!("kafka/events/{side}/"), Vec::new()),
        ["aws", "route53"] => ("route53/".to_owned(), Vec::new()),
        ["aws", side] => (format!("ec2/{side}/"), Vec::new()),
        ["dns"] => ("route53/authoritative/".to_owned(), Vec::new()),
        _ => (format!("{server}/"), Vec::new()),
    }
}

/// Whether this collector queries the server.
fn asks(server: &str, port: u16, id: &str) -> bool {
    // Name servers continue with the last records while Route 53's own interface is down.
    let other = server == "aws/route53" && id.starts_with("route53/authoritative/");
    id.starts_with(&expected(server, port).0) && !other
}

/// The lab's plan with shorter intervals: a trial waits for six intervals.
///
/// # Errors
/// If the plan cannot be read.
pub fn plan(lab: &Lab) -> Result<Plan> {
    let mut plan = lab.plan()?;
    let often = Duration::from_secs(2);
    (plan.intervals.mongo, plan.intervals.kafka) = (often, often);
    (plan.intervals.route53, plan.intervals.dns, plan.intervals.health) = (often, often, often);
    // Within the time of a trial, but not so often that the machine does nothing but list a thousand instances.
    plan.intervals.ec2 = BLIND_WITHIN / 6;
    Ok(plan)
}

/// The result of one trial.
#[derive(Debug)]
pub struct Trial {
    /// The server.
    pub server: String,
    /// The fault.
    pub blow: Blow,
    /// Collectors that query it.
    pub expected: BTreeSet<String>,
    /// Collectors that were expected to become unknown.
    pub due: BTreeSet<String>,
    /// Worst state of each collector that was not always fresh.
    pub seen: BTreeMap<String, CollectorState>,
    /// Collectors that may be disturbed for a moment, and then use another server.
    pub spared: Vec<String>,
    /// The greatest age of any other collector, in its intervals, and its id.
    pub others: (f64, String),
    /// Time from the fault until the first collector was stale.
    pub stale_after: Option<Duration>,
    /// Time from the fault until all that were due were unknown.
    pub blind_after: Option<Duration>,
    /// Time from mending until everything was fresh again.
    pub healed_after: Duration,
}

impl Trial {
    /// Runs the trial. Starts and ends with everything fresh.
    ///
    /// # Errors
    /// If the lab cannot do it, an expected effect was not observed, or something did not recover.
    pub fn run(lab: &Lab, storm: &Storm<'_>, watch: &mut Watch, server: &str, blow: Blow) -> Result<Self> {
        let before = watch.until_live(PATIENCE)?;
        let port = lab.port(server)?;
        let ours = |l: &&CollectorLine| asks(server, port, &l.id);
        let ids = |l: &CollectorLine| l.id.clone();
        let mut trial = Self {
            server: server.to_owned(),
            blow,
            expected: before.collectors.iter().filter(ours).map(ids).collect(),
            due: before.collectors.iter().filter(ours).filter(|l| l.interval * 6 <= BLIND_WITHIN).map(ids).collect(),
            seen: BTreeMap::new(),
            spared: expected(server, port).1,
            others: (0.0, String::new()),
            stale_after: None,
            blind_after: None,
            healed_after: Duration::ZERO,
        };
        if trial.expected.is_empty() {
            return Err(Error::new(format!("breaking {server}"), "no source asks it"));
        }
        let begin = Instant::now();
        match blow {
            Blow::Until(how) => {
                storm.break_(server, how)?;
                watch.until(&format!("{server} {blow} to be seen"), PATIENCE, |s| {
                    trial.look(s, begin);
                    trial.complete()
                })?;
                trial.blind_after = (!trial.due.is_empty()).then(|| begin.elapsed());
            }
            Blow::Restart => storm.break_(server, How::Stop)?,
        }
        storm.mend(server)?;
        let mended = Instant::now();
        watch.until_live(PATIENCE)?;
        trial.healed_after = mended.elapsed();
        Ok(trial)
    }

    fn look(&mut self, s: &Snapshot, begin: Instant) {
        for l in &s.collectors {
            if l.state > CollectorState::Pending {
                let worst = self.seen.entry(l.id.clone()).or_insert(l.state);
                *worst = l.state.max(*worst);
            }
            if self.expected.contains(&l.id) {
                if l.state > CollectorState::Pending {
                    self.stale_after.get_or_insert_with(|| begin.elapsed());
                }
            } else if !self.spared.contains(&l.id)
                && let Some(age) = l.age
            {
                let intervals = age.0.as_secs_f64() / l.interval.as_secs_f64();
                if intervals > self.others.0 {
                    self.others = (intervals, l.id.clone());
                }
            }
        }
    }

    fn complete(&self) -> bool {
        self.expected.iter().all(|id| match self.seen.get(id) {
            Some(CollectorState::Unknown) => true,
            Some(_) => !self.due.contains(id),
            None => false,
        })
    }

    /// Collectors that do not query the broken server and whose worst state was this one. A stale one is a late
    /// answer, which is possible on a busy machine; an unknown one is not acceptable.
    #[must_use]
    pub fn others(&self, state: CollectorState) -> Vec<&str> {
        let strange = |id: &String| !self.expected.contains(id) && !self.spared.contains(id);
        self.seen.iter().filter(|(id, worst)| **worst == state && strange(id)).map(|(id, _)| id.as_str()).collect()
    }

    /// The heading of the table.
    #[must_use]
    pub fn heading() -> String {
        format!(
            "{:<16} {:<9} {:>8} {:>9} {:>6} {:>6} {:>7} {:>7} {:>7}  {}",
            "server",
            "",
            "expected",
            "due blind",
            "stale",
            "blind",
            "first",
            "all",
            "healed",
            "the others' oldest answer, in intervals"
        )
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |state| self.expected.iter().filter(|id| self.seen.get(*id) == Some(&state)).count();
        let seconds = |d: Option<Duration>| d.map_or_else(|| "-".to_owned(), |d| format!("{:.1}s", d.as_secs_f64()));
        write!(
            f,
            "{:<16} {:<9} {:>8} {:>9} {:>6} {:>6} {:>7} {:>7} {:>7}  ",
            self.server,
            self.blow,
            self.expected.len(),
            self.due.len(),
            of(CollectorState::Stale),
            of(CollectorState::Unknown),
            seconds(self.stale_after),
            seconds(self.blind_after),
            seconds(Some(self.healed_after)),
        )?;
        if self.blow != Blow::Restart {
            write!(f, "{:.2} ({})", self.others.0, self.others.1)?;
        }
        for (state, word) in [(CollectorState::Stale, "late"), (CollectorState::Unknown, "NOT EXPECTED")] {
            let others = self.others(state);
            if !others.is_empty() {
                write!(f, "  {word}: {}", others.join(", "))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::SERVERS;

    #[test]
    fn a_source_asks_one_server() {
        let collectors = [
            ("mongo/orders/127.0.0.1:7/status", "mongo/orders/2"),
            ("kafka/events/target/snapshot", "kafka/target"),
            ("ec2/source/instances", "aws/source"),
            ("route53/Z1/records", "aws/route53"),
            ("route53/authoritative/api.example.test./A/127.0.0.1:9", "dns"),
            ("metrics/cloudwatch/source", "metrics"),
        ];
        for (id, server) in collectors {
            let port = |name: &str| if name == "mongo/orders/2" { 7 } else { 8 };
            let asked: Vec<_> = SERVERS.into_iter().filter(|name| asks(name, port(name), id)).collect();
            assert_eq!(asked, [server], "{id}");
        }
    }
}
