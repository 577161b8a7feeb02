//! Plays the script of a scenario on the console: captions, waits, keys, expectations. Pure: it reads the screen and
//! returns the key to press.

mod operator;

use std::{sync::Arc, time::Duration};

use operator::Operator;

use super::{
    Cue, Scenario,
    condition::{self, Eye},
};
use base::signal::{Sample, SignalDef};
use console::{
    player::{self, Next},
    text::screen,
    ui::Ui,
};
use engine::{run::RunView, snapshot::Snapshot};

/// In virtual time, a step that has not changed is examined again after this.
const PATIENCE: Duration = Duration::from_secs(60);

/// The environment of a script: its observations, and the console.
pub trait Desk: Eye {
    /// The console, showing the current state.
    fn ui(&mut self) -> &Ui;
}

/// A script and its progress.
#[derive(Debug, Clone)]
pub struct Script {
    cues: Arc<[Cue]>,
    /// Speed of waiting, unless a cue sets it.
    usual: f64,
    /// How many times as fast as written all of it is played.
    factor: f64,
    at: usize,
    stage: Stage,
    /// When this stage began, in virtual time.
    since: Option<Duration>,
    /// When this cue began, on the real clock.
    shown: Option<Duration>,
    /// What it is doing, which determines the speed of time.
    pace: Pace,
}

/// The speed of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// That of the real clock: keys are pressed.
    Real,
    /// During a count-down.
    Brisk,
    /// During a long wait.
    Fast,
}

/// Speed during a count-down.
const BRISK: f64 = 10.0;

#[derive(Debug, Clone)]
enum Stage {
    When,
    Wishes(usize, Option<Operator>, Option<(String, Duration)>),
    Keys(usize),
    Expect,
    Stay,
}

impl Script {
    /// Starts at the beginning.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            cues: scenario.cues.clone().into(),
            usual: scenario.speed,
            factor: 1.0,
            at: 0,
            stage: Stage::When,
            since: None,
            shown: None,
            pace: Pace::Real,
        }
    }

    /// The same, played so many times as fast: waits, and the time to read a caption.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { factor, ..self }
    }

    /// The current caption.
    #[must_use]
    pub fn caption(&self) -> Option<&str> {
        self.cues.iter().take(self.at + 1).rev().find_map(|cue| cue.say.as_deref())
    }

    /// The current speed of time.
    #[must_use]
    pub fn speed(&self) -> f64 {
        let own = self.cues.get(self.at).and_then(|cue| cue.speed);
        let written = match self.pace {
            Pace::Real => 1.0,
            Pace::Brisk => BRISK,
            Pace::Fast => own.unwrap_or(self.usual),
        };
        written * self.factor
    }

    /// Number of cues that are complete, and of all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.at.min(self.cues.len()), self.cues.len())
    }

    /// The next action. `now`: virtual time; `real`: the real clock, for the reading time of captions.
    pub fn next(&mut self, desk: &mut dyn Desk, now: Duration, real: Duration) -> Next {
        self.pace = Pace::Real;
        loop {
            let cues = self.cues.clone();
            let Some(cue) = cues.get(self.at) else { return Next::Over };
            let since = *self.since.get_or_insert(now);
            let shown = *self.shown.get_or_insert(real);
            let late = now.saturating_sub(since) > cue.within;
            match &mut self.stage {
                Stage::When => match condition::all(&cue.when, desk) {
                    Ok(()) => self.go(Stage::Wishes(0, None, None)),
                    Err(why) if late => return fail(cue, format_args!("waited {:?}: {why}", cue.within)),
                    Err(_) => {
                        self.pace = Pace::Fast;
                        return Next::Wait;
                    }
                },
                Stage::Wishes(..) => {
                    if let Some(next) = self.wish(cue, desk, now, late) {
                        return next;
                    }
                }
                Stage::Keys(n) => match cue.keys.get(*n) {
                    Some(key) => {
                        *n += 1;
                        return Next::Press(*key);
                    }
                    None => self.go(Stage::Expect),
                },
                Stage::Expect => match condition::all(&cue.expect, desk) {
                    Ok(()) if now.saturating_sub(since) >= cue.holds_for => self.go(Stage::Stay),
                    Ok(()) => {
                        self.pace = Pace::Fast;
                        return Next::Wait;
                    }
                    Err(why) => return fail(cue, format_args!("expectation failed: {why}")),
                },
                Stage::Stay if real.saturating_sub(shown).mul_f64(self.factor) < cue.stay => return Next::Wait,
                Stage::Stay => {
                    (self.at, self.shown) = (self.at + 1, None);
                    self.go(Stage::When);
                }
            }
        }
    }

    /// The next action for the current wish of a cue; none if the stage has changed.
    fn wish(&mut self, cue: &Cue, desk: &mut dyn Desk, now: Duration, late: bool) -> Option<Next> {
        let Stage::Wishes(n, operator, before) = &mut self.stage else { return None };
        let n = *n;
        let Some(wish) = cue.wishes.get(n) else {
            self.go(Stage::Keys(0));
            return None;
        };
        let word = desk.word(&wish.step).unwrap_or_default();
        // A step that has not changed is not examined again: snapshots are expensive.
        let known = before.as_ref().is_some_and(|(was, at)| *was == word && now.saturating_sub(*at) < PATIENCE);
        if known && !late {
            self.pace = Pace::Fast;
            return Some(Next::Wait);
        }
        *before = None;
        match operator.get_or_insert_with(|| Operator::new(wish.clone())).next(desk.ui()) {
            Next::Over => {
                self.go(Stage::Wishes(n + 1, None, None));
                None
            }
            Next::Fail(why) => Some(fail(cue, &why)),
            _ if late => {
                let why = stuck(desk.ui(), &wish.step);
                Some(fail(cue, format_args!("{}: not after {:?}: {why}", wish.step, cue.within)))
            }
            Next::Wait => {
                *before = Some((word, now));
                self.pace = Pace::Fast;
                Some(Next::Wait)
            }
            Next::Moment => {
                self.pace = Pace::Brisk;
                Some(Next::Wait)
            }
            press => Some(press),
        }
    }

    fn go(&mut self, stage: Stage) {
        (self.stage, self.since) = (stage, None);
    }
}

