//! The runbook of the demo, executed by orders on the demo's estate: all of it forward, and a rollback from every
//! phase.

use std::{
    path::Path,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use landfall::{
    base::{side::Side, step::StepState},
    engine::run::{Hand, Order},
    plan::{Action, Condition, MemberRule, Pattern, Plan},
};

use crate::stage::Stage;

/// The demo's plan.
pub fn demo() -> Plan {
    static PARSED: LazyLock<Plan> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/plan.toml");
        landfall::systems::load_plan(&path).unwrap_or_else(|faulty| panic!("{faulty}")).0
    });
    PARSED.clone()
}

/// The same runbook on the same fleets, sets and names, faster: fewer Kafka groups, which only one step uses, host
/// names in place of tag rules, and shorter waits.
pub fn quick(mut plan: Plan) -> Arc<Plan> {
    plan.intervals.ec2 = Duration::from_secs(30);
    for set in &mut plan.replica_sets {
        for side in Side::BOTH {
            let MemberRule::Hosts(rule) = set.sites.get_mut(side) else { continue };
            let own = set.seeds.iter().chain(&set.candidates).filter(|host| rule.iter().any(|p| p.matches(host)));
            *rule = own.map(|host| Pattern::parse(host).expect("a name")).collect();
        }
    }
    for pair in &mut plan.kafka {
        pair.groups = pair.groups[..2].to_vec().into();
        pair.topics = pair.topics[..3].to_vec().into();
    }
    for step in plan.runbook.phases.iter_mut().flat_map(|p| &mut p.steps) {
        step.bake = step.bake.min(Duration::from_secs(10));
        shorten(&mut step.gates);
        shorten(&mut step.verify);
    }
    Arc::new(plan)
}

/// No condition must hold for longer than two readings take.
fn shorten(condition: &mut Condition) {
    match condition {
        Condition::Gate(gate) => gate.sustain = gate.sustain.min(Duration::from_secs(30)),
        Condition::All(list) | Condition::Any(list) | Condition::NOf(_, list) => list.iter_mut().for_each(shorten),
    }
}

/// Lets time pass until a step reaches a state, at most this many minutes.
fn until(stage: &mut Stage, id: &str, minutes: u32, goal: StepState) -> Result<(), String> {
    for _ in 0..minutes * 30 {
        match stage.drive.phase(id) {
            Some(phase) if phase == goal => return Ok(()),
            Some(StepState::Failed | StepState::NotApplied) => break,
            _ => stage.drive.run_for(Duration::from_secs(2)),
        }
    }
    let step = stage.step(id);
    let gates: Vec<_> = step.gates.iter().map(|g| format!("{} {:?} {}", g.of, g.reason.level, g.reason.what)).collect();
    let ops: Vec<_> = step.ops.iter().map(|op| format!("{} {:?} {}", op.what, op.state, op.detail)).collect();
    Err(format!("{id} is {}, not {goal:?}: {ops:#?}\n{:#?}\n{gates:#?}", step.word, step.obstacles))
}

/// Waits until the step can start, previews, gets approvals, arms and executes; the estate may change meanwhile.
fn execute(stage: &mut Stage, id: &str) -> Result<(), String> {
    let mut refused = String::new();
    for _ in 0..60 {
        if !matches!(stage.drive.phase(id), Some(StepState::Previewed | StepState::Armed)) {
            until(stage, id, 45, StepState::Ready).map_err(|why| format!("{why}; {refused}"))?;
        }
        stage.drive.order(Order::Preview(id.into()));
        if let Some(preview) = stage.step(id).preview
            && let Some(digest) = preview.digest
        {
            for by in ["operator-1", "operator-2"].into_iter().take(preview.approvals.1.into()) {
                stage.drive.order(Order::Approve { step: id.into(), digest, by: by.into(), hand: Hand::Terminal });
            }
        }
        refused = stage.execute(id).unwrap_or_default();
        let before = [StepState::Pending, StepState::Blocked, StepState::Ready, StepState::Previewed, StepState::Armed];
        if stage.drive.phase(id).is_some_and(|phase| !before.contains(&phase)) {
            return Ok(());
        }
        stage.drive.run_for(Duration::from_secs(2));
    }
    Err(format!("{id}: {refused}"))
}

