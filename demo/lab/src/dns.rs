//! An authoritative DNS server that follows the record sets of the Route 53 endpoint and answers by weight, over UDP
//! and TCP.
//!
//! While Route 53 cannot be read it continues with the last records, as the real servers would.

pub mod zone;

use std::{
    net::Ipv4Addr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use hickory_proto::op::{Edns, Message, MessageType, ResponseCode};
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    time::{sleep, timeout},
};

use self::zone::Zone;
use crate::{
    aws::{Endpoint, element, elements},
    error::{Doing, Error, Result},
    estate::{REGIONS, ZONE},
};

type Shared = Arc<RwLock<Option<Arc<Zone>>>>;

/// Maximum size of an answer over UDP, if the client accepts it.
const PAYLOAD: u16 = 1232;

/// Serves the record sets of the Route 53 endpoint on port `route53`, on `port`, until the process ends.
///
/// # Errors
/// If the port cannot be bound.
pub async fn serve(port: u16, route53: u16) -> Result<()> {
    let (address, doing) = ((Ipv4Addr::LOCALHOST, port), || format!("serving DNS on port {port}"));
    let zone = Shared::default();
    let udp = UdpSocket::bind(address).await.doing(doing)?;
    let tcp = TcpListener::bind(address).await.doing(doing)?;
    tokio::select! {
        result = follow(route53, zone.clone()) => result,
        result = datagrams(udp, zone.clone()) => result.doing(doing),
        result = connections(tcp, zone) => result.doing(doing),
    }
}

async fn follow(route53: u16, zone: Shared) -> Result<()> {
    let endpoint = Endpoint::new(route53, REGIONS.source)?;
    loop {
        if let Ok(Ok(read)) = timeout(Duration::from_secs(2), read(&endpoint)).await {
            *zone.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(read));
        }
        sleep(Duration::from_secs(1)).await;
    }
}

async fn read(endpoint: &Endpoint) -> Result<Zone> {
    let zones = endpoint.rest(Method::GET, "/2013-04-01/hostedzone", "route53", String::new()).await?;
    let id = elements(&zones, "HostedZone")
        .into_iter()
        .find(|zone| element(zone, "Name").is_ok_and(|name| name.trim_end_matches('.') == ZONE))
        .map_or_else(|| Err(Error::new("reading the zones", format!("no {ZONE}"))), |zone| element(zone, "Id"))?;
    let path = format!("/2013-04-01/hostedzone/{}/rrset?maxitems=300", id.trim_start_matches("/hostedzone/"));
    let sets = endpoint.rest(Method::GET, &path, "route53", String::new()).await?;
    // A new zone has no record yet; do not serve it as empty.
    Zone::parse(ZONE, &sets).ok_or_else(|| Error::new("reading the record sets", sets))
}

async fn datagrams(socket: UdpSocket, zone: Shared) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await?;
        if let Some(answer) = answer(&buffer[..length], &zone, true) {
            // A client that has gone must not end the server.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn connections(listener: TcpListener, zone: Shared) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let zone = zone.clone();
        tokio::spawn(async move {
            let _ = timeout(Duration::from_secs(30), converse(stream, &zone)).await;
        });
    }
}

async fn converse(mut stream: TcpStream, zone: &Shared) -> std::io::Result<()> {
    loop {
        let mut message = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut message).await?;
        let Some(answer) = answer(&message, zone, false) else { return Ok(()) };
        stream.write_u16(u16::try_from(answer.len()).unwrap_or(u16::MAX)).await?;
        stream.write_all(&answer).await?;
    }
}

/// The bytes of the answer; `None` if it is not a query.
fn answer(bytes: &[u8], zone: &Shared, udp: bool) -> Option<Vec<u8>> {
    let question = Message::from_vec(bytes).ok().filter(|m| m.metadata.message_type == MessageType::Query)?;
    let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
    reply.metadata.recursion_desired = question.metadata.recursion_desired;
    reply.add_queries(question.queries.iter().cloned());
    if question.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD);
        reply.set_edns(edns);
    }
    let zone = zone.read().unwrap_or_else(PoisonError::into_inner).clone();
    match (zone, &*question.queries) {
        (Some(zone), [query]) => zone.answer(query, &mut reply),
        (None, [_]) => reply.metadata.response_code = ResponseCode::ServFail,
        _ => reply.metadata.response_code = ResponseCode::FormErr,
    }
    let bytes = reply.to_vec().ok()?;
    let limit = question.edns.map_or(512, |edns| edns.max_payload().clamp(512, PAYLOAD));
    if udp && bytes.len() > usize::from(limit) { reply.truncate().to_vec().ok() } else { Some(bytes) }
}
