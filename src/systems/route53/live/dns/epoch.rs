//! The epoch of a name at one authoritative server.

use std::net::SocketAddr;

use hickory_proto::rr::RecordType as Rr;
use tokio::time::timeout;

use super::{ANSWER, Asked, NO_DATA, NXDOMAIN, Reply, connect, over_tcp};
use crate::route53::facts::Epoch;

/// Attempts until a server counts as silent: datagrams get lost.
const TIMES: u32 = 3;

/// The number of a name's epoch at a server; none where it has none. Only authoritative answers count, not cached ones.
///
/// # Errors
/// If it does not answer, or the answer is not usable: that is not zero.
pub(in super::super) async fn epoch(server: SocketAddr, name: &str) -> Result<Option<u64>, String> {
    let mut tried = ask(server, name).await;
    for _ in 1..TIMES {
        if tried.is_ok() {
            break;
        }
        tried = ask(server, name).await;
    }
    tried
}

/// The same during a batch: one attempt, 0 for a name without an epoch, none for a server that does not answer.
pub(super) async fn answered(server: SocketAddr, name: &str) -> Option<u64> {
    ask(server, name).await.ok().map(Option::unwrap_or_default)
}

async fn ask(server: SocketAddr, name: &str) -> Result<Option<u64>, String> {
    let place = Epoch::place(name);
    let of = |words: &str| format!("DNS {place} TXT at {server}: {words}");
    let asked = Asked::of(&place, Rr::TXT, false).map_err(|e| of(&format!("not a name that can be asked: {e}")))?;
    let answer = match timeout(ANSWER, once(&asked, server)).await {
        Ok(Ok(Reply::Truncated)) => timeout(ANSWER, over_tcp(&asked, server)).await,
        other => other,
    };
    match answer {
        Ok(Ok(Reply::Answer { values, .. })) if values == [NXDOMAIN] || values == [NO_DATA] => Ok(None),
        Ok(Ok(Reply::Answer { values, .. })) => {
            let values: Vec<String> = values.iter().map(|v| format!("\"{v}\"")).collect();
            let epoch = Epoch { name: place.clone(), ttl: 0, values };
            let number = epoch.read().map(|(number, _)| number);
            number.map(Some).ok_or_else(|| of(&format!("not a value written by landfall: {}", epoch.values.join(" "))))
        }
        Ok(Ok(Reply::Useless(why))) => Err(of(&why.words)),
        Ok(Ok(Reply::Truncated)) => Err(of("truncated over TCP")),
        Ok(Err(error)) => Err(of(&error.to_string())),
        Err(_) => Err(of("no answer within 1 s")),
    }
}

async fn once(asked: &Asked, server: SocketAddr) -> std::io::Result<Reply> {
    let socket = connect(server).await?;
    let id = fastrand::u16(..);
    let message = asked.message(id).map_err(|e| std::io::Error::other(e.to_string()))?;
    socket.send(&message).await?;
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        match asked.read(&buffer[..length]) {
            Some((got, reply)) if got == id => return Ok(reply),
            // A reply to another query.
            _ => {}
        }
    }
}
