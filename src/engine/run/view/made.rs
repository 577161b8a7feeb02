//! How the run's view is made of the run.

use std::time::Duration;

use super::{ForkLine, GateLine, OpLine, PreviewView, ProposalView, RunView, StepView, Turn};
use crate::systems::Systems;
use crate::{
    gate::{self, Reason, is_pending},
    run::{Obstacle, Preview, Run, Watch, advance::has_started},
};
use base::{
    now::Now,
    operation::Operation,
    step::{Kind, Machine, OpState, StepState, Timer, Way},
    watched::Unknown,
};
use plan::Means;

impl Turn {
    /// Of the gates `of` a step, as it stands: as [`Run::tick`] has it.
    fn at(of: &str, state: &Machine) -> Self {
        let forward = state.way() == Way::Forward;
        let (now, later) = match of {
            "gate" => (forward && !has_started(state.state()), false),
            "verify" => (
                forward && matches!(state.state(), StepState::Verifying | StepState::Baking),
                forward && state.state() < StepState::Verifying,
            ),
            _ if forward => (state.attempt() > 0, true),
            _ => (!has_started(state.state()), false),
        };
        if now {
            Self::Now
        } else if later {
            Self::Later
        } else {
            Self::Past
        }
    }
}

impl OpLine {
    fn of<O, M>(op: &Operation<O, M>, state: OpState, notice: String) -> Self {
        Self {
            what: op.what.clone(),
            state,
            wait: op.kind == Kind::Wait,
            cleanup: op.cleanup,
            detail: notice,
            command: op.command.clone(),
        }
    }
}

impl<S: Systems> Run<S> {
    /// How it stands.
    #[must_use]
    pub fn view(&self, estate: &S, now: Now) -> RunView {
        let watched = |list: &[Watch]| {
            let line = |watch: &Watch| {
                let verdict = watch.judge.verdict(now);
                (watch.title.clone(), verdict.level, verdict.because())
            };
            list.iter().map(line).collect()
        };
        let common = self.common_obstacles(now);
        let news = |at: &Now| now.since(*at) < Duration::from_secs(20);
        let mut view = RunView {
            steps: (0..self.steps.len()).map(|at| self.step_view(at, &common, now)).collect(),
            unknown: Vec::new(),
            invariants: watched(&self.invariants),
            pending: self.pending(now),
            aborts: watched(&self.aborts),
            held: self.held.clone(),
            releasable: self.held.is_some() || self.steps.iter().any(|step| step.state.is_held()),
            halted: self.halted.clone(),
            journal_waits: self.writing.filter(|waits| *waits >= super::super::SLOW),
            operator: self.writer.clone(),
            head: self.head.map(|head| (head.seq, head.hash.short())),
            journal: self.records.iter().cloned().collect(),
            notice: self.notice.as_ref().filter(|(at, _)| news(at)).map(|(_, text)| text.clone()),
            way_back: self.way_back(estate, now),
            proposal: self.proposed(now).map(|it| ProposalView {
                step: it.proposal.step().to_owned(),
                what: it.proposal.describe(),
                consequence: it.proposal.consequence(),
                digest: it.digest,
                by: it.by.clone(),
                people: it.people.clone(),
                needs: it.needs,
            }),
        };
        view.way_back.fault = view.last_reversible().and_then(|at| self.rollback_fault(at, estate, now));
        view.unknown = self.blind(view.next(), now);
        view
    }

    /// One gate of a step over time, and why it has its colour.
    pub(crate) fn gate(&self, step: &str, gate: &str, now: Now) -> Option<(&gate::Watch, Vec<Reason>)> {
        let at = (0..self.steps.len()).find(|at| self.plan_of(*at).id == step)?;
        let step = &self.steps[at];
        let judge =
            [&step.gates, &step.verify, &step.rollback].into_iter().find(|judge| judge.watch(gate).is_some())?;
        let reasons = judge.verdict(now).reasons.into_iter().filter(|reason| reason.gate == gate).collect();
        Some((judge.watch(gate)?, reasons))
    }

