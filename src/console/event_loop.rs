//! The event loop: waits for an event, handles all pending events, draws once. The only part of the console with side
//! effects.

mod effects;
mod start;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc;

use super::{
    Depth, Ended, Error, Theme, Themes,
    bell::Bell,
    cast::Cast,
    command, dialog,
    input::{self, UiInput},
    key::Key,
    keymap::Keymap,
    mask::Names,
    player::{self, Player},
    render_worker::{Finished, RenderWorker, SharedMask, lock},
    state_file::StateFile,
    terminal::Screen,
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
        let changes = self.ui.chosen.take_changes();
        self.state.close(changes);
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

    fn draw(&mut self, screen: &mut Screen) -> Result<(), Error> {
        let mut frame = screen.blank()?;
        let drawn = view::draw(&self.ui, &self.theme, self.ascii, &mut frame);
        self.ui.drawn(&drawn);
        Ok(screen.show(frame)?)
    }
}
