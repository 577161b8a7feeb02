//! `landfall init`: a first plan, printed or put into a new file.

use std::{
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use super::out::{Failed, done, print};
use base::text::{Document, line};
use plan::init::{self, Regions, SYSTEMS};

/// What the plan is to be about. Without any system named: all of them.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// With MongoDB replica sets
    #[arg(long, help_heading = "Systems")]
    mongodb: bool,
    /// With a pair of Kafka clusters
    #[arg(long, help_heading = "Systems")]
    kafka: bool,
    /// With roles of EC2 instances
    #[arg(long, help_heading = "Systems")]
    fleet: bool,
    /// With weighted DNS names of Route 53
    #[arg(long, help_heading = "Systems")]
    dns: bool,
    /// With health queries to Prometheus or CloudWatch
    #[arg(long, help_heading = "Systems")]
    health: bool,
    /// The source AWS region
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    from: String,
    /// The target AWS region
    #[arg(long, value_name = "REGION", default_value = "us-west-2")]
    to: String,
    /// Write to FILE, which must not exist yet, instead of printing
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(it: &Init) -> Result<ExitCode, Failed> {
    let flags = [it.mongodb, it.kafka, it.fleet, it.dns, it.health];
    let all = !flags.contains(&true);
    let systems: Vec<&str> =
        SYSTEMS.into_iter().zip(flags).filter(|(_, named)| *named || all).map(|(s, _)| s).collect();
    let text = init::plan(&systems, Regions { from: &it.from, to: &it.to })
        .map_err(|why| Failed::new(format_args!("error: {why}")))?;
    let Some(file) = &it.output else { return print(Document::block(&text)) };
    let name = file.display().to_string();
    let name = line(&name);
    write_new(file, &text).map_err(|e| {
        Failed::block(&match e.kind() {
            ErrorKind::AlreadyExists => {
                format!("error: {name} already exists and was not changed\n  name another file, or move that one away")
            }
            _ => format!("error: cannot write {name}: {e}\n  check the folder, its permissions and the disk"),
        })
    })?;
    let described = format_args!(
        "{name} is written. Replace the examples that its first lines name, then: landfall check --offline {name}"
    );
    Ok(done(described, ExitCode::SUCCESS))
}

/// Writes the whole file or nothing: the file gets its name last, and never replaces another.
fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The usual mode of a new file, reduced by the umask.
    let usual = std::fs::Permissions::from_mode(0o666);
    let mut temporary = tempfile::Builder::new().prefix(".landfall-").permissions(usual).tempfile_in(folder)?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist_noclobber(file)?;
    Ok(())
}
