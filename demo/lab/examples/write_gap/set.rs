//! A replica set of its own, each member behind a relay: default timings, logins, two sites.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use landfall::plan::{Plan, Side};
use landfall_lab::{cache, estate, mongo, ports, wire::Wire};
use mongodb::{
    Client,
    bson::{Bson, Document, doc},
    options::ClientOptions,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::Failure;

/// Its name.
pub const NAME: &str = "gap";
const SIDES: [Side; 3] = [Side::Source, Side::Target, Side::Target];

/// The set. Ends when it is dropped.
pub struct Set {
    dir: PathBuf,
    hosts: Vec<String>,
    members: Vec<Child>,
    _relays: JoinSet<()>,
}

impl Drop for Set {
    fn drop(&mut self) {
        for member in &mut self.members {
            let _ = member.kill();
            let _ = member.wait();
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Set {
    /// Starts the members and makes the set.
    pub async fn start(delay: Duration) -> Result<Self, Failure> {
        let tools = tokio::task::spawn_blocking(|| cache::ready(|_| {})).await??;
        let dir = std::env::temp_dir().join(format!("landfall-write-gap-{}", std::process::id()));
        std::fs::create_dir_all(&dir)?;
        let key = dir.join("key");
        std::fs::write(&key, "aKeyThatOnlyTheLabsMembersKnow\n")?;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600))?;
        for name in ["watch", "operate"] {
            std::fs::write(dir.join(name), estate::MONGO_PASSWORD)?;
        }
        let ports: Vec<u16> = ports::pick()?.into_values().collect();
        let wire = Wire::new(delay);
        let mut set = Self { dir: dir.clone(), hosts: Vec::new(), members: Vec::new(), _relays: JoinSet::new() };
        for (n, side) in SIDES.into_iter().enumerate() {
            let (own, relay) = (ports[n], ports[n + SIDES.len()]);
            let data = dir.join(format!("data-{n}"));
            std::fs::create_dir_all(&data)?;
            let child = Command::new(&tools.mongod)
                .args(["--replSet", NAME, "--bind_ip", "127.0.0.1", "--nounixsocket", "--oplogSize", "200"])
                .args(["--wiredTigerCacheSizeGB", "0.25", "--port", &own.to_string()])
                .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
                .args(["--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=4MB)"])
                // Logins for landfall, none for the writers, whose only matter is time.
                .args(["--transitionToAuth", "--keyFile"])
                .arg(&key)
                .arg("--dbpath")
                .arg(&data)
                .stdout(Stdio::from(std::fs::File::create(dir.join(format!("log-{n}")))?))
                .spawn()?;
            wire.member(child.id(), side);
            set.members.push(child);
            wire.relay(relay, own, side, &mut set._relays).await?;
            set.hosts.push(format!("127.0.0.1:{relay}"));
        }
        set.initiate(ports[0]).await?;
        Ok(set)
    }

    async fn initiate(&self, first: u16) -> Result<(), Failure> {
        // Straight to the member: only who comes from the same machine may make the first login.
        let first = format!("127.0.0.1:{first}");
        let admin = Client::with_uri_str(format!("mongodb://{first}/?directConnection=true")).await?.database("admin");
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
                return Err(why.into());
            }
            sleep(Duration::from_millis(200)).await;
        }
        while !admin.run_command(doc! { "hello": 1 }).await?.get_bool("isWritablePrimary").unwrap_or(false) {
            sleep(Duration::from_millis(200)).await;
        }
        mongo::logins(&first).await?;
        // Until all have the logins and follow.
        for host in &self.hosts {
            while !self
                .hello(host)
                .await
                .is_some_and(|h| ["secondary", "isWritablePrimary"].iter().any(|key| h.get_bool(key).unwrap_or(false)))
            {
                sleep(Duration::from_millis(200)).await;
            }
        }
        sleep(Duration::from_secs(5)).await;
        Ok(())
    }

    /// The plan of the one step that moves its primary.
    pub fn plan(&self) -> Result<Plan, Failure> {
        let login = |name: &str| {
            format!("{{ username = \"landfall-{name}\", password = {{ file = {:?} }} }}", self.dir.join(name))
        };
        let text = format!(
            "schema = 1\nname = \"write gap\"\n[sites.source]\nlabel = \"VIR\"\nregion = \"us-east-1\"\n[sites.target]\nlabel = \"ORE\"\n\
             region = \"us-west-2\"\n[[replica_set]]\nname = {NAME:?}\nuri = \"mongodb://{}/?replicaSet={NAME}\"\nlogin = {}\nwrite_login = {}\n\
             source = {{ tag = \"region\", value = \"us-east-1\" }}\ntarget = {{ tag = \"region\", value = \"us-west-2\" }}\n\
             [[phase]]\nid = \"data\"\ntitle = \"Data\"\n[[phase.step]]\nid = \"{}\"\ntitle = \"The primary\"\n\
             action = {{ move_primary = {{ set = {NAME:?}, to = \"target\" }} }}\n\
             gates = [{{ metric = \"mongo.set.worst_target_lag\", where = {{ set = {NAME:?} }}, op = \"<=\", value = \"2s\" }}]\n\
             verify = [{{ metric = \"mongo.set.primary_on_target\", where = {{ set = {NAME:?} }}, op = \"==\", value = true }}]\n",
            self.hosts.join(","),
            login("watch"),
            login("operate"),
            super::STEP,
        );
        let (plan, _) = Plan::parse(Path::new("write-gap.toml"), &text).map_err(|faulty| faulty.render(false))?;
        Ok(plan)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(String::as_str)
    }

    pub fn side(&self, host: &str) -> Option<Side> {
        self.hosts.iter().position(|h| h == host).map(|n| SIDES[n])
    }

    /// A client of one member that never tries anything twice.
    pub async fn client(&self, host: &str) -> Result<Client, Failure> {
        let mut options = ClientOptions::parse(mongo::direct(host)).await?;
        options.retry_writes = Some(false);
        options.retry_reads = Some(false);
        options.max_pool_size = Some(50);
        options.server_selection_timeout = Some(Duration::from_secs(5));
        Ok(Client::with_options(options)?)
    }

    async fn command(&self, host: &str, command: Document) -> Result<Document, Failure> {
        let client = self.client(host).await?;
        let reply = client.database("admin").run_command(command).await;
        client.shutdown().immediate(true).await;
        Ok(reply?)
    }

    async fn hello(&self, host: &str) -> Option<Document> {
        self.command(host, doc! { "hello": 1 }).await.ok()
    }

    /// Who accepts writes.
    pub async fn leader(&self) -> Option<String> {
        for host in &self.hosts {
            if self.hello(host).await.is_some_and(|h| h.get_bool("isWritablePrimary").unwrap_or(false)) {
                return Some(host.clone());
            }
        }
        None
    }

    /// Raises the priority of this side's first member above all others.
    pub async fn prefer(&self, side: Side) -> Result<(), Failure> {
        let leader = self.leader().await.ok_or("nobody leads")?;
        let mut config = self.command(&leader, doc! { "replSetGetConfig": 1 }).await?.get_document("config")?.clone();
        let mut given = false;
        for member in config.get_array_mut("members")?.iter_mut().filter_map(Bson::as_document_mut) {
            let own = member.get_str("host").ok().and_then(|host| self.side(host)) == Some(side);
            member.insert("priority", if own && !given { 5.0 } else { 1.0 });
            given |= own;
        }
        config.insert("version", config.get_i32("version")? + 1);
        self.command(&leader, doc! { "replSetReconfig": config }).await?;
        Ok(())
    }

    /// The source's first member leads again, whatever that takes.
    pub async fn reset(&self) -> Result<(), Failure> {
        self.prefer(Side::Source).await?;
        let end = Instant::now() + Duration::from_secs(60);
        while self.leader().await.as_ref() != self.hosts.first() && Instant::now() < end {
            if let Some(leader) = self.leader().await.filter(|l| Some(l) != self.hosts.first()) {
                // A refusal is tried again.
                let _ = self.command(&leader, doc! { "replSetStepDown": 20, "secondaryCatchUpPeriodSecs": 10 }).await;
            }
            sleep(Duration::from_secs(2)).await;
        }
        sleep(Duration::from_secs(10)).await;
        Ok(())
    }
}
