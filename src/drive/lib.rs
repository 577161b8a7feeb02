//! The drivers: the only users of time and I/O. They feed the pure core and publish what it makes of it.

pub mod executor;
pub mod inbox;
mod link;
pub mod live;
mod signed;
pub mod sim;
mod viewer;

pub use self::{
    executor::Executor,
    link::{Control, Link, Orders},
    signed::SignatureError,
    viewer::Viewer,
};
