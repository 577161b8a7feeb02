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