    /// Places of the invariants that are true, and not yet for long enough.
    fn pending(&self, now: Now) -> Vec<usize> {
        let waits = |watch: &Watch| {
            let verdict = watch.judge.verdict(now);
            is_pending(verdict.level, &verdict.reasons)
        };
        (0..self.invariants.len()).filter(|at| waits(&self.invariants[*at])).collect()
    }

    /// Gates that are judged now, arms that nothing hangs on among them, and whose signal has no fresh value.
    fn blind(&self, next: Option<&StepView>, now: Now) -> Vec<Unknown> {
        let line = |what: String, reason: Reason| {
            let state = reason.blind.filter(|_| !reason.waived)?;
            Some(Unknown { what, page: "runbook", state, why: reason.what })
        };
        let watched = self.invariants.iter().chain(&self.aborts).flat_map(|watch| {
            let reasons = watch.judge.verdict(now).reasons;
            reasons.into_iter().map(|reason| (format!("unknown: {}", watch.title), reason))
        });
        let gates = next.into_iter().flat_map(|step| {
            let judged = step.gates.iter().filter(|gate| gate.turn == Turn::Now).map(|gate| gate.reason.clone());
            judged.map(|reason| (step.id.clone(), reason))
        });
        watched.chain(gates).filter_map(|(what, reason)| line(what, reason)).collect()
    }

    fn step_view(&self, at: usize, common: &(Vec<Obstacle>, Vec<Obstacle>), now: Now) -> StepView {
        let plan = self.plan_of(at);
        let step = &self.steps[at];
        let state = &step.state;
        let gates = [("gate", &step.gates), ("verify", &step.verify), ("back", &step.rollback)];
        let mut forks = Vec::new();
        let mut lines = Vec::new();
        for (of, judge) in gates {
            let turn = Turn::at(of, state);
            // What has had its turn keeps what it passed with: nobody looks at it any more.
            let kept = (turn == Turn::Past).then(|| judge.last_verdict()).flatten();
            let verdict = kept.unwrap_or_else(|| judge.verdict(now));
            forks.extend(verdict.forks.into_iter().map(|fork| ForkLine { of, turn, fork }));
            lines.extend(verdict.reasons.into_iter().map(|reason| GateLine { of, turn, reason }));
        }
        let changes = state.recipe().ops.iter().filter(|op| op.state != OpState::Spared);
        StepView {
            id: plan.id.clone(),
            title: plan.title.clone(),
            phase: self.plan.runbook.phases[step.at.0].title.clone(),
            word: state.word(),
            state: state.state(),
            way: state.way(),
            level: match (state.way(), state.state()) {
                (Way::Back, _) => step.rollback.level(now),
                (Way::Forward, StepState::Verifying | StepState::Baking) => step.verify.level(now),
                (Way::Forward, _) => step.gates.level(now),
            },
            lacks: self.missing(at).into_iter().map(str::to_owned).collect(),
            obstacles: if state.state() <= StepState::Armed {
                let impossible =
                    self.impossible.iter().filter(|(of, _)| *of == at && state.state() == StepState::Ready);
                let mut all = self.obstacles(at, common, now);
                all.extend(impossible.map(|(_, why)| why.clone()));
                all
            } else {
                self.keeps(at, now)
            },
            gates: lines,
            forks,
            ops: self.op_lines(at),
            progress: (state.recipe().count(OpState::holds), changes.count()),
            preview: step.preview.as_ref().map(|preview| self.preview_view(at, preview)),
            disarmed: step.disarmed.clone(),
            attempt: state.attempt(),
            found: step.attempt.as_ref().map(|it| it.found.clone()).filter(|found| !found.is_empty()),
            since: step.at_work.as_ref().map(|(_, seen, before)| now.since(*seen).saturating_add(*before)),
            waits: self.waits(at, now),
            irreversible: plan.irreversible,
            exposed: step.exposed.map(|(seen, before)| now.since(seen).saturating_add(before)),
            emergency: plan.action.spec().emergency,
            failed: step.failed,
            stopped: self.is_stopped(at),
            replaced_by: self.replaced_by(at).map(|by| self.plan_of(by).id.clone()),
            replaces: self.replaces(at).into_iter().map(|of| self.plan_of(of).id.clone()).collect(),
            held: state.is_held() && state.state() == StepState::Running,
            resumed: state.is_held() && !step.still && self.held.is_none(),
            aborted: state.state() >= StepState::Running && state.is_abandoned(),
            manual: plan.action.by_hand(),
            shown: plan.action.spec().means == Means::Shown,
            adopted: state.is_adopted(),
            has_back: !step.back.is_empty(),
            unknown: state.unsettled(),
            waivers: step
                .waivers
                .iter()
                .map(|w| format!("{} by {} until {:.0}: {}", w.gate, w.by.join(" and "), w.until, w.reason))
                .collect(),
        }
    }

