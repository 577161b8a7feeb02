//! Code that only watches tries to change something. None of it compiles.

use landfall::{
    drive::{Link, Orders},
    engine::run::Order,
    journal::Permit,
};

/// A link gives no orders.
pub fn through_the_link(link: &Link) {
    link.orders.give(Order::Release { why: "checked".to_owned() });
}

/// The right to give orders cannot be constructed.
pub fn by_making_the_right() -> Orders {
    Orders::new(unreachable!())
}

/// A permit cannot be used twice.
pub fn by_copying_a_permit(permit: &Permit) -> Permit {
    Permit::clone(permit)
}

/// Readers cannot write.
pub fn through_the_readers(readers: &landfall::systems::Readers, permit: Permit) {
    readers.send(permit);
}

/// Readers cannot run a probe.
pub fn by_probing(readers: &landfall::systems::Readers, (probe, schedule, out): Probing) {
    readers.spawn(probe, schedule, out);
}

type Probing = (
    landfall::base::collector::CollectorSpec<landfall::systems::Probe>,
    landfall::systems::collect::poll::Schedule,
    landfall::systems::collect::sink::Sink<landfall::systems::Observation>,
);

/// Writers cannot be constructed without a journal.
pub fn by_making_writers(plan: &std::sync::Arc<landfall::plan::Plan>) -> landfall::systems::Writers {
    landfall::systems::Writers::new(plan)
}
