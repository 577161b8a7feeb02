//! Direct queries to name servers: UDP, and TCP where an answer does not fit.
//!
//! Each batch has its own socket, connected to the one server: answers of an earlier batch cannot be mistaken for this one's, and each
//! second uses another port.

mod epoch;

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_proto::{
    ProtoError,
    op::{Edns, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RData, RecordType as Rr},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    join,
    net::{TcpStream, UdpSocket},
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

pub(super) use self::epoch::epoch;
use super::super::facts::{Answer, Batch, Observation, Question, Role, normal};
use crate::collect::sink::Sink;
use base::observed::{Fault, FaultKind};
use plan::RecordType;

/// Time over which a batch's queries are spread.
const SPREAD: Duration = Duration::from_secs(1);
/// An answer that takes longer counts as lost.
const ANSWER: Duration = Duration::from_secs(1);
/// Largest UDP answer that is accepted: the size that passes every path unfragmented (DNS flag day 2020).
const PAYLOAD: u16 = 1232;

/// A single batch.
pub(super) async fn once(question: &Question) -> Result<Batch, Fault> {
    batch(question, question.rate.get(), SPREAD).await
}

/// Samples until the sender of `pace` is dropped, and reports every second. A server that does not answer is queried once a second until it
/// does.
pub(super) async fn sample(question: Question, pace: watch::Receiver<f64>, out: Sink<Observation>) {
    // Collectors are spread over the first second.
    let mut next = Instant::now() + SPREAD.mul_f64(fastrand::f64());
    let mut well = true;
    // The pace's sender is dropped with the driver.
    while pace.has_changed().is_ok() {
        sleep_until(next).await;
        let started = Instant::now();
        let spread = SPREAD.div_f64(*pace.borrow());
        let answer = batch(&question, if well { question.rate.get() } else { 1 }, spread).await;
        well = answer.is_ok();
        match answer {
            Ok(batch) => {
                let took = batch.rtt;
                out.observation(Observation::Served(batch), took);
            }
            Err(fault) => out.fault(fault, started.elapsed()),
        }
        next = (started + spread).max(Instant::now());
    }
}

/// Sends `n` queries, evenly over `spread`, and waits for the last answers. From an authority it also reads the name's epoch.
async fn batch(question: &Question, n: u32, spread: Duration) -> Result<Batch, Fault> {
    let authority = question.role == Role::Authoritative;
    let epoch = async { if authority { epoch::answered(question.server, &question.wanted.name).await } else { None } };
    let (answers, epoch) = join!(answers(question, n, spread), epoch);
    answers.map(|batch| Batch { epoch, ..batch })
}

async fn answers(question: &Question, n: u32, spread: Duration) -> Result<Batch, Fault> {
    let asked = Asked::new(question)?;
    let socket = match connect(question.server).await {
        Ok(socket) => socket,
        Err(error) => return Err(fault(question, FaultKind::Unreachable, &format!("no socket: {error}"))),
    };
    let mut seen = Tally::default();
    let mut open = HashMap::<u16, Instant>::new();
    let mut buffer = [0; 4096];
    let started = Instant::now();
    let (mut sent, mut last) = (0, started);
    while sent < n || !open.is_empty() {
        let until = if sent < n { started + spread.mul_f64(f64::from(sent) / f64::from(n)) } else { last + ANSWER };
        tokio::select! {
            received = socket.recv(&mut buffer) => match received {
                Ok(length) => {
                    let Some((id, reply)) = asked.read(&buffer[..length]) else { continue };
                    // An id that is not open belongs to a duplicate answer, or to a forged one.
                    if let Some(at) = open.remove(&id) {
                        seen.take(reply, at.elapsed());
                    }
                }
                Err(error) => {
                    seen.error = Some(error);
                    // The host reports that the port is closed: no answer to the open queries will come.
                    if sent == n {
                        break;
                    }
                }
            },
            () = sleep_until(until) => {
                if sent == n {
                    break;
                }
                let id = fresh(&open);
                sent += 1;
                last = Instant::now();
                match socket.send(&asked.message(id)?).await {
                    Ok(_) => {
                        open.insert(id, last);
                    }
                    Err(error) => seen.error = Some(error),
                }
            }
        }
    }
    for _ in 0..seen.truncated {
        let at = Instant::now();
        match timeout(ANSWER, over_tcp(&asked, question.server)).await {
            Ok(Ok(reply)) => seen.take(reply, at.elapsed()),
            Ok(Err(error)) => seen.error = Some(error),
            Err(_) => break,
        }
    }
    seen.batch(question, sent)
}

async fn connect(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    Ok(socket)
}

fn fresh(open: &HashMap<u16, Instant>) -> u16 {
    loop {
        let id = fastrand::u16(..);
        if !open.contains_key(&id) {
            return id;
        }
    }
}

/// One query over its own connection: a server may close the connection after each.
async fn over_tcp(asked: &Asked, server: SocketAddr) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(server).await?;
    let id = fastrand::u16(..);
    let message = asked.message(id).map_err(|e| io::Error::other(e.to_string()))?;
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], &message].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    match asked.read(&answer) {
        Some((got, reply)) if got == id => Ok(reply),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "an answer to another question over TCP")),
    }
}

