//! The program in a process of its own, with a limit: what does not end is killed, so that its test fails and does not hang.

use std::{
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, Output},
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

/// Long, since the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Kills the process if this is held for longer than the limit.
pub struct Limit(#[expect(dead_code, reason = "that it is dropped is what is waited for")] Sender<()>);

impl Limit {
    pub fn on(child: &Child) -> Self {
        let (held, dropped) = channel();
        let pid = Pid::from_child(child);
        thread::spawn(move || {
            if dropped.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                // It may have ended in this very moment.
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        Self(held)
    }
}

/// Runs a command whose outputs are set to its end.
pub fn to_its_end(command: &mut Command) -> Output {
    let child = command.spawn().expect("it starts");
    let limit = Limit::on(&child);
    let out = child.wait_with_output().expect("it ends");
    drop(limit);
    assert_ne!(out.status.signal(), Some(Signal::KILL.as_raw()), "did not end by itself: {command:?}");
    out
}