/// One step, to its end.
pub fn carry_out(stage: &mut Stage, id: &str) -> Result<(), String> {
    if stage.step(id).manual.is_some() {
        until(stage, id, 45, StepState::Ready)?;
        stage.drive.order(Order::MarkDone { step: id.into(), looked_at: "the channel".into() });
        // Approvals, if the plan requires them.
        for by in ["operator-1", "operator-2"] {
            stage.agree(by, None);
        }
        return until(stage, id, 1, StepState::Attested);
    }
    execute(stage, id)?;
    until(stage, id, 60, StepState::Done)
}

/// Rolls a step back.
fn take_back(stage: &mut Stage, id: &str) -> Result<(), String> {
    stage.drive.order(Order::RollBack(id.into()));
    execute(stage, id)?;
    until(stage, id, 60, StepState::RolledBack)
}

/// A running group's offsets are refused. Its consumers are stopped, and the rollback is repeated.
fn take_offsets_back(stage: &mut Stage, id: &str) -> Result<(), String> {
    stage.drive.order(Order::RollBack(id.into()));
    execute(stage, id)?;
    stage.until(id, 300, |s| s.state == StepState::Failed);
    stage.drive.run_for(Duration::from_secs(60));
    take_back(stage, id)
}

#[test]
fn the_canary_does_not_hang_on_luck() {
    const SEEDS: u64 = 20;
    let mut plan = demo();
    plan.replica_sets.truncate(1);
    plan.kafka.clear();
    plan.fleet.truncate(1);
    plan.intervals.ec2 = Duration::from_secs(30);
    // The name that is moved, and one that is not an alias and has a TTL.
    plan.dns.retain(|name| ["login.example.net.", "api.example.net."].contains(&name.name.as_str()));
    plan.runbook.phases.truncate(2);
    let plan = Arc::new(plan);
    let play = |seed: u64| {
        let mut stage = Stage::on(plan.clone(), seed);
        let mut steps = ["freeze-changes", "freeze-ttl", "login-1", "login-10"].into_iter();
        steps.try_for_each(|id| carry_out(&mut stage, id)).map_err(|why| format!("seed {seed}: {why}"))
    };
    let next = AtomicU64::new(0);
    let bad: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let seeds = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::SeqCst)).filter(|seed| *seed < SEEDS));
            seeds.filter_map(|seed| play(seed).err()).collect::<Vec<_>>()
        };
        let started: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        started.into_iter().flat_map(|s| s.join().expect("it plays to its end")).collect()
    });
    assert!(bad.is_empty(), "{} of {SEEDS} fail, first {}", bad.len(), bad[0]);
}

#[test]
fn the_whole_runbook_goes_forward_and_a_way_back_leads_from_every_phase() {
    let plan = quick(demo());
    let mut stage = Stage::on(plan.clone(), 7);
    let start = stage.drive.now();
    let mut taken_back = Vec::new();
    for phase in &plan.runbook.phases {
        let way_back = |s: &&landfall::plan::StepPlan| !matches!(s.action, Action::Manual { .. }) && !s.irreversible;
        let last = phase.steps.iter().rev().find(way_back);
        for step in &phase.steps {
            let id = step.id.as_str();
            carry_out(&mut stage, id).unwrap_or_else(|why| panic!("{why}"));
            if last.is_none_or(|last| last.id != id) {
                continue;
            }
            let offsets = matches!(step.action, Action::CommitOffsets { .. });
            let back = if offsets { take_offsets_back } else { take_back };
            back(&mut stage, id).unwrap_or_else(|why| panic!("back: {why}"));
            // A preview uses the last readings: everything is read again before the decision.
            stage.drive.run_for(Duration::from_secs(60));
            stage.drive.order(Order::Again(step.id.clone()));
            carry_out(&mut stage, id).unwrap_or_else(|why| panic!("again: {why}"));
            taken_back.push(id);
        }
    }
    let run = stage.run();
    assert!(run.steps.iter().all(|s| matches!(s.state, StepState::Done | StepState::Attested)));
    let log = stage.drive.server_log();
    assert!(taken_back.len() >= 5, "rolled back: {taken_back:?}");
    println!(
        "{} steps, {} of them taken back and done again ({}), {} requests carried out, in {} virtual minutes",
        run.steps.len(),
        taken_back.len(),
        taken_back.join(", "),
        log.len(),
        stage.drive.now().since(start).as_secs() / 60
    );
}
