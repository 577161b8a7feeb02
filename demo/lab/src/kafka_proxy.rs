//! A proxy before a broker that records the calls by name, and on demand gives false answers: that there is a second
//! broker, or that a login is refused.
//!
//! Clients connect to the address that a broker announces, so the answers that contain it (Metadata, FindCoordinator)
//! are rewritten to the proxy's address. To keep this simple, the answer to ApiVersions offers these calls only in old
//! versions, whose layout has no tagged fields. Everything else is passed on unchanged.

use std::{
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::{JoinHandle, JoinSet},
};

use crate::error::{Doing, Result};

/// The names of the calls, in order of arrival.
#[derive(Debug, Default)]
pub struct Calls(Vec<&'static str>);

impl Calls {
    /// The number of calls by name.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u32> {
        let mut counts = BTreeMap::new();
        self.0.iter().for_each(|call| *counts.entry(*call).or_default() += 1);
        counts
    }

    /// How often a call was made before the first call of another, and how often after its last.
    #[must_use]
    pub fn around(&self, call: &str, other: &str) -> (usize, usize) {
        let count = |calls: &[&str]| calls.iter().filter(|c| **c == call).count();
        let (first, last) = (self.0.iter().position(|c| *c == other), self.0.iter().rposition(|c| *c == other));
        first.zip(last).map_or((0, 0), |(first, last)| (count(&self.0[..first]), count(&self.0[last..])))
    }

    /// Whether the last of the one came before the first of the other; `false` if either is missing.
    #[must_use]
    pub fn before(&self, one: &str, other: &str) -> bool {
        let (last, first) = (self.0.iter().rposition(|c| *c == one), self.0.iter().position(|c| *c == other));
        last.zip(first).is_some_and(|(last, first)| last < first)
    }
}

/// The false answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lies {
    /// There is a second broker on this port of 127.0.0.1.
    pub second_broker: Option<u16>,
    /// The login is wrong.
    pub refuse_logins: bool,
}

