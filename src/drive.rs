//! The drivers: the only users of time and I/O. They feed the pure core and publish what it makes of it.

pub mod clock;
pub mod guard;
pub mod inbox;
mod link;
pub mod live;
pub mod poll;
mod signed;
pub mod sim;
pub mod sink;

pub use self::link::{Control, Link, Orders};
