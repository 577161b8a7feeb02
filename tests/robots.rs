//! Output for programs and screen readers on a simulated estate: the lines of `--plain`, the metrics, and the correct
//! end of both.

#[path = "shared/patience.rs"]
mod patience;

use std::{
    io::{BufRead as _, BufReader, PipeReader, PipeWriter, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStderr, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::patience::{Limit, PATIENCE, to_its_end};

/// The program's demo; killed when dropped, also if the test fails, and when it goes on for too long.
struct Demo(Child, #[expect(dead_code, reason = "it ends with the demo")] Limit);

impl Demo {
    fn with(args: &[&str]) -> Self {
        Self::into(Stdio::piped(), args)
    }

    fn into(stdout: Stdio, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.arg("demo").args(args);
        let child = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn();
        let child = child.expect("the program starts");
        let limit = Limit::on(&child);
        Self(child, limit)
    }

    /// Waits until one of its threads is blocked writing to standard output.
    fn until_it_is_stuck(&self) {
        let end = Instant::now() + PATIENCE;
        let of =
            |task: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(task.ok()?.path().join("syscall")).ok();
        // write(1, …), by its number on x86-64 and on most others.
        let writes = |call: String| call.starts_with("1 0x1 ") || call.starts_with("64 0x1 ");
        loop {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", self.0.id())).expect("it runs");
            if tasks.filter_map(of).any(writes) {
                return;
            }
            assert!(Instant::now() < end, "it never writes");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        BufReader::new(self.0.stdout.take().expect("a pipe")).lines().map_while(Result::ok)
    }

    fn stderr(&mut self) -> BufReader<ChildStderr> {
        BufReader::new(self.0.stderr.take().expect("a pipe"))
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).expect("a pid")).expect("not 0");
        kill_process(pid, signal).expect("it runs");
    }

    fn code(&mut self) -> Option<i32> {
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn plain_lines_tell_what_stands_then_what_changes_and_nothing_that_steers_a_terminal() {
    let mut demo = Demo::with(&["--plain", "--utc", "--speed", "20"]);
    let (mut lines, mut printed) = (Vec::new(), demo.lines());
    let changed = |line: &String| line.split("  ").nth(2).is_some_and(|is| is.contains(" → "));
    while !lines.last().is_some_and(changed) {
        lines.push(printed.next().unwrap_or_else(|| panic!("nothing ever changes: {lines:?}")));
    }
    for line in &lines {
        assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
        let mut parts = line.split("  ");
        let time = parts.next().expect("a time");
        assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{line}");
        assert!((2..=3).contains(&parts.count()), "TIME  WHAT  IS  [WHY]: {line}");
    }
    let of = |what: &str| lines.iter().filter(|line| line.contains(&format!("Z  {what}  "))).collect::<Vec<_>>();
    assert!(lines[0].contains("  verdict  GO  "), "{}", lines[0]);
    assert_eq!(of("sources kafka").len(), 1, "they have been live since before: {lines:?}");
    assert_eq!(of("tile Oldest reading").len(), 1, "figures that move are no line: {lines:?}");
    demo.signal(Signal::TERM);
    assert_eq!(demo.code(), Some(128 + 15));
}

#[test]
fn a_reader_that_goes_away_ends_it_and_so_does_a_signal_while_nobody_reads() {
    let mut demo = Demo::with(&["--plain", "--speed", "50"]);
    drop(demo.0.stdout.take());
    assert_eq!(demo.code(), Some(0));
    let (_nobody_reads, pipe) = full_pipe();
    let mut demo = Demo::into(pipe.into(), &["--plain"]);
    demo.until_it_is_stuck();
    demo.signal(Signal::INT);
    assert_eq!(demo.code(), Some(128 + 2));
}

/// A full pipe.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    rustix::io::ioctl_fionbio(&writer, true).expect("it can be asked not to wait");
    for size in [1024, 1] {
        while writer.write(&[b'x'; 1024][..size]).is_ok() {}
    }
    rustix::io::ioctl_fionbio(&writer, false).expect("and to wait again");
    (reader, writer)
}

fn ask(at: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(request.as_bytes()).expect("it takes the request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers and closes");
    answer
}

#[test]
fn metrics_are_served_on_request_and_whoever_dawdles_keeps_nobody_waiting() {
    let mut demo = Demo::with(&["--plain", "--speed", "20", "--metrics", "127.0.0.1:0"]);
    let (mut first, mut stderr) = (String::new(), demo.stderr());
    stderr.read_line(&mut first).expect("it says where");
    let at = first.trim().strip_prefix("landfall: metrics on http://").and_then(|at| at.strip_suffix("/metrics"));
    let at: SocketAddr = at.unwrap_or_else(|| panic!("{first}")).parse().expect("an address");
    // More connections than it accepts at a time, all of them silent.
    let dawdlers: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(at).expect("it listens")).collect();
    let mut printed = demo.lines();
    assert!(printed.any(|line| line.contains("  verdict  GO  ")));
    let answer = ask(at, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.contains("\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"),
        "{head}"
    );
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
    assert!(body.ends_with("\n# EOF\n") && body.contains("\nlandfall_verdict{landfall_verdict=\"go\"} 1\n"));
    assert!(body.contains("\nlandfall_kafka_group_lag{pair=\"events\",side=\"source\",group="), "{body}");
    drop(dawdlers);
    let head = ask(at, "HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(ask(at, "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert!(ask(at, "GET /metrics HTTP/1.1\r\nHost: attacker.example\r\n\r\n").starts_with("HTTP/1.1 421 "));
    let long = format!("{:x<8192}", "GET /metrics HTTP/1.1\r\nX: ");
    assert!(ask(at, &long).starts_with("HTTP/1.1 431 "));
    demo.signal(Signal::TERM);
    assert_eq!(demo.code(), Some(128 + 15));
}

#[test]
fn metrics_that_others_could_read_are_refused_unless_that_is_said() {
    let mut demo = Demo::with(&["--plain", "--metrics", "0.0.0.0:0"]);
    assert_eq!(demo.code(), Some(2));
    let mut detail = String::new();
    demo.stderr().read_to_string(&mut detail).expect("it says why");
    assert!(detail.contains("0.0.0.0:0") && detail.contains("--metrics-any"), "{detail}");
}

/// A plan whose servers do not exist.
const NOBODY: &str = concat!(
    "schema = 1\nname = \"nobody\"\n",
    include_str!("shared/sites.toml"),
    r#"
[[replica_set]]
name = "orders"
uri = "mongodb://127.0.0.1:1/?replicaSet=orders"
source = { tag = "region", value = "s" }
target = { tag = "region", value = "t" }
[[kafka]]
name = "events"
groups = ["checkout"]
topics = ["orders"]
[kafka.source]
properties = { "bootstrap.servers" = "127.0.0.1:1" }
[kafka.target]
properties = { "bootstrap.servers" = "127.0.0.1:2" }
"#
);

#[test]
fn a_status_has_every_signal_however_short_the_wait_and_none_is_live_before_anything_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = folder.path().join("plan.toml");
    std::fs::write(&plan, NOBODY).expect("written");
    let mut status = Command::new(env!("CARGO_BIN_EXE_landfall"));
    status.arg("status").arg(plan).args(["--json", "--wait", "0"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let detail = to_its_end(&mut status);
    if !cfg!(all(feature = "mongo", feature = "kafka")) {
        assert_eq!(detail.status.code(), Some(2), "refused without the clients: it prints no document");
        assert!(detail.stdout.is_empty());
        return;
    }
    assert_eq!(detail.status.code(), Some(1), "not in order: {}", String::from_utf8_lossy(&detail.stderr));
    let detail: serde_json::Value = serde_json::from_slice(&detail.stdout).expect("JSON");
    let signals = detail["signals"].as_array().expect("a list");
    assert!(signals.len() > 20, "{signals:?}");
    let not_live = |signal: &serde_json::Value| signal["state"] == "never" || signal["state"] == "blind";
    assert!(signals.iter().all(not_live), "{signals:?}");
}
