//! The console: the only user of the terminal. Draws snapshots, never asks a server.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `input` | keys and signals, each on a thread of its own |
//! | `update`, `ui` | pure: where the operator is, and what an event makes of it |
//! | `travel`, `typing`, `table` | the same for moving about, for what is written, for one list |
//! | `picture`, `rows`, `order`, `filter` | what is made of a snapshot before it is drawn |
//! | `gallery` | the thread that makes it |
//! | `mask` | names that are not for everybody, taken out of it before that |
//! | `marks` | what stands in a chart beside its lines: the limits of gates, the turns of the run |
//! | `view`, `widget`, `theme`, `colour`, `sight`, `ascii` | drawing; how colours are seen |
//! | `runbook`, `way_back`, `dialog` | the Runbook and Journal pages; the way back; what opens before something is changed |
//! | `command`, `why_not` | the table of commands, which keys, hints, help and palette are made of; why one is not possible now |
//! | `key`, `keymap`, `palette` | keys and how they are written; which is which command here; commands by name |
//! | `autoplay`, `player`, `cast` | the script of a scenario: pressed as the screen asks, paced for people, recorded |
//! | `terminal` | taken over and given back whole |
//!
//! It runs on a thread of its own and gets pictures through a watch channel: a terminal that stops reading stops the console and
//! nothing else.

pub mod ascii;
pub mod autoplay;
pub mod bell;
mod cast;
pub mod colour;
pub mod command;
pub mod dialog;
mod filter;
pub mod gallery;
mod input;
pub mod key;
pub mod keymap;
mod marks;
pub mod mask;
mod order;
pub mod palette;
pub mod picture;
mod player;
mod rows;
pub mod runbook;
pub mod settings;
pub mod sight;
mod table;
pub mod terminal;
mod theme;
mod travel;
mod typing;
pub mod ui;
pub mod update;
pub mod view;
mod way_back;
pub mod why_not;
pub(crate) mod widget;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

pub use colour::Depth;
use gallery::{Gallery, Looking, Veil, lifted};
use input::Input;
use key::Key;
use keymap::Keymap;
use mask::Mask;
use picture::Picture;
use ratatui::buffer::Buffer;
use settings::Settings;
use terminal::Screen;
pub use theme::{Nearest, Role, Theme, ThemeError, Themes};
use tokio::sync::mpsc;
pub use ui::Mode;
use ui::Ui;
use update::{Act, Event, update};

use crate::{
    core::Command,
    drive::{Link, Orders, clock},
};
pub use autoplay::Script;
use bell::Bell;
use cast::Cast;
use player::Player;

/// How the console is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the operator likes.
    pub settings: Settings,
    /// Which permits it has.
    pub mode: Mode,
    /// The script that presses the keys, if one does.
    pub script: Option<Script>,
    /// What is said first, until a key is pressed.
    pub greeting: Option<String>,
    /// Where a recording of what is shown goes.
    pub record: Option<PathBuf>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By the operator.
    Quit,
    /// By this signal: the process should end with 128 + its number.
    Signal(i32),
}

/// Why it could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The theme cannot be used.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// What is shown cannot be recorded.
    #[error("the recording {}: {source}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The terminal does not do as told.
    #[error("terminal: {0}")]
    Terminal(#[from] io::Error),
    /// The console itself failed; what happened was printed.
    #[error("the console stopped by a defect of its own; the lines above tell which")]
    Panicked,
}

/// Shows what comes through `link`, and gives `orders` where there is a right to, until the operator quits or a signal ends it. Blocks; drawing happens on a thread of its own.
///
/// # Errors
/// If the theme or the terminal cannot be used. The terminal is given back in every case.
pub fn run(link: Link, orders: Option<Orders>, options: Options) -> Result<Ended, Error> {
    terminal::watch_panics();
    let thread = thread::Builder::new()
        .name(terminal::THREAD.into())
        .spawn(move || Console::new(link, orders, options)?.run())?;
    let ended = thread.join().unwrap_or(Err(Error::Panicked));
    terminal::tell_panics();
    ended
}

struct Console {
    link: Link,
    /// The right to steer, where there is one.
    orders: Option<Orders>,
    ui: Ui,
    themes: Themes,
    names: Vec<String>,
    depth: Depth,
    theme: Theme,
    ascii: bool,
    player: Option<Player>,
    /// How many orders and commands were given.
    given: u64,
    record: Option<PathBuf>,
    /// The operator's keys: a script that plays presses the usual ones.
    keys: Arc<Keymap>,
    bell: Vec<Bell>,
    rang: Option<Instant>,
    /// The names' pseudonyms: kept while they are shown, so that each has the same later.
    mask: Veil,
    masked: bool,
}

