//! `landfall check`: the plan has no faults at this point; now every collector is tried, with each permission it
//! needs.

use std::{collections::HashSet, path::Path, process::ExitCode, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::{Instant, timeout};

use super::{LET_GO, NOT_IN_ORDER, colour, faulty, has_clients, out::Failed, print, runtime};
use base::{
    collector::CollectorSpec,
    observed::{Fault, FaultKind, Freshness, Observed, Stamp},
    side::Side,
    signal::{Samples, Unit},
    text::Lines,
    view::counted,
};
use engine::systems::Systems as _;
use plan::{Plan, offline};
use systems::{
    Estate, Query, Readers,
    collect::{clock, guard::caught, poll::timed_out},
};

/// The trial of one collector.
struct Trial {
    spec: CollectorSpec<Query>,
    took: Duration,
    outcome: Result<(), Fault>,
}

/// The results of all trials.
struct Tried {
    trials: Vec<Trial>,
    /// What successful answers omit.
    unseen: Vec<Fault>,
    /// Data that no step could use.
    unusable: Vec<Fault>,
}

pub(super) fn run(path: &Path, offline: bool, secrets: bool) -> Result<ExitCode, Failed> {
    let read = offline::check(path, secrets, &systems::catalog()).map_err(|why| faulty(&why))?;
    print(read.render(colour(false)))?;
    let mut fine = read.is_sound();
    if !offline {
        let plan = Arc::new(read.plan);
        has_clients(&plan)?;
        let runtime = runtime()?;
        let Tried { trials, unseen, unusable } = runtime.block_on(try_all(&plan));
        runtime.shutdown_timeout(LET_GO);
        print(describe(&trials, &unseen, &unusable))?;
        fine &= trials.iter().all(|t| t.outcome.is_ok());
        fine &= !unseen.iter().any(|fault| is_no(fault.kind));
        fine &= unusable.is_empty();
    }
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::from(NOT_IN_ORDER) })
}

/// Polls every collector once, all concurrently, then the collectors that their answers add.
async fn try_all(plan: &Arc<Plan>) -> Tried {
    let readers = Readers::new(plan);
    let (mut estate, mut specs) = Estate::new(plan);
    specs.extend(estate.trials());
    let mut known: HashSet<String> = specs.iter().map(|s| s.id.clone()).collect();
    let mut running: FuturesUnordered<_> = specs.into_iter().map(|spec| attempt(&readers, spec)).collect();
    let mut trials = Vec::new();
    while let Some((spec, took, answer)) = running.next().await {
        let now = clock::now();
        let outcome = match answer {
            Ok(facts) => {
                let stamp = Stamp { at: now, fresh: Freshness::of_interval(spec.interval) };
                for found in estate.apply(&spec.query, facts, stamp) {
                    if known.insert(found.id.clone()) {
                        running.push(attempt(&readers, found));
                    }
                }
                Ok(())
            }
            Err(fault) => {
                estate.fail(&spec.query, &fault, now);
                Err(fault)
            }
        };
        trials.push(Trial { spec, took, outcome });
    }
    drop(running);
    readers.close().await;
    trials.sort_by(|a, b| a.spec.id.cmp(&b.spec.id));
    let mut unseen = unseen(&estate, &trials);
    let unusable = estate.unusable(clock::now());
    unseen.retain(|fault| !unusable.contains(fault));
    Tried { trials, unseen, unusable }
}

/// What successful answers omit, each reason once: for example a consumer group that may not be described, or a
/// missing topic.
fn unseen(estate: &Estate, trials: &[Trial]) -> Vec<Fault> {
    let mut samples = Samples::default();
    estate.measure(clock::now(), &mut samples);
    let mut out: Vec<Fault> = Vec::new();
    for sample in samples.into_vec() {
        let Observed::Unknown(fault) = sample.value else { continue };
        let described = trials.iter().filter_map(|t| t.outcome.as_ref().err()).chain(&out).any(|f| *f == fault);
        // A query without a result may be misspelt, or may be right before the first traffic: the author has to decide.
        let nothing = fault.kind == FaultKind::Empty && sample.def.unit == Unit::AsNamed;
        if (is_no(fault.kind) || fault.kind == FaultKind::NotFound || nothing) && !described {
            out.push(fault);
        }
    }
    out
}

