//! What two regions of 10,000 instances each cost to read, in pages of 1,000, beside the AWS CLI for the same calls.
//!
//! ```text
//! cargo bench --bench instances
//! ```
//!
//! An imitated EC2 answers DescribeInstances and DescribeInstanceStatus in pages as long as the request allows, each instance with what EC2
//! says of one with two volumes, a network interface and ten tags. `landfall status` reads both regions once, `landfall watch` goes on for
//! [`WATCHED`], as lines and on a screen, then the CLI (`aws`, if it is installed) makes as many calls of each kind as `status` made. Processor time is that of the
//! whole process, its start included; memory is the peak that Linux counts.
#![expect(clippy::unwrap_used, reason = "a bench")]

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::fd::AsFd as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use pty_process::Size;

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];
const INSTANCES: usize = 10_000;
const ROLES: [&str; 4] = ["web", "api", "worker", "cache"];
/// How long the cockpit watches.
const WATCHED: Duration = Duration::from_secs(60);

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let ec2: Arc<Ec2> = Arc::default();
    let endpoints = REGIONS.map(|_| serve(ec2.clone()));
    let plan = folder.path().join("plan.toml");
    std::fs::write(&plan, text(&endpoints, folder.path())).unwrap();
    println!("{:<28} {:>12} {:>12} {:>14} {:>14}", "", "instances", "status", "processor", "peak");
    let landfall = |command: &str| {
        let mut out = Command::new(env!("CARGO_BIN_EXE_landfall"));
        out.arg(command).arg(&plan).env("XDG_CONFIG_HOME", folder.path()).env("XDG_STATE_HOME", folder.path());
        out
    };
    let status = run(&ec2, vec![landfall("status")], None);
    line("landfall status", &status);
    let mut watch = landfall("watch");
    watch.arg("--plain");
    line("landfall watch --plain", &run(&ec2, vec![watch], Some(WATCHED)));
    line("landfall watch, on a screen", &on_a_screen(&ec2, &plan, folder.path()));
    if Command::new("aws").arg("--version").output().is_err() {
        return println!("no AWS CLI is installed: not compared");
    }
    let rounds = |pages: usize| pages / (REGIONS.len() * pages_of(1000));
    let mut all = Vec::new();
    for (call, times) in
        [("describe-instances", rounds(status.calls[0])), ("describe-instance-status", rounds(status.calls[1]))]
    {
        for (region, at) in REGIONS.iter().zip(&endpoints).cycle().take(times * REGIONS.len()) {
            all.push(cli(call, region, at));
        }
    }
    let cli = run(&ec2, all, None);
    line("aws, the same calls", &cli);
    println!(
        "processor time of landfall status : aws = 1 : {:.1}",
        cli.processor.as_secs_f64() / status.processor.as_secs_f64()
    );
}

const fn pages_of(page: usize) -> usize {
    INSTANCES.div_ceil(page)
}

fn cli(call: &str, region: &str, at: &str) -> Command {
    let mut out = Command::new("aws");
    out.args(["ec2", call, "--page-size", "1000", "--region", region, "--endpoint-url", at, "--output", "json"]);
    if call == "describe-instance-status" {
        out.arg("--include-all-instances");
    }
    out.env("AWS_ACCESS_KEY_ID", "nothing").env("AWS_SECRET_ACCESS_KEY", "nothing");
    out
}

/// What one or more processes, one after the other, cost.
struct Cost {
    /// Pages of instances and of status checks that were asked for.
    calls: [usize; 2],
    processor: Duration,
    /// Bytes.
    peak: u64,
}

fn line(what: &str, cost: &Cost) {
    let [instances, status] = cost.calls;
    let peak = cost.peak >> 10;
    println!(
        "{what:<28} {instances:>6} pages {status:>6} pages {:>11.2} s {:>7}.{} MiB",
        cost.processor.as_secs_f64(),
        peak >> 10,
        ((peak & 1023) * 10) >> 10,
    );
}

/// Runs these commands to their ends, or for so long.
fn run(ec2: &Ec2, commands: Vec<Command>, time: Option<Duration>) -> Cost {
    cost(ec2, || {
        let run = |mut command: Command| {
            to_the_end(&mut command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(), time)
        };
        commands.into_iter().map(run).max().unwrap_or(0)
    })
}

/// The same of `landfall watch` in a terminal.
fn on_a_screen(ec2: &Ec2, plan: &Path, folder: &Path) -> Cost {
    let (pty, pts) = pty_process::blocking::open().unwrap();
    pty.resize(Size::new(50, 200)).unwrap();
    let command = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_landfall")).arg("watch").arg(plan);
    let command = command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
    let command = command.env("XDG_CONFIG_HOME", folder).env("XDG_STATE_HOME", folder);
    // A terminal that is not read stops the console. This thread ends with the terminal.
    let mut other = std::fs::File::from(pty.as_fd().try_clone_to_owned().unwrap());
    thread::spawn(move || while matches!(other.read(&mut [0; 65536]), Ok(n) if n > 0) {});
    cost(ec2, || to_the_end(&mut command.spawn(pts).unwrap(), Some(WATCHED)))
}

