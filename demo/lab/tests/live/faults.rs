//! Broken servers: their collectors become unknown, no others do, and all recover without intervention. One server of
//! each kind; the example `faults` covers all of them.

use std::io::Write;

use landfall::base::collector::CollectorState;
use landfall_lab::{
    faults::{self, Blow, Trial},
    live::Lab,
    server::How,
    watch::Watch,
};

const TRIALS: [(&str, Blow); 7] = [
    ("mongo/orders/4", Blow::Until(How::Freeze)),
    ("mongo/catalog/1", Blow::Until(How::Stop)),
    ("kafka/target", Blow::Until(How::Freeze)),
    ("aws/route53", Blow::Until(How::Stop)),
    ("dns", Blow::Until(How::Freeze)),
    ("metrics", Blow::Until(How::Stop)),
    ("metrics", Blow::Restart),
];

#[test]
fn a_broken_server_blinds_what_asks_it_and_nothing_else_and_heals_by_itself() {
    let Some(lab) = Lab::shared() else { return };
    let storm = lab.storm();
    let mut watch = Watch::on(faults::plan(lab).unwrap()).unwrap();
    let mut others = Vec::new();
    // Past the test harness, which would capture the table.
    let mut out = std::io::stderr();
    writeln!(out, "{}", Trial::heading()).unwrap();
    for (server, blow) in TRIALS {
        let trial = Trial::run(lab, &storm, &mut watch, server, blow).unwrap();
        writeln!(out, "{trial}").unwrap();
        others.extend(trial.others(CollectorState::Unknown).into_iter().map(|id| format!("{server} {blow}: {id}")));
    }
    assert!(others.is_empty(), "blinded by a server they do not ask: {others:#?}");
}
