//! Owns the servers: starts them, fills them, keeps them active, breaks and mends them on request, and ends them all.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use landfall::engine::systems::Systems as _;
use landfall::{
    base::side::{Side, Sides},
    systems::{Estate, Readers},
};
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
};

use crate::{
    aws::{Endpoint, ec2, route53},
    cache,
    control::{self, Line, Phase, Reply, Request, Status},
    error::{Doing, Error, Result},
    estate::{Ports, REGIONS, SERVERS},
    keeper::Keeper,
    plan, ports,
    server::{How, Server, Spec},
};

/// A running lab.
#[derive(Debug)]
pub struct Supervisor {
    run: PathBuf,
    ports: Ports,
    keeper: Keeper,
    servers: BTreeMap<&'static str, Mutex<Server>>,
    phase: RwLock<Phase>,
    filled: Mutex<Filled>,
    reverse: watch::Sender<bool>,
}

/// Passwords and keys of the lab's plan and servers. Everything listens on the loopback only.
const SECRETS: [(&str, &str); 8] = [
    // The AWS endpoints accept any key; their logs distinguish the two.
    ("watch-access-key", "watch\n"),
    ("watch-secret-key", "lab\n"),
    ("operate-access-key", "operate\n"),
    ("operate-secret-key", "lab\n"),
    ("mongo-key", "aKeyThatOnlyTheLabsMembersKnow\n"),
    ("mongo-read", crate::estate::MONGO_PASSWORD),
    ("mongo-operate", crate::estate::MONGO_PASSWORD),
    ("mongo-canary", crate::estate::MONGO_PASSWORD),
];

/// A file that only its owner can read: mongod refuses a key file that others can read.
fn secret(file: &Path, text: &str) -> Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let doing = || format!("writing {}", file.display());
    let mut out = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
    out.as_mut().map_err(|e| std::io::Error::new(e.kind(), e.to_string())).doing(doing)?;
    out.doing(doing)?.write_all(text.as_bytes()).doing(doing)
}

/// What must be the same when an AWS endpoint is filled again.
#[derive(Debug, Default)]
struct Filled {
    zone: Option<String>,
    images: Sides<ec2::Images>,
}

impl Supervisor {
    /// Prepares a run in an existing directory: programs, ports, keeper. Starts no server yet.
    ///
    /// # Errors
    /// If the programs are not available, or no port is free.
    pub fn new(run: &Path) -> Result<Self> {
        let tools = cache::ready(|what| tracing::info!("{what}"))?;
        let this_program = std::env::current_exe().doing(|| "looking for this program".to_owned())?;
        let ports = ports::pick()?;
        for (file, text) in SECRETS {
            secret(&run.join(file), text)?;
        }
        let servers = SERVERS.into_iter().map(|name| {
            let data = run.join("data").join(name);
            (name, Mutex::new(Server::new(Spec::new(name, &ports, run, &tools, &this_program), data)))
        });
        Ok(Self {
            run: run.to_owned(),
            keeper: Keeper::start(&this_program, run)?,
            servers: servers.collect(),
            phase: RwLock::new(Phase::Starting("servers".to_owned())),
            filled: Mutex::default(),
            reverse: watch::Sender::new(false),
            ports,
        })
    }