/// A running proxy. Ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    calls: Arc<Mutex<Calls>>,
    lies: Arc<Mutex<Lies>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy before the broker on this port of 127.0.0.1.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start(broker: u16) -> Result<Self> {
        let doing = || format!("starting a proxy in front of port {broker}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.doing(doing)?;
        let port = listener.local_addr().doing(doing)?.port();
        let calls = Arc::new(Mutex::new(Calls::default()));
        let lies = Arc::new(Mutex::new(Lies::default()));
        let through = Through { broker, port, lies: lies.clone(), calls: calls.clone() };
        let task = tokio::spawn(async move {
            // Dropped with this task, together with the connections.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(relay(client, through.clone()));
            }
        });
        Ok(Self { port, calls, lies, task })
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Gives these false answers from now on.
    pub fn lie(&self, lies: Lies) {
        *self.lies.lock().unwrap_or_else(PoisonError::into_inner) = lies;
    }

    /// The calls since the last take.
    #[must_use]
    pub fn take(&self) -> Calls {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The context of a connection.
#[derive(Debug, Clone)]
struct Through {
    broker: u16,
    port: u16,
    lies: Arc<Mutex<Lies>>,
    calls: Arc<Mutex<Calls>>,
}

/// Unanswered requests: correlation id to (key, version) of the call.
type Pending = Arc<Mutex<HashMap<i32, (i16, i16)>>>;

/// Relays until either side closes.
async fn relay(client: TcpStream, through: Through) {
    let Ok(broker) = TcpStream::connect((Ipv4Addr::LOCALHOST, through.broker)).await else { return };
    let ((from_client, to_client), (from_broker, to_broker)) = (client.into_split(), broker.into_split());
    let pending = Pending::default();
    tokio::select! {
        _ = requests(from_client, to_broker, &through, &pending) => {}
        _ = answers(from_broker, to_client, &through, &pending) => {}
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    through: &Through,
    pending: &Pending,
) -> std::io::Result<()> {
    loop {
        let frame = frame(&mut from).await?;
        // Header, all versions: key, version, correlation id.
        let mut header = Fields(&frame);
        if let (Some(key), Some(version), Some(id)) = (header.i16(), header.i16(), header.i32()) {
            through.calls.lock().unwrap_or_else(PoisonError::into_inner).0.push(name(key));
            pending.lock().unwrap_or_else(PoisonError::into_inner).insert(id, (key, version));
        }
        send(&mut to, &frame).await?;
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    through: &Through,
    pending: &Pending,
) -> std::io::Result<()> {
    loop {
        let frame = frame(&mut from).await?;
        let asked =
            Fields(&frame).i32().and_then(|id| pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&id));
        let lies = *through.lies.lock().unwrap_or_else(PoisonError::into_inner);
        let rewritten = match asked {
            Some((API_VERSIONS, version)) => older(&frame, version),
            Some((METADATA, version)) => metadata(&frame, version, through.port, lies.second_broker),
            Some((SASL_AUTHENTICATE, version)) if lies.refuse_logins => refused(&frame, version),
            Some((FIND_COORDINATOR, version)) => coordinator(&frame, version, through.port),
            _ => None,
        };
        send(&mut to, rewritten.as_deref().unwrap_or(&frame)).await?;
    }
}

/// One message: its length in four bytes, then its bytes.
async fn frame(from: &mut OwnedReadHalf) -> std::io::Result<Vec<u8>> {
    let length = usize::try_from(from.read_i32().await?).map_err(std::io::Error::other)?;
    let mut frame = vec![0; length];
    from.read_exact(&mut frame).await?;
    Ok(frame)
}

async fn send(to: &mut OwnedWriteHalf, frame: &[u8]) -> std::io::Result<()> {
    to.write_i32(i32::try_from(frame.len()).map_err(std::io::Error::other)?).await?;
    to.write_all(frame).await
}

const METADATA: i16 = 3;
const FIND_COORDINATOR: i16 = 10;
const API_VERSIONS: i16 = 18;
const SASL_AUTHENTICATE: i16 = 36;

/// Newest versions that are passed on: from Metadata 9, FindCoordinator 3 and SaslAuthenticate 2 on the layout
/// differs.
const NEWEST: [(i16, i16); 3] = [(METADATA, 4), (FIND_COORDINATOR, 2), (SASL_AUTHENTICATE, 1)];

/// ApiVersions: correlation id, error, then an array of (key, oldest, newest); from version 3 on the array's length is a
/// varint of one more, and each element ends with an empty set of tags.
fn older(frame: &[u8], version: i16) -> Option<Vec<u8>> {
    let mut out = frame.to_vec();
    let flexible = version >= 3;
    let (mut at, count) = if flexible {
        let low = usize::from(*frame.get(6)? & 0x7f);
        if frame.get(6)? & 0x80 == 0 { (7, low) } else { (8, low | usize::from(*frame.get(7)?) << 7) }
    } else {
        (10, usize::try_from(Fields(frame.get(6..)?).i32()?).ok()? + 1)
    };
    for _ in 1..count {
        let mut element = Fields(frame.get(at..)?);
        let (key, _, newest) = (element.i16()?, element.i16()?, element.i16()?);
        if let Some((_, most)) = NEWEST.into_iter().find(|(k, _)| *k == key) {
            out.get_mut(at + 4..at + 6)?.copy_from_slice(&newest.min(most).to_be_bytes());
        }
        at += if flexible { 7 } else { 6 };
    }
    Some(out)
}

/// Metadata: correlation id, from version 3 on a throttle time, an array of (id, host, port, from version 1 on a
/// rack), and the rest.
fn metadata(frame: &[u8], version: i16, port: u16, second: Option<u16>) -> Option<Vec<u8>> {
    let head = if version >= 3 { 8 } else { 4 };
    let mut at = Fields(frame.get(head..)?);
    let mut out = frame.get(..head)?.to_vec();
    let count = at.i32()?;
    out.extend((count + i32::from(second.is_some())).to_be_bytes());
    let mut highest = 0;
    let mut broker = |id: i32, port: u16, rack: Option<&[u8]>| {
        out.extend(id.to_be_bytes());
        address(&mut out, port);
        out.extend(rack.unwrap_or_default());
    };
    for _ in 0..count {
        let id = at.i32()?;
        highest = highest.max(id);
        at.string()?;
        at.i32()?;
        let rack = if version >= 1 { Some(at.string()?) } else { None };
        broker(id, port, rack);
    }
    if let Some(port) = second {
        broker(highest + 1, port, (version >= 1).then_some(&NO_STRING));
    }
    out.extend(at.0);
    Some(out)
}

/// FindCoordinator: correlation id, from version 1 on a throttle time, error, from version 1 on a message, then id,
/// host, port.
fn coordinator(frame: &[u8], version: i16, port: u16) -> Option<Vec<u8>> {
    let mut at = Fields(frame.get(if version >= 1 { 8 } else { 4 }..)?);
    let error = at.i16()?;
    if version >= 1 {
        at.string()?;
    }
    at.i32()?;
    // Without a coordinator there is no address.
    if error != 0 {
        return None;
    }
    let mut out = frame.get(..frame.len() - at.0.len())?.to_vec();
    address(&mut out, port);
    Some(out)
}

/// SaslAuthenticate: correlation id, error, message, the server's bytes, from version 1 on the session lifetime.
fn refused(frame: &[u8], version: i16) -> Option<Vec<u8>> {
    /// `SASL_AUTHENTICATION_FAILED`.
    const ERROR: i16 = 58;
    const WORDS: &[u8] = b"Authentication failed";
    let mut out = frame.get(..4)?.to_vec();
    out.extend(ERROR.to_be_bytes());
    out.extend(21_i16.to_be_bytes());
    out.extend(WORDS);
    out.extend(0_i32.to_be_bytes());
    if version >= 1 {
        out.extend(0_i64.to_be_bytes());
    }
    Some(out)
}

/// A null string.
const NO_STRING: [u8; 2] = (-1_i16).to_be_bytes();

fn address(out: &mut Vec<u8>, port: u16) {
    const HOST: &[u8] = b"127.0.0.1";
    out.extend(9_i16.to_be_bytes());
    out.extend(HOST);
    out.extend(i32::from(port).to_be_bytes());
}

/// Reads big-endian fields from the front of a byte slice.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn i16(&mut self) -> Option<i16> {
        self.take(2)?.try_into().ok().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take(4)?.try_into().ok().map(i32::from_be_bytes)
    }

    /// A nullable string with its length prefix.
    fn string(&mut self) -> Option<&'a [u8]> {
        let all = self.0;
        let length = self.i16()?;
        self.take(usize::try_from(length.max(0)).ok()?)?;
        all.get(..all.len() - self.0.len())
    }
}

