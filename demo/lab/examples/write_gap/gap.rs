//! Writers at every member, and the longest time without an acknowledged write.
//!
//! A driver avoids a member that has just refused a write for up to half a second, which would distort the result. So
//! these writers speak to the members directly, one OP_MSG after the other (MongoDB's wire protocol, "OP_MSG": a
//! header of four 32-bit words, flags, one section of kind 0 with the command).

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use landfall_lab::trio::Trio;
use mongodb::bson::{Bson, Document, deserialize_from_slice, doc, serialize_to_vec};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

use super::Failure;

/// Minimum interval between the writes of a writer.
const EVERY: Duration = Duration::from_millis(10);
/// A write that takes longer is abandoned together with its connection.
const LOST: Duration = Duration::from_secs(5);

/// How long the first write of each concern may take.
const FIRST: Duration = Duration::from_secs(60);
/// With fewer writes than this during a move the measurement is invalid.
const FEWEST: usize = 10;

/// Acknowledged writes: start and acknowledgement.
type Acknowledged = Arc<Mutex<Vec<(Instant, Instant)>>>;

/// Writers at all members.
pub struct Writers {
    end: watch::Sender<bool>,
    tasks: JoinSet<()>,
    /// Start of the measurement.
    began: Instant,
    w1: Acknowledged,
    majority: Acknowledged,
}

/// The result, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Gaps {
    pub w1: f64,
    pub majority: f64,
    usual: (f64, f64),
}

impl fmt::Display for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (w1, majority) = self.usual;
        write!(
            f,
            "no write for {:.0} ms (w:1; a write takes {w1:.0} ms), {:.0} ms (w:majority; {majority:.0} ms)",
            self.w1, self.majority
        )
    }
}

impl Writers {
    /// Starts the writers, and waits until writes succeed at each write concern; without that nothing can be measured.
    pub async fn start(set: &Trio) -> Result<Self, Failure> {
        let (end, ended) = watch::channel(false);
        let began = Instant::now();
        let (w1, majority) = (Acknowledged::default(), Acknowledged::default());
        let mut all = Self { end, tasks: JoinSet::new(), began, w1, majority };
        for host in set.hosts() {
            for (w, out) in [(Bson::Int32(1), &all.w1), (Bson::from("majority"), &all.majority)] {
                let command = doc! {
                    "insert": "writes", "documents": [{ "x": 1 }], "writeConcern": { "w": w }, "$db": "gap",
                };
                let message = message(&command)?;
                all.tasks.spawn(write(host.to_owned(), message, out.clone(), ended.clone()));
            }
        }
        for (w, out) in [("1", &all.w1), ("majority", &all.majority)] {
            while held(out).is_empty() {
                if began.elapsed() > FIRST {
                    return Err(format!("w:{w}: no write got through in {} s", FIRST.as_secs()).into());
                }
                sleep(EVERY).await;
            }
        }
        sleep(Duration::from_secs(2)).await;
        all.began = Instant::now();
        Ok(all)
    }

    /// Stops the writers; returns the longest gaps since the start.
    pub async fn end(mut self) -> Result<Gaps, Failure> {
        sleep(Duration::from_secs(1)).await;
        let over = (self.began, Instant::now());
        self.end.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        let (w1, majority) = (std::mem::take(&mut *held(&self.w1)), std::mem::take(&mut *held(&self.majority)));
        Ok(Gaps {
            w1: longest("1", &w1, over)?,
            majority: longest("majority", &majority, over)?,
            usual: (usual(&w1), usual(&majority)),
        })
    }
}

fn held(out: &Acknowledged) -> MutexGuard<'_, Vec<(Instant, Instant)>> {
    out.lock().unwrap_or_else(PoisonError::into_inner)
}

fn message(command: &Document) -> Result<Vec<u8>, Failure> {
    const OP_MSG: i32 = 2013;
    let body = serialize_to_vec(command)?;
    let length = i32::try_from(16 + 4 + 1 + body.len())?;
    let mut out: Vec<u8> = [length, 1, 0, OP_MSG, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
    out.push(0);
    out.extend(body);
    Ok(out)
}

async fn write(host: String, message: Vec<u8>, out: Acknowledged, ended: watch::Receiver<bool>) {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stream: Option<TcpStream> = None;
    while !*ended.borrow() {
        every.tick().await;
        let began = Instant::now();
        match timeout(LOST, once(&host, &mut stream, &message)).await {
            Ok(Ok(true)) => held(&out).push((began, Instant::now())),
            Ok(Ok(false)) => {}
            _ => stream = None,
        }
    }
}

/// One write, and whether it was acknowledged.
async fn once(host: &str, stream: &mut Option<TcpStream>, message: &[u8]) -> io::Result<bool> {
    let stream = match stream {
        Some(stream) => stream,
        None => stream.insert(TcpStream::connect(host).await?),
    };
    stream.set_nodelay(true)?;
    stream.write_all(message).await?;
    let length = usize::try_from(stream.read_i32_le().await?).map_err(io::Error::other)?;
    let mut rest = vec![0; length.saturating_sub(4)];
    stream.read_exact(&mut rest).await?;
    // The rest of the header, the flags, and the kind of section.
    let reply: Document = deserialize_from_slice(rest.get(17..).unwrap_or_default()).map_err(io::Error::other)?;
    let ok = reply.get_f64("ok").is_ok_and(|ok| ok > 0.5);
    Ok(ok && !reply.contains_key("writeErrors") && !reply.contains_key("writeConcernError"))
}

/// The longest time without an acknowledgement between `from` and `to`, which count as acknowledgements: a gap before
/// the first or after the last one counts, too.
fn longest(w: &str, writes: &[(Instant, Instant)], (from, to): (Instant, Instant)) -> Result<f64, Failure> {
    let mut at: Vec<Instant> = writes.iter().map(|(_, at)| *at).filter(|at| (from..=to).contains(at)).collect();
    if at.len() < FEWEST {
        let span = to.duration_since(from).as_secs_f64();
        return Err(format!("w:{w}: {} writes got through in {span:.1} s, too few to tell of a gap", at.len()).into());
    }
    at.extend([from, to]);
    at.sort();
    let longest = at.windows(2).map(|w| w[1].duration_since(w[0])).max();
    Ok(longest.unwrap_or_default().as_secs_f64() * 1000.0)
}

/// The median duration of a write.
fn usual(writes: &[(Instant, Instant)]) -> f64 {
    let mut took: Vec<Duration> = writes.iter().map(|(began, at)| at.duration_since(*began)).collect();
    took.sort();
    took.get(took.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1000.0
}
