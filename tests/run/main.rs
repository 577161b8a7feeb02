//! The run against the simulated estate: steps executed, interrupted and rolled back by the console's orders.

mod cleanup;
mod clock;
mod crash;
mod cut;
mod demo;
mod faults;
mod fixture;
mod fleet;
mod hand_in;
mod init;
mod leave;
mod live_host;
mod machine;
#[path = "../shared/patience.rs"]
mod patience;
mod people;
mod readings;
mod replaced;
mod report;
mod resumed;
mod rules;
mod stage;
mod stops;
mod users;
mod way_back;

use landfall::{base::step::StepState, engine::run::Order, systems::Body};

use crate::stage::{Stage, steps};

#[test]
fn the_happy_path_and_back() {
    let mut stage = Stage::new(steps(), 7);
    for id in ["dns-1", "orders", "dns-50"] {
        stage.carry_out(id);
    }
    let log = stage.drive.server_log();
    let intents: Vec<String> = stage
        .entries()
        .into_iter()
        .filter_map(|e| match e.body {
            Body::Intent(intent) => Some(intent.tag),
            _ => None,
        })
        .collect();
    assert_eq!(log.len(), intents.len(), "{log:?}\n{intents:?}");
    for id in ["dns-50", "orders", "dns-1"] {
        stage.drive.order(Order::RollBack(id.into()));
        assert_eq!(stage.execute(id), None, "{id}");
        stage.until(id, 900, |s| s.state == StepState::RolledBack);
    }
    println!("{}", landfall::journal::export::markdown(&stage.entries()));
}

#[test]
fn the_same_seed_gives_the_same_journal_byte_for_byte() {
    let journal = || {
        let mut stage = Stage::new(steps(), 11);
        stage.carry_out("dns-1");
        stage.carry_out("orders");
        stage.store.survivors()
    };
    let (one, two) = (journal(), journal());
    println!("{} bytes, twice the same", one.len());
    assert!(one == two);
}