    fn set(&self, phase: Phase) {
        tracing::info!("{phase:?}");
        *self.phase.write().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    /// Starts and fills everything; background tasks are added to `tasks`.
    ///
    /// # Errors
    /// If anything does not start.
    pub async fn up(&self, tasks: &mut JoinSet<()>) -> Result<()> {
        let result = self.start(tasks).await;
        self.set(match &result {
            Ok(()) => Phase::Ready,
            Err(why) => Phase::Failed(why.to_string()),
        });
        result
    }

    async fn start(&self, tasks: &mut JoinSet<()>) -> Result<()> {
        futures_util::future::try_join_all(
            self.servers.values().map(|s| async { s.lock().await.start(&self.keeper).await }),
        )
        .await?;
        self.set(Phase::Starting("replica sets, topics, 1,344 instances".to_owned()));
        tokio::try_join!(self.mongo(), self.kafka(tasks), self.aws())?;

        #[cfg(feature = "mongo")]
        for (set, _) in crate::estate::MEMBERS {
            tasks.spawn(crate::mongo::write(crate::mongo::uri(&self.ports, set)));
        }
        let zone = self.filled.lock().await.zone.clone().unwrap_or_default();
        let path = control::plan(&self.run);
        std::fs::write(&path, plan::text(&self.ports, &zone, &self.run))
            .doing(|| format!("writing {}", path.display()))?;
        if cfg!(feature = "aws") {
            self.set(Phase::Starting("the first listing of each fleet".to_owned()));
            warm(&path).await?;
        }
        Ok(())
    }

    #[cfg(feature = "mongo")]
    async fn mongo(&self) -> Result<()> {
        crate::mongo::initiate(&self.ports).await
    }

    #[cfg(not(feature = "mongo"))]
    async fn mongo(&self) -> Result<()> {
        Ok(())
    }

    #[cfg(feature = "kafka")]
    async fn kafka(&self, tasks: &mut JoinSet<()>) -> Result<()> {
        let ports = Sides::from_fn(|side| self.ports[&format!("kafka/{side}")]);
        crate::kafka::topics(ports).await?;
        crate::kafka::live(ports, self.reverse.subscribe(), tasks).await
    }

    #[cfg(not(feature = "kafka"))]
    async fn kafka(&self, _: &mut JoinSet<()>) -> Result<()> {
        Ok(())
    }

    fn endpoint(&self, side: Side) -> Result<Endpoint> {
        Endpoint::new(self.ports[&format!("aws/{side}")], REGIONS.get(side))
    }

    async fn aws(&self) -> Result<()> {
        self.fill_route53().await?;
        // The source's images first: the target's refer to them.
        self.images(Side::Source).await?;
        self.images(Side::Target).await?;
        let [source, target] = Side::BOTH.map(|side| self.fill_region(side));
        tokio::try_join!(source, target).map(drop)
    }

    async fn fill_route53(&self) -> Result<()> {
        let endpoint = Endpoint::new(self.ports["aws/route53"], REGIONS.source)?;
        let mut filled = self.filled.lock().await;
        filled.zone = Some(route53::fill(&endpoint).await?);
        Ok(())
    }

    async fn images(&self, side: Side) -> Result<()> {
        let mut filled = self.filled.lock().await;
        match side {
            Side::Source => filled.images.source = ec2::images(&self.endpoint(side)?, side, None).await?,
            Side::Target => {
                filled.images.target = ec2::images(&self.endpoint(side)?, side, Some(&filled.images.source)).await?
            }
        }
        Ok(())
    }

    async fn fill_region(&self, side: Side) -> Result<()> {
        let (endpoint, images) = (self.endpoint(side)?, self.filled.lock().await.images.get(side).clone());
        ec2::fill(&endpoint, side, &images).await
    }

    /// Answers a request. `down` is set when everything must end.
    pub async fn answer(&self, request: Request, down: &watch::Sender<bool>) -> Reply {
        let done = match request {
            Request::Status => return Reply::Status(self.status().await),
            Request::Break { name, how } => self.break_(&name, how).await,
            Request::Mend { name } => self.mend(&name).await,
            Request::Reverse { on } => {
                self.reverse.send_replace(on);
                Ok(())
            }
            Request::Down => {
                down.send_replace(true);
                Ok(())
            }
        };
        done.map_or_else(|why| Reply::Failed(why.to_string()), |()| Reply::Done)
    }

    fn server(&self, name: &str) -> Result<&Mutex<Server>> {
        self.servers.get(name).ok_or_else(|| {
            Error::new(format!("looking for {name:?}"), format!("the servers are: {}", SERVERS.join(", ")))
        })
    }

    async fn break_(&self, name: &str, how: How) -> Result<()> {
        self.server(name)?.lock().await.break_(how, &self.keeper).await
    }

    async fn mend(&self, name: &str) -> Result<()> {
        let mut server = self.server(name)?.lock().await;
        let had_process = server.pid().is_some();
        server.start(&self.keeper).await?;
        // moto loses everything with its process.
        if !had_process {
            match name {
                "aws/route53" => self.fill_route53().await?,
                "aws/source" => self.refill(Side::Source).await?,
                "aws/target" => self.refill(Side::Target).await?,
                _ => {}
            }
        }
        Ok(())
    }

    async fn refill(&self, side: Side) -> Result<()> {
        self.images(side).await?;
        self.fill_region(side).await
    }

    async fn status(&self) -> Status {
        let mut servers = BTreeMap::new();
        for (name, server) in &self.servers {
            let mut server = server.lock().await;
            let line =
                Line { port: server.spec.port, pid: server.pid(), condition: server.condition(), log: server.log() };
            servers.insert((*name).to_owned(), line);
        }
        let phase = self.phase.read().unwrap_or_else(PoisonError::into_inner).clone();
        Status { phase, plan: control::plan(&self.run), reverse: *self.reverse.borrow(), servers }
    }

    /// Ends every server and removes the run directory.
    pub async fn end(&self) {
        let ends = self.servers.values().map(|server| async { server.lock().await.end(&self.keeper).await });
        for result in futures_util::future::join_all(ends).await {
            if let Err(why) = result {
                tracing::error!("{why}");
            }
        }
        crate::keeper::remove(&self.run);
    }
}

/// moto takes many seconds to list a thousand instances for the first time and answers from memory afterwards:
/// landfall's queries are made here once, so that its first ones do not time out.
async fn warm(plan: &Path) -> Result<()> {
    let doing = || "listing the fleets".to_owned();
    let plan = Arc::new(landfall::systems::load_plan(plan).doing(doing)?.0);
    let (_, collectors) = Estate::new(&plan);
    let readers = Readers::new(&plan);
    for source in collectors.iter().filter(|s| Estate::queried(&s.query) == "ec2") {
        let mut left = 5;
        while let Err(why) = readers.ask(&source.query).await {
            left -= 1;
            if left == 0 {
                return Err(Error::new(doing(), why));
            }
        }
    }
    Ok(())
}
