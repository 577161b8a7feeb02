//! `landfall console`, `watch` and `demo`: one console, fed by real servers or by an imitated estate.

use std::{path::Path, process::ExitCode, sync::Arc};

use super::{LET_GO, Look, OnPlan, runtime};
use crate::{
    console::{self, Ended, Mode, Options},
    core::Command,
    drive::{live, sim},
    plan::Plan,
};

/// The demo's plan, so that the demo needs no file.
const DEMO: &str = include_str!("../../demo/plan.toml");

/// On a plan's real servers.
pub(super) fn on_plan(plan: Arc<Plan>, on: &OnPlan, mode: Mode) -> Result<ExitCode, String> {
    let runtime = runtime()?;
    let link = {
        let _entered = runtime.enter();
        live::start(plan)
    };
    for id in &on.changes {
        // The driver has just been started; if it ended already, the console says so.
        let _ = link.commands.send(Command::Follow { system: "route53", id: id.clone() });
    }
    let ended = console::run(link.clone(), options(&on.look, mode));
    runtime.block_on(async { link.let_go(LET_GO).await });
    // The terminal is back already; a source stuck in a library call must not keep the prompt waiting.
    runtime.shutdown_timeout(LET_GO);
    told(ended)
}

/// On an imitated estate.
pub(super) fn demo(seed: u64, speed: f64, look: &Look) -> Result<ExitCode, String> {
    if !(speed.is_finite() && speed > 0.0 && speed <= 1000.0) {
        return Err(format!("--speed {speed}: give a number above 0 and up to 1000"));
    }
    let (plan, _) = Plan::parse(Path::new("demo/plan.toml"), DEMO).map_err(|faulty| faulty.render(false))?;
    told(console::run(sim::start_paced(Arc::new(plan), seed, speed), options(look, Mode::Demo)))
}

fn options(look: &Look, mode: Mode) -> Options {
    Options { theme: Some(look.theme.clone()), ascii: look.ascii, mode }
}

fn told(ended: Result<Ended, console::Error>) -> Result<ExitCode, String> {
    match ended.map_err(|e| e.to_string())? {
        Ended::Quit => Ok(ExitCode::SUCCESS),
        // As a shell would say it.
        Ended::Signal(n) => Ok(ExitCode::from(u8::try_from(128 + n).unwrap_or(u8::MAX))),
    }
}
