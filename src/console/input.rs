//! Input: keys, changes of size, signals. Each blocks, so each has its own thread.

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

/// An input.
#[derive(Debug)]
pub enum UiInput {
    /// A key.
    Key(KeyEvent),
    /// A mouse action.
    Touch(Touch),
    /// Text that was pasted.
    Paste(String),
    /// The terminal got the focus, or lost it.
    Focus(bool),
    /// The size changed, or the screen must be drawn again for another reason.
    Look,
    /// A thread of the console has done its work, or reports why not.
    Report(Result<String, String>),
    /// A signal that suspends (SIGTSTP).
    Suspend,
    /// The process continues after a stop (SIGCONT).
    Continue,
    /// A signal that ends the program.
    End(i32),
    /// The terminal cannot be read any more.
    Lost(io::Error),
}

/// Reads the terminal for as long as the process lives: a blocked read cannot be cancelled, and costs nothing.
///
/// # Errors
/// If the thread cannot be started.
pub fn read_keys(to: UnboundedSender<UiInput>) -> io::Result<()> {
    thread::Builder::new().name(format!("{THREAD}-keys")).spawn(move || {
        loop {
            let input = match event::read() {
                // Some terminals report key releases too: one key press is one command.
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

/// The mouse actions that have a meaning.
fn touch(mouse: MouseEvent) -> Option<Touch> {
    let gesture = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Gesture::Click,
        MouseEventKind::ScrollDown => Gesture::Down,
        MouseEventKind::ScrollUp => Gesture::Up,
        _ => return None,
    };
    Some(Touch { gesture, at: (mouse.column, mouse.row).into() })
}

/// Waits for signals. The console sets `ended` once the terminal is restored. If that does not happen soon after a
/// signal that ends the program, this thread ends the program.
///
/// # Errors
/// If signal handlers cannot be installed.
pub fn read_signals(to: UnboundedSender<UiInput>, ended: Arc<AtomicBool>) -> io::Result<signal_hook::iterator::Handle> {
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
