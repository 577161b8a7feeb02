//! `landfall console` and `watch`: the console on real servers, or the same as plain lines.

use std::{io, path::Path, process::ExitCode, time::Duration};

use jiff::tz::TimeZone;
use tokio::runtime::Runtime;

use super::{
    Appearance, LET_GO, Metrics, OnPlan, Plain, has_clients, load, load_with_digest,
    out::{Context as _, Failed, remark},
    refused, runtime,
};
use crate::{
    openmetrics::{self, Address, Bound, Endpoint, NotServed},
    plain,
};
use console::{
    self, Ended, Mode, Options,
    clock::{Zones, machine},
};
use drive::{
    Control, Link,
    inbox::Inbox,
    live::{self, LAST_WRITES},
};
use engine::EngineCommand;
use journal::{Author, FileStore, Holder, Opened, Refused, follow::Follower};
use plan::Plan;
use systems::collect::clock;

/// How long an exiting console waits for pending operations and for cleanups.
const FINISH: Duration = Duration::from_secs(60);

/// On a plan's real servers, read-only: on a screen, or as plain lines.
pub(super) fn watched(on: &OnPlan, follow: Option<&Path>, mode: Mode, lines: &Plain) -> Result<ExitCode, Failed> {
    let options = options(&on.look, mode)?;
    let plan = load(&on.plan)?;
    has_clients(&plan)?;
    let greeting = follow.map(|journal| readable(journal, &plan)).transpose()?.flatten();
    let bound = bound(&on.look.metrics)?;
    let runtime = runtime()?;
    let link = {
        let _entered = runtime.enter();
        match follow {
            Some(journal) => live::start_following(plan.clone(), Follower::of_run(journal, plan.name.clone())),
            None => live::start(plan),
        }
    };
    let _metrics = serve(bound, &link)?;
    follow_changes(&link, on);
    let ended = match plain(lines, &options) {
        Some(lines) => printed(&link, lines),
        None => console::run(link.clone(), None, Options { greeting, ..options }).map_err(Failed::from),
    };
    let_go(runtime, link);
    exit_code(ended)
}

/// On a plan's real servers, with a journal: steps can be executed. If another console has the journal, this one
/// follows it.
pub(super) fn with_control(file: &Path, on: &OnPlan) -> Result<ExitCode, Failed> {
    let options = options(&on.look, Mode::Console)?;
    let (plan, digest) = load_with_digest(&on.plan)?;
    has_clients(&plan)?;
    let name = file.display();
    let store = match opened(file)? {
        Opened::Ours(store) => Box::new(store),
        Opened::Busy(holder) => {
            remark(format_args!("landfall: {} writes {name}: this console is read only", whoever(holder)));
            return watched(on, Some(file), Mode::Watch, &Plain::default());
        }
    };
    let notice = store.notice();
    let bound = bound(&on.look.metrics)?;
    let author = Author { run: plan.name.clone(), actor: operator(), host: host(), plan: digest };
    let inbox = Inbox::new(file, &author.run, &plan.runbook.approvers)?;
    let taken = systems::open_journal(store, author, clock::now()).map_err(|why| refused(file, &why))?;
    let runtime = runtime()?;
    let control = {
        let _entered = runtime.enter();
        live::start_with_control(plan, taken, inbox)
    };
    let metrics = serve(bound, &control.link)?;
    follow_changes(&control.link, on);
    let ended = console::run(control.link.clone(), Some(control.orders.clone()), options);
    drop(metrics);
    let link = control.link.clone();
    notice.leaves_within(FINISH + LAST_WRITES * 2 + LET_GO);
    leave(control);
    // It ends at once where the journal answers.
    runtime.block_on(async { link.let_go(LAST_WRITES * 2 + LET_GO).await });
    runtime.shutdown_timeout(LET_GO);
    exit_code(ended.map_err(Failed::from))
}

/// Opens the journal with its lock. If its console is exiting and finishes pending operations, this waits for the end.
fn opened(file: &Path) -> Result<Opened, Failed> {
    let name = file.display();
    let mut text = false;
    loop {
        match FileStore::open(file).context(format_args!("the journal {name}"))? {
            Opened::Busy(Some(holder)) if holder.leaves.is_some_and(|until| until > jiff::Timestamp::now()) => {
                if !std::mem::replace(&mut text, true) {
                    remark(format_args!("landfall: waiting for {name}: {holder}"));
                }
            }
            opened => return Ok(opened),
        }
    }
}

