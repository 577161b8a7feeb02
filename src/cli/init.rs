//! `landfall init`: a first plan, printed or put into a new file.

use std::{
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::out::{Failed, done, print};
use base::text::{Document, line};
use plan::{
    init::{self, Regions},
    things::LISTED,
};

/// What the plan is to be about. Without any system named: all of them.
#[derive(Debug, Args)]
pub(super) struct Init {
    #[command(flatten)]
    systems: Systems,
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

/// The systems that were named: an option for each, made of the plan's own table of them.
#[derive(Debug)]
struct Systems(Vec<&'static str>);

impl Args for Systems {
    fn augment_args(command: Command) -> Command {
        command.args(LISTED.iter().map(|it| {
            Arg::new(it.option).long(it.option).help(it.help).help_heading("Systems").action(ArgAction::SetTrue)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Systems {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(options().filter(|option| matches.get_flag(option)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn options() -> impl Iterator<Item = &'static str> {
    LISTED.iter().map(|it| it.option)
}

pub(super) fn run(it: &Init) -> Result<ExitCode, Failed> {
    let Systems(named) = &it.systems;
    let systems = if named.is_empty() { options().collect() } else { named.clone() };
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
