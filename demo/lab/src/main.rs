//! `landfall-lab`: starts and ends the lab, breaks and mends its servers.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use landfall_lab::{
    Error, Result, cache,
    control::{self, Request},
    keeper,
    server::{Condition, How},
    up,
};

/// Real servers on this machine for landfall: replica sets, brokers, AWS endpoints, DNS, metrics.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Run directory; one lab runs in each.
    #[arg(long, global = true, value_name = "DIR")]
    run: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything and print how to watch it.
    Up {
        /// Stay; end everything at Ctrl-C.
        #[arg(long)]
        foreground: bool,
        /// Stay; end everything when standard input closes.
        #[arg(long, conflicts_with = "foreground")]
        until_stdin_closes: bool,
    },
    /// Break one server.
    Break {
        /// Its name, as `status` lists it.
        name: String,
        /// stop = SIGTERM, freeze = SIGSTOP, kill = SIGKILL.
        #[arg(long)]
        how: How,
    },
    /// Mend a broken server: let it go on, or start it again.
    Mend {
        /// Its name.
        name: String,
    },
    /// Turn the copier from target to source on or off.
    Mirror {
        /// Only `reverse` can be switched.
        #[arg(value_parser = ["reverse"])]
        direction: String,
        /// `on` or `off`.
        #[arg(value_parser = ["on", "off"])]
        switch: String,
    },
    /// Show every server.
    Status,
    /// Print the plan to watch the lab with.
    Plan,
    /// End everything; only the cache of programs stays.
    Down,
    #[command(hide = true)]
    Keep,
    #[command(hide = true)]
    ServeDns {
        #[arg(long)]
        port: u16,
        #[arg(long)]
        route53: u16,
    },
    #[command(hide = true)]
    ServeMetrics {
        #[arg(long)]
        port: u16,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match act(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("landfall-lab: {why}");
            ExitCode::FAILURE
        }
    }
}

fn act(cli: Cli) -> Result<()> {
    let run = cli.run.unwrap_or_else(|| cache::dir().join("run"));
    match cli.command {
        Command::Up { foreground: true, .. } => up::stay(&run, up::Until::Signal),
        Command::Up { until_stdin_closes: true, .. } => up::stay(&run, up::Until::StdinCloses),
        Command::Up { .. } => up::detached(&run),
        Command::Break { name, how } => control::ask(&run, &Request::Break { name, how }).map(drop),
        Command::Mend { name } => control::ask(&run, &Request::Mend { name }).map(drop),
        Command::Mirror { switch, .. } => control::ask(&run, &Request::Reverse { on: switch == "on" }).map(drop),
        Command::Status => status(&run),
        Command::Plan => plan(&run),
        Command::Down => up::down(&run),
        Command::Keep => {
            keeper::keep(&run);
            Ok(())
        }
        Command::ServeDns { port, route53 } => up::serve(landfall_lab::dns::serve(port, route53)),
        Command::ServeMetrics { port } => up::serve(landfall_lab::metrics::serve(port)),
    }
}

fn status(run: &Path) -> Result<()> {
    let status = control::status(run)?;
    for (name, line) in &status.servers {
        let pid = line.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        println!("{name:<16} {:>6} {pid:>8}  {:?}", line.port, line.condition);
    }
    println!("copier target to source: {}", if status.reverse { "on" } else { "off" });
    println!("{:?}", status.phase);
    let died: Vec<_> =
        status.servers.iter().filter(|(_, l)| l.condition == Condition::Died).map(|(n, _)| n.as_str()).collect();
    if died.is_empty() {
        Ok(())
    } else {
        Err(Error::new("looking at the servers", format!("ended by themselves: {}", died.join(", "))))
    }
}

fn plan(run: &Path) -> Result<()> {
    let path = control::status(run)?.plan;
    let text = std::fs::read_to_string(&path).map_err(|why| Error::new(format!("reading {}", path.display()), why))?;
    print!("{text}");
    Ok(())
}
