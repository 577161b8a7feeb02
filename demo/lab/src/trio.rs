//! A separate replica set, one source and two target members, each behind a relay that can delay or cut: the server's
//! default timings, with logins. For measurements, and for tests that a whole lab would disturb.

use std::{
    fs::{self, File},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use landfall::base::side::Side;
use mongodb::{
    Client,
    bson::{Bson, Document, doc},
    options::ClientOptions,
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    cache,
    error::{Doing, Error, Result},
    estate,
    keeper::{self, Keeper},
    live::program,
    mongo, ports,
    wire::Wire,
};

/// Name of the set.
pub const NAME: &str = "trio";
/// The only step of its plan: the primary moves to the target.
pub const STEP: &str = "home";
/// The sides of its members. The first leads at the beginning.
pub const SIDES: [Side; 3] = [Side::Source, Side::Target, Side::Target];

/// The set. Ends when it is dropped, or with this process however that ends.
#[derive(Debug)]
pub struct Trio {
    /// The network between its sites.
    pub wire: Wire,
    dir: PathBuf,
    hosts: Vec<String>,
    members: Vec<Child>,
    keeper: Keeper,
    _relays: JoinSet<()>,
}

impl Drop for Trio {
    fn drop(&mut self) {
        for member in &mut self.members {
            let _ = member.kill();
            let _ = member.wait();
            self.keeper.forget(member.id());
        }
        keeper::remove(&self.dir);
    }
}

impl Trio {
    /// Starts the members and initiates the set; traffic between the sites is delayed by `delay` each way.
    ///
    /// # Errors
    /// If a member does not start, the set does not form, or the program `landfall-lab`, which runs the keeper, was
    /// not built.
    pub async fn start(delay: Duration) -> Result<Self> {
        let doing = || "starting a set of three".to_owned();
        let tools = tokio::task::spawn_blocking(|| cache::ready(|_| {})).await.doing(doing)??;
        let dir = std::env::temp_dir().join(format!("landfall-trio-{}-{}", std::process::id(), fastrand::u32(..)));
        fs::create_dir_all(&dir).doing(doing)?;
        // Members that outlived this process would disturb the next measurement, or stay frozen for ever.
        let keeper = Keeper::start(&program("landfall-lab")?, &dir)?;
        let key = dir.join("key");
        fs::write(&key, "aKeyThatOnlyTheLabsMembersKnow\n").doing(doing)?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).doing(doing)?;
        for name in ["read", "operate"] {
            fs::write(dir.join(name), estate::MONGO_PASSWORD).doing(doing)?;
        }
        let ports: Vec<u16> = ports::pick()?.into_values().collect();
        let mut set = Self {
            wire: Wire::new(delay),
            dir: dir.clone(),
            hosts: Vec::new(),
            members: Vec::new(),
            keeper,
            _relays: JoinSet::new(),
        };
        for (n, side) in SIDES.into_iter().enumerate() {
            let (own, relay) = (ports[n], ports[n + SIDES.len()]);
            let data = dir.join(format!("data-{n}"));
            fs::create_dir_all(&data).doing(doing)?;
            let child = Command::new(&tools.mongod)
                .args(["--replSet", NAME, "--bind_ip", "127.0.0.1", "--nounixsocket", "--oplogSize", "200"])
                .args(["--wiredTigerCacheSizeGB", "0.25", "--port", &own.to_string()])
                .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
                .args(["--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=4MB)"])
                // Logins for landfall, none for the writers that only measure time.
                .args(["--transitionToAuth", "--keyFile"])
                .arg(&key)
                .arg("--dbpath")
                .arg(&data)
                .stdout(Stdio::from(File::create(set.log_file(n)).doing(doing)?))
                // Its own group, which the keeper ends.
                .process_group(0)
                .spawn()
                .doing(doing)?;
            set.keeper.watch(child.id());
            set.wire.member(child.id(), side);
            set.members.push(child);
            set.wire.relay(relay, own, side, &mut set._relays).await?;
            set.hosts.push(format!("127.0.0.1:{relay}"));
        }
        set.initiate(ports[0]).await?;
        Ok(set)
    }

    async fn initiate(&self, first: u16) -> Result<()> {
        let doing = || "making a set of three".to_owned();
        // Directly to the member: only a client on the same machine may create the first login.
        let first = format!("127.0.0.1:{first}");
        let uri = format!("mongodb://{first}/?directConnection=true");
        let admin = Client::with_uri_str(uri).await.doing(doing)?.database("admin");
        let end = Instant::now() + Duration::from_secs(60);
        let members: Vec<Bson> = (0_i32..)
            .zip(&self.hosts)
            .zip(SIDES)
            .map(|((id, host), side)| {
                let first = if id == 0 { 2.0 } else { 1.0 };
                Bson::from(doc! { "_id": id, "host": host, "priority": first, "tags": { "region": *estate::REGIONS.get(side) } })
            })
            .collect();
        let config = doc! { "_id": NAME, "members": members };
        while let Err(why) = admin.run_command(doc! { "replSetInitiate": config.clone() }).await {
            if Instant::now() > end {
                return Err(Error::new(doing(), why));
            }
            sleep(Duration::from_millis(200)).await;
        }
        while !admin.run_command(doc! { "hello": 1 }).await.doing(doing)?.get_bool("isWritablePrimary").unwrap_or(false)
        {
            sleep(Duration::from_millis(200)).await;
        }
        mongo::logins(&first).await?;
        // Wait until all have the logins and follow.
        for host in &self.hosts {
            let follows =
                |h: Document| ["secondary", "isWritablePrimary"].iter().any(|key| h.get_bool(key).unwrap_or(false));
            while !self.hello(host).await.is_some_and(follows) {
                sleep(Duration::from_millis(200)).await;
            }
        }
        sleep(Duration::from_secs(5)).await;
        Ok(())
    }

    /// The plan with the only step, which moves its primary.
    #[must_use]
    pub fn plan(&self) -> String {
        let login = |name: &str| {
            format!("{{ username = \"landfall-{name}\", password = {{ file = {:?} }} }}", self.dir.join(name))
        };
        format!(
            "schema = 1\nname = \"a set of three\"\n[sites.source]\nlabel = \"VIR\"\nregion = \"us-east-1\"\n[sites.target]\nlabel = \"ORE\"\n\
             region = \"us-west-2\"\n[[replica_set]]\nname = {NAME:?}\nuri = \"mongodb://{}/?replicaSet={NAME}\"\nlogin = {}\nwrite_login = {}\n\
             source = {{ tag = \"region\", value = \"us-east-1\" }}\ntarget = {{ tag = \"region\", value = \"us-west-2\" }}\n\
             [[phase]]\nid = \"data\"\ntitle = \"Data\"\n[[phase.step]]\nid = \"{STEP}\"\ntitle = \"The primary goes to the target\"\n\
             action = {{ move_primary = {{ set = {NAME:?}, to = \"target\" }} }}\n\
             gates = [{{ metric = \"mongo.set.worst_target_lag\", where = {{ set = {NAME:?} }}, op = \"<=\", value = \"2s\" }}]\n\
             verify = [{{ metric = \"mongo.set.primary_on_target\", where = {{ set = {NAME:?} }}, op = \"==\", value = true }}]\n",
            self.hosts.join(","),
            login("read"),
            login("operate"),
        )
    }

    /// The folder of its files; removed when it ends.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its members, by their names in the set.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(String::as_str)
    }

    /// A member's side.
    #[must_use]
    pub fn side(&self, host: &str) -> Option<Side> {
        self.hosts.iter().position(|h| h == host).map(|n| SIDES[n])
    }

    fn log_file(&self, n: usize) -> PathBuf {
        self.dir.join(format!("log-{n}"))
    }

    /// The log of a member so far, one document a line.
    #[must_use]
    pub fn log(&self, n: usize) -> String {
        fs::read_to_string(self.log_file(n)).unwrap_or_default()
    }

    /// SIGSTOP: connections stay open and nothing answers; or SIGCONT.
    pub fn freeze(&self, n: usize, on: bool) {
        let pid = self.members.get(n).and_then(|m| i32::try_from(m.id()).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, if on { Signal::STOP } else { Signal::CONT });
        }
    }

    /// A client of one member that never retries.
    ///
    /// # Errors
    /// If it cannot be created.
    pub async fn client(&self, host: &str) -> Result<Client> {
        let doing = || format!("connecting to {host}");
        let mut options = ClientOptions::parse(mongo::direct(host)).await.doing(doing)?;
        options.retry_writes = Some(false);
        options.retry_reads = Some(false);
        options.max_pool_size = Some(50);
        options.server_selection_timeout = Some(Duration::from_secs(5));
        Client::with_options(options).doing(doing)
    }

    async fn command(&self, host: &str, command: Document) -> Result<Document> {
        let client = self.client(host).await?;
        let reply = client.database("admin").run_command(command).await;
        client.shutdown().immediate(true).await;
        reply.doing(|| format!("asking {host}"))
    }

    async fn hello(&self, host: &str) -> Option<Document> {
        self.command(host, doc! { "hello": 1 }).await.ok()
    }

    /// The member that accepts writes.
    pub async fn leader(&self) -> Option<String> {
        for host in &self.hosts {
            if self.hello(host).await.is_some_and(|h| h.get_bool("isWritablePrimary").unwrap_or(false)) {
                return Some(host.clone());
            }
        }
        None
    }

    /// The configuration according to the primary: its version, and all members' priorities.
    ///
    /// # Errors
    /// If there is no primary, or it does not answer.
    pub async fn config(&self) -> Result<(i32, Vec<f64>)> {
        let doing = || "reading the configuration".to_owned();
        let config = self.whole_config().await?;
        let members = config.get_array("members").doing(doing)?.iter().filter_map(Bson::as_document);
        let priorities = members.map(|m| m.get_f64("priority").or_else(|_| m.get_i32("priority").map(f64::from)));
        Ok((config.get_i32("version").doing(doing)?, priorities.collect::<std::result::Result<_, _>>().doing(doing)?))
    }

    async fn whole_config(&self) -> Result<Document> {
        let doing = || "reading the configuration".to_owned();
        let leader = self.leader().await.ok_or_else(|| Error::new(doing(), "nobody leads"))?;
        let reply = self.command(&leader, doc! { "replSetGetConfig": 1 }).await?;
        reply.get_document("config").cloned().doing(doing)
    }

    /// Raises the priority of this side's first member above all others.
    ///
    /// # Errors
    /// If there is no primary, or it refuses.
    pub async fn prefer(&self, side: Side) -> Result<()> {
        let doing = || format!("preferring the {side}");
        let leader = self.leader().await.ok_or_else(|| Error::new(doing(), "nobody leads"))?;
        let mut config = self.whole_config().await?;
        let mut given = false;
        for member in config.get_array_mut("members").doing(doing)?.iter_mut().filter_map(Bson::as_document_mut) {
            let own = member.get_str("host").ok().and_then(|host| self.side(host)) == Some(side);
            member.insert("priority", if own && !given { 5.0 } else { 1.0 });
            given |= own;
        }
        config.insert("version", config.get_i32("version").doing(doing)? + 1);
        self.command(&leader, doc! { "replSetReconfig": config }).await.map(drop)
    }

    /// Makes the source's first member the primary again, with retries.
    ///
    /// # Errors
    /// If there is no primary.
    pub async fn reset(&self) -> Result<()> {
        self.prefer(Side::Source).await?;
        let end = Instant::now() + Duration::from_secs(60);
        while self.leader().await.as_ref() != self.hosts.first() && Instant::now() < end {
            if let Some(leader) = self.leader().await.filter(|l| Some(l) != self.hosts.first()) {
                // A refused command is retried.
                let _ = self.command(&leader, doc! { "replSetStepDown": 20, "secondaryCatchUpPeriodSecs": 10 }).await;
            }
            sleep(Duration::from_secs(2)).await;
        }
        sleep(Duration::from_secs(10)).await;
        Ok(())
    }
}
