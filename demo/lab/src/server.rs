//! One server of the lab: a child process in its own process group, which can be stopped, frozen, killed and mended.

use std::{
    fs::OpenOptions,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{
    cache::Tools,
    error::{Doing, Error, Result},
    estate::Ports,
    keeper::Keeper,
};

/// How a server is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// SIGTERM, and SIGKILL if it does not go in time: connections are closed, then refused.
    Stop,
    /// SIGSTOP: connections stay open and nothing answers.
    Freeze,
    /// SIGKILL: connections are reset, then refused.
    Kill,
}

/// The condition of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Running.
    Up,
    /// Frozen by `break`.
    Frozen,
    /// Stopped or killed by `break`, or not started yet.
    Down,
    /// Ended by itself: a defect of the lab.
    Died,
}

/// What to run.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The server's name.
    pub name: String,
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// Program.
    pub program: PathBuf,
    /// Arguments.
    pub args: Vec<String>,
}

impl Spec {
    /// The server with this name, in a run directory. Services of the lab itself are run by `this_program`.
    #[must_use]
    pub fn new(name: &str, ports: &Ports, run: &Path, tools: &Tools, this_program: &Path) -> Self {
        let data = &run.join("data").join(name);
        let port = ports[name];
        let (kind, rest) = name.split_once('/').unwrap_or((name, ""));
        let (program, args) = match kind {
            "mongo" => (&*tools.mongod, mongod(rest, port, data, &run.join("mongo-key"))),
            "kafka" => (&*tools.broker, broker(port, data)),
            "aws" => (&*tools.python, moto(port)),
            "dns" => (this_program, words(&format!("serve-dns --port {port} --route53 {}", ports["aws/route53"]))),
            _ => (this_program, words(&format!("serve-metrics --port {port}"))),
        };
        Self { name: name.to_owned(), port, program: program.to_owned(), args }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Small and fast: without the log option each node takes hundreds of MB; without the time-out SIGTERM takes 15 s.
/// With a key, so that all clients must log in.
fn mongod(set_and_number: &str, port: u16, data: &Path, key: &Path) -> Vec<String> {
    let set = set_and_number.split('/').next().unwrap_or_default();
    let mut args = words(&format!(
        "--replSet {set} --port {port} --bind_ip 127.0.0.1 --oplogSize 64 --wiredTigerCacheSizeGB 0.25 --nounixsocket \
         --setParameter diagnosticDataCollectionEnabled=false --setParameter enableTestCommands=1 \
         --setParameter shutdownTimeoutMillisForSignaledShutdown=500"
    ));
    args.extend(["--wiredTigerEngineConfigString".to_owned(), "log=(prealloc=false,file_max=4MB)".to_owned()]);
    args.extend(["--keyFile".to_owned(), key.display().to_string()]);
    args.extend(["--dbpath".to_owned(), data.display().to_string()]);
    args
}

fn moto(port: u16) -> Vec<String> {
    let mut args = vec!["-c".to_owned(), include_str!("aws/moto.py").to_owned()];
    args.extend(words(&format!("-H 127.0.0.1 -p {port}")));
    args
}

fn broker(port: u16, data: &Path) -> Vec<String> {
    let mut args = words(&format!("start --only kafka --host 127.0.0.1 --kafka-port {port} --data-dir"));
    args.push(data.display().to_string());
    args
}

/// A server and its process, if it has one.
#[derive(Debug)]
pub struct Server {
    /// What to run.
    pub spec: Spec,
    data: PathBuf,
    child: Option<Child>,
    frozen: bool,
    wanted: bool,
}

/// How long a server may take to answer after its start: on a busy machine moto alone takes half a minute.
const START: Duration = Duration::from_secs(120);
/// How long a server may take to end after SIGTERM.
const GO: Duration = Duration::from_secs(20);

impl Server {
    /// Not started yet.
    #[must_use]
    pub const fn new(spec: Spec, data: PathBuf) -> Self {
        Self { spec, data, child: None, frozen: false, wanted: false }
    }

    /// The log file: what the server prints.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// Its process id, while it has one.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Its condition.
    pub fn condition(&mut self) -> Condition {
        let alive = self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)));
        match (self.wanted, alive, self.frozen) {
            (_, true, true) => Condition::Frozen,
            (_, true, false) => Condition::Up,
            (true, false, _) => Condition::Died,
            (false, false, _) => Condition::Down,
        }
    }

    /// Starts it, or resumes it, and waits until it accepts connections.
    ///
    /// # Errors
    /// If the program is missing, or it ends or does not answer; with the last lines of its log.
    pub async fn start(&mut self, keeper: &Keeper) -> Result<()> {
        match self.condition() {
            Condition::Up => {}
            Condition::Frozen => {
                self.signal(Signal::CONT)?;
                self.frozen = false;
            }
            Condition::Down | Condition::Died => self.spawn(keeper)?,
        }
        self.wait_for_port().await
    }

    fn spawn(&mut self, keeper: &Keeper) -> Result<()> {
        let doing = || format!("starting {}", self.spec.name);
        std::fs::create_dir_all(&self.data).doing(doing)?;
        let log = OpenOptions::new().create(true).append(true).open(self.log()).doing(doing)?;
        let child = Command::new(&self.spec.program)
            .args(&self.spec.args)
            // moto: only the images that the lab registers.
            .env("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
            .stdin(Stdio::null())
            .stdout(log.try_clone().doing(doing)?)
            .stderr(log)
            // Its own group: Ctrl-C at the terminal does not reach it, and a signal to the group reaches all its
            // processes.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .doing(|| format!("starting {} ({})", self.spec.name, self.spec.program.display()))?;
        if let Some(pid) = child.id() {
            keeper.watch(pid);
        }
        (self.child, self.frozen, self.wanted) = (Some(child), false, true);
        Ok(())
    }

    async fn wait_for_port(&mut self) -> Result<()> {
        let end = Instant::now() + START;
        loop {
            if matches!(timeout(START, TcpStream::connect((Ipv4Addr::LOCALHOST, self.spec.port))).await, Ok(Ok(_))) {
                return Ok(());
            }
            if self.condition() != Condition::Up || Instant::now() > end {
                return Err(Error::new(format!("starting {}", self.spec.name), self.last_lines()));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn last_lines(&self) -> String {
        let log = std::fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let last: Vec<_> = log.lines().rev().take(3).collect();
        format!(
            "it does not answer on port {}; its log ends: {}",
            self.spec.port,
            last.into_iter().rev().collect::<Vec<_>>().join(" / ")
        )
    }

    /// Breaks it.
    ///
    /// # Errors
    /// If it is not running.
    pub async fn break_(&mut self, how: How, keeper: &Keeper) -> Result<()> {
        if !matches!(self.condition(), Condition::Up | Condition::Frozen) {
            return Err(Error::new(format!("breaking {}", self.spec.name), "it is not running: mend it first"));
        }
        match how {
            How::Freeze => {
                self.signal(Signal::STOP)?;
                self.frozen = true;
                return Ok(());
            }
            How::Stop => {
                self.signal(Signal::TERM)?;
                // A frozen process handles SIGTERM only when it continues.
                self.signal(Signal::CONT)?;
            }
            How::Kill => self.signal(Signal::KILL)?,
        }
        self.wanted = false;
        self.reap(keeper).await
    }

    /// Kills it for good with SIGKILL, whatever its condition. Its data will be removed.
    ///
    /// # Errors
    /// If the signal is refused.
    pub async fn end(&mut self, keeper: &Keeper) -> Result<()> {
        self.wanted = false;
        if matches!(self.condition(), Condition::Up | Condition::Frozen) {
            self.signal(Signal::KILL)?;
            self.reap(keeper).await?;
        }
        Ok(())
    }

    async fn reap(&mut self, keeper: &Keeper) -> Result<()> {
        let pid = self.pid();
        let Some(child) = &mut self.child else { return Ok(()) };
        if timeout(GO, child.wait()).await.is_err() {
            child.kill().await.doing(|| format!("killing {}", self.spec.name))?;
        }
        if let Some(pid) = pid {
            keeper.forget(pid);
        }
        (self.child, self.frozen) = (None, false);
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.pid().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let Some(pid) = pid else { return Ok(()) };
        kill_process_group(pid, signal).doing(|| format!("sending {signal:?} to {}", self.spec.name))
    }
}
