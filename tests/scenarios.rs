//! Every scenario that comes with the program, played in virtual time: each comes to what it expects, and the same seed gives the same journal.

use std::time::Instant;

use landfall::scenario::{headless::play, library};

#[test]
fn every_scenario_comes_to_what_it_expects() {
    let only = std::env::var("LANDFALL_SCENARIO").ok();
    for name in library::names().filter(|name| only.as_deref().is_none_or(|o| o == *name)) {
        let begun = Instant::now();
        let read = library::scenario(name).expect("it is there");
        let (scenario, warnings) = read.unwrap_or_else(|faulty| panic!("{faulty}"));
        assert!(warnings.is_empty(), "{warnings}");
        let outcome = play(&scenario);
        println!(
            "{name}: {} keys, {} records, {} requests in {} virtual minutes; {:.1} s: {}",
            outcome.keys,
            outcome.entries().len(),
            outcome.log.len(),
            outcome.took.as_secs() / 60,
            begun.elapsed().as_secs_f64(),
            outcome.wrong.as_deref().unwrap_or("as it should be"),
        );
        assert_eq!(outcome.wrong, None, "{name}");
    }
}