fn cost(ec2: &Ec2, run: impl FnOnce() -> u64) -> Cost {
    let before = (ec2.calls(), children());
    let peak = run();
    let (calls, processor) = (ec2.calls(), children());
    Cost { calls: [calls[0] - before.0[0], calls[1] - before.0[1]], processor: processor - before.1, peak }
}

/// Waits for the end of a process, or ends it after so long. Its peak memory in bytes.
fn to_the_end(child: &mut Child, time: Option<Duration>) -> u64 {
    let (mut peak, started) = (0, Instant::now());
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(high_water(child.id()));
        if time.is_some_and(|t| started.elapsed() >= t) {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(2));
    }
    peak
}

/// Processor time of all children that have ended (proc(5), `cutime` and `cstime`: ticks of 10 ms).
fn children() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = text.rsplit_once(") ").unwrap().1;
    let ticks: u64 = fields.split(' ').skip(13).take(2).map(|f| f.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Peak memory of a process, in bytes.
fn high_water(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with("VmHWM"));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) << 10
}

fn text(endpoints: &[String; 2], folder: &Path) -> String {
    let secret = folder.join("secret");
    std::fs::write(&secret, "nothing").unwrap();
    let mut plan = String::from("schema = 1\nname = \"instances\"\n");
    for (n, (side, label)) in [("source", "SRC"), ("target", "TGT")].into_iter().enumerate() {
        let (region, at) = (REGIONS[n], &endpoints[n]);
        writeln!(plan, "[sites.{side}]\nlabel = \"{label}\"\nregion = \"{region}\"\nendpoints = {{ all = \"{at}\" }}")
            .unwrap();
        writeln!(plan, "access_key = {{ file = {secret:?} }}\nsecret_key = {{ file = {secret:?} }}").unwrap();
    }
    for role in ROLES {
        let wanted = INSTANCES / ROLES.len();
        writeln!(plan, "[[fleet]]\nrole = \"{role}\"\nwanted = {{ source = {wanted}, target = {wanted} }}").unwrap();
    }
    plan
}

/// A page: whether of status checks, its first instance, and how many at most.
type Page = (bool, usize, usize);

/// The imitated EC2 of both regions.
#[derive(Default)]
struct Ec2 {
    instances: AtomicUsize,
    status: AtomicUsize,
    /// The last page of each call, position and length, with its answer: building one takes longer than sending it.
    kept: Mutex<Vec<(Page, Arc<String>)>>,
}

impl Ec2 {
    fn calls(&self) -> [usize; 2] {
        [&self.instances, &self.status].map(|n| n.load(Ordering::Relaxed))
    }

    fn answer(&self, body: &str) -> Arc<String> {
        let field = |name: &str| body.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        let at = field("NextToken").map_or(0, |t| t.parse().unwrap());
        let most: usize = field("MaxResults").map_or(1000, |m| m.parse().unwrap());
        let status = match field("Action").unwrap() {
            "DescribeInstances" => false,
            "DescribeInstanceStatus" => true,
            _ => return Arc::new("<a/>".to_owned()),
        };
        if status { &self.status } else { &self.instances }.fetch_add(1, Ordering::Relaxed);
        let key = (status, at, most);
        let mut kept = self.kept.lock().unwrap();
        if let Some((_, page)) = kept.iter().find(|(k, _)| *k == key) {
            return page.clone();
        }
        let page = Arc::new(page(status, at, most.min(1000)));
        kept.push((key, page.clone()));
        page
    }
}

fn page(status: bool, at: usize, most: usize) -> String {
    let end = (at + most).min(INSTANCES);
    let (name, set) =
        if status { ("DescribeInstanceStatus", "instanceStatusSet") } else { ("DescribeInstances", "reservationSet") };
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n"
    );
    writeln!(out, "    <requestId>8f7724cf-496f-496e-8fe3-example{at:05}</requestId>\n    <{set}>").unwrap();
    (at..end).for_each(|n| out.push_str(&if status { checks(n) } else { reservation(n) }));
    writeln!(out, "    </{set}>").unwrap();
    if end < INSTANCES {
        writeln!(out, "    <nextToken>{end}</nextToken>").unwrap();
    }
    write!(out, "</{name}Response>").unwrap();
    out
}

fn checks(n: usize) -> String {
    let ok = "<status>ok</status><details><item><name>reachability</name><status>passed</status></item></details>";
    format!(
        "<item><instanceId>i-0{n:016x}</instanceId><availabilityZone>us-east-1{zone}</availabilityZone>\
         <instanceState><code>16</code><name>running</name></instanceState><systemStatus>{ok}</systemStatus>\
         <instanceStatus>{ok}</instanceStatus><attachedEbsStatus>{ok}</attachedEbsStatus></item>\n",
        zone = ["a", "b"][n % 2],
    )
}