impl Console {
    fn new(link: Link, orders: Option<Orders>, options: Options) -> Result<Self, Error> {
        let var = |name: &str| std::env::var(name).ok();
        let (themes, depth) = (Themes::of_user(var), Depth::detect(var));
        let names = themes.names();
        let settings = options.settings;
        let wanted = settings.theme.as_str();
        let theme = themes.load(wanted, depth)?;
        let snapshot = link.snapshots.borrow().clone();
        let (mut mask, masked) = (Mask::of(&snapshot.plan), settings.mask);
        let first = Arc::new(Picture::masked(snapshot, masked.then_some(&mut mask)));
        let mask = Arc::new(Mutex::new(mask));
        let mut ui = Ui::new(first, clock::now(), options.mode);
        ui.theme = names.iter().position(|n| n == wanted).unwrap_or(0);
        ui.message = options.greeting;
        ui.themes.clone_from(&names);
        let player = options.script.map(Player::new);
        let keys = Arc::new(settings.keys);
        if player.is_none() {
            ui.keys = keys.clone();
        }
        let bell = if player.is_none() { settings.bell } else { Vec::new() };
        let ascii = settings.ascii.unwrap_or_else(|| ascii::wanted(var));
        let record = options.record;
        Ok(Self {
            link,
            orders,
            ui,
            themes,
            names,
            depth,
            theme,
            ascii,
            player,
            given: 0,
            record,
            keys,
            bell,
            rang: None,
            mask,
            masked,
        })
    }

