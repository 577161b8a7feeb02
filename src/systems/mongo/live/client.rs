//! A connection to one member that can only ask: a closed list of commands, none of which changes anything.
//!
//! The driver's client stays private in here. Nothing outside this file can run a command of its own making.

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

/// How long a connection may take to be made. Less than the least time a question may take, so that a server that is gone is said to be
/// gone, and not to be slow.
pub(super) const CONNECT: Duration = Duration::from_secs(2);

/// How long a server may take to hear that we leave; its sessions end by themselves otherwise.
const GOODBYE: Duration = Duration::from_millis(200);

/// What can be asked. The whole list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Hello,
    Status,
    Server,
    /// With the question whether a majority has it, which only a primary answers.
    Committed,
    Config,
    /// The write concern of writes that name none.
    DefaultWrite,
    /// The last lines of its log.
    Log,
    /// What users have under way that a step down would kill.
    Operations,
    /// What whoever asks may do.
    Grants,
}

impl Command {
    /// The name that permissions are granted under.
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

    /// As whom it is asked of a set. Without a login in the plan one connection serves for all.
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
            // Its large sections are left out: they cost the server more than all the rest of what is asked. `repl` tells the set.
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

/// As whom something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum As {
    /// As anybody may.
    Nobody,
    /// As the plan's reading login; as nobody where it names none.
    Reader,
    /// As the canary's login: only for what `landfall check` asks.
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

/// What came of a command: the server's error codes are part of its answers (94 = waits for a configuration).
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
    /// Connects, as a login of the plan where what is asked needs one.
    pub(super) async fn new(set: &ReplicaSet, host: &str, login: As) -> Result<Self, Fault> {
        let client = connect(set, host, login.of(set), (APP, CONNECT)).await?;
        Ok(Self { client, host: host.to_owned() })
    }

    /// Takes leave.
    pub(super) async fn close(self) {
        close(self.client).await;
    }

    /// Asks. An error code among `expected` is an answer, any other error a fault.
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

/// A question that failed.
pub(super) struct Failure {
    pub(super) fault: Fault,
    /// The login itself was refused, and not only this command to it: this connection will never do.
    pub(super) login: bool,
}

/// What connections that only ask call themselves.
pub(super) const APP: &str = "landfall";
/// What a canary's connections call themselves.
pub(super) const CANARY: &str = "landfall canary";

/// A client of one member, as this login; none: without one. It calls itself so, and waits so long for a connection.
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
    // The greeting streams over a client of its own; this one only has to notice that its server is back.
    options.server_monitoring_mode = Some(ServerMonitoringMode::Poll);
    options.heartbeat_freq = Some(CONNECT);
    Client::with_options(options).map_err(|e| fault(host, "connect", &e))
}

/// As whom a client speaks. The password is read now, and again whenever a client is made anew.
pub(super) fn log_in(options: &mut ClientOptions, host: &str, login: Option<&Login>) -> Result<(), Fault> {
    let Some(login) = login else {
        options.credential = None;
        return Ok(());
    };
    let secret = login.password.read();
    // The server has refused nothing: there is nothing to show it.
    let secret = secret.map_err(|e| Fault::new(FaultKind::NotFound, format!("{host}: login: {e}")))?;
    let credential = options.credential.get_or_insert_default();
    credential.username = Some(login.username.clone());
    credential.password = Some(secret.expose_secret().to_owned());
    credential.source = Some(login.auth_source.clone());
    Ok(())
}

/// Ends a client's sessions on the server and its own tasks. Dropped without that, the driver's client would do it later, and panic if the
/// runtime ends meanwhile.
pub(super) async fn close(client: Client) {
    let kept = client.clone();
    if timeout(GOODBYE, client.shutdown().immediate(true)).await.is_err() {
        // Its server hangs. Only the last one's drop would begin anew: there is none.
        std::mem::forget(kept);
    }
}

