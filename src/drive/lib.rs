//! The executor and its hosts: the only users of time and I/O. They give inputs to the engine, carry out its effects and publish snapshots.

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
