//! The meaning of a driver's error: the kind of a fault, the server's own message, and the remedy where it is known.

use std::io::ErrorKind as IoKind;

use mongodb::error::{Error, ErrorKind, WriteFailure};
use tokio::time::timeout;

use super::client::CONNECT;
use base::observed::{Fault, FaultKind};
use plan::ReplicaSet;

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
    use mongodb::bson::doc;

    use super::*;

    #[test]
    fn a_reason_is_reported_whole_and_no_session_with_it() {
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
    fn of_the_drivers_view_of_a_set_only_the_cause_is_reported() {
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