/// A query in the library's types.
struct Asked {
    query: Query,
    name: String,
    recursion: bool,
}

/// The content of a reply.
#[derive(Debug, PartialEq)]
enum Reply {
    Answer { values: Vec<String>, ttl: u32, authority: bool },
    Truncated,
    Useless(Useless),
}

/// An answer without information about the name.
#[derive(Debug, Clone, PartialEq)]
struct Useless {
    kind: FaultKind,
    words: String,
}

impl Useless {
    fn new(kind: FaultKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into() }
    }
}

/// Represents the values of an answer that says that the name does not exist.
const NXDOMAIN: &str = "NXDOMAIN";
/// Represents the values of an answer without values.
const NO_DATA: &str = "no data";

impl Asked {
    fn new(question: &Question) -> Result<Self, Fault> {
        let rr = match question.wanted.record_type {
            RecordType::A => Rr::A,
            RecordType::Aaaa => Rr::AAAA,
            RecordType::Cname => Rr::CNAME,
        };
        Self::of(&question.wanted.name, rr, question.role == Role::Resolver)
            .map_err(|e| fault(question, FaultKind::Unsupported, &format!("not a name that can be asked: {e}")))
    }

    fn of(name: &str, rr: Rr, recursion: bool) -> Result<Self, ProtoError> {
        let name = Name::from_ascii(name)?;
        Ok(Self { name: normal(&name.to_ascii()), query: Query::query(name, rr), recursion })
    }

    fn message(&self, id: u16) -> Result<Vec<u8>, Fault> {
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = self.recursion;
        message.add_query(self.query.clone());
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD);
        message.set_edns(edns);
        message.to_vec().map_err(|e| Fault::new(FaultKind::Unsupported, format!("{}: cannot be asked: {e}", self.name)))
    }

    /// The id of an answer and its content; none if it is not an answer to this query.
    fn read(&self, bytes: &[u8]) -> Option<(u16, Reply)> {
        let message = Message::from_vec(bytes).ok()?;
        let head = &message.metadata;
        let [query] = &message.queries[..] else { return None };
        let ours = head.message_type == MessageType::Response
            && query.query_type() == self.query.query_type()
            && normal(&query.name().to_ascii()) == self.name;
        if !ours {
            return None;
        }
        let reply = if head.truncation {
            Reply::Truncated
        } else {
            match head.response_code {
                ResponseCode::NoError => referral(&message).map_or_else(|| answer(&message), Reply::Useless),
                ResponseCode::NXDomain => {
                    Reply::Answer { values: vec![NXDOMAIN.to_owned()], ttl: 0, authority: head.authoritative }
                }
                ResponseCode::ServFail => Reply::Useless(Useless::new(FaultKind::Malformed, "SERVFAIL")),
                ResponseCode::Refused => {
                    let words = "REFUSED: the server does not answer for this zone, or not to us";
                    Reply::Useless(Useless::new(FaultKind::Refused, words))
                }
                other => Reply::Useless(Useless::new(FaultKind::Malformed, other.to_string())),
            }
        };
        Some((head.id, reply))
    }
}

