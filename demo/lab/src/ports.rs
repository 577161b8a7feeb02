//! Free ports. They are below the range that the kernel uses for outgoing connections (32768 up), so that a server
//! which is stopped for a while finds its port free again.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    ops::Range,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    error::{Error, Result},
    estate::{Ports, SERVERS},
};

const RANGE: Range<u16> = 20_000..32_000;

/// One free port for each server.
///
/// # Errors
/// If the whole range is in use.
pub fn pick() -> Result<Ports> {
    let span = RANGE.end - RANGE.start;
    // Labs that start concurrently begin their search at different ports.
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.subsec_nanos());
    let first = u16::try_from((nanos / 1000 + std::process::id() * 97) % u32::from(span)).unwrap_or(0);
    let mut free = (0..span).map(|n| RANGE.start + (first + n) % span).filter(|port| is_free(*port));
    SERVERS
        .into_iter()
        .map(|name| {
            let port = free.next().ok_or_else(|| Error::new("looking for free ports", format!("none in {RANGE:?}")))?;
            Ok((name.to_owned(), port))
        })
        .collect()
}

fn is_free(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port);
    TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
}
