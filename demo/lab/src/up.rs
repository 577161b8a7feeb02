//! Starts a lab, in the foreground or detached, and ends it.

use std::{
    fs::File,
    future::Future,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};

use crate::{
    control::{self, Phase, Reply, Request},
    error::{Doing, Error, Result},
    supervisor::Supervisor,
};

/// When a lab ends, besides `down` and SIGTERM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Ctrl-C.
    Signal,
    /// Standard input closes: when the process that holds its other end has ended.
    StdinCloses,
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .doing(|| "starting the runtime".to_owned())
}

/// Runs one of the lab's own servers.
///
/// # Errors
/// Those of the server.
pub fn serve(server: impl Future<Output = Result<()>>) -> Result<()> {
    runtime()?.block_on(server)
}

/// Supervises a lab in this process until its end.
///
/// # Errors
/// If a lab runs in this directory already, or this one does not start.
pub fn stay(run: &Path, until: Until) -> Result<()> {
    tracing_subscriber::fmt().with_target(false).with_writer(std::io::stderr).init();
    refuse_second(run)?;
    std::fs::create_dir_all(run).doing(|| format!("making {}", run.display()))?;
    // Paths in the plan and in the servers' arguments must not depend on the current directory.
    let run = &run.canonicalize().doing(|| format!("looking at {}", run.display()))?;
    let runtime = runtime()?;
    let result = runtime.block_on(supervise(run, until));
    // A read of standard input cannot be cancelled: do not wait for it.
    runtime.shutdown_background();
    if result.is_err() {
        crate::keeper::remove(run);
    }
    result
}

async fn supervise(run: &Path, until: Until) -> Result<()> {
    let socket = control::socket(run);
    let _ = std::fs::remove_file(&socket);
    let supervisor = {
        let run = run.to_owned();
        // This may download for a minute.
        tokio::task::spawn_blocking(move || Supervisor::new(&run)).await.doing(|| "preparing".to_owned())??
    };
    let supervisor = Arc::new(supervisor);
    let listener = UnixListener::bind(&socket).doing(|| format!("listening on {}", socket.display()))?;
    let (down, mut wait_down) = watch::channel(false);
    tokio::spawn(accept(listener, supervisor.clone(), down));

    let mut tasks = JoinSet::new();
    let result = tokio::select! {
        result = supervisor.up(&mut tasks) => result,
        () = ended(until) => Ok(()),
        _ = wait_down.wait_for(|down| *down) => Ok(()),
    };
    if result.is_ok() && !*wait_down.borrow() {
        println!("{}", how_to_watch(run));
        tokio::select! {
            () = ended(until) => {}
            _ = wait_down.wait_for(|down| *down) => {}
        }
    }
    // The servers first: dropping a Kafka client waits for a hanging broker. The remaining tasks end with the process.
    supervisor.end().await;
    tasks.detach_all();
    result
}

/// The command to watch a lab with.
#[must_use]
pub fn how_to_watch(run: &Path) -> String {
    format!("the lab is up; watch it with:\n  cargo run -- watch {}", control::plan(run).display())
}

async fn ended(until: Until) {
    let on = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    let stdin = async {
        if until == Until::Signal {
            std::future::pending::<()>().await;
        }
        // A read of standard input cannot be cancelled: it has its own thread, which ends with the process.
        let closed = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        let _ = closed.await;
    };
    // The end of a terminal (SIGHUP) does not end a lab that was started from it.
    let hang_up = async {
        on(SignalKind::hangup()).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = on(SignalKind::interrupt()) => {}
        _ = on(SignalKind::terminate()) => {}
        () = stdin => {}
        () = hang_up => {}
    }
}

async fn accept(listener: UnixListener, supervisor: Arc<Supervisor>, down: watch::Sender<bool>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (supervisor, down) = (supervisor.clone(), down.clone());
        tokio::spawn(async move {
            // A client that has gone gets no answer.
            let _ = converse(stream, &supervisor, &down).await;
        });
    }
}

async fn converse(stream: UnixStream, supervisor: &Supervisor, down: &watch::Sender<bool>) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        let reply = match serde_json::from_str::<Request>(&line) {
            Ok(request) => supervisor.answer(request, down).await,
            Err(why) => Reply::Failed(format!("not a request: {why}")),
        };
        let mut text = serde_json::to_string(&reply)?;
        text.push('\n');
        writer.write_all(text.as_bytes()).await?;
    }
    Ok(())
}

fn refuse_second(run: &Path) -> Result<()> {
    match control::status(run) {
        Ok(_) => Err(Error::new(
            "bringing the lab up",
            format!("one is running already in {}: `landfall-lab down` ends it", run.display()),
        )),
        Err(_) => Ok(()),
    }
}

/// Starts a separate supervisor, waits until the lab is ready, and leaves it running.
///
/// # Errors
/// If a lab runs in this directory already, or this one does not start.
pub fn detached(run: &Path) -> Result<()> {
    use std::os::unix::process::CommandExt;
    refuse_second(run)?;
    let doing = || "starting the supervisor".to_owned();
    std::fs::create_dir_all(run).doing(doing)?;
    let log = run.join("supervisor.log");
    let mut child = Command::new(std::env::current_exe().doing(doing)?)
        .arg("--run")
        .arg(run)
        .args(["up", "--foreground"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log).doing(doing)?)
        .process_group(0)
        .spawn()
        .doing(doing)?;
    let (begin, mut detail) = (Instant::now(), String::new());
    loop {
        // Read before it can be removed together with the run directory.
        let why = std::fs::read_to_string(&log).unwrap_or_default();
        if let Some(last) =
            why.lines().rfind(|line| line.contains(" INFO ")).and_then(|line| line.split(" INFO ").nth(1))
            && last != detail
        {
            eprintln!("{:5.1} s  {last}", begin.elapsed().as_secs_f64());
            last.clone_into(&mut detail);
        }
        match control::status(run).map(|status| status.phase) {
            Ok(Phase::Ready) => break,
            Ok(Phase::Failed(why)) => return Err(Error::new("bringing the lab up", why)),
            Ok(Phase::Starting(_)) | Err(_) => {}
        }
        if let Some(status) = child.try_wait().doing(doing)? {
            return Err(Error::new("bringing the lab up", format!("{status}; {}", why.trim())));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("{}", how_to_watch(run));
    Ok(())
}

/// Ends the lab of a run directory and waits until nothing of it is left.
///
/// # Errors
/// If no lab runs there, or it does not end within half a minute.
pub fn down(run: &Path) -> Result<()> {
    control::ask(run, &Request::Down)?;
    let end = Instant::now() + Duration::from_secs(30);
    while run.exists() {
        if Instant::now() > end {
            return Err(Error::new("bringing the lab down", format!("{} is still there after 30 s", run.display())));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
