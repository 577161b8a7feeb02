//! Brokers.

use landfall_lab::{live::Lab, watch::samples};

use super::{PATIENCE, watch};

#[test]
fn lag_is_known_on_both_sides() {
    let Some(lab) = Lab::shared() else { return };
    let _calm = lab.calm();
    let seen = watch(lab).until("lag of both sides", PATIENCE, |s| {
        ["source", "target"]
            .iter()
            .all(|side| samples(s, "kafka.group.lag", &["events", side]).any(|x| x.value.is_live()))
    });
    seen.unwrap();
}
