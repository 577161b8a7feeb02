//! A read-only connection to one member: a closed list of commands, none of which changes anything.
//!
//! The driver's client is private to this file. No code outside it can run any other command.

use std::{io::ErrorKind as IoKind, time::Duration};

use mongodb::{
    Client,
    bson::{Document, doc},
    error::{Error, ErrorKind, WriteFailure},
    options::{ClientOptions, ServerAddress, ServerMonitoringMode},
};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::operations;
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

/// A driver's error as a fault: server, call, the server's message, and the remedy where it is known.
pub(super) fn fault(host: &str, call: &str, error: &Error) -> Fault {
    use FaultKind::{Malformed, Refused, TimedOut, Unreachable, Unsupported};
    let words = words(error);
    let kind = match &*error.kind {
        _ if login_refused(error) => Refused,
        ErrorKind::Command(_) | ErrorKind::Write(_) => match code(error) {
            // Unauthorized, AuthenticationFailed.
            Some(13 | 18) => Refused,
            // MaxTimeMSExpired, NetworkTimeout.
            Some(50 | 89) => TimedOut,
            // Shut down or stepping down during the query.
            Some(91 | 189 | 11600 | 11602) => Unreachable,
            // CommandNotFound, InvalidOptions.
            Some(59 | 72) => Unsupported,
            _ => Malformed,
        },
        // Without a network path the server's state is as unknown as without a reply. A refused connection comes from the host itself.
        ErrorKind::Io(e)
            if matches!(e.kind(), IoKind::TimedOut | IoKind::HostUnreachable | IoKind::NetworkUnreachable) =>
        {
            TimedOut
        }
        // The server answers, but no secure connection can be made.
        ErrorKind::Io(e) if e.kind() == IoKind::InvalidData => Malformed,
        ErrorKind::InvalidTlsConfig { .. } => Malformed,
        ErrorKind::ServerSelection { .. } if words.ends_with(HANGS) => TimedOut,
        ErrorKind::Io(_)
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::ServerSelection { .. }
        | ErrorKind::Shutdown => Unreachable,
        ErrorKind::IncompatibleServer { .. } => Unsupported,
        _ => Malformed,
    };
    let advice = match kind {
        Refused if login_refused(error) => "; the login in the plan does not exist there or has another password",
        Refused => "; the plan's login must be granted this action",
        _ => "",
    };
    match (secure(&words), &*error.kind) {
        (Some(advice), _) => Fault::new(Malformed, format!("{host}: {call}: {words}; {advice}")),
        (None, ErrorKind::Io(e)) if e.kind() == IoKind::ConnectionRefused => {
            Fault::connection_refused(format!("{host}: {call}: {words}"))
        }
        _ => Fault::new(kind, format!("{host}: {call}: {words}{advice}")),
    }
}

/// The server's error code.
pub(super) fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(c) => Some(c.code),
        ErrorKind::Write(WriteFailure::WriteError(e)) => Some(e.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(e)) => Some(e.code),
        _ => None,
    }
}

/// Whether the login itself was refused, even on the connection of another query to the same server.
pub(super) fn login_refused(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Authentication { .. } => true,
        ErrorKind::ConnectionPoolCleared { message, .. } | ErrorKind::ServerSelection { message, .. } => {
            cause(message).contains("Authentication failed")
        }
        _ => false,
    }
}

/// The server's message, without the driver's own text, and without the repeated command, which holds session ids and signatures.
fn words(error: &Error) -> String {
    let text = match &*error.kind {
        ErrorKind::Command(c) => {
            // A message about a missing permission repeats the command with its session's id and signature [measured, 4.4 to 6.0]. Any
            // other message is kept whole: invalid parts of a configuration are in braces, too.
            let repeats = c.code == UNAUTHORIZED;
            let message = if repeats { c.message.split(" {").next().unwrap_or_default() } else { &c.message };
            format!("{message} (error {}, {})", c.code, c.code_name)
        }
        // The message of a write error may contain the written data; its code is sufficient.
        ErrorKind::Write(failure) => match failure {
            WriteFailure::WriteError(e) => {
                format!("error {}, {}", e.code, e.code_name.as_deref().unwrap_or("a write error"))
            }
            WriteFailure::WriteConcernError(e) => format!("{} (error {}, {})", e.message, e.code, e.code_name),
            _ => "a write failed".to_owned(),
        },
        ErrorKind::Io(e) => e.to_string(),
        ErrorKind::ServerSelection { message, .. } | ErrorKind::ConnectionPoolCleared { message, .. } => {
            cause(message).to_owned()
        }
        kind => kind.to_string(),
    };
    text.chars().take(WORDS).collect()
}

/// Unauthorized.
const UNAUTHORIZED: i32 = 13;
/// The maximum length of a server's message. The message about a refused configuration names all of its members.
const WORDS: usize = 2_000;

