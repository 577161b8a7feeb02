//! The network between the two sites, on one machine: every member of a set is reached through a relay that identifies
//! the client.
//!
//! A relay looks up the process at the other end of a connection (`/proc`), to distinguish members of the other site
//! from those of its own: only traffic between the sites is delayed or cut. A client that is not a member counts as
//! being at the source.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use landfall::base::side::Side;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::error::{Doing, Result};

/// The network between the sites.
#[derive(Debug, Clone)]
pub struct Wire {
    /// Delay each way.
    delay: Duration,
    /// Side of each member's process.
    members: Arc<Mutex<BTreeMap<u32, Side>>>,
    cut: watch::Sender<bool>,
}

impl Wire {
    /// A network with this delay each way.
    #[must_use]
    pub fn new(delay: Duration) -> Self {
        Self { delay, members: Arc::default(), cut: watch::Sender::new(false) }
    }

    /// Registers a process as a member of that side.
    pub fn member(&self, pid: u32, side: Side) {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).insert(pid, side);
    }

    /// Cuts the link between the sites, or restores it. Existing connections through it are interrupted without
    /// notice, as on a lost link.
    pub fn cut(&self, on: bool) {
        self.cut.send_replace(on);
    }

    /// Starts a relay before a member of this side; it ends with the returned tasks.
    ///
    /// # Errors
    /// If the port is in use.
    pub async fn relay(&self, port: u16, to: u16, side: Side, tasks: &mut JoinSet<()>) -> Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.doing(|| format!("relaying {port}"))?;
        let wire = self.clone();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((near, peer)) = listener.accept().await {
                open.spawn(wire.clone().carry(near, peer, to, side));
                while open.try_join_next().is_some() {}
            }
        });
        Ok(())
    }

    async fn carry(self, near: TcpStream, peer: SocketAddr, to: u16, side: Side) {
        let owner = tokio::task::spawn_blocking(move || owner_of(peer.port())).await.ok().flatten();
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let from = owner.and_then(|pid| members.get(&pid).copied()).unwrap_or(Side::Source);
        let crosses = from != side;
        // A cut link does not refuse connections: it does not answer.
        if crosses && *self.cut.borrow() {
            let mut cut = self.cut.subscribe();
            let _ = cut.wait_for(|cut| !*cut).await;
        }
        let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await else { return };
        // Small answers must not wait for each other.
        let _ = (near.set_nodelay(true), far.set_nodelay(true));
        let delay = if crosses { self.delay } else { Duration::ZERO };
        let cut = crosses.then(|| self.cut.subscribe());
        let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
        tokio::join!(one_way(near_read, far_write, delay, cut.clone()), one_way(far_read, near_write, delay, cut));
    }
}

/// Copies bytes one way, in order and with this delay.
async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration, cut: Option<watch::Receiver<bool>>) {
    let (send, mut queue) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(n) = from.read(&mut buffer).await {
            if n == 0 || send.send((Instant::now() + delay, buffer[..n].to_vec())).is_err() {
                break;
            }
        }
    };
    let write = async move {
        while let Some((at, bytes)) = queue.recv().await {
            sleep_until(at).await;
            if let Some(mut cut) = cut.clone() {
                let _ = cut.wait_for(|cut| !*cut).await;
            }
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}

/// The process that owns the socket bound to this local port and connected elsewhere.
fn owner_of(port: u16) -> Option<u32> {
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    let inode = table.lines().skip(1).find_map(|line| {
        let mut words = line.split_whitespace();
        let (local, remote) = (words.nth(1)?, words.next()?);
        let own = local.rsplit(':').next().and_then(|p| u16::from_str_radix(p, 16).ok()) == Some(port);
        (own && !remote.ends_with(":0000")).then(|| words.nth(6)).flatten()
    })?;
    let socket = format!("socket:[{inode}]");
    let pids = fs::read_dir("/proc").ok()?.filter_map(|e| e.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| *pid != std::process::id()).find(|pid| {
        let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        files.flatten().any(|f| fs::read_link(f.path()).is_ok_and(|to| to.as_os_str() == socket.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_owner_of_a_connection_is_found_or_nobody() {
        assert_eq!(owner_of(1), None);
    }
}
