//! How long it takes from the program's start to its first frame, whatever the servers do, and what it holds in memory with its clients.
//!
//! ```text
//! cargo bench --bench start
//! ```
//!
//! The program itself in a pseudo terminal of 200×50, watching a plan of all four systems whose servers are of three kinds: none (the
//! connection is refused), one that takes every connection and never answers, and names that do not exist. Time runs from the call that
//! starts the process to the end of the first frame on the terminal's other side.
#![expect(clippy::unwrap_used, reason = "a bench")]

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use pty_process::{
    Size,
    blocking::{Command, Pty},
};

const ROUNDS: usize = 20;

/// Servers that the plan names.
const SERVERS: u16 = 9;

/// What ends a frame.
const FRAME: &[u8] = b"\x1b[?2026l";

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let listen = |_| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().to_string();
        // Whoever is taken in is kept, and never answered.
        thread::spawn(move || listener.incoming().collect::<Vec<_>>());
        at
    };
    let silent: Vec<String> = (0..SERVERS).map(listen).collect();
    let refused: Vec<String> = (1..=SERVERS).map(|port| format!("127.0.0.1:{port}")).collect();
    let unknown: Vec<String> = (0..SERVERS).map(|n| format!("nowhere-{n}.invalid:27017")).collect();
    println!("{:<28} {:>12} {:>12} {:>26}", "servers", "median", "worst", "VmHWM 15 s after that");
    for (kind, at) in [("refused", refused), ("silent", silent), ("unknown", unknown)] {
        let plan = folder.path().join(format!("{kind}.toml"));
        std::fs::write(&plan, text(&at, folder.path())).unwrap();
        let mut times: Vec<Duration> =
            (0..ROUNDS).map(|_| first_frame(&plan, folder.path(), Duration::ZERO).0).collect();
        times.sort();
        let memory = first_frame(&plan, folder.path(), Duration::from_secs(15)).1;
        println!("{kind:<28} {:>9.1} ms {:>9.1} ms {memory:>22.1} MiB", ms(times[ROUNDS / 2]), ms(times[ROUNDS - 1]));
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// From the start to the first frame; then the peak memory, once it has run for so long.
fn first_frame(plan: &Path, folder: &Path, runs: Duration) -> (Duration, f64) {
    let (mut pty, pts) = pty_process::blocking::open().unwrap();
    pty.resize(Size::new(50, 200)).unwrap();
    let command = Command::new(env!("CARGO_BIN_EXE_landfall")).arg("watch").arg(plan);
    let command = command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").env("XDG_CONFIG_HOME", folder);
    let started = Instant::now();
    let mut child = command.spawn(pts).unwrap();
    let took = until(&mut pty, started);
    let reader = drain(&pty);
    thread::sleep(runs);
    let memory = peak(child.id());
    pty.write_all(b"q").unwrap();
    child.wait().unwrap();
    drop(pty);
    // It ends with the terminal.
    drop(reader);
    (took, memory)
}

fn until(pty: &mut Pty, started: Instant) -> Duration {
    let (mut seen, mut part) = (Vec::new(), [0; 65536]);
    loop {
        let n = pty.read(&mut part).unwrap_or(0);
        assert!(n > 0, "it ended: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&part[..n]);
        if seen.windows(FRAME.len()).any(|w| w == FRAME) {
            return started.elapsed();
        }
    }
}

/// Reads on: a terminal that is not read stops the console.
fn drain(pty: &Pty) -> thread::JoinHandle<()> {
    use std::os::fd::AsFd as _;
    let mut other = std::fs::File::from(pty.as_fd().try_clone_to_owned().unwrap());
    thread::spawn(move || while matches!(other.read(&mut [0; 65536]), Ok(n) if n > 0) {})
}

/// Peak memory of a process by Linux, in MiB.
fn peak(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with("VmHWM"));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// A plan with its servers at these addresses.
fn text(at: &[String], folder: &Path) -> String {
    let mut at = at.iter();
    let mut next = || at.next().unwrap();
    let secret = folder.join("secret");
    std::fs::write(&secret, "nothing").unwrap();
    let keys = format!("access_key = {{ file = {secret:?} }}\nsecret_key = {{ file = {secret:?} }}");
    let mut plan = String::from("schema = 1\nname = \"start\"\n");
    let mut line = |text: String| writeln!(plan, "{text}").unwrap();
    for (side, label, region) in [("source", "SRC", "us-east-1"), ("target", "TGT", "us-west-2")] {
        let at = next();
        line(format!("[sites.{side}]\nlabel = \"{label}\"\nregion = \"{region}\"\n{keys}"));
        line(format!("endpoints = {{ all = \"http://{at}\" }}"));
    }
    let at = next();
    line(format!("[route53]\n{keys}\nendpoints = {{ route53 = \"http://{at}\" }}"));
    for set in ["a", "b", "c", "d"] {
        let at = next();
        line(format!("[[replica_set]]\nname = \"{set}\"\nuri = \"mongodb://{at}/?replicaSet={set}\""));
        line("source = { tag = \"region\", value = \"s\" }\ntarget = { tag = \"region\", value = \"t\" }".to_owned());
    }
    line("[[kafka]]\nname = \"events\"\ngroups = [\"*\"]\ntopics = [\"*\"]".to_owned());
    for side in ["source", "target"] {
        let at = next();
        line(format!("[kafka.{side}]\nproperties = {{ \"bootstrap.servers\" = \"{at}\" }}"));
    }
    line("[[kafka.mirror]]\nfrom = \"source\"".to_owned());
    line("[[fleet]]\nrole = \"web\"\nwanted = { source = 5, target = 5 }".to_owned());
    plan
}