    fn run(mut self) -> Result<Ended, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let mut screen = Screen::enter()?;
        if let Some(path) = self.record.take() {
            let title = self.ui.latest().plan.name.clone();
            screen.record(Cast::create(&path, &title).map_err(|source| Error::Recording { path, source })?);
        }
        let (to, inputs) = mpsc::unbounded_channel();
        let given_back = Arc::new(AtomicBool::new(false));
        let signals = input::hear_signals(to.clone(), given_back.clone())?;
        input::read_keys(to)?;
        let ended = runtime.block_on(self.watch(screen, inputs));
        given_back.store(true, Ordering::SeqCst);
        signals.close();
        ended
    }

    /// Waits for something to happen, takes all of it, draws once. Keys and what has a meaning are drawn at once, figures that
    /// merely moved once a second: a screen that is shared over a slow line must not be busy with ages.
    async fn watch(&mut self, mut screen: Screen, mut inputs: mpsc::UnboundedReceiver<Input>) -> Result<Ended, Error> {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut beat = tokio::time::interval(player::BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut core_lives, mut due, mut drawn) = (true, true, self.ui.gist());
        let (gallery, mut pictures) = Gallery::open()?;
        self.ui.gallery = Some(gallery.clone());
        let mut asked = false;
        loop {
            if std::mem::replace(&mut due, true) {
                self.draw(&mut screen)?;
                drawn = self.ui.gist();
            }
            tokio::select! {
                biased;
                input = inputs.recv() => {
                    let mut next = input;
                    while let Some(input) = next {
                        if let Some(ended) = self.take(input, &mut screen)? {
                            return Ok(ended);
                        }
                        next = inputs.try_recv().ok();
                    }
                }
                made = pictures.recv() => {
                    // A thread that is gone has panicked, and has said so.
                    let Some((picture, prepared)) = made else { return Err(Error::Panicked) };
                    asked = false;
                    // It was asked for before the mask was put on, or taken off.
                    let picture = match picture.is_masked() == self.masked {
                        true => picture,
                        false => Arc::new(picture.again(self.masked.then(|| lifted(&self.mask)).as_deref_mut())),
                    };
                    let before = self.ui.gist();
                    self.happen(Event::Made(picture, prepared), &mut screen)?;
                    due = self.ui.gist() != before;
                }
                // One at a time: whatever comes meanwhile is in the next.
                changed = self.link.snapshots.changed(), if core_lives && !asked => match changed {
                    Ok(()) => {
                        let snapshot = self.link.snapshots.borrow_and_update().clone();
                        if bell::rings(&self.bell, self.ui.latest(), &snapshot) {
                            self.ring(&mut screen)?;
                        }
                        gallery.make(snapshot, Looking::of(&self.ui), self.masked.then(|| self.mask.clone()));
                        asked = true;
                        due = false;
                    }
                    // The core is gone: the last picture stays, and soon says how old it is.
                    Err(_) => core_lives = false,
                },
                _ = beat.tick(), if self.player.is_some() => {
                    due = self.play(&mut screen)?;
                }
                _ = second.tick() => {
                    self.happen(Event::Second, &mut screen)?;
                    // Nobody looks at figures that merely move; what has a meaning is drawn all the same.
                    due = self.ui.in_focus || self.ui.gist() != drawn;
                }
            }
        }
    }

    fn take(&mut self, input: Input, screen: &mut Screen) -> Result<Option<Ended>, Error> {
        match input {
            Input::Key(key) => {
                let command = Key::of(&key).and_then(|key| self.ui.keys.command(key));
                let quits = command.is_some_and(|(command, _)| command.id == command::Id::Quit);
                if self.hands_on() && !quits {
                    self.ui.message = Some("the script stops: the keys are yours".to_owned());
                    return Ok(None);
                }
                return self.happen(Event::Key(key), screen);
            }
            Input::Paste(text) => return self.happen(Event::Paste(text), screen),
            Input::Focus(has) => self.ui.in_focus = has,
            Input::Look => {}
            Input::Suspend => screen.suspend()?,
            Input::Continue => screen.retake()?,
            Input::End(signal) => return Ok(Some(Ended::Signal(signal))),
            Input::Lost(e) => return Err(e.into()),
        }
        Ok(None)
    }

    fn happen(&mut self, event: Event, screen: &mut Screen) -> Result<Option<Ended>, Error> {
        self.ui.now = clock::now();
        for act in update(&mut self.ui, event) {
            match act {
                // A core that is gone takes no commands; the head says that it is silent.
                Act::Send(command) => {
                    self.given += 1;
                    drop(self.link.commands.send(command));
                }
                // Whoever only watches was told so before it came to this.
                Act::Order(order) => {
                    if let Some(orders) = &self.orders {
                        self.given += 1;
                        orders.give(if self.masked { lifted(&self.mask).meant(order) } else { order });
                    }
                }
                Act::Theme => self.next_theme(),
                Act::Mask => {
                    self.masked = !self.masked;
                    self.ui.mask(self.masked.then(|| lifted(&self.mask)).as_deref_mut());
                }
                Act::Redraw => screen.forget(),
                Act::Suspend => screen.suspend()?,
                Act::Quit => return Ok(Some(Ended::Quit)),
            }
        }
        Ok(None)
    }

    /// The script's turn. Gives whether there is anything to draw.
    fn play(&mut self, screen: &mut Screen) -> Result<bool, Error> {
        let Some(mut player) = self.player.take() else { return Ok(false) };
        let before = self.ui.caption.clone();
        player.gave(self.given, &self.ui);
        let turn = player.turn(&mut self.ui, clock::now().boot);
        if let Some(speed) = turn.speed {
            drop(self.link.commands.send(Command::Speed(speed)));
        }
        if let Some(key) = turn.key {
            // A script does not quit: that is for whoever watches.
            let _ = self.happen(Event::Key(key), screen)?;
        }
        if turn.over {
            self.ui.message = turn.said;
        } else {
            self.player = Some(player);
        }
        Ok(turn.key.is_some() || turn.over || before != self.ui.caption)
    }

    /// Somebody pressed a key while a script plays: the keys are theirs from now on, and this one does no more than that, unless it
    /// leaves.
    fn hands_on(&mut self) -> bool {
        let played = self.player.take().is_some();
        if played {
            self.ui.caption = None;
            self.ui.keys = self.keys.clone();
            drop(self.link.commands.send(Command::Speed(1.0)));
        }
        played
    }

    /// Once a second at the most: what happens at once is one reason to look up.
    fn ring(&mut self, screen: &mut Screen) -> io::Result<()> {
        if self.rang.is_some_and(|rang| rang.elapsed() < Duration::from_secs(1)) {
            return Ok(());
        }
        self.rang = Some(Instant::now());
        screen.ring()
    }

    fn next_theme(&mut self) {
        let Some(name) = self.names.get(self.ui.theme) else { return };
        match self.themes.load(name, self.depth) {
            Ok(theme) => {
                self.ui.message = Some(format!("theme {name}"));
                self.theme = theme;
            }
            Err(why) => self.ui.message = Some(why.brief()),
        }
    }

    fn draw(&mut self, screen: &mut Screen) -> Result<(), Error> {
        let mut frame = Buffer::empty(Screen::area()?);
        let drawn = view::draw(&self.ui, &self.theme, self.ascii, &mut frame);
        self.ui.drawn(&drawn);
        Ok(screen.show(frame)?)
    }
}
