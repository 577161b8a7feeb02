//! A read-only connection to one member: a closed list of commands, none of which changes anything.
//!
//! The driver's client is private to this file. No code outside it can run any other command.

use std::time::Duration;

use mongodb::{
    Client,
    bson::{Document, doc},
    error::ErrorKind,
    options::{ClientOptions, ServerAddress, ServerMonitoringMode},
};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::{
    faults::{fault, login_refused},
    operations,
};
use base::observed::{Fault, FaultKind};
use plan::{Login, ReplicaSet};

/// The connect time-out. Shorter than the shortest query time-out, so that a server that is down is reported as unreachable and not as
/// slow.
pub(super) const CONNECT: Duration = Duration::from_secs(2);

/// How long closing may take at the server; its sessions expire by themselves otherwise.
const GOODBYE: Duration = Duration::from_millis(200);

/// The complete list of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Hello,
    Status,
    Server,
    /// With the commitment status, which only a primary reports.
    Committed,
    Config,
    /// The write concern of writes that name none.
    DefaultWrite,
    /// The last lines of its log.
    Log,
    /// The users' operations in progress that a step down would kill.
    Operations,
    /// The permissions of the login.
    Grants,
}

impl Command {
    /// The name under which permissions are granted.
    const fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Status => "replSetGetStatus",
            Self::Server => "serverStatus",
            Self::Committed | Self::Config => "replSetGetConfig",
            Self::DefaultWrite => "getDefaultRWConcern",
            Self::Log => "getLog",
            Self::Operations => "inprog",
            Self::Grants => "connectionStatus",
        }
    }

    /// The login that the command uses. If the plan names no login, one connection is used for all.
    pub(super) const fn asked_as(self, set: &ReplicaSet) -> As {
        match self {
            Self::Hello => As::Nobody,
            Self::Grants => As::Canary,
            _ if set.read.is_some() => As::Reader,
            _ => As::Nobody,
        }
    }

    fn document(self) -> Document {
        match self {
            Self::Hello => doc! { "hello": 1 },
            Self::Status => doc! { "replSetGetStatus": 1 },
            // Its large sections are excluded: they cost the server more than all other queries. `repl` names the set.
            Self::Server => doc! {
                "serverStatus": 1, "oplog": 1, "metrics": 0, "wiredTiger": 0, "tcmalloc": 0, "locks": 0, "transactions": 0,
                "opLatencies": 0, "logicalSessionRecordCache": 0, "network": 0,
            },
            Self::Committed => doc! { "replSetGetConfig": 1, "commitmentStatus": true },
            Self::Config => doc! { "replSetGetConfig": 1 },
            Self::DefaultWrite => doc! { "getDefaultRWConcern": 1 },
            Self::Log => doc! { "getLog": "global" },
            Self::Operations => operations::command(),
            Self::Grants => doc! { "connectionStatus": 1, "showPrivileges": true },
        }
    }
}

/// The login of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum As {
    /// No login.
    Nobody,
    /// The plan's reading login; no login where it names none.
    Reader,
    /// The canary's login: only for the queries of `landfall check`.
    Canary,
}

impl As {
    fn of(self, set: &ReplicaSet) -> Option<&Login> {
        match self {
            Self::Nobody => None,
            Self::Reader => set.read.as_ref(),
            Self::Canary => set.canary.as_ref()?.login.as_ref(),
        }
    }
}

/// The result of a command: expected error codes of the server are part of its replies (94 = no configuration yet).
pub(super) enum Reply {
    Document(Document),
    Code(i32),
}

/// A connection to one member.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    client: Client,
    host: String,
}

impl Reader {
    /// Connects, with a login of the plan where the query needs one.
    pub(super) async fn new(set: &ReplicaSet, host: &str, login: As) -> Result<Self, Fault> {
        let client = connect(set, host, login.of(set), (APP, CONNECT)).await?;
        Ok(Self { client, host: host.to_owned() })
    }

