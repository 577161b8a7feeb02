//! The event loop: waits for an event, handles all pending events, draws once. The only part of the console with side
//! effects.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::sync::mpsc;

use super::{
    Depth, Ended, Error, Options, Theme, Themes,
    act::Act,
    ascii,
    bell::Bell,
    cast::Cast,
    choices::{Changes, Chosen},
    clock::{Time, Zones, machine},
    command, dialog, export,
    input::{self, UiInput},
    key::Key,
    keymap::Keymap,
    mask::{Mask, Names},
    player::{self, Player},
    render_worker::{Finished, RenderWorker, SharedMask, lock},
    state_file::{self, StateFile},
    terminal::{Screen, THREAD},
    ui::Ui,
    update::{UiEvent, update},
    view,
    view_model::ViewModel,
};
use drive::{Link, Orders};
use systems::collect::clock::now;

/// The running console.
pub(super) struct Console {
    link: Link,
    /// The right to give orders, if this session has it.
    orders: Option<Orders>,
    ui: Ui,
    themes: Themes,
    depth: Depth,
    theme: Theme,
    ascii: bool,
    player: Option<Player>,
    /// Number of orders and commands given.
    given: u64,
    record: Option<PathBuf>,
    state: StateFile,
    /// The operator's keys: a script that is playing uses the default keys.
    keys: Arc<Keymap>,
    bell: Bell,
    /// The pseudonyms. Kept while names are shown, so that each name has the same pseudonym later.
    mask: SharedMask,
    /// The real names, for orders: an order does not wait while a snapshot is being masked.
    names: Names,
    masked: bool,
    /// The way into the event loop, for threads of the console; there once it runs.
    inputs: Option<mpsc::UnboundedSender<UiInput>>,
}

/// The render worker, and which requests to it are not answered yet: at most one of each kind.
struct Asked {
    worker: RenderWorker,
    view_model: bool,
    rows: bool,
    hits: bool,
}

impl Console {
    /// Opens at the overview; nothing is drawn yet.
    ///
    /// # Errors
    /// If the theme cannot be used.
    pub(super) fn new(link: Link, orders: Option<Orders>, options: Options) -> Result<Self, Error> {
        let var = |name: &str| std::env::var(name).ok();
        let (themes, depth) = (Themes::of_user(var), Depth::detect(var));
        let settings = options.settings;
        // A script's keys are no choices of the operator, and its screens are the same everywhere.
        let state = options.state.filter(|_| options.script.is_none());
        let (choices, ignored) = state.as_deref().map(state_file::load).unwrap_or_default();
        let (theme, wanted, gone) =
            first_theme(&themes, depth, &settings.theme, choices.theme.as_deref().filter(|_| !options.own_theme))?;
        let snapshot = link.snapshots.borrow().clone();
        let (mut mask, masked) = (Mask::of(&snapshot.plan), settings.mask);
        let player = options.script.map(Player::new);
        if player.is_some() {
            // The script waits for signals, so the systems must compute them.
            link.viewer.want_signals();
        }
        // No bell while a script plays.
        let bell = Bell::new(if player.is_none() { settings.bell } else { Vec::new() }, snapshot.clone());
        let zones = Zones::new(&settings.time, machine);
        let first = Arc::new(ViewModel::masked(snapshot, masked.then_some(&mut mask), &zones.shown()));
        let names = mask.real_names();
        let mask = Arc::new(Mutex::new(mask));
        let mut ui = Ui::new(first, now(), options.mode);
        ui.themes.names = themes.names();
        ui.themes.shown = ui.themes.names.iter().position(|n| *n == wanted).unwrap_or(0);
        ui.themes.configured.clone_from(&settings.theme);
        ui.lists.wide = choices.wide;
        ui.chosen = Chosen::of(choices);
        ui.themes.wanted = ui.themes.shown;
        // If the operator wants local time and there is none, a message says so. The head always shows the zone.
        let local = settings.time == Time::Local;
        let lacks = local.then(|| zones.why_not()).flatten().map(|why| format!("times are UTC: {why}"));
        match (lacks, options.greeting) {
            (Some(text), _) => ui.report(text),
            (None, Some(text)) => ui.inform(text),
            (None, None) => {}
        }
        for text in [gone, ignored].into_iter().flatten() {
            ui.report(text);
        }
        ui.zones = zones;
        ui.terminal.mouse = settings.mouse;
        ui.terminal.in_tmux = std::env::var_os("TMUX").is_some();
        let keys = Arc::new(settings.keys);
        if player.is_none() {
            ui.keys = keys.clone();
        }
        let ascii = settings.ascii.unwrap_or_else(|| ascii::wanted(var));
        let record = options.record;
        Ok(Self {
            state: StateFile::new(state),
            link,
            orders,
            ui,
            themes,
            depth,
            theme,
            ascii,
            player,
            given: 0,
            record,
            keys,
            bell,
            mask,
            names,
            masked,
            inputs: None,
        })
    }