/// The holder of a journal, in words.
pub(super) fn whoever(holder: Option<Holder>) -> String {
    holder.map_or_else(|| "another console".to_owned(), |holder| format!("another console, {holder},"))
}

fn follow_changes(link: &Link, on: &OnPlan) {
    for id in &on.changes {
        // If the driver has already ended, the console reports it.
        let _ = link.commands.send(EngineCommand::Follow(id.clone()));
    }
}

/// The terminal is restored; now pending operations and cleanups are finished.
pub(super) fn leave(control: Control) {
    for step in control.leave(FINISH) {
        remark(format_args!("landfall: {step} is not finished; it is in the journal, and the next start resumes it"));
    }
}

/// The terminal is restored; a collector blocked in a library call must not delay the prompt.
fn let_go(runtime: Runtime, link: Link) {
    runtime.block_on(async { link.let_go(LET_GO).await });
    runtime.shutdown_timeout(LET_GO);
}

/// Name of the operator.
pub(super) fn operator() -> String {
    std::env::var("LANDFALL_OPERATOR").or_else(|_| std::env::var("USER")).unwrap_or_else(|_| "operator".to_owned())
}

/// This machine's name.
pub(super) fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "localhost".to_owned() } else { name.trim().to_owned() }
}

/// The configuration, overridden by the arguments.
///
/// # Errors
/// If the configuration is faulty: with all its faults.
pub(super) fn options(look: &Appearance, mode: Mode) -> Result<Options, Failed> {
    let mut settings = super::setup::settings(look.config.as_deref())?;
    settings.theme = look.theme.clone().unwrap_or(settings.theme);
    settings.ascii = if look.ascii { Some(true) } else { settings.ascii };
    settings.mask |= look.mask;
    super::setup::theme(&settings)?;
    let state = settings.remember.then(|| console::state_file::path(|name| std::env::var(name).ok())).flatten();
    let own_theme = look.theme.is_some();
    Ok(Options { settings, mode, scenario: None, script: None, greeting: None, record: None, state, own_theme })
}

/// Whether a journal can be followed: it is a journal of this plan's run. A missing journal may be created later; the
/// returned note says so.
fn readable(journal: &Path, plan: &Plan) -> Result<Option<String>, Failed> {
    let name = journal.display();
    match Follower::of_run(journal, plan.name.clone()).each(|_: systems::Entry| ()) {
        Ok(()) => Ok(None),
        Err(Refused::Io(e)) if e.kind() == io::ErrorKind::NotFound => {
            let words = format!("the journal {name} does not exist yet: it is followed as soon as it exists");
            remark(format_args!("landfall: {words}"));
            Ok(Some(words))
        }
        Err(why) => Err(refused(journal, &why)),
    }
}

/// Binds the address for metrics, if requested: before anything is started that would have to be stopped again.
pub(super) fn bound(wanted: &Metrics) -> Result<Option<Bound>, NotServed> {
    let Some(address) = wanted.address else { return Ok(None) };
    let bound = Address::new(address, wanted.any).and_then(openmetrics::bind)?;
    remark(format_args!("landfall: metrics on http://{}/metrics", bound.address));
    Ok(Some(bound))
}

/// Serves metrics until the returned endpoint is dropped.
pub(super) fn serve(bound: Option<Bound>, link: &Link) -> Result<Option<Endpoint>, NotServed> {
    bound.map(|bound| bound.serve(link)).transpose()
}

/// Options of plain lines, if they are requested.
pub(super) fn plain(wanted: &Plain, options: &Options) -> Option<plain::Options> {
    // On a screen the time zone database is not read before the first frame.
    if !wanted.plain {
        return None;
    }
    let settings = &options.settings;
    let ascii = settings.ascii.unwrap_or_else(|| console::ascii::wanted(|name| std::env::var(name).ok()));
    let zone = if wanted.utc { None } else { Zones::new(&settings.time, machine).other() };
    Some(plain::Options { zone: zone.unwrap_or(TimeZone::UTC), ascii, mask: settings.mask })
}

/// Prints one line for each change, until something ends it.
pub(super) fn printed(link: &Link, lines: plain::Options) -> Result<Ended, Failed> {
    link.viewer.without_pages();
    Ok(plain::run(link.snapshots.clone(), lines)?)
}

pub(super) fn exit_code(ended: Result<Ended, Failed>) -> Result<ExitCode, Failed> {
    match ended? {
        Ended::Quit => Ok(ExitCode::SUCCESS),
        // The exit code that a shell would report.
        Ended::Signal(n) => Ok(ExitCode::from(u8::try_from(128 + n).unwrap_or(u8::MAX))),
    }
}
