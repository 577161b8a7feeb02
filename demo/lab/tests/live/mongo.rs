//! Replica sets.

use landfall_lab::{live::Lab, watch::value};

use super::{PATIENCE, watch};

#[test]
fn both_sets_have_a_writable_primary_at_the_source() {
    let Some(lab) = Lab::shared() else { return };
    let _calm = lab.calm();
    let seen = watch(lab).until("both primaries", PATIENCE, |s| {
        ["orders", "catalog"].iter().all(|set| value(s, "mongo.set.primary_writable", &[set]) == Some(1.0))
    });
    seen.unwrap();
}