/// Polls one collector once, within its own time-out (a cold connection may need a little more than a warm one).
async fn attempt(
    readers: &Readers,
    spec: CollectorSpec<Query>,
) -> (CollectorSpec<Query>, Duration, Result<systems::Observation, Fault>) {
    let limit = spec.timeout.max(Duration::from_secs(5));
    let started = Instant::now();
    let answer = match caught(timeout(limit, readers.ask(&spec.query))).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(timed_out(&spec.what(), limit)),
        Err(broke_down) => Err(Fault::new(FaultKind::Unsupported, format!("{}: {broke_down}", spec.what()))),
    };
    (spec, started.elapsed(), answer)
}

fn describe(trials: &[Trial], unseen: &[Fault], unusable: &[Fault]) -> Lines {
    let mut out = Lines::default();
    out.gap();
    let width = trials.iter().map(|t| t.spec.id.len()).max().unwrap_or(0);
    for t in trials {
        let side = t.spec.side.map_or("", Side::word);
        let id = &t.spec.id;
        match &t.outcome {
            Ok(()) => out.put(format_args!("ok   {id:<width$} {side:<6} {:>5} ms", t.took.as_millis())),
            Err(fault) => {
                out.put(format_args!("FAIL {id:<width$} {side:<6} {fault}"));
                let (calls, endpoint) = (t.spec.calls.join(", "), &t.spec.endpoint);
                out.put(format_args!("          needs {calls} at {endpoint}; {}", advice(fault.kind)));
            }
        }
    }
    for fault in unseen {
        let mark = if is_no(fault.kind) { "FAIL" } else { "note" };
        out.put(format_args!("{mark} {fault}"));
    }
    for fault in unusable {
        out.put(format_args!("FAIL {fault}; no step can use it in this state"));
    }
    let failed = trials.iter().filter(|t| t.outcome.is_err()).count();
    let refused = unseen.iter().filter(|fault| is_no(fault.kind)).count();
    let besides = |n: usize, what: &str| if n > 0 { format!("; {n} {what}") } else { String::new() };
    let denied = besides(refused, "more permissions refused");
    let useless = besides(unusable.len(), "more that no step can use");
    out.gap();
    out.put(format_args!(
        "{} tried, {} work, {failed} do not{denied}{useless}",
        counted(trials.len(), "collector"),
        trials.len() - failed
    ));
    out
}

/// Whether the server refuses for good: a retry does not help.
const fn is_no(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Refused | FaultKind::Unauthenticated)
}

/// Advice for the operator.
const fn advice(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Unreachable => "check the address, the server, and the network path from this machine",
        FaultKind::TimedOut => "the address does not answer: a firewall, or a server that hangs",
        FaultKind::Refused => "grant these to the plan's identity for it",
        FaultKind::Unauthenticated => "no permission is missing: check keys, sign-in and clock",
        FaultKind::Throttled => "try again later, or raise the interval in the plan",
        FaultKind::Empty => "nothing on the server matches the plan: check names, tags and filters",
        FaultKind::Malformed => "the answer cannot be read: check that this is the right kind of server",
        FaultKind::NotFound => "the plan names something that does not exist on the server",
        FaultKind::Unsupported => "this build or this server cannot do it",
        FaultKind::NoTraffic => "nothing to do: there is a value as soon as there is traffic",
        FaultKind::Silent => "no answer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last line is the one that people read: it must agree with the exit code.
    #[test]
    fn what_is_denied_counts_in_the_last_line() {
        let last = |unseen: &[Fault]| describe(&[], unseen, &[]).text().lines().last().unwrap_or_default().to_owned();
        let denied = Fault::new(FaultKind::Refused, "Group authorization failed");
        let missing = Fault::new(FaultKind::NotFound, "no topic orders");
        assert_eq!(last(&[]), "0 collectors tried, 0 work, 0 do not");
        assert_eq!(
            last(&[denied.clone(), missing.clone(), denied]),
            "0 collectors tried, 0 work, 0 do not; 2 more permissions refused"
        );
        assert_eq!(last(std::slice::from_ref(&missing)), "0 collectors tried, 0 work, 0 do not");
        let unusable = describe(&[], &[], &[missing]).text().lines().last().map(str::to_owned);
        assert_eq!(unusable.as_deref(), Some("0 collectors tried, 0 work, 0 do not; 1 more that no step can use"));
    }
}
