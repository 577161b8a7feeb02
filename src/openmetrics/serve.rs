//! The socket. Its own thread with few connections and short time-outs, so that a slow or hostile client disturbs
//! nobody. A snapshot is rendered once, however often it is requested.

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

/// Maximum number of connections; one more closes the oldest: a normal scrape is finished long before.
const CONNECTIONS: usize = 64;
/// Maximum length of a request's head.
const HEAD: usize = 8 * 1024;
/// Time-outs for the request and for the answer.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(10));

/// An address on which metrics may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(SocketAddr);

/// Why metrics are not served.
#[derive(Debug, thiserror::Error)]
pub enum NotServed {
    /// Anyone who can reach the address could read them.
    #[error(
        "metrics on {0}: other machines can reach this address and read them without a login: \
         use 127.0.0.1, or add --metrics-any"
    )]
    NotHere(SocketAddr),
    /// The address cannot be bound.
    #[error("metrics on {address}")]
    Io {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl Address {
    /// A loopback address; another one only with `any`.
    ///
    /// # Errors
    /// If it is another one, without `any`.
    pub const fn new(address: SocketAddr, any: bool) -> Result<Self, NotServed> {
        if any || address.ip().is_loopback() { Ok(Self(address)) } else { Err(NotServed::NotHere(address)) }
    }
}

/// A bound address that is not served yet: errors occur before anything else starts.
#[derive(Debug)]
pub struct Bound {
    /// The address, with the actual port if port 0 was requested.
    pub address: SocketAddr,
    listener: std::net::TcpListener,
    runtime: tokio::runtime::Runtime,
}

/// A running endpoint; it ends when this is dropped.
#[derive(Debug)]
pub struct Endpoint {
    _ends: oneshot::Sender<()>,
}

/// Binds an address.
///
/// # Errors
/// If it cannot be bound.
pub fn bind(Address(address): Address) -> Result<Bound, NotServed> {
    let failed = |source| NotServed::Io { address, source };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    Ok(Bound { address: listener.local_addr().map_err(failed)?, listener, runtime })
}

impl Bound {
    /// Serves the snapshots of a driver, with every signal, until the endpoint is dropped. The driver may end before.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn serve(self, link: &Link) -> Result<Endpoint, NotServed> {
        let Self { address, listener, runtime } = self;
        let (snapshots, viewer) = (link.snapshots.clone(), link.viewer.clone());
        viewer.want_signals();
        viewer.without_pages();
        let (ends, ended) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                match TcpListener::from_std(listener) {
                    Ok(listener) => listen(&listener, snapshots, ended).await,
                    Err(why) => tracing::error!("metrics on {address}: {why}"),
                }
            });
            // Nobody reads them any more.
            drop(viewer);
        };
        let thread = thread::Builder::new().name("landfall-metrics".into()).spawn(run);
        thread.map_err(|source| NotServed::Io { address, source })?;
        Ok(Endpoint { _ends: ends })
    }
}

/// The served text, and the snapshot it was rendered from.
struct Page {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// When the last snapshot came, on the boot clock; `None`: no more will come.
    heard: Option<Duration>,
    made: Option<(Arc<Snapshot>, bool, Arc<str>)>,
}

impl Page {
    /// The text of the latest snapshot; without values if it is too old.
    fn text(&mut self) -> Arc<str> {
        let snapshot = self.snapshots.borrow().clone();
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
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    mut ended: oneshot::Receiver<()>,
) {
    let here = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
    let page = Page { snapshots: snapshots.clone(), heard: Some(clock::now().boot), made: None };
    let (page, mut engine_lives) = (Arc::new(Mutex::new(page)), true);
    let mut connections = JoinSet::new();
    let mut oldest: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut ended => return,
            changed = snapshots.changed(), if engine_lives => {
                engine_lives = changed.is_ok();
                let heard = engine_lives.then(|| clock::now().boot);
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
                // No resources for another connection: retry, since a connection will end.
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// One request, one answer. A connection that exceeds a time-out is dropped.
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
    // An error means that the client has closed the connection.
    let _ = timeout(PATIENCE.1, written).await;
}

/// Reads the head of a request; `None` if the client closed the connection before its end.
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