    fn op_lines(&self, at: usize) -> Vec<OpLine> {
        let step = &self.steps[at];
        let Some(attempt) = &step.attempt else { return Vec::new() };
        let state = |place: usize| step.state.recipe().ops.get(place).map_or(OpState::Waiting, |op| op.state);
        let notice = |place: usize| attempt.ops.get(place).map_or_else(String::new, |op| op.detail.clone());
        let ops = attempt.draft.ops.iter().enumerate();
        ops.map(|(place, op)| OpLine::of(op, state(place), notice(place))).collect()
    }

    fn preview_view(&self, at: usize, preview: &crate::run::Previewed<S>) -> PreviewView {
        let plan = self.plan_of(at);
        let step = &self.steps[at];
        let mut view = PreviewView {
            way: step.state.way(),
            digest: None,
            diff: Vec::new(),
            ops: Vec::new(),
            inverse: Vec::new(),
            notes: Vec::new(),
            broken: Vec::new(),
            faults: Vec::new(),
            approvals: (step.state.approvals(), plan.approvals, step.approved.keys().cloned().collect()),
            confirm: plan.confirm,
            target: plan.id.clone(),
        };
        match preview {
            Err(faults) => {
                view.faults = faults.iter().map(ToString::to_string).collect();
                if step.state.way() == Way::Back {
                    let (of, commands) = step.way_back_known();
                    view.inverse = commands;
                    view.notes.push(format!(
                        "these rollback commands are {of}: before each, check that it still fits the current state"
                    ));
                }
            }
            Ok(Preview { digest, draft, .. }) => {
                view.digest = Some(*digest);
                view.diff.clone_from(&draft.diff);
                view.notes.clone_from(&draft.notes);
                view.broken.clone_from(&draft.broken);
                view.inverse = draft.inverse.iter().map(|op| op.command.clone()).collect();
                view.ops = draft.ops.iter().map(|op| OpLine::of(op, OpState::Waiting, String::new())).collect();
            }
        }
        view
    }

    /// The longest of the timers that count.
    fn waits(&self, at: usize, now: Now) -> Option<Duration> {
        let state = &self.steps[at].state;
        let (phase, epoch) = (state.state(), state.epoch());
        let counts = |timer: Timer| match (phase, timer) {
            (StepState::Settling, Timer::Settled(e))
            | (StepState::Baking, Timer::Baked(e))
            | (StepState::Armed, Timer::Armed(e)) => e == epoch,
            (StepState::Running, Timer::Quarantine(..)) => true,
            _ => false,
        };
        let own = self.due.iter().filter(|(_, step, timer)| *step == at && counts(*timer));
        own.map(|(due, ..)| due.saturating_sub(now.boot)).max()
    }
}