fn fail(cue: &Cue, why: impl std::fmt::Display) -> Next {
    Next::Fail(format!("line {}: {why}", cue.line))
}

/// Why a step makes no progress, as shown on screen.
fn stuck(ui: &Ui, step: &str) -> String {
    let run = ui.latest().run.as_ref();
    let Some(found) = run.and_then(|run| run.steps.iter().find(|s| s.id == step)) else { return String::new() };
    let obstacles: Vec<&str> = found.obstacles.iter().map(|it| it.why.as_str()).collect();
    let gates = found.gates.iter().map(|g| g.reason.what.as_str());
    let message =
        found.ops.iter().rev().map(|op| op.detail.as_str()).find(|message| !message.is_empty()).unwrap_or_default();
    let gates: Vec<&str> = gates.filter(|_| obstacles.is_empty()).collect();
    format!("it is {}; {} {} {message}", found.word, obstacles.join("; "), gates.join("; "))
}

/// Observes what the console shows.
pub struct Shown<'u>(pub &'u Ui);

impl Eye for Shown<'_> {
    fn word(&mut self, step: &str) -> Option<String> {
        let run = self.0.latest().run.as_ref()?;
        run.steps.iter().find(|s| s.id == step).map(|s| s.word.to_owned())
    }

    fn samples(&mut self, metric: &'static SignalDef) -> Vec<Sample> {
        self.0.latest().samples.iter().flatten().filter(|s| s.def.id == metric.id).cloned().collect()
    }

    fn run(&mut self) -> Option<Arc<RunView>> {
        self.0.latest().run.clone()
    }

    fn snapshot(&mut self) -> Arc<Snapshot> {
        Arc::new(self.0.latest().clone())
    }

    fn screen(&mut self) -> String {
        screen(self.0)
    }
}

impl Desk for Shown<'_> {
    fn ui(&mut self) -> &Ui {
        self.0
    }
}

impl player::Script for Script {
    fn next(&mut self, ui: &Ui, now: Duration, real: Duration) -> Next {
        Self::next(self, &mut Shown(ui), now, real)
    }

    fn caption(&self) -> Option<&str> {
        Self::caption(self)
    }

    fn speed(&self) -> f64 {
        Self::speed(self)
    }

    fn progress(&self) -> (usize, usize) {
        Self::progress(self)
    }
}