    /// Closes the connection.
    pub(super) async fn close(self) {
        close(self.client).await;
    }

    /// Queries. An error code among `expected` is a reply, any other error a fault.
    pub(super) async fn ask(&self, command: Command, expected: &[i32]) -> Result<Reply, Failure> {
        match self.client.database("admin").run_command(command.document()).await {
            Ok(document) => Ok(Reply::Document(document)),
            Err(e) => match *e.kind {
                ErrorKind::Command(ref c) if expected.contains(&c.code) => Ok(Reply::Code(c.code)),
                _ => Err(Failure { fault: fault(&self.host, command.name(), &e), login: login_refused(&e) }),
            },
        }
    }
}

/// A failed query.
pub(super) struct Failure {
    pub(super) fault: Fault,
    /// The login itself was refused, not only this command: the connection cannot be used again.
    pub(super) login: bool,
}

/// The application name of read-only connections.
pub(super) const APP: &str = "landfall";
/// The application name of a canary's connections.
pub(super) const CANARY: &str = "landfall canary";

/// A client of one member, with this login, or without one. It uses this application name and connect time-out.
pub(super) async fn connect(
    set: &ReplicaSet,
    host: &str,
    login: Option<&Login>,
    (app, patience): (&str, Duration),
) -> Result<Client, Fault> {
    let mut options = options(set, host).await?;
    options.app_name = Some(app.to_owned());
    options.connect_timeout = Some(patience);
    options.server_selection_timeout = Some(patience);
    log_in(&mut options, host, login)?;
    // `hello` is streamed over a separate client; this one only has to notice that its server is back.
    options.server_monitoring_mode = Some(ServerMonitoringMode::Poll);
    options.heartbeat_freq = Some(CONNECT);
    Client::with_options(options).map_err(|e| fault(host, "connect", &e))
}

/// Sets the login of a client. The password is read now, and again whenever a client is created.
pub(super) fn log_in(options: &mut ClientOptions, host: &str, login: Option<&Login>) -> Result<(), Fault> {
    let Some(login) = login else {
        options.credential = None;
        return Ok(());
    };
    let secret = login.password.read();
    // The server has refused nothing, so this is not a refusal.
    let secret = secret.map_err(|e| Fault::new(FaultKind::NotFound, format!("{host}: login: {e}")))?;
    let credential = options.credential.get_or_insert_default();
    credential.username = Some(login.username.clone());
    credential.password = Some(secret.expose_secret().to_owned());
    credential.source = Some(login.auth_source.clone());
    Ok(())
}

/// Ends a client's sessions on the server and its own tasks. If it were only dropped, the driver's client would do that later, and panic if
/// the runtime ends meanwhile.
pub(super) async fn close(client: Client) {
    let kept = client.clone();
    if timeout(GOODBYE, client.shutdown().immediate(true)).await.is_err() {
        // Its server hangs. Dropping the last handle would start the shutdown again: so it is leaked.
        std::mem::forget(kept);
    }
}

/// The plan's connection string, applied to one member: TLS and similar options are used, hosts and set are not.
pub(super) async fn options(set: &ReplicaSet, host: &str) -> Result<ClientOptions, Fault> {
    let mut options = ClientOptions::parse(&set.uri).await.map_err(|e| fault(host, "connection string", &e))?;
    options.hosts = vec![ServerAddress::parse(host).map_err(|e| fault(host, "address", &e))?];
    options.direct_connection = Some(true);
    // With the name the driver would refuse a host outside the set (a candidate, a removed member).
    options.repl_set_name = None;
    options.app_name = Some(APP.to_owned());
    options.connect_timeout = Some(CONNECT);
    options.server_selection_timeout = Some(CONNECT);
    options.max_pool_size = Some(2);
    options.min_pool_size = Some(0);
    options.retry_reads = Some(false);
    Ok(options)
}
