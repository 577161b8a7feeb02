//! The engine, pure: inputs in, effects out. No I/O, no clock, no async: [`Engine::handle`] takes every input.
//!
//! Both drivers run it: the live one on real servers, the simulation on an imitated estate in virtual time.

pub mod gate;
mod input;
mod page;
pub mod run;
pub mod snapshot;
pub mod systems;
#[cfg(any(test, feature = "toy"))]
pub mod toy;
mod verdict;

use std::{collections::HashMap, sync::Arc, time::Duration};

pub use self::input::{EngineCommand, EngineEffect, EngineInput};
use self::{
    gate::GATES,
    page::Page,
    run::Run,
    snapshot::{DetailKey, Snapshot, Wanted},
    systems::{EntryOf, IntentOf, Systems},
};
use base::{
    collector::{Collector, CollectorIx, CollectorSpec, CollectorState, Health, Question},
    now::Now,
    signal::{Measured, Sample, Samples},
    view::{CollectorLine, Detail},
    watched::Unknown,
};
use plan::Plan;

/// Fastest and slowest that sources may be asked, as multiples of the plan's intervals.
pub const PACE: (f64, f64) = (0.25, 4.0);

/// All that is known, and all that follows from it.
#[derive(Debug)]
pub struct Engine<S: Systems> {
    plan: Arc<Plan>,
    started: Now,
    estate: S,
    run: Run<S>,
    collectors: Vec<Collector<QuestionOf<S>>>,
    by_id: HashMap<String, CollectorIx>,
    pace: f64,
    /// The last view of the run, and whether anything has happened to it since.
    run_view: Option<Arc<run::RunView>>,
    run_changed: bool,
    pages: Vec<Page>,
}

/// What collectors of these systems are about.
pub type QuestionOf<S> = Question<<S as Systems>::Query, <S as Systems>::Probe>;

/// The id of the system that a collector is for.
fn system_of<S: Systems>(question: &QuestionOf<S>) -> &'static str {
    match question {
        Question::Query(query) => S::queried(query),
        Question::Probe(probe) => S::probed(probe),
    }
}

/// Whether what can be changed is decided upon by what a collector brings. Never by a probe's samples.
fn decides<S: Systems>(question: &QuestionOf<S>) -> bool {
    matches!(question, Question::Query(query) if S::decides(query))
}

impl<S: Systems> Engine<S> {
    /// An engine without observations, and the effects that start its collectors.
    #[must_use]
    pub fn new(plan: Arc<Plan>, now: Now) -> (Self, Vec<EngineEffect<S>>) {
        let (estate, specs) = S::new(&plan);
        let pages = estate.pages().iter().map(|(id, _)| Page::new(&estate, id, now)).collect();
        let run = Run::new(&plan);
        let mut engine = Self {
            started: now,
            estate,
            run,
            plan,
            collectors: Vec::new(),
            by_id: HashMap::new(),
            pace: 1.0,
            run_view: None,
            run_changed: true,
            pages,
        };
        let effects = engine.start(specs, now);
        (engine, effects)
    }

    /// Takes one input. The only way anything changes.
    pub fn handle(&mut self, input: EngineInput<S>, now: Now) -> Vec<EngineEffect<S>> {
        match input {
            EngineInput::Observation { collector, observation, took } => {
                let Some(entry) = self.collectors.get_mut(collector.0 as usize) else { return Vec::new() };
                entry.health.answered(now, took);
                let stamp = entry.stamp(now, self.pace);
                let wanted = match &entry.spec.query {
                    Question::Query(ask) => self.estate.apply(ask, observation, stamp),
                    Question::Probe(probe) => {
                        self.estate.on_sample(probe, observation, stamp);
                        Vec::new()
                    }
                };
                let system = system_of::<S>(&entry.spec.query);
                self.touch(system);
                self.start(wanted, now)
            }
            EngineInput::Failed { collector, fault, took } => {
                let Some(entry) = self.collectors.get_mut(collector.0 as usize) else { return Vec::new() };
                entry.health.failed(now, took, &fault);
                match &entry.spec.query {
                    Question::Query(ask) => self.estate.fail(ask, &fault, now),
                    Question::Probe(probe) => self.estate.on_probe_error(probe, &fault),
                }
                let system = system_of::<S>(&entry.spec.query);
                self.touch(system);
                Vec::new()
            }
            EngineInput::Command(EngineCommand::Again) => {
                let all = (0..).map(CollectorIx).take(self.collectors.len()).collect();
                vec![EngineEffect::Poll(all)]
            }
            EngineInput::Command(EngineCommand::Pace(pace)) => {
                self.pace = pace.clamp(PACE.0, PACE.1);
                vec![EngineEffect::Pace(self.pace)]
            }
            EngineInput::Run(input) => {
                self.run_changed = true;
                let read = self.read(now);
                let effects = self.run.handle(input, &self.estate, read, now);
                self.wanted(effects)
            }
            EngineInput::Follow(entry) => {
                self.run_changed = true;
                self.run.follow(*entry, now);
                Vec::new()
            }
            EngineInput::Tick => {
                self.run_changed = true;
                self.estate.at_work(&self.run.at_work_on(), now);
                let outage = self.estate.outages(now).iter().any(|it| matches!(it, snapshot::Outage::NoWriter(_)));
                let wanted = self.run.wants(outage, now);
                let measured = self.measure(Samples::only(wanted), now);
                let read = self.read(now);
                let effects = self.run.tick(&self.estate, &measured, read, now);
                self.wanted(effects)
            }
            EngineInput::Command(EngineCommand::Follow(id)) => {
                let wanted = self.estate.follow(&id);
                for spec in &wanted {
                    self.touch(S::queried(&spec.query));
                }
                self.start(wanted, now)
            }
        }
    }

