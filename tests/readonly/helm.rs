//! The twin: whoever was given the run can.

use landfall::{core::run::Order, drive::Helm, journal::Permit};

/// A helm gives orders.
pub fn through_the_helm(helm: &Helm) {
    helm.orders.give(Order::Release);
}

/// A permit is used up.
pub fn with_a_permit(permit: Permit) -> String {
    permit.spend()
}

/// Whoever holds a journal can probe.
pub fn by_probing(
    (plan, journal): (&std::sync::Arc<landfall::plan::Plan>, &landfall::journal::Journal),
    probe: landfall::core::estate::source::SourceSpec<landfall::systems::Probe>,
    schedule: landfall::drive::poll::Schedule,
    out: landfall::drive::sink::Sink<landfall::systems::Observation>,
) {
    landfall::systems::Writers::new(plan, journal).spawn(probe, schedule, out);
}
