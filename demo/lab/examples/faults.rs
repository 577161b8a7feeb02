//! Breaks every server of a lab in every way and prints the expected and the observed effects.
//!
//! `cargo build && cargo run --example faults [NAME …]`; names as in `landfall-lab status`, none = all.

use std::process::ExitCode;

use landfall::base::collector::CollectorState;
use landfall_lab::{
    Result,
    estate::SERVERS,
    faults::{self, Blow, Trial},
    live::Lab,
    server::How,
    watch::Watch,
};

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(n) => {
            println!("{n} trials were not as expected");
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<usize> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let lab = Lab::start()?;
    let storm = lab.storm();
    let mut watch = Watch::on(faults::plan(&lab)?)?;
    println!("{}", Trial::heading());
    let mut wrong = 0;
    for server in SERVERS.into_iter().filter(|name| named.is_empty() || named.iter().any(|n| n == name)) {
        for blow in [Blow::Until(How::Stop), Blow::Until(How::Freeze), Blow::Restart] {
            match Trial::run(&lab, &storm, &mut watch, server, blow) {
                Ok(trial) => {
                    wrong += usize::from(!trial.others(CollectorState::Unknown).is_empty());
                    println!("{trial}");
                }
                Err(why) => {
                    wrong += 1;
                    println!("{server:<16} {blow:<9} {why}");
                    storm.heal()?;
                }
            }
        }
    }
    Ok(wrong)
}