    /// Runs until the operator quits or a signal ends it.
    ///
    /// # Errors
    /// If the terminal, or the recording, cannot be used.
    pub(super) fn run(mut self) -> Result<Ended, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let mut screen = Screen::enter()?;
        screen.mouse(self.ui.terminal.mouse)?;
        if let Some(path) = self.record.take() {
            let title = self.ui.latest().plan.name.clone();
            screen.record(Cast::create(&path, &title).map_err(|source| Error::Recording { path, source })?);
        }
        let (to, inputs) = mpsc::unbounded_channel();
        self.inputs = Some(to.clone());
        let given_back = Arc::new(AtomicBool::new(false));
        let signals = input::read_signals(to.clone(), given_back.clone())?;
        input::read_keys(to)?;
        let ended = runtime.block_on(self.watch(screen, inputs));
        given_back.store(true, Ordering::SeqCst);
        signals.close();
        // The terminal is restored: nothing waits for the disk but the prompt.
        if let Some(changes) = self.ui.chosen.take_changes() {
            self.state.write(changes);
        }
        ended
    }

    /// Waits for an event, handles all pending events, draws once. Keys and changes of meaning are drawn at once;
    /// changes of figures alone once a second, so that a screen shared over a slow line is not busy with ages.
    async fn watch(
        &mut self,
        mut screen: Screen,
        mut inputs: mpsc::UnboundedReceiver<UiInput>,
    ) -> Result<Ended, Error> {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut beat = tokio::time::interval(player::BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut engine_lives, mut due, mut drawn) = (true, true, self.ui.fingerprint());
        let (worker, mut finished) = RenderWorker::open()?;
        let mut asked = Asked { worker, view_model: false, rows: false, hits: false };
        self.ui.use_worker();
        loop {
            self.ask_for_rows(&mut asked);
            if std::mem::replace(&mut due, true) {
                self.draw(&mut screen)?;
                drawn = self.ui.fingerprint();
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
                made = finished.recv() => {
                    // A thread that ended has panicked and has reported it.
                    let made = made.ok_or(Error::Panicked)?;
                    due = self.made(made, &mut asked, &mut screen)?;
                }
                // One snapshot at a time: those that arrive meanwhile are superseded by the next.
                changed = self.link.snapshots.changed(), if engine_lives && !asked.view_model => match changed {
                    Ok(()) => {
                        self.ask_for_view_model(&mut asked, &mut screen)?;
                        due = false;
                    }
                    // The engine is gone: the last view model stays, and the head soon shows its age.
                    Err(_) => engine_lives = false,
                },
                _ = beat.tick(), if self.player.is_some() => {
                    due = self.play(&mut screen)?;
                }
                _ = second.tick() => {
                    self.happen(UiEvent::Tick, &mut screen)?;
                    self.keep_choices();
                    // Without the focus, changes of figures alone are not drawn; changes of meaning are.
                    due = self.ui.terminal.in_focus || self.ui.fingerprint() != drawn;
                }
            }
        }
    }

    /// Requests rows that take too long for this thread, unless a request is open.
    fn ask_for_rows(&self, asked: &mut Asked) {
        if let Some(view_model) = self.ui.waits().filter(|_| !asked.rows) {
            asked.worker.arrange(view_model, self.ui.looking());
            asked.rows = true;
        }
        if let Some((view_model, text)) = self.ui.searches().filter(|_| !asked.hits) {
            asked.worker.search(view_model, text);
            asked.hits = true;
        }
    }

    /// Requests the view model of the new snapshot.
    fn ask_for_view_model(&mut self, asked: &mut Asked, screen: &mut Screen) -> Result<(), Error> {
        let snapshot = self.link.snapshots.borrow_and_update().clone();
        if self.bell.observe(&snapshot, now()) {
            screen.ring()?;
        }
        let (shared_mask, zone) = (self.masked.then(|| self.mask.clone()), self.ui.zones.shown());
        asked.worker.make(snapshot, self.ui.looking(), shared_mask, zone);
        asked.view_model = true;
        Ok(())
    }

    /// Shows what the render worker has computed. Returns whether it must be drawn at once.
    fn made(&mut self, made: Finished, asked: &mut Asked, screen: &mut Screen) -> Result<bool, Error> {
        let before = self.ui.fingerprint();
        let event = match made {
            Finished::ViewModel(view_model, prepared) => {
                asked.view_model = false;
                UiEvent::ViewModel(self.as_wanted(view_model), prepared)
            }
            Finished::Rows(prepared) => {
                asked.rows = false;
                UiEvent::Rows(prepared)
            }
            Finished::Hits(hits) => {
                asked.hits = false;
                UiEvent::Hits(hits)
            }
        };
        let found = matches!(event, UiEvent::Hits(_));
        self.happen(event, screen)?;
        if let Some(old) = self.ui.take_old() {
            asked.worker.forget(old);
        }
        Ok(found || self.ui.fingerprint() != before)
    }

    /// The view model with the current mask and zone: it may have been requested before one of them was changed.
    fn as_wanted(&self, view_model: Arc<ViewModel>) -> Arc<ViewModel> {
        let zone = self.ui.zones.shown();
        match (view_model.is_masked() == self.masked, *view_model.clock.zone() == zone) {
            (true, true) => view_model,
            (true, false) => Arc::new(view_model.rezoned(&zone)),
            (false, _) => Arc::new(view_model.again(self.masked.then(|| lock(&self.mask)).as_deref_mut(), &zone)),
        }
    }

    fn take(&mut self, input: UiInput, screen: &mut Screen) -> Result<Option<Ended>, Error> {
        match input {
            UiInput::Key(key) => {
                if !self.hands_on() {
                    return self.happen(UiEvent::Key(key), screen);
                }
                // The key is the operator's, not part of the line that the script is writing.
                let command = Key::of(&key).and_then(|key| self.ui.keys.command(key));
                if command.is_some_and(|(command, _)| command.id == command::Id::Quit) {
                    let acts = dialog::leave(&mut self.ui);
                    return self.carry_out(acts, screen);
                }
            }
            UiInput::Paste(text) => {
                if !self.hands_on() {
                    return self.happen(UiEvent::Paste(text), screen);
                }
            }
            UiInput::Touch(touch) => {
                if !self.hands_on() {
                    return self.happen(UiEvent::Touch(touch), screen);
                }
            }
            UiInput::Focus(has) => self.ui.terminal.in_focus = has,
            UiInput::Report(Ok(text)) => self.ui.inform(text),
            UiInput::Report(Err(why)) => self.ui.report(why),
            UiInput::Look => {}
            UiInput::Suspend => screen.suspend()?,
            UiInput::Continue => screen.retake()?,
            UiInput::End(signal) => return Ok(Some(Ended::Signal(signal))),
            UiInput::Lost(e) => return Err(e.into()),
        }
        Ok(None)
    }

    fn happen(&mut self, event: UiEvent, screen: &mut Screen) -> Result<Option<Ended>, Error> {
        self.ui.now = now();
        let acts = update(&mut self.ui, event);
        self.carry_out(acts, screen)
    }

    fn carry_out(&mut self, acts: Vec<Act>, screen: &mut Screen) -> Result<Option<Ended>, Error> {
        for act in acts {
            match act {
                // An engine that is gone takes no commands; the head shows that it is silent.
                Act::Send(command) => {
                    self.given += 1;
                    drop(self.link.commands.send(command));
                }
                Act::Open(key) => {
                    self.given += 1;
                    self.link.viewer.open(key);
                }
                Act::Speed(speed) => {
                    self.given += 1;
                    self.link.set_speed(speed);
                }
                // A session that only watches was refused earlier.
                Act::Order(order) => {
                    if let Some(orders) = &self.orders {
                        self.given += 1;
                        orders.give(if self.masked { self.names.meant(order) } else { order });
                    }
                }
                Act::Theme => self.next_theme(),
                Act::Mask => {
                    self.masked = !self.masked;
                    self.ui.mask(self.masked.then(|| lock(&self.mask)).as_deref_mut());
                }
                Act::Zone => self.ui.rezone(),
                Act::Mouse => screen.mouse(self.ui.terminal.mouse)?,
                Act::Copy(text) => screen.copy(&text)?,
                Act::Export(file, text) => self.export(file, text),
                Act::Redraw => screen.forget(),
                Act::Suspend => screen.suspend()?,
                Act::Quit => return Ok(Some(Ended::Quit)),
            }
        }
        Ok(None)
    }

    /// Lets the script act. Returns whether there is anything to draw.
    fn play(&mut self, screen: &mut Screen) -> Result<bool, Error> {
        let Some(mut player) = self.player.take() else { return Ok(false) };
        let before = self.ui.caption.clone();
        player.gave(self.given, &self.ui);
        let turn = player.turn(&mut self.ui, now().boot);
        if let Some(speed) = turn.speed {
            self.link.set_speed(speed);
        }
        if let Some(key) = turn.key {
            // A script does not quit; only the viewer does.
            let _ = self.happen(UiEvent::Key(key), screen)?;
        }
        if turn.over {
            match turn.notice {
                Some(Ok(text)) => self.ui.inform(text),
                Some(Err(why)) => self.ui.report(why),
                None => {}
            }
        } else {
            self.player = Some(player);
        }
        Ok(turn.key.is_some() || turn.over || before != self.ui.caption)
    }

    /// A key is pressed while a script plays: the script stops and the operator has control. The key does nothing
    /// else, unless it quits.
    fn hands_on(&mut self) -> bool {
        let played = self.player.take().is_some();
        if played {
            self.ui.caption = None;
            self.ui.keys = self.keys.clone();
            self.ui.inform("the script has stopped: you have control".to_owned());
            self.link.set_speed(1.0);
        }
        played
    }

    /// Writes an export. On a thread of its own: a disk may be slow, and the screen does not wait.
    fn export(&mut self, file: PathBuf, text: String) {
        let Some(to) = self.inputs.clone() else { return };
        let write = move || drop(to.send(UiInput::Report(export::write(&file, &text))));
        let thread = thread::Builder::new().name(THREAD.to_owned() + " export").spawn(write);
        if let Err(why) = thread {
            self.ui.report(format!("the table was not exported: {why}"));
        }
    }

    /// Writes what was chosen since the last second.
    fn keep_choices(&mut self) {
        let Some(to) = self.inputs.clone().filter(|_| self.state.is_free()) else { return };
        if let Some(changes) = self.ui.chosen.take_changes() {
            self.state.write_beside(changes, move |why| drop(to.send(UiInput::Report(Err(why)))));
        }
    }

    fn next_theme(&mut self) {
        let wanted = self.ui.themes.wanted;
        let Some(name) = self.ui.themes.names.get(wanted).cloned() else { return };
        match self.themes.load(&name, self.depth) {
            Ok(theme) => {
                self.ui.inform(format!("theme {name}"));
                self.theme = theme;
                self.ui.themes.shown = wanted;
                let own = Some(name).filter(|name| *name != self.ui.themes.configured);
                self.ui.chosen.change(Changes { theme: Some(own), ..Changes::default() });
            }
            Err(why) => self.ui.report(why.brief()),
        }
    }

    fn draw(&mut self, screen: &mut Screen) -> Result<(), Error> {
        let mut frame = screen.blank()?;
        let drawn = view::draw(&self.ui, &self.theme, self.ascii, &mut frame);
        self.ui.drawn(&drawn);
        Ok(screen.show(frame)?)
    }
}

/// The theme of the start: the one that was chosen earlier, or the configured one; its name, and why the chosen one is not used.
fn first_theme(themes: &Themes, depth: Depth, configured: &str, chosen: Option<&str>) -> Result<FirstTheme, Error> {
    let chosen = chosen.map(|name| (name, themes.load(name, depth)));
    let gone = match chosen {
        Some((name, Ok(theme))) => return Ok((theme, name.to_owned(), None)),
        Some((name, Err(why))) => Some(format!("theme {name}, chosen earlier, cannot be used: {}", why.brief())),
        None => None,
    };
    Ok((themes.load(configured, depth)?, configured.to_owned(), gone))
}

type FirstTheme = (Theme, String, Option<String>);