fn reservation(n: usize) -> String {
    let role = ROLES[n % ROLES.len()];
    let address = format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255);
    let mut tags = String::new();
    let rest = ["Name", "team", "cost-centre", "environment", "owner", "backup", "patch-group", "service", "stage"];
    for (key, value) in
        std::iter::once(("role", role.to_owned())).chain(rest.map(|k| (k, format!("{role}-{k}-{n:05}"))))
    {
        write!(tags, "<item><key>{key}</key><value>{value}</value></item>").unwrap();
    }
    let volume = |device: &str, id: usize| {
        format!(
            "<item><deviceName>/dev/{device}</deviceName><ebs><volumeId>vol-0{id:016x}</volumeId><status>attached</status>\
             <attachTime>2026-11-01T10:00:00.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></ebs></item>"
        )
    };
    let groups =
        "<groupSet><item><groupId>sg-0123456789abcdef0</groupId><groupName>web servers</groupName></item></groupSet>";
    let interface = format!(
        "<item><networkInterfaceId>eni-0{n:016x}</networkInterfaceId><subnetId>subnet-0123456789abcdef0</subnetId>\
         <vpcId>vpc-0123456789abcdef0</vpcId><description/><ownerId>123456789012</ownerId><status>in-use</status>\
         <macAddress>02:00:00:00:00:01</macAddress><privateIpAddress>{address}</privateIpAddress><sourceDestCheck>true</sourceDestCheck>\
         {groups}<attachment><attachmentId>eni-attach-0{n:016x}</attachmentId><deviceIndex>0</deviceIndex><status>attached</status>\
         <attachTime>2026-11-01T10:00:00.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></attachment>\
         <privateIpAddressesSet><item><privateIpAddress>{address}</privateIpAddress><primary>true</primary></item></privateIpAddressesSet>\
         <interfaceType>interface</interfaceType></item>"
    );
    format!(
        "<item><reservationId>r-0{n:016x}</reservationId><ownerId>123456789012</ownerId><groupSet/><instancesSet><item>\
         <instanceId>i-0{n:016x}</instanceId><imageId>ami-0123456789abcdef0</imageId><instanceState><code>16</code><name>running</name>\
         </instanceState><privateDnsName>ip-{n}.ec2.internal</privateDnsName><dnsName/><reason/><keyName>ops</keyName>\
         <amiLaunchIndex>0</amiLaunchIndex><productCodes/><instanceType>m6i.2xlarge</instanceType>\
         <launchTime>2026-11-01T10:00:00.000Z</launchTime><placement><availabilityZone>us-east-1a</availabilityZone><groupName/>\
         <tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>\
         <subnetId>subnet-0123456789abcdef0</subnetId><vpcId>vpc-0123456789abcdef0</vpcId><privateIpAddress>{address}</privateIpAddress>\
         <sourceDestCheck>true</sourceDestCheck>{groups}<architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType>\
         <rootDeviceName>/dev/sda1</rootDeviceName><blockDeviceMapping>{}{}</blockDeviceMapping>\
         <virtualizationType>hvm</virtualizationType><clientToken>0123456789abcdef-{n}</clientToken><tagSet>{tags}</tagSet>\
         <hypervisor>xen</hypervisor><networkInterfaceSet>{interface}</networkInterfaceSet><ebsOptimized>true</ebsOptimized>\
         <enaSupport>true</enaSupport><cpuOptions><coreCount>4</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>\
         <capacityReservationSpecification><capacityReservationPreference>open</capacityReservationPreference>\
         </capacityReservationSpecification><metadataOptions><state>applied</state><httpTokens>required</httpTokens>\
         <httpPutResponseHopLimit>2</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint></metadataOptions>\
         </item></instancesSet></item>\n",
        volume("sda1", n * 2),
        volume("sdb", n * 2 + 1),
    )
}

/// Serves on an address of its own, every connection on a thread.
fn serve(ec2: Arc<Ec2>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let ec2 = ec2.clone();
            thread::spawn(move || converse(stream, &ec2));
        }
    });
    at
}

/// Requests one after the other, until the other end closes.
fn converse(mut stream: TcpStream, ec2: &Ec2) -> Option<()> {
    let (mut read, mut part) = (Vec::new(), [0; 65536]);
    loop {
        let (head, length) = loop {
            if let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
                let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
                let length = length.unwrap_or(0);
                if read.len() >= end + 4 + length {
                    break (end + 4, length);
                }
            }
            let n = stream.read(&mut part).ok().filter(|n| *n > 0)?;
            read.extend_from_slice(&part[..n]);
        };
        let page = ec2.answer(&String::from_utf8_lossy(&read[head..head + length]));
        read.drain(..head + length);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/xml;charset=UTF-8\r\nContent-Length: {}\r\n\r\n",
            page.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(page.as_bytes()).ok()?;
    }
}
