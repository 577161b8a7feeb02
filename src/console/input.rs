//! What comes in from outside: keys, changes of size, signals. Each has a thread of its own, since each blocks.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use ratatui::crossterm::event::{self, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP},
    iterator::Signals,
};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    mouse::{Gesture, Touch},
    terminal::{THREAD, restore_by_force},
};

/// What came in.
#[derive(Debug)]
pub enum UiInput {
    /// A key.
    Key(KeyEvent),
    /// What was done with the mouse.
    Touch(Touch),
    /// Text that was pasted.
    Paste(String),
    /// The terminal got the focus, or lost it.
    Focus(bool),
    /// The size changed, or something else that asks for a look.
    Look,
    /// A signal that suspends (SIGTSTP).
    Suspend,
    /// The process goes on after having been stopped.
    Continue,
    /// A signal that ends the program.
    End(i32),
    /// The terminal cannot be read any more.
    Lost(io::Error),
}

/// Reads the terminal for as long as the process lives: a read that waits cannot be called off, and costs nothing.
///
/// # Errors
/// If there can be no thread.
pub fn read_keys(to: UnboundedSender<UiInput>) -> io::Result<()> {
    thread::Builder::new().name(format!("{THREAD}-keys")).spawn(move || {
        loop {
            let input = match event::read() {
                // Terminals that report releases too: one key is one command.
                Ok(event::Event::Key(key)) if key.kind == KeyEventKind::Release => continue,
                Ok(event::Event::Key(key)) => UiInput::Key(key),
                Ok(event::Event::Mouse(mouse)) => match touch(mouse) {
                    Some(touch) => UiInput::Touch(touch),
                    None => continue,
                },
                Ok(event::Event::Paste(text)) => UiInput::Paste(text),
                Ok(event::Event::FocusGained) => UiInput::Focus(true),
                Ok(event::Event::FocusLost) => UiInput::Focus(false),
                Ok(_) => UiInput::Look,
                Err(e) => UiInput::Lost(e),
            };
            let lost = matches!(input, UiInput::Lost(_));
            if to.send(input).is_err() || lost {
                return;
            }
        }
    })?;
    Ok(())
}

/// What of the mouse has a meaning.
fn touch(mouse: MouseEvent) -> Option<Touch> {
    let gesture = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Gesture::Click,
        MouseEventKind::ScrollDown => Gesture::Down,
        MouseEventKind::ScrollUp => Gesture::Up,
        _ => return None,
    };
    Some(Touch { gesture, at: (mouse.column, mouse.row).into() })
}

/// Listens to signals. `ended` is set by the console once the terminal is given back; if that does not come about soon after a signal
/// that ends the program, it is ended from here.
///
/// # Errors
/// If signals cannot be listened to.
pub fn hear_signals(to: UnboundedSender<UiInput>, ended: Arc<AtomicBool>) -> io::Result<signal_hook::iterator::Handle> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT])?;
    let handle = signals.handle();
    thread::Builder::new().name(format!("{THREAD}-signals")).spawn(move || {
        for signal in signals.forever() {
            let input = match signal {
                SIGTSTP => UiInput::Suspend,
                SIGCONT => UiInput::Continue,
                other => UiInput::End(other),
            };
            let ends = matches!(input, UiInput::End(_));
            let _ = to.send(input);
            if ends {
                restore_by_force(|| ended.load(Ordering::SeqCst));
                if !ended.load(Ordering::SeqCst) {
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
            }
        }
    })?;
    Ok(handle)
}
