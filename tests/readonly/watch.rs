//! Somebody who only watches tries to change something. None of it compiles.

use landfall::{core::run::Order, drive::{Link, Orders}, journal::Permit};

/// A link gives no orders.
pub fn through_the_link(link: &Link) {
    link.orders.give(Order::Release);
}

/// The right to give orders cannot be made.
pub fn by_making_the_right() -> Orders {
    Orders::new(unreachable!())
}

/// A permit cannot be used twice.
pub fn by_copying_a_permit(permit: &Permit) -> Permit {
    Permit::clone(permit)
}

/// Readers have nothing that writes.
pub fn through_the_readers(readers: &landfall::systems::Readers, permit: Permit) {
    readers.obey(permit);
}
