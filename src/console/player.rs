//! Plays a script at a pace for viewers: one key at a time, captions, and faster time while it only waits.

use std::time::Duration;

use ratatui::crossterm::event::KeyEvent;

use super::{
    key::Key,
    ui::{Caption, Ui},
};

/// Interval between the script's turns, which is the pace of its keys.
pub const BEAT: Duration = Duration::from_millis(40);
/// Number of recent keys that are shown.
const KEYS: usize = 8;
/// The first view model after an order may have been computed before it; the second includes it.
const VIEW_MODELS: u32 = 2;

/// The script's next action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Presses this key.
    Press(Key),
    /// Waits: there is nothing to do, possibly for long.
    Wait,
    /// Waits for a short time: a count-down.
    Moment,
    /// The script is complete.
    Over,
    /// The script cannot continue.
    Fail(String),
}

/// A script that presses keys in place of a person.
pub trait Script: std::fmt::Debug + Send {
    /// The next action. `now`: the time of the view model; `real`: the real clock, for the reading time of captions.
    fn next(&mut self, ui: &Ui, now: Duration, real: Duration) -> Next;

    /// The current caption.
    fn caption(&self) -> Option<&str>;

    /// The highest speed of time now, relative to the real clock.
    fn speed(&self) -> f64;

    /// Number of parts that are complete, and of all.
    fn progress(&self) -> (usize, usize);
}

/// A script that is playing.
#[derive(Debug)]
pub struct Player {
    script: Box<dyn Script>,
    keys: Vec<String>,
    /// Number of view models that had arrived when the last order was given.
    since: u64,
    given: u64,
    speed: f64,
}

/// The result of a turn.
#[derive(Debug, Default)]
pub struct Turn {
    /// The key to press.
    pub key: Option<KeyEvent>,
    /// The new speed of time.
    pub speed: Option<f64>,
    /// The script has ended.
    pub over: bool,
    /// A message about that: at its end, or why it cannot continue.
    pub notice: Option<Result<String, String>>,
}

impl Player {
    /// Starts at the beginning of the script.
    pub const fn new(script: Box<dyn Script>) -> Self {
        Self { script, keys: Vec::new(), since: 0, given: 0, speed: 0.0 }
    }

    /// Runs one turn.
    pub fn turn(&mut self, ui: &mut Ui, real: Duration) -> Turn {
        if ui.view_models() < self.since + u64::from(VIEW_MODELS) {
            return Turn::default();
        }
        // The console has no operator or no control: keys would have no effect.
        if ui.latest().run.as_ref().is_some_and(|run| run.operator.is_none()) {
            return Turn::default();
        }
        let now = ui.latest().now.boot;
        let next = self.script.next(ui, now, real);
        let mut turn = Turn::default();
        match next {
            Next::Wait | Next::Moment => {}
            Next::Press(press) => {
                self.keys.push(press.to_string());
                let from = self.keys.len().saturating_sub(KEYS);
                self.keys.drain(..from);
                turn.key = Some(press.event());
            }
            Next::Over => {
                (turn.over, turn.notice) = (true, Some(Ok("the script has ended: you have control".to_owned())));
            }
            Next::Fail(why) => {
                (turn.over, turn.notice) =
                    (true, Some(Err(format!("the script has stopped, you have control: {why}"))));
            }
        }
        let speed = if turn.over { 1.0 } else { self.script.speed() };
        if (speed - self.speed).abs() > f64::EPSILON {
            self.speed = speed;
            turn.speed = Some(speed);
        }
        ui.caption = self.script.caption().filter(|_| !turn.over).map(|text| Caption {
            text: text.to_owned(),
            keys: self.keys.clone(),
            progress: self.script.progress(),
        });
        turn
    }

    /// Reports how many orders and commands were given so far: the effect of a new one appears in a later view model.
    pub fn gave(&mut self, given: u64, ui: &Ui) {
        if std::mem::replace(&mut self.given, given) != given {
            self.since = ui.view_models();
        }
    }
}