/// The remedy for a connection that could not be made secure. The driver keeps only the text of such an error.
fn secure(words: &str) -> Option<&'static str> {
    let of = [
        (
            "UnknownIssuer",
            "its certificate is of a CA that is not known here; name the CA's file in `uri` (tlsCAFile=…)",
        ),
        (
            "NotValidForName",
            "its certificate is for other names than this one; name the host as the certificate does, or have it issued anew",
        ),
        ("certificate expired", "its certificate has expired; renew it, or look at this machine's clock"),
        ("Expired", "its certificate has expired; renew it, or look at this machine's clock"),
        ("NotValidYet", "its certificate is not valid yet; look at this machine's clock"),
        ("CertificateRequired", "it wants a certificate of ours; name it in `uri` (tlsCertificateKeyFile=…)"),
        ("InvalidContentType", "it does not speak TLS; is `tls=true` in `uri` right?"),
        ("tls handshake eof", "it ended the handshake; does it speak TLS, and is `tls=true` in `uri` right?"),
        ("No such file", "a file that `uri` names for TLS is not there"),
    ];
    of.iter().find(|(has, _)| words.contains(has)).map(|(_, advice)| *advice)
}

/// Adds what can be found out from here to a connection fault: a name that does not resolve is not a server that is down.
pub(super) async fn explain(set: &ReplicaSet, host: &str, fault: Fault) -> Fault {
    if fault.kind != FaultKind::Unreachable {
        return fault;
    }
    match timeout(CONNECT, tokio::net::lookup_host(host)).await {
        Ok(Ok(_)) if fault.text.raw().ends_with("unexpected end of file") && !set.uri.contains("tls=true") => {
            Fault::new(fault.kind, format!("{}; if it wants TLS, `uri` must say tls=true", fault.text.raw()))
        }
        Ok(Ok(_)) => fault,
        Ok(Err(error)) if set.seeds.iter().chain(&set.candidates).any(|named| named == host) => {
            Fault::new(FaultKind::NotFound, format!("{host}: the name in the plan does not resolve: {error}"))
        }
        Ok(Err(error)) => Fault::new(
            FaultKind::NotFound,
            format!(
                "{host}: the name comes from the configuration of the set {} (rs.conf()) and does not resolve here: {error}; make it resolve \
                 on this machine (DNS, /etc/hosts), or give the members a horizon with names that do",
                set.name
            ),
        ),
        Err(_) => {
            Fault::new(FaultKind::TimedOut, format!("{host}: the name was not resolved within {}s", CONNECT.as_secs()))
        }
    }
}

/// Why no server was available: the driver reports its whole view of the set; only the last error in it is used.
fn cause(message: &str) -> &str {
    let error = message.split_once("Kind: ").map(|(_, e)| e.split_once(", labels:").map_or(e, |(e, _)| e));
    match error {
        Some(e) => e.strip_prefix("I/O error: ").unwrap_or(e),
        // No error yet: the first connection is still being made.
        None => "the connection is still being made: timed out",
    }
}

/// The end of the cause where a server hangs; otherwise the connection is refused or there is no server.
const HANGS: &str = "timed out";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_whole_and_no_session_with_it() {
        let error = |code: i32, name: &str, message: &str| {
            let d = doc! { "code": code, "codeName": name, "errmsg": message };
            Error::from(ErrorKind::Command(mongodb::bson::deserialize_from_document(d).expect("an error")))
        };
        let reason = "Rejecting reconfig where new config's default write concern { w: 1, wtimeout: 0 } is weaker than { w: \"majority\" } on 3 nodes";
        assert!(words(&error(103, "NewReplicaSetConfigurationIncompatible", reason)).contains("on 3 nodes (error 103"));
        let denied = "not authorized on admin to execute command { replSetGetStatus: 1, lsid: { id: UUID(\"aa\") } }";
        assert_eq!(
            words(&error(13, "Unauthorized", denied)),
            "not authorized on admin to execute command (error 13, Unauthorized)"
        );
    }

    #[test]
    fn of_the_drivers_view_of_a_set_only_the_cause_is_told() {
        let described = "Server selection timeout: No available servers. Topology: { Type: Single, Servers: [ { Address: a:1, Type: Unknown, \
                    Error: Kind: I/O error: Connection refused (os error 111), labels: {}, source: None, server response: None } ] }";
        assert_eq!(cause(described), "Connection refused (os error 111)");
        assert!(!cause(described).ends_with(HANGS));
        assert!(cause(&described.replace("Connection refused (os error 111)", "timed out")).ends_with(HANGS));
        let described = "Connection pool for a:1 cleared because another operation failed with: Kind: SCRAM failure: Authentication failed., \
                    labels: {}, source: None";
        assert_eq!(cause(described), "SCRAM failure: Authentication failed.");
        assert!(cause("No available servers. Topology: { Type: Single }").ends_with(HANGS));
    }
}