/// A referral (RFC 2308, section 2.1.1): no answer, no authority, and in the authority section NS records of a delegated zone, without the
/// SOA that an empty answer has.
fn referral(message: &Message) -> Option<Useless> {
    if message.metadata.authoritative || !message.answers.is_empty() {
        return None;
    }
    if message.authorities.iter().any(|record| matches!(record.data, RData::SOA(_))) {
        return None;
    }
    let servers: Vec<(String, String)> = message
        .authorities
        .iter()
        .filter_map(|record| match &record.data {
            RData::NS(server) => Some((normal(&record.name.to_ascii()), normal(&server.0.to_ascii()))),
            _ => None,
        })
        .collect();
    let (zone, _) = servers.first()?;
    let names: Vec<&str> = servers.iter().map(|(_, server)| server.as_str()).collect();
    let words = format!(
        "a referral, no answer: {zone} is delegated to {}; name those servers in `servers`, and their zone in `zone`",
        names.join(", ")
    );
    Some(Useless::new(FaultKind::NotFound, words))
}

fn answer(message: &Message) -> Reply {
    let mut values = Vec::new();
    let mut ttl = u32::MAX;
    for record in &message.answers {
        let value = match &record.data {
            RData::A(a) => a.0.to_string(),
            RData::AAAA(a) => a.0.to_string(),
            RData::CNAME(name) => normal(&name.0.to_ascii()),
            RData::TXT(text) => text.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect(),
            _ => continue,
        };
        values.push(value);
        ttl = ttl.min(record.ttl);
    }
    if values.is_empty() {
        (values, ttl) = (vec![NO_DATA.to_owned()], 0);
    }
    // Servers rotate the order of the values.
    values.sort();
    values.dedup();
    Reply::Answer { values, ttl, authority: message.metadata.authoritative }
}

/// The results of a batch so far.
#[derive(Default)]
struct Tally {
    answers: HashMap<(Vec<String>, u32, bool), u32>,
    took: Duration,
    truncated: u32,
    useless: Option<Useless>,
    error: Option<io::Error>,
}

impl Tally {
    fn take(&mut self, reply: Reply, took: Duration) {
        match reply {
            Reply::Answer { values, ttl, authority } => {
                *self.answers.entry((values, ttl, authority)).or_default() += 1;
                self.took += took;
            }
            Reply::Truncated => self.truncated += 1,
            Reply::Useless(why) => self.useless = Some(why),
        }
    }

    /// The batch, or a fault: no answer, no usable answer, or all answers say that the name does not exist.
    fn batch(self, question: &Question, asked: u32) -> Result<Batch, Fault> {
        let n: u32 = self.answers.values().sum();
        let all = |word: &str| n > 0 && self.answers.keys().all(|(values, ..)| values == &[word]);
        if all(NXDOMAIN) {
            return Err(fault(question, FaultKind::NotFound, "NXDOMAIN: the name does not exist there"));
        }
        if all(NO_DATA) {
            return Err(fault(question, FaultKind::Empty, "an answer without a record of this type"));
        }
        if n == 0 {
            return Err(match (&self.useless, self.error) {
                (Some(why), _) => fault(question, why.kind, &why.words),
                (None, Some(error)) => fault(question, FaultKind::Unreachable, &error.to_string()),
                (None, None) => {
                    fault(question, FaultKind::TimedOut, &format!("none of {asked} questions answered within 1 s"))
                }
            });
        }
        let mut answers: Vec<_> = self
            .answers
            .into_iter()
            .map(|((values, ttl, authority), n)| Answer { values: values.into(), ttl, authority, n })
            .collect();
        answers.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.values.cmp(&b.values)));
        Ok(Batch { asked, answers, trouble: self.useless.map(|why| why.words), rtt: self.took / n, epoch: None })
    }
}

fn fault(question: &Question, kind: FaultKind, words: &str) -> Fault {
    let Question { wanted, server, .. } = question;
    Fault::new(kind, format!("DNS {} {} at {server}: {words}", wanted.name, wanted.record_type.word()))
}

#[cfg(test)]
mod tests;
