//! A script, paced for people who watch: a key at a time, captions, time that runs fast where only waiting is left.

use std::time::Duration;

use ratatui::crossterm::event::KeyEvent;

use super::{
    key::Key,
    ui::{Caption, Ui},
};

/// How often the script has its turn: the pace of its keys.
pub const BEAT: Duration = Duration::from_millis(40);
/// So many of the keys that were pressed last are shown.
const KEYS: usize = 8;
/// A picture that was on its way when an order was given does not know of it; the one after it does.
const PICTURES: u32 = 2;

/// What a script does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Presses this.
    Press(Key),
    /// Looks on: there is nothing to do, and it may take long.
    Wait,
    /// Looks on for a moment: a count-down.
    Moment,
    /// Has what was wanted.
    Over,
    /// Cannot have it.
    Fail(String),
}

/// What presses the keys in place of a person.
pub trait Script: std::fmt::Debug + Send {
    /// What to press next. `now`: the time of the picture; `real`: the real clock, for whoever reads captions.
    fn next(&mut self, ui: &Ui, now: Duration, real: Duration) -> Next;

    /// What is said now.
    fn caption(&self) -> Option<&str>;

    /// How many times as fast as the real clock time may go now.
    fn speed(&self) -> f64;

    /// How many of its parts are over, of how many.
    fn progress(&self) -> (usize, usize);
}

/// A script at play.
#[derive(Debug)]
pub struct Player {
    script: Box<dyn Script>,
    keys: Vec<String>,
    /// How many pictures had come when the last order was given.
    heard: u64,
    given: u64,
    speed: f64,
}

/// What its turn came to.
#[derive(Debug, Default)]
pub struct Turn {
    /// It presses this.
    pub key: Option<KeyEvent>,
    /// Time is to go this fast from now on.
    pub speed: Option<f64>,
    /// It has come to its end.
    pub over: bool,
    /// What there is to say about that.
    pub said: Option<String>,
}

impl Player {
    /// From its beginning.
    pub const fn new(script: Box<dyn Script>) -> Self {
        Self { script, keys: Vec::new(), heard: 0, given: 0, speed: 0.0 }
    }

    /// Its turn.
    pub fn turn(&mut self, ui: &mut Ui, real: Duration) -> Turn {
        if ui.view_models() < self.heard + u64::from(PICTURES) {
            return Turn::default();
        }
        // Nobody is at the console, or it cannot steer: what is pressed would come to nothing.
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
            Next::Over => (turn.over, turn.said) = (true, Some("the script has ended: you have control".to_owned())),
            Next::Fail(why) => {
                (turn.over, turn.said) = (true, Some(format!("the script has stopped, you have control: {why}")))
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

    /// So many orders and commands were given by now: what came of a new one is seen in a later picture.
    pub fn gave(&mut self, given: u64, ui: &Ui) {
        if std::mem::replace(&mut self.given, given) != given {
            self.heard = ui.view_models();
        }
    }
}