    /// One gate of a step in full.
    fn gate(&self, step: &str, gate: &str, sources: &[CollectorLine], now: Now) -> Option<Detail> {
        let (watch, reasons) = self.run.gate(step, gate, now)?;
        let samples = self.samples(Samples::only(Arc::new([watch.metric().id].into())), now);
        Some(gate::detail::detail(step, watch, &reasons, &samples, sources, now))
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    fn wanted(&self, effects: Vec<run::RunEffect<S>>) -> Vec<EngineEffect<S>> {
        let one = |effect| match effect {
            run::RunEffect::ReadAgain(system) => EngineEffect::Poll(self.quickest(system).map(|(ix, _)| ix).collect()),
            effect => EngineEffect::Run(effect),
        };
        effects.into_iter().map(one).collect()
    }

    /// The sources of a system by which is decided, and of those the ones that are asked most often: what is asked seldom changes seldom.
    fn quickest(&self, system: &str) -> impl Iterator<Item = (CollectorIx, &Collector<QuestionOf<S>>)> {
        let own =
            move |s: &&Collector<QuestionOf<S>>| system_of::<S>(&s.spec.query) == system && decides::<S>(&s.spec.query);
        let least = self.collectors.iter().filter(own).map(|s| s.spec.interval).min();
        let all = (0..).map(CollectorIx).zip(&self.collectors);
        all.filter(move |(_, s)| own(s) && Some(s.spec.interval) == least)
    }

    /// Up to when each system has been read. What is not live does not count: it cannot be decided upon.
    fn read(&self, now: Now) -> run::ReadUpTo {
        let asked = |s: &Collector<QuestionOf<S>>| Some(s.health.ok_at?.boot.saturating_sub(s.health.took));
        let live = |s: &Collector<QuestionOf<S>>| s.health.state(now, s.fresh(self.pace)) == CollectorState::Fresh;
        let of = |system: &'static str| {
            let read = self.quickest(system).filter(|(_, s)| live(s)).filter_map(|(_, s)| asked(s)).min();
            Some((system, read?))
        };
        self.estate.pages().iter().filter_map(|(id, _)| of(id)).collect()
    }

    /// Gives the run to somebody who may steer it, where the journal with this id left it. From now on what has to be touched is probed.
    pub fn take_control(
        &mut self,
        journal: String,
        entries: Vec<EntryOf<S>>,
        operator: String,
        now: Now,
    ) -> Vec<EngineEffect<S>> {
        self.run_changed = true;
        let effects = self.run.resume(journal, entries, operator, now);
        self.estate.carry(self.run.spent());
        let mut effects = self.wanted(effects);
        for spec in self.estate.probes() {
            effects.extend(self.register(&spec, Question::Probe, now).map(|ix| EngineEffect::Probe(ix, spec)));
        }
        effects
    }

    /// The run is left: what it has cost so far is put on record.
    pub fn leave(&mut self, now: Now) -> Vec<EngineEffect<S>> {
        let measured = self.measure(Samples::only(self.run.kept()), now);
        self.run.last_readings(&measured.samples, now).into_iter().map(EngineEffect::Run).collect()
    }

    /// Whether the request of an intent that is now on record may still be sent.
    #[must_use]
    pub fn may_send(&self, intent: &IntentOf<S>) -> bool {
        self.run.may_send(intent)
    }

    /// How far a step is.
    #[must_use]
    pub fn phase(&self, step: &str) -> Option<base::step::StepState> {
        self.run.phase(step)
    }

