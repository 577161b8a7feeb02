//! The socket. A thread of its own with few connections and short patience: a client that is slow or means ill gets in nobody's way, and
//! a picture is made into text once, however often it is asked for.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};

use super::{
    render,
    request::{Answer, TOO_LONG, answer},
};
use console::ui::SILENT;
use drive::Link;
use engine::snapshot::Snapshot;
use systems::collect::clock;

/// Connections at a time; with one more, the oldest is closed: whoever means to scrape is done long before.
const CONNECTIONS: usize = 64;
/// The longest head of a request.
const HEAD: usize = 8 * 1024;
/// For how long a request may come in, and the answer go out.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(10));

/// An address that may be listened on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(SocketAddr);

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
pub enum NotServed {
    /// Whoever can reach it could read it.
    #[error(
        "metrics on {0}: other machines can reach this address and read them without a login: \
         use 127.0.0.1, or add --metrics-any"
    )]
    NotHere(SocketAddr),
    /// The address cannot be had.
    #[error("metrics on {0}: {1}")]
    Io(SocketAddr, io::Error),
}

impl Address {
    /// A loopback address; another one only where `any` is said as well.
    ///
    /// # Errors
    /// If it is another one and nobody said so.
    pub const fn new(address: SocketAddr, any: bool) -> Result<Self, NotServed> {
        if any || address.ip().is_loopback() { Ok(Self(address)) } else { Err(NotServed::NotHere(address)) }
    }
}

/// An address that is had, and not served yet: what can go wrong goes wrong before anything else is begun.
#[derive(Debug)]
pub struct Bound {
    /// Where it is: the port is known even where none was asked for.
    pub address: SocketAddr,
    listener: std::net::TcpListener,
    runtime: tokio::runtime::Runtime,
}

/// An endpoint; it is gone when this is dropped.
#[derive(Debug)]
pub struct Endpoint {
    _ends: oneshot::Sender<()>,
}

/// Takes an address.
///
/// # Errors
/// If it cannot be had.
pub fn bind(Address(address): Address) -> Result<Bound, NotServed> {
    let failed = |why| NotServed::Io(address, why);
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    Ok(Bound { address: listener.local_addr().map_err(failed)?, listener, runtime })
}

impl Bound {
    /// Serves the pictures of a driver, every signal in them, until the endpoint is dropped. The driver may end before.
    ///
    /// # Errors
    /// If there can be no thread.
    pub fn serve(self, link: &Link) -> Result<Endpoint, NotServed> {
        let Self { address, listener, runtime } = self;
        let pictures = link.snapshots.clone();
        link.measure();
        let (ends, ended) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                match TcpListener::from_std(listener) {
                    Ok(listener) => listen(&listener, pictures, ended).await,
                    Err(why) => tracing::error!("metrics on {address}: {why}"),
                }
            });
        };
        let thread = thread::Builder::new().name("landfall-metrics".into()).spawn(run);
        thread.map_err(|why| NotServed::Io(address, why))?;
        Ok(Endpoint { _ends: ends })
    }
}

/// What is served, and what it was made of.
struct Page {
    pictures: watch::Receiver<Arc<Snapshot>>,
    /// When the last picture came, on the boot clock; none: no more will come.
    heard: Option<Duration>,
    made: Option<(Arc<Snapshot>, bool, Arc<str>)>,
}

impl Page {
    /// The text of the latest picture, or that there is none.
    fn text(&mut self) -> Arc<str> {
        let snapshot = self.pictures.borrow().clone();
        let silent = match self.heard {
            Some(heard) => Some(clock::now().boot.saturating_sub(heard)).filter(|silent| *silent > SILENT),
            None => Some(SILENT),
        };
        if let Some((of, was_silent, text)) = &self.made
            && Arc::ptr_eq(of, &snapshot)
            && *was_silent == silent.is_some()
        {
            return text.clone();
        }
        let text: Arc<str> = render(&snapshot, silent).into();
        self.made = Some((snapshot, silent.is_some(), text.clone()));
        text
    }
}

async fn listen(
    listener: &TcpListener,
    mut pictures: watch::Receiver<Arc<Snapshot>>,
    mut ended: oneshot::Receiver<()>,
) {
    let here = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
    let page = Page { pictures: pictures.clone(), heard: Some(clock::now().boot), made: None };
    let (page, mut core_lives) = (Arc::new(Mutex::new(page)), true);
    let mut connections = JoinSet::new();
    let mut oldest: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut ended => return,
            changed = pictures.changed(), if core_lives => {
                core_lives = changed.is_ok();
                let heard = core_lives.then(|| clock::now().boot);
                page.lock().unwrap_or_else(PoisonError::into_inner).heard = heard;
            }
            Some(_) = connections.join_next() => oldest.retain(|connection| !connection.is_finished()),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    if oldest.len() >= CONNECTIONS && let Some(connection) = oldest.pop_front() {
                        connection.abort();
                    }
                    oldest.push_back(connections.spawn(attend(stream, page.clone(), here)));
                }
                // No room for another connection: there will be, once one ends.
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// One request, one answer. What cannot be read or written in time is dropped: nobody waits for it.
async fn attend(mut stream: TcpStream, page: Arc<Mutex<Page>>, here: bool) {
    let Ok(Some(answer)) = timeout(PATIENCE.0, ask(&mut stream, here)).await else { return };
    let metrics = match answer {
        Answer::Metrics { .. } => page.lock().unwrap_or_else(PoisonError::into_inner).text(),
        Answer::No(..) => "".into(),
    };
    let head = answer.text(metrics.len());
    let body = if matches!(answer, Answer::Metrics { body: true }) { metrics.as_bytes() } else { &[] };
    let written = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        stream.shutdown().await
    };
    // Whoever went away in the middle of it wanted no more.
    let _ = timeout(PATIENCE.1, written).await;
}

/// Reads the head of a request; none if the client went away before its end.
async fn ask(stream: &mut TcpStream, here: bool) -> Option<Answer> {
    let mut head = Vec::with_capacity(512);
    loop {
        if let Some(end) = head.windows(4).position(|w| w == b"\r\n\r\n") {
            return Some(answer(&head[..end], here));
        }
        if head.len() >= HEAD {
            return Some(TOO_LONG);
        }
        let mut more = [0; 1024];
        match stream.read(&mut more).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => head.extend_from_slice(&more[..n]),
        }
    }
}
