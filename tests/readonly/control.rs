//! The counterpart: with control all of this compiles.

use landfall::{drive::Control, engine::run::Order, journal::Permit};

/// A control gives orders.
pub fn through_the_control(control: &Control) {
    control.orders.give(Order::Release { why: "checked".to_owned() });
}

/// A permit is consumed.
pub fn with_a_permit(permit: Permit) -> String {
    permit.spend()
}

/// The holder of a journal can probe.
pub fn by_probing(
    (plan, journal): (&std::sync::Arc<landfall::plan::Plan>, &landfall::systems::Journal),
    probe: landfall::base::collector::CollectorSpec<landfall::systems::Probe>,
    schedule: landfall::systems::collect::poll::Schedule,
    out: landfall::systems::collect::sink::Sink<landfall::systems::Observation>,
) {
    landfall::systems::Writers::new(plan, journal).spawn(probe, schedule, out);
}