    /// The word of a step's state.
    #[must_use]
    pub fn word(&self, step: &str) -> Option<&'static str> {
        self.run.word(step)
    }

    /// The signals that these take, as they stand.
    #[must_use]
    pub fn samples(&self, taken: Samples, now: Now) -> Vec<Sample> {
        self.measure(taken, now).samples
    }

    fn measure(&self, mut taken: Samples, now: Now) -> Measured {
        self.estate.measure(now, &mut taken);
        taken.measured()
    }

    /// How the run stands.
    #[must_use]
    pub fn run_view(&self, now: Now) -> run::RunView {
        self.run.view(&self.estate, now)
    }

    /// When the next timer goes off, on the boot clock.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.run.next_due()
    }

    fn touch(&mut self, system: &str) {
        for page in &mut self.pages {
            page.dirty |= page.system == system;
        }
    }

    fn start(&mut self, specs: Vec<CollectorSpec<S::Query>>, now: Now) -> Vec<EngineEffect<S>> {
        let mut effects = Vec::new();
        for spec in specs {
            effects.extend(self.register(&spec, Question::Query, now).map(|ix| EngineEffect::Start(ix, spec)));
        }
        effects
    }

    /// Registers what is not running yet; of what is, the side may have become known.
    fn register<A: Clone>(
        &mut self,
        spec: &CollectorSpec<A>,
        about: fn(A) -> QuestionOf<S>,
        now: Now,
    ) -> Option<CollectorIx> {
        if let Some(known) = self.by_id.get(&spec.id).and_then(|ix| self.collectors.get_mut(ix.0 as usize)) {
            known.spec.side = spec.side;
            return None;
        }
        let ix = CollectorIx(u32::try_from(self.collectors.len()).unwrap_or(u32::MAX));
        self.by_id.insert(spec.id.clone(), ix);
        self.collectors.push(Collector { spec: spec.clone().map(about), health: Health::new(now) });
        Some(ix)
    }

    /// A snapshot, and the effects of making it. With signals in it, it is of one moment: the gates are judged by the same signals, and no
    /// observation comes between the two.
    pub fn take_snapshot(&mut self, wanted: &Wanted, now: Now) -> (Snapshot, Vec<EngineEffect<S>>) {
        let effects = if wanted.signals { self.handle(EngineInput::Tick, now) } else { Vec::new() };
        // A page that was made earlier may be of another moment.
        self.pages.iter_mut().for_each(|page| page.dirty |= wanted.signals);
        (self.snapshot(wanted, now), effects)
    }

    /// Everything as it stands, for all who look: consoles, `status`, tests. Details and signals are in it as far as they are `wanted`.
    pub fn snapshot(&mut self, wanted: &Wanted, now: Now) -> Snapshot {
        for page in &mut self.pages {
            page.refresh(&self.estate, wanted.pages, now);
        }
        let over = |s: &&Collector<QuestionOf<S>>| matches!(&s.spec.query, Question::Query(ask) if self.estate.is_over(ask, now));
        let collectors: Vec<CollectorLine> = self
            .collectors
            .iter()
            .filter(|s| !over(s))
            .map(|s| snapshot::line(s, system_of::<S>(&s.spec.query), now, self.pace))
            .collect();
        let detail = |key: &DetailKey| {
            let detail = match key.panel.as_str() {
                GATES => self.gate(&key.table, &key.row, &collectors, now)?,
                system => self.estate.detail(system, &key.table, &key.row, now)?,
            };
            Some((key.clone(), Arc::new(detail)))
        };
        let details = wanted.details.iter().filter_map(detail).collect();
        // Between two ticks nothing changes what a gate says but orders and answers.
        if std::mem::take(&mut self.run_changed) && !self.plan.runbook.phases.is_empty() {
            self.run_view = Some(Arc::new(self.run.view(&self.estate, now)));
        }
        let things = self.pages.iter().flat_map(|page| &page.watched.1);
        let mut unknown: Vec<Unknown> =
            things.chain(self.run_view.iter().flat_map(|run| &run.unknown)).cloned().collect();
        unknown.sort_by_key(|thing| thing.state);
        let samples = wanted.signals.then(|| self.samples(Samples::default(), now));
        Snapshot {
            plan: self.plan.clone(),
            now,
            started: self.started,
            pace: self.pace,
            speed: None,
            outages: self.estate.outages(now),
            tiles: self.estate.tiles(now),
            panels: self.pages.iter().filter_map(|page| page.panel.clone()).collect(),
            watched: self.pages.iter().map(|page| page.watched.0).sum(),
            unknown,
            collectors,
            samples,
            details,
            run: self.run_view.clone(),
        }
    }
}