/// Kafka's name of a call. (Apache Kafka, protocol guide, "Api Keys".)
const fn name(key: i16) -> &'static str {
    match key {
        0 => "Produce",
        1 => "Fetch",
        2 => "ListOffsets",
        METADATA => "Metadata",
        8 => "OffsetCommit",
        9 => "OffsetFetch",
        FIND_COORDINATOR => "FindCoordinator",
        11 => "JoinGroup",
        12 => "Heartbeat",
        13 => "LeaveGroup",
        14 => "SyncGroup",
        15 => "DescribeGroups",
        16 => "ListGroups",
        17 => "SaslHandshake",
        API_VERSIONS => "ApiVersions",
        19 => "CreateTopics",
        20 => "DeleteTopics",
        32 => "DescribeConfigs",
        SASL_AUTHENTICATE => "SaslAuthenticate",
        60 => "DescribeCluster",
        71 => "GetTelemetrySubscriptions",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_told_at_the_proxy_and_the_rest_is_left() {
        // Version 1: one broker `b`:9 without a rack, then the rest.
        let answer = b"\0\0\0\x05\0\0\0\x01\0\0\0\x07\0\x01b\0\0\0\x09\xff\xffrest";
        let text = b"\0\0\0\x05\0\0\0\x01\0\0\0\x07\0\x09127.0.0.1\0\0\x01\x02\xff\xffrest";
        assert_eq!(metadata(answer, 1, 0x0102, None).as_deref(), Some(&text[..]));
        let two = metadata(answer, 1, 0x0102, Some(3)).unwrap();
        assert!(two.ends_with(b"\0\0\0\x08\0\x09127.0.0.1\0\0\0\x03\xff\xffrest"), "{two:?}");
    }

    #[test]
    fn a_coordinator_is_told_at_the_proxy_and_a_missing_one_is_not() {
        let answer = b"\0\0\0\x05\0\0\0\0\0\0\xff\xff\0\0\0\x07\0\x01b\0\0\0\x09";
        let text = b"\0\0\0\x05\0\0\0\0\0\0\xff\xff\0\0\0\x07\0\x09127.0.0.1\0\0\x01\x02";
        assert_eq!(coordinator(answer, 2, 0x0102).as_deref(), Some(&text[..]));
        assert_eq!(coordinator(b"\0\0\0\x05\0\0\0\0\0\x0f\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0", 2, 1), None);
    }

    #[test]
    fn newer_layouts_are_not_offered() {
        let flat = b"\0\0\0\x05\0\0\0\0\0\x02\0\x03\0\0\0\x0c\0\x02\0\0\0\x07";
        assert_eq!(&older(flat, 2).unwrap()[14..], b"\0\x04\0\x02\0\0\0\x07");
        let tagged = b"\0\0\0\x05\0\0\x03\0\x0a\0\0\0\x04\0\0\x02\0\0\0\x07\0";
        assert_eq!(&older(tagged, 3).unwrap()[11..], b"\0\x02\0\0\x02\0\0\0\x07\0");
    }
}
