//! What the event loop does of what was decided: orders, the terminal, files, themes, and the turn of a script.

use std::{path::PathBuf, thread};

use super::Console;
use crate::{
    Ended, Error,
    act::Act,
    choices::Changes,
    export,
    input::UiInput,
    render_worker::lock,
    terminal::{Screen, THREAD},
    update::UiEvent,
};
use systems::collect::clock::now;

impl Console {
    /// Does what the acts say. Returns how the console ends, if one of them ends it.
    pub(super) fn carry_out(&mut self, acts: Vec<Act>, screen: &mut Screen) -> Result<Option<Ended>, Error> {
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
    pub(super) fn play(&mut self, screen: &mut Screen) -> Result<bool, Error> {
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
    pub(super) fn hands_on(&mut self) -> bool {
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
    pub(super) fn keep_choices(&mut self) {
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
}