/// The plan's connection string, turned to one member: TLS and the like are taken from it, hosts and set are not.
pub(super) async fn options(set: &ReplicaSet, host: &str) -> Result<ClientOptions, Fault> {
    let mut options = ClientOptions::parse(&set.uri).await.map_err(|e| fault(host, "connection string", &e))?;
    options.hosts = vec![ServerAddress::parse(host).map_err(|e| fault(host, "address", &e))?];
    options.direct_connection = Some(true);
    // With the name, a host outside the set (a candidate, a removed member) would not be talked to at all.
    options.repl_set_name = None;
    options.app_name = Some(APP.to_owned());
    options.connect_timeout = Some(CONNECT);
    options.server_selection_timeout = Some(CONNECT);
    options.max_pool_size = Some(2);
    options.min_pool_size = Some(0);
    options.retry_reads = Some(false);
    Ok(options)
}

/// A driver's error in the estate's vocabulary: server, call, the server's words, and what to do where that is known.
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
            // Shut down or stepping down while it was asked.
            Some(91 | 189 | 11600 | 11602) => Unreachable,
            // CommandNotFound, InvalidOptions.
            Some(59 | 72) => Unsupported,
            _ => Malformed,
        },
        // No way there is as little known of the server as no answer. That it refuses connections, it says itself.
        ErrorKind::Io(e)
            if matches!(e.kind(), IoKind::TimedOut | IoKind::HostUnreachable | IoKind::NetworkUnreachable) =>
        {
            TimedOut
        }
        // A server that is there, and with which no secure connection comes about.
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
    match secure(&words) {
        Some(advice) => Fault::new(Malformed, format!("{host}: {call}: {words}; {advice}")),
        None => Fault::new(kind, format!("{host}: {call}: {words}{advice}")),
    }
}

/// The server's code of what went wrong.
pub(super) fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(c) => Some(c.code),
        ErrorKind::Write(WriteFailure::WriteError(e)) => Some(e.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(e)) => Some(e.code),
        _ => None,
    }
}

/// Whether the login itself was refused, be it on the connection of another question to the same server.
pub(super) fn login_refused(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Authentication { .. } => true,
        ErrorKind::ConnectionPoolCleared { message, .. } | ErrorKind::ServerSelection { message, .. } => {
            cause(message).contains("Authentication failed")
        }
        _ => false,
    }
}

/// The server's words, without the driver's own, and without the command repeated, which holds session ids and signatures.
fn words(error: &Error) -> String {
    let text = match &*error.kind {
        ErrorKind::Command(c) => {
            // Of what is not permitted, the command is repeated with its session's id and signature [measured, 4.4 to 6.0]. Any other
            // reason is told whole: what a configuration must not have stands in braces, too.
            let repeats = c.code == UNAUTHORIZED;
            let message = if repeats { c.message.split(" {").next().unwrap_or_default() } else { &c.message };
            format!("{message} (error {}, {})", c.code, c.code_name)
        }
        // Of a write the words may hold what was written; its code says enough.
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
/// The most that is told of a server's words. A refused configuration's reason names all of its members.
const WORDS: usize = 2_000;

/// What to do about a connection that could not be made secure. The driver keeps no more of such an error than its text.
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

/// A fault of the way to a server, with what can be said of it from here: a name that does not resolve is not a server that is down.
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

/// Why no server could be had: the driver tells its whole view of the set, of which only the last error is news.
fn cause(message: &str) -> &str {
    let error = message.split_once("Kind: ").map(|(_, e)| e.split_once(", labels:").map_or(e, |(e, _)| e));
    match error {
        Some(e) => e.strip_prefix("I/O error: ").unwrap_or(e),
        // Nothing went wrong yet: the first connection is still being made.
        None => "the connection is still being made: timed out",
    }
}

/// How the cause ends where a server hangs; else there is none, or it refuses.
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
        let told = "Server selection timeout: No available servers. Topology: { Type: Single, Servers: [ { Address: a:1, Type: Unknown, \
                    Error: Kind: I/O error: Connection refused (os error 111), labels: {}, source: None, server response: None } ] }";
        assert_eq!(cause(told), "Connection refused (os error 111)");
        assert!(!cause(told).ends_with(HANGS));
        assert!(cause(&told.replace("Connection refused (os error 111)", "timed out")).ends_with(HANGS));
        let told = "Connection pool for a:1 cleared because another operation failed with: Kind: SCRAM failure: Authentication failed., \
                    labels: {}, source: None";
        assert_eq!(cause(told), "SCRAM failure: Authentication failed.");
        assert!(cause("No available servers. Topology: { Type: Single }").ends_with(HANGS));
    }
}
