//! For tests: a small web server around a state and a function that answers, and a plan whose AWS it is.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use plan::Plan;

/// A plan of two sites whose AWS is at this address, with `rest` appended. The keys are in these files: one to read, one to change. The source can only be read.
pub fn plan(url: &str, read: &Path, write: &Path, rest: &str) -> Arc<Plan> {
    let reads = format!(
        "endpoints = {{ all = {url:?} }}\naccess_key = {{ file = {read:?} }}\nsecret_key = {{ file = {read:?} }}\n"
    );
    let writes = format!("write = {{ access_key = {{ file = {write:?} }}, secret_key = {{ file = {write:?} }} }}\n");
    let text = format!(
        "schema = 1\nname = \"test\"\n[sites.source]\nlabel = \"VIR\"\nregion = \"us-east-1\"\n{reads}\
         [sites.target]\nlabel = \"ORE\"\nregion = \"us-west-2\"\n{reads}{writes}[route53]\n{reads}{writes}{rest}",
    );
    Arc::new(crate::parse_plan(Path::new("test.toml"), &text).unwrap_or_else(|faulty| panic!("{faulty}")).0)
}

/// A file of this name that contains its name: a key.
pub fn key(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, name).expect("written");
    path
}

/// A request: its first line and headers, and its body.
pub struct Asked {
    head: String,
    /// The body.
    pub body: String,
}

impl Asked {
    /// A header's value; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim()).next().unwrap_or_default()
    }

    /// Method and path.
    pub fn line(&self) -> (&str, &str) {
        let mut words = self.head.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }
}

/// Status and body; none: the connection is cut.
pub type Answer<S> = fn(&mut S, &Asked) -> Option<(u16, String)>;

/// Serves until the end of the test; returns its URL.
pub async fn serve<S: Send + 'static>(state: Arc<Mutex<S>>, answer: Answer<S>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, state.clone(), answer));
        }
    });
    url
}

async fn converse<S>(mut stream: TcpStream, state: Arc<Mutex<S>>, answer: Answer<S>) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let mut asked = Asked { head, body: String::new() };
        let length: usize = asked.header("content-length").parse().unwrap_or(0);
        while buffer.len() < end + length {
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        }
        asked.body = String::from_utf8_lossy(&buffer[end..end + length]).into_owned();
        buffer.drain(..end + length);
        let (status, body) = answer(&mut *state.lock().expect("no panic"), &asked)?;
        let text =
            format!("HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).await.ok()?;
    }
}
